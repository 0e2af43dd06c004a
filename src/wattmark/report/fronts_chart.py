"""Two metrics against each other, with both intervals: who is on the front, and who may be.

Filled points are on the front (none may dominate them), hollow ones are dominated, what is
between is not resolved; see `analysis.fronts`. Lower is better on the horizontal axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import altair as alt

from wattmark.analysis.fronts import NOT_RESOLVED, ON_THE_FRONT, Member, front
from wattmark.report.callouts import Align, Point, callouts
from wattmark.report.contenders import (
    WORDS,
    Contender,
    alone,
    few,
    provenances,
    tally,
    task_title,
)
from wattmark.report.figure import CLIPPED, Figure, Layers, Rows, finished, values
from wattmark.report.format import figure
from wattmark.report.fronts_data import Layout, Pair, data_of
from wattmark.report.scales import named

HEIGHT = 280
MOST_POINTS = 120
MOST_CALLOUTS = 8
SAID = 8
"""Configurations that the alt text says one by one."""
LONGEST = 270
"""Pixels of a name in a legend: what a phone has room for."""
FILLED = (1.0, 0.45, 0.0)
"""How full a point is, in the order of `WORDS`."""


def front_figure(pair: Pair, trials: Sequence[Contender]) -> Figure | None:
    """The chart of one task's trials; None where fewer than two have both metrics."""
    both = [
        one for one in trials if None not in (one.figure(pair.x).value, one.figure(pair.y).value)
    ]
    if len(both) < 2:
        return None
    judges = pair.judges or (pair.x.name, pair.y.name)
    judged = front({str(k): one.trial.estimates for k, one in enumerate(both)}, judges).members
    words = [member.word for member in judged]
    order = sorted(range(len(both)), key=lambda at: WORDS.index(words[at]))[:MOST_POINTS]
    drawn, shown = [both[at] for at in sorted(order)], [words[at] for at in sorted(order)]
    layout, rows = data_of(pair, drawn, shown)
    chart = _chart(pair, drawn, rows, layout)
    description = _description(pair, both, words)
    energy = any(name in axis.name for axis in (pair.x, pair.y) for name in ("energy", "co2e"))
    said = [
        tally(both, words),
        "crosses are 95 % intervals",
        *([f"energy {provenances(one.trial for one in both)}"] if energy else []),
    ]
    return Figure(
        id=pair.id,
        title=f"{pair.title}: {task_title(trials[0].trial)}",
        subtitle=" · ".join(said),
        description=description,
        spec=finished(chart, description, HEIGHT),
        columns=("configuration", named(pair.x), named(pair.y), "Pareto", "dominated by"),
        rows=[
            (
                one.name,
                figure(one.figure(pair.x)),
                figure(one.figure(pair.y)),
                member.word,
                _by(member, both),
            )
            for one, member in zip(both, judged, strict=True)
        ],
        wide=True,
        notes=_notes(pair, trials, both, rows, layout),
    )


def _by(member: Member, both: Sequence[Contender]) -> str:
    """Who dominates it, or may."""
    others = few([both[int(name)].name for name in member.by])
    return f"perhaps {others}" if others and member.word == NOT_RESOLVED else others


def _notes(
    pair: Pair, trials: Sequence[Contender], both: Sequence[Contender], rows: Rows, layout: Layout
) -> list[str]:
    steps = "" if pair.joined else " Dashed: the front of the values alone, without intervals."
    notes = [f"Filled: on the front; half filled: not resolved; hollow: dominated.{steps}"]
    if pair.why:
        notes.append(pair.why)
    if any(row["place"] != row["y"] for row in rows):
        notes.append("Points of (nearly) equal height are drawn a little apart.")
    if layout.x.clipped or layout.y.clipped:
        notes.append(CLIPPED)
    if len(rows) < len(both):
        notes.append(f"{len(rows)} of {len(both)} configurations are drawn, the front first.")
    notes += alone(one.trial for one in both)
    missing = [one.name for one in trials if one not in both]
    if missing:
        notes.append(f"Without one of the two figures, so not drawn: {few(missing)}.")
    return notes


def _description(pair: Pair, both: Sequence[Contender], words: Sequence[str]) -> str:
    """Alt text: each point of a few, the front of many."""
    order = sorted(range(len(both)), key=lambda at: WORDS.index(words[at]))
    said = [
        f"{both[at].name} {figure(both[at].figure(pair.x))}, "
        f"{figure(both[at].figure(pair.y))}, {words[at]}"
        for at in order[:SAID]
    ]
    rest = f"; {len(both) - SAID} more in the table" if len(both) > SAID else ""
    head = f"{pair.title}, {task_title(both[0].trial)}"
    return f"{head} ({named(pair.x)}, {named(pair.y)}): {'; '.join(said)}{rest}"


