"""The page of results: two tables and what must be known to read them."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from wattmark.meter.load import QUIET_CPUS

NAMES = {"wattmark": "Wattmark", "codecarbon": "CodeCarbon", "zeus": "Zeus"}
MISSING = "–, not installed"

ABOUT = """\
Three tools on the same faked sensor, at the same time, over the same windows: a process writes
the counters of a powercap tree (package-0 and its dram) by a known power of the monotonic clock,
and a mount namespace shows each tool that tree as /sys/class. The truth of a window is the
integral of that power between the tool's own stamps: after its begin had returned, before its
end was called. Errors are medians of {repeats} repetitions, with the worst one in brackets;
{redone} more were thrown away because a tool was woken too late for a window.
Joules are the package's alone: what a tool adds for memory is in the table after it.
"""

DIFFERS = """\
## Where this differs from a real sensor

- The counter is exact: no gain, no noise. What is compared is how a tool uses its readings. On
  hardware a few per cent of gain come on top, for all of them alike.
- It is a file, written anew each millisecond by a process (how regularly stands below). Reading
  it takes microseconds; a real zone asks the CPU for its register and takes longer, so a tool
  that reads at each end of a window pays more there than here.
- In the rows with wraps the counter's range is 1 kJ and the power 400 W, so that it wraps every
  2.5 s; a real package's 262 kJ wrap every 22 minutes at 200 W, and how often a window meets a
  wrap scales with that. The correction is the same code on both. Five wraps in a window stand
  for a task of hours; CodeCarbon reads at a task's two ends only, and so loses whole rounds.
- The load goes by the clock, not by the tool's process. A window begins 1 ms before its work and
  ends with it, to within the moment at which its process was woken. All tools run at the same
  real-time priority, the sensor above them.
- One package with dram; no core, uncore, psys or second package.

## What each tool was given

- Wattmark: `EnergyMonitor(sensors="rapl")` and `window`, at its default of ten readings a second.
- CodeCarbon: `OfflineEmissionsTracker` with its defaults (a reading every 15 s, and at the ends of
  each task), `start_task` and `stop_task`, or `start` and `stop` for the whole. It had looked for
  its hardware, which takes seconds, before the first window.
- Zeus: `ZeusMonitor(gpu_indices=[])`, `begin_window` and `end_window`. Its helper that watches for
  wraps was running before the first window: a wrap before that goes unseen.
