"""Are two arms the same, within a margin? Two one-sided tests (TOST).

That no difference was found does not show that there is none: few runs find nothing. Here the
burden lies the other way: it is to be shown that the difference lies inside the margin
(Schuirmann 1987, J. Pharmacokinetics and Biopharmaceutics 15: 657-680).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from scipy import stats

from wattmark.analysis.assumptions import not_normal
from wattmark.analysis.effects import means_apart
from wattmark.analysis.outcome import Found, Test, answered
from wattmark.analysis.samples import Samples, Unusable, welch

LEVEL = 0.05
APPROXIMATE = "the p-value is approximate"


@dataclass(frozen=True, kw_only=True)
class Equivalence(Test):
    """`equivalent`: whether the difference was shown to lie within `margin`; None untested.

    A p-value of `level` or more shows neither equivalence nor a difference. The interval has
    confidence 1 − 2 · `level`: it lies within the margin where the arms are equivalent.
    """

    equivalent: bool | None = None
    margin: float = 0.0
    level: float = LEVEL


def tost(
    base: Sequence[float],
    head: Sequence[float],
    margin: float,
    *,
    paired: bool,
    logs: bool = True,
    level: float = LEVEL,
) -> Equivalence:
    """Two one-sided t-tests; the p-value is the larger, the statistic the t that belongs to it.

    On logarithms `margin` is relative, and the same for both arms: 0.03 means a ratio of means
    between 1/1.03 and 1.03. Else it is in the values' own unit. Pairs are tested by their
    differences, independent arms by Welch's t. A margin that is not positive has a `why`.
    """

    def compute(samples: Samples) -> Found:
        if not (math.isfinite(margin) and margin > 0):
            raise Unusable(f"a margin of {margin:g} is none: it must be above 0")
        if not 0 < level < 0.5:
            raise Unusable(f"a level of {level:g} is none: it lies between 0 and 0.5")
        bound = math.log1p(margin) if logs else margin / samples.unit
        return (_paired if paired else _unpaired)(samples, bound, level)

    kind = "paired" if paired else "Welch"
    test = answered(
        f"equivalence (TOST, {kind})",
        {"base": base, "head": head},
        compute,
        logs=logs,
        paired=paired,
    )
    known = vars(test) | {"confidence": 1 - 2 * level}
    same = None if test.p_value is None else test.p_value < level
    return Equivalence(**known, equivalent=same, margin=margin, level=level)


def _paired(samples: Samples, bound: float, level: float) -> Found:
    differences = samples.differences()
    n, mean = differences.size, float(differences.mean())
    notes = not_normal(differences - mean, APPROXIMATE)
    error = float(differences.std(ddof=1)) / math.sqrt(n)
    return replace(_two_sides(samples, (mean, error, n - 1), bound, level), notes=notes)


def _unpaired(samples: Samples, bound: float, level: float) -> Found:
    if len(samples.flat_names()) == 2:
        raise Unusable("both arms are constant: nothing scatters")
    notes = not_normal(samples.residuals(), APPROXIMATE)
    return replace(_two_sides(samples, welch(samples, 0, 1), bound, level), notes=notes)


def _two_sides(
    samples: Samples, seen: tuple[float, float, float], bound: float, level: float
) -> Found:
    """From the mean difference, its standard error and degrees of freedom."""
    mean, error, df = seen
    above = (mean + bound) / error  # against: the difference is −bound or less
    below = (mean - bound) / error  # against: it is bound or more
    p_above, p_below = float(stats.t.sf(above, df)), float(stats.t.cdf(below, df))
    half = float(stats.t.isf(level, df)) * error
    return Found(
        statistic=above if p_above > p_below else below,
        p_value=max(p_above, p_below),
        df=(df,),
        effect=means_apart(samples, mean, half, 1 - 2 * level),
    )
