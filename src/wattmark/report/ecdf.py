"""Share of answers (or tokens) that came within a time: TTFT, and the time between tokens.

The curve is the empirical distribution over all replicates, drawn through a few hundred of its
quantiles. Diamonds are percentiles: the mean of the replicates' own, with a t-interval over
replicates where there are answers enough to bound that percentile.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.grouped import queries_needed
from wattmark.analysis.intervals import CONFIDENCE, mean_t
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.times import Key, Times
from wattmark.report.figure import Figure, Rows
from wattmark.report.format import figure
from wattmark.report.labels import group_title
from wattmark.report.series import (
    HEIGHT,
    Sheet,
    axis_of,
    bounded,
    colour,
    left_out,
    milli,
    reference_first,
    rounded,
)
from wattmark.schema import Estimate

SHARES = (0.5, 0.95, 0.99)
MOST_POINTS = 160

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Delay:
    """A time that is waited, and how its chart is called."""

    name: str
    title: str
    what: str
    axis: str


TTFT = Delay(name="ttft", title="Time to first token", what="answers", axis="time to first token")
ITL = Delay(
    name="itl", title="Inter-token latency", what="tokens", axis="time since the token before"
)


def delay_figure(
    delay: Delay,
    group: Sequence[TrialSummary],
    labels: Mapping[str, str],
    times: Mapping[Key, Times],
    said: str,
) -> Figure | None:
    """Of the trials' times; None where no trial has one. `said` tells what was read in part."""
    own: dict[str, list[Times]] = {}
    for key, replicate in sorted(times):
        own.setdefault(key, []).append(times[key, replicate])
    able = [trial for trial in group if trial.key in own]
    if not able:
        return None
    marks = {trial.key: percentiles(own[trial.key]) for trial in able}
    drawn = reference_first(group, able)
    description = f"{delay.title}, {group_title(group[0])}: " + "; ".join(
        f"{labels[trial.key]} median {figure(marks[trial.key][0])}" for trial in drawn
    )
    chart = _chart({trial.key: own[trial.key] for trial in drawn}, marks, labels, delay)
    return Figure(
        id=delay.name,
        title=delay.title,
        subtitle=f"Share of {delay.what} that came within a time, all replicates; diamonds: p50, "
        "p95, p99, means of the replicates' own with 95 %" + (f" · {said}" if said else ""),
        description=description,
        spec=chart.spec(description, HEIGHT),
        columns=("trial", "p50 (95 %)", "p95 (95 %)", "p99 (95 %)", delay.what),
        rows=[
            (
                labels[trial.key],
                *(figure(estimate) for estimate in marks[trial.key]),
                str(sum(one.seconds.size for one in own[trial.key])),
            )
            for trial in able
        ],
        notes=[
            *left_out(len(able), len(drawn), in_data=True),
            *dict.fromkeys(e.note for trial in able for e in marks[trial.key] if e.note),
        ],
    )


def percentiles(replicates: Sequence[Times]) -> list[Estimate]:
    """`SHARES` as means of the replicates' own percentiles, seconds, with t-intervals.

    No interval where a replicate has fewer answers than bound the percentile from above: the gaps
    within one answer are not independent, so that answers are counted, not gaps.
    """
    fewest = min(one.answers for one in replicates)
    found = []
    for share in SHARES:
        own = [float(np.quantile(one.seconds, share)) for one in replicates]
        mean, low, high = mean_t(own)
        needed, note = queries_needed(share), ""
        if fewest < needed:
            low = high = None
            note = f"{fewest} answers a replicate: an interval of p{100 * share:g} needs {needed}"
        bound = None if low is None else max(0.0, low)
        unit = f"p{100 * share:g}"
        found.append(Estimate(unit, mean, bound, high, CONFIDENCE, len(own), "s", note))
    return found


def curve(seconds: Floats) -> list[tuple[float, float]]:
    """(seconds, share of all that came within them) in order, from (least, 0) to (most, 1).

    Every step where there are few; else those of even shares, and more of the upper tail.
    """
    ordered = np.sort(seconds)
    if ordered.size <= MOST_POINTS:
        shares = np.arange(1, ordered.size + 1) / ordered.size
    else:
        tail = 1 - np.geomspace(0.05, max(1e-4, 1 / ordered.size), 24)
        shares = np.unique([*np.linspace(0, 0.95, MOST_POINTS - 25)[1:], *tail, 1.0])
    places = np.minimum(np.ceil(shares * ordered.size - 1e-9).astype(int), ordered.size) - 1
    # A value's last step is its share: equal values are one step.
    last = np.append(np.diff(ordered[places]) > 0, True)
    reached = np.searchsorted(ordered, ordered[places[last]], side="right") / ordered.size
    steps = zip(ordered[places[last]].tolist(), reached.tolist(), strict=True)
    return [(float(ordered[0]), 0.0), *steps]


def _chart(
    times: Mapping[str, Sequence[Times]],
    marks: Mapping[str, Sequence[Estimate]],
    labels: Mapping[str, str],
    delay: Delay,
) -> Sheet:
    sheet = Sheet()
    whole = {key: np.concatenate([one.seconds for one in parts]) for key, parts in times.items()}
    factor, prefix = milli(max(float(np.quantile(one, 0.95)) for one in whole.values()))
    points: Rows = [
        {"trial": labels[key], "x": rounded(factor * at), "share": rounded(share)}
        for key, seconds in whole.items()
        for at, share in curve(seconds)
    ]
    dots = [_dot(labels[key], mark, factor) for key in times for mark in marks[key]]
    scale, ticks, log = axis_of([point["x"] for point in points], [])
    place = alt.X("x:Q", title=f"{delay.axis} ({prefix}s{log})", scale=scale, axis=ticks)
    share = alt.Y(
        "share:Q",
        title=f"share of {delay.what}",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format=".0%", values=[0, 0.25, 0.5, 0.75, 1]),
    )
    hue = colour([labels[key] for key in times])
    line = (
        sheet.of(points)
        .mark_line(interpolate="step-after", strokeWidth=1.7)
        .encode(x=place, y=share, color=hue, order=alt.Order("share:Q"))
    )
    told_of = bounded(dots)
    shown = [
        alt.Tooltip("trial:N"),
        alt.Tooltip("percentile:N"),
        alt.Tooltip("shown:N", title="at"),
    ]
    base, told = (
        sheet.of(rows).encode(y=share, color=hue, tooltip=shown) for rows in (dots, told_of)
    )
    bar = told.mark_rule(strokeWidth=2.4, opacity=0.6).encode(
        x=alt.X("low:Q", scale=scale), x2=alt.X2("high:Q")
    )
    dot = base.mark_point(shape="diamond", size=48, opacity=1).encode(x=place)
    return sheet.layered(line, *([bar] if told_of else []), dot)


def _dot(label: str, mark: Estimate, factor: float) -> dict[str, Any]:
    low, high = (None if end is None else factor * end for end in (mark.low, mark.high))
    return {
        "trial": label,
        "percentile": mark.metric,
        "share": float(mark.metric.removeprefix("p")) / 100,
        "x": rounded(factor * (mark.value or 0.0)),
        "low": rounded(low),
        "high": rounded(high),
        "shown": figure(mark),
    }
