"""Texts that end before they answer: cut off, with a promise to work it out, or with a question.

'First, 12 * 8 = 96. Next, we subtract the ones that' states nothing, nor does 'If a bus seats 52,
how many are needed? Let me think.', whose numbers stand in a question. 'She has 42. This is because
the' has answered before it breaks off.
"""

from __future__ import annotations

import re
from itertools import pairwise

from wattmark.scoring.around import ASKED_SO
from wattmark.scoring.numerals import numbers
from wattmark.scoring.segments import ENDS

_I = re.IGNORECASE
_PROMISE = re.compile(
    r"\b(?:(?:let(?:'s|\s+us|\s+me)|i'll|i\s+will|we'll|we\s+will)\s+(?:first\s+)?"
    r"(?:think|restate|rephrase|reread|solve|work|break|start|begin|go|figure|calculate|compute|analy[sz]e|help|explain|find)"
    r"|vou\s+(?:te\s+|lhe\s+|primeiro\s+)?(?:ajud|resolv|calcul|pens|explic|analis|mostr)\w+"
    r"|vamos\s+(?:lá|por\s+partes|(?:resolver|pensar|calcular|começar|analisar|ver))"
    r"|(?:we|i)\s+(?:first\s+)?(?:need|have)\s+to\s+(?:first\s+)?(?:know|find|identify|determine|understand|figure|set|work|subtract|add|multiply|divide)"
    r"|(?:first|primeiro),?\s+(?:we|let|precisamos|vamos|temos|é\s+preciso)"
    r"|precisamos\s+(?:primeiro\s+)?(?:de\s+)?(?:saber|identificar|descobrir|encontrar|calcular|entender|determinar|subtrair|somar|multiplicar|dividir)"
    r"|(?:good|great|interesting)\s+question|boa\s+pergunta|pergunta\s+interessante"
    r"|step[-\s]by[-\s]step|passo\s+a\s+passo)\b",
    _I,
)
_ASKED_SO = re.compile(
    rf"\b(?:{ASKED_SO}|(?:restate|reread|reler|repetir|recapitular)\s+(?:the|[oa])\s+(?:problem|question|problema|pergunta|enunciado)|(?:o\s+(?:enunciado|problema|texto)|the\s+(?:problem|question|text))\s+(?:diz|informa|afirma|fala|says|states|tells|mentions|gives)|você\s+pediu|(?:please|por\s+favor)[,\s]+(?:clarify|tell|esclareça|informe))\b",
    _I,
)
_ASKS = re.compile(
    r"\b(?:how|what|which|when|where|do|does|did|is|are|can|could|quant[oa]s?|qual|quais|quando|onde|que)\b",
    _I,
)
_CUT = re.compile(
    r"\s(?:and|e|or|minus|plus|times|of|the|by|with|from|than|because|that|which|is|are|equals|gives|get|multiply|add"
    r"|subtract|divide|(?:in|of|for|to|em|d[eo]|para|and)\s(?:each|every|cada)|his|her|their|its|he|she|they|we|seus?|suas?|ou|menos|mais|vezes|d[eoa]s?|por|com|que|para|porque|são|será|obtemos|temos|somar|subtrair|multiplicar|dividir)$",
    _I,
)
"""Words in which no sentence ends."""
_ANNOUNCES = re.compile(
    r"(?:\s(?:so|then|thus|therefore|hence|então|logo|portanto)(?:\s(?:restam?|restarão|sobram?|sobrarão|ficam?|ficarão|there\s(?:are|will\sbe|is)|it\sis))?"
    r"|\b(?:é\s+preciso|é\s+necessário|precisamos|devemos|we\s+(?:must|need\s+to|have\s+to))"
    r"|\b(?:need\s+to|precisamos|temos\s+que|vamos)\s[^\W\d_]+),?$",
    _I,
)
"""Words to which the answer is yet to come."""
_OPEN_END = re.compile(r"(?:\s[$€£=+*/-]|R\$|:|[^\W\d_],)\s*$")
_ADDS = re.compile(
    r"\b(?:(?:now|next|then|agora|depois)\s(?:we\s|you\s)?(?:add|subtract|multiply|divide|som\w+|subtra\w+|multipli\w+|divid\w+)\s[^.!?\n:=]{1,40}):$",
    _I,
)
"""'3. Now add 3:'"""
_RECKONS = re.compile(
    r"\d[\d.,]*\)?(?:\s[^\W\d_]{1,15}){0,2}\s?[-+*/]$"
    r"|\b(?:and|e|so|then|então|logo)\s[\d\s.,+*/()-]{3,40}=$",
    _I,
)
"""A sum that is not finished: 'the total is 45 *'."""
_NEXT = re.compile(
    r"\W{0,3}(?:\d{1,2}[.)]\s(?=[^\W\d_])|(?:next|then|now|first|second|finally|so|therefore|thus|total|agora|depois|então"
    r"|em\s+seguida|logo|portanto|primeir[oa]|por\s+fim|passo|step|answer|resposta|resp"
    r"|(?:in\s+order\s+)?to\s+(?:find|get|calculate|compute|know)|para\s+(?:saber|achar|calcular|descobrir|obter|encontrar))\b)",
    _I,
)
_REASON = re.compile(
    r"\b(?:because|since|explica\w+|explanation|note|check|verify|porque|pois|nota|verific\w+)\b",
    _I,
)
_ANSWERS = re.compile(r"\b(?:answer|resposta)\s(?:is|é)\s(?:R\$\s?|[$€£])?-?\d", _I)
_LONGEST = 1200
"""Characters of a text that is looked at; a longer one has worked."""
_SHORT = 4
"""Words of a question that may be an answer with a doubt: 'Is it 42?'"""


