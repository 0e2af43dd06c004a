"""Phases shorter than the sensor's tick, against a simulator that knows their joules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.truth import SensorModel, phase_scenario
from benchmarks.truth.world import World

from wattmark.energy.curve import curve_of
from wattmark.energy.joined import join
from wattmark.energy.phases import fit_phases
from wattmark.energy.series import Series
from wattmark.energy.states import timeline
from wattmark.energy.table import by_name, phase_table, summed
from wattmark.energy.tell import Told, tell_phases
from wattmark.energy.updates import find_updates
from wattmark.schema import SensorInfo, Span

POLLED: dict[str, Any] = {"poll_s": 0.01, "poll_jitter_s": 0.005}
SENSORS: dict[str, dict[str, Any]] = {
    "counter": {"quantum": 1e-3},
    "power, 25 ms": {"kind": "power", "window_s": 0.025},
    "power, 1000 ms": {"kind": "power", "window_s": 1.0},
}
HARD = {"scatter": 0.1, "rise": 0.1}
MS = 1_000_000


def seen(seed: int, world: dict[str, Any], sensor: dict[str, Any]) -> tuple[World, Series]:
    rng = np.random.default_rng(seed)
    made = phase_scenario(rng, **world)
    model = SensorModel(**(POLLED | sensor))
    return made, Series.from_samples(model.info, model.samples(made, rng))


def told_of(seed: int, world: dict[str, Any], sensor: dict[str, Any]) -> tuple[World, Told]:
    made, series = seen(seed, world, sensor)
    return made, tell_phases(curve_of(series), series, made.spans)


def relative(world: World, told: Told, name: str) -> float:
    value = told.joules[name].value
    assert value is not None
    return value / world.truth_of(name) - 1


@pytest.mark.parametrize("sensor", SENSORS)
@pytest.mark.parametrize("seed", range(3))
def test_ideal_phases_are_told_within_half_a_per_cent(sensor: str, seed: int) -> None:
    world, told = told_of(seed, {}, SENSORS[sensor])
    for name in ("prefill", "decode"):
        assert told.joules[name].method == "regressed"
        assert told.separable[name]
        assert abs(relative(world, told, name)) < 0.005
        assert told.joules[name].low <= world.truth_of(name) <= told.joules[name].high


@pytest.mark.parametrize(
    ("sensor", "most"), [("counter", 0.03), ("power, 25 ms", 0.03), ("power, 1000 ms", 0.15)]
)
@pytest.mark.parametrize("seed", range(4))
def test_scattered_rising_jittered_phases(sensor: str, most: float, seed: int) -> None:
    world, told = told_of(seed, HARD, SENSORS[sensor] | {"tick_jitter_s": 0.002})
    for name in ("prefill", "decode"):
        assert told.joules[name].method == "regressed"
        assert abs(relative(world, told, name)) < most


def test_interpolation_is_far_off_where_least_squares_is_not() -> None:
    world, series = seen(1, {}, SENSORS["counter"])
    curve = curve_of(series)
    prefill = by_name(world.spans)["prefill"]
    read = summed(prefill, phase_table(curve, prefill)).value
    assert read is not None
    assert read / world.truth_of("prefill") - 1 < -0.3


@pytest.mark.parametrize("sensor", SENSORS)
def test_polls_in_step_with_the_ticks(sensor: str) -> None:
    # A poller at 10 ms and a tick at 100 ms: the brackets alone leave 10 ms of phase open.
    world, told = told_of(2, {}, SENSORS[sensor] | {"poll_jitter_s": 0.0})
    assert abs(relative(world, told, "prefill")) < 0.005


@pytest.mark.parametrize("sensor", SENSORS)
def test_phases_in_step_with_the_ticks_are_not_separable(sensor: str) -> None:
    # Every query takes three ticks to the nanosecond: nothing parts its phases.
    world, told = told_of(3, {"vary": 0.0, "gap_s": (0.07, 0.07)}, SENSORS[sensor])
    assert "not-separable" in {doubt.code for doubt in told.doubts}
    for name in ("prefill", "decode"):
        assert not told.separable[name]
        assert told.joules[name].low <= world.truth_of(name) <= told.joules[name].high


def test_a_sensor_read_too_seldom_separates_nothing() -> None:
    world, told = told_of(4, {}, {"poll_s": 0.1})
    assert not told.separable["prefill"]
    assert told.joules["prefill"].method == "counter"
    assert told.joules["prefill"].low <= world.truth_of("prefill") <= told.joules["prefill"].high
    assert any("too seldom" in doubt.message for doubt in told.doubts)


@pytest.mark.parametrize("sensor", ["power, 25 ms", "power, 1000 ms"])
def test_an_untold_window_is_found(sensor: str) -> None:
    told = SENSORS[sensor] | {"tells_window": False, "tells_period": False}
    world, phases = told_of(5, {}, told)
    assert abs(relative(world, phases, "prefill")) < 0.05
    assert abs(relative(world, phases, "decode")) < 0.02


def test_a_fast_counter_read_slowly() -> None:
    # RAPL at 1 ms, read every 100 ms: no ticks are seen, and none need be.
    world, told = told_of(6, HARD, {"period_s": 0.001, "poll_s": 0.1})
    assert abs(relative(world, told, "prefill")) < 0.01
    assert abs(relative(world, told, "decode")) < 0.01


def test_single_spans_add_up_to_their_phase() -> None:
    world, series = seen(7, HARD, SENSORS["counter"])
    joined = join(world.spans, [series])
    rows = [row for row in joined.spans if row.name == "prefill"]
    (phase,) = [phase for phase in joined.phases if phase.name == "prefill"]
    assert {row.method for row in rows} == {"regressed"}
    assert phase.total_j == pytest.approx(sum(row.gross_j or 0 for row in rows), rel=1e-3)
    truth = dict(zip(world.spans, world.truth.tolist(), strict=True))
    held = [
        (row.low_j or 0) <= truth[span] <= (row.high_j or 0)
        for row, span in zip(rows, by_name(world.spans)["prefill"], strict=True)
    ]
    assert np.mean(held) > 0.9


def test_a_gap_in_sampling_and_lost_joules_between_the_queries() -> None:
    world, series = seen(8, {}, SENSORS["counter"] | {"gaps": ((20.0, 23.0),)})
    told = tell_phases(curve_of(series), series, world.spans)
    assert abs(relative(world, told, "prefill")) < 0.01
    assert told.joules["prefill"].low <= world.truth_of("prefill") <= told.joules["prefill"].high
    # A reset throws joules away: spans across it are not measured, nor is their sum.
    world, series = seen(8, {}, SENSORS["counter"] | {"resets": (20.0,)})
    told = tell_phases(curve_of(series), series, world.spans)
    assert told.joules["decode"].value is None or told.joules["prefill"].value is None


def test_long_spans_are_read_off_the_curve() -> None:
    world, told = told_of(9, {"queries": 6, "prefill_s": 2.0, "decode_s": 4.0}, {})
    for name in ("prefill", "decode"):
        assert told.joules[name].method == "counter"
        assert told.separable[name]
        assert abs(relative(world, told, name)) < 0.02
    assert told.fit is None


def test_states_are_sets_of_open_spans() -> None:
    spans = [
        Span("measured", 0, 100 * MS),
        Span("prefill", 10 * MS, 30 * MS),
        Span("decode", 30 * MS, 60 * MS),
        Span("decode", 50 * MS, 80 * MS),  # overlaps the one before: still one state
    ]
    cut = timeline(spans, 0, 120 * MS, 0)
    names = [set(cut.states[k]) for k in cut.state.tolist()]
    assert names == [
        {"measured"},
        {"measured", "prefill"},
        {"measured", "decode"},
        {"measured"},
        set(),
    ]
    assert cut.edges.tolist() == pytest.approx([0, 0.01, 0.03, 0.08, 0.1, 0.12])
    assert cut.seconds().sum() == pytest.approx(0.12)
    assert cut.occupancy(np.array([0.12])).sum() == pytest.approx(0.12)
    assert cut.cut(0.01).lengths.max() == pytest.approx(0.01)


def test_updates_lie_in_their_brackets() -> None:
    _, series = seen(10, {"queries": 20}, SENSORS["counter"] | {"tick_jitter_s": 0.002})
    (updates,) = find_updates(series, 0)
    times = updates.at(0.001)
    assert (times >= updates.low_s).all()
    assert (times <= updates.high_s).all()
    assert np.diff(times).mean() == pytest.approx(0.1, rel=1e-3)


def test_nothing_to_fit_is_no_fit() -> None:
    info = SensorInfo(name="s", component="gpu", device="gpu0", kind="counter", source="a test")
    empty = Series.from_samples(info, [])
    assert fit_phases(curve_of(empty), empty, [Span("prefill", 0, MS)] * 9) is None
    world, series = seen(11, {"queries": 3}, {})
    assert fit_phases(curve_of(series), series, world.spans) is None
