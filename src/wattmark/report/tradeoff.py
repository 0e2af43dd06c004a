"""Accuracy against joules: what an answer is worth beside what it costs, with both intervals.

Trials of one task share a chart, so that models are compared on the same questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import altair as alt

from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import CLIPPED, Figure, Rows, finished, log_domain, log_ticks, values
from wattmark.report.format import figure, plain
from wattmark.report.labels import short_name, short_task

STEP = 0.022
"""Accuracies closer than this share of the axis are drawn apart, by this share."""


def tradeoff_figures(summaries: Sequence[TrialSummary], labels: Mapping[str, str]) -> list[Figure]:
    """One chart a task and mode that has both accuracy and energy in at least two trials."""
    tasks: dict[tuple[str, str], list[TrialSummary]] = {}
    for trial in summaries:
        estimates = trial.estimates
        if None not in (estimates["accuracy"].value, estimates["energy_per_query_j"].value):
            tasks.setdefault((trial.task, trial.mode), []).append(trial)
    costs = [
        trial.estimates["energy_per_query_j"].value or 0.0 for g in tasks.values() for trial in g
    ]
    milli = max(costs, default=1.0) < 1
    return [
        _tradeoff(index, trials, labels, milli)
        for index, trials in enumerate(tasks.values())
        if len(trials) > 1
    ]


def _tradeoff(
    index: int, trials: Sequence[TrialSummary], labels: Mapping[str, str], milli: bool
) -> Figure:
    models = list(dict.fromkeys(short_name(trial.model) for trial in trials))
    rows = [
        _row(trial, labels[trial.key], 1000 if milli else 1, len(models) > 1) for trial in trials
    ]
    step = STEP * (1 - _floor(trials))
    apart = _dodge(rows, step)
    base, clipped = _base(rows)
    domain, ticks = base.domain, log_ticks(*base.domain)
    x_scale = alt.Scale(type="log", nice=False, domain=domain)
    words = "; ".join(dict.fromkeys(str(trial.provenance) for trial in trials))
    title = f"energy per query ({'mJ' if milli else 'J'}, log)"
    top = max(1.0, *(float(row["place"]) for row in rows)) + step
    bottom = min(_floor(trials), *(float(row["place"]) for row in rows)) - (step if apart else 0)
    share = alt.Scale(domain=[bottom, top], nice=False)
    x = alt.X("cost:Q", title=title, scale=x_scale, axis=alt.Axis(values=ticks, format="~r"))
    tenths = range(round(10 * _floor(trials)), 11)
    levels = [level / 10 for level in tenths if len(tenths) < 7 or level % 2 == 0]
    y_axis = alt.Axis(format=".0%", values=levels)
    y = alt.Y("place:Q", title="accuracy", scale=share, axis=y_axis)
    down = base.chart.mark_rule(strokeWidth=1.4, opacity=0.45).encode(
        x=x,
        y=alt.Y("accuracy_low:Q", title="accuracy", scale=share, axis=y_axis),
        y2="accuracy_high:Q",
    )
    across = base.chart.mark_rule(strokeWidth=1.4, opacity=0.65, clip=clipped).encode(
        x=alt.X("cost_low:Q", title=title, scale=x_scale), x2="cost_high:Q", y=y
    )
    batches = sorted({int(trial.batch_size) for trial in trials})
    dots = base.chart.mark_point(size=90, opacity=1).encode(
        x=x,
        y=y,
        shape=alt.Shape(
            "batch:N",
            title=None,
            sort=[f"batch {size}" for size in batches],
            legend=alt.Legend(orient="bottom", symbolType="circle")
            if len(batches) == 1
            else alt.Legend(orient="bottom"),
        ),
    )
    task = short_task(trials[0].task)
    description = f"Accuracy against energy per query, {task}: " + "; ".join(
        f"{row['model']} {row['trial']} {row['cost_shown']}, {row['accuracy_shown']}"
        for row in rows
    )
    notes = ["Points of (nearly) equal accuracy are drawn a little apart."] if apart else []
    return Figure(
        id=f"tradeoff-{index}",
        title=f"Accuracy against energy: {task}",
        subtitle=f"Crosses are 95 % intervals; up and left is better · energy {words}",
        description=description,
        spec=finished(alt.layer(down, across, dots), description, 280),
        columns=("model", "trial", "energy per query", "accuracy"),
        rows=[
            (str(r["model"]), str(r["trial"]), str(r["cost_shown"]), str(r["accuracy_shown"]))
            for r in rows
        ],
        wide=True,
        notes=[*notes, *([CLIPPED] if clipped else [])],
    )


class _Base(NamedTuple):
    chart: alt.Chart
    domain: list[float]


def _base(rows: Rows) -> tuple[_Base, bool]:
    """What all layers share: colour, tooltip, and the range of the axis of energy."""
    centres = [float(row["cost"]) for row in rows]
    bounds = [row[end] for row in rows for end in ("cost_low", "cost_high") if row[end] is not None]
    domain, clipped = log_domain(centres, [bound for bound in bounds if bound > 0])
    for row in rows:  # zero has no place on this axis: the bar runs out of it
        row["cost_low"] = domain[0] / 10 if row["cost_low"] == 0 else row["cost_low"]
    chart = alt.Chart(values(rows)).encode(
        color=alt.Color(
            "kind:N",
            sort=list(dict.fromkeys(row["kind"] for row in rows)),
            title=None,
            legend=alt.Legend(symbolOpacity=1),
        ),
        tooltip=[
            "model:N",
            "trial:N",
            alt.Tooltip("cost_shown:N", title="energy per query"),
            alt.Tooltip("accuracy_shown:N", title="accuracy"),
        ],
    )
    return _Base(chart, domain), clipped or any(bound <= 0 for bound in bounds)


def _dodge(rows: Rows, step: float) -> bool:
    """Give each row the height at which it is drawn; True where that is not its accuracy."""
    ordered = sorted(rows, key=lambda row: (row["accuracy"], row["cost"]))
    clusters: list[Rows] = []
    for row in ordered:
        if clusters and row["accuracy"] - clusters[-1][-1]["accuracy"] < step / 2:
            clusters[-1].append(row)
        else:
            clusters.append([row])
    for cluster in clusters:
        for position, row in enumerate(cluster):
            row["place"] = row["accuracy"] + (position - (len(cluster) - 1) / 2) * step
    return any(len(cluster) > 1 for cluster in clusters)


def _floor(trials: Sequence[TrialSummary]) -> float:
    """Where the accuracy axis starts: a tenth below the lowest bound, with 30 points at least."""
    bounds = [trial.estimates["accuracy"].low for trial in trials]
    lowest = min(bound for bound in bounds if bound is not None)
    return min(0.7, max(0.0, math.floor(lowest * 10) / 10))


def _row(trial: TrialSummary, label: str, factor: float, models: bool) -> dict[str, Any]:
    cost, accuracy = trial.estimates["energy_per_query_j"], trial.estimates["accuracy"]
    batch = f"batch {trial.batch_size}"
    model, engine = plain(short_name(trial.model)), label.replace(f" · {batch}", "")

    def scaled(value: float | None) -> float | None:
        return None if value is None else float(f"{value * factor:.6g}")

    return {
        "model": model,
        "trial": label,
        "kind": f"{model} · {engine}" if models else engine,
        "batch": batch,
        "cost": scaled(cost.value),
        "cost_low": scaled(cost.low),
        "cost_high": scaled(cost.high),
        "cost_shown": figure(cost),
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "accuracy_shown": figure(accuracy),
    }
