"""`--batch auto`: which size is taken, in simulated time, and what ends the search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from simulated import SimulatedClock

from wattmark.backends import Stamp
from wattmark.runner.batches import Found, Sizes, conclude, plain, sizes_for, stored, with_batches
from wattmark.runner.plan import Plan, expand
from wattmark.runner.sizes import rows, try_sizes
from wattmark.runner.suite import read_suite
from wattmark.runner.watch import Ending
from wattmark.runner.wire import Job
from wattmark.runner.worker import SpanLog
from wattmark.schema import TO_BE_FOUND, Generation, Query, Status, Trial


def plan(**flags: Any) -> Plan:
    return expand(read_suite(None, {"models": "fake", "backends": "fake", **flags}))


class Engine:
    """Answers ten tokens a query, in a time that is a function of the batch size."""

    def __init__(self, clock: SimulatedClock, seconds: Callable[[int], float]) -> None:
        self.facts: Mapping[str, Any] = {}
        self._clock, self._seconds = clock, seconds

    def load(self, trial: Trial) -> None: ...

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        start = self._clock.now()
        self._clock.sleep(self._seconds(len(queries)))
        end = self._clock.now()
        return [Generation(q.id, "", batch, 1, 10, start, end) for q in queries]

    classify = generate

    def vram_peak_bytes(self) -> int | None:
        return None

    def close(self) -> None: ...


def search(seconds: Callable[[int], float], sizes: tuple[int, ...]) -> list[tuple[int, float]]:
    clock = SimulatedClock()
    made = plan(batch_sizes="auto", limit=64)
    (trial,) = made.trials
    job = Job(
        trial=trial, adapter="", kind="causal", queries=made.queries(trial), idle_s=0, sizes=sizes
    )
    tried: list[tuple[int, float]] = []
    try_sizes(
        job,
        Engine(clock, seconds),
        lambda size, rate: tried.append((size, rate)),
        SpanLog,
        clock=clock.now,
    )
    return tried


def ended(
    tried: Sequence[tuple[int, float]], status: Status = Status.OK, error: str = ""
) -> Ending:
    return Ending(status, error or None, tried=tuple(tried))


def test_sizes_double_while_answers_come_faster() -> None:
    # A step costs 0.1 s for any batch up to 8, and in proportion from there on.
    tried = search(lambda size: 0.1 * max(1, size / 8), (1, 2, 4, 8, 16, 32))
    assert [size for size, _ in tried] == [1, 2, 4, 8, 16]
    assert dict(tried) == pytest.approx({1: 100, 2: 200, 4: 400, 8: 800, 16: 800})
    (trial,) = plan(batch_sizes="auto").trials
    found = conclude(trial, Sizes((1, 2, 4, 8, 16, 32), "queries"), ended(tried))
    assert (found.batch_size, found.why) == (8, "batch 16 is not 5 % faster")


def test_one_slow_moment_does_not_end_the_search() -> None:
    calls: list[int] = []

    def seconds(size: int) -> float:
        calls.append(size)
        disturbed = size == 4 and calls.count(4) == 2
        return 5.0 if disturbed else 0.1

    tried = search(seconds, (1, 2, 4, 8))
    assert dict(tried) == pytest.approx({1: 100, 2: 200, 4: 400, 8: 800})


def test_what_ends_a_search_is_told() -> None:
    (trial,) = plan(batch_sizes="auto").trials
    asked = Sizes((1, 2), "there are only 2 queries")
    rising = [(1, 10.0), (2, 20.0)]
    assert conclude(trial, asked, ended(rising)).why == asked.why
    gone = conclude(trial, asked, ended(rising, Status.OOM, "Memory ran out."))
    assert (gone.batch_size, gone.why) == (2, "batch 4: oom: Memory ran out.")
    none = conclude(trial, asked, ended([], Status.FAILED, "No such file."))
    assert (none.batch_size, none.tried) == (1, ())
    assert "No such file." in none.why


def test_no_size_is_larger_than_the_queries_are_many() -> None:
    made = plan(batch_sizes="auto", limit=24)
    asked = sizes_for(made, made.trials[0])
    assert asked == Sizes((1, 2, 4, 8, 16), "there are only 24 queries")


def test_no_size_is_tried_that_is_foreseen_not_to_fit() -> None:
    made = plan(
        models="embedded/arithmetic",
        backends="transformers",
        batch_sizes="auto",
        memory_limit_bytes="64MiB",
        max_new_tokens=110,
    )
    (trial,) = made.trials
    large = replace(trial, task="arithmetic", limit=None)
    asked = sizes_for(made, large)
    assert "is free" in asked.why
    forced = replace(made, suite=replace(made.suite, force_memory=True))
    assert sizes_for(forced, large).sizes[-1] > asked.sizes[-1]


def test_a_batch_is_full_and_goes_round() -> None:
    queries = [Query(str(i), "", "") for i in range(5)]
    assert [q.id for q in rows(queries, 3, 0)] == ["0", "1", "2"]
    assert [q.id for q in rows(queries, 3, 1)] == ["3", "4", "0"]
    assert [q.id for q in rows(queries, 5, 7)] == ["0", "1", "2", "3", "4"]


def test_the_size_that_was_found_is_measured_and_a_double_is_there_once() -> None:
    made = plan(batch_sizes="4,auto", precisions="fp32,bf16", replicates=3)
    autos = [trial for trial in made.trials if trial.batch_size == TO_BE_FOUND]
    assert [trial.label.split(" · ")[2] for trial in autos] == ["batch auto"] * 2
    found = [Found(autos[0].key, 4, ((4, 1.0),), "a"), Found(autos[1].key, 8, ((8, 2.0),), "b")]
    sized = with_batches(made, found)
    assert {(t.precision, t.batch_size) for t in sized.trials} == {
        ("fp32", 4),
        ("bf16", 4),
        ("bf16", 8),
    }
    assert len(sized.slots) == 9
    assert {t.key for t in sized.trials} >= set(sized.batches_found)
    assert with_batches(made, stored({"batches_found": plain(found)})) == sized
    assert with_batches(made, []) == made
