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
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from wattmark.scoring.asked import Asked, is_asked, is_year, stems
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import main_clause

_I = re.IGNORECASE
_ENDS = re.compile(r"[.!?;](?=\s|$)|\n")
_SO = re.compile(
    r"\b(?:meaning|passo|step|so|thus|hence|therefore|then|overall|finally|consequently|logo|portanto|então|assim"
    r"|enfim|conclu\w+)\b|=>|→",
    _I,
)
_SINCE = re.compile(r"\W{0,3}(?:since|because|as|given|como|já\s+que|visto\s+que|dado)\s", _I)
_MAYBE = re.compile(r"\b(?:(?:could|might|may)\s+be|pode(?:ria)?\s+ser)\s$", _I)
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
_ABOUT = re.compile(
    r"\b(?:about|approximately|roughly|cerca|aproximadamente|quase|almost|nearly|more\s+than"
    r"|mais\s+de)\b|≈|~",
    _I,
)
_WORD = re.compile(r"[^\W\d_]{2}")
_IS = re.compile(r"(?:\b(?:is|are|é|são|equal\s+to|igual\s+a)|[=:])\s*(?:R?\$|€|£)?\s*-?$", _I)
_CHECKED = re.compile(
    r"\b(?:check|verif\w*|confer\w*|prova|conf[ie]rm\w*|indeed|substitut\w*|back)\b|[✓✔]", _I
)
_ENDS_HERE = re.compile(r"\W{0,3}(?:[^\W\d_]+\W{0,2}){0,3}?(?:[.!]|\n|$)")
_HYPHEN = re.compile(r"-[^\W\d_]")
_SUMS = frozenset("/^")
"""Signs of a number that is still to be worked out."""
_SIMPLIFIES = re.compile(r"\b(?:simplif|reduz|reduc)", _I)
_ROUNDS = re.compile(r"\b(?:round|arredond)", _I)
_ALIKE = 20
"""A rounding is off by one in so many, at most."""
_NO_DIGIT = re.compile(r"\D")
_PARTS = 6
"""Of one whole, that stand beside each other."""
_SIGN = 8
"""Characters before a number in which a verb or a sign leads to it."""
_REST = 40
_NEAR = 30
_SENTENCE = 200
_LONG = 15
"""Characters after the last number that are more than a unit."""

WEIGHTS = {
    "": -0.9,
    "aside": -1.7,
    "led to": 0.9,
    "comes to": 1.4,
    "what would be it": -0.6,
    "given": -1.9,
    "before the main clause": -1.4,
    "read is a result": 1.2,
    "read is given": 1.7,
    "read is led to": -1.9,
    "read has one digit": 0.7,
    "read is said again": -0.6,
    "read is a year": 1.2,
    "more follows": 0.9,
    "nothing follows": -0.3,
    "a comma between": 0.7,
    "so": -1.7,
    "leads aside": 0.6,
    "so it comes to": -1.4,
    "about so much": 0.7,
    "what would be": 1.2,
    "a note": 2.5,
    "a check": 1.8,
    "but": -2.0,
    "an equation follows": -1.0,
    "said again": 1.4,
    "counts what is asked": 2.2,
    "the other counts what is asked": -2.8,
    "ends its sentence": 0.9,
    "says more of the question": 0.5,
    "no question": -0.8,
    "no question, and read is a sum": -1.1,
}
"""Of the pieces of evidence, in units of log odds; '' is the intercept."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text, what was found of its numbers, and which of them was read as its answer."""

    text: str
    found: Sequence[Number]
    marks: Marks
    place: int
    """Where in the text the number stands that was read."""

    @property
    def read(self) -> int:
        """Its place among the numbers; the last where it was made of several."""
        return next(
            (n for n, one in enumerate(self.found) if one.start == self.place), len(self.found) - 1
        )


