"""The difference in quality between two arms that answered the same queries, with its interval.

Arms on the same queries are paired: what is hard is hard for both, and only the queries on which
they differ carry evidence. Right or wrong gets Newcombe's interval, which holds its coverage at
ten queries and at shares near 0 and 1; scores between 0 and 1 get a bootstrap over the queries.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from wattmark.analysis.answers import Tally
from wattmark.analysis.intervals import CONFIDENCE, Interval, wilson

_T = TypeVar("_T")

RESAMPLES = 9_999
SEED = 0
"""The same figures have the same interval each time that they are shown."""


def difference_of_shares(
    pairs: Sequence[tuple[bool, bool]], confidence: float = CONFIDENCE
) -> Interval:
    """Share right of the second less that of the first, over (first, second) of each query.

    The interval is Newcombe's square-and-add of Wilson's with the pairs' correlation (Newcombe
    1998, Statistics in Medicine 17: 2635-2650, method 10). Raises ValueError without a pair.
    """
    both = sum(first and second for first, second in pairs)
    lost = sum(first and not second for first, second in pairs)
    gained = sum(second and not first for first, second in pairs)
    counts = Tally(both, lost, gained, len(pairs) - both - lost - gained)
    return difference_of_counts(counts, confidence)


def difference_of_counts(counts: Tally, confidence: float = CONFIDENCE) -> Interval:
    """As `difference_of_shares`, from the two-by-two table; ValueError where it is empty."""
    n = sum(counts)
    if n == 0:
        raise ValueError("a difference needs at least one query that both answered")
    both, lost, gained, _ = counts
    base, head = wilson(both + lost, n, confidence), wilson(both + gained, n, confidence)
    related = _correlation(*counts)
    difference = (gained - lost) / n
    below = _added(head.mean - (head.low or 0.0), (base.high or 1.0) - base.mean, related)
    above = _added((head.high or 1.0) - head.mean, base.mean - (base.low or 0.0), related)
    return Interval(difference, max(-1.0, difference - below), min(1.0, difference + above))


def difference_of_scores(
    pairs: Sequence[tuple[float, float]], confidence: float = CONFIDENCE
) -> Interval:
    """Mean of the second scores less that of the first, over (first, second) of each query.

    The interval is a bias-corrected and accelerated bootstrap of the pairs' differences (Efron
    1987). A single pair has none. Raises ValueError without a pair.
    """
    if not pairs:
        raise ValueError("a difference needs at least one query that both answered")
    differences = np.array([second - first for first, second in pairs], dtype=np.float64)
    mean = float(differences.mean())
    if differences.size < 2:
        return Interval(mean, None, None)
    if float(np.ptp(differences)) == 0.0:
        # No resample differs: nothing is left for the bootstrap to see.
        return Interval(mean, None, None)
    from scipy import stats  # noqa: PLC0415 (slow to import: only for who compares scores)

    found = stats.bootstrap(
        (differences,),
        np.mean,
        n_resamples=RESAMPLES,
        confidence_level=confidence,
        method="BCa",
        rng=np.random.default_rng(SEED),
        batch=max(1, 10_000_000 // differences.size),
    ).confidence_interval
    return Interval(mean, float(found.low), float(found.high))


def paired(first: Mapping[str, _T], second: Mapping[str, _T]) -> list[tuple[_T, _T]]:
    """The values of both for every query that both have."""
    return [(first[query], second[query]) for query in first if query in second]


def _correlation(both: int, lost: int, gained: int, neither: int) -> float:
    """Phi of the two-by-two table, with Newcombe's correction for continuity."""
    sides = (both + lost) * (gained + neither) * (both + gained) * (lost + neither)
    if sides == 0:
        return 0.0
    product = float(both * neither - lost * gained)
    n = both + lost + gained + neither
    if product > 0:
        product = max(0.0, product - n / 2)
    return product / math.sqrt(sides)


def _added(one: float, other: float, related: float) -> float:
    return math.sqrt(max(0.0, one * one - 2 * related * one * other + other * other))
