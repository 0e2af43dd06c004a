"""Texts that end before they answer: with a promise to work it out, or in the middle of a sentence.

'If a bus seats 52, how many are needed? Let me think step by step.' states nothing: all of its
numbers stand in a question, or in the sentence that promises. So do those of one that breaks off:
'João has 14 and Lucas has twice as many minus'.
"""

from __future__ import annotations

import re

from wattmark.scoring.asked import Asked
from wattmark.scoring.numerals import numbers
from wattmark.scoring.segments import ENDS

_I = re.IGNORECASE
_PROMISE = re.compile(
    r"\b(?:(?:let(?:'s|\s+us|\s+me)|i'll|i\s+will|we'll|we\s+will)\s+(?:first\s+)?"
    r"(?:think|solve|work|break|start|begin|go|figure|calculate|compute|analy[sz]e|help|explain|find)"
    r"|vou\s+(?:te\s+|lhe\s+|primeiro\s+)?(?:ajud|resolv|calcul|pens|explic|analis|mostr)\w+"
    r"|vamos\s+(?:lá|por\s+partes|(?:resolver|pensar|calcular|começar|analisar|ver))"
    r"|(?:we|i)\s+(?:first\s+)?(?:need|have)\s+to\s+(?:first\s+)?(?:know|find|identify|determine|understand|figure|set|work)"
    r"|(?:first|primeiro),?\s+(?:we|let|precisamos|vamos|temos|é\s+preciso)"
    r"|precisamos\s+(?:primeiro\s+)?(?:de\s+)?(?:saber|identificar|descobrir|encontrar|calcular|entender|determinar)"
    r"|step[-\s]by[-\s]step|passo\s+a\s+passo)\b",
    _I,
)
_ASKED_SO = re.compile(
    r"\b(?:you(?:'re|\s+are)?\s+(?:want(?:ed)?(?:\s+me)?\s+to\s+know|ask(?:ed|ing))"
    r"|você\s+(?:perguntou|quer\s+saber|pediu|está\s+perguntando)|(?:the\s+)?question\s+(?:is\s+)?ask(?:s|ing)"
    r"|a\s+(?:pergunta|questão)\s+(?:pede|pergunta|quer))\b",
    _I,
)
_BREAKS_OFF = frozenset(
    "and or minus plus times of the a an by with from than because e ou menos mais vezes de do da"
    " dos das o os as por com que para porque um uma".split()
)
_WORD = re.compile(r"[^\W\d_]+")
_LONGEST = 1200
"""Characters of a text that is looked at; a longer one has worked."""


def is_unanswered(text: str, language: str | None, asked: Asked) -> bool:
    """Does it promise an answer, or break off, before it has stated a number of its own?"""
    if len(text) > _LONGEST:
        return False
    ended = text.rstrip()
    last = _WORD.findall(ended[-12:])
    broken = ended[-1:].isalpha() and bool(last) and last[-1].casefold() in _BREAKS_OFF
    sentences = _sentences(ended)
    if not sentences or not (broken or _PROMISE.search(sentences[-1])):
        return False
    rest = [
        one
        for one in sentences[:-1]
        if not one.endswith("?") and not _ASKED_SO.search(one) and not _PROMISE.search(one)
    ]
    said = [one for part in rest for one in numbers(part, language)]
    if broken and not said:
        return "=" not in sentences[-1] or not asked.formula
    promised = numbers(sentences[-1], language)
    return not broken and all(one.value in asked.given for one in said) and (
        "=" not in sentences[-1] and all(one.value in asked.given or not asked.text for one in promised)
    )


def _sentences(text: str) -> list[str]:
    ends = [0, *(end.end() for end in ENDS.finditer(text)), len(text)]
    parts = (text[start:end].strip() for start, end in zip(ends, ends[1:], strict=False))
    return [part for part in parts if part]
