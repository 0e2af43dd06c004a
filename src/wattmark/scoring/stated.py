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
from wattmark.scoring.amounts import joined
from wattmark.scoring.answering import set_aside
from wattmark.scoring.around import TOLD
from wattmark.scoring.asked import NOTHING_ASKED, Asked, is_asked, stems
from wattmark.scoring.choose import choose
from wattmark.scoring.closing import closing
from wattmark.scoring.context import marks_of
from wattmark.scoring.counted import with_counts
from wattmark.scoring.cues import cues_of, words_in
from wattmark.scoring.equations import (
    computed,
    looked_for,
    said_of_subject,
    unrelated_equations,
)
from wattmark.scoring.explicit import explicit_of
from wattmark.scoring.hanging import governed
from wattmark.scoring.kinds import of_its_kind
from wattmark.scoring.loosely import loosely
from wattmark.scoring.marks import Marks
from wattmark.scoring.named import concluded, named_by_question
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.opening import as_the_number, opening, opening_words
from wattmark.scoring.operands import keep_derived
from wattmark.scoring.options import chosen, options_of
from wattmark.scoring.phrases import (
    CHATTER,
    CONFIRMED,
    CUE,
    REFUSED,
    RETRACTED,
    TURNS,
    WITHDRAWN,
)
from wattmark.scoring.remarks import set_remarks_aside
from wattmark.scoring.saying import Stated, in_words, last_stated
from wattmark.scoring.segments import ENDS
from wattmark.scoring.sequences import next_of
from wattmark.scoring.subjects import set_others_aside
from wattmark.scoring.twice import computed_and_said
from wattmark.scoring.undecided import between_two
from wattmark.scoring.worded import (
    THAT_IS,
    concluded_in_words,
    ends_in_words,
    set_in_words,
    words_alone,
)
from wattmark.scoring.words import spoken_numbers

_IS = re.compile(
    r"\b(?:is|é|needs?|precisa\w{0,3})\s+(?:(?:therefore|thus|then|hence|portanto|então|assim)\s+)?(?:[oa]\s+)?$",
    re.IGNORECASE,
)
_BARE = re.compile(r"\s{0,9}=?\s{0,9}[0-9]{1,18}\.?\s{0,9}")
"""A whole number alone."""
_LIST_ALONE = re.compile(
    r"\W{0,3}-?\d{1,9}(?:\.\d{1,6})?(?:(?:,\s?|;\s|\s(?:and|e)\s)-?\d{1,9}(?:\.\d{1,6})?){1,2}\W{0,3}"
)
"""Two or three numbers: '(3, 5)'."""
_ERRED = re.compile(
    r"\W{0,3}(?:for|pel[ao])\s[^.!?=\n]{0,80}\b(?:said|wrote|disse|escrevi)\s[^.!?=\n]{0,30}[.!]?\s*$"
    r"|\W{0,3}(?:i|eu)?\s?(?:forgot|misread|miscounted|mixed\s+up|esqueci|confundi)\b[^:;=.!?]*[.!]?\s*$",
    re.IGNORECASE,
)
"""'Sorry, I forgot to carry the 1.', and no more."""
_AN_ARTICLE = re.compile(
    r"[\s,]*(?:é|foi|is|was)\s(?:uma?|an?)\s[^\W\d_][^.!?\d]*[.!]?\s*", re.IGNORECASE
)
"""'… 73, que aliás é um número primo.'"""
_OFF = re.compile(
    r"\btoo\s+(?:much|many|little|few|big|small|high|low)\b|\bdemais\b|\bnão\s+(?:bate|confere|fecha)\b"
    r"|\bdoes(?:n't|\s+not)\s+(?:match|work|check|fit)\b",
    re.IGNORECASE,
)
"""A check that fails."""
_THEREFORE = re.compile(
    r"\b(?:therefore|thus|hence|portanto|logo)\b[^.!?\n\d]{0,60}(?=\d)", re.IGNORECASE
)
_YES = re.compile(
    r"\b(?:yes|sim|indeed|(?:is|was|está|é)\s+(?:correct|right|corret[oa]|cert[oa]))\b",
    re.IGNORECASE,
)
_REMAIN = re.compile(
    r"\bde\s+modo\s+que\s+(?:sobra|resta)m?\s+$|\bso\s+that\s+leaves\s+$", re.IGNORECASE
)
"""'1296 = 40 * 32 + 16, de modo que sobram 16': a term of the sum is what is stated."""
_ALGEBRA = re.compile(r"(?<![^\W_])[b-df-np-z]\s?[-+*/=]")
HASHED = re.compile(r"####\s{0,3}(-?[0-9]{1,18})\s{0,9}$")
"""A solution's last line, as data sets have it."""
TAIL = 40
"""Characters in which it stands."""
_BEFORE_IT = 80
"""Characters before 'let me try again' in which it says why."""
_NO_MORE = re.compile(
    r"\W*(?:(?:too|also|either|as\s+well|também|again|de\s+novo)\W*)?", re.IGNORECASE
)
"""What may follow 'that is wrong' at the end of a text."""
_THAT = frozenset(("that", "isso"))
_OPEN_ENDS = frozenset("?:=$")
"""Of a text that was cut off, or asks."""
_OPTIONS = 3
"""From which on letters with numbers are options."""
_RETRIES = 3
"""Changes of mind that are followed, the last ones."""


