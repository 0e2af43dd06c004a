"""The number that goes on from those that a question gives: '2, 6, 18, 54, 162, 486, …'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked
from wattmark.scoring.lists import runs_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.saying import Stated

_NEXT = re.compile(
    r"\b(?:next|comes\s+(?:after|next)|follows|próxim[oa]|seguinte|vem\s+(?:depois|a\s+seguir))\b"
    r"|\b(?:complete|continue)\b",
    re.IGNORECASE,
)
_KNOWN = 3
"""Numbers of the question that the list begins with, at least."""


def next_of(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """Of a list that ends the text, the first number that the question does not give."""
    if len(asked.given) < _KNOWN or not _NEXT.search(asked.text):
        return None
    runs = runs_of(text, found, [n for n in range(len(found)) if n not in marks.operands])
    for run in runs[-1:]:
        new = [at for at, n in enumerate(run) if found[n].value not in asked.given]
        if new and new[0] >= _KNOWN and len(run) > new[0] + 1:
            return Stated((found[run[new[0]]],), "the next of the list")
    return None
