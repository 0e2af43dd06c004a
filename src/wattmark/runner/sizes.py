"""A worker that tries batch sizes: each is timed and told at once, until a larger one does not pay.

What comes later, a crash or the end of memory, takes nothing back of what was told.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from wattmark.backends import Backend, Stamp
from wattmark.runner.asking import Answer, asked
from wattmark.runner.contexts import indexed
from wattmark.runner.wire import Job
from wattmark.schema import Query

GROWTH = 1.05
"""A larger batch that answers less than this times as fast does not pay."""
LEAST_BATCHES, MOST_BATCHES = 3, 1000
LEAST_S = 0.3
"""A size is timed for as long, and for as many batches."""


def try_sizes(
    job: Job,
    backend: Backend,
    tried: Callable[[int, float], None],
    stamp: Callable[[], Stamp],
    *,
    tell: Callable[[str], None] = lambda _stage: None,
    clock: Callable[[], int] = time.monotonic_ns,
) -> None:
    """Load the job's model and time each size of `job.sizes`, in order.

    `tried` is told a size and its answers a second: output tokens, or texts of a classifier.
    `stamp` makes what engines mark their spans with; they are not kept.
    """
    tell("load")
    backend.load(job.trial)
    timing = _Timing(job, backend, stamp, clock)
    before = 0.0
    for size in job.sizes:
        tell(f"trying batch {size}")
        rate = timing.rate(size)
        if rate < GROWTH * before:  # once more: what disturbs only ever slows
            rate = max(rate, timing.rate(size))
        tried(size, rate)
        if rate < GROWTH * before:
            return
        before = rate


class _Timing:
    """Times batches of one job; they are numbered on from size to size."""

    def __init__(
        self, job: Job, backend: Backend, stamp: Callable[[], Stamp], clock: Callable[[], int]
    ) -> None:
        self._job, self._stamp, self._clock = job, stamp, clock
        self._labels = job.kind == "classifier"
        self._answer: Answer = backend.classify if self._labels else backend.generate
        form = asked(job, backend)
        self._answer = form.answering(self._answer)
        contexts = indexed(job, backend, stamp(), form=form.form)
        if contexts is not None:
            self._answer = contexts.answering(self._answer)
        self._batch = 0

    def rate(self, size: int) -> float:
        """Answers a second in batches of `size`, a first one for warming up left out."""
        self._time(size)
        batches, count, seconds = 0, 0, 0.0
        while batches < MOST_BATCHES and (batches < LEAST_BATCHES or seconds < LEAST_S):
            answers, took_s = self._time(size)
            batches, count, seconds = batches + 1, count + answers, seconds + took_s
        return count / max(seconds, 1e-9)

    def _time(self, size: int) -> tuple[int, float]:
        asked = rows(self._job.queries, size, self._batch)
        started = self._clock()
        answers = self._answer(self._batch, asked, self._stamp())
        ended = self._clock()
        self._batch += 1
        count = len(asked) if self._labels else sum(a.output_tokens for a in answers)
        return count, (ended - started) / 1e9


def rows(queries: Sequence[Query], size: int, batch: int) -> list[Query]:
    """Batch number `batch`, of full size: behind the last query comes the first again."""
    return [queries[(batch * size + row) % len(queries)] for row in range(size)]
