"""Which readings are looked at again: a number that was read, and the expected one before it.

`second_look` weighs what speaks for the expected one. Not weighed is what is worked on, denied,
rounded or a step of the sum that was read: 'Since 2^3 = 8, it is 9', '24 in May. 48 + 24 = 72'.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from wattmark.scoring.asked import EACH, TOTAL, Asked
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number

_I = re.IGNORECASE
ENDS = re.compile(r"[.!?;](?=\s|$)|\n")
ABOUT = re.compile(
    r"\b(?:about|approximately|roughly|cerca|aproximadamente|quase|almost|nearly|more\s+than"
    r"|mais\s+de)\b|≈|~",
    _I,
)
CHECKED = re.compile(
    r"\b(?:check|verif\w*|confer\w*|prova|conf[ie]rm\w*|indeed|substitut\w*|back)\b|[✓✔]", _I
)
NEAR = 30
"""Characters beside a number that are looked at."""
_SENTENCE = 200
"""Characters of a sentence."""
_SINCE = re.compile(
    r"\W{0,3}(?:since|because|as|given|after|of\sthe(?:se)?|como|já\s+que|visto\s+que|dad[oa]s?|d[oa]s"
    r"|após|depois\s+de)\s",
    _I,
)
_NOT = re.compile(
    r"\b(?:(?:is|was|are|were)(?:n't|\snot)|não\s(?:é|era|foi|são|eram|foram))\s(?:[^\W\d_]+\s)?$",
    _I,
)
_IS_LEFT = re.compile(r"(?:\s[^\W\d_]{1,15}){0,2}\s(?:left|remain(?:s|ing)?)\b", _I)
_BESIDE = 20
"""Characters after a number that are said of it."""
_MAYBE = re.compile(r"\b(?:(?:could|might|may)\s+be|pode(?:ria)?\s+ser)\s$", _I)
_SUMS = frozenset("/^")
"""Signs of a number that is still to be worked out."""
_SIMPLIFIES = re.compile(r"\b(?:simplif|reduz|reduc)", _I)
_OR_SO = re.compile(r"[^,.\n]{0,12},?\s(?:or|ou|that\s+is|i\.e\.|ou\s+seja|isto\s+é),?\s", _I)
"""It says an amount once more."""
_ROUNDS = re.compile(r"\b(?:round|arredond)", _I)
_ALIKE = 20
"""A rounding is off by one in so many, at most."""
_TERM = re.compile(
    r"[-+*/]\s?(?:R?\$|€|£)?\s?([0-9][0-9.,]*[0-9]|[0-9])"
    r"|(?<![\d.,])([0-9][0-9.,]*[0-9]|[0-9])(?=\s?[-+*/]\s?[\d$€£R])"
)
"""A number that is reckoned with."""
_NO_DIGIT = re.compile(r"\D")


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, what was found of its numbers, and which of them was read as its answer."""

    text: str
    found: Sequence[Number]
    marks: Marks
    place: int
    """Where in the text the number stands that was read."""

    @property
    def read(self) -> int:
        """Its place among the numbers; the last where it was made of several."""
        return next(
            (n for n, one in enumerate(self.found) if one.start == self.place), len(self.found) - 1
        )


def is_weighed(reading: Reading, meant: int, asked: Asked) -> bool:
    """May the expected number, at `meant`, be the answer at all, so that it is to be weighed?

    Not where a text contradicts itself, nor the 12 of 'It could be 12, 13 or 14'.
    """
    one, other = reading.found[meant], reading.found[reading.read]
    if (asked.percent and other.percent > one.percent) or (
        asked.count and one.percent > other.percent
    ):
        return False  # 'Of the 40 students, 85% passed', '25% of the balls, so 50'
    if meant + 1 < len(reading.found) and _MAYBE.search(reading.text, 0, one.start):
        return False
    if _NOT.search(reading.text, max(0, one.start - NEAR), one.start):
        return False
    if _is_so_asked(reading, one, other, asked):
        return False
    is_step = _is_worked_out(reading, meant) or _is_reckoned_with(reading, meant, asked)
    return not is_step and not _is_fronted(reading, meant)


def _is_so_asked(reading: Reading, one: Number, other: Number, asked: Asked) -> bool:
    """'He gave away 6, so he has 4 left', '3 share 27, 9 each', 'Tom has 12 and Ann 7; in all 19'.

    What the question asks for, and says of the one that was read alone.
    """
    text = reading.text
    if asked.rest and _IS_LEFT.match(text, other.end):
        return True
    named = EACH if asked.each else TOTAL if asked.total else None
    if (
        named is None
        or other.value in asked.given
        or named.search(sentence_before(text, one.start))
    ):
        return False
    if named.search(text, one.end, one.end + _BESIDE):
        return False
    return named.search(text, one.end, other.end + _BESIDE) is not None


def _is_fronted(reading: Reading, meant: int) -> bool:
    """The 8 of 'Since 2^3 = 8, …', of a sentence that then says what was read."""
    one, other = reading.found[meant], reading.found[reading.read]
    gap = reading.text[one.end : other.start]
    if "," not in gap or ENDS.search(gap):
        return False
    return _SINCE.match(sentence_before(reading.text, one.start)) is not None


def _is_worked_out(reading: Reading, meant: int) -> bool:
    """'0.85, so 0.85%', '1.414…, rounded 1.42', '20/5, x = 5', '17? No.', '1h30, or 1.3 h'"""
    one, other = reading.found[meant], reading.found[reading.read]
    unsolved = _SUMS.intersection(one.shown) and not _SUMS.intersection(other.shown)
    if unsolved or (one.percent != other.percent and _digits(one) == _digits(other)):
        return True
    gap = reading.text[one.end : other.start]
    if gap.startswith("?") or ("/" in one.shown and _SIMPLIFIES.search(gap)):
        return True
    if one.unit and other.unit and one.unit.kind == other.unit.kind and _OR_SO.match(gap):
        return True
    if one.value is None or other.value is None or one.percent or other.percent:
        return False
    if other.value.denominator == 1 != one.value.denominator and abs(one.value - other.value) < 1:
        return ABOUT.search(reading.text, one.end, other.start) is None  # '8.75, so 9 buses'
    near = abs(one.value - other.value) * _ALIKE <= abs(one.value)
    return near and (one.endless or _ROUNDS.search(reading.text, one.end, other.start) is not None)


def _is_reckoned_with(reading: Reading, meant: int, asked: Asked) -> bool:
    """The 24 of '48/2 = 24 in May. 48 + 24 = 72 in all'; not of a check, which comes to a given."""
    number, other = reading.found[meant], reading.found[reading.read]
    if CHECKED.search(reading.text, number.end, other.start):
        return False
    if reading.read not in reading.marks.results or other.value in asked.given:
        return False
    terms = (one[1] or one[2] for one in _TERM.finditer(reading.text, number.end, other.start))
    return number.shown in terms


def _digits(number: Number) -> str:
    """Those that are written, without the zeros at both ends: of 0,40 and 4 km the same."""
    return _NO_DIGIT.sub("", number.shown).strip("0")


def sentence_before(text: str, place: int) -> str:
    """What its sentence has before a place."""
    before = text[max(0, place - _SENTENCE) : place]
    ends = [end.end() for end in ENDS.finditer(before)]
    return before[ends[-1] :] if ends else before


def sentence_after(text: str, place: int) -> str:
    """What its sentence has after a place."""
    after = text[place : place + _SENTENCE]
    end = ENDS.search(after)
    return after[: end.start()] if end else after
