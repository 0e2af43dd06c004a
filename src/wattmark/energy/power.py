"""The energy curve of a sensor that tells power: integrated readings.

A reading at t is the mean power over a window w that ended at the last update, some time in
[t − p, t] for an update period p. Three kinds of sensors, by w:

- w ≈ p: readings × time since the last update are the joules themselves. The updates are knots
  of a `Path`, as a counter's are.
- w > p: every stretch is seen w/p times, smeared. Integrating the readings errs by w/8 of a step
  of power at an edge; `sharpen` finds the powers of single periods that explain the readings
  with the fewest steps, and how far it moved the joules tells how far they may be wrong.
- w < p: a part 1 − w/p of the time is never seen. Readings are samples; what lies between them
  is as uncertain as they scatter, and adds up at random: by half of the square of a step where
  readings jump to and fro, by a twelfth where they change once. A load whose period is
  commensurate with p is not random: its samples beat slowly, or show nothing at all. Beats are
  looked for (`events.slow_beats`); a load that is exactly in step cannot be found in readings.

An unknown w is looked for in the readings (`untold`). What is left of it costs a quarter of the
longest one possible × the difference of powers at each edge, either way.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from wattmark.energy.bounds import (
    EDGE_TOLERANCE_S,
    Bounds,
    no_bounds,
    windows_ns,
)
from wattmark.energy.events import (
    Events,
    above_limit,
    collapses,
    impossible_powers,
    nothing_at_all,
    sampling_gaps,
    slow_beats,
)
from wattmark.energy.held import power_updates
from wattmark.energy.instep import in_step
from wattmark.energy.path import Path, Stamped
from wattmark.energy.series import Series
from wattmark.energy.sharpen import sharpen
from wattmark.energy.spacing import (
    Floats,
    Ints,
    extremes,
    gaps,
    power_period,
    to_seconds,
    usual_spacing,
)
from wattmark.energy.ticks import TickTimes
from wattmark.energy.untold import found_window
from wattmark.schema import Span
from wattmark.units import ns_to_s

# Averaging over this many update periods or more: knots of one window each, not of one update.
OVERLAPPING = 1.5
# No finer than this part of a window are powers sharpened.
MOST_OVERLAP = 16
# Fewer ticks tell no period of their own, nor one that is so far from the stated one.
FEWEST_TICKS, PERIOD_TOLERANCE = 20, 0.02
# Of the joules that sharpening moved across an edge.
SHARPENED_WEIGHT = 0.022
# The same, more, by the share of a tick that updates may be off by, beyond the second one.
UNSURE_WEIGHT, SURE_SHARE = 1.3, 0.15
# The same, where the window had to be found too.
FOUND_WEIGHT = 0.15
# Readings that are samples: standard deviations of their sum that hold 95 %, for few of them.
SAMPLING_WEIGHT = 2.2
# How far the power of a load in step with the sensor may go below and above what is seen of it, in
# parts of it: nothing tells how high.
IN_STEP_BELOW, IN_STEP_ABOVE = 0.6, 1.5
# A load that an average over an unknown window shows as even may swing by this part of its power.
BLUR_SHARE = 0.04
# Power may vary by this part of itself in time that is not seen, if readings show it or not.
VARIATION = 0.35
# Of power's step between two samples × the time unseen: how much of it an edge may miss.
EDGE_WEIGHT = 0.65


class PowerCurve:
    """The curve of a Series that has powers alone. `between` is vectorised over windows."""

    method = "integrated"

    def __init__(self, series: Series, spans: Sequence[Span] = ()) -> None:
        given = np.isfinite(series.power_w)
        time_ns, power = series.time_ns[given], series.power_w[given]
        single = np.append(np.diff(time_ns) > 0, True)[: time_ns.size]
        time_ns, power = time_ns[single], power[single]
        self.info = series.info
        impossible = impossible_powers(series.info, time_ns, power)
        # A power that cannot be is no reading; the first one has no spacing and so no event.
        true = ~above_limit(series.info, power)
        time_ns, power = time_ns[true], power[true]
        self.usable = time_ns.size >= 2
        self.tick_s = self.unseen = 0.0
        self.span_ns = (int(time_ns[0]), int(time_ns[-1])) if time_ns.size else (0, 0)
        self.events: tuple[Events, ...] = ()
        if not self.usable:
            return
        seconds: Floats = to_seconds(time_ns - time_ns[0])
        period = power_period(self.info, seconds, power)
        self._window_s = self.info.averaging_window_s
        self.tick_s = max(period.seconds, usual_spacing(seconds))
        self._seconds, self._readings = seconds, power
        times, watts = power_updates(seconds, power, period.seconds, trusted=period.trusted)
        self._longest_s = 0.0
        if self._window_s is None:
            on_grid = np.interp(_grid(times.time, self.tick_s), times.time, watts)
            self._window_s, self._longest_s = found_window(on_grid, self.tick_s)
        self._blur_s = self._longest_s if self._window_s is None else 0.0
        self.unseen = max(0.0, 1 - (self._window_s or 0.0) / self.tick_s)
        self._moved: Floats = np.zeros(1)
        self._knots_s: Floats = np.zeros(1)
        self._path = self._lay(times, watts)
        self._place: Floats = times.time
        self._watts: Floats = watts
        self._count_noise(times, watts)
        gap = gaps(seconds, period.seconds)
        spacing = np.diff(seconds)
        self._gap_s: Floats = _cumulate(np.where(gap, spacing, 0.0))
        self._collapses = collapses(time_ns, power)
        self._beats = slow_beats(time_ns, power, self.tick_s, self.unseen)
        ticks: Floats = np.arange(times.time[0], seconds[-1], self.tick_s)
        self._in_step = in_step(spans, self.span_ns[0], ticks, self.tick_s, self._window_s or 0.0)
        swing = max(float(np.ptp(power)), IN_STEP_BELOW * float(power.mean()))
        self._swing_w = swing, max(swing, IN_STEP_ABOVE * float(np.quantile(power, 0.9)))
        self.events = (
            sampling_gaps(time_ns, gap),
            impossible,
            self._collapses,
            nothing_at_all(time_ns, power),
            self._beats,
        )
        if self.unseen > 0:
            self.events += (self._in_step.events(self.span_ns[0], self.tick_s, self._swing_w[1]),)

    def between(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Bounds:
        """Joules between the stamps; see `curve.Curve`."""
        start, end = windows_ns(start_ns, end_ns)
        if not self.usable:
            return no_bounds(start.shape)
        s0, s1 = to_seconds(start - self.span_ns[0]), to_seconds(end - self.span_ns[0])
        first, second = self._path.at(s0), self._path.at(s1)
        value = np.maximum(0.0, second.best - first.best)
        below, above = self._path.half_widths(first, second)
        more = self._noise(s0, s1)
        bridged = float(np.ptp(self._readings)) * self._through(self._seconds, self._gap_s, s0, s1)
        bridged = bridged + self._beating(start, end)
        hidden_s = self._in_step.hidden_s(s0, s1)
        more = np.hypot(
            more, np.hypot(self._edge_in_step(s0, first), self._edge_in_step(s1, second))
        )
        low = value - np.hypot(below, more) - bridged - self._swing_w[0] * hidden_s
        high = value + np.hypot(above, more) + bridged + self._swing_w[1] * hidden_s
        # A zero that is none may hide as much as was ever read.
        high = high + float(self._readings.max()) * self._collapses.overlap_s(start, end)
        if self.unseen > 0:
            # A window between two samples was not seen at all: any power of this run is possible.
            between = s1 - s0 < self.tick_s
            seconds = np.maximum(0.0, s1 - s0)
            low = np.where(between, np.minimum(low, self._readings.min() * seconds), low)
            high = np.where(between, np.maximum(high, self._readings.max() * seconds), high)
        if self.info.limit_w is not None:
            high = np.minimum(high, self.info.limit_w * (s1 - s0))
        last = ns_to_s(self.span_ns[1] - self.span_ns[0]) + EDGE_TOLERANCE_S
        known = (end >= start) & (s0 >= -EDGE_TOLERANCE_S) & (s1 <= last)
        return Bounds(
            value=np.where(known, value, np.nan),
            low=np.where(known, np.clip(low, 0.0, value), np.nan),
            high=np.where(known, np.maximum(high, value), np.nan),
        )

    def _lay(self, times: TickTimes, watts: Floats) -> Path:
        """The path through the joules that updates at `times` with `watts` tell."""
        window = self._window_s
        if window is not None and window >= OVERLAPPING * self.tick_s and not self._blur_s:
            return self._lay_overlapping(times, watts, window)
        gap = np.diff(times.time)
        if window is None or not 1 / OVERLAPPING <= window / self.tick_s <= OVERLAPPING:
            # Samples of the middles of their windows, and straight lines between them.
            joules = (watts[1:] + watts[:-1]) / 2 * gap
            lag_s = self._longest_s / 4 if window is None else window / 2
            times = TickTimes(times.time - lag_s, times.slack, times.shared)
        else:
            # A reading tells of one period before its update; of what was missed before that,
            # something between it and the last one.
            told = np.minimum(gap, self.tick_s)
            joules = watts[1:] * told + (watts[1:] + watts[:-1]) / 2 * (gap - told)
        return Path(times, _cumulate(joules))

    def _lay_overlapping(self, times: TickTimes, watts: Floats, window_s: float) -> Path:
        overlap = min(MOST_OVERLAP, max(2, round(window_s / self.tick_s)))
        at = _grid(times.time, window_s / overlap)
        step = float(at[1] - at[0])
        read = np.interp(at, times.time, watts)
        joules = _cumulate(sharpen(read, overlap) * step)
        knots = at[0] - overlap * step + step * np.arange(joules.size)
        # Integrating the readings as they are, each for the middle of its window.
        smooth = np.interp(knots, at - window_s / 2, _cumulate((read[1:] + read[:-1]) / 2 * step))
        self._moved, self._knots_s = joules - smooth, knots
        alike = np.ones(knots.shape)
        slack, shared = float(np.median(times.slack)), float(np.median(times.shared))
        return Path(TickTimes(knots, slack * alike, shared * alike), joules)

    def _count_noise(self, times: TickTimes, watts: Floats) -> None:
        """Cumulated variances of what lies between updates."""
        steps, gap = np.diff(watts), np.diff(times.time)
        window = self._window_s or 0.0
        # Updates that no poll saw tell nothing; one may be missed or seen twice by chance.
        miss = gap - max(window if window < OVERLAPPING * self.tick_s else 0.0, self.tick_s)
        missed = np.sqrt(np.where(miss > self.tick_s, miss**2, np.abs(miss) * self.tick_s))
        if window < self.tick_s / OVERLAPPING:
            hidden = np.minimum(gap, self.tick_s) * np.sqrt(self.unseen)
        else:
            hidden = np.zeros(gap.shape)
        self._once: Floats = _cumulate(steps**2 * (hidden**2 + missed**2) / 12)
        # Where a step lies between two samples is not known: nor on which side of an edge.
        vary = np.maximum(np.abs(steps), VARIATION * np.maximum(watts[1:], watts[:-1]))
        self._missing: Floats = np.append(vary * hidden, 0.0)
        to_and_fro = np.append(0.0, -steps[1:] * steps[:-1]) * hidden**2
        self._again: Floats = _cumulate(to_and_fro[: steps.size])

    def _noise(self, s0: Floats, s1: Floats) -> Floats:
        """Half-width at 95 % of what lay between updates, and of an unknown window."""
        once = self._through(self._place, self._once, s0, s1)
        again = self._through(self._place, self._again, s0, s1)
        half = SAMPLING_WEIGHT * np.sqrt(once + again)
        half = np.hypot(half, EDGE_WEIGHT * np.hypot(self._step_at(s0), self._step_at(s1)))
        # How much sharpening moved the joules at an edge is how much it may be wrong by, in part.
        moved = (np.interp(s, self._knots_s, self._moved) for s in (s0, s1))
        weight = FOUND_WEIGHT if self._longest_s else SHARPENED_WEIGHT
        # Updates of unknown time cannot be sharpened much.
        unsure = float(np.median(self._path.slack)) / self.tick_s
        weight += UNSURE_WEIGHT * max(0.0, unsure - SURE_SHARE)
        half = np.hypot(half, weight * np.hypot(*moved))
        if self._blur_s:
            half = np.hypot(half, self._blurred(s0) + self._blurred(s1))
        return np.asarray(half)

    def _edge_in_step(self, s: Floats, at: Stamped) -> Floats:
        """Joules that an edge within a cycle of the spans may be off by."""
        within = at.part if self.unseen == 0 else 0.5
        return self._in_step.edge_s(s, within) * self._path.watts[at.spacing]

    def _step_at(self, s: Floats) -> Floats:
        """The greatest unseen step of the three between samples around an edge, joules."""
        at = np.searchsorted(self._place, s, side="right") - 1
        count = self._place.size
        return extremes(
            self._missing, np.clip(at - 1, 0, count - 1), np.clip(at + 1, 0, count - 1)
        )[1]

    def _blurred(self, s: Floats) -> Floats:
        """What a window of unknown length may have taken to the other side of an edge."""
        reach = max(self._blur_s, self._window_s or 0.0) + self.tick_s
        first = np.searchsorted(self._place, s - reach, side="left")
        last = np.searchsorted(self._place, s + reach, side="right") - 1
        first, last = (np.clip(each, 0, self._place.size - 1) for each in (first, last))
        low, high = extremes(self._watts, np.minimum(first, last), np.maximum(first, last))
        return np.maximum((high - low) / 4, BLUR_SHARE * high) * self._blur_s

    def _beating(self, start: Ints, end: Ints) -> Floats:
        """Joules that a load in step with the updates may hide from its samples."""
        events = self._beats
        hidden = np.zeros(start.shape)
        touched = events.touched(start, end)
        if touched.any():
            first = np.searchsorted(events.end_ns, start[touched], side="right")
            last = np.searchsorted(events.start_ns, end[touched], side="left") - 1
            most = extremes(events.sizes, first, np.maximum(first, last))[1]
            swing_w = float(np.ptp(self._readings)) * self.unseen
            hidden[touched] = np.minimum(most, swing_w * to_seconds(end - start)[touched])
        return hidden

    def _through(self, place: Floats, cumulated: Floats, s0: Floats, s1: Floats) -> Floats:
        """How much of a cumulated quantity falls between two times."""
        upto = np.interp(s1, place, cumulated) - np.interp(s0, place, cumulated)
        return np.maximum(0.0, upto)


def _grid(times: Floats, step_s: float) -> Floats:
    """Even times from the first to the last of `times`, at the ticks that these follow.

    Between ticks readings change in a bent line, and steps would be blurred by interpolation.
    """
    number = np.round((times - times[0]) / step_s)
    if number[-1] >= FEWEST_TICKS:
        slope, first = np.polyfit(number, times, 1)
        if abs(slope / step_s - 1) < PERIOD_TOLERANCE:
            return np.asarray(first + slope * np.arange(number[-1] + 1))
    return np.asarray(times[0] + step_s * np.arange(max(2.0, number[-1] + 1)))


def _cumulate(pieces: Floats) -> Floats:
    return np.concatenate([np.zeros(1), np.cumsum(pieces)])
