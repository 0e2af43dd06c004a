from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wattmark.analysis.battery import compared
from wattmark.analysis.hypotheses import (
    Test,
    anova,
    kruskal,
    mann_whitney,
    paired_t,
    tost,
    welch_anova,
    welch_t,
    wilcoxon,
)

# Student (1908), extra hours of sleep under two drugs, ten patients.
FIRST = [0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0]
SECOND = [1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4]
# Dobson (1983), An Introduction to Statistical Modelling: dried weight of plants.
PLANTS = {
    "control": [4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14],
    "first": [4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69],
    "second": [6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26],
}
BASE = [10.1, 10.4, 9.8, 10.3, 10.0]
HEAD = [10.9, 11.3, 10.2, 11.1, 10.7]
Arms = Callable[[Sequence[float], Sequence[float]], Test]
TWO_ARMS: list[Arms] = [
    paired_t,
    lambda base, head: paired_t(base, head, logs=False),
    welch_t,
    lambda base, head: welch_t(base, head, logs=True),
    mann_whitney,
    wilcoxon,
    lambda base, head: wilcoxon(base, head, logs=True),
    lambda base, head: tost(base, head, 0.03, paired=True),
    lambda base, head: tost(base, head, 0.03, paired=False),
    lambda base, head: anova({"base": base, "head": head}),
    lambda base, head: welch_anova({"base": base, "head": head}),
    lambda base, head: kruskal({"base": base, "head": head}),
]


def close(test: Test, statistic: float, p_value: float) -> None:
    assert test.statistic == pytest.approx(float(statistic), rel=1e-9)
    assert test.p_value == pytest.approx(float(p_value), rel=1e-9)
    assert test.why == ""


def test_two_arms_say_what_scipy_says() -> None:
    logs = stats.ttest_rel(np.log(HEAD), np.log(BASE))
    test = paired_t(BASE, HEAD)
    close(test, logs.statistic, logs.pvalue)
    assert test.df == (4.0,)
    assert test.name == "paired t-test on logarithms"
    plain = stats.ttest_rel(HEAD, BASE)
    close(paired_t(BASE, HEAD, logs=False), plain.statistic, plain.pvalue)
    welch = stats.ttest_ind(HEAD, BASE[:4], equal_var=False)
    test = welch_t(BASE[:4], HEAD)
    close(test, welch.statistic, welch.pvalue)
    assert test.df == pytest.approx((welch.df,), rel=1e-12)
    assert test.n == (4, 5)
    signed = stats.wilcoxon(HEAD, BASE)
    close(wilcoxon(BASE, HEAD), signed.statistic, signed.pvalue)


def test_the_sleep_data_give_their_published_figures() -> None:
    test = paired_t(FIRST, SECOND, logs=False)
    assert test.statistic == pytest.approx(4.0621, abs=5e-5)
    assert test.p_value == pytest.approx(0.002833, abs=5e-7)
    welch = welch_t(FIRST, SECOND)
    assert welch.statistic == pytest.approx(1.8608, abs=5e-5)
    assert welch.df == pytest.approx((17.776,), abs=5e-4)
    assert welch.p_value == pytest.approx(0.07939, abs=5e-6)


@pytest.mark.parametrize("n", [3, 8, 9])
@pytest.mark.parametrize("tied", [False, True])
def test_mann_whitney_is_exact_where_scipy_is(n: int, tied: bool) -> None:
    noise = np.random.default_rng(n)
    base, head = noise.normal(0, 1, n), noise.normal(1, 1, n + 1)
    if tied:
        head[0] = base[0]
    direct = stats.mannwhitneyu(head, base)
    test = mann_whitney(list(base), list(head))
    close(test, direct.statistic, direct.pvalue)
    exact = n <= 8 and not tied
    assert test.name.endswith("(exact)") is exact
    assert any("can be reached" in note for note in test.notes) is exact
    assert any(note.startswith("ties") for note in test.notes) is (tied and n <= 8)


@pytest.mark.parametrize(("n", "least"), [(3, 0.1), (4, 0.029), (5, 0.0079)])
def test_the_least_p_of_few_runs_is_said_and_is_the_least(n: int, least: float) -> None:
    test = mann_whitney(list(range(n)), list(range(10, 10 + n)))
    assert test.notes[0].endswith(f"no p-value below {least:.2g} can be reached")
    assert test.p_value == pytest.approx(least, abs=5e-4)


def test_wilcoxon_says_what_pairs_can_reach_and_leaves_equal_ones_out() -> None:
    test = wilcoxon(BASE, HEAD)
    assert test.p_value == pytest.approx(2 / 2**5)
    assert "5 pairs no p-value below 0.062" in test.notes[0]
    assert test.effect == 1.0
    test = wilcoxon([*BASE, 3.0], [*HEAD, 3.0])
    assert "left out" in test.notes[0]
    assert wilcoxon(BASE, BASE).why == "all pairs are equal"


