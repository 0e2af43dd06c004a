"""Do the intervals hold? Simulated sensors, exact integrals, windows of 5 ms to 60 s.

The range beside each sensor is the coverage measured with these seeds: the target is 95 %;
where it is missed the number says so, and it may not get worse.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from energy_truth import Floats, Model, Profile, constant, ramp, square, steps

from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import curve_of

RAPL = Model(0.001, 0.1, quantum_j=61e-6)
RAPL_FAST = Model(0.001, 0.01, quantum_j=61e-6)
NVML = Model(0.1, 0.1, quantum_j=1e-3)
NVML_POLLED = Model(0.1, 0.01, quantum_j=1e-3)
NVML_20 = Model(0.02, 0.1, quantum_j=1e-3)
WALL = Model(1.0, 0.1, quantum_j=1.0)
UNTOLD = Model(0.1, 0.01, quantum_j=1e-3, told=False)
FAST_UNTOLD = Model(0.001, 0.1, quantum_j=1e-3, told=False)
LAG = Model(0.1, 0.1, window_s=1.0)
EVEN = Model(0.1, 0.01, window_s=0.1)
GAPS = Model(0.1, 0.01, window_s=0.025)
GAPS_SLOW = Model(0.1, 0.1, window_s=0.025)
LAG_UNTOLD = Model(0.1, 0.01, window_s=1.0, told=False)

SHAPES: dict[str, Callable[[np.random.Generator], Profile]] = {
    "constant": lambda rng: constant(),
    "steps": steps,
    "ramp": lambda rng: ramp(),
    "square": square,
}


def windows(
    rng: np.random.Generator, profile: Profile, count: int
) -> tuple[np.ndarray[tuple[int], np.dtype[np.int64]], np.ndarray[tuple[int], np.dtype[np.int64]]]:
    """Windows of 5 ms to 60 s; with steps of power every other one starts and ends on a step."""
    length = np.exp(rng.uniform(np.log(0.005), np.log(60), count))
    start = rng.uniform(2, 36, count)
    on = np.flatnonzero(profile.watts > 100) if profile.watts.min() == 70.0 else np.array([])
    on = on[(profile.edges[on] > 2) & (profile.edges[on] < 36)] if on.size else on
    for k in range(0, count if on.size else 0, 2):
        step = int(rng.choice(on))
        start[k] = profile.edges[step]
        length[k] = profile.edges[step + 1] - start[k]
    first = np.round(start * 1e9).astype(np.int64)
    return first, np.round((start + length) * 1e9).astype(np.int64)


def half_width_of_method(
    model: Model, profile: Profile, t0: Floats, t1: Floats, p: float
) -> Floats:
    """1.96·p·√(P₀² + P₁²)/√12 + quantum, P being the power just before."""
    p0 = (profile.energy(t0) - profile.energy(t0 - p)) / p
    p1 = (profile.energy(t1) - profile.energy(t1 - p)) / p
    return np.asarray(1.96 * p * np.sqrt((p0**2 + p1**2) / 12) + 2 * model.quantum_j)


def measure(model: Model, shape: str, *, synchronous: bool) -> tuple[float, float]:
    """Coverage, and the median of (half-width ÷ the method's formula) for counters."""
    rng = np.random.default_rng(7)
    held = seen = 0
    ratios: list[float] = []
    runs, count = (60, 6) if synchronous else (25, 40)
    for _ in range(runs):
        profile = SHAPES[shape](rng)
        start, end = windows(rng, profile, count)
        t0, t1 = start / 1e9, end / 1e9
        at = np.concatenate([t0, t1]) if synchronous else None
        bounds = curve_of(model.read(profile, rng, at)).between(start, end)
        truth = profile.energy(t1) - profile.energy(t0)
        check_order(bounds)
        slack = 1e-9 * truth + 1e-6
        held += int(((bounds.low <= truth + slack) & (truth <= bounds.high + slack)).sum())
        seen += count
        tick = model.period_s + (0.0 if synchronous else model.poll_s)
        expected = half_width_of_method(model, profile, t0, t1, tick)
        ratios += list((bounds.high - bounds.low) / 2 / expected)
    return held / seen, float(np.median(ratios))


def check_order(bounds: Bounds) -> None:
    assert (bounds.low >= 0).all()
    assert (bounds.low <= bounds.value).all()
    assert (bounds.value <= bounds.high).all()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("model", "least"),
    [
        (RAPL, 0.98),
        (RAPL_FAST, 0.98),
        (NVML, 0.98),
        (NVML_POLLED, 0.98),
        (NVML_20, 0.98),
        (WALL, 0.98),
        (UNTOLD, 0.97),
    ],
)
def test_counter_at_any_stamp(model: Model, least: float, shape: str) -> None:
    coverage, width = measure(model, shape, synchronous=False)
    assert coverage >= least
    assert 0.1 < width <= 2.5


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("model", "least", "least_square"),
    [
        # A square wave faster than the polling hides how much its power varies: 92 to 95 %.
        (RAPL, 0.95, 0.92),
        (RAPL_FAST, 0.95, 0.92),
        (NVML, 0.94, 0.95),
        (NVML_POLLED, 0.97, 0.97),
        (NVML_20, 0.94, 0.90),
    ],
)
def test_counter_read_at_the_edges(
    model: Model, least: float, least_square: float, shape: str
) -> None:
    coverage, width = measure(model, shape, synchronous=True)
    assert coverage >= (least_square if shape == "square" else least)
    assert width <= 2.5


