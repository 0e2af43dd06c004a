"""Facts: questions about invented things, which only a passage of the task's corpus answers.

No model can know the answers, so asked alone it guesses; with the right passage in the prompt it
has only to find and copy them. That makes what retrieval costs, and what it brings, plain to see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import find_scorer
from wattmark.tasks.formats import digest, read_table
from wattmark.tasks.rows import OWN_DATA

DATA = Path(__file__).parent / "data" / "facts.jsonl"
CORPUS = DATA.with_name("facts_corpus.jsonl")
PROMPT = "Question: {query}\nAnswer:"
SCORER = 1
"""Raised with every change of the prompt or of how an answer is read."""


class Facts:
    """Held-out questions of the embedded facts model; any causal model can try them."""

    name = "facts"
    kind: ClassVar[str] = "causal"
    stops: ClassVar[tuple[str, ...]] = ("\nQuestion:", "\nContext:")
    options: ClassVar[Mapping[str, str]] = {}
    licence: ClassVar[str] = OWN_DATA
    about: ClassVar[str] = "questions about invented things: a passage of the corpus has the answer"
    top_k: ClassVar[int] = 1
    """A model this small is confused by more (its card says how much)."""
    context_prompt: ClassVar[str] = "Context:\n{context}\n\n{prompt}"
    """The prompt with retrieved passages; the one that the embedded model was trained on."""

    def __init__(self) -> None:
        rows = [row.cells for row in read_table(DATA)]
        texts = {row.text("id"): row.text("text") for row in read_table(CORPUS)}
        self.version = f"{SCORER}-{digest([rows, texts])}"
        self._score = find_scorer("exact")
        self._queries = tuple(
            Query(
                id=row["id"],
                text=row["query"],
                prompt=PROMPT.format(query=row["query"]),
                answer=row["answer"],
                answers=(row["answer"],),
                context=texts[row["passage"]],
                language="en",
            )
            for row in rows
        )

    def corpus(self) -> Path:
        """The passages: rows of `id` and `text`, each with one to three sentences."""
        return CORPUS

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of a fixed order; the file is shuffled, so `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the whole answer is the gold one, but for case, spaces and punctuation."""
        return self._score(query, generation.text)
