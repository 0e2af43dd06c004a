"""Data of the published sets' formats: what is read from each, and what is refused where."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from public_formats import GLUE, V1, V2, glue_rows, hub_rows, write_rows

from wattmark.errors import InputError
from wattmark.schema import Generation
from wattmark.tasks import Task
from wattmark.tasks.find import find_task
from wattmark.tasks.formats import LIMIT_BYTES, shuffled
from wattmark.tasks.squad import Squad, first_line
from wattmark.tasks.sst2 import DATA, SST2


def same(one: Task, other: Task) -> bool:
    return one.version == other.version and all(
        list(one.queries(None, seed)) == list(other.queries(None, seed)) for seed in (0, 1)
    )


def test_the_samples_are_of_their_format() -> None:
    for content, version in ((V1, "1.1"), (V2, "v2.0")):
        assert content["version"] == version
        for article in content["data"]:
            for paragraph in article["paragraphs"]:
                for asked in paragraph["qas"]:
                    for answer in asked["answers"]:
                        at = answer["answer_start"]
                        text = paragraph["context"][at : at + len(answer["text"])]
                        assert text == answer["text"]
    empty = [row for row in hub_rows(V2) if not row["answers"]["text"]]
    assert 10 <= len(empty) <= 20
    assert sorted(label for _, label in GLUE) == ["0"] * 21 + ["1"] * 21


def test_the_sample_is_named_as_such() -> None:
    assert (Squad().name, SST2().name) == ("squad:data=sample", "sst2:data=sample")
    assert Squad(version="2", mode="closed").name == "squad:data=sample,mode=closed,version=2"
    assert find_task("jsonl").name == "jsonl:data=sample"
    for task in (Squad, SST2):
        assert "own writing, not" in task.about
    assert Squad().version != Squad(version="2").version


@pytest.mark.parametrize("content", [V1, V2], ids=["v1.1", "v2.0"])
def test_squad_is_the_same_from_every_format(tmp_path: Path, content: dict[str, Any]) -> None:
    name = "dev-" + content["version"] + ".json"
    (tmp_path / name).write_text(json.dumps(content), encoding="utf-8")
    rows = hub_rows(content)
    (tmp_path / "plain_text").mkdir()
    write_rows(tmp_path / "plain_text" / "validation-00000-of-00002.parquet", rows[:11])
    write_rows(tmp_path / "plain_text" / "validation-00001-of-00002.parquet", rows[11:])
    write_rows(tmp_path / "plain_text" / "train-00000-of-00001.parquet", rows[:3])
    other = tmp_path / "other"
    other.mkdir()
    flat = [row | {"answers": row["answers"]["text"]} for row in rows]
    write_rows(other / "validation.jsonl", list(reversed(flat)))
    article = Squad(data=str(tmp_path / name))
    assert len(article.queries(None, 0)) == len(rows)
    for data in (tmp_path / "plain_text", other):
        found = Squad(data=str(data))
        assert [q.id for q in found.queries(9, 3)] == [q.id for q in article.queries(9, 3)]
        assert found.queries(None, 0) == article.queries(None, 0)
    assert same(article, Squad(data=str(tmp_path / "plain_text")))
    assert len(Squad(data=str(tmp_path / "plain_text"), split="train").queries(None, 0)) == 3


def test_prompts_of_squad() -> None:
    query = Squad().queries(1, 0)[0]
    assert query.context is not None
    assert query.prompt.count(query.context) == 1
    assert query.prompt.endswith(f"Question: {query.text}\nAnswer:")
    assert "unanswerable" not in query.prompt
    closed = Squad(mode="closed").queries(1, 0)[0]
    assert query.context not in closed.prompt
    assert (closed.id, closed.context) == (query.id, query.context)
    second = Squad(version="2").queries(None, 0)
    assert all('write "unanswerable"' in query.prompt for query in second)
    assert {query.answer == "" for query in second} == {True, False}
    answered = Squad(version="2", mode="closed").queries(None, 0)
    assert len(answered) == sum(query.answer != "" for query in second)


@pytest.mark.parametrize("version", ["1", "2"])
def test_the_samples_fit_the_embedded_models(version: str) -> None:
    """Their window is 512 characters, of which 64 are left for the answer."""
    assert max(len(query.prompt) for query in Squad(version=version).queries(None, 0)) < 448


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("unanswerable", True),
        ('"Unanswerable".', True),
        ("The question is unanswerable.", True),
        ("No answer", True),
        ("", True),
        ("no answers were found in 1794", False),
        ("beech wood", False),
    ],
)
def test_a_question_without_an_answer(text: str, right: bool) -> None:
    task = Squad(version="2")
    query = next(query for query in task.queries(None, 0) if query.answer == "")
    score = task.score(query, Generation("q", text, 0, 1, 1, 0, 1))
    assert (score.correct, score.value) == (right, float(right))
    other = next(query for query in task.queries(None, 0) if query.answer == "beech wood")
    assert task.score(other, Generation("q", text, 0, 1, 1, 0, 1)).correct == (text == "beech wood")


def test_em_and_f1_over_all_golds() -> None:
    task = Squad()
    query = next(q for q in task.queries(None, 0) if "the river Senn" in q.answers)
    for text, exact, value in (
        ("Senn", True, 1.0),
        ("The river Senn.\nQuestion: and?", True, 1.0),
        ("over the river Senn", False, 0.8),
        ("granite", False, 0.0),
    ):
        score = task.score(query, Generation("q", text, 0, 1, 1, 0, 1))
        assert score.correct is exact
        assert score.value == pytest.approx(value)


def test_the_first_line_is_the_answer() -> None:
    assert first_line(" Paris\n\nQuestion: and then?\nAnswer: Rome") == "Paris"
    assert first_line("<think>Rome?\n</think>\n\nParis") == "Paris"
    assert first_line(" \n ") == ""


def test_seeds_shuffle_and_arms_agree(tmp_path: Path) -> None:
    rows = hub_rows(V1)
    data = str(write_rows(tmp_path / "dev.jsonl", rows))
    orders = [[q.id for q in Squad(data=data).queries(None, seed)] for seed in (0, 1, 2)]
    assert len({tuple(order) for order in [*orders, [row["id"] for row in rows]]}) == 4
    assert {frozenset(order) for order in orders} == {frozenset(row["id"] for row in rows)}
    arms = [Squad(data=data, mode=mode).queries(12, 5) for mode in ("open", "closed")]
    assert [q.id for q in arms[0]] == [q.id for q in arms[1]]
    # The order is part of the format: a change of it would change every subset in use.
    assert shuffled(["a", "b", "c", "d"], 0) == [3, 0, 2, 1]


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda c: c.pop("data"), "no list 'data' of articles"),
        (lambda c: c["data"].__setitem__(1, 7), "article 2 has no list 'paragraphs'"),
        (lambda c: c["data"][1]["paragraphs"][0].pop("qas"), "article 2, paragraph 1 has no list"),
        (lambda c: c["data"][0]["paragraphs"][0].pop("context"), "paragraph 1 has no 'context'"),
        (lambda c: c["data"][0]["paragraphs"][0]["qas"].append(3), "question 5 is not a JSON obj"),
        (lambda c: asked(c).pop("id"), "question 1 has no 'id'"),
        (lambda c: asked(c).update(question=" "), "question 1 has no 'question'"),
        (lambda c: asked(c).pop("answers"), "question 1 has no 'answers'"),
        (lambda c: asked(c).update(answers=[]), "question 1 has no answers"),
        (lambda c: asked(c).update(answers=[{"text": ""}]), "question 1 has an answer without"),
        (lambda c: asked(c).update(answers=[{"text": "\ud800"}]), "question 1 holds a lone surr"),
        (lambda c: asked(c).update(is_impossible=True), "impossible, and has answers"),
        (
            lambda c: asked(c).update(id="sample1-0002"),
            "question 2 has the id '.*question 1",
        ),
        (lambda c: c.update(data=[]), "no question in this data"),
    ],
)
def test_squad_says_which_item_is_wrong(
    tmp_path: Path, break_it: Callable[[dict[str, Any]], object], said: str
) -> None:
    content = json.loads(json.dumps(V1))
    break_it(content)
    path = tmp_path / "dev-v1.1.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        Squad(data=str(path))
    assert refused.value.hint


def asked(content: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = content["data"][0]["paragraphs"][0]["qas"][0]
    return found


@pytest.mark.parametrize(
    ("name", "raw", "said"),
    [
        ("dev.json", b'{"data": [\n{"x": }]}', r"not valid JSON: .*line 2, column 7"),
        ("dev.json", b"", "not valid JSON"),
        ("dev.json", b"[" * 100_000, "not JSON that can be read"),
        ("dev.json", b"\xff\xfe\x00", "not UTF-8"),
        ("dev.json", b"PK\x00\x00", "zero byte"),
        ("dev.jsonl", b'{"id": "a"}\n{', "line 2 is not valid JSON"),
        ("dev.jsonl", b"[1]\n", "line 1 is not a JSON object"),
        ("dev.jsonl", b"\n \n", "holds no row"),
        ("dev.jsonl", b'{"id": "a"}\n', "line 1 has no 'question'.*There is: id"),
        ("dev.parquet", b"not parquet", "not Parquet that can be read"),
        ("dev.csv", b"a,b\n", "no file of a known format"),
    ],
)
def test_files_that_cannot_be_read(tmp_path: Path, name: str, raw: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(InputError, match=said) as refused:
        Squad(data=str(tmp_path / name))
    assert refused.value.hint


def test_data_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file or folder"):
        Squad(data=str(tmp_path / "absent"))
    with pytest.raises(InputError, match="no file or folder"):
        Squad(data="dev-v1.1.json")
    with pytest.raises(InputError, match=r"no file of the split validation. There is: nothing"):
        Squad(data=str(tmp_path))
    path = write_rows(tmp_path / "train.jsonl", hub_rows(V1))
    with pytest.raises(InputError, match=r"split validation. There is: train.jsonl"):
        Squad(data=str(tmp_path))
    with pytest.raises(InputError, match="by its name of the split validation, not train"):
        Squad(data=str(path.rename(tmp_path / "dev.jsonl")), split="train")
    write_rows(tmp_path / "validation.parquet", hub_rows(V1))
    with pytest.raises(InputError, match=r"several files.*dev.jsonl, validation.parquet"):
        Squad(data=str(tmp_path))
    with (tmp_path / "large.json").open("wb") as file:
        file.truncate(LIMIT_BYTES + 1)
    with pytest.raises(InputError, match="a task may have 256"):
        Squad(data=str(tmp_path / "large.json"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_data_that_may_not_be_read(tmp_path: Path) -> None:
    path = write_rows(tmp_path / "dev.jsonl", hub_rows(V1))
    path.chmod(0)
    with pytest.raises(InputError, match="Check its permissions"):
        Squad(data=str(path))


def test_options_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"test answers are not public.*split=validation"):
        Squad(split="test")
    with pytest.raises(InputError, match=r"Unknown split 'dve'. There is: test, train, validation"):
        Squad(split="dve")
    assert Squad(split="dev").name == "squad:data=sample"
    with pytest.raises(InputError, match="one split: validation"):
        Squad(split="train")
    with pytest.raises(InputError, match=r"Unknown mode 'opne'. There is: closed, open. Did you"):
        find_task("squad:mode=opne")
    with pytest.raises(InputError, match=r"Unknown version '1.1'. There is: 1, 2"):
        find_task("squad:version=1.1")
    path = write_rows(tmp_path / "dev.jsonl", hub_rows(V2))
    with pytest.raises(InputError, match=r"not SQuAD v1.1: 16 of its 40 questions have no answer"):
        Squad(data=str(path), version="1")
    none = [row | {"answers": []} for row in hub_rows(V1)]
    with pytest.raises(InputError, match=r"No question of .* has an answer"):
        Squad(data=str(write_rows(tmp_path / "none.jsonl", none)), mode="closed")


def test_sst2_is_the_same_from_every_format(tmp_path: Path) -> None:
    (tmp_path / "glue").mkdir()
    (tmp_path / "glue" / "dev.tsv").write_bytes(DATA.read_bytes())
    (tmp_path / "glue" / "train.tsv").write_text("sentence\tlabel\nfine \t1\n", encoding="utf-8")
    rows = glue_rows()
    sample, glue = SST2(), SST2(data=str(tmp_path / "glue"))
    assert same(sample, glue)
    assert same(sample, SST2(data=str(write_rows(tmp_path / "validation.parquet", rows))))
    named = [row | {"label": ("negative", "positive")[row["label"]]} for row in reversed(rows)]
    assert SST2(data=str(write_rows(tmp_path / "v.jsonl", named))).queries(9, 1) == sample.queries(
        9, 1
    )
    assert len(SST2(data=str(tmp_path / "glue"), split="train").queries(None, 0)) == 1
    query = sample.queries(1, 0)[0]
    assert query.text == query.text.strip()
    assert query.prompt.endswith(f"Sentence: {query.text}\nSentiment:")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("test.tsv", "index\tsentence\n0\tfine\n", "line 2 has no label: the labels of .* not pub"),
        ("dev.tsv", "sentence\tlabel\nfine\t-1\n", "line 2 has no label"),
        ("dev.tsv", "sentence\tlabel\nfine\t1\nbad\t2\n", "line 3: the label '2' is none"),
        ("dev.tsv", "sentence\tlabel\nfine\t1\nbad\n", "line 3 has 1 columns; its header has 2"),
        ("dev.tsv", "sentence\tlabel\n \t1\n", "line 2 has no 'sentence'"),
        ("dev.tsv", "text\tlabel\nfine\t1\n", "line 2 has no 'sentence'.*There is: text, label"),
        ("dev.tsv", "", "holds no row"),
        (
            "dev.jsonl",
            '{"idx": 1, "sentence": "a", "label": 1}\n' * 2,
            "line 2 has the id '1'",
        ),
        ("dev.jsonl", '{"sentence": 7, "label": 1}\n', "line 1 has no 'sentence'"),
    ],
)
def test_sst2_says_which_line_is_wrong(tmp_path: Path, name: str, text: str, said: str) -> None:
    (tmp_path / name).write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=said) as refused:
        SST2(data=str(tmp_path / name))
    assert refused.value.hint
