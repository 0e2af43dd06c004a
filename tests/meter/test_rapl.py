"""RAPL on a powercap tree built on disk, flat as /sys/class/powercap shows it."""

import os
from pathlib import Path
from typing import Any

import pytest
from rapl_tree import RANGE_UJ, tree, vendor, write, zone
from sensor_contract import check

from wattmark.energy.total import total
from wattmark.meter import rapl
from wattmark.meter.discover import discover
from wattmark.meter.rapl_domains import RaplSensor
from wattmark.meter.rapl_zones import zones
from wattmark.schema import LOST, EnergyReading


@pytest.fixture
def server(tmp_path: Path) -> Path:
    """Two sockets with DRAM, and everything that overlaps them."""
    (tree(tmp_path) / "intel-rapl").mkdir(parents=True)
    limits = {"constraint_0_max_power_uw": 205_000_000, "constraint_1_max_power_uw": 0}
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000, **limits)
    zone(tmp_path, "intel-rapl:0:0", "core", 900_000)
    zone(tmp_path, "intel-rapl:0:1", "dram", 2_000_000, max_energy_range_uj=65_712_999_613)
    zone(tmp_path, "intel-rapl:0:2", "uncore", 50_000)
    zone(tmp_path, "intel-rapl:1", "package-1", 3_000_000, **limits)
    zone(tmp_path, "intel-rapl:1:0", "dram", 4_000_000, max_energy_range_uj=65_712_999_613)
    zone(tmp_path, "intel-rapl:2", "psys", 9_000_000)
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 1_000_000)
    return tmp_path


def test_every_domain_once_with_its_component(server: Path) -> None:
    found = rapl.find(server)
    assert found.missing is None
    infos = [sensor.info for sensor in found.sensors]
    assert [(i.name, i.component, i.device) for i in infos] == [
        ("rapl:package-0", "cpu", "package-0"),
        ("rapl:package-0-core", "core", "package-0"),
        ("rapl:package-0-dram", "dram", "package-0"),
        ("rapl:package-0-uncore", "uncore", "package-0"),
        ("rapl:package-1", "cpu", "package-1"),
        ("rapl:package-1-dram", "dram", "package-1"),
        ("rapl:psys", "board", "platform"),
    ]
    assert all(i.kind == "counter" and i.provenance == "measured" for i in infos)
    energies = [sensor.read().energy_j for sensor in found.sensors]
    assert energies == pytest.approx([1.0, 0.9, 2.0, 0.05, 3.0, 4.0, 9.0])


def test_overlaps_are_told_both_ways(server: Path) -> None:
    overlaps = {s.info.name: set(s.info.overlaps) for s in rapl.find(server).sensors}
    assert overlaps["rapl:package-0"] == {
        "rapl:package-0-core",
        "rapl:package-0-uncore",
        "rapl:psys",
    }
    assert overlaps["rapl:package-0-dram"] == {"rapl:psys"}
    assert overlaps["rapl:package-0-core"] == {"rapl:package-0", "rapl:psys"}
    assert overlaps["rapl:psys"] == set(overlaps) - {"rapl:psys"}
    assert all(name in overlaps[other] for name in overlaps for other in overlaps[name])


def joules(sensor: RaplSensor, gross_j: float) -> EnergyReading:
    info = sensor.info
    return EnergyReading(
        "measured", info.name, info.component, info.device, "measured", "counter",
        10.0, gross_j, gross_j, gross_j,
    )  # fmt: skip


def test_what_overlaps_is_never_in_the_total(server: Path) -> None:
    sensors = rapl.find(server).sensors
    drawn = dict(zip([s.info.name for s in sensors], [100, 80, 20, 10, 90, 15, 300], strict=True))
    readings = [joules(s, drawn[s.info.name]) for s in sensors]  # type: ignore[arg-type]  # Rapl's
    assert total(readings).gross_j == 100 + 20 + 90 + 15
    assert set(total(readings).components) == {"cpu", "dram"}
    inner = [r for r in readings if r.component in ("core", "uncore")]
    assert total(inner).gross_j is None
    alone = [r for r in readings if r.component == "board"]
    assert total([*inner, *alone]).gross_j == 300


