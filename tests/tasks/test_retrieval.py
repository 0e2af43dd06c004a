"""Retrieval: ranking by BM25, what fits into a prompt, what counts as found, the index on disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.models.cache import Cache
from wattmark.schema import Query, Retrieval
from wattmark.tasks.corpus import Chunk, Corpus, Document, corpus_of
from wattmark.tasks.find import find_task
from wattmark.tasks.index import Index, find_corpus, open_index
from wattmark.tasks.retrieval import (
    CONTEXT_PROMPT,
    Room,
    check_template,
    is_hit,
    missing_retriever,
    with_context,
    words,
)
from wattmark.tasks.retrieval_bm25 import BM25


def bm25(texts: Sequence[str], query: str) -> list[float]:
    """Lucene's form, term by term (Robertson and Zaragoza 2009; constant k1 + 1 left out)."""
    split = [words(text) for text in texts]
    mean = sum(map(len, split)) / len(split)
    scores = []
    for text in split:
        score = 0.0
        for word in words(query):
            df = sum(word in other for other in split)
            idf = math.log(1 + (len(split) - df + 0.5) / (df + 0.5))
            tf = text.count(word)
            score += idf * tf / (tf + 1.5 * (0.25 + 0.75 * len(text) / mean)) if tf else 0.0
        scores.append(score)
    return scores


TEXTS = st.lists(st.text("abc ", min_size=1, max_size=12), min_size=1, max_size=8)


@settings(deadline=None)
@given(TEXTS, st.text("abcd ", max_size=8), st.integers(1, 4))
def test_the_ranking_is_bm25s_and_ties_are_in_order(texts: list[str], query: str, k: int) -> None:
    if not any(words(text) for text in texts):
        return
    expected = bm25(texts, query)
    (found,) = BM25.index(texts).search([query], k)
    assert [score for _, score in found] == pytest.approx(
        sorted((s for s in expected if s > 0), reverse=True)[:k], rel=1e-5
    )
    assert all(score == pytest.approx(expected[at], rel=1e-5) for at, score in found)
    assert found == sorted(found, key=lambda each: (-each[1], each[0]))


def test_equal_chunks_come_in_their_order_however_many_there_are() -> None:
    index = BM25.index(["x y"] * 50 + ["z"] + ["x y"] * 50)
    assert [at for at, _ in index.search(["x"], 3)[0]] == [0, 1, 2]
    assert [at for at, _ in index.search(["z"], 3)[0]] == [50]
    assert index.search(["nothing at all", "", "…"], 3) == [[], [], []]


def test_accents_and_case_do_not_part_words() -> None:
    assert words("Coração, CORACAO; São-Tomé 3,5 ½") == [
        "coracao",
        "coracao",
        "sao",
        "tome",
        "3",
        "5",
        "1",
        "2",
    ]
    found = BM25.index(["a cidade", "o Coração da ilha", "7"]).search(["CORACÃO?", "é 7"], 1)
    assert [[at for at, _ in best] for best in found] == [[1], [2]]


QUERY = Query("q", "who?", "Question: who?\nAnswer:", "Ana Dias")
CHUNKS = [Chunk("a#0", "1234"), Chunk("b#0", "56"), Chunk("c#0", "7890")]


@pytest.mark.parametrize(
    ("budget", "most", "shown"), [(4, None, 1), (7, None, 1), (8, None, 2), (99, None, 3)]
)
def test_chunks_are_added_whole_until_the_budget_is_reached(
    budget: int, most: int | None, shown: int
) -> None:
    found = with_context(QUERY, CHUNKS, CONTEXT_PROMPT, Room(budget, len, len, most))
    context = "\n\n".join(chunk.text for chunk in CHUNKS[:shown])
    assert found.prompt == f"Context:\n{context}\n\n{QUERY.prompt}"
    assert (found.context_tokens, found.left_out) == (len(context), 3 - shown)
    assert found.ids == ("a#0", "b#0", "c#0")


def test_the_models_window_is_a_bound_too_and_nothing_found_leaves_the_prompt() -> None:
    alone = len(f"Context:\n1234\n\n{QUERY.prompt}")
    one = with_context(QUERY, CHUNKS, CONTEXT_PROMPT, Room(99, len, len, alone))
    none = with_context(QUERY, CHUNKS, CONTEXT_PROMPT, Room(99, len, len, alone - 1))
    assert (one.left_out, none.left_out) == (2, 3)
    assert (none.prompt, none.context_tokens) == (QUERY.prompt, 0)
    nothing = with_context(QUERY, [], CONTEXT_PROMPT, Room(99, len, len))
    assert (nothing.prompt, nothing.ids, nothing.left_out) == (QUERY.prompt, (), 0)
    unknown = with_context(QUERY, CHUNKS, CONTEXT_PROMPT, Room(99, len, len, in_tokens=False))
    assert unknown.context_tokens is None


