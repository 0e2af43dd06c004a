"""A counter's energy curve (measured joules, or a modelled counter).

A reading at t tells the energy at its last update, some time in [t − p, t] for an update
period p. Its distinct values are knots of a `Path`: the joules there, at a time known to within
p or the polling gap, and better where ticks are seen to be periodic (`ticks`). Taking the middle
of that time corrects the bias −(p/2)(P₁ − P₀) of a reading's age. Between knots, `path` says
where the energy most likely went and how wrong that may be at 95 %.

Energy never falls: whatever the statistics say, a window holds at least what the last reading
before its end has over the first one certainly newer than its start, and at most the converse.
Where p is neither stated nor seen, any age up to the polling gap is allowed for.
"""

from __future__ import annotations

from collections.abc import Sequence
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
from wattmark.energy.instep import in_step
from wattmark.energy.path import Path, Stamped
from wattmark.energy.rounds import told_apart
from wattmark.energy.series import Series
from wattmark.energy.spacing import (
    Floats,
    Ints,
    counter_period,
    gaps,
    to_seconds,
    usual_spacing,
)
from wattmark.energy.ticks import TickTimes, tick_times
from wattmark.schema import Span
from wattmark.units import s_to_ns

# A counter that stands still for so many quanta's worth of time, at its mean power, rests.
REST_QUANTA = 3
# After standing still, a rise of this part of the mean power or more is an update that was late.
LATE_SHARE = 0.5


@dataclass(frozen=True)
class _Knots:
    """Distinct readings: energy `value` was reached at some time in (low, high], seconds."""

    low: Floats
    high: Floats
    value: Floats


@dataclass(frozen=True)
class _Edge:
    """What is known of the energy at stamps: on the path, and for certain, joules."""

    on_path: Stamped
    least: Floats
    most: Floats
    in_gap: NDArray[np.bool_]


