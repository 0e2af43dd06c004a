"""Numbers in words, and 'none', that count what the question asks for, beside those in digits."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.asked import CHANCE, Asked, is_asked, is_fraction, is_year, singular, stems
from wattmark.scoring.lists import is_list
from wattmark.scoring.numerals import Number
from wattmark.scoring.sizes import HALF_MORE
from wattmark.scoring.words import ORDINALS, spoken_numbers

_NEAR = 60
"""Characters before a number that are looked at."""
_OF_SO_MANY = re.compile(
    r"\s+(?:(?:of|out\s+of|d[aeo]s?)\s+(?:(?:the|all|its|their)\s+)?\d|of\s+them\b|in\s+(?:all|total)\b"
    r"|(?:[^\W\d_]{1,15}\s+){1,4}out\s+of\s+(?:the\s+)?\d|altogether\b|del[ea]s\b|ao\s+todo\b|no\s+total\b)",
    re.IGNORECASE,
)
"""'Twelve of the 40'."""
_OF_THE = re.compile(r",?\s(?:dos|das|(?:out\s)?of\sthe)\s(?=\d)", re.IGNORECASE)
"""'Two hundred tickets, of the 500'."""
_OF_WORDS = ("of the ", "dos ", "das ")
"""One of which it has."""
_ONLY = re.compile(
    r"\b(?:only|just|exactly|apenas|só|somente|sobra|resta|leav(?:es|ing))\s+$", re.IGNORECASE
)
"""Before a 'one' that counts."""
_NONE = re.compile(
    r"\b(?:none|nothing|nobody|no\s+one|nenhuma?|ninguém|nada"
    r"|(?:(?:(?:is|are|was|were|has|have|had|with)\s+(?:no|zero)|no(?=\s(?:more\s)?[^\W\d_]{1,20}s\b))\s+(?:more\s+)?|sem\s+"
    r"|não\s+(?:há|houve|tem|sobr\w{1,4}|rest\w{1,4})\s+(?!nenhum|nada|ninguém|mais))(?P<noun>[^\W\d_]{2,20}))\b",
    re.IGNORECASE,
)
_SOON = re.compile(r"\s[^\W\d_]{3,15}\s([^\W\d_]{2,20})\b")
_LEADS_TO = re.compile(r"(?:\s[^\W\d_]{1,15}){0,3}\s?:\s")
_COMES_AFTER = re.compile(
    r"\s?(?::|,\s(?:ou\sseja|isto\sé|that\sis|i\.e\.|so|logo|portanto),?)\s(?:(?:that's|são)\s)?",
    re.IGNORECASE,
)
_SOME_BEFORE = re.compile(r"\d,\s$")
_HAS = re.compile(r"\b(?:has|have|had|tem|têm|tinha)\s+$", re.IGNORECASE)
_ORDINAL = re.compile(r"\b({})\s([^\W\d_]{{2,20}})".format("|".join(ORDINALS)), re.IGNORECASE)
_ORDINAL_LAST = re.compile(r"\b({})()(?=\s?(?:[.,;!]|$))".format("|".join(ORDINALS)), re.IGNORECASE)
"""'Ana finished third.'"""
_CLAUSE_ENDS = re.compile(r"[,.;:!?\n]|\s(?:and|e|but|mas)\s", re.IGNORECASE)


def with_counts(text: str, found: Sequence[Number], asked: Asked) -> Sequence[Number]:
    """Numbers in digits, and among them those in words that count what the question asks for."""
    if not found and not (asked.which or asked.placed):
        return found
    if not asked.words:
        return [*_of_the(text, found), *found]
    counts = [
        as_number(one, text)
        for one in spoken_numbers(text)
        if not one.one
        or HALF_MORE.search(text[: one.end + 30], one.end)
        or _ONLY.search(text, max(0, one.start - _NEAR), one.start)
    ]
    counts = joined(text, counts)
    known = all(one.value in asked.given or (is_year(one) and not asked.year) for one in found)
    counts = [
        one
        for one in counts
        if _is_count(text, one, asked)
        or (asked.count and counts_list(text, one, found) is not None)
        or _opens(text, one, asked)
        or (known and (_is_new(one, found, asked) or _answers(text, one, asked)))
    ]
    counts += _none_of(text, asked) if _may_be_none(asked) else []
    counts += _ordinals(text, asked) if known or not asked.placed else []
    taken = {place for one in found for place in range(one.start, one.end)}
    new = [one for one in counts if one.start not in taken]
    return sorted([*found, *new], key=lambda one: one.start) if new else found


def _of_the(text: str, found: Sequence[Number]) -> list[Number]:
    """The two hundred of 'Two hundred tickets, of the 500', where no digits stand before it."""
    of = _OF_THE.search(text) if any(words in text for words in _OF_WORDS) else None
    said = [one for one in spoken_numbers(text[: of.start()]) if not one.one] if of else []
    if of is None or not said or found[0].start < of.start():
        return []
    near = text[said[-1].end : of.start()].count(" ") <= 1
    return [as_number(said[-1], text)] if near else []


def _is_count(text: str, number: Number, asked: Asked) -> bool:
    if is_asked(number, asked) or (asked.percent and number.percent):
        return True
    if is_fraction(number) and (asked.fraction or CHANCE.search(asked.text)):
        return True
    return _OF_SO_MANY.match(text, number.end) is not None


def counts_list(text: str, number: Number, found: Sequence[Number]) -> range | None:
    """The places of the list that it counts: 'five: 41, 43, 47, 53, 59', '2, 3 and 5, so three'."""
    size = number.value
    if size is None or size.denominator != 1 or not 1 < size <= len(found):
        return None
    before = [n for n, one in enumerate(found) if one.end <= number.start][-int(size) :]
    after = [n for n, one in enumerate(found) if one.start >= number.end][: int(size)]
    for listed, starts, ends in (
        (after, number.end, found[after[0]].start if after else 0),
        (before, found[before[-1]].end if before else 0, number.start),
    ):
        leads = _LEADS_TO if listed is after else _COMES_AFTER
        if len(listed) == size and leads.fullmatch(text, starts, ends):
            more = _SOME_BEFORE.search(text[: found[listed[0]].start])
            if is_list(text, found, listed) and not more:
                return range(listed[0], listed[-1] + 1)
    return None


def _is_new(number: Number, found: Sequence[Number], asked: Asked) -> bool:
    """Has it a unit, and is it new, where each number in digits is the question's?"""
    return number.unit is not None and bool(found) and number.value not in asked.given


