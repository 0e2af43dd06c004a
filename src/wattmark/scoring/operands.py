"""Which numbers of a text are operands, and which results only check an earlier one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.around import (
    AND,
    BY_SO_MUCH,
    MINUS,
    OF,
    OPERATOR,
    SUBJECT,
    TAKEN_TOGETHER,
    THEN_MORE,
)
from wattmark.scoring.asked import Asked, is_asked, is_fraction, measure_of
from wattmark.scoring.cues import cues_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES

_NEAR = 60
_ONE_EACH = re.compile(
    r"[^\d\n=+*/-]{0,30}(?:=|\bequals|\bequal\s+to|\bigual\s+a)\W{0,6}", re.IGNORECASE
)
"""Between the two sides of an equality, each of one number."""
_LEAST = 2
"""Results of which one may check another."""
_SIGNS = frozenset("+-–*/:")
_FORMULA = re.compile(
    r"\s?[*/]\s?\(?(?!(?:years?|months?|weeks?|days?|hours?|person|unit|mês|ano|dia|hora|semana|pessoa)\b)"
    r"(?!(?:k?g|[kcm]?m|m?l|h|s|min|un|lb|oz)\b)(?:[^\W\d_]|√)"
)
"""'4 * side': what a formula works with."""
_PER_HUNDRED = re.compile(r"\s?[^\W\d_]{1,4}/100\s")
_OPENS_CLAUSE = re.compile(r"\s(?:is|are|was|é|são|foi)\b")
"""'We add 1, 5 is the answer'."""
_POSITIVE = re.compile(r"\s(?:is|é|=|to|para)\s\+$", re.IGNORECASE)
"""'-9 é +9'."""
_OVER = re.compile(r"\bover\s$", re.IGNORECASE)
"""'3,500 people over 30 years', '$2.4 million over 3 years'."""
_LED = re.compile(
    r"\b(?:so|thus|hence|therefore|then|logo|portanto|então)\b(?:[^.!?\n\d=]{0,20}|(?P<letter>,?\s[a-z]\s=\s))$",
    re.IGNORECASE,
)
_Term = tuple[Fraction, bool]
"""A value, and whether it is per cent."""
_WORD = re.compile(r"[^\W\d_]{2}")
_NO_NEWS = re.compile(
    r"\b(?:check\w*|verif\w*|confer\w*|confir\w*|prova|proof|substitut\w*|plug\w*|back|indeed|fato|if|se|would"
    r"|could|note|nota|obs|because|since|pois|porque|example|exemplo|not|não|other|outr[oa]s?)\b|[✓✔?(]",
    re.IGNORECASE,
)
_BY = re.compile(
    r"\b(?:divided|multiplied|dividid[oa]s?|multiplicad[oa]s?)\s+(?:by|por)\s$", re.IGNORECASE
)
"""'The product of the diagonals divided by 2'."""
_EQUATIONS = 12
"""Equations back that one may check."""


def keep_derived(text: str, found: Sequence[Number], marks: Marks) -> None:
    """Marks the last result as no aside, where it is reckoned from one before: '200 - 160 = 40'."""
    at = len(found) - 1
    while at in marks.operands:
        at -= 1
    if at not in marks.aside or at not in marks.results or at in marks.out:
        return
    begins = at
    while begins - 1 in marks.operands and "\n" not in _between(text, found, begins - 1):
        begins -= 1
    start = max(text.rfind(sign, 0, found[begins].start) for sign in ("\n", ". ")) + 1
    lead = text[start : found[begins].start]
    led = _WORD.search(lead) and "=" not in lead
    results = {found[n].value for n in marks.results - marks.aside if found[n].start < start}
    terms = {found[n].value for n in range(begins, at)}
    if led and terms & results and not _NO_NEWS.search(text, start):
        marks.aside.discard(at)


def _between(text: str, found: Sequence[Number], n: int) -> str:
    return text[found[n].end : found[n + 1].start]


def find_operands(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks the numbers that a sum, a share or 'the sum of … and …' works with."""
    worded = "operator" in cues_of(text)
    if worded:
        marks.operands |= {
            n for n, one in enumerate(found) if _BY.search(text, max(0, one.start - 24), one.start)
        }
    if "*" in text or "/" in text:
        marks.operands |= {
            n
            for n, one in enumerate(found)
            if _FORMULA.match(text, one.end) and not _is_rate(text, one)
        }
    for at in range(len(found) - 1):
        left, right = found[at], found[at + 1]
        gap = text[left.end : right.start]
        if len(gap) > _NEAR or not gap.strip() or "\n\n" in gap:
            continue
        follows = text[right.end : right.end + 3].lstrip()[:1]
        joined = gap == "(" or (
            (worded or not _SIGNS.isdisjoint(gap))
            and _is_joined(left, right, gap, follows, asked, worded=worded)
        )
        shares = left.percent or not left.shown.isdigit()
        share = shares and _is_share(left, right, follows, asked) and OF.match(gap)
        summed = AND.match(gap) and _together(text, left)
        if summed and gap.strip() == "," and _OPENS_CLAUSE.match(text, right.end):
            continue
        if joined or share or summed:
            stated = SUBJECT.match(gap) and left.value not in asked.given
            marks.operands |= {at + 1} if stated else {at, at + 1}


