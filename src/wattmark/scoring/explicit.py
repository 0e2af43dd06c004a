"""The last statement that calls itself the answer: 'the answer is', a box, ####."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import NOTHING_ASKED, Asked, is_asked
from wattmark.scoring.cues import cues_of
from wattmark.scoring.hanging import governed, not_hanging
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.phrases import (
    AFTERWARDS,
    CUE,
    EXPLICIT,
    FILLED,
    LEFT_EMPTY,
    RESTATING,
    SENTENCE_END,
)
from wattmark.scoring.saying import Stated, in_words, said_at
from wattmark.scoring.words import spoken_numbers

_IS_SO_MUCH = (
    r"\s?(?:=|≈|\b(?:is|equals|é|vale)\b)"
    r"(?:[^.\n\d]{0,12}\d{1,20}(?![\d.,]\d|\s?[*/+^-])|[^.\n]{0,60}=\s?-?\d)"
)
"""After 'x': a text that says elsewhere what it is."""
_OPTION = re.compile(r"\b(?:option|choice|alternative|opção|alternativa|item)\s$", re.IGNORECASE)
"""'The correct answer is 85, so option 3 is right'."""
_IS_IT = re.compile(r"\b(?:is\s+it|is\s+x|será|é)\s(?:R\$\s?|[$€£])?$", re.IGNORECASE)
_NEAR = 20
_OPTION_ENDS = re.compile(r"\)\s(?=-?\d)")
_LIST = re.compile(r"(?:[-•]\s)?[^\n:]{1,40}:[^\n]{1,60}\n\s*[-•]\s")
_TITLE = re.compile(r"(?:[^\W\d_]{3,20}\s)?\d{1,2}\s?[:.)–-]\s[^\W\d_]")
_WOULD = re.compile(r"\b(?:would|seria)\b", re.IGNORECASE)
_IF = re.compile(r"(?:^|[.!?;:]\s|\n)\W{0,3}(?:if|se|caso|had)\b[^.!?\n]*$", re.IGNORECASE)
_LISTED = re.compile(r"-?\d+(?:,\s-?\d+)+\s?")
"""Several numbers in one box: '12, 15'."""
_OTHERS = ("other", "outra", "outro")
_OTHER = re.compile(r"\b(?:other|outr[oa])\b", re.IGNORECASE)
_MARKERS = 40
"""Statements of an answer that are looked at, the last ones."""
_SENTENCE = 400
"""Characters of a statement."""


def explicit_of(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked = NOTHING_ASKED
) -> Stated | None:
    """The last statement that calls itself the answer; one of no number where it is left empty."""
    cues = cues_of(text)
    markers = _markers(text, marks, asked) if "explicit" in cues else []
    for mark in markers:
        if _is_old(mark):
            start, end = _region(text, mark.end())
            marks.out |= {n for n, one in enumerate(found) if start <= one.start < end}
    best = _afterwards(text, found, marks) if "afterwards" in cues else None
    for mark in markers[: -_MARKERS - 1 : -1]:
        if _is_old(mark):
            continue
        start, end = _region(text, mark.end())
        if best is not None and best[0] > start:
            break
        if _leads_to_lines(text, mark, start, end) or _is_heading(text, mark, start, end):
            continue
        if _is_left_empty(text, mark, start) and not (marks.results and text[start] == "\ue002"):
            return Stated((), "left empty", explicit=True)
        said = _stated_in(text, found, marks, (start, end), asked)
        if said is not None and not _is_cut_off(text, said, markers, mark):
            return said
    return best[1] if best else None


def _markers(text: str, marks: Marks, asked: Asked) -> list[re.Match[str]]:
    """What calls something an answer, and neither what others say nor 'a 15 % solution'."""
    found = list(EXPLICIT.finditer(text))
    if marks.told:
        found = [one for one in found if not _within(one.start(), marks.told)]
    counted = asked.noun.startswith("solu")  # 'There is 1 solution: x = 5'
    mixed = "solu" in asked.whole and "equa" not in asked.whole and "=" not in asked.text
    if found and (counted or mixed):
        found = [one for one in found if "solu" not in one[0].casefold()]
    found = [one for one in found if not _is_supposed(text, one)]
    return [one for one in found if not _is_of_another(one, asked)]


def _is_supposed(text: str, mark: re.Match[str]) -> bool:
    """'If there were 20, the answer would be'."""
    would = _WOULD.search(mark[0])
    return would is not None and _IF.search(text[: mark.start()]) is not None


def _is_old(mark: re.Match[str]) -> bool:
    """'My first answer was', 'the wrong answer'; not 'the other solution', if it is asked for."""
    return bool((mark["old"] and not _OTHER.match(mark["old"])) or mark["wrong"])


def _is_of_another(mark: re.Match[str], asked: Asked) -> bool:
    """'The other solution is 6': a remark, or just what is asked for."""
    return (mark["old"] or "").strip().casefold() in _OTHERS and not _OTHER.search(asked.text)


def _leads_to_lines(text: str, mark: re.Match[str], start: int, end: int) -> bool:
    """'Here is the solution:' and several lines, 'Answer' as the heading of a list of parts."""
    if "\n" not in text[mark.start() : start]:
        return False
    solved = "solu" in mark[0].lower() and "\n" in text[end:]
    return solved or _LIST.match(text, start) is not None


def _is_heading(text: str, mark: re.Match[str], start: int, end: int) -> bool:
    """'#### Step 2: take away 8', and lines below it."""
    if mark[0].casefold().endswith(("solution.", "solução.")):
        return True
    return bool(mark["hash"]) and _TITLE.match(text, start) is not None and "\n" in text[end:]


def _is_left_empty(text: str, mark: re.Match[str], start: int) -> bool:
    """'The answer is X, where …', '#### ?', '"answer": null': does a sign stand for a number?"""
    empty = LEFT_EMPTY.match(text, start)
    if empty is not None:
        letter = empty["letter"]
        return not letter or not re.search(rf"(?i)(?<!\w){letter}{_IS_SO_MUCH}", text)
    rest = text[start : start + _SENTENCE].strip(" .!*\n")
    lone = mark["hash"] and rest and len(text) - start < _SENTENCE and "\n" not in rest
    return bool(lone) and not any(char.isdigit() for char in rest) and not spoken_numbers(rest)


def _is_cut_off(
    text: str, said: Stated, markers: Sequence[re.Match[str]], mark: re.Match[str]
) -> bool:
    """'The answer is 25. The answer is 2', where the text ends: is it the begin of one before?"""
    last = said.numbers[-1]
    if last.end != len(text) or mark is markers[0]:
        return False
    before = markers[markers.index(mark) - 1]
    again = text[before.end() : before.end() + len(last.shown) + 4].strip()
    return again.startswith(last.shown) and again[len(last.shown) :][:1].isdigit()


def _within(place: int, stretches: Sequence[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in stretches)


def _afterwards(text: str, found: Sequence[Number], marks: Marks) -> tuple[int, Stated] | None:
    """'85 is the answer': the last that is called so afterwards, and its place."""
    for at in range(len(found) - 1, -1, -1):
        number = found[at]
        called = at not in marks.out and AFTERWARDS.match(text[number.end : number.end + 60])
        if called and not _names_other(text, number, called, first=not at):
            said = said_at(text, found, marks, at, "stated as the answer", explicit=True)
            return number.start, said
    return None


def _names_other(text: str, number: Number, called: re.Match[str], *, first: bool) -> bool:
    """An option's number, not the first; 'Did I carry the 1? Yes', unlike 'Is it 85? Yes'."""
    before = text[max(0, number.start - _NEAR) : number.start]
    if called[0].startswith("?"):
        return _IS_IT.search(before) is None
    return not first and _OPTION.search(before) is not None


