"""The numbers of the kind that a question asks for: a year, a fraction, a speed, a unit."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import ORDINAL
from wattmark.scoring.asked import PRICES, Asked, is_fraction, is_year, singular
from wattmark.scoring.firm import PLURAL
from wattmark.scoring.marks import Marks
from wattmark.scoring.named import concluded
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES, Unit, rate_of

_RELATIVE = re.compile(
    r",\s(?:(?:which|who|whose|que|cuj[oa])\s(?!(?:is|was|é|foi)\s\d)|[^\W\d_]{2,12}(?:ndo|ing)\s)"
    r"[^,.;\n]{1,80}(?=[,.;\n]|$)",
    re.IGNORECASE,
)
"""', which had begun in 1939,'."""
_DAYS = frozenset(map(singular, ("day", "dia")))
_MADE = re.compile(r"\b(?:dá|equals|makes|gives)\s$", re.IGNORECASE)
_EACH = re.compile(r"\s?(?:[^\W\d_]{1,12}\s)?(?:each|apiece|cada)\b", re.IGNORECASE)
_HOW_MUCH = re.compile(
    r"\bhow\s+much\b|\bquanto\b|\b(?:what|qual)\b[^?]{0,20}\b(?:price|cost|value|preço|custo|valor)\b",
    re.IGNORECASE,
)
_OF_IT = re.compile(r"\s(?:of|d[aeo]s?)\s", re.IGNORECASE)


def of_its_kind(
    text: str, found: Sequence[Number], marks: Marks, firm: list[int], asked: Asked
) -> list[int]:
    """Of the places of numbers that can be an answer those of that kind; all where none is."""
    firm = _without_shares(text, found, firm, asked)
    if asked.each and firm and _EACH.match(text, found[firm[-1]].end):
        firm = firm[-1:]
    if _HOW_MUCH.search(asked.text):
        firm = _paid(found, marks, firm)
    if asked.rate is not None:
        firm = [n for n in firm if rate_of(text, found[n].end) == asked.rate] or firm
    if asked.fraction:
        firm = [n for n in firm if is_fraction(found[n])] or firm
    if asked.placed:
        firm = [n for n in firm if ORDINAL.match(text[found[n].end : found[n].end + 4])] or firm
    if asked.which in _DAYS:
        days = [n for n in range(len(found)) if n not in marks.out and not is_year(found[n])]
        firm = [n for n in days if n in firm] or days or firm
    if asked.year:
        years = [n for n, one in enumerate(found) if is_year(one) and n not in marks.out]
        apart = [one.span() for one in _RELATIVE.finditer(text)]
        years = [
            n for n in years if not any(start < found[n].start < end for start, end in apart)
        ] or years
        firm = [n for n in years if n in firm] or years or firm
    return _in_unit(found, marks, firm, asked.unit) if asked.unit is not None else firm


def _paid(found: Sequence[Number], marks: Marks, firm: list[int]) -> list[int]:
    """Without the 12 of '12 instalments of $99', where an amount of money stands too."""
    paid = {n for n in firm if _is_money(found[n])}
    if not paid:
        return firm
    counts = {n for n in firm if PLURAL.fullmatch(found[n].noun)} - marks.results
    return [n for n in firm if n in paid or n not in counts]


def _is_money(number: Number) -> bool:
    return number.unit is not None and number.unit.kind in CURRENCIES


def _without_shares(text: str, found: Sequence[Number], firm: list[int], asked: Asked) -> list[int]:
    """Without per cents, parts of a whole and years where a count or a price is asked for."""
    if asked.count or (asked.words & PRICES and not asked.percent):
        firm = [n for n in firm if not found[n].percent] or firm
    if asked.percent or all(found[n].percent for n in firm):
        return firm
    return [
        n
        for n in firm
        if not (_is_part(found[n], asked) and _OF_IT.match(text, found[n].end))
        or _MADE.search(text, max(0, found[n].start - 8), found[n].start)
        or (not asked.text and concluded(text, found[n].start))
    ] or firm


def _is_part(number: Number, asked: Asked) -> bool:
    """Is it a share, where none is asked for: '5/8 of the 200'?"""
    return number.percent or (asked.count and is_fraction(number))


def _in_unit(found: Sequence[Number], marks: Marks, firm: list[int], unit: Unit) -> list[int]:
    firm = [n for n in firm if not found[n].percent] or firm
    in_unit = [n for n, one in enumerate(found) if n not in marks.out and one.unit == unit]
    if any(n in firm for n in in_unit):
        firm = [n for n in firm if found[n].unit in (None, unit)]
    last = found[firm[-1]] if firm else None
    if last is None or last.percent or last.unit not in (None, unit):
        alike = last is not None and last.unit is not None and last.unit.kind == unit.kind
        firm = [n for n in in_unit if n in firm] or (not alike and in_unit) or firm
    return firm
