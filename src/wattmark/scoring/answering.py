"""Where a text has answered: at the sentence that says the question over, with a number in it.

'He has 12 apples. He began with 5 …': what follows a sentence in the question's own words and
numbers is a story, a sum, a check or another case. A sentence says the question over where it has
half of its words, all that name what is asked for, or all of its numbers. A later one takes its
place where it says as much of the question over in no more words of its own. Nothing is said here,
and the last number stands, where a later sentence goes on from it: with a word of the question
that was left out, with 'but', with a conclusion ('so', 'total'), or by reckoning with the number.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.asked import (
    PRICES,
    WORD,
    Asked,
    is_asked,
    is_fraction,
    is_negated,
    is_year,
    stems,
)
from wattmark.scoring.choose import QUANTITIES
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.sentences import Sentence, sentences
from wattmark.scoring.units import CURRENCIES, Unit

_I = re.IGNORECASE
_SO = (
    r"(?:so|therefore|thus|hence|(?:in\s+)?total|altogether|in\s+all|finally?|portanto|logo|então"
    r"|assim|ao\s+todo|por\s+fim|finalmente)\b"
)
_CONCLUDES = re.compile(
    rf"\b{_SO}|\b(?:leav(?:es|ing)|result(?:ado)?|sobra\w*|resta\w*|no\s+total)\b", _I
)
_OPENS_SO = re.compile(rf"\W{{0,4}}(?:no\s+)?{_SO}", _I)
_BUT = re.compile(
    r"\W{0,4}(?:but|however|mas|porém|contudo|twice\s(?:that|this)|(?:preço|valor|price|amount)\s(?:final|a\spagar|due)(?=\s?:)|(?:final\s(?:price|amount|value)(?=\s?:))|(?:o\s)?dobro\sdisso"
    r"|(?:somando|adding|summing)(?:\s[^\W\d_]{1,12})?(?=:))\b",
    _I,
)
_GIVES = re.compile(
    r"\W{0,4}(?:(?:that|this|isso|isto)\s+(?:gives|makes|leaves|dá|faz|deixa)|count(?:ing)?\s+(?:them|these)|com\s+mais|what\s+(?:remains|is\s+left)|o\s+que\s+(?:resta|sobra)|juntando|somando|adding|combining"
    r"|sobr(?:am?|ou|aram)|rest(?:am?|ou|aram))\b",
    _I,
)
"""How a sentence opens that reckons on."""
_THEN = re.compile(
    r"\W{0,4}(?:now|then|next|agora|em\s+seguida"
    r"|(?:divid|multipl|subtra[ci]|add|som)[^\W\d_]{1,10})\b",
    _I,
)
_AFTER = re.compile(r"\W{0,4}(?:after|once|when|depois\s+d[aeo]s?|após|ao|quando)\b", _I)
_LEAVES = re.compile(
    r"\b(?:(?P<rest>leav(?:es|ing)|left\s+with|sobram|restam|fica(?:ndo|m)?\s+com|ficaram|sobraram|restaram)|has|have|tem|têm)\s"
    r"(?:[^\W\d_]{1,15}\s){0,2}(?:R\$\s?|[$€£])?$",
    _I,
)
_REMAIN = re.compile(
    r"(?:\s[^\W\d_]{1,15})?\s(?P<rest>remain|are\s+left|sobram|restam|sobraram|restaram)\b", _I
)
_OF_WHAT = re.compile(r"(?:\s[^\W\d_]{1,15})?\s(?:of|d[eoa]s?)\s([^.,;:\d]{1,40})", _I)
_MORE_THAN = re.compile(
    r"(?:\s[^\W\d_]{1,15})?\s(?:a\s(?:mais|menos)\b|(?:older|younger|taller|shorter|mais\s(?:velh|nov|alt|baix)[oa])\b|(?:more|fewer|less)\s(?:[^\W\d_]{1,15}\s){0,2}than\b)",
    _I,
)
_BEGINS = re.compile(
    r"\b(?:first(?:ly)?|initially|originally|step|start(?:s|ed)?|e\.\s?g|example|exemplo|primeiro"
    r"|inicialmente|passo|no\s+início)\b",
    _I,
)
"""A sentence about what was at first, or of an example, is no answer."""
_REASON = re.compile(
    r"^\W*(?:since|as|because|como|porque|já\s+que|visto\s+que)\s(?:[^,.\n]|[.,](?=\d)){1,120},\s",
    _I,
)
"""How a sentence opens that says first why."""
_LEADS = re.compile(r"=|\b(?:total|altogether|in\s+all|ao\s+todo)\b", _I)
_EACH = re.compile(r"\W{0,4}(?:(?:in|em)\s)?(?:each|every|cada)\b", _I)
_IS = re.compile(r"(?:\b(?:is|are|é|são|foi|was|equals)|=)\s+(?:R\$\s?|[$€£])?$", _I)
_UNSOLVED = re.compile(r"\d\s?=\s?-?\d+\s?\*?\s?[a-z]\s*$")
"""'48 = 2x'."""
_LISTED = 3
"""Numbers of which a sentence has more where it lists them."""
_FEW = 2
"""Numbers of a sentence besides those of the question that it says over."""


def set_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks the numbers after the sentence that answers as asides."""
    end = _answered_at(text, found, marks, asked) if asked.words or asked.said else None
    if end is not None:
        marks.aside |= {n for n, one in enumerate(found) if one.start >= end}


