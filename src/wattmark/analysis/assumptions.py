"""Do the assumptions of a test hold? Each check gives a sentence where one does not.

Silence at five runs is no proof: a check of so few values finds only gross departures.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import stats

from wattmark.analysis.samples import Sample

LEVEL = 0.05
"""Below this p-value of its check an assumption is said not to hold."""
SHAPIRO_MOST = 5_000
"""Royston's approximation (1995, Applied Statistics 44: 547-551) reaches to this many values."""


def not_normal(residuals: Sample, instead: str) -> tuple[str, ...]:
    """Shapiro–Wilk on residuals (value less its group's mean); `instead` says what to read."""
    spread = float(np.std(residuals))
    if not 3 <= residuals.size <= SHAPIRO_MOST or spread == 0:
        return ()
    p_value = float(stats.shapiro(residuals / spread).pvalue)
    if not p_value < LEVEL:
        return ()
    return (f"residuals are not normal (Shapiro–Wilk p = {p_value:.2g}): {instead}",)


def spreads_differ(samples: Sequence[Sample], instead: str) -> tuple[str, ...]:
    """Brown–Forsythe: do the groups scatter alike? Needs three values in each.

    Levene's test on distances from the median (Brown and Forsythe 1974, JASA 69: 364-367).
    """
    if min(sample.size for sample in samples) < 3:
        return ()
    p_value = float(stats.levene(*samples, center="median").pvalue)
    if not p_value < LEVEL:
        return ()
    return (f"spreads differ (Brown–Forsythe p = {p_value:.2g}): {instead}",)


def has_ties(values: Sample) -> bool:
    """Whether two values are exactly equal."""
    return bool(np.unique(values).size < values.size)
