"""How late a meter is, and how it counts, seen by steps of load or beside a faster sensor.

A load that is switched at known times makes a pattern u(t); a meter that is late by τ tells

    reading k ≈ base + drift · t_k + size · mean of u over [t_k − h_k − τ, t_k − τ]

with h_k the time since the reading before for a counter (the watts are its mean since then),
the averaging window for sampled power where it is known, and 0 where it is not. Base, drift and
size are least squares for each τ (`alignment_fit`), and τ is where the residual is least.

The lag is late beyond the update period, as `SensorInfo.lag_s` means it: where polling is fast
enough to see the ticks, they are what is compared; where it is not, half of a stated period is
taken off, and the interval is wider by the other half. A lag that the sensor's info states is
off the stamps already: what is found comes on top. Lags are told apart within the shortest time
between two steps, so keep that long, and the pauses uneven.

Beside a faster sensor u is that sensor's power, and the meter's lag is found first. Gain and
offset are then a straight line through plateaus (stretches in which the reference is steady),
since at a slope every error of time would pass for one of power.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from wattmark.energy.alignment_fit import Fit, Readings, fit, integrated, readings_of, switched
from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats, extremes, to_seconds, usual_spacing

LONGEST_LAG_S = 60.0
# A plateau is a stretch in which the reference moves by less than this part of its whole swing…
STEADY = 0.15
# …or this many times its noise, where that is more.
STEADY_NOISES = 6.0
LEAST_PLATEAU = 2
TOGETHER = 5
# Plateaus must lie apart by this part of the swing, or they are all on one level.
APART = 0.5


@dataclass(frozen=True, slots=True)
class LoadStep:
    """The moment (monotonic ns) at which a load was switched on (`up`) or off."""

    time_ns: int
    up: bool


@dataclass(frozen=True, slots=True)
class Alignment:
    """How late a meter is (s, with its 95 % interval), and the step that showed it (W).

    The lag is None where no step stands out of the noise, or where it may lie beyond the times
    that can be told apart. `noise_w` is the scatter of single readings around the pattern
    (standard deviation); None where there are too few of them.
    """

    lag_s: float | None = None
    low_s: float | None = None
    high_s: float | None = None
    step_w: float | None = None
    noise_w: float | None = None


@dataclass(frozen=True, slots=True)
class Against:
    """Meter ≈ gain × reference + offset_w, with 95 % intervals; and its lag behind the reference.

    The intervals are None with fewer than three plateaus, all of it where no step was seen. What
    the reference's own gain is off by is in none of them.
    """

    gain: float | None = None
    gain_low: float | None = None
    gain_high: float | None = None
    offset_w: float | None = None
    offset_low_w: float | None = None
    offset_high_w: float | None = None
    plateaus: int = 0
    alignment: Alignment = Alignment()


def align(meter: Series, steps: Sequence[LoadStep]) -> Alignment:
    """The lag of `meter` behind steps of load, given in any order on the meter's clock."""
    if not steps:
        return Alignment()
    ordered = sorted(steps, key=lambda step: step.time_ns)
    origin_ns = ordered[0].time_ns
    times = to_seconds(np.array([step.time_ns - origin_ns for step in ordered], dtype=np.int64))
    pauses = np.diff(times)
    most = min([LONGEST_LAG_S, *pauses[pauses > 0].tolist()])
    signs = np.array([1.0 if step.up else -1.0 for step in ordered])
    readings = readings_of(meter, origin_ns)
    return _alignment(readings, fit(readings, switched(times, signs), (-most / 2, most)))


