"""Intervals: run to run, of the measurement, both together, of a share, and of a ratio.

The unit of replication is the run (a fresh process). Run means of energy and time scatter
multiplicatively, so their logarithms get the t-interval: at five runs it covers 91 to 94 %,
where percentile and BCa bootstrap cover 79 to 83 %. The centre is the geometric mean, so that a
ratio of two centres is the centre of the ratio. What may be zero or negative by its nature (net
energy) has no logarithm, and gets the plain mean and t-interval, whatever its values happen to be.

All functions return plain floats; a bound that cannot be said is None.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from scipy import special

CONFIDENCE = 0.95
LARGEST = 1e300
"""No bound lies beyond it, so that one in milli-units is still a number."""


class Interval(NamedTuple):
    """A centre with its bounds; None where there are too few replicates to say."""

    mean: float
    low: float | None
    high: float | None


def mean_log_t(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Geometric mean and t-interval of the logarithms; one value has no interval.

    Raises ValueError on no values, or on values that are not finite and positive.
    """
    sample = _finite(values)
    if sample.min() <= 0:
        raise ValueError("a logarithm needs positive values")
    centre, half = _mean_t(np.log(sample), confidence)
    if half is None:
        return Interval(_exp(centre), None, None)
    return Interval(_exp(centre), _exp(centre - half), _exp(centre + half))


def mean_t(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Plain mean and t-interval, for figures that may be zero or negative (net energy).

    One value has no interval. Raises ValueError on no values or on values that are not finite.
    """
    centre, half = _mean_t(_finite(values), confidence)
    if half is None:
        return Interval(centre, None, None)
    return Interval(centre, centre - half, centre + half)


def mean_with_measurement(
    values: Sequence[float],
    lows: Sequence[float | None],
    highs: Sequence[float | None],
    *,
    logs: bool = True,
    confidence: float = CONFIDENCE,
) -> Interval:
    """The run-to-run interval widened by the mean measurement half-width, in quadrature.

    `lows`/`highs` bound each replicate's own value. `logs` belongs to the metric, never to the
    data: an estimator that changes with its sample has no known centre. The measurement's
    half-width is *not* divided by √n: what a sensor adds by its windows (lag, gaps) can be the
    same in every replicate. Its random part is also in the scatter and so counts twice; the
    interval errs on the wide side. Each side is widened on its own; on logarithms, a measurement
    that reaches down to zero puts the lower bound there. One replicate has the measurement's
    interval only. Raises ValueError as `mean_log_t` and `mean_t` do.
    """
    centre = mean_log_t(values, confidence) if logs else mean_t(values, confidence)
    bounded = [
        (value, low, high)
        for value, low, high in zip(values, lows, highs, strict=True)
        if low is not None and high is not None
    ]
    if not bounded:
        return centre
    mean, low, high = centre
    if logs:
        runs = 0.0 if low is None or high is None else _log(high, low) / 2
        below = math.hypot(runs, _average(_log(v, lo) for v, lo, _ in bounded))
        above = math.hypot(runs, _average(_log(hi, v) for v, _, hi in bounded))
        return Interval(mean, mean * _exp(-below), _product(mean, _exp(above)))
    half = 0.0 if high is None else high - mean
    below = math.hypot(half, _average(v - lo for v, lo, _ in bounded))
    above = math.hypot(half, _average(hi - v for v, _, hi in bounded))
    return Interval(mean, mean - below, mean + above)


def wilson(correct: float, n: int, confidence: float = CONFIDENCE) -> Interval:
    """Wilson's score interval of a share `correct / n` (Wilson 1927); `correct` may be a mean.

    Raises ValueError where n is below 1 or `correct` lies outside 0 to n.
    """
    if n < 1 or not 0 <= correct <= n:
        raise ValueError(f"{correct} of {n} is no share")
    z = float(special.ndtri(0.5 + confidence / 2))
    share = correct / n
    scale = 1 + z * z / n
    middle = (share + z * z / (2 * n)) / scale
    half = z / scale * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return Interval(share, max(0.0, min(share, middle - half)), min(1.0, max(share, middle + half)))


def ratio_paired(
    base: Sequence[float], head: Sequence[float], confidence: float = CONFIDENCE
) -> Interval:
    """Ratio of means `head / base` with a t-interval on the paired differences of logarithms.

    `base[i]` and `head[i]` stand in the same block of the randomized order, so that drift
    cancels. One pair has no interval. Raises ValueError on lengths that differ or on values
    that are not positive.
    """
    below, above = _finite(base), _finite(head)
    if below.shape != above.shape:
        raise ValueError(f"{len(below)} and {len(above)} values make no pairs")
    if min(below.min(), above.min()) <= 0:
        raise ValueError("a ratio needs positive values")
    return mean_log_t(list(above / below), confidence)


def widen_ratio(ratio: Interval, half_widths: Sequence[float]) -> Interval:
    """A ratio's interval widened by relative (logarithmic) measurement half-widths of its arms.

    An arm whose measurement reaches down to zero leaves no interval.
    """
    if ratio.low is None or ratio.high is None:
        return ratio
    below = math.hypot(_log(ratio.mean, ratio.low), *half_widths)
    above = math.hypot(_log(ratio.high, ratio.mean), *half_widths)
    if not math.isfinite(below + above):
        return Interval(ratio.mean, None, None)
    return Interval(ratio.mean, ratio.mean * _exp(-below), _product(ratio.mean, _exp(above)))


def _finite(values: Sequence[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    sample = np.asarray(values, dtype=np.float64).reshape(-1)
    if sample.size == 0 or not np.isfinite(sample).all():
        raise ValueError("an interval needs at least one value, and finite ones")
    return sample


def _mean_t(
    sample: np.ndarray[tuple[int], np.dtype[np.float64]], confidence: float
) -> tuple[float, float | None]:
    n = sample.size
    centre = float(sample.mean())
    if n < 2:
        return centre, None
    factor = float(special.stdtrit(n - 1, 0.5 + confidence / 2))
    return centre, factor * float(sample.std(ddof=1)) / math.sqrt(n)


def _log(above: float, below: float) -> float:
    return math.log(above / below) if below > 0 else math.inf


def _exp(power: float) -> float:
    """Never beyond the largest float: two replicates far apart have a huge interval, not none."""
    return 0.0 if power == -math.inf else math.exp(max(-700.0, min(700.0, power)))


def _product(mean: float, factor: float) -> float:
    return min(LARGEST, mean * factor)


def _average(values: Iterable[float]) -> float:
    return float(np.mean(list(values)))
