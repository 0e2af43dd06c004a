"""Radar: the profile of a few configurations on absolute axes, each bound printed.

The rim is the better end of every axis, so a larger polygon is the better one; but bounds are
round figures in the metric's own unit, never the best of the set, and areas mean nothing. It is
made of lines in computed coordinates, and its circle stays one at any width.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import altair as alt

from wattmark.report.callouts import Align
from wattmark.report.contenders import Contender, alone, few, task_title
from wattmark.report.figure import CLIPPED, Figure, Layers, Rows, finished, values
from wattmark.report.format import figure
from wattmark.report.fronts_chart import legend_of
from wattmark.report.profiles import (
    Profile,
    bounds_said,
    cut,
    judged,
    profile_of,
    table_columns,
    table_rows,
)
from wattmark.report.scales import AbsoluteAxis, absolute_axis, named

MOST = 6
HEIGHT = 390
RINGS = (0.25, 0.5, 0.75, 1.0)
ASIDE = 0.022
"""Configurations stand this far beside each other on a spoke, in radii, so that bars are seen."""
LETTERS = 15
LINE = 12
RADIUS = "max(40, min(height / 2 - 64, width / 2 - 88))"
"""Pixels of a radius: what the words beside the rim leave of the chart."""


def radar_figure(index: int, trials: Sequence[Contender]) -> Figure | None:
    """The radar of one task; None where fewer than two configurations share three metrics."""
    profile = profile_of(trials)
    if profile is None:
        return None
    places = profile.first(MOST)
    drawn = [profile.trials[at] for at in places]
    axes = [
        absolute_axis(axis, [one.value(axis) for one in profile.trials], zero=True)
        for axis in profile.metrics
    ]
    description = f"Profiles, {task_title(drawn[0].trial)}, axes from worst to best: " + "; ".join(
        [bounds_said(axes), *(_said(one, axes) for one in drawn)]
    )
    return Figure(
        id=f"radar-{index}",
        title=f"Profiles: {task_title(drawn[0].trial)}",
        subtitle="Outwards is better; absolute axes, bounds printed; bars are 95 % intervals"
        + profile.energy,
        description=description,
        spec=finished(_chart(drawn, axes), description, HEIGHT),
        columns=table_columns(profile),
        rows=table_rows(profile, places),
        wide=True,
        notes=_notes(profile, places, axes),
    )


def _said(one: Contender, axes: Sequence[AbsoluteAxis]) -> str:
    return f"{one.name} {', '.join(figure(one.figure(axis.axis)) for axis in axes)}"


def _notes(profile: Profile, places: Sequence[int], axes: Sequence[AbsoluteAxis]) -> list[str]:
    notes = ["An area means nothing: it depends on the axes' order and bounds."]
    others = [one.name for at, one in enumerate(profile.trials) if at not in places]
    if others:
        over = f" over {judged(profile)}" if profile.judges else ""
        notes.append(
            f"{len(places)} of {len(profile.trials)} configurations are drawn, the Pareto set"
            f"{over} first. Left out: {few(others, 8)}; their figures are in the data."
        )
    if cut([profile.trials[at] for at in places], axes):
        notes.append(CLIPPED)
    return [*notes, *alone(one.trial for one in profile.trials), *profile.missing]


def _point(spoke: float, radius: float, aside: float = 0.0) -> tuple[float, float]:
    """Coordinates on a spoke, in radii; the first spoke points up, others follow clockwise."""
    cos, sin = math.cos(spoke), math.sin(spoke)
    return round(radius * cos - aside * sin, 4), round(radius * sin + aside * cos, 4)


def _spokes(axes: Sequence[AbsoluteAxis]) -> list[float]:
    return [math.pi / 2 - 2 * math.pi * at / len(axes) for at in range(len(axes))]


def _chart(drawn: Sequence[Contender], axes: Sequence[AbsoluteAxis]) -> Layers:
    spokes = _spokes(axes)
    bars, corners = _polygons(drawn, axes)
    names = [one.name for one in drawn]
    scale = alt.Scale(domain=names)
    colour = alt.Color("name:N", title=None, scale=scale, legend=legend_of(names))
    shape = alt.Shape("name:N", title=None, scale=scale, legend=legend_of(names))
    polygon = alt.Chart(values(corners)).encode(x=_x("x"), y=_y("y"), color=colour)
    layers: list[alt.Chart] = [
        *_web(spokes),
        polygon.mark_line(interpolate="linear-closed", strokeWidth=1.8, opacity=0.85).encode(
            order=alt.Order("at:Q")
        ),
    ]
    if bars:
        bar = alt.Chart(values(bars)).mark_rule(strokeWidth=3, opacity=0.4)
        layers.append(
            bar.encode(
                x=_x("x"),
                y=_y("y"),
                x2=alt.X2("x2"),
                y2=alt.Y2("y2"),
                color=colour,
            )
        )
    layers.append(
        polygon.mark_point(size=55, opacity=1).encode(
            shape=shape,
            tooltip=[
                alt.Tooltip("name:N", title="configuration"),
                alt.Tooltip("metric:N"),
                alt.Tooltip("shown:N", title="figure"),
            ],
        )
    )
    return Layers(*layers, *_words(axes, spokes))


def _x(name: str) -> alt.X:
    return alt.X(f"{name}:Q", axis=None, scale=_scale("width"))


def _y(name: str) -> alt.Y:
    return alt.Y(f"{name}:Q", axis=None, scale=_scale("height"))


def _scale(side: str) -> alt.Scale:
    """Radii from the centre to the chart's edge: the same pixels a radius both ways."""
    half = f"{side} / 2 / {RADIUS}"
    low, high = alt.expr(f"-({half})"), alt.expr(half)
    return alt.Scale(domainMin=low, domainMax=high, nice=False, zero=False)


