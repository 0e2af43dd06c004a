"""The next token of each row from its logits, for engines whose decoding loop is ours. No torch.

Greedy takes the likeliest. Drawing takes one at random by its probability at a temperature, among
the likeliest tokens that together have `top_p` (Holtzman et al. 2020, nucleus sampling), from a
generator that begins anew with each batch: the same batch of the same trial draws the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from wattmark.schema import Asking

Logits = npt.NDArray[np.floating]
Ids = npt.NDArray[np.int64]


class Chooser:
    """Chooses tokens for one batch after another, and keeps how likely each was where asked."""

    def __init__(self, asking: Asking | None, seed: int) -> None:
        self.asking = asking or Asking()
        self.batch_seed = seed
        """Of the batch at hand, for engines that draw by themselves."""
        self._seed = seed
        self._source = np.random.default_rng(seed)
        self._logarithms: list[npt.NDArray[np.float64]] = []

    def begin(self, batch: int) -> None:
        """A new batch."""
        self._source = np.random.default_rng((self._seed, batch))
        self.batch_seed = (self._seed * 1_000_003 + batch) % 2**31
        self._logarithms = []

    def choose(self, logits: Logits) -> Ids:
        """Ids (rows) of the next tokens; `logits` are rows × vocabulary."""
        asking = self.asking
        if asking.temperature > 0:
            chosen = self._drawn(logits)
        else:
            chosen = logits.argmax(axis=-1).astype(np.int64)
        if asking.confidence:
            self._logarithms.append(_logarithms(logits, chosen))
        return chosen

    def confidences(self, lengths: Sequence[int]) -> list[float | None]:
        """Of each row the geometric mean probability of its first `lengths` tokens, 0 to 1.

        By the model's own distribution, whatever the temperature; None where it was not asked for.
        """
        if not self._logarithms:
            return [None] * len(lengths)
        told = np.stack(self._logarithms, axis=1)
        return [
            math.exp(float(row[:length].mean())) if length else None
            for row, length in zip(told, lengths, strict=True)
        ]

    def _drawn(self, logits: Logits) -> Ids:
        powers = logits.astype(np.float64) / self.asking.temperature
        shares = np.exp(powers - powers.max(axis=-1, keepdims=True))
        shares /= shares.sum(axis=-1, keepdims=True)
        order = np.argsort(-shares, axis=-1, kind="stable")
        ranked = np.take_along_axis(shares, order, axis=-1)
        before = ranked.cumsum(axis=-1) - ranked
        # The token that reaches top_p still counts, so that one is always left.
        ranked = np.where(before < self.asking.top_p, ranked, 0.0)
        ranked /= ranked.sum(axis=-1, keepdims=True)
        drawn = self._source.random((len(ranked), 1))
        places = np.minimum((ranked.cumsum(axis=-1) <= drawn).sum(axis=-1), _last(ranked))
        chosen: Ids = np.take_along_axis(order, places[:, None], axis=-1)[:, 0].astype(np.int64)
        return chosen


def _last(ranked: npt.NDArray[np.float64]) -> npt.NDArray[np.intp]:
    """The place of the last token that may be drawn: sums of floats may stay below 1."""
    places: npt.NDArray[np.intp] = np.count_nonzero(ranked, axis=-1) - 1
    return places


def _logarithms(logits: Logits, chosen: Ids) -> npt.NDArray[np.float64]:
    """Log-probability of the chosen token of each row."""
    highest = logits.max(axis=-1, keepdims=True)
    sums = np.exp(logits - highest).sum(axis=-1, dtype=np.float64)
    taken = np.take_along_axis(logits, chosen[:, None], axis=-1)[:, 0] - highest[:, 0]
    return np.asarray(taken.astype(np.float64) - np.log(sums))