def stated(text: str, language: str | None, asked: Asked = NOTHING_ASKED) -> Stated | None:
    """The answer that a cleaned text states; None where it states none."""
    if _BARE.fullmatch(text):
        return Stated(tuple(numbers(text, language)), "the last number stated")
    marked = HASHED.search(text, max(0, len(text) - TAIL)) if "####" in text else None
    listed = numbers(text, language) if _LIST_ALONE.fullmatch(text) else []
    if len(listed) > 1:
        return Stated((listed[0], listed[-1]), "a list", several=True)
    cues = cues_of(text)
    left = "chatter" in cues and CHATTER.search(text)
    if marked and text.count("####") == 1 and not left:
        end = marked.start(1)
        return Stated(tuple(numbers(text[end:], language)), "stated as the answer", explicit=True)
    whole = _without_chatter(text, language, asked) if "chatter" in cues else text
    whole = _since_withdrawn(whole) if "withdrawn" in cues else whole
    open_end = _is_open(whole)
    torn = between_two(whole, language, asked) if open_end or "undecided" in cues else None
    if torn is not None:
        return torn if torn.numbers else None
    return _after_turns(whole, language, asked, cues)


def _is_open(text: str) -> bool:
    """Does it end as no sentence does?"""
    end = text.rstrip()[-1:]
    return end in _OPEN_ENDS or end.isalpha()


def _after_turns(
    whole: str, language: str | None, asked: Asked, cues: frozenset[str]
) -> Stated | None:
    """What was said after the last change of mind that has an answer after it."""
    turns = list(RETRACTED.finditer(whole))[-_RETRIES:] if "retracted" in cues else []
    if turns and "told" in cues:  # 'Some get 20, but that is a mistake'
        turns = [one for one in turns if not (REFUSED.search(one[0]) and _of_others(whole, one))]
    for turn in reversed(turns):
        tail, head = whole[turn.end() :], whole[: turn.start()]
        later = None
        if not _ERRED.match(tail) and not _AN_ARTICLE.fullmatch(tail):
            later = _pick(tail, language, asked, asides=False)
        if later is None:
            if REFUSED.search(turn[0]) and _NO_MORE.fullmatch(tail):
                return None
            continue
        earlier = _pick(head, language, asked)
        if later.explicit or earlier is None or not earlier.numbers:
            return later
        again = earlier.several or earlier.numbers[0].shown in tail or _YES.search(tail)
        shown = earlier.numbers[0].shown if earlier.numbers else ""
        twice = tail.count(later.numbers[0].shown) > 1 and (
            shown not in tail or re.search(rf"(?i)\b(?:not|não)\s{re.escape(shown)}(?!\d)", tail)
        )
        if (
            not again
            or twice
            or _OFF.search(tail)
            or _is_concluded(tail, later.numbers[0].shown)
            or not CONFIRMED.search(tail)
        ):
            return later
        return _pick(whole, language, asked) or later if earlier.explicit else earlier
    return _pick(whole, language, asked)


def _is_concluded(text: str, shown: str) -> bool:
    """Does 'therefore' lead to it?"""
    ends = [one.end() for one in _THEREFORE.finditer(text)]
    return bool(ends) and text.startswith(shown, ends[-1])


