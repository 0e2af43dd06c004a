"""Which number a text states as its answer.

The evidence, the strongest first: that a text cannot decide between two; what was said after the
last change of mind; an explicit statement ("the answer is", a box, ####, a field "answer"); a
number that opens the text and is then explained; the sentence that says the question over; the
last number that is no operand, label, check or aside. Numbers in words count where no digits
answer, or where they count what is asked for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from wattmark.scoring.again import set_repeats_aside
from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.answering import set_aside
from wattmark.scoring.asked import NOTHING_ASKED, Asked, is_asked
from wattmark.scoring.choose import choose
from wattmark.scoring.context import marks_of
from wattmark.scoring.cues import cues_of
from wattmark.scoring.equations import computed, looked_for, unrelated_equations
from wattmark.scoring.explicit import explicit_of
from wattmark.scoring.kinds import of_its_kind
from wattmark.scoring.marks import Marks
from wattmark.scoring.named import concluded, named_by_question
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.options import chosen, options_of
from wattmark.scoring.phrases import (
    CHATTER,
    COLUMN,
    CONFIRMED,
    CUE,
    EXPLAINED,
    OPENING,
    REFUSED,
    RETRACTED,
    TURNS,
    WITHDRAWN,
)
from wattmark.scoring.remarks import set_remarks_aside
from wattmark.scoring.saying import Stated, in_words, said_at, with_counts
from wattmark.scoring.subjects import set_others_aside
from wattmark.scoring.undecided import between_two
from wattmark.scoring.words import spoken_numbers

_IS = re.compile(r"\b(?:is|é)\s+$", re.IGNORECASE)
_THE_NUMBER = re.compile(
    r"\b(?:the|o)\s+(?:(?:missing|unknown|original|required|wanted)\s+)?(?:number|número)\s+"
    r"(?:(?:procurado|desconhecido|original|pedido)\s+)?(?:is|é|must\s+be|deve\s+ser)[\s:]{1,3}-?$",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s{0,9}=?\s{0,9}[0-9]{1,18}\.?\s{0,9}")
"""A whole number alone."""
_EQUALS = re.compile(CUE.pattern + r"|\b(?:is|are|equals?|é|são|igual)\b", re.IGNORECASE)
_ENDS_SOON = re.compile(r"(?:\s+[^\W\d_]{1,20}){0,2}\s?(?:[.!]|$)")
_FAILED = re.compile(r"[^.!\n]{0,20}(?:n't|\bnot|\bnão|\bfails)\b", re.IGNORECASE)
"""'No, that doesn't …'."""
_YES = re.compile(
    r"\b(?:yes|sim|indeed|(?:is|was|está|é)\s+(?:correct|right|corret[oa]|cert[oa]))\b",
    re.IGNORECASE,
)
_ALGEBRA = re.compile(r"(?<![^\W_])[b-df-np-z]\s?[-+*/=]")
_SAID_FIRST = re.compile(
    r"[.!](?:\s|$)|\n|\s?\(|,\s+(?:because|since|as|porque|pois|já\s+que)\s", re.IGNORECASE
)
_REMARK = re.compile(r"(?:\s[^\W\d_]{1,20})?[,;]\s")
"""After a number that nothing stands before: '90 L; 54 L are missing'."""
_LEADS_ON = re.compile(
    r"=|\b(?:so|then|total|altogether|all|therefore|thus|hence|but|no|not|wait|actually|leav\w+|left|portanto|então"
    r"|logo|assim|mas|não|todo|sobr(?!e\b)\w+|rest\w+|remain\w*)\b",
    re.IGNORECASE,
)
_COLON = re.compile(r"(?:\s[^\W\d_]{1,20}){0,3}:[ ](?=\S)")
_COLON_ALONE = re.compile(r":[ ](?=\S)")
_REST_IN = 60
_IS_SAID = re.compile(r"\s+(?:is|as|can|in|é|em|como|pode|equals|=)\s", re.IGNORECASE)
"""'1/8 as a decimal is …': the question's number, said over."""
_HASHED = re.compile(r"####\s{0,3}(-?[0-9]{1,18})\s{0,9}$")
"""A solution's last line, as data sets have it."""
_TAIL = 40
_BEFORE_IT = 80
"""Characters before 'let me try again' in which it says why."""
_NO_MORE = re.compile(
    r"\W*(?:(?:too|also|either|as\s+well|também|again|de\s+novo)\W*)?", re.IGNORECASE
)
"""What may follow 'that is wrong' at the end of a text."""
_FEWEST = 3
"""Letters of a number in words."""
_RETRIES = 3
"""Changes of mind that are followed, the last ones."""
_SENTENCE = 400
"""Characters of a statement."""


