"""Whether 'so', 'total' or 'leaves' leads to the last number of a sentence, and means it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.asked import (
    UNIT_STEMS,
    WORD,
    Asked,
    is_asked,
    is_given,
    is_negated,
    singular,
    stems,
)
from wattmark.scoring.hanging import governed
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import segment, shared_words

_I = re.IGNORECASE
_SO = re.compile(r"so|therefore|thus|hence|portanto|logo|então|assim", _I)
_CONCLUDES = re.compile(
    r"=|\b(?:so|therefore|thus|hence|then|portanto|logo|então|assim)\b"
    r"|\s(?:chega-se|chegamos)\sa\s|\band\s(?:we|you)\s(?:get|obtain|have)\s|(?:,|(?<=[ai]ndo))\s(?:(?:we|you)\s(?:get|obtain)|obtemos|temos|obtém-se|tem-se|chegamos\sa)\s",
    _I,
)
_LEADS_TO = re.compile(
    r"(?<!\w)(?:now|agora|total\w*|altogether|in\s+all|ao\s+todo|leav\w+|left|mak(?:es|ing|e)|giv(?:es|ing)|sobra\w*|resta\w*"
    r"|fica\w*|remain\w*|dá|dão|,\s+which\s+(?:is(?!\sthe\s)|makes|gives|equals)|,\s+(?:o\s+)?que\s+(?:é(?!\s[oa]\s)|dá|são|perfaz|totaliza|soma)|ou\s+seja|isto\s+é|that\s+is|i\.e\.)(?!\w)",
    _I,
)
_WEAKLY = re.compile(r"(?:leav|left|mak|giv|sobra|resta|fica|remain|now|agora|dá|dão)\w*", _I)
_FOR_A_TOTAL = re.compile(
    r"\b(?:(?:for|giving|making)\s+a\s+total\s+of|totall?ing|(?:num|dando\s+um|fazendo\s+um|perfazendo)\s+(?:o\s+)?total\s+de"
    r"|totalizando)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
_TERMS = 2
_LAST = re.compile(r"(?:\s[^\W\d_]{1,20}){0,2}\s?(?:[.!](?:\s|$)|$)")
LEFT_OVER = re.compile(r"\b(?:left|remain\w*|sobra\w*|resta\w*)\b", _I)
PLURAL = re.compile(
    r"(?!(?:pel[oa]s|seus|suas|deles|delas|less|times|vezes|mais|menos|depois|ambos|ambas|as|is|was"
    r"|this|its|plus|minus|across|gives|makes|leaves|costs|equals|remains|todos|todas)$)(?:[^\W\d_]{3,}s|children|people|women|men)"
)
"""A word after a number that is likely to be what it counts."""


def is_firm(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> bool:
    """Does 'so', 'total', 'leaves' lead to the last, and nothing of the question against it?"""
    last = found[inside[-1]]
    if _is_total(text, found, inside, asked) or _is_after_colon(text, found, inside):
        return True
    new = [n for n in inside[:-1] if not asked.given or found[n].value not in asked.given]
    part = segment(text, found, [*new, inside[-1]], len(new))
    part = text[max(0, last.start - 4) : last.start].lstrip("0123456789") + part
    led = _CONCLUDES.search(part) or (not asked.each and _LEADS_TO.search(part))
    if not led:
        return False
    if _says_more(text, found, [*new, inside[-1]], led, asked):
        return False
    if (
        asked.negated
        and not is_negated(part)
        and any(is_negated(segment(text, found, [*new, inside[-1]], at)) for at in range(len(new)))
    ):
        return False
    if asked.words and _is_against(text, found, [*new, inside[-1]], led, asked):
        return False
    counted = any(is_asked(found[n], asked) for n in inside)
    return not counted or not _is_of_another(text, found, inside, asked)


def _is_after_colon(text: str, found: Sequence[Number], inside: Sequence[int]) -> bool:
    """'3 dozen are 36, and half a dozen 6: 42 eggs.'"""
    if len(inside) <= _TERMS:
        return False
    before, last = found[inside[-2]], found[inside[-1]]
    colon = text[before.end : last.start].rstrip(" $R€£").endswith(":")
    return (
        colon
        and _LAST.match(text, last.end) is not None
        and last.value == sum_of(found, inside[-3:-1])
    )


def _says_more(
    text: str, found: Sequence[Number], inside: Sequence[int], led: re.Match[str], asked: Asked
) -> bool:
    """'So fewer than half of his 120', 'so 8 are left', where another number answers."""
    last = found[inside[-1]]
    if asked.given and last.value in asked.given and len(inside) > 1:
        summed = led[0].lower().startswith("total") and not asked.total
        if summed or governed(text, last, asked):
            return True
    if not asked.words:
        return False
    if last.value in asked.given and _restates(text, found, last, asked):
        return True
    elsewhere = _SO.fullmatch(led[0]) and "=" not in led.string
    if elsewhere and _goes_elsewhere(text, found, inside, asked):
        return True
    return not asked.had and LEFT_OVER.search(led.string) is not None


def _is_against(
    text: str, found: Sequence[Number], inside: Sequence[int], led: re.Match[str], asked: Asked
) -> bool:
    """Do the question's words stand rather with another number, where little leads to the last?"""
    total = not asked.total and led[0].lower() == "total"
    if not (total or _WEAKLY.fullmatch(led[0])):
        return False
    if LEFT_OVER.fullmatch(led[0]):
        return not asked.rest
    *others, own = shared_words(text, found, inside, asked, understood=False)
    return any(other and not own for other in others)


