from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation, Query
from wattmark.tasks.find import find_task
from wattmark.tasks.math_qa import DATA, MathQA, final_number


def worked(expression: str) -> Fraction:
    """The value of an expression of the data, exactly."""
    exact = re.sub(r"\d+(?:\.\d+)?", r"Fraction('\g<0>')", expression)
    return Fraction(eval(exact, {"Fraction": Fraction}))


def shipped() -> list[dict[str, Any]]:
    rows = json.loads(DATA[0].read_text(encoding="utf-8"))
    lines = DATA[1].read_text(encoding="utf-8").splitlines()
    return [*rows, *map(json.loads, lines)]


def said(text: str) -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1)


def asked(path: Path, rows: object, options: str = "") -> list[Query]:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return list(find_task(f"math-qa:{path}{options}").queries(None, 0))


def test_what_ships_is_half_english_and_half_portuguese() -> None:
    queries = MathQA().queries(None, 0)
    languages = [query.language for query in queries]
    assert len(queries) >= 40
    assert languages.count("en") == languages.count("pt") == len(queries) / 2


def test_every_gold_by_a_second_computation() -> None:
    queries = MathQA().queries(None, 0)
    for query, row in zip(queries, shipped(), strict=True):
        assert query.text == row.get("q", row.get("question"))
        assert query.language == row["lang"]
        assert query.answer is not None
        plain = query.answer
        if query.language == "pt":
            plain = plain.replace(".", "").replace(",", ".")
        assert Fraction(plain.replace(",", "")) == worked(row["expr"]), row


def test_every_note_of_the_working_is_right() -> None:
    noted = 0
    for row in shipped():
        for left, right in re.findall(r"<<([^=]+)=([^=]+)>>", row.get("answer", "")):
            assert worked(left) == worked(right), row
            noted += 1
    assert noted > 40


def test_the_right_answer_is_right_in_many_words() -> None:
    task = MathQA()
    for query in task.queries(None, 0):
        for words in ("{}", " {}.\n", "2 + 2 = 4, so the answer is {}.", "9 e 8.\n#### {}"):
            score = task.score(query, said(words.format(query.answer)))
            assert (score.correct, score.value) == (True, 1.0), (query, words, score)
        assert not task.score(query, said("12345,5 ou 12345.5")).correct
        assert not task.score(query, said("")).correct


@pytest.mark.parametrize(
    ("answer", "language", "gold"),
    [
        ("42", None, "42"),
        ("She has 3*4=<<3*4=12>>12 left.\n#### 12", "en", "12"),
        ("12 and then #### 1,234", "en", "1,234"),
        ("#### 1\n#### 2", "en", "2"),
        ("x = <<1+1=2>>", "en", None),
        ("São 1.234,5 kg.", "pt", "1.234,5"),
        ("3/4", None, "3/4"),
        ("-7 °C", "en", "-7"),
        ("#### ", "en", None),
        ("seven", "en", None),
    ],
)
def test_the_final_number(answer: str, language: str | None, gold: str | None) -> None:
    assert final_number(answer, language) == gold


def test_both_formats_of_your_own(tmp_path: Path) -> None:
    rows = [
        {"q": "1 + 1?", "a": 2, "id": "sum"},
        {"question": "Half of 5?", "answer": 2.5},
        {"question": "3 * 4?", "answer": "3*4=<<3*4=12>>12\n#### 12", "lang": "pt-BR"},
    ]
    queries = asked(tmp_path / "mine.json", rows)
    assert [q.id for q in queries] == ["sum", "item-2", "item-3"]
    assert [q.answer for q in queries] == ["2", "2.5", "12"]
    assert [q.language for q in queries] == [None, None, "pt"]
    assert queries[0].prompt.endswith("Problem: 1 + 1?\nAnswer:")
    assert queries[2].prompt.endswith("Problema: 3 * 4?\nResposta:")
    lines = tmp_path / "mine.jsonl"
    lines.write_text("".join(json.dumps(row) + "\n\n" for row in rows), encoding="utf-8")
    found = find_task(f"math-qa:data={lines},lang=pt").queries(None, 0)
    assert [(q.id, q.answer, q.language) for q in found] == [
        ("sum", "2", "pt"),
        ("line-3", "2,5", "pt"),
        ("line-5", "12", "pt"),
    ]
    assert [q.id for q in asked(tmp_path / "mine.json", rows, ",lang=en")] == ["sum", "item-2"]


