"""Share right against confidence: on the diagonal where a model knows what it knows."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import altair as alt

from wattmark.analysis.calibration import Calibration, calibration
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.summary import TrialSummary
from wattmark.report.figure import Figure, Rows
from wattmark.report.format import between, figure, number
from wattmark.report.labels import group_title
from wattmark.report.notes import confidence
from wattmark.report.perquery import PerQuery, both
from wattmark.report.series import HEIGHT, Sheet, reference_first, rounded, some
from wattmark.schema import Estimate

MOST_ANSWERS = 2_000
"""Answers that its error's interval resamples; of more, a seeded sample."""


def reliability_figure(
    group: Sequence[TrialSummary], labels: Mapping[str, str], read: PerQuery
) -> Figure | None:
    """Reliability diagram of the group's reference; None without confidence or scores.

    An answer counts once, with its mean over replicates: further ones are no new evidence.
    """
    able = [t for t in group if both(read.means.get(t.key), "confidence", "correct")[0].size]
    if not able:
        return None
    trial = reference_first(group, able, 1)[0]
    told, right = both(read.means.get(trial.key), "confidence", "correct")
    places = some(told.size, MOST_ANSWERS)
    found = calibration(told[places].clip(0, 1), right[places])
    if found is None:
        return None
    rows = _rows(found)
    label = labels[trial.key]
    description = f"Reliability of confidence, {group_title(trial)}, {label}: " + "; ".join(
        f"at {number(row['x'], '1')} right {row['shown']}" for row in rows
    )
    sampled = f" · a seeded sample of {MOST_ANSWERS} answers" if told.size > MOST_ANSWERS else ""
    return Figure(
        id="reliability",
        title="Does confidence know?",
        subtitle=f"{label}: share right by confidence, 95 % over answers; calibrated is on the "
        f"dashed line; a dot's size is its answers{sampled}",
        description=description,
        spec=_chart(rows).spec(description, HEIGHT),
        columns=("confidence", "answers", "mean confidence", "right (95 %)"),
        rows=[(r["bin"], str(r["n"]), number(r["x"], "1"), r["shown"]) for r in rows],
        notes=[f"Expected calibration error: {confidence(found)}."],
    )


def _rows(found: Calibration) -> Rows:
    return [
        {
            "bin": between(one.low, one.high),
            "x": rounded(one.confidence),
            "y": rounded(one.accuracy.mean),
            "low": rounded(one.accuracy.low),
            "high": rounded(one.accuracy.high),
            "n": one.n,
            "shown": figure(Estimate("right", *one.accuracy, CONFIDENCE, one.n, "1")),
        }
        for one in found.bins
        if one.accuracy is not None
    ]


def _chart(rows: Rows) -> Sheet:
    sheet = Sheet()
    # Classifiers are seldom unsure: the axis begins below the least sure bin.
    edge = min(0.8, math.floor(10 * min(row["x"] for row in rows)) / 10)
    axis = alt.Axis(format=".0%", tickCount=5)
    x = alt.X("x:Q", title="confidence", axis=axis, scale=alt.Scale(domain=[edge, 1], nice=False))
    y = alt.Y("y:Q", title="share right", axis=axis, scale=alt.Scale(domain=[0, 1]))
    ends = [{"x": at, "y": at} for at in (edge, 1.0)]
    line = sheet.of(ends).mark_line(style="reference").encode(x=x, y=y)
    base = sheet.of(rows).encode(
        x=x,
        tooltip=[
            alt.Tooltip("bin:N"),
            alt.Tooltip("n:Q"),
            alt.Tooltip("shown:N", title="right, 95 %"),
        ],
    )
    bar = base.mark_rule(strokeWidth=1.6, opacity=0.6).encode(
        y=alt.Y("low:Q", title="share right", axis=axis), y2=alt.Y2("high:Q")
    )
    size = alt.Size("n:Q", legend=None, scale=alt.Scale(range=[30, 220], zero=True))
    return sheet.layered(line, bar, base.mark_point(opacity=1).encode(y=y, size=size))
