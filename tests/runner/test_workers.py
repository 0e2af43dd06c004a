"""The parent's side of a worker, with true processes: what comes back, and what is left."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from wattmark.meter.lines import PATIENCE_S
from wattmark.meter.load import CpuClock, clock_step_s, foreign_cpus, suspended_s
from wattmark.meter.meter import Meter
from wattmark.meter.simulated import parse
from wattmark.runner.plan import expand
from wattmark.runner.suite import read_suite
from wattmark.runner.watch import Workers
from wattmark.runner.wire import (
    Job,
    Result,
    pack_job,
    pack_result,
    unpack_job,
    unpack_result,
)
from wattmark.runner.zygote import BEFORE_THE_FORK
from wattmark.schema import Generation, Memory, Sample, SensorInfo, Span, Status


def job(model: str = "fake:prefill_s=0.01", limit: int = 4, idle_s: float = 0.0) -> Job:
    flags = {"models": model, "backends": "fake", "limit": limit, "warmups": 1, "replicates": 1}
    plan = expand(read_suite(None, flags))
    return Job(
        trial=plan.trials[0],
        adapter="wattmark.backends.fake:FakeBackend",
        kind="causal",
        queries=plan.queries(plan.trials[0]),
        idle_s=idle_s,
    )


@pytest.fixture
def workers() -> Iterator[Workers]:
    made = Workers(["wattmark.backends.fake"], {})
    yield made
    made.close()
    assert psutil.Process().children() == []


def test_jobs_and_results_pass_the_wire_unchanged() -> None:
    asked = replace(job(), threads=3, memory_limit_bytes=10**9)
    assert unpack_job(pack_job(asked)) == asked
    answer = Generation("q", "\x00😀\ud800", 0, 1, 2, 3, 4, (3, 4), "eos", 0.5)
    result = Result(
        spans=(Span("load", 0, 5), Span("decode", 1, 2, 0, 7)),
        generations=(answer,),
        memory=Memory(ram_peak_bytes=5),
        facts={"dtype": "fp32", "parameters": None},
        repetitions=3,
    )
    assert unpack_result(pack_result(result)) == result


def test_readings_lie_around_the_region_that_they_are_for(workers: Workers) -> None:
    """Each mark is a reading before what begins and after what ended."""
    with Meter([parse("watts=100,period=0.01")], 60) as meter:
        ending = workers.run(job("fake:prefill_s=0.05", idle_s=0.05), meter, 30)
        times = [sample.time_ns for sample in meter.take()]
    assert ending.status == Status.OK
    assert ending.result is not None
    spans = ending.result.spans
    assert len(times) == 1 + 6
    idle_before, idle_after = (span for span in spans if span.name == "idle")
    measured = next(span for span in spans if span.name == "measured")
    edges = [t for s in (idle_before, measured, idle_after) for t in (s.start_ns, s.end_ns)]
    for k, reading in enumerate(times[1:]):
        assert reading <= edges[k] if k % 2 == 0 else reading >= edges[k]
    assert ending.foreign_cpu is not None


def test_load_by_others_is_seen_in_work_and_at_idle(workers: Workers) -> None:
    busy = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        with Meter([], 1) as meter:
            ending = workers.run(job("fake:prefill_s=0.2", idle_s=0.3), meter, 30)
    finally:
        busy.kill()
        busy.wait()
    assert {doubt.code for doubt in ending.doubts} == {"foreign-load", "foreign-load-at-idle"}
    assert ending.foreign_cpu is not None
    assert ending.foreign_cpu > 0.3


def test_a_suspend_is_seen_and_a_quiet_stretch_is_not_doubted() -> None:
    before = CpuClock(awake_s=10, boot_s=50, busy_s=5, own_s=1)
    awake = CpuClock(awake_s=12, boot_s=52, busy_s=6.99, own_s=2.98)
    slept = CpuClock(awake_s=12, boot_s=75.5, busy_s=6.99, own_s=2.98)
    assert suspended_s(before, awake) == 0
    assert suspended_s(before, slept) == pytest.approx(23.5)
    assert foreign_cpus(before, awake) == pytest.approx(0, abs=1e-9), "one tick is nobody's"
    assert foreign_cpus(before, replace(awake, busy_s=8.0)) == pytest.approx(0.505)
    assert foreign_cpus(before, replace(before, awake_s=10.05)) is None, "too short to tell"


def test_a_wall_clock_that_is_set_is_seen_and_one_that_is_slewed_or_asleep_is_not() -> None:
    before = CpuClock(awake_s=10, boot_s=50, busy_s=5, own_s=1, wall_s=1000)
    later = replace(before, awake_s=110, boot_s=150, wall_s=1100)
    assert clock_step_s(before, later) == 0
    assert clock_step_s(before, replace(later, wall_s=1100.05)) == 0, "slewed by 500 ppm"
    assert clock_step_s(before, replace(later, wall_s=4700)) == pytest.approx(3600)
    assert clock_step_s(before, replace(later, wall_s=1090)) == pytest.approx(-10)
    slept = replace(later, boot_s=1150, wall_s=2100)
    assert clock_step_s(before, slept) == 0
    assert clock_step_s(before, replace(later, wall_s=None)) == 0


def test_a_longer_region_is_asked_for_over_the_wire(workers: Workers) -> None:
    """The parent asks twice for more, and the record's region is the last one alone."""
    asked: list[tuple[Span, int]] = []

    def more(region: Span, repetitions: int, left_s: float) -> int:
        assert 0 < left_s < 30
        asked.append((region, repetitions))
        return {1: 3, 3: 5}.get(repetitions, 0)

    with Meter([parse("watts=100,period=0.01")], 60) as meter:
        ending = workers.run(job("fake:prefill_s=0.01"), meter, 30, more)
    assert ending.status == Status.OK, ending.error
    assert ending.result is not None
    assert [repetitions for _, repetitions in asked] == [1, 3, 5]
    assert ending.result.repetitions == 5
    assert len(ending.result.generations) == 5 * 4
    measured = [span for span in ending.result.spans if span.name == "measured"]
    assert measured == [asked[-1][0]]
    assert [span.name for span in ending.result.spans].count("prefill") == 5 * 4


