"""What a number is in its sentence: an operand, a label, denied, an aside, or a possible answer.

A scorer that takes any number that equals the gold takes the question's own digits for an
answer. Each number is looked at with what stands around it, in English and in Portuguese.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from wattmark.scoring.around import (
    AGREED,
    ASIDE_AFTER,
    COMPARED,
    DENIED_AFTER,
    DENIED_BEFORE,
    DIVISOR,
    EQUALS,
    FACTORED,
    LABEL,
    ORDINAL,
    PART_OF,
    PLACE,
    PLACED,
    REFUSED_END,
    REFUSING,
    REST,
    STATES_AFTER_ALL,
    STEP,
    SURE_AFTER,
    SURE_BEFORE,
    TOLD,
    TOLD_END,
    UNREADABLE_AFTER,
    UNREADABLE_BEFORE,
)
from wattmark.scoring.asked import NOTHING_ASKED, WORD, Asked, is_asked, is_year, stems
from wattmark.scoring.cues import cues_of
from wattmark.scoring.dates import is_date_or_time, is_unasked
from wattmark.scoring.layout import set_items_aside, set_table_heads_aside
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.offers import offers, reminders
from wattmark.scoring.operands import find_operands, repeats, set_checks_aside
from wattmark.scoring.phrases import OR_ELSE
from wattmark.scoring.segments import ENDS as SENTENCE
from wattmark.scoring.spans import KINDS, LONG, SIGNS, Stretch, stretches
from wattmark.scoring.tokens import is_numbered
from wattmark.scoring.unknowns import letters_of, set_unknowns_aside
from wattmark.scoring.words import ORDINALS, spoken_numbers

_NEAR = 60
_SIGN = 24
"""Characters before a number in which an equals sign, or 'equal to', leads to it."""
_EQUAL_ENDS = frozenset("=≈>sSoOaA")
_ORDINAL_ENDS = frozenset("snrtoaSNRTOAºª.")
_ALGEBRA = "0123456789 ()+*/^-"
_HAS = re.compile(
    r"([A-ZÀ-Ý][a-zà-ÿ]{1,20})\s+(?!(?:and|or|to|by|from|de|da|do|e|ou|a|em|com|por)\s)[a-zà-ÿ]{1,12}\s+(?:R\$|[$€£])?\s?$"
)
"""'Tom is 17': whose number it is."""
_EACH_HUNDRED = re.compile(r"[^\W\d_]/$")
_FACTORIAL = re.compile(r"!?\s?=\s?")
_ENDS_WITH_DAY = re.compile(r"(?:st|nd|rd|th|\.?[ºªoa])\s(?:day|dia)[.!]?\s*$", re.IGNORECASE)
"""'They run out on the 15th day.'"""
_SENTENCE_ENDS = re.compile(r"\s?(?:[.!,;]|$)")
_OUT = frozenset(("wrong", "compared", "step", "sure", "part", "root"))
"""Kinds of phrase that make a number no answer in any case."""
_ASIDE = frozenset(("place", "counted", "divisor", "label"))
_HARMLESS = frozenset((".", ",", ";", ":", "\n", "%", "=", ""))
"""Signs after a number that change nothing of it."""
_NAMED = frozenset(("month", "numbered", "aged"))


def marks_of(text: str, found: Sequence[Number], asked: Asked = NOTHING_ASKED) -> Marks:
    """What each number of a cleaned text is."""
    marks = Marks()
    if not found:
        return marks
    cues = cues_of(text)
    if asked.words:
        cues = cues - {"trailing"}  # the question tells whether the part or the whole is meant
    find_operands(text, found, marks, asked)
    known = asked is not NOTHING_ASKED
    elsewhere = asked.variable or (asked.names and asked.others)
    letters = letters_of(text) if "=" in text else frozenset()
    equated, denies = "equals" in cues, "denied" in cues
    named = not cues.isdisjoint(_NAMED)
    for at, number in enumerate(found):
        before = text[max(0, number.start - _NEAR) : number.start]
        after = text[number.end : number.end + 40]
        ordinal = after[:1] in _ORDINAL_ENDS and _is_ordinal(after, asked)
        if (elsewhere and _of_something_else(before, asked)) or (
            named and _is_of_a_thing(before, after, number, cues, asked)
        ):
            marks.out.add(at)
        elif denies and number.shown[0] != "n" and DENIED_BEFORE.search(before):
            marks.denied.add(at)
            marks.out.add(at)
        elif _is_out(before, after, number, cues, letters) or (
            ordinal and not asked.words and not _states_place(found, after)
        ):
            marks.out.add(at)
        elif (ordinal and not _may_be_placed(found, after, asked)) or _is_aside(
            before, after, number, cues, counted=known and _is_meant(number, after, asked)
        ):
            marks.aside.add(at)
        if equated and before.rstrip(" \n([$€£R\"'-")[-1:] in _EQUAL_ENDS:
            _mark_result(text, found, at, marks, asked)
    if letters:
        set_unknowns_aside(text, found, marks, asked, letters=letters)
    _factored(text, found, marks, asked)
    set_table_heads_aside(text, found, marks)
    set_items_aside(text, found, marks)
    _told(text, found, marks, cues)
    _spans(text, found, marks, cues)
    set_checks_aside(text, found, marks, asked)
    marks.out |= marks.operands
    _also_denied(text, found, marks)
    return marks


def _mark_result(text: str, found: Sequence[Number], at: int, marks: Marks, asked: Asked) -> None:
    """Marks a number right after an equals sign."""
    if not EQUALS.search(text, max(0, found[at].start - _SIGN), found[at].start):
        return
    marks.results.add(at)
    converted = at == 1 and not asked.text and 0 not in marks.results  # '75 kg = 165 lb'
    before = at and at - 1 not in marks.operands and not converted
    if before and repeats(text, found[at - 1], found[at], asked):
        marks.aside.add(at)


def _factored(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """The 80 of '80 = 1 * 48 + 32', where the question gives it."""
    if asked.given and "=" in text and "*" in text:
        marks.aside |= {
            n
            for n, one in enumerate(found)
            if one.value in asked.given and FACTORED.match(text, one.end)
        }


def _is_ordinal(after: str, asked: Asked) -> bool:
    """The 21 of '21st'; not that of '21st place' and of '21.º' where no question is known."""
    if not ORDINAL.match(after):
        return False
    return bool(asked.words) or not (after[0] == "." or PLACED.match(after))


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
    return asked.variable in term and term.rstrip("0123456789") != asked.variable


def _is_of_a_thing(
    before: str, after: str, number: Number, cues: frozenset[str], asked: Asked
) -> bool:
    """The number of an error, a day or an age that the question does not ask for."""
    if "numbered" in cues and is_numbered(before, asked.whole):
        return True
    return is_unasked(before, after, number, asked, month="month" in cues)


def _is_aside(
    before: str, after: str, number: Number, cues: frozenset[str], *, counted: bool
) -> bool:
    if not counted and is_date_or_time(before, after, number, month="month" in cues):
        return True
    if cues.isdisjoint(_ASIDE):
        return False
    placed = "place" in cues and number.noun and "\n" not in before and not counted
    if placed and PLACE.search(before):
        return True
    if "counted" in cues and not counted and ASIDE_AFTER.match(after):
        return True
    if "divisor" in cues and DIVISOR.search(before):
        return True
    return "label" in cues and bool(LABEL.search(before) or REST.search(before))


def _is_meant(number: Number, after: str, asked: Asked) -> bool:
    placed = number.shown.casefold() in ORDINALS or (bool(asked.which) and after[:2] == "/0")
    placed = placed or _is_placed(after, asked)
    return placed or is_asked(number, asked) or (asked.year and is_year(number))


def _may_be_placed(found: Sequence[Number], after: str, asked: Asked) -> bool:
    if asked.placed or _is_placed(after, asked):
        return True
    return not asked.text and _states_place(found, after)


def _states_place(found: Sequence[Number], after: str) -> bool:
    """'It was the 21st attempt', and no other number; '… on the 15th day.'"""
    return len(found) == 1 or _ENDS_WITH_DAY.match(after) is not None


def _is_placed(after: str, asked: Asked) -> bool:
    """'6th place', '3º andar' where it is asked on which floor."""
    ordinal = ORDINAL.match(after)
    if ordinal is None:
        return False
    if asked.which in ("day", "dia", "date", "data") and _SENTENCE_ENDS.match(after, ordinal.end()):
        return True
    noun = WORD.match(after, ordinal.end() + 1)
    named = PLACED.match(after) or (noun and stems(noun[0]) & asked.words)
    return (asked.placed or bool(asked.which)) and bool(named)


def _is_out(
    before: str, after: str, number: Number, cues: frozenset[str], letters: frozenset[str]
) -> bool:
    if (letters and after[:1] in letters and not after[1:2].isalnum()) or (
        after[:1] not in _HARMLESS and UNREADABLE_AFTER.match(after)
    ):
        return True  # the 3 of '3L', where 'L = 10'
    if number.shown == "100" and _EACH_HUNDRED.search(before):
        return True  # '6.5 L/100 km'
    return not cues.isdisjoint(_OUT) and (
        ("wrong" in cues and bool(DENIED_AFTER.match(after)))
        or ("compared" in cues and bool(COMPARED.search(before)))
        or ("step" in cues and bool(STEP.search(before)))
        or ("sure" in cues and _is_sureness(before, after, number))
        or ("part" in cues and bool(PART_OF.search(before)))
        or ("root" in cues and bool(UNREADABLE_BEFORE.search(before)))
    )


def _is_sureness(before: str, after: str, number: Number) -> bool:
    """'I am 99 % sure', 'confidence: 0.9'."""
    return bool(SURE_BEFORE.search(before) or (number.percent and SURE_AFTER.match(after)))


def _told(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    for said in TOLD.finditer(text) if "told" in cues else ():
        stretch = _to_its_end(text, said)
        sentence = SENTENCE.search(text, said.end(), said.end() + LONG)
        if AGREED.search(text, said.end(), sentence.start() if sentence else said.end() + LONG):
            continue
        marks.told.append(stretch)
        marks.aside |= {n for n, one in enumerate(found) if stretch[0] <= one.start < stretch[1]}

    for refused in REFUSING.finditer(text) if "refusing" in cues else ():
        start, end = _to_its_end(text, refused, REFUSED_END)
        wholly = refused["all"] or refused["tudo"]
        if wholly and not STATES_AFTER_ALL.search(text, refused.end()):
            end = len(text)
        marks.out |= {n for n, one in enumerate(found) if start <= one.start < end}


def _to_its_end(
    text: str, said: re.Match[str], ends: re.Pattern[str] = TOLD_END
) -> tuple[int, int]:
    end = ends.search(text, said.end(), said.end() + LONG)
    return said.start(), end.start() if end else min(len(text), said.end() + LONG)


def _also_denied(text: str, found: Sequence[Number], marks: Marks) -> None:
    """The second of 'not 42, because 42 is even', and the first of '6? No, it is not 6.'"""
    if not marks.denied:
        return
    for n in sorted(marks.denied):  # 'not -11 or -5', 'not 5! = 120'
        gap = text[found[n].end : found[n + 1].start] if n + 1 < len(found) else ""
        if n + 1 in marks.results and _FACTORIAL.fullmatch(gap):
            marks.denied.add(n + 1)
            marks.out.add(n + 1)
    denied = {found[n].value: n for n in marks.denied}
    for n, one in enumerate(found[:-1]):  # 'x = -2 or x = 3. We reject x = -2'
        for this, other in ((n, n + 1), (n + 1, n)):
            gone = denied.get(found[this].value, -1) > n + 1
            if (
                gone
                and OR_ELSE.match(text[one.end : found[n + 1].start])
                and other not in marks.out
            ):
                marks.out.add(this)
    marks.out |= {n for n in marks.aside if denied.get(found[n].value, n) < n}
    if not found or len(found) - 1 not in marks.denied:
        return
    last = found[-1]
    for n, one in enumerate(found[:-1]):
        if one.value == last.value and one.unit == last.unit and text[one.end : one.end + 1] == "?":
            marks.out.add(n)


def _spans(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    """Brackets, checks, reasons and questions: asides, where a possible answer stands before."""
    if not found:
        return
    starts = [number.start for number in found]
    for start, end, after, _ in _void(text, cues):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first < last and (not after or _answered(text[:start], first, marks)):
            marks.out.update(range(first, last))
    if cues.isdisjoint(KINDS) and SIGNS.isdisjoint(text):
        return
    for start, end, after, reason in sorted(stretches(text, cues)):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first == last:
            continue
        denial = reason and first - 1 in marks.denied  # 'not 6, because 5 + 6 = 11'
        if not after or denial or _answered(text[:start], first, marks):
            marks.aside.update(range(first, last))


def _void(text: str, cues: frozenset[str]) -> list[Stretch]:
    """What states nothing even where nothing else does: offers, and advice after an answer."""
    found = list(offers(text)) if "offering" in cues else []
    return [*found, *reminders(text)] if "reminding" in cues else found


def _answered(before: str, place: int, marks: Marks) -> bool:
    """Is there a possible answer before the number at that place, in digits or in words?"""
    taken = marks.out | marks.aside | marks.operands
    if any(at not in taken for at in range(place)):
        return True
    if place and not (marks.aside | marks.out).issuperset(range(place)):
        return False
    return any(not spoken.one for spoken in spoken_numbers(before[-LONG:]))
