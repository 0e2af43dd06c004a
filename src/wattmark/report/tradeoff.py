"""Accuracy against joules: what an answer is worth beside what it costs, with both intervals.

Trials of one task share a chart, so that models are compared on the same questions.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import Figure, finished, values
from wattmark.report.format import figure, plain
from wattmark.report.labels import short_name

MOST_LABELS = 12
LOG_FROM = 8.0


def tradeoff_figures(summaries: Sequence[TrialSummary], labels: Mapping[str, str]) -> list[Figure]:
    """One chart a task and mode that has both accuracy and energy in at least two trials."""
    tasks: dict[tuple[str, str], list[TrialSummary]] = {}
    for trial in summaries:
        estimates = trial.estimates
        if None not in (estimates["accuracy"].value, estimates["energy_per_query_j"].value):
            tasks.setdefault((trial.task, trial.mode), []).append(trial)
    return [
        _tradeoff(index, trials, labels)
        for index, trials in enumerate(tasks.values())
        if len(trials) > 1
    ]


def _tradeoff(index: int, trials: Sequence[TrialSummary], labels: Mapping[str, str]) -> Figure:
    costs = [float(trial.estimates["energy_per_query_j"].value or 0.0) for trial in trials]
    milli = max(costs) < 1
    logarithmic = min(costs) > 0 and max(costs) / min(costs) > LOG_FROM
    models = list(dict.fromkeys(short_name(trial.model) for trial in trials))
    rows = [_row(trial, labels[trial.key], 1000 if milli else 1) for trial in trials]
    scale = (
        alt.Scale(type="log", nice=False, padding=30)
        if logarithmic
        else alt.Scale(zero=True, padding=10)
    )
    words = "; ".join(dict.fromkeys(str(trial.provenance) for trial in trials))
    axis = f"energy per query ({'mJ' if milli else 'J'}{', log' if logarithmic else ''})"
    share = alt.Scale(domain=[_floor(trials), 1], nice=False)
    base = alt.Chart(values(rows)).encode(
        color=alt.Color(
            "model:N", sort=models, title=None, legend=None if len(models) == 1 else alt.Legend()
        ),
        tooltip=[
            "model:N",
            "trial:N",
            alt.Tooltip("cost_shown:N", title="energy per query"),
            alt.Tooltip("accuracy_shown:N", title="accuracy"),
        ],
    )
    x = alt.X("cost:Q", title=axis, scale=scale, axis=alt.Axis(tickCount=5, format="~r"))
    y = alt.Y("accuracy:Q", title="accuracy", scale=share, axis=alt.Axis(format=".0%", tickCount=5))
    down = base.mark_rule(strokeWidth=1.4, opacity=0.65).encode(
        x=x, y=alt.Y("accuracy_low:Q", title="accuracy", scale=share), y2="accuracy_high:Q"
    )
    across = base.mark_rule(strokeWidth=1.4, opacity=0.65).encode(
        x=alt.X("cost_low:Q", title=axis, scale=scale), x2="cost_high:Q", y=y
    )
    dots = base.mark_point(size=80, opacity=1).encode(x=x, y=y)
    layers: list[alt.Chart] = [down, across, dots]
    if len(rows) <= MOST_LABELS:
        names = alt.Chart(values(rows)).mark_text(
            angle=300, align="left", dx=12, dy=-2, fontSize=11, style="caption"
        )
        layers.append(names.encode(x=x, y=y, text="trial:N"))
    task = short_name(trials[0].task)
    description = f"Accuracy against energy per query, {task}: " + "; ".join(
        f"{row['model']} {row['trial']} {row['cost_shown']}, {row['accuracy_shown']}"
        for row in rows
    )
    return Figure(
        id=f"tradeoff-{index}",
        title=f"Accuracy against energy: {task}",
        subtitle=f"Crosses are 95 % intervals; up and left is better · energy {words}",
        description=description,
        spec=finished(alt.layer(*layers), description, 280),
        columns=("model", "trial", "energy per query", "accuracy"),
        rows=[
            (str(r["model"]), str(r["trial"]), str(r["cost_shown"]), str(r["accuracy_shown"]))
            for r in rows
        ],
        wide=True,
    )


def _floor(trials: Sequence[TrialSummary]) -> float:
    """Where the accuracy axis starts: a tenth below the lowest bound, with 30 points at least."""
    bounds = [trial.estimates["accuracy"].low for trial in trials]
    lowest = min(bound for bound in bounds if bound is not None)
    return min(0.7, max(0.0, math.floor(lowest * 10) / 10))


def _row(trial: TrialSummary, label: str, factor: float) -> dict[str, str | float | None]:
    cost, accuracy = trial.estimates["energy_per_query_j"], trial.estimates["accuracy"]

    def scaled(value: float | None) -> float | None:
        return None if value is None else float(f"{value * factor:.6g}")

    return {
        "model": plain(short_name(trial.model)),
        "trial": label,
        "cost": scaled(cost.value),
        "cost_low": scaled(cost.low),
        "cost_high": scaled(cost.high),
        "cost_shown": figure(cost),
        "accuracy": accuracy.value,
        "accuracy_low": accuracy.low,
        "accuracy_high": accuracy.high,
        "accuracy_shown": figure(accuracy),
    }
