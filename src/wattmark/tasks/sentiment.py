"""Sentiment: short reviews, labelled positive or negative by a sequence classifier.

The answer is the label that the model's own id2label gives to its highest logit. A model whose
labels are only numbered (LABEL_0) does not say what it means by them, so it is not scored:
guessing an order could turn a good model into a bad one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.schema import Generation, Query, Score
from wattmark.tasks.rows import read_rows
from wattmark.tasks.scoring import normalise, shorten

DATA = Path(__file__).parent / "data" / "sentiment.jsonl"
SCORER = 1
"""Raised with every change of how an answer is read."""

_SYNONYMS = {"neg": "negative", "pos": "positive"}
_NUMBERED = re.compile(r"label[ _]?\d+")


class Sentiment:
    """Held-out reviews of the embedded sentiment model; any classifier can try them."""

    name = "sentiment"
    kind: ClassVar[str] = "classifier"

    def __init__(self) -> None:
        data = read_rows(DATA)
        self.version = f"{SCORER}-{data.digest}"
        self._queries = tuple(Query(row.id, row.query, row.query, row.answer) for row in data.rows)

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of a fixed order; the file is shuffled, so `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the label is the gold, but for case and the short forms neg and pos."""
        if query.answer is None:
            return Score(None, None, None, "this query has no answer to compare with")
        label = normalise(generation.text)
        if _NUMBERED.fullmatch(label):
            return Score(None, None, label, "the model's id2label does not say what this label is")
        correct = _SYNONYMS.get(label, label) == normalise(query.answer)
        shown = shorten(label)
        why = f"labelled '{shown}'" if correct else f"labelled '{shown}', gold is '{query.answer}'"
        return Score(correct, float(correct), shown or None, why)
