"""The trade-off of retrieval on runs of known figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.retrieval import TradeOff, trade_offs
from wattmark.analysis.summary import summarise
from wattmark.report.retrieval import beside, render_retrieval, retrieval_json
from wattmark.schema import (
    Generation,
    Query,
    Record,
    Retrieval,
    Retrieved,
    Score,
    Span,
    Status,
    Totals,
    Trial,
)
from wattmark.store.reader import Run, open_run
from wattmark.store.rundir import RunDirectory

S = 1_000_000_000
BASE = Trial(
    model="m",
    backend="transformers",
    precision="fp32",
    device="cpu",
    batch_size=1,
    task="facts",
    task_version="1",
    max_new_tokens=4,
)
RAG = replace(
    BASE,
    mode="rag",
    retrieval=Retrieval(corpus_digest="abc", chunking="words:100:20", template="{context}{prompt}"),
)
QUERIES = 10


def record(trial: Trial, block: int, joules: dict[str, float], right: int) -> Record:
    """Ten queries; every phase lasts a second; each figure is known to ± 2 %."""
    known = {
        f"{name}{bound}_j": value * share
        for name, value in joules.items()
        for bound, share in (("", 1.0), ("_low", 0.98), ("_high", 1.02))
    }
    rag = trial.retrieval is not None
    phases = ["retrieve", "prefill", "decode"] if rag else ["prefill", "decode"]
    spans = [Span(name, at * S, (at + 1) * S, 0) for at, name in enumerate(phases, 5)]
    edge = [Span("index", 0, S)] if rag else []
    queries = tuple(Query(f"q{at}", "?", "?", "x") for at in range(QUERIES))
    return Record(
        trial=trial,
        replicate=block,
        block=block,
        order=block,
        status=Status.OK,
        spans=(*edge, *spans, Span("measured", 5 * S, 9 * S)),
        queries=queries,
        generations=tuple(Generation(q.id, "x", 0, 3, 2, 5 * S, 9 * S) for q in queries),
        scores=tuple(Score(at < right, float(at < right), "x", "") for at in range(QUERIES)),
        retrieved=tuple(
            Retrieved(q.id, "?", ("a#0", "b#0"), 20, 1, at < 9) for at, q in enumerate(queries)
        )
        if rag
        else (),
        totals=Totals(energy_provenance="measured", **known),
        facts={"retrieval": {"chunks": 50, "index_built_s": 1.0 if block == 0 else None}}
        if rag
        else {},
    )


def made(path: Path, *, blocks: int = 3, energy: bool = True, rag: bool = True) -> Run:
    info: dict[str, Any] = {"name": "r", "suite": {"replicates": blocks}, "planned": 2 * blocks}
    directory = RunDirectory.create(path, info)
    for block in range(blocks):
        drift = 1 + 0.1 * block  # the same in both arms of a block
        base = {"energy": 20 * drift, "prefill": 8 * drift, "decode": 10 * drift}
        head = {"energy": 34 * drift, "retrieve": 2 * drift, "prefill": 18 * drift}
        head |= {"decode": 11 * drift, "index": 90.0 if block == 0 else 3.0}
        directory.write(record(BASE, block, base if energy else {}, right=3))
        if rag:
            directory.write(record(RAG, block, head if energy else {}, right=9))
    directory.finish()
    return open_run(path)


def only(run: Run) -> TradeOff:
    (found,) = trade_offs(run, summarise(run))
    return found


def test_joules_are_a_query_in_both_arms_and_their_difference(tmp_path: Path) -> None:
    parts = {part.phase: part for part in only(made(tmp_path / "r")).parts}
    mean = 1.1
    for phase, before, after in [
        ("measured", 2.0, 3.4),
        ("retrieve", None, 0.2),
        ("prefill", 0.8, 1.8),
        ("decode", 1.0, 1.1),
        ("rest", 0.2, 0.3),
    ]:
        part = parts[phase]
        assert part.rag.value == pytest.approx(after * mean)
        if before is None:
            assert part.baseline is None
        else:
            assert part.baseline is not None
            assert part.baseline.value == pytest.approx(before * mean)
        more = part.more
        assert more.value == pytest.approx((after - (before or 0.0)) * mean)
        assert more.low is not None
        assert more.high is not None
        assert more.low < (more.value or 0.0) < more.high
    # ± 2 % of both arms, and the drift between the blocks.
    prefill = parts["prefill"].more
    assert (prefill.high or 0.0) - (prefill.value or 0.0) > 0.02 * (0.8 + 1.8) * mean


def test_ratios_are_free_of_the_drift_and_quality_is_on_the_same_queries(tmp_path: Path) -> None:
    found = only(made(tmp_path / "r"))
    assert found.energy.ratio == pytest.approx(1.7)
    assert found.energy.word == "higher"
    assert found.per_correct.ratio == pytest.approx(1.7 / 3)
    assert found.per_correct.word == "lower"
    assert found.accuracy is not None
    assert (found.accuracy.lost, found.accuracy.gained, found.accuracy.word) == (0, 6, "better")
    assert (found.hit_rate.value, found.hit_rate.n, found.top_k) == (0.9, 10, 3)
    assert (found.context_tokens, found.context_left_out) == (20.0, 10)


def test_the_index_is_told_apart_from_all_that(tmp_path: Path) -> None:
    index = only(made(tmp_path / "r")).index
    assert index.chunks == 50
    assert (index.built_j.value, index.built_j.n) == (90.0, 1)
    assert (index.opened_j.value, index.opened_j.n) == (3.0, 2)


def test_what_was_not_measured_is_none(tmp_path: Path) -> None:
    run = made(tmp_path / "r", energy=False)
    found = only(run)
    assert all(part.rag.value is None for part in found.parts)
    assert found.energy.ratio is None
    assert found.index.built_j.value is None
    (shown,) = beside([found], {})
    assert [what for what, _ in shown.rows] == ["accuracy", "J/correct", "J/query"]
    assert "built once, in 1.00 s, outside" in shown.said


def test_one_replicate_has_the_measurements_intervals(tmp_path: Path) -> None:
    parts = {part.phase: part for part in only(made(tmp_path / "r", blocks=1)).parts}
    assert parts["prefill"].more.low == pytest.approx(1.8 * 0.98 - 0.8 * 1.02)


def test_without_a_rag_trial_or_a_baseline_there_is_nothing_to_set_beside(tmp_path: Path) -> None:
    alone = made(tmp_path / "r", rag=False)
    assert trade_offs(alone, summarise(alone)) == []
    other = open_run(make_run(tmp_path / "s", Knobs()))
    assert trade_offs(other, summarise(other)) == []
    assert render_retrieval([], {}) == []
    assert retrieval_json([]) == []


def test_words_and_figures_for_people(tmp_path: Path) -> None:
    found = only(made(tmp_path / "r"))
    (shown,) = beside([found], {found.rag.key: "fp32 · batch 1"})
    assert shown.title == "m · facts, fp32 · batch 1"
    rows = dict(shown.rows)
    assert rows["accuracy"][2][0] == "+60.0 points"
    assert rows["J/query"][2][0] == "1.70×"
    assert rows["  retrieval"][0] == ("–", "")
    assert rows["  retrieval"][2][0] == "+220 mJ"
    assert "hit@3 90.0 %" in shown.said
    assert "10 retrieved chunks found no room" in shown.said
