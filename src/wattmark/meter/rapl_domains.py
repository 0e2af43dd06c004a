"""What a RAPL domain counts, however it is read: its component, its name, what it overlaps.

`package` is a CPU (component cpu) and `dram` its memory: they lie side by side. `core` and
`uncore` (a client's graphics) lie inside their package, and `psys`, the platform, around
everything: they are sensors of components that are never added to the others.

Counters are 32 bits wide in units of 2^-14 J (server DRAM 2^-16 J, psys of some servers 1 J),
updated about every millisecond.

[Intel SDM vol. 3B, 'RAPL interfaces'; Khan et al. 2018]
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wattmark.meter.counter import RisingCounter
from wattmark.schema import Sample, SensorInfo

UPDATE_PERIOD_S = 0.001
COUNTS = 2.0**32
# Where the counter's range does not tell; server platforms count psys in whole joules.
QUANTUM_J = {"cpu": 2.0**-14, "core": 2.0**-14, "uncore": 2.0**-14, "dram": 2.0**-16, "board": 1.0}

# Since Haswell packages are measured rather than modelled and follow reference meters to a few
# per cent (Hackenberg et al. 2015, Khan et al. 2018); the DRAM domain is off by an offset that
# depends on the modules (Desrochers et al. 2016). Both figures are our reading of those papers.
# Nobody has published how right the others are: twice the package's.
GAIN = {"cpu": 0.05, "core": 0.10, "uncore": 0.10, "dram": 0.20, "board": 0.10}

# Domains that may stand at 0 without harm: a part without graphics, a board without the wiring.
OPTIONAL = ("core", "uncore", "board")

# Vendors whose counter of a package is the socket's even where every die shows it, and whose
# `core` is one single core of it.
SOCKET_WIDE = ("AuthenticAMD", "HygonGenuine")

# Ten updates: any powered part has used a quantum by then.
ALIVE_AFTER_S = 0.01


# All of psys is one device: with several of them (psys, psys-1) nobody says whether the first
# one holds the others, and two sensors of one device are never summed.
PLATFORM = "platform"


Grabbed = tuple[int, bytes, int]
"""What a counter's file said, between two stamps in ns."""


@dataclass(frozen=True)
class Domain:
    """One thing that is counted. `device` is package-0, package-0-die-1 or platform."""

    component: str
    device: str
    label: str = ""
    """Its name where that is not the device's: psys, psys-1."""

    @property
    def sensor(self) -> str:
        """'rapl:package-0', 'rapl:package-0-dram', 'rapl:psys': the same by powercap and perf."""
        inside = "" if self.component in ("cpu", "board") else f"-{self.component}"
        return f"rapl:{self.label or self.device}{inside}"

    def info(
        self, source: str, *, wrap_j: float | None = None, limit_w: float | None = None
    ) -> SensorInfo:
        """The sensor of this domain, read by `source`."""
        quantum_j = QUANTUM_J[self.component] if wrap_j is None else wrap_j / COUNTS
        return SensorInfo(
            name=self.sensor,
            component=self.component,
            device=self.device,
            kind="counter",
            source=source,
            update_period_s=UPDATE_PERIOD_S,
            quantum_j=quantum_j,
            wrap_j=wrap_j,
            gain_uncertainty=GAIN[self.component],
            limit_w=limit_w,
        )


class RaplSensor:
    """A domain's counter behind an open descriptor: one system call a reading.

    What kind of file it is (`_content`, `_joules`, and `_what` for people) is the subclasses' own.
    """

    _what = "its counter"

    def __init__(self, info: SensorInfo, descriptor: int) -> None:
        self.info = info
        self._descriptor: int | None = descriptor
        self._closed = False
        self._counter = RisingCounter.of(info)

    def read(self) -> Sample:
        try:
            grabbed = self.grab()
        except OSError as reason:
            fault = f"{self._what} cannot be read: {reason}"
            return Sample(self.info.name, time.monotonic_ns(), fault=fault)
        return self.told(grabbed)

    def grab(self) -> Grabbed:
        """The file's content, and the time before and after it was read. Raises OSError."""
        before_ns = time.monotonic_ns()
        content = self._content()
        return before_ns, content, time.monotonic_ns()

    def told(self, grabbed: Grabbed) -> Sample:
        before_ns, content, after_ns = grabbed
        time_ns = (before_ns + after_ns) // 2
        try:
            raw_j = self._joules(content)
        except (OSError, ValueError) as reason:
            fault = f"{self._what} cannot be read: {reason}"
            return Sample(self.info.name, time_ns, fault=fault)
        energy_j, lost = self._counter.advance(raw_j, time_ns)
        return Sample(self.info.name, time_ns, energy_j=energy_j, fault=lost)

    def close(self) -> None:
        self._closed = True
        self._release()

    def _content(self) -> bytes:
        """What the counter's file says. Raises OSError."""
        raise NotImplementedError

    def _joules(self, content: bytes) -> float:
        """The counter's joules, as they stand there. Raises OSError or ValueError."""
        raise NotImplementedError

    def _release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def alive(sensors: Sequence[RaplSensor]) -> tuple[list[RaplSensor], dict[str, str]]:
    """Those that count, and why the others do not, by name; the others are closed.

    Some hypervisors show the domains and feed them nothing; 0 J would pass for a measurement.
    An optional domain that stands at 0 is left out without a word.
    """
    samples = {sensor.info.name: sensor.read() for sensor in sensors}
    if any(sample.energy_j == 0 for sample in samples.values()):
        time.sleep(ALIVE_AFTER_S)
    kept: list[RaplSensor] = []
    refused: dict[str, str] = {}
    for sensor in sensors:
        name, sample = sensor.info.name, samples[sensor.info.name]
        if sample.energy_j == 0:
            sample = sensor.read()
        if sample.energy_j:
            kept.append(sensor)
            continue
        sensor.close()
        if sample.fault is not None:
            refused[name] = sample.fault
        elif sensor.info.component not in OPTIONAL:
            refused[name] = "it stands at 0"
    return kept, refused


def tell_overlaps(sensors: Sequence[RaplSensor]) -> None:
    """Write into each sensor's info which of the others count some of the same joules."""
    infos = [sensor.info for sensor in sensors]
    for sensor in sensors:
        shared = tuple(info.name for info in infos if overlap(sensor.info, info))
        sensor.info = replace(sensor.info, overlaps=shared)


def overlap(one: SensorInfo, other: SensorInfo) -> bool:
    """Whether two different domains count some of the same joules."""
    if one.name == other.name:
        return False
    components = {one.component, other.component}
    if "board" in components:
        return True
    inside = components & {"core", "uncore"}
    return one.device == other.device and "cpu" in components and bool(inside)


def sysfs_text(path: Path) -> str:
    """A small system file's text, stripped; '' where it cannot be read."""
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""


def socket_wide(proc: Path) -> bool:
    """Whether this machine's vendor (from `proc`/cpuinfo) counts by the socket."""
    try:
        with (proc / "cpuinfo").open(encoding="ascii", errors="replace") as lines:
            vendor = next((line for line in lines if line.startswith("vendor_id")), "")
    except OSError:
        return False
    return vendor.partition(":")[2].strip() in SOCKET_WIDE
