"""All tests that fit a comparison of groups, side by side, corrected for being many.

The headline is the ratio with its interval; these stand beneath it, for readers who look for a
test by name. None is chosen by its result: all are shown, with what speaks against each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from wattmark.analysis.hypotheses import (
    anova,
    kruskal,
    mann_whitney,
    paired_t,
    welch_anova,
    welch_t,
)
from wattmark.analysis.multiple import corrected
from wattmark.analysis.outcome import Test
from wattmark.analysis.posthoc import games_howell, tukey


def compared(
    groups: Mapping[str, Sequence[float]],
    *,
    logs: bool,
    paired: bool = True,
    most_pairs: int | None = None,
) -> list[Test]:
    """Paired t, Welch's t, Mann–Whitney for two groups; for more the ANOVAs, Kruskal–Wallis, pairs.

    `paired`: values at the same place belong to one block. `p_value` is raw and `p_adjusted`
    corrected by Holm over the tests of the whole comparison. Tukey's and Games–Howell's p-values
    are made for all pairs at once, and `p_adjusted` repeats them; where there are more pairs than
    `most_pairs` they are not made, as each takes a moment. Fewer than two groups have no test.
    """
    if len(groups) < 2:
        return []
    if len(groups) == 2:
        names = tuple(groups)
        base, head = groups.values()
        tests = [paired_t(base, head, logs=logs)] if paired else []
        tests += [welch_t(base, head, logs=logs), mann_whitney(base, head)]
        return [replace(test, of=names) for test in corrected(tests)]
    whole = corrected([anova(groups, logs=logs), welch_anova(groups, logs=logs), kruskal(groups)])
    if most_pairs is not None and math.comb(len(groups), 2) > most_pairs:
        return whole
    pairs = [*tukey(groups, logs=logs), *games_howell(groups, logs=logs)]
    return whole + [replace(test, p_adjusted=test.p_value) for test in pairs]
