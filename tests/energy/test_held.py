"""Updates of sampled power that left the reading as it was."""

import numpy as np
import pytest

from wattmark.energy.curve import curve_of
from wattmark.energy.held import power_updates
from wattmark.energy.series import Series
from wattmark.energy.spacing import Floats
from wattmark.schema import SensorInfo

S = 10**9
PLATEAU = SensorInfo(
    name="p",
    component="gpu",
    device="gpu0",
    kind="power",
    source="test",
    update_period_s=0.1,
    averaging_window_s=0.1,
)


def polled(watts: list[float], *, poll_s: float = 0.02, phase_s: float = 0.004) -> Series:
    """Readings of a sensor that updates every 0.1 s to `watts`, one after another."""
    at = np.arange(phase_s, 0.1 * len(watts), poll_s)
    power = np.array(watts)[(at / 0.1).astype(int)]
    nothing = np.full(at.shape, np.nan)
    return Series.from_columns(PLATEAU, (at * S).astype(np.int64), nothing, power)


def test_a_steady_stretch_is_as_well_known_as_a_noisy_one() -> None:
    rng = np.random.default_rng(1)
    steady = [80.0] * 50 + [400.0] * 200 + [80.0] * 50
    noisy = [watts * (1 + 0.002 * rng.standard_normal()) for watts in steady]
    for watts in (steady, noisy):
        bounds = curve_of(polled(watts)).between([8 * S, 3 * S], [18 * S, 27 * S])
        half = (bounds.high - bounds.low) / 2 / bounds.value
        assert bounds.value == pytest.approx([4000, 400 * 20 + 80 * 4], rel=5e-3)
        assert (half < 5e-3).all()


def test_updates_that_tell_the_same_are_counted_and_unseen_ones_are_not() -> None:
    series = polled([80.0] * 10 + [300.0] * 30 + [90.0] * 10)
    seconds = series.time_ns / S
    times, watts = power_updates(seconds, series.power_w, 0.1, trusted=True)
    assert np.diff(times.time)[:-1] == pytest.approx(0.1, abs=0.02)
    assert (watts == 300).sum() == 30
    # Nobody looked from 0.6 s to 1.6 s, while it changed: no update is put there.
    seen = (seconds < 0.6) | (seconds > 1.6)
    times, watts = power_updates(seconds[seen], series.power_w[seen], 0.1, trusted=True)
    assert not ((times.time > 0.7) & (times.time < 1.4)).any()


def test_updates_without_a_rhythm_are_late_and_not_two() -> None:
    rng = np.random.default_rng(3)
    ticks = np.cumsum(0.1 * (1 + rng.uniform(-0.5, 0.5, 120)))
    seconds: Floats = np.arange(0.3, 11.0, 0.01)
    power = np.asarray(100 + 3.0 * np.searchsorted(ticks, seconds), dtype=np.float64)
    times, _ = power_updates(seconds, power, 0.1, trusted=True)
    inside = (ticks > 0.4) & (ticks < 10.8)
    # Taking each gap for whole periods would make a fifth more of them.
    assert times.time.size == pytest.approx(int(inside.sum()), abs=8)