def test_a_language_is_chosen() -> None:
    task = find_task("math-qa:lang=pt")
    assert task.name == "math-qa:lang=pt"
    assert {query.language for query in task.queries(None, 0)} == {"pt"}
    assert task.version != MathQA().version


def test_the_version_is_what_is_asked(tmp_path: Path) -> None:
    row = {"q": "1 + 1?", "a": 2}
    names = []
    for name, rows in {"a": [row], "b": [row | {"a": 3}], "c": [row | {"lang": "pt"}]}.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(rows), encoding="utf-8")
        names.append(find_task(f"math-qa:{tmp_path / name}.json").version)
    assert len(set(names)) == 3


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        ([], "is empty"),
        ([7], "item 1 is not a JSON object"),
        ([{"q": "1 + 1?"}], "item 1 has no 'a' or 'answer'"),
        ([{"q": "1?", "a": 1}, {"a": 1}], "item 2 has no 'q' or 'question'.*There is: a"),
        ([{"q": 7, "a": 1}], "item 1: the question must be a text"),
        ([{"q": " ", "a": 1}], "item 1: the question must be a text"),
        ([{"q": "1?", "a": "one"}], "item 1: the answer 'one' states no number"),
        ([{"q": "1?", "a": "#### x"}], "states no number"),
        ([{"q": "1?", "a": True}], "item 1: 'answer' must be a text or a number"),
        ([{"q": "1?", "a": [1]}], "item 1: 'answer' must be"),
        ([{"q": "1?", "a": 1}, {"q": "1?", "a": 1}], "item 2 has the question '1\\?'.*item 1"),
        ([{"q": "1", "a": 1, "id": "x"}, {"q": "2", "a": 1, "id": "x"}], "item 2 has the id 'x'"),
        ([{"q": "1?", "a": 1, "lang": 5}], "item 1: 'lang' must be"),
        ([{"q": "\ud800", "a": 1}], "item 1 holds a lone surrogate"),
    ],
)
def test_data_that_is_wrong(tmp_path: Path, rows: object, wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        asked(tmp_path / "mine.json", rows)


@pytest.mark.parametrize(
    ("raw", "wrong"),
    [
        (b'[{"q": "1?", "a": 1},\n {"q": }]', r"not valid JSON: .*\(line 2, column 8\)"),
        (b'{"q": "1?", "a": 1}\n{"q"\n', "line 2 is not valid JSON"),
        (b'[{"q": "ma\xe7a", "a": 1}]', "not UTF-8: line 1"),
        (b"", "is empty"),
        (b"[" * 100_000, "not JSON that can be read"),
    ],
)
def test_files_that_are_wrong(tmp_path: Path, raw: bytes, wrong: str) -> None:
    (tmp_path / "mine.json").write_bytes(raw)
    with pytest.raises(InputError, match=wrong):
        find_task(f"math-qa:{tmp_path / 'mine.json'}")


def test_options_that_are_wrong(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"Unknown lang 'fr'.*en, pt"):
        find_task("math-qa:lang=fr")
    with pytest.raises(InputError, match="There is no file"):
        find_task(f"math-qa:{tmp_path / 'absent.json'}")
    with pytest.raises(InputError, match="holds no question in 'pt'"):
        asked(tmp_path / "mine.json", [{"q": "1?", "a": 1, "lang": "en"}], ",lang=pt")
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(2**40)  # sparse
    with pytest.raises(InputError, match=r"1048576\.0 MiB; a task may have 16"):
        find_task(f"math-qa:{tmp_path / 'large.json'}")
