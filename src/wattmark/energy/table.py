"""Joules of single spans read off a sensor's curve, and their sums: interpolation, no model.

Intervals add up linearly, not in quadrature: the spans of one name share their edges with their
neighbours, and a smear that favours one prefill over its decode favours them all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import Curve
from wattmark.energy.spacing import to_seconds
from wattmark.schema import Span
from wattmark.units import NS_PER_S

# A counter that stands still for more of a window than this has not measured it.
FROZEN_SHARE = 0.05


@dataclass(frozen=True)
class PhaseTable:
    """Joules of each of some spans (nan where not measured), and how they were found."""

    bounds: Bounds
    method: str
    """counter, integrated, modelled, or regressed."""

    def rows(self, start: int, end: int) -> PhaseTable:
        """The part of the table for these spans."""
        bounds = self.bounds
        cut = (each[start:end] for each in (bounds.value, bounds.low, bounds.high))
        return PhaseTable(Bounds(*cut), self.method)


@dataclass(frozen=True)
class Joules:
    """Seconds and joules of one figure, and how they were found; None where not measured."""

    seconds: float
    method: str
    value: float | None
    low: float = math.nan
    high: float = math.nan

    def no_more_than(self, whole: Joules) -> Joules:
        """The same, where it is part of `whole`."""
        if self.value is None or whole.value is None:
            return self
        return replace(self, high=max(self.value, min(self.high, whole.high)))


def phase_table(curve: Curve, spans: Sequence[Span]) -> PhaseTable:
    """Joules of each of these spans, interpolated on the curve at their stamps.

    Work during which the counter stood still for longer than a tick and than `FROZEN_SHARE` of
    it is not measured: the counter may rest until its first tick in the work, and no longer. Where
    it told later what had flowed, only windows that begin or end in between are not measured. Nor
    is a window across a leap of the counter that no power explains.
    """
    start, end = edges(spans)
    bounds = curve.between(start, end)
    dead = np.zeros(start.shape, dtype=np.bool_)
    jumped = dead.copy()
    for event in curve.events:
        if event.code in ("counter-frozen", "power-stuck"):
            longest_s = np.maximum(curve.tick_s, FROZEN_SHARE * to_seconds(end - start))
            dead |= event.holds(start, end) | (event.overlap_s(start, end) > longest_s)
        elif event.code == "counter-stalled":
            dead |= event.cut_s(start, end) > curve.tick_s
        elif event.code == "power-above-limit" and curve.method == "counter":
            # What a counter leapt by is in every window across it.
            jumped |= event.touched(start, end)
    work = np.array([span.name not in ("idle", "load") for span in spans], dtype=np.bool_)
    gone = (dead & work) | jumped
    # A counter that stands still under load has measured nothing: that is not a zero.
    bounds = Bounds(*(np.where(gone, np.nan, b) for b in (bounds.value, bounds.low, bounds.high)))
    return PhaseTable(bounds, curve.method)


def summed(group: Sequence[Span], table: PhaseTable) -> Joules:
    """All spans of a group together: not measured if one of them is not."""
    seconds = sum(span.end_ns - span.start_ns for span in group) / NS_PER_S
    bounds = table.bounds
    value = float(bounds.value.sum())
    if math.isnan(value):
        return Joules(seconds, table.method, None)
    if seconds == 0:
        return Joules(0.0, table.method, 0.0, 0.0, 0.0)
    return Joules(seconds, table.method, value, float(bounds.low.sum()), float(bounds.high.sum()))


def edges(spans: Sequence[Span]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Starts and ends of spans, of shape (len(spans),) each."""
    return (
        np.array([span.start_ns for span in spans], dtype=np.int64),
        np.array([span.end_ns for span in spans], dtype=np.int64),
    )


def by_name(spans: Sequence[Span]) -> dict[str, list[Span]]:
    """Spans by their name, in the order in which names first appear."""
    groups: dict[str, list[Span]] = {}
    for span in spans:
        groups.setdefault(span.name, []).append(span)
    return groups
