"""Charts of spread: energy over replicates, latency over queries; and the factors of a verdict.

A box holds the middle half of the points and its line the median; whiskers reach the 5th and
95th percentile. Points are thinned before they are drawn, the box never is. A diamond with a bar
is the estimate with its 95 % interval.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt
import numpy as np

from wattmark.analysis.metrics import METRICS
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import Verdict
from wattmark.report.figure import PHASES, Figure, Rows, finished, row_height, values
from wattmark.report.format import figure, number, provenance, ratio
from wattmark.report.labels import group_title

MOST_POINTS = 150
CLIPPED = "Intervals that run out of the chart are wider than it: their bounds are in the data."


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
    group: Sequence[TrialSummary], labels: Mapping[str, str], queries: Mapping[str, Sequence[float]]
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


def _spread(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    series: Mapping[str, Sequence[float]],
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
        spec=finished(chart, description, row_height(len(trials), 44)),
        notes=[CLIPPED] if _scale(boxes, estimates, points)[1] else [],
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


def _box(label: str, sample: Sequence[float]) -> dict[str, Any]:
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


def _thinned(sample: Sequence[float]) -> Iterable[tuple[float, float]]:
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


def _layers(
    boxes: Rows, estimates: Rows, points: Rows, order: Sequence[str], axis: str
) -> alt.LayerChart | alt.FacetChart:
    place = alt.Y("trial:N", sort=list(order), title=None)
    scale, clipped = _scale(boxes, estimates, points)
    box = alt.Chart(values(boxes)).encode(y=place)
    whisker = box.mark_rule(opacity=0.55, strokeWidth=1.2).encode(
        x=alt.X(
            "p5:Q",
            title=axis,
            axis=alt.Axis(tickCount=6, format="~r"),
            scale=scale,
        ),
        x2="p95:Q",
    )
    half = box.mark_bar(opacity=0.22, height=22, cornerRadius=3).encode(x="q1:Q", x2="q3:Q")
    median = box.mark_tick(thickness=2, height=22).encode(x="median:Q")
    dots = (
        alt.Chart(values(points))
        .mark_circle(size=16, opacity=0.5)
        .encode(
            x="value:Q",
            y=place,
            yOffset=alt.YOffset("jitter:Q", scale=alt.Scale(domain=[-2.6, 2.6])),
        )
    )
    whole = alt.Chart(values(estimates)).encode(
        y=place, tooltip=[alt.Tooltip("trial:N"), alt.Tooltip("shown:N", title="estimate, 95 %")]
    )
    bar = whole.mark_rule(style="interval", clip=clipped).encode(x="low:Q", x2="high:Q")
    mean = whole.mark_point(shape="diamond", size=60, style="mean", opacity=1).encode(x="value:Q")
    return alt.layer(whisker, half, median, dots, bar, mean)


def _scale(boxes: Rows, estimates: Rows, points: Rows) -> tuple[alt.Scale, bool]:
    """The axis, and whether an interval runs out of it: one huge bar must not hide the points."""
    seen = [row["value"] for row in points]
    drawn = [*seen, *(box["p95"] for box in boxes)]
    highest, lowest = max(drawn), min(seen)
    highs = [row["high"] for row in estimates if row["high"] is not None]
    if not highs or max(highs) <= 2 * highest:
        return alt.Scale(zero=False, nice=True), False
    return alt.Scale(domain=[min(0.0, lowest), 1.5 * highest], nice=False), True


def ratio_figure(verdicts: Sequence[Verdict], labels: Mapping[str, str]) -> Figure | None:
    """Each trial's energy against the reference's, with intervals; None without a ratio."""
    drawn = [verdict for verdict in verdicts if verdict.ratio is not None]
    if not drawn:
        return None
    reference = labels[drawn[0].reference]
    rows = [
        {
            "trial": labels[verdict.trial],
            "ratio": verdict.ratio,
            "low": verdict.low,
            "high": verdict.high,
            "word": verdict.word,
            "shown": ratio(verdict.ratio, verdict.low, verdict.high),
        }
        for verdict in drawn
    ]
    order = [str(row["trial"]) for row in rows]
    place = alt.Y("trial:N", sort=order, title=None)
    base = alt.Chart(values(rows)).encode(
        y=place, tooltip=["trial:N", alt.Tooltip("shown:N", title="ratio, 95 %"), "word:N"]
    )
    ends = [float(v) for row in rows for v in (row["ratio"], row["low"], row["high"], 1.0) if v]
    margin = 1.12 * (max(ends) / min(ends)) ** 0.22
    scale = alt.Scale(type="log", nice=False, domain=[min(ends) / margin, max(ends) * margin])
    axis = alt.Axis(tickCount=5, format="~r", labelExpr="datum.label ? datum.label + '×' : ''")
    title = "ratio of energy per query (log)"
    colour = alt.Color(
        "word:N",
        title=None,
        scale=alt.Scale(
            domain=["lower", "higher", "not resolved"],
            range=[PHASES["host"], PHASES["prefill"], PHASES["idle"]],
        ),
    )
    one = (
        alt.Chart(values([{"one": 1}]))
        .mark_rule(style="reference")
        .encode(x=alt.X("one:Q", scale=scale, title=title, axis=axis))
    )
    bar = base.mark_rule(strokeWidth=2).encode(
        x=alt.X("low:Q", scale=scale), x2="high:Q", color=colour
    )
    dot = base.mark_point(shape="diamond", size=90, opacity=1).encode(
        x=alt.X("ratio:Q", scale=scale), color=colour
    )
    text = base.mark_text(align="center", dy=-12, fontSize=11, style="caption").encode(
        x=alt.X("ratio:Q", scale=scale), text="shown:N"
    )
    description = f"Energy per query against {reference}: " + "; ".join(
        f"{row['trial']} {row['shown']}, {row['word']}" for row in rows
    )
    return Figure(
        id="ratio",
        title="Against the reference",
        subtitle=f"Ratio to {reference}, paired by block, 95 % interval; left of 1× costs less",
        description=description,
        spec=finished(alt.layer(one, bar, dot, text), description, row_height(len(rows), 44)),
        columns=("trial", "ratio (95 %)", "word", "blocks"),
        rows=[
            (labels[v.trial], ratio(v.ratio, v.low, v.high), v.word, str(v.pairs)) for v in drawn
        ],
    )
