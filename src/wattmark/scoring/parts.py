"""Two numbers that add up to one that the question gives, or to all of a share: which is asked for.

'200 pages, so 120 are left', '75 %, which means it lost 25 %': the other part answers only a
question for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import UNIT_STEMS, Asked, is_asked, is_negated, stems
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import ENDS

_I = re.IGNORECASE
_BACK = 12
"""Numbers before one that may be the other part."""
_LEFT = re.compile(
    r"\b(?:left|leav(?:es|ing|e)|remain\w*|rest|still|to\s+go|more|free|livres?|un[a-z]{3,6}|empty|sobr(?!e\b)\w+|rest(?:a|am|ou|aram|ando)"
    r"|fic\w+\s+com|ends?\s+up|falt\w+|ainda|vazi[oa]s?)\b",
    _I,
)
_IN_IT = frozenset(("nele", "nela", "dele", "dela"))
_CLAUSE = re.compile(r"[.!?;,(—](?=\s)|\n|(?<=\s)\(|\s(?:and|e|but|mas)\s", _I)
_LEAST = re.compile(r"\b(?:at\s+least|pelo\s+menos|not|não|n't|never|nenhum\w?|none)\b", _I)


_SO = re.compile(r"\b(?:so|then|therefore|thus|hence|então|logo|portanto|assim)\b|=", _I)
STOPS = re.compile(ENDS.pattern + r"|;\s", _I)


def is_other_part(
    text: str, found: Sequence[Number], new: Sequence[int], n: int, asked: Asked
) -> bool:
    """Is it the part that is not asked for, after an earlier number that is?"""
    number = found[n]
    if number.value is None:
        return False
    left = _says(text, number, _LEFT)
    if left and not asked.rest and 0 < number.value < 1 and 1 - number.value in asked.given:
        return True
    before = [found[at] for at in new if at < n][-_BACK:]
    return any(_is_rest_of(text, part, number, asked) for part in before)


def _is_rest_of(text: str, part: Number, number: Number, asked: Asked) -> bool:
    """Do the two make a whole, of which the question asks for the first?"""
    if part.value is None or number.value is None:
        return False
    whole = part.value + number.value
    certain = whole == (100 if part.percent else 1) and part.percent == number.percent
    if not (certain or whole in asked.given or (part.percent and number.percent)):
        return False
    left = _says(text, number, _LEFT)
    least = _says(text, number, _LEAST) and not _LEAST.search(asked.text)
    share = left and not asked.rest and not asked.had and not part.percent
    if certain and (least or share):
        return True
    if part.percent and number.percent and not asked.rest:
        more = number.value == 100 + part.value
        if more or (certain and not _says(text, number, _SO)):
            return not _closer(text, number, part, asked)
    if asked.rest and not left and (certain or whole in asked.given):
        return _LEFT.search(text, part.end, clause(text, part.end)[1]) is not None
    return left and (certain or whole in asked.given) and _is_meant(text, part, number, asked)


def _is_meant(text: str, part: Number, rest: Number, asked: Asked) -> bool:
    """Does the question ask for the first of two parts, of which the second is said to be left?"""
    start, end = clause(text, rest.start)[0], clause(text, rest.end)[1]
    if (asked.own - UNIT_STEMS) & stems(text[start:end]):
        return False
    if asked.had:
        return False
    said = sentence(text, part)
    if is_negated(said) != asked.negated:
        return False
    told = asked.own - _IN_IT <= stems(said) or _closer(text, part, rest, asked)
    return told and (is_asked(part, asked) or not part.noun or not is_asked(rest, asked))


def _says(text: str, number: Number, words: re.Pattern[str]) -> bool:
    """Does the clause of a number have one of these words?"""
    start, end = clause(text, number.start)[0], clause(text, number.end)[1]
    return words.search(text[start:end]) is not None


def _closer(text: str, one: Number, other: Number, asked: Asked) -> bool:
    """Does the clause of the first say more of the question over?"""
    spans = clause(text, one.start), clause(text, other.start)
    first, second = (len(stems(text[start:end]) & asked.words) for start, end in spans)
    return first > second


def clause(text: str, place: int) -> tuple[int, int]:
    """From the last comma, full stop or 'and' before a place to the next after it."""
    least = max(0, place - 90)
    starts = [one.end() for one in _CLAUSE.finditer(text, least, place)]
    end = _CLAUSE.search(text, place, place + 60)
    return starts[-1] if starts else least, end.start() if end else min(len(text), place + 60)


def sentence(text: str, number: Number) -> str:
    """The sentence of a number."""
    least = max(0, number.start - 200)
    starts = [one.end() for one in STOPS.finditer(text, least, number.start)]
    end = STOPS.search(text, number.end, number.end + 100)
    return text[starts[-1] if starts else least : end.start() if end else number.end + 100]
