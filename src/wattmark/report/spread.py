"""Charts of spread: energy over replicates, latency over queries.

A box holds the middle half of the points and its line the median; whiskers reach the 5th and
95th percentile. Points are thinned before they are drawn, the box never is. A diamond with a bar,
below the box, is the estimate with its 95 % interval.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.metrics import METRICS
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import (
    CLIPPED,
    Figure,
    Layers,
    Rows,
    finished,
    log_domain,
    log_ticks,
    row_height,
    values,
)
from wattmark.report.format import figure, number, provenance
from wattmark.report.labels import group_title
from wattmark.store.reader import Run

Values = Sequence[float] | NDArray[np.float64]

MOST_POINTS = 150
LOG_FROM = 20.0
"""Points that spread over more than this factor are drawn on a logarithmic axis."""
BELOW = 16
"""Pixels from a box to its estimate, which would hide it."""


def energy_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], rows: Mapping[str, Sequence[Any]]
) -> Figure | None:
    """J/query of every replicate, with the estimate; None where no energy was measured."""
    metric = METRICS["energy_per_query_j"]
    series = {
        trial.key: [
            reading.value
            for row in rows.get(trial.key, ())
            if row["status"] == "ok" and (reading := metric.of(row)).value is not None
        ]
        for trial in group
    }
    words = "; ".join(
        dict.fromkeys(provenance(t.provenance, t.gain_uncertainty) for t in group if t.provenance)
    )
    return _spread(
        group,
        labels,
        series,
        metric="energy_per_query_j",
        kind="energy",
        title="Energy per query",
        subtitle=f"Gross energy, one point a replicate · {words}",
        axis="energy per query",
        unit="J",
    )


def latency_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], queries: Mapping[str, Values]
) -> Figure | None:
    """Latency of every query over all replicates, with the estimate of the median."""
    return _spread(
        group,
        labels,
        {trial.key: queries.get(trial.key, ()) for trial in group},
        metric="latency_s",
        kind="latency",
        title="Latency of a query",
        subtitle="From its batch's start to its answer's end, one point a query, all replicates",
        axis="latency",
        unit="s",
    )


def latencies(run: Run) -> dict[str, NDArray[np.float64]]:
    """Trial key → seconds of its queries, all replicates."""
    told = run.by_trial("queries", ["latency_s"])
    return {key: table["latency_s"].drop_null().to_numpy() for key, table in told.items()}


def _spread(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    series: Mapping[str, Values],
    *,
    metric: str,
    kind: str,
    title: str,
    subtitle: str,
    axis: str,
    unit: str,
) -> Figure | None:
    trials = [trial for trial in group if len(series[trial.key])]
    if not trials:
        return None
    boxes = [_box(labels[trial.key], series[trial.key]) for trial in trials]
    estimates = [_estimate_row(labels[t.key], t, metric) for t in trials]
    points = [
        {"trial": labels[trial.key], "value": value, "jitter": jitter}
        for trial in trials
        for value, jitter in _thinned(series[trial.key])
    ]
    order = [box["trial"] for box in boxes]
    prefix = "m" if max(box["p95"] for box in boxes) < 1 else ""
    factor = 1000.0 if prefix else 1.0
    chart = _layers(
        _scaled(boxes, factor),
        _scaled(estimates, factor),
        _scaled(points, factor),
        order,
        f"{axis} ({prefix}{unit})",
    )
    name = group_title(trials[0])
    description = f"{title}, {name}: " + "; ".join(
        f"{labels[t.key]} {figure(t.estimates[metric])}" for t in trials
    )
    return Figure(
        id=kind,
        title=title,
        subtitle=subtitle,
        description=description,
        spec=finished(chart, description, row_height(len(trials), 52)),
        notes=[CLIPPED] if _scale(boxes, estimates, points)[2] else [],
        columns=(
            "trial",
            "estimate (95 %)",
            "median",
            "middle half",
            "5th–95th percentile",
            "points",
        ),
        rows=[
            (
                labels[trial.key],
                figure(trial.estimates[metric]),
                number(box["median"], unit),
                f"{number(box['q1'], unit)} – {number(box['q3'], unit)}",
                f"{number(box['p5'], unit)} – {number(box['p95'], unit)}",
                str(len(series[trial.key])),
            )
            for trial, box in zip(trials, boxes, strict=True)
        ],
    )


def _box(label: str, sample: Values) -> dict[str, Any]:
    p5, q1, median, q3, p95 = np.quantile(np.asarray(sample), (0.05, 0.25, 0.5, 0.75, 0.95))
    return {
        "trial": label,
        "p5": float(p5),
        "q1": float(q1),
        "median": float(median),
        "q3": float(q3),
        "p95": float(p95),
    }


def _estimate_row(label: str, trial: TrialSummary, metric: str) -> dict[str, Any]:
    estimate = trial.estimates[metric]
    return {
        "trial": label,
        "value": estimate.value,
        "low": estimate.low,
        "high": estimate.high,
        "shown": figure(estimate),
    }


def _thinned(sample: Values) -> Iterable[tuple[float, float]]:
    """At most MOST_POINTS values spread over the sorted sample, with a jitter in −1 to 1."""
    ordered = np.sort(np.asarray(sample))
    if len(ordered) > MOST_POINTS:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MOST_POINTS).round().astype(int)]
    shaken = random.Random(0)  # noqa: S311 - a place on the page, not a secret
    return [(float(value), round(shaken.uniform(-1, 1), 3)) for value in ordered]


def _scaled(rows: Rows, factor: float) -> Rows:
    """Figures in the axis' unit, six digits: the page stays small."""
    return [
        {
            key: float(f"{entry * factor:.6g}")
            if isinstance(entry, float) and key != "jitter"
            else entry
            for key, entry in row.items()
        }
        for row in rows
    ]


