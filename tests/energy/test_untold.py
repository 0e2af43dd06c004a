"""A sensor of power that does not tell how long it averages."""

import numpy as np
import pytest
from scipy.ndimage import uniform_filter1d

from wattmark.energy.untold import LONGEST_WINDOW_S, found_window

TICK_S = 0.1


def steps(rng: np.random.Generator, count: int = 400) -> np.ndarray:
    """Powers of single periods that hold for a while, then step."""
    lengths = rng.integers(3, 40, count)
    return np.repeat(rng.uniform(80, 600, count), lengths)[:count]


def averaged(power: np.ndarray, periods: int) -> np.ndarray:
    upto = np.append(0.0, np.cumsum(power))
    return np.asarray((upto[periods:] - upto[:-periods]) / periods)


@pytest.mark.parametrize("periods", [6, 10])
def test_a_window_of_many_periods_is_found(periods: int) -> None:
    for seed in range(20):
        readings = averaged(steps(np.random.default_rng(seed)), periods)
        window_s, longest_s = found_window(readings, TICK_S)
        assert window_s == pytest.approx(periods * TICK_S, rel=0.06)
        assert longest_s == window_s


def test_a_window_between_two_periods_is_found_between_them() -> None:
    fine = np.repeat(steps(np.random.default_rng(1)), 4)
    readings = averaged(fine, 30)[::4]
    window_s, _ = found_window(readings, TICK_S)
    assert window_s == pytest.approx(0.75, rel=0.07)


def test_readings_that_jump_are_no_long_average() -> None:
    for seed in range(20):
        window_s, longest_s = found_window(steps(np.random.default_rng(seed)), TICK_S)
        assert window_s is None
        assert longest_s <= 0.5


def test_a_square_wave_is_not_taken_for_an_average() -> None:
    for half in (5, 8, 10):
        square = np.tile(np.repeat([500.0, 200.0], half), 20)
        window_s, longest_s = found_window(square, TICK_S)
        assert window_s is None
        assert longest_s <= 0.7


def test_little_or_no_change_leaves_it_open() -> None:
    rng = np.random.default_rng(2)
    assert found_window(np.full(300, 350.0), TICK_S) == (None, LONGEST_WINDOW_S)
    assert found_window(steps(rng)[:8], TICK_S)[0] is None
    assert found_window(np.empty(0), TICK_S) == (None, LONGEST_WINDOW_S)
    smooth = 300 + 100 * uniform_filter1d(rng.standard_normal(400), 40)
    assert found_window(smooth, TICK_S)[1] >= 0.1
