from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from wattmark.analysis.effects import cliffs_delta, hedges_g, omega_squared
from wattmark.analysis.outcome import Effect

BASE = [10.1, 10.4, 9.8, 10.3, 10.0]
HEAD = [10.9, 11.3, 10.2, 11.1]


def bounds(effect: Effect) -> tuple[float, float]:
    assert effect.low is not None
    assert effect.high is not None
    return effect.low, effect.high


def t_below(t: float, df: int, centre: float) -> float:
    """P(T ≤ t) of a noncentral t by integrating over its denominator, √(χ²/df)."""

    def share(u: float) -> float:
        density = 2 * df * u * stats.chi2.pdf(df * u * u, df)
        return float(special.ndtr(t * u - centre) * density)

    return float(integrate.quad(share, 0, 12, limit=400, points=[0.5, 1, 2])[0])


def f_below(f: float, df: tuple[float, float], centre: float) -> float:
    """P(F ≤ f) of a noncentral F as the Poisson mixture of betas that it is."""
    steps = np.arange(2000)
    share = special.betainc(df[0] / 2 + steps, df[1] / 2, df[0] * f / (df[0] * f + df[1]))
    return float(stats.poisson.pmf(steps, centre / 2) @ share)


def test_g_is_cohens_d_times_the_exact_correction() -> None:
    effect = hedges_g(BASE, HEAD)
    spread = math.sqrt((4 * np.var(BASE, ddof=1) + 3 * np.var(HEAD, ddof=1)) / 7)
    d = (np.mean(HEAD) - np.mean(BASE)) / spread
    correction = math.gamma(3.5) / (math.sqrt(3.5) * math.gamma(3))
    assert effect.value == pytest.approx(d * correction, rel=1e-12)
    # The usual approximation, 1 − 3/(4·7 − 1), is near but not it.
    assert correction == pytest.approx(1 - 3 / 27, abs=2e-3)


@pytest.mark.parametrize("paired", [False, True])
def test_the_bounds_of_g_leave_a_fortieth_in_each_tail(paired: bool) -> None:
    base = BASE[:4] if paired else BASE
    low, high = bounds(hedges_g(base, HEAD, paired=paired))
    if paired:
        t, df, factor = stats.ttest_rel(HEAD, base).statistic, 3, 1 / 2
    else:
        t, df, factor = stats.ttest_ind(HEAD, base).statistic, 7, math.sqrt(1 / 5 + 1 / 4)
    assert t_below(t, df, low / factor) == pytest.approx(0.975, abs=1e-6)
    assert t_below(t, df, high / factor) == pytest.approx(0.025, abs=1e-6)


def test_g_covers_the_truth_and_is_centred_on_it() -> None:
    noise = np.random.default_rng(6)
    hits, found = 0, []
    for _ in range(400):
        effect = hedges_g(list(noise.normal(0, 1, 5)), list(noise.normal(1, 1, 5)))
        low, high = bounds(effect)
        hits += low <= 1 <= high
        found.append(effect.value or 0.0)
    assert 0.93 <= hits / 400 <= 0.97
    assert float(np.mean(found)) == pytest.approx(1, abs=0.1)


def test_g_of_logarithms_and_of_many_runs() -> None:
    logs = hedges_g([float(v) for v in np.log(BASE)], [float(v) for v in np.log(HEAD)])
    assert hedges_g(BASE, HEAD, logs=True).value == pytest.approx(logs.value, rel=1e-12)
    noise = np.random.default_rng(1)
    many = hedges_g(list(noise.normal(0, 1, 5000)), list(noise.normal(2, 1, 5000)))
    low, high = bounds(many)
    assert low < 2 < high
    assert high - low < 0.12


def test_a_huge_effect_still_has_its_interval() -> None:
    effect = hedges_g([1.0, 1.01, 0.99], [30.0, 30.01, 29.99])
    low, high = bounds(effect)
    assert effect.value is not None
    assert 0 < low < effect.value < high
    beyond = hedges_g([1.0, 1.0 + 1e-9, 1.0 - 1e-9], [50.0, 50.001, 50.0])
    assert beyond.value is not None
    assert beyond.low is None
    assert "beyond what can be computed" in hedges_g([1.0, 1.0 + 1e-9], [50.0, 50.0]).why
    assert omega_squared(1e20, 2, 12).low is None


