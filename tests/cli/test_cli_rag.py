"""`--mode baseline,rag` by the real command line, on the embedded model and a small corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command import Done, wattmark

from wattmark.analysis.retrieval import trade_offs
from wattmark.analysis.summary import summarise
from wattmark.report.page import render_page
from wattmark.store.reader import Run, open_run

SUMS = "5 + 3 = 8 is a sum. 9 + 58 = 67 is another.\n\nThe capital of Tarn is Oru.\n"
FLAGS = ("--model", "embedded/arithmetic", "--task", "arithmetic", "--mode", "baseline,rag")
QUICK = ("--replicates", "2", "--limit", "6", "--batch", "3", "--idle", "0.1", "--warmups", "1")
SENSOR = ("--sensor", "simulated:watts=100,period=0.02", "--interval", "0.02", "--quiet-wait", "0")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Done, Run]:
    folder = tmp_path_factory.mktemp("rag")
    corpus = folder / "corpus"
    corpus.mkdir()
    (corpus / "sums.md").write_text(SUMS, encoding="utf-8")
    (corpus / "rows.jsonl").write_text('{"id": "a", "text": "7 times 8 is 56"}\n')
    chunks = ("--corpus", corpus, "--chunk-by", "sentences", "--chunk-size", "1", "--top-k", "2")
    done = wattmark(
        "run",
        *FLAGS,
        *QUICK,
        *SENSOR,
        *chunks,
        "--context-tokens",
        "30",
        "--out",
        folder / "run",
        XDG_CACHE_HOME=str(folder / "cache"),
    )
    assert done.code == 0, done.err
    return done, open_run(folder / "run")


def test_both_modes_answer_the_same_queries_and_rag_has_its_columns(run: tuple[Done, Run]) -> None:
    _, opened = run
    rows = opened.queries.to_pylist()
    rag = [row for row in rows if row["mode"] == "rag" and row["replicate"] == 0]
    base = [row for row in rows if row["mode"] == "baseline" and row["replicate"] == 0]
    assert [row["query_id"] for row in rag] == [row["query_id"] for row in base]
    for bare, row in zip(base, rag, strict=True):
        assert bare["retrieved_ids"] is bare["context_tokens"] is bare["retrieved_hit"] is None
        assert row["query"] == bare["query"]
        assert len(row["retrieved_ids"]) <= 2
        assert row["context_tokens"] <= 30
        if row["context_tokens"]:
            assert row["prompt"].startswith("Context:\n")
            assert row["prompt"].endswith(f"\n\n{bare['prompt']}")
            assert row["input_tokens"] > bare["input_tokens"] + row["context_tokens"]
        else:
            assert row["prompt"] == bare["prompt"]
            assert row["context_left_out"] == len(row["retrieved_ids"])
    found = {row["query"]: row for row in rag}["9 + 58"]
    assert found["retrieved_ids"][0] == "sums.md#1"
    assert found["retrieved_hit"] is True


def test_retrieval_has_a_span_of_its_own_in_each_batch_and_joules(run: tuple[Done, Run]) -> None:
    _, opened = run
    keys = {row["mode"]: row["trial_key"] for row in opened.trials.to_pylist()}
    spans = [span for span in opened.spans.to_pylist() if span["trial_key"] == keys["rag"]]
    assert [s["batch"] for s in spans if s["name"] == "retrieve"] == [0, 1] * 2
    energy = opened.energy.to_pylist()
    assert {row["trial_key"] for row in energy if row["span"] in ("retrieve", "index")} == {
        keys["rag"]
    }
    for row in opened.trials.to_pylist():
        if row["mode"] == "rag":
            assert row["retrieve_low_j"] <= row["retrieve_j"] <= row["retrieve_high_j"]
            assert row["retrieve_j"] < row["energy_j"]
            assert row["index_s"] > 0
            assert (row["chunking"], row["top_k"], row["context_budget"]) == (
                "sentences:1:0",
                2,
                30,
            )
            assert (row["hits_of"], row["hits"]) == (6, row["hits"])
        else:
            assert row["retrieve_j"] is row["index_s"] is row["corpus_digest"] is None
    built = [
        json.loads(row["facts"])["retrieval"]["index_built_s"]
        for row in opened.trials.to_pylist()
        if row["mode"] == "rag"
    ]
    assert sorted(value is None for value in built) == [False, True]


def test_the_two_modes_stand_side_by_side(run: tuple[Done, Run]) -> None:
    done, opened = run
    for said in (
        "Retrieval: arithmetic",
        "change",
        "retrieval",
        "hit@2",
        "built once",
    ):
        assert said in done.out
    (pair,) = trade_offs(opened, summarise(opened))
    assert (pair.baseline.mode, pair.rag.mode) == ("baseline", "rag")
    parts = {part.phase: part for part in pair.parts}
    assert parts["retrieve"].baseline is None
    whole = parts.pop("measured").rag.value or 0.0
    assert sum(part.rag.value or 0.0 for part in parts.values()) == pytest.approx(whole, rel=1e-6)
    for part in pair.parts:
        before = 0.0 if part.baseline is None else part.baseline.value or 0.0
        assert part.more.value == pytest.approx((part.rag.value or 0.0) - before, abs=1e-9)
        low, high = part.more.low, part.more.high
        assert low is not None
        assert high is not None
        assert low <= (part.more.value or 0.0) <= high
    assert pair.hit_rate.n == 6
    assert "Baseline and retrieval" in render_page(opened)


def test_the_json_has_the_trade_off(run: tuple[Done, Run]) -> None:
    _, opened = run
    (pair,) = wattmark("show", opened.path, "--json").json["retrieval"]
    assert [part["phase"] for part in pair["parts"]] == [
        "measured",
        "retrieve",
        "prefill",
        "decode",
        "rest",
    ]
    assert pair["index"]["built_j"]["value"] > 0
    assert {"difference", "lost", "gained"} <= pair["accuracy"].keys()


def test_a_corpus_that_cannot_be_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("São".encode("latin-1"))
    done = wattmark("run", *FLAGS, "--corpus", tmp_path, "--out", tmp_path / "run")
    assert done.code == 2
    assert "latin.txt' is not UTF-8: line 1" in done.err
    assert not (tmp_path / "run").exists()