def test_groups_say_what_scipy_says() -> None:
    groups = list(PLANTS.values())
    classic = stats.f_oneway(*groups)
    test = anova(PLANTS)
    close(test, classic.statistic, classic.pvalue)
    assert test.df == (2.0, 27.0)
    assert test.of == ("control", "first", "second")
    welch = stats.f_oneway(*groups, equal_var=False)
    close(welch_anova(PLANTS), welch.statistic, welch.pvalue)
    ranks = stats.kruskal(*groups)
    test = kruskal(PLANTS)
    close(test, ranks.statistic, ranks.pvalue)
    assert test.effect == pytest.approx(ranks.statistic / 29)
    logs = stats.f_oneway(*[np.log(group) for group in groups])
    close(anova(PLANTS, logs=True), logs.statistic, logs.pvalue)


def test_the_plants_give_their_published_figures() -> None:
    assert anova(PLANTS).statistic == pytest.approx(4.8461, abs=5e-5)
    assert anova(PLANTS).p_value == pytest.approx(0.01591, abs=5e-6)
    welch = welch_anova(PLANTS)
    assert welch.statistic == pytest.approx(5.181, abs=5e-4)
    assert welch.df == pytest.approx((2, 17.128), abs=5e-4)
    assert welch.p_value == pytest.approx(0.01739, abs=5e-6)
    assert kruskal(PLANTS).statistic == pytest.approx(7.9882, abs=5e-5)
    assert kruskal(PLANTS).p_value == pytest.approx(0.01842, abs=5e-6)


def test_what_does_not_hold_is_said() -> None:
    skewed = [1.0, 1.1, 0.9, 1.05, 0.95, 1.02, 0.98, 1.0, 9.0, 1.01]
    calm = [value / 1000 for value in skewed]
    normal = stats.shapiro(np.array(skewed) - np.mean(skewed)).pvalue
    assert normal < 0.05
    assert any("Shapiro–Wilk" in note for note in paired_t([1.0] * 10, skewed, logs=False).notes)
    assert any("Shapiro–Wilk" in note for note in welch_t(skewed, skewed[::-1]).notes)
    assert not any("Shapiro" in note for note in paired_t(BASE, HEAD).notes)
    spread = np.random.default_rng(2).normal(0, 1, (3, 12)) * np.array([[1], [1], [20]])
    groups = {str(k): list(row) for k, row in enumerate(spread)}
    p_value = stats.levene(*spread, center="median").pvalue
    assert f"Brown–Forsythe p = {p_value:.2g}" in " ".join(anova(groups).notes)
    assert not any("Brown" in note for note in anova(PLANTS).notes)
    assert welch_t(calm, skewed).p_value is not None


@pytest.mark.parametrize("test", TWO_ARMS)
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "base has 0 values: at least 2 are needed"),
        ([1.0], "base has 1 value: at least 2 are needed"),
        ([1.0, math.nan, 2.0], "base has 1 value missing, NaN or infinite"),
        ([math.inf, math.nan, 2.0], "base has 2 values missing, NaN or infinite"),
    ],
)
def test_bad_values_have_a_reason_and_no_figure(test: Arms, values: list[float], why: str) -> None:
    found = test(values, values)
    assert found.why == why
    assert (found.statistic, found.p_value, found.effect) == (None, None, None)
    assert found.n == (len(values), len(values))


@pytest.mark.parametrize("test", TWO_ARMS)
def test_constant_values_have_a_reason(test: Arms) -> None:
    for base, head in (([2.0] * 3, [2.0] * 3), ([0.1 + 0.2, 0.3, 0.3], [0.3, 0.3, 0.1 + 0.2])):
        found = test(base, head)
        assert found.p_value is None
        assert any(word in found.why for word in ("constant", "equal", "same amount"))


def test_reasons_of_pairs_logarithms_and_groups() -> None:
    assert paired_t([1.0, 2.0, 3.0], [1.0, 2.0]).why == "3 and 2 values make no pairs"
    assert "head has 2 values of zero or below: no logarithm" in (
        paired_t([1.0, 2.0, 3.0], [0.0, -1.0, 2.0]).why
    )
    assert paired_t([1.0, 2.0, 3.0], [0.0, -1.0, 2.5], logs=False).why == ""
    assert "same amount" in paired_t([1.0, 2.0, 4.0], [2.0, 4.0, 8.0]).why
    assert anova({"alone": [1.0, 2.0]}).why == "1 group: a test compares at least 2"
    assert anova({}).why == "0 groups: a test compares at least 2"
    mixed = {"a": [1.0, 2.0], "b": [2.0, 2.0], "c": [1.0, 3.0]}
    assert "b is constant" in welch_anova(mixed).why
    assert anova(mixed).why == ""


