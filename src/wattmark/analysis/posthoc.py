"""Which groups differ? Every pair compared, with p-values and intervals that hold for all at once.

Tukey's test pools the spread of all groups; Games–Howell's takes each pair's own. Both use the
studentized range, so that no further correction is due.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from scipy import optimize, stats

from wattmark.analysis.assumptions import not_normal, spreads_differ
from wattmark.analysis.effects import means_apart
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.outcome import Found, Test, outcome
from wattmark.analysis.samples import Samples, Unusable, prepared, quiet, welch

Groups = Mapping[str, Sequence[float]]
Pairs = Iterator[tuple[int, int, Found]]


def tukey(groups: Groups, *, logs: bool = False) -> list[Test]:
    """Tukey's HSD (Tukey–Kramer at unequal n), one test for each pair of groups, in their order.

    `of` is (base, head), the statistic the difference of means (head less base) as in scipy, on
    logarithms that of means of logarithms; the effect is that difference, or the ratio. The
    p-value is already adjusted for the number of pairs.
    """
    return _all_pairs("Tukey's HSD", groups, _tukey, logs=logs)


def _tukey(samples: Samples) -> Pairs:
    if len(samples.flat_names()) == len(samples.names):
        raise Unusable("every group is constant: nothing scatters")
    values = samples.values
    found = stats.tukey_hsd(*values)
    bounds = found.confidence_interval(CONFIDENCE)
    notes = not_normal(samples.residuals(), "the p-values are approximate")
    notes += spreads_differ(values, "read Games–Howell instead")
    df = sum(sample.size for sample in values) - len(values)
    for base, head in itertools.combinations(range(len(values)), 2):
        # scipy's difference (i, j) is that of i less j.
        spot = head, base
        difference = float(found.statistic[spot])
        effect = means_apart(samples, difference, float(bounds.high[spot]) - difference)
        yield (
            base,
            head,
            Found(
                statistic=difference * samples.unit,
                p_value=float(found.pvalue[spot]),
                df=(df,),
                effect=effect,
                notes=notes,
            ),
        )


def games_howell(groups: Groups, *, logs: bool = False) -> list[Test]:
    """Games and Howell's test (1976, J. Educational Statistics 1: 113-125), as `tukey` reports.

    Each pair has the standard error and degrees of freedom of its own Welch's t, referred to the
    studentized range of all groups.
    """
    return _all_pairs("Games–Howell", groups, _games_howell, logs=logs)


def _games_howell(samples: Samples) -> Pairs:
    values = samples.values
    notes = not_normal(samples.residuals(), "the p-values are approximate")
    for base, head in itertools.combinations(range(len(values)), 2):
        if samples.flat(base) and samples.flat(head):
            continue
        difference, error, df = welch(samples, base, head)
        law = stats.studentized_range(len(values), df)
        p_value = law.sf(abs(difference) / error * math.sqrt(2))
        half = _critical(law, len(values), df) * error / math.sqrt(2)
        yield (
            base,
            head,
            Found(
                statistic=difference * samples.unit,
                p_value=float(p_value),
                df=(df,),
                effect=means_apart(samples, difference, half),
                notes=notes,
            ),
        )


def _critical(law: Any, groups: int, df: float) -> float:
    """The studentized range that `CONFIDENCE` of all samples stay within.

    scipy's own search evaluates a double integral twelve times; this one half as often: it starts
    near the end, at Bonferroni's t, and looks along logarithms, where tails are nearly straight.
    """
    beyond = 1 - CONFIDENCE
    start = math.log(math.sqrt(2) * stats.t.isf(beyond / (2 * math.comb(groups, 2)), df))
    found = optimize.newton(
        lambda power: math.log(law.sf(math.exp(power)) / beyond),
        start,
        x1=start - 0.02,
        tol=1e-7,
    )
    return math.exp(found)


def _all_pairs(
    name: str, groups: Groups, compute: Callable[[Samples], Pairs], *, logs: bool
) -> list[Test]:
    """One result for each pair; where nothing can be tested each says why."""
    titled = f"{name} on logarithms" if logs else name
    names, sizes = list(groups), [len(values) for values in groups.values()]
    why = "both groups are constant: nothing scatters"
    found: dict[tuple[int, int], Found] = {}
    try:
        with quiet():
            samples = prepared(groups, logs=logs)
            found = {(base, head): pair for base, head, pair in compute(samples)}
    except Unusable as problem:
        why = str(problem)
    tests = []
    for base, head in itertools.combinations(range(len(names)), 2):
        of, n = (names[base], names[head]), (sizes[base], sizes[head])
        pair = found.get((base, head))
        tests.append(
            outcome(titled, of, n, pair) if pair else Test(name=titled, of=of, n=n, why=why)
        )
    return tests
