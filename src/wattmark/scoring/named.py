"""Numbers that stand under the name of what the question asks for, or after a 'so'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import REST
from wattmark.scoring.asked import Asked, is_asked
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import shared_words

_PAIR = 2
_REST_IN = 60
_NAME = 12
_NO_TERM = r"(?<![\w*+/.-])(?<![\d*+/-] )(?<!log )(?<!ln )(?<!sin )(?<!sen )(?<!cos )(?<!tan )"
"""Before an x that stands alone: neither '2x' nor 'log x'."""
_SO = re.compile(
    r"(?:[.!?,;:]\s|\n)\W{0,3}(?:so|therefore|thus|hence|portanto|logo|então|assim)\b[^.!?\d=\n]*$",
    re.IGNORECASE,
)
_OVER = re.compile(
    r"(?:[ ][^\W\d_]{1,15}){0,3}[ ](?:left(?P<over>\s+over)?|(?P<remain>remain))\b"
    r"(?!\s+(?:side|hand))",
    re.IGNORECASE,
)
_OUT_OF = re.compile(
    r"\b(?:out\sof|d[oa]s)\s(?:(?:the|his|her)\s)?(?:original\s|initial\s)?$", re.IGNORECASE
)
"""'85 apples out of the original 100 remain'."""
_IS_LEFT = re.compile(
    r"\bleav(?:es|ing)\s(?:her|him|them|us|me|you|[^\W\d_]{2,12})\swith\s$|\bdeixa(?:ndo)?(?:\s(?:ele|ela)|-[oa])\scom\s$|"
    r"\b(?:sobra(?:m|rão|ram)?|resta(?:m|rão|ram)?)\s+(?:apenas\s+|só\s+)?$"
    r"|\b(?:remainder|resto)\s*(?:(?:is|é|=|:)(?:\s(?:therefore|thus|then|portanto|então))?)?\s*$"
    r"|\b(?:leav(?:es|ing)\s+a\s+remainder|deixa(?:ndo)?\s+(?:um\s+)?resto)\s+(?:of|de)\s+$",
    re.IGNORECASE,
)


def concluded(text: str, place: int) -> bool:
    """Does the sentence begin with 'so', 'therefore', 'então', and has no equals sign?"""
    begun = _SO.search(text[max(0, place - _REST_IN) : place])
    return begun is not None


def named_by_question(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> list[int]:
    """What the question asks for by name: the rest, a percentage, x."""
    if asked.percent:
        void = marks.aside | marks.denied
        shares = [n for n, one in enumerate(found) if one.percent and n not in void]
        shares = [n for n in shares if n not in marks.operands] or shares
        led = [n for n in shares if n in marks.results or concluded(text, found[n].start)]
        return _named_more(text, found, shares, asked) or led or shares
    if asked.rest:
        before = [
            text[max(0, one.start - _REST_IN) : one.start].rpartition("\n\n")[2] for one in found
        ]
        after = [text[one.end : one.end + _REST_IN] for one in found]
        rests = [
            n
            for n, (near, then) in enumerate(zip(before, after, strict=True))
            if n not in marks.out
            and (
                REST.search(near)
                or _IS_LEFT.search(near)
                or (
                    n not in marks.aside
                    and not _OUT_OF.search(near)
                    and _is_over(found[n], then, asked)
                )
            )
        ]
        return [n for n in rests if n not in marks.aside] or rests
    if asked.variable:
        before = [text[max(0, one.start - _NAME) : one.start] for one in found]
        alone = re.compile(
            rf"(?:{_NO_TERM}{asked.variable}\s?(?:=|\b(?:equals|is|must\s+be|vale|é)\b)|\bit\s+must\s+be)\s?-?$"
        )
        chain = re.compile(
            rf"{_NO_TERM}{asked.variable}\s?=[^.;\n=]{{1,50}}(?:=[^.;\n=]{{1,50}})*=\s?-?$"
        )
        named = [n for n, near in enumerate(before) if n not in marks.out and alone.search(near)]
        named = [n for n in named if not text.startswith("(", found[n].end)]
        far = [text[max(0, one.start - _REST_IN) : one.start] for one in found]
        chained = [n for n in sorted(marks.results - marks.out) if chain.search(far[n])]
        named = sorted({*named, *chained})
        named = [n for n in named if n not in marks.aside] or named
        return [n for n in named if not _denied_later(found, marks, n)]
    return []


def _named_more(
    text: str, found: Sequence[Number], shares: Sequence[int], asked: Asked
) -> list[int]:
    """Of two shares the one that more of the question's words name: '85% passed, so 15% failed'."""
    if len(shares) != _PAIR:
        return []
    first, second = shared_words(text, found, shares, asked)
    return [] if first == second else [shares[0] if first > second else shares[1]]


def _is_over(number: Number, after: str, asked: Asked) -> bool:
    """'5 are left over'; '5 apples left' where apples are asked for, and no fraction of them."""
    over = _OVER.match(after)
    if over is None or over["over"] or over["remain"]:
        return over is not None
    return not asked.fraction and is_asked(number, asked) and number.value not in asked.given


def _denied_later(found: Sequence[Number], marks: Marks, at: int) -> bool:
    """The -7 of 'x = -7. … so the answer is not -7 but -8'."""
    return any(n > at and found[n].value == found[at].value for n in marks.denied)
