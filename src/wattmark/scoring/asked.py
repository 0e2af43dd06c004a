"""What a question asks for: the words of its last sentence, and the numbers that it gives.

A number that the question gives is seldom its answer, and of two that an answer states the one
that stands among the question's own words is meant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

from wattmark.scoring.amounts import joined
from wattmark.scoring.clean import clean
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.units import UNITS, Unit
from wattmark.scoring.words import spoken_numbers

_WORD = re.compile(r"[^\W\d_]+")
_NAME = re.compile(r"(?<![^\W\d_])[A-ZÀ-Ý][a-zà-ÿ]{1,20}(?![^\W\d_])")
_NO_NAMES = frozenset(
    (
        *(
            "Cada",
            "Each",
            "Every",
            "One",
            "Two",
            "Three",
            "Four",
            "Five",
            "Some",
            "After",
            "Before",
        ),
        *("Dois", "Duas", "Três", "Num", "Numa", "Then", "Se", "If"),
    )
)
"""What opens a sentence, and is capitalised for that."""
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
_ALIKE = {
    "mean": "aver",
    "left": "rema",
    "sobr": "rest",
}
"""Stems of words that ask for the same."""
_SHORT_NAMES = (
    (
        re.compile(r"\bdivisor\b|\bcommon\s+factor\b", re.IGNORECASE),
        frozenset(("gcd", "mdc", "hcf")),
    ),
    (re.compile(r"\bm[úu]ltipl", re.IGNORECASE), frozenset(("lcm", "mmc"))),
)
_NEGATED = re.compile(
    r"n't\b|\b(?:did|do|does|is|are|was|were|have|has|had|will|could|can)\s+not\b|\bnão\s+[^\W\d_]",
    re.IGNORECASE,
)
_EACH = re.compile(r"\b(?:each|every|per|cada)\b", re.IGNORECASE)
_REST = re.compile(r"\b(?:left|remain\w*|rest\w*|sobr\w+)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:more|less|fewer|older|younger|a\s+mais|a\s+menos|diferença|difference"
    r"|by\s+how|em\s+quanto|de\s+quanto\s+foi)\b",
    re.IGNORECASE,
)
_TOTAL = re.compile(
    r"\b(?:total|altogether|together|in\s+all|both|combined|ao\s+todo|junt[oa]s|tod[oa]s|somad[oa]s)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:a\s+|is\s+the\s+|é\s+a\s+)?(?:percent\w*|porcentagem|percentual)"
    r"|\bquantos\s+por\s+cento",
    re.IGNORECASE,
)
_PER_CENT = re.compile(
    r"%|\b(?:per\s?cent\w*|por\s?cento|porcentage[mn]s?|percentua\w{1,3})", re.IGNORECASE
)
_SHARE_OF = re.compile(
    r"\b(?:what\s+is|quanto\s+é|quantos\s+são|calcul\w{1,3}|find)\s+[\d.,]{1,12}\s?%\s+(?:of|de|d[oa])\b",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:o\s+|was\s+the\s+)?(?:year|ano)\b", re.IGNORECASE
)
_VARIABLE = re.compile(
    r"\b(?:is|of|find|é|vale|de|for|valor\s+de|encontre|determine)\s+([b-df-np-z])\s*(?:\?|\.|,|$)"
)
_UNKNOWN = re.compile(
    r"\b(?:what|which|missing|unknown)\s+(?:number|value|term|amount)(?:\s+|,\s*)(?:must|should|do|does|did|can|could|need|has|is\s+(?:added|subtracted|missing)|when|multiplied|times|plus|minus|divided|makes?|gives?)"
    r"|\b(?:what|which)\s+(?:must|should)\s+(?:be\s+|you\s+|we\s+|i\s+)?(?:add|subtract|multipl|divid)"
    r"|\bby\s+(?:what|which)\s+(?:number|value|factor)\b|\b(?:missing|unknown)\s+(?:number|value|term)\b"
    r"|\b(?:que|qual)\s+(?:o\s+|é\s+o\s+)?(?:número|valor)\s+(?:que\s+)?(?:deve|devemos|devo|se\s+deve|preciso|precisa|é\s+preciso|falta|somado|multiplicado|dividido|subtraído|mais|vezes|tem|temos)"
    r"|\b(?:o\s+que|quanto)\s+(?:devemos|devo|se\s+deve|é\s+preciso|preciso|deve|falta)\b|\bpor\s+(?:que|qual)\s+(?:número|valor)\b"
    r"|\b(?:what\s+(?:is|was)|find)\s+(?:the|this|that|my)\s+(?:original\s+)?number\b"
    r"|\bqual\s+(?:é|era|foi)\s+(?:o|esse|este)\s+número\b|\bnúmero\s+cuj[oa]\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:(?:is|é)\s+)?(?:(?:the|o)\s+)?(?:[^\W\d_]{1,12}\s+)?(?:number|número)\b",
    re.IGNORECASE,
)
_TIMES = (
    (re.compile(r"\b(?:doubl\w{1,3}|twice|half|halved|dobr\w{1,3}|metade)\b", re.IGNORECASE), 2),
    (re.compile(r"\b(?:tripl\w{1,3}|thrice|third|terço)\b", re.IGNORECASE), 3),
)
_COUNTED = re.compile(r"\b(?:how\s+many|quant[oa]s)\s+([^\W\d_]{1,20})", re.IGNORECASE)
_UNIT = re.compile(
    r"\b(?:(?:em\s+|in\s+)?(?:how\s+many|quant[oa]s)|in|em|into|to|para)\s+"
    r"(?:(?:degrees|graus)\s+)?([^\W\d_]{1,20})(?=\s|\?|\.|$|,)",
    re.IGNORECASE,
)

_MEASURED = ("length", "mass", "volume")
_YEARS = frozenset(("year", "anos"))


@dataclass(frozen=True, slots=True)
class Asked:
    """What is known of a question; all empty where none is given."""

    given: frozenset[Fraction] = frozenset()
    """The numbers that stand in it."""
    exactly: frozenset[tuple[Fraction, object]] = frozenset()
    """The same, each with its unit."""
    words: frozenset[str] = frozenset()
    """Stems of the words of what it asks, its last sentence."""
    noun: str = ""
    """What is counted, in the singular: the van of 'how many vans'."""
    each: bool = False
    rest: bool = False
    """It asks for what is left."""
    more: bool = False
    """It asks for a difference."""
    total: bool = False
    percent: bool = False
    count: bool = False
    """'How many', where no per cent is spoken of: 50 % is not 50 of them."""
    year: bool = False
    negated: bool = False
    """'How many did not finish?'"""
    variable: str = ""
    """'What is x?'"""
    measures: tuple[Unit, ...] = ()
    """The one length, mass or volume unit that it speaks in: what a bare gold is in."""
    unit: Unit | None = None
    """'How many minutes': what a bare gold is in."""
    names: frozenset[str] = frozenset()
    """Whom it asks about."""
    others: frozenset[str] = frozenset()
    """Whom else the question names."""
    unknown: bool = False
    """'What number must be added to 5': it is a term of an equation, not its result."""
    number: bool = False
    """'Which number …': what 'the number is' tells."""
    factors: frozenset[int] = frozenset()
    """What it multiplies by in words: the 2 of 'doubled'."""


NOTHING_ASKED = Asked()


def stems(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, each cut to its first letters."""
    words = (word.casefold() for word in _WORD.findall(text))
    cut = (word[:_STEM] for word in words if len(word) > _SHORT and word not in _STOP)
    return frozenset(_ALIKE.get(stem, stem) for stem in cut)


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
    found = joined(text, numbers(text, language))
    given = {
        value
        for number in found
        for value, places in number.readings
        if places is not None  # 20/32, to be reduced, gives no 5/8
    }
    given |= {one.value for one in spoken_numbers(text) if not one.one}
    year = bool(_YEAR.search(asks))
    return Asked(
        frozenset(given),
        frozenset((value, measure_of(one)) for one in found for value, _ in one.readings),
        _words(asks, year=year), _noun(asks),
        bool(_EACH.search(asks)), bool(_REST.search(asks)),
        bool(_MORE.search(asks)), bool(_TOTAL.search(asks)), bool(_PERCENT.search(asks)),
        _is_count(asks),
        year, is_negated(asks),
        _variable(asks), _measures(found, text), _asked_unit(asks),
        *_names(text, asks), bool(_UNKNOWN.search(asks)),
        bool(_NUMBER.search(asks)),
        frozenset(times for word, times in _TIMES if word.search(text)),
    )  # fmt: skip


