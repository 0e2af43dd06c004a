from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from wattmark.analysis.multiple import holm
from wattmark.analysis.outcome import Test
from wattmark.analysis.posthoc import games_howell, tukey

# Dobson (1983), An Introduction to Statistical Modelling: dried weight of plants.
PLANTS = {
    "control": [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
    "first": [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
    "second": [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
}
UNEVEN = {"a": [1.0, 1.2, 1.1], "b": [1.5, 1.9, 1.2, 1.6], "c": [3.0, 2.5, 4.1, 2.2, 3.3]}


def figures(test: Test) -> list[float]:
    found = [test.effect, test.low, test.high, test.p_value]
    return [value for value in found if value is not None]


def test_tukeys_pairs_are_the_published_ones() -> None:
    first, second, third = tukey(PLANTS)
    assert [test.of for test in (first, second, third)] == [
        ("control", "first"),
        ("control", "second"),
        ("first", "second"),
    ]
    assert figures(first) == pytest.approx([-0.371, -1.0622161, 0.3202161, 0.3908711], abs=5e-6)
    assert figures(second) == pytest.approx([0.494, -0.1972161, 1.1852161, 0.1979960], abs=5e-6)
    assert figures(third) == pytest.approx([0.865, 0.1737839, 1.5562161, 0.0120064], abs=5e-6)
    assert first.df == (27.0,)
    assert first.effect_name == "difference of means"


@pytest.mark.parametrize("logs", [False, True])
@pytest.mark.parametrize("equal", [True, False])
def test_pairs_say_what_scipy_says_at_unequal_n(equal: bool, logs: bool) -> None:
    values = [np.log(group) if logs else group for group in UNEVEN.values()]
    direct = stats.tukey_hsd(*values, equal_var=equal)
    bounds = direct.confidence_interval()
    tests = (tukey if equal else games_howell)(UNEVEN, logs=logs)
    for test, (base, head) in zip(tests, [(0, 1), (0, 2), (1, 2)], strict=True):
        expected = [direct.statistic[head, base], bounds.low[head, base], bounds.high[head, base]]
        if logs:
            expected = [math.exp(value) for value in expected]
        assert figures(test) == pytest.approx([*expected, direct.pvalue[head, base]], rel=1e-8)
        assert test.statistic == pytest.approx(direct.statistic[head, base], rel=1e-9)
        assert test.p_value == pytest.approx(direct.pvalue[head, base], rel=1e-9, abs=1e-13)
        assert test.n == (len(values[base]), len(values[head]))


def test_the_unit_goes_through_and_the_p_value_does_not_mind() -> None:
    scaled = {name: [value * 1e200 for value in group] for name, group in UNEVEN.items()}
    for posthoc in (tukey, games_howell):
        for plain, huge in zip(posthoc(UNEVEN), posthoc(scaled), strict=True):
            assert figures(huge)[:3] == pytest.approx([v * 1e200 for v in figures(plain)[:3]])
            assert huge.p_value == pytest.approx(plain.p_value, rel=1e-6)


def test_each_pair_says_why_there_is_nothing() -> None:
    for posthoc in (tukey, games_howell):
        tests = posthoc({"a": [1.0, 2.0], "b": [1.0], "c": [3.0, 4.0]})
        assert [test.why for test in tests] == ["b has 1 value: at least 2 are needed"] * 3
        flat = posthoc({"a": [1.0, 1.0], "b": [2.0, 2.0]})
        assert "constant" in flat[0].why
        assert posthoc({"a": [1.0, 2.0]}) == []
        assert "no logarithm" in posthoc({"a": [0.0, 2.0], "b": [1.0, 2.0]}, logs=True)[0].why
    some = games_howell({"a": [1.0, 1.0], "b": [2.0, 2.0], "c": [1.0, 3.0, 2.5]})
    assert [bool(test.why) for test in some] == [True, False, False]


def test_unequal_spreads_send_the_reader_from_tukey_to_games_howell() -> None:
    spread = np.random.default_rng(2).normal(0, 1, (3, 12)) * np.array([[1], [1], [20]])
    groups = {str(k): list(row) for k, row in enumerate(spread)}
    assert "read Games–Howell instead" in " ".join(tukey(groups)[0].notes)
    assert "Games" not in " ".join(tukey(PLANTS)[0].notes)


shares = st.lists(st.none() | st.floats(min_value=0, max_value=1), max_size=12)


@given(shares)
def test_holm_steps_down_and_skips_what_was_not_tested(p_values: list[float | None]) -> None:
    told = [p for p in p_values if p is not None]
    for raw, adjusted in zip(p_values, holm(p_values), strict=True):
        if raw is None:
            assert adjusted is None
        else:
            # Each smaller p-value is multiplied by the number of those not below it.
            steps = [min(1.0, p * sum(q >= p for q in told)) for p in told if p <= raw]
            assert adjusted == pytest.approx(max(steps), rel=1e-12)


def test_holm_says_what_statsmodels_says() -> None:
    for p_values in ([0.01], [0.04, 0.01, 0.03, 0.005], [0.2, 0.2, 0.9, 0.0, 1.0]):
        expected = multipletests(p_values, method="holm")[1]
        assert holm(p_values) == pytest.approx(list(expected), rel=1e-12)


def test_holm_refuses_what_is_no_p_value() -> None:
    for wrong in (-0.1, 1.1, math.nan):
        with pytest.raises(ValueError, match="no p-value"):
            holm([0.5, wrong])
