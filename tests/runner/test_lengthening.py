"""A region is repeated until its joules are sharp: how often, at what cost, and what stays."""

from __future__ import annotations

import gc
import json
import math
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from simulated import Machine, SimulatedClock

from wattmark.analysis.metrics import METRICS
from wattmark.analysis.summary import summarise
from wattmark.backends.fake import FakeBackend
from wattmark.energy.validity import Short, relative_half_width
from wattmark.errors import MistakesError
from wattmark.meter.meter import Meter
from wattmark.meter.shapes import Shape, Square
from wattmark.meter.simulated import SimulatedSensor
from wattmark.runner.duration import estimated_seconds
from wattmark.runner.figures import Watched, complete
from wattmark.runner.plan import Plan, expand
from wattmark.runner.precision import (
    AGREEMENT,
    GROWTH,
    MARGIN,
    Lengthening,
    Passed,
    wanted_s,
)
from wattmark.runner.suite import read_suite
from wattmark.runner.wire import Job
from wattmark.runner.worker import execute
from wattmark.schema import Record, SensorInfo, Span
from wattmark.store.reader import open_run
from wattmark.store.rows import rows
from wattmark.units import clock_time

IDLE_W, WORK_W = 50.0, 250.0
POLL_S = 0.05
PASS_S = 0.044


@pytest.fixture(autouse=True)
def _thawed() -> Iterator[None]:
    """A worker freezes what it has loaded; this process goes on."""
    yield
    gc.unfreeze()


def counter(period_s: float = 0.1, **more: object) -> SensorInfo:
    return SensorInfo(
        name="simulated",
        component="cpu",
        device="package-0",
        kind=str(more.pop("kind", "counter")),
        source="a simulation",
        update_period_s=period_s,
        **more,  # type: ignore[arg-type] # fields by name
    )


@dataclass(frozen=True)
class Case:
    """A replicate in simulated time: its record, and what was true of it."""

    record: Record
    true_j: float
    regions: tuple[Span, ...]
    lengthening: Lengthening | None

    @property
    def passed(self) -> list[Passed]:
        assert self.lengthening is not None
        return self.lengthening.passed

    @property
    def width(self) -> float:
        totals = self.record.totals
        width = relative_half_width(totals.energy_j, totals.energy_low_j, totals.energy_high_j)
        assert width is not None
        return width


def planned(model: str, **more: object) -> Plan:
    flags = {"models": model, "backends": "fake", "warmups": 1, "limit": 4, "batch_sizes": "2"}
    return expand(read_suite(None, flags | {"replicates": 1, "idle_s": 1.0} | more))


def run(
    step_s: float = 0.002,
    info: SensorInfo | None = None,
    left_s: float = 500.0,
    phase_s: float = 0.0,
    shape: Shape | None = None,
    **more: object,
) -> Case:
    """Two batches of two queries, eleven tokens each; a pass takes `step_s` × 22."""
    clock = SimulatedClock()
    machine = Machine(clock, IDLE_W, WORK_W)
    info = info or counter()
    sensor = SimulatedSensor(info, shape or machine, clock.now, origin_ns=clock.now())
    meter = Meter([sensor], POLL_S, clock.now)
    clock.every(lambda: POLL_S, meter.read_now)
    clock.sleep(1.234 + phase_s)
    plan = planned(f"fake:prefill_s={step_s},step_s={step_s},tokens=11,accuracy=0.5", **more)
    suite, slot = plan.suite, plan.slots[0]
    queries = plan.queries(slot.trial)
    job = Job(trial=slot.trial, adapter="", kind="causal", queries=queries, idle_s=1.0)
    lengthening = None
    if suite.precision_target is not None:
        lengthening = Lengthening(
            meter,
            "cpu",
            target=suite.precision_target,
            budget_s=suite.time_budget_s,
            queries=len(queries),
            sleep=clock.sleep,
        )
    regions: list[Span] = []

    def mark(_stage: str) -> None:
        clock.sleep(0.0002)
        meter.read_now()
        clock.sleep(0.0002)

    def over(region: Span, repetitions: int) -> int:
        mark("done")
        regions.append(region)
        clock.sleep(0.02)  # a parent that takes long to decide
        return lengthening.more(region, repetitions, left_s) if lengthening else 0

    result = execute(
        job, FakeBackend(machine.work), mark, over=over, clock=clock.now, sleep=clock.sleep
    )
    clock.sleep(0.3)
    watched = Watched(
        samples=meter.take(),
        sensors=[info],
        foreign_cpu=None,
        doubts=(),
        interval_target=suite.interval_target,
        sample_interval_s=POLL_S,
        precision_target=suite.precision_target,
        too_short=lengthening.why if lengthening else None,
    )
    record = complete(
        slot, plan.task(slot.trial), queries, result, watched, started_at="", attempt=1
    )
    span = next(s for s in record.spans if s.name == "measured")
    start_s, end_s = ((t - machine.start_ns) / 1e9 for t in (span.start_ns, span.end_ns))
    true_j = machine.energy_j(end_s) - machine.energy_j(start_s)
    return Case(record, true_j, tuple(regions), lengthening)


