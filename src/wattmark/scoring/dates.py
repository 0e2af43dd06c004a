"""Days of a month, years of a date, hours of a clock and ages, as numbers are found among them.

A day is no answer where the question asks for no date, and an age is none where it neither asks
for one nor speaks of years: 'published on 15 August', 'Mr. Harlow, aged 34'.
"""

from __future__ import annotations

import re

from wattmark.scoring.asked import Asked
from wattmark.scoring.numerals import Number

_I = re.IGNORECASE
MONTH = (
    r"(?:january|february|march|april|may|june|july|august|september|october|november|december"
    r"|janeiro|fevereiro|março|abril|maio|junho|julho|agosto|setembro|outubro|novembro|dezembro)"
)
_DAY_AFTER = re.compile(rf"^(?:st|nd|rd|th|º)?\s+(?:of\s+|de\s+)?{MONTH}\b", _I)
_DAY_BEFORE = re.compile(rf"\b{MONTH}\s+(?:the\s+)?$", _I)
_DAY_ALONE = re.compile(r"^(?:st|nd|rd|th)?(?:[,.;!?)]|\s+[^\W\d]|\s*$)", _I)
_DAY_THEN_YEAR = re.compile(r"^(?:st|nd|rd|th)?,?\s+[12]\d{3}\b", _I)
_HALF_OF_DAY = re.compile(r"^\s?[ap]\.?m\b", _I)
_HALVES = frozenset("apAP")
_IN_DATES = frozenset("-/.")
_LAST_DAY = 31
_YEAR_DIGITS = 4
_CENTURIES = ("18", "19", "20")
_IN_YEAR = ("no ano de ", "in the year ", "in the year of ")
_SINCE = re.compile(r"\b(?:since|desde)\s$", _I)
_AGED = re.compile(r"\b(?:aged|at\s+(?:the\s+)?age(?:\s+of)?|com\s+idade\s+de)\s+$", _I)
_YEARS_OLD = re.compile(r"^(?:-year-old\b|\s+years?\s+(?:old\b|of\s+age\b))", _I)
_OF_YEARS = re.compile(
    r"[^\W\d_]{2,20},?\s+(?:de|com|tinha|tem|(?:a|aos)(?:\s+seus)?)\s+(?:(?:cerca\s+de|uns|apenas"
    r"|quase)\s+)?$",
    _I,
)
"""The head of 'a professora de 34 anos', 'Ana, que tinha uns 60 anos'."""
_ANOS = re.compile(r"^\s+anos\b", _I)


def is_date_or_time(before: str, after: str, number: Number, *, month: bool) -> bool:
    """Is it a day or year of a date, or an hour of the clock? `month`: the text names one."""
    if number.percent:
        return False  # '15 % a.m.', a month
    if after[:2] == "/0" or (after[:2].strip()[:1] in _HALVES and _HALF_OF_DAY.match(after)):
        return True
    if len(number.shown) == _YEAR_DIGITS and number.shown.isdigit() and before.endswith(_IN_YEAR):
        return True
    if (
        len(number.shown) == _YEAR_DIGITS
        and number.shown[:2] in _CENTURIES
        and _SINCE.search(before)
    ):
        return True
    if not (month or before[-1:] in _IN_DATES or after[:1] == "-"):
        return False
    return _may_be_day(number) and _is_day(before, after)


def is_unasked(before: str, after: str, number: Number, asked: Asked, *, month: bool) -> bool:
    """Is it a day or an age that the question, which is known, does not ask for?"""
    if not asked.day and (after[:2] == "/0" or (month and _is_any_day(before, after, number))):
        return True
    return not asked.age and _is_age(before, after)


def _is_day(before: str, after: str) -> bool:
    """The 20 of '20 July 1969', 'July 20, 1969', '20 de julho'."""
    return bool(_DAY_AFTER.match(after)) or bool(
        _DAY_BEFORE.search(before) and _DAY_THEN_YEAR.search(after)
    )


def _may_be_day(number: Number) -> bool:
    return number.value is not None and 1 <= number.value <= _LAST_DAY


def _is_any_day(before: str, after: str, number: Number) -> bool:
    """Also the 15 of 'on August 15 she left', and not that of 'It may 15'."""
    if not _may_be_day(number):
        return False
    if _DAY_AFTER.match(after):
        return True
    named = _DAY_BEFORE.search(before)
    capital = named is not None and named[0][:1].isupper()
    return capital and bool(_DAY_ALONE.match(after) or _DAY_THEN_YEAR.match(after))


def _is_age(before: str, after: str) -> bool:
    if _AGED.search(before) or _YEARS_OLD.match(after):
        return True
    return bool(_ANOS.match(after) and _OF_YEARS.search(before))
