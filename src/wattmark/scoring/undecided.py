"""Answers that leave it open: 'It may be 12 or else 14; it is hard to say.'"""

from __future__ import annotations

import re

from wattmark.scoring.amounts import joined
from wattmark.scoring.around import REFUSING, TOLD
from wattmark.scoring.asked import Asked
from wattmark.scoring.context import marks_of
from wattmark.scoring.explicit import explicit_of
from wattmark.scoring.numerals import numbers
from wattmark.scoring.saying import Stated
from wattmark.scoring.segments import ENDS
from wattmark.scoring.unanswered import breaks_off, is_unanswered

_I = re.IGNORECASE
_UNDECIDED = re.compile(
    r"\bdepend(?:s|ing)\s+on\b|\bdepende(?:ndo)?\s+d[aeo]s?\b|\b(?:not|n't)\s+(?:[a-z]{2,12}ly\s+|quite\s+)?(?:sure|certain)\b"
    r"|\b(?:can't|cannot|can\s+not|couldn't)\s+(?:decide|tell|say|determine|verify)\b|\b(?:hard|impossible|difficult)\s+to\s+(?:say|tell|know|decide)\b"
    r"|\bno\s+way\s+(?:to|of)\s+(?:tell|know)\w{0,3}\b|\bwho\s+knows\b|\b(?:nobody|no\s+one)\s+knows\b"
    r"|\bnão\s+(?:tenho\s+(?:a\s+)?certeza|sei\b|consigo\s+(?:dizer|decidir|determinar)|tenho\s+como\s+saber|dá\s+para\s+(?:dizer|saber))"
    r"|\b(?:difícil|impossível)\s+(?:dizer|saber)\b|\bestou\s+(?:em\s+dúvida|indecis[oa])\b|\bquem\s+sabe\b",
    _I,
)
_LACKING = re.compile(
    r"\b(?:can't|cannot)\s+(?:tell|say|know)\s+from\b|\bnão\s+(?:se\s+(?:pode|consegue)|dá\s+para|tem\s+como|há\s+como)\s+(?:calcular|determinar|saber|dizer)\b"
    r"|\b(?:i|we)(?:'d|\s+would)?\s+need\s+(?:more|further|additional)\s+(?:information|details|data|context)"
    r"|\b(?:i|we)(?:'d|\s+would)?\s+need\s+to\s+know\b|\b(?:i|we)(?:'d|\s+would)\s+need\s+(?:the|your|an?)\b"
    r"|\b(?:preciso|precisaria|precisaríamos|precisamos)\s+(?:de\s+)?(?:saber|conhecer)\b|\b(?:eu\s+|nós\s+)precisaría?(?:mos)?\s+d[aeo]s?\b"
    r"|\b(?:você\s+)?não\s+(?:informou|disse|mencionou|foi\s+informad[oa]|foram\s+informad[oa]s)\b|\byou\s+(?:didn't|did\s+not|haven't)\s+(?:say|give|tell|mention|specif)\w*"
    r"|\bdoesn't\s+(?:say|tell|state|specify)\s+(?:how|what|which|when)\b|\bnão\s+diz\b|\b(?:cannot|can't|não\s+pode)\s+(?:be|ser)\s+(?:solved|resolvid[oa])\b"
    r"|\b(?:don't|do\s+not)\s+have\s+(?:enough\s+|sufficient\s+|any\s+|the\s+|that\s+|this\s+)?(?:information|data|details|context)"
    r"|\bnão\s+é\s+possível\s+(?:determinar|saber|dizer|calcular|responder)"
    r"|\bit(?:'s|\s+is)\s+(?:not\s+possible|impossible)\s+to\s+(?:determine|say|know|tell|answer)\b"
    r"|\b(?:cannot|can't|can\s+not)\s+be\s+(?:determined|known|calculated|answered|found|worked\s+out)\b"
    r"|\bnão\s+pode\s+ser\s+(?:determinad|calculad|sabid|encontrad|respondid)[oa]\b"
    r"|\bwithout\s+(?:more|further)\s+information\b|\bsem\s+mais\s+informaç"
    r"|\b(?:cannot|can't|can\s+not|unable\s+to)\s+answer\s+(?:this|that|your|the)\s+question"
    r"|\bnão\s+(?:posso|consigo)\s+responder(?:\s+a)?(?:\s+(?:essa|esta|sua|tua)\s+pergunta)?(?=\s?[.!]|$)"
    r"|\bnão\s+tenho\s+(?:essa\s+|esta\s+|a\s+)?(?:informaç\w{1,4}|dados)\b"
    r"|\b(?:not\s+enough|isn't\s+enough|insufficient)\s+(?:information|data|details|context)\b"
    r"|\b(?:preciso|precisaria|precisamos|seria\w?\s+precis\w{1,4})\s+(?:de\s+)?mais\s+(?:informaç|dados|detalhes)"
    r"|\b(?:does\s+not|doesn't)\s+(?:give|provide|contain|have)\s+(?:us\s+)?enough\b|\bnão\s+(?:traz|dá|fornece|contém|tem)\s+(?:os\s+)?(?:dados|informaç\w{1,4})\s+suficientes?"
    r"|\b(?:has\s+no|não\s+tem)\s+(?:solution|solução)\b"
    r"|\b(?:is|are)\s+(?:undefined|not\s+defined)\b|\bnão\s+(?:está|é)\s+definid[oa]\b"
    r"|\bnão\s+há\s+(?:dados|informaç\w{1,4})\s+suficientes?"
    r"|\bnão\s+(?:consegui|foi\s+possível)\s+(?:chegar|encontrar|obter)\b"
    r"|\b(?:could\s+not|couldn't|wasn't\s+able\s+to|was\s+not\s+able\s+to)\s+(?:reach|find|arrive\s+at)\b"
    r"|\bfaltam?\s+(?:informaç|dados)|\b(?:informaç\w{1,4}|dados)\s+(?:são\s+)?insuficientes?\b",
    _I,
)
"""The question cannot be answered."""
_MAYBE = re.compile(
    r"\b(?:poderia|pode|could|might|may)\s+(?:ser|be)\b|\b(?:só\s+(?:se\s+)?sab\w+|(?:only|all\s+we)\s+know)\b|\b(?:please|por\s+favor|need|needs|at\s+least|pelo\s+menos|informe|provide)\b",
    _I,
)
_ASKS_BACK = re.compile(
    r"\b(?:could|can|would)\s+you\s+(?:please\s+)?(?:send|share|give|tell|clarify|specify|confirm|provide)\b[^.!?\n]{0,100}\?"
    r"|\b(?:pode|poderia|pod(?:es|ias))\s+(?:me\s+)?(?:dizer|esclarecer|especificar|confirmar|informar)\b[^.!?\n]{0,100}\?",
    _I,
)
_UNSURE = re.compile(
    r"\b(?:divide|multiply|divida|multiplique)\s[^.=\d]{0,40}\s(?:by|por)\s\d+\W*$|"
    r"\b(?:not|n't)\s+(?:sure|certain)\s+(?:what|how|which)\b|\bnão\s+(?:tenho\s+certeza\s+d[eo]|sei)\s+(?:o\s+que|como|quant)",
    _I,
)
"""'There are 12 at first, but I'm not sure what happens next.', 'Divide both sides by 2.'"""
_CUT_OFF = re.compile(
    r"\b(?:the|o|a)\s(?:total|answer|result|sum|difference|resposta|resultado|soma|diferença)\s(?:[^\W\d_]{1,12}\s){0,4}(?:is|é|equals|será)\s*$"
    r"|\b(?:we\s+get|obtemos|temos)\s*$",
    _I,
)
"""A text that ends before it says its total."""
_BOUNDED = re.compile(
    r"\b(?:possible\s+(?:answers?|values|options)|(?:alternativas|respostas|opções)\s+possíveis)\s?:\s\d[\d\s.,;]+$|"
    r"\b(?:it(?:'s|\s+is)|answer\s+is)\s+one\s+of\s+(?:these|those|them)\b|\bé\s+uma?\s+d(?:ess|est|el)[ea]s\b|"
    r"^\W*(?:at\s+least|no\s+mínimo|pelo\s+menos)\s[^.!?\n;,]{1,40}(?:,\s(?:maybe|perhaps|possibly|talvez)\s(?:more|mais)|\s(?:or\smore|ou\smais))[.!]?\s*$|"
    r"^\W*(?:at\s+least|at\s+most|no\s+mínimo|no\s+máximo|pelo\s+menos)\s[^.!?\n;]{1,60}[;,.]\s[^.!?\n\d]{0,40}"
    r"(?:cannot|can't|não\s+(?:dá\s+para|posso|consigo|sei))\s[^.!?\n\d]{1,40}[.!]?\s*$",
    _I,
)
"""'At least 500; I cannot determine it.', '81, 82, 83: it is one of these.'"""
_AT_LEAST = re.compile(
    r"\W*(?:(?:the\s+answer|it)\s+is\s+|(?:a\s+resposta\s+)?(?:é|são)\s+)?(?:at\s+least|at\s+most|(?:pelo|ao)\s+menos|no\s+(?:mínimo|máximo))\s+"
    r"(?:R\$\s?|[$€£])?-?\d[\d.,]*(?:\s[^\W\d_]+)?(?:,\s(?:possibly|maybe|perhaps|talvez)\s\d[\d.,]*)?\W*",
    _I,
)
"""'At least 85.'"""
_LEAST = re.compile(
    r"\b(?:need|necess|requir|precis|least[^.]*\?|minimum|mínim|max|máxim|most)|\bat\s+least\b(?=.*\bat\s+least\b)|\bbus|\bônibus",
    _I,
)
"""It is asked for."""
_COMMITS = re.compile(
    r"\b(?:but|so|still|then|i'd|mas|então|portanto|logo|porém)\b[^.!?\n]{0,60}\d|[.!?\n]\s[^.!?\n]{0,80}\d",
    _I,
)
"""An answer after it, or 'but' and an answer."""
_DECLINES = re.compile(
    r"\bnão\s+sei\s+(?:se\s+(?:é|são|dá)\b|a\s+resposta)|\b(?:don't|do\s+not)\s+know\s+the\s+answer|\bnot\s+sure\s+(?:if|whether)\s+it\b|^\W{0,3}(?:error|erro)\s?:\s(?=[^\W\d_]{3})|"
    r"\b(?:(?:i|we)\s?(?:'m\s|am\s|are\s)?(?:can't|cannot|can\s+not|couldn't|could\s+not|won't|will\s+not|(?:not\s+able|unable)\s+to)\s"
    r"(?:solve|answer|help|work\s(?:[^\W\d_]{1,12}\s){1,3}out)"
    r"|i(?:'d|\s+would)\s+(?:rather|prefer)\s+not\b|não\s+(?:consigo|posso|sei|vou|quero)\s+(?:resolv(?:er|ê-l[oa])|respondê-l[oa]|responder|ajudar)|prefiro\s+não\s+(?:responder|dizer))",
    _I,
)
_SAYS = re.compile(
    r"(?:\b(?:is|are|was|é|são|foi|total|answer|resposta|result|resultado|gives?|makes?|dá|fica)\b|:)\s(?:R\$\s?|[$€£])?-?\d(?![^.!?\n]*\?)|^\W{0,4}-?\d",
    _I,
)
"""A number that is stated, and not asked."""
_QUESTION = re.compile(r"(?<=[.!?\n])[^.!?\n]*\?")
_LOOK_BACK = 400
_SENTENCES = 3
"""Those that are looked at, the one that says that it is undecided included."""


