"""Least squares on factors: what remains of a response after some of its causes are taken out.

Factors enter as one column a level, more columns than they have degrees of freedom; the rank of
the design counts those, so that levels and cells without values need no special care.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.metrics import NO_LOGARITHM
from wattmark.analysis.samples import ROUNDING, Sample, Unusable

MOST_ENTRIES = 4_000_000
"""Of a design: 32 MB, and seconds of one core."""
Columns = NDArray[np.float64]
"""A design: a row a value, shape (n, columns)."""


@dataclass(frozen=True)
class Fit:
    """What a design leaves of a response: its residuals, shape (n,), and the design's rank."""

    residuals: Sample
    rank: int

    @property
    def df(self) -> int:
        """Degrees of freedom of the residuals."""
        return int(self.residuals.size) - self.rank

    @property
    def rss(self) -> float:
        """Sum of squared residuals, in the response's unit squared."""
        return float(self.residuals @ self.residuals)


def response(values: Sequence[float], *, logs: bool) -> Sample:
    """Values as an array, or their natural logarithms.

    Raises Unusable on values that are not finite, on those without a logarithm, and where all
    are equal but for rounding.
    """
    sample = np.asarray(values, dtype=np.float64).reshape(-1)
    if not np.isfinite(sample).all():
        raise Unusable("a value is NaN or infinite")
    if logs and (sample <= 0).any():
        raise Unusable(NO_LOGARITHM)
    found = np.log(sample) if logs else sample
    if sample.size > 1 and np.ptp(found) <= rounding(found, logs=logs):
        raise Unusable("all values are equal: nothing scatters")
    return found


def rounding(found: Sample, *, logs: bool) -> float:
    """Differences of a response up to this are those of its last digits."""
    return ROUNDING * float(np.abs(found).max(initial=1.0 if logs else 0.0))


def present(values: Sequence[float | None]) -> list[int]:
    """Places of the values that were measured: neither None nor NaN."""
    return [k for k, value in enumerate(values) if value is not None and not math.isnan(value)]


def indicators(labels: Sequence[Hashable]) -> Columns:
    """One column a level, in the order of first appearance: 1 where a value has it.

    Raises Unusable where values × levels are more than `MOST_ENTRIES`.
    """
    place = {label: k for k, label in enumerate(dict.fromkeys(labels))}
    _bounded(len(labels), len(place))
    columns = np.zeros((len(labels), len(place)))
    columns[np.arange(len(labels)), [place[label] for label in labels]] = 1.0
    return columns


def fit(design: Sequence[Columns], found: Sample) -> Fit:
    """Least squares of a response on all columns of `design` and a constant (LAPACK's SVD).

    Raises Unusable where values × columns are more than `MOST_ENTRIES`.
    """
    _bounded(found.size, 1 + sum(part.shape[1] for part in design))
    columns = np.column_stack([np.ones(found.size), *design])
    # About its mean, and of size 1: rounding is then that of the scatter, not of the level.
    centred = found - found.mean()
    size = float(np.abs(centred).max(initial=0.0)) or 1.0
    solution, _, rank, _ = np.linalg.lstsq(columns, centred / size, rcond=None)
    return Fit((centred / size - columns @ solution) * size, int(rank))


def _bounded(values: int, width: int) -> None:
    if values * width > MOST_ENTRIES:
        raise Unusable(f"{values} values × {width} columns are more than can be fitted")
