"""Memory and CPU time of this process and of those that it started: an engine may be several.

An engine that serves from a process of its own holds its weights there, and its work there is not
others' work. Peaks are summed process by process, so that they bound the peak of the sum from
above; pages that processes share count in each of them, except in the unique set.
[proc(5): VmRSS, VmHWM in status; Private_* in smaps_rollup]
"""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

import psutil

from wattmark.monitor.disturbed import children_cpu_s
from wattmark.units import BYTES_PER_KIB

PROC = Path("/proc")


def resident_bytes() -> int | None:
    """Resident set now; None where the system does not tell."""
    return _sum("status", "VmRSS:")


def peak_bytes() -> int | None:
    """Peak resident set of this process since its fork, and of those started that still live."""
    peak = _sum("status", "VmHWM:")
    if peak is not None:
        return peak
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return usage if sys.platform == "darwin" else usage * BYTES_PER_KIB


def unique_bytes() -> int | None:
    """What no other process shares: it would be free if these ended. None where untold."""
    return _sum("smaps_rollup", "Private_")


def cpu_s() -> float:
    """CPU seconds used so far."""
    return time.process_time() + children_cpu_s()


def _sum(file: str, field: str) -> int | None:
    """A field of all the processes; None where this process's own is not told."""
    own = _bytes(PROC / "self" / file, field)
    if own is None:
        return None
    started = psutil.Process().children(recursive=True)
    # One that has ended meanwhile holds nothing.
    return own + sum(_bytes(PROC / str(child.pid) / file, field) or 0 for child in started)


def _bytes(path: Path, field: str) -> int | None:
    """The sum of the lines that begin with `field`, given in kB; None without any."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return None
    sizes = [int(line.split()[1]) for line in lines if line.startswith(field)]
    return sum(sizes) * BYTES_PER_KIB if sizes else None
