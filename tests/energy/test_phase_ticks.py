"""Phases by least squares where ticks are hard to see, power comes late, or runs are long."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.truth import Lines, SensorModel, phase_scenario
from benchmarks.truth.world import World

from wattmark.energy.banded import Banded, covered
from wattmark.energy.curve import curve_of
from wattmark.energy.joined import PhaseJoules, join
from wattmark.energy.series import Series
from wattmark.energy.states import timeline
from wattmark.energy.tell import Told, tell_phases
from wattmark.energy.updates import find_updates
from wattmark.schema import SensorInfo, Span

HALVED: dict[str, Any] = {"quantum": 1e-3, "period_s": 0.02, "poll_s": 0.01}
HARD = {"scatter": 0.1, "rise": 0.1}


def seen(seed: int, world: dict[str, Any], sensor: dict[str, Any]) -> tuple[World, Series]:
    rng = np.random.default_rng(seed)
    made = phase_scenario(rng, **world)
    model = SensorModel(**sensor)
    return made, Series.from_samples(model.info, model.samples(made, rng))


def told_of(seed: int, world: dict[str, Any], sensor: dict[str, Any]) -> tuple[World, Told]:
    made, series = seen(seed, world, sensor)
    return made, tell_phases(curve_of(series), series, made.spans)


@pytest.mark.parametrize("jitter_s", [0.0, 0.001])
@pytest.mark.parametrize("seed", [5, 7, 11])
def test_ticks_are_counted_though_polls_come_every_half_of_them(seed: int, jitter_s: float) -> None:
    # The ticks of these seeds lie at the polls: steps of one and of three polls by turns.
    world, series = seen(seed, {}, HALVED | {"tick_jitter_s": jitter_s})
    (updates,) = find_updates(series, 0)
    assert np.diff(updates.index).min() >= 1
    assert np.ptp(updates.guess_s) / np.ptp(updates.index) == pytest.approx(0.02, rel=1e-4)
    outside = np.maximum(updates.low_s - updates.guess_s, updates.guess_s - updates.high_s)
    assert np.quantile(outside, 0.9) < 0.004
    assert world.spans


@pytest.mark.parametrize("world", [{}, HARD], ids=["flat", "scattered"])
@pytest.mark.parametrize("seed", [2, 3, 5, 9, 12])
def test_wandering_ticks_polled_twice_a_period(seed: int, world: dict[str, Any]) -> None:
    made, told = told_of(seed, world, HALVED | {"tick_jitter_s": 0.001})
    truth, joules = made.truth_of("prefill"), told.joules["prefill"]
    assert joules.method == "regressed"
    assert joules.value == pytest.approx(truth, rel=0.005)
    assert joules.low <= truth <= joules.high
    assert joules.high - joules.low < 0.02 * truth


@pytest.mark.parametrize("seed", range(6))
def test_ticks_that_lie_elsewhere_in_their_brackets_are_no_lag(seed: int) -> None:
    sensor = {"quantum": 1e-3, "poll_s": 0.01, "poll_jitter_s": 0.005}
    made, told = told_of(seed, {}, sensor)
    assert "sensor-lag" not in {doubt.code for doubt in told.doubts}
    value = told.joules["prefill"].value
    assert value == pytest.approx(made.truth_of("prefill"), rel=2e-4)


def test_a_long_run_is_learnt_from_a_part_and_fitted_as_a_whole() -> None:
    sensor = {"quantum": 1e-3, "poll_s": 0.01, "poll_jitter_s": 0.005, "tick_jitter_s": 0.002}
    made, told = told_of(1, HARD | {"queries": 2500}, sensor)
    for name in ("prefill", "decode"):
        truth, joules = made.truth_of(name), told.joules[name]
        assert joules.method == "regressed"
        assert joules.value == pytest.approx(truth, rel=0.005)
        assert joules.low <= truth <= joules.high


def late_tasks(seed: int, length_s: float, late_s: float) -> tuple[float, PhaseJoules]:
    """20 tasks of 80 to 180 W over 20 W, whose power comes late; joules in truth and as told."""
    rng = np.random.default_rng(seed)
    begins = 0.6 + np.cumsum(length_s + rng.uniform(0.08, 0.16, 20)) - length_s
    edges = np.column_stack([begins + late_s, begins + length_s]).ravel()
    watts = np.column_stack([rng.uniform(80, 180, 20), np.full(20, 20.0)]).ravel()
    power = Lines.steps([0.0, *edges.tolist(), edges[-1] + 10], [20.0, *watts.tolist()])
    spans = [Span("task", round(1e9 * b), round(1e9 * (b + length_s))) for b in begins]
    world = World(power, tuple(spans), 0.0, float(edges[-1]) + 0.5)
    model = SensorModel(period_s=0.001, poll_s=0.1, quantum=2**-14)
    series = Series.from_samples(model.info, model.samples(world, rng))
    (phase,) = join(spans, [series]).phases
    return world.truth_of("task"), phase


def test_uneven_tasks_whose_power_comes_late() -> None:
    held = []
    for seed in range(12):
        truth, phase = late_tasks(seed, 0.3, 0.001)
        assert phase.method == "regressed"
        assert phase.total_j == pytest.approx(truth, rel=0.01)
        assert phase.low_j is not None
        assert phase.high_j is not None
        held.append(phase.low_j <= truth <= phase.high_j)
    assert np.mean(held) >= 0.8


def test_power_that_is_not_late_costs_no_width() -> None:
    for seed in range(4):
        truth, phase = late_tasks(seed, 0.3, 0.0)
        assert phase.low_j is not None
        assert phase.high_j is not None
        assert phase.low_j <= truth <= phase.high_j
        assert phase.high_j - phase.low_j < 0.005 * truth


def test_a_banded_covariance_is_the_full_one() -> None:
    rng = np.random.default_rng(0)
    edges = np.append(0.0, np.cumsum(rng.uniform(0.02, 0.3, 200)))
    times = np.sort(rng.uniform(0, edges[-1], 150))
    begin, end = times[:-1], times[1:]
    z = covered(begin, end, edges)
    overlap = np.minimum(end[:, None], edges[1:]) - np.maximum(begin[:, None], edges[:-1])
    full = np.maximum(overlap, 0.0)
    assert z.toarray() == pytest.approx(full, abs=1e-12)
    scatter, noise = rng.uniform(50, 900, 200), rng.uniform(0.5, 2, 149)
    beside = np.append(0.0, -0.4 * np.minimum(noise[1:], noise[:-1]))
    v = (
        (full * scatter) @ full.T
        + np.diag(noise)
        + np.diag(beside[1:], 1)
        + np.diag(beside[1:], -1)
    )
    banded = Banded(z, scatter, noise, beside)
    right = rng.standard_normal((149, 3))
    assert banded.solve(right) == pytest.approx(np.linalg.solve(v, right), rel=1e-8, abs=1e-10)
    assert banded.log_determinant() == pytest.approx(np.linalg.slogdet(v)[1])
    told = np.einsum("ij,ij->j", full, np.linalg.solve(v, full))
    assert banded.told() == pytest.approx(told, rel=2e-3, abs=1e-12)
    assert (banded.told() <= told * (1 + 1e-9) + 1e-12).all()


def test_states_of_more_names_than_a_number_has_bits() -> None:
    spans = [Span(f"s{k:02d}", 10 * k, 10 * k + 15) for k in range(90)]
    cut = timeline(spans, 0, 905, 0)
    assert len(cut.states) == 90 + 89
    assert cut.states[cut.state[0]] == {"s00"}
    assert cut.states[cut.state[1]] == {"s00", "s01"}
    assert cut.states[cut.state[-1]] == {"s89"}


def test_a_lag_beyond_the_brackets_is_still_found() -> None:
    made, series = seen(3, {}, {"quantum": 1e-3, "poll_s": 0.01, "lag_s": 0.04})
    fields = {f: getattr(series.info, f) for f in ("name", "component", "device", "kind", "source")}
    info = SensorInfo(**fields, update_period_s=0.1, quantum_j=1e-3)
    untold = Series.from_columns(
        info, series.time_ns + 40_000_000, series.energy_j, np.full(series.time_ns.size, np.nan)
    )
    told = tell_phases(curve_of(untold), untold, made.spans)
    assert "sensor-lag" in {doubt.code for doubt in told.doubts}
    assert told.joules["prefill"].value == pytest.approx(made.truth_of("prefill"), rel=0.01)
