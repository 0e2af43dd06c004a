"""Runs the worlds, compares what each tool said with the truth, and keeps two tables.

    python -m benchmarks peers          five minutes, as root (a mount namespace is needed)

CodeCarbon and Zeus may live in an environment of their own, so that neither changes what
Wattmark is tested with: WATTMARK_PEERS_PYTHON is its interpreter (`pip install .[bench]`
elsewhere). Where one is not installed, its columns say so.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, summary
from benchmarks.peers import table, world
from benchmarks.peers.rows import Row, gather, over_repeats
from benchmarks.peers.scenes import World, worlds
from benchmarks.place import RESULTS, kind
from wattmark.meter.load import cpu_clock, foreign_cpus
from wattmark.runner.machine import fingerprint

KEPT = RESULTS / "peers"
TOOLS = ("wattmark", "codecarbon", "zeus")
REPEATS = 3
COST_ROUNDS = 3
LATE_MS = 20.0
"""A tool that comes later than this to a window has missed a part of its work."""
PAIRS = {"wattmark": 5000, "codecarbon": 100, "zeus": 500, "rounds": 3}
INTERVAL_S = "0.1"
"""Wattmark's default."""

Repeat = tuple[list[Row], list[dict[str, Any]]]
"""The rows of all worlds, and how regularly each world's counter was written."""


def figures() -> Iterator[Figure]:
    """Every row of both tables is kept in results/peers; what has a target is a figure."""
    if not world.namespaces_work():
        print("peers: left out, a mount namespace needs root and unshare")
        return
    busy = [_others()]
    repeats, redone = _repeats()
    costs = [_costs() for _ in range(COST_ROUNDS)]
    busy.append(_others())
    rows = over_repeats([rows for rows, _ in repeats])
    machine = fingerprint()
    kept = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": machine,
        "tools": {name: _versions(costs, name) for name in TOOLS},
        "repeats": REPEATS,
        "redone": redone,
        "others_cpus": max(busy),
        "rows": rows,
        "costs": {name: _cost(costs, name) for name in TOOLS},
        "writer": [said for _, saids in repeats for said in saids],
    }
    KEPT.mkdir(parents=True, exist_ok=True)
    path = KEPT / f"{kind(machine)}.json"
    path.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    path.with_suffix(".md").write_text(table.page(kept), encoding="utf-8")
    print(f"kept in {path.with_suffix('.md')}")
    yield from _figures(kept)


def _figures(kept: dict[str, Any]) -> Iterator[Figure]:
    for name in TOOLS:
        errors = [
            abs(row["tools"][name]["error_pct"])
            for row in kept["rows"]
            if row["tools"].get(name, {}).get("error_pct") is not None
        ]
        if errors:
            worst, ours = max(errors), name == "wattmark"
            note = f"median of {REPEATS}; worst of {len(errors)} rows of {len(kept['rows'])}"
            label = f"{name}, error on its worst row"
            most = 1.0 if ours else None
            yield Figure(label, worst, "%", min(errors), worst, len(errors), most, note=note)
    ours_us = statistics.median(kept["costs"]["wattmark"]["us"])
    for name, cost in kept["costs"].items():
        if cost is not None:
            most = 2.0 if name == "wattmark" else None
            times = statistics.median(cost["us"]) / ours_us
            note = "" if name == "wattmark" else f"{times:.0f} × Wattmark's"
            yield summary(f"{name}, a window", cost["us"], "µs", most=most, note=note)
            yield summary(f"{name}, cold start", cost["cold_s"], "s")


def _others(look_s: float = 1.0) -> float:
    """CPUs that other work uses: what disturbs the costs more than the joules."""
    before = cpu_clock()
    time.sleep(look_s)
    return foreign_cpus(before, cpu_clock()) or 0.0


def _repeats() -> tuple[list[Repeat], int]:
    """Repetitions in which every tool was woken in time, and how many others there were."""
    good: list[Repeat] = []
    redone = 0
    while len(good) < REPEATS:
        one = _repeat(len(good))
        late_ms, who = max(
            (found["late_ms"], tool) for row in one[0] for tool, found in row["tools"].items()
        )
        if late_ms > LATE_MS and redone < REPEATS:
            redone += 1
            print(f"peers: {who} was {late_ms:.0f} ms late for a window; once more", flush=True)
        else:
            good.append(one)
    return good, redone


def _repeat(seed: int) -> Repeat:
    """All worlds at once."""
    rows: list[Row] = []
    writers = []
    with contextlib.ExitStack() as stack:
        started = []
        for one in worlds(seed):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            spec = world.spec_of(one, folder, _commands(), {})
            started.append((one, folder, stack.enter_context(world.in_namespace(spec, folder))))
        for one, folder, process in started:
            said = world.said_by(process, folder)
            rows += gather(one, said)
            writers.append({"world": one.name} | said["writer"])
    return rows, writers


def _costs() -> dict[str, Any]:
    """A world of its own for what a window costs: nothing is measured meanwhile."""
    quiet: World = worlds(0)[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        spec = world.spec_of(quiet, folder, _commands(), PAIRS)
        with world.in_namespace(spec, folder) as process:
            return world.said_by(process, folder)


def _commands() -> dict[str, list[str]]:
    peers = os.environ.get("WATTMARK_PEERS_PYTHON", sys.executable)
    module = "benchmarks.peers."
    return {
        "wattmark": [sys.executable, "-m", f"{module}wattmark_tool", INTERVAL_S],
        "codecarbon": [peers, "-m", f"{module}codecarbon_tool"],
        "zeus": [peers, "-m", f"{module}zeus_tool"],
    }


def _cost(costs: list[dict[str, Any]], name: str) -> dict[str, list[float]] | None:
    if costs[0]["ready"][name] is None:
        return None
    blocks = [block for said in costs for block in said["pairs"][name]]
    ready = [said["ready"][name] for said in costs]
    return {
        "us": [block["us"] for block in blocks],
        "cpu_us": [block["cpu_us"] for block in blocks],
        "imported_s": [each["imported_s"] for each in ready],
        "cold_s": [each["cold_s"] for each in ready],
    }


def _versions(costs: list[dict[str, Any]], name: str) -> str | None:
    ready = costs[0]["ready"][name]
    return None if ready is None else str(ready["versions"])
