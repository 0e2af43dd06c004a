"""Answers in words beside digits: '9 + 5: fourteen', '… 12 put back. I arrive at forty-two.'

Digits come first where a text has both; these are the places where it is the words that state.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.asked import Asked
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.opening import is_meant
from wattmark.scoring.phrases import CUE
from wattmark.scoring.saying import Stated, in_words
from wattmark.scoring.words import may_be_spoken, spoken_numbers

EQUALS = re.compile(
    CUE.pattern
    + r"|\b(?:is|are|equals?|é|são|igual|get|obtain|obt(?:emos|ém|enho)|temos|dá|resulta|leaves"
    r"|equivale\s+a|corresponde\s+a|corresponds\s+to)\b",
    re.IGNORECASE,
)
THAT_IS = re.compile(
    CUE.pattern + r"|(?:^|[.!])\W{1,3}(?:that's|that\s+is|isso\s+são)\b"
    r"(?!\s(?:roughly|about|around|nearly|almost|approximately|cerca|quase)\b)",
    re.IGNORECASE,
)
"""'2, 3, 5. That's three primes.'"""
_AT_END = 60
"""Characters at the end of a text in which a number in words stands that ends it."""
_ENDS_SOON = re.compile(r"(?:\s+[^\W\d_]{1,20}){0,2}\s?(?:[.!]|$)")
_ENDS = re.compile(r"(?:\s+[^\W\d_]{1,20}){0,2}\s?(?:[.!]?\s*$|[.]?\s?\()")
_NOT_SAID = re.compile(
    r"\b(?:because|since|if|than|not|like|after|from|between|entre|até|porque|pois|se|que|não|como|depois|check\w*|note|nota|obs|for|every|each|cada)\b"
    r"|n't\b|\b(?:or|ou|that\s+is|isto\s+é|i\.e\.)(?!\w)",
    re.IGNORECASE,
)
_LEADS = re.compile(
    rf"(?:{EQUALS.pattern})[\s:]*(?:[^\W\d_]{{1,15}}\s+)?(?<!the\s)$", re.IGNORECASE
)
"""Right before a number, a word between them at most."""
_THE = re.compile(r"\b(?:of\sthe|d[ao]s|n[ao]s|pel[ao]s|aos|às)\s$", re.IGNORECASE)
"""'22 no total das duas equipes'."""
_BRACKET = re.compile(r"\s\((?:R\$\s?|[$€£])?$")
_PERIOD = re.compile(r"\s(?:of\s)?(?:the|d[ao])\s(?:time|tempo)\b", re.IGNORECASE)
_BACK = 60
_SMALL = 12
"""Numbers in words up to it may count anything: 'in two steps'."""
_FEWEST = 3
"""Letters of a number in words."""
_SENTENCE = 400
"""Characters of a statement."""


def set_in_words(text: str, found: Sequence[Number], marks: Marks) -> None:
    """Marks the 19.50 of 'Three kilos cost nineteen and a half (19.50)' as no aside."""
    for n in sorted(marks.aside):
        head = _BRACKET.search(text, max(0, found[n].start - _BACK), found[n].start)
        if head is None:
            continue
        near = text[max(0, head.start() - _BACK) : head.start()]
        spoken = joined(near, [as_number(one, near) for one in spoken_numbers(near)])
        said = {value for value, _ in found[n].readings}
        if spoken and spoken[-1].value in said and not near[spoken[-1].end :].count(" ") > 1:
            marks.aside.discard(n)


def words_alone(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """'Seven reais, e.g. a note of R$ 5 and one of R$ 2': where all digits are asides."""
    if not found or not marks.aside.union(marks.out).issuperset(range(len(found))):
        return None
    words = in_words(text, 0, len(text), asked, alone=False)
    if words is None or words.several or (asked.text and not is_meant(words.numbers[0], asked)):
        return None
    return words


def said_before(head: str, asked: Asked) -> Stated | None:
    """'Setenta pães (30 + 40)': a new number in words before the sum."""
    spoken = [one for one in spoken_numbers(head) if not one.one and one.value not in asked.given]
    return Stated((as_number(spoken[0], head),), "said in words") if len(spoken) == 1 else None


def ends_in_words(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """'… 12 put back. I arrive at forty-two.': a number in words that ends the text."""
    last_firm = len(found) - 1
    while last_firm in marks.aside and last_firm not in marks.operands:
        last_firm -= 1
    if last_firm < 0 or len(text) - found[last_firm].end <= _FEWEST:
        return None
    place = found[last_firm].end
    rest = text[place : place + _SENTENCE]
    if not may_be_spoken(rest[-_AT_END:]):
        return None
    amounts = _amounts_at_end(rest, place, found[last_firm:])
    last = amounts[-1] if amounts else None
    if last is None or last.value is None or last.value in asked.given:
        return None
    share = last.value < 1 and _PERIOD.match(rest, last.end)  # 'in half the time'
    if share or any(one.value == found[last_firm].value for one in amounts):
        return None
    sentence = max(rest.rfind(sign, 0, last.start) for sign in ".!?\n") + 1
    amounts = [one for one in amounts if one.start >= sentence]
    begins = amounts[-2].end if len(amounts) > 1 else 0
    before = rest[max(begins, sentence) : last.start]
    led = _LEADS.search(before) is not None
    large = len(amounts) == 1 and (last.value > _SMALL or last.value < 0)
    if not (led or large) or _NOT_SAID.search(before) or _THE.search(before):
        return None
    return Stated((last,), "said in words")


def _amounts_at_end(rest: str, place: int, found: Sequence[Number]) -> list[Number]:
    """The amounts in words of what follows the number at `place`, where the last ends it."""
    clause = rest[max(rest.rfind(sign, 0, len(rest) - 2) for sign in (",", ";", ". ", "\n")) + 1 :]
    if not spoken_numbers(clause) or _NOT_SAID.search(clause):
        return []
    said = [one for one in spoken_numbers(rest) if one.value and not one.one]
    if not said or not any(char.isdigit() for char in found[0].shown):
        return []
    digits = [(one.start - place, one.end - place) for one in found]
    said = [
        one for one in said if not any(start < one.end and one.start < end for start, end in digits)
    ]
    if not said or not _ENDS.match(rest, said[-1].end):
        return []
    near = rest[said[-2].end if len(said) > 1 else 0 : said[-1].start]
    if _NOT_SAID.search(near, near.rfind(". ") + 1):
        return []
    amounts = joined(rest, [as_number(one, rest) for one in said])
    return amounts if _ENDS.match(rest, amounts[-1].end) else []


def concluded_in_words(rest: str, cues: re.Pattern[str]) -> Stated | None:
    """'…; that makes one hundred and sixty miles' after the last digits."""
    cue = cues.search(rest[:_SENTENCE]) if len(rest) > _FEWEST else None
    if cue is None:
        return None
    tail = rest[cue.end() : cue.end() + _SENTENCE]
    spoken = [one for one in spoken_numbers(tail) if not one.one]
    if (
        len(spoken) != 1
        or not _ENDS_SOON.match(tail, spoken[0].end)
        or _THE.search(tail, 0, spoken[0].start)
    ):
        return None
    return Stated((as_number(spoken[0], tail),), "said in words")