def _stated_in(
    text: str, found: Sequence[Number], marks: Marks, place: tuple[int, int], asked: Asked
) -> Stated | None:
    start, end = place
    inside = [n for n, one in enumerate(found) if start <= one.start < end]
    at = _in_region(text, found, marks, place, asked)
    if at is not None and _only_names(text, found, marks, inside, asked):
        return None
    if at is not None and text[end : end + 1] == "\ue002" and _LISTED.fullmatch(text, start, end):
        pair = (found[inside[0]], found[inside[1]])
        return Stated(pair, "stated as the answer", explicit=True, several=True)
    if at is not None:
        how = "stated as the answer"
        return said_at(text, found, marks, at, how, explicit=True, asked=asked)
    if inside:
        return None
    return in_words(text, start, end, explicit=True, alone=not found)


def _only_names(
    text: str, found: Sequence[Number], marks: Marks, inside: Sequence[int], asked: Asked
) -> bool:
    """'The wanted time is the least common multiple of 6, 8 and 12', which is computed then?"""
    given = all(found[n].value in asked.given for n in inside)
    if not given or not governed(text, found[inside[0]], asked):
        return False
    later = [n for n in marks.results if n > inside[-1] and n not in marks.aside]
    return any(found[n].value not in asked.given for n in later)


