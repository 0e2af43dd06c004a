"""What every task must hold to. A newly registered one is tested here without a new line."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wattmark import registry
from wattmark.errors import InputError
from wattmark.schema import Generation, Query
from wattmark.tasks import Task, stops_of, unscored
from wattmark.tasks.find import find_task

ANSWER = Generation(
    query_id="", text="", batch=0, input_tokens=1, output_tokens=1, start_ns=0, end_ns=1
)


def said(query: Query, text: str) -> Generation:
    return replace(ANSWER, query_id=query.id, text=text)


# Other ways to ask for some of them: every one is held to the same.
WITH_OPTIONS: tuple[str, ...] = (
    "arithmetic:kind=mixed,level=1-6",
    "arithmetic:kind=word,lang=pt",
    "math-qa:lang=pt",
    "squad:mode=closed",
    "squad:version=2",
    "squad:version=2,mode=closed",
    r"jsonl:data=sample,stop=\n\n",
    "sst2:labels=LABEL_0:negative/LABEL_1:positive",
)
HUB_COLUMNS = "query=question,answer=answers.text,context=context,id=id,scorer=squad"


@pytest.fixture(scope="session")
def hub_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """SQuAD's sample in the hub's layout, and a cache of the tests' own for what reads it."""
    import datasets  # noqa: PLC0415 - heavy, and only some tests need it

    datasets.config.HF_DATASETS_CACHE = tmp_path_factory.mktemp("datasets")
    folder = tmp_path_factory.mktemp("hub")
    rows = [
        {
            "id": query.id,
            "question": query.text,
            "context": query.context,
            "answers": {"text": list(query.answers)},
        }
        for query in find_task("squad").queries(None, 0)
    ]
    written = "".join(json.dumps(row) + "\n" for row in rows)
    (folder / "validation.jsonl").write_text(written, encoding="utf-8")
    return folder


@pytest.fixture(params=[*sorted(registry.table("tasks")), *WITH_OPTIONS])
def task(request: pytest.FixtureRequest) -> Task:
    name: str = request.param
    if hasattr(registry.load("tasks", name.partition(":")[0]), "usage"):  # it ships no queries
        folder: Path = request.getfixturevalue("hub_folder")
        name = f"{name}:{folder},{HUB_COLUMNS}"
    return find_task(name)


def golds(query: Query) -> tuple[str, ...]:
    return query.answers or ((query.answer,) if query.answer is not None else ())


def test_it_names_itself(task: Task) -> None:
    base, colon, given = task.name.partition(":")
    assert base in registry.table("tasks")
    assert bool(given) == bool(colon)
    again = find_task(task.name)
    assert (again.name, again.version) == (task.name, task.version)
    assert task.version
    assert task.kind in {"causal", "classifier", "any"}


def test_it_says_what_it_is(task: Task) -> None:
    assert task.licence.strip()
    assert task.about.strip()
    assert "\n" not in task.about + task.licence
    assert all(name.isidentifier() and meaning.strip() for name, meaning in task.options.items())


def test_an_unknown_option_is_refused_with_what_exists(task: Task) -> None:
    base = task.name.partition(":")[0]
    with pytest.raises(InputError, match="no_such_option") as refused:
        find_task(f"{base}:no_such_option=1")
    for option in task.options:
        assert option in str(refused.value)


def test_queries_are_distinct_and_ready_to_ask(task: Task) -> None:
    queries = task.queries(None, seed=0)
    assert len(queries) >= 24
    assert len({q.id for q in queries}) == len(queries)
    assert len({q.prompt for q in queries}) == len(queries)
    assert all(q.prompt.strip() and q.text.strip() for q in queries)


@pytest.mark.parametrize("seed", [0, 7])
def test_the_order_is_fixed_and_a_limit_is_a_prefix(task: Task, seed: int) -> None:
    queries = list(task.queries(None, seed=seed))
    assert list(find_task(task.name).queries(None, seed=seed)) == queries
    assert list(task.queries(7, seed=seed)) == queries[:7]
    if len(queries) < 10_000:  # what is generated may go on for as long as it is asked
        assert list(task.queries(len(queries) + 1, seed=seed))[: len(queries)] == queries


def test_gold_is_correct(task: Task) -> None:
    """Every gold is; and where there is none, nothing is scored."""
    queries = task.queries(None, seed=0)
    assert len({bool(golds(query)) for query in queries}) == 1
    for query in queries:
        if not golds(query):
            score = task.score(query, said(query, query.text))
            assert (score.correct, score.value, score.extracted) == (None, None, None)
            assert score.why
        assert query.answer == (golds(query) or (None,))[0]
        for gold in golds(query):
            score = task.score(query, said(query, gold))
            assert (score.correct, score.value) == (True, 1.0), (query, score)
            assert task.score(query, said(query, f" {gold}\n")).correct


def test_what_ends_an_answer_is_in_no_gold_and_no_question(task: Task) -> None:
    stops = stops_of(task)
    assert all(isinstance(stop, str) and stop for stop in stops)
    for query in task.queries(None, seed=0):
        assert not any(stop in gold for stop in stops for gold in golds(query))
        assert not any(stop in query.text for stop in stops)


def test_a_task_without_gold_by_design_has_none(task: Task) -> None:
    if unscored(task) is not None:
        assert not any(map(golds, task.queries(None, seed=0)))


def test_another_querys_gold_is_not(task: Task) -> None:
    queries = [query for query in task.queries(None, seed=0) if golds(query)]
    for query in queries[:20]:
        mine = {gold.casefold() for gold in golds(query)}
        other = next(q.answer for q in queries if q.answer and q.answer.casefold() not in mine)
        score = task.score(query, said(query, other))
        assert score.correct is False, (query, score)
        assert score.value is not None
        assert 0 <= score.value < 1
        assert score.why


HOSTILE: dict[str, Any] = {
    "empty": "",
    "blank": " \n\t ",
    "megabyte of letters": "x" * 2**20,
    "megabyte of digits": "9" * 2**20,
    "megabyte of groups": "1,234" * 2**18,
    "megabyte of signs": "-" * 2**20,
    "controls": "".join(map(chr, range(32))) * 100,
    "html": "<html><script>alert(1)</script><p>&nbsp;</p></html>" * 1000,
    "surrogate": "\ud800",
    "right to left": "\u202e58\u202c",
    "exponent": "1e999999 1e9999999999 -1e-999999",
    "format": "%s %d {0} {query}",
    "not a number": "nan inf -inf NaN",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_any_answer_gets_a_score(task: Task, text: str) -> None:
    # A question that has no answer is answered right by saying nothing.
    query = next(query for query in task.queries(None, seed=0) if query.answer != "")
    score = task.score(query, said(query, text))
    if golds(query):
        assert score.correct is False
        assert score.value == 0.0
    else:
        assert (score.correct, score.value) == (None, None)
    assert score.extracted is None or len(score.extracted) <= 80
    assert len(score.why) < 400
