"""Does a held-out sentence share its template, or a run of words, with the training text?

A template is seen by its skeleton: words of a kind (adjective, noun, form of `be`, article …)
exchanged for the kind, degrees left out. "The soup was very good" and "the film is bad" have the
same skeleton, so they share a template.
"""

from __future__ import annotations

import random
import re

from embedded_common import Row
from embedded_lexicon import ADJECTIVES, FEELINGS, INTENSIFIERS, LIKED, NAMED, NOUNS, QUALITIES
from embedded_sentences import draw_training

SHARED_RUN = 6
SENTENCES = 150_000

_ARTICLES = "the a an this that my our their his her these such"
_KINDS: dict[str, str] = {
    **dict.fromkeys(_ARTICLES.split(), "D"),
    **dict.fromkeys(["is", "was", "are", "were", "be"], "B"),
    **dict.fromkeys(NOUNS, "N"),
    **dict.fromkeys(INTENSIFIERS, ""),
    **{word: "Q" for side in QUALITIES.values() for word in side},
    **{word: "M" for side in NAMED.values() for word in side},
    **{word: "V" for side in LIKED.values() for word in side},
    **{word: "A" for lists in (FEELINGS, ADJECTIVES) for side in lists.values() for word in side},
}


def skeleton(sentence: str) -> tuple[str, ...]:
    """The sentence with words exchanged for their kinds."""
    kinds = (_KINDS.get(word, word) for word in _words(sentence))
    return tuple(kind for kind in kinds if kind)


def shared(rows: list[Row], seed: int, sentences: int = SENTENCES) -> list[str]:
    """Held-out sentences whose skeleton, or a run of six words, generated text also has."""
    rng = random.Random(f"sentiment overlap {seed}")
    skeletons: set[tuple[str, ...]] = set()
    runs: set[tuple[str, ...]] = set()
    for _ in range(sentences):
        sentence = draw_training(rng)[0]
        skeletons.add(skeleton(sentence))
        runs |= _runs(sentence)
    return [
        row["query"]
        for row in rows
        if skeleton(row["query"]) in skeletons or _runs(row["query"]) & runs
    ]


def _words(sentence: str) -> list[str]:
    return re.findall(r"[a-z']+", sentence.lower())


def _runs(sentence: str) -> set[tuple[str, ...]]:
    words = _words(sentence)
    return {tuple(words[i : i + SHARED_RUN]) for i in range(len(words) - SHARED_RUN + 1)}
