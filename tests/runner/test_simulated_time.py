"""The whole way from the worker to the record, in simulated time: the joules are right.

The worker's own loop runs an engine that sleeps on a simulated clock, a meter is read on
simulated ticks (late by chance, as a scheduler makes it), and the record's joules are held
against the exact integral of the power over the measured region.
"""

from __future__ import annotations

import gc
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from scipy.stats import binom
from simulated import Machine, SimulatedClock

from wattmark.backends.fake import FakeBackend
from wattmark.meter.meter import Meter
from wattmark.meter.shapes import Constant, Ramp, Shape, Square, Step
from wattmark.meter.simulated import SimulatedSensor
from wattmark.runner.figures import Watched, complete
from wattmark.runner.plan import Plan, expand
from wattmark.runner.suite import read_suite
from wattmark.runner.wire import Job
from wattmark.runner.worker import execute
from wattmark.schema import Record, SensorInfo

SENSORS = {
    "counter, 1 ms": {"update_period_s": 0.001, "quantum_j": 61e-6, "wrap_j": 262_143.0},
    "counter, 20 ms": {"update_period_s": 0.02, "quantum_j": 0.001},
    "counter, 100 ms": {"update_period_s": 0.1, "quantum_j": 0.001},
    "power, 25 ms of 100": {"update_period_s": 0.1, "averaging_window_s": 0.025},
    "power, 1000 ms": {"update_period_s": 0.1, "averaging_window_s": 1.0},
}
SHORTEST_S, LONGEST_S = 0.005, 60.0


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """A worker freezes what it has loaded; this process goes on."""
    yield
    gc.unfreeze()


def sensor_info(kind: str) -> SensorInfo:
    return SensorInfo(
        name=kind,
        component="cpu",
        device="package-0",
        kind=kind.partition(",")[0],
        source="a simulation",
        **SENSORS[kind],  # type: ignore[arg-type] # fields by name
    )


@dataclass(frozen=True)
class Case:
    """One replicate in simulated time, and what was true of it."""

    record: Record
    true_j: float

    @property
    def seconds(self) -> float:
        return next(s.seconds for s in self.record.spans if s.name == "measured")


def planned(model: str, **more: object) -> Plan:
    flags = {"models": model, "backends": "fake", "warmups": 1, "limit": 4, "batch_sizes": "2"}
    return expand(read_suite(None, flags | {"replicates": 1, "idle_s": 1.0} | more))


def run(
    kind: str,
    seconds: float,
    chance: random.Random,
    power: Callable[[SimulatedClock], tuple[Shape, Callable[[float], None]]],
) -> Case:
    """`seconds` of work in two batches; `power` gives what is drawn, and how work is passed."""
    clock = SimulatedClock()
    shape, sleep = power(clock)
    origin_ns = clock.now()
    sensor = SimulatedSensor(sensor_info(kind), shape, clock.now, origin_ns=origin_ns)
    poll_s = chance.choice((0.02, 0.05, 0.1)) if seconds < 10 else 0.1
    meter = Meter([sensor], poll_s, clock.now)
    clock.every(lambda: poll_s + chance.expovariate(1000), meter.read_now)
    clock.sleep(chance.uniform(1.5, 3))
    plan = planned(f"fake:load_s=0.7,prefill_s={seconds / 2:.9f},tokens=1")
    slot = plan.slots[0]
    queries = plan.queries(slot.trial)
    job = Job(trial=slot.trial, adapter="", kind="causal", queries=queries, idle_s=1.0)

    def mark(_stage: str) -> None:
        clock.sleep(0.0002)  # the message to the parent
        meter.read_now()
        clock.sleep(0.0002)  # and back

    result = execute(job, FakeBackend(sleep), mark, clock=clock.now, sleep=clock.sleep)
    clock.sleep(0.3)
    watched = Watched(
        samples=meter.take(),
        sensors=[sensor.info],
        foreign_cpu=None,
        doubts=(),
        interval_target=0.1,
        sample_interval_s=poll_s,
    )
    task = plan.task(slot.trial)
    record = complete(slot, task, queries, result, watched, started_at="", attempt=1)
    span = next(s for s in record.spans if s.name == "measured")
    start_s, end_s = ((t - origin_ns) / 1e9 for t in (span.start_ns, span.end_ns))
    return Case(record, shape.energy_j(end_s) - shape.energy_j(start_s))


def inside(value: float, low: float | None, high: float | None) -> bool:
    assert low is not None
    assert high is not None
    return low - 1e-6 <= value <= high + 1e-6


def often_enough(hits: list[bool]) -> bool:
    """No fewer than intervals of 95 % hold the truth but once in two hundred such tests."""
    return bool(sum(hits) >= binom.ppf(0.005, len(hits), 0.95))


def log_uniform(chance: random.Random) -> float:
    return float(SHORTEST_S * (LONGEST_S / SHORTEST_S) ** chance.random())


def shapes(chance: random.Random, seconds: float) -> dict[str, Shape]:
    low, high = chance.uniform(20, 100), chance.uniform(150, 600)
    return {
        "step": Step(low, high, chance.uniform(2.5, 6.5) + chance.random() * seconds),
        "square": Square(low, high, chance.uniform(0.01, 3), chance.uniform(0.2, 0.8)),
        "ramp": Ramp(low, high, chance.uniform(5, 20) + seconds),
    }


