"""Many tests at once: Holm's correction, so that one in twenty is not found by chance.

With m tests at level 0.05 the chance of at least one false finding grows towards 1 − 0.95^m;
Holm (1979, Scandinavian J. of Statistics 6: 65-70) holds it at 0.05 whatever the tests share.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from wattmark.analysis.outcome import Test


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Corrected p-values in the order given; None (no test) stays None and does not count.

    Raises ValueError for a p-value outside 0 to 1.
    """
    told = sorted((p, k) for k, p in enumerate(p_values) if p is not None)
    found: list[float | None] = [None] * len(p_values)
    reached = 0.0
    for rank, (p_value, k) in enumerate(told):
        if not 0 <= p_value <= 1:
            raise ValueError(f"{p_value} is no p-value")
        reached = max(reached, min(1.0, p_value * (len(told) - rank)))
        found[k] = reached
    return found


def corrected(tests: Sequence[Test]) -> list[Test]:
    """The tests with `p_adjusted` by Holm over all of them; p-values stay as they are."""
    adjusted = holm([test.p_value for test in tests])
    return [replace(test, p_adjusted=p) for test, p in zip(tests, adjusted, strict=True)]
