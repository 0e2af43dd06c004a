"""RAPL by perf events: the real system call, on a PMU of our own making.

No virtual machine has the `power` device, but `cpu-clock`, a software event that counts the
nanoseconds of a CPU, is opened by the same call in the same way: with 1e-7 J a count it is a
counter of 100 W. The description of the PMU is a tree on disk, as sysfs shows it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sensor_contract import check

from wattmark.energy.total import total
from wattmark.meter import perf, rapl
from wattmark.schema import EnergyReading

SOFTWARE, CPU_CLOCK = 1, 0
J_PER_COUNT = 1e-7


def pmu(system: Path, mask: str, *names: str, **more: str) -> None:
    """The `power` device with these events, all of them the software clock."""
    folder = system / "sys" / perf.POWER
    (folder / "events").mkdir(parents=True)
    (folder / "type").write_text(f"{SOFTWARE}\n")
    (folder / "cpumask").write_text(f"{mask}\n")
    for name in names:
        for suffix, content in {"": "event=0x00", ".scale": "1e-7", ".unit": "Joules"}.items():
            (folder / "events" / (name + suffix)).write_text(f"{content}\n")
    for name, content in more.items():
        (folder / "events" / name.replace("_", "-")).write_text(content)


def topology(system: Path, *places: tuple[int, int]) -> None:
    """Package and die of CPU 0, 1, ...; the machine is ours, and AMD if it says so."""
    for cpu, (package, die) in enumerate(places):
        folder = system / "sys/devices/system/cpu" / f"cpu{cpu}" / "topology"
        folder.mkdir(parents=True)
        (folder / "physical_package_id").write_text(f"{package}\n")
        (folder / "die_id").write_text(f"{die}\n")


def names(system: Path, *, by_socket: bool = False) -> list[tuple[str, int]]:
    listed = perf.events(system / "sys", by_socket=by_socket)
    return [(event.domain.sensor, event.cpu) for event in listed]


@pytest.fixture
def may_open(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where this user may not open an event of a whole CPU."""
    root = tmp_path_factory.mktemp("probe")
    pmu(root, "0", "energy-pkg")
    try:
        perf.PerfSensor(perf.events(root / "sys")[0]).close()
    except OSError as reason:
        pytest.skip(f"perf events of a CPU may not be opened here: {reason}")


@pytest.mark.usefixtures("may_open")
def test_joules_by_the_real_system_call(tmp_path: Path) -> None:
    pmu(tmp_path, "0", "energy-pkg", "energy-ram")
    topology(tmp_path, (0, 0))
    found = rapl.find(tmp_path)
    assert (found.missing, found.fix) == (None, None)
    package, memory = found.sensors
    assert (package.info.name, package.info.component) == ("rapl:package-0", "cpu")
    assert (memory.info.name, memory.info.component) == ("rapl:package-0-dram", "dram")
    assert package.info.source == "RAPL by perf events"
    assert package.info.wrap_j is None, "the kernel unwraps it"
    before, first, after = time.monotonic_ns(), package.read(), time.monotonic_ns()
    time.sleep(0.05)
    again, second, end = time.monotonic_ns(), package.read(), time.monotonic_ns()
    assert first.energy_j is not None
    assert second.energy_j is not None
    # However late this process was: no less than between the readings, no more than around them.
    least_j, most_j = 100e-9 * (again - after), 100e-9 * (end - before)
    assert 0.99 * least_j <= second.energy_j - first.energy_j <= 1.01 * most_j
    for sensor in found.sensors:
        check(sensor, "rapl")
        assert "closed" in str(sensor.read().fault)


@pytest.mark.usefixtures("may_open")
def test_a_reading_is_one_system_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pmu(tmp_path, "0", "energy-pkg")
    (sensor,) = rapl.find(tmp_path).sensors
    sizes: list[int] = []
    real = os.read

    def counted(descriptor: int, size: int) -> bytes:
        sizes.append(size)
        return real(descriptor, size)

    monkeypatch.setattr(os, "read", counted)
    sensor.read()
    sensor.close()
    assert sizes == [8]


@pytest.mark.usefixtures("may_open")
def test_every_domain_and_what_it_overlaps(tmp_path: Path) -> None:
    pmu(tmp_path, "0", *perf.EVENTS)
    topology(tmp_path, (0, 0))
    found = rapl.find(tmp_path)
    assert {s.info.name: s.info.component for s in found.sensors} == {
        "rapl:package-0": "cpu",
        "rapl:package-0-dram": "dram",
        "rapl:package-0-core": "core",
        "rapl:package-0-uncore": "uncore",
        "rapl:psys": "board",
    }
    overlaps = {s.info.name: s.info.overlaps for s in found.sensors}
    assert set(overlaps["rapl:package-0-core"]) == {"rapl:package-0", "rapl:psys"}
    assert overlaps["rapl:package-0-dram"] == ("rapl:psys",)
    readings = [
        EnergyReading(
            "measured",
            s.info.name,
            s.info.component,
            s.info.device,
            s.info.provenance,
            "counter",
            1.0,
            10.0,
            10.0,
            10.0,
        )
        for s in found.sensors
    ]
    assert total(readings).gross_j == 20.0
    for sensor in found.sensors:
        sensor.close()


