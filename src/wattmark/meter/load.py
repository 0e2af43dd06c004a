"""How busy the machine is with other things: the noise that no average takes away.

Foreign use = all busy CPU time, steal included, less our own. On a small machine one other
process makes a two-thread engine several times slower, so a trial waits for quiet, and is
doubted where quiet broke while it ran.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

QUIET_CPUS = 0.15
"""Foreign CPU use, in CPUs, that counts as quiet."""
LOOK_S = 0.15
"""Length of a look: /proc/stat counts in 10 ms ticks, so shorter is too coarse."""
SHORTEST_S = 0.1
TICK_S = 0.01
SLEW = 1e-3


@dataclass(frozen=True)
class CpuClock:
    """Busy CPU seconds of the machine and of us, at one moment.

    `awake_s` stands still while the machine is suspended, `boot_s` does not (None where the
    system does not tell). `wall_s` is the time of day, which anybody may set.
    """

    awake_s: float
    boot_s: float | None
    busy_s: float
    own_s: float
    wall_s: float | None = None


def cpu_clock(worker_cpu_s: float = 0.0) -> CpuClock:
    """Now. `worker_cpu_s` is what the worker says that it has used."""
    times = psutil.cpu_times()
    # Steal is time that another machine took from ours: it slows us like any other load.
    names = ("user", "nice", "system", "irq", "softirq", "steal")
    busy = sum(getattr(times, name, 0.0) for name in names)
    boot_s = time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else None
    own_s = time.process_time() + worker_cpu_s
    return CpuClock(time.monotonic(), boot_s, busy, own_s, time.time())


def foreign_cpus(before: CpuClock, after: CpuClock) -> float | None:
    """CPUs that others used between two moments; None for a stretch too short to tell.

    Busy time counts in whole ticks, ours does not: a tick of difference is nobody's.
    """
    seconds = after.awake_s - before.awake_s
    if seconds < SHORTEST_S:
        return None
    foreign = (after.busy_s - before.busy_s) - (after.own_s - before.own_s)
    return max(0.0, (foreign - TICK_S) / seconds)


def suspended_s(before: CpuClock, after: CpuClock) -> float:
    """Seconds that the machine slept between two moments; 0 where the system does not tell."""
    if before.boot_s is None or after.boot_s is None:
        return 0.0
    return max(0.0, (after.boot_s - before.boot_s) - (after.awake_s - before.awake_s))


def clock_step_s(before: CpuClock, after: CpuClock) -> float:
    """Seconds by which the time of day was set between two moments, suspends taken out.

    A clock that is slewed is no step: NTP slews by up to 500 ppm (adjtimex(2)), others faster,
    so that a thousandth of the time is allowed.
    """
    if before.wall_s is None or after.wall_s is None:
        return 0.0
    passed = after.awake_s - before.awake_s + suspended_s(before, after)
    step = after.wall_s - before.wall_s - passed
    return step if abs(step) > SLEW * passed else 0.0


def wait_for_quiet(most_s: float, said: Callable[[float], None]) -> float | None:
    """Wait until others use little CPU, `most_s` at most. The last use seen, in CPUs.

    `said` is called with the use each time that it is too much.
    """
    deadline = time.monotonic() + most_s
    while True:
        before = cpu_clock()
        time.sleep(LOOK_S)
        used = foreign_cpus(before, cpu_clock())
        if used is None or used < QUIET_CPUS or time.monotonic() >= deadline:
            return used
        said(used)