def test_braces_in_texts_are_only_text() -> None:
    chunk = Chunk("x#0", "{prompt} {0} {")
    found = with_context(QUERY, [chunk], "{context}|{query}|{prompt}", Room(99, len, len))
    assert found.prompt == f"{chunk.text}|who?|{QUERY.prompt}"


@pytest.mark.parametrize(
    ("query", "texts", "hit"),
    [
        (QUERY, ["She is ANA DIAS."], True),
        (QUERY, ["Ana Diasporas"], False),
        (QUERY, [], False),
        (Query("q", "", "", "85"), ["it is 850", "or 8.5"], False),
        (Query("q", "", "", "x", ("x", "São João")), ["em sao joao, sim"], True),
        (Query("q", "", "", None, context="The long passage of it."), ["long passage"], True),
        (Query("q", "", "", None, context="short one"), ["A short one, and more"], True),
        (Query("q", "", "", None, context="short one"), ["shorter"], False),
        (Query("q", "", "", None), ["anything"], None),
        (Query("q", "", "", "…"), ["anything"], None),
    ],
)
def test_a_hit_is_the_answer_or_the_own_context_in_whole_words(
    query: Query, texts: list[str], hit: bool | None
) -> None:
    assert is_hit(query, texts) is hit


def test_a_megabyte_is_judged_at_once() -> None:
    assert is_hit(QUERY, ["a" * 1_000_000, "ana " * 250_000]) is False


@pytest.mark.parametrize(
    "template", ["no fields", "{context}", "{prompt}", "{context} {wrong}", "{"]
)
def test_a_template_without_its_fields_is_refused(template: str) -> None:
    with pytest.raises(InputError, match="Task 't'"):
        check_template("t", template)


def test_a_retriever_that_is_not_installed_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert missing_retriever("bm25") is None
    monkeypatch.setattr("wattmark.tasks.retrieval.find_spec", lambda _name: None)
    assert 'pip install "wattmark[rag]"' in (missing_retriever("bm25") or "")


CORPUS = corpus_of(
    [Document("a", "the cat sat"), Document("b", "o cão correu"), Document("c", "x")]
)


def opened(root: Path, corpus: Corpus = CORPUS, chunking: str = "words:2:1") -> Index:
    retrieval = Retrieval(corpus_digest=CORPUS.digest, chunking=chunking, template=CONTEXT_PROMPT)
    return open_index(retrieval, "corpus", lambda: corpus, Cache("indexes", root))


def test_an_index_is_built_once_and_answers_the_same_from_disk(tmp_path: Path) -> None:
    built, again = opened(tmp_path), opened(tmp_path)
    assert built.built_s is not None
    assert again.built_s is None
    assert len(built) == len(again) == 5
    for index in (built, again):
        (best,) = index.search(["CAO"], 3)
        assert best == [Chunk("b#0", "o cão"), Chunk("b#1", "cão correu")]
        assert index.shortest() == Chunk("c#0", "x")
    assert opened(tmp_path, chunking="words:9:0").built_s is not None


def test_an_index_that_lost_a_file_is_built_again(tmp_path: Path) -> None:
    (opened(tmp_path).folder / "chunks.jsonl").unlink()
    mended = opened(tmp_path)
    assert mended.built_s is not None
    assert mended.search(["cat"], 1) == [[Chunk("a#0", "the cat")]]


def test_another_corpus_than_was_planned_and_one_without_words_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not what it was when the run was planned"):
        opened(tmp_path, corpus_of([Document("a", "changed")]))
    wordless = corpus_of([Document("a", "… — !")])
    retrieval = Retrieval(corpus_digest=wordless.digest, chunking="words:9:0", template="")
    with pytest.raises(InputError, match="holds no word"):
        open_index(retrieval, "corpus", lambda: wordless, Cache("indexes", tmp_path))
    assert opened(tmp_path).built_s is not None


def test_a_task_without_a_corpus_needs_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'arithmetic' brings none"):
        find_corpus(None, find_task("arithmetic"))
    (tmp_path / "a.txt").write_text("text")
    assert len(find_corpus(str(tmp_path), find_task("arithmetic")).documents) == 1
