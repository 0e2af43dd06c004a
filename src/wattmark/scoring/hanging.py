"""Numbers that say something of another number: '13 bags of 12', '15, 3 more than Ann has'."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked, is_asked
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import ENDS, GAP
from wattmark.scoring.units import CURRENCIES

_I = re.IGNORECASE
_NP = (
    r"(?:(?!(?:e|and|but|mas|so|gives?|leaves?|makes?|yields?|totals?|costs?|equivalem?|dão?|deixam?|resultam?)\s"
    r"|(?:is|are|was|é|são|foi|será)\s(?:de|of|at)\s)[^\W\d_]{1,20}\.?(?:/[a-z]{1,3})?\s+){0,5}"
)
_BY = (
    r"of|d[eoa]s?|from|out\s+of|among|between|d?entre|every|a\s+cada|with|com|in|em|n[oa]s?|pel[oa]s?|within|para|for|per|por|at|on|sobre"
    r"|after|before|over|antes|depois|ap[oó]s|during|durante|instead|em\s+vez|compared|daqui|including|incluindo"
    r"|to\s+(?!get|have|make|give|reach|obtain)[a-z]{2,12}"
    r"|to\s+(?:get|have|make|reach)(?=\s(?:all|the|a\s+total)\s)"
)
_HANGS = re.compile(
    r"^(?:\.?[oaºª]\s|/[a-zà-ÿ]{1,8}(?=\s))?\s*(?:"
    + _NP
    + r"(?P<by>"
    + _BY
    + r")|(?:"
    + _NP
    + r"[^\W\d_]{1,20})?,\s+"
    r"(?:of|d[eoa]s?|from|out\s+of|instead|em\s+vez|compared|with|com))"
    r"\s+(?:(?!(?:e|and|but|mas|is|are|é|são)\s)[^\W\d_]{1,15}(?:'s)?\s+){0,3}(?:[$€£]|R\$|US\$)?\s?$",
    _I,
)
_GOVERNED = re.compile(
    r"\s(?:of|de|from|in|em|by|por|at|after|before|n[oa]s?)\s+(?:(?:the|all|as|os|each|his|her|their|its|seus|suas)\s+)?(?:(?:original|initial|starting)\s+)?(?:[$€£]|R\$)?\s?$"
    r"|\s(?:d[oa]s|of\s+the)\s+(?:[$€£]|R\$)?\s?$"
    r"|^\s*(?:of|in|das|dos|em|no|na|nos|nas|after|from|at|com|with)\s+(?:(?:the|all|as|os)\s+)?$",
    _I,
)
_OF_FIRST = re.compile(
    r"(?:^|[.!?]\s|\n)\W{0,3}(?:(?:out\s+)?of|d[aeo]s?)\s(?:(?:the|all|as|os)\s)?$", _I
)
_SO_MANY_OF = re.compile(r"(?<![\d.,])\d{1,4}\s(?:out\s+of|of|de)\s$", _I)
"""'8 de 10 perguntas'."""
_THEN = re.compile(r"(?:\s[^\W\d_]{1,20}){0,3},\s[^.!?\n]{0,60}\d")
"""'Of 84 tulips, 65 survived': the first is the whole."""
_AMOUNTS = re.compile(
    r"\b(?:total|é|foi|será|is|was|cost|price|profit|amount|average|distance|area|drop|fall|rise|gain"
    r"|increase|decrease|reduction|discount|savings?|difference|loss|height|weight|length|change"
    r"|custo|preço|valor|lucro|média|distância|troco|área|queda|aumento|redução|desconto|economia|diferença"
    r"|speed|velocidade|prejuízo|altura|peso|comprimento|soma|sum)"
    r"\s(?:of|de|from|in|em|by|por|at)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
"""'A drop of 25': what follows is its value."""
_ABOUT_ANOTHER = re.compile(
    r",?\s+(?:and|e)\s+(?:then|depois(?:\s+d(?:ele|ela|isso|esse|este))?|after\s+(?:that|it)|em\s+seguida)\s+$"
    r"|,\s+(?:which|o\s+que)\s+(?:brings|takes|raises|eleva|leva)\s(?![^,.;:=]{0,20}\btotal\b)[^,.;:=]{0,40}$"
    r"|,\s+(?!(?:mean|keep|gain|mak|leav|giv|totall?|yield|bring|result|gett|reach|cost|pay|hav|be|equal|com|amount)ing\b"
    r"|(?:da|faze|deixa|sobra|resta|resulta|fica|totaliza|gera|obte|chega|soma|paga|custa|perfaze|te|se|recebe|sai|falta)ndo\b)"
    r"[^\W\d_]{2,12}(?:ing|ndo)\s[^,.;:=]{0,40}$"
    r"|,\s+(?:que|who)\s+(?:scored|got|made|earned|won|paid|sold|turned|fez|marcou|ganhou|pagou|vendeu|obteve|leva|levou|completou)\s+(?:[$€£]|R\$)?\s?$"
    r"|,\s+(?:que|who|whose|which)\s+(?:has|had|have|(?<=who\s)(?:is|was)|costs?|tem|tinha|custa|custava|mede|pesa)\s+"
    r"(?:[$€£]|R\$)?\s?$"
    r"|,\s+leaving\s(?:the\s)?(?:other|rest|remaining)\s$"
    r"|,\s+(?:up|down)\s+$"
    r"|,\s+(?:each|cada\s+uma?)\s+(?!(?:is|costs?|gets?|has|é|custa|recebe|tem)\b)[^,.;:=]{2,30}\s$"
    r"|,\s+(?:and\s+its|e\s+(?:seu|sua|o\s+seu|a\s+sua)|whose|cuj[oa])\s+(?:square(?:\s+root)?|cube|half|double"
    r"|triple|raiz(?:\s+quadrada)?|quadrado|cubo|metade|dobro|triplo)\s[^,.;:=\d]{0,20}$"
    r"|,\s+(?:half|twice|double|triple|three\s+times|metade|o\s+dobro|o\s+triplo|the\s+last|the\s+other|[oa]\s+últim[oa]|[oa]\s+outr[oa])\s(?:(?!\b(?:is|are|must|é|são|deve)\b)[^,.;:=]){0,40}$",
    _I,
)
"""', who has 12', ', half of the remaining 84'."""
_BRINGS = re.compile(r",\s+(?:which|o\s+que)\s+(?:brings|takes|raises|eleva|leva)\b", _I)
_AFTER_ALL = re.compile(r"\b(?:now|new|final|after|total|agora|nov[oa]|depois|passa)\b", _I)
"""In a question for what comes of it."""
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_WITH = re.compile(r"\b(?:with|com)\b", _I)
_ENDS_UP = re.compile(r"\b(?:fic\w*|end\w*|left|leav\w*|now|agora|deix\w*)\b", _I)
_MORE = re.compile(
    r"\s*(?:[^\W\d_]{1,15}\s+)?(?:a\s+(?:mais|menos)\b|(?:more|less|fewer|[a-z]{2,10}er)\s+(?:[^\W\d_]{1,15}\s+){0,2}than\b"
    r"|mais\s+(?:velh|nov)[oa]|(?:sooner|earlier|faster|slower|mais\s+(?:cedo|tarde|rápido))\b|(?:short|shy|ahead|left)\s+of\b|away\s+from\b|(?:below|above|under|over|beyond|abaixo|acima|além|aquém)\b|of\s+(?:them|whom|which)\b|del[ea]s\b|d[oa]s\s+quais\b)",
    _I,
)
_DIFFERENCE = re.compile(
    r",\s+(?:a|an|uma?)\s+(?:drop|fall|rise|gain|increase|decrease|reduction|difference|loss|savings?|discount|queda"
    r"|aumento|redução|diferença|alta|economia|desconto)\s+(?:of|de)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
_BOTH = re.compile(
    r"\b(?:from|de)\s[^.!?\n\d]{0,20}\d[^!?\n]{0,20}\s(?:to|para|a)\s[^.!?\n\d]{0,20}\d", _I
)
_COMES_TO = re.compile(r"\b(?:comes?|came|works?|worked)\s+(?:out\s+)?(?:at|to)\s", _I)
"""'5/15 comes out at 0.33'."""
_BUT = re.compile(r",\s(?:but|mas|porém)\s", _I)
_MEANS = re.compile(
    r"(?:\b(?:is|means|gives|equals|corresponds?\s+to|é|seja,|dá|representa|significa)\s(?:an?\s|uma?\s)?|:\s)"
    r"[^\W\d_]{4,15}\s(?:of|de)\s(?:R\$|[$€£])?\s?$",
    _I,
)
"""'60 miles in 1.5 hours means a speed of 40 mph'."""
_REMAINDER = re.compile(r"\b(?:remainder|quotient|resto|quociente)\s(?:of|de)\s$", _I)
_HAPPENED = re.compile(
    r"(?<!não\s)\b(?:(?:was|were|foi|foram)\s[^\W\d_]{3,15}|took\s+place|happened|occurred|ended|began|started|ocorreu|aconteceu"
    r"|opened|founded|born|died|fell|abriu|inaugurad[oa]|fundad[oa]|abert[oa]|nasceu|morreu|caiu|chegou|criad[oa]"
    r"|terminou|começou)\s(?:in|em)\s$",
    _I,
)
"""'The treaty was signed in 1784'."""
_BELOW = re.compile(r"\s?(?:[^\W\d_]{1,15}\s)?(?:below|abaixo)\b", _I)
"""'−15 m, that is, 15 m below the sea': the sign is said in words."""
_OPENS_IS = re.compile(r"(?:[.!?]\s|\n)\W{0,3}(?:that's|that\s+is|it's|são|é|isso\s+é)$", _I)
_LEADS = (
    *(",", ".", ";", "$", "€", "£", "is", "é", "são", "of", "de"),
    *("so", "thus", "hence", "portanto", "logo", "assim"),
)
"""What stands before a number that says by how much."""
_RESTATED = ("seja,", "é,", "is,", "e.,", "i.e.")
_RATE = re.compile(
    r"\s*[^\W\d_]{0,15}\s?(?:an?\s+(?:hour|day|week|month|year)|(?:for\s+|in\s+)?(?:each|every)|(?:a\s+|para\s+|em\s+)?cada|por|per)\b",
    _I,
)
_SPEED = re.compile(
    r"\s?(?:km|m|miles?|met(?:re|er)s?|kilomet(?:re|er)s?|quilômetros?|metros?|milhas?)\s(?:per|an?|por)\s(?:hour|minute|second|hora|minuto|segundo)",
    _I,
)
_THUS = re.compile(r"(?<=,)\s+(?:so|thus|hence|portanto|logo|assim)\s+$", _I)
_PAID = re.compile(r"(?:US\$|R\$|[$€£])\s?$")
_PRICE = re.compile(r"\b(?:for|por|para)\s(?![^\W\d_]{2,12}[aei]r\s)", _I)
"""'3 pens for $6', and not '$35 para completar os $100'."""


def not_hanging(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """Without those that a preposition joins to the number before them."""
    free = [n for n in inside if n == 0 or not _hangs(text, found[n - 1], found[n], asked)]
    return free or list(inside)


def _hangs(text: str, before: Number, number: Number, asked: Asked) -> bool:
    gap = text[before.end : number.start]
    if len(gap) > GAP or "=" in gap or _BUT.search(gap):
        return False
    if "," in gap and _ABOUT_ANOTHER.search(gap):
        return not (_BRINGS.search(gap) and _AFTER_ALL.search(asked.text))
    if _is_free(number, asked):
        return False
    hung = _HANGS.search(gap)
    if hung is None or (_WITH.search(gap) and _ENDS_UP.search(gap)):
        return False
    stated = _COMES_TO.search(gap) or _REMAINDER.search(gap) or _MEANS.search(gap)
    dated = _YEAR.fullmatch(number.shown) and hung["by"] and gap.rstrip().endswith((" in", " em"))
    if stated or dated:
        return False
    paid = number.unit is not None and number.unit.kind in CURRENCIES
    return not (paid and _PRICE.search(gap))


def _is_free(number: Number, asked: Asked) -> bool:
    """Is it what is asked for, and new, or below zero?"""
    if number.shown.startswith(("-", "minus", "menos", "negative")):
        return True
    return is_asked(number, asked) and number.value not in asked.given


def governed(text: str, number: Number, asked: Asked) -> bool:
    """'Of the 24 girls', 'the mean of the 4 marks'; not 'of 6 sides' where sides are asked for."""
    if _OF_FIRST.search(text[max(0, number.start - 20) : number.start]) and _THEN.match(
        text, number.end
    ):
        return True
    if _SO_MANY_OF.search(text[max(0, number.start - 16) : number.start]):
        return True
    if _is_free(number, asked):
        return False
    before = text[max(0, number.start - GAP) : number.start]
    near = ENDS.split(before)[-1]
    stated = _AMOUNTS.search(near) or _COMES_TO.search(near)
    if asked.year and stated is None:
        stated = _HAPPENED.search(near)
    return _GOVERNED.search(near) is not None and stated is None


def _from_to(text: str, number: Number) -> bool:
    """'It grew from 80 to 90, an increase of 10': does its sentence say from what to what?"""
    said = ENDS.split(text[max(0, number.start - GAP) : number.start])[-1]
    return _BOTH.search(said) is not None


def _has_time(found: Sequence[Number]) -> bool:
    """'120 km in 2 hours, i.e. 60 km per hour': a speed is worked out."""
    return any(one.unit is not None and one.unit.kind == "time" for one in found)


def by_how_much(text: str, found: Sequence[Number], n: int, asked: Asked) -> bool:
    """', 3 more than Ann' after what is compared; not the same once more ('−12, or 12 less')."""
    number = found[n]
    near = text[max(0, number.start - 30) : number.start]
    if not near.rstrip().lower().endswith(_LEADS) or not {",", ".", ";"} & {*near}:
        return False
    before = _THUS.sub("", _PAID.sub("", near)).rstrip()
    if _DIFFERENCE.search(near) and (asked.text or not _from_to(text, number)):
        return True
    if (
        not asked.each
        and before.endswith((",", "which is", *_RESTATED))
        and _RATE.match(text, number.end)
        and not (_SPEED.match(text, number.end) and _has_time(found[:n]))
    ):
        return True
    leads = before.endswith((",", ";", "i.e.", "which is", "que é", "que são")) or _OPENS_IS.search(
        before
    )
    if not leads or not _MORE.match(text, number.end):
        return False
    said = found[n - 1].value if n else None
    same = said is not None and number.value is not None and abs(said) == abs(number.value)
    below = _BELOW.match(text, number.end) is not None and (said or 0) < 0
    return below or not (same and before.endswith(_RESTATED))
