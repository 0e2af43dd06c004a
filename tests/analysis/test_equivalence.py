from __future__ import annotations

import math

import numpy as np
import pytest
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from wattmark.analysis.hypotheses import tost

BASE = [10.1, 10.4, 9.8, 10.3, 10.0]
HEAD = [10.2, 10.35, 9.85, 10.4, 10.05]


@pytest.mark.parametrize("margin", [0.001, 0.01, 0.03, 0.2])
def test_tost_says_what_statsmodels_says(margin: float) -> None:
    bounds = 1 / (1 + margin), 1 + margin
    base, head = np.array(BASE), np.array(HEAD)
    p_value, above, below = ttost_paired(head, base, *bounds, transform=np.log)
    test = tost(BASE, HEAD, margin, paired=True)
    assert test.p_value == pytest.approx(p_value, rel=1e-9)
    assert test.statistic == pytest.approx(max(above, below, key=lambda one: one[1])[0], rel=1e-9)
    assert test.df == (4.0,)
    assert test.equivalent is bool(p_value < 0.05)
    p_value, above, below = ttost_ind(head, base, *bounds, usevar="unequal", transform=np.log)
    test = tost(BASE, HEAD, margin, paired=False)
    assert test.p_value == pytest.approx(p_value, rel=1e-9)
    assert test.statistic == pytest.approx(max(above, below, key=lambda one: one[1])[0], rel=1e-9)
    p_value, _, _ = ttost_paired(head, base, -margin, margin)
    assert tost(BASE, HEAD, margin, paired=True, logs=False).p_value == pytest.approx(p_value)
    p_value, _, _ = ttost_ind(head, base, -margin, margin, usevar="unequal")
    assert tost(BASE, HEAD, margin, paired=False, logs=False).p_value == pytest.approx(p_value)


@pytest.mark.parametrize("paired", [True, False])
@pytest.mark.parametrize("logs", [True, False])
def test_equivalent_is_what_the_interval_says(paired: bool, logs: bool) -> None:
    noise = np.random.default_rng(4)
    answers = set()
    for _ in range(60):
        base, head = 10 * np.exp(noise.normal(0, 0.02, (2, 6)))
        test = tost(list(base), list(head), 0.025, paired=paired, logs=logs)
        least, most = (1 / 1.025, 1.025) if logs else (-0.025, 0.025)
        assert test.low is not None
        assert test.high is not None
        assert test.equivalent is (least < test.low and test.high < most)
        assert test.confidence == pytest.approx(0.9)
        answers.add(test.equivalent)
    assert answers == ({True, False} if logs else {False})


def test_arms_at_the_margin_are_called_equivalent_one_time_in_twenty() -> None:
    noise = np.random.default_rng(8)
    false = 0
    for _ in range(1000):
        base, head = np.exp(noise.normal(0, 0.01, (2, 8)))
        false += bool(tost(list(base), list(head * 1.03), 0.03, paired=True).equivalent)
    assert 0.03 <= false / 1000 <= 0.07


@pytest.mark.parametrize("margin", [0.0, -0.03, math.nan, math.inf])
def test_a_margin_that_is_none_has_a_reason(margin: float) -> None:
    test = tost(BASE, HEAD, margin, paired=True)
    assert "it must be above 0" in test.why
    assert (test.p_value, test.equivalent) == (None, None)


def test_bad_values_are_not_called_equivalent() -> None:
    assert tost([1.0, 1.0], [1.0, 1.0], 0.03, paired=True).equivalent is None
    assert tost([1.0, 1.0], [1.0, 1.0], 0.03, paired=False).equivalent is None
    assert "level" in tost(BASE, HEAD, 0.03, paired=True, level=0.7).why
