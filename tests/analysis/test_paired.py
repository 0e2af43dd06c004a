"""Differences between arms on the same queries: against known cases, and by simulated coverage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.analysis.paired import difference_of_scores, difference_of_shares, paired

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def table(both: int, lost: int, gained: int, neither: int) -> list[tuple[bool, bool]]:
    return (
        [(True, True)] * both
        + [(True, False)] * lost
        + [(False, True)] * gained
        + [(False, False)] * neither
    )


def test_it_gives_a_published_interval() -> None:
    # Newcombe 1998, 36/12/2/0 of (both, first alone, second alone, neither): method 10.
    found = difference_of_shares(table(36, 12, 2, 0))
    assert found.mean == pytest.approx(-0.2)
    assert found.low == pytest.approx(-0.3404, abs=1e-4)
    assert found.high == pytest.approx(-0.0569, abs=1e-4)


@given(PAIRS)
def test_swapping_the_arms_mirrors_the_interval(pairs: list[tuple[bool, bool]]) -> None:
    one = difference_of_shares(pairs)
    other = difference_of_shares([(second, first) for first, second in pairs])
    assert other.mean == -one.mean
    assert other.low == pytest.approx(-float(one.high or 0.0), abs=1e-12)
    assert other.high == pytest.approx(-float(one.low or 0.0), abs=1e-12)
    assert one.low is not None
    assert one.high is not None
    assert -1 <= one.low <= one.mean <= one.high <= 1


@pytest.mark.parametrize(
    ("n", "both", "lost", "gained"), [(10, 0.5, 0.1, 0.2), (80, 0.7, 0.1, 0.02)]
)
def test_the_interval_of_shares_holds_the_truth_as_often_as_it_says(
    n: int, both: float, lost: float, gained: float
) -> None:
    draws = np.random.default_rng(1).multinomial(
        n, [both, lost, gained, 1 - both - lost - gained], size=2000
    )
    held = 0
    for cells in draws:
        found = difference_of_shares(table(*(int(cell) for cell in cells)))
        held += (found.low or 0.0) <= gained - lost <= (found.high or 0.0)
    assert 0.93 <= held / len(draws) <= 0.99


def test_the_interval_of_scores_holds_the_truth_as_often_as_it_says() -> None:
    source = np.random.default_rng(2)
    held = 0
    for _ in range(300):
        first = source.beta(2, 1, size=60)
        second = np.clip(first + source.normal(0.05, 0.2, size=60), -1, 2)
        found = difference_of_scores(list(zip(first.tolist(), second.tolist(), strict=True)))
        held += (found.low or 0.0) <= 0.05 <= (found.high or 0.0)
    assert 0.91 <= held / 300 <= 0.98


def test_what_cannot_be_said_is_none() -> None:
    assert difference_of_scores([(0.5, 0.75)]) == (0.25, None, None)
    assert difference_of_scores([(0.5, 0.75)] * 9) == (0.25, None, None)
    with pytest.raises(ValueError, match="at least one query"):
        difference_of_shares([])
    with pytest.raises(ValueError, match="at least one query"):
        difference_of_scores([])


def test_pairs_are_of_queries_that_both_answered() -> None:
    assert paired({"a": 1, "b": 2}, {"b": 3, "c": 4}) == [(2, 3)]
