"""The state of the machine that moves figures without being anybody's work: looked at before a run.

A governor that saves power and a turbo that comes and goes change the clock, a hot machine is
held down, memory that was swapped out is waited for, and memory of another NUMA node is farther
away. What the system does not tell is None. [Linux: admin-guide/pm, sysfs-class-thermal]
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil

from wattmark.schema import Doubt
from wattmark.units import BYTES_PER_GIB, gibibytes

CPUS = "sys/devices/system/cpu"
MUCH_SWAP_BYTES = BYTES_PER_GIB
HOT_C = 85.0
"""Many CPUs hold their clock down from 90 to 100 °C."""
SLOW_GOVERNORS = ("powersave", "conservative")


def conditions(root: Path = Path("/")) -> dict[str, Any]:
    """governor, turbo, temperature_c, throttle_events, swap_used_bytes, load_average, numa_nodes.

    `root` is where /sys is looked for.
    """
    return {
        "governor": governor(root),
        "turbo": _turbo(root),
        "temperature_c": _temperature_c(root),
        "throttle_events": _throttle_events(root),
        "swap_used_bytes": psutil.swap_memory().used,
        "load_average": os.getloadavg()[0],
        "numa_nodes": _numa_nodes(root),
    }


def governor(root: Path = Path("/")) -> str | None:
    """The frequency governors in use, by comma; None where the system does not tell."""
    told = {_read(path) for path in root.glob(f"{CPUS}/cpu[0-9]*/cpufreq/scaling_governor")}
    return ", ".join(sorted(name for name in told if name)) or None


def disturbing(seen: dict[str, Any]) -> Iterator[Doubt]:
    """Doubts about what `conditions` has seen."""
    used = seen["swap_used_bytes"]
    if used >= MUCH_SWAP_BYTES:
        yield Doubt(
            "swap-in-use",
            f"{gibibytes(used)} of memory were swapped out when the run began.",
            "Stop what takes the memory: what is swapped out is not measured but waited for.",
        )
    slow = [name for name in (seen["governor"] or "").split(", ") if name in SLOW_GOVERNORS]
    if slow:
        yield Doubt(
            "slow-governor",
            f"The frequency governor was {slow[0]} when the run began.",
            "For steady figures: cpupower frequency-set -g performance",
        )
    hot_c = seen["temperature_c"]
    if hot_c is not None and hot_c >= HOT_C:
        yield Doubt(
            "hot-machine",
            f"The machine was at {hot_c:.0f} °C when the run began.",
            "Let it cool: a hot machine holds its clocks down.",
        )


def _turbo(root: Path) -> bool | None:
    """By the two drivers' files: one says that it is off, the other that it is on."""
    for name, on in (("intel_pstate/no_turbo", "0"), ("cpufreq/boost", "1")):
        told = _read(root / CPUS / name)
        if told is not None:
            return told == on
    return None


def _temperature_c(root: Path) -> float | None:
    """The hottest thermal zone; zones that are switched off tell nonsense."""
    told = (_number(path) for path in root.glob("sys/class/thermal/thermal_zone*/temp"))
    return max((t / 1000 for t in told if t is not None and 0 < t < 150_000), default=None)


def _throttle_events(root: Path) -> int | None:
    """How often the cores were held down since the start of the system."""
    paths = root.glob(f"{CPUS}/cpu[0-9]*/thermal_throttle/core_throttle_count")
    told = [count for path in paths if (count := _number(path)) is not None]
    return sum(told) if told else None


def _numa_nodes(root: Path) -> list[str]:
    """The CPUs of each node, such as '0-15'."""
    nodes = sorted(
        root.glob("sys/devices/system/node/node[0-9]*"), key=lambda path: int(path.name[4:])
    )
    return [_read(node / "cpulist") or "" for node in nodes]


def _number(path: Path) -> int | None:
    try:
        return int(_read(path) or "")
    except ValueError:
        return None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8").strip()
    except OSError:
        return None