def codes(record: Record) -> set[str]:
    return {doubt.code for doubt in record.doubts}


def test_without_a_target_nothing_is_repeated() -> None:
    case = run()
    assert case.record.repetitions == 1
    assert len(case.regions) == 1
    assert [span.name for span in case.record.spans].count("warmup") == 1
    assert "precision-not-reached" not in codes(case.record)


@pytest.mark.parametrize("target", [0.2, 0.1, 0.05, 0.02])
def test_short_work_is_repeated_until_its_joules_are_sharp(target: float) -> None:
    """A 100 ms counter under constant power leaves about one period at each edge open."""
    case = run(precision_target=target)
    seconds = case.record.repetitions * PASS_S
    assert case.width <= target
    assert "precision-not-reached" not in codes(case.record)
    assert case.true_j == pytest.approx(WORK_W * seconds)
    assert case.record.totals.energy_j == pytest.approx(case.true_j, rel=1.5 * target)
    # No longer than the regions before it made it look needed.
    before = case.passed[:-1]
    assert all(region.relative > AGREEMENT * target for region in before)
    assert seconds <= (wanted_s(before, target) if before else 0.0) + PASS_S + 1e-6


def test_the_number_of_repetitions_is_the_one_that_the_first_pass_foretells() -> None:
    for phase_s in (0.0, 0.013, 0.031, 0.047, 0.071):
        case = run(precision_target=0.02, phase_s=phase_s)
        first, second = case.passed[:2]
        assert first.repetitions == 1
        assert first.relative > 0.02
        assert second.repetitions == min(math.ceil(MARGIN * first.relative / 0.02), GROWTH)
        assert case.passed[-1].repetitions == case.record.repetitions
        *before, last = [p.relative <= AGREEMENT * 0.02 for p in case.passed]
        assert last
        assert not any(before)


def test_no_question_to_the_parent_falls_inside_of_what_is_measured() -> None:
    """Power × time of the work alone, although the parent took its time to decide."""
    case = run(precision_target=0.02)
    assert len(case.regions) > 1
    measured = next(span for span in case.record.spans if span.name == "measured")
    assert measured == case.regions[-1]
    inside = [span for span in case.record.spans if span.batch is not None]
    assert sum(span.seconds for span in inside) == pytest.approx(measured.seconds)
    assert case.true_j == pytest.approx(WORK_W * measured.seconds)
    # What was given up is warm-up, and its spans are gone.
    warmups = [span for span in case.record.spans if span.name == "warmup"]
    assert [span.end_ns - span.start_ns for span in warmups[1:]] == [
        region.end_ns - region.start_ns for region in case.regions[:-1]
    ]
    assert min(span.start_ns for span in inside) == measured.start_ns


def test_batches_are_counted_on_and_each_repetition_is_the_same_work() -> None:
    record = run(precision_target=0.1).record
    repetitions = record.repetitions
    assert repetitions > 2
    batches = [span.batch for span in record.spans if span.name == "prefill"]
    assert batches == list(range(2 * repetitions))
    ids = [answer.query_id for answer in record.generations]
    assert ids == [query.id for query in record.queries] * repetitions
    assert [answer.batch for answer in record.generations] == [
        batch for batch in range(2 * repetitions) for _ in range(2)
    ]


