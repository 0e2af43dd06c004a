"""What a tool's process does: get ready, follow a timetable, stamp the clock around each call.

It needs nothing but the standard library, so that a tool may live in an environment of its own.
Spoken over stdin and stdout in lines of JSON: 'ready', then the origin comes, then the results;
or, for the cost of windows, 'pairs N' again and again. What a tool prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

Reading = dict[str, Any]
"""`cpu_j`, `dram_j` (None: not given), `total_j` as the tool itself sums; or `reason`."""

NOT_INSTALLED = 3
PRIORITY, URGENT_S = 5, 0.05
"""Real time, for all tools alike and below the sensor's: other work wakes them late otherwise."""


class Tool(ABC):
    """One way to measure. A reading is None where it comes with `close` only."""

    versions: str

    @abstractmethod
    def open(self, name: str) -> None:
        """Make ready for a scene: a fresh tracker."""

    @abstractmethod
    def start(self) -> None:
        """Begin the whole measurement."""

    @abstractmethod
    def stop(self) -> Reading | None:
        """End it."""

    @abstractmethod
    def begin(self, name: str, number: int) -> None:
        """Begin a window in it."""

    @abstractmethod
    def end(self, name: str, number: int) -> Reading | None:
        """End it."""

    def close(self) -> list[tuple[str, int | None, Reading]]:
        """End the scene. Readings by name and number; number None is the sum of a name."""
        return []

    def settle(self) -> None:
        """Wait until what the tool has started by itself is up."""
        time.sleep(1.0)

    @abstractmethod
    def pairs(self, count: int) -> list[float]:
        """Microseconds of `count` windows each begun and ended at once."""


def own_stdout() -> int:
    """A descriptor of stdout for ourselves: what libraries print there goes to stderr from now."""
    kept = os.dup(1)
    os.dup2(2, 1)
    return kept


def speak(make: Callable[[], Tool], stdout: int, began_s: float) -> None:
    """Talk with the world; `began_s` is perf_counter() before anything was imported."""
    with os.fdopen(stdout, "w", encoding="utf-8") as out:
        imported_s = time.perf_counter() - began_s
        tool = make()
        tool.open("warm-up")
        tool.begin("warm-up", 0)
        cold_s = time.perf_counter() - began_s
        tool.end("warm-up", 0)
        tool.close()
        tool.settle()
        _tell(out, versions=tool.versions, imported_s=imported_s, cold_s=cold_s)
        for line in sys.stdin:
            word, _, argument = line.strip().partition(" ")
            if word == "pairs":
                used_s = time.process_time()
                costs = tool.pairs(int(argument))
                used_s = (time.process_time() - used_s) / int(argument)
                _tell(out, us=statistics.median(costs), cpu_us=used_s * 1e6)
            elif word == "follow":
                path, origin_ns = argument.rsplit(" ", 1)
                scenes = json.loads(Path(path).read_text(encoding="utf-8"))
                _tell(out, scenes=[follow(tool, scene, int(origin_ns)) for scene in scenes])


def follow(tool: Tool, scene: dict[str, Any], origin_ns: int) -> dict[str, Any]:
    """One scene. Of each window its stamps, begun by then and not ended yet, and its reading."""
    tool.open(scene["name"])
    windows: dict[tuple[str, int], dict[str, Any]] = {}
    _wait_until(origin_ns + round((scene["timetable"][0][0] - URGENT_S) * 1e9))
    _be_urgent(True)
    for at_s, act, name, number in scene["timetable"]:
        _wait_until(origin_ns + round(at_s * 1e9))
        asked_ns = time.monotonic_ns()
        if act in {"start", "begin"}:
            if act == "start":
                tool.start()
            else:
                tool.begin(name, number)
            begun_ns = time.monotonic_ns()
            late_ms = (asked_ns - origin_ns) / 1e6 - at_s * 1e3
            windows[name, number] = {"begun_ns": begun_ns, "late_ms": late_ms}
        else:
            reading = tool.stop() if act == "stop" else tool.end(name, number)
            windows[name, number] |= {"ended_ns": asked_ns, "reading": reading}
    _be_urgent(False)
    sums = {}
    for name, place, reading in tool.close():
        if place is None:
            sums[name] = reading
        else:
            windows[name, place]["reading"] = reading
    rows = [{"name": n, "number": k, **window} for (n, k), window in windows.items()]
    return {"name": scene["name"], "windows": rows, "sums": sums}


def _be_urgent(urgent: bool) -> None:
    """Real time while the clock counts only: long computing at it would stall the sensor too."""
    policy, priority = (os.SCHED_FIFO, PRIORITY) if urgent else (os.SCHED_OTHER, 0)
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, policy, os.sched_param(priority))


def _wait_until(time_ns: int) -> None:
    while (left_ns := time_ns - time.monotonic_ns()) > 0:
        time.sleep(left_ns / 1e9)


def _tell(out: TextIO, **said: Any) -> None:
    out.write(json.dumps(said) + "\n")
    out.flush()
