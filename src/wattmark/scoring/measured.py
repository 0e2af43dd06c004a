"""The units that a question speaks in, and the one that it asks for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import SHORT, WORD
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import UNITS, Unit

_UNIT = re.compile(
    r"\b(?:(?:em\s+|in\s+)?(?:how\s+many|quant[oa]s)|in|em|into|to|para)\s+"
    r"(?:(?:degrees|graus)\s+)?(°?[^\W\d_]{1,20})(?=\s|\?|\.|$|,)",
    re.IGNORECASE,
)
_POUNDS = re.compile(
    r"\b(?:k?g|kilo\w*|grams?|quilo\w*|gramas?)\b[^?]{0,40}\b(?:(?:in|to|into)\s+pounds|(?:em|para)\s+libras)\b",
    re.IGNORECASE,
)
"""Of a mass, and no currency."""
_ROUNDED_TO = re.compile(
    r"\b(?:round\w*|arredond\w+)\s+(?:[^\W\d_]{1,12}\s+){0,3}(?:to|para)\s+[^\W\d_]{1,20}$",
    re.IGNORECASE,
)
_MICRO = re.compile("µ")
_MEASURED = ("length", "mass", "volume")


def measures(found: Sequence[Number], text: str) -> tuple[Unit, ...]:
    """None of a kind that the question names two of: it asks for one of them in the other."""
    named = {UNITS[word] for word in WORD.findall(text.casefold()) if word in UNITS}
    units = {one.unit for one in found if one.unit is not None and one.unit.kind in _MEASURED}
    named |= units
    return tuple(one for one in units if sum(one.kind == other.kind for other in named) == 1)


def converts(asks: str) -> bool:
    """Does it ask for one unit in another of its kind?"""
    unit = asked_unit(asks)
    named = {UNITS[word] for word in WORD.findall(asks.casefold()) if word in UNITS}
    return unit is not None and any(one.kind == unit.kind for one in named - {unit})


def asked_unit(asks: str) -> Unit | None:
    """The minute of 'how many minutes', the kilometre of 'in km'."""
    if _POUNDS.search(asks):
        return UNITS["lb"]
    for found in _UNIT.finditer(asks):
        if _ROUNDED_TO.search(asks, 0, found.end(1)):
            continue
        unit = UNITS.get(_MICRO.sub("μ", found[1])) or UNITS.get(found[1].casefold())
        if unit is not None and len(found[1]) >= SHORT:
            return unit
    return None
