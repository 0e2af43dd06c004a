"""Answers that a regular expression must find.

A pattern can be written so that it backtracks without end. It is run by the `regex` library with
a limit of time: a pattern that takes longer on an answer than the limit does not match it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import regex  # type: ignore[import-untyped]  # it ships no types

from wattmark.errors import InputError
from wattmark.schema import Score
from wattmark.scoring.text import shorten

LIMIT_S = 0.5
LONGEST = 2000
"""Characters of a pattern."""


def pattern_score(expression: str, answer: str) -> Score:
    """Correct where the pattern is found in the answer; its first group is what was extracted.

    Case counts unless the pattern says (?i). Raises InputError for a pattern that is none.
    """
    compiled = _compiled(expression)
    try:
        found = compiled.search(answer, timeout=LIMIT_S)
    except TimeoutError:
        return Score(False, 0.0, None, f"the pattern took longer than {LIMIT_S:g} s on this answer")
    if found is None:
        return Score(False, 0.0, None, f"no match of /{shorten(expression)}/")
    said = found[1] if compiled.groups and found[1] is not None else found[0]
    return Score(True, 1.0, shorten(said) or None, f"matches /{shorten(expression)}/")


@lru_cache(maxsize=256)
def _compiled(expression: str) -> Any:
    if len(expression) > LONGEST:
        raise InputError(
            f"A pattern has {len(expression)} characters; it may have {LONGEST}.", "Shorten it."
        )
    try:
        return regex.compile(expression)
    except (regex.error, RecursionError, OverflowError, ValueError) as reason:
        raise InputError(
            f"'{shorten(expression)}' is no regular expression: {reason}.", "Correct it."
        ) from reason
