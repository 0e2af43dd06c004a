"""The machine's fingerprint: what someone needs to know to compare, and nothing that names it."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import psutil

from wattmark.meter.nvml import describe
from wattmark.runner.conditions import conditions

LIBRARIES = (
    "wattmark",
    "torch",
    "transformers",
    "tokenizers",
    "safetensors",
    "accelerate",
    "numpy",
    "scipy",
    "pyarrow",
    "nvidia-ml-py",
    "codecarbon",
)


def fingerprint() -> dict[str, Any]:
    """CPU, memory, system, libraries, GPUs. No host name, no user, no address."""
    gpus = describe() or {}
    return {
        "cpu_model": cpu_model(),
        "logical_cpus": psutil.cpu_count(),
        "physical_cpus": psutil.cpu_count(logical=False),
        "usable_cpus": usable_cpus(),
        **conditions(),
        "ram_bytes": psutil.virtual_memory().total,
        "swap_bytes": psutil.swap_memory().total,
        "os": f"{platform.system()} {_distribution()}".strip(),
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "virtual": _virtual(),
        "container": _container(),
        "python": platform.python_version(),
        "versions": versions(),
        "gpus": gpus.get("gpus", []),
        "driver": gpus.get("driver"),
        "git_commit": git_commit(Path.cwd()),
    }


def session(number: int) -> dict[str, Any]:
    """Where on which clock a session begins: stamps compare within one boot only."""
    return {
        "session": number,
        "boot_id": boot_id(),
        "monotonic_ns": time.monotonic_ns(),
        "started_at": now(),
    }


def boot_id() -> str | None:
    """The same for two sessions between which the machine was not restarted; None where untold.

    A hash: the system's own id would name this machine wherever else it is written down.
    """
    told = _read("/proc/sys/kernel/random/boot_id")
    return hashlib.sha256(told.encode()).hexdigest()[:12] if told else None


def now() -> str:
    """The wall clock as a label."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def cpu_model() -> str:
    """The CPU's name, as the system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "Model", "Hardware")):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def usable_cpus() -> int:
    """CPUs that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def worker_threads() -> int:
    """Threads for an engine: one a physical core that may be used."""
    physical = psutil.cpu_count(logical=False) or usable_cpus()
    return max(1, min(physical, usable_cpus()))


def worker_cpus(threads: int) -> tuple[int, ...]:
    """The CPUs that an engine of so many threads is pinned to: one a core before any sibling.

    Two threads of an engine on one core's two CPUs share its units and take turns; which pair a
    free scheduler picks changes from process to process. Empty where the system cannot pin.
    """
    if not hasattr(os, "sched_getaffinity"):
        return ()
    usable = sorted(os.sched_getaffinity(0))
    return tuple(sorted(sorted(usable, key=lambda cpu: (_place_in_core(cpu), cpu))[:threads]))


def _place_in_core(cpu: int) -> int:
    """0 for the first CPU of a core, 1 for its sibling, …"""
    listed = _read(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list") or str(cpu)
    siblings: list[int] = []
    for part in listed.split(","):
        first, _, last = part.partition("-")
        siblings += range(int(first), int(last or first) + 1)
    return siblings.index(cpu) if cpu in siblings else 0


def pinned(threads: int | None, cpus: Sequence[int]) -> tuple[int, tuple[int, ...]]:
    """An engine's threads and the CPUs that it is pinned to: as asked, or as is best here."""
    best = min(worker_threads(), len(cpus) or worker_threads())
    chosen = threads or best
    return chosen, tuple(sorted(cpus)) or worker_cpus(chosen)


def versions() -> dict[str, str]:
    """Versions of the libraries that matter, without importing them."""
    found = {}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def git_commit(folder: Path) -> str | None:
    """Commit of the repository that a folder is in, '+dirty' with uncommitted changes."""
    try:
        commit = _git(folder, "rev-parse", "--short=12", "HEAD")
        return commit + ("+dirty" if _git(folder, "status", "--porcelain", "-uno") else "")
    except (OSError, subprocess.SubprocessError):
        return None


def _git(folder: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words],  # noqa: S607 - the user's own git
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=5,
        check=True,
    )
    return done.stdout.strip()


def _read(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return None


def _distribution() -> str:
    try:
        return platform.freedesktop_os_release().get("PRETTY_NAME", "")
    except OSError:
        return platform.release()


def _virtual() -> bool | None:
    flags = _read("/proc/cpuinfo")
    return None if flags is None else " hypervisor" in flags


def _container() -> str | None:
    if "KUBERNETES_SERVICE_HOST" in os.environ:
        return "kubernetes"
    for mark, name in (("/.dockerenv", "docker"), ("/run/.containerenv", "podman")):
        if Path(mark).exists():
            return name
    return None
