"""Which number a text states as its answer.

In this order: what was said after the last change of mind; the last explicit statement
("the answer is", a box, ####, a field "answer"); a number that opens the text and is then
explained; else the last number that is no operand, label, check or aside. Numbers in words count
where no digits answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.context import Marks, marks_of
from wattmark.scoring.cues import cues_of
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.phrases import (
    AFTERWARDS,
    CHATTER,
    COLUMN,
    CONFIRMED,
    CUE,
    EITHER,
    EXPLAINED,
    EXPLICIT,
    FILLED,
    NOTHING,
    OPENING,
    OR_ELSE,
    OUT_OF,
    REFUSED,
    RETRACTED,
    SAME,
    SENTENCE_END,
    TURNS,
)
from wattmark.scoring.words import spoken_numbers


@dataclass(frozen=True)
class Stated:
    """The answer of a text: what may equal the gold (several are one value said twice), and how."""

    numbers: tuple[Number, ...]
    how: str
    explicit: bool = False
    several: bool = False
    """More than one answer was left standing ('85 or 86'): no answer at all."""


_IS = re.compile(r"\b(?:is|é)\s+$", re.IGNORECASE)
_BARE = re.compile(r"\s{0,9}=?\s{0,9}[0-9]{1,18}\.?\s{0,9}")
"""A whole number alone."""
_RETRIES = 3
"""Changes of mind that are followed, the last ones."""
_MARKERS = 40
"""Statements of an answer that are looked at, the last ones."""
_SENTENCE = 400
"""Characters of a statement."""


def stated(text: str, language: str | None) -> Stated | None:
    """The answer that a cleaned text states; None where it states none."""
    if _BARE.fullmatch(text):
        return Stated(tuple(numbers(text, language)), "the last number stated")
    cues = cues_of(text)
    whole = _without_chatter(text, language) if "chatter" in cues else text
    turns = list(RETRACTED.finditer(whole))[-_RETRIES:] if "retracted" in cues else []
    for turn in reversed(turns):
        tail, head = whole[turn.end() :], whole[: turn.start()]
        later = _pick(tail, language, asides=False)
        if later is None:
            if REFUSED.search(turn[0]) and not REFUSED.search(tail) and not tail.strip(" .!\n"):
                return None
            continue
        earlier = _pick(head, language)
        if later.explicit or earlier is None or not CONFIRMED.search(tail):
            return later
        return _pick(whole, language) or later if earlier.explicit else earlier
    return _pick(whole, language)


def _without_chatter(text: str, language: str | None) -> str:
    """The text up to where a model goes on with a question of its own, once it has answered."""
    for found in islice(CHATTER.finditer(text), TURNS):
        head = text[: found.start()]
        if any(char.isdigit() for char in head) or spoken_numbers(head):
            answer = _pick(head, language, asides=False)
            if answer is not None:
                return head
    return text


def _pick(text: str, language: str | None, *, asides: bool = True) -> Stated | None:
    found = joined(text, numbers(text, language))
    marks = marks_of(text, found)
    explicit = _explicit(text, found, marks)
    if explicit is not None:
        return explicit
    opening = _opening(text, found, marks) or _opening_words(text, found)
    if opening is not None:
        return opening
    at = _last(text, found, marks)
    if at is not None:
        return _said(text, found, marks, at, "the last number stated")
    if found and len(marks.operands) == len(found):
        return None
    words = _in_words(text, 0, len(text), alone=not found)
    loose = [n for n in range(len(found)) if n not in marks.out] if asides else []
    if not loose or (words is not None and not words.several):
        return words
    return _said(text, found, marks, loose[-1], "the last number stated")


def _explicit(text: str, found: Sequence[Number], marks: Marks) -> Stated | None:
    """The last statement that calls itself the answer."""
    cues = cues_of(text)
    markers = list(EXPLICIT.finditer(text)) if "explicit" in cues else []
    for mark in markers:
        if mark["old"] or mark["wrong"]:
            start, end = _region(text, mark.end())
            marks.out |= {n for n, one in enumerate(found) if start <= one.start < end}
    best = _afterwards(text, found, marks) if "afterwards" in cues else None
    for mark in markers[: -_MARKERS - 1 : -1]:
        if mark["old"] or mark["wrong"]:
            continue
        start, end = _region(text, mark.end())
        if best is not None and best[0] > start:
            break
        said = _stated_in(text, found, marks, start, end)
        if said is not None:
            return said
    return best[1] if best else None


def _afterwards(text: str, found: Sequence[Number], marks: Marks) -> tuple[int, Stated] | None:
    """'85 is the answer': the last that is called so afterwards, and its place."""
    for at in range(len(found) - 1, -1, -1):
        number = found[at]
        if at not in marks.out and AFTERWARDS.search(text[number.end : number.end + 60]):
            said = _said(text, found, marks, at, "stated as the answer", explicit=True)
            return number.start, said
    return None


def _stated_in(
    text: str, found: Sequence[Number], marks: Marks, start: int, end: int
) -> Stated | None:
    at = _in_region(text, found, marks, start, end)
    if at is not None:
        return _said(text, found, marks, at, "stated as the answer", explicit=True)
    if any(start <= one.start < end for one in found):
        return None
    return _in_words(text, start, end, explicit=True)


def _region(text: str, start: int) -> tuple[int, int]:
    """From a marker to the end of its sentence; an empty line's rest is skipped."""
    while start < len(text) and text[start] in " \n\t:\"'*=[>":
        start += 1
    end = SENTENCE_END.search(text, start, start + _SENTENCE)
    return start, end.start() if end else min(len(text), start + _SENTENCE)


