"""What holds for all tests: one CPU for each process, signals as usual, charts that are checked."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Beside others, a process of tests keeps to one CPU, and so do the engines that it starts.

    An engine takes a thread a CPU: two of them with two threads each on two CPUs wait for each
    other and take several times as long. And a hang-up ends what tests start, also where they
    were started by nohup themselves.
    """
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
    worker = os.environ.get("PYTEST_XDIST_WORKER", "")
    if worker and hasattr(os, "sched_setaffinity"):
        usable = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {usable[int(worker.removeprefix("gw")) % len(usable)]})


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`-m alone` imports no file that has no such test: most import an engine or two."""
    if config.getoption("markexpr") != "alone" or collection_path.suffix != ".py":
        return None
    alone = "mark.alone" in collection_path.read_text(encoding="utf-8")
    return None if alone else True


@pytest.fixture(autouse=True, scope="session")
def charts_are_checked_against_their_schema() -> None:
    """Where charts are made at all: no other test waits for their library."""
    if (figure := sys.modules.get("wattmark.report.figure")) is not None:
        figure.__dict__["VALIDATED"] = True
