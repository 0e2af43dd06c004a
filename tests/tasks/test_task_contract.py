"""What every task must hold to. A newly registered one is tested here without a new line."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from wattmark import registry
from wattmark.schema import Generation, Query
from wattmark.tasks import Task
from wattmark.tasks.find import find_task

ANSWER = Generation(
    query_id="", text="", batch=0, input_tokens=1, output_tokens=1, start_ns=0, end_ns=1
)


def said(query: Query, text: str) -> Generation:
    return replace(ANSWER, query_id=query.id, text=text)


@pytest.fixture(params=sorted(registry.table("tasks")))
def task(request: pytest.FixtureRequest) -> Task:
    return find_task(request.param)


def test_it_names_itself(task: Task) -> None:
    assert task.name in registry.table("tasks")
    assert task.version
    assert task.kind in {"causal", "classifier", "any"}


def test_queries_are_distinct_and_ready_to_ask(task: Task) -> None:
    queries = task.queries(None, seed=0)
    assert len(queries) >= 100
    assert len({q.id for q in queries}) == len(queries)
    assert len({q.prompt for q in queries}) == len(queries)
    assert all(q.prompt.strip() and q.text.strip() for q in queries)


def test_the_order_is_fixed_and_a_limit_is_a_prefix(task: Task) -> None:
    queries = list(task.queries(None, seed=0))
    assert list(find_task(task.name).queries(None, seed=0)) == queries
    assert list(task.queries(7, seed=0)) == queries[:7]
    assert list(task.queries(len(queries) + 1, seed=0)) == queries


def test_gold_is_correct(task: Task) -> None:
    for query in task.queries(None, seed=0):
        assert query.answer is not None
        score = task.score(query, said(query, query.answer))
        assert (score.correct, score.value) == (True, 1.0), (query, score)
        assert task.score(query, said(query, f" {query.answer}\n")).correct


def test_another_querys_gold_is_not(task: Task) -> None:
    queries = task.queries(None, seed=0)
    for query in queries[:20]:
        other = next(q.answer for q in queries if q.answer != query.answer)
        assert other is not None
        score = task.score(query, said(query, other))
        assert (score.correct, score.value) == (False, 0.0)
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
    query = task.queries(1, seed=0)[0]
    score = task.score(query, said(query, text))
    assert score.correct is False
    assert score.value == 0.0
    assert score.extracted is None or len(score.extracted) <= 80
    assert len(score.why) < 400
