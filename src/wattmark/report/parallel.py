"""Parallel coordinates: every configuration over all metrics, the Pareto set highlighted.

Each axis is absolute and prints both its ends; the better end is on top, so that a line which is
higher on every axis dominates. Bars are the intervals of the highlighted lines.
"""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt

from wattmark.analysis.fronts import ON_THE_FRONT
from wattmark.report.contenders import Contender, alone, few, tally, task_title
from wattmark.report.figure import CLIPPED, Figure, Layers, Rows, finished, values
from wattmark.report.format import figure
from wattmark.report.fronts_chart import legend_of
from wattmark.report.profiles import (
    Profile,
    bounds_said,
    cut,
    highlighted,
    judged,
    profile_of,
    table_columns,
    table_rows,
)
from wattmark.report.scales import AbsoluteAxis, absolute_axis, named

MOST_LINES = 80
MOST_BRIGHT = 6
SAID = 6
QUIET = 0.3
HEIGHT = 340
ASIDE = 0.025
"""Highlighted lines stand this far beside each other, in distances between axes."""
LETTERS = 10
"""A line of an axis' title: as wide as a phone leaves room for."""
LINE = 12
TOP, BOTTOM = 1.3, -0.16


def parallel_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """The lines of one task; None where fewer than two configurations share three metrics."""
    profile = profile_of(trials)
    if profile is None:
        return None
    places = profile.first(MOST_LINES)
    bright = [at for at in highlighted(profile, MOST_BRIGHT) if at in places]
    axes = [
        absolute_axis(axis, [one.value(axis) for one in profile.trials], zero=False)
        for axis in profile.metrics
    ]
    title = task_title(profile.trials[0].trial)
    description = _description(profile, axes, bright, title)
    spec = finished(_chart(profile, places, bright, axes), description, HEIGHT)
    return Figure(
        id=f"parallel-{index}",
        title=f"All metrics: {title}",
        subtitle=f"{tally(profile.trials, profile.words)} · up is better on every axis"
        + profile.energy,
        description=description,
        spec=spec,
        columns=table_columns(profile),
        rows=table_rows(profile, places),
        wide=True,
        notes=_notes(profile, places, bright, axes),
    )


def _description(
    profile: Profile, axes: Sequence[AbsoluteAxis], bright: Sequence[int], title: str
) -> str:
    said = [
        f"{profile.trials[at].name} "
        + ", ".join(figure(profile.trials[at].figure(axis.axis)) for axis in axes)
        for at in bright[:SAID]
    ]
    rest = len(profile.trials) - len(said)
    return (
        f"All metrics, {title}, axes from worst to best: {bounds_said(axes)}; highlighted: "
        f"{'; '.join(said) or 'none'}" + (f"; {rest} more in the table" if rest else "")
    )


def _notes(
    profile: Profile,
    places: Sequence[int],
    bright: Sequence[int],
    axes: Sequence[AbsoluteAxis],
) -> list[str]:
    notes = []
    if profile.judges:
        doubt = ", dashed where that is not resolved" if _open(profile, bright) else ""
        notes.append(f"In colour: the Pareto set over {judged(profile)}{doubt}.")
    shown = [at for at, word in enumerate(profile.words) if word == ON_THE_FRONT]
    if more := [profile.trials[at].name for at in shown if at not in bright]:
        notes.append(f"In the set too, without a colour: {few(more)}.")
    if len(places) < len(profile.trials):
        notes.append(f"{len(places)} of {len(profile.trials)} configurations are drawn.")
    if cut([profile.trials[at] for at in bright], axes):
        notes.append(CLIPPED)
    return [*notes, *alone(one.trial for one in profile.trials), *profile.missing]


def _open(profile: Profile, bright: Sequence[int]) -> bool:
    return any(profile.words[at] != ON_THE_FRONT for at in bright)


def _chart(
    profile: Profile, places: Sequence[int], bright: Sequence[int], axes: Sequence[AbsoluteAxis]
) -> Layers:
    names = [profile.trials[at].name for at in bright]
    quiet = [at for at in places if at not in bright]
    layers: list[alt.Chart] = [_spines(len(axes))]
    x, y = _x(len(axes)), _y()
    if quiet:
        rows = [row for at in quiet for row in _points(profile, at, axes, 0.0)]
        faint = alt.Chart(values(rows)).encode(x=x, y=y)
        layers.append(
            faint.mark_line(style="reference", strokeDash=[1, 0], opacity=QUIET).encode(
                detail=alt.Detail("name:N"), order=alt.Order("at:Q"), tooltip=_tooltip()
            )
        )
    if bright:
        layers += _bright(profile, bright, names, axes)
    return Layers(*layers, *_words(axes))


