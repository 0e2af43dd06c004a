"""Numbers that say once more what the one before them says.

The members of a list after their count ('two solutions: 3 and -3'), where the question asks how
many there are, an amount in another unit ('250 km. That is about 155 miles'), and the list of what
was added up.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise

from wattmark.scoring.asked import Asked, is_asked
from wattmark.scoring.counted import counts_list
from wattmark.scoring.cues import cues_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import in_units_of

_I = re.IGNORECASE
_NEAR = 80
_ABOUT = Fraction(2, 100)
"""How far two roundings of one amount are apart."""
_TOGETHER = ("time", "months")
"""Kinds of which '90 minutes (1.5 hours)' states either."""
_MOST = 50
"""Members of a list that is counted."""
_LOSS = re.compile(
    r"\b(?:loss|deficit|debt|prejuízo|perda|déficit|défice|dívida)\s(?:of|de)\s(?:R\$|[$€£])?\s?$",
    _I,
)
_OVERDRAWN = re.compile(r"\s(?:overdrawn|in\sdebt|no\svermelho|a\sdescoberto|negativ[oa]s?)\b", _I)
_EQUIVALENT = re.compile(
    r"(?:\s?(?:[^\W\d_]{1,3}/)?[^\W\d_]{1,3}\^[23])?[^.\n\d]{0,40},?\s(?:(?:o\s)?que\sequivale\sa|equivalente\sa|(?:which\sis\s)?equivalent\sto"
    r"|(?:o\s)?que\sé\so\smesmo\sque|(?:which\s(?:[^.,\n\d]{0,20}\s)?is\s)?the\ssame\sas)\s(?:R\$|[$€£])?\s?",
    _I,
)


_BREAKDOWN = re.compile(
    r"^(?![ ]*(?:[-•]|\d{1,2}[.)])[ ])(?P<lead>[^\n]{1,90}?)(?P<colon>:?)[ ]*\n\s*"
    r"(?P<list>(?:[ ]*(?:[-•]|\d{1,2}[.)])[ ][^\n]+\n)+[ ]*(?:[-•]|\d{1,2}[.)])[ ][^\n]+\n?)\s*\Z",
    re.MULTILINE,
)
_PARTS_OF = re.compile(
    r"[;,]\s(\d{1,6})\s[^\W\d_]{1,15}\s(?:of|de)\s(\d{1,6})(?:\s[^\W\d_]{1,15})?\W{0,3}$"
)
_REASONS = re.compile(
    r"\b(?:because|porque|pois|breakdown|made\s+up\s+of|consist\w*|detalh\w*|assim\s+distribuíd\w+)\b",
    _I,
)
"""Words that lead to the parts of what was said."""


def set_repeats_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks such numbers as asides."""
    _listed(text, found, marks, asked)
    if ":" in text and "\n" in text:
        _broken_down(text, found, marks)
    parts = _PARTS_OF.search(text, max(0, len(text) - _NEAR))
    if parts is not None:
        _multiplied(found, parts, marks)
    cues = cues_of(text)
    if "lost" in cues:
        _lost(text, found, marks)
    if "again" in cues or [one for one in found if one.unit is not None]:
        _converted(text, found, marks, asked)


def _listed(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks the members of a list as asides, where as many follow their count as it says."""
    for at, number in enumerate(found if asked.noun and asked.count else ()):
        count = number.value
        if count is None or not 1 < count <= _MOST or count.denominator != 1:
            continue
        counted = counts_list(text, number, found)
        if counted is not None and at not in marks.out and number.shown.isalpha():
            marks.aside |= {*counted}


def _broken_down(text: str, found: Sequence[Number], marks: Marks) -> None:
    """The list that ends 'She read 52 pages:\\n- Monday: 12\\n- Tuesday: 40', and adds up to it."""
    listed = _BREAKDOWN.search(text)
    if listed is None:
        return
    inside = [n for n, one in enumerate(found) if one.start >= listed.start("list")]
    before = [n for n in range(len(found)) if n not in inside and n not in marks.out]
    ends = [text[found[n].end : _next_start(text, found, n)] for n in inside]
    last = [n for n, end in zip(inside, ends, strict=True) if "\n" in end or n == inside[-1]]
    total = sum((found[n].value or Fraction(0) for n in last), Fraction(0))
    added = len(last) > 1 and any(found[n].value == total for n in before)
    if before and (added or (listed["colon"] and _REASONS.search(listed["lead"]))):
        marks.aside.update(inside)


def _multiplied(found: Sequence[Number], parts: re.Match[str], marks: Marks) -> None:
    """The end of 'There are 30; 3 groups of 10.'"""
    inside = [n for n, one in enumerate(found) if one.start >= parts.start()]
    before = [found[n].value for n in range(len(found)) if n not in inside]
    if Fraction(int(parts[1]) * int(parts[2])) in before[-1:]:
        marks.aside.update(inside)


def _next_start(text: str, found: Sequence[Number], n: int) -> int:
    return found[n + 1].start if n + 1 < len(found) else len(text)


def _lost(text: str, found: Sequence[Number], marks: Marks) -> None:
    """The 250 of '-$250, a loss of $250'."""
    for at, number in enumerate(found):
        before = text[max(0, number.start - _NEAR) : number.start]
        if number.value and (_LOSS.search(before) or _OVERDRAWN.match(text, number.end)):
            again = any(one.value == -number.value for one in found[:at])
            marks.aside |= {at} if again else set()


def _converted(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """The 155 of '250 km. That is about 155 miles': one amount, rounded, in another unit."""
    for at, (one, other) in enumerate(pairwise(found)):
        meant = (
            is_asked(other, asked)
            or (asked.percent and other.percent)
            or (asked.unit is not None and other.unit == asked.unit)
        )
        if (
            not meant
            and one.percent == other.percent
            and _EQUIVALENT.fullmatch(text, one.end, other.start)
        ):
            marks.aside.add(at + 1)
            continue
        if one.unit in (None, other.unit) or other.unit is None:
            continue
        again = in_units_of(other.value or Fraction(0), other.unit, one.unit)
        near = other.start - one.end <= _NEAR and "=" not in text[one.end : other.start]
        if again is None or not near or one.value in (None, again) or at in marks.out:
            continue
        if abs(again - (one.value or 0)) <= abs(again) * _ABOUT:
            if other.unit != asked.unit:
                marks.aside.add(at + 1)
            elif asked.unit.kind not in _TOGETHER:
                marks.aside.add(at)
                marks.aside.discard(at + 1)
