"""Arithmetic: whole-number sums, differences and products, scored by exact match.

The working that a model writes before its result is allowed and never scored: the last number
it states is its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.schema import Generation, Query, Score
from wattmark.tasks.rows import read_rows
from wattmark.tasks.scoring import numeric_score

DATA = Path(__file__).parent / "data" / "arithmetic.jsonl"
PROMPT = "{query} ="
SCORER = 1
"""Raised with every change of the prompt or of how an answer is read."""


class Arithmetic:
    """Held-out problems of the embedded arithmetic model; any causal model can try them."""

    name = "arithmetic"
    kind: ClassVar[str] = "causal"

    def __init__(self) -> None:
        data = read_rows(DATA)
        self.version = f"{SCORER}-{data.digest}"
        self._queries = tuple(
            Query(row.id, row.query, PROMPT.format(query=row.query), row.answer)
            for row in data.rows
        )

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of a fixed order; the file is shuffled, so `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the last number stated equals the gold by value."""
        if query.answer is None:
            return Score(None, None, None, "this query has no answer to compare with")
        return numeric_score(query.answer, generation.text)