def test_a_period_that_nobody_told_and_no_poll_saw_costs_width_not_coverage() -> None:
    for shape in SHAPES:
        coverage, _ = measure(FAST_UNTOLD, shape, synchronous=True)
        assert coverage >= 0.98


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    ("model", "least"),
    [(LAG, 0.98), (EVEN, 0.97), (GAPS, 0.945), (GAPS_SLOW, 0.94), (LAG_UNTOLD, 0.98)],
)
def test_sampled_power(model: Model, least: float, shape: str) -> None:
    coverage, _ = measure(model, shape, synchronous=False)
    assert coverage >= least


def test_lag_interval_is_no_wider_than_the_uncorrected_lag_error() -> None:
    # 70 → 350 W with w = 1 s errs by (w/2)(P₁ − P₀) where nothing is shifted.
    profile = Profile(np.array([0.0, 10.0, 30.0, 40.0]), np.array([70.0, 350.0, 70.0]))
    rng = np.random.default_rng(3)
    bounds = curve_of(LAG.read(profile, rng, length_s=40)).between(10 * 10**9, 30 * 10**9)
    assert bounds.low[0] <= 7000 <= bounds.high[0]
    assert (bounds.high[0] - bounds.low[0]) / 2 <= 2.5 * 0.5 * 280
    assert bounds.value[0] == pytest.approx(7000, rel=0.012)  # the shift removes half of 2 %


def test_a_load_that_aliases_with_a_sensor_that_looks_away_is_never_sharp() -> None:
    # A slow square wave at a period that is nearly the sensor's: the interval must hold it
    # through the beat, though readings repeat.
    rng = np.random.default_rng(11)
    profile = square(rng, period_s=0.103)
    bounds = curve_of(GAPS.read(profile, rng)).between(5 * 10**9, 35 * 10**9)
    truth = profile.energy(np.array([35.0]))[0] - profile.energy(np.array([5.0]))[0]
    assert bounds.low[0] <= truth <= bounds.high[0]
    assert bounds.high[0] - bounds.low[0] > 0.3 * truth


def test_a_synchronous_reading_makes_the_edges_sharp() -> None:
    rng = np.random.default_rng(5)
    profile = constant(200.0)
    start, end = 3_021_345_678, 5_567_891_234
    free = curve_of(RAPL.read(profile, rng)).between(start, end)
    sharp = curve_of(RAPL.read(profile, rng, np.array([start, end]) / 1e9)).between(start, end)
    width = sharp.high[0] - sharp.low[0]
    assert width <= 2 * 1.25 * 200 * 0.001 + 4 * 61e-6
    assert width < (free.high[0] - free.low[0]) / 5


def test_a_million_samples_and_a_hundred_thousand_windows() -> None:
    rng = np.random.default_rng(1)
    model = Model(0.001, 0.001, quantum_j=61e-6, jitter_s=0.0)
    series = model.read(constant(length_s=1000), rng, length_s=1000)
    assert series.time_ns.size >= 1_000_000
    start = rng.integers(10**9, 900 * 10**9, 100_000)
    end = start + rng.integers(10**6, 60 * 10**9, 100_000)
    bounds = curve_of(series).between(start, end)
    truth = 300 * (end - start) / 1e9
    assert np.abs(bounds.value - truth).max() < 1.0
    powers = Model(0.001, 0.001, window_s=0.001, jitter_s=0.0).read(
        constant(length_s=1000), rng, length_s=1000
    )
    assert np.allclose(curve_of(powers).between(start, end).value, truth, rtol=1e-6)
