"""The truth bench itself: joules are exact, and each defect of a sensor is what it says."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
from benchmarks.truth import Curved, Lines, SensorModel, Together, World, constant, phase_scenario
from benchmarks.truth.scenarios import FAMILIES, LONGEST_S, SHORTEST_S, scenario

STEADY = World(constant(200.0, 60.0), (), 0.0, 60.0)
COUNTER = SensorModel(period_s=0.1, poll_s=0.01)


def rng() -> np.random.Generator:
    return np.random.default_rng(4)


@pytest.mark.parametrize("family", FAMILIES)
def test_joules_are_the_integral_of_the_power(family: str) -> None:
    for seed in range(6):
        world = scenario(np.random.default_rng(seed), family)
        start, end = world.edges_ns.min(axis=0)[0] / 1e9, world.edges_ns.max() / 1e9
        end = min(end, start + 2)
        cuts = np.linspace(start, end, 200_001)
        summed = world.power.power((cuts[1:] + cuts[:-1]) / 2).mean() * (end - start)
        assert float(world.joules(start, end)) == pytest.approx(summed, rel=2e-4)


def test_spans_are_of_every_length_and_half_of_the_work_is_sharp() -> None:
    worlds = [scenario(np.random.default_rng(k), "steps") for k in range(300)]
    seconds = np.array([[s.seconds for s in world.spans] for world in worlds])
    assert SHORTEST_S * 0.99 <= seconds.min() < 0.01
    assert 30 < seconds.max() <= LONGEST_S * 1.5
    for low, high in ((0.005, 0.05), (0.05, 0.5), (0.5, 5), (5, 60)):
        assert ((seconds >= low) & (seconds < high)).mean() > 0.15
    sharp = [bool(np.asarray(world.sharp)[0]) for world in worlds]
    assert 0.4 < np.mean(sharp) < 0.6
    for world, is_sharp in zip(worlds, sharp, strict=True):
        if is_sharp:
            start = world.edges_ns[0, 0] / 1e9
            assert np.min(np.abs(world.power.edges - start)) < 1e-9


def test_a_curve_is_integrated_as_finely_as_lines_are() -> None:
    def watts(
        t: np.ndarray[tuple[int, ...], np.dtype[np.float64]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
        return np.asarray(100 + 50 * np.sin(2 * np.pi * t))

    load = Curved.between(watts, 0.0, 10.0, 0.25)
    at = np.array([0.0, 0.3, 2.5, 9.99])
    exact = 100 * at + 50 / (2 * np.pi) * (1 - np.cos(2 * np.pi * at))
    assert load.energy(at) == pytest.approx(exact, rel=1e-11, abs=1e-10)
    both = Together([load, constant(7.0, 10.0)])
    assert both.energy(at) == pytest.approx(exact + 7 * at, rel=1e-11, abs=1e-10)


def test_lines_go_on_at_their_outer_powers() -> None:
    load = Lines.through([0.0, 1.0, 2.0], [100.0, 300.0, 200.0])
    assert load.energy([-1.0, 0.5, 1.0, 2.0, 3.0]) == pytest.approx([-100, 75, 200, 450, 650])
    assert load.power([-1.0, 0.5, 1.5, 3.0]) == pytest.approx([100, 200, 250, 200])


def test_a_reading_of_a_counter_is_no_older_than_a_period() -> None:
    found = COUNTER.readings(STEADY, rng())
    rise = found.value - found.value[0]
    elapsed = (found.time_ns - found.time_ns[0]) / 1e9
    assert np.abs(rise - 200 * elapsed).max() <= 200 * 0.1 + 1e-6
    assert np.unique(np.round(np.diff(found.value), 6)).tolist() == [0.0, 20.0]


def test_phases_of_ticks_and_polls_are_drawn_anew() -> None:
    first, second = (COUNTER.readings(STEADY, np.random.default_rng(k)) for k in (1, 2))
    assert first.time_ns[0] != second.time_ns[0]
    again = COUNTER.readings(STEADY, np.random.default_rng(1))
    assert (again.time_ns == first.time_ns).all()
    assert (again.value == first.value).all()


def test_power_is_averaged_over_the_window_before_the_tick() -> None:
    world = World(Lines.steps([0.0, 30.0, 60.0], [100.0, 300.0]), (), 0.0, 60.0)
    model = SensorModel(kind="power", period_s=0.1, window_s=1.0, poll_s=0.01)
    found = model.readings(world, rng())
    at = found.time_ns / 1e9
    assert found.value[at < 30] == pytest.approx(100.0)
    assert found.value[at > 31.2] == pytest.approx(300.0)
    ramp = (at > 30.1) & (at < 30.9)
    assert np.abs(found.value[ramp] - (100 + 200 * (at[ramp] - 30))).max() <= 200 * 0.12


@pytest.mark.parametrize(
    ("change", "check"),
    [
        ({"quantum": 1.0}, lambda v: np.all(v == np.floor(v))),
        ({"gain": 0.9}, lambda v: abs((v[-1] - v[0]) / (200 * 60) - 0.9) < 0.01),
        ({"wrap_j": 1000.0}, lambda v: v.max() < 1000 and (np.diff(v) < 0).sum() == 12),
        ({"resets": (20.0, 40.0)}, lambda v: (np.diff(v) < 0).sum() == 2 and v[-1] <= 4000),
        ({"jumps": ((30.0, 5e4),)}, lambda v: np.diff(v).max() > 4.9e4),
        ({"freezes": ((10.0, 25.0),)}, lambda v: np.diff(v).max() > 200 * 15 - 1),
        ({"nan": 0.1}, lambda v: 0.05 < np.isnan(v).mean() < 0.15),
    ],
)
def test_defects_of_a_counter(
    change: dict[str, object], check: Callable[[np.ndarray[tuple[int], np.dtype[np.float64]]], bool]
) -> None:
    model = dataclasses.replace(COUNTER, **change)  # type: ignore[arg-type] # fields by name
    assert check(model.readings(STEADY, rng()).value)


def test_polls_fail_pause_come_late_and_are_asked_for() -> None:
    model = dataclasses.replace(
        COUNTER, gaps=((10.0, 20.0),), failures=((30.0, 35.0),), dropout=0.05, latency_s=0.002
    )
    samples = model.samples(STEADY, rng(), at_s=[40.123456789])
    times = np.array([s.time_ns for s in samples]) / 1e9
    assert np.diff(times).max() == pytest.approx(10, abs=0.1)
    failed = np.array([s.fault is not None for s in samples])
    assert failed[(times > 30) & (times < 35)].all()
    assert 0.02 < failed[(times < 30) | (times > 35)].mean() < 0.08
    assert 40_123_456_789 in [s.time_ns for s in samples]


def test_what_a_sensor_does_not_tell_is_none() -> None:
    model = SensorModel(kind="power", window_s=0.025, tells_period=False, tells_window=False)
    assert model.info.update_period_s is None
    assert model.info.averaging_window_s is None
    assert COUNTER.info.update_period_s == 0.1


def test_the_phases_of_queries_add_up() -> None:
    world = phase_scenario(rng(), queries=50, scatter=0.1, rise=0.1)
    parts = sum(world.truth_of(name) for name in ("host", "prefill", "decode"))
    assert parts == pytest.approx(world.truth_of("measured"), rel=1e-12)
    prefill = [s for s in world.spans if s.name == "prefill"]
    assert len(prefill) == 50
    assert all(0.0209 < s.seconds < 0.0391 for s in prefill)
    decode = next(s for s in world.spans if s.name == "decode")
    start, end = decode.start_ns / 1e9, decode.end_ns / 1e9
    risen = world.power.power(end - 1e-6) / world.power.power(start)
    assert float(risen) == pytest.approx(1.1 / 0.9, rel=1e-3)