"""


def page(kept: dict[str, Any]) -> str:
    """Both tables as Markdown."""
    machine = kept["machine"]
    tools = ", ".join(version or f"{NAMES[name]} {MISSING}" for name, version in _tools(kept))
    where = (
        f"{machine['logical_cpus']} CPUs ({machine['cpu_model']}), "
        f"{'a virtual machine, ' if machine['virtual'] else ''}{machine['os']}, "
        f"Python {machine['python']}"
    )
    parts = [
        "# Side by side on the same counters",
        f"{kept['date']}; {tools}. {where}. {_busy(kept['others_cpus'])}",
        ABOUT.format(repeats=kept["repeats"], redone=kept["redone"]),
        "## Joules of the package",
        "\n".join(_joules(kept)),
        "“Truth inside” counts the repetitions in which Wattmark's 95 % interval held the truth. "
        "The other two give no interval.",
        "### One window alone",
        "The largest error of a single window in any repetition, in rows of several.",
        "\n".join(_single(kept)),
        "### What each calls the total",
        "\n".join(_totals(kept)),
        "## What a window costs",
        "\n".join(_costs(kept)),
        DIFFERS.rstrip(),
        "## How regularly the counter was written",
        "\n".join(_writer(kept)),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _busy(cpus: float) -> str:
    quiet = cpus < QUIET_CPUS
    said = "quiet" if quiet else f"disturbed: other work used {cpus:.1f} CPUs around it"
    rest = "" if quiet else "; do not quote the costs and the cold starts in seconds from it"
    return f"The run was {said}{rest}."


def _tools(kept: dict[str, Any]) -> Iterator[tuple[str, str | None]]:
    yield from kept["tools"].items()


def _label(row: dict[str, Any]) -> str:
    name = {"task": "the task", "whole": "the whole"}.get(row["name"], row["name"])
    alone = row["scene"] if row["name"] != "whole" or "task in" in row["scene"] else None
    if row["windows"] > 1 and row["name"] in {"task", "near"}:
        return f"{row['scene']}, summed"
    if row["name"] in {"once", "many"} or alone is None:
        return str(row["scene"])
    number = f", {row['windows']} summed" if row["windows"] > 1 else ""
    return f"{row['scene']}: {name}{number}"


def _joules(kept: dict[str, Any]) -> Iterator[str]:
    yield (
        "| windows | truth, J | Wattmark, J [95 %] | error, % | truth inside "
        "| CodeCarbon, J | error, % | Zeus, J | error, % |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
    for row in kept["rows"]:
        ours = row["tools"]["wattmark"]
        interval = "" if ours["low_j"] is None else f" [{ours['low_j']:.2f}, {ours['high_j']:.2f}]"
        cells = [
            _label(row),
            f"{ours['truth_j']:.2f}",
            f"{ours['cpu_j']:.2f}{interval}",
            _error(ours),
            ours["inside"] or "–",
        ]
        for name in ("codecarbon", "zeus"):
            cells += _peer(row["tools"].get(name))
        yield f"| {' | '.join(cells)} |"


def _peer(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return [MISSING, "–"]
    if found["reason"]:
        return [f"–, {found['reason']}", "–"]
    return [f"{found['cpu_j']:.2f}", _error(found)]


def _error(found: dict[str, Any]) -> str:
    return f"{_percent(found['error_pct'])} ({_percent(found['worst_pct'])})"


def _percent(value: float) -> str:
    return f"{value:+.2f}" if abs(value) < 10 else f"{value:+.0f}"


def _single(kept: dict[str, Any]) -> Iterator[str]:
    yield "| windows | " + " | ".join(f"{name}, %" for name in NAMES.values()) + " |"
    yield "|---|--:|--:|--:|"
    for row in kept["rows"]:
        if row["windows"] > 1:
            found = [row["tools"].get(name, {}).get("worst_window_pct") for name in NAMES]
            cells = ["–" if value is None else _percent(value) for value in found]
            yield f"| {_label(row).replace(', summed', '')} | {' | '.join(cells)} |"


def _totals(kept: dict[str, Any]) -> Iterator[str]:
    yield (
        "| the whole | truth, package + dram, J | Wattmark's total, J | CodeCarbon's total, J "
        "| of it RAM, modelled, J | Zeus's total_energy, J | Zeus's CPU + dram, J |"
    )
    yield "|---|--:|--:|--:|--:|--:|--:|"
    for row in kept["rows"]:
        if row["name"] != "whole":
            continue
        ours, carbon, zeus = (row["tools"].get(name) or {} for name in NAMES)
        both = None
        if zeus.get("cpu_j") is not None and zeus.get("dram_j") is not None:
            both = zeus["cpu_j"] + zeus["dram_j"]
        truth = ours["truth_j"] + ours["truth_dram_j"]
        values = (ours["total_j"], carbon.get("total_j"), carbon.get("ram_j"))
        cells = [_label(row), *(_plain(v) for v in (truth, *values, zeus.get("total_j"), both))]
        yield f"| {' | '.join(cells)} |"
    yield ""
    yield (
        "Zeus's `total_energy` sums GPUs only. CodeCarbon leaves out a dram that lies within a "
        "package, and models the machine's RAM instead."
    )


def _plain(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"


def _costs(kept: dict[str, Any]) -> Iterator[str]:
    yield (
        "Begin and end with nothing between, in the same run, in blocks by turns; medians of the "
        "blocks. CPU in all is the process's, by windows: with all its threads and, for Wattmark, "
        "the joining afterwards. A cold start is from before the import until the first window "
        "has begun."
    )
    yield ""
    yield "| tool | a window, µs | × Wattmark's | CPU in all, µs | import, s | cold start, s |"
    yield "|---|--:|--:|--:|--:|--:|"
    ours = statistics.median(kept["costs"]["wattmark"]["us"])
    for name, cost in kept["costs"].items():
        if cost is None:
            yield f"| {NAMES[name]} | {MISSING} | – | – | – | – |"
            continue
        middle = {key: statistics.median(values) for key, values in cost.items()}
        yield (
            f"| {NAMES[name]} | {middle['us']:.3g} | {middle['us'] / ours:.3g} "
            f"| {middle['cpu_us']:.3g} | {middle['imported_s']:.2f} | {middle['cold_s']:.2f} |"
        )


def _writer(kept: dict[str, Any]) -> Iterator[str]:
    yield "Milliseconds between updates, over all repetitions; the whole tree each time."
    yield ""
    yield "| world | median | 99 % | 99.9 % | longest | real-time priority |"
    yield "|---|--:|--:|--:|--:|---|"
    for name in dict.fromkeys(said["world"] for said in kept["writer"]):
        group = [said for said in kept["writer"] if said["world"] == name]
        apart = [said["apart_ms"] for said in group]
        cells = [
            f"{statistics.median(one['median'] for one in apart):.3f}",
            *(f"{max(one[key] for one in apart):.2f}" for key in ("p99", "p999", "most")),
            "yes" if all(said["real_time"] for said in group) else "no",
        ]
        yield f"| {name} | {' | '.join(cells)} |"
