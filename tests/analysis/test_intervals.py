from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.analysis.intervals import (
    Interval,
    mean_log_t,
    mean_t,
    mean_with_measurement,
    ratio_paired,
    widen_ratio,
    wilson,
)

positive = st.floats(min_value=1e-6, max_value=1e6)


def bounds(interval: Interval) -> tuple[float, float]:
    assert interval.low is not None
    assert interval.high is not None
    return interval.low, interval.high


def test_five_runs_cover_the_truth_as_often_as_promised() -> None:
    noise = np.random.default_rng(3)
    hits = 0
    for _ in range(2000):
        low, high = bounds(mean_log_t(list(3.0 * np.exp(noise.normal(0, 0.1, 5)))))
        hits += low <= 3.0 <= high
    assert 0.93 <= hits / 2000 <= 0.97


def test_the_log_interval_is_the_textbook_one() -> None:
    # logs 0, 1, 2: mean 1, sd 1, t(0.975, 2) = 4.30265, half 4.30265 / sqrt(3)
    mean, low, high = mean_log_t([1.0, math.e, math.e**2])
    assert mean == pytest.approx(math.e)
    assert low is not None
    assert high is not None
    assert math.log(high) - 1 == pytest.approx(2.48414, abs=1e-4)
    assert math.log(low) - 1 == pytest.approx(-2.48414, abs=1e-4)


def test_one_value_has_no_interval() -> None:
    assert mean_log_t([2.5]) == (2.5, None, None)
    assert mean_t([-2.5]) == (-2.5, None, None)


def test_net_energy_gets_the_plain_interval_whatever_its_values() -> None:
    for values in ([-1.0, 0.0, 1.0], [9.0, 10.0, 11.0]):
        mean, low, high = mean_t(values)
        assert mean == pytest.approx(sum(values) / 3)
        # sd 1, t(0.975, 2) = 4.30265, half 4.30265 / sqrt(3)
        assert high == pytest.approx(mean + 2.48414, abs=1e-4)
        assert low == pytest.approx(mean - 2.48414, abs=1e-4)


def test_the_estimator_does_not_follow_the_data() -> None:
    # One replicate that crosses zero moves the net centre by its own share, and no further.
    above = mean_with_measurement([1.0, 2.0, 0.001], [None] * 3, [None] * 3, logs=False)
    below = mean_with_measurement([1.0, 2.0, -0.001], [None] * 3, [None] * 3, logs=False)
    assert above.mean - below.mean == pytest.approx(0.002 / 3)
    with pytest.raises(ValueError, match="positive"):
        mean_with_measurement([1.0, 0.0], [None] * 2, [None] * 2)


def test_a_plain_mean_is_centred_on_the_truth_of_noisy_net_energy() -> None:
    noise = np.random.default_rng(11)
    runs = [list(noise.normal(0.1, 0.2, 5)) for _ in range(2000)]
    found = [mean_with_measurement(run, [None] * 5, [None] * 5, logs=False) for run in runs]
    assert float(np.mean([interval.mean for interval in found])) == pytest.approx(0.1, abs=0.01)
    hits = sum(low <= 0.1 <= high for low, high in map(bounds, found))
    assert 0.93 <= hits / 2000 <= 0.97


@pytest.mark.parametrize("values", [[], [math.nan], [1.0, math.inf]])
def test_no_value_or_an_infinite_one_is_refused(values: list[float]) -> None:
    with pytest.raises(ValueError, match="interval"):
        mean_log_t(values)
    with pytest.raises(ValueError, match="interval"):
        mean_t(values)


@given(st.lists(positive, min_size=2, max_size=8), st.sampled_from([1e-3, 7.0, 1e4]))
def test_units_do_not_matter(values: list[float], factor: float) -> None:
    interval = mean_log_t(values)
    scaled = mean_log_t([value * factor for value in values])
    assert scaled.mean == pytest.approx(interval.mean * factor, rel=1e-9)
    low, high = bounds(interval)
    assert low <= interval.mean * (1 + 1e-12)
    assert interval.mean <= high * (1 + 1e-12)


def test_the_measurement_widens_what_the_runs_say() -> None:
    values = [1.0, 1.02, 0.99, 1.01, 1.0]
    runs = mean_log_t(values)
    both = mean_with_measurement(values, [v * 0.9 for v in values], [v * 1.1 for v in values])
    low, high = bounds(both)
    runs_low, runs_high = bounds(runs)
    assert both.mean == runs.mean
    expected = math.hypot(math.log(runs_high / runs.mean), math.log(1.1))
    assert math.log(high / both.mean) == pytest.approx(expected)
    assert low < runs_low * 0.92


def test_one_replicate_has_the_measurement_only() -> None:
    assert mean_with_measurement([2.0], [1.8], [2.4]) == pytest.approx((2.0, 1.8, 2.4))
    assert mean_with_measurement([2.0], [None], [None]) == (2.0, None, None)


def test_gross_energy_never_reaches_below_zero() -> None:
    low, _ = bounds(mean_with_measurement([1.0, 1.1], [0.0, 0.0], [2.0, 2.2]))
    assert low == 0.0


def test_net_energy_may_reach_below_zero() -> None:
    low, high = bounds(mean_with_measurement([0.1, 0.2], [-1.0, -0.9], [1.2, 1.3], logs=False))
    assert low < -0.9
    assert high > 1.0


@pytest.mark.parametrize(
    ("correct", "n", "low", "high"),
    [
        (8, 10, 0.4902, 0.9433),
        (0, 20, 0.0, 0.1611),
        (20, 20, 0.8389, 1.0),
        (81, 263, 0.2553, 0.3662),
    ],
)
def test_wilson_matches_published_values(correct: int, n: int, low: float, high: float) -> None:
    assert wilson(correct, n) == pytest.approx((correct / n, low, high), abs=1e-4)


@pytest.mark.parametrize(("correct", "n"), [(1, 0), (-1, 5), (6, 5)])
def test_wilson_refuses_what_is_no_share(correct: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(correct, n)


def test_pairing_takes_out_a_drift_that_is_common() -> None:
    drift = np.array([1.0, 1.1, 1.2, 1.3, 1.4])
    wobble = np.array([1.0, 1.01, 0.99, 1.005, 0.995])
    paired = ratio_paired(list(drift), list(0.9 * drift * wobble))
    low, high = bounds(paired)
    assert 0.88 < low < 0.9 < high < 0.92
    alone_low, alone_high = bounds(mean_log_t(list(drift)))
    assert high / low < alone_high / alone_low


def test_a_ratio_of_equals_is_rarely_resolved() -> None:
    noise = np.random.default_rng(5)
    false = 0
    for _ in range(1000):
        block = noise.normal(0, 0.05, 5)
        base, head = np.exp(block + noise.normal(0, 0.02, (2, 5)))
        low, high = bounds(ratio_paired(list(base), list(head)))
        false += not low <= 1 <= high
    assert false / 1000 < 0.075


def test_ratios_refuse_what_makes_no_pairs() -> None:
    with pytest.raises(ValueError, match="no pairs"):
        ratio_paired([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="positive"):
        ratio_paired([1.0, 0.0], [1.0, 1.0])


def test_a_measurement_down_to_zero_leaves_no_interval_of_a_ratio() -> None:
    assert widen_ratio(Interval(0.5, 0.4, 0.6), [math.inf, 0.1]) == (0.5, None, None)
    low, high = bounds(widen_ratio(Interval(1.0, 0.99, 1.01), [0.1, 0.1]))
    assert low == pytest.approx(math.exp(-math.hypot(0.1, 0.1, math.log(1 / 0.99))))
    assert high > 1.15