def _polygons(drawn: Sequence[Contender], axes: Sequence[AbsoluteAxis]) -> tuple[Rows, Rows]:
    """Intervals as bars along the spokes, and corners."""
    bars: Rows = []
    corners: Rows = []
    for place, one in enumerate(drawn):
        aside = ASIDE * (place - (len(drawn) - 1) / 2)
        for at, (axis, spoke) in enumerate(zip(axes, _spokes(axes), strict=True)):
            found = one.figure(axis.axis)
            x, y = _point(spoke, axis.place(one.value(axis.axis)), aside)
            corners.append(
                {
                    "name": one.name,
                    "at": at,
                    "x": x,
                    "y": y,
                    "metric": named(axis.axis),
                    "shown": figure(found),
                }
            )
            if found.low is None or found.high is None:
                continue
            x, y = _point(spoke, axis.place(found.low), aside)
            x2, y2 = _point(spoke, axis.place(found.high), aside)
            bars.append({"name": one.name, "x": x, "y": y, "x2": x2, "y2": y2})
    return bars, corners


def _web(spokes: Sequence[float]) -> list[alt.Chart]:
    """Rings at quarters of the way, and the spokes."""
    rings: Rows = []
    for ring in RINGS:
        for at, spoke in enumerate(spokes):
            x, y = _point(spoke, ring)
            rings.append({"ring": ring, "at": at, "x": x, "y": y})
    ends: Rows = []
    for spoke in spokes:
        x, y = _point(spoke, 1.0)
        ends.append({"x": 0, "y": 0, "x2": x, "y2": y})
    faint: dict[str, Any] = {"style": "reference", "strokeDash": [1, 0], "opacity": 0.35}
    return [
        alt.Chart(values(rings))
        .mark_line(interpolate="linear-closed", **faint)
        .encode(x=_x("x"), y=_y("y"), detail=alt.Detail("ring:O"), order=alt.Order("at:Q")),
        alt.Chart(values(ends))
        .mark_rule(**faint)
        .encode(x=_x("x"), y=_y("y"), x2=alt.X2("x2"), y2=alt.Y2("y2")),
    ]


def _words(axes: Sequence[AbsoluteAxis], spokes: Sequence[float]) -> list[alt.Chart]:
    """Beside each spoke's end: the metric, and what rim and centre stand for."""
    sides: dict[tuple[Align, float], Rows] = {}
    for axis, spoke in zip(axes, spokes, strict=True):
        x, y = _point(spoke, 1.07)
        told = [
            f"{named(axis.axis)}{' (log)' if axis.log else ''}",
            f"rim {axis.words(axis.best)}",
            f"centre {axis.words(axis.worst)}",
        ]
        lines = [line for whole in told for line in textwrap.wrap(whole, LETTERS)]
        align: Align = "center" if abs(x) < 0.2 else "left" if x > 0 else "right"
        # A text hangs from its first line: above the circle it has to end at the rim.
        hung = len(lines) - 1 if y > 0.6 else 0 if y < -0.6 else (len(lines) - 1) / 2
        sides.setdefault((align, -LINE * hung), []).append(
            {"x": x, "y": y, "text": "\n".join(lines)}
        )
    return [
        alt.Chart(values(rows))
        .mark_text(
            style="caption",
            align=align,
            baseline="middle",
            dy=dy,
            lineBreak="\n",
            lineHeight=LINE,
            fontSize=10.5,
        )
        .encode(x=_x("x"), y=_y("y"), text=alt.Text("text:N"))
        for (align, dy), rows in sides.items()
    ]
