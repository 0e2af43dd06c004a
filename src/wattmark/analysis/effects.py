"""Effect sizes with intervals: how large a difference is, whatever the number of runs.

Bounds are found by inverting a distribution: those values of the effect under which what was
seen is no further out than the confidence allows. At few runs they are wide, and that is true.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
from scipy import optimize, special, stats

from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.outcome import Effect
from wattmark.analysis.samples import Samples, Unusable, prepared, quiet

HEDGES = "Hedges' g"
HEDGES_PAIRED = "Hedges' g of paired differences"
CLIFF = "Cliff's δ"
OMEGA = "ω²"
EPSILON = "ε²"
RANK_BISERIAL = "matched-pairs rank-biserial correlation"
LARGEST_T = 1e4
"""Beyond it the noncentral distributions take long, and a difference needs no effect size."""
LOST = "the interval is beyond what can be computed"


def hedges_g(
    base: Sequence[float],
    head: Sequence[float],
    *,
    logs: bool = False,
    paired: bool = False,
    confidence: float = CONFIDENCE,
) -> Effect:
    """Difference of means (head less base) in standard deviations, free of small-sample bias.

    The standard deviation is the pooled one, of pairs that of their differences; the correction
    is the exact one (Hedges 1981, J. Educational Statistics 6: 107-128), not 1 − 3/(4m − 1). The
    interval inverts the noncentral t distribution, exact where values are normal (Steiger and
    Fouladi 1997). `logs` takes logarithms first.
    """
    name = HEDGES_PAIRED if paired else HEDGES
    arms = {"base": base, "head": head}
    try:
        with quiet():
            samples = prepared(arms, logs=logs, paired=paired)
            return (g_of_pairs if paired else g_of_groups)(samples, confidence)
    except Unusable as problem:
        return Effect(name=name, confidence=confidence, why=str(problem))


def g_of_groups(samples: Samples, confidence: float = CONFIDENCE) -> Effect:
    """Hedges' g of two checked groups; raises Unusable where neither scatters."""
    if len(samples.flat_names()) == 2:
        raise Unusable("both groups are constant: nothing scatters")
    base, head = samples.values
    t = float(stats.ttest_ind(head, base).statistic)
    factor = math.sqrt(1 / base.size + 1 / head.size)
    return _standardised(HEDGES, t, base.size + head.size - 2, factor, confidence)


def g_of_pairs(samples: Samples, confidence: float = CONFIDENCE) -> Effect:
    """Hedges' g of checked pairs; raises Unusable where their differences do not scatter."""
    differences = samples.differences()
    t = float(stats.ttest_1samp(differences, 0.0).statistic)
    n = differences.size
    return _standardised(HEDGES_PAIRED, t, n - 1, 1 / math.sqrt(n), confidence)


def cliffs_delta(
    base: Sequence[float], head: Sequence[float], *, confidence: float = CONFIDENCE
) -> Effect:
    """P(head > base) − P(head < base), from −1 (all of head below) to 1 (all above).

    The interval is Newcombe's score-like one (2006, Statistics in Medicine 25: 559-573, method
    5, with (m + n)/2 − 1 for both arms in Hanley and McNeil's variance): it stays of sensible
    width where the arms do not overlap, where Cliff's own would be of width zero.
    """
    try:
        with quiet():
            samples = prepared({"base": base, "head": head})
            return delta_of_groups(samples, confidence)
    except Unusable as problem:
        return Effect(name=CLIFF, confidence=confidence, why=str(problem))


def delta_of_groups(samples: Samples, confidence: float = CONFIDENCE) -> Effect:
    """Cliff's δ of two checked groups."""
    base, head = samples.values
    m, n = base.size, head.size
    above = float(stats.mannwhitneyu(head, base, method="asymptotic").statistic)
    share = above / (m * n)
    low = _newcombe_low(share, m, n, confidence)
    high = 1 - _newcombe_low(1 - share, m, n, confidence)
    return Effect(
        name=CLIFF,
        value=2 * share - 1,
        low=2 * low - 1,
        high=2 * high - 1,
        confidence=confidence,
    )


def effect_or_why(of: Callable[[Samples], Effect], samples: Samples) -> Effect:
    """The effect, or one that says why there is none: a test may stand without."""
    try:
        return of(samples)
    except Unusable as problem:
        return Effect(name="effect size", why=str(problem))


def means_apart(
    samples: Samples, difference: float, half: float, confidence: float = CONFIDENCE
) -> Effect:
    """A difference of means, or on logarithms a ratio, from its computed value and half-width."""
    value, low, high = (
        float(np.exp(bound)) if samples.logs else float(bound) * samples.unit
        for bound in (difference, difference - half, difference + half)
    )
    name = "ratio of means" if samples.logs else "difference of means"
    return Effect(name=name, value=value, low=low, high=high, confidence=confidence)


