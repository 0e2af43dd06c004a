"""RAPL by Linux's powercap tree: the joules of CPU packages and of their memory.

Zones are `intel-rapl:0` (AMD's too) with subzones `intel-rapl:0:0`; `energy_uj` is a 32-bit
hardware counter in units of 2^-14 J (server DRAM 2^-16 J), updated about every millisecond,
shown in µJ, wrapping at `max_energy_range_uj`. `package-N` and `dram` add up. `core` and
`uncore` lie inside their package and `psys` around it, so they are left out: to sum them
would count joules twice. `intel-rapl-mmio` is a second way to the same counters, used only
for packages that the first does not show; multi-die AMD parts that mirror one counter on
every die are read once.

[Linux Documentation/power/powercap; Intel SDM vol. 3B, 'RAPL interfaces'; Khan et al. 2018]
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from wattmark.meter import Found
from wattmark.meter.counter import RisingCounter
from wattmark.schema import Sample, SensorInfo

POWERCAP = Path("/sys/class/powercap")
J_PER_UJ = 1e-6
UPDATE_PERIOD_S = 0.001
QUANTUM_J = {"cpu": 2.0**-14, "dram": 2.0**-16}

# Since Haswell packages are measured rather than modelled and follow reference meters to a few
# per cent (Hackenberg et al. 2015, Khan et al. 2018); the DRAM domain is off by an offset that
# depends on the modules (Desrochers et al. 2016). Both figures are our reading of those papers.
GAIN = {"cpu": 0.05, "dram": 0.20}

# max_power_uw is what may be set as a sustained limit: turbo goes above it for seconds.
LIMIT_SLACK = 2.0

# Ten updates: any powered part has used a quantum by then.
ALIVE_AFTER_S = 0.01

# Two packages within 1 J of each other after more than 1 kJ are one counter shown twice.
MIRROR_J, MIRROR_FROM_J = 1.0, 1000.0

_ZONE = re.compile(r"^intel-rapl(?P<mmio>-mmio)?:(?P<ids>\d+(:\d+)?)$")

NO_TREE = (
    "On the metal: sudo modprobe intel_rapl_msr (Linux 5.3 or newer). In a virtual machine the "
    "host has to pass RAPL through, and few do: the 'estimate' sensors stand in."
)
DEAD = (
    "The counters are shown and not fed, as in some virtual machines: run on the host, or let "
    "the 'estimate' sensors stand in."
)
# %p is the device's path below /sys; root only since Linux 5.10 (CVE-2020-8694, PLATYPUS).
UDEV_RULE = 'SUBSYSTEM=="powercap", ACTION=="add", RUN+="/bin/chmod a+r /sys%p/energy_uj"'


@dataclass(frozen=True)
class Zone:
    """One counter of the tree: where it is, what it counts, of which package."""

    path: Path
    component: str
    device: str
    mmio: bool

    @property
    def sensor(self) -> str:
        """'rapl:package-0' or 'rapl:package-0-dram'."""
        return f"rapl:{self.device}" + ("-dram" if self.component == "dram" else "")


class RaplSensor:
    """One zone's counter, read through a descriptor that stays open.

    Raises OSError when it is built on a zone that cannot be read.
    """

    def __init__(self, zone: Zone) -> None:
        self._descriptor: int | None = os.open(
            zone.path / "energy_uj", os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)
        )
        wrap_uj = _number(zone.path / "max_energy_range_uj")
        limit_w = _limit_w(zone.path)
        self.info = SensorInfo(
            name=zone.sensor,
            component=zone.component,
            device=zone.device,
            kind="counter",
            source="RAPL by powercap" + (" (MMIO)" if zone.mmio else ""),
            update_period_s=UPDATE_PERIOD_S,
            quantum_j=QUANTUM_J[zone.component],
            wrap_j=None if wrap_uj is None else wrap_uj * J_PER_UJ,
            gain_uncertainty=GAIN[zone.component],
            limit_w=limit_w,
        )
        self._counter = RisingCounter.of(self.info)

    def read(self) -> Sample:
        before_ns = time.monotonic_ns()
        try:
            if self._descriptor is None:
                raise OSError("the sensor is closed")
            raw_uj = int(os.pread(self._descriptor, 32, 0))
        except (OSError, ValueError) as reason:
            fault = f"energy_uj cannot be read: {reason}"
            return Sample(self.info.name, time.monotonic_ns(), fault=fault)
        time_ns = (before_ns + time.monotonic_ns()) // 2
        energy_j, backwards = self._counter.advance(raw_uj * J_PER_UJ, time_ns)
        return Sample(self.info.name, time_ns, energy_j=energy_j, fault=backwards)

    def close(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def find(root: Path = POWERCAP) -> Found:
    """Packages and their DRAM below `root`, or why they cannot be read and what to type."""
    wanted = zones(root)
    if not wanted:
        reason = "shows no RAPL package" if root.is_dir() else "does not exist"
        return Found("rapl", missing=f"{root} {reason}.", fix=NO_TREE)
    sensors: list[RaplSensor] = []
    refused: dict[str, str] = {}
    cure = DEAD
    for zone in wanted:
        try:
            sensor = RaplSensor(zone)
        except OSError as reason:
            refused[zone.sensor] = reason.strerror or str(reason)
            cure = fix(root)
            continue
        if trouble := _trouble(sensor):
            refused[zone.sensor] = trouble
            sensor.close()
        else:
            sensors.append(sensor)
    kept = _without_mirrors(sensors)
    if not refused:
        return Found("rapl", kept)
    words = "; ".join(f"{name}: {why}" for name, why in refused.items())
    return Found("rapl", kept, missing=f"RAPL is there and cannot be used ({words}).", fix=cure)


def _trouble(sensor: RaplSensor) -> str | None:
    """Why a counter that can be opened is of no use: unreadable, or dead at 0.

    Some hypervisors show the zones and feed them nothing; 0 J would pass for a measurement.
    """
    sample = sensor.read()
    if sample.energy_j == 0:
        time.sleep(ALIVE_AFTER_S)
        sample = sensor.read()
    return "it stands at 0" if sample.energy_j == 0 else sample.fault


def fix(root: Path = POWERCAP) -> str:
    """What to type so that this user may read the counters: now, and after every boot."""
    return (
        f"Until the next boot: sudo chmod a+r {root}/intel-rapl*:*/energy_uj\n"
        f"For good: echo '{UDEV_RULE}' | sudo tee /etc/udev/rules.d/90-rapl.rules\n"
        "Any user can then watch power closely enough to attack secrets (CVE-2020-8694): "
        "do it on machines of your own."
    )


def zones(root: Path) -> list[Zone]:
    """The zones that add up to the machine's CPUs and memory, each counter once, in order."""
    if not root.is_dir():
        return []
    named = [(path, match) for path in root.iterdir() if (match := _ZONE.match(path.name))]
    # MSR before MMIO, then by number: 'intel-rapl:10' after 'intel-rapl:9'.
    named.sort(
        key=lambda pair: (bool(pair[1]["mmio"]), [int(i) for i in pair[1]["ids"].split(":")])
    )
    found: dict[str, Zone] = {}
    for path, match in named:
        zone = _zone(path, bool(match["mmio"]))
        if zone is not None:
            found.setdefault(zone.sensor, zone)
    return list(found.values())