@pytest.mark.parametrize("kind", SENSORS)
def test_constant_power_is_always_right(kind: str) -> None:
    chance = random.Random(kind)
    windows = [SHORTEST_S, LONGEST_S, *(log_uniform(chance) for _ in range(10))]
    for seconds in windows:
        watts = chance.uniform(5, 700)
        case = run(kind, seconds, chance, lambda clock, w=watts: (Constant(w), clock.sleep))  # type: ignore[misc] # a default in a lambda
        totals = case.record.totals
        assert case.seconds == pytest.approx(seconds, rel=1e-6)
        assert case.true_j == pytest.approx(watts * seconds, rel=1e-6)
        assert inside(case.true_j, totals.energy_low_j, totals.energy_high_j)
        assert inside(0.0, totals.energy_net_low_j, totals.energy_net_high_j)
        assert totals.idle_power_w == pytest.approx(watts, rel=0.2)
        if seconds > 5:
            assert totals.energy_j == pytest.approx(case.true_j, rel=0.05)


@pytest.mark.parametrize("kind", SENSORS)
def test_power_of_any_shape_is_covered(kind: str) -> None:
    """Steps, square waves and ramps that know nothing of the work's edges."""
    chance = random.Random(kind)
    hits = []
    for _ in range(12):
        seconds = log_uniform(chance)
        for shape in shapes(chance, seconds).values():
            case = run(kind, seconds, chance, lambda clock, s=shape: (s, clock.sleep))  # type: ignore[misc] # a default in a lambda
            totals = case.record.totals
            hits.append(inside(case.true_j, totals.energy_low_j, totals.energy_high_j))
    assert often_enough(hits), f"{sum(hits)} of {len(hits)}"


def worked(kind: str, count: int) -> Iterator[tuple[Case, float]]:
    """A machine that draws more while it works, and the true net joules."""
    chance = random.Random(f"work {kind}")
    for _ in range(count):
        seconds = log_uniform(chance)
        idle_w, work_w = chance.uniform(10, 100), chance.uniform(110, 700)

        def machine(
            clock: SimulatedClock, watts: tuple[float, float] = (idle_w, work_w)
        ) -> tuple[Shape, Callable[[float], None]]:
            drawn = Machine(clock, *watts)
            return drawn, drawn.work

        case = run(kind, seconds, chance, machine)
        assert case.true_j == pytest.approx(work_w * seconds, rel=1e-6)
        yield case, (work_w - idle_w) * seconds


def doubted(case: Case) -> bool:
    about = (doubt for doubt in case.record.doubts if doubt.code == "window-too-short")
    return any("'measured'" in doubt.message for doubt in about)


@pytest.mark.parametrize("kind", SENSORS)
def test_joules_that_are_not_doubted_are_right_within_the_target(kind: str) -> None:
    """A window too short for its sensor says so; any other keeps the promise of ± 10 %."""
    sound = 0
    for case, _ in worked(kind, 60):
        if doubted(case):
            continue
        sound += 1
        assert case.record.totals.energy_j == pytest.approx(case.true_j, rel=0.1)
    assert sound > 0


@pytest.mark.parametrize("kind", SENSORS)
def test_work_over_idle_is_covered_gross_and_net(kind: str) -> None:
    gross, net = [], []
    for case, true_net_j in worked(kind, 60):
        if doubted(case) and case.seconds < 2:
            continue
        totals = case.record.totals
        gross.append(inside(case.true_j, totals.energy_low_j, totals.energy_high_j))
        net.append(inside(true_net_j, totals.energy_net_low_j, totals.energy_net_high_j))
    assert often_enough(gross), f"gross: {sum(gross)} of {len(gross)}"
    assert often_enough(net), f"net: {sum(net)} of {len(net)}"


def test_a_window_too_short_for_its_sensor_is_doubted_and_a_long_one_is_not() -> None:
    chance = random.Random(1)
    for seconds, too_short in ((0.02, True), (30.0, False)):
        case = run("counter, 100 ms", seconds, chance, lambda clock: (Constant(300), clock.sleep))
        assert doubted(case) == too_short


def test_spans_and_tokens_are_those_of_the_simulated_clock() -> None:
    clock = SimulatedClock()
    plan = planned("fake:load_s=2,prefill_s=0.03,step_s=0.2,tokens=5", limit=3)
    slot = plan.slots[0]
    queries = plan.queries(slot.trial)
    job = Job(trial=slot.trial, adapter="", kind="causal", queries=queries, idle_s=0.5)
    stages: list[str] = []
    result = execute(
        job, FakeBackend(clock.sleep), stages.append, clock=clock.now, sleep=clock.sleep
    )
    seconds: dict[str, float] = {}
    for span in result.spans:
        seconds[span.name] = seconds.get(span.name, 0.0) + span.seconds
    assert stages == ["idle", "idle over", "measured", "done", "idle", "idle over"]
    assert seconds["load"] == pytest.approx(2)
    assert seconds["warmup"] == pytest.approx(0.83)
    assert seconds["idle"] == pytest.approx(1.0)
    assert seconds["prefill"] == pytest.approx(0.06)
    assert seconds["decode"] == pytest.approx(1.6)
    assert seconds["measured"] == pytest.approx(1.66)
    assert [answer.batch for answer in result.generations] == [0, 0, 1]
    measured = next(span for span in result.spans if span.name == "measured")
    batches = [span for span in result.spans if span.batch is not None]
    assert min(span.start_ns for span in batches) == measured.start_ns
    assert max(span.end_ns for span in batches) == measured.end_ns
