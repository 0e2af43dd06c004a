"""Texts made comparable, and cut for what is stored beside a score."""

from __future__ import annotations

import unicodedata

SHOWN = 80


def normalise(text: str) -> str:
    """Case folded, compatibility forms unified, spaces collapsed, end punctuation dropped."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split()).strip(".!?,;:\"' ")


def shorten(text: str) -> str:
    """At most 80 characters, for what is stored beside a score."""
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"