def _of_others(text: str, turn: re.Match[str]) -> bool:
    """Does its sentence tell what others say?"""
    start = max(text.rfind(sign, 0, turn.start()) for sign in ".!?\n") + 1
    return TOLD.search(text, start, turn.start()) is not None


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
    offered = options_of(text, found)
    option = chosen(text, dict(asked.options) or offered)
    if option is not None:
        return Stated((option,), "the option that is named", explicit=True)
    if len(offered) >= _OPTIONS and {one.start for one in found} <= {
        one.start for one in offered.values()
    }:
        return None  # the options, and none chosen
    return _pick_of(text, found, asked, asides=asides)


def _pick_of(text: str, found: Sequence[Number], asked: Asked, *, asides: bool) -> Stated | None:
    marks = marks_of(text, found, asked)
    if "(" in text:
        set_in_words(text, found, marks)
    set_repeats_aside(text, found, marks, asked)
    set_remarks_aside(text, found, marks, asked)
    if asked is not NOTHING_ASKED:
        set_others_aside(text, found, marks, asked)
    keep_derived(text, found, marks)
    said = explicit_of(text, found, marks, asked)
    if said is None and marks.results:
        said = computed_and_said(text, found, marks, asked)
    set_aside(text, found, marks, asked)
    plain = (
        said
        or closing(text, found, marks, asked)
        or next_of(text, found, marks, asked)
        or as_the_number(text, found, marks, asked)
        or opening(text, found, marks, asked)
        or opening_words(text, found, asked)
        or words_alone(text, found, marks, asked)
    )
    if plain is not None:
        return plain if plain.numbers else None
    at = computed(text, found, marks, asked)
    at = said_of_subject(text, found, marks, asked) if at is None else at
    at = _last(text, found, marks, asked) if at is None else at
    if at is not None:
        concluded = _in_words_after(text, found, marks, asked)
        concluded = concluded or _beside_given(text, found, at, asked)
        if concluded is not None:
            return concluded
        return last_stated(text, found, marks, at, asked)
    return loosely(text, found, marks, asked, asides=asides)


def _beside_given(text: str, found: Sequence[Number], at: int, asked: Asked) -> Stated | None:
    """'She has seven marbles left after giving away 3', of which the question gives the 3."""
    if not asked.given or any(one.value not in asked.given for one in found):
        return None
    words = in_words(text, 0, len(text), asked, alone=False)
    if words is None or words.several or words.numbers[0].value in asked.given:
        return None
    named = stems(words.numbers[0].noun) & asked.whole
    return words if named and not stems(found[at].noun) & asked.whole else None


def _in_words_after(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked
) -> Stated | None:
    """A number in words that concludes, or ends the text, after the last one in digits."""
    rest = text[found[-1].end :]
    if len(found) - 1 in marks.aside:  # '99, because 100 has three'
        end = ENDS.search(rest)
        rest = rest[end.end() :] if end else ""
    cue = CUE if _THAT.isdisjoint(words_in(text)) else THAT_IS
    return concluded_in_words(rest, cue) or ends_in_words(text, found, marks, asked)


def _stands_apart(text: str, found: Sequence[Number], marks: Marks, n: int) -> bool:
    """Is it in a sentence of its own, after those that reckon with it?"""
    before = [k for k in marks.operands if k < n]
    return (
        n == len(found) - 1
        and bool(before)
        and (ENDS.search(text, found[max(before)].end, found[n].start) is not None)
    )


def _last(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    named = named_by_question(text, found, marks, asked)
    if named:
        return choose(text, found, named, asked) if asked.percent else named[-1]
    firm = of_its_kind(text, found, marks, firm, asked)
    if not firm:
        return None
    unrelated = unrelated_equations(text, found, marks, firm)
    if unrelated is not None and "=>" not in text and not _ALGEBRA.search(text):
        return unrelated
    unknown = looked_for(text, found, marks, firm, asked)
    if unknown is not None:
        return unknown
    terms = marks.operands - marks.aside
    given = {found[n].value for n in terms} if terms else set()
    given -= {found[n].value for n in marks.results} if given else set()
    new = [
        n
        for n in firm
        if not given
        or found[n].value not in given
        or _IS.search(text[max(0, found[n].start - 24) : found[n].start])
        or is_asked(found[n], asked)
        or (not asked.text and _REMAIN.search(text, max(0, found[n].start - 24), found[n].start))
        or (
            asked.given
            and found[n].value not in asked.given
            and _stands_apart(text, found, marks, n)
        )
        or (concluded(text, found[n].start) and not governed(text, found[n], asked))
    ]
    return choose(text, found, new or firm, asked)
