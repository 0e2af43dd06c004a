"""Summary and report of a run of any size: seconds, memory, bytes, and a pandas script beside.

The large run (10⁷ answers, 10⁷ samples) is made for each call and taken away again; the small one
is a real run of 1 000 answers, whose report is made by the command, from a cold start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.command import HOME
from benchmarks.figure import Figure, summary
from benchmarks.reporting.largerun import grow, small_run

ROUNDS = 2
COLD_STARTS = 5
MOST_SUMMARY_S, MOST_REPORT_S, MOST_COLD_S = 10.0, 30.0, 3.0
MOST_GB, MOST_PAGE_MB = 1.5, 8.0
LEAST_RATIO = 5.0
WORKS = ("summary", "page", "tables", "with_pandas", "with_pandas_columns")


def figures() -> Iterator[Figure]:
    """The small run first, then the large one, ours and pandas in turns."""
    with tempfile.TemporaryDirectory() as folder:
        small = small_run(Path(folder) / "small")
        _command("report", str(small))
        seconds = [_command("report", str(small)) for _ in range(COLD_STARTS)]
        note = "from a cold start, the page written"
        yield summary("wattmark report, 10^3 answers", seconds, "s", most=MOST_COLD_S, note=note)
        yield from _large(grow(small, Path(folder) / "large"))


def _large(run: Path) -> Iterator[Figure]:
    done: dict[str, list[dict[str, Any]]] = {}
    for _ in range(ROUNDS):
        for work in WORKS:
            done.setdefault(work, []).append(_work(work, run))
    _check(done)

    def seconds(work: str) -> list[float]:
        return [one["seconds"] for one in done[work]]

    size = sum(file.stat().st_size for file in run.iterdir()) / 1e9
    note = f"10^7 samples, {size:.1f} GB of Parquet, imports included"
    yield summary("summary of 10^7 answers", seconds("summary"), "s", most=MOST_SUMMARY_S)
    yield summary("report of 10^7 answers", seconds("page"), "s", most=MOST_REPORT_S, note=note)
    peaks = [one["peak_bytes"] / 1e9 for work in ("summary", "page") for one in done[work]]
    yield summary("memory of these, at most", [max(peaks)], "GB", most=MOST_GB)
    pages = [one["bytes"] / 1e6 for one in done["page"]]
    yield summary("page of 10^7 answers", pages, "MB", most=MOST_PAGE_MB)
    yield summary("its tables alone", seconds("tables"), "s")
    for work, how, least in (
        ("with_pandas", "pandas", LEAST_RATIO),
        ("with_pandas_columns", "pandas that picks columns", None),
    ):
        peak = max(one["peak_bytes"] for one in done[work]) / 1e9
        yield summary(f"the same by {how}", seconds(work), "s", note=f"{peak:.1f} GB of memory")
        ratios = [a / b for a, b in zip(seconds(work), seconds("tables"), strict=True)]
        yield summary(f"{how} ÷ its tables", ratios, "", least=least)


def _check(done: dict[str, list[dict[str, Any]]]) -> None:
    """All must have found the same; else their times say nothing."""
    for work in ("with_pandas", "with_pandas_columns"):
        for ours, theirs in zip(done["tables"], done[work], strict=True):
            for name in ("differ", "median_s"):
                if abs(ours[name] - theirs[name]) > 1e-6 * abs(theirs[name]):
                    raise RuntimeError(f"{name}: {ours[name]} of ours, {theirs[name]} by pandas")


def _work(work: str, run: Path) -> dict[str, Any]:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", f"benchmarks.reporting.{work}", str(run)],
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{work}:\n{done.stderr[-3000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return {**found, "seconds": time.perf_counter() - began}


def _command(*words: str) -> float:
    """Seconds of a command whose bytecode is kept, as where it was installed from a wheel."""
    told = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "wattmark", *words]
    began = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=told)
    return time.perf_counter() - began
