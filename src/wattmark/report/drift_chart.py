"""Does what is measured drift over the run? Each replicate in the order in which it was begun.

Trials cost differently, so each replicate stands as a ratio to its trial's own (geometric) mean.
The line is the slope that all trials share, with the 95 % interval of that slope; outliers are
ringed, and stay in every figure.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt

from wattmark.analysis.intervals import Interval
from wattmark.analysis.metrics import METRICS, Metric
from wattmark.analysis.outcome import Test
from wattmark.analysis.run_order import RunOrder, in_order, run_order_of_rows
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import Figure, Rows
from wattmark.report.format import DASH, number, provenance, ratio, significant
from wattmark.report.labels import group_title
from wattmark.report.series import HEIGHT, MOST_LINES, Sheet, coefficient, colour, rounded

Row = Mapping[str, Any]

HEADLINES = ("energy_per_query_j", "queries_per_s")
"""The metric of the verdict cards: joules, or speed where there are none."""
OTHERS = "the other trials"


def drift_figure(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    trials: Mapping[str, Sequence[Row]],
    starts: Mapping[tuple[str, int], int],
) -> Figure | None:
    """The headline metric of each replicate over the run's order; None below three replicates.

    `trials` are the rows of `trials` by key, `starts` as from `analysis.run_order`.
    """
    rows = in_order([row for trial in group for row in trials.get(trial.key, ())])
    for name in HEADLINES:
        metric = METRICS[name]
        told = [value for row in rows if (value := metric.of(row).value) is not None]
        if len(told) > 2 and min(told) > 0:
            found = run_order_of_rows(rows, metric, labels, starts)
            return _figure(group, labels, rows, metric, found)
    return None


def _figure(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    rows: Sequence[Row],
    metric: Metric,
    found: RunOrder,
) -> Figure:
    points = _points(group, labels, rows, metric, found)
    energy = metric.unit == "J"
    words = "; ".join(
        dict.fromkeys(provenance(t.provenance, t.gain_uncertainty) for t in group if t.provenance)
    )
    over = found.drift.over_all
    said = f"last to first {_ratio(over)}" if over else f"no slope: {found.drift.test.why}"
    description = (
        f"{metric.title} over the run order, {group_title(group[0])}, {len(points)} replicates: "
        f"{said}; {len(found.outliers.found)} outliers"
    )
    failed = sum(trial.n_failed for trial in group)
    return Figure(
        id="drift",
        title="Drift over the run",
        subtitle=f"{metric.title} of each replicate ÷ its trial's mean, in run order; the line is "
        "the common slope with its 95 %; rings are outliers" + (f" · {words}" if energy else ""),
        description=description,
        spec=_chart(points, _line(points, found), [labels[t.key] for t in group]).spec(
            description, HEIGHT
        ),
        columns=("what", "figure (95 %)", "p", "said"),
        rows=_table(found, metric),
        notes=[
            *found.notes,
            *([f"{failed} failed replicates have no place here."] if failed else []),
        ],
    )


def _points(
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    rows: Sequence[Row],
    metric: Metric,
    found: RunOrder,
) -> Rows:
    far = {outlier.place for outlier in found.outliers.found}
    named = {trial.key: labels[trial.key] for trial in group[:MOST_LINES]}
    logs: dict[str, list[float]] = {}
    told = [(place, row, metric.of(row).value) for place, row in enumerate(rows)]
    for _, row, value in told:
        if value is not None:
            logs.setdefault(row["trial_key"], []).append(math.log(value))
    centre = {key: math.exp(statistics.fmean(each)) for key, each in logs.items()}
    return [
        {
            "trial": named.get(row["trial_key"], OTHERS),
            "of": labels[row["trial_key"]],
            "replicate": row["replicate"],
            "order": row["run_order"],
            "y": rounded(value / centre[row["trial_key"]]),
            "far": place in far,
            "shown": number(value, metric.unit),
        }
        for place, row, value in told
        if value is not None
    ]


def _line(points: Rows, found: RunOrder) -> Rows:
    """The slope through the middle of the order, with those of its interval's ends."""
    slope = found.drift.per_run
    if slope is None or slope.low is None or slope.high is None:
        return []
    orders = [point["order"] for point in points]
    middle = statistics.fmean(orders)
    return [
        {
            "order": rounded(at),
            "y": rounded(slope.mean ** (at - middle)),
            "low": rounded(slope.low ** (at - middle)),
            "high": rounded(slope.high ** (at - middle)),
        }
        for at in (min(orders), middle, max(orders))
    ]


