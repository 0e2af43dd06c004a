"""Numbers that a remark adds after the answer: another case, the other part, what one makes.

'200 pages. She still has 120 to go': where two numbers add up to one that the question gives, the
one that is said to be left answers only a question for it. '$8, so $0.67 per pen', 'The diagonal
would be 9.4', 'In 48 weeks that makes $21,600' speak of something else than was asked. A remark
states nothing only where a number that the question does not give stands before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from wattmark.scoring.asked import CHANCE, WORD, Asked, is_asked, singular, stems
from wattmark.scoring.cases import cases
from wattmark.scoring.cues import cues_of
from wattmark.scoring.hanging import by_how_much
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.parts import STOPS, is_other_part, sentence
from wattmark.scoring.segments import ENDS
from wattmark.scoring.supposed import WOULD, is_supposed
from wattmark.scoring.units import UNITS

_I = re.IGNORECASE
_RATE = re.compile(
    r"\s?(?:(?!(?:since|because|as|and|so|porque|pois|e)\s)[^\W\d_]{1,15}\s)?(?:(?:for\s+|in\s+)?(?:each|every)|apiece|(?:a\s+|em\s+|para\s+)?cada|por|per)\b"
    r"\s?(?!cento)([^\W\d_]{0,12})",
    _I,
)
_EACH = re.compile(
    r"(?:^|[,;:]\s|\b(?:so|and|or|e|então|logo|portanto)\s)(?:each|every|cada)\s[^,.;:\d]{0,40}$",
    _I,
)
_SIZES = (
    r"(area|área|perimeter|perímetro|volume|diagonal|circumference|circunferência|diameter"
    r"|diâmetro|radius|raio|median|mediana|mean|average|média|montante|juros|interest|mode|moda|range|amplitude|surface|superfície)"
)
_SIZE = re.compile(rf"\b{_SIZES}\b", _I)
_LEAD = (
    r"(?:^|[.!?;,(—]\s?|\n|\b(?:and|e)\s)\W{0,3}(?:(?:while|whereas|and|but|enquanto|e|já|mas)\s)?"
)
_OF_SIZE = re.compile(
    rf"{_LEAD}(?:its|the|a|o|sua|seu)\s(?:[^\W\d_]{{1,12}}\s)?{_SIZES}\b[^.!?;\n]{{0,120}}", _I
)
_A_SIZE = re.compile(rf"\b(?:an?|uma?)\s{_SIZES}\s(?:of|de)\b[^.!?;,\n]{{0,40}}", _I)
_NEXT = re.compile(
    rf"{_LEAD}(?:the|o|a)\s(?P<other>next|previous|following|próxim[oa]|anterior|seguinte"
    r"|(?:other|outr[oa])\s(?:root|solution|value|raiz|solução|valor))\b[^.!?;\n]{0,120}",
    _I,
)
_NEAR = re.compile(
    r"\b(?:after|before|follows|depois|antes|segue|sucede|antecede)\b"
    r"|\b(?:smallest|least|first|menor|primeir[oa])\b[^?]*\b(?:greater|more|larger|above|maior|acima)\b",
    _I,
)
"""In a question that asks for the next one, in other words."""
_APART = re.compile(
    r"\b(?:not\s+the\s+same\s+as|(?:is|are)\s+different\s+from|differs?\s+from|diferentes?\s+d[eoa]|não\s+é\s+o\s+mesmo\s+que"
    r"|confus(?:e|ed|ing)|confund\w+)\b[^.!?\n]{0,150}"
    r"|—\s[^.!?—\n\d]{0,60}\b(?:also|também)\b[^.!?\n]{0,60}"
    r"|\b(?:that|this|isso|isto)(?:'s|\s+is|\s+é|\s+são)\s(?:R\$\s?|[$€£])?\d[\d.,]*\s(?:[^\W\d_]{1,15}\s)?"
    r"(?:(?:short|shy)\sof|(?:more|less|fewer)\sthan|away\sfrom|a\s(?:mais|menos)\b)[^.!?\n]{0,80}"
    r"|\b(?:conta-se|diz-se|diz\s+a\s+lenda|legend\s+has\s+it|it\s+is\s+said)\s[^.!?\n]{0,150}"
    r"|\b(?:depois|a\s+seguir|em\s+seguida)\s+(?:viria\w?|vi?e?[rm]\w*)[^.!?\n]{0,80}"
    r"|\b(?:then|after\s+that)\s+(?:would\s+)?come[^.!?\n]{0,80}"
    r"|,?\s(?:and\s)?(?:after\s+that|depois\s+(?:disso|desse))\s(?=\d)[^.!?\n]{0,80}"
    r"|(?<=[.!?]\s)(?:at|with|com|a)\s(?:(?:half|twice|double|triple)\s(?:the|that)|metade|o\sdobro)\b[^.!?\n]{0,120}"
    r"|,\s+(?:enough|(?:o\s+)?suficiente|o\s+que\s+dá\s+para\s+[^\W\d_]+r)\b[^.!?\n=]{0,80}(?![^.!?\n]*=)"
    r"|,\s+(?:exactly\s+|exatamente\s+)?(?:half|twice|double|triple|(?:[ao]\s)?(?:metade|dobro|triplo))\s+(?:of|the|as|d)[^.!?;=\n]{0,100}",
    _I,
)
_THAT_IS_ABOUT = re.compile(
    r"\b(?:that|this|isso|isto)(?:'s|\s+is|\s+é|\s+dá)\s(?:roughly|about|approximately|around|cerca\s+de|aproximadamente|mais\s+ou\s+menos)\s(?=\d)",
    _I,
)
_THE_OTHER = re.compile(
    r"\b(?:the|h(?:er|is)|its|their|[oa]s?)\s(?:other|remaining|outr[oa]s?|restantes|demais)\s(?=[^.!?;,\n]{0,30}\d)[^.!?;,\n]{0,60}"
    r"|,\sleaving\s(?:her|him|them|us|me|you)\s(?:with\s)?[^.!?;\n]{1,60}"
    r"|\b(?:still\s(?:needs?|lacks?)|faltariam?|falta\s(?:assim|ainda)|ainda\sfalta(?:m|riam)?)\s[^.!?;\n]{1,80}",
    _I,
)
_OTHER_ASKED = re.compile(
    r"\b(?:other|rest|left|remain\w*|outr[oa]s?|rest\w*|sobr\w*|falt\w*|demais)\b", _I
)
_SAVED = re.compile(
    r"\b(?:sav(?:es?|ing)|poup\w+|economiz\w+)\s(?:R\$\s?|[$€£])?\d[\d.,]*(?=[^.!?\n\d]{1,30}\b(?:pay|paga|custa|cost))",
    _I,
)
"""'You save $20 and pay $80'."""
_THEN = re.compile(
    r"\b(?:in|em)\s[12]\d{3},?\s[^.;!?\n]{1,80}[;,]\s(?:(?:but|and|mas|e)\s)?"
    r"(?:today|now|hoje|agora|atualmente)\b",
    _I,
)
_SAVED_ASKED = re.compile(r"\b(?:sav|poup|econom)", _I)
_UNIT = re.compile(r"\s?([^\W\d_]{1,12}(?:/[^\W\d_]{1,4})?)")
_COLON_THEN = re.compile(r"(?:[ ][^\W\d_]{1,20}){0,2}:\s(?=[^\W\d_]|\d[\d.,]*\s?[-+*/])")
_ROUNDED = re.compile(r"\b(?:round|arredond)", _I)
_ROUNDING = re.compile(r"\b(?:round|arredond|nearest\b|mais\s+próxim)", _I)
"""In a question."""
_RATIO = re.compile(r"(?<![\d:])\d{1,6}(?::|\s:\s)\d{1,6}(?![\d:])")
_HOUR = UNITS["hour"]
_AT = re.compile(r"\b(?:at|until|às|das|as|até|since|from|desde)\s(?:as\s)?$", _I)


def set_remarks_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks such numbers as asides."""
    if (
        asked.text
        or ":" in text
        or any(one.unit is not None and one.unit.kind == _HOUR.kind for one in found)
    ):
        _other_writings(text, found, marks, asked)
    if not asked.text and "ria" not in text and "remark" not in cues_of(text):
        return
    firm = [n for n in range(len(found)) if n not in marks.out and n not in marks.aside]
    new = [n for n in firm if found[n].value not in asked.given]
    if len(firm) < 2 or not new:
        return
    if asked.text:
        marks.aside |= {n for n in firm if is_other_part(text, found, new, n, asked)}
    if not asked.more:
        marks.aside |= {n for n in firm if n > new[0] and _is_by_how_much(text, found, n, asked)}
    each = {n for n in firm if _is_rate(text, found[n], asked)}
    marks.aside |= _supposed(text, found, new) | _saved(text, found, new, asked)
    marks.aside |= each if set(new) - each else set()
    for start, end in _of_other_sizes(text, _OF_SIZE, asked):
        if any(found[n].start < start for n in firm if n not in marks.aside):
            marks.aside |= {n for n in firm if start <= found[n].start < end}
    for start, end in (
        *_remarks(text, found, marks, asked),
        *_stories(text, found, new, marks, asked),
    ):
        first = next((n for n in new if n not in marks.aside), None)
        if first is not None and found[first].start < start:
            marks.aside |= {n for n in firm if start <= found[n].start < end}


