"""Sentiment: short reviews, labelled positive or negative by a sequence classifier.

The answer is the label that the model's own id2label gives to its highest logit. A model whose
labels are only numbered (LABEL_0) does not say what it means by them, so it is not scored:
guessing an order could turn a good model into a bad one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import NO_GOLD
from wattmark.scoring.text import normalise, shorten
from wattmark.tasks.rows import OWN_DATA, read_rows

DATA = Path(__file__).parent / "data" / "sentiment.jsonl"
SCORER = 1
"""Raised with every change of how an answer is read."""

NEGATIVE, POSITIVE = "negative", "positive"
_SYNONYMS = {"neg": NEGATIVE, "pos": POSITIVE}
_NUMBERED = re.compile(r"label[ _]?\d+")


class Sentiment:
    """Held-out reviews of the embedded sentiment model; any classifier can try them."""

    name = "sentiment"
    kind: ClassVar[str] = "classifier"
    options: ClassVar[Mapping[str, str]] = {}
    licence: ClassVar[str] = OWN_DATA
    about: ClassVar[str] = "short reviews, positive or negative: held out from the embedded model"

    def __init__(self) -> None:
        data = read_rows(DATA)
        self.version = f"{SCORER}-{data.digest}"
        self._queries = tuple(Query(row.id, row.query, row.query, row.answer) for row in data.rows)

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of a fixed order; the file is shuffled, so `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the label is the gold, but for case and the short forms neg and pos."""
        return label_score(query, generation.text, {})


def label_score(query: Query, text: str, meanings: Mapping[str, str]) -> Score:
    """A classifier's label against the gold; `meanings` says what labels of its own mean.

    A label that is only a number, with no meaning given, is not scored.
    """
    if query.answer is None:
        return NO_GOLD
    label = normalise(text)
    shown = shorten(label)
    meant = meanings.get(label, _SYNONYMS.get(label, label))
    if _NUMBERED.fullmatch(meant):
        return Score(None, None, shown, "the model's id2label does not say what this label is")
    gold = normalise(query.answer)
    correct = meant == _SYNONYMS.get(gold, gold)
    why = f"labelled '{shown}'" if correct else f"labelled '{shown}', gold is '{query.answer}'"
    return Score(correct, float(correct), shown or None, why)
