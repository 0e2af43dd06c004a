"""The energy curve of a sensor that tells power: integrated readings.

A reading at t is the mean power over a window w that ended at the last update, some time in
[t − p, t], so it speaks of a time (p + w)/2 ago, and the readings are shifted by that. What
remains (p is here the greater of update period and polling interval):
- Edges. Where inside w + p the energy went is not known. A clean step of power at an edge errs
  by w/8 of it; pulses shorter than w hide their height, so no less than half of the power is
  taken as the step, and twice w/8 as the error. The age is known to ± p/2 only, and a shift of
  all readings costs that × (P₁ − P₀).
- Updates missed by polling add up at random.
- w < p: a part 1 − w/p of the time is never seen. Its power may lie anywhere between the
  lowest and the highest around, all of the time: the worst case, which length does not cure.
An unknown w counts as 0 for what is seen and as 1 s (the longest in use) for what is blurred.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from wattmark.energy.bounds import (
    EDGE_TOLERANCE_S,
    Bounds,
    no_bounds,
    trapezoid_half_width,
    windows_ns,
)
from wattmark.energy.events import Events, impossible_powers, sampling_gaps
from wattmark.energy.series import Series
from wattmark.energy.spacing import (
    Floats,
    extremes,
    gaps,
    power_period,
    to_seconds,
    usual_spacing,
)
from wattmark.units import ns_to_s

# The longest averaging window of a sensor in use (NVML on boards of the last years).
LONGEST_WINDOW_S = 1.0
# Power may vary by this part of itself within what a reading averages over.
VARIATION = 0.5
# Power in a short window may exceed the highest mean power read around it by this factor.
HEADROOM = 2.0


class PowerCurve:
    """The curve of a Series that has powers alone. `between` is vectorised over windows."""

    method = "integrated"

    def __init__(self, series: Series) -> None:
        given = np.isfinite(series.power_w)
        time_ns, power = series.time_ns[given], series.power_w[given]
        single = np.append(np.diff(time_ns) > 0, True)[: time_ns.size]
        time_ns, power = time_ns[single], power[single]
        self.info = series.info
        self.usable = time_ns.size >= 2
        self.tick_s = self.unseen = 0.0
        self.span_ns = (int(time_ns[0]), int(time_ns[-1])) if time_ns.size else (0, 0)
        self.events: tuple[Events, ...] = ()
        if not self.usable:
            return
        seconds: Floats = to_seconds(time_ns - time_ns[0])
        period = power_period(self.info, seconds, power)
        window = self.info.averaging_window_s
        self.tick_s = max(period.seconds, usual_spacing(seconds))
        self.unseen = max(0.0, 1 - (window or 0.0) / self.tick_s)
        self._blur_s = LONGEST_WINDOW_S if window is None else window
        self._shift_s = self.tick_s / 2 + (LONGEST_WINDOW_S / 2 if window is None else 0.0)
        age = period.seconds / 2 if period.trusted else 0.0
        self._place: Floats = seconds - age - (window or 0.0) / 2
        self._power: Floats = power
        spacing = np.diff(seconds)
        self._energy: Floats = _cumulate((power[1:] + power[:-1]) / 2 * spacing)
        # Polling that misses an update, or sees it late, errs by about a step of power × tick.
        noise = np.diff(power) * np.minimum(spacing, self.tick_s)
        self._variance: Floats = _cumulate(noise**2 / 12)
        gap = gaps(seconds, period.seconds)
        self._gap_s: Floats = _cumulate(np.where(gap, spacing, 0.0))
        self.events = (
            sampling_gaps(time_ns, gap),
            impossible_powers(self.info, time_ns, power),
        )

    def between(self, start_ns: ArrayLike, end_ns: ArrayLike) -> Bounds:
        """Joules between the stamps; see `curve.Curve`."""
        start, end = windows_ns(start_ns, end_ns)
        if not self.usable:
            return no_bounds(start.shape)
        s0, s1 = to_seconds(start - self.span_ns[0]), to_seconds(end - self.span_ns[0])
        seconds = s1 - s0
        value = np.maximum(0.0, self._at(s1) - self._at(s0))
        half = self._edges_and_noise(s0, s1)
        least, most = self._range(s0 - self.tick_s, s1 + self.tick_s)
        half += np.ptp(self._power) * self._through(self._gap_s, s0, s1)
        low = value - half - self.unseen * np.maximum(0.0, value - least * seconds)
        high = value + half + self.unseen * np.maximum(0.0, most * seconds - value)
        ceiling = HEADROOM * self._range(s0 - self._blur_s, s1 + self._blur_s)[1]
        if self.info.limit_w is not None:
            ceiling = np.minimum(ceiling, self.info.limit_w)
        high = np.minimum(high, np.maximum(value, ceiling * seconds))
        last = ns_to_s(self.span_ns[1] - self.span_ns[0]) + EDGE_TOLERANCE_S
        known = (end >= start) & (s0 >= -EDGE_TOLERANCE_S) & (s1 <= last)
        return Bounds(
            value=np.where(known, value, np.nan),
            low=np.where(known, np.maximum(0.0, low), np.nan),
            high=np.where(known, high, np.nan),
        )

    def _at(self, s: Floats) -> Floats:
        """The trapezoidal integral up to s; beyond the readings the outer powers go on."""
        place, power = self._place, self._power
        i = np.clip(np.searchsorted(place, s, side="right") - 1, 0, place.size - 2)
        inside = np.clip(s, place[0], place[-1])
        u = inside - place[i]
        rise = (power[i + 1] - power[i]) / (place[i + 1] - place[i])
        outside = np.where(s > inside, power[-1], power[0]) * (s - inside)
        return np.asarray(self._energy[i] + power[i] * u + rise * u**2 / 2 + outside)

    def _edges_and_noise(self, s0: Floats, s1: Floats) -> Floats:
        """Half-width at 95 % of both edges, of the readings' age and of missed updates."""
        first, second = self._edge_width(s0), self._edge_width(s1)
        noise = 1.96 * np.sqrt(self._through(self._variance, s0, s1))
        power = np.interp(s1, self._place, self._power) - np.interp(s0, self._place, self._power)
        aged = 0.95 * self._shift_s * np.abs(power)
        return np.asarray(np.sqrt(trapezoid_half_width(first, second) ** 2 + noise**2 + aged**2))

    def _edge_width(self, s: Floats) -> Floats:
        """Full width of the uniform error at an edge: the step of power there × the blur."""
        reach = self._blur_s + self.tick_s
        least, most = self._range(s - reach, s + reach)
        # Past the last reading's own time (it is a lag old) nothing is known but the range.
        beyond = np.maximum(0.0, s - self._place[-1])
        step = np.maximum(most - least, VARIATION * most)
        return np.asarray(step * ((self._blur_s + self.tick_s) / 2 + 2 * beyond))

    def _range(self, low_s: Floats, high_s: Floats) -> tuple[Floats, Floats]:
        """Least and greatest power of the readings that speak of [low_s, high_s]."""
        count = self._place.size
        first = np.clip(np.searchsorted(self._place, low_s, side="left"), 0, count - 1)
        last = np.clip(np.searchsorted(self._place, high_s, side="right") - 1, 0, count - 1)
        return extremes(self._power, np.minimum(first, last), np.maximum(first, last))

    def _through(self, cumulated: Floats, s0: Floats, s1: Floats) -> Floats:
        """How much of a cumulated quantity falls between two times."""
        upto = np.interp(s1, self._place, cumulated) - np.interp(s0, self._place, cumulated)
        return np.maximum(0.0, upto)


def _cumulate(pieces: Floats) -> Floats:
    return np.concatenate([np.zeros(1), np.cumsum(pieces)])
