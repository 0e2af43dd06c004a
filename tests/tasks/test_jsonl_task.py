"""Rows with context, choices and scorers of their own, and how such a file is asked for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation
from wattmark.tasks import Task, stops_of
from wattmark.tasks.find import find_task
from wattmark.tasks.queries import Jsonl, QueryFile
from wattmark.tasks.sst2 import SST2

ROWS: list[dict[str, object]] = [
    {"query": "When?", "answer": ["at 4 pm", "4 pm"], "context": "It closes at 4 pm.", "id": "c"},
    {"query": "Which?", "answer": "b", "choices": ["cork", "steel"], "id": "m"},
    {"query": "Quanto?", "answer": "3,5", "lang": "pt-BR", "id": "n"},
    {"query": "Name one", "answer": "(?i)\\b(iron|gold)\\b", "scorer": "regex", "id": "r"},
    {"query": "Anything", "answer": None, "id": "o"},
]


def write(path: Path, *rows: object) -> str:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


def said(text: str, stop_reason: str = "eos") -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1, stop_reason=stop_reason)


@pytest.fixture
def mine(tmp_path: Path) -> str:
    return write(tmp_path / "mine.jsonl", *ROWS)


def correct(task: Task, name: str, text: str) -> bool | None:
    query = next(query for query in task.queries(None, 0) if query.id == name)
    return task.score(query, said(text)).correct


def test_each_row_is_asked_and_scored_as_it_says(mine: str) -> None:
    task = Jsonl(data=mine)
    context, choice, number, pattern, none = task.queries(None, 5)
    assert context.prompt == "It closes at 4 pm.\n\nWhen?"
    assert (context.context, context.answer) == ("It closes at 4 pm.", "at 4 pm")
    assert choice.prompt == "Which?\nA. cork\nB. steel\nAnswer:"
    assert (choice.answer, choice.choices) == ("steel", ("cork", "steel"))
    assert (number.prompt, number.language) == ("Quanto?", "pt")
    assert [query.scorer for query in (context, choice, number, pattern, none)] == [
        "exact",
        "choice",
        "numeric",
        "regex",
        None,
    ]
    assert correct(task, "c", "4 pm")
    assert not correct(task, "c", "5 pm")
    assert correct(task, "m", "B")
    assert correct(task, "m", "steel")
    assert not correct(task, "m", "A")
    assert correct(task, "n", "São 3,5.")
    assert not correct(task, "n", "35")
    assert correct(task, "r", "Gold, I think")
    assert not correct(task, "r", "golden")
    assert correct(task, "o", "x") is None


def test_by_its_path_or_by_an_option(mine: str) -> None:
    by_path, by_option, bare = (find_task(f"{way}{mine}") for way in ("", "jsonl:data=", "jsonl:"))
    assert isinstance(by_path, QueryFile)
    assert by_path.name == mine
    assert by_option.name == bare.name == f"jsonl:data={mine}"
    assert by_path.version == by_option.version
    assert by_path.queries(None, 0) == by_option.queries(None, 0) == bare.queries(None, 0)
    f1 = find_task(f"jsonl:data={mine},scorer=f1")
    assert [query.scorer for query in f1.queries(None, 0)] == ["f1", "f1", "f1", "regex", None]


def test_a_path_may_hold_commas_colons_and_equals_signs(tmp_path: Path) -> None:
    folder = tmp_path / "a=b, c:d"
    folder.mkdir()
    path = write(folder / "q,1.jsonl", ROWS[0])
    quoted = find_task(f'jsonl:data="{path}"')
    assert len(quoted.queries(None, 0)) == 1
    assert find_task(quoted.name).name == quoted.name == f'jsonl:data="{path}"'
    assert len(find_task(path).queries(None, 0)) == 1
    with pytest.raises(InputError, match="is not of the form option=value"):
        find_task(f"jsonl:data={path}")


def test_a_file_comes_before_a_task_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sst2:mine").write_text("one\n", encoding="utf-8")
    assert isinstance(find_task("sst2:mine"), QueryFile)
    assert isinstance(find_task("sst2:split=dev"), SST2)
    with pytest.raises(InputError, match="cannot be asked for like this"):
        find_task("sst2:" + "x" * 5000)


def test_one_list_of_objects(tmp_path: Path) -> None:
    (tmp_path / "mine.json").write_text(json.dumps(ROWS, indent=1), encoding="utf-8")
    assert [query.id for query in Jsonl(data=str(tmp_path / "mine.json")).queries(None, 0)] == [
        "c",
        "m",
        "n",
        "r",
        "o",
    ]
    for content, reason in (
        ('[{"query": "a"},\n {"query": }]', r"not valid JSON: .*line 2, column 12"),
        ('[{"query": "a"}, 7]', "item 2 is not a JSON object"),
        ('[{"query": "a"}, {"id": 1}]', "item 2 has no 'query'"),
        ("[]", "holds no query"),
    ):
        (tmp_path / "mine.json").write_text(content, encoding="utf-8")
        with pytest.raises(InputError, match=reason):
            Jsonl(data=str(tmp_path / "mine.json"))


def test_what_a_scorer_cannot_use_is_told_with_the_line(tmp_path: Path, mine: str) -> None:
    path = write(tmp_path / "r.jsonl", ROWS[0], {"query": "a", "answer": "(", "scorer": "regex"})
    with pytest.raises(InputError, match="line 2: '\\(' is no regular expression"):
        QueryFile(path)
    with pytest.raises(InputError, match=r"Unknown scorer 'best'. There is: choice, exact"):
        Jsonl(data=mine, scorer="best")
    with pytest.raises(InputError, match="There is no file"):
        find_task("jsonl:data=absent.jsonl")
    with pytest.raises(InputError, match="There is no file"):
        find_task("jsonl:absent")


def test_a_classifier_answers_by_its_label(tmp_path: Path) -> None:
    task = QueryFile(write(tmp_path / "l.jsonl", {"query": "dull", "answer": "neg"}))
    query = task.queries(1, 0)[0]
    for label, right in (("NEGATIVE", True), ("positive", False), ("LABEL_0", None)):
        assert task.score(query, said(label, "label")).correct is right


def test_the_sample_shows_every_field() -> None:
    queries = find_task("jsonl").queries(None, 0)
    assert {query.scorer for query in queries} == {"numeric", "exact", "f1", "choice", "labels"}
    assert {query.language for query in queries} == {"en", "pt"}
    assert any(query.context for query in queries)
    assert any(len(query.answers) > 1 for query in queries)


def test_a_text_of_ones_own_ends_an_answer(mine: str) -> None:
    task = find_task(rf"jsonl:data={mine},stop=\n\nQ:")
    assert stops_of(task) == ("\n\nQ:",)
    assert stops_of(find_task(task.name)) == ("\n\nQ:",)
    assert stops_of(find_task(rf"jsonl:data={mine},stop=a\tb\\n")) == ("a\tb\\n",)
    assert stops_of(find_task(mine)) == stops_of(Jsonl(data=mine)) == ()
    assert task.version == Jsonl(data=mine).version
    for wrong in (r"\x", "end\\", "x" * 101):
        with pytest.raises(InputError, match="stop"):
            Jsonl(data=mine, stop=wrong)
