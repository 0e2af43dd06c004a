"""When a sensor updated, found from when its polls changed: the times that its readings are about.

Polling sees an update only to within the polling interval: somewhere between the last poll that
showed the old value and the first that shows the new one. Updates are nearly periodic, so their
common phase and period narrow that down far below the polling interval. Where polling is slower
than the updates, a reading is of unknown age and is taken at half a period before its stamp.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from scipy.special import ndtr

from wattmark.energy.series import Series
from wattmark.energy.spacing import (
    Floats,
    counter_period,
    gaps,
    power_period,
    to_seconds,
    usual_spacing,
)

# Polled this much faster than it updates, a sensor shows when it does.
SEEN_FACTOR = 1.5
# Of a stretch with fewer readings nothing is learnt about its phase.
FEWEST = 8
# Updates whose best straight line leaves the brackets by more than this share of their width
# wander, and are smoothed over this many neighbours on each side instead.
WANDER, NEIGHBOURS = 0.25, 8
# Brackets wider than this part of a period may count a step for two. Updates from which one period
# throughout is first found, and periods that are tried, as shares of what it is taken for.
CLEAR = 0.3
FIRST_COUNTED = 64
NEAR_PERIODS = np.linspace(0.8, 1.25, 226)
# Phases that are tried, as shares of a period, and updates that are asked for each.
PHASES, MOST_PHASED = np.arange(32) / 32, 2000

# How far outside of its two polls an update may lie: a share of their distance, and no more.
SLACK, MOST_SLACK_S = 0.02, 5e-4
# Jitters of ticks that are tried, as shares of a bracket; and the least probability of one.
JITTER_SHARES = (0.005, 0.02, 0.05, 0.1, 0.2, 0.4)
LEAST_LIKELY = 1e-12


@dataclass(frozen=True)
class Updates:
    """Updates of a sensor between two interruptions; all arrays of shape (n,).

    `value` holds joules or watts as read. The update lies in [low_s, high_s], and at `guess_s`
    by the common phase. `index` counts periods, from 0 in the middle of the stretch. `phased` is
    whether a shift common to all guesses is still to be found.
    """

    value: Floats
    low_s: Floats
    high_s: Floats
    guess_s: Floats
    index: Floats
    phased: bool

    def likelihood(self, shifts_s: Floats, jitter_s: float, drift_s: float = 0.0) -> Floats:
        """Log-likelihood of the brackets for each common shift, of shape (len(shifts_s),).

        A tick that strays by a normal error of SD `jitter_s` falls into its bracket with this
        probability. Polls in step with the ticks leave the shift open within a bracket's width,
        polls that are not narrow it down with every tick.
        """
        guess = self.guess_s + drift_s * self.index
        low = (self.low_s - guess)[:, None] - shifts_s
        high = (self.high_s - guess)[:, None] - shifts_s
        inside = ndtr(high / jitter_s) - ndtr(low / jitter_s)
        return np.asarray(np.log(np.maximum(inside, LEAST_LIKELY)).sum(axis=0))

    def jitter_s(self, shifts_s: Floats) -> float:
        """The jitter that makes the brackets likeliest, at the best of these shifts."""
        width = float(np.median(self.high_s - self.low_s))
        tried = [width * share for share in JITTER_SHARES]
        best = [float(self.likelihood(shifts_s, jitter).max()) for jitter in tried]
        return tried[int(np.argmax(best))]

    @property
    def reach(self) -> float:
        """The largest count of periods from the middle: the unit in which drift is fitted."""
        return max(1.0, float(np.abs(self.index).max()))

    def at(self, shift_s: float, drift_s: float = 0.0) -> Floats:
        """Update times if all guesses are late by `shift_s` and the period by `drift_s`."""
        moved = self.guess_s + shift_s + drift_s * self.index
        return np.clip(moved, self.low_s, self.high_s)

    @property
    def shift_sd_s(self) -> float:
        """How well brackets that fall at random tell the shift: the mean of n uniform errors."""
        width = float(np.sqrt(np.mean((self.high_s - self.low_s) ** 2)))
        return width / float(np.sqrt(12 * self.value.size))

    def earlier(self, lag_s: float) -> Updates:
        """The same, of a sensor whose readings speak of a time `lag_s` before the update."""
        return replace(
            self,
            low_s=self.low_s - lag_s,
            high_s=self.high_s - lag_s,
            guess_s=self.guess_s - lag_s,
        )

    def part(self, rows: slice) -> Updates:
        """Some of them, counted as before."""
        return Updates(
            self.value[rows],
            self.low_s[rows],
            self.high_s[rows],
            self.guess_s[rows],
            self.index[rows],
            self.phased,
        )


def find_updates(series: Series, origin_ns: int) -> list[Updates]:
    """The updates of a series, a stretch between gaps and losses each, in seconds since origin."""
    counts = bool(np.isfinite(series.energy_j).any())
    figures = series.energy_j if counts else series.power_w
    given = np.isfinite(figures)
    time_ns, value = series.time_ns[given], figures[given]
    newest = np.append(np.diff(time_ns) > 0, True)[: time_ns.size]
    time_ns, value = time_ns[newest], value[newest]
    if time_ns.size < FEWEST:
        return []
    seconds = to_seconds(time_ns - origin_ns)
    period_of = counter_period if counts else power_period
    period_s = period_of(series.info, seconds, value).seconds
    broken = gaps(seconds, period_s)
    if counts:
        broken |= np.diff(value) < -series.info.quantum_j
        at = np.searchsorted(seconds, to_seconds(series.lost_ns - origin_ns)) - 1
        broken[at[(at >= 0) & (at < broken.size)]] = True
    bounds = np.concatenate([[0], np.flatnonzero(broken) + 1, [seconds.size]])
    found = []
    for first, last in pairwise(bounds):
        part = slice(int(first), int(last))
        updates = _stretch(seconds[part], value[part], period_s)
        if updates is not None:
            found.append(updates)
    return found


def _stretch(seconds: Floats, value: Floats, period_s: float) -> Updates | None:
    if seconds.size < FEWEST:
        return None
    if period_s <= SEEN_FACTOR * usual_spacing(seconds):
        half = period_s / 2
        count: Floats = np.arange(seconds.size, dtype=np.float64) - seconds.size / 2
        return Updates(value, seconds - period_s, seconds, seconds - half, count, phased=False)
    changed = np.flatnonzero(np.diff(value) != 0) + 1
    low, high = seconds[changed - 1], seconds[changed]
    # An update that came while nothing was polled for longer than a period is not dated.
    dated = high - low < period_s
    low, high, changed = low[dated], high[dated], changed[dated]
    if changed.size < FEWEST:
        return None
    middle = (low + high) / 2
    # A poll is stamped a little before or after it is served: a tick may lie just outside.
    slack = np.minimum(MOST_SLACK_S, SLACK * (high - low))
    low, high = low - slack, high + slack
    index, guess = _periodic(middle, low, high, period_s)
    if _outside(guess, low, high) > WANDER * float(np.median(high - low)):
        guess = _smooth(index, low, high)
    return Updates(value[changed], low, high, guess, index - index.mean(), phased=True)


def _periodic(middle: Floats, low: Floats, high: Floats, period_s: float) -> tuple[Floats, Floats]:
    """How many periods each update is after the first, and the straight line through them.

    Two ways to count, of which that one is taken whose line leaves the brackets less: from step
    to step, which goes along with a period that wanders; and by one period throughout, which
    brackets that are no narrower than half of it do not lead astray.
    """
    counts = [_count(middle, period_s)]
    if (high - low).max() > CLEAR * period_s:
        counts.append(_count_evenly(low, high, period_s))
    lines: list[Floats] = [np.polyval(np.polyfit(n, middle, 1), n).astype(float) for n in counts]
    best = int(np.argmin([_outside(line, low, high) for line in lines]))
    return counts[best], lines[best]


def _outside(at: Floats, low: Floats, high: Floats) -> float:
    """How far times lie outside of their brackets (RMS), seconds."""
    outside = np.maximum(low - at, 0) + np.maximum(at - high, 0)
    return float(np.sqrt(np.mean(outside**2)))


def _count(middle: Floats, period_s: float) -> Floats:
    """How many periods each update is after the first, from step to step: shape (n,)."""
    steps = np.diff(middle)
    near = steps < 1.5 * period_s
    each = float(np.median(steps[near])) if near.sum() >= FEWEST else period_s
    index: Floats = np.append(0.0, np.cumsum(np.maximum(1.0, np.round(steps / each))))
    # The first count errs where many periods went by; a fit to it tells the period better.
    slope, start = np.polyfit(index, middle, 1)
    again = np.round((middle - start) / slope)
    return np.asarray(again if (np.diff(again) >= 1).all() else index, dtype=np.float64)


def _count_evenly(low: Floats, high: Floats, period_s: float) -> Floats:
    """How many periods each update is after the first, by one period throughout: shape (n,).

    A few updates show the period whose ticks leave their brackets least; the line through them
    counts twice as many, and so on.
    """
    middle, half = (low + high) / 2 - low[0], (high - low) / 2
    count = min(FIRST_COUNTED, middle.size)
    tried = (period_s * NEAR_PERIODS).tolist()
    found = [_phase(middle[:count], half[:count], each) for each in tried]
    best = int(np.argmin([outside for _, outside in found]))
    start, slope = found[best][0], tried[best]
    while True:
        index = np.round((middle[:count] - start) / slope)
        slope = float(np.polyfit(index, middle[:count], 1)[0])
        start, _ = _phase(middle[:count], half[:count], slope)
        if count == middle.size:
            return np.asarray(np.round((middle - start) / slope), dtype=np.float64)
        count = min(2 * count, middle.size)


def _phase(middle: Floats, half: Floats, period_s: float) -> tuple[float, float]:
    """The phase of even ticks that leave brackets least, and by how much (mean square), s².

    Two updates on one tick are as bad as a tick at the farthest from its bracket: where polls
    are half a period apart, ticks between two polls would fit at either.
    """
    middle, half = middle[-MOST_PHASED:], half[-MOST_PHASED:]
    periods = (middle[:, None] - period_s * PHASES) / period_s
    away = period_s * np.abs(periods - np.round(periods)) - half[:, None]
    twice = np.diff(np.round(periods), axis=0) < 1
    costs = np.mean(np.maximum(away, 0.0) ** 2, axis=0)
    costs += np.mean(twice, axis=0) * (period_s / 2) ** 2
    least = float(costs.min())
    alike = costs <= least + (PHASES[1] * period_s / 2) ** 2
    turn = np.angle(np.exp(2j * np.pi * PHASES[alike]).sum()) / (2 * np.pi)
    return float(turn * period_s), least


def _smooth(index: Floats, low: Floats, high: Floats) -> Floats:
    """Times that wander: each from the straight line through its neighbours' middles."""
    middle = (low + high) / 2
    k = np.arange(middle.size)
    first = np.clip(k - NEIGHBOURS, 0, None)
    last = np.clip(k + NEIGHBOURS + 1, None, middle.size)

    def moving(values: Floats) -> Floats:
        upto = np.append(0.0, np.cumsum(values))
        return np.asarray((upto[last] - upto[first]) / (last - first))

    x = index - index[0]
    y = middle - middle[0]
    mean_x, mean_y = moving(x), moving(y)
    spread = moving(x * x) - mean_x**2
    slope = (moving(x * y) - mean_x * mean_y) / np.where(spread > 0, spread, 1.0)
    return np.asarray(np.clip(mean_y + slope * (x - mean_x) + middle[0], low, high))