def _supposed(text: str, found: Sequence[Number], new: Sequence[int]) -> set[int]:
    """The 120 of '120 would be packed in 8 hours, but …'."""
    aside: set[int] = set()
    for said in WOULD.finditer(text):
        inside = {n for n in new if said.start() <= found[n].start < said.end()}
        if inside and new[-1] > max(inside) and found[min(inside)].end <= said.end(1):
            aside |= inside
    return aside


def _saved(text: str, found: Sequence[Number], new: Sequence[int], asked: Asked) -> set[int]:
    """The 20 of 'You save $20 and pay $80', the 12 of 'In 2010 it had 12; today it has 13'."""
    said = None if _SAVED_ASKED.search(asked.text) else _SAVED.search(text)
    then = _THEN.search(text)
    spans = [one.span() for one in (said, then) if one is not None]
    return {n for n in new[:-1] if any(start < found[n].start < end for start, end in spans)}


def _is_by_how_much(text: str, found: Sequence[Number], n: int, asked: Asked) -> bool:
    """'That is $268.80 more than last year', a sentence of its own."""
    said = sentence(text, found[n])
    return not any(char.isdigit() for char in said[: said.find(found[n].shown)]) and by_how_much(
        text, found, n, asked
    )


def _other_writings(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Ratios and times of day, where none is asked for; a rounding that is not."""
    ratios = [*_RATIO.finditer(text)]
    shares = asked.fraction or CHANCE.search(asked.text) is not None
    shared = [n for n, one in enumerate(found) if n not in marks.out and _is_share(one)]
    if shares and shared and not set(shared) <= marks.aside:
        marks.aside |= {n for n in range(len(found)) if n not in shared}
    for n, number in enumerate(found):
        if any(one.start() <= number.start < one.end() for one in ratios):
            marks.aside.add(n)
        if (
            number.unit == _HOUR
            and (asked.text or any(k not in marks.out and k not in marks.aside for k in range(n)))
            and not asked.hour
            and asked.unit != number.unit
            and _AT.search(text[max(0, number.start - 12) : number.start])
        ):
            marks.aside.add(n)
        if (
            n
            and asked.text
            and not _ROUNDING.search(asked.text)
            and _is_coarser(text, found[n - 1], number)
        ):
            marks.aside.add(n)


def _is_share(number: Number) -> bool:
    return number.value is not None and (number.percent or 0 <= number.value <= 1)


def _is_coarser(text: str, one: Number, other: Number) -> bool:
    """'22, which rounds to 20'."""
    if one.value is None or other.value is None or other.value % 10 or one.value == other.value:
        return False
    near = len(other.shown) - len(other.shown.rstrip("0"))
    rounds = _ROUNDED.search(text, one.end, other.start)
    return rounds is not None and abs(one.value - other.value) * 2 <= 10**near


def _of_other_sizes(text: str, pattern: re.Pattern[str], asked: Asked) -> Iterator[tuple[int, int]]:
    """'The mean is 6', where the median is asked for."""
    wanted = {one.casefold()[:4] for one in _SIZE.findall(asked.text)}
    for said in pattern.finditer(text) if wanted else ():
        if said[1].casefold()[:4] not in wanted:
            yield said.span()


def _remarks(
    text: str, found: Sequence[Number], marks: Marks, asked: Asked
) -> Iterator[tuple[int, int]]:
    yield from (one.span() for one in _APART.finditer(text))
    yield from _of_other_sizes(text, _A_SIZE, asked)
    for said in () if not asked.text or _NEAR.search(asked.text) else _NEXT.finditer(text):
        if not stems(said["other"].split()[0]) & asked.whole:
            yield said.span()
    for said in WOULD.finditer(text):
        if is_supposed(said, found, asked):
            yield said.span()
    if asked.given:
        yield from cases(text, found, marks, asked)
    yield from _leftovers(text, asked)
    yield from _in_other_units(text, found)


def _leftovers(text: str, asked: Asked) -> Iterator[tuple[int, int]]:
    """'The other 27 go to her brothers', 'It needs 350 L', 'of which 9 …': none is asked for."""
    if asked.rest or asked.had or _OTHER_ASKED.search(asked.text):
        return
    for said in _THE_OTHER.finditer(text):
        if not (asked.noun and asked.noun in map(singular, WORD.findall(said[0]))):
            yield said.span()


def _in_other_units(text: str, found: Sequence[Number]) -> Iterator[tuple[int, int]]:
    """'60 km/h. That is roughly 37 mph, or 16.7 m/s.'"""
    for said in _THAT_IS_ABOUT.finditer(text):
        here = [n for n, one in enumerate(found) if one.start == said.end()]
        units = [_UNIT.match(text, found[n].end) for at in here for n in (at - 1, at) if n >= 0]
        named = [unit[1].casefold() for unit in units if unit]
        if len(named) > 1 and named[0] != named[1]:
            stop = ENDS.search(text, said.end())
            yield said.start(), stop.start() if stop else len(text)


def _stories(
    text: str, found: Sequence[Number], new: Sequence[int], marks: Marks, asked: Asked
) -> Iterator[tuple[int, int]]:
    """'He has 21: he had 18, gave 7 away and …'."""
    for n in new:
        counted = is_asked(found[n], asked) and found[n].unit is None
        colon = _COLON_THEN.match(text, found[n].end) if counted else None
        if colon is None or not stems(sentence(text, found[n]).partition(":")[0]) & asked.words:
            continue
        stop = STOPS.search(text, colon.end())
        end = stop.start() if stop else len(text)
        told = [k for k, one in enumerate(found) if colon.end() <= one.start < end]
        parts = any(found[k].value in asked.given for k in told)
        if told and (counted or (parts and not marks.results & {*told})):
            yield colon.end() - 1, end


def _is_rate(text: str, number: Number, asked: Asked) -> bool:
    """'$0.67 per pen', 'each pen costs 67 cents'; '$180 a week' where weeks are asked about."""
    near = ENDS.split(text[max(0, number.start - 60) : number.start])[-1]
    rate = _RATE.match(text, number.end)
    if rate is not None and rate[1].lower() in UNITS:
        unit = UNITS[rate[1].lower()]
        return any(measure == unit and value in asked.said for value, measure in asked.exactly)
    return not asked.single and (rate is not None or _EACH.search(near) is not None)
