"""Loads in step with a sensor: no reading shows them, but the spans of the work do."""

from itertools import pairwise

import numpy as np
import pytest
from benchmarks.coverage import MODELS, series_of
from benchmarks.truth.loads import Lines
from benchmarks.truth.world import World

from wattmark.energy.curve import Curve, curve_of
from wattmark.energy.instep import in_step
from wattmark.energy.joined import join
from wattmark.schema import Span
from wattmark.units import s_to_ns

PART = "power 25 ms of 100, polled 20 ms"
WHOLE = ("counter 100 ms, polled 20 ms", "power 100 ms, polled 20 ms")
IDLE_S, WORK_S = 3.0, 30.0


def strobed(rng: np.random.Generator, cycle_s: float, *, jitter: float = 0.0) -> World:
    """Steps of 500 W, then 200 W, in equal parts, one after another; idle at 80 W around them."""
    count = int(WORK_S / cycle_s)
    lengths = cycle_s * (1 + jitter * rng.uniform(-1, 1, count))
    starts = IDLE_S + 0.1 * rng.random() + np.append(0.0, np.cumsum(lengths))
    edges = np.column_stack([starts[:-1], starts[:-1] + lengths / 2]).ravel()
    edges = np.concatenate([[0.0], edges, [starts[-1], starts[-1] + IDLE_S]])
    watts = np.concatenate([[80.0], np.tile([500.0, 200.0], count), [80.0]])
    spans = [Span("step", s_to_ns(a), s_to_ns(b)) for a, b in pairwise(starts)]
    return World(Lines.steps(edges, watts), tuple(spans), 0.0, float(edges[-1]))


def windows(rng: np.random.Generator, world: World) -> tuple[np.ndarray, np.ndarray]:
    """The whole work and eight windows of it, seconds."""
    first, last = world.spans[0].start_ns / 1e9, world.spans[-1].end_ns / 1e9
    start = rng.uniform(first, last - 10, 8)
    end = start + rng.uniform(2, 9, 8)
    return np.append(start, first), np.append(end, last)


def held(curve: Curve, world: World, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    bounds = curve.between((start * 1e9).astype(np.int64), (end * 1e9).astype(np.int64))
    truth = world.joules(start, end)
    return (bounds.low - 1e-6 <= truth) & (truth <= bounds.high + 1e-6)


def held_of(sensor: str, cycle_s: float, *, tell: bool) -> float:
    model, every = MODELS[sensor], []
    for seed in range(12):
        rng = np.random.default_rng(seed)
        world = strobed(rng, cycle_s)
        series = series_of(model, model.readings(world, rng))
        curve = curve_of(series, world.spans if tell else ())
        every.append(held(curve, world, *windows(rng, world)))
    return float(np.mean(every))


@pytest.mark.parametrize("cycle_s", [0.1, 0.0997, 0.098, 0.05, 0.2, 0.3])
def test_spans_in_step_widen_what_a_part_time_sensor_tells(cycle_s: float) -> None:
    assert held_of(PART, cycle_s, tell=True) >= 0.9


@pytest.mark.parametrize("cycle_s", [0.1, 0.05])
def test_without_the_spans_nothing_could_tell(cycle_s: float) -> None:
    assert held_of(PART, cycle_s, tell=False) < 0.1


@pytest.mark.parametrize("sensor", WHOLE)
@pytest.mark.parametrize("cycle_s", [0.1, 0.0997, 0.098])
def test_a_sensor_that_sees_all_errs_at_the_edges(sensor: str, cycle_s: float) -> None:
    told, untold = (held_of(sensor, cycle_s, tell=tell) for tell in (True, False))
    assert told >= 0.88
    assert untold < told


def test_it_is_a_doubt_and_spans_that_vary_raise_none() -> None:
    model = MODELS[PART]
    found = []
    for jitter in (0.0, 0.3):
        rng = np.random.default_rng(5)
        world = strobed(rng, 0.1, jitter=jitter)
        whole = Span("work", world.spans[0].start_ns, world.spans[-1].end_ns)
        series = series_of(model, model.readings(world, rng))
        joined = join([whole, *world.spans], [series])
        found.append({doubt.code: doubt for doubt in joined.doubts})
    assert "update period of 0.1 s" in found[0]["commensurate-period"].message
    assert "commensurate-period" not in found[1]
    # What the sensor is by itself is said either way.
    assert "25.0 ms of each 100 ms" in found[1]["sees-part"].message


def test_the_steps_of_a_span_are_its_tokens() -> None:
    at_s = np.arange(0, 20, 0.1)
    decode = [Span("decode", s_to_ns(2.0), s_to_ns(12.0), tokens=100)]
    other = [Span("decode", s_to_ns(2.0), s_to_ns(12.0), tokens=137)]
    kept = in_step(decode, 0, at_s, 0.1, 0.025)
    assert kept.kept_s.min() == pytest.approx(2.1, abs=0.11)
    assert kept.kept_s.max() == pytest.approx(12.0, abs=0.11)
    # A first harmonic of 2/π of the swing, a little less for the window, all of the time.
    hidden = kept.hidden_s(np.array([2.0, 13.0]), np.array([12.0, 19.0]))
    assert hidden[0] == pytest.approx(0.9 * 2 / np.pi * 10, rel=0.1)
    assert hidden[1] == 0
    assert in_step(other, 0, at_s, 0.1, 0.025).kept_s.size == 0


def test_few_cycles_and_long_ones_are_no_rhythm() -> None:
    at_s = np.arange(0, 60, 0.1)
    few = [Span("a", s_to_ns(k), s_to_ns(k + 0.5)) for k in range(6)]
    long = [Span("b", s_to_ns(2.0 * k), s_to_ns(2.0 * k + 1)) for k in range(30)]
    for spans in ([], few, long):
        found = in_step(spans, 0, at_s, 0.1, 0.025)
        assert found.kept_s.size == 0
        assert not found.edge_s(at_s).any()
        assert not found.hidden_s(np.array([0.0]), np.array([60.0])).any()