def _in_region(
    text: str, found: Sequence[Number], marks: Marks, start: int, end: int
) -> int | None:
    inside = [n for n, one in enumerate(found) if start <= one.start < end]
    usable = [n for n in inside if n not in marks.out]
    firm = [n for n in usable if n not in marks.aside] or usable
    if not firm:
        return None
    first = firm[0]
    if first == inside[0] and FILLED.search(text[start : found[first].start]):
        return _end_of_chain(text, found, marks, inside, first)
    return firm[-1] if CUE.search(text[start:end]) else first


def _end_of_chain(
    text: str, found: Sequence[Number], marks: Marks, inside: Sequence[int], at: int
) -> int:
    """In 'x = 1/2 = 0.5' the last that stands alone."""
    for following in inside:
        if (
            following > at
            and text[found[at].end : found[following].start].strip() == "="
            and following not in marks.out
        ):
            at = following
    return at


def _opening(text: str, found: Sequence[Number], marks: Marks) -> Stated | None:
    """A number that opens the text and is then explained, or followed by something else."""
    if not found or 0 in marks.out or 0 in marks.aside:
        return None
    first = found[0]
    if not OPENING.search(text[: first.start]):
        return None
    after = text[first.end :]
    reason = EXPLAINED.search(after)
    if reason is None:
        return None
    if COLUMN.match(after[reason.end() :]) and "\n" in reason[0]:
        return None
    return _said(text, found, marks, 0, "opens the answer")


def _last(text: str, found: Sequence[Number], marks: Marks) -> int | None:
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    if not firm:
        return None
    unrelated = _unrelated_equations(found, marks, firm)
    if unrelated is not None:
        return unrelated
    given = {_value(found[n]) for n in marks.operands} - {_value(found[n]) for n in marks.results}
    new = [
        n
        for n in firm
        if _value(found[n]) not in given
        or _IS.search(text[max(0, found[n].start - 12) : found[n].start])
    ]
    return (new or firm)[-1]