def stated_too(reading: Reading, asked: Asked, is_meant: Callable[[Number], bool]) -> Number | None:
    """The expected number (`is_meant`), where the one that was read is said by the way."""
    at = place_of(reading, is_meant)
    if at is None or not is_weighed(reading, at[0], asked):
        return None
    held = (name for name, holds in evidence(reading, *at, asked).items() if holds)
    return reading.found[at[0]] if sum(WEIGHTS[name] for name in ("", *held)) > 0 else None


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


def is_weighed(reading: Reading, meant: int, asked: Asked) -> bool:
    """Not what contradicts itself, nor '12' of 'It could be 12, 13 or 14' and such."""
    one, other = reading.found[meant], reading.found[reading.read]
    if asked.percent and other.percent > one.percent:
        return False  # 'Of the 40 students, 85% passed'
    if meant + 1 < len(reading.found) and _MAYBE.search(reading.text, 0, one.start):
        return False
    return not _is_worked_out(reading, meant) and not _is_fronted(reading, meant)


def _is_fronted(reading: Reading, meant: int) -> bool:
    """The 8 of 'Since 2^3 = 8, …', of a sentence that then says what was read."""
    one, other = reading.found[meant], reading.found[reading.read]
    gap = reading.text[one.end : other.start]
    if "," not in gap or _ENDS.search(gap):
        return False
    return _SINCE.match(_sentence_before(reading.text, one.start)) is not None


def _is_worked_out(reading: Reading, meant: int) -> bool:
    """'0.85, so 0.85%', '1.414…, rounded 1.42', '20/5, x = 5', '17? No.'"""
    one, other = reading.found[meant], reading.found[reading.read]
    if one.percent != other.percent and _digits(one) == _digits(other):
        return True
    if _SUMS.intersection(one.shown) and not _SUMS.intersection(other.shown):
        return True
    gap = reading.text[one.end : other.start]
    if gap.startswith("?") or ("/" in one.shown and _SIMPLIFIES.search(gap)):
        return True
    if one.value is None or other.value is None or one.percent or other.percent:
        return False
    if other.value.denominator == 1 != one.value.denominator and abs(one.value - other.value) < 1:
        return _ABOUT.search(reading.text, one.end, other.start) is None  # '8.75, so 9 buses'
    near = abs(one.value - other.value) * _ALIKE <= abs(one.value)
    return near and (one.endless or _ROUNDS.search(reading.text, one.end, other.start) is not None)


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
    before = _sentence_before(text, number.start)
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
    ends = [end.end() for end in _ENDS.finditer(gap)]
    clause = gap[ends[-1] :] if ends else gap
    sentence = f"{clause} {_sentence_after(text, last.end)}"
    tail = text[first.end :]
    return {
        "another sentence": bool(ends),
        "a comma between": "," in gap and not ends,
        "so": _SO.search(clause) is not None,
        "leads aside": _ASIDE.search(clause) is not None,
        "so it comes to": _COMES_TO.search(clause) is not None,
        "about so much": _ABOUT.search(clause) is not None,
        "what would be": _IF.search(sentence) is not None,
        "a note": _NOTE.search(sentence) is not None,
        "a check": _CHECKED.search(sentence) is not None,
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
    about = _sentence_before(text, number.start) + text[number.end : number.end + _NEAR]
    other = _sentence_before(text, read.start) + _sentence_after(text, read.end)
    return len(stems(about) & asked.whole) > len(stems(other) & asked.whole)


def _digits(number: Number) -> str:
    """Those that are written, without the zeros at both ends: of 0,40 and 4 km the same."""
    return _NO_DIGIT.sub("", number.shown).strip("0")


def _sentence_before(text: str, place: int) -> str:
    """What its sentence has before a place."""
    before = text[max(0, place - _SENTENCE) : place]
    ends = [end.end() for end in _ENDS.finditer(before)]
    return before[ends[-1] :] if ends else before


def _sentence_after(text: str, place: int) -> str:
    after = text[place : place + _SENTENCE]
    end = _ENDS.search(after)
    return after[: end.start()] if end else after
