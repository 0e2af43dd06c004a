"""Hypothesis tests of runs: two arms, paired or not, and more than two groups.

The unit of replication is the run: a value is one run's figure, never one query's. scipy
computes; here input is checked, assumptions are looked at, and every test answers in the same
form. A p-value says how seldom chance alone would differ as much; how large the
difference is stands in the effect and its interval.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from scipy import stats

from wattmark.analysis.assumptions import has_ties, not_normal, spreads_differ
from wattmark.analysis.effects import (
    EPSILON,
    delta_of_groups,
    effect_or_why,
    g_of_groups,
    g_of_pairs,
    omega_squared,
    rank_biserial,
)
from wattmark.analysis.equivalence import Equivalence, tost
from wattmark.analysis.outcome import Effect, Found, Test, answered
from wattmark.analysis.samples import Samples, Unusable

__all__ = [
    "Equivalence",
    "Test",
    "anova",
    "kruskal",
    "mann_whitney",
    "paired_t",
    "tost",
    "welch_anova",
    "welch_t",
    "wilcoxon",
]

Values = Sequence[float]
Groups = Mapping[str, Sequence[float]]

EXACT_MOST = 8
"""Mann–Whitney is exact where one arm has no more values than this, as in scipy's own choice."""


def paired_t(base: Values, head: Values, *, logs: bool = True) -> Test:
    """Student's t on differences of pairs (head less base), `base[i]` and `head[i]` in a block.

    On logarithms the difference is that of a ratio, which is what energy and time scatter by.
    Effect: Hedges' g of the differences.
    """
    arms = {"base": base, "head": head}
    return answered("paired t-test", arms, _paired_t, logs=logs, paired=True)


def _paired_t(samples: Samples) -> Found:
    differences = samples.differences()
    found = stats.ttest_1samp(differences, 0.0)
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        df=(differences.size - 1,),
        effect=effect_or_why(g_of_pairs, samples),
        notes=not_normal(differences - differences.mean(), "read Wilcoxon's test beside it"),
    )


def welch_t(base: Values, head: Values, *, logs: bool = False) -> Test:
    """Welch's t of two independent arms, whose spreads may differ (Welch 1947).

    Effect: Hedges' g, by the pooled standard deviation.
    """
    return answered("Welch's t-test", {"base": base, "head": head}, _welch_t, logs=logs)


def _welch_t(samples: Samples) -> Found:
    if len(samples.flat_names()) == 2:
        raise Unusable("both arms are constant: nothing scatters")
    base, head = samples.values
    found = stats.ttest_ind(head, base, equal_var=False)
    notes = not_normal(samples.residuals(), "read the Mann–Whitney test beside it")
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        df=(found.df,),
        effect=effect_or_why(g_of_groups, samples),
        notes=notes + spreads_differ(samples.values, "the test allows it, Hedges' g does not"),
    )


def mann_whitney(base: Values, head: Values) -> Test:
    """Mann–Whitney U (of head) of two independent arms: does one tend to be larger?

    Exact without ties and with at most 8 values in one arm, else by the normal approximation
    with correction for ties and continuity. Effect: Cliff's δ.
    """
    return answered("Mann–Whitney U test", {"base": base, "head": head}, _mann_whitney)


def _mann_whitney(samples: Samples) -> Found:
    if samples.all_equal():
        raise Unusable("all values are equal")
    base, head = samples.values
    tied = has_ties(np.concatenate((base, head)))
    exact = not tied and min(base.size, head.size) <= EXACT_MOST
    found = stats.mannwhitneyu(head, base, method="exact" if exact else "asymptotic")
    notes = spreads_differ(samples.values, "it then compares more than the medians")
    if exact:
        least = 2 / math.comb(base.size + head.size, base.size)
        sizes = f"{base.size} and {head.size} values"
        notes = (f"with {sizes} no p-value below {least:.2g} can be reached", *notes)
    elif tied and min(base.size, head.size) <= EXACT_MOST:
        notes = ("ties, so that the p-value of these few values is approximate", *notes)
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        effect=effect_or_why(delta_of_groups, samples),
        notes=notes,
        kind="exact" if exact else "approximate",
    )


