"""A stranger's family, found by its entry point, and what is asked over a network without names."""

import socket
from collections.abc import Iterator
from importlib import metadata
from importlib.metadata import EntryPoint

import pytest
from sensor_contract import check

from wattmark import optiontext, registry
from wattmark.errors import InputError
from wattmark.meter import Found
from wattmark.meter.discover import discover, sensors
from wattmark.meter.meter import Meter
from wattmark.optiontext import Known
from wattmark.schema import Sample, SensorInfo


class Board:
    """A small computer's own sensor: one of two components, with gauges beside the power."""

    def __init__(self, component: str, rail: str) -> None:
        self.info = SensorInfo(
            name=f"jet:{component}",
            component=component,
            device=rail,
            kind="power",
            source=f"a rail called {rail}",
            update_period_s=0.1,
        )
        self._at_ns = 0

    def read(self) -> Sample:
        self._at_ns += 1_000_000
        return Sample(
            self.info.name,
            self._at_ns,
            power_w=4.5,
            temperature_c=51.0,
            memory_bytes=1 << 30,
            clock_hz=9.2e8,
            utilization=0.4,
            throttle="thermal",
        )

    def close(self) -> None: ...


def find_jet(options: str = "") -> Found:
    """A plugin's family that is found without options and takes some."""
    given = read_options(options)
    if given.mistakes:
        raise given.refusal(f"'{options}' is no such board:")
    if given.words.get("rail") == "none":
        return Found("jet", missing="This board has no such rail.", fix="Leave rail= out.")
    rail = given.words.get("rail", "VDD_IN")
    return Found("jet", (Board("soc", rail), Board("gpu", rail)))


def read_options(text: str) -> optiontext.Options:
    return optiontext.read(text, Known(words=("rail",)))


def find_amd() -> Found:
    """A plugin's family without options that this machine lacks."""
    return Found("amd", missing="No such card.", fix="Put one in.")


@pytest.fixture
def plugins(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Entry points as an installed plugin's would be."""
    ours = {
        "wattmark.sensors": [
            EntryPoint("jet", f"{__name__}:find_jet", "wattmark.sensors"),
            EntryPoint("amd", f"{__name__}:find_amd", "wattmark.sensors"),
            EntryPoint("rapl", "no_such_module:find", "wattmark.sensors"),
        ]
    }
    monkeypatch.setattr(metadata, "entry_points", lambda group: ours.get(group, []))
    registry.table.cache_clear()
    yield
    monkeypatch.undo()
    registry.table.cache_clear()


@pytest.mark.usefixtures("plugins")
def test_a_plugin_is_found_and_keeps_the_contract() -> None:
    found = {one.family: one for one in discover()}
    assert [s.info.name for s in found["jet"].sensors] == ["jet:soc", "jet:gpu"]
    assert found["amd"].missing == "No such card."
    assert "no_such_module" not in str(found["rapl"].missing), "a built-in name wins"
    for sensor in found["jet"].sensors:
        check(sensor, "jet")


@pytest.mark.usefixtures("plugins")
def test_a_plugin_takes_options_and_tells_mistakes() -> None:
    (found,) = discover(["jet:rail=VDD_CPU"])
    assert {sensor.info.device for sensor in found.sensors} == {"VDD_CPU"}
    with pytest.raises(InputError, match="Did you mean 'rail'"):
        discover(["jet:rial=x"])
    (absent,) = discover(["jet:rail=none"])
    assert absent.missing == "This board has no such rail.", "named, not mistaken, and not here"
    (lacking,) = discover(["amd"])
    assert lacking.missing == "No such card."


@pytest.mark.usefixtures("plugins")
def test_a_plugins_gauges_come_through_the_meter() -> None:
    meter = Meter(sensors(discover(["jet"])))
    meter.read_now()
    (soc, gpu) = meter.take()
    assert (soc.sensor, gpu.sensor) == ("jet:soc", "jet:gpu")
    for sample in (soc, gpu):
        assert (sample.power_w, sample.temperature_c, sample.throttle) == (4.5, 51.0, "thermal")
        assert (sample.memory_bytes, sample.utilization) == (1 << 30, 0.4)


def test_a_search_without_names_sends_nothing_anywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[object] = []

    def refuse(self: socket.socket, address: object) -> None:
        sent.append(address)
        raise OSError("this test has no network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    found = {one.family: one for one in discover()}
    assert not sent
    for family in ("prometheus", "plug", "csvlog", "codecarbon"):
        assert not found[family].sensors
        assert found[family].missing
        assert found[family].fix


def test_sensors_that_were_found_are_closed_where_a_later_name_is_mistaken() -> None:
    with pytest.raises(InputError) as caught:
        discover(["simulated:watts=1", "plug:http://anna:geheim@127.0.0.1/,feld=x"])
    assert "Did you mean 'field'?" in str(caught.value)
    assert "geheim" not in str(caught.value)
