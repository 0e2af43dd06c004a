"""Whether a text states the expected number, where the last one may be said by the way.

Where nothing tells which number of a text is its answer, the last one is (`choose`). If that is
another than the expected one, and the text has the expected one too, a reader looks again:
'27/3 = 9. By the way, the eldest is 12.' states 9, '27/3 = 9, so with 3 more it is 12.' does
not. What such a reader weighs is weighed here: `evidence`, each piece with a weight of `WEIGHTS`.
The weights are those of a logistic regression (Cox 1958, doi:10.1111/j.2517-6161.1958.tb00292.x)
on readings that people judged; tools/fit_second_look.py has them, and computes the weights.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from wattmark.scoring.asked import Asked, is_asked, is_year, stems
from wattmark.scoring.numerals import Number
from wattmark.scoring.readings import (
    ABOUT,
    CHECKED,
    ENDS,
    NEAR,
    Reading,
    is_weighed,
    sentence_after,
    sentence_before,
)
from wattmark.scoring.segments import main_clause

_I = re.IGNORECASE
_SO = re.compile(
    r"\b(?:meaning|passo|step|so|thus|hence|therefore|then|overall|finally|consequently|logo|portanto|então|assim"
    r"|enfim|conclu\w+)\b|=>|→",
    _I,
)
_COMES_TO = re.compile(
    r"\b(?:total\w*|altogether|gives?|giving|mak(?:es?|ing)|get|result\w*|answer|resposta|final\w*"
    r"|ficam?|dá|dão|dando|temos|obtemos|comes?\s+to|leaves?|pays?|paga\w*|need\w*|precisa\w*"
    r"|em\s+tudo|ao\s+todo|valor|obtain\w*|leaving|deixa\w*|sobra\w*|resta\w*|end(?:s|ed)?\s+(?:up|at)"
    r"|doubl\w+|halv\w+|dobr\w+)\b",
    _I,
)
_BUT = re.compile(
    r"\b(?:but|however|yet|though|although|actually|wait|hmm|instead|rather|oops|sorry|mistake"
    r"|correct(?:ing|ion)|mas|porém|contudo|entretanto|todavia|na\s+verdade|aliás|errei|erro"
    r"|corrig\w+|correção|embora|espera|melhor|só\s+que|e\s+sim|minto|nao|não,|pera|peraí)\b",
    _I,
)
_IF = re.compile(r"\b(?:would|could|if|se|seria\w*|ficaria\w*|teria\w*|might|unless|caso)\b", _I)
_ASIDE = re.compile(
    r"\b(?:where|onde|which|leaving|out\s+of|by\s+the\s+way|incidentally|curio\w+|note|obs|nota"
    r"|while|whereas|enquanto|like|passando|ending|reached|atingid\w+|per|por|each|cada|of|for"
    r"|d[eoa]s?|para)\b",
    _I,
)
"""Words that lead to something else about an answer."""
_NOTE = re.compile(
    r"\b(?:note|obs|nota|fun|curio\w+|interesting\w*|by\s+the\s+way|aliás|lembre\w*|remember|tip|dica)\b",
    _I,
)
_WORD = re.compile(r"[^\W\d_]{2}")
_IS = re.compile(r"(?:\b(?:is|are|é|são|equal\s+to|igual\s+a)|[=:])\s*(?:R?\$|€|£)?\s*-?$", _I)
_ENDS_HERE = re.compile(r"\W{0,3}(?:[^\W\d_]+\W{0,2}){0,3}?(?:[.!]|\n|$)")
_HYPHEN = re.compile(r"-[^\W\d_]")
_PARTS = 6
"""Of one whole, that stand beside each other."""
_SIGN = 8
"""Characters before a number in which a verb or a sign leads to it."""
_REST = 40
_LONG = 15
"""Characters after the last number that are more than a unit."""

WEIGHTS = {
    "": -0.9,
    "aside": -1.9,
    "led to": 1.1,
    "comes to": 1.3,
    "what would be it": -0.5,
    "given": -1.9,
    "before the main clause": -1.5,
    "read is a result": 1.3,
    "read is given": 1.7,
    "read is led to": -1.9,
    "read has one digit": 0.6,
    "read is said again": -0.7,
    "read is a year": 1.2,
    "more follows": 0.8,
    "nothing follows": -0.5,
    "a comma between": 0.8,
    "so": -1.9,
    "leads aside": 0.6,
    "so it comes to": -1.4,
    "about so much": 1.1,
    "what would be": 1.1,
    "a note": 2.5,
    "a check": 1.7,
    "but": -1.9,
    "an equation follows": -0.9,
    "said again": 1.4,
    "counts what is asked": 2.3,
    "the other counts what is asked": -2.5,
    "ends its sentence": 1.0,
    "says more of the question": 0.6,
    "no question": -0.7,
    "no question, and read is a sum": -1.3,
}
"""Of the pieces of evidence, in units of log odds; '' is the intercept."""
LEAST = 0.3
"""Log odds from which on the expected number counts: on lists that the weights have not seen, more
errors go so than at 0, and more of those that take a wrong answer for right."""


def stated_too(reading: Reading, asked: Asked, is_meant: Callable[[Number], bool]) -> Number | None:
    """The expected number (`is_meant`), where the one that was read is said by the way."""
    at = place_of(reading, is_meant)
    if at is None or not is_weighed(reading, at[0], asked):
        return None
    held = (name for name, holds in evidence(reading, *at, asked).items() if holds)
    return reading.found[at[0]] if sum(WEIGHTS[name] for name in ("", *held)) > LEAST else None


def place_of(reading: Reading, is_meant: Callable[[Number], bool]) -> tuple[int, int] | None:
    """Where the expected number stands before the one that was read, and how often it is there."""
    places = [n for n, number in enumerate(reading.found) if is_meant(number)]
    able = [n for n in places if n not in reading.marks.out and not _is_attribute(reading, n)]
    rejected = reading.marks.out - reading.marks.operands
    if not able or not rejected.isdisjoint(n for n in places if n > able[-1]):
        return None  # '72 would be too many'
    meant = ([n for n in able if n in reading.marks.results] or able)[-1]
    if meant >= reading.read or meant in reading.marks.equations:
        return None
    return meant, len(able)


def _is_attribute(reading: Reading, n: int) -> bool:
    """The 10 of 'a 10-bit register'."""
    return _HYPHEN.match(reading.text, reading.found[n].end) is not None


def evidence(reading: Reading, meant: int, times: int, asked: Asked) -> dict[str, bool]:
    """What speaks for, and against, the number at `meant`, which the text has so many `times`."""
    pieces = _of_meant(reading, meant, asked) | _of_read(reading, meant, asked)
    pieces |= _of_what_follows(reading, meant)
    counts = is_asked(reading.found[meant], asked), is_asked(reading.found[reading.read], asked)
    apart, ended = pieces.pop("another sentence"), pieces.pop("ends here")
    return pieces | {
        "said again": times > 1,
        "counts what is asked": counts == (True, False),
        "the other counts what is asked": counts == (False, True),
        "ends its sentence": ended and apart,
        "says more of the question": _says_more(reading, meant, asked),
        "no question": not asked.text,
        "no question, and read is a sum": not asked.text and _is_sum(reading, meant),
    }


def _of_meant(reading: Reading, meant: int, asked: Asked) -> dict[str, bool]:
    text, marks, number = reading.text, reading.marks, reading.found[meant]
    other = reading.found[reading.read]
    before = sentence_before(text, number.start)
    return {
        "aside": meant in marks.aside,
        "led to": _IS.search(text, max(0, number.start - _SIGN), number.start) is not None,
        "comes to": _COMES_TO.search(before) is not None,
        "what would be it": _IF.search(before) is not None,
        "given": number.value in asked.given,
        "before the main clause": main_clause(text, number.start, other.start) is not None,
        "ends here": _ENDS_HERE.match(text[number.end : number.end + _REST]) is not None,
    }


def _of_read(reading: Reading, meant: int, asked: Asked) -> dict[str, bool]:
    text, number = reading.text, reading.found[reading.read]
    return {
        "read is a result": reading.read in reading.marks.results,
        "read is given": number.value in asked.given,
        "read is led to": _IS.search(text, max(0, number.start - _SIGN), number.start) is not None,
        "read has one digit": len(number.shown) == 1,
        "read is said again": _is_said_again(reading),
        "read is a year": is_year(number),
        "more follows": len(text) - number.end > _LONG,
        "nothing follows": _WORD.search(text, number.end) is None,
    }


def _of_what_follows(reading: Reading, meant: int) -> dict[str, bool]:
    text = reading.text
    first, last = reading.found[meant], reading.found[reading.read]
    gap = text[first.end : last.start]
    ends = [end.end() for end in ENDS.finditer(gap)]
    clause = gap[ends[-1] :] if ends else gap
    sentence = f"{clause} {sentence_after(text, last.end)}"
    tail = text[first.end :]
    return {
        "another sentence": bool(ends),
        "a comma between": "," in gap and not ends,
        "so": _SO.search(clause) is not None,
        "leads aside": _ASIDE.search(clause) is not None,
        "so it comes to": _COMES_TO.search(clause) is not None,
        "about so much": ABOUT.search(clause) is not None,
        "what would be": _IF.search(sentence) is not None,
        "a note": _NOTE.search(sentence) is not None,
        "a check": CHECKED.search(sentence) is not None,
        "but": _BUT.search(tail) is not None,
        "an equation follows": "=" in tail,
    }


def _is_said_again(reading: Reading) -> bool:
    value = reading.found[reading.read].value
    return any(one.value == value for one in reading.found[: reading.read])


def _is_sum(reading: Reading, meant: int) -> bool:
    """Is the one that was read what the one that is meant and some beside it add up to?"""
    values = [one.value or 0 for one in reading.found[: reading.read]]
    total = reading.found[reading.read].value
    first = max(0, meant - _PARTS)
    return any(
        sum(values[start:end]) == total
        for start in range(first, meant + 1)
        for end in range(max(meant + 1, start + 2), len(values) + 1)[:_PARTS]
    )


def _says_more(reading: Reading, meant: int, asked: Asked) -> bool:
    """Do the words about it say more of the question over than those about the other?"""
    text, number, read = reading.text, reading.found[meant], reading.found[reading.read]
    about = sentence_before(text, number.start) + text[number.end : number.end + NEAR]
    other = sentence_before(text, read.start) + sentence_after(text, read.end)
    return len(stems(about) & asked.whole) > len(stems(other) & asked.whole)
