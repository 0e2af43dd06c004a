"""What `wattmark doctor` finds: machine, sensors, engines, and what disturbs a measurement."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import psutil

from wattmark import registry
from wattmark.backends.find import find_backend, missing
from wattmark.meter.calibrated import Boards, known_of
from wattmark.meter.discover import discover
from wattmark.meter.load import QUIET_CPUS, cpu_clock, foreign_cpus
from wattmark.meter.nvml import describe, foreign_processes
from wattmark.runner.conditions import HOT_C, conditions
from wattmark.runner.machine import fingerprint, usable_cpus, worker_threads
from wattmark.schema import SensorInfo
from wattmark.store.calibrations import Calibrations, read_calibrations
from wattmark.tasks.retrieval import missing_retriever
from wattmark.units import BYTES_PER_GIB, gibibytes

LOOK_S = 1.0
UNTOLD = "not told by this system"
LITTLE_DISK_BYTES = 2 * BYTES_PER_GIB


def examine() -> dict[str, Any]:
    """All findings as plain values: machine, sensors, sensors_missing, engines, checks.

    Each sensor has `calibration`, what `wattmark calibrate` found of it earlier (or None), and
    `calibration_refused`, why an earlier finding does not count now (or None).
    """
    found = discover()
    known = read_calibrations()
    boards = Boards()
    sensors = [
        {
            **asdict(sensor.info),
            "provenance": sensor.info.provenance,
            **_known(boards, sensor.info, known),
        }
        for family in found
        for sensor in family.sensors
    ]
    absent = [
        {"family": family.family, "why": family.missing, "fix": family.fix}
        for family in found
        if family.missing
    ]
    for family in found:
        for sensor in family.sensors:
            sensor.close()
    return {
        "machine": fingerprint(),
        "sensors": sensors,
        "sensors_missing": absent,
        "engines": list(_engines()),
        "checks": [*_checks(), *_calibrations_check(known)],
    }


def _known(boards: Boards, info: SensorInfo, known: Calibrations) -> dict[str, Any]:
    """What is stored of one sensor."""
    stored = known_of(boards.identity(info), known.entries)
    entry = None if stored.calibration is None else asdict(stored.calibration)
    return {"calibration": entry, "calibration_refused": stored.refused}


def _calibrations_check(known: Calibrations) -> Iterator[dict[str, Any]]:
    for doubt in known.doubts:
        yield _check("calibrations", False, doubt.message, doubt.hint)


def _engines() -> Iterator[dict[str, Any]]:
    for name in registry.table("backends"):
        spec = find_backend(name)
        offers = "; ".join(f"{d}: {', '.join(p)}" for d, p in spec.precisions.items())
        yield {"name": name, "missing": missing(spec), "offers": offers}


def _check(name: str, good: bool, seen: str, hint: str = "") -> dict[str, Any]:
    return {"name": name, "good": good, "seen": seen, "hint": hint}


def _clock_checks() -> Iterator[dict[str, Any]]:
    """What moves the clock: governor, turbo, heat; and how far memory is away."""
    seen = conditions()
    yield _check(
        "governor",
        seen["governor"] in (None, "performance"),
        seen["governor"] or UNTOLD,
        "Set it for steady figures: cpupower frequency-set -g performance",
    )
    turbo = {True: "on: the clock depends on heat and on how many cores work", False: "off"}
    yield _check("turbo", True, turbo.get(seen["turbo"], UNTOLD))
    hot_c, events = seen["temperature_c"], seen["throttle_events"]
    held = f", cores held down {events} times since the start" if events is not None else ""
    yield _check(
        "temperature",
        hot_c is None or hot_c < HOT_C,
        (UNTOLD if hot_c is None else f"{hot_c:.0f} °C at the hottest") + held,
        "Let it cool: a hot machine holds its clocks down.",
    )
    nodes = seen["numa_nodes"]
    yield _check(
        "NUMA",
        True,
        f"{len(nodes)} nodes, CPUs {'; '.join(nodes)}: pin to one with --cpus"
        if len(nodes) > 1
        else "one node"
        if nodes
        else UNTOLD,
    )


def _checks() -> Iterator[dict[str, Any]]:
    before = cpu_clock()
    time.sleep(LOOK_S)
    used = foreign_cpus(before, cpu_clock()) or 0.0
    yield _check(
        "other load",
        used < QUIET_CPUS,
        f"{used:.2f} CPUs used by others",
        "Stop other work: on a small machine it slows an engine several times.",
    )
    yield from _clock_checks()
    threads = worker_threads()
    told = os.environ.get("OMP_NUM_THREADS")
    yield _check(
        "threads",
        True,
        f"an engine gets {threads} on {usable_cpus()} usable CPUs"
        + (f" (OMP_NUM_THREADS={told} is set and not used)" if told else ""),
    )
    pinned = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
    shown = ", ".join(map(str, pinned)) or UNTOLD
    yield _check("affinity", True, f"this process may use CPUs {shown}; --cpus narrows it")
    lacking = missing_retriever("bm25")
    yield _check("retrieval", True, lacking or "bm25 is there for --mode rag")
    swapped = psutil.swap_memory()
    yield _check(
        "swap",
        swapped.used < BYTES_PER_GIB,
        f"{gibibytes(swapped.used)} of {gibibytes(swapped.total)} used",
        "A model that is swapped out is not measured but waited for.",
    )
    free = shutil.disk_usage(Path.cwd()).free
    yield _check(
        "disk",
        free > LITTLE_DISK_BYTES,
        f"{gibibytes(free)} free here",
        "A run needs some megabytes; free some space.",
    )
    if not (describe() or {}).get("gpus"):
        return
    others = foreign_processes([os.getpid()])
    yield _check(
        "foreign GPU work",
        not others,
        f"{len(others)} other processes on the GPU(s)" if others else "none seen",
        "Stop them, or take another GPU with --device cuda:N.",
    )
