"""One configuration against the reference: the ratio, its tests, effect sizes, equivalence.

The ratio and its interval are the headline; the tests stand beside it for who looks for one by
name. All of them are made, whatever they find, and those of one kind are corrected for each other.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattmark.analysis.contrast import log_half_width, ratio_of, values_of
from wattmark.analysis.hypotheses import (
    Equivalence,
    mann_whitney,
    paired_t,
    tost,
    welch_t,
    wilcoxon,
)
from wattmark.analysis.intervals import Interval
from wattmark.analysis.metrics import Reading
from wattmark.analysis.multiple import corrected
from wattmark.analysis.outcome import Test
from wattmark.analysis.sample_size import SampleSize, replicates_for_ratio

MARGIN = 0.03
"""Relative difference that is looked for, and within which two configurations are the same."""
PAIRED_T, WILCOXON, WELCH_T, MANN_WHITNEY = range(4)
"""Places of the tests of a contrast."""
NO_PAIRS = "the blocks of the two do not match: no pairs"

Values = Mapping[Hashable, Reading]
"""Block → reading."""


@dataclass(frozen=True, kw_only=True)
class Contrast:
    """A configuration against the reference in one metric, by block where `paired`.

    `ratio` is trial ÷ reference, with the measurement's doubt. `tests` are the paired t-test,
    Wilcoxon's, Welch's t (its effect: Hedges' g) and Mann–Whitney's (its effect: Cliff's δ), the
    first and the third on logarithms. `same` asks whether both are the same within `MARGIN`, `size`
    how many replicates would resolve that much.
    """

    metric: str
    trial: str
    reference: str
    paired: bool
    ratio: Interval
    tests: tuple[Test, ...]
    same: Equivalence
    size: SampleSize


def contrasts(values: Mapping[str, Mapping[str, Values]], reference: str) -> tuple[Contrast, ...]:
    """Each configuration against `reference`, of metric → name → block → reading.

    `p_adjusted` is Holm's correction over all tests of one kind. A metric that may be zero or less,
    and an arm of one replicate, have no contrast.
    """
    found = [
        made
        for metric, of in values.items()
        if reference in of
        for name in of
        if name != reference and (made := _contrast(metric, of, (reference, name))) is not None
    ]
    kinds = [corrected(tests) for tests in zip(*(one.tests for one in found), strict=True)]
    return tuple(
        replace(one, tests=tests)
        for one, tests in zip(found, zip(*kinds, strict=True), strict=True)
    )


def _contrast(metric: str, of: Mapping[str, Values], names: tuple[str, str]) -> Contrast | None:
    below, above = (of[name] for name in names)
    blocks = [block for block in below if block in above]
    paired = 2 * len(blocks) >= max(len(below), len(above))
    whole = [list(arm.values()) for arm in (below, above)]
    arms = [[arm[block] for block in blocks] for arm in (below, above)] if paired else whole
    base, head = (values_of(arm) for arm in arms)
    if min(len(base), len(head)) < 2 or min(*base, *head) <= 0:
        return None
    tests = _tests(base, head, [values_of(arm) for arm in whole], paired)
    return Contrast(
        metric=metric,
        trial=names[1],
        reference=names[0],
        paired=paired,
        ratio=ratio_of(*arms, paired=paired),
        tests=tuple(replace(test, of=names) for test in tests),
        same=replace(tost(base, head, MARGIN, paired=paired), of=names),
        size=replicates_for_ratio(
            base,
            head,
            1 + MARGIN,
            paired=paired,
            measurement=math.hypot(*map(log_half_width, arms)),
        ),
    )


def _tests(
    base: Sequence[float], head: Sequence[float], whole: Sequence[Sequence[float]], paired: bool
) -> tuple[Test, ...]:
    if paired:
        of_pairs = (paired_t(base, head), wilcoxon(base, head))
    else:
        n = (len(base), len(head))
        of_pairs = (
            Test(name="paired t-test on logarithms", n=n, why=NO_PAIRS),
            Test(name="Wilcoxon signed-rank test", n=n, why=NO_PAIRS),
        )
    return (*of_pairs, welch_t(whole[0], whole[1], logs=True), mann_whitney(whole[0], whole[1]))
