"""RAPL by Linux's powercap tree: zones `intel-rapl:0` (AMD's too), subzones `intel-rapl:0:0`.

`energy_uj` shows the hardware counter in µJ, wrapping at `max_energy_range_uj`.
`intel-rapl-mmio` is a second way to the same counters, used only for what the first does not
show. Multi-die AMD parts show one counter of the socket on every die; such mirrors are read
once: they stand at the same figure and rise together.

[Linux Documentation/power/powercap]
"""

from __future__ import annotations

import itertools
import os
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from wattmark.meter.rapl_domains import PLATFORM, Domain, RaplSensor, sysfs_text

J_PER_UJ = 1e-6

# max_power_uw is what may be set as a sustained limit: turbo goes above it for seconds.
LIMIT_SLACK = 2.0

# Packages within 1 J of each other may be one counter shown twice. Where they rise, a look of a
# few updates decides; where none does, only more than 1 kJ is too much to be a coincidence.
MIRROR_J, MIRROR_FROM_J = 1.0, 1000.0
LOOKS, LOOK_EVERY_S = 4, 0.001

_ZONE = re.compile(r"^intel-rapl(?P<mmio>-mmio)?:(?P<ids>\d+(:\d+)?)$")
_PSYS = re.compile(r"^psys(-\d+)?$")
_PARTS = ("dram", "core", "uncore")


@dataclass(frozen=True)
class Zone:
    """One counter of the tree: where it is, and what it counts."""

    path: Path
    domain: Domain
    mmio: bool


class ZoneSensor(RaplSensor):
    """One zone's counter, read through a descriptor that stays open.

    Raises OSError when it is built on a zone that cannot be read. A zone that went away (its
    module was unloaded) is opened anew at the next reading.
    """

    _what = "energy_uj"

    def __init__(self, zone: Zone) -> None:
        self._path = zone.path / "energy_uj"
        wrap_uj = _number(zone.path / "max_energy_range_uj")
        info = zone.domain.info(
            "RAPL by powercap" + (" (MMIO)" if zone.mmio else ""),
            wrap_j=None if wrap_uj is None else wrap_uj * J_PER_UJ,
            limit_w=_limit_w(zone.path),
        )
        super().__init__(info, self._open())

    def _open(self) -> int:
        return os.open(self._path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))

    def _content(self) -> bytes:
        if self._descriptor is None:
            if self._closed:
                raise OSError("the sensor is closed")
            self._descriptor = self._open()
        try:
            return os.pread(self._descriptor, 32, 0)
        except OSError:
            self._release()
            raise

    def _joules(self, content: bytes) -> float:
        return int(content) * J_PER_UJ


def zones(root: Path, *, one_core: bool = False) -> list[Zone]:
    """Every domain below `root` once, packages before what lies inside them, in order.

    `one_core`: the zone `core` counts one core of the package (AMD), so it is left out.
    """
    if not root.is_dir():
        return []
    named = [(path, match) for path in root.iterdir() if (match := _ZONE.match(path.name))]
    # MSR before MMIO, then by number: 'intel-rapl:10' after 'intel-rapl:9'.
    named.sort(
        key=lambda pair: (bool(pair[1]["mmio"]), [int(i) for i in pair[1]["ids"].split(":")])
    )
    found: dict[str, Zone] = {}
    for path, match in named:
        domain = _domain(path)
        if domain is not None and not (one_core and domain.component == "core"):
            found.setdefault(domain.sensor, Zone(path, domain, bool(match["mmio"])))
    return list(found.values())


def _domain(path: Path) -> Domain | None:
    """What the zone at `path` counts; None for one that nobody has described."""
    name = sysfs_text(path / "name")
    if path.name.count(":") == 1:
        if name.startswith("package-"):
            return Domain("cpu", name)
        return Domain("board", PLATFORM, name) if _PSYS.match(name) else None
    package = sysfs_text(path.with_name(path.name.rpartition(":")[0]) / "name")
    if name in _PARTS and package.startswith("package-"):
        return Domain(name, package)
    return None