def _words(asks: str, *, year: bool) -> frozenset[str]:
    words = stems(asks) - (_YEARS if year else frozenset())
    for name, short in _SHORT_NAMES:
        if name.search(asks):
            words |= short
    return words


def _names(text: str, asks: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names in what is asked, and the others of the question."""
    asked = frozenset(_NAME.findall(asks.strip()[1:]))
    named = frozenset(word for word in _NAME.findall(text) if stems(word)) - _NO_NAMES
    return asked, named - asked


def _is_count(asks: str) -> bool:
    if _SHARE_OF.search(asks):
        return True
    return bool(_COUNTED.search(asks)) and _PER_CENT.search(asks) is None


def _noun(asks: str) -> str:
    counted = list(_COUNTED.finditer(asks))
    return singular(counted[-1][1]) if counted else ""


def singular(noun: str) -> str:
    """A noun without its plural's end; boys and girls, meninos and meninas stay apart."""
    return noun.casefold().removesuffix("s").removesuffix("e")


def _variable(asks: str) -> str:
    named = _VARIABLE.findall(asks)
    return str(named[-1]) if named else ""


def _measures(found: Sequence[Number], text: str) -> tuple[Unit, ...]:
    """None of a kind that the question names two of: it asks for one of them in the other."""
    named = {UNITS[word] for word in _WORD.findall(text.casefold()) if word in UNITS}
    units = {one.unit for one in found if one.unit is not None and one.unit.kind in _MEASURED}
    named |= units
    return tuple(one for one in units if sum(one.kind == other.kind for other in named) == 1)


def _asked_unit(asks: str) -> Unit | None:
    for found in _UNIT.finditer(asks):
        unit = UNITS.get(found[1].casefold())
        if unit is not None and len(found[1]) >= _SHORT:
            return unit
    return None


def measure_of(number: Number) -> object:
    """What a number is a measure of: its unit, per cent, or the word after it."""
    if number.percent:
        return "%"
    return number.unit or singular(number.noun)


def is_negated(text: str) -> bool:
    """Does it say that something was not done?"""
    return _NEGATED.search(text) is not None


def is_given(number: Number, asked: Asked) -> bool:
    """Does the question give it, and not ask for just this ('how many vans', '6 vans')?"""
    return number.value in asked.given and not is_asked(number, asked)


def is_asked(number: Number, asked: Asked) -> bool:
    """Does it count what the question asks for?"""
    return bool(asked.noun) and asked.noun == singular(number.noun)