def _chart(pair: Pair, drawn: Sequence[Contender], rows: Rows, layout: Layout) -> Layers:
    x = alt.X("x:Q", title=layout.x.title, scale=layout.x.scale, axis=layout.x.ticks)
    y = alt.Y("place:Q", title=layout.y.title, scale=layout.y.scale, axis=layout.y.ticks)
    names = list(dict.fromkeys(layout.hues or ()))
    base = alt.Chart(values(rows)).encode(
        tooltip=[
            alt.Tooltip("trial:N", title="configuration"),
            alt.Tooltip("x_shown:N", title=named(pair.x)),
            alt.Tooltip("y_shown:N", title=named(pair.y)),
            alt.Tooltip("word:N", title="Pareto"),
        ]
    )
    tinted = base
    if names:
        legend = legend_of(names) if len(names) > 1 else None
        scale = alt.Scale(domain=names)
        tinted = base.encode(color=alt.Color("hue:N", title=None, scale=scale, legend=legend))
    low_y = alt.Y("y_low:Q", title=layout.y.title, scale=layout.y.scale, axis=layout.y.ticks)
    down = tinted.mark_rule(strokeWidth=1.4, opacity=0.4, clip=layout.y.clipped).encode(
        x=x, y=low_y, y2=alt.Y2("y_high")
    )
    low_x = alt.X("x_low:Q", title=layout.x.title, scale=layout.x.scale, axis=layout.x.ticks)
    across = tinted.mark_rule(strokeWidth=1.4, opacity=0.6, clip=layout.x.clipped).encode(
        x=low_x, x2=alt.X2("x_high"), y=y
    )
    if pair.joined:
        line = tinted.mark_line(strokeWidth=1.6, opacity=0.55).encode(
            x=x, y=y, detail=alt.Detail("kind:N"), order=alt.Order("size:Q")
        )
    else:
        line = _steps(pair, drawn, rows, x, y)
    under = base.mark_point(style="halo", size=90, opacity=1, strokeWidth=1).encode(x=x, y=y)
    dots = [dot.encode(x=x, y=y) for dot in _dots(tinted, layout)]
    return Layers(down, across, line, under, *dots, *_callouts(rows, layout, x, y))


def _dots(tinted: alt.Chart, layout: Layout) -> list[alt.Chart]:
    """Points: hue by kind, shape by batch, filled by what the front says; the rim is always there.

    How full a point is has no legend in Vega-Lite; the notes say it.
    """
    filled = tinted.mark_point(size=90, opacity=1, strokeWidth=0).encode(
        fillOpacity=alt.FillOpacity(
            "word:N",
            legend=None,
            sort=list(WORDS),
            scale=alt.Scale(domain=list(WORDS), range=list(FILLED)),
        )
    )
    rim = tinted.mark_point(size=90, opacity=1, strokeWidth=1.8, filled=False)
    if not layout.shapes:
        return [filled, rim]
    shape = alt.Shape("batch:N", title=None, sort=layout.shapes, legend=alt.Legend(orient="bottom"))
    return [filled.encode(shape=shape), rim.encode(shape=shape)]


def legend_of(names: Sequence[str]) -> alt.Legend:
    """A legend with as many columns as the chart is wide for when it is drawn.

    Its container's width is known before the layout, the chart's own only after it.
    """
    entry = min(LONGEST, 7 * max(map(len, names))) + 34
    wide = "isFinite(containerSize()[0]) ? containerSize()[0] : 720"
    columns = alt.expr(f"max(1, floor(({wide}) / {entry}))")
    return alt.Legend(symbolOpacity=1, symbolStrokeWidth=2, labelLimit=LONGEST, columns=columns)


def _steps(pair: Pair, drawn: Sequence[Contender], rows: Rows, x: alt.X, y: alt.Y) -> alt.Chart:
    """The front that the values would have if each were known for certain."""
    certain = {
        str(at): {
            axis.name: replace(found, low=found.value, high=found.value, n=max(2, found.n))
            for axis in (pair.x, pair.y)
            for found in [one.figure(axis)]
        }
        for at, one in enumerate(drawn)
    }
    members = front(certain, (pair.x.name, pair.y.name)).on_the_front
    corners = sorted(({k: rows[int(at)][k] for k in ("x", "place")} for at in members), key=_x)
    line = alt.Chart(values(corners)).mark_line(style="reference", interpolate="step-after")
    steps: alt.Chart = line.encode(x=x, y=y)
    return steps


def _x(row: dict[str, Any]) -> float:
    return float(row["x"])


def _callouts(rows: Rows, layout: Layout, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Names beside the points on the front, those that have room; a shape tells the batch."""
    points = [
        Point(
            layout.x.place(row["x"]),
            layout.y.place(row["place"]),
            row["called"] if row["word"] == ON_THE_FRONT else "",
        )
        for row in rows
    ]
    sides: dict[tuple[Align, float, float], Rows] = {}
    for one in callouts(points, HEIGHT, MOST_CALLOUTS):
        row = {key: rows[one.at][key] for key in ("x", "place", "called")}
        sides.setdefault((one.align, one.dx, one.dy), []).append(row)
    return [
        alt.Chart(values(told))
        .mark_text(style=style, align=align, dx=dx, dy=dy)
        .encode(x=x, y=y, text=alt.Text("called:N"))
        for (align, dx, dy), told in sides.items()
        for style in ("halo", "caption")
    ]