def test_quality_is_counted_once_and_every_other_figure_over_all_repetitions() -> None:
    once, often = run().record, run(precision_target=0.05).record
    assert often.repetitions > 4
    assert often.scores == once.scores
    alone, many = rows(once)["trials"][0], rows(often)["trials"][0]
    for name in ("scored", "correct"):
        assert many[name] == alone[name]
    assert 0 < many["correct"] < 4
    for name in ("queries", "input_tokens", "output_tokens"):
        assert many[name] == alone[name] * often.repetitions
    for name in ("ttft_s", "tpot_s", "latency_s"):
        assert many[name] == pytest.approx(alone[name], rel=1e-6)
    true = {
        "energy_per_token_j": WORK_W * PASS_S / 44,
        "energy_per_query_j": WORK_W * PASS_S / 4,
        "energy_per_correct_j": WORK_W * PASS_S / many["correct"],
    }
    for name, joules in true.items():
        reading = METRICS[name].of(many)
        assert reading.value == pytest.approx(joules, rel=0.05)
        assert reading.low is not None
        assert reading.high is not None
        assert reading.low <= joules <= reading.high
    for name in ("tokens_per_s", "queries_per_s"):
        assert METRICS[name].of(many).value == pytest.approx(METRICS[name].of(alone).value)


def test_rows_of_queries_add_up_and_score_the_first_repetition_alone() -> None:
    record = run(precision_target=0.1).record
    trial, queries = (rows(record)[table] for table in ("trials", "queries"))
    assert len(queries) == 4 * record.repetitions
    assert [row["position"] for row in queries] == [0, 1, 2, 3] * record.repetitions
    assert {row["repetition"] for row in queries} == set(range(record.repetitions))
    assert sum(row["output_tokens"] for row in queries) == trial[0]["output_tokens"]
    assert sum(bool(row["correct"]) for row in queries) == trial[0]["correct"]
    for row in queries:
        assert (row["correct"] is None) == (row["repetition"] > 0)
        assert row["query_id"] == record.queries[row["position"]].id
    batches = {r.batch: r.gross_j for r in record.energy if r.span == "batch"}
    shared = sum(row["energy_j"] for row in queries)
    assert shared == pytest.approx(sum(joules or 0.0 for joules in batches.values()))


def test_the_budget_ends_it_and_says_what_it_would_take() -> None:
    case = run(precision_target=0.002, time_budget_s=2.0)
    assert sum(region.seconds for region in case.regions) <= 2.0
    assert case.record.repetitions > 2, "what the budget allows is used"
    doubt = next(d for d in case.record.doubts if d.code == "precision-not-reached")
    assert f"± {case.width:.2%}" in doubt.message
    assert "± 0.20" in doubt.message
    assert "--time-budget" in doubt.hint
    needed_s = case.regions[-1].seconds * case.width / 0.002
    assert f"about {clock_time(needed_s)} of work" in doubt.hint


def test_a_first_pass_longer_than_the_budget_is_kept() -> None:
    case = run(step_s=0.2, precision_target=0.001, time_budget_s=1.0)
    assert case.record.repetitions == 1
    assert "precision-not-reached" in codes(case.record)


def test_the_time_that_the_worker_has_left_ends_it_too() -> None:
    case = run(precision_target=0.0005, left_s=1.0)
    assert case.regions[-1].seconds <= 1.0
    doubt = next(d for d in case.record.doubts if d.code == "precision-not-reached")
    assert "--timeout" in doubt.hint


def test_a_sensor_that_no_length_helps_is_not_waited_for() -> None:
    """It looks at a quarter of the time: the half-width stays at what it does not see."""
    info = counter(kind="power", averaging_window_s=0.025)
    flicker = Square(100, 400, 0.0613)
    case = run(step_s=0.1, info=info, shape=flicker, precision_target=0.05, time_budget_s=10_000.0)
    assert sum(region.seconds for region in case.regions) < 200
    assert case.lengthening is not None
    assert case.lengthening.why == Short.NO_HELP
    doubt = next(d for d in case.record.doubts if d.code == "precision-not-reached")
    assert "does not help" in doubt.hint


