from __future__ import annotations

import json
from pathlib import Path

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation, Query
from wattmark.tasks.find import find_task
from wattmark.tasks.prompts import Prompts


def asked(path: Path, content: str, options: str = "") -> list[Query]:
    path.write_text(content, encoding="utf-8")
    return list(find_task(f"prompts:{path}{options}").queries(None, 0))


def test_what_ships() -> None:
    queries = Prompts().queries(None, 0)
    assert len(queries) >= 30
    assert {query.language for query in queries} == {"en", "pt"}
    assert len({query.prompt for query in queries}) == len(queries)
    lengths = sorted(len(query.prompt) for query in queries)
    assert lengths[0] < 80
    assert lengths[-1] > 400
    assert all(query.answer is None and query.prompt == query.text for query in queries)
    portuguese = find_task("prompts:lang=pt")
    assert portuguese.name == "prompts:lang=pt"
    assert [q.id for q in portuguese.queries(2, 0)] == ["pt-01", "pt-02"]


def test_nothing_is_scored() -> None:
    task = Prompts()
    query = task.queries(1, 0)[0]
    for text in ("", "an answer", query.text):
        score = task.score(query, Generation(query.id, text, 0, 1, 1, 0, 1))
        assert (score.correct, score.value, score.extracted) == (None, None, None)
        assert "without quality" in score.why


def test_a_list_of_texts(tmp_path: Path) -> None:
    rows = ["one\ntwo", {"prompt": "três", "lang": "pt-BR", "id": "x"}, {"query": "four"}]
    queries = asked(tmp_path / "mine.json", json.dumps(rows))
    assert [(q.id, q.prompt, q.language) for q in queries] == [
        ("item-1", "one\ntwo", None),
        ("x", "três", "pt"),
        ("item-3", "four", None),
    ]
    lines = "\n".join(map(json.dumps, rows))
    assert [q.id for q in asked(tmp_path / "mine.jsonl", lines)] == ["line-1", "x", "line-3"]
    english = asked(tmp_path / "mine.jsonl", lines, ",lang=en")
    assert [(q.id, q.language) for q in english] == [("line-1", "en"), ("line-3", "en")]


def test_a_text_file_has_a_prompt_a_line(tmp_path: Path) -> None:
    queries = asked(tmp_path / "mine.txt", "\ufeffone\r\n\r\n two\nthree")
    assert [(q.id, q.prompt) for q in queries] == [
        ("line-1", "one"),
        ("line-3", " two"),
        ("line-4", "three"),
    ]


def test_or_one_between_blank_lines(tmp_path: Path) -> None:
    text = "\n\none\n  more of it\n \t\n\ntwo\r\nof two\n\n"
    queries = asked(tmp_path / "mine.txt", text, ",separator=blank")
    assert [(q.id, q.prompt) for q in queries] == [
        ("line-3", "one\n  more of it"),
        ("line-7", "two\nof two"),
    ]


def test_the_version_is_what_is_asked(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n\ntwo\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("one\n\ntwo\nthree\n", encoding="utf-8")
    names = [f"prompts:{tmp_path / name}" for name in ("a.txt", "b.txt", "b.txt,separator=blank")]
    assert len({find_task(name).version for name in names}) == 3


@pytest.mark.parametrize(
    ("name", "content", "wrong"),
    [
        ("p.json", "[]", "is empty"),
        ("p.json", '["one", 7]', "item 2 is no text"),
        ("p.json", '["one", "  "]', "item 2 is no text, or a blank one"),
        ("p.json", '[{"text": null}]', "item 1 is no text"),
        ("p.json", '["one", {"lang": "en"}]', "item 2 is no text"),
        ("p.json", '["one", "two", "one"]', "item 3 has the prompt 'one'.*item 1"),
        ("p.json", '["one", {"prompt": "two", "id": "item-1"}]', "item 2 has the id 'item-1'"),
        ("p.json", '["one",\n"two]', r"not valid JSON: .*\(line 2, column"),
        ("p.json", '["\\ud800"]', "item 1 holds a lone surrogate"),
        ("p.json", '[{"prompt": "one", "lang": "Portuguese!"}]', "item 1: 'lang' must be"),
        ("p.jsonl", '"one"\n{"prompt": }', r"line 2 is not valid JSON.*column"),
        ("p.txt", "one\ntwo\none\n", "line 3 has the prompt 'one'.*line 1"),
        ("p.txt", "\n \n", "holds no prompt"),
    ],
)
def test_files_that_are_wrong(tmp_path: Path, name: str, content: str, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        asked(tmp_path / name, content)


def test_options_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Unknown lang 'fr'"):
        find_task("prompts:lang=fr")
    with pytest.raises(InputError, match=r"Unknown separator 'tab'.*blank, line"):
        find_task("prompts:separator=tab")
    with pytest.raises(InputError, match="There is no file"):
        find_task(f"prompts:{tmp_path / 'absent.txt'}")
    with pytest.raises(InputError, match="holds no prompt in 'pt'"):
        asked(tmp_path / "p.json", '[{"prompt": "one", "lang": "en"}]', ",lang=pt")
    (tmp_path / "p.txt").write_bytes(b"one\n\xff\n")
    with pytest.raises(InputError, match="not UTF-8: line 2"):
        find_task(f"prompts:{tmp_path / 'p.txt'}")
    with (tmp_path / "p.txt").open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(InputError, match="a task may have 16"):
        find_task(f"prompts:{tmp_path / 'p.txt'}")
