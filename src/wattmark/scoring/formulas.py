"""The letter that a question asks for, and the sum: 'What is x?', 'What is 7 times 8?'"""

from __future__ import annotations

import re

_VARIABLE = re.compile(
    r"\b(?:is|of|find|é|vale|de|for|which|que|qual|valor\s+de|encontre|determine)\s+([b-df-np-z])\s*(?:\?|\.|,|$|\s(?:em|in|no|na|is|é|as|como|that|que|when|quando|if|se|from|for)\s)"
)
_EXPRESSION = re.compile(
    r"\b(?:is|of|find|é|vale|valor\s+de|encontre|determine|calcule|compute)\s+[-\d(]{0,4}[b-df-np-z]\s?(?:[*+/^-]\s?[\d(]{0,3}[b-df-np-z]|[b-df-np-z])(?![^\W\d_])"
)
"""'What is xy', 'quanto vale x + y'."""
_SOLVE = re.compile(r"\b(?:solve|resolv[ae]r?)\b.{0,200}=", re.IGNORECASE)
_FOR = re.compile(r"\b(?:solve\s+for|resolva\s+(?:em|para))\s+([b-df-np-z])\b", re.IGNORECASE)
_LETTER = re.compile(r"(?<![^\W\d_])[b-df-np-z](?![^\W\d_])")
_FORMULA = re.compile(
    r"[(\d](?:[\d.,()!]{0,12}\s?[-+*/^]\s?\(?){1,12}\d[\d.,]{0,12}(?:[)!]|(?<=\d))"
)
_JUST_A_SUM = re.compile(
    r"\W*(?:what\s+is|what's|quanto\s+(?:é|são|dá)|calcul\w{1,3}|compute|evaluate)\s+-?\d",
    re.IGNORECASE,
)
_SPELT = (
    (re.compile(r"(?<=\d)\s+(?:(?:raised\s+)?to\s+the\s+power\s+of|elevad[oa]\s+a)\s+(?=\d)"), "^"),
    (re.compile(r"(?<=\d)\s+(?:squared|ao\s+quadrado)\b"), "^2"),
    (re.compile(r"(?<=\d)\s+(?:cubed|ao\s+cubo)\b"), "^3"),
    (re.compile(r"(?<=\d)\s+(?:times|vezes|multiplied\s+by|multiplicado\s+por)\s+(?=\d)"), " * "),
    (re.compile(r"(?<=\d)\s+(?:plus|mais)\s+(?=\d)"), " + "),
    (re.compile(r"(?<=\d)\s+(?:minus|menos)\s+(?=\d)"), " - "),
    (re.compile(r"(?<=\d)\s+(?:divided\s+by|dividido\s+por)\s+(?=\d)"), " / "),
)
"""Sums in words."""


def variable_of(asks: str) -> str:
    """The x of 'What is x?'; empty where no letter alone is asked for."""
    named = _FOR.findall(asks) or _VARIABLE.findall(asks)
    if not named and _SOLVE.search(asks) and not _EXPRESSION.search(asks):
        named = sorted({*_LETTER.findall(asks)})
    return str(named[-1]) if named else ""


def formula_of(asks: str) -> str:
    """The '2^6' of 'What is 2 to the power of 6?', without spaces; empty where it is no sum."""
    if "|" in asks:
        return ""  # an absolute value
    for words, sign in _SPELT if _JUST_A_SUM.match(asks) else ():
        asks = words.sub(sign, asks)
    found = _FORMULA.search(asks) if "=" not in asks else None
    plain = found is None or found[0].replace("/", "", 1).isdigit()
    return "" if found is None or plain else "".join(found[0].split())