def _opening_words(text: str, found: Sequence[Number]) -> Stated | None:
    """'Fourteen! …': the same, said in words."""
    if not found:
        return None
    head = text[: found[0].start]
    for spoken in spoken_numbers(head[:200])[:1]:
        ended = re.match(r"[.!](?:\s|$)|\n", head[spoken.end :])
        if ended and OPENING.search(head[: spoken.start]) and not spoken.one:
            return Stated((as_number(spoken, head),), "opens the answer")
    return None


def _unrelated_equations(found: Sequence[Number], marks: Marks, firm: Sequence[int]) -> int | None:
    """Of equations alone that never use each other's results, the first: the rest is new."""
    if len(firm) < 2 or any(n not in marks.results for n in firm):
        return None
    if set(range(len(found))) != marks.operands | set(firm):
        return None
    results = {_value(found[n]) for n in firm}
    if any(_value(found[n]) in results for n in marks.operands):
        return None
    return firm[0]


def _value(number: Number) -> Fraction | None:
    return number.readings[0][0] if number.readings else None


def _said(
    text: str, found: Sequence[Number], marks: Marks, at: int, how: str, *, explicit: bool = False
) -> Stated:
    """A number, with those that say the same once more; several where another stands beside it."""
    chosen = found[at]
    alternatives = [chosen]
    for other in (at - 1, at + 1):
        if not 0 <= other < len(found):
            continue
        left, right = sorted((at, other))
        gap = text[found[left].end : found[right].start]
        if len(gap) > 60:
            continue
        if SAME.search(gap):
            alternatives.append(found[other])
        elif OUT_OF.search(gap):
            return _share(found[left], found[right], how, explicit=explicit)
        elif other not in marks.out and _beside(gap) and not _equal(chosen, found[other]):
            whole = _whole_of(found[:left], found[left], found[right])
            if whole is not None:
                return Stated((whole,), how, explicit)
            return Stated((found[left], found[right]), how, explicit, several=True)
    return Stated(tuple(alternatives), how, explicit)


def _beside(gap: str) -> bool:
    """Do two numbers stand side by side as answers ('85 or 86')?"""
    return bool(EITHER.search(gap) or OR_ELSE.search(gap))


def _whole_of(before: Sequence[Number], one: Number, other: Number) -> Number | None:
    """In '85 students: 27 boys and 58 girls' the 85."""
    parts = _value(one), _value(other)
    if not before or parts[0] is None or parts[1] is None:
        return None
    return before[-1] if _value(before[-1]) == parts[0] + parts[1] else None


def _share(part: Number, whole: Number, how: str, *, explicit: bool) -> Stated:
    above, below = _value(part), _value(whole)
    if above is None or not below:
        return Stated((part,), how, explicit)
    ratio = Number(part.start, whole.end, f"{part.shown}/{whole.shown}", ((above / below, None),))
    return Stated((part, ratio), how, explicit)


def _equal(one: Number, other: Number) -> bool:
    values = {value / 100 if one.percent else value for value, _ in one.readings}
    return any((value / 100 if other.percent else value) in values for value, _ in other.readings)


def _in_words(
    text: str, start: int, end: int, *, explicit: bool = False, alone: bool = True
) -> Stated | None:
    """The last number in words of a stretch; a lone 'one' only where there is no other."""
    region = text[start:end]
    if NOTHING.search(region):
        return Stated((_zero(region),), "said in words", explicit)
    spoken = spoken_numbers(region)
    firm = [one for one in spoken if not one.one] or (spoken if alone else [])
    places = joined(region, [as_number(one, region) for one in firm])
    marks = marks_of(region, places)
    free = [n for n in range(len(places)) if n not in marks.out]
    loose = [n for n in free if n not in marks.aside] or free
    if not loose:
        return None
    at = loose[0] if explicit and not CUE.search(region) else loose[-1]
    return _said(region, places, marks, at, "said in words", explicit=explicit)


def _zero(text: str) -> Number:
    return Number(0, len(text), text.strip(), ((Fraction(0), 0),))
