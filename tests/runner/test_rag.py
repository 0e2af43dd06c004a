"""The mode rag: in the plan, over the wire, and in a worker with the fake engine."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from wattmark.backends.fake import FakeBackend
from wattmark.errors import InputError, MistakesError
from wattmark.runner.plan import Plan, expand
from wattmark.runner.rag import LABELS, NO_CORPUS, retrieval_doubts
from wattmark.runner.suite import read_suite
from wattmark.runner.wire import Job, pack_job, pack_result, unpack_job, unpack_result
from wattmark.runner.worker import execute
from wattmark.schema import Retrieved, Trial


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    folder = tmp_path / "corpus"
    folder.mkdir()
    (folder / "capitals.md").write_text("The capital of Tarn is Oru.\n", encoding="utf-8")
    rows = [
        {"id": "isle", "text": "The capital of Lume is São Vim."},
        {"text": "A long row: " + "filler " * 30},
    ]
    written = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    (folder / "rows.jsonl").write_text(written, encoding="utf-8")
    return folder


@pytest.fixture
def task(tmp_path: Path) -> Path:
    rows = [
        {"id": "t", "query": "capital of Tarn?", "answer": "Oru"},
        {"id": "l", "query": "What is the capital of Lume", "answer": "sao vim"},
        {"id": "n", "query": "zzz", "answer": "nothing"},
    ]
    path = tmp_path / "task.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def planned(task: Path | str, **more: Any) -> Plan:
    flags = {"models": "fake", "backends": "fake", "tasks": str(task), "modes": "baseline,rag"}
    return expand(read_suite(None, {**flags, "replicates": 1, **more}))


def rag_job(plan: Plan, corpus: Path | None, trial: Trial | None = None) -> Job:
    chosen = trial or next(trial for trial in plan.trials if trial.mode == "rag")
    return Job(
        trial=chosen,
        adapter="wattmark.backends.fake:FakeBackend",
        kind="causal",
        queries=plan.queries(chosen),
        idle_s=0.0,
        corpus=None if corpus is None else str(corpus),
    )


def ticks() -> Iterator[int]:
    now = 0
    while True:
        now += 1_000
        yield now


def test_a_baseline_has_the_key_that_it_has_without_rag(task: Path, corpus: Path) -> None:
    both, alone = planned(task, corpus=str(corpus)), planned(task, modes="baseline")
    baseline, rag = both.trials
    assert (baseline.mode, rag.mode) == ("baseline", "rag")
    assert baseline.key == alone.trials[0].key
    later = {"retrieval", "asking", "stops"}
    kept = {name: value for name, value in asdict(baseline).items() if name not in later}
    assert baseline.stops == ()
    assert baseline.key == sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:12]


@pytest.mark.parametrize(
    "change",
    [
        {"top_k": 4},
        {"context_tokens": 100},
        {"chunk_size": 7},
        {"chunk_overlap": 3},
        {"chunk_by": "sentences"},
    ],
)
def test_what_retrieval_depends_on_is_in_the_key(
    task: Path, corpus: Path, change: dict[str, Any]
) -> None:
    usual = planned(task, corpus=str(corpus)).trials
    other = planned(task, corpus=str(corpus), **change).trials
    assert usual[0].key == other[0].key
    assert usual[1].key != other[1].key


def test_a_changed_corpus_is_another_trial_and_another_name_of_it_is_not(
    task: Path, corpus: Path
) -> None:
    before = planned(task, corpus=str(corpus)).trials[1].key
    moved = corpus.rename(corpus.with_name("elsewhere"))
    assert planned(task, corpus=str(moved)).trials[1].key == before
    (moved / "more.txt").write_text("more")
    assert planned(task, corpus=str(moved)).trials[1].key != before


def test_rag_without_any_corpus_is_refused(task: Path) -> None:
    with pytest.raises(InputError, match="nothing to retrieve from") as caught:
        planned(task)
    assert NO_CORPUS in str(caught.value)


def test_a_classifiers_task_is_left_out_with_the_reason(corpus: Path) -> None:
    plan = planned("sentiment,arithmetic", corpus=str(corpus))
    assert [(t.task, t.mode) for t in plan.trials] == [
        ("sentiment", "baseline"),
        ("arithmetic", "baseline"),
        ("arithmetic", "rag"),
    ]
    assert [(item.what, item.why) for item in plan.left_out] == [("fake · sentiment · rag", LABELS)]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"corpus": "/no/such/folder"}, "--corpus: The corpus '/no/such/folder' does not exist"),
        ({"corpus": "x" * 300}, "--corpus: The corpus 'xxx"),
        ({"top_k": 0}, "--top-k: top_k is 0"),
        ({"context_tokens": 0}, "--context-tokens: context_tokens is 0"),
        ({"chunk_by": "pages"}, "--chunk-by: chunk_by is 'pages'"),
        ({"modes": "baseline,rga"}, "--mode: Unknown mode 'rga'.*Did you mean 'rag'"),
    ],
)
def test_flags_that_are_off_are_named(flags: dict[str, Any], said: str) -> None:
    with pytest.raises(MistakesError, match=said):
        read_suite(None, {"models": "fake", "backends": "fake", "modes": "rag", **flags})


def test_without_bm25s_the_command_that_installs_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wattmark.tasks.retrieval.find_spec", lambda _name: None)
    with pytest.raises(MistakesError, match=r'pip install "wattmark\[rag\]"'):
        read_suite(None, {"models": "fake", "backends": "fake", "modes": "rag"})


def test_files_of_a_corpus_that_are_passed_over_are_noted(task: Path, corpus: Path) -> None:
    (corpus / ".hidden.txt").write_text("x")
    (corpus / "picture.png").write_bytes(b"x")
    (note,) = planned(task, corpus=str(corpus)).notes
    assert note.endswith("files that were skipped: 1 hidden, 1 of another kind")


def test_jobs_and_results_of_rag_pass_the_wire(task: Path, corpus: Path) -> None:
    job = rag_job(planned(task, corpus=str(corpus)), corpus)
    assert unpack_job(json.loads(json.dumps(pack_job(job)))) == job
    result = execute(job, FakeBackend(), lambda _stage: None)
    assert unpack_result(json.loads(json.dumps(pack_result(result)))) == result


def test_each_batch_begins_with_its_retrieval_and_the_index_lies_before(
    task: Path, corpus: Path
) -> None:
    plan = planned(task, corpus=str(corpus), batch_sizes=2, context_tokens=100, warmups=0)
    marks: list[str] = []
    clock = ticks()
    result = execute(rag_job(plan, corpus), FakeBackend(), marks.append, clock=lambda: next(clock))
    assert marks == ["index", "index over", "measured", "done"]
    names = [(span.name, span.batch) for span in result.spans]
    assert names[:4] == [("load", None), ("index", None), ("retrieve", 0), ("host", 0)]
    assert [batch for name, batch in names if name == "retrieve"] == [0, 1]
    spans = {span.name: span for span in result.spans}
    assert spans["index"].end_ns < spans["measured"].start_ns
    retrieves = [span for span in result.spans if span.name == "retrieve"]
    assert [g.start_ns for g in result.generations] == [
        retrieves[0].start_ns,
        retrieves[0].start_ns,
        retrieves[1].start_ns,
    ]
    assert result.facts["retrieval"]["chunks"] == 3
    assert result.facts["retrieval"]["index_built_s"] is not None
    again = execute(rag_job(plan, corpus), FakeBackend(), lambda _stage: None)
    assert again.facts["retrieval"]["index_built_s"] is None
    assert again.retrieved == result.retrieved


def test_prompts_hold_what_was_retrieved_and_what_did_not_fit_is_counted(
    task: Path, corpus: Path
) -> None:
    plan = planned(task, corpus=str(corpus), context_tokens=40)
    first, second, third = execute(
        rag_job(plan, corpus), FakeBackend(), lambda _stage: None
    ).retrieved
    assert first.ids == ("capitals.md#0", "rows.jsonl:isle#0")
    assert first.prompt == "Context:\nThe capital of Tarn is Oru.\n\ncapital of Tarn?"
    # The fake's tokens are bytes.
    assert (first.context_tokens, first.left_out, first.hit) == (27, 1, True)
    assert (second.ids[0], second.hit, second.left_out) == ("rows.jsonl:isle#0", True, 1)
    assert third == Retrieved("n", "zzz", (), 0, 0, False)
    codes = {d.code: d.message for d in retrieval_doubts((first, second, third), plan.trials[1])}
    assert set(codes) == {"context-left-out", "nothing-retrieved"}
    assert codes["context-left-out"].startswith("2 of 4 retrieved chunks, of 2 of 3 queries")


def test_a_budget_below_the_shortest_chunk_is_refused(task: Path, corpus: Path) -> None:
    plan = planned(task, corpus=str(corpus), context_tokens=26)
    with pytest.raises(InputError, match=r"capitals\.md#0\) has 27 tokens: none fits into 26"):
        execute(rag_job(plan, corpus), FakeBackend(), lambda _stage: None)


def test_an_engine_without_a_tokenizer_counts_bytes_and_says_so(
    task: Path, corpus: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = FakeBackend()
    monkeypatch.setattr(backend, "texts", None)
    job = rag_job(planned(task, corpus=str(corpus), context_tokens=40), corpus)
    result = execute(job, backend, lambda _stage: None)
    assert result.facts["retrieval"]["context_counted_in"] == "bytes"
    assert {found.context_tokens for found in result.retrieved} == {None}
    assert [found.left_out for found in result.retrieved] == [1, 1, 0]
    spans = [span for span in result.spans if span.name == "retrieve"]
    assert {span.tokens for span in spans} == {None}


def test_a_corpus_that_changed_since_the_plan_is_refused(task: Path, corpus: Path) -> None:
    job = rag_job(planned(task, corpus=str(corpus)), corpus)
    (corpus / "capitals.md").write_text("Changed.")
    with pytest.raises(InputError, match="not what it was when the run was planned"):
        execute(job, FakeBackend(), lambda _stage: None)


def test_memory_is_foreseen_for_prompts_with_their_contexts(corpus: Path) -> None:
    flags = {"models": "embedded/arithmetic", "modes": "baseline,rag", "corpus": str(corpus)}
    plan = expand(read_suite(None, {**flags, "tasks": "arithmetic", "replicates": 1}))
    baseline, rag = (plan.foreseen[trial.key].need for trial in plan.trials)
    assert rag.activations > baseline.activations
    assert replace(rag, activations=0, cache=0) == replace(baseline, activations=0, cache=0)
