"""What the tools said against the truth: a row for each name of windows in each scene.

The truth of a window is the integral of the load between a tool's own stamps, taken after its
begin had returned and before its end was called: what the tool itself takes counts against it.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import Any

from benchmarks.peers.scenes import World
from benchmarks.truth.loads import Lines

Row = dict[str, Any]
"""`scene`, `name`, `windows` (how many), and by tool a dict of figures, or of its `reason`."""


def gather(world: World, said: dict[str, Any]) -> list[Row]:
    """The rows of one world in one repetition."""
    rows: dict[tuple[str, str], Row] = {}
    for tool, scenes in said["heard"].items():
        for scene in scenes:
            for name in dict.fromkeys(window["name"] for window in scene["windows"]):
                windows = [w for w in scene["windows"] if w["name"] == name]
                fresh = {"scene": scene["name"], "name": name, "windows": len(windows), "tools": {}}
                row = rows.setdefault((scene["name"], name), fresh)
                row["tools"][tool] = _figures(
                    world, windows, said["origin_ns"], scene["sums"].get(name)
                )
    return list(rows.values())


def _figures(
    world: World, windows: Sequence[dict[str, Any]], origin_ns: int, told: dict[str, Any] | None
) -> dict[str, Any]:
    truths = [_joules(world.package, window, origin_ns) for window in windows]
    readings = [window["reading"] for window in windows]
    found: dict[str, Any] = {
        "truth_j": sum(truths),
        "truth_dram_j": sum(_joules(world.dram, window, origin_ns) for window in windows),
        "late_ms": max(window["late_ms"] for window in windows),
        "n": len(windows),
    }
    if missing := [reading["reason"] for reading in readings if reading.get("cpu_j") is None]:
        return found | {"reason": missing[0], "missing": len(missing)}
    told = told or {}
    summed = told or (readings[0] if len(readings) == 1 else {})
    cpu_j = summed.get("cpu_j") or sum(reading["cpu_j"] for reading in readings)
    pairs = zip(readings, truths, strict=True)
    worst = max((100 * (r["cpu_j"] / truth - 1) for r, truth in pairs), key=abs)
    low_j, high_j = summed.get("low_j"), summed.get("high_j")
    inside = None if low_j is None or high_j is None else low_j <= sum(truths) <= high_j
    return found | {
        "cpu_j": cpu_j,
        "low_j": low_j,
        "high_j": high_j,
        "inside": inside,
        "method": summed.get("method"),
        "error_pct": 100 * (cpu_j / sum(truths) - 1),
        "worst_window_pct": worst,
        "dram_j": _sum([reading["dram_j"] for reading in readings]),
        "total_j": _sum([reading["total_j"] for reading in readings]),
        "ram_j": _sum([reading.get("ram_j") for reading in readings]),
    }


def over_repeats(repeats: Sequence[Sequence[Row]]) -> list[Row]:
    """Rows with each tool's medians over the repetitions, its worst, and all of them beside."""
    rows = []
    for together in zip(*repeats, strict=True):
        first = together[0]
        tools = {tool: _over([row["tools"][tool] for row in together]) for tool in first["tools"]}
        rows.append({key: first[key] for key in ("scene", "name", "windows")} | {"tools": tools})
    return rows


def _over(each: Sequence[dict[str, Any]]) -> dict[str, Any]:
    medians = {
        key: _median([one.get(key) for one in each])
        for key in (
            "truth_j",
            "truth_dram_j",
            "cpu_j",
            "low_j",
            "high_j",
            "error_pct",
            "dram_j",
            "total_j",
            "ram_j",
        )
    }
    reasons = [one for one in each if "reason" in one]
    judged = [one["inside"] for one in each if one.get("inside") is not None]
    return medians | {
        "worst_pct": _largest([one.get("error_pct") for one in each]),
        "worst_window_pct": _largest([one.get("worst_window_pct") for one in each]),
        "inside": f"{sum(judged)} of {len(judged)}" if judged else None,
        "late_ms": max(one["late_ms"] for one in each),
        "reason": f"{reasons[0]['reason']} ({reasons[0]['missing']} of {reasons[0]['n']})"
        if reasons
        else None,
        "repeats": list(each),
    }


def _joules(load: Lines, window: dict[str, Any], origin_ns: int) -> float:
    start_s, end_s = ((window[key] - origin_ns) / 1e9 for key in ("begun_ns", "ended_ns"))
    return float(load.energy(end_s) - load.energy(start_s))


def _sum(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if len(known) == len(values) else None


def _largest(values: Sequence[float | None]) -> float | None:
    return max((value for value in values if value is not None), key=abs, default=None)
