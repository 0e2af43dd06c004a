"""Letters that stand for numbers: '3n + 6 = 105' is to be solved, 'n = 33' solves it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked
from wattmark.scoring.cues import words_in
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number

_SIDES = re.compile(r"[=\n;,]|=>|\.\s|\b(?:so|then|or|and|thus|ou|e|logo|então)\b", re.IGNORECASE)
_UNKNOWN = re.compile(r"[\d.\s()+*/^°-]*(?:(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])[\d.\s()+*/^°-]*){1,8}")
_ALONE = re.compile(r"(?<![a-zA-Z])[a-zA-Z](?![a-zA-Z])")
_LONE = re.compile(r"(?<![\w*+/^-])(?<![*+/-]\s)([a-zA-Z])\s?=(?:[^=\n;,]{1,40}=)?\s?-?$")
_LETTER = re.compile(r"(?<!\w)(?<!\d )([^\W\d_])\s?=|\b[a-z]\s?[+]\s?\d?([dknpqru])(?!\w)")
_PAIR = re.compile(r"\((?P<letters>[a-z](?:,\s?[a-z]){1,3})\)\s?=\s?\(\s?(?=-?\d)")
_NEAR = 60
"""Characters before a number that are looked at."""


def letters_of(text: str) -> frozenset[str]:
    """The unknowns of its equations and sums: the d of 'a + 2d'."""
    if all(len(word) > 1 for word in words_in(text)):
        return frozenset()
    return frozenset(one or other for one, other in _LETTER.findall(text))


def set_unknowns_aside(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked, *, letters: frozenset[str]
) -> None:
    """Marks what equations come to that are solved later, and of pairs what is not asked for."""
    if asked.variable:
        if "(" in text:
            _set_pairs_out(text, found, marks, asked)
        return
    before = {n: text[max(0, found[n].start - _NEAR) : found[n].start] for n in marks.results}
    unknowns = {n: _unknowns_of(near, letters, asked) for n, near in before.items()}
    if any(unknowns.values()):
        _set_solved_aside(text, found, marks, unknowns)


def _unknowns_of(before: str, letters: frozenset[str], asked: Asked) -> frozenset[str]:
    """The letters of '3n + 6 = 105', '(n - 13)(n + 14) = 0'; none of 'n = 33'."""
    left = _SIDES.split(before.rstrip(" -$").removesuffix("="))[-1].strip()
    if len(left) < 2 or _UNKNOWN.fullmatch(left) is None:
        return frozenset()
    if left.replace(" ", "") in asked.text.replace(" ", ""):
        return frozenset()
    return frozenset(_ALONE.findall(left)) & letters


def _set_solved_aside(
    text: str, found: Sequence[Number], marks: Marks, unknowns: dict[int, frozenset[str]]
) -> None:
    """Marks what an equation in unknowns comes to, where one of them is found later."""
    solved: set[str] = set()
    for at in sorted(unknowns, reverse=True):
        if unknowns[at] & solved:
            marks.equations.add(at)
            marks.aside.add(at)
        alone = _LONE.search(text, max(0, found[at].start - _NEAR), found[at].start)
        solved |= {alone[1]} if alone else set()


def _set_pairs_out(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Of '(x, y) = (6, 14)' the 6, where x is asked for."""
    for said in _PAIR.finditer(text):
        inside = [n for n, one in enumerate(found) if said.end() <= one.start < said.end() + _NEAR]
        letters = said["letters"].replace(" ", "").split(",")
        values = inside[: len(letters)]
        if asked.variable in letters and len(values) == len(letters):
            own = values[letters.index(asked.variable)]
            marks.out |= {*values} - {own}
            marks.aside.discard(own)
