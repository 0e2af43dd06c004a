"""What is read where no number of a text is firm: operands alone, words, asides."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import REFUSING
from wattmark.scoring.asked import NOTHING_ASKED, Asked
from wattmark.scoring.choose import choose
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.saying import Stated, in_words, last_stated
from wattmark.scoring.worded import EQUALS, concluded_in_words, said_before

_NO_IDEA = re.compile(
    r"\b(?:é|era|seria)\suma?\s(?:boa\s)?(?:pergunta|questão|problema|conta|exercício|desafio)\b|"
    r"\bnão\s+sei(?=[.!,]|\s*$)|\b(?:i\s+(?:don't|do\s+not)\s+know[.!]?\s*$|(?:no|zero)\s+idea\b|não\s+faço\s+ideia|can't\s+answer)",
    re.IGNORECASE,
)
"""It says nothing, not zero."""
_SHARE_ALONE = re.compile(
    r"\W{0,3}\d[\d.,]{0,9}\s?%\s(?:of|d[eoa]s?)\s[^\d.!?\n=]{0,20}\d[\d.,]{0,12}\s[^\d.!?\n=]{5,200}[.!]?\s*"
)
"""'40% of the 250 people asked like it.'"""


def loosely(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked, *, asides: bool
) -> Stated | None:
    """The answer in words, or of the asides where they may be one; None where there is none."""
    if found and len(marks.operands) == len(found):
        return _beside_operands(text, found, asked)
    if _NO_IDEA.search(text):
        return None
    refused = REFUSING.search(text) is not None  # 'You said 63 … I am unable to say what it is'
    words = in_words(text, 0, len(text), asked, alone=not found and not refused)
    loose = [n for n in range(len(found)) if n not in marks.out] if asides and not refused else []
    loose = [n for n in loose if found[n].value not in asked.given] if marks.told else loose
    if not loose or (words is not None and not words.several):
        return words
    at = loose[-1] if asked.text else choose(text, found, loose, asked)
    return last_stated(text, found, marks, at, NOTHING_ASKED)


def _beside_operands(text: str, found: Sequence[Number], asked: Asked) -> Stated | None:
    """'30 + 40, that is seventy', and the share of '40% of the 250 like it'."""
    said = concluded_in_words(text[found[-1].end :], EQUALS)
    said = said or said_before(text[: found[0].start], asked)
    if said is None and _SHARE_ALONE.fullmatch(text):
        return Stated((found[0],), "the only share")
    return said