def test_sockets_and_dies_have_powercaps_names(tmp_path: Path) -> None:
    pmu(tmp_path, "0,2", "energy-pkg")
    topology(tmp_path, (0, 0), (0, 0), (1, 0), (1, 0))
    assert names(tmp_path) == [("rapl:package-0", 0), ("rapl:package-1", 2)]
    dies = tmp_path / "dies"
    pmu(dies, "0-3", "energy-pkg", "energy-psys")
    topology(dies, (0, 0), (0, 1), (1, 0), (1, 1))
    assert names(dies)[:4] == [
        ("rapl:package-0-die-0", 0),
        ("rapl:package-0-die-1", 1),
        ("rapl:package-1-die-0", 2),
        ("rapl:package-1-die-1", 3),
    ]
    # AMD's counter is the socket's: to read it on every die would count it twice.
    assert names(dies, by_socket=True)[:2] == [("rapl:package-0", 0), ("rapl:package-1", 2)]


@pytest.mark.usefixtures("may_open")
def test_amd_is_read_once_a_socket_and_psys_once(tmp_path: Path) -> None:
    pmu(tmp_path, "0,1", "energy-pkg", "energy-psys")
    topology(tmp_path, (0, 0), (0, 1))
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("vendor_id\t: AuthenticAMD\n")
    if (os.cpu_count() or 1) < 2:
        pytest.skip("needs two CPUs")
    found = rapl.find(tmp_path)
    assert [s.info.name for s in found.sensors] == ["rapl:package-0", "rapl:psys"]
    for sensor in found.sensors:
        sensor.close()


@pytest.mark.parametrize(
    "broken",
    [
        {"energy_pkg": "umask=0x02"},
        {"energy_pkg": "event=two"},
        {"energy_pkg": ""},
        {"energy_pkg.unit": "Watts"},
        {"energy_pkg.scale": "one"},
    ],
)
def test_events_that_are_not_understood_are_left_alone(
    tmp_path: Path, broken: dict[str, str]
) -> None:
    pmu(tmp_path, "0", "energy-pkg", "energy-ram", **broken)
    assert [name for name, _ in names(tmp_path)] == ["rapl:package-0-dram"]


@pytest.mark.parametrize("mask", ["", "all", "-1"])
def test_no_cpumask_no_events(tmp_path: Path, mask: str) -> None:
    pmu(tmp_path, mask, "energy-pkg")
    assert names(tmp_path) == []


def test_a_pmu_that_nobody_has_is_told_and_what_to_type(tmp_path: Path) -> None:
    pmu(tmp_path, "0", "energy-pkg")
    (tmp_path / "sys" / perf.POWER / "type").write_text("987654")
    found = rapl.find(tmp_path)
    assert not found.sensors
    assert "does not exist" in str(found.missing)
    assert "rapl:package-0: " in str(found.missing)
    assert "kernel.perf_event_paranoid=0" in str(found.fix)
    assert "cap_perfmon" in str(found.fix)


@pytest.mark.usefixtures("may_open")
def test_perf_stands_in_for_what_powercap_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Package 0 is open, package 1 is not: each is read once, under its own name."""
    for number in (0, 1):
        zone = tmp_path / rapl.POWERCAP / f"intel-rapl:{number}"
        zone.mkdir(parents=True)
        (zone / "name").write_text(f"package-{number}\n")
        (zone / "energy_uj").write_text("1000000\n")
    real = os.open

    def refuse(target: str | Path, flags: int, **named: int) -> int:
        if str(target).endswith("intel-rapl:1/energy_uj"):
            raise PermissionError(13, "Permission denied", str(target))
        return real(target, flags, **named)

    monkeypatch.setattr(os, "open", refuse)
    told = rapl.find(tmp_path)
    assert "rapl:package-1: Permission denied" in str(told.missing)
    pmu(tmp_path, "0,1", "energy-pkg")
    topology(tmp_path, (0, 0), (1, 0))
    if (os.cpu_count() or 1) < 2:
        pytest.skip("needs two CPUs")
    found = rapl.find(tmp_path)
    assert (found.missing, found.fix) == (None, None)
    assert [(s.info.name, s.info.source) for s in found.sensors] == [
        ("rapl:package-0", "RAPL by powercap"),
        ("rapl:package-1", "RAPL by perf events"),
    ]
    for sensor in found.sensors:
        sensor.close()


LEVEL = Path("/proc/sys/kernel/perf_event_paranoid")


def test_without_rights_the_kernel_refuses_and_the_fix_is_told(tmp_path: Path) -> None:
    """A real refusal: a process without capabilities, where the kernel asks for them."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not LEVEL.exists():
        pytest.skip("needs root and setpriv to drop rights, and a kernel with perf events")
    if int(LEVEL.read_text()) <= 0:
        pytest.skip("this kernel lets everybody open events")
    tmp_path.chmod(0o755)
    pmu(tmp_path, "0", "energy-pkg")
    program = (
        "import sys; from pathlib import Path; from wattmark.meter import rapl; "
        "found = rapl.find(Path(sys.argv[1])); "
        "print(len(found.sensors), found.missing); print(found.fix)"
    )
    words = ["setpriv", "--bounding-set=-all", "--inh-caps=-all", sys.executable, "-c", program]
    done = subprocess.run(
        [*words, str(tmp_path)], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, shlex.join(words) + done.stderr
    assert done.stdout.startswith("0 ")
    assert "rapl:package-0: Permission denied" in done.stdout
    assert "perf_event_paranoid=0" in done.stdout
    assert f"(it is {LEVEL.read_text().strip()})" in done.stdout