def _chart(points: Rows, line: Rows, named: Sequence[str]) -> Sheet:
    sheet = Sheet()
    seen = {point["trial"] for point in points}
    order = [name for name in (*named, OTHERS) if name in seen]
    x = alt.X(
        "order:Q",
        title="place in the run's order",
        scale=alt.Scale(zero=False, nice=False, padding=10),
        axis=alt.Axis(tickCount=6, tickMinStep=1, format="d", grid=False),
    )
    told: dict[str, Any] = {
        "title": "ratio to the trial's mean",
        "scale": alt.Scale(zero=False, nice=True),
        "axis": alt.Axis(tickCount=5, labelExpr="datum.label + '×'", format="~r"),
    }
    y = alt.Y("y:Q", **told)
    tips = [
        alt.Tooltip("of:N"),
        alt.Tooltip("replicate:Q"),
        alt.Tooltip("shown:N", title="measured"),
        alt.Tooltip("order:Q"),
    ]
    dots = (
        sheet.of(points)
        .mark_circle(size=42, opacity=0.85)
        .encode(x=x, y=y, color=colour(order), tooltip=tips)
    )
    layers = []
    if line:
        base = sheet.of(line).encode(x=x)
        band = base.mark_area(opacity=0.13, style="mean")
        layers += [
            band.encode(y=alt.Y("low:Q", **told), y2=alt.Y2("high:Q")),
            base.mark_line(style="interval", strokeWidth=1.4).encode(y=y),
        ]
    ringed = [point for point in points if point["far"]]
    if ringed:
        ring = sheet.of(ringed).mark_point(size=190, filled=False, style="interval", opacity=1)
        layers.append(ring.encode(x=x, y=y, tooltip=tips))
    return sheet.layered(*layers, dots)


def _table(found: RunOrder, metric: Metric) -> list[tuple[str, str, str, str]]:
    drift, hourly, near = found.drift, found.drift.per_hour, found.autocorrelation
    rows = [
        ("drift, last to first", _ratio(drift.over_all), _p(drift.test), drift.test.why),
        ("drift per hour", _ratio(hourly), "", "" if hourly else "no common clock or no slope"),
        (
            "neighbours alike (lag-1 autocorrelation)",
            coefficient(near.test),
            _p(near.test),
            ""
            if near.n is None or near.n_effective is None
            else f"{significant(near.n)} replicates of a trial tell as much as "
            f"{significant(near.n_effective)} independent ones",
        ),
        ("with temperature", coefficient(found.with_temperature), _p(found.with_temperature), ""),
        (
            "outliers",
            str(len(found.outliers.found)) if found.outliers.threshold else DASH,
            "",
            found.outliers.why
            or f"robust z beyond {significant(found.outliers.threshold or 0.0)}; none is dropped",
        ),
    ]
    return rows + [
        (
            f"outlier: {one.label}",
            number(one.value, metric.unit),
            "",
            f"{ratio(one.against)} its trial's median, robust z {significant(one.z)}",
        )
        for one in found.outliers.found
    ]


def _ratio(interval: Interval | None) -> str:
    return DASH if interval is None else ratio(interval.mean, interval.low, interval.high)


def _p(test: Test) -> str:
    return DASH if test.p_value is None else significant(test.p_value, 2)
