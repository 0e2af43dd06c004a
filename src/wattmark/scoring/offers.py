"""What is said around an answer and states none: advice after it, and offers of more.

'Remember that the limit is 80', 'Se quiser, posso preparar mais 5 exercícios'. An offer states
nothing wherever it stands; a reminder may lead to an answer, and states nothing after one. What
reckons (has an equals sign) or concludes ('so 12') is neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from wattmark.scoring.around import ASKED_SO
from wattmark.scoring.spans import Stretch

_I = re.IGNORECASE
_OPENS = r"(?:^|(?<=[.!?:;)…]\s)|(?<=\n)|(?<=\s[-–—]\s))\W{0,6}"
_REMINDER = re.compile(
    _OPENS + r"(?:(?:and|but|also|e|mas|please),?\s+)?"
    r"(?:(?:just\s+)?remember\b|keep\s+in\s+mind\b|bear\s+in\s+mind\b"
    r"|(?:do\s+not|don't)\s+forget\b|be\s+careful\b|tips?\s*:|hint\s*:|warning\s*:|reminder\s*:|lembre(?:-se|m-se)?\b"
    r"|lembrando\s+que|não\s+(?:se\s+)?esqueça|tenha\s+em\s+mente|vale\s+lembrar|cuidado\b|dica\s*:|atenção\s*:"
    r"|aviso\s*:|lembrete\s*:)[^.!?\n]{0,300}",
    _I,
)
_OFFER = re.compile(
    r"\b(?:(?:could|can|would)\s+you\s+(?:please\s+)?tell\s+me|(?:pode|poderia)\s+me\s+dizer|would\s+you\s+(?:like|prefer|want)|do\s+you\s+(?:want|need)|anything\s+else|precisa\s+de\s+mais\s+alguma|want\s+(?:me\s+to|more|another)|shall\s+(?:i|we)\b"
    r"|let\s+me\s+know\b|feel\s+free\b|(?:do\s+not|don't)\s+hesitate|i(?:'d|\s+would)\s+be\s+(?:happy|glad)"
    r"|i\s+(?:can|could)\s+(?:also\s+)?(?:help|give|prepare|make\s+you|generate|create|offer|send|provide|suggest)\b"
    r"|(?:available|here|open|online|disponível|aberto|aqui)\s+24(?:/7|\s+(?:hours|horas))|give\s+it\s+100\s?%"
    r"|quer\s+que\s+eu|gostaria\s+(?:de|que)|deseja\b|quer\s+(?:mais|outr[oa]s?|tentar|ver)\b|(?:fico|estou)\s+à\s+disposição"
    r"|me\s+avise|(?:é\s+só|basta)\s+(?:me\s+)?(?:avisar|pedir|chamar|dizer|falar)|fique\s+à\s+vontade|conte\s+comigo"
    r"|(?:posso|podemos)\s+(?:também\s+)?(?:ajud|prepar|cri|ger|propor|pass|mont|te\s|lhe\s|envi|suger|mostr|resolv|explic|calcul)\w*)[^.!?\n]{0,300}",
    _I,
)
_ASKED_SO = re.compile(
    _OPENS + r"(?:(?:so|ok(?:ay)?|então|bem|well),?\s+)?" + ASKED_SO + r"(?!\s+for\s)\b"
    r"(?:(?!\s(?:and|e|is|é)\s(?:it|the|a|o|that)\b)[^.!?\n,:;=(—]){0,200}(?=[.!?\n,])",
    _I,
)
_RATE = re.compile(
    r"\b(?:rate\s+(?:this|my)|avalie\s+(?:est[ae]|minha|ess[ae]))\s[^.!?\n]{1,100}", _I
)
_IF_WANTED = re.compile(
    r"\b(?:if\s+you(?:'d|\s+would)?\s+(?:like|want|need|prefer|wish)|se\s+(?:você\s+|tu\s+)?(?:quiser|preferir|precisar|desejar)(?:es)?)\b"
    r"[^.!?\n]{0,100}\b(?:i\s+(?:can|could|will)(?!\s+tell)|i'll|i'd|we\s+can|let\s+me\s+know|just\s+(?:ask|say|tell)"
    r"|posso|podemos|vou|faço(?:-te)?|(?:calcul|mostr|explic|resolv)o\b|(?:é\s+só|basta)\s+(?:me\s+)?(?:avisar|pedir|chamar|dizer|falar)"
    r"|me\s+(?:avise|peça|diga|chame)|estou|fico)\b[^.!?\n]{0,300}",
    _I,
)
_RECKONS = re.compile(r"[=≈]|\b(?:answer|resposta|gabarito)\b", _I)
_SO = re.compile(
    r"\b(?:so|therefore|thus|hence|portanto|então|logo|assim)\b(?!,?\s(?:you|we|você|não)\s(?:can't|cannot|should|pode|deve))[^.!?\n]{0,80}\d",
    _I,
)


_GOES_ON = re.compile(
    r"[=≈\n]|\b(?:answer|resposta|gabarito|so|therefore|thus|hence|portanto|então|logo|assim|total)\b",
    _I,
)


def reminders(text: str) -> Iterator[Stretch]:
    """Advice, to the end of its sentence or to what it concludes."""
    for found in _REMINDER.finditer(text):
        if not _RECKONS.search(found[0]):
            so = _SO.search(found[0])
            end = found.start() + so.start() if so else found.end()
            yield Stretch(found.start(), end, after=True)


def offers(text: str) -> Iterator[Stretch]:
    """Offers of help or of more, to the end of their sentence."""
    for pattern in (_RATE, _ASKED_SO):
        for found in pattern.finditer(text):
            yield Stretch(found.start(), found.end(), after=False)
    for pattern in (_OFFER, _IF_WANTED):
        for found in pattern.finditer(text):
            if not _RECKONS.search(found[0]):
                yield Stretch(found.start(), found.end(), after=False)
                if text[found.end() :][:1] == "?" and not _GOES_ON.search(text, found.end()):
                    yield Stretch(found.end(), len(text), after=True)
