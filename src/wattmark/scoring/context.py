"""What a number is in its sentence: an operand, a label, denied, an aside, or a possible answer.

A scorer that takes any number that equals the gold takes the question's own digits for an
answer. Each number is looked at with what stands around it, in English and in Portuguese.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wattmark.scoring.around import (
    AND,
    AND_MORE,
    ASIDE_AFTER,
    BY_SO_MUCH,
    CHECK_END,
    CHECKING,
    CLAUSE,
    CLAUSE_END,
    COMPARED,
    DENIED_AFTER,
    DENIED_BEFORE,
    EQUALS,
    FOR,
    ITEM,
    ITEM_END,
    LABEL,
    MINUS,
    OF,
    OPERATOR,
    ORDINAL,
    PARENTHESES,
    PART_OF,
    PLACE,
    REST,
    STEP,
    SURE_AFTER,
    SURE_BEFORE,
    TAKEN_TOGETHER,
    TIMES,
    TRAILING,
    UNREADABLE_AFTER,
    UNREADABLE_BEFORE,
    WRONG_BEFORE,
)
from wattmark.scoring.clean import CODE_OPEN
from wattmark.scoring.cues import cues_of
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES
from wattmark.scoring.words import spoken_numbers

_NEAR = 60
_EQUATIONS = 12
"""Equations back that one may check."""
_LONG = 600
"""Characters that a reason or a check may be long."""


@dataclass
class Marks:
    """What was found about the numbers of a text, by their place in its list."""

    out: set[int] = field(default_factory=set)
    """No answer in any case: operands, labels of steps, what was denied."""
    aside: set[int] = field(default_factory=set)
    """An answer only where nothing else is: in brackets, in a check, in a reason given."""
    operands: set[int] = field(default_factory=set)
    results: set[int] = field(default_factory=set)
    """Right after an equals sign."""


def marks_of(text: str, found: Sequence[Number], *, asked: bool = False) -> Marks:
    """What each number of a cleaned text is."""
    marks = Marks()
    if not found:
        return marks
    cues = cues_of(text)
    if asked:
        cues = cues - {"trailing"}  # the question tells whether the part or the whole is meant
    _operands(text, found, marks)
    for at, number in enumerate(found):
        before = text[max(0, number.start - _NEAR) : number.start]
        after = text[number.end : number.end + 40]
        if _is_out(before, after, number, cues):
            marks.out.add(at)
        elif _is_aside(before, after, number, cues) or (
            at and _is_price(found[at - 1], number, before)
        ):
            marks.aside.add(at)
        if "equals" in cues and EQUALS.search(before):
            marks.results.add(at)
    _items(text, found, marks)
    _spans(text, found, marks, cues)
    _checks(found, marks)
    marks.out |= marks.operands
    return marks


def _is_aside(before: str, after: str, number: Number, cues: frozenset[str]) -> bool:
    if "place" in cues and number.noun and "\n" not in before:
        lasts = number.noun.lower() in TIMES or (number.unit and number.unit.kind == "time")
        if PLACE.search(before) or (lasts and FOR.search(before)):
            return True
    if "counted" in cues and ASIDE_AFTER.search(after):
        return True
    return "label" in cues and bool(LABEL.search(before) or REST.search(before))


def _is_price(price: Number, number: Number, before: str) -> bool:
    """In '$120 for 8 notebooks' the 8 is what was paid for."""
    paid = price.unit is not None and price.unit.kind in CURRENCIES and number.unit is None
    return paid and bool(FOR.search(before))


def _is_out(before: str, after: str, number: Number, cues: frozenset[str]) -> bool:
    return (
        bool(ORDINAL.match(after) or UNREADABLE_AFTER.search(after))
        or ("denied" in cues and bool(DENIED_BEFORE.search(before)))
        or ("wrong" in cues and bool(DENIED_AFTER.search(after) or WRONG_BEFORE.search(before)))
        or ("compared" in cues and bool(COMPARED.search(before)))
        or ("step" in cues and bool(STEP.search(before)))
        or ("sure" in cues and _is_sureness(before, after, number))
        or ("part" in cues and bool(PART_OF.search(before)))
        or bool(before and UNREADABLE_BEFORE.search(before))
    )


def _is_sureness(before: str, after: str, number: Number) -> bool:
    """'I am 99 % sure', 'confidence: 0.9'."""
    return bool(SURE_BEFORE.search(before) or (number.percent and SURE_AFTER.search(after)))


def _operands(text: str, found: Sequence[Number], marks: Marks) -> None:
    for at in range(len(found) - 1):
        left, right = found[at], found[at + 1]
        gap = text[left.end : right.start]
        if len(gap) > _NEAR or not gap.strip():
            continue
        more = at in marks.operands and AND_MORE.search(gap)
        alike = left.noun and left.noun.lower() == right.noun.lower() and MINUS.search(gap)
        sign = gap.strip(" )]") in "-–" and right.shown[:1] == "-"
        joined = alike or (OPERATOR.search(gap) and not sign and not BY_SO_MUCH.match(gap))
        share = left.percent and OF.search(gap)
        if joined or share or more or (AND.search(gap) and _together(text, left)):
            marks.operands |= {at, at + 1}


def _together(text: str, left: Number) -> bool:
    """Is the number before 'and' the first of a sum?"""
    return bool(TAKEN_TOGETHER.search(text[max(0, left.start - _NEAR) : left.start]))


def _items(text: str, found: Sequence[Number], marks: Marks) -> None:
    """Numbering of a list at the starts of lines: 1., 2., 3. in order."""
    items: list[int] = []
    for at, number in enumerate(found):
        if (
            len(number.shown) > 2
            or not number.shown.isdigit()
            or text[number.end : number.end + 1] not in (".", ")")
        ):
            continue
        starts = ITEM.search(text[max(0, number.start - 20) : number.start])
        if (
            starts
            and int(number.shown) == len(items) + 1
            and ITEM_END.match(text[number.end : number.end + 6])
        ):
            items.append(at)
            marks.operands.discard(at)
    (marks.out if len(items) > 1 else marks.aside).update(items)


def _spans(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    """Brackets, checks, reasons and questions: asides, where a possible answer stands before."""
    if not found:
        return
    starts = [number.start for number in found]
    for start, end, needs_answer in sorted(_stretches(text, cues)):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first < last and not (needs_answer and not _answered(text[:start], first, marks)):
            marks.aside.update(range(first, last))


def _stretches(text: str, cues: frozenset[str]) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each, and whether it is one only after a possible answer."""
    if "(" in text or CODE_OPEN in text:
        for found in PARENTHESES.finditer(text):
            yield found.start(), found.end(), False
    for found in CHECKING.finditer(text) if "checking" in cues else ():
        end = CHECK_END.search(text, found.end(), found.end() + _LONG)
        yield found.start(), end.start() if end else len(text), True
    for found in CLAUSE.finditer(text) if "clause" in cues else ():
        end = CLAUSE_END.search(text, found.end(), found.end() + _LONG)
        yield found.start(), end.start() if end else found.end() + _LONG, True
    for found in TRAILING.finditer(text) if "trailing" in cues else ():
        yield found.start(), found.end(), True
    at = text.find("?")
    while at >= 0:
        start = max(text.rfind(sign, 0, at) for sign in ".!?\n") + 1
        if text.count(" ", start, at) > 2:
            yield start, at, False
        at = text.find("?", at + 1)


def _answered(before: str, place: int, marks: Marks) -> bool:
    """Is there a possible answer before the number at that place, in digits or in words?"""
    if place == 0:
        return any(not spoken.one for spoken in spoken_numbers(before[-_LONG:]))
    taken = marks.out | marks.aside | marks.operands
    return any(at not in taken for at in range(place))


def _checks(found: Sequence[Number], marks: Marks) -> None:
    """85 - 58 = 27 after 27 + 58 = 85 checks it: its result is no new answer."""
    seen: list[tuple[set[Fraction], Fraction]] = []
    terms: set[Fraction] = set()
    for at, number in enumerate(found):
        if not number.readings:
            continue
        value = number.readings[0][0]
        if at in marks.operands:
            terms.add(value)
            continue
        if at in marks.results and terms:
            if any(
                result in terms
                and value in before
                and value != result
                and terms <= {*before, result}
                for before, result in seen[-_EQUATIONS:]
            ):
                marks.aside.add(at)
            else:
                seen.append((terms, value))
        terms = set()
