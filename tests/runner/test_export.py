"""A conversion before the load: a span and a time limit of its own, and no part of any other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from simulated import Machine, SimulatedClock

from wattmark.backends.fake import FakeBackend
from wattmark.meter.meter import Meter
from wattmark.meter.simulated import parse
from wattmark.runner import deadline
from wattmark.runner.export import EXPORT_TIMEOUT_S
from wattmark.runner.figures import Watched, complete
from wattmark.runner.plan import Plan, expand
from wattmark.runner.suite import read_suite
from wattmark.runner.watch import Workers
from wattmark.runner.wire import Job
from wattmark.runner.worker import execute
from wattmark.schema import Sample, SensorInfo, Status, Trial
from wattmark.store.rows import rows

_CONVERTING = """
import time
from wattmark.backends.fake import FakeBackend

class Slow(FakeBackend):
    made = False
    def prepare(self, trial):
        time.sleep(1.2)
        return not self.made

class Breaks(Slow):
    def generate(self, batch, queries, stamp):
        raise MemoryError("too large")

class There(Slow):
    made = True

class Slower(Slow):
    def prepare(self, trial):
        time.sleep(600)
"""


def _plan() -> Plan:
    flags = {"models": "fake:prefill_s=0.01", "backends": "fake", "limit": 4, "replicates": 1}
    return expand(read_suite(None, flags))


def _job(adapter: str = "wattmark.backends.fake:FakeBackend", *sizes: int) -> Job:
    plan = _plan()
    trial = plan.trials[0]
    return Job(
        trial=trial,
        adapter=adapter,
        kind="causal",
        queries=plan.queries(trial),
        idle_s=0.0,
        sizes=sizes,
    )


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workers]:
    (tmp_path / "converting_engines.py").write_text(_CONVERTING, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    made = Workers([], {})
    yield made
    made.close()


def test_the_timeout_does_not_count_an_export(workers: Workers) -> None:
    """A second of converting and a timeout of one: what is left is for the work."""
    with Meter([parse("watts=100,period=0.01")], 60) as meter:
        ending = workers.run(_job("converting_engines:Slow"), meter, 1.0)
        stamps = [sample.time_ns for sample in meter.take()]
    assert ending.status == Status.OK, ending.error
    assert ending.result is not None
    export, load = ending.result.spans[:2]
    assert (export.name, load.name) == ("export", "load")
    assert export.seconds > 1.1
    assert any(export.end_ns <= stamp <= load.start_ns for stamp in stamps), "a reading between"


def test_what_was_there_already_leaves_no_span(workers: Workers) -> None:
    with Meter([], 60) as meter:
        ending = workers.run(_job("converting_engines:There"), meter, 1.0)
    assert ending.result is not None
    assert ending.result.spans[0].name == "load"


def test_trying_sizes_converts_first(workers: Workers) -> None:
    with Meter([], 60) as meter:
        ending = workers.run(_job("converting_engines:Slow", 1), meter, 1.0)
    assert ending.status == Status.OK, ending.error
    assert [size for size, _ in ending.tried] == [1]
    (export,) = ending.made
    assert export.name == "export"
    assert export.seconds > 1.1


def test_an_export_is_told_before_the_first_size_that_may_not_fit(workers: Workers) -> None:
    with Meter([], 60) as meter:
        ending = workers.run(_job("converting_engines:Breaks", 1), meter, 1.0)
    assert (ending.status, ending.tried) == (Status.OOM, ())
    assert [span.name for span in ending.made] == ["export"]


def test_an_export_that_does_not_end_is_ended(
    workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deadline, "EXPORT_TIMEOUT_S", 0.5)
    with Meter([], 60) as meter:
        ending = workers.run(_job("converting_engines:Slower"), meter, 0.3)
    assert ending.status == Status.TIMEOUT
    said = str(ending.error)
    assert "was not converted for fake in fp32 within 0.5 s (stage: export)" in said
    assert "nothing half converted is kept" in said


def test_a_timeout_above_the_limit_is_an_export_s_too() -> None:
    trial = _job().trial
    assert EXPORT_TIMEOUT_S >= 1800, "minutes for a billion parameters, on two cores"
    kept = deadline.Deadline(trial, 60)
    kept.enter("export")
    assert kept.left_s > EXPORT_TIMEOUT_S - 1
    kept.enter("exported")
    assert 59 < kept.left_s <= 60
    longer = deadline.Deadline(trial, 2 * EXPORT_TIMEOUT_S)
    longer.enter("export")
    assert longer.left_s > EXPORT_TIMEOUT_S + 60


def test_its_joules_are_in_no_figure_but_its_own() -> None:
    """200 W for 30 s of converting; the answers take none of the simulated time."""
    clock = SimulatedClock()
    machine = Machine(clock, idle_w=50, work_w=200)

    class Engine(FakeBackend):
        def prepare(self, trial: Trial) -> bool:
            machine.work(30)
            return True

        def load(self, trial: Trial) -> None:
            clock.sleep(2)
            super().load(replace(trial, model="fake"))

    samples: list[Sample] = []

    def read() -> None:
        now = clock.now()
        joules = machine.energy_j((now - machine.start_ns) / 1e9)
        samples.append(Sample("rapl", now, energy_j=joules))

    read()
    clock.every(lambda: 0.5, read)
    plan = _plan()
    result = execute(
        replace(_job(), idle_s=3.0),
        Engine(),
        lambda _stage: read(),
        clock=clock.now,
        sleep=clock.sleep,
    )
    read()
    info = SensorInfo(
        name="rapl",
        component="cpu",
        device="package-0",
        kind="counter",
        source="simulated",
        update_period_s=0.001,
    )
    watched = Watched(
        samples=samples,
        sensors=[info],
        foreign_cpu=None,
        doubts=(),
        interval_target=0.05,
        sample_interval_s=0.5,
    )
    record = complete(
        plan.slots[0],
        plan.task(plan.trials[0]),
        plan.queries(plan.trials[0]),
        result,
        watched,
        started_at="",
        attempt=1,
    )
    (row,) = rows(record)["trials"]
    assert row["export_s"] == pytest.approx(30)
    assert row["export_energy_j"] == pytest.approx(6000, rel=0.01)
    assert row["load_s"] == pytest.approx(2)
    assert row["idle_power_w"] == pytest.approx(50, rel=0.01)
    measured = next(reading for reading in record.energy if reading.span == "measured")
    assert row["energy_j"] == measured.gross_j
    assert row["energy_j"] < 200
