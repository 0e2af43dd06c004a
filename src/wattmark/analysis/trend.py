"""A slope over the order of the runs: does what is measured drift, and by how much over the run?

Each trial's own level is taken out first, by least squares with one column a trial, so that runs
of all trials stand in one series. The t-test is exact where the noise is normal and independent.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from wattmark.analysis.intervals import CONFIDENCE, Interval
from wattmark.analysis.linear import Columns, fit, indicators, present, response, rounding
from wattmark.analysis.outcome import Test
from wattmark.analysis.samples import Sample, Unusable, quiet


@dataclass(frozen=True, kw_only=True)
class Trend:
    """A slope over the order of the runs, and what it comes to over all of them.

    `per_run`, `per_hour` and `over_all` are factors on logarithms (1.02: 2 % up), else differences
    in the value's unit, with intervals; `over_all` is from the first run to the last. `test` is the
    t-test of the slope by run; `per_hour` is None where the runs' times are not comparable.
    """

    test: Test
    per_run: Interval | None = None
    per_hour: Interval | None = None
    over_all: Interval | None = None
    logs: bool = True


@dataclass(frozen=True, kw_only=True)
class _Slope:
    slope: float
    error: float
    df: int
    correlation: float

    @property
    def statistic(self) -> float:
        return self.slope / self.error

    @property
    def p_value(self) -> float:
        return float(2 * stats.t.sf(abs(self.statistic), self.df))

    def interval(self, scale: float, logs: bool) -> Interval:
        half = float(stats.t.ppf(0.5 + CONFIDENCE / 2, self.df)) * self.error * abs(scale)
        middle = self.slope * scale
        found = (middle, middle - half, middle + half)
        if logs:
            return Interval(*(math.exp(max(-700.0, min(700.0, power))) for power in found))
        return Interval(*found)


def drift(
    values: Sequence[float | None],
    order: Sequence[float] | None = None,
    *,
    trials: Sequence[Hashable] | None = None,
    hours: Sequence[float | None] | None = None,
    logs: bool = True,
    name: str = "drift",
) -> Trend:
    """The slope of `values` over their `order` (of runs; by default as they stand).

    `trials` labels the series that each have a level of their own, `hours` are on one clock.
    Values that are None were not measured and are left out. The t-test is exact where the noise is
    normal and independent; where it is autocorrelated, p is too small. Raises ValueError where
    lengths differ.
    """
    steps = list(range(len(values))) if order is None else list(order)
    labels = [0] * len(values) if trials is None else list(trials)
    if len({len(values), len(steps), len(labels), len(values if hours is None else hours)}) > 1:
        raise ValueError("each value needs one place in the order, one trial and one time")
    kept = present(values)
    if hours is not None and any(hours[k] is None for k in kept):
        hours = None
    title = f"t-test of {name} over the run order"
    try:
        with quiet():
            found = response([float(values[k] or 0.0) for k in kept], logs=logs)
            levels = indicators([labels[k] for k in kept])
            place = np.asarray([steps[k] for k in kept], dtype=np.float64)
            slope = _slope(found, place, levels, logs)
    except Unusable as problem:
        return Trend(test=Test(name=title, n=(len(kept),), why=str(problem)), logs=logs)
    per_hour = None
    if hours is not None:
        clock = np.asarray([float(hours[k] or 0.0) for k in kept])
        # Stamps may be all the same, and values may lie on a line over time but not over runs.
        with contextlib.suppress(Unusable):
            per_hour = _slope(found, clock, levels, logs).interval(1.0, logs)
    length = float(np.ptp(place))
    over_all = slope.interval(length, logs)
    return Trend(
        test=Test(
            name=title,
            statistic=slope.statistic,
            p_value=slope.p_value,
            df=(float(slope.df),),
            n=(len(kept),),
            effect=over_all.mean,
            effect_name="ratio of last to first" if logs else "difference of last and first",
            low=over_all.low,
            high=over_all.high,
        ),
        per_run=slope.interval(1.0, logs),
        per_hour=per_hour,
        over_all=over_all,
        logs=logs,
    )


def with_temperature(
    values: Sequence[float | None],
    degrees_c: Sequence[float | None],
    *,
    trials: Sequence[Hashable] | None = None,
    logs: bool = True,
) -> Test:
    """Does the metric go with the temperature, beyond the trials' levels?

    The effect is the partial correlation, with Fisher's interval. Both may follow the run order:
    a correlation says no cause. Raises ValueError where lengths differ.
    """
    if len({len(values), len(degrees_c), len(values if trials is None else trials)}) > 1:
        raise ValueError("each value needs one temperature and one trial")
    warm = set(present(degrees_c))
    kept = [k for k in present(values) if k in warm]
    name = "partial correlation with temperature"
    groups = [0 if trials is None else trials[k] for k in kept]
    try:
        with quiet():
            found = response([float(values[k] or 0.0) for k in kept], logs=logs)
            warmth = response([float(degrees_c[k] or 0.0) for k in kept], logs=False)
            slope = _slope(found, warmth, indicators(groups), logs)
    except Unusable as problem:
        return Test(
            name=name, n=(len(kept),), why=str(problem) if kept else "no temperature was read"
        )
    low = high = None
    if slope.df > 1:
        middle = math.atanh(slope.correlation)
        half = float(stats.norm.ppf(0.5 + CONFIDENCE / 2)) / math.sqrt(slope.df - 1)
        low, high = math.tanh(middle - half), math.tanh(middle + half)
    return Test(
        name=name,
        statistic=slope.statistic,
        p_value=slope.p_value,
        df=(float(slope.df),),
        n=(len(kept),),
        effect=slope.correlation,
        effect_name="partial correlation",
        low=low,
        high=high,
    )


def _slope(found: Sample, along: Sample, levels: Columns, logs: bool) -> _Slope:
    """Least squares of `found` on `along` beyond the trials' levels (Frisch and Waugh 1933)."""
    if found.size == 0:
        raise Unusable("no run has a value")
    rest, path = fit([levels], found), fit([levels], along)
    df = rest.df - 1
    if df < 1:
        raise Unusable("too few replicates for a slope beside the trials' levels")
    if float(np.abs(path.residuals).max()) <= rounding(along, logs=False):
        raise Unusable("no trial stands at two places of the order")
    if float(np.abs(rest.residuals).max()) <= rounding(found, logs=logs):
        raise Unusable("each trial's values are equal: nothing scatters")
    product = float(path.residuals @ rest.residuals)
    slope = product / path.rss
    left = rest.residuals - slope * path.residuals
    if float(np.abs(left).max()) <= rounding(found, logs=logs):
        raise Unusable("the values lie on a line: no scatter is left to test against")
    return _Slope(
        slope=slope,
        error=math.sqrt(float(left @ left) / df / path.rss),
        df=df,
        correlation=product / math.sqrt(path.rss * rest.rss),
    )