class CounterCurve:
    """The curve of a Series that has energies. `between` is vectorised over windows."""

    unseen = 0.0

    def __init__(self, series: Series, spans: Sequence[Span] = ()) -> None:
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
        period_s = self._period.seconds
        self.tick_s = max(period_s, usual_spacing(self._seconds, period_s))
        self._knots, self._path = self._place_knots()
        self._gap = gaps(self._seconds, self._period.seconds)
        fallen |= lost_between(time_ns, series.lost_ns)
        self._backwards = backwards(time_ns, fallen, self._period.seconds)
        # A counter sees all of the time: what keeps step with it concerns the edges alone.
        ticks: Floats = np.arange(self._path.time[0], self._seconds[-1], self.tick_s)
        self._in_step = in_step(spans, self.span_ns[0], ticks, self.tick_s, self.tick_s)
        self.events = (
            *told_apart(self._backwards, series.faults),
            sampling_gaps(time_ns, self._gap),
            jumps(self.info, time_ns, self._energy, self._period.seconds),
            *frozen(self.info, time_ns, self._energy, self._period.seconds),
        )

    def between(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Bounds:
        """Joules between the stamps; see `curve.Curve`."""
        start, end = windows_ns(start_ns, end_ns)
        if not self.usable:
            return no_bounds(start.shape)
        first, second = self._edge(start), self._edge(end)
        value = np.maximum(0.0, second.on_path.best - first.on_path.best)
        below, above = self._half_widths(first, second)
        astray = np.hypot(self._edge_in_step(start, first), self._edge_in_step(end, second))
        below, above = np.hypot(below, astray), np.hypot(above, astray)
        quantum = self.info.quantum_j
        low = np.maximum(value - below, second.least - first.most - quantum)
        high = np.minimum(value + above, second.most - first.least + quantum)
        if self.info.limit_w is not None:
            high = np.minimum(high, self.info.limit_w * to_seconds(end - start))
        known = (end >= start) & ~self._backwards.touched(start, end)
        known &= self._inside(start) & self._inside(end)
        return Bounds(
            value=np.where(known, value, np.nan),
            low=np.where(known, np.clip(low, 0.0, value), np.nan),
            high=np.where(known, np.maximum(high, value), np.nan),
        )

    def _half_widths(self, first: _Edge, second: _Edge) -> tuple[Floats, Floats]:
        """Below and above; in a gap of sampling nothing but the bracket is known."""
        below, above = self._path.half_widths(first.on_path, second.on_path)
        blind = (first.in_gap | second.in_gap) & np.isfinite(first.least) & np.isfinite(second.most)
        return np.where(blind, np.inf, below), np.where(blind, np.inf, above)

    def _edge_in_step(self, stamp_ns: Ints, edge: _Edge) -> Floats:
        """Joules that an edge within a cycle of the spans may be off by."""
        at = edge.on_path
        cycle_s = self._in_step.edge_s(to_seconds(stamp_ns - self.span_ns[0]), at.part)
        return cycle_s * self._path.watts[at.spacing]

    def _inside(self, stamp_ns: Ints) -> NDArray[np.bool_]:
        tolerance = s_to_ns(EDGE_TOLERANCE_S)
        first, last = self.span_ns
        return (stamp_ns >= first - tolerance) & (stamp_ns <= last + tolerance)

    def _place_knots(self) -> tuple[_Knots, Path]:
        """One knot a distinct reading, and one at the end of a long stretch without change."""
        seconds, energy, period = self._seconds, self._energy, self._period.seconds
        at = np.flatnonzero(np.append(True, np.diff(energy) > 0))
        high = seconds[at]
        # A change seen by two polls happened between them.
        low = np.maximum(high - period, np.append(-np.inf, seconds[at[1:] - 1]))
        if self._period.trusted:
            times = tick_times(low, high, period)
        else:
            # Any period up to the polling gap: an age of a quarter of the gap on average.
            width = high - low
            times = TickTimes(high - width / 4, width / 2, np.zeros(width.shape))
        last_seen = seconds[np.append(at[1:] - 1, seconds.size - 1)]
        still_s = last_seen - high
        mean_w = (energy[-1] - energy[0]) / seconds[-1]
        rests = (still_s > 2 * period) & (still_s * mean_w > REST_QUANTA * self.info.quantum_j)
        # An update that came late tells what flowed meanwhile: nothing rested.
        rise = np.append(np.diff(energy[at]), 0.0)
        rests &= rise < LATE_SHARE * still_s * mean_w
        ends = last_seen[rests] - period
        order = np.argsort(np.concatenate([high, ends]), kind="stable")
        low, high = np.concatenate([low, ends])[order], np.concatenate([high, ends])[order]
        value = np.concatenate([energy[at], energy[at][rests]])[order]
        none = np.zeros(ends.size)
        time = np.concatenate([times.time, ends])[order]
        slack = np.concatenate([times.slack, none])[order]
        shared = np.concatenate([times.shared, none])[order]
        if value.size < 2:
            # It never moved: a path needs an end.
            time, low, high = (np.append(each, seconds[-1]) for each in (time, low, high))
            value, slack, shared = (np.append(each, each) for each in (value, slack, shared))
        path = Path(TickTimes(time, slack, shared), value, self.info.quantum_j)
        return _Knots(low, high, value), path

    def _edge(self, stamp_ns: Ints) -> _Edge:
        s = to_seconds(stamp_ns - self.span_ns[0])
        knots = self._knots
        older = np.searchsorted(knots.high, s, side="right")
        newer = np.searchsorted(knots.low, s, side="left")
        least = np.append(-np.inf, knots.value)[older]
        most = np.append(knots.value, np.inf)[newer]
        return _Edge(self._path.at(s), least, most, self._in_gap(s))

    def _in_gap(self, s: Floats) -> NDArray[np.bool_]:
        at = np.searchsorted(self._seconds, s, side="right") - 1
        between = (at >= 0) & (at < self._gap.size)
        return between & self._gap[np.clip(at, 0, self._gap.size - 1)]
