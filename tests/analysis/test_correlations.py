from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from wattmark.analysis.correlations import correlations, pearson, spearman
from wattmark.analysis.outcome import Test

Correlate = Callable[[Sequence[float], Sequence[float]], Test]
X = [1.0, 2.0, 3.1, 4.2, 4.9, 6.3, 7.0, 8.4]
Y = [2.3, 1.9, 4.0, 3.8, 6.1, 5.0, 7.7, 6.9]


def test_pearson_says_what_scipy_says() -> None:
    direct = stats.pearsonr(X, Y)
    test = pearson(X, Y)
    assert test.statistic == pytest.approx(direct.statistic, rel=1e-9)
    assert test.p_value == pytest.approx(direct.pvalue, rel=1e-9)
    assert (test.low, test.high) == pytest.approx(tuple(direct.confidence_interval()), rel=1e-9)
    assert test.df == (6.0,)


def test_spearman_says_what_scipy_says() -> None:
    direct = stats.spearmanr(X, Y)
    test = spearman(X, Y)
    rho = float(direct.statistic)
    assert test.statistic == pytest.approx(rho, rel=1e-9)
    assert test.p_value == pytest.approx(direct.pvalue, rel=1e-9)
    error = math.sqrt((1 + rho**2 / 2) / (len(X) - 3))
    assert test.low == pytest.approx(math.tanh(math.atanh(rho) - 1.959963985 * error), abs=1e-9)
    assert test.high == pytest.approx(math.tanh(math.atanh(rho) + 1.959963985 * error), abs=1e-9)
    assert "8 pairs" in test.notes[0]
    assert spearman([*X, 9.0, 10.0], [*Y, 8.0, 7.8]).notes == ()


def test_spearmans_interval_covers_the_truth() -> None:
    noise = np.random.default_rng(3)
    truth = 6 / math.pi * math.asin(0.6 / 2)  # of a bivariate normal with correlation 0.6
    hits = 0
    for _ in range(600):
        x = noise.normal(0, 1, 20)
        test = spearman(list(x), list(0.6 * x + 0.8 * noise.normal(0, 1, 20)))
        assert test.low is not None
        assert test.high is not None
        hits += test.low <= truth <= test.high
    assert 0.93 <= hits / 600 <= 0.98


@pytest.mark.parametrize("correlate", [pearson, spearman])
def test_pairs_that_tell_nothing_have_a_reason(correlate: Correlate) -> None:
    assert correlate([1.0, 2.0], [3.0, 4.0]).why == "x has 2 values: at least 3 are needed"
    assert correlate([1.0] * 4, [1.0, 2.0, 3.0, 4.0]).why.startswith("x is constant")
    assert "no pairs" in correlate([1.0, 2.0, 3.0], [1.0, 2.0]).why
    assert "NaN" in correlate([1.0, 2.0, math.nan], [1.0, 2.0, 3.0]).why
    straight = correlate([1.0, 2.0, 3.0, 4.0], [0.1, 0.2, 0.3, 0.4])
    assert straight.effect == pytest.approx(1)
    assert straight.low is None
    assert "at 1 or −1" in straight.notes[-1]
    assert "at least 4 pairs" in correlate([1.0, 2.0, 3.0], [1.0, 2.0, 1.5]).notes[-1]


def test_residuals_of_the_line_are_looked_at() -> None:
    noise = np.random.default_rng(5)
    x = np.arange(30.0)
    normal = noise.permutation(stats.norm.ppf((x + 0.5) / 30))
    assert pearson(list(x), list(2 * x + normal)).notes == ()
    skewed = pearson(list(x), list(2 * x + noise.exponential(1, 30) ** 3))
    assert "read Spearman's beside it" in skewed.notes[0]


@pytest.mark.parametrize("ranks", [False, True])
def test_a_table_is_corrected_over_all_its_pairs(ranks: bool) -> None:
    columns: dict[str, list[float | None]] = {
        "x": [*X],
        "y": [*Y],
        "z": [1.0, 5.0, None, 2.0, 4.0, 3.0, 0.0, 6.0],
        "flat": [1.0] * 8,
    }
    tests = correlations(columns, ranks=ranks)
    assert [test.of for test in tests] == [
        ("x", "y"),
        ("x", "z"),
        ("x", "flat"),
        ("y", "z"),
        ("y", "flat"),
        ("z", "flat"),
    ]
    assert tests[1].n == (7, 7)
    assert tests[1].notes[0] == "1 of 8 rows lack one of the two values"
    assert tests[2].why.startswith("flat is constant")
    told = [test.p_value for test in tests if test.p_value is not None]
    adjusted = [test.p_adjusted for test in tests if test.p_adjusted is not None]
    assert adjusted == pytest.approx(list(multipletests(told, method="holm")[1]), rel=1e-12)
    with pytest.raises(ValueError, match="one length"):
        correlations({"x": [1.0, 2.0], "y": [1.0]})
