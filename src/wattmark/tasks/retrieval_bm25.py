"""BM25 by bm25s (numpy, Lucene's form: k1 1.5, b 0.75), over our own words (`retrieval.words`).

Its own tokenizer would drop single characters ('7', 'é') and English stop words, and stem with a
library that is not needed here. Scores are of all chunks, so that ties can be told apart by
place: the library's own top-k takes any of them.
[Lù 2024, BM25S: Orders of magnitude faster lexical search via eager sparse scoring]
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import bm25s
import numpy as np

from wattmark.tasks.retrieval import words

_TOKENS = 1
"""Raised with every change of how texts become words."""
logging.getLogger("bm25s").setLevel(logging.WARNING)  # it logs each index at DEBUG


class BM25:
    """A `Retriever` over one list of texts."""

    version = f"bm25s {bm25s.__version__}, words {_TOKENS}"

    def __init__(self, scorer: Any) -> None:
        self._scorer = scorer

    @classmethod
    def index(cls, texts: Sequence[str]) -> Self:
        """Index texts in their order."""
        scorer = bm25s.BM25(method="lucene", k1=1.5, b=0.75, backend="numpy")
        # Ids instead of words: a corpus of millions of words is then a list of small integers.
        known: dict[str, int] = {}
        ids = [[known.setdefault(word, len(known)) for word in words(text)] for text in texts]
        known.setdefault("", len(known))
        scorer.index((ids, known), show_progress=False)
        return cls(scorer)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """An index that `save` wrote; its arrays are mapped, not read."""
        return cls(bm25s.BM25.load(folder, mmap=True, allow_pickle=False, show_progress=False))

    def save(self, folder: Path) -> None:
        """Write the index into a folder."""
        self._scorer.save(folder, allow_pickle=False, show_progress=False)

    def search(self, texts: Sequence[str], k: int) -> list[list[tuple[int, float]]]:
        """For each text up to `k` (number, score), the best first; only what shares a word."""
        return [self._best(text, k) for text in texts]

    def _best(self, text: str, k: int) -> list[tuple[int, float]]:
        known = self._scorer.vocab_dict
        ids = [known[word] for word in words(text) if word in known]
        if not ids:
            return []
        scores = np.asarray(self._scorer.get_scores_from_ids(ids))
        least = 0.0
        if k < scores.size:
            least = float(np.partition(scores, scores.size - k)[scores.size - k])
        able = np.flatnonzero((scores >= least) & (scores > 0))
        order = able[np.argsort(-scores[able], kind="stable")][:k]
        return [(int(at), float(scores[at])) for at in order]
