"""The option that an answer names by its letter: 'a) 20 b) 25 … The right one is b.'"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.numerals import Number

_OPTION = re.compile(r"(?:^|[\s,;])\(?([a-hA-H])(?:\)|[.:](?=\s))\s{0,3}(?:R\$\s?|[$€£]\s?)?-?$")
_NAMED = re.compile(
    r"\b(?i:letra|letter|options?|choice|opção|alternativa|item|answer|resposta|gabarito|correct[ao]?)\b"
    r"[^.\n\d]{0,30}?(?<![^\W_])\(?(?P<letter>[a-hA-H])\)?"
    r"(?=\W{0,3}(?:[.,;!\n]|$)|:\s-?\d|\s(?:is|é|está)\s(?:[ao]\s|the\s)?(?:correct|right|cert|corret))"
    r"|\b(?:is|é|with|com|be)\s\((?P<at>[a-hA-H])\)\s?(?:R\$\s?|[$€£])?-?\d[\d.,]{0,12}\s?[.!]?\s*$"
    r"|^\W{0,3}(?P<lone>[a-hA-H])\W{0,3}$",
)
_JUDGED = re.compile(
    r"(?:^|\n)\W{0,3}([a-hA-H])(?:\)|[.:])(?:(?!\b[a-hA-H][).:])[^\n]){1,30}?\s(?:[-–—:]\s|\()?(?:yes|sim|correct|corret[oa]|[✓✔✅])(?!\w)",
    re.IGNORECASE,
)
"""'(C) 33 - yes'."""
_FIRST = re.compile("[aA][).:]")
"""What every list of options begins with."""
_NEAR = 8
_FEWEST = 2


def options_of(text: str, found: Sequence[Number]) -> dict[str, Number]:
    """The listed options, by letter; empty where it is no list that begins with a."""
    options: dict[str, Number] = {}
    if not _FIRST.search(text):
        return options
    for number in found:
        letter = _OPTION.search(text, max(0, number.start - _NEAR), number.start)
        if letter is not None and letter[1].lower() == chr(ord("a") + len(options)):
            options[letter[1].lower()] = number
    return options if len(options) >= _FEWEST else {}


def chosen(text: str, options: dict[str, Number]) -> Number | None:
    """The one whose letter alone is named last, after the list if the text has it."""
    named = list(_NAMED.finditer(text)) if options else []
    letter = (named[-1]["letter"] or named[-1]["lone"] or named[-1]["at"]).lower() if named else ""
    judged = [one[1].lower() for one in _JUDGED.finditer(text)] if options and not letter else []
    return options.get(judged[0] if len(judged) == 1 else letter)
