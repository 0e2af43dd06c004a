"""Exact match and F1 of words by SQuAD's official evaluation (Rajpurkar et al. 2016, 2018).

Lower case, the 32 signs of ASCII punctuation dropped, then the words a, an, the, then spaces
made one. Of several gold answers the best counts. As in version 2.0 a question without a gold
answer is answered right by an empty answer only, and its F1 is its exact match.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

from wattmark.schema import Score
from wattmark.scoring.text import shorten

_ARTICLES = re.compile(r"\b(a|an|the)\b", re.UNICODE)
_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_squad(text: str) -> str:
    """A text as the official evaluation compares it."""
    plain = text.lower().translate(_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", plain).split())


def exact_match(gold: str, answer: str) -> bool:
    """Are the two the same once normalised?"""
    return normalise_squad(gold) == normalise_squad(answer)


def f1(gold: str, answer: str) -> float:
    """Harmonic mean of precision and recall of words, 0 to 1; repeated words count as often."""
    wanted, said = normalise_squad(gold).split(), normalise_squad(answer).split()
    if not wanted or not said:
        return float(wanted == said)
    same = sum((Counter(wanted) & Counter(said)).values())
    if same == 0:
        return 0.0
    precision, recall = same / len(said), same / len(wanted)
    return (2 * precision * recall) / (precision + recall)


def squad_score(golds: Sequence[str], answer: str) -> Score:
    """`correct` is the exact match, `value` the F1, both the best over the gold answers.

    Gold answers that are empty once normalised are dropped; where none is left, the question has
    no answer, and an empty one is right.
    """
    kept = [gold for gold in golds if normalise_squad(gold)] or [""]
    exact = any(exact_match(gold, answer) for gold in kept)
    best = max(f1(gold, answer) for gold in kept)
    said = shorten(normalise_squad(answer))
    wanted = f"'{shorten(kept[0])}'" if kept[0] else "no answer"
    why = f"exact match of {wanted}" if exact else f"F1 {best:.3f} with {wanted}"
    return Score(exact, best, said or None, why)
