"""What a chart of two metrics draws: its axes, and a row a configuration.

Shares that are (nearly) equal would hide each other: they are drawn a little apart, and the chart
says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from wattmark.analysis.axes import Axis
from wattmark.report.contenders import Contender, colours
from wattmark.report.figure import Rows
from wattmark.report.format import figure
from wattmark.report.scales import SHARE, ChartAxis, chart_axis
from wattmark.schema import Estimate

STEP = 0.022
"""Shares closer than this part of their axis are drawn apart, by this part."""
MOST_SHAPES = 8


@dataclass(frozen=True, kw_only=True)
class Pair:
    """Two metrics: `x`, of which less is better, and `y`.

    `judges` decide the front where they are others than the two; `why` says so. `joined` draws a
    line through the batch sizes of each kind, in place of the front of the values.
    """

    id: str
    title: str
    x: Axis
    y: Axis
    judges: tuple[str, str] | None = None
    why: str = ""
    joined: bool = False


class Layout(NamedTuple):
    """Both axes; what each point is coloured by, and the shapes for batches, where these tell."""

    x: ChartAxis
    y: ChartAxis
    hues: list[str] | None
    shapes: list[str]


def data_of(pair: Pair, drawn: Sequence[Contender], words: Sequence[str]) -> tuple[Layout, Rows]:
    """Axes and points; `place` is the height at which a point is drawn."""
    figures = [(one.figure(pair.x), one.figure(pair.y)) for one in drawn]
    share = pair.y.unit == SHARE
    y = chart_axis(pair.y, [both[1] for both in figures])
    x = chart_axis(pair.x, [both[0] for both in figures])
    hues = colours(drawn)
    sizes = sorted({one.trial.batch_size for one in drawn})
    shapes = 1 < len(sizes) <= MOST_SHAPES
    rows: Rows = [
        {
            "trial": one.name,
            "called": one.kind if shapes else one.name,
            "kind": one.kind,
            "hue": hues[at] if hues else "",
            "batch": one.batch,
            "size": one.trial.batch_size,
            "word": words[at],
            **_ends("x", x, figures[at][0]),
            **_ends("y", y, figures[at][1]),
        }
        for at, one in enumerate(drawn)
    ]
    for row in rows:
        row["place"] = row["y"]
    if share:
        step = STEP * (y.domain[1] - y.domain[0])
        if _dodge(rows, step):
            places = [row["place"] for row in rows]
            domain = min(y.domain[0], *places) - step, max(y.domain[1], *places) + step
            y = replace(y, domain=domain)
        else:
            y = replace(y, domain=(y.domain[0], y.domain[1] + step))
    return Layout(x, y, hues, [f"batch {size}" for size in sizes] if shapes else []), rows


def _ends(name: str, axis: ChartAxis, estimate: Estimate) -> dict[str, Any]:
    """A figure in its axis' unit; a bound of zero runs out of a logarithmic axis."""
    low, high = axis.shown(estimate.low), axis.shown(estimate.high)
    if axis.log and low is not None and low <= 0:
        low = axis.domain[0] / 10
    return {
        name: axis.shown(estimate.value),
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_shown": figure(estimate),
    }


def _dodge(rows: Rows, step: float) -> bool:
    """Give each row the height at which it is drawn; True where that is not its figure."""
    ordered = sorted(rows, key=lambda row: (row["y"], row["x"]))
    clusters: list[Rows] = []
    for row in ordered:
        if clusters and row["y"] - clusters[-1][-1]["y"] < step / 2:
            clusters[-1].append(row)
        else:
            clusters.append([row])
    for cluster in clusters:
        each = step * min(1.0, 8 / len(cluster))
        for position, row in enumerate(cluster):
            row["place"] = row["y"] + (position - (len(cluster) - 1) / 2) * each
    return any(len(cluster) > 1 for cluster in clusters)
