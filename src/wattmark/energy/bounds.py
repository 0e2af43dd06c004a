"""Joules of many windows with their intervals, and how two edges make one interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from wattmark.energy.spacing import Floats, Ints

# How far outside the readings an edge may lie and still be told by the nearest one: as long as
# a call to a slow driver takes, since a stamp and its reading cannot be taken at once.
EDGE_TOLERANCE_S = 0.01


@dataclass(frozen=True)
class Bounds:
    """Joules of windows: `value` in [`low`, `high`], all of the windows' shape.

    The interval is meant to hold the truth 95 times in 100 (`benchmarks/coverage.py`).
    nan where not measured: an edge outside the samples, or a counter that lost joules.
    """

    value: Floats
    low: Floats
    high: Floats


def trapezoid_half_width(first: Floats, second: Floats) -> Floats:
    """Half-width at 95 % of the difference of two uniform errors of these full widths.

    The difference has a trapezoid for density: its tails hold (a − h)²/(w₀w₁) with
    a = (w₀ + w₁)/2, which gives h = a − √(0.05·w₀w₁); where that falls on the flat top
    (one width far greater than the other) h is 0.475 of the greater.
    """
    tail = (first + second) / 2 - np.sqrt(0.05 * first * second)
    flat = 0.475 * np.maximum(first, second)
    return np.asarray(np.where(tail >= np.abs(first - second) / 2, tail, flat))


def no_bounds(shape: tuple[int, ...]) -> Bounds:
    """Bounds of windows about which nothing is known."""
    nothing = np.full(shape, np.nan)
    return Bounds(nothing, nothing.copy(), nothing.copy())


def windows_ns(start_ns: ArrayLike, end_ns: ArrayLike) -> tuple[Ints, Ints]:
    """Both edges as arrays of shape (m,)."""
    return (
        np.atleast_1d(np.asarray(start_ns, dtype=np.int64)),
        np.atleast_1d(np.asarray(end_ns, dtype=np.int64)),
    )
