"""Retrieval in the worker: an index before the measured region, contexts for each batch inside it.

An engine gets prompts with their contexts and knows nothing of it; a batch begins with what was
retrieved for it, so that time to first token and a batch's joules hold the retrieval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattmark import registry
from wattmark.backends import Backend, Counts, Stamp
from wattmark.errors import InputError
from wattmark.runner.asking import Answer
from wattmark.runner.wire import Job
from wattmark.schema import Generation, Query, Retrieval, Retrieved
from wattmark.tasks.find import find_task
from wattmark.tasks.index import Index, find_corpus, open_index
from wattmark.tasks.retrieval import RETRIEVERS, Room, with_context


class Contexts:
    """Gives prompts their contexts, for one job with a loaded engine.

    Raises what opening the index does, and InputError for a budget that not even the shortest
    chunk fits into.
    """

    def __init__(
        self,
        job: Job,
        backend: Backend,
        retrieval: Retrieval,
        form: Callable[[str], str] = lambda prompt: prompt,
    ) -> None:
        self.retrieval = retrieval
        self._retrieved: dict[str, Retrieved] = {}
        name = job.trial.task if job.corpus is None else Path(job.corpus).name
        task = job.trial.task
        self.index: Index = open_index(
            retrieval, name, lambda: find_corpus(job.corpus, find_task(task))
        )
        texts: Counts | None = getattr(backend, "texts", None)
        self.counted = "bytes" if texts is None else "tokens"
        most = _most(backend.facts, job.trial.max_new_tokens)
        self._room = _room(texts, retrieval.context_tokens, most, form)
        shortest = self.index.shortest()
        least = self._room.count(shortest.text)
        if least > retrieval.context_tokens:
            raise InputError(
                f"The shortest chunk ({shortest.id}) has {least} {self.counted}: none fits into "
                f"{retrieval.context_tokens}.",
                "Raise --context-tokens, or lower --chunk-size.",
            )

    @property
    def facts(self) -> dict[str, Any]:
        """What the index is, for the record."""
        return {
            "chunks": len(self.index),
            "index_built_s": self.index.built_s,
            "context_counted_in": self.counted,
        }

    def answering(self, answer: Answer) -> Answer:
        """An engine's `generate` with retrieval before it."""

        def with_retrieval(batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
            start = stamp.now()
            asked = self._asked(queries)
            counts = [self._retrieved[query.id].context_tokens for query in queries]
            tokens = None if None in counts else sum(count or 0 for count in counts)
            stamp.add("retrieve", start, stamp.now(), batch=batch, tokens=tokens)
            # A batch begins with its retrieval.
            return [replace(given, start_ns=start) for given in answer(batch, asked, stamp)]

        return with_retrieval

    def of(self, queries: Sequence[Query]) -> tuple[Retrieved, ...]:
        """What was retrieved for each, once they were answered."""
        return tuple(self._retrieved[query.id] for query in queries)

    def _asked(self, queries: Sequence[Query]) -> list[Query]:
        found = self.index.search([query.text for query in queries], self.retrieval.top_k)
        asked = []
        for query, chunks in zip(queries, found, strict=True):
            retrieved = with_context(query, chunks, self.retrieval.template, self._room)
            self._retrieved[query.id] = retrieved
            asked.append(replace(query, prompt=retrieved.prompt))
        return asked


def indexed(
    job: Job,
    backend: Backend,
    stamp: Stamp,
    *,
    form: Callable[[str], str],
    mark: Callable[[str], None] = lambda _stage: None,
) -> Contexts | None:
    """The contexts of a job whose trial retrieves, its engine loaded; marks the span `index`.

    `form` is what is put around a prompt before the model gets it. Opening the index is outside of
    the measured region, with readings of the sensors around it.
    """
    retrieval = job.trial.retrieval
    if retrieval is None:
        return None
    registry.resolve(RETRIEVERS[retrieval.retriever])  # its import is no part of an index
    mark("index")
    started = stamp.now()
    contexts = Contexts(job, backend, retrieval, form)
    ended = stamp.now()
    mark("index over")
    stamp.add("index", started, ended)
    return contexts


def _most(facts: Any, new_tokens: int) -> int | None:
    """Tokens of a prompt that leave room for its answer; None where the window is not known."""
    window = facts.get("context") or facts.get("max_positions")
    return None if window is None else int(window) - new_tokens


def _room(texts: Counts | None, budget: int, most: int | None, form: Callable[[str], str]) -> Room:
    """By the model's tokenizer; in bytes, which are never fewer, where the engine has none."""
    if texts is None:
        return Room(budget, _bytes, lambda text: _bytes(form(text)), most, in_tokens=False)
    count = texts.count
    return Room(budget, count, lambda text: count(form(text), special=True), most)


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