def _region(text: str, start: int) -> tuple[int, int]:
    """From a marker to the end of its sentence; an empty line's rest is skipped."""
    while start < len(text) and text[start] in " \n\t:\"'*=[>":
        start += 1
    end = SENTENCE_END.search(text, start, start + _SENTENCE)
    return start, end.start() if end else min(len(text), start + _SENTENCE)


def _in_region(
    text: str, found: Sequence[Number], marks: Marks, place: tuple[int, int], asked: Asked
) -> int | None:
    start, end = place
    inside = [n for n, one in enumerate(found) if start <= one.start < end]
    usable = [n for n in inside if n not in marks.out]
    firm = [n for n in usable if n not in marks.aside] or usable
    if not firm:
        return None
    if len(firm) > 1 and (
        _OPTION_ENDS.match(text, found[firm[0]].end)
        or (asked.options and text.startswith(": ", found[firm[0]].end))
    ):
        return firm[1]  # 'The correct choice is 3) 9'
    if (
        len(firm) > 1
        and found[firm[0]].value in asked.given
        and governed(text, found[firm[0]], asked)
    ):
        firm = [n for n in firm if found[n].value not in asked.given] or firm
    first = firm[0]
    new = [n for n in firm if found[n].value not in asked.given]
    if new and _counts_another(found[first], asked):  # 'Answer\nThe 16 months cost $1,200'
        headed = "\n" in text[max(0, start - 2) : start]
        firm = [n for n in new if is_asked(found[n], asked)] or (new if headed else firm)
    first = firm[0]
    if first == inside[0] and FILLED.match(text[start : found[first].start]):
        return _end_of_chain(text, found, marks, inside, first)
    again = RESTATING.search(text, found[first].end, end)
    firm = [n for n in firm if again is None or found[n].start < again.start()]
    results = {found[n].value for n in marks.results if found[n].start < start}
    again_said = [n for n in firm if found[n].value in results]
    firm = not_hanging(text, found, firm, asked) if not asked.text else firm
    last = again_said[0] if len(again_said) == 1 else firm[-1]
    return last if CUE.search(text[start:end]) else first


def _counts_another(number: Number, asked: Asked) -> bool:
    """Is it the question's, before a word that is not asked for?"""
    return number.value in asked.given and bool(number.noun) and not is_asked(number, asked)


def _end_of_chain(
    text: str, found: Sequence[Number], marks: Marks, inside: Sequence[int], at: int
) -> int:
    """In 'x = 1/2 = 0.5' the last that stands alone."""
    for following in inside:
        if (
            following > at
            and text[found[at].end : found[following].start].strip() == "="
            and following not in marks.out
        ):
            at = following
    return at
