"""How a number that was found is said: once, twice, beside another, as a share, or in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.asked import (
    CHANCE,
    NOTHING_ASKED,
    Asked,
    is_asked,
    is_year,
)
from wattmark.scoring.choose import choose, told_apart
from wattmark.scoring.context import marks_of
from wattmark.scoring.counted import zero
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.phrases import CUE, EITHER, NOTHING, OR_ELSE, OUT_OF, RESTATED, SAME
from wattmark.scoring.readings import Reading
from wattmark.scoring.segments import ENDS
from wattmark.scoring.sizes import HALF_MORE
from wattmark.scoring.units import in_units_of
from wattmark.scoring.words import Spoken, spoken_numbers

_PARTS = 6
_ROUNDS = re.compile(r"\b(?:round|arredond|approx|aprox)|≈|\babout\b|\bcerca\s+de\b", re.IGNORECASE)
_UP = re.compile(r"\b(?:up\s+to|para\s+cima)\b", re.IGNORECASE)
_NOUN_AND_COLON = 40
_ONE_IN = re.compile(r"[\s-]+(?:in|em|out\s+of)[\s-]+(?:(?:every|each|cada)\s+)?", re.IGNORECASE)
"""'One in four'."""
_UNDEFINED = re.compile(
    r"\b(?:undefined|indefinid[oa]s?|indeterminad[oa]s?)\b"
    r"|\b(?:there\s+is\s+no|has\s+no|não\s+(?:há|existe|tem)|sem)\s+(?:answer|resposta)\b",
    re.IGNORECASE,
)
_PER = re.compile(r"\s?[^\W\d_]{1,5}/[^\W\d_]")
"""'240 km at 80 km/h': the second is no other answer."""
_COMES_OUT = re.compile(
    r",\s(?:so\s(?:it(?:'s|\s+is)|that(?:'s|\s+is))|which\s(?:is|equals)|que\s(?:simplificad[oa]\s)?(?:dá|é))\s",
    re.IGNORECASE,
)
"""Between a sum and what it comes to: '14/4, so it's 4.5'."""
_RATED = re.compile(r"\s(?:(?:in|em)(?:\s(?:every|each|cada))?|a\scada)\s$|-in-$", re.IGNORECASE)
"""'1 in 6', '3 em cada 4'."""
_PLACES = re.compile(
    r"\s(?:decimal|significant|sig\.?\s|d\.?p\b|casas?\s|algarismos)", re.IGNORECASE
)
"""'3.14 to 2 decimal places'."""
_ANSWER = re.compile(r"\b(?:answer|resposta)\b", re.IGNORECASE)
_BESIDE = 60
"""Characters between two numbers that are said together."""


@dataclass(slots=True)
class Stated:
    """The answer of a text: what may equal the gold (several are one value said twice), and how."""

    numbers: tuple[Number, ...]
    how: str
    explicit: bool = False
    several: bool = False
    """More than one answer was left standing ('85 or 86'): no answer at all."""
    reading: Reading | None = None
    """What it was read of, where nothing but its place tells that it is the answer."""


def said_at(
    text: str,
    found: Sequence[Number],
    marks: Marks,
    at: int,
    how: str,
    *,
    explicit: bool = False,
    asked: Asked = NOTHING_ASKED,
) -> Stated:
    """A number, with those that say the same once more; several where another stands beside it."""
    at = _end_of_chain(text, found, marks, at)
    chosen = found[at]
    alternatives = [chosen]
    for other in (at - 1, at + 1):
        if not 0 <= other < len(found):
            continue
        left, right = sorted((at, other))
        gap = text[found[left].end : found[right].start]
        if len(gap) > _BESIDE or (explicit and _ANSWER.search(gap)):
            continue
        again = RESTATED.search(gap) and _same_amount(chosen, found[other])
        if again or SAME.match(gap) or _rounded(found[left], found[right], gap, asked):
            if not _is_asked_sum(found[other], asked) or _is_asked_sum(chosen, asked):
                alternatives.append(found[other])
        elif _is_share(found[left], found[right], gap, asked):
            rated = _RATED.match(gap) is not None and not (asked.count or found[right].noun)
            rated = rated or CHANCE.search(f"{asked.text} {text}") is not None
            return _share(found[left], found[right], how, explicit=explicit, rated=rated)
        elif (
            other not in marks.out
            and _beside(gap)
            and not _equal(chosen, found[other])
            and not (_PER.match(text, found[right].end) and not _PER.match(text, found[left].end))
            and not _PLACES.match(text, found[right].end)
            and not told_apart(text, found, at, other, asked)
        ):
            other_again = any(one.value == found[other].value for one in found[right + 1 :])
            if not other_again and _is_said_again(text, found, marks, at):
                return Stated((chosen,), how, explicit)
            whole = _whole_of(text, found[:left], found[left], found[right])
            if whole is not None:
                return Stated((whole,), how, explicit)
            return Stated((found[left], found[right]), how, explicit, several=True)
    return Stated(tuple(alternatives), how, explicit)


def last_stated(text: str, found: Sequence[Number], marks: Marks, at: int, asked: Asked) -> Stated:
    """The number at that place, which nothing but its place tells to be the answer."""
    said = said_at(text, found, marks, at, "the last number stated", asked=asked)
    said.reading = Reading(text, found, marks, said.numbers[-1 if said.several else 0].start)
    return said


def _end_of_chain(text: str, found: Sequence[Number], marks: Marks, at: int) -> int:
    """The 9.25 of '38/4 = 9.25': the end of a chain counts, be it wrong."""
    sums = not {"/", "^"}.isdisjoint(found[at].shown)
    if not sums or at in marks.operands or at + 1 == len(found):
        return at
    one, other = found[at], found[at + 1]
    gap = text[one.end : other.start]
    if at + 1 not in marks.results:
        return at + 1 if _COMES_OUT.fullmatch(gap) and at + 1 not in marks.out else at
    chained = gap.strip() == "=" and one.unit in (None, other.unit)
    return at + 1 if chained else at


