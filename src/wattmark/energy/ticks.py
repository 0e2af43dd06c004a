"""When a counter ticked: what polling shows of it, sharpened by ticks being nearly periodic.

A change of value seen by two polls happened between them, and no longer than an update period
before the second: a bracket as wide as the lesser of polling gap and period. But ticks are a
period apart. Where they can be numbered, bracket less number × period tells the same phase
again and again, and what some thirty neighbours have in common is much narrower, unless polling
keeps step with the ticks. What is left of it is wrong by the same amount for all of them: it
shifts a curve as a whole, which costs |P₁ − P₀| × the shift and not P × the shift.

Numbering fails where polls are slower than ticks and keep no step with them: then each tick has
its own bracket, narrowed only by ticks being at least a period apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.spacing import Floats, Ints

# Neighbours on either side from which a tick's phase is taken.
REACH = 15
# Fewer ticks tell no phase.
FEWEST = 8
# A period is believed to this part of itself when a bracket is carried from tick to tick.
PERIOD_TOLERANCE = 0.02
# Two that surely follow each other are a period apart to this part of it: timers are late.
NEXT_TOLERANCE = 0.1
# Length of the mean of the neighbours' phases on the circle (1: all equal, 0: anywhere).
LEAST_AGREEMENT = 0.5
# Parts of a period: brackets as narrow, or as near to their place, hold one tick alone.
SURE_WIDTH, SURE_PLACE = 0.7, 0.125
# No tick is truer than this part of a period (standard deviation): timers are not.
LEAST_JITTER = 0.01
# The same, where polls come too seldom to see how true they are.
UNSEEN_JITTER = 0.02


@dataclass(frozen=True)
class TickTimes:
    """When changes happened, seconds; all of shape (n,).

    `slack` is the utmost error of each by itself, `shared` of all neighbours by the same amount.
    """

    time: Floats
    slack: Floats
    shared: Floats


def tick_times(low: Floats, high: Floats, period_s: float) -> TickTimes:
    """The times of ticks that lie in (low, high], n disjoint brackets in order."""
    if period_s <= 0:
        return TickTimes((low + high) / 2, (high - low) / 2, np.zeros(low.shape))
    alone = _carried(*_followed(low, high, period_s), period_s)
    if low.size < FEWEST:
        return alone
    together, sound = _numbered(low, high, period_s)
    pairs = ((together.time, alone.time), (together.slack, alone.slack))
    time, slack = (np.where(sound, one, other) for one, other in pairs)
    # Of two neighbours numbered by different rules the order must hold.
    return TickTimes(np.maximum.accumulate(time), slack, np.where(sound, together.shared, 0.0))


def _numbered(low: Floats, high: Floats, period_s: float) -> tuple[TickTimes, NDArray[np.bool_]]:
    """Ticks by their number and a common phase, and which of them could be numbered."""
    middle, width = (low + high) / 2, high - low
    first, last, count = _around(low.size)
    resolved = float(np.median(width)) <= SURE_WIDTH * period_s
    if not resolved:
        # The brackets tell when polls came: only if those keep step is there one phase to them.
        first, last = np.zeros_like(first), np.full_like(last, low.size - 1)
        count = np.full_like(count, low.size)
    number, steady = _numbers(middle, period_s, first, last)
    # The true period, which none of the stated ones is exactly, where polling can see it.
    period = float(np.polyfit(number, middle, 1)[0]) if resolved else period_s
    place = period * number
    smooth = _mean(middle - place, first, last)
    astray = middle - place - smooth
    # A wide bracket that lies off its place may hold either of two ticks.
    sure = (width <= SURE_WIDTH * period) | (np.abs(astray) <= SURE_PLACE * period)
    sure &= np.append(True, np.diff(number) > 0) & np.append(np.diff(number) > 0, True)
    scatter = _mean(astray**2, first, last)
    own = np.sqrt(np.maximum(0.0, scatter - _mean(width**2, first, last) / 12))
    least = LEAST_JITTER if resolved else UNSEEN_JITTER
    slack = np.sqrt(3.0) * np.maximum(own, least * period)
    latest = float((low - place)[sure].max(initial=-np.inf))
    earliest = float((high - place)[sure].min(initial=np.inf))
    if latest < earliest < np.inf:
        phase, shared = np.full(low.shape, (latest + earliest) / 2), (earliest - latest) / 2
    else:
        # No one phase fits all: it is each neighbourhood's own, and so is its error. Brackets
        # that scatter less than by chance keep step with the polls and tell little together.
        phase, shared = smooth, 0.0
        bare = np.maximum(1 / count, 1 - scatter / np.maximum(width**2 / 12, 1e-300))
        slack = np.hypot(slack, width / 2 * np.sqrt(bare))
    times = TickTimes(
        np.clip(place + phase, low, high),
        np.minimum(slack, width / 2),
        np.minimum(shared, width / 2),
    )
    return times, sure & steady


def _carried(low: Floats, high: Floats, period_s: float) -> TickTimes:
    """Brackets narrowed by the neighbours': each tick is a period or more after the last."""
    place = period_s * (1 - PERIOD_TOLERANCE) * np.arange(low.size)
    later = np.maximum.accumulate(low - place) + place
    earlier = np.minimum.accumulate((high - place)[::-1])[::-1] + place
    # Ticks that are no period apart contradict each other: then each has its own bracket.
    sound = later < earlier
    low, high = np.where(sound, later, low), np.where(sound, earlier, high)
    return TickTimes((low + high) / 2, (high - low) / 2, np.zeros(low.shape))


def _followed(low: Floats, high: Floats, period_s: float) -> tuple[Floats, Floats]:
    """Brackets narrowed where a tick is surely the next: its value's forerunner was seen so late.

    A bracket narrower than a period begins at a reading of the value before it.
    """
    apart_s = period_s * (1 + NEXT_TOLERANCE)
    next_one = (high - low)[1:] < (1 - PERIOD_TOLERANCE) * period_s
    later = np.append(np.where(next_one, low[1:] - apart_s, -np.inf), -np.inf)
    earlier = np.append(np.inf, np.where(next_one, high[:-1] + apart_s, np.inf))
    later, earlier = np.maximum(low, later), np.minimum(high, earlier)
    sound = later < earlier
    return np.where(sound, later, low), np.where(sound, earlier, high)


def _numbers(
    middle: Floats, period_s: float, first: Ints, last: Ints
) -> tuple[Floats, NDArray[np.bool_]]:
    """Which multiple of the period each tick is, and where neighbours agree on their phase."""
    turns = np.exp(2j * np.pi * (middle - middle[0]) / period_s)
    around = _mean(turns.real, first, last) + 1j * _mean(turns.imag, first, last)
    phase = np.unwrap(np.angle(around)) / (2 * np.pi) * period_s
    number = np.round((middle - middle[0] - phase) / period_s)
    return number, np.abs(around) >= LEAST_AGREEMENT


def _around(count: int) -> tuple[Ints, Ints, Ints]:
    """First and last neighbour of each tick, as many on either side, and how many they are."""
    at = np.arange(count)
    reach = np.minimum(REACH, np.minimum(at, count - 1 - at))
    return at - reach, at + reach, 2 * reach + 1


def _mean(values: Floats, first: Ints, last: Ints) -> Floats:
    """The mean of `values[first:last + 1]`, relative to the first value for precision."""
    upto = np.append(0.0, np.cumsum(values - values[0]))
    return np.asarray((upto[last + 1] - upto[first]) / (last + 1 - first) + values[0])
