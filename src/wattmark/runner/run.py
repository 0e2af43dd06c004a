"""The run itself: every slot of the plan in a fresh worker, each record saved as it ends."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from wattmark import __version__
from wattmark.backends.find import find_backend
from wattmark.errors import InputError, RunDirectoryError
from wattmark.meter import Found
from wattmark.meter.discover import discover
from wattmark.meter.meter import Meter
from wattmark.runner.carbon import intensity
from wattmark.runner.figures import Watched, complete
from wattmark.runner.load import QUIET_CPUS, wait_for_quiet
from wattmark.runner.machine import fingerprint, worker_threads
from wattmark.runner.plan import Plan, Slot, expand
from wattmark.runner.watch import Ending, Workers
from wattmark.runner.wire import Job
from wattmark.schema import Doubt, Record, Status, Suite
from wattmark.store.rundir import RunDirectory, read_info


class Observer(Protocol):
    """Who is told how the run goes."""

    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: Slot, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What a run came to."""

    path: Path
    ok: int
    failed: int
    interrupted: bool = False


def run(suite: Suite, out: Path, observer: Observer, *, overwrite: bool = False) -> Outcome:
    """Run a suite into a new run directory; `overwrite` replaces an earlier run in `out`.

    Raises InputError (nothing was run) for a plan that cannot be, an output folder that is in
    use or cannot be written, an unknown country.
    """
    plan = expand(suite)
    carbon = intensity(suite.country, suite.intensity_g_per_kwh)
    found = discover(suite.sensors)
    info = {
        "name": suite.name,
        "wattmark_version": __version__,
        "created_at": _now(),
        "suite": asdict(suite),
        "planned": len(plan.slots),
        "plan": [{"key": t.key, "label": t.label, **asdict(t)} for t in plan.trials],
        "left_out": [asdict(item) for item in plan.left_out],
        "machine": fingerprint() | {"threads": suite.threads or worker_threads()},
        **_sensors(found),
        "carbon": carbon,
    }
    directory = RunDirectory.create(out, info, overwrite=overwrite)
    return _Session(plan, directory, found, observer).go()


def resume(path: Path, observer: Observer) -> Outcome:
    """Go on with a run: what is missing or failed is run (again), nothing that is done."""
    suite = stored_suite(read_info(path))
    plan = expand(suite)
    directory = RunDirectory.reopen(path)
    stored = {trial["key"] for trial in directory.info["plan"]}
    if stored != {trial.key for trial in plan.trials}:
        directory.leave()
        raise RunDirectoryError(
            f"{path} was planned otherwise: its tasks, models or devices have changed since.",
            "Start a new run; the old one can still be shown.",
        )
    return _Session(plan, directory, discover(suite.sensors), observer).go()


def stored_suite(info: dict[str, Any]) -> Suite:
    """The suite of a run directory."""
    try:
        plain: Any = {k: tuple(v) if isinstance(v, list) else v for k, v in info["suite"].items()}
        return Suite(**plain)
    except (KeyError, TypeError) as reason:
        raise RunDirectoryError(f"run.json holds no suite that can be run: {reason}.") from reason


