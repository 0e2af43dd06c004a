from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation
from wattmark.tasks.queries import QueryFile
from wattmark.tasks.rows import LIMIT_BYTES, LIMIT_LINES


def _said(text: str) -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1)


def _write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def test_a_query_a_line(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_bytes("\ufeffWhat is 2 + 2?\r\n\r\n  indented\n   \nlast: ünï ✓".encode())
    task = QueryFile(path)
    queries = task.queries(None, seed=3)
    assert [q.prompt for q in queries] == ["What is 2 + 2?", "  indented", "last: ünï ✓"]
    assert [q.id for q in queries] == ["line-1", "line-3", "line-5"]
    assert task.kind == "any"
    assert task.name == str(path)
    score = task.score(queries[0], _said("4"))
    assert (score.correct, score.value, score.extracted) == (None, None, None)
    assert list(task.queries(2, seed=0)) == list(queries[:2])


def test_only_line_feeds_end_a_line(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text("a\u2028b\x0bc\x85d\n", encoding="utf-8")
    assert [q.prompt for q in QueryFile(path).queries(None, 0)] == ["a\u2028b\x0bc\x85d"]


def test_answers_are_scored_by_their_kind(tmp_path: Path) -> None:
    path = _write(
        tmp_path / "q.jsonl",
        {"query": "2 + 2", "answer": 4, "id": "sum"},
        {"query": "capital of France", "answer": "Paris", "topic": "ignored"},
        {"query": "anything"},
        {"query": "ten thousand", "answer": "10,000", "id": 7},
    )
    task = QueryFile(path)
    number, phrase, free, grouped = task.queries(None, seed=0)
    assert (number.id, phrase.id, grouped.id) == ("sum", "line-2", "7")
    assert task.score(number, _said("that makes 4.")).correct
    assert not task.score(number, _said("44")).correct
    assert task.score(phrase, _said(" PARIS.")).correct
    assert not task.score(phrase, _said("Paris is nice")).correct
    assert task.score(free, _said("x")).correct is None
    assert task.score(grouped, _said("10000")).correct


def test_the_version_is_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("one\n", encoding="utf-8")
    (tmp_path / "c.txt").write_text("two\n", encoding="utf-8")
    a, b, c = (QueryFile(tmp_path / f"{name}.txt").version for name in "abc")
    assert a == b != c


def test_files_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no file"):
        QueryFile(tmp_path / "absent.txt")
    with pytest.raises(InputError, match="not a file"):
        QueryFile(tmp_path)
    with pytest.raises(InputError, match="not a file"):
        QueryFile("/dev/zero")
    for content in ("", "\n  \n\t\r\n", "\ufeff"):
        (tmp_path / "empty.txt").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match="holds no query"):
            QueryFile(tmp_path / "empty.txt")


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"fine\nstill fine\nbad \xff byte\n", r"not UTF-8: line 3 \(byte 20\)"),
        ("sch\u00f6n\n".encode("latin-1"), r"not UTF-8: line 1 \(byte 3\)"),
        ("wide\n".encode("utf-16"), r"not UTF-8: line 1.*iconv"),
        (b"\x7fELF\x02\x01\x01\x00\x00", "not text: a zero byte"),
        (b"one\ntwo\0\n", "line 2"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, raw: bytes, said: str) -> None:
    (tmp_path / "q.txt").write_bytes(raw)
    with pytest.raises(InputError, match=said):
        QueryFile(tmp_path / "q.txt")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "line 2 is not valid JSON"),
        ('{"query": "a",}', "line 2 is not valid JSON"),
        ("[1]", "line 2 is not a JSON object"),
        ("7", "line 2 is not a JSON object"),
        ("{}", "line 2 has no 'query'"),
        ('{"query": "  "}', "line 2 has no 'query'"),
        ('{"query": 7}', "line 2 has no 'query'"),
        ('{"query": "a", "anwser": "b"}', "Did you mean 'answer'"),
        ('{"query": "a", "answer": {"b": 1}}', "'answer' must be"),
        ('{"query": "a", "answer": ["b", ["c"]]}', "'answer' must be"),
        ('{"query": "a", "context": true}', "'context' must be"),
        ('{"query": "a", "choices": "b"}', "'choices' must be a list of 2 to 10"),
        ('{"query": "a", "choices": ["b"]}', "'choices' must be"),
        ('{"query": "a", "choices": ["b", "b"]}', "'choices' must be"),
        ('{"query": "a", "choices": ["b", " "]}', "'choices' must be"),
        ('{"query": "a", "choices": ["b", {}]}', "'choices' must be"),
        ('{"query": "a", "choices": ["b", "c"], "answer": "d"}', "none of its choices.*A, B"),
        ('{"query": "a", "choices": ["b", "c"], "answer": "C"}', "none of its choices.*A, B"),
        ('{"query": "a", "scorer": "exakt"}', "line 2: Unknown scorer 'exakt'.*numeric.*exact"),
        ('{"query": "a", "scorer": ["f1"]}', "line 2.*scorer"),
        ('{"query": "a", "lang": "english"}', "'lang' must be a code"),
        ('{"query": "a", "lang": 5}', "'lang' must be a code"),
        ('{"query": "a", "choises": ["b", "c"]}', "Did you mean 'choices'"),
        ('{"query": "a", "answer": true}', "'answer' must be"),
        ('{"query": "a", "id": {}}', "'id' must be"),
        ('{"query": "\\ud800"}', "lone surrogate"),
        ('{"query": ' + "[" * 100_000, "line 2 is not JSON"),
        ('{"query": "a", "id": "x"}', "line 2 has the id 'x', as .* line 1"),
    ],
)
def test_lines_that_are_wrong(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text('{"query": "fine", "id": "x"}\n' + line + "\n", encoding="utf-8")
    with pytest.raises(InputError, match=said):
        QueryFile(path)


def test_an_id_may_not_be_that_of_a_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "q.jsonl", {"query": "a", "id": "line-2"}, {"query": "b"})
    with pytest.raises(InputError, match=r"line 2 has the id 'line-2', as .* line 1"):
        QueryFile(path)


def test_a_large_file_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    with path.open("wb") as file:
        file.truncate(2**40)  # sparse: a terabyte that could not be read
    with pytest.raises(InputError, match=r"1048576\.0 MiB; a task may have 16"):
        QueryFile(path)


def test_the_limits_themselves_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_bytes(b"a" * LIMIT_BYTES)
    assert len(QueryFile(path).queries(None, 0)) == 1
    path.write_bytes(b"a\n" * LIMIT_LINES)
    assert len(QueryFile(path).queries(None, 0)) == LIMIT_LINES
    path.write_bytes(b"a\n" * (LIMIT_LINES + 1))
    with pytest.raises(InputError, match=f"a task may have {LIMIT_LINES}"):
        QueryFile(path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "q.txt"
    path.write_text("a\n", encoding="utf-8")
    path.chmod(0)
    with pytest.raises(InputError, match="Check its permissions"):
        QueryFile(path)