def _is_rate(text: str, number: Number) -> bool:
    """'£8/mh', 'R$ 2,75/unidade': money for each of what follows."""
    if text.startswith("/", number.end):
        return number.unit is not None and number.unit.kind in CURRENCIES
    return _PER_HUNDRED.match(text, number.end) is not None


def _is_joined(
    left: Number, right: Number, gap: str, follows: str, asked: Asked, *, worded: bool
) -> bool:
    """Does a sign or a word of reckoning stand between two numbers?"""
    if ":" in gap and follows != "=":
        return False
    if left.noun and left.noun.lower() == right.noun.lower() and MINUS.match(gap):
        return True
    if not (OPERATOR.match(gap) or (worded and THEN_MORE.match(gap))) or BY_SO_MUCH.match(gap):
        return False
    if _OVER.search(gap) and (right.noun or (right.unit is not None and right.unit.kind == "time")):
        return False
    return not _is_signed(right, gap) and not (left.noun == "times" and is_asked(left, asked))


def _is_signed(number: Number, gap: str) -> bool:
    """Is the minus, or the plus, before it its own?"""
    if number.shown[:1] == "-" and (
        gap.strip(" )]") in "-–" or gap.rstrip().lower().endswith(("minus", "menos"))
    ):
        return True
    return "+" in gap and _POSITIVE.search(gap) is not None


def _is_share(left: Number, right: Number, follows: str, asked: Asked) -> bool:
    """Can it be a share of the number after it: '20 %', 'a fifth', or the 1/4 of '1/4 of 8 = 2'?"""
    told = asked.percent and left.value not in asked.given  # '32 is 40 % of 80'
    if left.percent:
        return not told
    if "/" in left.shown and follows == "=":
        return True
    return left.shown[:1].isalpha() and is_fraction(left) and not is_fraction(right)


def repeats(text: str, left: Number, right: Number, asked: Asked) -> bool:
    """'68 °F = 20 °C' where the question gives 20 °C: the left side is what is stated."""
    if left.value is None or left.value in asked.given:
        return False
    if not _ONE_EACH.fullmatch(text, left.end, right.start):
        return False
    return (right.value, measure_of(right)) in asked.exactly


def _together(text: str, left: Number) -> bool:
    """Is the number before 'and' the first of a sum?"""
    return bool(TAKEN_TOGETHER.search(text[max(0, left.start - _NEAR) : left.start]))


def set_checks_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """85 - 58 = 27 after 27 + 58 = 85 checks it: its result is no new answer.

    Not where 'so' or 'then' leads to it, nor where the question gives twice what it reckons
    with: '15 + 4 = 19; 19 - 4 = 15' of 'Ann has 15, gets 4 and gives 4'.
    """
    if len(marks.results) < _LEAST:
        return
    seen: list[tuple[set[_Term], _Term]] = []
    terms: set[_Term] = set()
    begins = 0
    for at, number in enumerate(found):
        if not number.readings:
            continue
        value = number.readings[0][0], number.percent
        if at in marks.operands:
            begins = begins if terms else number.start
            terms.add(value)
            continue
        if at in marks.results and terms:
            led = _LED.search(text, max(0, begins - 30), begins)
            led = led if led and (led["letter"] or number.value not in asked.given) else None
            checks = led is None and any(
                result in terms
                and value in before
                and value != result
                and terms <= {*before, result}
                and not _are_given_twice(terms - {result}, asked)
                for before, result in seen[-_EQUATIONS:]
            )
            if checks:
                marks.aside.add(at)
            else:
                seen.append((terms, value))
        terms = set()


def _are_given_twice(terms: set[_Term], asked: Asked) -> bool:
    return bool(terms) and asked.twice.issuperset(value for value, _ in terms)
