"""Other cases than the one that is asked about: 'In 48 weeks that makes $21,600'."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wattmark.scoring.asked import Asked, is_asked, measure_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.parts import clause
from wattmark.scoring.segments import ENDS
from wattmark.scoring.units import Unit

_I = re.IGNORECASE
_LATER = re.compile(r"(?:^|[.!?]\s)(?:in|daqui\s+a)\s$", _I)
_THEN_ASKED = re.compile(r"\b(?:will|in|after|daqui|terá|vai|depois|até|future|futuro)\b", _I)
"""Does a question look ahead?"""
_IF = re.compile(
    r"(?<=[.!?]\s)(?:if|se)\s(?P<case>[^.!?\n=,]{3,80}?(?:\d[.,]\d{1,3})?[^.!?\n=,]{0,40}),\s(?:(?!\b(?:so|then|therefore|então|logo)\b)(?:[^.!?\n=]|[.]\d)){3,120}",
    _I,
)
_CASE = re.compile(
    r"(?<!fica\s)(?<!ficou\s)(?<!ficam\s)(?<!ficar\s)(?<!ficaram\s)(?<!left\s)\b(?:in|for|with|when|if|after|em|com|para|quando|se|após|daqui\s+a)\s(?:[a-z]\s=\s|an?\s|uma?\s)?(?=\d)"
    r"|\b(?:numa?|in\s+an?|over\s+an?)\s(?!total)[^\W\d_]{2,10}\s(?:de|of)\s(?=\d)",
    _I,
)
_TOTALS = re.compile(r"\btotal\s?:", _I)
_ENDS_UP = re.compile(r"\b(?:fic\w{1,4}|est(?:á|ava|ão))\b[^.!?\n\d]{0,30}$", _I)
_ANY_WEEK = re.compile(r"(?:7-day|24-hour|12-month|60-minute|52-week|365-day)\b", _I)


def cases(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked
) -> Iterator[tuple[int, int]]:
    """The clauses of 'in 48 weeks', 'when x = 5'; the rest of the sentence where one opens it."""
    for said in _CASE.finditer(text):
        stands = [n for n, one in enumerate(found) if one.start <= said.end() < one.end]
        if not stands or not _is_another(text, found, stands[0], asked):
            continue
        with_it = text.startswith("com", said.start())
        if with_it and _ENDS_UP.search(text, max(0, said.start() - 40), said.start()):
            continue
        if _ANY_WEEK.match(text, found[stands[0]].start):
            continue
        if not {*text[: said.start()].split()[-1:]}.isdisjoint(asked.names):
            continue  # 'and Ann with 18'
        start, _ = clause(text, said.start())
        _, end = clause(text, found[stands[0]].end)
        if _is_said_again(found, marks, start, said.start()) or _TOTALS.search(
            text, start, said.start()
        ):
            continue
        if not text[start : said.start()].strip(" ,—("):
            after = ENDS.search(text, end)
            end = after.start() if after else len(text)
        yield start, end
    known = asked.given | {found[n].value for n in marks.results}
    for said in _IF.finditer(text):  # 'If a litre costs 1.80, that is 46.80'
        case = (one for one in found if said.start() <= one.start < said.end("case"))
        if any(one.value not in known for one in case):
            yield said.span()


def _is_said_again(found: Sequence[Number], marks: Marks, start: int, end: int) -> bool:
    """Has the clause before 'in 3 days' a number that was computed before it?"""
    inside = {one.value for one in found if start <= one.start < end}
    return any(found[n].value in inside for n in marks.results if found[n].start < start)


def _is_another(text: str, found: Sequence[Number], n: int, asked: Asked) -> bool:
    """'In 48 weeks', where the question speaks of 4 weeks."""
    number, measure = found[n], measure_of(found[n])
    later = _LATER.search(text[max(0, number.start - 12) : number.start]) is not None
    if later and number.unit is not None and not _THEN_ASKED.search(asked.text):
        return True
    if number.value in asked.given or number.value == 1 or is_asked(number, asked):
        return False
    if asked.unit is not None and number.unit == asked.unit and asked.unit.kind == "time":
        return False
    if any(one.value == number.value and measure in ("", measure_of(one)) for one in found[:n]):
        return False
    return any(measure == other for _, other in asked.exactly) or isinstance(measure, Unit)