def test_a_decision_that_breaks_keeps_the_region(workers: Workers) -> None:
    def more(_region: Span, _repetitions: int, _left_s: float) -> int:
        raise ZeroDivisionError

    with Meter([], 60) as meter:
        ending = workers.run(job(), meter, 30, more)
    assert ending.status == Status.OK
    assert ending.result is not None
    assert ending.result.repetitions == 1


class Hanging:
    """A counter that does not return from its reading number `at` (from 0) until it is freed."""

    def __init__(self, at: int, most_s: float = 60) -> None:
        self.info = SensorInfo(
            name="hanging",
            component="cpu",
            device="package-0",
            kind="counter",
            source="test",
            update_period_s=0.01,
        )
        self.freed = threading.Event()
        self._at, self._most_s, self._count = at, most_s, 0

    def read(self) -> Sample:
        self._count += 1
        if self._count == self._at + 1:
            self.freed.wait(self._most_s)
        now_ns = time.monotonic_ns()
        return Sample(self.info.name, now_ns, energy_j=now_ns / 1e9 * 100)

    def close(self) -> None:
        self.freed.set()


def test_a_sensor_that_hangs_at_an_edge_does_not_cost_the_replicate(workers: Workers) -> None:
    """The worker's time stands still while the parent waits for it, and the record says so."""
    sensor = Hanging(at=3)  # the meter's start, idle, idle over, and then the measured region
    with Meter([sensor, parse("watts=100,period=0.01")], 60) as meter:
        ending = workers.run(job("fake:prefill_s=0.01", idle_s=0.05), meter, 0.9 * PATIENCE_S)
        taken = meter.take()
        sensor.close()
    assert ending.status == Status.OK, ending.error
    good = [sample for sample in taken if sample.fault is None]
    assert [sample.sensor for sample in good].count("hanging") == 3, "what was read is there"
    assert [sample.sensor for sample in good].count("simulated:cpu") == 7, "others go on"
    doubt = next(doubt for doubt in ending.doubts if doubt.code == "sensor-hung")
    assert doubt.message.startswith("hanging: ")


def test_a_worker_that_hangs_beside_a_sensor_that_hangs_is_ended(workers: Workers) -> None:
    sensor = Hanging(at=1)
    with Meter([sensor], 60) as meter:
        ending = workers.run(job("fake:fail=hang,fail_at=batch 2"), meter, 1.0)
        sensor.close()
    assert ending.status == Status.TIMEOUT
    assert "(stage: measured)" in str(ending.error)
    assert "sensor-hung" in {doubt.code for doubt in ending.doubts}


def test_a_finished_replicate_survives_an_engine_that_cannot_close() -> None:
    workers = Workers([], {"PYTHONPATH": str(Path(__file__).parent)})
    broken = replace(job(), adapter="closes_badly:Engine")
    with Meter([], 1) as meter:
        ending = workers.run(broken, meter, 30)
    workers.close()
    assert ending.status == Status.OK, ending.error


