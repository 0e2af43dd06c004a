"""What `wattmark measure` tells: the summary over repeats, as a table or as JSON.

Over repeats the run-to-run t-interval is widened by the instrument's own (see
`analysis.intervals`); one repeat has the instrument's alone.
"""

from __future__ import annotations

import shlex
import signal
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark import __version__
from wattmark.analysis.intervals import CONFIDENCE, Interval, mean_t, mean_with_measurement
from wattmark.monitor.command import Repeat
from wattmark.monitor.figures import NO_IDLE
from wattmark.monitor.result import Component, EnergyResult
from wattmark.report.format import figure, parts, plain, provenance
from wattmark.schema import Doubt, Estimate, SensorInfo

Bounds = tuple[float | None, float | None, float | None]
"""A figure of one repeat, and what the instrument says that it lies between."""


class Summary(NamedTuple):
    """Over the repeats: metric → (interval, unit), and of each component its joules."""

    metrics: dict[str, tuple[Interval | None, str]]
    components: dict[str, Interval | None]
    n: int


def summarise(repeats: Sequence[Repeat]) -> Summary:
    """Means with intervals; None for what any of the repeats has no figure of."""
    results = [repeat.result for repeat in repeats]
    return Summary(
        {
            "gross_j": (_mean([_gross(r) for r in results]), "J"),
            "net_j": (_mean([_net(r) for r in results], logs=False), "J"),
            "power_mean_w": (_mean([_power(r) for r in results]), "W"),
            "power_peak_w": (_mean([(r.peak_power_watts, None, None) for r in results]), "W"),
            "seconds": (_mean([(r.duration_seconds, None, None) for r in results]), "s"),
            "cpu_seconds": (mean_t([repeat.cpu_seconds for repeat in repeats]), "s"),
        },
        {
            name: _mean([_gross(r.components[name]) for r in results])
            for name in results[0].components
        },
        len(repeats),
    )


def _gross(one: EnergyResult | Component) -> Bounds:
    return one.energy_joules, one.energy_low_joules, one.energy_high_joules


def _net(one: EnergyResult) -> Bounds:
    return one.net_joules, one.net_low_joules, one.net_high_joules


def _power(one: EnergyResult) -> Bounds:
    value, low, high = _gross(one)
    seconds = one.duration_seconds
    if value is None or low is None or high is None or seconds <= 0:
        return one.avg_power_watts, None, None
    return one.avg_power_watts, low / seconds, high / seconds


def _mean(figures: Sequence[Bounds], *, logs: bool = True) -> Interval | None:
    values = [value for value, _, _ in figures if value is not None]
    if len(values) < len(figures):
        return None
    lows, highs = [low for _, low, _ in figures], [high for _, _, high in figures]
    # A simulated or replayed sensor may tell of no joules at all: zero has no logarithm.
    return mean_with_measurement(values, lows, highs, logs=logs and min(values) > 0)


def as_json(
    command: Sequence[str],
    repeats: Sequence[Repeat],
    summary: Summary | None,
    sensors: Sequence[SensorInfo],
) -> dict[str, Any]:
    """Everything that was measured; None is not measured."""
    return {
        "wattmark": __version__,
        "command": list(command),
        "repeats": [_repeat(repeat) for repeat in repeats],
        "summary": None if summary is None else _summary(summary, repeats[-1].result),
        "sensors": [{**asdict(info), "provenance": info.provenance} for info in sensors],
    }


def _repeat(repeat: Repeat) -> dict[str, Any]:
    result = repeat.result
    return {
        "exit_code": repeat.exit_code,
        "signal": repeat.signal,
        "seconds": result.duration_seconds,
        "cpu_seconds": repeat.cpu_seconds,
        "energy": {name: _component(one) for name, one in result.components.items()},
        "total": {
            "gross_j": result.energy_joules,
            "low_j": result.energy_low_joules,
            "high_j": result.energy_high_joules,
            "net_j": result.net_joules,
            "net_low_j": result.net_low_joules,
            "net_high_j": result.net_high_joules,
            "provenance": result.provenance,
            "gain_uncertainty": result.gain_uncertainty,
        },
        "power_mean_w": result.avg_power_watts,
        "power_peak_w": result.peak_power_watts,
        "idle_power_w": result.idle_power_watts,
        "meter_cpu_seconds": result.meter_cpu_seconds,
        "doubts": [asdict(doubt) for doubt in result.doubts],
    }


def _component(one: Component) -> dict[str, Any]:
    return {
        "gross_j": one.energy_joules,
        "low_j": one.energy_low_joules,
        "high_j": one.energy_high_joules,
        "net_j": one.net_joules,
        "net_low_j": one.net_low_joules,
        "net_high_j": one.net_high_joules,
        "method": one.method,
        "provenance": one.provenance,
        "gain_uncertainty": one.gain_uncertainty,
        "sensors": list(one.sensors),
        "counted": one.counted,
    }


