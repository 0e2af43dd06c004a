"""When ticks came, and what was averaged away: found again where the truth is known."""

from __future__ import annotations

import numpy as np
import pytest

from wattmark.energy.sharpen import sharpen
from wattmark.energy.spacing import Floats, gaps, usual_spacing
from wattmark.energy.ticks import TickTimes, tick_times


def seen(
    rng: np.random.Generator, period_s: float, poll_s: float, jitter_s: float, late_s: float
) -> tuple[Floats, Floats, Floats]:
    """True ticks that polls saw, and the brackets of each."""
    count = round(40 / period_s)
    ticks = rng.uniform(0, period_s) + period_s * np.arange(count) * (1 + 3e-4)
    ticks = ticks + rng.normal(0, jitter_s, count)
    polls = np.arange(0.5, ticks[-1], poll_s)
    polls = polls + rng.exponential(late_s, polls.size)
    latest = np.searchsorted(ticks, polls, side="right") - 1
    new = np.flatnonzero(np.diff(latest) > 0) + 1
    low = np.maximum(polls[new] - period_s, polls[new - 1])
    return ticks[latest[new]], low, polls[new]


def inside(times: TickTimes, truth: Floats) -> float:
    """How often the truth lies within what each tick and all of them together may be off."""
    return float((np.abs(times.time - truth) <= times.slack + times.shared + 1e-9).mean())


@pytest.mark.parametrize("jitter_s", [0.0, 0.001, 0.004])
def test_ticks_seen_by_fast_polls_are_told_finer_than_the_polls(jitter_s: float) -> None:
    errors, held = [], []
    for seed in range(8):
        truth, low, high = seen(np.random.default_rng(seed), 0.1, 0.023, jitter_s, 0.001)
        times = tick_times(low, high, 0.1)
        errors.append(np.sqrt(np.mean((times.time - truth) ** 2)))
        held.append(inside(times, truth))
    assert np.mean(errors) < 0.0023 + 1.1 * jitter_s  # a bracket's middle errs by 6.6 ms
    assert np.mean(held) > 0.8  # the slack of a normal scatter is that of a uniform one: ± 1.7 SD


def test_ticks_in_step_with_the_polls_share_their_error() -> None:
    for seed in range(8):
        truth, low, high = seen(np.random.default_rng(seed), 0.1, 0.1, 0.0, 0.0004)
        times = tick_times(low, high, 0.1)
        assert np.median(times.slack) < 0.005
        assert inside(times, truth) > 0.9


def test_polls_slower_than_ticks_and_out_of_step_leave_each_its_bracket() -> None:
    truth, low, high = seen(np.random.default_rng(1), 0.001, 0.0873, 0.0, 0.002)
    times = tick_times(low, high, 0.001)
    assert inside(times, truth) == 1
    assert np.median(times.slack) == pytest.approx(0.0005, rel=0.05)
    assert (times.shared == 0).all()


def test_times_rise() -> None:
    for seed in range(5):
        _, low, high = seen(np.random.default_rng(seed), 0.02, 0.0113, 0.004, 0.003)
        assert (np.diff(tick_times(low, high, 0.02).time) >= 0).all()


def test_steps_are_found_again_in_averages() -> None:
    powers = np.repeat([70.0, 350.0, 90.0, 220.0, 70.0], [40, 33, 27, 51, 40])
    upto = np.append(0.0, np.cumsum(powers))
    readings = (upto[10:] - upto[:-10]) / 10
    found = sharpen(readings, 10)
    assert found.size == powers.size
    assert np.abs(np.cumsum(found - powers)).max() < 0.02 * 280 * 10
    assert np.abs(found - powers).mean() < 3


def test_what_is_constant_or_not_averaged_stays_as_it_is() -> None:
    assert sharpen(np.full(30, 42.0), 10) == pytest.approx(np.full(39, 42.0))
    readings = np.array([1.0, 5.0, 2.0])
    assert sharpen(readings, 1) == pytest.approx(readings)


def test_a_tick_before_one_that_was_watched_for_is_a_period_older() -> None:
    """A reading 0.7 ms after a tick, and others until the next is seen within 50 µs."""
    truth = np.array([0.0100, 0.0380, 0.0390])
    high = np.array([0.01002, 0.0387, 0.03904])
    low = np.array([0.00997, 0.0377, 0.03899])
    times = tick_times(low, high, 0.001)
    assert np.abs(times.time - truth).max() < 0.0001
    assert inside(times, truth) == 1.0


def test_a_next_tick_that_came_late_is_not_forced_a_period_back() -> None:
    low, high = np.array([0.0377, 0.0405]), np.array([0.0387, 0.0406])
    times = tick_times(low, high, 0.001)
    assert low[0] <= times.time[0] <= high[0]
    assert low[1] <= times.time[1] <= high[1]


def test_a_burst_of_readings_is_not_how_the_time_was_sampled() -> None:
    burst = np.arange(0, 0.001, 6e-5)
    seconds = np.concatenate([burst, [0.1, 0.2], 0.27 + burst])
    assert usual_spacing(seconds, 0.001) > 0.05
    assert not gaps(seconds, 0.001).any()
    assert gaps(np.append(seconds, 30.0), 0.001).tolist() == [False] * (seconds.size - 1) + [True]
