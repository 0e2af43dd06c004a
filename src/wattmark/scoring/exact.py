"""Exact match of a phrase, but for case, spacing and the punctuation at its ends."""

from __future__ import annotations

from collections.abc import Sequence

from wattmark.schema import Score
from wattmark.scoring.text import normalise, shorten


def exact_score(golds: Sequence[str], answer: str) -> Score:
    """Correct where the whole answer is one of the gold phrases."""
    said = normalise(answer)
    correct = said in {normalise(gold) for gold in golds}
    shown = shorten(said)
    expected = shorten(normalise(golds[0])) if golds else ""
    why = f"read '{shown}'" if correct else f"read '{shown}', expected '{expected}'"
    return Score(correct, float(correct), shown or None, why)