def omega_squared(
    f: float, df_between: float, df_within: float, confidence: float = CONFIDENCE
) -> Effect:
    """Share of the variance that lies between groups, estimated from an F; 0 where F is below 1.

    ω² = a(F − 1) / (a(F − 1) + a + b + 1) with a, b degrees of freedom; the interval inverts the
    noncentral F distribution (Steiger 2004, Psychological Methods 9: 164-182), λ/(λ + a + b + 1).
    It is two-sided, so that its lower bound may be 0 where p lies just below 0.05.
    """
    total = df_between + df_within + 1
    gain = df_between * max(0.0, f - 1)
    low, high = _noncentral(
        lambda centre: float(special.ncfdtr(df_between, df_within, centre, f)),
        df_between * f,
        confidence,
        most=LARGEST_T**2,
        least=0.0,
    )
    return Effect(
        name=OMEGA,
        value=gain / (gain + total),
        low=None if low is None else low / (low + total),
        high=None if high is None else high / (high + total),
        confidence=confidence,
        why=LOST if low is None or high is None else "",
    )


def _standardised(name: str, t: float, df: int, factor: float, confidence: float) -> Effect:
    """From a t: difference ÷ standard deviation is t · `factor`, and so are its bounds."""
    if df < 2:
        return Effect(name=name, confidence=confidence, why="at least 3 pairs are needed")
    # Γ(m/2) / (√(m/2) Γ((m−1)/2)), in logarithms: Γ overflows from m = 343.
    log_gain = special.gammaln(df / 2) - special.gammaln((df - 1) / 2)
    correction = math.exp(float(log_gain) - math.log(df / 2) / 2)
    low, high = _noncentral(
        lambda centre: float(special.nctdtr(df, centre, t)), t, confidence, most=LARGEST_T
    )
    return Effect(
        name=name,
        value=t * factor * correction,
        low=None if low is None else low * factor,
        high=None if high is None else high * factor,
        confidence=confidence,
        why=LOST if low is None or high is None else "",
    )


def _noncentral(
    cdf: Callable[[float], float],
    seen: float,
    confidence: float,
    *,
    most: float,
    least: float = -math.inf,
) -> tuple[float | None, float | None]:
    """Noncentralities at which what was seen is the upper, then the lower, tail's quantile."""
    if not abs(seen) < most:
        return None, None
    tail = (1 - confidence) / 2
    return _solved(cdf, 1 - tail, seen, least), _solved(cdf, tail, seen, least)


def _solved(cdf: Callable[[float], float], level: float, seen: float, least: float) -> float | None:
    """Where a distribution function that falls with its centre comes to `level`; None if lost."""

    def excess(centre: float) -> float:
        value = cdf(centre)
        if math.isnan(value):  # so far out that the library has no figure: the limit itself
            value = 0.0 if centre > seen else 1.0
        return value - level

    if math.isfinite(least) and excess(least) <= 0:
        return least
    width = 1.0
    while width < 1e12 * max(1.0, abs(seen)):
        low, high = max(least, seen - width), seen + width
        if excess(low) > 0 > excess(high):
            found = float(optimize.brentq(excess, low, high, xtol=1e-12, rtol=1e-13))
            return found if abs(excess(found)) < 1e-6 else None
        width *= 2
    return None


def _newcombe_low(share: float, m: int, n: int, confidence: float) -> float:
    """Lower bound of P(head > base) + P(equal)/2 that was seen as `share`."""
    if share <= 0:
        return 0.0
    z = float(special.ndtri(0.5 + confidence / 2))
    star = (m + n) / 2 - 1

    def excess(true: float) -> float:
        inner = 1 + star * ((1 - true) / (2 - true) + true / (1 + true))
        return share - true - z * math.sqrt(true * (1 - true) * inner / (m * n))

    # At a share of 1 the end itself is a root too, and the wrong one.
    return float(optimize.brentq(excess, 0.0, min(share, 1 - 1e-12), xtol=1e-14))


def rank_biserial(differences: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Effect:
    """(W⁺ − W⁻) / (W⁺ + W⁻) of pairs that differ, from −1 to 1 (Kerby 2014).

    It has no interval here: none is known to hold at few pairs.
    """
    apart = differences[differences != 0]
    ranks = stats.rankdata(np.abs(apart))
    value = float((np.sign(apart) * ranks).sum() / ranks.sum())
    return Effect(name=RANK_BISERIAL, value=value)