def without_mirrors(sensors: Sequence[RaplSensor]) -> list[RaplSensor]:
    """The sensors less the dies that show the counter of an earlier die of their package.

    Those are closed; two sockets that happen to stand alike are never taken for one.
    """
    packages = [sensor for sensor in sensors if sensor.info.component == "cpu"]
    standing = [(sensor, sensor.read().energy_j) for sensor in packages]
    near = [
        sensor
        for sensor, energy_j in standing
        if any(
            _near(energy_j, other_j, sensor.info.wrap_j)
            for other, other_j in standing
            if other is not sensor and _package(other) == _package(sensor)
        )
    ]
    if not near:
        return list(sensors)
    looks = _looks(near)
    first: list[RaplSensor] = []
    mirrors: list[RaplSensor] = []
    for sensor in near:
        mine = looks[sensor.info.name]
        same = any(
            mirrored(looks[other.info.name], mine, sensor.info.wrap_j)
            for other in first
            if _package(other) == _package(sensor)
        )
        (mirrors if same else first).append(sensor)
    for sensor in mirrors:
        sensor.close()
    return [sensor for sensor in sensors if sensor not in mirrors]


def _package(sensor: RaplSensor) -> str:
    """'package-0' of 'package-0-die-1'."""
    return sensor.info.device.partition("-die-")[0]


def _near(one_j: float | None, other_j: float | None, wrap_j: float | None) -> bool:
    if one_j is None or other_j is None:
        return False
    return abs(_apart(one_j, other_j, wrap_j)) <= MIRROR_J


def _apart(one_j: float, other_j: float, wrap_j: float | None) -> float:
    """How far `other_j` is ahead of `one_j` on the counter's circle."""
    ahead_j = other_j - one_j
    return ahead_j if wrap_j is None else (ahead_j + wrap_j / 2) % wrap_j - wrap_j / 2


def _looks(sensors: Sequence[RaplSensor]) -> dict[str, list[float]]:
    """Joules of all sensors, read in turn, some times over a few updates (3 ms)."""
    looks: dict[str, list[float]] = {sensor.info.name: [] for sensor in sensors}
    for look in range(LOOKS):
        if look:
            time.sleep(LOOK_EVERY_S)
        for sensor in sensors:
            looks[sensor.info.name].append(sensor.read().energy_j or 0.0)
    return looks


def mirrored(first: Sequence[float], second: Sequence[float], wrap_j: float | None = None) -> bool:
    """Whether two counters are one: joules of looks at both in turn, the first one first.

    One counter's second reading lies between the first's readings before and after it. Dies
    are not told of an update at the same moment, so one round's rise is allowed for; two
    counters of their own would have to stand within that by chance.
    """
    rises = [
        later - earlier for each in (first, second) for earlier, later in itertools.pairwise(each)
    ]
    moved = [each[-1] > each[0] for each in (first, second)]
    apart = [_apart(one, other, wrap_j) for one, other in zip(first, second, strict=True)]
    if not any(moved):
        return min(first[0], second[0]) > MIRROR_FROM_J and abs(apart[0]) <= MIRROR_J
    most = max(rises)
    return all(moved) and all(-most <= ahead <= 2 * most for ahead in apart)


def _limit_w(zone: Path) -> float | None:
    """Power that this zone cannot draw: its highest settable limit with slack, if it says one."""
    limits = [_number(path) or 0.0 for path in zone.glob("constraint_*_max_power_uw")]
    highest_uw = max(limits, default=0.0)
    return highest_uw * 1e-6 * LIMIT_SLACK if highest_uw > 0 else None


def _number(path: Path) -> float | None:
    """The number in a file of the tree; None where there is none (or 0: 'not known')."""
    digits = sysfs_text(path)
    return float(digits) if digits.isdigit() and int(digits) > 0 else None
