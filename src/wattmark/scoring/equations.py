"""Equations that name what is asked for on their left, or stand beside each other unrelated."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked, is_asked, is_given
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number

_NAME = 12
_LINE_END = re.compile(r"\n(?!\s*=)|[.,;!?](?=\s|$)|\s[(—]")
_GOES_ON = re.compile(
    r"\?|\b(?:but|however|mas|porém|final|answer|resposta|so|portanto|logo|então|decimal|round\w*|arredond\w*)\b",
    re.IGNORECASE,
)
_SO_IT_IS = re.compile(
    r"(?:[.!?,;]\s|\n)\W{0,3}(?:so|therefore|thus|hence|portanto|logo|então|assim)\b[^.!?\d\n]{0,30}$",
    re.IGNORECASE,
)
_BUT = re.compile(r"\b(?:but|however|mas|porém|contudo)\b", re.IGNORECASE)
_TURNS = re.compile(
    r"=|\b(?:but|however|mas|porém|no|não|not|final|answer|resposta)\b", re.IGNORECASE
)
"""An answer may follow that is another."""
_COMES_TO = re.compile(r"\d[*/+-]?\s?\d{0,9}\s(?:is|makes|é|dá|são)\s$", re.IGNORECASE)
_IS_MADE = re.compile(
    r"\b(?:get|mak(?:e|es|ing)|giv(?:e|es|ing)|reach|obtain|obter|dar|dá|chegar\s+a|formar|resultar\s+em)\s+$",
    re.IGNORECASE,
)
"""'To get 12': what the question gives."""


def looked_for(
    text: str, found: Sequence[Number], marks: Marks, firm: Sequence[int], asked: Asked
) -> int | None:
    """The 80 of '20 is 25 % of 80' where the question gives the 20 and the 25.

    Of '5 + 7 = 12' the 7, where the question asks for the number that makes 5 to 12.
    """
    if not asked.given or any(
        found[n].value not in asked.given or not is_given(found[n], asked) for n in firm
    ):
        return None
    known = asked.given | asked.factors
    if asked.unknown and not marks.results:
        apart = [n for n in sorted(marks.out - marks.denied) if found[n].value not in known]
        if len(apart) == 1:
            return apart[0]  # '9 is half of 18'
    new = [n for n in sorted(marks.operands) if found[n].value not in known]
    if not marks.results and _COMES_TO.search(text, 0, found[firm[-1]].start):
        return None  # '12 * 2 is 24'
    if marks.results:
        before = {n: text[max(0, found[n].start - _NAME) : found[n].start] for n in firm}
        led = all(n in marks.results or _IS_MADE.search(before[n]) for n in firm)
        same = len({found[n].value for n in new}) == 1
        if same and asked.unit is not None and found[new[0]].unit == asked.unit:
            return new[0]  # '120 km = 2 h * 60 km/h' where hours are asked for
        return new[0] if asked.unknown and same and led else None
    return new[0] if len(new) == 1 else None


def unrelated_equations(
    text: str, found: Sequence[Number], marks: Marks, firm: Sequence[int]
) -> int | None:
    """Of equations alone that never use each other's results, the first: the rest is new."""
    if len(firm) < 2 or any(n not in marks.results for n in firm):
        return None
    if set(range(len(found))) != marks.operands | set(firm):
        return None
    if any(n - 1 not in marks.operands for n in firm):
        return None  # '405/10 = 405': one chain
    results = {found[n].value for n in firm}
    if any(found[n].value in results for n in marks.operands):
        return None
    begins = firm[-1]
    while begins - 1 in marks.operands:
        begins -= 1
    if _BUT.search(text, found[firm[-2]].end, found[begins].start):
        return firm[-1]  # 'about 20 * 20 = 400, but the exact product is 19 * 21 = 399'
    return firm[-1] if _SO_IT_IS.search(text[: found[begins].start]) else firm[0]


def said_of_subject(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    """The last number that is said to be what the question asks for, in its own words."""
    if not asked.subject:
        return None
    words = r"\s{1,3}".join(map(re.escape, asked.subject.rstrip(" .").split()))
    said = re.compile(
        words + r"\s{0,2}(?:,\s)?(?:is|are|é|são|=|equals)\s{1,2}(?:R\$|[$€£])?\s?-?(?=\d)",
        re.IGNORECASE,
    )
    ends = [one.end() for one in said.finditer(text)]
    if not ends or _TURNS.search(text, ends[-1]):
        return None
    at = [n for n, one in enumerate(found) if one.start == ends[-1]]
    return at[0] if at and at[0] not in marks.out and at[0] not in marks.aside else None


def computed(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    """The end of the last line that begins with the sum that the question asks for."""
    if not asked.formula or "=" not in text or any(is_asked(one, asked) for one in found):
        return None
    sums = re.compile(r"\s?".join(map(re.escape, asked.formula.rstrip(".,"))) + r"\s{0,2}=(?!>)")
    starts = [one.end() for one in sums.finditer(text)]
    if not starts:
        return None
    stop = _LINE_END.search(text, starts[-1])
    end = stop.start() if stop else len(text)
    if _GOES_ON.search(text, end):
        return None
    at = [n for n, one in enumerate(found) if starts[-1] <= one.start < end]
    free = [n for n in at if n in marks.results and n not in marks.out and n not in marks.aside]
    later = set(at[at.index(free[-1]) + 1 :]) if free else set()
    return free[-1] if free and later <= marks.operands else None
