"""The sentences of an answer that state a number, and how much of the question each says over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wattmark.scoring.asked import TOTAL, Asked, is_asked, stems
from wattmark.scoring.hanging import by_how_much
from wattmark.scoring.lists import is_list
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import ENDS
from wattmark.scoring.units import CURRENCIES, UNITS
from wattmark.scoring.words import spoken_numbers

_I = re.IGNORECASE
_ENDS = re.compile(ENDS.pattern.replace(r"(?<=\n)", r"(?<=\n)(?<!:\n)(?<!:\s\n)") + r"|;(?=\s)", _I)
"""Of a sentence with what a colon leads to."""
_OPENING = re.compile(
    r"\W*(?:(?:it|that)(?:'s|\s+is|\s+was)\s+)?(?:(?:in|em|foi|foi\s+em|é|são|about|aproximadamente)\s+)?"
    r"(?:R\$|[$€£])?\s?-?",
    _I,
)
_MEANS = {"cost": "pric", "cust": "preç", "wort": "valu"}
"""Stems of words that answer with another word than was asked with."""
_MONEY = frozenset(("mone", "dinh"))
_UNIT_WORDS = {
    unit: stems(" ".join(name for name, one in UNITS.items() if one == unit))
    for unit in UNITS.values()
}


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence with numbers that can be an answer."""

    start: int
    text: str
    firm: tuple[int, ...]
    """Their places in the list of numbers."""
    many: int
    """All of its numbers."""
    opens: bool
    """Does it open the text with its first number?"""
    words: frozenset[str]
    """The question's words that it says over."""
    named: int
    """How many of those that name what is asked for."""
    alike: tuple[int, int]
    """How much of the question it says over: words, what it counts; and numbers."""
    strange: int
    """How many words it has that the question has not."""

    @property
    def end(self) -> int:
        """Its place in the text, the sign that ends it included."""
        return self.start + len(self.text)


def sentences(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Iterator[Sentence]:
    """Those that state a number."""
    start, at = 0, 0
    for end in (*(end.end() for end in _ENDS.finditer(text)), len(text)):
        inside = []
        while at < len(found) and found[at].start < end:
            inside.append(at)
            at += 1
        firm = [n for n in inside if n not in marks.out and n not in marks.aside]
        if not asked.more:
            firm = [n for n in firm if not by_how_much(text, found, n, asked)]
        rest = [
            n for n in firm if n == firm[-1] or found[n].value not in asked.given or n > firm[0]
        ]
        if firm and not (asked.count and is_list(text, found, rest)):
            told = {one.value for one in spoken_numbers(text[start:end])} if asked.said else set()
            said = (told | {found[n].value for n in inside}) & asked.said
            opens = start == 0 and _OPENING.fullmatch(text, 0, found[firm[0]].start) is not None
            yield Sentence(
                start, text[start:end], tuple(firm), len(inside), opens,
                *_echo(text[start:end], found, firm, len(said), asked),
            )  # fmt: skip
        start = end


def _echo(
    text: str, found: Sequence[Number], firm: Sequence[int], said: int, asked: Asked
) -> tuple[frozenset[str], int, tuple[int, int], int]:
    """What of a sentence's words is the question's."""
    words = stems(text)
    words |= {_MEANS[word] for word in words & _MEANS.keys()} | _understood(found, firm, asked)
    echoed = words & asked.words
    more = any(is_asked(found[n], asked) for n in firm)
    total = asked.total and TOTAL.search(text) is not None
    alike = len(echoed) + more + total, said
    return echoed, len(words & asked.head), alike, len(words - asked.whole)


def _understood(found: Sequence[Number], firm: Sequence[int], asked: Asked) -> frozenset[str]:
    """'Money' of '$350', 'reais' of 'R$ 350': what a unit says without the word."""
    units = {found[n].unit for n in firm} - {None}
    paid = any(unit is not None and unit.kind in CURRENCIES for unit in units)
    words = _MONEY if paid else frozenset()
    if asked.unit is not None and asked.unit in units:
        words |= _UNIT_WORDS[asked.unit]
    return words