def against(meter: Series, reference: Series, *, longest_lag_s: float = 30.0) -> Against:
    """Gain and offset of `meter` against a faster sensor of the same load."""
    curve = curve_of(reference)
    if not curve.usable:
        return Against()
    origin_ns = curve.span_ns[0]
    stamps = np.unique(reference.time_ns)
    # Polled as often as it updates, a sensor tells no rise and then a double one: some readings
    # together are even.
    stamps = stamps[::TOGETHER] if stamps.size > 2 * TOGETHER else stamps
    joules = curve.between(stamps[:-1], stamps[1:]).value
    if not np.isfinite(joules).all():
        return Against()  # joules that were lost leave no pattern to compare with
    knots = to_seconds(stamps - origin_ns)
    most = min(longest_lag_s, (knots[-1] - knots[0]) / 4)
    spacing = usual_spacing(knots)
    readings = readings_of(meter, origin_ns).within(knots[0] + most, knots[-1] - most)
    readings = readings.at_least(spacing)
    upto = np.concatenate([np.zeros(1), np.cumsum(joules)])
    found = fit(readings, integrated(knots, upto), (-most / 2, most))
    alignment = _alignment(readings, found)
    if found is None or alignment.lag_s is None:
        return Against(alignment=alignment)
    slack_s = found.high_s - found.low_s + spacing + readings.poll_s
    steady = _steady(readings, found.lag_s, slack_s, knots, joules)
    power = integrated(knots, upto)(readings.end_s - found.lag_s, readings.width_s)
    apart_w = APART * float(np.ptp(np.percentile(power, [5, 95])))
    return _line(power, readings.watts, steady, apart_w, alignment)


def _alignment(readings: Readings, found: Fit | None) -> Alignment:
    """The fit as a lag beyond the update period, wider by what polling could not see."""
    if found is None:
        return Alignment()
    if not found.seen or found.open_ended:
        return Alignment(step_w=found.size_w if found.seen else None, noise_w=found.noise_w)
    unseen_s = readings.unresolved_s / 2
    wider_s = unseen_s + readings.poll_s / 2
    return Alignment(
        lag_s=found.lag_s - unseen_s,
        low_s=found.low_s - unseen_s - wider_s,
        high_s=found.high_s - unseen_s + wider_s,
        step_w=found.size_w,
        noise_w=found.noise_w,
    )


def _steady(
    readings: Readings, lag_s: float, slack_s: float, knots: Floats, joules: Floats
) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which readings tell of a time in which the reference hardly moved."""
    watts = joules / np.diff(knots)
    swing = float(np.ptp(np.percentile(watts, [5, 95])))
    noise = float(np.median(np.abs(np.diff(watts)))) if watts.size > 1 else 0.0
    end = readings.end_s - lag_s + slack_s
    start = readings.end_s - lag_s - readings.width_s - slack_s
    first = np.clip(np.searchsorted(knots, start, side="right") - 1, 0, watts.size - 1)
    last = np.clip(np.searchsorted(knots, end, side="left") - 1, 0, watts.size - 1)
    least, most = extremes(watts, first, np.maximum(first, last))
    return np.asarray(most - least <= max(STEADY * swing, STEADY_NOISES * noise))


def _line(
    power: Floats,
    watts: Floats,
    steady: np.ndarray[tuple[int], np.dtype[np.bool_]],
    apart_w: float,
    alignment: Alignment,
) -> Against:
    """The straight line through the plateaus' means, each counted by its readings."""
    label = np.cumsum(np.append(True, ~steady[:-1] | ~steady[1:]))[steady]
    _, group, count = np.unique(label, return_inverse=True, return_counts=True)
    x = np.bincount(group, power[steady]) / count
    y = np.bincount(group, watts[steady]) / count
    kept = count >= LEAST_PLATEAU
    x, y, weight = x[kept], y[kept], count[kept].astype(np.float64)
    plateaus = int(x.size)
    if plateaus < 2 or float(np.ptp(x)) < apart_w:
        return Against(plateaus=plateaus, alignment=alignment)
    centre = np.average(x, weights=weight)
    spread = float(np.sum(weight * (x - centre) ** 2))
    gain = float(np.sum(weight * (x - centre) * y) / spread)
    offset = float(np.average(y, weights=weight) - gain * centre)
    if plateaus == 2:
        return Against(gain, offset_w=offset, plateaus=plateaus, alignment=alignment)
    residual = y - gain * x - offset
    variance = float(np.sum(weight * residual**2)) / (plateaus - 2)
    times = float(stdtrit(plateaus - 2, 0.975))
    gain_half = times * np.sqrt(variance / spread)
    offset_half = times * np.sqrt(variance * (1 / weight.sum() + centre**2 / spread))
    return Against(
        gain,
        gain - float(gain_half),
        gain + float(gain_half),
        offset,
        offset - float(offset_half),
        offset + float(offset_half),
        plateaus,
        alignment,
    )
