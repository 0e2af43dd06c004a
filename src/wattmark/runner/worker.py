"""The worker: one replicate of one trial in a process of its own.

Export where it must be, load, warm up, idle, run, idle; stamps only. At each edge that has to be
sharp it asks the parent for a reading of the sensors and waits for it. It never sees a sensor
itself, and sends what it has after the measured region.

A measured region is all queries in order, once or in several repetitions. How many is the
parent's to say when a region is over; one that was too short is given up whole and begun anew,
so that no region holds a question to the parent: what was given up counts as warm-up.
"""

from __future__ import annotations

import errno
import gc
import json
import os
import queue
import resource
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from wattmark import registry
from wattmark.backends import Backend
from wattmark.errors import OutOfMemoryError, WattmarkError
from wattmark.runner.asking import Answer, asked, ending
from wattmark.runner.contexts import indexed
from wattmark.runner.export import export
from wattmark.runner.resident import cpu_s, peak_bytes, resident_bytes, unique_bytes
from wattmark.runner.sizes import try_sizes
from wattmark.runner.wire import Job, Result, pack_result, receive, send, unpack_job
from wattmark.schema import Generation, Memory, Query, Span, Status
from wattmark.units import s_to_ns

Mark = Callable[[str], None]
Over = Callable[[Span, int], int]
"""A region and its repetitions, once it is over → the repetitions to begin anew with, or 0."""

LONGEST_ERROR = 2000
"""Characters of an engine's own words that go into a record."""


