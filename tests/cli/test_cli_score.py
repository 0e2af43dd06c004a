"""`wattmark score` and `wattmark rescore`, as a user sees them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from command import fake, wattmark

from wattmark.errors import InputError
from wattmark.runner.rescore import rescore
from wattmark.scoring.predictions import score_file

KEYS = {"correct", "score", "extracted", "why"}


def predictions(path: Path, *rows: object) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def test_scores_of_a_file(tmp_path: Path) -> None:
    file = predictions(
        tmp_path / "p.jsonl",
        {"expected": "85", "response": "The answer is 85.", "query": "27 + 58", "lang": "en"},
        {"expected": 1234.5, "response": "A resposta é 1.234,50.", "lang": "pt"},
        {"expected": "85", "response": "850"},
        {"expected": None, "response": "85"},
    )
    for task in ("numeric", "arithmetic"):
        found = wattmark("score", task, "--predictions", file, "--json").json
        assert [row["correct"] for row in found["rows"]] == [True, True, False, None]
        assert all(set(row) == KEYS for row in found["rows"])
        assert (found["n"], found["scored"], found["score"]) == (4, 3, 2 / 3)
        assert 0.2 < found["low"] < found["score"] < found["high"] < 0.95


def test_squad_has_both_figures(tmp_path: Path) -> None:
    file = predictions(
        tmp_path / "p.jsonl",
        {"answers": ["the cat", "a dog"], "response": "Dog"},
        {"answers": {"text": ["cat sat"], "answer_start": [3]}, "response": "cat"},
        {"answers": [], "response": ""},
        {"expected": "", "response": "cat"},
    )
    found = wattmark("score", "squad", "--predictions", file, "--json").json
    assert found["exact_match"] == 0.5
    assert found["f1"] == found["score"] == pytest.approx((1 + 2 / 3 + 1 + 0) / 4)
    assert found["interval"] == "t"
    table = wattmark("score", "squad", "--predictions", file)
    assert "F1" in table.out
    assert "exact match" in table.out
    assert "line 4" in table.out


def test_rows_may_name_their_scorer(tmp_path: Path) -> None:
    file = predictions(
        tmp_path / "p.jsonl",
        {"expected": "B", "choices": ["x", "y"], "response": "(b)"},
        {"expected": r"\d+ km", "scorer": "regex", "response": "5 km"},
        {"expected": "5", "response": "five"},
        {"expected": "Paris", "response": "paris"},
    )
    assert wattmark("score", "jsonl", "--predictions", file, "--json").json["score"] == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "line 2 is not valid JSON"),
        (b"[1]", "line 2 is not a JSON object"),
        (b'{"expected": "1"}', "line 2 has no 'response'"),
        (b'{"response": "1"}', "line 2 has no 'expected'"),
        (b'{"expected": {}, "response": "1"}', "line 2: 'expected' must be"),
        (b'{"expected": "1", "response": ["1"]}', "line 2: 'response' must be"),
        (b'{"expected": "1", "response": "1", "choices": "a"}', "line 2: 'choices' must be"),
        (b'{"expected": "\xff", "response": "1"}', "line 2 is not UTF-8"),
        (b'{"expected": "1", "response": "1", "scorer": "f2"}', "line 2: Unknown scorer 'f2'"),
        (b"[" * 100_000, "line 2 is not JSON"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    file = tmp_path / "p.jsonl"
    file.write_bytes(b'{"expected": "1", "response": "1"}\n' + line + b"\n")
    with pytest.raises(InputError, match=re.escape(said)):
        list(score_file(file, "numeric"))


def test_files_and_tasks_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        list(score_file(tmp_path / "absent", "numeric"))
    with pytest.raises(InputError, match="cannot be read"):
        list(score_file(tmp_path, "numeric"))
    with pytest.raises(InputError, match="Did you mean 'numeric'"):
        list(score_file(tmp_path / "absent", "numerik"))
    (tmp_path / "bad.jsonl").write_text('\n{"expected": 1}\n', encoding="utf-8")
    done = wattmark("score", "numeric", "--predictions", tmp_path / "bad.jsonl")
    assert (done.code, done.out) == (2, "")
    assert "line 2 has no 'response'" in done.err


def test_nothing_of_an_answer_reaches_the_terminal(tmp_path: Path) -> None:
    hostile = "\x1b[31m[red]84\x9b2J\u202e"
    file = predictions(tmp_path / "p.jsonl", {"expected": f"85{hostile}", "response": hostile})
    done = wattmark("score", "exact", "--predictions", file)
    assert done.code == 0
    assert not {"\x1b", "\x9b", "\u202e"} & set(done.out)
    assert "[red]" in done.out


def queries_file(path: Path, answers: list[str]) -> Path:
    rows = [{"query": f"question {n}", "answer": answer} for n, answer in enumerate(answers)]
    return predictions(path, *rows)


def rows(run: Path, table: str) -> list[dict[str, Any]]:
    content: list[dict[str, Any]] = pq.read_table(run / f"{table}.parquet").to_pylist()
    return content


def test_a_run_is_scored_anew(tmp_path: Path) -> None:
    task, run = tmp_path / "q.jsonl", tmp_path / "run"
    queries_file(task, ["zebra", "lion", "cat"])
    assert fake("fake", "--task", task, "--replicates", "1", out=run).code == 0
    before = rows(run, "queries")
    right = [bool(row["correct"]) for row in before]
    answers = [row["response"] for row in before]
    # What was right becomes wrong, and the other way round.
    queries_file(task, ["wolf" if ok else said for ok, said in zip(right, answers, strict=True)])
    done = wattmark("rescore", run)
    assert done.code == 0, done.err
    assert "3 of 3 answers judged otherwise" in done.out
    after = rows(run, "queries")
    assert [bool(row["correct"]) for row in after] == [not ok for ok in right]
    assert [trial["correct"] for trial in rows(run, "trials")] == [3 - sum(right)]
    judged = {"correct", "score", "extracted", "why", "expected"}
    for old, new in zip(before, after, strict=True):
        assert {k: v for k, v in old.items() if k not in judged} == {
            k: v for k, v in new.items() if k not in judged
        }
    (noted,) = json.loads((run / "run.json").read_text(encoding="utf-8"))["rescored"]
    assert noted["old_version"] != noted["new_version"]
    assert (noted["correct_before"], noted["correct_after"]) == (sum(right), 3 - sum(right))
    assert [item.name for item in run.iterdir() if item.suffix in {".tmp", ".lock"}] == []


def test_a_run_that_cannot_be_scored_anew(tmp_path: Path) -> None:
    task, run = tmp_path / "q.jsonl", tmp_path / "run"
    queries_file(task, ["a", "b"])
    assert fake("fake", "--task", task, "--replicates", "1", out=run).code == 0
    before = (run / "queries.parquet").read_bytes()
    predictions(task, {"query": "something else", "answer": "a"}, {"query": "more", "answer": "b"})
    with pytest.raises(InputError, match="is another one now"):
        rescore(run)
    task.unlink()
    with pytest.raises(InputError, match="cannot be found"):
        rescore(run)
    info = json.loads((run / "run.json").read_text(encoding="utf-8"))
    (run / "run.json").write_text(json.dumps({**info, "status": "interrupted"}), encoding="utf-8")
    unfinished = wattmark("rescore", run)
    assert unfinished.code == 2
    assert "wattmark run --resume" in unfinished.err
    with pytest.raises(InputError, match="is no run directory"):
        rescore(tmp_path)
    assert (run / "queries.parquet").read_bytes() == before