def _zone(path: Path, mmio: bool) -> Zone | None:
    """The zone at `path`, or None for one that overlaps others (core, uncore, psys)."""
    name = _text(path / "name")
    if name.startswith("package-"):
        return Zone(path, "cpu", name, mmio)
    if name == "dram" and path.name.count(":") == 2:
        package = _text(path.with_name(path.name.rpartition(":")[0]) / "name")
        return Zone(path, "dram", package, mmio) if package.startswith("package-") else None
    return None


def _without_mirrors(sensors: Iterable[RaplSensor]) -> list[RaplSensor]:
    """Close the packages whose counter stands where an earlier package's stands."""
    kept: list[RaplSensor] = []
    standing_j: list[float] = []
    for sensor in sensors:
        energy_j = sensor.read().energy_j
        if sensor.info.component == "cpu" and energy_j is not None and energy_j > MIRROR_FROM_J:
            if any(abs(energy_j - other_j) <= MIRROR_J for other_j in standing_j):
                sensor.close()
                continue
            standing_j.append(energy_j)
        kept.append(sensor)
    return kept


def _limit_w(zone: Path) -> float | None:
    """Power that this zone cannot draw: its highest settable limit with slack, if it says one."""
    limits = [_number(path) or 0.0 for path in zone.glob("constraint_*_max_power_uw")]
    highest_uw = max(limits, default=0.0)
    return highest_uw * 1e-6 * LIMIT_SLACK if highest_uw > 0 else None


def _number(path: Path) -> float | None:
    """The number in a file of the tree; None where there is none (or 0: 'not known')."""
    text = _text(path)
    return float(text) if text.isdigit() and int(text) > 0 else None


def _text(path: Path) -> str:
    """A file's text, stripped; '' where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