def between_two(text: str, language: str | None, asked: Asked) -> Stated | None:
    """The two numbers that a text cannot decide between; None where it states one of them.

    None at all of one that says that the question cannot be answered.
    """
    if is_unanswered(text, language):
        return Stated((), "breaks off before an answer")
    if _is_lacking(text, language, asked):
        return Stated((), "cannot be answered")
    least = _AT_LEAST.fullmatch(text) and not _LEAST.search(f"{asked.text} {text}")
    if least or _BOUNDED.search(text) or _declines(text):
        return Stated((), "left open")
    said = list(_UNDECIDED.finditer(text))
    if not said or _COMMITS.search(text, said[-1].end()):
        return None
    start = max(0, said[-1].start() - _LOOK_BACK)
    ends = [end.end() for end in ENDS.finditer(text, start, said[-1].start())]
    near = text[ends[-_SENTENCES] if len(ends) >= _SENTENCES else start :]
    found = joined(near, numbers(near, language))
    marks = marks_of(near, found, asked)
    free = [n for n, one in enumerate(found) if n not in marks.out and one.value not in asked.given]
    able = {found[n].value: n for n in free}
    if len(able) < 2 or explicit_of(near, found, marks):
        return None
    one, other = sorted(able.values())[-2:]
    return Stated((found[one], found[other]), "left open", several=True)


