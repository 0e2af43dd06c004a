"""Answers that leave it open: 'It may be 12 or else 14; it is hard to say.'"""

from __future__ import annotations

import re

from wattmark.scoring.amounts import joined
from wattmark.scoring.asked import Asked
from wattmark.scoring.context import marks_of
from wattmark.scoring.explicit import explicit_of
from wattmark.scoring.numerals import numbers
from wattmark.scoring.saying import Stated
from wattmark.scoring.segments import ENDS

_I = re.IGNORECASE
_UNDECIDED = re.compile(
    r"\bdepend(?:s|ing)\s+on\b|\bdepende(?:ndo)?\s+d[aeo]s?\b|\b(?:not|n't)\s+(?:[a-z]{2,12}ly\s+|quite\s+)?(?:sure|certain)\b"
    r"|\b(?:can't|cannot|can\s+not|couldn't)\s+(?:decide|tell|say|determine|verify)\b|\b(?:hard|impossible|difficult)\s+to\s+(?:say|tell|know|decide)\b"
    r"|\bno\s+way\s+(?:to|of)\s+(?:tell|know)\w{0,3}\b|\bwho\s+knows\b|\b(?:nobody|no\s+one)\s+knows\b"
    r"|\bnão\s+(?:tenho\s+(?:a\s+)?certeza|sei\b|consigo\s+(?:dizer|decidir|determinar)|dá\s+para\s+(?:dizer|saber))"
    r"|\b(?:difícil|impossível)\s+(?:dizer|saber)\b|\bestou\s+(?:em\s+dúvida|indecis[oa])\b|\bquem\s+sabe\b",
    _I,
)
_COMMITS = re.compile(
    r"\b(?:but|so|still|then|i'd|mas|então|portanto|logo|porém)\b[^.!?\n]{0,60}\d|[.!?\n]\s[^.!?\n]{0,80}\d",
    _I,
)
"""An answer after it, or 'but' and an answer."""
_LOOK_BACK = 400
_SENTENCES = 3
"""Those that are looked at, the one that says that it is undecided included."""


def between_two(text: str, language: str | None, asked: Asked) -> Stated | None:
    """The two numbers that a text cannot decide between; None where it states one of them."""
    said = list(_UNDECIDED.finditer(text))
    if not said or _COMMITS.search(text, said[-1].end()):
        return None
    start = max(0, said[-1].start() - _LOOK_BACK)
    ends = [end.end() for end in ENDS.finditer(text, start, said[-1].start())]
    near = text[ends[-_SENTENCES] if len(ends) >= _SENTENCES else start :]
    found = joined(near, numbers(near, language))
    marks = marks_of(near, found, asked)
    free = [n for n, one in enumerate(found) if n not in marks.out and one.value not in asked.given]
    able = {found[n].value: n for n in free}
    if len(able) < 2 or explicit_of(near, found, marks):
        return None
    one, other = sorted(able.values())[-2:]
    return Stated((found[one], found[other]), "left open", several=True)
