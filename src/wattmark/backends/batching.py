"""Rows of token ids to a rectangle and back: padding in, cutting at the end token out. No torch.

Padding is no work that was asked for: it is masked in, and never counted out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Padded:
    """A batch: `ids` and `mask` are rows × width, `lengths` the real tokens of each row."""

    ids: list[list[int]]
    mask: list[list[int]]
    lengths: list[int]

    @property
    def width(self) -> int:
        """Tokens of the longest row."""
        return max(self.lengths)


def pad(rows: Sequence[Sequence[int]], pad_id: int, *, left: bool) -> Padded:
    """Fill every row up to the longest one: left to go on from its end, right to classify it."""
    width = max(len(row) for row in rows)
    ids, mask = [], []
    for row in rows:
        fill = width - len(row)
        filler, real = [pad_id] * fill, list(row)
        hidden, seen = [0] * fill, [1] * len(row)
        ids.append(filler + real if left else real + filler)
        mask.append(hidden + seen if left else seen + hidden)
    return Padded(ids, mask, [len(row) for row in rows])


@dataclass(frozen=True)
class Answer:
    """One row's own tokens, its end token included, and why it stopped."""

    ids: list[int]
    stop_reason: str


def cut(
    rows: Sequence[Sequence[int]],
    eos_ids: Collection[int],
    stopped: Sequence[int | None] | None = None,
) -> list[Answer]:
    """Each row up to and including its first end token; what follows is padding.

    `stopped` are the tokens of each row up to the end of a stop string, None where it has none.
    """
    answers = []
    for row, length in zip(rows, stopped or [None] * len(rows), strict=True):
        end = next((at for at, token in enumerate(row) if token in eos_ids), None)
        if length is not None and (end is None or length <= end):
            answers.append(Answer(list(row[:length]), "stop"))
            continue
        kept = list(row) if end is None else list(row[: end + 1])
        answers.append(Answer(kept, "length" if end is None else "eos"))
    return answers
