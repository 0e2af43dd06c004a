"""A last paragraph that says what the answer is: 'The net number sold on Tuesday is 37.'"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked, is_negated, stems
from wattmark.scoring.choose import QUANTITIES
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.saying import Stated, said_at

_IS = re.compile(
    r"(?:\b(?:is|are|was|é(?:\s+de)?|são|foi(?:\s+de)?|equals)|=)\s+(?:R\$\s?|[$€£])?$",
    re.IGNORECASE,
)
_ENDS = re.compile(r"(?:\s?[^\W\d_]{1,20}(?:/[a-z]{1,3})?|[%°€²³]|\s?\^\d){0,4}\s?[.!]?\s*")
_BARE = re.compile(
    r"\s*(?:-\s)?(?:=\s?)?(?:R\$\s?|[$€£])?-?\d[\d.,]{0,20}(?:\s?[^\W\d_]{1,20}){0,2}\s?[.!]?\s*"
)
_LEADS_TO = re.compile(
    r"(?:\b(?:total|answer|resposta|resultado|result|altogether)\b[^.!?\n]{0,60}"
    r"|\b(?:adding|somando|thus|so|logo|portanto|assim)\b[^.!?\n]{0,80}):\s*$",
    re.IGNORECASE,
)
"""A line that leads to the next one, where the answer stands alone."""
_WORDS = 2
"""Of the question, that it says over at least."""


def closing(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """What the last paragraph states, where it says 'the … is 37' in words of the question."""
    if not found or not asked.words or "\n" not in text.rstrip():
        return None
    last = len(found) - 1
    start = text.rstrip().rfind("\n") + 1
    number = found[last]
    alone = number.start >= start and (not last or found[last - 1].start < start)
    if not alone or last in marks.out or not _ENDS.fullmatch(text, number.end):
        return None
    line = text[start:]
    if _BARE.fullmatch(line) and _LEADS_TO.search(text[:start]):
        return said_at(text, found, marks, last, "stated last")
    said = stems(line)
    if is_negated(line) != asked.negated:
        return None
    if _IS.search(text[start : number.start]) is None or said & QUANTITIES - asked.words:
        return None
    return (
        said_at(text, found, marks, last, "stated last")
        if len(said & asked.words) >= _WORDS
        else None
    )
