"""What a number is in its sentence: an operand, a label, denied, an aside, or a possible answer.

A scorer that takes any number that equals the gold takes the question's own digits for an
answer. Each number is looked at with what stands around it, in English and in Portuguese.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from wattmark.scoring.clean import CODE_CLOSE, CODE_OPEN
from wattmark.scoring.cues import cues_of
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES

_NEAR = 60
_EQUATIONS = 12
"""Equations back that one may check."""
_LONG = 600
"""Characters that a reason or a check may be long."""
_I = re.IGNORECASE

_OPERATOR = re.compile(
    r"^[)\]\s]*(?:(?:[^\W\d_]{1,20}\.?\s+){0,2}(?:\+|\*|/|plus|mais|times|vezes|minus|menos|over"
    r"|(?:multiplied|divided)\s+by|(?:multiplicad|dividid)[oa]s?\s+por|added\s+to|somad[oa]s?\s+a)"
    r"|-|–)[\s(\[$€£R]*-?$",
    _I,
)
_MINUS = re.compile(r"^\s?[^\W\d_]{1,30}\s+[-–]\s+$")
_EQUALS = re.compile(r"(?:=|≈|=>|\bequals|\bequal\s+to|\bigual\s+a)\s*[(\[$€£R\s\"']*-?\s?$", _I)
_OF = re.compile(r"^\s*(?:of|de|do|da|dos|das)\s+(?:[^\W\d_]{1,12}\s+){0,1}[$€£R\s]*$", _I)
_TAKEN_TOGETHER = re.compile(
    r"\b(?:sum|difference|product|quotient|ratio|soma|diferença|produto|quociente|add|adding|adds"
    r"|added|subtract\w{0,6}|multipl[iy]\w{0,6}|divid\w{1,6}|som(?:ar|amos|ando|armos|e|ei)"
    r"|subtra\w{1,6}|multiplic\w{1,6}|adicion\w{1,6}|combin\w{1,6}|between|entre|juntando|taking)"
    r"\s+(?:[^\W\d_]{1,15}\s+){0,3}[$€£R\s]*$",
    _I,
)
_AND = re.compile(
    r"^\s+(?:[^\W\d_]{1,20}\s+){0,2}(?:and|e|to|from|by|with|com|por|a|de|&)\s+"
    r"(?:(?:the|o|a|os|as)\s+)?[$€£R\s]*$|^,\s*(?:and\s+|e\s+)?[$€£R\s]*$",
    _I,
)
_AND_MORE = re.compile(r"^\s*(?:,|&|,?\s*and|,?\s*e|com|with)\s+$", _I)

DENIED_BEFORE = re.compile(
    r"(?:\bnot|n't|\bnever|\bcannot|\bnão|\bnunca|\bnem|≠|!=|\binstead\s+of|\brather\s+than"
    r"|\bem\s+vez\s+de|\bao\s+invés\s+de|\bunlike|\bother\s+than|\bexcept|\bwhether)"
    r"(?:\s+(?:exactly|equal|to|be|the|answer|is|it|it's|that|think|believe|say|just|simply|really"
    r"|é|a|o|resposta|resultado|igual|ser|seja|são|acho|que|correct|apenas|possible|possível|likely|provável))*\s*[(\"'$€£R:]*-?\s?$",
    _I,
)
_WRONG_BEFORE = re.compile(
    r"\b(?:wrong|incorrect|errad[oa]|incorret[oa])\s+(?:answer|resposta|result|resultado|value|valor)?"
    r"\s*(?:is|was|would\s+be|é|seria|:|=)*\s*$"
    r"|\b(?:resposta|answer)\s+(?:errada|incorreta)\s*(?:é|seria|:)*\s*$",
    _I,
)
DENIED_AFTER = re.compile(
    r"^[\ue002\s\"')]*(?:(?:is|was|would\s+be|é|está|seria|are)\s+(?:also\s+|clearly\s+)?"
    r"(?:wrong|incorrect|not\s+(?:the|right|correct)|errad|incorret|false\b)"
    r"|isn't\s+(?:the|right|correct)|não\s+(?:é|está)\s+(?:a\s+resposta|cert|corret))",
    _I,
)
_COMPARED = re.compile(
    r"(?:\b(?:more|less|fewer|greater|bigger|smaller|larger|higher|lower)\s+than|\bmais\s+(?:do\s+)?(?:de|que)"
    r"|\bmenos\s+(?:do\s+)?(?:de|que)|\bmaior\s+(?:do\s+)?que|\bmenor\s+(?:do\s+)?que|\bacima\s+de"
    r"|\babaixo\s+de|(?<![-=])[<>]|[≤≥±]|\+/-)\s*[$€£R]*\s*$",
    _I,
)
_REST = re.compile(
    r"[\d)]\s*,?\s*(?:and|with|e|com)?\s*(?:the|a|o|um)?\s*\b(?:remainder|resto|r)"
    r"\s*(?:is|of|é|de|:|=)?\s*$",
    _I,
)
_PLACE = re.compile(r"\b(?:in|em|n[ao]s?|across|within)\s+(?:the\s+|all\s+)?$", _I)
_PART_OF = re.compile(
    r"\b(?:half|third|quarter|metade|dobro|triplo|twice|double|triple|terço|quarto|squared?|cube"
    r"|root|quadrado|cubo|raiz(?:\s+quadrada)?)\s+(?:(?:of|de|do|da)\s+)?(?:the\s+)?$",
    _I,
)
_FOR = re.compile(r"\b(?:for|during|por|durante)\s+(?:the\s+)?$", _I)
_TIMES = ("month", "months", "year", "years", "mês", "meses", "ano", "anos")
_STEP = re.compile(r"\b(?:steps?|passos?|etapas?)\s*[#:]?\s*$", _I)
_LABEL = re.compile(
    r"\b(?:case|caso|part|parte|question|questão|pergunta|problem|problema|exercise|exercício"
    r"|example|exemplo|figure|figura|fig\.|table|tabela|page|página|equation|equação|eq\.?|line"
    r"|linha|option|opção|method|método|attempt|tentativa|section|seção|chapter|capítulo|item|round"
    r"|guess|palpite)\s*[#(]?\s*$",
    _I,
)
_SURE_BEFORE = re.compile(
    r"\b(?:confidence|confiança|certainty)\W*(?:level|score|is|of|é|de)?"
    r"\W*$",
    _I,
)
_SURE_AFTER = re.compile(
    r"^\s*(?:sure|certain|confident|confidence|de\s+certeza|certeza|segur[oa]|de\s+confiança)\b", _I
)
_ASIDE_AFTER = re.compile(
    r"^\s*(?:-?\s*(?:steps?|passos|etapas|ways|maneiras|formas|decimals?|casas|significant"
    r"|algarismos|digits?|dígitos|more\s+(?:examples|problems|questions)))\b",
    _I,
)
_UNREADABLE_AFTER = re.compile(
    r"^\s?(?:π|√)|^!\s?=|^\s(?:factorial|fatorial)\b|^\s?\*?\s?(?:pi|sqrt)\b|^[xyznab](?!\w)"
)
_UNREADABLE_BEFORE = re.compile(r"(?:√|\bsqrt)\s?[({]?\s?$|√\([^()]*$")
_ORDINAL = re.compile(r"^(?:st|nd|rd|th|º|ª|o|a)(?!\w)", _I)
_ITEM = re.compile(r"(?:^|\n)[ ]*\(?$")
_ITEM_END = re.compile(r"^(?:[.)]|\.\))\s+\S")
_PARENTHESES = re.compile(rf"\([^()\n]{{0,300}}\)|{CODE_OPEN}[^{CODE_CLOSE}]*{CODE_CLOSE}?")

_CHECKING = re.compile(
    r"\b(?:check(?:ing|s)?\b(?:\s+(?:it|this|the\s+answer|that))?\s*[:,(]|(?:let's|let\s+me|let\s+us|to|we\s+can|you\s+can)\s+"
    r"(?:double[-\s]?check|check|verify|confirm)|verification|verifying|proof\s*:|"
    r"prova\s+real|prova\s*:|verificação|verificando|conferindo|conferência|para\s+(?:verificar|conferir)"
    r"|tirando\s+a\s+prova|podemos\s+(?:verificar|conferir)|notes?\s*:|p\.?s\.?\s*:|obs\.?\s*:|observação\s*:"
    r"|nota\s*:|fun\s+fact|curiosidade|by\s+the\s+way|for\s+(?:comparison|example)|por\s+exemplo|explanation"
    r"|explicação|here\s+is\s+(?:how|why)|here's\s+(?:how|why)|eis\s+como|veja\s+como|para\s+comparar"
    r"|working\s*:|reasoning\s*:|raciocínio\s*:|cálculo\s*:|confidence\s*:)",
    _I,
)
_CLAUSE = re.compile(
    r"\b(?:because|since|as\s+(?:we|you|the)|porque|pois|já\s+que|uma\s+vez\s+que|visto\s+que|dado\s+que"
    r"|by\s+[a-z]{1,15}ing|if\s+(?:you|we)|when\s+(?:you|we|added)|se\s+(?:você|nós|somar)|let\s+me\s+know|would\s+you|do\s+you"
    r"|if\s+you|se\s+quiser|se\s+precisar|quer\s+que|not\s+to\s+be|which\s+is\s+the\s+(?:sum|difference|product)"
    r"|que\s+é\s+a\s+(?:soma|diferença)|ao\s+(?:somar|subtrair|multiplicar|dividir)"
    r"|(?:somando|subtraindo|multiplicando|dividindo)|obtained|obtid[oa]|out\s+of\s+a\s+total)\b",
    _I,
)
_TRAILING = re.compile(
    r",\s+(?:from\s+(?:her|his|their|the|its|a)|of\s+which|including|out\s+of|compared|up\s+from"
    r"|down\s+from|dos\s+quais|das\s+quais|incluindo|de\s+um\s+total)\b[^,.;!?\n]{0,200}",
    _I,
)
_CLAUSE_END = re.compile(
    r"[.!?;](?=\s|$)|\n|,?\s\b(?:so|therefore|thus|hence|then|portanto|então|logo|assim)\b|,\s+(?:it|that|we|you|this)\s"
    r"|,\s+(?:temos|fica|dá|obtemos)",
    _I,
)
_CHECK_END = re.compile(
    r"\b(?:so|therefore|thus|hence|portanto|então|logo|assim)\b[,:]?\s+(?:the|a|o|it|we|é|são|temos)?",
    _I,
)


@dataclass
class Marks:
    """What was found about the numbers of a text, by their place in its list."""

    out: set[int] = field(default_factory=set)
    """No answer in any case: operands, labels of steps, what was denied."""
    aside: set[int] = field(default_factory=set)
    """An answer only where nothing else is: in brackets, in a check, in a reason given."""
    operands: set[int] = field(default_factory=set)
    results: set[int] = field(default_factory=set)
    """Right after an equals sign."""


def marks_of(text: str, found: Sequence[Number]) -> Marks:
    """What each number of a cleaned text is."""
    marks = Marks()
    if not found:
        return marks
    cues = cues_of(text)
    _operands(text, found, marks)
    for at, number in enumerate(found):
        before = text[max(0, number.start - _NEAR) : number.start]
        after = text[number.end : number.end + 40]
        if _is_out(before, after, number, cues):
            marks.out.add(at)
        elif _is_aside(before, after, number, cues) or (
            at and _is_price(found[at - 1], number, before)
        ):
            marks.aside.add(at)
        if "equals" in cues and _EQUALS.search(before):
            marks.results.add(at)
    _items(text, found, marks)
    _spans(text, found, marks, cues)
    _checks(found, marks)
    marks.out |= marks.operands
    return marks


def _is_aside(before: str, after: str, number: Number, cues: frozenset[str]) -> bool:
    if "place" in cues and number.noun and "\n" not in before:
        lasts = number.noun.lower() in _TIMES or (number.unit and number.unit.kind == "time")
        if _PLACE.search(before) or (lasts and _FOR.search(before)):
            return True
    if "counted" in cues and _ASIDE_AFTER.search(after):
        return True
    return "label" in cues and bool(_LABEL.search(before) or _REST.search(before))


def _is_price(price: Number, number: Number, before: str) -> bool:
    """In '$120 for 8 notebooks' the 8 is what was paid for."""
    paid = price.unit is not None and price.unit.kind in CURRENCIES and number.unit is None
    return paid and bool(_FOR.search(before))


def _is_out(before: str, after: str, number: Number, cues: frozenset[str]) -> bool:
    return (
        bool(_ORDINAL.match(after) or _UNREADABLE_AFTER.search(after))
        or ("denied" in cues and bool(DENIED_BEFORE.search(before)))
        or ("wrong" in cues and bool(DENIED_AFTER.search(after) or _WRONG_BEFORE.search(before)))
        or ("compared" in cues and bool(_COMPARED.search(before)))
        or ("step" in cues and bool(_STEP.search(before)))
        or ("sure" in cues and _is_sureness(before, after, number))
        or ("part" in cues and bool(_PART_OF.search(before)))
        or bool(before and _UNREADABLE_BEFORE.search(before))
    )


def _is_sureness(before: str, after: str, number: Number) -> bool:
    """'I am 99 % sure', 'confidence: 0.9'."""
    return bool(_SURE_BEFORE.search(before) or (number.percent and _SURE_AFTER.search(after)))


def _operands(text: str, found: Sequence[Number], marks: Marks) -> None:
    for at in range(len(found) - 1):
        left, right = found[at], found[at + 1]
        gap = text[left.end : right.start]
        if len(gap) > _NEAR or not gap.strip():
            continue
        more = at in marks.operands and _AND_MORE.search(gap)
        alike = left.noun and left.noun.lower() == right.noun.lower() and _MINUS.search(gap)
        sign = gap.strip() in "-–" and right.shown[:1] == "-"
        joined = alike or (_OPERATOR.search(gap) and not sign)
        share = left.percent and _OF.search(gap)
        if joined or share or more or (_AND.search(gap) and _together(text, left)):
            marks.operands |= {at, at + 1}


def _together(text: str, left: Number) -> bool:
    """Is the number before 'and' the first of a sum?"""
    return bool(_TAKEN_TOGETHER.search(text[max(0, left.start - _NEAR) : left.start]))


def _items(text: str, found: Sequence[Number], marks: Marks) -> None:
    """Numbering of a list at the starts of lines: 1., 2., 3. in order."""
    items: list[int] = []
    for at, number in enumerate(found):
        if (
            len(number.shown) > 2
            or not number.shown.isdigit()
            or text[number.end : number.end + 1] not in (".", ")")
        ):
            continue
        starts = _ITEM.search(text[max(0, number.start - 20) : number.start])
        if (
            starts
            and int(number.shown) == len(items) + 1
            and _ITEM_END.match(text[number.end : number.end + 6])
        ):
            items.append(at)
            marks.operands.discard(at)
    (marks.out if len(items) > 1 else marks.aside).update(items)


def _spans(text: str, found: Sequence[Number], marks: Marks, cues: frozenset[str]) -> None:
    """Brackets, checks, reasons and questions: asides, where a possible answer stands before."""
    if not found:
        return
    starts = [number.start for number in found]
    for start, end, needs_answer in sorted(_stretches(text, cues)):
        first, last = bisect_left(starts, start), bisect_left(starts, end)
        if first < last and not (needs_answer and not _answered(first, marks)):
            marks.aside.update(range(first, last))


def _stretches(text: str, cues: frozenset[str]) -> Iterator[tuple[int, int, bool]]:
    """Start and end of each, and whether it is one only after a possible answer."""
    if "(" in text or CODE_OPEN in text:
        for found in _PARENTHESES.finditer(text):
            yield found.start(), found.end(), False
    for found in _CHECKING.finditer(text) if "checking" in cues else ():
        end = _CHECK_END.search(text, found.end(), found.end() + _LONG)
        yield found.start(), end.start() if end else len(text), True
    for found in _CLAUSE.finditer(text) if "clause" in cues else ():
        end = _CLAUSE_END.search(text, found.end(), found.end() + _LONG)
        yield found.start(), end.start() if end else found.end() + _LONG, True
    for found in _TRAILING.finditer(text) if "trailing" in cues else ():
        yield found.start(), found.end(), True
    at = text.find("?")
    while at >= 0:
        start = max(text.rfind(sign, 0, at) for sign in ".!?\n") + 1
        if text.count(" ", start, at) > 2:
            yield start, at, False
        at = text.find("?", at + 1)


def _answered(place: int, marks: Marks) -> bool:
    """Is there a possible answer before the number at that place?"""
    return any(
        at not in marks.out and at not in marks.aside and at not in marks.operands
        for at in range(place)
    )


def _checks(found: Sequence[Number], marks: Marks) -> None:
    """85 - 58 = 27 after 27 + 58 = 85 checks it: its result is no new answer."""
    seen: list[tuple[set[Fraction], Fraction]] = []
    terms: set[Fraction] = set()
    for at, number in enumerate(found):
        if not number.readings:
            continue
        value = number.readings[0][0]
        if at in marks.operands:
            terms.add(value)
            continue
        if at in marks.results and terms:
            if any(
                result in terms
                and value in before
                and value != result
                and terms <= {*before, result}
                for before, result in seen[-_EQUATIONS:]
            ):
                marks.aside.add(at)
            else:
                seen.append((terms, value))
        terms = set()
