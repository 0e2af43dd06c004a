"""The facts task and its model: what ships, that training never saw it, and that both work."""

from __future__ import annotations

import json
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from wattmark.models import find_model
from wattmark.schema import Generation, Query
from wattmark.tasks.corpus import Chunk, Chunking, corpus_of
from wattmark.tasks.facts import CORPUS, DATA, Facts
from wattmark.tasks.retrieval import SEPARATOR
from wattmark.tasks.retrieval_bm25 import BM25

TOOLS = Path(__file__).parents[2] / "tools"


def _rows(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture(scope="module")
def held_out() -> Iterator[ModuleType]:
    """The script's module that makes the corpus; it lies beside the package, not inside."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(TOOLS), *sys.path])
        import embedded_facts_heldout  # noqa: PLC0415 - found only while the path is set

        yield embedded_facts_heldout


@pytest.fixture(scope="module")
def found() -> dict[str, list[Chunk]]:
    """For each query, the passages that BM25 finds."""
    task = Facts()
    queries = task.queries(None, seed=0)
    chunks = corpus_of(task.corpus()).chunks(Chunking())
    best = BM25.index([chunk.text for chunk in chunks]).search(
        [q.text for q in queries], Facts.top_k
    )
    return {q.id: [chunks[at] for at, _ in b] for q, b in zip(queries, best, strict=True)}


@pytest.fixture(scope="module")
def answer() -> Any:
    """The shipped model, greedily, in batches: prompts in, answers out."""
    import torch  # noqa: PLC0415 - only the tests of the model need it
    from transformers import AutoModelForCausalLM, AutoTokenizer  # noqa: PLC0415 - as above

    folder = find_model("embedded/facts").path
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)

    def ask(prompts: list[str], batch_size: int = 16) -> list[str]:
        said: list[str] = []
        for start in range(0, len(prompts), batch_size):
            inputs = tokenizer(
                prompts[start : start + batch_size],
                return_tensors="pt",
                padding=True,
                return_token_type_ids=False,
            )
            with torch.inference_mode():
                output = model.generate(**inputs)[:, inputs["input_ids"].shape[1] :]
            said += tokenizer.batch_decode(output, skip_special_tokens=True)
        return said

    return ask


def _share(queries: list[Query], said: list[str]) -> float:
    task = Facts()
    scores = [
        task.score(query, Generation(query.id, text, 0, 1, 1, 0, 1))
        for query, text in zip(queries, said, strict=True)
    ]
    return sum(bool(score.correct) for score in scores) / len(scores)


def _asked(query: Query, chunks: list[Chunk]) -> str:
    context = SEPARATOR.join(chunk.text for chunk in chunks)
    if not context:
        return query.prompt
    return Facts.context_prompt.format(context=context, prompt=query.prompt)


def test_the_answer_stands_in_its_passage_and_nowhere_is_it_asked_twice() -> None:
    queries = Facts().queries(None, seed=0)
    assert len(queries) >= 200
    assert len({q.text for q in queries}) == len(queries)
    for query in queries:
        assert query.answer is not None
        assert query.context is not None
        assert re.search(rf"\b{query.answer}\b", query.context)
        assert query.answer not in query.prompt
    assert len(_rows(CORPUS)) >= 400


def test_no_answer_is_common() -> None:
    """Whoever always says the same is right in a few percent."""
    answers = [q.answer for q in Facts().queries(None, seed=0)]
    assert max(map(answers.count, answers)) / len(answers) < 0.05


def test_the_script_makes_what_ships(held_out: ModuleType) -> None:
    world = held_out.held_out_world(0)
    assert _rows(DATA) == world.questions
    assert _rows(CORPUS) == world.passages


def test_training_never_states_a_fact_that_ships(held_out: ModuleType) -> None:
    """Who, in which relation, to what: one pool each, told by the fact's hash."""
    world = sys.modules["embedded_facts_world"]
    relations = sys.modules["embedded_facts_relations"]
    texts = [row["text"] for row in _rows(CORPUS)]

    def stated(pool: bool) -> set[str]:
        drawn = world.Facts(random.Random(1), held_out=pool)
        facts = [drawn.draw(r, name) for r in relations.RELATIONS for name in world.NAMES[:20]]
        assert all(fact.held_out is pool for fact in facts)
        return {form.format(e=f.entity, v=f.value) for f in facts for form in f.relation.statements}

    trained, kept = stated(False), stated(True)
    assert len(trained) > 1000
    assert not trained & kept
    said = {
        sentence if sentence.endswith(".") else f"{sentence}."
        for text in texts
        for sentence in re.split(r"(?<=\.) ", text)
    }
    assert len(said) > 800
    assert not said & trained
    for row in _rows(DATA):
        (passage,) = [one["text"] for one in _rows(CORPUS) if one["id"] == row["passage"]]
        assert row["answer"] in passage


def test_bm25_finds_the_passage(found: dict[str, list[Chunk]]) -> None:
    queries = Facts().queries(None, seed=0)
    hits = [q.context in [chunk.text for chunk in found[q.id]] for q in queries]
    assert sum(hits) / len(hits) >= 0.85


def test_the_prompt_is_that_of_training(held_out: ModuleType) -> None:
    world = sys.modules["embedded_facts_world"]
    query = Facts().queries(1, seed=0)[0]
    chunks = [Chunk("a#0", "One."), Chunk("b#0", "Two. Three.")]
    assert _asked(query, chunks) == world.context_prompt(query.text, ["One.", "Two. Three."])
    assert query.prompt == world.PROMPT.format(query=query.text)


def test_alone_it_guesses(answer: Any) -> None:
    queries = list(Facts().queries(None, seed=0))
    assert _share(queries, answer([q.prompt for q in queries])) <= 0.30


def test_with_what_bm25_finds_it_answers(answer: Any, found: dict[str, list[Chunk]]) -> None:
    queries = list(Facts().queries(None, seed=0))
    assert _share(queries, answer([_asked(q, found[q.id]) for q in queries])) >= 0.85


def test_a_second_passage_confuses_it_and_no_more(
    answer: Any, found: dict[str, list[Chunk]]
) -> None:
    queries = [q for q in Facts().queries(128, seed=0) if q.context]
    others = [q.context for q in queries[1:]] + [queries[0].context]
    both = [(str(q.context), str(other)) for q, other in zip(queries, others, strict=True)]
    for first, second in (
        zip(*both, strict=True),
        zip(*(pair[::-1] for pair in both), strict=True),
    ):
        chunks = [[Chunk("a#0", a), Chunk("b#0", b)] for a, b in zip(first, second, strict=True)]
        prompts = [_asked(q, shown) for q, shown in zip(queries, chunks, strict=True)]
        assert _share(queries, answer(prompts)) >= 0.70


def test_padding_changes_no_answer(answer: Any, found: dict[str, list[Chunk]]) -> None:
    queries = Facts().queries(24, seed=0)
    prompts = [_asked(q, found[q.id][: i % 2]) for i, q in enumerate(queries)]
    assert answer(prompts, batch_size=8) == answer(prompts, batch_size=1)