def stated(text: str, language: str | None, asked: Asked = NOTHING_ASKED) -> Stated | None:
    """The answer that a cleaned text states; None where it states none."""
    if _BARE.fullmatch(text):
        return Stated(tuple(numbers(text, language)), "the last number stated")
    marked = _HASHED.search(text, max(0, len(text) - _TAIL)) if "####" in text else None
    cues = cues_of(text)
    left = "chatter" in cues and CHATTER.search(text)
    if marked and text.count("####") == 1 and not left:
        end = marked.start(1)
        return Stated(tuple(numbers(text[end:], language)), "stated as the answer", explicit=True)
    whole = _without_chatter(text, language, asked) if "chatter" in cues else text
    whole = _since_withdrawn(whole) if "withdrawn" in cues else whole
    torn = between_two(whole, language, asked) if "undecided" in cues else None
    return torn or _after_turns(whole, language, asked, cues)


def _after_turns(
    whole: str, language: str | None, asked: Asked, cues: frozenset[str]
) -> Stated | None:
    """What was said after the last change of mind that has an answer after it."""
    turns = list(RETRACTED.finditer(whole))[-_RETRIES:] if "retracted" in cues else []
    for turn in reversed(turns):
        tail, head = whole[turn.end() :], whole[: turn.start()]
        later = _pick(tail, language, asked, asides=False)
        if later is None:
            if REFUSED.search(turn[0]) and _NO_MORE.fullmatch(tail):
                return None
            continue
        earlier = _pick(head, language, asked)
        if later.explicit or earlier is None or not earlier.numbers:
            return later
        again = earlier.several or earlier.numbers[0].shown in tail or _YES.search(tail)
        if not again or not CONFIRMED.search(tail) or _FAILED.match(tail):
            return later
        return _pick(whole, language, asked) or later if earlier.explicit else earlier
    return _pick(whole, language, asked)


def _since_withdrawn(text: str) -> str:
    """What follows the last 'that is wrong, let me start over'; all where there is none."""
    for found in reversed(list(WITHDRAWN.finditer(text))):
        near = text[max(0, found.start() - _BEFORE_IT) : found.start()]
        if found["over"] or found["gone"] or REFUSED.search(near):
            return text[found.end() :]
    return text


def _without_chatter(text: str, language: str | None, asked: Asked) -> str:
    """The text up to where a model goes on with a question of its own, once it has answered."""
    for found in islice(CHATTER.finditer(text), TURNS):
        head = text[: found.start()]
        if any(char.isdigit() for char in head) or spoken_numbers(head):
            answer = _pick(head, language, asked, asides=False)
            if answer is not None:
                return head
    return text


def _pick(text: str, language: str | None, asked: Asked, *, asides: bool = True) -> Stated | None:
    found = with_counts(text, joined(text, numbers(text, language)), asked)
    option = chosen(text, options_of(text, found) or dict(asked.options))
    if option is not None:
        return Stated((option,), "the option that is named", explicit=True)
    return _pick_of(text, found, asked, asides=asides)


def _pick_of(text: str, found: Sequence[Number], asked: Asked, *, asides: bool) -> Stated | None:
    marks = marks_of(text, found, asked)
    set_repeats_aside(text, found, marks, asked)
    if asked is not NOTHING_ASKED:
        set_remarks_aside(text, found, marks, asked)
        set_others_aside(text, found, marks, asked)
    said = explicit_of(text, found, marks)
    set_aside(text, found, marks, asked)
    plain = (
        said
        or _as_the_number(text, found, marks, asked)
        or _opening(text, found, marks, asked)
        or _opening_words(text, found, asked)
        or _words_alone(text, found, marks, asked)
    )
    if plain is not None:
        return plain if plain.numbers else None
    at = computed(text, found, marks, asked)
    at = _last(text, found, marks, asked) if at is None else at
    if at is not None:
        concluded = _concluded_in_words(text[found[-1].end :], CUE)
        if concluded is not None:
            return concluded
        return said_at(text, found, marks, at, "the last number stated", asked=asked)
    if found and len(marks.operands) == len(found):
        return _concluded_in_words(text[found[-1].end :], _EQUALS)
    words = in_words(text, 0, len(text), asked, alone=not found)
    loose = [n for n in range(len(found)) if n not in marks.out] if asides else []
    if not loose or (words is not None and not words.several):
        return words
    return said_at(text, found, marks, loose[-1], "the last number stated")


