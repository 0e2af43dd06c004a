"""Numbers in digits: where they stand in a text, and what values they can have.

'1.234' is a thousand in Portuguese and one and a bit in English: a number keeps all its readings
where the language is not known. Values are exact fractions; what is too long or too large to be
one (ten thousand digits, 1e999999) has no reading and equals nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

from wattmark.scoring.clean import THIN
from wattmark.scoring.sizes import (
    HALF_MORE,
    RESIZING,
    below_sea,
    below_zero,
    is_negative,
    maybe_item,
    scaled,
)
from wattmark.scoring.units import Unit, other_unit, unit_of

MOST = 400
"""Numbers of one text that are looked at, a quarter of them from its beginning."""
LONGEST = 400
"""Digits of a number that is read, and its largest power of ten."""
_COMMA = frozenset(
    (
        *("pt", "es", "fr", "de", "it", "nl", "ro", "pl", "cs", "da", "nb", "no", "sv", "fi"),
        *("tr", "ru", "uk", "el", "id", "vi", "ca", "gl"),
    )
)
"""Languages with a decimal comma; the others of which that is known have a point."""
_POINT = frozenset(("en", "zh", "ja", "ko", "th", "he"))

Reading = tuple[Fraction, int | None]
"""A value, and how many decimals were written (None: a fraction or a power)."""


class Number(NamedTuple):
    """A number as it stands in a text."""

    start: int
    end: int
    shown: str
    readings: tuple[Reading, ...]
    percent: bool = False
    unit: Unit | None = None
    endless: bool = False
    """Followed by dots: 0.666… was cut off, not rounded."""
    noun: str = ""
    """The word right after it."""
    also: Unit | None = None
    """A smaller or larger unit that a bare gold may be in: minutes of '1 hour and 35 minutes'."""

    @property
    def value(self) -> Fraction | None:
        """The first reading; None where there is none."""
        return self.readings[0][0] if self.readings else None


_TOKEN = re.compile(
    r"""
    (?P<skip>[^\W\d]\w*(?:[^\w.,^]+[^\W\d]\w*)*[^\w.,^]*
      |[^\w.,^]+
      |0[xX][0-9a-fA-F]+\b
      |(?<!\d)(?:\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}|\d{1,2}/\d{1,2}/\d{2})(?!\d|,\d)
      |(?<![\d/.,])\d{1,2}/0[1-9](?![\d/]|[.,]\d)
      |(?<![\d:])\d{1,2}:\d{2}(?::\d{2})?(?![\d:])
      |(?<=[^\W\d])\^[({]?-?\d{1,9}[)}]?)
   |(?P<plain>(?<![\d.,^/:'_-])(?<!\d[ ])\d{1,15}
      (?=,?[ ](?![xXeE][ ]|and[ ])[^\W\d_]|[ ][+=][ ]|[.]?(?:\n|$)))
   |(?P<whole>\d{1,9})(?:[ ]|[ ](?:and|e)[ ])(?P<over>\d{1,9})/(?P<under>\d{1,9})(?![\d/])
   |(?P<above>\d{1,15})[ ]?/[ ]?(?P<below>\d{1,15})(?![\d/]|[.,]\d)
   |(?P<period>\d{1,15}[.,]\d{0,15}\(\d{1,9}\))(?!\d)
   |(?P<run>(?<!\d[ ])\d{1,3}(?:[ ]\d{3})+(?!\d|[ ]\d)(?:[.,]\d+)?
      |\d+(?:[.,'_"""
    + THIN
    + r"""]\d+)*
      |(?<!\w)(?<!\w[.,])[.,]\d+)
    (?P<power>[eE][-+]?\d{1,9}(?!\w)|[ ]?[*xX][ ]?10[ ]?\^[ ]?[({]?[-+]?\d{1,9}[)}]?
      |\^[({]?-?\d{1,9}[)}]?)?
    """,
    re.VERBOSE,
)
PERCENT = re.compile(r"\s?(?:%|percent\b|per[ ]cent\b|por[ ]cento\b|pct\b)", re.IGNORECASE)
_NOUN = re.compile(
    r"[\s-]?(?:(?:degrees?|graus?)\s(?=[Cc]elsius|[Ff]ahrenheit|[Kk]elvin|[CF](?![^\W_])))?"
    r"(?:(?:de|of\s+an?)\s+(?=[hm]))?(°?[^\W\d_]{1,30}(?:/[a-z]{1,3}(?![^\W_]))?|€|£|\$)"
)
_CURRENCY = re.compile(
    r"(?:(R\$|US\$|\$|€|£|¥)|\b(USD|BRL|EUR|GBP|JPY))\s?[-+]?\s?$", re.IGNORECASE
)
_CURRENCY_SIGNS = frozenset("$€£¥")
_CURRENCY_CODES = frozenset(("USD", "BRL", "EUR", "GBP", "JPY"))
_CODE_ENDS = frozenset("dlrpyDLRPY")
_MINUS_ENDS = frozenset("seSE")
"""How a currency's code ends, and 'minus' and 'negative'."""
_PERCENT_BEGINS = frozenset("%pP")
_NEXT = re.compile(r"[\s-]*([^\W\d_]{1,20})")
_MORE = frozenset("%-°€£$")
"""Signs that may begin what belongs to a number, as letters may."""
_HALVED = frozenset("aeAE")
"""How 'and a half', 'e meia' begins."""
_DIGITS = frozenset("0123456789")
_DIGITS_AT_END = re.compile(r"-?\d+")
_YEAR = re.compile(r"([12]\d{3})-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]([12]\d{3})")
_DAY = re.compile(r"(\d{1,2})/0\d")
"""Of a date only the year is a number, or the day where no year is given."""
_TEN = re.compile(r"[*xX]\s?10\s?\^")


def numbers(text: str, language: str | None = None) -> list[Number]:
    """All numbers of a cleaned text, in order, without dates, times and parts of words."""
    found = list(_numbers(text, language))
    return found if len(found) <= MOST else found[: MOST // 4] + found[-MOST + MOST // 4 :]


def _numbers(text: str, language: str | None) -> Iterator[Number]:
    for found in _TOKEN.finditer(text):
        if found.lastgroup == "skip":
            yield from _of_date(found) if text[found.start()] in _DIGITS else ()
            continue
        (start, end), shown = found.span(), found.group()
        if shown.isdigit() and end - start <= LONGEST:  # most are
            yield _completed(text, start, end, shown, _whole(shown))
            continue
        if found["run"] and "," in shown:
            parts = _listed(found["run"])
            if parts:
                for offset, part in parts:
                    at = start + offset
                    yield _completed(text, at, at + len(part), part, _run(part, language))
                continue
        if found["whole"] and int(found["over"]) >= int(found["under"]):
            yield _completed(
                text, *found.span("whole"), found["whole"], _run(found["whole"], language)
            )
            start = found.start("over")
            shown = f"{found['over']}/{found['under']}"
            yield _completed(text, start, end, shown, _ratio(found["over"], found["under"]))
            continue
        if found["above"] and _is_division(found) and found.group() != text.strip():
            for name in ("above", "below"):
                part = found[name]
                yield _completed(text, *found.span(name), part, _run(part, language))
            continue
        yield _completed(text, start, end, shown, _readings(found, language))


@lru_cache(maxsize=4096)
def _whole(shown: str) -> tuple[Reading, ...]:
    return ((Fraction(int(shown)), 0),)


def _of_date(found: re.Match[str]) -> Iterator[Number]:
    """The year of a date, or its day; nothing of a word or a time."""
    year = _YEAR.fullmatch(found.group()) or _DAY.fullmatch(found.group())
    if year is not None:
        at = found.start() + year.start(year.lastindex or 1)
        shown = year[year.lastindex or 1]
        yield Number(at, at + len(shown), shown, _run(shown, "en"))


def _is_division(found: re.Match[str]) -> bool:
    """'100 / 4' is still to be computed; '1 / 2' and '100/4' are numbers."""
    return " " in found.group() and int(found["above"]) >= int(found["below"])


def _readings(found: re.Match[str], language: str | None) -> tuple[Reading, ...]:
    if found["whole"]:
        part = _ratio(found["over"], found["under"])
        return tuple((int(found["whole"]) + value, None) for value, _ in part)
    if found["above"]:
        return _ratio(found["above"], found["below"])
    if found["period"]:
        return _periodic(found["period"])
    read = _run(found["run"], language)
    return _raised(read, found["power"]) if found["power"] else read


def _raised(read: tuple[Reading, ...], power: str) -> tuple[Reading, ...]:
    """1.2e3 and 1.2 * 10^3 are 1200; 3^2 is 9."""
    size = int(_DIGITS_AT_END.findall(power)[-1])
    if abs(size) > LONGEST:
        return ()
    if power[0] in "eE" or _TEN.search(power):
        return tuple((value * Fraction(10) ** size, None) for value, _ in read)
    return tuple((value**size, None) for value, _ in read if _small(value, size))


def _small(base: Fraction, size: int) -> bool:
    return base == 10 or (abs(size) <= 64 and abs(base) <= 10**6 and not (size < 0 and base == 0))


def _ratio(above: str, below: str) -> tuple[Reading, ...]:
    return ((Fraction(int(above), int(below)), None),) if int(below) else ()


def _periodic(written: str) -> tuple[Reading, ...]:
    """0.1(6) is 1/6."""
    head, _, period = written.rstrip(")").partition("(")
    whole, _, fixed = head.replace(",", ".").partition(".")
    base = Fraction(int(whole + fixed), 10 ** len(fixed))
    return ((base + Fraction(int(period), (10 ** len(period) - 1) * 10 ** len(fixed)), None),)


def _listed(run: str) -> list[tuple[int, str]]:
    """The parts of '1,2,3', which is no number but three; [] where it is one."""
    if _run(run, None) or run.count(",") < 2:
        return []
    parts, at = [], 0
    for part in run.split(","):
        if part:
            parts.append((at, part))
        at += len(part) + 1
    return parts


def _run(run: str, language: str | None) -> tuple[Reading, ...]:
    """The readings of digits with separators; () where they make no number."""
    if len(run) > LONGEST:
        return ()
    if run.isdigit():
        return ((Fraction(int(run)), 0),)
    if " " in run:
        grouped = _run(run.replace(" ", ""), language or "en")
        last = run.rpartition(" ")[2]
        # '60 132' may be one number or two, of which the last is the answer; '85 85' says it twice.
        return grouped if language and {last} != {*run.split()} else (*grouped, *_run(last, None))
    plain = run.replace("_", "")
    for separator in (THIN, "'"):
        if separator in plain:
            if not re.fullmatch(rf"\d{{1,3}}(?:{separator}\d{{3}})+(?:[.,]\d+)?", plain):
                return ()
            plain, language = plain.replace(separator, ""), "grouped"
    return _separated(plain, language)


def _separated(plain: str, language: str | None) -> tuple[Reading, ...]:
    """Digits with points and commas."""
    points, commas = plain.count("."), plain.count(",")
    if points and commas:
        return _both(plain)
    if points + commas == 0:
        return ((Fraction(int(plain)), 0),)
    separator = "." if points else ","
    if points + commas == 1:
        return _single(plain, separator, language)
    whole = plain.replace(separator, "")
    return ((Fraction(int(whole)), 0),) if _groups(plain, separator) else ()


def _both(plain: str) -> tuple[Reading, ...]:
    """'1.234,5' and '1,234.5': the later sign is the decimal one."""
    decimal = "." if plain.rindex(".") > plain.rindex(",") else ","
    group = "," if decimal == "." else "."
    whole, _, places = plain.rpartition(decimal)
    if decimal in whole or not _groups(whole, group):
        return ()
    return (_decimal(whole.replace(group, ""), places),)


def _single(plain: str, separator: str, language: str | None) -> tuple[Reading, ...]:
    """One point or comma: decimal, unless it can group thousands and the language has it so."""
    whole, _, places = plain.partition(separator)
    decimal = _decimal(whole, places)
    if len(places) != 3 or not 1 <= len(whole) <= 3 or whole[0] == "0" or language == "grouped":
        return (decimal,)
    grouped: Reading = (Fraction(int(whole + places)), 0)
    if language in _POINT:
        return (decimal,) if separator == "." else (grouped,)
    if language in _COMMA:
        return (decimal,) if separator == "," else (grouped,)
    if separator == ".":
        return (decimal, grouped)
    # Nobody writes 25,000 for 25.
    return (grouped,) if places.endswith("0") else (grouped, decimal)


def _decimal(whole: str, places: str) -> Reading:
    return Fraction(int(whole + places or "0"), 10 ** len(places)), len(places)


def _groups(written: str, separator: str) -> bool:
    """Groups of three digits, or the Indian 1,00,000."""
    first, *rest = written.split(separator)
    if not 1 <= len(first) <= 3 or (first[0] == "0" and rest):
        return False
    indian = separator == "," and len(first) <= 2 and all(len(group) == 2 for group in rest[:-1])
    return len(rest[-1]) == 3 and (indian or all(len(group) == 3 for group in rest))


def _completed(
    text: str, start: int, end: int, shown: str, readings: tuple[Reading, ...]
) -> Number:
    """A number with what stands around it: sign and currency before, per cent and unit after."""
    endless = text.startswith("...", end) and any(places for _, places in readings)
    head = text[max(0, start - 12) : start]
    near = head.rstrip(" +-")
    last = near[-1:]
    paid = last in _CURRENCY_SIGNS or (last in _CODE_ENDS and near[-3:].upper() in _CURRENCY_CODES)
    currency = _CURRENCY.search(head) if paid else None
    place = start - len(currency[0]) if currency else start
    worded = last in _MINUS_ENDS and near.lower().endswith(("minus", "menos", "negative"))
    signed = paid or worded or "-" in head
    minus = signed and is_negative(text, place, currency[0] if currency else "")
    if minus:
        readings = tuple((-value, places) for value, places in readings)
        shown = f"-{shown}"
    elif head.endswith("- ") and maybe_item(text, start):
        # '- 7' on a line of its own may be an item of a list or a negative number.
        readings += tuple((-value, places) for value, places in readings)
    if endless:
        end += 3
    follows = text[end : end + 1]
    near = text[end : end + 3].lstrip()[:1]
    if not follows or (near and not near.isalpha() and near not in _MORE):
        unit = _unit(currency, "") if currency else None
        return Number(start, end, shown, readings, False, unit, endless)
    word = _NEXT.match(text, end)
    if word and word[1].lower() in RESIZING:
        end, shown, readings = scaled(text, end, shown, readings)
        near = text[end : end + 3].lstrip()[:1]
    percent = PERCENT.match(text, end) if near in _PERCENT_BEGINS else None
    if percent:
        end, shown = percent.end(), f"{shown}%"
    counted = _NOUN.match(text, end)
    noun = counted[1] if counted else ""
    unit = None if percent else _unit(currency, "pence" if noun == "p" and "£" in text else noun)
    below = below_zero(text, end) if not minus and not percent else 0
    if below:
        end, shown, readings = (
            below,
            f"-{shown}",
            tuple((-value, places) for value, places in readings),
        )
    readings = readings if minus else below_sea(text, end, readings)
    halved = counted and not percent and text[counted.end() : counted.end() + 2].strip() in _HALVED
    more = HALF_MORE.match(text, counted.end()) if counted and halved else None
    if more:
        end, shown = more.end(), text[start : more.end()]
        readings = tuple((value + Fraction(1, 2), None) for value, _ in readings)
    also = other_unit(unit, readings) if unit else None
    return Number(start, end, shown, readings, bool(percent), unit, endless, noun, also)


def _unit(currency: re.Match[str] | None, word: str) -> Unit | None:
    return unit_of((currency[1] or currency[2]) if currency else "", word.partition("/")[0])