def _summary(summary: Summary, result: EnergyResult) -> dict[str, Any]:
    metrics = {name: _interval(interval) for name, (interval, _) in summary.metrics.items()}
    return {
        "repeats": summary.n,
        "confidence": CONFIDENCE,
        **metrics,
        "components": {name: _interval(one) for name, one in summary.components.items()},
        "provenance": result.provenance,
        "gain_uncertainty": result.gain_uncertainty,
    }


def _interval(interval: Interval | None) -> dict[str, float | None]:
    return (interval or Interval(None, None, None))._asdict()  # type: ignore[arg-type] # no figure


def render(
    command: Sequence[str], repeats: Sequence[Repeat], summary: Summary
) -> list[RenderableType]:
    """The table and the doubts, for a console."""
    last = repeats[-1].result
    head = plain(" ".join(shlex.join(command).split()), 100)
    times = f"{summary.n} repeats, mean" if summary.n > 1 else "1 run"
    times += "".join(f", {word}" for word in _failures(repeats))
    energy = f"energy: {provenance(last.provenance, last.gain_uncertainty)}"
    return [
        Text.assemble((head, "bold"), (f"  {times}", "dim")),
        Text(energy, style="dim"),
        _table(summary, last),
        *_remarks(summary, last),
        *_doubts(repeats),
    ]


def _failures(repeats: Sequence[Repeat]) -> Iterator[str]:
    """How the command ended where that was not well, and how often of several times."""
    ends = Counter((one.exit_code, one.signal) for one in repeats if one.exit_code)
    for (code, number), times in ends.items():
        said = f"exit code {code}" if number is None else f"killed by {_signal(number)}"
        yield said if len(repeats) == 1 else f"{said} ({times}×)"


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal
        return f"signal {number}"


def _table(summary: Summary, last: EnergyResult) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("")
    table.add_column("figure", justify="right", no_wrap=True)
    table.add_column(f"{CONFIDENCE:.0%}", no_wrap=True)
    table.add_column("how")
    metrics = summary.metrics
    how = "" if last.provenance is None else last.provenance
    _row(table, "energy", *metrics["gross_j"], how, summary.n, style="bold")
    _row(table, "above idle", *metrics["net_j"], _idle(last), summary.n)
    for name, interval in summary.components.items():
        one = last.components[name]
        words = [one.method, provenance(one.provenance, one.gain_uncertainty)]
        if not one.counted:
            words.append("not in the sum")
        _row(table, f"  {name}", interval, "J", ", ".join(words), summary.n)
    _row(table, "mean power", *metrics["power_mean_w"], "", summary.n)
    _row(table, "peak power", *metrics["power_peak_w"], "", summary.n)
    _row(table, "duration", *metrics["seconds"], "", summary.n)
    _row(table, "CPU time", *metrics["cpu_seconds"], "its children included", summary.n)
    return table


def _row(
    table: Table,
    title: str,
    interval: Interval | None,
    unit: str,
    how: str,
    n: int,
    style: str = "",
) -> None:
    low, high = (None, None) if interval is None else interval[1:]
    value = None if interval is None else interval.mean
    shown, spread = parts(Estimate(title, value, low, high, CONFIDENCE, n, unit))
    table.add_row(Text(title), Text(shown, style=style), Text(spread, "dim"), Text(how, "dim"))


def _idle(result: EnergyResult) -> str:
    if result.idle_power_watts is None:
        return ""
    watts = Estimate("idle", result.idle_power_watts, None, None, CONFIDENCE, 1, "W")
    return f"less {figure(watts)} of idle"


def _remarks(summary: Summary, last: EnergyResult) -> list[Text]:
    remarks = []
    if summary.metrics["gross_j"][0] is not None and last.net_reason is not None:
        why = last.net_reason
        if why == NO_IDLE:
            why = "--idle 1 measures idle before and after."
        remarks.append(f"above idle: not measured; {plain(why)}")
    share = last.meter_cpu_seconds / last.duration_seconds if last.duration_seconds else 0.0
    remarks.append(f"The meter itself took {100 * share:.2g} % of one CPU.")
    return [Text(remark, style="dim") for remark in remarks]


def _doubts(repeats: Sequence[Repeat]) -> list[RenderableType]:
    """Each code once, with the first that was seen and how many repeats have it."""
    first: dict[tuple[str, str], Doubt] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for repeat in repeats:
        keys = {(doubt.code, _about(doubt)): doubt for doubt in repeat.result.doubts}
        counts.update(keys.keys())
        first = {**keys, **first}
    lines: list[RenderableType] = []
    for key, doubt in first.items():
        where = f"  {counts[key]} of {len(repeats)} repeats" if len(repeats) > 1 else ""
        lines.append(Text.assemble(("! ", "yellow"), (plain(doubt.code), "bold"), (where, "dim")))
        said = Group(Text(plain(doubt.message)), Text(plain(doubt.hint), style="dim"))
        lines.append(Padding(said, (0, 0, 0, 2)))
    return [Text("Doubts", style="bold"), *lines] if lines else []


def _about(doubt: Doubt) -> str:
    """The sensor and the span that a doubt begins with, if any; the rest of it are figures."""
    head, found, _ = doubt.message.partition(": ")
    return head if found else ""
