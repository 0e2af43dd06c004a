"""Which number a text states as its answer.

In this order: what was said after the last change of mind; the last explicit statement
("the answer is", a box, ####, a field "answer"); a number that opens the text and is then
explained; else the last number that is no operand, label, check or aside. Numbers in words count
where no digits answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import islice

from wattmark.scoring.amounts import as_number, joined
from wattmark.scoring.around import REST
from wattmark.scoring.asked import NOTHING_ASKED, Asked
from wattmark.scoring.choose import choose, is_asked
from wattmark.scoring.context import Marks, marks_of
from wattmark.scoring.cues import cues_of
from wattmark.scoring.explicit import explicit_of
from wattmark.scoring.numerals import Number, numbers
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
)
from wattmark.scoring.saying import Stated, in_words, said_at, value_of
from wattmark.scoring.words import spoken_numbers

_IS = re.compile(r"\b(?:is|é)\s+$", re.IGNORECASE)
_BARE = re.compile(r"\s{0,9}=?\s{0,9}[0-9]{1,18}\.?\s{0,9}")
"""A whole number alone."""
_ENDS_SOON = re.compile(r"(?:\s+[^\W\d_]{1,20}){0,2}\s?(?:[.!]|$)")
_FAILED = re.compile(r"[^.!\n]{0,20}(?:n't|\bnot|\bnão|\bfails)\b", re.IGNORECASE)
"""'No, that doesn't …'."""
_REST_IN = 60
_NAME = 12
_OVER = re.compile(r"(?:\s+[^\W\d_]{1,15}){0,2}\s+left\s+over\b", re.IGNORECASE)
_HASHED = re.compile(r"####\s{0,3}(-?[0-9]{1,18})\s{0,9}$")
"""A solution's last line, as data sets have it."""
_TAIL = 40
_RETRIES = 3
"""Changes of mind that are followed, the last ones."""
_SENTENCE = 400
"""Characters of a statement."""


def stated(text: str, language: str | None, asked: Asked = NOTHING_ASKED) -> Stated | None:
    """The answer that a cleaned text states; None where it states none."""
    if _BARE.fullmatch(text):
        return Stated(tuple(numbers(text, language)), "the last number stated")
    marked = _HASHED.search(text, max(0, len(text) - _TAIL)) if "####" in text else None
    if marked and text.count("####") == 1 and not CHATTER.search(text):
        end = marked.start(1)
        return Stated(tuple(numbers(text[end:], language)), "stated as the answer", explicit=True)
    cues = cues_of(text)
    whole = _without_chatter(text, language, asked) if "chatter" in cues else text
    turns = list(RETRACTED.finditer(whole))[-_RETRIES:] if "retracted" in cues else []
    for turn in reversed(turns):
        tail, head = whole[turn.end() :], whole[: turn.start()]
        later = _pick(tail, language, asked, asides=False)
        if later is None:
            if REFUSED.search(turn[0]) and not REFUSED.search(tail) and not tail.strip(" .!\n"):
                return None
            continue
        earlier = _pick(head, language, asked)
        stands = CONFIRMED.search(tail) and not _FAILED.match(tail)
        if later.explicit or earlier is None or not stands:
            return later
        return _pick(whole, language, asked) or later if earlier.explicit else earlier
    return _pick(whole, language, asked)


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
    found = joined(text, numbers(text, language))
    marks = marks_of(text, found, asked=bool(asked.words))
    plain = (
        explicit_of(text, found, marks)
        or _opening(text, found, marks)
        or _opening_words(text, found)
    )
    if plain is not None:
        return plain
    at = _last(text, found, marks, asked)
    if at is not None:
        concluded = _concludedin_words(text[found[-1].end :])
        if concluded is not None:
            return concluded
        return said_at(text, found, marks, at, "the last number stated", asked=asked)
    if found and len(marks.operands) == len(found):
        return None
    words = in_words(text, 0, len(text), asked, alone=not found)
    loose = [n for n in range(len(found)) if n not in marks.out] if asides else []
    if not loose or (words is not None and not words.several):
        return words
    return said_at(text, found, marks, loose[-1], "the last number stated")


