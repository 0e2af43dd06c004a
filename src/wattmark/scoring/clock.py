"""Times of day and ratios: a gold of 16:45 or 3:5, and how an answer says it.

Each time in a text becomes its minutes since midnight, each ratio one number made of its terms, in
the gold and in the answer alike. Which of several is stated is then decided as for any number.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest
from math import gcd
from typing import NamedTuple

from wattmark.scoring.clean import clean
from wattmark.scoring.words import spoken_numbers

_I = re.IGNORECASE
_CLOCK = re.compile(
    r"\s*(?:([01]?\d|2[0-3])(?::|h)([0-5]\d)(?::[0-5]\d)?\s?(?:h|min)?)\s?([ap]\.?m\.?)?\s*", _I
)
_RATIO = re.compile(r"\s*\d{1,6}(?:\s?:\s?\d{1,6}){1,2}\s*")
_HALVES = (
    r"(?P<am>a\.m\.|am\b|d[ae]\s+(?:manhã|madrugada)|in\s+the\s+morning)"
    r"|(?P<pm>p\.m\.|pm\b|d[ae]\s+(?:tarde|noite)|in\s+the\s+(?:afternoon|evening)|at\s+night)"
)
_TIME = re.compile(
    r"(?<![\d:.,/])(?P<hour>\d{1,2})(?:(?::|\s?h(?:oras?|ours?)?\s?(?:(?:e|and)\s+)?)(?P<minute>[0-5]\d)"
    r"(?:\s?(?:h|min(?:utos?|utes?)?|m)\b)?(?![\d:])(?:\s?(?:" + _HALVES + r"))?"
    r"|\s?h(?:oras?|ours?)?(?![^\W_])|\s?(?:h(?:oras)?\s)?\s?(?:"
    + _HALVES.replace("<am>", "<am_>").replace("<pm>", "<pm_>")
    + r"))",
    _I,
)
_IN_RATIO = re.compile(
    r"(?<![\d:.,/])(\d{1,6})(?:\s?:\s?|\s?/\s?|\s+(?:[^\W\d_]{1,15}\s+)?(?:to|para|for\s+every|por|is\s+to|está\s+para)\s+"
    r"(?:every\s+|cada\s+)?)(\d{1,6})(?:\s?:\s?(\d{1,6}))?(?![\d:/])",
    _I,
)
_LOWEST = re.compile(r"\b(?:lowest|simplest|simplif\w{1,6}|reduc\w{1,4}|irredut\w{1,4})\b", _I)
_PAST = re.compile(
    r"\b(?:(?P<part>half|(?:a\s+)?quarter|[a-z]+(?:-[a-z]+)?)\s+(?:minutes\s+)?(?P<way>past|to|after|before)\s+(?P<hour>[a-z]+|\d{1,2})"
    r"|(?P<less>[a-zêç]+|\d{1,2})\s+(?:minutos\s+)?para\s+(?:as|a|o)\s+(?P<next>[a-zêç]+|\d{1,2}))\b",
    _I,
)
_AFTER = re.compile(r"\s+(?:o'clock\b|horas?\b|hours?\b)?\s*(?:" + _HALVES + r")?(?<=\S)", _I)
_TERM = 10**6
_NOON = 720
_DAY = 1440


class Plain(NamedTuple):
    """Gold, answer and question with numbers for times or ratios, and how each was written."""

    expected: str
    answer: str
    question: str
    shown: dict[str, str]


def as_plain(expected: str, answer: str, question: str) -> Plain | None:
    """The three texts with plain numbers; None where the gold is neither a time nor a ratio."""
    if expected.isdigit():  # most are, and need no looking at
        return None
    clock = _CLOCK.fullmatch(expected)
    if clock is not None:
        half = (clock[3] or _half_of(question))[:1].lower()
        wanted = _minutes(int(clock[1]), int(clock[2]), half)
        reads: Callable[[str, dict[str, str]], str] = _times(wanted)
    elif _RATIO.fullmatch(expected):
        reads = _ratios(lowest=not question or _LOWEST.search(question) is not None)
        wanted = None
    else:
        return None
    answer, question = clean(answer), clean(question)
    shown: dict[str, str] = {}
    gold = reads(expected, {}) if wanted is None else str(wanted)
    return Plain(gold.strip(), reads(answer, shown), reads(question, {}), shown)


def _half_of(question: str) -> str:
    """The half of the day that all times of a question are in: '6:00 PM'."""
    halves = {found.lastgroup or "" for found in re.finditer(_HALVES, question, _I)}
    return halves.pop() if len(halves) == 1 else ""


def _minutes(hour: int, minute: int, half: str) -> int:
    if half == "p" and hour < 12:
        hour += 12
    elif half == "a" and hour == 12:
        hour = 0
    return hour * 60 + minute


def _times(wanted: int) -> Callable[[str, dict[str, str]], str]:
    """Reads times; '4:45' without am or pm may be a quarter to five in the afternoon."""

    def number(found: re.Match[str], shown: dict[str, str]) -> str:
        am, pm = found["am"] or found["am_"], found["pm"] or found["pm_"]
        half = "a" if am else "p" if pm else ""
        value = _minutes(int(found["hour"]), int(found["minute"] or 0), half)
        open_half = not half and found["hour"][0] != "0" and value < _NOON
        if open_half and value + _NOON == wanted:
            value = wanted
        shown[str(value)] = found[0]
        return f"{value} "

    def reads(text: str, shown: dict[str, str]) -> str:
        plain, times = _TIME.subn(lambda found: number(found, shown), text)
        if times:
            return _without_words(plain)
        plain, times = _PAST.subn(lambda found: _past(found, wanted, shown), text)
        return plain if times else _spoken(text, wanted, shown)

    return reads


def _spoken(text: str, wanted: int, shown: dict[str, str]) -> str:
    """'Four forty-five in the afternoon', 'quatro e meia da tarde', "five o'clock"."""
    said = spoken_numbers(text)
    for one, other in zip_longest(said, said[1:]):
        end, minute = one.end, int(one.value % 1 * 60)
        between = text[one.end : other.start].strip(" -").lower() if other else "?"
        if other and between in ("", "e", "horas e", "h e") and other.value < 60:
            end, minute = other.end, int(other.value)
        after = _AFTER.match(text, end)
        if one.value > 24 or (end == one.end and not minute and after is None):
            continue
        half = "" if after is None else "a" if after["am"] else "p" if after["pm"] else ""
        value = _minutes(int(one.value), minute, half)
        if not half and value + _NOON == wanted:
            value = wanted
        shown[str(value)] = text[one.start : end]
        return f"{text[: one.start]}{value} {text[end:]}"
    return text


def _without_words(text: str) -> str:
    """A time that is said in words beside its digits is not read twice."""
    for one in reversed(spoken_numbers(text)):
        text = f"{text[: one.start]}·{text[one.end :]}"
    return text


def _past(found: re.Match[str], wanted: int, shown: dict[str, str]) -> str:
    """'A quarter to five', 'half past four', 'quinze para as cinco'."""
    hour = _word(found["hour"] or found["next"])
    part = found["part"] or found["less"]
    minutes = 30 if part == "half" else 15 if part.endswith("quarter") else _word(part)
    if hour is None or minutes is None:
        return found[0]
    before = found["way"] in ("to", "before") or found["less"] is not None
    value = (hour * 60 + (-minutes if before else minutes)) % _DAY
    value = wanted if value + _NOON == wanted else value
    shown[str(value)] = found[0]
    return f"{value} "


def _word(text: str) -> int | None:
    if text.isdigit():
        return int(text)
    said = spoken_numbers(text)
    return int(said[0].value) if len(said) == 1 else None


def _ratios(*, lowest: bool) -> Callable[[str, dict[str, str]], str]:
    """Reads ratios; 6:10 is 3:5 unless the lowest terms were asked for."""

    def number(found: re.Match[str], shown: dict[str, str]) -> str:
        terms = [int(term) for term in found.groups() if term]
        size = 1 if lowest else gcd(*terms) or 1
        value = 0
        for term in terms:
            value = value * _TERM + term // size
        shown[str(value)] = found[0]
        return f"{value}"

    return lambda text, shown: _IN_RATIO.sub(lambda found: number(found, shown), text)
