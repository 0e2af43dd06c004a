"""Work on many rows that several processes share, and that one of them may die of."""

from __future__ import annotations

import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

Row = TypeVar("Row")
Result = TypeVar("Result")

BATCH = 500
"""Rows that a process gets at a time."""
_AHEAD = 2
"""Batches a process that are read before the first is done: no file stands in memory whole."""


def shared(
    rows: Iterator[Row], work: Callable[[Sequence[Row]], list[Result]], processes: int
) -> Iterator[tuple[Row, Result]]:
    """Each row with its result, in order; `work` is done by so many processes, which are spawned.

    Where one of them is killed, this process does what is left. No process is started for no row.
    """
    batch = list(islice(rows, BATCH))
    if not batch:
        return
    context = get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_ignore_interrupts) as pool:
        waiting: deque[tuple[list[Row], Future[list[Result]] | None]] = deque()
        while batch:
            waiting.append((batch, _sent(pool, work, batch)))
            if len(waiting) > _AHEAD * processes:
                yield from _done(*waiting.popleft(), work)
            batch = list(islice(rows, BATCH))
        while waiting:
            yield from _done(*waiting.popleft(), work)


def _ignore_interrupts() -> None:
    """Ctrl-C is for the process that asked."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _sent(
    pool: ProcessPoolExecutor, work: Callable[[Sequence[Row]], list[Result]], batch: Sequence[Row]
) -> Future[list[Result]] | None:
    """None where the pool is broken."""
    try:
        return pool.submit(work, batch)
    except BrokenProcessPool:
        return None


def _done(
    batch: Sequence[Row],
    sent: Future[list[Result]] | None,
    work: Callable[[Sequence[Row]], list[Result]],
) -> Iterator[tuple[Row, Result]]:
    try:
        results = work(batch) if sent is None else sent.result()
    except BrokenProcessPool:
        results = work(batch)
    return zip(batch, results, strict=True)