@pytest.mark.parametrize(
    ("base", "head", "why"),
    [
        ([1.0], [1.0, 2.0], "base has 1 value"),
        ([1.0, 1.0], [1.0, 1.0], "constant"),
        ([math.nan, 1.0], [1.0, 2.0], "NaN"),
    ],
)
def test_g_of_bad_values_has_a_reason(base: list[float], head: list[float], why: str) -> None:
    effect = hedges_g(base, head)
    assert effect.value is None
    assert why in effect.why
    if "constant" not in why:
        assert why in cliffs_delta(base, head).why


def test_g_of_two_pairs_has_no_correction_and_says_so() -> None:
    assert "at least 3 pairs" in hedges_g([1.0, 2.0], [2.0, 2.5], paired=True).why
    assert "no pairs" in hedges_g([1.0, 2.0], [2.0, 2.5, 3.0], paired=True).why


small = st.lists(st.integers(min_value=0, max_value=12), min_size=2, max_size=8)


@settings(max_examples=60)
@given(small, small)
def test_delta_counts_pairs_and_turns_its_sign_with_the_arms(
    base: list[int], head: list[int]
) -> None:
    effect = cliffs_delta(base, head)
    counted = sum(np.sign(h - b) for b in base for h in head) / (len(base) * len(head))
    assert effect.value == pytest.approx(float(counted), abs=1e-12)
    low, high = bounds(effect)
    assert -1 <= low <= float(counted) + 1e-9
    assert float(counted) - 1e-9 <= high <= 1
    back_low, back_high = bounds(cliffs_delta(head, base))
    assert (back_low, back_high) == pytest.approx((-high, -low), abs=1e-9)


@pytest.mark.parametrize("shift", [0.5, 4.0])
def test_the_bounds_of_delta_solve_hanley_and_mcneils_equation(shift: float) -> None:
    base, head = [1.0, 2.0, 3.0, 4.0, 5.0], [1.0 + shift, 2.2 + shift, 3.3 + shift, 5.5 + shift]
    effect = cliffs_delta(base, head)
    assert effect.value is not None
    share = (effect.value + 1) / 2
    for bound in bounds(effect):
        true = (bound + 1) / 2
        if true in {0.0, 1.0}:
            continue
        one_above_two, two_above_one = true / (2 - true), 2 * true**2 / (1 + true)
        star = (5 + 4) / 2 - 1
        variance = (
            true * (1 - true) + star * (one_above_two - true**2) + star * (two_above_one - true**2)
        ) / 20
        assert abs(share - true) == pytest.approx(1.959963985 * math.sqrt(variance), abs=1e-8)


def test_delta_of_arms_apart_keeps_its_doubt() -> None:
    five = cliffs_delta([1.0, 2.0, 3.0, 4.0, 5.0], [6.0, 7.0, 8.0, 9.0, 10.0])
    three = cliffs_delta([1.0, 2.0, 3.0], [6.0, 7.0, 8.0])
    assert five.value == three.value == 1.0
    assert bounds(five)[1] == bounds(three)[1] == 1.0
    assert bounds(three)[0] < bounds(five)[0] < 0.5


@pytest.mark.parametrize("shift", [0.0, 1.0, 2.0])
def test_delta_covers_the_truth(shift: float) -> None:
    noise = np.random.default_rng(12)
    truth = 2 * float(special.ndtr(shift / math.sqrt(2))) - 1
    hits = 0
    for _ in range(800):
        base, head = noise.normal(0, 1, 6), noise.normal(shift, 1, 6)
        low, high = bounds(cliffs_delta(list(base), list(head)))
        hits += low <= truth <= high
    assert 0.92 <= hits / 800 <= 0.985


@pytest.mark.parametrize(
    ("f", "between", "within"), [(4.8461, 2, 27), (20.0, 3, 12.5), (1.2, 4, 15)]
)
def test_omega_and_its_bounds(f: float, between: float, within: float) -> None:
    effect = omega_squared(f, between, within)
    total = between + within + 1
    gain = between * (f - 1)
    assert effect.value == pytest.approx(gain / (gain + total))
    for bound, level in zip(bounds(effect), (0.975, 0.025), strict=True):
        if bound == 0:
            assert f_below(f, (between, within), 0.0) <= level
        else:
            centre = bound * total / (1 - bound)
            assert f_below(f, (between, within), centre) == pytest.approx(level, abs=1e-7)


def test_omega_of_groups_alike_is_none_at_all() -> None:
    effect = omega_squared(0.3, 2, 12)
    assert effect.value == 0.0
    assert bounds(effect)[0] == 0.0
