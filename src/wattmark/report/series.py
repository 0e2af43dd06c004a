"""What charts of several trials share: which are drawn, in which colours, on which axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.outcome import Test
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import reference_of
from wattmark.report.figure import Layers, Rows, finished, log_domain, log_ticks
from wattmark.report.format import DASH, MINUS, significant
from wattmark.report.spread import LOG_FROM

MOST_LINES = 6
"""Trials that one chart draws in colours of their own; the palette has seven."""
SEED = 0
HEIGHT = 230

Floats = NDArray[np.float64]


class Sheet:
    """One chart with its rows, which altair is given by name only.

    It would copy and check each row with every layer, which takes longer than all else.
    """

    def __init__(self) -> None:
        self._held: dict[str, Rows] = {}
        self._chart = Layers()

    def of(self, rows: Rows) -> alt.Chart:
        """A layer to be, of these rows; the same list again is not held twice."""
        for name, held in self._held.items():
            if held is rows:
                return alt.Chart(alt.NamedData(name=name))
        name = f"rows-{len(self._held)}"
        self._held[name] = rows
        return alt.Chart(alt.NamedData(name=name))

    def layered(self, *layers: alt.Chart) -> Sheet:
        """The layers of the chart, the lowest first."""
        self._chart = Layers(*layers)
        return self

    def apart(self) -> Sheet:
        """Each layer with a vertical axis of its own."""
        self._chart = Layers(*self._chart.layers, apart=True)
        return self

    def spec(self, description: str, height: int) -> dict[str, Any]:
        """As `figure.finished`, with the rows in it."""
        return {**finished(self._chart, description, height), "datasets": self._held}


def bounded(rows: Rows) -> Rows:
    """Those that have an interval: the very list where all of them do."""
    return (
        rows
        if all(row["low"] is not None for row in rows)
        else [row for row in rows if row["low"] is not None]
    )


def reference_first(
    group: Sequence[TrialSummary], able: Sequence[TrialSummary], most: int = MOST_LINES
) -> list[TrialSummary]:
    """At most `most` of the trials that can be drawn: the group's reference, then as planned."""
    reference = reference_of(group, "energy_per_query_j")
    ordered = sorted(able, key=lambda trial: trial is not reference)
    return ordered[:most]


def left_out(able: int, drawn: int, *, in_data: bool) -> list[str]:
    """Says how many trials a chart draws where it is not all, and if its data have the others."""
    if able == drawn:
        return []
    if in_data:
        return [f"{drawn} of {able} trials are drawn; the data have all of them."]
    return [f"{drawn} of {able} trials are drawn and in the data."]


def colour(order: Sequence[str]) -> alt.Color:
    """A colour for each trial, in this order."""
    return alt.Color(
        "trial:N",
        title=None,
        scale=alt.Scale(domain=list(order)),
        legend=alt.Legend(symbolOpacity=1) if len(order) > 1 else None,
    )


def rounded(value: float | None, digits: int = 5) -> float | None:
    """As many digits as a page can show; None stays None."""
    return None if value is None else float(f"{value:.{digits}g}")


def milli(highest: float) -> tuple[float, str]:
    """Factor and prefix of an axis: thousandths where nothing reaches one."""
    return (1000.0, "m") if highest < 1 else (1.0, "")


def axis_of(
    centres: Sequence[float], bounds: Sequence[float], grid: bool = True
) -> tuple[alt.Scale, alt.Axis, str]:
    """Scale, axis and a word for its title: logarithmic where the centres spread that far."""
    low, high = min(centres), max(centres)
    if low > 0 and high > LOG_FROM * low:
        domain, _ = log_domain(centres, [bound for bound in bounds if bound > 0], 3.0)
        ticks = log_ticks(*domain)
        scale = alt.Scale(type="log", nice=False, domain=domain, clamp=True)
        return scale, alt.Axis(values=ticks, format="~r", grid=grid), ", log"
    scale = alt.Scale(zero=False, nice=True)
    return scale, alt.Axis(tickCount=5, format="~r", grid=grid), ""


def some(length: int, most: int) -> NDArray[np.intp]:
    """Places of a seeded sample without replacement, in order; all where they are few."""
    if length <= most:
        return np.arange(length, dtype=np.intp)
    chosen = np.random.default_rng(SEED).choice(length, most, replace=False)
    return np.asarray(np.sort(chosen), dtype=np.intp)


def coefficient(test: Test) -> str:
    """A correlation with its interval: '+0.42 (+0.30 to +0.53)', or '–' with the reason."""
    if test.effect is None:
        return f"{DASH} ({test.why})" if test.why else DASH
    shown = f"{test.effect:+.2f}"
    if test.low is not None and test.high is not None:
        shown += f" ({test.low:+.2f} to {test.high:+.2f})"
    return shown.replace("-", MINUS)


def whole(value: float) -> str:
    """A count without a point ('12'), any other figure with three digits."""
    return str(int(value)) if value == int(value) and abs(value) < 10_000 else significant(value)
