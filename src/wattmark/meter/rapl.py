"""RAPL: the joules of CPU packages, of their memory and parts, and of the platform.

Two ways lead to the same counters. The powercap tree (`rapl_zones`) comes first: it shows the
hardware's own figures and its range. What it does not show, or may not be read there, is asked
of perf events (`perf`). A sensor has the same name either way ('rapl:package-0'), and its
source says which it was. What overlaps (`rapl_domains`) is never summed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from wattmark.meter import Found, perf
from wattmark.meter.rapl_domains import RaplSensor, alive, socket_wide, tell_overlaps
from wattmark.meter.rapl_zones import ZoneSensor, without_mirrors, zones

ROOT = Path("/")
POWERCAP = "sys/class/powercap"

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


_DIE = re.compile(r"-die-\d+")


@dataclass(frozen=True)
class _Opened:
    """What one way gave: sensors that count, and the others' names with the reason."""

    sensors: list[RaplSensor]
    forbidden: dict[str, str]
    dead: dict[str, str]

    @property
    def refused(self) -> dict[str, str]:
        return self.forbidden | self.dead


def find(system: Path = ROOT) -> Found:
    """The machine's domains by powercap, else by perf events, of the sys and proc in `system`.

    Where some can be read neither way, `missing` says why and `fix` what to type.
    """
    root, by_socket = system / POWERCAP, socket_wide(system / "proc")
    wanted = zones(root, one_core=by_socket)
    by_zone = _opened((zone.domain.sensor, partial(ZoneSensor, zone)) for zone in wanted)
    kept = without_mirrors(by_zone.sensors)
    by_event = _Opened([], {}, {})
    if by_zone.refused or not kept:
        # Where powercap shows dies and perf the whole socket, a die's name stands for both.
        shown = {sensor.info.name for sensor in by_zone.sensors}
        taken = shown | {_DIE.sub("", name) for name in shown}
        listed = perf.events(system / "sys", by_socket=by_socket, taken=taken)
        by_event = _opened(
            (event.domain.sensor, partial(perf.PerfSensor, event)) for event in listed
        )
        kept = kept + by_event.sensors
    tell_overlaps(kept)
    missing, cure = _missing(root, kept, by_zone, by_event)
    return Found("rapl", kept, missing, cure)


def fix(root: Path = ROOT / POWERCAP) -> str:
    """What to type so that this user may read the counters: now, and after every boot."""
    return (
        f"Until the next boot: sudo chmod a+r {root}/intel-rapl*:*/energy_uj\n"
        f"For good: echo '{UDEV_RULE}' | sudo tee /etc/udev/rules.d/90-rapl.rules\n"
        "Any user can then watch power closely enough to attack secrets (CVE-2020-8694): "
        "do it on machines of your own."
    )


def _opened(ways: Iterable[tuple[str, Callable[[], RaplSensor]]]) -> _Opened:
    """Open every domain by its way; a name that is there twice is opened once."""
    sensors: dict[str, RaplSensor] = {}
    forbidden: dict[str, str] = {}
    for name, build in ways:
        if name in sensors:
            continue
        try:
            sensors[name] = build()
        except OSError as reason:
            forbidden[name] = reason.strerror or str(reason)
    kept, dead = alive(list(sensors.values()))
    return _Opened(kept, forbidden, dead)


def _missing(
    root: Path, kept: Sequence[RaplSensor], by_zone: _Opened, by_event: _Opened
) -> tuple[str | None, str | None]:
    """What could be read neither way, and what to do about it; None where nothing is."""
    have = {sensor.info.name for sensor in kept}
    refused = {
        name: why
        for name, why in by_zone.refused.items()
        if name not in have and _DIE.sub("", name) not in have
    }
    by_perf = _words(by_event.refused)
    if refused:
        missing = f"RAPL is there and cannot be used ({_words(refused)})."
        cure = fix(root) if set(refused) & set(by_zone.forbidden) else DEAD
    elif kept:
        return None, None
    else:
        missing = f"{root} {'shows nothing that counts' if root.is_dir() else 'does not exist'}."
        cure = NO_TREE
    if by_perf:
        missing += f" Nor do perf events give it ({by_perf})."
    return missing, f"{cure}\n{perf.fix()}" if by_event.forbidden else cure


def _words(refused: dict[str, str]) -> str:
    return "; ".join(f"{name}: {why}" for name, why in refused.items())
