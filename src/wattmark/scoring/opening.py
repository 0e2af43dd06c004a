"""A number that opens a text and is then explained, and 'the number is 12'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.amounts import as_number
from wattmark.scoring.asked import Asked, is_asked
from wattmark.scoring.counted import zero
from wattmark.scoring.marks import Marks
from wattmark.scoring.named import concluded
from wattmark.scoring.numerals import Number
from wattmark.scoring.phrases import COLUMN, EXPLAINED, OPENING
from wattmark.scoring.saying import Stated, said_at
from wattmark.scoring.words import spoken_numbers

_THE_NUMBER = re.compile(
    r"\b(?:the|o)\s+(?:(?:missing|unknown|original|required|wanted)\s+)?(?:number|número)\s+"
    r"(?:(?:procurado|desconhecido|original|pedido)\s+)?(?:is|é|must\s+be|deve\s+ser)[\s:]{1,3}-?$",
    re.IGNORECASE,
)
_SETTLES = re.compile(
    r"(?:[.!?]\s|\n)(?:ok(?:ay)?|right|certo|enfim)\b[^.!?\n]{0,40}\d[^.!?\n]{0,30}[.!]?\s*$",
    re.IGNORECASE,
)
"""'Okay, so 35 minutes.', at the end."""
_NONE = re.compile(
    r"\W{0,3}(none|nothing|nobody|nenhuma?|nada|ninguém)\s?[.!](?:\s|$)", re.IGNORECASE
)
_SAID_FIRST = re.compile(
    r"[.!](?:\s|$)|\n|\s?\((?![^()\n]{1,20}\)\s(?:of|d[eoa]s?)\s)|,\s+(?:because|since|as|porque|pois|já\s+que|desde\s+que)\s",
    re.IGNORECASE,
)
_GOES_ON = re.compile(r"\([^()\n]{1,20}\)\s[^\W\d_][^.!?\n]*,\sso\s")
"""'A quarter (1/4) is eaten, so 3/4 is left.'"""
_REMARK = re.compile(r"(?:\s[^\W\d_]{1,20})?[,;]\s")
"""After a number that nothing stands before: '90 L; 54 L are missing'."""
_LISTED = re.compile(r"[^()\n]{1,20}\),\s-?\d")
"""After '2 (': '1st), 5 (2nd)'."""
_LINES = re.compile(r"(?:\W{0,3}\d{1,6}\s[^\W\d_]{1,15}:\s[^\n\d]{0,9}\d[\d.,]*\n){2}")
"""'1 tray: 17\n2 trays: 34\n…'."""
_SUM_OF = re.compile(r"[^()\n]{1,20}\)\s?[-+*/]\s?\d")
"""After '12 (': 'dogs) + 4 (birds) = 16'."""
_COLON = re.compile(r"(?:\s[^\W\d_]{1,20}){0,3}:[ ](?=\S)")
_HEADING_ENDS = re.compile(r"\s?[^\W\d_]{0,15}\s*\n")
"""After a number that is a heading alone."""
_COLON_ALONE = re.compile(r":[ ](?=\S)")
_NUMBERED = re.compile(r"[.)]\s\d[\d.,]*\s?[-+*/]")
"""'7. 19 + 6 = 25'."""
_FACTORIAL = re.compile(r"!\s?[-+*/=×]")
"""'3! × 4 = 24'."""
_REST_IN = 60
_IN = re.compile(r"\W*(?:in|em)\s", re.IGNORECASE)
_IS_WHAT = re.compile(
    r"(?:\s?[^\W\d_]{1,15}){0,2}\s(?:is|are|was|é|são|foi)\s(?:the\s(?:number|amount|total|price|sum|value|answer)\s(?:of|you|we|that|for)\b"
    r"|what\b(?!\s(?:you|we|one)\s(?:get|would)|\s(?-i:[A-Z])[a-z]+\s[a-z]+;)|how\s(?:many|much)\b|o\sque\b|quant[oa]s?\b|(?:o\s(?:número|total|valor|preço)|a\s(?:quantidade|quantia|soma))\s(?:d[eoa]s?|que)\b)"
    r"[^.!?\n=]*[.!]?\s*$",
    re.IGNORECASE,
)
"""'5 is the number of buses needed for 212 pupils'."""
_AS_A = re.compile(
    r"\s+(?:written\s+|expressed\s+|escrit[oa]\s+)?(?:as|como)\s+(?:an?\s+|uma?\s+)?(?:decimal|fraction|percent\w*|fração|porcentagem|percentagem)\s+(?:is|é|=)\s",
    re.IGNORECASE,
)
"""'1/2 as a decimal is 0.5'."""
_IS_SAID = re.compile(
    r"\s+(?:written|expressed|escrit[oa]|is|as|can|in|é|em|como|pode|equals|=)\s", re.IGNORECASE
)
"""'1/8 as a decimal is …': the question's number, said over."""