@dataclass
class SpanLog:
    """The stamp that engines get: a clock, and a list of spans in the order of their ends."""

    now: Callable[[], int] = time.monotonic_ns
    spans: list[Span] = field(default_factory=list)

    def add(
        self,
        name: str,
        start_ns: int,
        end_ns: int,
        *,
        batch: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """Mark a span that has ended."""
        self.spans.append(Span(name, start_ns, end_ns, batch, tokens))


def execute(
    job: Job,
    backend: Backend,
    mark: Mark,
    *,
    over: Over | None = None,
    tell: Mark = lambda _stage: None,
    clock: Callable[[], int] = time.monotonic_ns,
    sleep: Callable[[float], None] = time.sleep,
) -> Result:
    """Run a job with an engine. `mark(stage)` returns when the sensors have been read.

    `over` does the same at the measured region's end, and may ask for a longer one.
    `tell(stage)` only says how far it is, for the message about a crash or a hang.
    Clock and sleep are given so that simulated time can be run through the same way.
    """
    log = SpanLog(clock)
    before = resident_bytes()
    export(job.trial, backend, log, tell=tell, mark=mark)
    tell("load")
    started = clock()
    backend.load(job.trial)
    log.add("load", started, clock())
    loaded = resident_bytes()
    answer: Answer = backend.classify if job.kind == "classifier" else backend.generate
    answer = ending(answer, job.trial.stops)
    form = asked(job, backend)
    answer = form.answering(answer)
    contexts = indexed(job, backend, log, mark=mark, form=form.form)
    if contexts is not None:
        answer = contexts.answering(answer)
    batches = split(job.queries, job.trial.batch_size)
    if job.trial.warmups:
        tell("warm-up")
        started = clock()
        for count in range(job.trial.warmups):
            # The last one second: it may be smaller, and what is compiled is so by its shape.
            answer(count, batches[-count % len(batches)], SpanLog(clock))
        log.add("warmup", started, clock())
    # Whatever loading left behind is collected now, not inside the measured region.
    gc.collect()
    gc.freeze()
    _idle(job, log, mark, sleep)
    measured = _measured(batches, answer, log, mark, over)
    _idle(job, log, mark, sleep)
    memory = Memory(
        ram_peak_bytes=measured.peak_bytes or peak_bytes(),
        ram_before_load_bytes=before,
        ram_loaded_bytes=loaded,
        ram_unique_bytes=unique_bytes(),
        vram_peak_bytes=backend.vram_peak_bytes(),
    )
    return Result(
        spans=tuple(log.spans),
        generations=tuple(measured.generations),
        memory=memory,
        facts={
            **backend.facts,
            "cpus": _affinity(),
            **({} if contexts is None else {"retrieval": contexts.facts}),
        },
        repetitions=measured.repetitions,
        retrieved=() if contexts is None else contexts.of(job.queries),
        prompts=form.of(job.queries),
    )


@dataclass(frozen=True)
class _Measured:
    """The region that counts."""

    generations: list[Generation]
    repetitions: int
    peak_bytes: int | None = None
    """Of a first region that was given up: the log of many repetitions is no memory of a model."""


def _measured(
    batches: Sequence[Sequence[Query]],
    answer: Answer,
    log: SpanLog,
    mark: Mark,
    over: Over | None,
) -> _Measured:
    """Regions until one is long enough; only the last one's spans and answers are kept."""
    repetitions, peak = 1, None
    while True:
        before = len(log.spans)
        generations: list[Generation] = []
        mark("measured")
        started = log.now()
        for repetition in range(repetitions):
            for index, batch in enumerate(batches):
                generations += answer(repetition * len(batches) + index, batch, log)
        ended = log.now()
        longer = 0
        if over is None:
            mark("done")
        else:
            longer = over(Span("measured", started, ended), repetitions)
        if not longer:
            log.add("measured", started, ended)
            return _Measured(generations, repetitions, peak)
        del log.spans[before:]
        log.add("warmup", started, ended)
        repetitions, peak = longer, peak or peak_bytes()


def _affinity() -> list[int] | None:
    """The CPUs that this process is pinned to; None where the system cannot pin."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def split(queries: Sequence[Query], size: int) -> list[Sequence[Query]]:
    """Batches of `size`, in order; the last may be smaller."""
    return [queries[start : start + size] for start in range(0, len(queries), size)]


def _idle(job: Job, log: SpanLog, mark: Mark, sleep: Callable[[float], None]) -> None:
    if job.idle_s <= 0:
        return
    mark("idle")
    started = log.now()
    # To the nanosecond of the clock: an idle that ends early would borrow from the work.
    end = started + s_to_ns(job.idle_s)
    while (left := end - log.now()) > 0:
        sleep(left / 1e9)
    ended = log.now()
    mark("idle over")
    log.add("idle", started, ended)


def main(channel: Connection) -> int:
    """A worker's life: a job comes in, marks and a result go out. The exit code."""
    job = unpack_job(receive(channel))
    answers = _Lifeline(channel)

    def mark(stage: str) -> None:
        send(channel, {"mark": stage, "cpu_s": cpu_s()})
        answers.wait()

    def over(region: Span, repetitions: int) -> int:
        stamps = [region.start_ns, region.end_ns]
        told = {"mark": "done", "cpu_s": cpu_s()}
        send(channel, told | {"region": stamps, "repetitions": repetitions})
        return int(answers.wait().get("repetitions", 0))

    def tell(stage: str) -> None:
        send(channel, {"stage": stage})

    def tried(size: int, rate: float) -> None:
        send(channel, {"tried": [size, rate]})

    try:
        _limit_memory(job.memory_limit_bytes)
        if job.cpus:
            os.sched_setaffinity(0, job.cpus)
        _set_threads(job.threads)
        backend: Backend = registry.resolve(job.adapter)()
        if job.sizes:
            log = SpanLog()
            export(job.trial, backend, log, tell=tell, mark=mark)
            for span in log.spans:  # at once: a size that does not fit may end this worker
                send(channel, {"made": [span.name, span.start_ns, span.end_ns]})
            try_sizes(job, backend, tried, SpanLog, tell=tell)
            result = Result(spans=(), generations=(), memory=Memory())
        else:
            result = execute(job, backend, mark, over=over, tell=tell)
        message: dict[str, Any] = {"result": pack_result(result)}
    except BaseException as reason:
        # What the failed work holds is held by its traceback: there must be room to say so.
        _limit_memory(None)
        message = _failure(reason)
    # The engine is not closed: the process ends here, and a close that hangs or fails must not
    # cost a replicate that is done.
    send(channel, message)
    return 0


def _failure(reason: BaseException) -> dict[str, Any]:
    """Why there is no result, in one line."""
    refused = isinstance(reason, OSError) and reason.errno == errno.ENOMEM
    if refused or isinstance(reason, MemoryError | OutOfMemoryError):
        return {"error": str(reason) or "Memory ran out.", "status": str(Status.OOM)}
    if isinstance(reason, WattmarkError):
        return {"error": str(reason), "status": str(Status.FAILED)}
    sys.excepthook(type(reason), reason, reason.__traceback__)  # to the worker's log
    said = " ".join(str(reason).split())
    error = f"{type(reason).__name__}: {said}" if said else type(reason).__name__
    return {"error": error[:LONGEST_ERROR], "status": str(Status.FAILED)}


class _Lifeline:
    """Reads the parent's answers on a thread, and ends the worker when the parent is gone."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._answers: queue.SimpleQueue[bytes] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        try:
            while True:
                self._answers.put(self._channel.recv_bytes())
        except (EOFError, OSError):
            os._exit(1)

    def wait(self) -> dict[str, Any]:
        """The parent's next answer, when it comes."""
        answer: dict[str, Any] = json.loads(self._answers.get())
        return answer


def _limit_memory(most_bytes: int | None) -> None:
    """The soft limit alone, so that it can be lifted again (None) to report."""
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    soft = hard if most_bytes is None else most_bytes
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def _set_threads(threads: int | None) -> None:
    if threads is not None and (torch := sys.modules.get("torch")) is not None:
        torch.set_num_threads(threads)
