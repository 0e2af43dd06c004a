"""What a question asks for: the words of its last sentence, and the numbers that it gives.

A number that the question gives is seldom its answer, and of two that an answer states the one
that stands among the question's own words is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from wattmark.scoring.amounts import joined
from wattmark.scoring.clean import clean
from wattmark.scoring.numerals import numbers
from wattmark.scoring.units import UNITS, Unit
from wattmark.scoring.words import spoken_numbers

_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE = re.compile(r"[.!?](?=\s|$)|\n")
_STEM = 4
"""Letters by which words are alike: recebe and recebeu, box and boxes."""
_SHORT = 2
_STOP = frozenset(
    " ".join(
        (
            "the and for are was were what which how many much does did will has have had been",
            "being with from that this there them they his her its their when where who all any",
            "total answer number que qual quais quanto quanta quantos quantas quando onde são foi",
            "era uma dos das nos nas num numa pelo pela por para com sem ele ela eles elas seu",
            "sua seus suas isso esse essa este esta têm tem há ter resposta número valor value",
        )
    ).split()
)
_EACH = re.compile(r"\b(?:each|every|per|cada)\b", re.IGNORECASE)
_REST = re.compile(r"\b(?:left|remain\w*|rest\w*|sobr\w+)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:more|less|fewer|older|younger|a\s+mais|a\s+menos|diferença|difference)\b", re.IGNORECASE
)
_PERCENT = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:a\s+|is\s+the\s+|é\s+a\s+)?(?:percent\w*|porcentagem|percentual)"
    r"|\bquantos\s+por\s+cento",
    re.IGNORECASE,
)
_VARIABLE = re.compile(
    r"\b(?:is|of|find|é|vale|de|for|valor\s+de|encontre|determine)\s+([b-df-np-z])\s*(?:\?|\.|,|$)"
)
_COUNTED = re.compile(r"\b(?:how\s+many|quant[oa]s)\s+([^\W\d_]{1,20})", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:how\s+many|quant[oa]s|in|em)\s+([^\W\d_]{1,20})(?=\s|\?|$|,)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question; all empty where none is given."""

    given: frozenset[Fraction] = frozenset()
    """The numbers that stand in it."""
    words: frozenset[str] = frozenset()
    """Stems of the words of what it asks, its last sentence."""
    noun: str = ""
    """What is counted, in the singular: the van of 'how many vans'."""
    each: bool = False
    rest: bool = False
    """It asks for what is left."""
    more: bool = False
    """It asks for a difference."""
    percent: bool = False
    variable: str = ""
    """'What is x?'"""
    unit: Unit | None = None
    """'How many minutes': what a bare gold is in."""


NOTHING_ASKED = Asked()


def stems(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, each cut to its first letters."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(word[:_STEM] for word in words if len(word) > _SHORT and word not in _STOP)


@lru_cache(maxsize=256)
def asked_by(question: str, language: str | None) -> Asked:
    """What a question asks for."""
    text = clean(question).strip()
    if not text:
        return NOTHING_ASKED
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    asks = sentences[-1] if sentences else ""
    marked = text.rfind("?")
    if marked > 0:
        before = text[:marked]
        asks = [part for part in _SENTENCE.split(before) if part.strip()][-1:] or [""]
        asks = asks[0]
    given = {
        value
        for number in joined(text, numbers(text, language))
        for value, places in number.readings
        if places is not None  # 20/32, to be reduced, gives no 5/8
    }
    given |= {one.value for one in spoken_numbers(text) if not one.one}
    return Asked(
        frozenset(given), stems(asks), _noun(asks),
        bool(_EACH.search(asks)), bool(_REST.search(asks)),
        bool(_MORE.search(asks)), bool(_PERCENT.search(asks)),
        _variable(asks), _asked_unit(asks),
    )  # fmt: skip


def _noun(asks: str) -> str:
    counted = list(_COUNTED.finditer(asks))
    return singular(counted[-1][1]) if counted else ""


def singular(noun: str) -> str:
    """A noun without its plural's end; boys and girls, meninos and meninas stay apart."""
    return noun.casefold().removesuffix("s").removesuffix("e")


def _variable(asks: str) -> str:
    named = _VARIABLE.findall(asks)
    return str(named[-1]) if named else ""


def _asked_unit(asks: str) -> Unit | None:
    for found in _UNIT.finditer(asks):
        unit = UNITS.get(found[1].casefold())
        if unit is not None and len(found[1]) > _SHORT:
            return unit
    return None
