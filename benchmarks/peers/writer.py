"""The faked sensor: a powercap tree of files, and the process that keeps its counters going.

Counters rise in whole quanta (61 µJ, memory 15.3 µJ) about every millisecond and wrap at their
range, as RAPL's do. The loop runs at real-time priority where it may, so that a busy machine
delays it no more than it would a piece of hardware; how regularly it wrote is told at the end.

    python -m benchmarks.peers.writer SPEC.json     origin (ns) on stdin; ends on SIGTERM
"""

from __future__ import annotations

import itertools
import json
import os
import signal
import sys
import time
from bisect import bisect_right
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.truth.loads import Lines

ZONE = "powercap/intel-rapl/intel-rapl:0"
MEMORY = f"{ZONE}/intel-rapl:0:0"
PERIOD_S = 0.001
QUANTUM_J, MEMORY_QUANTUM_J = 2.0**-14, 2.0**-16
BASE_J = 1.0
DIGITS = 15
PRIORITY = 10
MEMORY_RANGE_J = 65_712.999613


def build(root: Path, range_j: float, limit_w: float) -> None:
    """The tree as Linux lays it out: zones in zones, and links to all of them side by side."""
    for path, name, most_j in (
        (ZONE, "package-0", range_j),
        (MEMORY, "dram", MEMORY_RANGE_J),
    ):
        zone = root / path
        zone.mkdir(parents=True)
        (zone / "name").write_text(f"{name}\n")
        (zone / "max_energy_range_uj").write_text(f"{round(most_j * 1e6)}\n")
        (zone / "energy_uj").write_text(f"{round(BASE_J * 1e6):0{DIGITS}d}\n")
    (root / ZONE / "constraint_0_max_power_uw").write_text(f"{round(limit_w * 1e6)}\n")
    control = root / "powercap/intel-rapl"
    (control / "subsystem").symlink_to("../../powercap")
    (root / "powercap/intel-rapl:0").symlink_to("intel-rapl/intel-rapl:0")
    (root / "powercap/intel-rapl:0:0").symlink_to("intel-rapl/intel-rapl:0/intel-rapl:0:0")


def energy_of(load: Lines) -> Callable[[float], float]:
    """`load.energy` of steps for one number at a time, quick enough for a millisecond's loop."""
    edges, watts = load.edges.tolist(), load.left_w.tolist()
    upto = np.append(0.0, np.cumsum(load.left_w * np.diff(load.edges))).tolist()
    last = len(watts) - 1

    def energy(t_s: float) -> float:
        k = min(max(bisect_right(edges, t_s) - 1, 0), last)
        return float(upto[k] + watts[k] * (t_s - edges[k]))

    return energy


class Counter:
    """One zone's file. What it shows at a time is `shown_uj`, by the clock alone."""

    def __init__(
        self, path: Path, load: Lines, range_j: float, quantum_j: float, began_ns: int
    ) -> None:
        self._file = os.open(path / "energy_uj", os.O_WRONLY)
        self._energy = energy_of(load)
        self._idle_w = float(load.left_w[0])
        self._range_uj = round(range_j * 1e6)
        self._quantum_j = quantum_j
        self._began_ns = began_ns
        self.origin_ns: int | None = None

    def shown_uj(self, time_ns: int) -> int:
        """µJ at a moment, wrapped: idle since it began until the origin, then the load."""
        origin_ns = self.origin_ns
        if origin_ns is None or time_ns < origin_ns:
            joules = self._idle_w * (time_ns - self._began_ns) / 1e9
        else:
            joules = self._idle_w * (origin_ns - self._began_ns) / 1e9
            joules += self._energy((time_ns - origin_ns) / 1e9)
        quanta = int((BASE_J + joules) / self._quantum_j)
        return round(quanta * self._quantum_j * 1e6) % self._range_uj

    def write(self, time_ns: int) -> None:
        """Show what it stands at, all digits in one write."""
        os.pwrite(self._file, b"%0*d\n" % (DIGITS, self.shown_uj(time_ns)), 0)


def next_wrap_ns(began_ns: int, idle_w: float, range_j: float, after_ns: int) -> int:
    """The first moment from `after_ns` on at which an idle counter wraps."""
    for wraps in itertools.count(1):
        at_ns = began_ns + round((wraps * range_j - BASE_J) / idle_w * 1e9)
        if at_ns >= after_ns:
            return at_ns
    raise AssertionError("count() does not end")


def keep_writing(counters: list[Counter]) -> dict[str, Any]:
    """Until SIGTERM. What is told: seconds between updates, and of one update."""
    ended: list[int] = []
    signal.signal(signal.SIGTERM, lambda *_: ended.append(1))
    os.set_blocking(sys.stdin.fileno(), False)
    period_ns = round(PERIOD_S * 1e9)
    stamps, took = [], []
    due_ns = time.monotonic_ns()
    known = False
    while not ended:
        now_ns = time.monotonic_ns()
        for counter in counters:
            counter.write(now_ns)
        stamps.append(now_ns)
        took.append(time.monotonic_ns() - now_ns)
        if not known:
            known = _learn_origin(counters)
        due_ns = max(due_ns + period_ns, now_ns)
        time.sleep(max(0, due_ns - time.monotonic_ns()) / 1e9)
    return {"apart_ms": _spread(np.diff(stamps) / 1e6), "write_ms": _spread(np.array(took) / 1e6)}


def _learn_origin(counters: list[Counter]) -> bool:
    try:
        told = os.read(sys.stdin.fileno(), 64)
    except BlockingIOError:
        return False
    if not told.strip():
        return False
    for counter in counters:
        counter.origin_ns = int(told)
    return True


def _spread(values: Any) -> dict[str, float]:
    return {
        "median": float(np.median(values)),
        "p99": float(np.quantile(values, 0.99)),
        "p999": float(np.quantile(values, 0.999)),
        "most": float(values.max()),
        "n": int(values.size),
    }


def main(spec_path: str) -> None:
    spec = json.loads(Path(spec_path).read_text(encoding="utf-8"))
    real_time = True
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except OSError:
        real_time = False
    began_ns = time.monotonic_ns()
    counters = [
        Counter(
            Path(spec["root"]) / zone,
            Lines.steps(spec["edges"], spec[watts]),
            range_j,
            quantum_j,
            began_ns,
        )
        for zone, watts, range_j, quantum_j in (
            (ZONE, "package_w", spec["range_j"], QUANTUM_J),
            (MEMORY, "dram_w", MEMORY_RANGE_J, MEMORY_QUANTUM_J),
        )
    ]
    print(json.dumps({"began_ns": began_ns}), flush=True)
    told = keep_writing(counters)
    print(json.dumps(told | {"real_time": real_time}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
