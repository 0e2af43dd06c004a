from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.power import TTestIndPower, TTestPower
from synthetic import Knobs, make_run

from wattmark.analysis.intervals import ratio_paired, widen_ratio
from wattmark.analysis.metrics import METRICS
from wattmark.analysis.sample_size import (
    replicates_for_half_width,
    replicates_for_ratio,
    sample_size_of,
)
from wattmark.analysis.statistical_power import MOST, Design, smallest
from wattmark.analysis.summary import summarise
from wattmark.errors import InputError
from wattmark.store.reader import open_run


def arms(sd: float, n: int = 5) -> tuple[list[float], list[float]]:
    """Pairs whose differences of logarithms have exactly this SD."""
    d = np.random.default_rng(1).normal(size=n)
    return [1.0] * n, np.exp((d - d.mean()) / d.std(ddof=1) * sd).tolist()


@pytest.mark.parametrize("n", [2, 3, 5, 12, 80, 900])
@pytest.mark.parametrize("effect", [0.02, 0.1, 0.4, 1.0, 2.5])
def test_power_is_that_of_statsmodels(n: int, effect: float) -> None:
    ratio = math.exp(effect)
    one, two = TTestPower().power(effect, n, 0.05), TTestIndPower().power(effect, n, 0.05)
    # statsmodels has NaN for a power that is 1 to the last digit.
    for expected, paired in ((one, True), (two, False)):
        assert Design(1.0, paired=paired).power(ratio, n) == pytest.approx(
            1.0 if math.isnan(expected) else expected, abs=1e-9
        )


def test_cohens_table() -> None:
    # Cohen (1988), table 2.4.1: d = 0.5 at power 0.80, two-sided 0.05, takes 64 an arm.
    design = Design(1.0, paired=False)
    assert smallest(lambda n: design.power(math.exp(0.5), n) >= 0.8) == 64
    assert smallest(lambda n: design.power(math.exp(0.8), n) >= 0.8) == 26


@pytest.mark.parametrize("paired", [True, False])
def test_what_is_asked_for_has_the_power_that_was_promised(paired: bool) -> None:
    rng = np.random.default_rng(3)
    design = Design(0.05, paired=paired)
    n = smallest(lambda n: design.power(1.02, n) >= 0.8)
    assert n is not None
    if paired:
        d = rng.normal(math.log(1.02), 0.05, (4_000, n))
        p = stats.ttest_1samp(d, 0, axis=1).pvalue
    else:
        a, b = (rng.normal(shift, 0.05, (4_000, n)) for shift in (0, math.log(1.02)))
        p = stats.ttest_ind(b, a, axis=1).pvalue
    assert np.mean(p < 0.05) == pytest.approx(0.8, abs=0.04)


def test_a_measurement_asks_for_more_and_reaches_its_power_too() -> None:
    base, head = arms(0.02)
    plain = replicates_for_ratio(base, head, 1.02)
    wide = replicates_for_ratio(base, head, 1.02, measurement=0.012)
    assert plain.needed is not None
    assert wide.needed is not None
    assert wide.needed > plain.needed
    # Verdicts as the house gives them: the t-interval, widened by the measurement.
    rng = np.random.default_rng(4)
    resolved = 0
    for d in np.exp(rng.normal(math.log(1.02), 0.02, (600, wide.needed))):
        interval = widen_ratio(ratio_paired([1.0] * len(d), d.tolist()), [0.012])
        resolved += interval.low is not None and interval.low > 1
    assert resolved / 600 == pytest.approx(0.8, abs=0.04)


def test_a_measurement_as_wide_as_the_difference_is_never_resolved() -> None:
    found = replicates_for_ratio(*arms(0.02), 1.02, measurement=0.03)
    assert found.needed is None
    assert "more replicates do not" in found.why
    assert Design(0.02, measurement=0.03).power(1.02, 10_000) < 0.01
    narrow = replicates_for_half_width(*arms(0.02), 0.02, measurement=0.03)
    assert narrow.needed is None
    assert "no smaller" in narrow.why


def test_a_tiny_measurement_changes_nothing() -> None:
    for n in (3, 10, 60):
        exact = Design(0.02).power(1.015, n)
        assert Design(0.02, measurement=1e-12).power(1.015, n) == pytest.approx(exact, abs=1e-3)


def test_the_upper_bound_holds_the_true_number_in_nineteen_of_twenty() -> None:
    rng = np.random.default_rng(5)
    truth = smallest(lambda n: Design(0.03).power(1.03, n) >= 0.8)
    assert truth is not None
    below = [
        found.needed_at_most is not None and found.needed_at_most < truth
        for found in (
            replicates_for_ratio([1.0] * 5, np.exp(rng.normal(0, 0.03, 5)).tolist(), 1.03)
            for _ in range(200)
        )
    ]
    assert np.mean(below) <= 0.09


