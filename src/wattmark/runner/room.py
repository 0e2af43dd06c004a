"""How much memory is free for a worker: of the machine, of our control groups, of a GPU.

In a container the machine's free memory says little: the control group's limit less what is in
use there counts, with the page cache that the kernel gives back first (cgroup-v2, memory.stat).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psutil

from wattmark.backends.devices import gpu_indices
from wattmark.meter.nvml import free_bytes as free_gpu_bytes

CGROUPS = Path("/sys/fs/cgroup")
OURS = Path("/proc/self/cgroup")


def free_bytes(device: str, memory_limit_bytes: int | None = None) -> int | None:
    """Bytes free on a trial's device; None where it does not tell.

    A CPU's are the least of what the machine, a control group and `memory_limit_bytes` leave;
    those of several GPUs add up.
    """
    if gpus := gpu_indices(device):
        told = [free_gpu_bytes(index) for index in gpus]
        return None if None in told else sum(free for free in told if free is not None)
    limits = [psutil.virtual_memory().available, memory_limit_bytes, cgroup_free_bytes()]
    return min(int(limit) for limit in limits if limit is not None)


def cgroup_free_bytes(root: Path = CGROUPS, ours: Path = OURS) -> int | None:
    """The least that our control group or one around it leaves; None where none has a limit."""
    return min((free for folder in _groups(root, ours) for free in _free(folder)), default=None)


def _groups(root: Path, ours: Path) -> Iterator[Path]:
    """Folders of our groups, version 2 and 1, the innermost first, as far as they can be seen."""
    try:
        lines = ours.read_text(encoding="utf-8").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers in ("", "memory"):
            top = root / controllers
            inner = top / path.lstrip("/")
            yield from (folder for folder in (inner, *inner.parents) if folder.is_relative_to(top))


def _free(folder: Path) -> Iterator[int]:
    for most, used, cache in (
        ("memory.max", "memory.current", "inactive_file"),
        ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    ):
        limit, taken = _number(folder / most), _number(folder / used)
        if limit is not None and taken is not None:
            yield max(0, limit - taken + (_stat(folder / "memory.stat", cache) or 0))


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text(encoding="ascii"))
    except (OSError, ValueError):  # no such group here, or 'max'
        return None


def _stat(path: Path, name: str) -> int | None:
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) for line in lines if line.startswith(name + " ")), None)