class _Session:
    """One process's part of a run."""

    def __init__(
        self,
        plan: Plan,
        directory: RunDirectory,
        found: Sequence[Found],
        observer: Observer,
    ) -> None:
        self.plan, self.directory, self.observer = plan, directory, observer
        suite = plan.suite
        self.sensors = [sensor for family in found for sensor in family.sensors]
        self.meter = Meter(self.sensors, interval_s=suite.sample_interval_s)
        self.threads = suite.threads or worker_threads()
        adapters = {trial.backend: find_backend(trial.backend).adapter for trial in plan.trials}
        self.adapters = adapters
        self.workers = Workers(
            [target.partition(":")[0] for target in adapters.values()], environment(self.threads)
        )
        self.counts = {True: 0, False: 0}

    def go(self) -> Outcome:
        """Run what is not done yet; close the directory, or leave it for --resume."""
        done = self.directory.done()
        todo = [s for s in self.plan.slots if done.get(_key(s), ("", 0))[0] != Status.OK]
        self.counts[True] = len(self.plan.slots) - len(todo)
        self.observer.started(len(self.plan.slots), self.counts[True])
        began, cpu_began = time.monotonic(), time.process_time()
        interrupted = False
        try:
            with _terminated_as_interrupt(), self.meter:
                for slot in todo:
                    attempt = done.get(_key(slot), ("", 0))[1] + 1
                    self._one(slot, attempt)
        except KeyboardInterrupt:
            interrupted = True
        except BaseException:
            self.workers.close()
            self.directory.leave()
            raise
        self.workers.close()
        self._close(interrupted, time.monotonic() - began, time.process_time() - cpu_began)
        return Outcome(self.directory.path, self.counts[True], self.counts[False], interrupted)

    def _close(self, interrupted: bool, wall_s: float, cpu_s: float) -> None:
        self.directory.note(
            finished_at=_now(),
            meter_cost={
                "wall_s": wall_s,
                "cpu_s": self.meter.cost_cpu_s,
                "share_of_core": self.meter.cost_cpu_s / wall_s if wall_s > 0 else None,
                "parent_cpu_s": cpu_s,
            },
        )
        for sensor in self.sensors:
            sensor.close()
        if interrupted:
            self.directory.leave()
        else:
            self.directory.finish()

    def _one(self, slot: Slot, attempt: int) -> None:
        """One replicate: wait for quiet, run, join, save."""
        used = wait_for_quiet(self.plan.suite.quiet_wait_s, self.observer.waiting)
        self.meter.take()
        self.meter.read_now()  # a reading before the load begins
        self.observer.running(slot, self.meter.power_now_w())
        started_at = _now()
        trial, suite = slot.trial, self.plan.suite
        queries = self.plan.queries(trial)
        kind = self.plan.task(trial).kind
        job = Job(
            trial=trial,
            adapter=self.adapters[trial.backend],
            kind=self.plan.kinds[trial.model] if kind == "any" else kind,
            queries=queries,
            idle_s=suite.idle_s,
            threads=self.threads,
            memory_limit_bytes=suite.memory_limit_bytes,
        )
        ending = self.workers.run(job, self.meter, suite.timeout_s)
        samples = self.meter.take()
        watched = Watched(
            samples=samples,
            sensors=[sensor.info for sensor in self.sensors],
            foreign_cpu=ending.foreign_cpu,
            doubts=tuple(_preflight(used, suite.quiet_wait_s)),
            interval_target=suite.interval_target,
            sample_interval_s=suite.sample_interval_s,
        )
        if ending.result is None:
            record = _failed(slot, ending, started_at, attempt)
        else:
            record = complete(
                slot,
                self.plan.task(trial),
                queries,
                ending.result,
                watched,
                started_at=started_at,
                attempt=attempt,
            )
        self.directory.write_samples(samples)
        self.directory.write(record)
        self.counts[record.status == Status.OK] += 1
        self.observer.finished(record)


def _failed(slot: Slot, ending: Ending, started_at: str, attempt: int) -> Record:
    return Record(
        trial=slot.trial,
        replicate=slot.replicate,
        block=slot.block,
        order=slot.order,
        status=ending.status,
        error=ending.error,
        started_at=started_at,
        attempt=attempt,
    )


def _key(slot: Slot) -> tuple[str, int]:
    return slot.trial.key, slot.replicate


def _preflight(used: float | None, waited_s: float) -> Iterator[Doubt]:
    if used is not None and used >= QUIET_CPUS:
        yield Doubt(
            "not-quiet",
            f"Other processes used {used:.2f} CPUs when the replicate began, "
            f"after a wait of {waited_s:g} s.",
            "Stop other work on this machine.",
        )


def environment(threads: int) -> dict[str, str]:
    """What the engines are told by the environment, before they are imported."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        # Everything was found and fetched by the plan: no worker reaches for the network.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
    }


def _sensors(found: Sequence[Found]) -> dict[str, Any]:
    return {
        "sensors": [asdict(sensor.info) for family in found for sensor in family.sensors],
        "sensors_missing": [
            {"family": family.family, "why": family.missing, "fix": family.fix}
            for family in found
            if family.missing
        ],
    }


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """A polite kill is an interrupt: what is finished is kept, and the way on is said."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    earlier = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, earlier)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


__all__ = ["InputError", "Observer", "Outcome", "resume", "run", "stored_suite"]
