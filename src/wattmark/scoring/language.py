"""The language of an answer: what was said of it, and what its words say."""

from __future__ import annotations

import re
from functools import lru_cache

_LANGUAGES = {"portuguese": "pt", "português": "pt", "por": "pt", "english": "en", "eng": "en"}
_WRITTEN = {
    "en": frozenset(("the", "is", "are", "has", "have", "of", "and", "in", "so", "it", "there")),
    "pt": frozenset(("o", "a", "os", "as", "é", "são", "tem", "há", "de", "do", "da", "e", "em")),
}
"""Words by which a language is known."""
_SEPARATED = re.compile(r"\d[.,]\d")
_WORDS = re.compile(r"[^\W\d_]+")


@lru_cache(maxsize=64)
def language_of(name: str | None) -> str | None:
    """'pt' of pt-BR, pt_BR, Portuguese; None where nothing was said."""
    if not name or not name.strip():
        return None
    word = name.strip().lower()
    return _LANGUAGES.get(word) or word.replace("_", "-").split("-")[0]


def written_in(answer: str, language: str | None) -> str | None:
    """None, either, where it has words of the other of two languages and none of this."""
    if language not in _WRITTEN or _SEPARATED.search(answer) is None:
        return language
    words = frozenset(_WORDS.findall(answer.casefold()))
    other = "pt" if language == "en" else "en"
    changed = len(words & _WRITTEN[other]) > 1 and words.isdisjoint(_WRITTEN[language])
    return None if changed else language
