"""What disturbed a stretch of measuring: other processes at work, and a machine that slept."""

from __future__ import annotations

import resource

import psutil

from wattmark.meter.load import QUIET_CPUS, CpuClock, foreign_cpus, suspended_s
from wattmark.schema import Doubt

STRETCHES = {
    "measured": ("foreign-load", "the measured region", "its joules and delays are in the figures"),
    "idle": ("foreign-load-at-idle", "idle", "idle power is too high and net energy too low"),
}
"""Kind of stretch → code, name and harm of foreign load in it."""
SLEPT_S = 0.1


def disturbances(stretch: str, before: CpuClock, after: CpuClock) -> list[Doubt]:
    """Doubts about a stretch between two looks at the CPU clocks.

    Others' load matters in 'measured' and 'idle' alone, a suspended machine in any.
    """
    doubts = []
    used = foreign_cpus(before, after)
    if stretch in STRETCHES and used is not None and used > QUIET_CPUS:
        code, what, harm = STRETCHES[stretch]
        said = f"Other processes used {used:.2f} CPUs during {what}."
        doubts.append(Doubt(code, said, f"Stop other work on this machine; {harm}."))
    if (slept := suspended_s(before, after)) > SLEPT_S:
        doubts.append(
            Doubt(
                "suspended",
                f"The machine was suspended for {slept:.1f} s meanwhile.",
                "Keep it awake: clocks and counters do not agree across a suspend.",
            )
        )
    return doubts


def ended_children_cpu_s() -> float:
    """CPU seconds of our child processes that have ended, and of theirs."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def children_cpu_s() -> float:
    """CPU seconds of all our child processes, those that still run included."""
    seconds = ended_children_cpu_s()
    for child in psutil.Process().children(recursive=True):
        try:
            times = child.cpu_times()
        except psutil.Error:  # it has ended since
            continue
        seconds += times.user + times.system + times.children_user + times.children_system
    return seconds
