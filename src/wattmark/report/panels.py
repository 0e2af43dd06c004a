"""Several small plots in one chart, side by side, with one vertical axis and an axis each below.

A chart of its own kind, because a page's charts are as wide as their place: panels that Vega-Lite
lays out itself have a fixed width. Values are moved into their panel's stretch of one axis.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt

from wattmark.report.series import whole
from wattmark.report.spread import LOG_FROM

PAD = 0.1


@dataclass(frozen=True)
class Panel:
    """Values from `low` to `high` (`low` < `high`), drawn between `place` and `place` + 1."""

    title: str
    place: int
    low: float
    high: float

    @property
    def logs(self) -> bool:
        """Whether its axis is logarithmic."""
        return self.low > 0 and self.high > LOG_FROM * self.low

    def at(self, value: float) -> float:
        """Where on the common axis a value stands."""
        if self.logs:
            share = math.log(value / self.low) / math.log(self.high / self.low)
        else:
            share = (value - self.low) / (self.high - self.low)
        return round(self.place + PAD + (1 - 2 * PAD) * share, 4)

    def ticks(self) -> list[tuple[float, tuple[str, str]]]:
        """(place, two lines) of its labels: both ends, and the title between them."""
        title = f"{self.title} (log)" if self.logs else self.title
        return [
            (self.at(self.low), (whole(self.low), "")),
            (self.place + 0.5, ("", title)),
            (self.at(self.high), (whole(self.high), "")),
        ]


def panel_x(panels: Sequence[Panel]) -> alt.X:
    """The common axis, with each panel's own values below it.

    Titles are our own words: they become part of an expression.
    """
    ticks = [tick for panel in panels for tick in panel.ticks()]
    words = "''"
    for place, lines in reversed(ticks):
        told = ", ".join(f"'{line}'" for line in lines)
        words = f"datum.value < {place + 0.01:.3f} ? [{told}] : {words}"
    axis = alt.Axis(
        values=[place for place, _ in ticks], labelExpr=words, labelOverlap=False, grid=False
    )
    scale = alt.Scale(domain=[0, len(panels)], nice=False)
    return alt.X("x:Q", title=None, scale=scale, axis=axis)


def fences(panels: Sequence[Panel]) -> list[dict[str, float]]:
    """Where one panel ends and the next begins."""
    return [{"x": panel.place} for panel in panels[1:]]
