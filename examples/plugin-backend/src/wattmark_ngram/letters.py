"""A model of letters: the share of each next letter after the last six, counted from sentences.

A context that was never seen is shortened until it was; each letter dropped costs a factor of 0.4
where a text is scored. Shares are kept as logarithms in 32-bit floats.
[Brants et al. 2007, 'Large Language Models in Machine Translation': stupid backoff]
"""

from __future__ import annotations

import math
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

ORDER = 6
END = "\0"
"""The letter after a sentence; its id is 0."""
START = "\1"
_DROPPED = math.log(0.4)
_UNSEEN = math.log(1e-4)


class Letters:
    """Context → its next letters, in order, and the logarithms of their shares."""

    def __init__(self, sentences: Iterable[str]) -> None:
        counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        for sentence in sentences:
            text = f"{START}{sentence}{END}"
            for at in range(1, len(text)):
                for length in range(min(ORDER, at) + 1):
                    counts[text[at - length : at]][text[at]] += 1
        self._tables: Mapping[str, tuple[str, array[float]]] = {
            context: ("".join(sorted(found)), _log_shares(found))
            for context, found in counts.items()
        }

    @property
    def parameters(self) -> int:
        """Shares that are kept."""
        return sum(len(shares) for _, shares in self._tables.values())

    @property
    def size_bytes(self) -> int:
        """Of the tables with all that they hold, as Python stores them."""
        held = sum(
            sys.getsizeof(context) + sys.getsizeof(letters) + sys.getsizeof(shares)
            for context, (letters, shares) in self._tables.items()
        )
        return sys.getsizeof(self._tables) + held

    def next(self, text: str) -> str:
        """The most frequent next letter; of two as frequent, the first in the alphabet."""
        letters, shares = self._tables[self._seen(text)]
        return letters[max(range(len(shares)), key=shares.__getitem__)]

    def score(self, text: str) -> float:
        """Logarithm of how likely a sentence is."""
        whole = f"{START}{text}{END}"
        return sum(self._share(whole[:at], whole[at]) for at in range(1, len(whole)))

    def _seen(self, text: str) -> str:
        tails = (text[len(text) - length :] for length in range(min(ORDER, len(text)), -1, -1))
        return next(tail for tail in tails if tail in self._tables)

    def _share(self, text: str, letter: str) -> float:
        for dropped, length in enumerate(range(min(ORDER, len(text)), -1, -1)):
            letters, shares = self._tables.get(text[len(text) - length :], ("", ()))
            if letter in letters:
                return dropped * _DROPPED + shares[letters.index(letter)]
        return _UNSEEN


def _log_shares(found: Counter[str]) -> array[float]:
    whole = found.total()
    return array("f", (math.log(count / whole) for _, count in sorted(found.items())))


class Model:
    """Goes on with a prompt, and says which of the labels a text is likeliest to have."""

    def __init__(self) -> None:
        rows = [line.split("\t") for line in _lines()]
        self.letters = Letters(sentence for _, sentence in rows)
        self.labels = {
            label: Letters(sentence for told, sentence in rows if told == label)
            for label in sorted({label for label, _ in rows})
        }

    @property
    def all(self) -> Sequence[Letters]:
        """Every table of letters that it holds."""
        return [self.letters, *self.labels.values()]

    def classify(self, text: str) -> tuple[str, float]:
        """The likeliest label and its probability, all labels as likely beforehand."""
        scores = {label: letters.score(text) for label, letters in self.labels.items()}
        best = max(scores, key=scores.__getitem__)
        whole = sum(math.exp(score - scores[best]) for score in scores.values())
        return best, 1 / whole


def _lines() -> list[str]:
    told = resources.files("wattmark_ngram") / "sentences.tsv"
    return told.read_text(encoding="utf-8").splitlines()
