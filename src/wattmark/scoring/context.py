"""What a number is in its sentence: an operand, a label, denied, an aside, or a possible answer.

A scorer that takes any number that equals the gold takes the question's own digits for an
answer. Each number is looked at with what stands around it, in English and in Portuguese.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wattmark.scoring.around import (
    AND,
    AND_MORE,
    ASIDE_AFTER,
    BY_SO_MUCH,
    COMPARED,
    DAY_AFTER,
    DAY_BEFORE,
    DAY_THEN_YEAR,
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
    PART_OF,
    PLACE,
    REST,
    STEP,
    SUBJECT,
    SURE_AFTER,
    SURE_BEFORE,
    TAKEN_TOGETHER,
    TIMES,
    TO_A_VARIABLE,
    TOLD,
    TOLD_END,
    UNREADABLE_AFTER,
    UNREADABLE_BEFORE,
    WRONG_BEFORE,
    YEAR_AFTER,
    YEAR_BEFORE,
)
from wattmark.scoring.asked import NOTHING_ASKED, Asked, is_asked, measure_of
from wattmark.scoring.cues import cues_of
from wattmark.scoring.numerals import Number
from wattmark.scoring.spans import LONG, stretches
from wattmark.scoring.units import CURRENCIES
from wattmark.scoring.words import spoken_numbers

_NEAR = 60
_IN_DATES = frozenset("-/.")
_SIGNS = frozenset("+-*/")
_ONE_EACH = re.compile(
    r"[^\d\n=+*/-]{0,30}(?:=|\bequals|\bequal\s+to|\bigual\s+a)\W{0,6}", re.IGNORECASE
)
"""Between the two sides of an equality, each of one number."""
_ALGEBRA = "0123456789 ()+*/^-"
_HAS = re.compile(
    r"([A-ZÀ-Ý][a-zà-ÿ]{1,20})\s+(?!(?:and|or|to|by|from|de|da|do|e|ou|a|em|com|por)\s)[a-zà-ÿ]{1,12}\s+(?:R\$|[$€£])?\s?$"
)
"""'Tom is 17': whose number it is."""
_EQUATIONS = 12
"""Equations back that one may check."""


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
    told: list[tuple[int, int]] = field(default_factory=list)
    """Where a text tells what others say, or what was said before."""
    denied: set[int] = field(default_factory=set)


def marks_of(text: str, found: Sequence[Number], asked: Asked = NOTHING_ASKED) -> Marks:
    """What each number of a cleaned text is."""
    marks = Marks()
    if not found:
        return marks
    cues = cues_of(text)
    if asked.words:
        cues = cues - {"trailing"}  # the question tells whether the part or the whole is meant
    _operands(text, found, marks, asked)
    for at, number in enumerate(found):
        before = text[max(0, number.start - _NEAR) : number.start]
        after = text[number.end : number.end + 40]
        ordinal = ORDINAL.match(after)
        if _of_something_else(before, asked):
            marks.out.add(at)
        elif "denied" in cues and DENIED_BEFORE.search(before):
            marks.denied.add(at)
            marks.out.add(at)
        elif _is_out(before, after, number, cues) or (ordinal and not asked.words):
            marks.out.add(at)
        elif (
            ordinal
            or _is_aside(before, after, number, cues, counted=is_asked(number, asked))
            or (at and _is_price(found[at - 1], number, before))
        ):
            marks.aside.add(at)
        if "equals" in cues and EQUALS.search(before):
            marks.results.add(at)
            if at and at - 1 not in marks.operands and _repeats(text, found[at - 1], number, asked):
                marks.aside.add(at)
    _items(text, found, marks)
    _told(text, found, marks, cues)
    _spans(text, found, marks, cues)
    _checks(found, marks)
    marks.out |= marks.operands
    return marks


def _of_something_else(before: str, asked: Asked) -> bool:
    """'Tom is 17' where the question asks about Ann, 'x - 3 = 5' where it asks for x."""
    if asked.names and asked.others:
        subject = _HAS.search(before)
        if subject and subject[1] in asked.others:
            return True
    if not asked.variable or before.rstrip(" -$")[-1:] != "=":
        return False
    sides = re.split(r"[=\n;,.]|=>", before.rstrip(" -$")[:-1])
    left = sides[-1].rstrip()
    term = left[len(left.rstrip(_ALGEBRA + asked.variable)) :].strip("() ")
    return asked.variable in term and term != asked.variable


def _is_aside(
    before: str, after: str, number: Number, cues: frozenset[str], *, counted: bool
) -> bool:
    if "place" in cues and number.noun and "\n" not in before and not counted:
        lasts = number.noun.lower() in TIMES or (number.unit and number.unit.kind == "time")
        if PLACE.search(before) or (lasts and FOR.search(before)):
            return True
    if "counted" in cues and not counted and ASIDE_AFTER.search(after):
        return True
    dated = "month" in cues or before[-1:] in _IN_DATES or after[:1] == "-"
    if dated and (_is_year(number, before, after) or _is_day(before, after)):
        return True
    return "label" in cues and bool(LABEL.search(before) or REST.search(before))


def _is_year(number: Number, before: str, after: str) -> bool:
    """The 1969 of '20/07/1969', 'July 1969'."""
    if len(number.shown) != 4 or not number.shown.isdigit():
        return False
    return bool(YEAR_BEFORE.search(before) or YEAR_AFTER.match(after))


def _is_day(before: str, after: str) -> bool:
    """The 20 of '20 July 1969', 'July 20, 1969', '20 de julho'."""
    return bool(DAY_AFTER.search(after)) or bool(
        DAY_BEFORE.search(before) and DAY_THEN_YEAR.search(after)
    )


def _is_price(price: Number, number: Number, before: str) -> bool:
    """In '$120 for 8 notebooks' the 8 is what was paid for."""
    paid = price.unit is not None and price.unit.kind in CURRENCIES and number.unit is None
    return paid and bool(FOR.search(before))


def _is_out(before: str, after: str, number: Number, cues: frozenset[str]) -> bool:
    return (
        bool(UNREADABLE_AFTER.search(after))
        or ("wrong" in cues and bool(DENIED_AFTER.search(after) or WRONG_BEFORE.search(before)))
        or ("compared" in cues and bool(COMPARED.search(before)))
        or ("step" in cues and bool(STEP.search(before)))
        or ("sure" in cues and _is_sureness(before, after, number))
        or ("part" in cues and bool(PART_OF.search(before)))
        or bool(before and UNREADABLE_BEFORE.search(before))
        or (before.rstrip()[-1:] in _SIGNS and bool(TO_A_VARIABLE.search(before[-8:])))
    )


def _is_sureness(before: str, after: str, number: Number) -> bool:
    """'I am 99 % sure', 'confidence: 0.9'."""
    return bool(SURE_BEFORE.search(before) or (number.percent and SURE_AFTER.search(after)))


def _operands(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    for at in range(len(found) - 1):
        left, right = found[at], found[at + 1]
        gap = text[left.end : right.start]
        if len(gap) > _NEAR or not gap.strip():
            continue
        more = at in marks.operands and AND_MORE.search(gap)
        alike = left.noun and left.noun.lower() == right.noun.lower() and MINUS.search(gap)
        sign = gap.strip(" )]") in "-–" and right.shown[:1] == "-"
        joined = (
            alike or gap == "(" or (OPERATOR.search(gap) and not sign and not BY_SO_MUCH.match(gap))
        )
        equated = "/" in left.shown and text[right.end : right.end + 3].strip()[:1] == "="
        share = (left.percent or equated) and OF.search(gap)
        if joined or share or more or (AND.search(gap) and _together(text, left)):
            stated = SUBJECT.match(gap) and left.value not in asked.given
            marks.operands |= {at + 1} if stated else {at, at + 1}


def _repeats(text: str, left: Number, right: Number, asked: Asked) -> bool:
    """'68 °F = 20 °C' where the question gives 20 °C: the left side is what is stated."""
    if left.value is None or left.value in asked.given:
        return False
    if not _ONE_EACH.fullmatch(text, left.end, right.start):
        return False
    return (right.value, measure_of(right)) in asked.exactly


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


def _told(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    for said in TOLD.finditer(text) if "told" in cues else ():
        end = TOLD_END.search(text, said.end(), said.end() + LONG)
        stretch = said.start(), end.start() if end else min(len(text), said.end() + LONG)
        marks.told.append(stretch)
        marks.aside |= {n for n, one in enumerate(found) if stretch[0] <= one.start < stretch[1]}


def _spans(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    """Brackets, checks, reasons and questions: asides, where a possible answer stands before."""
    if not found:
        return
    starts = [number.start for number in found]
    for start, end, after, reason in sorted(stretches(text, cues)):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first == last:
            continue
        denial = reason and first - 1 in marks.denied  # 'not 6, because 5 + 6 = 11'
        if not after or denial or _answered(text[:start], first, marks):
            marks.aside.update(range(first, last))


def _answered(before: str, place: int, marks: Marks) -> bool:
    """Is there a possible answer before the number at that place, in digits or in words?"""
    if place == 0:
        return any(not spoken.one for spoken in spoken_numbers(before[-LONG:]))
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
