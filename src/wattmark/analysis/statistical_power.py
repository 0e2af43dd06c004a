"""The power of the headline's t-test, and how wide its interval gets, by the number of replicates.

Two-sided, at level 1 − confidence, by the noncentral t distribution (Cohen 1988). All figures are
of differences of logarithms, d = ln(head) − ln(base).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from wattmark.analysis.intervals import CONFIDENCE

POWER = 0.8
MOST = 100_000
"""Replicates beyond which no number is searched for."""
FEWEST = 2
_GRID = 400
"""Quantiles of the sample's SD that a power with a measurement's half-width is averaged over."""


@dataclass(frozen=True)
class Design:
    """What a power depends on, all logarithmic: the SD, the measurement's half-width, the pairing.

    `sd` is of the paired differences; of two independent arms, of each arm's values. `measurement`
    is both arms' half-widths in quadrature: a ratio is resolved where it lies beyond the t-interval
    and it, added in quadrature, as in `intervals.widen_ratio`.
    """

    sd: float
    measurement: float = 0.0
    paired: bool = True
    confidence: float = CONFIDENCE

    def df(self, n: int) -> int:
        """Degrees of freedom of `n` pairs, or of `n` replicates in each of two arms."""
        return n - 1 if self.paired else 2 * (n - 1)

    def standard_error(self, n: int) -> float:
        """Of the mean difference of logarithms."""
        return self.sd * math.sqrt((1 if self.paired else 2) / n)

    def power(self, ratio: float, n: int) -> float:
        """Chance that `n` replicates an arm resolve a true `ratio`, to its own side.

        The chance to resolve the wrong side counts too, as is usual: it is the power of the
        two-sided test. ValueError on a ratio that is not above 0, or on fewer than two replicates.
        """
        if not ratio > 0 or n < FEWEST:
            raise ValueError("a power needs a positive ratio and two replicates")
        delta, df = abs(math.log(ratio)), self.df(n)
        factor = float(special.stdtrit(df, 0.5 + self.confidence / 2))
        if self.sd == 0:
            return float(delta > self.measurement)
        error = self.standard_error(n)
        if self.measurement == 0:
            shift = delta / error
            return _nct_above(factor, df, shift) + _nct_above(factor, df, -shift)
        # Given the sample's SD the mean is normal: averaged over the SD's chi-squared quantiles.
        levels = (np.arange(_GRID) + 0.5) / _GRID
        seen = error * np.sqrt(special.chdtri(df, 1 - levels) / df)
        bound = np.hypot(factor * seen, self.measurement)
        far = special.ndtr((delta - bound) / error) + special.ndtr(-(bound + delta) / error)
        return float(np.mean(far))

    def half_width(self, n: int, chance: float = POWER) -> float:
        """Half-width (logarithmic) that the interval of `n` replicates keeps below with `chance`.

        The interval is as wide as the sample's SD, which scatters as chi-squared (Kelley 2003).
        """
        df = self.df(n)
        factor = float(special.stdtrit(df, 0.5 + self.confidence / 2))
        wide = math.sqrt(float(special.chdtri(df, 1 - chance)) / df)
        return math.hypot(factor * self.standard_error(n) * wide, self.measurement)


def smallest(enough: Callable[[int], bool]) -> int | None:
    """The smallest number of replicates that is enough; None above `MOST`. More must not hurt."""
    above = FEWEST
    while not enough(above):
        if above >= MOST:
            return None
        above = min(2 * above, MOST)
    below = above // 2
    while above - below > 1:
        middle = (above + below) // 2
        if middle >= FEWEST and enough(middle):
            above = middle
        else:
            below = middle
    return above


def _nct_above(factor: float, df: int, shift: float) -> float:
    """P(T > factor) of the noncentral t; far on the wrong side scipy has NaN for what is 0."""
    if shift < -10:
        return 0.0
    if shift > 40 + factor:
        return 1.0
    return float(np.clip(stats.nct.sf(factor, df, shift), 0.0, 1.0))