def test_half_width_is_reached_as_often_as_promised() -> None:
    base, head = arms(0.04)
    found = replicates_for_half_width(base, head, 0.02)
    assert found.needed is not None
    rng = np.random.default_rng(6)
    sd = rng.normal(0, 0.04, (4_000, found.needed)).std(axis=1, ddof=1)
    half = stats.t.ppf(0.975, found.needed - 1) * sd / math.sqrt(found.needed)
    assert 0.79 <= np.mean(half <= math.log1p(0.02)) <= 0.88


def test_more_is_what_is_missing() -> None:
    found = replicates_for_ratio(*arms(0.02), 1.02)
    assert found.n == 5
    assert found.sd == pytest.approx(0.02)
    assert found.sd_at_most == pytest.approx(0.02 * math.sqrt(4 / stats.chi2.ppf(0.05, 4)))
    assert found.needed is not None
    assert found.more == found.needed - 5
    assert found.needed_at_most is not None
    assert found.needed_at_most > found.needed
    assert found.power_now == pytest.approx(TTestPower().power(math.log(1.02) / 0.02, 5, 0.05))
    assert found.resolvable is not None
    assert Design(0.02).power(found.resolvable, 5) == pytest.approx(0.8, abs=1e-6)
    assert replicates_for_ratio(*arms(0.001), 1.1).more == 0


def test_a_ratio_and_its_inverse_ask_for_the_same() -> None:
    up, down = (replicates_for_ratio(*arms(0.03), ratio) for ratio in (1.03, 1 / 1.03))
    assert up.needed == down.needed
    assert up.needed_at_most == down.needed_at_most


@settings(max_examples=40, deadline=None)
@given(sd=st.floats(1e-4, 0.5), ratio=st.floats(1.005, 2.0), paired=st.booleans())
def test_needed_is_the_smallest_that_is_enough(sd: float, ratio: float, paired: bool) -> None:
    design = Design(sd, paired=paired)
    n = smallest(lambda n: design.power(ratio, n) >= 0.8)
    if n is None:
        assert design.power(ratio, MOST) < 0.8
        return
    assert design.power(ratio, n) >= 0.8
    assert n == 2 or design.power(ratio, n - 1) < 0.8


def test_what_cannot_be_said_says_why() -> None:
    one = replicates_for_ratio([1.0], [1.1], 1.02)
    assert one.needed is None
    assert "two pairs" in one.why
    assert "no scatter" in replicates_for_ratio([1.0] * 5, [1.1] * 5, 1.02).why
    far = replicates_for_ratio(*arms(0.3), 1.0001)
    assert far.needed is None
    assert "more than 100000" in far.why
    assert "2 pairs only" in replicates_for_ratio(*arms(0.02, 2), 1.02).notes[0]
    for wrong in (1.0, 0.0, -2.0, math.nan, math.inf):
        with pytest.raises(InputError, match="cannot be resolved"):
            replicates_for_ratio(*arms(0.02), wrong)
    with pytest.raises(InputError, match="no chance"):
        replicates_for_ratio(*arms(0.02), 1.02, power=1.0)
    with pytest.raises(InputError, match="half-width"):
        replicates_for_half_width(*arms(0.02), 0.0)
    with pytest.raises(ValueError, match="no pairs"):
        replicates_for_ratio([1.0], [1.0, 2.0], 1.02)
    with pytest.raises(ValueError, match="positive"):
        replicates_for_ratio([1.0, 0.0], [1.0, 2.0], 1.02)


def test_of_two_trials_of_a_run(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(models=("arithmetic",), queries=8)))
    keys = [trial.key for trial in summarise(run)]
    found = sample_size_of(run, METRICS["latency_s"], keys[0], keys[1], 1.01)
    assert found.n == 5
    assert found.needed is not None
    # Energy carries its measurement's half-width, which is far wider than 1 %.
    energy = sample_size_of(run, METRICS["energy_per_query_j"], keys[0], keys[1], 1.0001)
    assert energy.needed is None
    assert energy.why
    with pytest.raises(InputError, match="Unknown trial 'none'"):
        sample_size_of(run, METRICS["latency_s"], "none", keys[1], 1.01)
    with pytest.raises(InputError, match="gross"):
        sample_size_of(run, METRICS["idle_power_w"], keys[0], keys[1], 1.01)