def _as_the_number(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """'The number is 12', where the question asks which number."""
    for at in range(len(found) - 1, -1, -1) if asked.number else ():
        if at in marks.out or at in marks.aside:
            continue
        if _THE_NUMBER.search(text[max(0, found[at].start - _REST_IN) : found[at].start]):
            return said_at(text, found, marks, at, "stated as the number", explicit=True)
    return None


def _opening(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """A number that opens the text and is then explained, or followed by something else."""
    if not found or 0 in marks.out or 0 in marks.aside:
        return None
    first = found[0]
    if not OPENING.match(text[: first.start]):
        return None
    after = text[first.end :]
    if first.shown in asked.shown and _IS_SAID.match(after):
        return None
    reason = EXPLAINED.match(after)
    if reason is None and asked.given:
        meant = asked.unit is not None and first.unit == asked.unit
        repeats = first.value in asked.given and not meant
        reason = (_COLON_ALONE if repeats else _COLON).match(after)
    bare = not text[: first.start].strip(" $R€£\n")
    if reason is None and bare and first.value not in asked.given and _meant(first, asked):
        reason = None if _LEADS_ON.search(after) else _REMARK.match(after)
    if reason is None:
        return None
    column = "\n" in reason[0] and COLUMN.match(after[reason.end() :])
    if column or _reckoned_on(text, found, marks):
        return None
    return said_at(text, found, marks, 0, "opens the answer")


def _meant(number: Number, asked: Asked) -> bool:
    """Is it of what the question counts, or in its unit?"""
    return is_asked(number, asked) or (asked.unit is not None and number.unit == asked.unit)


def _reckoned_on(text: str, found: Sequence[Number], marks: Marks) -> bool:
    """'112. And 0.5 * 8 = 4. So 112 + 4 = 116': is the first a term of what is concluded?"""
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    last = firm[-1]
    terms = last
    while terms - 1 in marks.operands:
        terms -= 1
    used = any(found[n].value == found[0].value for n in range(terms, last))
    return used and last in marks.results and concluded(text, found[terms].start)


def _last(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    named = named_by_question(text, found, marks, asked)
    if named:
        return choose(text, found, named, asked) if asked.percent else named[-1]
    firm = of_its_kind(text, found, marks, firm, asked)
    if not firm:
        return None
    unrelated = unrelated_equations(found, marks, firm)
    if unrelated is not None and "=>" not in text and not _ALGEBRA.search(text):
        return unrelated
    unknown = looked_for(text, found, marks, firm, asked)
    if unknown is not None:
        return unknown
    given = {found[n].value for n in marks.operands - marks.aside} - {
        found[n].value for n in marks.results
    }
    new = [
        n
        for n in firm
        if not given
        or found[n].value not in given
        or _IS.search(text[max(0, found[n].start - 12) : found[n].start])
        or is_asked(found[n], asked)
        or concluded(text, found[n].start)
    ]
    return choose(text, found, new or firm, asked)


def _opening_words(text: str, found: Sequence[Number], asked: Asked) -> Stated | None:
    """'Fourteen! …': the same, said in words."""
    head = text[: found[0].start] if found else text
    for spoken in spoken_numbers(head[:200])[:1]:
        ended = _SAID_FIRST.match(head, spoken.end)
        if ended is None and is_asked(as_number(spoken, head), asked):
            ended = _COLON.match(head, spoken.end)
        if ended and OPENING.match(head[: spoken.start]) and not spoken.one:
            return Stated((as_number(spoken, head),), "opens the answer")
    return None


def _words_alone(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """'Seven reais, e.g. a note of R$ 5 and one of R$ 2': where all digits are asides."""
    if not found or not marks.aside.union(marks.out).issuperset(range(len(found))):
        return None
    words = in_words(text, 0, len(text), asked, alone=False)
    if words is None or words.several or not _meant(words.numbers[0], asked):
        return None
    return words


def _concluded_in_words(rest: str, cues: re.Pattern[str]) -> Stated | None:
    """'…; that makes one hundred and sixty miles' after the last digits."""
    cue = cues.search(rest[:_SENTENCE]) if len(rest) > _FEWEST else None
    if cue is None:
        return None
    tail = rest[cue.end() : cue.end() + _SENTENCE]
    spoken = [one for one in spoken_numbers(tail) if not one.one]
    if len(spoken) != 1 or not _ENDS_SOON.match(tail, spoken[0].end):
        return None
    return Stated((as_number(spoken[0], tail),), "said in words")
