"""A counter's energy curve (measured joules, or a modelled counter).

A reading at t tells the energy at its last update, some time in [t − p, t] for an update
period p. Energy never falls, so at a stamp s the truth lies in a bracket: at least the last
reading before s, at most the first reading that is certainly newer than s. Where inside it is
not known, except that near a reading power × distance bounds it. The interval is both edges'
brackets added: their central 95 % would do for edges that fall anywhere, but work begins and ends
where readings are asked for, and there the truth lies at a bracket's end.

The bias −(p/2)(P₁ − P₀) of a reading's age is corrected: half of what it can have missed, at the
power of the spacing before it, is added. Where p is neither stated nor seen there is no
correction, as half of an unknown period would be a guess; the bracket still allows for it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from wattmark.energy.bounds import (
    EDGE_TOLERANCE_S,
    Bounds,
    no_bounds,
    windows_ns,
)
from wattmark.energy.events import (
    Events,
    backwards,
    frozen,
    jumps,
    lost_between,
    sampling_gaps,
)
from wattmark.energy.series import Series
from wattmark.energy.spacing import (
    Floats,
    Ints,
    counter_period,
    gaps,
    to_seconds,
    usual_spacing,
)
from wattmark.units import s_to_ns

# Power inside one spacing may exceed the highest mean power seen around it by this factor.
HEADROOM = 2.0
# And in the last update period before a reading, by this one.
STALE_HEADROOM = 1.25
# No two readings are closer than the clock can tell.
SHORTEST_S = 1e-9


@dataclass(frozen=True)
class _Knots:
    """Points of the curve: energy `value` was reached at some time in [low, high] (seconds)."""

    low: Floats
    high: Floats
    value: Floats
    best: Floats
    """The energy expected at `high`: the reading, and half of what it can have missed."""
    stale: Floats
    """The most that a reading taken at `high` can have missed, joules."""
    local_w: Floats
    """Highest mean power of the two spacings before and the two after."""


@dataclass(frozen=True)
class _Edge:
    """What is known of the energy at stamps: best estimate and bracket, joules."""

    best: Floats
    low: Floats
    high: Floats
    knot: Ints
    ceiling_w: Floats


class CounterCurve:
    """The curve of a Series that has energies. `between` is vectorised over windows."""

    unseen = 0.0

    def __init__(self, series: Series) -> None:
        given = np.isfinite(series.energy_j)
        time_ns, energy = series.time_ns[given], series.energy_j[given]
        # Of several readings with one stamp the last (the highest) is the newest.
        newest = np.append(np.diff(time_ns) > 0, True)[: time_ns.size]
        time_ns, energy = time_ns[newest], energy[newest]
        self.info = series.info
        self.method = "modelled" if series.info.kind == "estimate" else "counter"
        self.usable = time_ns.size >= 2
        self.tick_s = 0.0
        self.span_ns = (int(time_ns[0]), int(time_ns[-1])) if time_ns.size else (0, 0)
        self.events: tuple[Events, ...] = ()
        if not self.usable:
            return
        self._seconds: Floats = to_seconds(time_ns - time_ns[0])
        steps = np.diff(energy)
        fallen = steps < -self.info.quantum_j
        # The fall is taken out, so that windows on either side of it stay right; those that
        # hold it come out as not measured.
        self._energy: Floats = np.maximum.accumulate(
            energy - energy[0] - np.append(0.0, np.cumsum(np.where(fallen, steps, 0.0)))
        )
        self._period = counter_period(self.info, self._seconds, self._energy)
        self.tick_s = max(self._period.seconds, usual_spacing(self._seconds))
        self._knots = self._place_knots()
        self._gap = gaps(self._seconds, self._period.seconds)
        fallen |= lost_between(time_ns, series.lost_ns)
        self._backwards = backwards(time_ns, fallen, self._period.seconds)
        self.events = (
            self._backwards,
            sampling_gaps(time_ns, self._gap),
            jumps(self.info, time_ns, self._energy, self._period.seconds),
            frozen(self.info, time_ns, self._energy, self._period.seconds),
        )

    def between(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Bounds:
        """Joules between the stamps; see `curve.Curve`."""
        start, end = windows_ns(start_ns, end_ns)
        if not self.usable:
            return no_bounds(start.shape)
        first, second = self._edge(start), self._edge(end)
        value = second.best - first.best
        centre = (second.low + second.high - first.low - first.high) / 2
        widths = first.high - first.low, second.high - second.low
        # The whole bracket, not its central 95 %: work begins and ends right where a reading was
        # asked for, so the power steps there and the truth lies at the bracket's end.
        half = sum(widths) / 2
        high = np.minimum(centre + half, self._most(first, second, to_seconds(end - start)))
        known = (end >= start) & ~self._backwards.touched(start, end)
        known &= self._inside(start) & self._inside(end)
        return Bounds(
            value=np.where(known, value, np.nan),
            low=np.where(known, np.maximum(0.0, np.minimum(centre - half, value)), np.nan),
            high=np.where(known, np.maximum(high, value), np.nan),
        )

    def _inside(self, stamp_ns: Ints) -> NDArray[np.bool_]:
        tolerance = s_to_ns(EDGE_TOLERANCE_S)
        first, last = self.span_ns
        return (stamp_ns >= first - tolerance) & (stamp_ns <= last + tolerance)

    def _most(self, first: _Edge, second: _Edge, seconds: Floats) -> Floats:
        """The most a window can hold: no power above what is near it, for windows in one tick."""
        near = second.knot - first.knot <= 1
        ceiling = np.where(near, np.maximum(first.ceiling_w, second.ceiling_w), np.inf)
        if self.info.limit_w is not None:
            ceiling = np.minimum(ceiling, self.info.limit_w)
        with np.errstate(invalid="ignore"):  # 0 s × an unknown ceiling: nothing to cut off
            most = ceiling * seconds
        return np.where(np.isnan(most), np.inf, most)

    def _place_knots(self) -> _Knots:
        """One knot a distinct reading, and one at the end of a long stretch without change."""
        seconds, energy, period = self._seconds, self._energy, self._period.seconds
        at = np.flatnonzero(np.append(True, np.diff(energy) > 0))
        high = seconds[at]
        # A change seen by two polls happened between them.
        low = np.maximum(high - period, np.append(-np.inf, seconds[at[1:] - 1]))
        last_seen = seconds[np.append(at[1:] - 1, seconds.size - 1)]
        flat = last_seen - high > 2 * period
        flat_end = last_seen[flat] - period
        order = np.argsort(np.concatenate([high, flat_end]), kind="stable")
        high = np.concatenate([high, flat_end])[order]
        low = np.concatenate([low, flat_end])[order]
        value = np.concatenate([energy[at], energy[at][flat]])[order]
        middle = (low + high) / 2
        watts = np.diff(value) / np.maximum(np.diff(middle), max(period, SHORTEST_S))
        recent, latest = _power_before(middle, value, watts, period)
        best = value + recent * (high - low) / 2 if self._period.trusted else value
        return _Knots(
            low,
            high,
            value,
            best=np.maximum.accumulate(best),
            stale=STALE_HEADROOM * np.maximum(recent, latest) * (high - low),
            local_w=_highest_around(watts),
        )

    def _edge(self, stamp_ns: Ints) -> _Edge:
        knots, count = self._knots, self._knots.value.size
        s = to_seconds(stamp_ns - self.span_ns[0])
        before = np.searchsorted(knots.high, s, side="right") - 1
        after = before + 1
        a, b = np.maximum(before, 0), np.minimum(after, count - 1)
        has_a, has_b = before >= 0, after < count
        local = np.maximum(
            np.where(has_a, knots.local_w[a], 0), np.where(has_b, knots.local_w[b], 0)
        )
        ceiling = HEADROOM * local
        if self.info.limit_w is not None:
            ceiling = np.maximum(local, np.minimum(ceiling, self.info.limit_w))
        ceiling = np.where(self._in_gap(s), np.inf, ceiling)
        newer = np.searchsorted(knots.low, s, side="left")
        above = np.where(newer < count, knots.value[np.minimum(newer, count - 1)], np.inf)
        from_a = knots.value[a] + knots.stale[a] + _times(ceiling, s - knots.high[a])
        from_b = knots.value[b] + local * np.maximum(0.0, s - knots.low[b])
        above = np.minimum(above, np.where(has_a, from_a, np.inf))
        above = np.minimum(above, np.where(has_b & (s > knots.low[b]), from_b, np.inf))
        below = np.where(has_a, knots.value[a], -np.inf)
        back = local * (knots.high[b] - np.maximum(knots.low[b], s))
        back += _times(ceiling, np.maximum(0.0, knots.low[b] - s))
        below = np.maximum(below, np.where(has_b, knots.value[b] - back, -np.inf))
        best = self._best(s)
        quantum = self.info.quantum_j
        return _Edge(
            best, np.minimum(below, best), np.maximum(above, best) + quantum, before, ceiling
        )

    def _best(self, s: Floats) -> Floats:
        """The energy interpolated at s; beyond the outer knots their power goes on."""
        place, value = self._knots.high, self._knots.best
        best = np.interp(s, place, value)
        if place.size < 2:
            return best
        shortest = max(self._period.seconds, SHORTEST_S)
        for end, inner, beyond in ((-1, -2, s > place[-1]), (0, 1, s < place[0])):
            spacing = max(abs(place[end] - place[inner]), shortest)
            power = abs(value[end] - value[inner]) / spacing
            best = np.where(beyond, value[end] + power * (s - place[end]), best)
        return best

    def _in_gap(self, s: Floats) -> NDArray[np.bool_]:
        at = np.searchsorted(self._seconds, s, side="right") - 1
        between = (at >= 0) & (at < self._gap.size)
        return between & self._gap[np.clip(at, 0, self._gap.size - 1)]


def _times(ceiling: Floats, distance: Floats) -> Floats:
    """ceiling × distance, where no distance costs nothing even under an unknown ceiling."""
    with np.errstate(invalid="ignore"):  # inf × 0 is replaced
        return np.asarray(np.where(distance == 0, 0.0, ceiling * distance))


def _power_before(
    middle: Floats, value: Floats, watts: Floats, period_s: float
) -> tuple[Floats, Floats]:
    """For each knot the mean power before it: over at least three updates, and since the last knot.

    Readings closer than a few updates see one more or one less, which a longer stretch evens out.
    """
    if watts.size == 0:
        return np.zeros(value.shape), np.zeros(value.shape)
    latest = np.concatenate([watts[:1], watts])
    back = np.searchsorted(middle, middle - 3 * period_s, side="right") - 1
    back = np.clip(np.minimum(back, np.arange(value.size) - 1), 0, None)
    elapsed = middle - middle[back]
    enough = elapsed >= max(period_s, SHORTEST_S)
    recent = np.where(enough, (value - value[back]) / np.where(enough, elapsed, 1.0), latest)
    return recent, latest


def _highest_around(watts: Floats) -> Floats:
    """For each of n knots, the highest of the n − 1 mean powers that are next or next but one."""
    padded = np.pad(watts, 2)
    around = np.lib.stride_tricks.sliding_window_view(padded, 4)
    return np.asarray(around.max(axis=1), dtype=np.float64)