def _is_share(part: Number, whole: Number, gap: str, asked: Asked) -> bool:
    """'3 out of 4'; not '$99 in 3 payments'."""
    if not OUT_OF.match(gap) or (is_year(whole) and gap.strip() in ("in", "em")):
        return False
    return part.unit is None or part.unit == whole.unit or gap.strip() not in ("in", "em")


def _is_asked_sum(number: Number, asked: Asked) -> bool:
    """The 1/8 of 'What is 1/8 as a decimal?', the 7/16 of '7 divided by 16'."""
    if number.shown in asked.shown:
        return True
    if asked.exact or asked.fraction:
        return False
    parts = number.shown.split("/")
    return len(parts) > 1 and all(
        part.strip().isdigit() and Fraction(part.strip()) in asked.given for part in parts
    )


def _is_said_again(text: str, found: Sequence[Number], marks: Marks, at: int) -> bool:
    """'From 1939 to 1945. It ended in 1945': does it stand alone in a later sentence?"""
    for n in range(at + 1, len(found)):
        if found[n].value == found[at].value and n not in marks.out:
            return ENDS.search(text, found[at].end, found[n].start) is not None
    return False


def _same_amount(one: Number, other: Number) -> bool:
    values = one.value, other.value
    if None in values or one.unit is None or other.unit is None:
        return False
    return in_units_of(values[1] or Fraction(0), other.unit, one.unit) == values[0]


def _rounded(one: Number, other: Number, gap: str, asked: Asked) -> bool:
    """'78.539816, which rounds to 78.54': is the second a rounding of the first that says so?"""
    if not (_has_places(one) or _has_places(other)):
        return False
    given = one.shown in asked.shown or not _ROUNDS.search(gap)
    if one.value is None or other.value is None or given or "^" in one.shown:
        return False
    places = other.readings[0][1]
    near = places is not None and abs(one.value - other.value) * 2 * 10**places <= 1
    near = near or (_UP.search(gap) is not None and 0 <= other.value - one.value < 1)
    return near and ENDS.search(gap) is None


def _has_places(number: Number) -> bool:
    """Is it no whole number?"""
    return bool(number.readings) and number.readings[0][1] != 0


def _beside(gap: str) -> bool:
    """Do two numbers stand side by side as answers ('85 or 86')?"""
    return bool(EITHER.match(gap) or OR_ELSE.match(gap))


def _whole_of(text: str, before: Sequence[Number], one: Number, other: Number) -> Number | None:
    """In '85 students: 27 boys and 58 girls' the 85, in '3 primes: 2, 3 and 5' the 3."""
    parts = [one, other]
    for number in before[: -_PARTS - 1 : -1]:
        values = [part.value for part in parts]
        total = sum((value for value in values if value is not None), Fraction(0))
        listed = ":" in text[number.end : number.end + _NOUN_AND_COLON].partition(parts[0].shown)[0]
        if number.value == total or (listed and number.value == len(parts)):
            return number
        parts.insert(0, number)
    return None


def _share(part: Number, whole: Number, how: str, *, explicit: bool, rated: bool) -> Stated:
    """'12 out of 20': the part, or the ratio; `rated`: the ratio alone ('1 in 6')."""
    above, below = part.value, whole.value
    if above is None or not below:
        return Stated((part,), how, explicit)
    ratio = Number(part.start, whole.end, f"{part.shown}/{whole.shown}", ((above / below, None),))
    if rated:
        return Stated((ratio,), how, explicit)
    return Stated((part, ratio), how, explicit)


def _equal(one: Number, other: Number) -> bool:
    values = {value / 100 if one.percent else value for value, _ in one.readings}
    return any((value / 100 if other.percent else value) in values for value, _ in other.readings)


def in_words(
    text: str,
    start: int,
    end: int,
    asked: Asked = NOTHING_ASKED,
    *,
    explicit: bool = False,
    alone: bool = True,
) -> Stated | None:
    """The last number in words of a stretch; a lone 'one' only where there is no other."""
    region = text[start:end]
    if _UNDEFINED.search(region):
        return None
    if NOTHING.search(region):
        return Stated((zero(region),), "said in words", explicit)
    spoken = spoken_numbers(region)
    pronouns = {
        (one.start, one.end) for one in spoken if one.one and not _counts(region, one, spoken)
    }
    amounts = joined(region, [as_number(one, region) for one in spoken])
    places = [one for one in amounts if (one.start, one.end) not in pronouns]
    places = places or (amounts if alone else [])
    marks = marks_of(region, places)
    free = [n for n in range(len(places)) if n not in marks.out]
    loose = [n for n in free if n not in marks.aside] or free
    if asked.percent:
        loose = [n for n, one in enumerate(places) if one.percent] or loose
    if not any(is_asked(places[n], asked) for n in loose[-1:]):  # 'eight legs. Insects have six'
        loose = [n for n in loose if is_asked(places[n], asked)] or loose
    if not loose:
        return None
    first = explicit and not CUE.search(region)
    at = loose[0] if first else choose(region, places, loose, asked)
    return said_at(region, places, marks, at, "said in words", explicit=explicit, asked=asked)


def _counts(text: str, one: Spoken, spoken: Sequence[Spoken]) -> bool:
    """Is a lone 'one' a number: 'one hour and a half', 'one in four'?"""
    share = _ONE_IN.match(text, one.end)
    if share and any(other.start == share.end() for other in spoken):
        return True
    return HALF_MORE.search(text, one.end) is not None
