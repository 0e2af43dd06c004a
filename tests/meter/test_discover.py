from pathlib import Path

import pytest

from wattmark import registry
from wattmark.errors import InputError
from wattmark.meter import Found, simulated
from wattmark.meter.discover import discover, sensors


def measured_cpu() -> Found:
    """A plugin's family: one measured CPU, one measured wall."""
    cpu = simulated.parse("watts=3,component=cpu,name=cpu")
    return Found("mine", [cpu, simulated.parse("watts=3,component=wall,name=wall")])


def broken() -> Found:
    raise ZeroDivisionError("oops")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    """What entry points would add to the table."""
    table = {
        **registry.table("sensors"),
        "mine": f"{__name__}:measured_cpu",
        "bad": f"{__name__}:broken",
        "gone": "no_such_module:find",
    }
    monkeypatch.setattr(registry, "table", lambda kind: table)


def names(found: list[Found]) -> list[str]:
    return [sensor.info.name for sensor in sensors(found)]


def test_without_names_every_family_answers_and_nothing_simulated_is_used() -> None:
    found = discover()
    assert {one.family for one in found} == set(registry.table("sensors"))
    assert not any(name.startswith(("simulated", "replay")) for name in names(found))
    assert all(one.sensors or one.missing for one in found)


@pytest.mark.usefixtures("plugins")
def test_a_plugin_measures_and_the_model_of_its_component_goes() -> None:
    found = discover()
    kinds = [sensor.info.component for sensor in sensors(found)]
    assert kinds.count("cpu") == 1
    assert "estimate:cpu" not in names(found)
    assert "estimate:dram" in names(found)
    provenances = [sensor.info.provenance for sensor in sensors(found)]
    assert provenances == sorted(provenances, reverse=True), "measured before estimated"


@pytest.mark.usefixtures("plugins")
def test_broken_plugins_are_told_and_end_nothing() -> None:
    found = {one.family: one for one in discover()}
    assert found["bad"].missing == "The search raised ZeroDivisionError: oops."
    assert "no_such_module" in str(found["gone"].missing)
    assert found["mine"].sensors


def test_named_are_exactly_those_and_models_are_not_dropped() -> None:
    found = discover(["simulated:watts=100,component=cpu", "estimate"])
    assert names(found) == ["simulated:cpu", "estimate:cpu", "estimate:dram"]


def test_one_sensor_of_a_family() -> None:
    assert names(discover(["estimate:dram"])) == ["estimate:dram"]


def test_replay_by_path(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text("time_s,power_w\n0,5\n")
    found = discover([f"replay:{tmp_path}/lab.csv,component=gpu"])
    assert names(found) == ["replay:lab"]


def test_a_family_that_this_machine_lacks_is_an_answer(tmp_path: Path) -> None:
    if not Path("/sys/class/powercap").exists():
        (found,) = discover(["rapl:package-0"])
        assert found.missing
        assert not found.sensors


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("rappl", "Did you mean 'rapl'?"),
        ("estimate:drm", "Did you mean 'estimate:dram'?"),
        ("simulated", "simulated:watts=100"),
        ("replay", "replay:trace.csv"),
        ("simulated:wats=1", "Did you mean 'watts'?"),
        ("replay:/no/such.csv", "cannot be read"),
    ],
)
def test_a_mistaken_name_says_what_exists(name: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        discover([name])
    assert said in str(caught.value)


def test_one_name_twice_is_refused() -> None:
    with pytest.raises(InputError, match="named twice"):
        discover(["simulated:watts=1", "simulated:watts=2"])
    both = discover(["simulated:watts=1", "simulated:watts=2,name=other"])
    assert names(both) == ["simulated:cpu", "simulated:other"]
