"""RAPL by perf events: the kernel's own 64-bit sum of the same counters.

The `power` device (x86) lists its events as `energy-pkg` = 'event=0x02', with `.scale` joules a
count, and in `cpumask` one CPU of each package or die, on which to open them. The kernel polls
the hardware often enough to unwrap it, so this counter does not wrap; it begins at 0 when it is
opened. It is used where powercap is closed or absent: an event of a whole CPU needs CAP_PERFMON
or perf_event_paranoid of 0 or less.

On AMD the counter belongs to the socket, whatever its dies: one CPU of each package is opened.

[perf_event_open(2); Linux arch/x86/events/rapl.c]
"""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from sys import byteorder

from wattmark.meter.rapl_domains import PLATFORM, Domain, RaplSensor, sysfs_text

POWER = "bus/event_source/devices/power"
PARANOID = Path("/proc/sys/kernel/perf_event_paranoid")

# Event → component.
EVENTS = {
    "energy-pkg": "cpu",
    "energy-ram": "dram",
    "energy-cores": "core",
    "energy-gpu": "uncore",
    "energy-psys": "board",
}
# The system call's number by machine; other machines have no such counters.
_SYSCALL = {"x86_64": 298, "i686": 336, "i386": 336}
_CLOSE_ON_EXEC = 8
# struct perf_event_attr as of its first version, all that is needed: 64 bytes.
_ATTR_BYTES = 64


class _Attr(ctypes.Structure):
    """struct perf_event_attr: type, size and config; zeros elsewhere (counting, no filter)."""

    _fields_ = (
        ("type", ctypes.c_uint32),
        ("size", ctypes.c_uint32),
        ("config", ctypes.c_uint64),
        ("rest", ctypes.c_uint8 * (_ATTR_BYTES - 16)),
    )


@dataclass(frozen=True)
class Event:
    """One domain's event on one CPU: what perf_event_open takes, and joules a count."""

    domain: Domain
    kind: int
    config: int
    cpu: int
    j_per_count: float


class PerfSensor(RaplSensor):
    """One event. Raises OSError when it is built on one that may not be opened."""

    _what = "the perf event"

    def __init__(self, event: Event) -> None:
        self._j_per_count = event.j_per_count
        super().__init__(event.domain.info("RAPL by perf events"), _open(event))

    def _content(self) -> bytes:
        if self._descriptor is None:
            raise OSError("the sensor is closed")
        return os.read(self._descriptor, 8)

    def _joules(self, content: bytes) -> float:
        if len(content) < 8:
            raise OSError("the kernel has put it into an error state")
        return int.from_bytes(content, byteorder) * self._j_per_count


def _open(event: Event) -> int:
    """A descriptor of the event, for all processes on its CPU."""
    number = _SYSCALL.get(platform.machine())
    if number is None:
        raise OSError("perf events of this machine are not known")
    attr = _Attr(type=event.kind, size=_ATTR_BYTES, config=event.config)
    libc = ctypes.CDLL(None, use_errno=True)
    everyone, no_group = -1, -1
    descriptor = libc.syscall(
        ctypes.c_long(number),
        ctypes.byref(attr),
        ctypes.c_int(everyone),
        ctypes.c_int(event.cpu),
        ctypes.c_int(no_group),
        ctypes.c_ulong(_CLOSE_ON_EXEC),
    )
    if descriptor < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(descriptor)


def events(sys: Path, *, by_socket: bool = False, taken: Collection[str] = ()) -> list[Event]:
    """The events of every package and die below `sys`, less the sensors named in `taken`.

    `by_socket`: one CPU of each package is enough (AMD). [] where there is no such device.
    """
    power = sys / POWER
    kind = sysfs_text(power / "type")
    places = _places(_cpu_list(sysfs_text(power / "cpumask")), sys / "devices/system/cpu")
    if not kind.isdecimal() or not places:
        return []
    if by_socket:
        places = _one_a_package(places)
    found: list[Event] = []
    for name, component in EVENTS.items():
        config = _config(sysfs_text(power / "events" / name))
        scale = _scale(power / "events", name)
        if config is None or scale is None:
            continue
        for (package, die), cpu in places.items():
            domain = _domain(component, package, die)
            found.append(Event(domain, int(kind), config, cpu, scale))
    return [event for event in found if event.domain.sensor not in taken]


def fix() -> str:
    """What to type so that this user may open the events."""
    level = sysfs_text(PARANOID) or "not shown"
    return (
        f"By perf events instead: sudo sysctl kernel.perf_event_paranoid=0 (it is {level}), or "
        "sudo setcap cap_perfmon+ep on a copy of this Python; in a container, "
        "--cap-add=PERFMON and a seccomp profile that lets perf_event_open through."
    )


def _domain(component: str, package: int, die: int | None) -> Domain:
    if component == "board":
        return Domain("board", PLATFORM, f"psys-{package}" if package else "psys")
    within = "" if die is None else f"-die-{die}"
    return Domain(component, f"package-{package}{within}")


def _places(listed: list[int], cpus: Path) -> dict[tuple[int, int | None], int]:
    """(package, die) → CPU of the mask; the die is None where a package has one place only."""
    found = []
    for cpu in listed:
        topology = cpus / f"cpu{cpu}" / "topology"
        package, die = sysfs_text(topology / "physical_package_id"), sysfs_text(topology / "die_id")
        # A single-socket virtual machine may say -1, or nothing at all.
        found.append((max(0, _integer(package)), max(0, _integer(die)), cpu))
    packages = [package for package, _, _ in found]
    return {
        (package, die if packages.count(package) > 1 else None): cpu for package, die, cpu in found
    }


def _one_a_package(
    places: dict[tuple[int, int | None], int],
) -> dict[tuple[int, int | None], int]:
    """The first CPU of each package."""
    first: dict[tuple[int, int | None], int] = {}
    for (package, _), cpu in places.items():
        first.setdefault((package, None), cpu)
    return first


def _cpu_list(text: str) -> list[int]:
    """'0,18' or '0-1,4' to numbers."""
    listed: list[int] = []
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        if first.isdecimal() and (last or first).isdecimal():
            listed += range(int(first), int(last or first) + 1)
    return listed


def _config(text: str) -> int | None:
    """'event=0x02' to 2; None for terms that are not known here."""
    word, _, number = text.partition("=")
    try:
        return int(number, 0) if word == "event" else None
    except ValueError:
        return None


def _scale(folder: Path, name: str) -> float | None:
    """Joules a count; None where the unit is no joule."""
    if sysfs_text(folder / f"{name}.unit") != "Joules":
        return None
    try:
        return float(sysfs_text(folder / f"{name}.scale"))
    except ValueError:
        return None


def _integer(text: str) -> int:
    return int(text) if text.lstrip("-").isdecimal() else 0
