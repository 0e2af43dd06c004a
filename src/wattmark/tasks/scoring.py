"""Reading an answer: numbers out of free text, labels and phrases made comparable. Pure functions.

A number counts only as the whole of what is written: 85 is never found inside 850, and of a
working followed by a result the last number is the answer.
"""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal, InvalidOperation

from wattmark.schema import Score

_MINUS = str.maketrans(dict.fromkeys("−–﹣－", "-"))
_NUMBER = re.compile(
    # A sign belongs to the number unless something stands before it to subtract from: 12-5.
    r"(?:(?<![\w).\]])[-+])?"
    # Not inside a word (x2, LABEL_0) and not the tail of a version (1.2.3).
    r"(?<!\w)(?<!\d\.)"
    r"(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)?"
    r"(?:(?<=\d)\.\d+|(?<![\d.])\.\d+)?"
    r"(?<=\d)"
    r"(?:[eE][-+]?\d{1,6}(?!\w))?"
)
_SHOWN = 80


def last_number(text: str) -> str | None:
    """The last number stated in `text`, as written ('1,234', '-31', '85.0'); None if none is."""
    found = None
    for match in _NUMBER.finditer(text.translate(_MINUS)):
        found = match.group()
    return found


def parse_number(text: str) -> Decimal | None:
    """The value of a text that is one number and nothing else; None otherwise."""
    stripped = text.strip().translate(_MINUS)
    if _NUMBER.fullmatch(stripped) is None:
        return None
    try:
        return Decimal(stripped.replace(",", ""))
    except InvalidOperation:  # an exponent that no decimal holds
        return None


def numeric_score(gold: str, text: str) -> Score:
    """Exact match of the last number in `text` with `gold`, by value: 85 equals 85.0."""
    expected = parse_number(gold)
    stated = last_number(text)
    if stated is None:
        return Score(False, 0.0, None, "the answer states no number")
    value = parse_number(stated)
    correct = value is not None and value == expected
    shown = shorten(stated)
    why = f"read {shown}" if correct else f"read {shown}, expected {gold}"
    return Score(correct, float(correct), shown, why)


def phrase_score(gold: str, text: str) -> Score:
    """Exact match of the whole answer with `gold`, but for case, spacing and end punctuation."""
    said, expected = normalise(text), normalise(gold)
    correct = said == expected
    shown = shorten(said)
    why = f"read '{shown}'" if correct else f"read '{shown}', expected '{shorten(expected)}'"
    return Score(correct, float(correct), shown or None, why)


def normalise(text: str) -> str:
    """Case folded, compatibility forms unified, spaces collapsed, end punctuation dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(".!?,;:\"' ")


def shorten(text: str) -> str:
    """At most 80 characters, for what is stored beside a score."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
