"""How far head lies from base: a ratio of geometric means or a difference of means, with interval.

Replicates of the same block pair up, and the block's drift cancels: Student's t on the pairs'
differences. Without blocks in common the arms are independent: Welch's t, each with its own
scatter. Energy and time scatter multiplicatively, so they are taken as logarithms; what may be
zero or negative by its nature is taken as it is. The measurement's own half-widths widen either.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import special

from wattmark.analysis.intervals import (
    CONFIDENCE,
    LARGEST,
    Interval,
    mean_t,
    ratio_paired,
    widen_ratio,
)
from wattmark.analysis.metrics import Reading

FARTHEST = 700.0
NO_SCATTER = 1e-12
"""Relative scatter below which values are all the same but for rounding."""


def ratio_of(
    base: Sequence[Reading],
    head: Sequence[Reading],
    *,
    paired: bool,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Geometric mean of head ÷ that of base, its interval widened by both measurements.

    Paired readings stand in the same order of blocks. No interval with fewer than two replicates
    in an arm. Raises ValueError on no values, or on values that are not positive.
    """
    below, above = values_of(base), values_of(head)
    if paired:
        ratio = ratio_paired(below, above, confidence)
    else:
        centre, half = _welch(np.log(_positive(below)), np.log(_positive(above)), confidence)
        ratio = Interval(_exp(centre), None, None)
        if half is not None:
            ratio = Interval(ratio.mean, _exp(centre - half), _exp(centre + half))
    return widen_ratio(ratio, [log_half_width(base), log_half_width(head)])


def difference_of(
    base: Sequence[Reading],
    head: Sequence[Reading],
    *,
    paired: bool,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Mean of head less that of base, in the metric's unit; else as `ratio_of`."""
    below, above = values_of(base), values_of(head)
    if paired:
        change = mean_t([h - b for b, h in zip(below, above, strict=True)], confidence)
    else:
        centre, half = _welch(np.asarray(below), np.asarray(above), confidence)
        change = Interval(centre, None, None)
        if half is not None:
            change = Interval(centre, centre - half, centre + half)
    if change.low is None or change.high is None:
        return change
    widths = (_half_width(base), _half_width(head))
    return Interval(
        change.mean,
        change.mean - math.hypot(change.mean - change.low, *widths),
        change.mean + math.hypot(change.high - change.mean, *widths),
    )


def scatters(
    base: Sequence[float], head: Sequence[float], *, paired: bool, logs: bool = False
) -> bool:
    """Whether there is any run-to-run scatter to judge a difference by.

    Values that never vary (peak memory, the accuracy of greedy decoding) differ exactly.
    """
    below, above = np.asarray(base, dtype=np.float64), np.asarray(head, dtype=np.float64)
    size = float(np.abs(np.concatenate([below, above])).max(initial=0.0))
    if paired:
        spread = above / below if logs else above - below
        return float(np.ptp(spread)) > NO_SCATTER * (float(spread.max()) if logs else size)
    return max(float(np.ptp(below)), float(np.ptp(above))) > NO_SCATTER * size


def log_half_width(readings: Sequence[Reading]) -> float:
    """Mean logarithmic half-width of the measurement; 0 where it has no bounds."""
    widths = [
        math.log(reading.high / reading.low) / 2 if reading.low > 0 else math.inf
        for reading in readings
        if reading.low is not None and reading.high is not None
    ]
    return sum(widths) / len(widths) if widths else 0.0


def values_of(readings: Sequence[Reading]) -> list[float]:
    """The values of readings that have one."""
    return [float(reading.value) for reading in readings if reading.value is not None]


def _half_width(readings: Sequence[Reading]) -> float:
    """Mean half-width of the measurement in the metric's unit; 0 where it has no bounds."""
    widths = [
        (reading.high - reading.low) / 2
        for reading in readings
        if reading.low is not None and reading.high is not None
    ]
    return sum(widths) / len(widths) if widths else 0.0


_Sample = np.ndarray[tuple[int], np.dtype[np.float64]]


def _welch(base: _Sample, head: _Sample, confidence: float) -> tuple[float, float | None]:
    """Difference of means and its half-width, with Welch's degrees of freedom (Welch 1947)."""
    centre = float(head.mean() - base.mean())
    if min(base.size, head.size) < 2:
        return centre, None
    variances = [float(arm.var(ddof=1)) / arm.size for arm in (base, head)]
    total = sum(variances)
    if total == 0:
        return centre, 0.0
    share = variances[0] / total
    df = 1 / (share**2 / (base.size - 1) + (1 - share) ** 2 / (head.size - 1))
    return centre, float(special.stdtrit(df, 0.5 + confidence / 2)) * math.sqrt(total)


def _exp(power: float) -> float:
    """Within what a float holds, however far apart two replicates are."""
    return min(LARGEST, math.exp(max(-FARTHEST, min(FARTHEST, power))))


def _positive(values: Sequence[float]) -> _Sample:
    sample = np.asarray(values, dtype=np.float64)
    if sample.size == 0 or not np.isfinite(sample).all() or sample.min() <= 0:
        raise ValueError("a ratio needs at least one value, and positive ones")
    return sample