def wilcoxon(base: Values, head: Values, *, logs: bool = False) -> Test:
    """Wilcoxon's signed-rank test on differences of pairs; pairs that are equal are left out.

    The statistic is the lesser of the two sums of ranks. Effect: the matched-pairs rank-biserial
    correlation, for which no interval is given.
    """
    arms = {"base": base, "head": head}
    return answered("Wilcoxon signed-rank test", arms, _wilcoxon, logs=logs, paired=True)


def _wilcoxon(samples: Samples) -> Found:
    base, head = samples.values
    differences = head - base
    # A difference of the last digits is none, and must not become a rank.
    differences[np.abs(differences) <= max(samples.rounding)] = 0.0
    apart = differences[differences != 0]
    if not apart.size:
        raise Unusable("all pairs are equal")
    plain = apart.size == differences.size and not has_ties(np.abs(apart))
    found = stats.wilcoxon(differences)
    notes: tuple[str, ...] = ()
    if plain and apart.size <= 50:
        least = 2 / 2**apart.size
        notes = (f"with {apart.size} pairs no p-value below {least:.2g} can be reached",)
    elif not plain:
        notes = ("pairs that are equal are left out, and ties share a rank",)
    return Found(
        statistic=found.statistic, p_value=found.pvalue, effect=rank_biserial(apart), notes=notes
    )


def anova(groups: Groups, *, logs: bool = False) -> Test:
    """Classic one-way analysis of variance (Fisher): do the groups' means differ?

    `df` are those between and within groups. Effect: ω².
    """
    return answered("ANOVA", groups, _anova, logs=logs)


def _anova(samples: Samples) -> Found:
    if len(samples.flat_names()) == len(samples.names):
        raise Unusable("every group is constant: nothing scatters")
    found = stats.f_oneway(*samples.values)
    k, n = len(samples.values), sum(sample.size for sample in samples.values)
    notes = not_normal(samples.residuals(), "read the Kruskal–Wallis test beside it")
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        df=(k - 1, n - k),
        effect=omega_squared(float(found.statistic), k - 1, n - k),
        notes=notes + spreads_differ(samples.values, "read Welch's ANOVA instead"),
    )


def welch_anova(groups: Groups, *, logs: bool = False) -> Test:
    """One-way analysis of variance of groups whose spreads may differ (Welch 1951).

    Effect: ω² from Welch's F and degrees of freedom, whose interval is approximate.
    """
    return answered("Welch's ANOVA", groups, _welch_anova, logs=logs)


def _welch_anova(samples: Samples) -> Found:
    flat = samples.flat_names()
    if flat:
        raise Unusable(f"{flat[0]} is constant, and each group is weighted by its spread")
    found = stats.f_oneway(*samples.values, equal_var=False)
    between, within = len(samples.values) - 1, _welch_df(samples)
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        df=(between, within),
        effect=omega_squared(float(found.statistic), between, within),
        notes=not_normal(samples.residuals(), "read the Kruskal–Wallis test beside it"),
    )


def _welch_df(samples: Samples) -> float:
    """Degrees of freedom within the groups, which scipy computes and does not tell."""
    sizes = np.array([sample.size for sample in samples.values])
    weights = sizes / np.array([sample.var(ddof=1) for sample in samples.values])
    apart = np.sum((1 - weights / weights.sum()) ** 2 / (sizes - 1))
    return float((len(sizes) ** 2 - 1) / (3 * apart))


def kruskal(groups: Groups) -> Test:
    """Kruskal–Wallis H with correction for ties: does one group tend to be larger?

    The p-value is that of a χ² approximation. Effect: ε² = H / (n − 1), from 0 to 1, without an
    interval (Kelley 1935; none is known to hold at few values).
    """
    return answered("Kruskal–Wallis test", groups, _kruskal)


def _kruskal(samples: Samples) -> Found:
    if samples.all_equal():
        raise Unusable("all values are equal")
    found = stats.kruskal(*samples.values)
    sizes = [sample.size for sample in samples.values]
    few = min(sizes) < 5
    notes = ("fewer than 5 values in a group: the p-value is approximate",) if few else ()
    return Found(
        statistic=found.statistic,
        p_value=found.pvalue,
        df=(len(sizes) - 1,),
        effect=Effect(name=EPSILON, value=float(found.statistic) / (sum(sizes) - 1)),
        notes=notes + spreads_differ(samples.values, "it then compares more than the medians"),
    )