def _is_of_another(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> bool:
    return not asked.total and counts_another(text, found, inside, len(inside) - 1, asked)


def _goes_elsewhere(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> bool:
    """'You save 12, so you'd pay 68', where it is asked what one saves."""
    own = asked.words - UNIT_STEMS
    if len(inside) < 2 or not own:
        return False
    *others, last = [stems(segment(text, found, inside, at)) for at in range(len(inside))]
    return not last & asked.words and any(own <= other for other in others)


def _restates(text: str, found: Sequence[Number], last: Number, asked: Asked) -> bool:
    """'1.50 each, so 5 pens cost 7.50': are all numbers of its clause the question's?"""
    starts = [one.end() for one in _CONCLUDES.finditer(text, 0, last.start)]
    if not starts:
        return False
    said = [one for one in found if starts[-1] <= one.start <= last.start]
    return len(said) > 1 and all(one.value in asked.given for one in said)


def _is_total(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> bool:
    """'49 in all', and not of children where boys are asked for."""
    last = found[inside[-1]]
    if asked.total and last.value == sum_of(found, inside[:-1]):
        return True
    if asked.each or asked.rest:
        return False
    near = text[max(0, last.start - 30) : last.start]
    total = _FOR_A_TOTAL.search(near) if "tot" in near.casefold() else None
    others = any(is_asked(found[n], asked) for n in inside[:-1])
    if total and not is_given(last, asked):
        return asked.total or not (others and last.noun and not is_asked(last, asked))
    return False


def sum_of(found: Sequence[Number], parts: Sequence[int]) -> Fraction:
    """What the numbers at these places come to."""
    return sum((found[n].value or Fraction(0) for n in parts), Fraction(0))


def counts(
    text: str, found: Sequence[Number], inside: Sequence[int], at: int, asked: Asked
) -> bool:
    """Does it count the noun asked for, before it or after a verb: '12 are girls'?"""
    if not asked.noun or is_asked(found[inside[at]], asked):
        return bool(asked.noun)
    words = WORD.findall(segment(text, found, inside, at))
    return asked.noun in map(singular, words)


def counts_another(
    text: str, found: Sequence[Number], inside: Sequence[int], at: int, asked: Asked
) -> bool:
    """Does it count boys where girls are asked for: another noun, be its stem the same?"""
    number = found[inside[at]]
    if counts(text, found, inside, at, asked):
        return False
    noun = number.noun.casefold()
    if number.unit is None and PLURAL.fullmatch(noun):
        return True
    return bool(stems(segment(text, found, inside, at)) & stems(asked.noun))
