"""Do the intervals hold? Sensors of the truth bench, random loads, windows of 5 ms to 60 s.

A shorter version of `python -m benchmarks coverage`, with seeds of its own.
"""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.coverage import MIXED, MODELS, bounds_of, measure, series_of, worlds
from benchmarks.truth import SensorModel, World
from benchmarks.truth.scenarios import square
from energy_truth import Model, Profile, constant

from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import curve_of

S = 10**9
LAG = Model(0.1, 0.1, window_s=1.0)
GAPS = SensorModel(kind="power", period_s=0.1, window_s=0.025, poll_s=0.02)
# What is not known of a sensor costs width: such intervals may hold the truth too often.
UNTOLD = [name for name in MIXED if "untold" in name]


def check_order(bounds: Bounds) -> None:
    assert (bounds.low >= 0).all()
    assert (bounds.low <= bounds.value).all()
    assert (bounds.value <= bounds.high).all()


@pytest.mark.parametrize("name", [name for name in MIXED if name not in UNTOLD])
def test_intervals_of_95_percent_hold_the_truth_as_often(name: str) -> None:
    outcome = measure(name, seed=11, count=240, judged=0)
    assert outcome.spans == 480
    # 480 spans tell a coverage to ± 2 %; the benchmark holds it to 93–98 %.
    assert 0.92 <= outcome.coverage <= 0.99


@pytest.mark.parametrize("name", UNTOLD)
def test_a_period_that_nobody_told_costs_width_not_coverage(name: str) -> None:
    assert measure(name, seed=11, count=160, judged=0).coverage >= 0.93


@pytest.mark.parametrize("name", MODELS)
def test_bounds_are_in_order_and_windows_add_up(name: str) -> None:
    for k, (_, world) in enumerate(worlds(3, 8)):
        model = MODELS[name]
        curve = curve_of(series_of(model, model.readings(world, np.random.default_rng(k))))
        cuts = np.linspace(world.edges_ns.min(), world.edges_ns.max(), 40).astype(np.int64)
        parts, whole = curve.between(cuts[:-1], cuts[1:]), curve.between(cuts[0], cuts[-1])
        check_order(parts)
        check_order(whole)
        assert parts.value.sum() == pytest.approx(whole.value[0], rel=1e-9)
        longer = curve.between(np.full(39, cuts[0]), cuts[1:])
        assert (np.diff(longer.value) >= -1e-9 * whole.value[0]).all()


def test_a_step_at_an_edge_is_found_inside_a_tick() -> None:
    # 70 to 350 W for 5 s under a counter of 100 ms polled each 10 ms: a straight line between
    # ticks errs by up to 7 J at either edge.
    profile = Profile(np.array([0.0, 10.0, 15.0, 25.0]), np.array([70.0, 350.0, 70.0]))
    errors, widths = [], []
    for seed in range(40):
        series = Model(0.1, 0.01).read(profile, np.random.default_rng(seed), length_s=25)
        bounds = curve_of(series).between(10 * S, 15 * S)
        errors.append(abs(bounds.value[0] - 1750))
        widths.append((bounds.high[0] - bounds.low[0]) / 2)
    assert np.quantile(errors, 0.95) < 2.5
    assert np.median(widths) < 7


def test_an_average_over_a_second_is_sharpened() -> None:
    # Shifting the readings by w/2 leaves −(w/4)(P₁ − P₀) = −70 J of 1400 J.
    profile = Profile(np.array([0.0, 10.0, 14.0, 24.0]), np.array([70.0, 350.0, 70.0]))
    for seed in range(10):
        rng = np.random.default_rng(seed)
        bounds = curve_of(LAG.read(profile, rng, length_s=24)).between(10 * S, 14 * S)
        assert bounds.low[0] <= 1400 <= bounds.high[0]
        assert bounds.value[0] == pytest.approx(1400, abs=12)
        assert (bounds.high[0] - bounds.low[0]) / 2 < 40


def test_an_interval_is_never_narrower_than_the_quantum_allows() -> None:
    rng = np.random.default_rng(3)
    coarse = Model(0.001, 0.1, quantum_j=1.0).read(constant(300), rng, length_s=20)
    bounds = curve_of(coarse).between([5 * S, 5 * S], [6 * S, 15 * S])
    assert (bounds.high - bounds.low >= 2 * 0.77).all()


def test_length_averages_what_a_sensor_that_looks_away_has_not_seen() -> None:
    rng = np.random.default_rng(0)
    load = square(rng, 0.0, 110.0, period_s=0.037)
    world = World(load, (), 0.0, 110.0)
    curve = curve_of(series_of(GAPS, GAPS.readings(world, rng)))
    short, long = curve.between([5 * S, 5 * S], [10 * S, 105 * S]), world.joules([5, 5], [10, 105])
    relative = (short.high - short.low) / 2 / long
    assert relative[1] < relative[0] / 2
    assert (short.low <= long).all()
    assert (long <= short.high).all()


def test_a_load_in_step_with_a_sensor_that_looks_away_is_named_and_widens() -> None:
    rng = np.random.default_rng(11)
    load = square(rng, 0.0, 110.0, period_s=0.103)
    world = World(load, (), 0.0, 110.0)
    curve = curve_of(series_of(GAPS, GAPS.readings(world, rng)))
    event = next(e for e in curve.events if e.code == "commensurate-period")
    assert event.overlap_s(np.array([5 * S]), np.array([105 * S]))[0] > 50
    for seconds in (1, 2, 3, 30):
        bounds = curve.between(20 * S, (20 + seconds) * S)
        truth = world.joules(20, 20 + seconds)
        assert bounds.low[0] <= truth <= bounds.high[0]
    # One and the same load out of step raises nothing.
    calm = World(square(rng, 0.0, 110.0, period_s=0.0831), (), 0.0, 110.0)
    other = curve_of(series_of(GAPS, GAPS.readings(calm, rng)))
    event = next(e for e in other.events if e.code == "commensurate-period")
    assert event.start_ns.size == 0


def test_readings_at_the_edges_make_them_sharp() -> None:
    every = MODELS["counter 1 ms, polled 100 ms"]
    edges = MODELS["counter 1 ms, 100 ms and edges"]
    widths = []
    for model in (every, edges):
        found = [
            bounds_of(model, world, np.random.default_rng(k))
            for k, (_, world) in enumerate(worlds(4, 40))
        ]
        widths.append(np.median(np.concatenate([b.high - b.low for b in found])))
    assert widths[1] < widths[0] / 3


def test_two_hundred_thousand_samples_and_twenty_thousand_windows() -> None:
    rng = np.random.default_rng(1)
    model = Model(0.001, 0.001, quantum_j=61e-6, jitter_s=0.0)
    series = model.read(constant(length_s=200), rng, length_s=200)
    assert series.time_ns.size >= 200_000
    start = rng.integers(10**9, 130 * 10**9, 20_000)
    end = start + rng.integers(10**6, 60 * 10**9, 20_000)
    bounds = curve_of(series).between(start, end)
    truth = 300 * (end - start) / 1e9
    assert np.abs(bounds.value - truth).max() < 1.0
    powers = Model(0.001, 0.001, window_s=0.001, jitter_s=0.0).read(
        constant(length_s=200), rng, length_s=200
    )
    assert np.allclose(curve_of(powers).between(start, end).value, truth, rtol=1e-6)