def as_the_number(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """'The number is 12', where the question asks which number."""
    for at in range(len(found) - 1, -1, -1) if asked.number else ():
        if at in marks.out or at in marks.aside:
            continue
        if _THE_NUMBER.search(text[max(0, found[at].start - _REST_IN) : found[at].start]):
            return said_at(text, found, marks, at, "stated as the number", explicit=True)
    return None


def opening(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> Stated | None:
    """A number that opens the text and is then explained, or followed by something else."""
    if not found or 0 in marks.out or 0 in marks.aside or not _opens(text, found[0], asked):
        return None
    if _IS_WHAT.match(text, found[0].end) and found[0].value not in asked.given:
        return said_at(text, found, marks, 0, "opens the answer")
    after = text[found[0].end :]
    reason = _reason_after(text[: found[0].start], after, found[0], asked)
    if reason is None or _SETTLES.search(text, found[0].end):
        return None
    rest = after[reason.end() :]
    if (reason[0].endswith("(") and _SUM_OF.match(rest)) or _LINES.match(text):
        return None
    column = "\n" in reason[0] and (COLUMN.match(rest) or rest.lstrip().startswith("="))
    listed = _LISTED.match(rest)
    if column or listed or _reckoned_on(text, found, marks):
        return None
    return said_at(text, found, marks, 0, "opens the answer")


def _opens(text: str, first: Number, asked: Asked) -> bool:
    """Does the text begin with it, and not with the question's number said over?"""
    head = text[: first.start]
    dated = asked.year and _IN.fullmatch(head) is not None
    if not dated and not OPENING.match(head):
        return False
    if "#" in head and not _HEADING_ENDS.match(text, first.end):
        return False
    if _NUMBERED.match(text, first.end) or _FACTORIAL.match(text, first.end):
        return False
    repeats = first.shown in asked.shown and _IS_SAID.match(text, first.end)
    return not repeats and not _AS_A.match(text, first.end)


def _reason_after(head: str, after: str, first: Number, asked: Asked) -> re.Match[str] | None:
    """What parts it from the rest: a bracket, 'because', a colon, a new paragraph."""
    reason = EXPLAINED.match(after)
    if reason is None and (asked.given or asked.noun):
        meant = asked.unit is not None and first.unit == asked.unit
        repeats = first.value in asked.given and not meant
        reason = (_COLON_ALONE if repeats else _COLON).match(after)
    if first.value in asked.given or not is_meant(first, asked):
        return reason
    bare = not head.strip(" $R€£\n")
    return _REMARK.match(after) if reason is None and bare else reason


def is_meant(number: Number, asked: Asked) -> bool:
    """Is it of what the question counts, or in its unit?"""
    return is_asked(number, asked) or (asked.unit is not None and number.unit == asked.unit)


def _reckoned_on(text: str, found: Sequence[Number], marks: Marks) -> bool:
    """'112. And 0.5 * 8 = 4. So 112 + 4 = 116': is the first a term of what is concluded?"""
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    last = firm[-1]
    for end in (n for n in firm if n in marks.results):
        terms = end
        while terms - 1 in marks.operands:
            terms -= 1
        used = any(found[n].value == found[0].value for n in range(terms, end))
        said_again = end < last and found[end].value == found[last].value
        if used and ((end == last and concluded(text, found[terms].start)) or said_again):
            return True
    return False


def opening_words(text: str, found: Sequence[Number], asked: Asked) -> Stated | None:
    """'Fourteen! …': the same, said in words."""
    none = _NONE.match(text) if asked.count or asked.rest else None
    if none is not None:
        return Stated((zero(none[1]),), "opens the answer")
    head = text[: found[0].start] if found else text
    for spoken in spoken_numbers(head[:200])[:1]:
        ended = _SAID_FIRST.match(text, spoken.end)
        if ended and ended[0].endswith("(") and _GOES_ON.search(text, spoken.end):
            ended = None
        if ended is None and head.startswith(":", spoken.end) and spoken.value >= 1:
            ended = _COLON_ALONE.match(text, spoken.end)
        if ended is None and is_asked(as_number(spoken, head), asked):
            ended = _COLON.match(text, spoken.end)
        if ended and OPENING.match(head[: spoken.start]) and not spoken.one:
            return Stated((as_number(spoken, head),), "opens the answer")
    return None