def test_an_engine_that_aborts_for_want_of_memory_is_oom() -> None:
    workers = Workers([], {"PYTHONPATH": str(Path(__file__).parent)})
    short = replace(job(), adapter="runs_short:Engine", memory_limit_bytes=4 << 30)
    with Meter([], 1) as meter:
        ending = workers.run(short, meter, 30)
    workers.close()
    assert ending.status == Status.OOM, ending.error
    assert ending.error is not None
    assert ending.error.startswith("Memory ran out and the engine aborted (stage: load).")
    assert "memory allocation of 67108864 bytes failed" in ending.error
    assert ending.error.endswith("(--memory-limit is 4.00 GiB.)")


def test_loading_a_model_is_not_mostly_imports() -> None:
    """What the fork server imports leaves little to a worker's load, and starts nothing."""
    code = """
import os, sys
from wattmark.runner.zygote import preload
preload(["wattmark.backends.transformers"])
assert len(os.listdir("/proc/self/task")) == 1, "a thread was started before the fork"
import torch
assert not torch.cuda.is_initialized()
before = len(sys.modules)
from wattmark.backends.transformers import TransformersBackend
from wattmark.schema import Trial
trial = Trial(model="embedded/arithmetic", backend="transformers", precision="fp32",
              device="cpu", batch_size=1, task="t", task_version="1", max_new_tokens=8)
TransformersBackend().load(trial)
print(len(sys.modules) - before)
"""
    environment = {**os.environ, **BEFORE_THE_FORK}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 100


def test_each_worker_is_a_fresh_process_of_one_server(workers: Workers) -> None:
    with Meter([], 1) as meter:
        memory = [workers.run(job(), meter, 30).result for _ in range(2)]
        server = psutil.Process().children()
        assert len(server) == 1
        assert server[0].children() == []
    assert all(result is not None for result in memory)


def test_a_worker_that_leaves_a_process_behind_is_not_waited_for(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the channel open; it ends with its worker, and the next one starts."""
    (tmp_path / "leaving.py").write_text(
        "import os, time\n"
        "from wattmark.backends.fake import FakeBackend\n"
        "class Leaving(FakeBackend):\n"
        "    def load(self, trial):\n"
        f"        marker = {str(tmp_path / 'pid')!r}\n"
        "        pid = os.fork()\n"
        "        if pid == 0:\n"
        "            time.sleep(600)\n"
        "        open(marker, 'w').write(str(pid))\n"
        "        os._exit(7)\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Meter([], 1) as meter:
        ending = workers.run(replace(job(), adapter="leaving:Leaving"), meter, 300)
        assert ending.status == Status.CRASHED
        assert "code 7" in str(ending.error)
        assert workers.run(job(), meter, 30).status == Status.OK
    left = int((tmp_path / "pid").read_text())
    psutil.wait_procs([p for p in psutil.process_iter() if p.pid == left], timeout=10)
    assert not psutil.pid_exists(left) or psutil.Process(left).status() == psutil.STATUS_ZOMBIE


def test_an_adapter_that_cannot_be_imported_is_a_failed_replicate(workers: Workers) -> None:
    with Meter([], 1) as meter:
        ending = workers.run(replace(job(), adapter="nowhere:Engine"), meter, 30)
    assert ending.status == Status.FAILED
    assert "'nowhere:Engine' cannot be imported" in str(ending.error)


def test_the_words_of_a_dying_worker_are_kept(
    workers: Workers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shouting.py").write_text(
        "import os\n"
        "from wattmark.backends.fake import FakeBackend\n"
        "class Shouting(FakeBackend):\n"
        "    def load(self, trial):\n"
        "        os.write(2, b'x' * 100_000 + b'\\n\\x1b[31mCUDA is gone\\n\\n')\n"
        "        os.abort()\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with Meter([], 1) as meter:
        ending = workers.run(replace(job(), adapter="shouting:Shouting"), meter, 30)
    assert ending.status == Status.CRASHED
    assert "SIGABRT (stage: load)" in str(ending.error)
    assert "Fatal Python error: Aborted" in str(ending.error)
    assert len(str(ending.error)) < 500


def test_a_server_that_was_killed_is_started_again(workers: Workers) -> None:
    with Meter([], 1) as meter:
        assert workers.run(job(), meter, 30).status == Status.OK
        server = psutil.Process().children()[0]
        os.kill(server.pid, 9)
        server.wait()
        assert workers.run(job(), meter, 30).status == Status.OK
        assert psutil.Process().children()[0].pid != server.pid
