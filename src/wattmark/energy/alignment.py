"""How late a meter is that is slow or elsewhere, seen by steps of load that are seconds apart.

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

A sensor that can be polled in milliseconds is probed instead (`probe`); `late` is for those of
which that finds no lag. Gain and offset of one meter against another are told by two probes
(`probe_compare`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from wattmark.energy.alignment_fit import Fit, Readings, fit, readings_of, switched
from wattmark.energy.probe import Figure, Probe
from wattmark.energy.probe_response import Load
from wattmark.energy.series import Series
from wattmark.energy.spacing import to_seconds
from wattmark.schema import Sample, SensorInfo

LONGEST_LAG_S = 60.0
# Of a probe's load: a meter that is later than this has told too little when it ends.
LONGEST_SHARE = 0.2


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


def align(meter: Series, steps: Sequence[LoadStep], longest_s: float | None = None) -> Alignment:
    """The lag of `meter` behind steps of load, given in any order on the meter's clock.

    Lags are looked for up to `longest_s`: None is the shortest time between two steps, beyond
    which a regular pattern says nothing; one of uneven pauses does.
    """
    if not steps:
        return Alignment()
    ordered = sorted(steps, key=lambda step: step.time_ns)
    origin_ns = ordered[0].time_ns
    times = to_seconds(np.array([step.time_ns - origin_ns for step in ordered], dtype=np.int64))
    pauses = np.diff(times)
    longest = [LONGEST_LAG_S, *(pauses[pauses > 0].tolist() if longest_s is None else [longest_s])]
    most = min(longest)
    signs = np.array([1.0 if step.up else -1.0 for step in ordered])
    readings = readings_of(meter, origin_ns)
    return _alignment(readings, fit(readings, switched(times, signs), (-most / 2, most)))


def late(found: Probe, info: SensorInfo, samples: Iterable[Sample], load: Load) -> Probe:
    """The probe with the lag that a slow meter shows behind a load of uneven steps, if any."""
    if found.lag_s is not None or info.kind == "estimate":
        return found
    levels = np.diff(load.level, prepend=load.level[:1])
    steps = [LoadStep(int(load.time_ns[k]), up=bool(levels[k] > 0)) for k in np.flatnonzero(levels)]
    series = Series.from_samples(replace(info, lag_s=None), samples)
    told = align(series, steps, longest_s=load.length_s * LONGEST_SHARE)
    if told.lag_s is None or told.low_s is None or told.high_s is None:
        return found
    reasons = {name: why for name, why in found.reasons.items() if name != "lag_s"}
    return replace(found, lag_s=Figure(told.lag_s, told.low_s, told.high_s), reasons=reasons)


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
