"""Numbers that are listed: '2, 3, 5 and 7'."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from wattmark.scoring.numerals import Number

_LISTED = re.compile(r",?\s?(?:,\s?|(?:\band|\be)\s)(?:(?:the|[oa]s?)\s)?", re.IGNORECASE)
_LIST = 3
"""Numbers from which on they are one."""


def without_lists(text: str, found: Sequence[Number], inside: Sequence[int]) -> list[int]:
    """Without '1, 2, 3, 4, 6 and 12': a list states no one number, where another is stated."""
    if len(inside) < _LIST:
        return list(inside)
    runs = runs_of(text, found, inside)
    return [n for run in runs if len(run) < _LIST for n in run] or list(inside)


def runs_of(text: str, found: Sequence[Number], inside: Sequence[int]) -> list[list[int]]:
    """The places, those together that commas or 'and' join."""
    runs: list[list[int]] = []
    for n in inside:
        if (
            runs
            and runs[-1][-1] == n - 1
            and _LISTED.fullmatch(text, found[n - 1].end, found[n].start)
        ):
            runs[-1].append(n)
        else:
            runs.append([n])
    return runs


def is_list(text: str, found: Sequence[Number], inside: Sequence[int]) -> bool:
    """Is it '2, 3, 5 and 7', and no other number?"""
    if len(inside) < _LIST or list(inside) != list(range(inside[0], inside[-1] + 1)):
        return False
    pairs = pairwise(found[inside[0] : inside[-1] + 1])
    return all(_LISTED.fullmatch(text, one.end, other.start) for one, other in pairs)