def _declines(text: str) -> bool:
    """'The text speaks of 42, but I cannot solve it': nothing is stated, before it or after."""
    said = _DECLINES.search(text)
    if said is None or "=" in text or _COMMITS.search(text, said.end()):
        return False
    return _SAYS.search(text, 0, said.start()) is None


def _is_lacking(text: str, language: str | None, asked: Asked) -> bool:
    """'I would need more information', after which no answer stands, nor an explicit one before."""
    said = list(_LACKING.finditer(text))
    told = (
        (_MAYBE.search(text, said[-1].end()) or TOLD.search(text, said[-1].end())) if said else None
    )
    rest = text[: told.start()] if told else text
    rest = _QUESTION.sub("", rest) if said and "?" in rest else rest
    unsaid = bool(said) and not _COMMITS.search(rest, said[-1].end())
    back = _ASKS_BACK.search(text) or REFUSING.search(text)
    back = back or _UNSURE.search(text)
    if back is not None and all(one.value in asked.given for one in numbers(text, language)):
        return bool(asked.given)
    if back is not None and not any(
        char.isdigit() for char in text[: back.start()] + text[back.end() :]
    ):
        return True
    if not unsaid and not _CUT_OFF.search(text) and not breaks_off(text, language):
        return False
    found = joined(text, numbers(text, language))
    return explicit_of(text, found, marks_of(text, found, asked)) is None