@pytest.mark.parametrize("test", TWO_ARMS)
def test_figures_at_the_edge_of_floats_are_tested_all_the_same(test: Arms) -> None:
    base, head = [1.0, 1.3, 1.1, 1.2], [1.5, 1.9, 1.65, 1.6]
    plain = test(base, head)
    for factor in (1e300, 1e-300):
        found = test([value * factor for value in base], [value * factor for value in head])
        assert found.p_value == pytest.approx(plain.p_value, rel=1e-6)


def test_huge_differences_never_warn() -> None:
    for test in TWO_ARMS:
        found = test([1.0, 1.0 + 1e-11, 1.0], [1e8, 1e8, 1e8 + 1.0])
        assert found.p_value is None or 0 <= found.p_value <= 1
        found = test([1.7e308, 1.0, 1e-300], [1e-308, 2.0, 1e308])
        assert found.p_value is None or 0 <= found.p_value <= 1


counts = st.integers(min_value=1, max_value=9999)
pairs = st.lists(st.tuples(counts, counts), min_size=3, max_size=9)


def arms(rows: list[tuple[int, int]]) -> tuple[list[float], list[float]]:
    return [float(base) for base, _ in rows], [float(head) for _, head in rows]


@settings(max_examples=15, deadline=None)
@given(pairs)
def test_swapping_the_arms_turns_the_sign_and_nothing_else(rows: list[tuple[int, int]]) -> None:
    base, head = arms(rows)
    for test in TWO_ARMS[:4]:
        there, back = test(base, head), test(head, base)
        assert there.why == back.why
        if there.why:
            continue
        assert there.statistic == pytest.approx(-back.statistic, rel=1e-9, abs=1e-9)  # type: ignore[operator]  # not None without a why
        assert there.p_value == pytest.approx(back.p_value, rel=1e-9)
        if there.effect is not None and there.low is not None and back.high is not None:
            assert there.effect == pytest.approx(-back.effect, rel=1e-9, abs=1e-9)  # type: ignore[operator]  # both have one or none
            assert there.low == pytest.approx(-back.high, rel=1e-5, abs=1e-6)
    for test in TWO_ARMS[4:]:
        there, back = test(base, head), test(head, base)
        assert bool(there.why) is bool(back.why)
        if not there.why:
            assert there.p_value == pytest.approx(back.p_value, rel=1e-9)


@settings(max_examples=15, deadline=None)
@given(pairs, st.sampled_from([3.7, 1e-6, 1e9]))
def test_on_logarithms_the_unit_does_not_matter(rows: list[tuple[int, int]], factor: float) -> None:
    base, head = arms(rows)
    scaled = [value * factor for value in base], [value * factor for value in head]
    for test in (
        paired_t,
        lambda base, head: welch_t(base, head, logs=True),
        lambda base, head: tost(base, head, 0.03, paired=True),
    ):
        plain, other = test(base, head), test(*scaled)
        assert other.why == plain.why
        if not plain.why:
            assert other.p_value == pytest.approx(plain.p_value, rel=1e-6, abs=1e-12)


@settings(max_examples=15, deadline=None)
@given(pairs, st.randoms(use_true_random=False))
def test_the_order_of_blocks_does_not_matter(rows: list[tuple[int, int]], order: Random) -> None:
    mixed = list(rows)
    order.shuffle(mixed)
    for test in TWO_ARMS:
        plain, other = test(*arms(rows)), test(*arms(mixed))
        assert other.why == plain.why
        if not plain.why:
            assert other.p_value == pytest.approx(plain.p_value, rel=1e-9)


def test_a_comparison_of_two_corrects_its_three_tests() -> None:
    tests = compared({"fp32": BASE, "int8": HEAD}, logs=True)
    assert [test.of for test in tests] == [("fp32", "int8")] * 3
    raw = sorted(test.p_value for test in tests if test.p_value is not None)
    adjusted = sorted(test.p_adjusted for test in tests if test.p_adjusted is not None)
    assert adjusted[0] == pytest.approx(3 * raw[0])
    assert adjusted[1] == pytest.approx(max(adjusted[0], 2 * raw[1]))
    uneven = compared({"fp32": BASE, "int8": HEAD[:3]}, logs=True)
    assert uneven[0].why == "5 and 3 values make no pairs"
    assert uneven[0].p_adjusted is None
    assert uneven[1].p_adjusted == pytest.approx(2 * min(t.p_value or 1 for t in uneven[1:]))
    assert len(compared({"fp32": BASE, "int8": HEAD}, logs=True, paired=False)) == 2


def test_a_comparison_of_more_has_the_pairs_too() -> None:
    tests = compared(PLANTS, logs=False)
    assert [test.name for test in tests[:3]] == ["ANOVA", "Welch's ANOVA", "Kruskal–Wallis test"]
    assert len(tests) == 3 + 3 + 3
    assert all(test.p_adjusted == test.p_value for test in tests[3:])
    assert compared({}, logs=True) == []
    assert compared({"alone": BASE}, logs=True) == []
