"""Numbers that are parts of one amount: '1 hour and 35 minutes', '4 mil e 320', '2 ft 3 in'.

Two that stand side by side are one where the second is a part of the first: its unit is a smaller
one of the same kind, or it is smaller than the size word of the first. Also numbers in words, made
like those in digits.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.numerals import PERCENT, Number
from wattmark.scoring.sizes import HALF_MORE, below_zero
from wattmark.scoring.units import UNITS, Unit, other_unit, unit_of
from wattmark.scoring.words import SCALES, WHOLES, Spoken

_GAP = 24
"""Characters between the parts of an amount, the unit's name included."""
_BETWEEN = re.compile(r"\s?([^\W\d_]{0,14})\.?\s?(?:,?\s?\b(?:and|e)\s+)?(?:R\$|[$€£])?\s?")
_NEXT_WORD = re.compile(r"[\s-](?:(?:de|of\s+an?)\s+(?=hora|hour|dia|day))?([^\W\d_]{1,30})")


def joined(text: str, found: Sequence[Number]) -> list[Number]:
    """The numbers of a text, those that are parts of one amount as one."""
    if len(found) < 2:
        return list(found)
    whole = [found[0]]
    for number in found[1:]:
        left = whole[-1]
        if number.start < left.end:
            continue  # the half of 'an hour and a half'
        one = _one(text, left, number) if number.start - left.end <= _GAP else None
        if one is None:
            whole.append(number)
        else:
            whole[-1] = one
    return whole


def _one(text: str, left: Number, right: Number) -> Number | None:
    if not left.readings or not right.readings or left.percent or right.percent:
        return None
    lone = left.unit is None or right.unit is None
    if lone and left.shown[-1].isdigit() and left.noun.casefold() not in WHOLES:
        return None
    between = _BETWEEN.fullmatch(text, left.end, right.start)
    if between is None:
        return None
    more = _more(left, right, between[1].casefold())
    if more is None:
        return None
    size, unit = more
    value = left.readings[0][0]
    rest = right.readings[0][0] * size
    total = value - rest if value < 0 else value + rest
    shown = text[left.start : right.end]
    also = right.unit if unit is not None else None
    return Number(
        left.start, right.end, shown, ((total, None),), False, unit or right.unit,
        noun=right.noun, also=also,
    )  # fmt: skip


def _more(left: Number, right: Number, word: str) -> tuple[Fraction, Unit | None] | None:
    """What one of the right number is of the left one's unit; None where they are two."""
    value = right.readings[0][0]
    unit, small = left.unit, right.unit
    if unit is not None and small is not None:
        alike = unit.kind == small.kind or (unit.kind == "euro" and small == UNITS["cent"])
        if not alike or small.size >= unit.size or value * small.size >= unit.size:
            return None
        return (small.size / unit.size, unit) if word in UNITS or word in ("", "e", "and") else None
    if word in WHOLES:
        return (Fraction(1), unit) if 0 < value < 1 else None
    scale = SCALES.get(left.shown.rpartition(" ")[2].casefold(), 0)
    if scale > value and value.denominator == 1 and word in ("", "e", "and"):
        return Fraction(1), None
    return None


def as_number(spoken: Spoken, text: str) -> Number:
    """A number in words, with the per cent or unit after it."""
    percent = PERCENT.match(text, spoken.end)
    end = percent.end() if percent else spoken.end
    noun = _NEXT_WORD.match(text, end)
    word = noun[1] if noun else ""
    unit = unit_of("", word) if word and not percent else None
    value = spoken.value
    more = HALF_MORE.match(text, noun.end()) if noun and not percent else None
    if more:
        end, value = more.end(), value + Fraction(1, 2)
    below = below_zero(text, end)
    if below and value > 0:
        end, value = below, -value
    readings = ((value, None),)
    shown = text[spoken.start : end]
    also = other_unit(unit, readings)
    return Number(spoken.start, end, shown, readings, bool(percent), unit, noun=word, also=also)
