"""Does a model know what it knows? Confidence against how often it is right.

A model is calibrated where, of all answers given with confidence p, the share p is right. The
answers are sorted into bins of equal width (Guo et al. 2017, On Calibration of Modern Neural
Networks); each bin's share right has Wilson's interval, so that a bin of three answers shows how
little it says. The expected calibration error is the mean distance between confidence and share
right, weighted by the bins' answers: it is biased upwards where answers are few, and its bootstrap
interval shows that only in part.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import ArrayLike, NDArray

from wattmark.analysis.intervals import CONFIDENCE, Interval, wilson
from wattmark.store.reader import Run

BINS = 10
RESAMPLES = 1_999
SEED = 0
AT_ONCE = 1_000_000
"""Answers that are drawn together: a bound of memory."""
MOST_DRAWN = 10_000
"""Answers that are drawn one by one. Above, the bins' sums are drawn from the normal distribution
that those of resampled answers have in the limit (their covariance is known exactly): seconds
instead of minutes, and the bounds are the same but for the draw."""


@dataclass(frozen=True)
class Bin:
    """Answers whose confidence lies in (low, high]; the first bin holds 0 as well."""

    low: float
    high: float
    n: int
    confidence: float | None
    """Mean confidence; None for an empty bin."""
    accuracy: Interval | None
    """Share right with its interval; None for an empty bin."""


@dataclass(frozen=True)
class Calibration:
    """How well confidence tells accuracy, over `n` scored answers that have a confidence."""

    n: int
    bins: tuple[Bin, ...]
    error: Interval
    """Expected calibration error, 0 (best) to 1."""
    brier: float
    """Mean square of confidence less right (1) or wrong (0); Brier 1950."""


def calibration(
    confidence: ArrayLike, correct: ArrayLike, *, bins: int = BINS
) -> Calibration | None:
    """Of answers with a confidence (0 to 1) each and whether they are right; None without any.

    Raises ValueError for lengths that differ, or a confidence outside 0 to 1.
    """
    told = np.asarray(confidence, dtype=np.float64)
    right = np.asarray(correct, dtype=np.float64)
    if told.shape != right.shape:
        raise ValueError(f"{told.size} confidences of {right.size} answers")
    if told.size == 0:
        return None
    if not ((told >= 0) & (told <= 1)).all():
        raise ValueError("a confidence lies between 0 and 1")
    places = np.clip(np.ceil(told * bins).astype(int) - 1, 0, bins - 1)
    return Calibration(
        n=int(told.size),
        bins=tuple(_bin(k, bins, told[places == k], right[places == k]) for k in range(bins)),
        error=_error(places, told, right, bins),
        brier=float(np.mean((told - right) ** 2)),
    )


def calibrations(run: Run) -> dict[str, Calibration]:
    """Trial key → its calibration, where answers have a confidence and a score.

    Of each trial's first replicate: further ones give the same answers, and no new evidence.
    """
    return run.once("calibrations", lambda: _calibrations(run))


def _calibrations(run: Run) -> dict[str, Calibration]:
    told = run.by_trial(
        "queries",
        ["replicate", "confidence", "correct", "repetition"],
        (pc.field("repetition") == 0)
        & pc.field("confidence").is_valid()
        & pc.field("correct").is_valid(),
    )
    found = {}
    for key, table in told.items():
        replicate, confidence, correct = (
            table[name].to_numpy(zero_copy_only=False)
            for name in ("replicate", "confidence", "correct")
        )
        mine = replicate == replicate.min()
        calibrated = calibration(confidence[mine], correct[mine])
        if calibrated is not None:
            found[key] = calibrated
    return found


def _bin(k: int, bins: int, told: NDArray[np.float64], right: NDArray[np.float64]) -> Bin:
    n = int(told.size)
    return Bin(
        low=k / bins,
        high=(k + 1) / bins,
        n=n,
        confidence=float(told.mean()) if n else None,
        accuracy=wilson(float(right.sum()), n) if n else None,
    )


def _error(
    places: NDArray[np.int_], told: NDArray[np.float64], right: NDArray[np.float64], bins: int
) -> Interval:
    """The error of all answers, with a percentile bootstrap over them; none of a single answer."""
    gaps = told - right
    value = float(_distance(np.bincount(places, weights=gaps, minlength=bins)) / gaps.size)
    if gaps.size < 2:
        return Interval(value, None, None)
    drawn = (_normal if gaps.size > MOST_DRAWN else _resampled)(places, gaps, bins)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(value, min(value, float(low)), max(value, float(high)))


def _resampled(
    places: NDArray[np.int_], gaps: NDArray[np.float64], bins: int
) -> NDArray[np.float64]:
    """Errors of answers drawn with replacement, shape (RESAMPLES,)."""
    source = np.random.default_rng(SEED)
    each = max(1, AT_ONCE // gaps.size)
    drawn = []
    for first in range(0, RESAMPLES, each):
        count = min(each, RESAMPLES - first)
        sample = source.integers(0, gaps.size, (count, gaps.size))
        # One bincount for all draws: each has bins of its own.
        place = places[sample] + bins * np.arange(count)[:, None]
        sums = np.bincount(place.ravel(), weights=gaps[sample].ravel(), minlength=count * bins)
        drawn.append(_distance(sums.reshape(count, bins)) / gaps.size)
    return np.concatenate(drawn)


def _normal(places: NDArray[np.int_], gaps: NDArray[np.float64], bins: int) -> NDArray[np.float64]:
    """The same where answers are many, shape (RESAMPLES,).

    An answer adds its gap to its own bin and nothing to the others: its sums have the means m and
    the covariance diag(Σ gap² ÷ n) − m mᵀ.
    """
    mean, square = (
        np.bincount(places, weights=power, minlength=bins) / gaps.size for power in (gaps, gaps**2)
    )
    spread = (np.diag(square) - np.outer(mean, mean)) / gaps.size
    drawn = np.random.default_rng(SEED).multivariate_normal(
        mean, spread, RESAMPLES, check_valid="ignore", method="eigh"
    )
    return _distance(drawn)


def _distance(sums: NDArray[Any]) -> NDArray[np.float64]:
    """Σ over bins (the last axis) of |Σ gaps|: each bin's distance, weighted by its answers."""
    return np.asarray(np.abs(sums).sum(axis=-1))