def _opening(text: str, found: Sequence[Number], marks: Marks) -> Stated | None:
    """A number that opens the text and is then explained, or followed by something else."""
    if not found or 0 in marks.out or 0 in marks.aside:
        return None
    first = found[0]
    if not OPENING.search(text[: first.start]):
        return None
    after = text[first.end :]
    reason = EXPLAINED.search(after)
    if reason is None:
        return None
    if COLUMN.match(after[reason.end() :]) and "\n" in reason[0]:
        return None
    return said_at(text, found, marks, 0, "opens the answer")


def _last(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> int | None:
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    named = _named(text, found, marks, asked)
    if named:
        return named[-1]
    if asked.unit is not None:
        in_unit = [
            n for n, one in enumerate(found) if n not in marks.out and one.unit == asked.unit
        ]
        last = found[firm[-1]] if firm else None
        if last is None or last.percent or last.unit not in (None, asked.unit):
            firm = [n for n in in_unit if n in firm] or in_unit or firm
    if not firm:
        return None
    unrelated = _unrelated_equations(found, marks, firm) if "=>" not in text else None
    if unrelated is not None:
        return unrelated
    given = {value_of(found[n]) for n in marks.operands} - {
        value_of(found[n]) for n in marks.results
    }
    new = [
        n
        for n in firm
        if value_of(found[n]) not in given
        or _IS.search(text[max(0, found[n].start - 12) : found[n].start])
        or is_asked(found[n], asked)
    ]
    return choose(text, found, new or firm, asked)


def _named(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> list[int]:
    """What the question asks for by name: the rest, a percentage, x."""
    if asked.percent:
        return [n for n, one in enumerate(found) if one.percent and n not in marks.aside]
    if asked.rest:
        before = [text[max(0, one.start - _REST_IN) : one.start] for one in found]
        after = [text[one.end : one.end + _REST_IN] for one in found]
        return [
            n
            for n, (near, then) in enumerate(zip(before, after, strict=True))
            if n not in marks.out and (REST.search(near) or _OVER.match(then))
        ]
    if asked.variable:
        before = [text[max(0, one.start - _NAME) : one.start] for one in found]
        alone = re.compile(rf"(?<![\w*+/.-])(?<![\w*+/-] ){asked.variable}\s?=\s?-?$")
        return [n for n, near in enumerate(before) if n not in marks.out and alone.search(near)]
    return []


def _opening_words(text: str, found: Sequence[Number]) -> Stated | None:
    """'Fourteen! …': the same, said in words."""
    if not found:
        return None
    head = text[: found[0].start]
    for spoken in spoken_numbers(head[:200])[:1]:
        ended = re.match(r"[.!](?:\s|$)|\n", head[spoken.end :])
        if ended and OPENING.search(head[: spoken.start]) and not spoken.one:
            return Stated((as_number(spoken, head),), "opens the answer")
    return None


def _concludedin_words(rest: str) -> Stated | None:
    """'…; that makes one hundred and sixty miles' after the last digits."""
    cue = CUE.search(rest[:_SENTENCE])
    if cue is None:
        return None
    tail = rest[cue.end() : cue.end() + _SENTENCE]
    spoken = [one for one in spoken_numbers(tail) if not one.one]
    if len(spoken) != 1 or not _ENDS_SOON.match(tail, spoken[0].end):
        return None
    return Stated((as_number(spoken[0], tail),), "said in words")


def _unrelated_equations(found: Sequence[Number], marks: Marks, firm: Sequence[int]) -> int | None:
    """Of equations alone that never use each other's results, the first: the rest is new."""
    if len(firm) < 2 or any(n not in marks.results for n in firm):
        return None
    if set(range(len(found))) != marks.operands | set(firm):
        return None
    if not marks.operands:
        return None
    results = {value_of(found[n]) for n in firm}
    if any(value_of(found[n]) in results for n in marks.operands):
        return None
    return firm[0]