def _layers(boxes: Rows, estimates: Rows, points: Rows, order: Sequence[str], axis: str) -> Layers:
    place = alt.Y("trial:N", sort=list(order), title=None)
    scale, ticks, clipped = _scale(boxes, estimates, points)
    box = alt.Chart(values(boxes)).encode(y=place)
    whisker = box.mark_rule(opacity=0.55, strokeWidth=1.2).encode(
        x=alt.X(
            "p5:Q", title=f"{axis[:-1]}, log)" if ticks else axis, axis=_axis(ticks), scale=scale
        ),
        x2=alt.X2("p95:Q"),
    )
    half = box.mark_bar(opacity=0.22, height=20, cornerRadius=3).encode(
        x=alt.X("q1:Q"), x2=alt.X2("q3:Q")
    )
    median = box.mark_tick(thickness=2, height=20).encode(x=alt.X("median:Q"))
    dots = (
        alt.Chart(values(points))
        .mark_circle(size=24, opacity=0.5)
        .encode(
            x=alt.X("value:Q"),
            y=place,
            yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-2.6, 2.6])),
        )
    )
    whole = alt.Chart(values(estimates)).encode(
        y=place, tooltip=[alt.Tooltip("trial:N"), alt.Tooltip("shown:N", title="estimate, 95 %")]
    )
    bounded = [row for row in estimates if row["low"] is not None and row["high"] is not None]
    bar = (
        alt.Chart(values(bounded))
        .mark_rule(style="interval", clip=clipped, yOffset=BELOW)
        .encode(y=place, x=alt.X("low:Q"), x2=alt.X2("high:Q"))
    )
    mean = whole.mark_point(
        shape="diamond", size=60, style="mean", opacity=1, yOffset=BELOW
    ).encode(x=alt.X("value:Q"))
    return Layers(whisker, half, median, dots, *([bar] if bounded else []), mean)


def _axis(ticks: Sequence[float]) -> alt.Axis:
    """Major grid lines only, also on a logarithmic axis."""
    if ticks:
        return alt.Axis(values=list(ticks), format="~r")
    return alt.Axis(tickCount=6, format="~r")


def _scale(boxes: Rows, estimates: Rows, points: Rows) -> tuple[alt.Scale, list[float], bool]:
    """The axis, its ticks where it is logarithmic, and whether an interval runs out of it."""
    seen = [row["value"] for row in points]
    centres = [*seen, *(row["value"] for row in estimates if row["value"] is not None)]
    bounds = [row[end] for row in estimates for end in ("low", "high") if row[end] is not None]
    if min(centres) > 0 and max(seen) > LOG_FROM * min(seen):
        # A bound of zero has no place on this axis; the clip shows that the bar goes on.
        for row in estimates:
            row.update({end: max(row[end] or 0.0, 1e-9) for end in ("low",) if row[end] == 0})
        domain, clipped = log_domain(centres, [bound for bound in bounds if bound > 0], 3.0)
        scale = alt.Scale(type="log", nice=False, domain=domain)
        return scale, log_ticks(*domain), clipped or 0.0 in bounds
    highest, lowest = max([*seen, *(box["p95"] for box in boxes)]), min(seen)
    if not bounds or (max(bounds) <= 2 * highest and min(bounds) >= 0):
        return alt.Scale(zero=False, nice=True), [], False
    return alt.Scale(domain=[min(0.0, lowest), 1.5 * highest], nice=False), [], True
