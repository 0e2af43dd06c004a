"""How a number that was found is said: once, twice, beside another, as a share, or in words."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.asked import (
    NOTHING_ASKED,
    Asked,
    is_asked,
    is_fraction,
    is_year,
    singular,
    stems,
)
from wattmark.scoring.choose import choose, told_apart
from wattmark.scoring.context import marks_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.phrases import CUE, EITHER, NOTHING, OR_ELSE, OUT_OF, RESTATED, SAME
from wattmark.scoring.segments import ENDS
from wattmark.scoring.sizes import HALF_MORE
from wattmark.scoring.units import in_units_of
from wattmark.scoring.words import ORDINALS, Spoken, spoken_numbers

_PARTS = 6
_ROUNDS = re.compile(r"\b(?:round|arredond|approx|aprox)|≈|\babout\b|\bcerca\s+de\b", re.IGNORECASE)
_NOUN_AND_COLON = 40
_ONE_IN = re.compile(r"[\s-]+(?:in|em|out\s+of)[\s-]+(?:(?:every|each|cada)\s+)?", re.IGNORECASE)
"""'One in four'."""
_OF_SO_MANY = re.compile(
    r"\s+(?:(?:of|out\s+of|d[aeo]s?)\s+(?:(?:the|all|its|their)\s+)?\d|of\s+them\b|in\s+(?:all|total)\b"
    r"|(?:[^\W\d_]{1,15}\s+){1,4}out\s+of\s+(?:the\s+)?\d|altogether\b|del[ea]s\b|ao\s+todo\b|no\s+total\b)",
    re.IGNORECASE,
)
"""'Twelve of the 40'."""
_ONLY = re.compile(
    r"\b(?:only|just|exactly|apenas|só|somente|sobra|resta|leav(?:es|ing))\s+$", re.IGNORECASE
)
"""Before a 'one' that counts."""
_NONE = re.compile(
    r"\b(?:none|nothing|nobody|no\s+one|nenhuma?|ninguém|nada"
    r"|(?:(?:(?:is|are|was|were|has|have|had|with)\s+no|no(?=\s(?:more\s)?[^\W\d_]{1,20}s\b))\s+(?:more\s+)?|sem\s+"
    r"|não\s+(?:há|houve|tem|sobr\w{1,4}|rest\w{1,4})\s+(?!nenhum|nada|ninguém|mais))(?P<noun>[^\W\d_]{2,20}))\b",
    re.IGNORECASE,
)
_SOON = re.compile(r"\s[^\W\d_]{3,15}\s([^\W\d_]{2,20})\b")
_IS_SO = re.compile(r"\b(?:is|equals?|gives|makes|é|são|dá|vale|igual\sa)\s$", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"(?:\s[^\W\d_]{1,20})?\s?(?:[.!\n]|$)")
_HAS = re.compile(r"\b(?:has|have|had|tem|têm|tinha)\s+$", re.IGNORECASE)
_ORDINAL = re.compile(r"\b({})\s([^\W\d_]{{2,20}})".format("|".join(ORDINALS)), re.IGNORECASE)
_ORDINAL_LAST = re.compile(r"\b({})()(?=\s?(?:[.,;!]|$))".format("|".join(ORDINALS)), re.IGNORECASE)
"""'Ana finished third.'"""
_CLAUSE_ENDS = re.compile(r"[,.;:!?\n]|\s(?:and|e|but|mas)\s", re.IGNORECASE)
_BESIDE = 60
"""Characters between two numbers that are said together."""


@dataclass(frozen=True)
class Stated:
    """The answer of a text: what may equal the gold (several are one value said twice), and how."""

    numbers: tuple[Number, ...]
    how: str
    explicit: bool = False
    several: bool = False
    """More than one answer was left standing ('85 or 86'): no answer at all."""


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
    chosen = found[at]
    alternatives = [chosen]
    for other in (at - 1, at + 1):
        if not 0 <= other < len(found):
            continue
        left, right = sorted((at, other))
        gap = text[found[left].end : found[right].start]
        if len(gap) > _BESIDE:
            continue
        again = RESTATED.search(gap) and _same_amount(chosen, found[other])
        if again or SAME.match(gap) or _rounded(found[left], found[right], gap, asked):
            if found[other].shown not in asked.shown or chosen.shown in asked.shown:
                alternatives.append(found[other])
        elif OUT_OF.match(gap) and not (asked.year and is_year(found[right])):
            return _share(found[left], found[right], how, explicit=explicit)
        elif (
            other not in marks.out
            and _beside(gap)
            and not _equal(chosen, found[other])
            and not told_apart(text, found, at, other, asked)
        ):
            if _is_said_again(text, found, marks, at):
                return Stated((chosen,), how, explicit)
            whole = _whole_of(text, found[:left], found[left], found[right])
            if whole is not None:
                return Stated((whole,), how, explicit)
            return Stated((found[left], found[right]), how, explicit, several=True)
    return Stated(tuple(alternatives), how, explicit)


def _is_said_again(text: str, found: Sequence[Number], marks: Marks, at: int) -> bool:
    """'From 1939 to 1945. It ended in 1945': does it stand alone in a later sentence?"""
    for n in range(at + 1, len(found)):
        if found[n].value == found[at].value and n not in marks.out and n not in marks.aside:
            return ENDS.search(text, found[at].end, found[n].start) is not None
    return False


def _same_amount(one: Number, other: Number) -> bool:
    values = one.value, other.value
    if None in values or one.unit is None or other.unit is None:
        return False
    return in_units_of(values[1] or Fraction(0), other.unit, one.unit) == values[0]


def _rounded(one: Number, other: Number, gap: str, asked: Asked) -> bool:
    """'78.539816, which rounds to 78.54': is the second a rounding of the first that says so?"""
    given = one.shown in asked.shown or not _ROUNDS.search(gap)
    if one.value is None or other.value is None or given:
        return False
    places = other.readings[0][1]
    return places is not None and abs(one.value - other.value) * 2 * 10**places <= 1


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


def _share(part: Number, whole: Number, how: str, *, explicit: bool) -> Stated:
    above, below = part.value, whole.value
    if above is None or not below:
        return Stated((part,), how, explicit)
    ratio = Number(part.start, whole.end, f"{part.shown}/{whole.shown}", ((above / below, None),))
    return Stated((part, ratio), how, explicit)


def _equal(one: Number, other: Number) -> bool:
    values = {value / 100 if one.percent else value for value, _ in one.readings}
    return any((value / 100 if other.percent else value) in values for value, _ in other.readings)


def with_counts(text: str, found: Sequence[Number], asked: Asked) -> Sequence[Number]:
    """Numbers in digits, and among them those in words that count what the question asks for."""
    if not asked.words or not (found or asked.which or asked.placed):
        return found
    counts = [
        as_number(one, text)
        for one in spoken_numbers(text)
        if not one.one or _ONLY.search(text, max(0, one.start - _BESIDE), one.start)
    ]
    known = all(one.value in asked.given or (is_year(one) and not asked.year) for one in found)
    counts = [
        one
        for one in counts
        if _is_count(text, one, asked) or (known and _answers(text, one, asked))
    ]
    counts += [*(_none_of(text, asked) if _may_be_none(asked) else ()), *_ordinals(text, asked)]
    taken = {place for one in found for place in range(one.start, one.end)}
    new = [one for one in counts if one.start not in taken]
    return sorted([*found, *new], key=lambda one: one.start) if new else found


def _is_count(text: str, number: Number, asked: Asked) -> bool:
    if is_asked(number, asked) or (asked.percent and number.percent):
        return True
    if asked.fraction and is_fraction(number):
        return True
    return _OF_SO_MANY.match(text, number.end) is not None


def _answers(text: str, number: Number, asked: Asked) -> bool:
    """'12 squared is one hundred and forty-four.', 'two known moons' where moons are counted."""
    if asked.noun and not number.percent:
        soon = _SOON.match(text, number.end)
        if soon and singular(soon[1]) == asked.noun:
            return True
    said = _IS_SO.search(text, max(0, number.start - _BESIDE), number.start)
    ends = _ENDS_SENTENCE.match(text, number.end)
    return bool(said and ends) and number.value not in asked.given


def _may_be_none(asked: Asked) -> bool:
    """Does it ask how many there are, or are left?"""
    return asked.count or asked.rest or asked.more


def _none_of(text: str, asked: Asked) -> list[Number]:
    """Zero, where a clause says in the question's words that there is none: 'nobody is left'."""
    zeros = []
    for none in _NONE.finditer(text):
        least = max(0, none.start() - _BESIDE)
        ends = [end.end() for end in _CLAUSE_ENDS.finditer(text, least, none.start())]
        clause = _CLAUSE_ENDS.split(text[none.end() : none.end() + _BESIDE])[0]
        words = stems(text[ends[-1] if ends else least : none.end()] + clause)
        noun = none["noun"] or ""
        if noun and singular(noun) != asked.noun and not stems(noun) & asked.head:
            continue
        own = stems(asked.noun)
        has = asked.count and not noun and _HAS.search(text, least, none.start())
        if has or words & ((asked.words - own) or own):
            zeros.append(_zero(none[0], none.start()))
    return zeros


def _ordinals(text: str, asked: Asked) -> list[Number]:
    """The eighth of 'on the eighth day', where the question asks on which day."""
    said = [*_ORDINAL.finditer(text)] if asked.which or asked.placed else []
    if asked.placed and not said:  # 'Ana finished third.'
        said = [*_ORDINAL_LAST.finditer(text)]
    return [
        Number(
            one.start(),
            one.end(1),
            one[1],
            ((Fraction(ORDINALS[one[1].casefold()]), 0),),
            noun=one[2],
        )
        for one in said
        if asked.placed or singular(one[2]) == asked.which
    ]


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
    if NOTHING.search(region):
        return Stated((_zero(region),), "said in words", explicit)
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


def _zero(text: str, start: int = 0) -> Number:
    return Number(start, start + len(text), text.strip(), ((Fraction(0), 0),))