def test_without_joules_there_is_nothing_to_lengthen_for() -> None:
    meter = Meter([], 0.1)
    lengthening = Lengthening(meter, "cpu", target=0.05, budget_s=60, queries=4)
    assert lengthening.more(Span("measured", 0, 10**9), 1, 100.0) == 0
    assert lengthening.why == Short.NOT_MEASURED


def test_the_next_length_follows_from_what_was_seen() -> None:
    assert wanted_s([Passed(1, 1.0, 0.2)], 0.05) == pytest.approx(MARGIN * 4)
    assert wanted_s([Passed(1, 0.001, math.inf)], 0.05) == pytest.approx(GROWTH * 0.001)
    # A tick that fell well at one region's edges may fall badly at the next one's.
    lucky = [Passed(1, 1.0, 0.2), Passed(3, 3.0, 0.06)]
    assert wanted_s(lucky, 0.05) == pytest.approx(MARGIN * 4)
    # a/T + c through both: c = 2 %, so that 3 % are left to the edges.
    floored = [Passed(1, 2.0, 0.22, True), Passed(4, 8.0, 0.07, True)]
    assert wanted_s(floored, 0.05) == pytest.approx(MARGIN * 0.4 / 0.03)
    assert wanted_s(floored, 0.02) == math.inf


def test_a_target_is_a_share_or_per_cent() -> None:
    for given in ("5%", "0.05", 0.05, " 5 %"):
        assert planned("fake", precision_target=given).suite.precision_target == 0.05
    for wrong in ("5", "0", "-1%", "a lot", "5%%", "nan", 1, True):
        with pytest.raises(MistakesError, match="precision_target") as refusal:
            planned("fake", precision_target=wrong)
        assert "5% or 0.05" in str(refusal.value)


def test_the_estimate_allows_for_the_budget() -> None:
    plain = estimated_seconds(planned("fake", replicates=3))
    lengthened = planned("fake", replicates=3, precision_target="5%", time_budget_s=20)
    assert estimated_seconds(lengthened) - plain == pytest.approx(60, abs=2)


def command(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "200", "HF_HUB_OFFLINE": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "wattmark", "run", "--backend", "fake", "--no-report", *words],
        cwd=cwd,
        capture_output=True,
        text=True,
        env=environment,
        check=False,
        timeout=120,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


QUICK = ("--quiet-wait", "0", "--idle", "0.2", "--replicates", "1", "--limit", "4")


def test_the_command_line_lengthens_and_stores_it(tmp_path: Path) -> None:
    model = "fake:prefill_s=0.005,step_s=0.001,tokens=5,accuracy=0.5"
    flags = ("--precision-target", "1%", "--time-budget", "30", "--out", "run", "--json")
    sensor = ("--sensor", "simulated:watts=100,period=0.1")
    done = command("--model", model, *flags, *sensor, *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    stored = open_run(tmp_path / "run")
    for row in stored.trials.to_pylist():
        assert row["repetitions"] > 1
        assert row["queries"] == 4 * row["repetitions"]
        assert row["scored"] == 4
        half = (row["energy_high_j"] - row["energy_low_j"]) / 2
        # The simulated power is constant, whatever the machine did meanwhile.
        assert row["energy_j"] == pytest.approx(100 * row["measured_s"], rel=0.2)
        # Readings that came later may have widened it a little: then it says so.
        told = {d["code"] for d in json.loads(row["doubts"])}
        assert (half > 0.01 * row["energy_j"]) == ("precision-not-reached" in told)
    summary = summarise(stored)[0]
    assert summary.estimates["accuracy"].n == 4
    assert stored.info["suite"]["precision_target"] == 0.01


def test_the_command_line_says_when_the_budget_ended_it(tmp_path: Path) -> None:
    flags = ("--precision-target", "0.5%", "--time-budget", "0.5", "--out", "run")
    sensor = ("--sensor", "simulated:watts=100,period=0.1")
    model = "fake:prefill_s=0.02,step_s=0.005,tokens=5"
    done = command("--model", model, *flags, *sensor, *QUICK, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    rows = open_run(tmp_path / "run").trials.to_pylist()
    for row in rows:
        doubts = {d["code"]: d for d in json.loads(row["doubts"])}
        assert "--time-budget" in doubts["precision-not-reached"]["hint"]
