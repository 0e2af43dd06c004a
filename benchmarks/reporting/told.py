"""How a piece of work tells what it found and what it took."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any


def tell(work: Callable[[Path], Mapping[str, Any]]) -> None:
    """Do it with the run that the command line names; print its figures and its peak memory."""
    found = work(Path(sys.argv[1]))
    print(json.dumps({**found, "peak_bytes": _peak_bytes()}))


def _peak_bytes() -> int:
    """Of this program alone: what getrusage says of a child has the parent's peak in it."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024