def test_psys_may_stand_alone_and_two_of_them_are_one_device(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "psys", 9_000_000)
    zone(tmp_path, "intel-rapl:1", "psys-1", 4_000_000)
    found = rapl.find(tmp_path)
    assert found.missing is None
    assert [s.info.name for s in found.sensors] == ["rapl:psys", "rapl:psys-1"]
    readings = [joules(s, 100) for s in found.sensors]  # type: ignore[arg-type]  # Rapl's
    assert total(readings).gross_j == 100


def test_optional_domains_at_0_are_left_out_without_a_word(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 0)
    zone(tmp_path, "intel-rapl:0:1", "uncore", 0)
    zone(tmp_path, "intel-rapl:1", "psys", 0)
    found = rapl.find(tmp_path)
    assert [s.info.name for s in found.sensors] == ["rapl:package-0"]
    assert (found.missing, found.fix) == (None, None)


def test_nothing_but_a_dead_platform_is_an_answer(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl:0", "psys", 0)
    found = rapl.find(tmp_path)
    assert not found.sensors
    assert found.missing
    assert found.fix


def test_amds_core_is_one_core_and_left_out(tmp_path: Path) -> None:
    vendor(tmp_path, "AuthenticAMD")
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    zone(tmp_path, "intel-rapl:0:0", "core", 900_000)
    assert [s.info.name for s in rapl.find(tmp_path).sensors] == ["rapl:package-0"]


def test_info_is_the_zones_own(server: Path) -> None:
    package, _, dram, *_ = (sensor.info for sensor in rapl.find(server).sensors)
    assert package.wrap_j == pytest.approx(262_143.32885)
    assert dram.wrap_j == pytest.approx(65_712.999613)
    assert package.limit_w == pytest.approx(2 * 205.0)
    assert dram.limit_w is None
    # The range is 2^32 counts: it tells the unit.
    assert package.quantum_j == pytest.approx(2**-14, rel=1e-4)
    assert dram.quantum_j == pytest.approx(2**-16, rel=1e-2)
    assert "MMIO" not in package.source


def test_every_sensor_keeps_the_contract(server: Path) -> None:
    for sensor in rapl.find(server).sensors:
        check(sensor, "rapl")


def test_wraps_are_corrected_by_the_zones_own_range(server: Path) -> None:
    package, _, dram, *_ = rapl.find(server).sensors
    write(tree(server) / "intel-rapl:0", RANGE_UJ - 500_000)
    write(tree(server) / "intel-rapl:0:1", 65_712_999_613 - 250_000)
    high_j, dram_high_j = package.read().energy_j, dram.read().energy_j
    write(tree(server) / "intel-rapl:0", 700_000)
    write(tree(server) / "intel-rapl:0:1", 50_000)
    wrapped, dram_wrapped = package.read(), dram.read()
    assert wrapped.fault is None
    assert high_j is not None
    assert wrapped.energy_j == pytest.approx(high_j + 1.2)
    assert dram_high_j is not None
    assert dram_wrapped.energy_j == pytest.approx(dram_high_j + 0.3)


def test_a_counter_that_falls_without_wrapping_is_a_named_fault(server: Path) -> None:
    package = rapl.find(server).sensors[0]
    write(tree(server) / "intel-rapl:0", 200_000_000)
    package.read()
    write(tree(server) / "intel-rapl:0", 100_000_000)
    fallen = package.read()
    assert fallen.energy_j is None
    assert fallen.fault == f"{LOST}the counter went back by 100 J without wrapping"
    write(tree(server) / "intel-rapl:0", 101_000_000)
    assert package.read().energy_j == pytest.approx(201.0)


def test_an_unreadable_moment_is_a_fault_and_the_next_reading_goes_on(server: Path) -> None:
    package = rapl.find(server).sensors[0]
    before = package.read()
    write(tree(server) / "intel-rapl:0", "")
    broken = package.read()
    assert broken.energy_j is None
    assert broken.fault is not None
    assert "energy_uj cannot be read" in broken.fault
    write(tree(server) / "intel-rapl:0", 1_500_000)
    after = package.read()
    assert before.energy_j is not None
    assert after.energy_j == pytest.approx(before.energy_j + 0.5)
    package.close()
    assert "closed" in str(package.read().fault)


def test_mmio_serves_only_what_the_msr_tree_lacks(tmp_path: Path) -> None:
    zone(tmp_path, "intel-rapl-mmio:0", "package-0", 5_000_000)
    (sensor,) = rapl.find(tmp_path).sensors
    assert sensor.info.name == "rapl:package-0"
    assert "MMIO" in sensor.info.source


def test_zones_are_ordered_by_number(tmp_path: Path) -> None:
    for socket in (10, 9, 0):
        zone(tmp_path, f"intel-rapl:{socket}", f"package-{socket}", 1_000_000)
    names = [z.domain.device for z in zones(tree(tmp_path))]
    assert names == ["package-0", "package-9", "package-10"]


def test_a_reading_is_one_system_call(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = rapl.find(server).sensors[0]
    calls: list[str] = []
    for name in ("open", "read", "pread", "lseek", "close", "fstat", "stat"):
        real = getattr(os, name)

        def counted(*given: Any, _name: str = name, _real: Any = real, **named: Any) -> Any:
            calls.append(_name)
            return _real(*given, **named)

        monkeypatch.setattr(os, name, counted)
    package.read()
    assert calls == ["pread"]


def test_a_module_that_was_reloaded_is_opened_anew(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = rapl.find(server).sensors[0]
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda *_: real(-1, 32, 0))
    gone = package.read()
    assert gone.fault is not None
    assert not gone.lost, "the hardware went on counting"
    monkeypatch.setattr(os, "pread", real)
    write(tree(server) / "intel-rapl:0", 2_000_000)
    assert package.read().energy_j == pytest.approx(2.0)


def forbid(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    """Take the right to read a counter away; root has it all the same, so it is told no."""
    path.chmod(0)
    if os.geteuid() != 0:
        return
    real = os.open

    def refuse(target: Any, *rest: Any, **named: Any) -> int:
        if Path(target) == path:
            raise PermissionError(13, "Permission denied", str(target))
        return real(target, *rest, **named)

    monkeypatch.setattr(os, "open", refuse)


def test_no_permission_says_exactly_what_to_type(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, zone(tmp_path, "intel-rapl:0", "package-0", 1) / "energy_uj")
    found = rapl.find(tmp_path)
    assert not found.sensors
    assert "rapl:package-0: Permission denied" in str(found.missing)
    assert f"sudo chmod a+r {tree(tmp_path)}/intel-rapl*:*/energy_uj" in str(found.fix)
    assert "/etc/udev/rules.d/" in str(found.fix)
    assert 'SUBSYSTEM=="powercap"' in str(found.fix)


def test_what_can_be_read_is_kept_beside_what_cannot(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid(monkeypatch, tree(server) / "intel-rapl:1" / "energy_uj")
    found = rapl.find(server)
    assert "rapl:package-1" not in [sensor.info.name for sensor in found.sensors]
    assert len(found.sensors) == 6
    assert "rapl:package-1: Permission denied" in str(found.missing)


@pytest.mark.parametrize(("content", "why"), [("0", "it stands at 0"), ("", "cannot be read")])
def test_a_counter_that_nothing_feeds_is_no_measurement(
    tmp_path: Path, content: str, why: str
) -> None:
    write(zone(tmp_path, "intel-rapl:0", "package-0", 0), content)
    found = rapl.find(tmp_path)
    assert not found.sensors
    assert why in str(found.missing)
    assert "not fed" in str(found.fix)


@pytest.mark.parametrize("made", [True, False])
def test_no_tree_and_an_empty_tree_are_answers(tmp_path: Path, made: bool) -> None:
    if made:
        tree(tmp_path).mkdir(parents=True)
    found = rapl.find(tmp_path)
    assert not found.sensors
    assert str(tree(tmp_path)) in str(found.missing)
    assert "modprobe" in str(found.fix)


def test_measured_cpu_and_dram_make_their_estimates_needless(
    server: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rapl.find, "__defaults__", (server,))
    found = {one.family: one for one in discover()}
    assert len(found["rapl"].sensors) == 7
    assert not found["estimate"].sensors
    assert "measured" in str(found["estimate"].missing)


def test_an_estimate_fills_in_for_dram_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    zone(tmp_path, "intel-rapl:0", "package-0", 1_000_000)
    monkeypatch.setattr(rapl.find, "__defaults__", (tmp_path,))
    found = {one.family: one for one in discover()}
    assert [s.info.name for s in found["estimate"].sensors] == ["estimate:dram"]
    assert [one.family for one in discover()][-1] == "estimate"


def test_one_sensor_of_the_family_by_name(server: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rapl.find, "__defaults__", (server,))
    (found,) = discover(["rapl:package-1-dram"])
    assert [sensor.info.name for sensor in found.sensors] == ["rapl:package-1-dram"]