def is_unanswered(text: str, language: str | None) -> bool:
    """Does it promise an answer, or ask, and has no number but in questions and promises?"""
    if len(text) > _LONGEST or "=" in text:
        return False
    sentences = _sentences(text)
    if not sentences or not (sentences[-1].endswith("?") or _PROMISE.search(sentences[-1])):
        return False
    if any(numbers(one, language) for one in sentences if not _is_no_statement(one)):
        return False
    only_asks = all(one.endswith("?") or _ASKED_SO.search(one) for one in sentences)
    return not only_asks or _ASKS.search(text) is not None


def _is_no_statement(sentence: str) -> bool:
    """A question of some words, what was asked, a promise."""
    if sentence.endswith("?"):
        return len(sentence.split()) > _SHORT
    if _ASKED_SO.search(sentence):
        return True
    if _ANSWERS.search(sentence):
        return False
    promise = _PROMISE.search(sentence)
    return promise is not None and ":" not in sentence[promise.end() :]


def breaks_off(text: str, language: str | None) -> bool:
    """Does it end in the middle of a step ('Next, we add the', '3. Total:') or of all it says?"""
    ended = text.rstrip().removesuffix("####").rstrip()
    if len(text) > _LONGEST or not ended:
        return False
    if _is_unfinished(ended):
        return True
    open_end = _OPEN_END.search(ended, max(0, len(ended) - 8)) is not None
    cut = _CUT.search(ended, max(0, len(ended) - 16)) is not None
    if not (open_end or cut):
        return False
    *before, last = _sentences(ended)
    if _REASON.search(last) or (open_end and any(char.isdigit() for char in _NEXT.sub("", last))):
        return False
    return _NEXT.match(last) is not None or not any(numbers(one, language) for one in before)


def _is_unfinished(ended: str) -> bool:
    """'Now add 3:', 'the total is 45 *', 'so', 'we need to add'."""
    if _ADDS.search(ended, max(0, len(ended) - 60)):
        return True
    if _RECKONS.search(ended, max(0, len(ended) - 40)) and not _REASON.search(ended):
        return True
    return _ANNOUNCES.search(ended, max(0, len(ended) - 30)) is not None


def _sentences(text: str) -> list[str]:
    """Those that are not empty, without the spaces around them."""
    ends = [0, *(end.end() for end in ENDS.finditer(text)), len(text)]
    parts = (text[start:end].strip() for start, end in pairwise(ends))
    return [part for part in parts if part]
