"""How a sensor ticks, seen from its readings: update period, usual spacing, gaps, extremes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.schema import SensorInfo
from wattmark.units import NS_PER_S

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# A spacing this many times the usual one is a gap; below it, it is a busy scheduler.
GAP_FACTOR = 6.0


def to_seconds(nanoseconds: Ints) -> Floats:
    """Differences of stamps in seconds, exact to the nanosecond for 100 days."""
    return np.asarray(nanoseconds / NS_PER_S, dtype=np.float64)


@dataclass(frozen=True)
class Period:
    """The sensor's update period; `trusted` where it was stated or seen by faster polling."""

    seconds: float
    trusted: bool


def counter_period(info: SensorInfo, seconds: Floats, energy_j: Floats) -> Period:
    """The update period of a counter with readings at `seconds`, both of shape (n,).

    A stated period is believed unless polling at least twice as fast shows that the counter is
    slower. An unknown one is taken as the spacing of distinct values (its lower quartile: at
    low power a coarse quantum, not the clock, spaces them), which polling can only make too
    long, never too short.
    """
    stated = info.update_period_s
    observed, polled_faster = _observed(seconds, energy_j, 25, stated or 0.0)
    if stated is None:
        return Period(observed, polled_faster)
    slower = polled_faster and observed > 1.5 * stated
    return Period(observed if slower else stated, trusted=True)


def power_period(info: SensorInfo, seconds: Floats, power_w: Floats) -> Period:
    """The update period of a sensor of power, both of shape (n,).

    A stated one is believed: equal readings may be equal powers. For the same reason an unknown
    one is taken from the closest distinct values.
    """
    if info.update_period_s is not None:
        return Period(info.update_period_s, trusted=True)
    return Period(*_observed(seconds, power_w, 5, 0.0))


def _observed(
    seconds: Floats, values: Floats, percentile: float, stated_s: float
) -> tuple[float, bool]:
    """Spacing of distinct values, and whether polling was fast enough to see it."""
    usual = usual_spacing(seconds, stated_s)
    changes = seconds[1:][np.diff(values) != 0]
    if changes.size < 3:
        return usual, False
    observed = float(np.percentile(np.diff(changes), percentile))
    return observed, observed > 2 * usual


def usual_spacing(seconds: Floats, period_s: float = 0.0) -> float:
    """The spacing at which most of the time was sampled, in seconds; 0 for less than two readings.

    Readings within half a period of the sensor, where that is given, count as one: a burst of
    them, to see the moment of an update, is not how the time was sampled.

    Half of the sampled time lies in spacings up to it (pairs of readings close together, as at
    a region's edges, must not make ordinary polling look like gaps), unless a few spacings are
    so long that they hold half of the time themselves.
    """
    if period_s > 0:
        seconds = seconds[np.append(True, np.diff(np.floor(2 * seconds / period_s)) > 0)]
    spacings = np.sort(np.diff(seconds))
    if spacings.size == 0:
        return 0.0
    elapsed = np.cumsum(spacings)
    middle = min(int(np.searchsorted(elapsed, elapsed[-1] / 2)), spacings.size - 1)
    return float(min(spacings[middle], 10 * np.median(spacings)))


def gaps(seconds: Floats, period_s: float) -> NDArray[np.bool_]:
    """Which of the n − 1 spacings between `seconds` are gaps in sampling."""
    return np.diff(seconds) > GAP_FACTOR * max(usual_spacing(seconds, period_s), period_s)


def extremes(values: Floats, first: Ints, last: Ints) -> tuple[Floats, Floats]:
    """Least and greatest of `values[first:last + 1]` for many ranges (first ≤ last).

    The doubling table of range queries, level by level, so that memory stays O(n) for a
    million readings: a range is covered by two blocks of the greatest power of two within it.
    """
    low = np.empty(first.shape)
    high = np.empty(first.shape)
    length = last - first + 1
    level = np.frexp(length)[1] - 1
    least, greatest, block = values, values, 1
    for k in range(int(level.max(initial=-1)) + 1):
        if k:
            least = np.minimum(least[:-block], least[block:])
            greatest = np.maximum(greatest[:-block], greatest[block:])
            block *= 2
        here = level == k
        left, right = first[here], last[here] - block + 1
        low[here] = np.minimum(least[left], least[right])
        high[here] = np.maximum(greatest[left], greatest[right])
    return low, high