def _answered_at(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    """The end of the sentence that answers; None where none is sure to."""
    best: Sentence | None = None
    for one in sentences(text, found, marks, asked):
        if _takes_place(found, best, one, asked) and _is_new(found, marks, one, asked):
            best = one
        elif best is not None and (
            _is_of_list(found, best, one) or _goes_on(found, marks, best, one, asked)
        ):
            best = None
    return best.end if best is not None else None


def _takes_place(
    found: Sequence[Number], best: Sentence | None, one: Sentence, asked: Asked
) -> bool:
    """Does it say the question over, and as much of it as the best before?"""
    like = _is_like(found, one, asked)
    if best is None:
        return like
    stranger = one.strange > best.strange and _is_whole(best, asked)
    given = one.alike[1] > best.alike[1] and any(
        is_asked(found[n], asked) or _is_in_unit(found[n], asked) for n in one.firm
    )
    closer = given or one.alike > best.alike or not stranger or bool(_OPENS_SO.match(one.text))
    return (one.alike >= best.alike or given) and closer and (like or bool(best.words))


def _is_like(found: Sequence[Number], one: Sentence, asked: Asked) -> bool:
    """Does it say the question over, or open the text with the noun or unit asked for?"""
    if asked.words and 2 * len(one.words) >= len(asked.words):
        return True
    counts = not asked.noun or not any(is_asked(found[n], asked) for n in one.firm)
    counts = counts or any(
        is_asked(found[n], asked) and _is_able(found[n], one, asked) for n in one.firm
    )
    if asked.head and one.named == len(asked.head) and counts:
        return True
    if asked.said and one.alike[1] == len(asked.said):
        return one.many <= len(asked.said) + _FEW
    first = found[one.firm[0]]
    if one.named and not asked.names.isdisjoint(WORD.findall(one.text)):
        return True
    dated = asked.year and is_year(first)
    if one.opens and (dated or is_asked(first, asked)):
        return True
    return one.start == 0 and ":" not in one.text and _is_in_unit(first, asked)


def _is_whole(one: Sentence, asked: Asked) -> bool:
    """Does it say all of the question over?"""
    whole = len(one.words) == len(asked.words)
    return whole and (bool(asked.words) or one.alike[1] == len(asked.said))


def _is_new(found: Sequence[Number], marks: Marks, one: Sentence, asked: Asked) -> bool:
    """Does it say something new of what is asked, and not of each or of what was at first?"""
    begins = _BEGINS.search(one.text)
    if (begins and not stems(begins[0]) & asked.whole) or one.text.rstrip().endswith("?"):
        return False
    if _UNSOLVED.search(one.text) or any(
        one.start <= found[n].start < one.end for n in marks.equations
    ):
        return False  # it is solved later
    if one.text.rstrip().endswith(":") and all(found[n].shown.isalpha() for n in one.firm):
        return False  # 'So none of them did:'
    shares = [n for n, other in enumerate(found) if other.percent and asked.percent]
    if any(found[n].value not in asked.given for n in shares) and not {*shares} & {*one.firm}:
        return False
    if is_negated(_REASON.sub("", one.text)) != asked.negated or (
        not asked.each and _EACH.match(one.text)
    ):
        return False
    return any(_is_able(found[n], one, asked) for n in one.firm)


def _is_able(number: Number, one: Sentence, asked: Asked) -> bool:
    start = number.start - one.start
    if _is_share(number, one, asked) or _is_by_how_much(number, one, asked):
        return False
    if number.value not in asked.given:
        return True
    given = {measure for value, measure in asked.exactly if value == number.value}
    if len(asked.words) > 1 and is_asked(number, asked) and _is_whole(one, asked):
        return True
    others = all(isinstance(measure, Unit) and measure != number.unit for measure in given)
    if stems(number.noun) & asked.words and others:
        return True  # 4 pieces, where the question gives 4 m
    stated = _IS.search(one.text[:start])
    # 'The median is 9', of which 9 is given.
    return bool(asked.words) and _is_whole(one, asked) and stated is not None


def _is_by_how_much(number: Number, one: Sentence, asked: Asked) -> bool:
    """The question's 3 of 'Lia has 3 apples more than Tom, who has 5'."""
    if asked.more or number.value not in asked.given:
        return False
    return _MORE_THAN.match(one.text, number.end - one.start) is not None


def _is_share(number: Number, one: Sentence, asked: Asked) -> bool:
    """'85 % of the price', '2/5 of the money', where neither is asked for."""
    if number.percent and not asked.percent and _is_of_money(asked):
        return True
    if "/" in number.shown and number.shown in asked.shown:
        return True
    part = is_fraction(number) and _OF_WHAT.match(one.text, number.end - one.start)
    return bool(part) and not asked.fraction


def _is_of_money(asked: Asked) -> bool:
    """Does it ask for a price or a measure, and for no percentage?"""
    if asked.unit is not None or asked.words & PRICES:
        return True
    return any(isinstance(unit, Unit) and unit.kind in CURRENCIES for _, unit in asked.exactly)


def _is_in_unit(number: Number, asked: Asked) -> bool:
    return asked.unit is not None and number.unit == asked.unit


def _is_of_list(found: Sequence[Number], answer: Sentence, one: Sentence) -> bool:
    """'2, 3, 5, 7, 11, … The fourth is 7': is it one of those that the other lists?"""
    said = {found[n].value for n in answer.firm}
    return len(said) > _LISTED and len(one.firm) == 1 and found[one.firm[0]].value in said


def _goes_on(
    found: Sequence[Number], marks: Marks, answer: Sentence, one: Sentence, asked: Asked
) -> bool:
    """Does a later sentence go on from what was said?"""
    said = {found[n].value for n in answer.firm} - asked.given
    whole = _is_whole(answer, asked)
    other = stems(one.text) & QUANTITIES - asked.words and answer.words & QUANTITIES
    each = not asked.each and _EACH.match(one.text) and not _LEADS.search(one.text)
    if other or each or ((answer.opens or whole) and _BEGINS.search(one.text)):
        return False  # 'The volume is 64. The total area is 96', 'He had 12 at first'
    if _BUT.match(one.text) or _GIVES.match(one.text) or _is_next_step(found, answer, one, asked):
        return True
    more = (one.words - answer.words) & asked.own if not answer.opens else frozenset()
    counts = any(is_asked(found[n], asked) for n in one.firm)
    if (not whole and (more or _THEN.match(one.text))) or (counts and _OPENS_SO.match(one.text)):
        return True
    concludes = _CONCLUDES.search(one.text)
    summed = concludes and concludes[0].lower() == "total" and whole and not asked.total
    summed = summed and not counts
    if concludes and not summed and (not whole or one.strange <= answer.strange):
        return True
    if whole and stems(one.text) & QUANTITIES - asked.words:
        return False
    inside = range(answer.firm[-1] + 1, one.firm[-1])
    reckons = any(n in marks.operands and found[n].value in said for n in inside)
    derived = _is_derived(found, marks, answer, one)
    return derived or (reckons and any(n in marks.results for n in one.firm))


def _is_derived(found: Sequence[Number], marks: Marks, answer: Sentence, one: Sentence) -> bool:
    """Does it reckon with what was reckoned after the answer, and come to something else?"""
    said = {found[n].value for n in answer.firm}
    between = {
        found[n].value for n in marks.results if answer.end <= found[n].start < one.start
    } - said
    for n in one.firm:
        terms = n - 1
        if n in marks.results and found[n].value not in said and _parts(found[terms]) & between:
            return True
        while n in marks.results and terms in marks.operands:
            if found[terms].value in between and found[n].value not in said:
                return True
            terms -= 1
    return False


def _parts(number: Number) -> set[Fraction]:
    """The 30 and the 15 of 30/15."""
    parts = number.shown.split("/")
    return {Fraction(part) for part in map(str.strip, parts) if part.isdigit() and len(parts) > 1}


def _is_next_step(found: Sequence[Number], answer: Sentence, one: Sentence, asked: Asked) -> bool:
    """'After giving 3 away he has 12', 'That leaves 12'."""
    said = found[answer.firm[-1]]
    alike = [found[n] for n in one.firm if found[n].unit == said.unit]
    for number in alike:
        leads = _LEAVES.search(one.text[: number.start - one.start])
        leads = leads or _REMAIN.match(one.text, number.end - one.start)
        other = number.noun[-1:] == "s" and number.noun != said.noun
        of = _OF_WHAT.match(one.text, number.end - one.start)
        if of and not asked.rest and not stems(of[1]) & asked.whole:
            continue  # 'That leaves 130 L of empty space'
        if leads and not other and (leads["rest"] or _AFTER.match(one.text)):
            return True
    return False