def _bright(
    profile: Profile, bright: Sequence[int], names: Sequence[str], axes: Sequence[AbsoluteAxis]
) -> list[alt.Chart]:
    """The highlighted lines, with their intervals and points."""
    rows: Rows = []
    for place, at in enumerate(bright):
        aside = ASIDE * (place - (len(bright) - 1) / 2)
        rows += _points(profile, at, axes, aside)
    bars = [row for row in rows if row["low"] is not None]
    x, y = _x(len(axes)), _y()
    scale = alt.Scale(domain=list(names))
    colour = alt.Color("name:N", title=None, scale=scale, legend=legend_of(names))
    shape = alt.Shape("name:N", title=None, scale=scale, legend=legend_of(names))
    dash = alt.StrokeDash(
        "word:N",
        legend=None,
        scale=alt.Scale(domain=[ON_THE_FRONT, "not resolved"], range=[[1, 0], [5, 3]]),
    )
    base = alt.Chart(values(rows)).encode(x=x, y=y, tooltip=_tooltip())
    lines = base.mark_line(strokeWidth=2).encode(
        color=colour, detail=alt.Detail("name:N"), order=alt.Order("at:Q"), strokeDash=dash
    )
    bar = alt.Chart(values(bars)).mark_rule(strokeWidth=3, opacity=0.4)
    return [
        lines,
        *(
            [bar.encode(x=x, y=alt.Y("low:Q", axis=None), y2=alt.Y2("high"), color=colour)]
            if bars
            else []
        ),
        base.mark_point(size=50, opacity=1).encode(color=colour, shape=shape),
    ]


def _points(
    profile: Profile, at: int, axes: Sequence[AbsoluteAxis], aside: float
) -> list[dict[str, Any]]:
    """One configuration's places, 0 to 1, one row an axis."""
    one = profile.trials[at]
    rows = []
    for place, axis in enumerate(axes):
        found = one.figure(axis.axis)
        ends = (found.low, found.high)
        low, high = (None if end is None else round(axis.place(end), 4) for end in ends)
        rows.append(
            {
                "name": one.name,
                "word": profile.words[at],
                "at": place,
                "x": round(place + aside, 4),
                "y": round(axis.place(one.value(axis.axis)), 4),
                "low": None if None in ends else low,
                "high": None if None in ends else high,
                "metric": named(axis.axis),
                "shown": figure(found),
            }
        )
    return rows


def _tooltip() -> list[alt.Tooltip]:
    return [
        alt.Tooltip("name:N", title="configuration"),
        alt.Tooltip("metric:N"),
        alt.Tooltip("shown:N", title="figure"),
        alt.Tooltip("word:N", title="Pareto"),
    ]


def _x(count: int) -> alt.X:
    scale = alt.Scale(domain=[-0.5, count - 0.5], nice=False, zero=False)
    return alt.X("x:Q", axis=None, scale=scale)


def _y() -> alt.Y:
    return alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[BOTTOM, TOP], nice=False, zero=False))


def _spines(count: int) -> alt.Chart:
    rows = [{"x": at, "y": 0, "y2": 1} for at in range(count)]
    rule = alt.Chart(values(rows)).mark_rule(style="reference", strokeDash=[1, 0])
    spines: alt.Chart = rule.encode(x=_x(count), y=_y(), y2=alt.Y2("y2"))
    return spines


def _words(axes: Sequence[AbsoluteAxis]) -> list[alt.Chart]:
    """Each axis' title and better end above it, the worse end below."""
    found: dict[float, Rows] = {}
    for at, axis in enumerate(axes):
        title = [*textwrap.wrap(named(axis.axis), LETTERS), *(["(log)"] if axis.log else [])]
        best, worst = _broken(axis.words(axis.best)), _broken(axis.words(axis.worst))
        above = [*title, *best]
        found.setdefault(-8.0 - LINE * (len(above) - 1), []).append(
            {"x": at, "y": 1, "text": "\n".join(above)}
        )
        found.setdefault(12.0, []).append({"x": at, "y": 0, "text": "\n".join(worst)})
    x, y = _x(len(axes)), _y()
    return [
        alt.Chart(values(rows))
        .mark_text(
            style="caption",
            baseline="middle",
            dy=dy,
            lineBreak="\n",
            lineHeight=LINE,
            fontSize=10.5,
        )
        .encode(x=x, y=y, text=alt.Text("text:N"))
        for dy, rows in found.items()
    ]


def _broken(text: str) -> list[str]:
    """A bound, its unit below its figure where both would be too wide."""
    return [text] if len(text) <= LETTERS - 2 else text.split(" ", 1)
