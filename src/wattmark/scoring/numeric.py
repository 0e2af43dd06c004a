"""Numeric answers: the number that a text states as its answer, compared with the gold by value.

Exact by value: 85, 85.0 and 170/2 are one number, 84.9 is another. Two allowances: a gold whose
decimals never end (1/3, or a float of one) is met by its rounding to as many decimals as are
shown, two at least; and 25 % is met by 25 and by 0.25. docs/quality.md has the rules in full.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, partial

from wattmark.schema import Score
from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.asked import NOTHING_ASKED, PRICES, Asked, singular
from wattmark.scoring.clean import clean
from wattmark.scoring.clock import Plain, as_plain
from wattmark.scoring.cues import cues_of
from wattmark.scoring.equality import FLOAT_PLACES, LEAST_PLACES, ends, equal
from wattmark.scoring.extent import (
    until_emphasis,
    without_cut_repeat,
    without_echo,
)
from wattmark.scoring.language import language_of, written_in
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.questions import asked_by
from wattmark.scoring.saying import Stated
from wattmark.scoring.second_look import stated_too
from wattmark.scoring.stated import HASHED, TAIL, stated
from wattmark.scoring.text import normalise, shorten
from wattmark.scoring.units import CURRENCIES, UNITS, Unit, rate_of
from wattmark.scoring.words import spoken_numbers

_SO_MANY_OF = re.compile(r"\d{1,4}/\d{1,4}")
"""So many of so many."""
_BEFORE = re.compile(r"[-+]?\s*(?:R\$|US\$|[$€£¥]|[A-Z]{3})?\s*[-+]?")
_ALONE = re.compile(
    r"\s{0,9}(?:=\s?)?(-?[0-9]{1,15})\.?\s{0,9}"
    r"|\s{0,9}(?:\$?\\boxed\{|The (?:final )?answer is:? |A resposta (?:final )?é:? )"
    r"(-?[0-9]{1,15})(?:\}\$?)?\.?\s{0,9}"
)
"""The plainest answers, which need no looking at: '85', '= 85', 'The answer is 85.'"""
_SAID = ("the last number stated", "stated as the answer")
_MARKUP = frozenset("<[*`~\\&_{")
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_DATE = re.compile(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{4}")
_ON_THE_HOUR = re.compile(r"(?<![\d:.,])(\d{1,2}):00(?![\d:])(?!\s?[ap]\.?m)", re.IGNORECASE)
_HALF_A_DAY = 12
_ON_THE_HOUR_OF_HALF = re.compile(
    r"(?<![\d:.,])(\d{1,2}):00(?![\d:])(?:\s?[ap]\.?m\b)?", re.IGNORECASE
)
"""'4:00 p.m.', where 4 is asked for."""
_PROFIT = re.compile(r"\b(?:profit|lucro|balance|saldo)\b", re.IGNORECASE)
_LOSS = re.compile(
    r"\b(?:loss|lost|lose|losing|prejuízo|perd\w+|deficit|déficit|défice)\b", re.IGNORECASE
)
_NEGATIVE = re.compile(
    r"\bnegativ\w+\s(?:for|if|in\scase\sof|se|para|em\scaso\sde)\s[^()?.]{1,30}", re.IGNORECASE
)
"""'(negative for a loss)': how a loss is said, in a question for a profit."""
_LOST = re.compile(
    r"\b(?:loss|prejuízo|deficit|déficit|défice)\s(?:of|de|is|é|foi|was)\s(?:de\s)?(?=(?:R\$\s?|[$€£])?\d)",
    re.IGNORECASE,
)
_SO_MANY_TIMES = re.compile(r"\A\W{0,3}(\d[\d.,]{0,9})\s?[xX]\W{0,3}\Z")
"""'3x', and no more."""
_TIMES = frozenset(map(singular, ("times", "vezes")))
_RATIO_ASKED = re.compile(r"\b(?:ratio|razão|proporção)\b", re.IGNORECASE)
_RATIO = re.compile(r"(?<![\d:.,])(\d{1,6})\s?:\s?(\d{1,6})(?![\d:]|[.,]\d)")
_ROUND = re.compile(r"-?\d{1,3}(?:\.\d{3})*\.\d\d0")
"""A thousand in Portuguese: a program writes no zero after its decimals."""


def numeric_score(
    expected: str, answer: str, language: str | None = None, question: str = ""
) -> Score:
    """Correct where the number that `answer` states equals `expected` by value.

    Where `expected` is no number the whole answer is compared with it as a phrase. `language`
    (en, pt …) decides what 1.234 is; without it either reading may equal the gold. `question`
    is not read where the answer repeats it.
    """
    alone = _ALONE.fullmatch(answer)
    if alone is not None and expected in alone.groups():
        return Score(True, 1.0, expected, f"read {expected}, {_SAID[alone[1] is None]}")
    language = language_of(language)
    plain = as_plain(expected, answer, question)
    if plain is not None:
        return _shown(plain, numeric_score(*plain[:2], language, plain.question), expected)
    gold = _gold(expected, language)
    if gold is None:
        return _as_phrase(expected, answer)
    if alone is not None:
        said = Stated((_whole(alone[1] or alone[2]),), _SAID[alone[1] is None])
        return _judged(gold, said, expected, NOTHING_ASKED)
    marked = _marked(answer) if "####" in answer and not question else None
    if marked is not None:
        return _judged(gold, marked, expected, NOTHING_ASKED)
    asked = asked_by(question, language) if question else NOTHING_ASKED
    language = written_in(answer, language)
    if asked.unit is not None and gold.unit is None and not gold.percent:
        gold = gold._replace(unit=asked.unit, also=asked.unit if asked.converts else None)
    if asked.hour and ":00" in answer:
        half = gold.value is not None and gold.value <= _HALF_A_DAY
        answer = (_ON_THE_HOUR_OF_HALF if half else _ON_THE_HOUR).sub(r"\1", answer)
    text = without_echo(clean(until_emphasis(answer)), question)
    text = without_cut_repeat(text)
    if question:
        text = _SO_MANY_TIMES.sub(r"\1", text) if asked.noun in _TIMES else text
        text = _as_profit(text, question)
    if "/" in expected and ":" in text and _RATIO_ASKED.search(question):
        text = _RATIO.sub(r"\1/\2", text)
    text = asked.scale_word.sub(r"\1 (\2)", text) if asked.scale_word else text
    endless = "≈" in text or "√" in text or "π" in text
    return _judged(gold, stated(text, language, asked), expected, asked, endless=endless)


def _marked(answer: str) -> Stated | None:
    """The last line '#### 85' of a text without markup, which needs no cleaning."""
    if answer.count("####") > 1 or not _MARKUP.isdisjoint(answer) or "chatter" in cues_of(answer):
        return None
    said = HASHED.search(answer, max(0, len(answer) - TAIL))
    return Stated((_whole(said[1]),), _SAID[1], explicit=True) if said else None


def _as_profit(text: str, question: str) -> str:
    """'A loss of $33' as -$33, where the profit is asked for."""
    if not _PROFIT.search(question) or _LOSS.search(_NEGATIVE.sub("", question)):
        return text
    return _LOST.sub(r"\g<0>-", text)


def _shown(plain: Plain, score: Score, expected: str) -> Score:
    """The score of a time or a ratio, as it was written."""
    said = plain.shown.get(score.extracted or "", score.extracted)
    why = score.why
    if said and score.extracted:
        why = why.replace(score.extracted, said).replace(plain.expected, expected)
    return replace(score, extracted=said, why=why)


def _judged(
    gold: Number, said: Stated | None, expected: str, asked: Asked, *, endless: bool = False
) -> Score:
    """`endless`: the answer has a root, a π or an approximation."""
    if said is None:
        return Score(False, 0.0, None, "the answer states no number")
    shown = shorten(said.numbers[0].shown)
    meets = equal if asked is NOTHING_ASKED and not endless else partial(_meets, asked, endless)
    met = None
    for number in said.numbers:
        if meets(gold, number):
            met = number
            break
    unfit = _unfit(gold, said, asked, shown)
    if unfit is not None and (met or not said.several):
        return Score(False, 0.0, shown, unfit)
    if met is not None:
        shown = shorten(met.shown)
        return Score(True, 1.0, shown, f"read {shown}, {said.how}")
    stated_before = said.reading and stated_too(said.reading, asked, partial(meets, gold))
    if stated_before:
        shown = shorten(stated_before.shown)
        return Score(True, 1.0, shown, f"read {shown}, stated before a remark")
    why = unfit or f"read {shown}, {said.how}; expected {shorten(expected)}"
    return Score(False, 0.0, shown, why)


def _unfit(gold: Number, said: Stated, asked: Asked, shown: str) -> str | None:
    """Why what is said answers nothing, whatever its value; None where it may be an answer."""
    if said.several:
        both = f"{shown} and {shorten(said.numbers[1].shown)}"
        return f"several answers are left standing: {both}"
    counted = asked.count and not gold.percent and abs(gold.value or Fraction(0)) >= 1
    if counted and all(number.percent for number in said.numbers):
        return f"read {shown}, a share where a count was asked for"
    if said.numbers[0].percent and _is_no_share(gold, said.numbers[0], asked):
        return f"read {shown}, a share where none was asked for"
    if asked.unit is not None and _repeats(said.numbers[0], asked):
        return f"read {shown}, which the question gives"
    return None


def _is_no_share(gold: Number, said: Number, asked: Asked) -> bool:
    """'5%' for 5 where a sum, a price or an amount in a unit is asked for."""
    if asked.percent or gold.percent or "%" in asked.text or said.value != gold.value:
        return False
    return asked.unit is not None or bool(asked.formula or asked.words & PRICES)


def _meets(asked: Asked, endless: bool, gold: Number, number: Number) -> bool:
    """Is it the gold, as it was asked for?"""
    if (asked.exact and _is_rounded(gold, number)) or _is_other_speed(number, asked):
        return False
    meant = _as_paid(gold, _as_asked(gold, number, asked), asked)
    meant = _as_rounded(gold, meant) if endless else meant
    if asked.count and _SO_MANY_OF.fullmatch(meant.shown):
        above, _, below = meant.shown.partition("/")
        if Fraction(int(below)) in asked.given:  # '85/100' of 100 questions
            meant = meant._replace(readings=(*meant.readings, (Fraction(int(above)), 0)))
    if (
        asked.percent
        and meant.percent
        and "decimal" not in asked.text
        and not gold.percent
        and (abs(gold.value or Fraction(0)) > 1 or "in percent" in asked.text.casefold())
    ):
        meant = meant._replace(percent=False)  # '3333 %' is not 33.33
    return equal(_measured(gold, meant, asked), meant)


def _as_paid(gold: Number, said: Number, asked: Asked) -> Number:
    """'75 cents' as 0.75 where the question speaks of dollars and of no cents."""
    unit = said.unit
    if gold.unit is not None or unit is None or unit.size >= 1 or unit.kind not in CURRENCIES:
        return said
    units = (one for _, one in asked.exactly if isinstance(one, Unit))
    named = {one.size for one in units if one.kind == unit.kind}
    if named != {Fraction(1)} or "cent" in asked.text.casefold():
        return said
    whole = tuple((value * unit.size, None) for value, _ in said.readings)
    return said._replace(readings=whole, unit=None, also=None)


def _is_other_speed(said: Number, asked: Asked) -> bool:
    """'72 m/s' where km/h are asked for."""
    rate = rate_of(said.noun, 0) if asked.rate is not None and "/" in said.noun else None
    return rate not in (None, asked.rate)


def _as_asked(gold: Number, said: Number, asked: Asked) -> Number:
    """1.41421356 as 1.41 where two decimals are asked for, 25 million as 25 where millions are."""
    if asked.scale > 1 and any(abs(value) >= asked.scale for value, _ in said.readings):
        plain = tuple((value / asked.scale, places) for value, places in said.readings)
        return said if equal(gold, said) else said._replace(readings=plain)
    if asked.places is None or all((places or 0) <= asked.places for _, places in said.readings):
        return said
    rounded = ((_half_up(value, asked.places), asked.places) for value, _ in said.readings)
    return said._replace(readings=(*said.readings, *rounded))


def _as_rounded(gold: Number, said: Number) -> Number:
    """31.4159 also as 31.42, where the gold is that: both are roundings of what has no end."""
    shown = gold.readings[0][1] or 0
    if shown < LEAST_PLACES or any((places or 0) <= shown for _, places in said.readings):
        return said
    rounded = ((_half_up(value, shown), shown) for value, _ in said.readings)
    return said._replace(readings=(*said.readings, *rounded))


def _half_up(value: Fraction, places: int) -> Fraction:
    size = abs(value) * 10**places + Fraction(1, 2)
    whole = Fraction(size.numerator // size.denominator, 10**places)
    return whole if value >= 0 else -whole


def _is_rounded(gold: Number, said: Number) -> bool:
    """Does it show a few decimals of a number that has no end of them?"""
    few = all(places and places < FLOAT_PLACES for _, places in said.readings)
    return few and not said.endless and gold.value is not None and not ends(gold.value)


def _repeats(said: Number, asked: Asked) -> bool:
    """'3.2 m' where the question asks how many cm 3.2 m are."""
    return said.value in asked.given and said.unit not in (None, asked.unit)


def _measured(gold: Number, said: Number, asked: Asked) -> Number:
    """A bare gold in the unit that the question speaks in, where the answer names another."""
    if gold.unit is not None or gold.percent or said.unit is None:
        return gold
    units = [unit for unit in asked.measures if unit.kind == said.unit.kind]
    return gold._replace(unit=units[0]) if units else gold


def _whole(digits: str) -> Number:
    return Number(0, len(digits), digits, ((Fraction(int(digits)), 0),))


def is_number(text: str) -> bool:
    """Is a gold answer one number and nothing else but its sign, per cent, currency or unit?"""
    plain = clean(text).strip()
    found = numbers(plain)
    if len(found) != 1 or not found[0].readings:
        return False
    lone = found[0]
    before, after = plain[: lone.start].strip(), plain[lone.end :].strip()
    return _BEFORE.fullmatch(before) is not None and (not after or after.lower() in UNITS)


@lru_cache(maxsize=4096)
def _gold(expected: str, language: str | None) -> Number | None:
    """The number that a gold answer is; the last one of a worked solution that ends in ####."""
    if _WHOLE.fullmatch(expected):  # most are, and need no looking at
        return _whole(expected)
    plain = clean(expected).strip()
    if _DATE.fullmatch(plain):
        return None
    found = joined(plain, numbers(plain, language))
    if len(found) == 1:
        return _both_ways(plain, found[0], language)
    if found:
        said: Stated | None = stated(plain, language)
        return said.numbers[0] if said is not None and said.explicit and not said.several else None
    spoken = spoken_numbers(plain)
    if len(spoken) == 1 and len(plain) < 100:
        return as_number(spoken[0], plain)
    return None


def _both_ways(plain: str, gold: Number, language: str | None) -> Number | None:
    """A gold is often written as programs write it: 1.234 in any language may be a decimal."""
    if not gold.readings or "√" in plain or "π" in plain:
        return None
    if language in (None, "en") or "," in gold.shown or _ROUND.fullmatch(gold.shown):
        readings = gold.readings
        if language is None and "," not in gold.shown:
            readings = gold.readings[:1]
    else:
        readings = tuple({*gold.readings, *numbers(plain, "en")[0].readings})
    return gold._replace(readings=readings)


def _as_phrase(expected: str, answer: str) -> Score:
    said = normalise(answer)
    correct = said == normalise(expected)
    why = "the expected answer is no number; compared as a phrase"
    return Score(correct, float(correct), shorten(said) or None, why)
