"""One process's part of a run: every slot in a fresh worker, each record saved as it ends."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from wattmark.backends.find import find_backend
from wattmark.errors import WattmarkError
from wattmark.meter import Found
from wattmark.meter.discover import sensors
from wattmark.meter.load import wait_for_quiet
from wattmark.meter.meter import Meter
from wattmark.meter.nvml import visible_boards
from wattmark.runner.batches import conclude, plain, sizes_for, with_batches
from wattmark.runner.figures import Apart, Watched, complete, failed
from wattmark.runner.interrupt import Interrupts
from wattmark.runner.machine import now, pinned
from wattmark.runner.noise import noisy, not_quiet, repeated
from wattmark.runner.plan import Plan, Slot, plain_plan
from wattmark.runner.precision import Lengthening
from wattmark.runner.watch import Ending, Workers
from wattmark.runner.wire import Job
from wattmark.schema import TO_BE_FOUND, Doubt, Memory, Record, Status, Trial
from wattmark.store.rundir import RunDirectory


class Observer(Protocol):
    """Who is told how the run goes."""

    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: Slot, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None: ...


@dataclass(frozen=True)
class Outcome:
    """What a run came to. `nothing_to_do`: all of it had been done before."""

    path: Path
    ok: int
    failed: int
    interrupted: bool = False
    nothing_to_do: bool = False


class Session:
    """Runs what a directory still lacks; `interrupts` is held when it is handed over."""

    def __init__(
        self,
        plan: Plan,
        directory: RunDirectory,
        found: Sequence[Found],
        *,
        observer: Observer,
        interrupts: Interrupts,
        doubts: tuple[Doubt, ...] = (),
    ) -> None:
        self.plan, self.directory = plan, directory
        self.observer, self.interrupts = observer, interrupts
        suite = plan.suite
        self.sensors = sensors(found)
        self.boards = visible_boards()
        self.meter = Meter(self.sensors, interval_s=suite.sample_interval_s)
        self.threads, self.cpus = pinned(suite.threads, suite.cpus)
        adapters = {trial.backend: find_backend(trial.backend).adapter for trial in plan.trials}
        self.adapters = adapters
        self.workers = Workers(
            [target.partition(":")[0] for target in adapters.values()], environment(self.threads)
        )
        self.before: dict[str, Apart] = {}
        """Trial key → its export while its batch size was looked for, until a record has it."""
        self.ok = self.failed = 0
        self.doubts = directory.doubts + doubts
        self.cost_before = directory.info.get("meter_cost") or {}
        self.cpu_before_s = time.process_time()

    def go(self) -> Outcome:
        """Run what is not done yet; close the directory, or leave it for --resume.

        Raises WattmarkError where it cannot go on (a full disk); what was finished is kept.
        """
        began = time.monotonic()
        interrupted = False
        try:
            self.interrupts.release()
            self._all()
            self.interrupts.hold()  # from here on it is quicker to end well
            self._end(began)
            self.directory.finish()
        except KeyboardInterrupt:
            self.interrupts.hold()  # whoever presses twice shall not lose more
            interrupted = True
            self._leave(began)
        except WattmarkError as reason:
            self._leave(began)
            raise WattmarkError(
                f"The run has stopped: {reason.message}",
                f"{reason.hint or ''} {self.ok} replicates are kept; go on with: "
                f"wattmark run --resume {shlex.quote(str(self.directory.path))}".strip(),
            ) from reason
        except BaseException:
            self._leave(began)
            raise
        return Outcome(self.directory.path, self.ok, self.failed, interrupted)

    def _find_batches(self) -> None:
        """Sizes for the trials that were asked for as auto, before anything is measured."""
        found = []
        for trial in self.plan.trials:
            if trial.batch_size != TO_BE_FOUND:
                continue
            self.workers.start()
            wait_for_quiet(self.plan.suite.quiet_wait_s, self.observer.waiting)
            slot = Slot(trial, 0, 0, 0)
            self.observer.running(slot, None)
            asked = sizes_for(self.plan, trial)
            job = replace(self._job(slot), sizes=asked.sizes)
            with self.meter:
                ending = self.workers.run(job, self.meter, self.plan.suite.timeout_s)
                self.meter.settle()
            samples = tuple(self.meter.take())
            found.append(conclude(trial, asked, ending))
            if ending.made:
                sized = replace(trial, batch_size=found[-1].batch_size)
                self.before[sized.key] = Apart(spans=ending.made, samples=samples)
        if found:
            self.plan = with_batches(self.plan, found)
            self.directory.note(
                batches_found=plain(found),
                plan=plain_plan(self.plan),
                planned=len(self.plan.slots),
            )

    def _all(self) -> None:
        self._find_batches()
        done = self.directory.done()
        todo = [s for s in self.plan.slots if done.get(_key(s), ("", 0))[0] != Status.OK]
        self.ok = len(self.plan.slots) - len(todo)
        self.observer.started(len(self.plan.slots), self.ok)
        if not todo:
            return
        block = todo[0].block
        with self.meter:
            for order, slot in enumerate(todo, self.directory.next_order()):
                if slot.block != block:
                    # Forks of one server share its hash seed and its address layout, both of
                    # which move timings (by cache and alias effects): replicates of one trial
                    # would vary less than runs do. A new server draws both again, and the trials
                    # of a block, which are compared with each other, still share them.
                    self.workers.close()
                    block = slot.block
                attempt = done.get(_key(slot), ("", 0))[1] + 1
                self._replicate(replace(slot, order=order), attempt)

    def _end(self, began_s: float) -> None:
        self.workers.close()
        self.meter.close()
        cost = {
            "wall_s": time.monotonic() - began_s,
            "cpu_s": self.meter.cost_cpu_s,
            "parent_cpu_s": time.process_time() - self.cpu_before_s,
        }
        cost = {name: value + self.cost_before.get(name, 0.0) for name, value in cost.items()}
        share = cost["cpu_s"] / cost["wall_s"] if cost["wall_s"] > 0 else None
        self.directory.note(finished_at=now(), meter_cost={**cost, "share_of_core": share})

    def _leave(self, began_s: float) -> None:
        try:
            self._end(began_s)
        except WattmarkError:
            pass  # what ends because the disk is full cannot write how it ended
        finally:
            self.directory.leave()

    def _replicate(self, slot: Slot, attempt: int) -> None:
        """One replicate, and again where others disturbed it, as often as was asked for."""
        repeats = self.plan.suite.repeat_noisy
        record = self._one(slot, attempt, last=not repeats)
        for repeat in range(repeats):
            if not noisy(record):
                return
            self.doubts += (repeated(record),)
            record = self._one(slot, attempt + 1 + repeat, last=repeat + 1 == repeats)

    def _one(self, slot: Slot, attempt: int, *, last: bool) -> Record:
        """One attempt: wait for quiet, run, join, save. One that is repeated is not counted."""
        self.workers.start()
        used = wait_for_quiet(self.plan.suite.quiet_wait_s, self.observer.waiting)
        self.meter.take()
        self.meter.read_now()  # a reading before the load begins
        self.observer.running(slot, self.meter.power_now_w())
        started_at = now()
        suite = self.plan.suite
        job = self._job(slot)
        lengthening = self._lengthening(job)
        more = lengthening.more if lengthening else None
        ending = self.workers.run(job, self.meter, suite.timeout_s, more)
        self.meter.settle()
        samples = self.meter.take()
        watched = Watched(
            samples=samples,
            sensors=[sensor.info for sensor in self.sensors],
            foreign_cpu=ending.foreign_cpu,
            doubts=(*not_quiet(used, suite.quiet_wait_s), *ending.doubts),
            interval_target=suite.interval_target,
            sample_interval_s=suite.sample_interval_s,
            precision_target=suite.precision_target,
            too_short=lengthening.why if lengthening else None,
            boards=self.boards,
            before=self.before.get(slot.trial.key),
        )
        record = self._record(slot, job, ending, watched, (started_at, attempt))
        doubts, self.doubts = record.doubts + self.doubts, ()
        record = replace(
            record,
            session=self.directory.session,
            doubts=doubts,
            memory=self._with_foreseen(record.memory, slot.trial),
            facts=self._with_batch_found(record.facts, slot.trial),
        )
        with self.interrupts.held():
            if watched.before is not None and record.status == Status.OK:
                del self.before[slot.trial.key]
                self.directory.write_samples(watched.before.samples)
            self.directory.write_samples(samples)
            self.directory.write(record)
            if last or not noisy(record):
                self.ok += record.status == Status.OK
                self.failed += record.status != Status.OK
                self.observer.finished(record)
        return record

    def _with_foreseen(self, memory: Memory, trial: Trial) -> Memory:
        """What was measured beside what the plan foresaw: each can be held against the other."""
        foreseen = self.plan.foreseen.get(trial.key)
        if foreseen is None:
            return memory
        need = foreseen.need
        return replace(
            memory, cache_bytes_per_token=need.cache_per_token, foreseen_bytes=need.total
        )

    def _with_batch_found(self, facts: Mapping[str, Any], trial: Trial) -> Mapping[str, Any]:
        found = self.plan.batches_found.get(trial.key)
        return facts if found is None else {**facts, "batch_found": found}

    def _lengthening(self, job: Job) -> Lengthening | None:
        suite = self.plan.suite
        if suite.precision_target is None:
            return None
        return Lengthening(
            self.meter,
            job.trial.device,
            target=suite.precision_target,
            budget_s=suite.time_budget_s,
            queries=len(job.queries),
            boards=tuple(self.boards),
        )

    def _job(self, slot: Slot) -> Job:
        trial = slot.trial
        kind = self.plan.task(trial).kind
        return Job(
            trial=trial,
            adapter=self.adapters[trial.backend],
            kind=self.plan.kinds[trial.model] if kind == "any" else kind,
            queries=self.plan.queries(trial),
            idle_s=self.plan.suite.idle_s,
            threads=self.threads,
            cpus=self.cpus,
            memory_limit_bytes=self.plan.suite.memory_limit_bytes,
            corpus=self.plan.suite.corpus,
            shots=self.plan.shots(trial),
        )

    def _record(
        self, slot: Slot, job: Job, ending: Ending, watched: Watched, when: tuple[str, int]
    ) -> Record:
        started_at, attempt = when
        if ending.result is None:
            return failed(slot, ending, started_at=started_at, attempt=attempt)
        try:
            return complete(
                slot,
                self.plan.task(slot.trial),
                job.queries,
                ending.result,
                watched,
                started_at=started_at,
                attempt=attempt,
            )
        # An engine that answers too few queries, a scorer of a stranger's that breaks: that
        # is the replicate's failure, and no reason to lose the others.
        except Exception as reason:
            said = f"Its result cannot be used: {type(reason).__name__}: {reason}"
            unusable = Ending(Status.FAILED, said)
            return failed(slot, unusable, started_at=started_at, attempt=attempt)


def _key(slot: Slot) -> tuple[str, int]:
    return slot.trial.key, slot.replicate


def environment(threads: int) -> dict[str, str]:
    """What the engines are told by the environment, before they are imported."""
    return {
        "OMP_NUM_THREADS": str(threads),
        "MKL_NUM_THREADS": str(threads),
        "TOKENIZERS_PARALLELISM": "false",
        # cuda:1 is then the GPU that NVML calls 1: its joules are the trial's.
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        # A library that only asks whether there is a GPU must not open CUDA before the fork:
        # no worker could use it then.
        "PYTORCH_NVML_BASED_CUDA_CHECK": "1",
        # Everything was found and fetched by the plan: no worker reaches for the network.
        "HF_HUB_OFFLINE": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "DO_NOT_TRACK": "1",
        "ORT_DISABLE_TELEMETRY": "1",  # ONNX Runtime starts to report when it is imported
    }
