"""What a question asks for: the words of its last sentence, and the numbers that it gives.

A number that the question gives is seldom its answer, and of two that an answer states the one
that stands among the question's own words is meant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from wattmark.scoring.numerals import Number
from wattmark.scoring.units import UNITS, Unit

WORD = re.compile(r"[^\W\d_]+")
_STEM = 4
"""Letters by which words are alike: recebe and recebeu, box and boxes."""
SHORT = 2
"""Letters that a word has more of."""
_STOP = frozenset(
    " ".join(
        (
            "the and for are she you was were what which how many much does did will has have had",
            "been being with from that this there them they his her its their when where who all",
            "any total answer number que qual quais quanto quanta quantos quantas quando onde são",
            "foi sobre",
            "era uma dos das nos nas num numa pelo pela por para com sem ele ela eles elas seu",
            "sua seus suas isso esse essa este esta têm tem há ter resposta número valor value",
            "convert express write calculate compute find solve simplify evaluate determine give",
            "converta converter escreva escrever calcule encontre determine resolva simplifique",
        )
    ).split()
)
_ALIKE = {
    "mean": "aver",
    "ende": "end",
    "died": "die",
    "dies": "die",
    "left": "rema",
    "sobr": "rest",
    "fico": "fica",
}
"""Stems of words that ask for the same."""
_ENDS = {"m": "n", "y": "i", "l": "i"}
"""Last letters that a plural changes: bombom and bombons, berry and berries, animal and animais."""
_NEGATED = re.compile(
    r"n't\b|\bcannot\b|\b(?:did|do|does|is|are|was|were|have|has|had|will|could|can)\s+not\b|\bnão\s+[^\W\d_]",
    re.IGNORECASE,
)
EACH = re.compile(r"\b(?:each|every|apiece|cada)\b", re.IGNORECASE)
CHANCE = re.compile(r"\b(?:probabilit\w+|probabilidade|chances?)\b", re.IGNORECASE)
TOTAL = re.compile(
    r"\b(?:total|altogether|together|in\s+all|both|combined|ao\s+todo|junt[oa]s|tod[oa]s|somad[oa]s)\b",
    re.IGNORECASE,
)


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
    said: frozenset[Fraction] = frozenset()
    """The numbers of what it asks, its last sentence."""
    shown: frozenset[str] = frozenset()
    """All of its numbers as they are written."""
    whole: frozenset[str] = frozenset()
    """Stems of all of its words."""
    own: frozenset[str] = frozenset()
    """Words of what it asks that it has not used before: the 'left' of a story of sweets."""
    head: frozenset[str] = frozenset()
    """The words that name what it asks for: the perimeter of 'the perimeter of a square'."""
    day: bool = True
    """It may ask for a day of a month, or a date; so may what is not known."""
    which: str = ""
    """What it asks the place of, in the singular: the day of on which day."""
    placed: bool = False
    """It asks in which place something stands: the 17th."""
    hour: bool = False
    """It asks at what hour: 17:00 is 17."""
    exact: bool = False
    """It wants the exact value, or a fraction: a rounding is none."""
    age: bool = True
    """It may ask for an age, or speaks of years; so may what is not known."""
    fraction: bool = False
    """'What fraction …': 5/8, not the 5 of 5 slices."""
    formula: str = ""
    """The sum that it asks for, its spaces left out: '2^6'."""
    text: str = ""
    """The sentence that asks."""
    single: bool = True
    """It may ask for what one of several has, or for a speed."""
    had: bool = True
    """It may ask for what is left, or what somebody has in the end."""
    rate: tuple[Unit, Unit] | None = None
    """'In km/h'."""
    converts: bool = False
    """It asks for one unit in another of its kind: 3 days are no minutes."""
    options: tuple[tuple[str, Number], ...] = ()
    """The answers that it offers, by letter."""
    places: int | None = None
    """Decimals to which it wants the answer rounded."""
    scale: int = 1
    """1 000 000 where it asks in millions."""
    scale_word: re.Pattern[str] | None = None
    """'How many dozens': a dozen is what is counted, and multiplies nothing."""
    subject: str = ""
    """The '20% tip on $45' of 'How much is a 20% tip on $45?'"""
    twice: frozenset[Fraction] = frozenset()
    """The numbers that stand in it two times or more."""


NOTHING_ASKED = Asked()


def stems(text: str) -> frozenset[str]:
    """The words of a text that carry meaning, each cut to its first letters."""
    words = (word.casefold() for word in WORD.findall(text))
    cut = (word[:_STEM] for word in words if len(word) > SHORT and word not in _STOP)
    return frozenset(_ALIKE.get(stem, stem) for stem in cut)


PRICES = stems("price cost preço custo pay paga")
"""Of what is no percentage."""
UNIT_STEMS = stems(" ".join(UNITS))
"""Of the names of units, which say little of what a question asks."""


def singular(noun: str) -> str:
    """A noun without its plural's end; boys and girls, meninos and meninas stay apart."""
    low = noun.casefold()
    low = f"{low[:-3]}ão" if low.endswith(("ões", "ães")) else low
    bare = low.removesuffix("s").removesuffix("e")
    return bare[:-1] + _ENDS.get(bare[-1], bare[-1]) if bare else bare


def measure_of(number: Number) -> object:
    """What a number is a measure of: its unit, per cent, or the word after it."""
    if number.percent:
        return "%"
    return number.unit or singular(number.noun)


def is_negated(text: str) -> bool:
    """Does it say that something was not done?"""
    return _NEGATED.search(text) is not None


def is_year(number: Number) -> bool:
    """Can it be one, by its four digits?"""
    return len(number.shown) == 4 and number.shown.isdigit() and number.shown[0] in "12"


def is_fraction(number: Number) -> bool:
    """Is it one, in digits or in words, and no decimal?"""
    return number.value is not None and 0 < number.value < 1 and number.readings[0][1] is None


def is_given(number: Number, asked: Asked) -> bool:
    """Does the question give it, and not ask for just this ('how many vans', '6 vans')?"""
    shares = (number.value, "%") in asked.exactly and not number.percent
    if shares and all(measure == "%" for value, measure in asked.exactly if value == number.value):
        return False  # 20, where the question gives 20 %
    given = number.value in asked.given or number.shown in asked.shown
    return given and not is_asked(number, asked)


def is_asked(number: Number, asked: Asked) -> bool:
    """Does it count what the question asks for?"""
    return bool(asked.noun) and asked.noun == singular(number.noun)