def _opens(text: str, number: Number, asked: Asked) -> bool:
    """'Fifteen wear glasses, …': does it open the text, with all of the question's words?"""
    clause = _CLAUSE_ENDS.split(text[number.end :], maxsplit=1)[0]
    new = number.value not in asked.given and not text[: number.start].strip()
    return new and asked.words <= stems(clause)


def _answers(text: str, number: Number, asked: Asked) -> bool:
    """'Two known moons', where moons are counted."""
    soon = _SOON.match(text, number.end) if asked.noun and not number.percent else None
    return soon is not None and singular(soon[1]) == asked.noun


def _may_be_none(asked: Asked) -> bool:
    """Does it ask how many there are, or are left?"""
    return asked.count or asked.rest or asked.more


def _none_of(text: str, asked: Asked) -> list[Number]:
    """Zero, where a clause says in the question's words that there is none: 'nobody is left'."""
    zeros = []
    for none in _NONE.finditer(text):
        least = max(0, none.start() - _NEAR)
        ends = [end.end() for end in _CLAUSE_ENDS.finditer(text, least, none.start())]
        clause = _CLAUSE_ENDS.split(text[none.end() : none.end() + _NEAR])[0]
        words = stems(text[ends[-1] if ends else least : none.end()] + clause)
        if none[0].casefold() in asked.text.casefold():
            continue  # 'How many play none?'
        noun = none["noun"] or ""
        if asked.noun or not asked.rest:
            noun = "" if singular(noun) == asked.noun else noun
        else:  # 'How many are left?'
            noun = ""
        if noun and not stems(noun) & asked.head:
            continue
        own = stems(asked.noun)
        has = asked.count and not noun and _HAS.search(text, least, none.start())
        if has or words & ((asked.words - own) or own):
            zeros.append(zero(none[0], none.start()))
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


def zero(text: str, start: int = 0) -> Number:
    """The number that words such as 'none' say."""
    return Number(start, start + len(text), text.strip(), ((Fraction(0), 0),))
