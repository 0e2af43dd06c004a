"""Which of several numbers that can be an answer is stated: the last, with these exceptions.

In the last sentence that states one, in this order: a number under a label that the question asks
for; never the parts after their whole ('370: 240 and 130'), nor what is left over of what each
gets; rather one that the question does not give; rather one that no preposition hangs on another
('13 bags of 12'); rather the one among the question's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction

from wattmark.scoring.asked import Asked, singular, stems
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES

_I = re.IGNORECASE
_ENDS = re.compile(r"[.!?](?=\s|$)|\n")
_GAP = 90
_LOOK_BACK = 400
_NP = r"(?:(?!(?:e|and|but|mas|so)\s)[^\W\d_]{1,20}\.?(?:/[a-z]{1,3})?\s+){0,2}"
_BY = (
    r"of|d[eoa]s?|from|out\s+of|among|between|entre|with|com|in|em|n[oa]s?|pel[oa]s?|within|para|for|per|por|at|on|sobre"
    r"|after|before|antes|depois|ap[oó]s|during|durante|instead|em\s+vez|compared|daqui|including|incluindo"
    r"|to\s+(?!get|have|make|give|reach|obtain)[a-z]{2,12}"
)
_HANGS = re.compile(
    r"^\s*(?:" + _NP + r"(?P<by>" + _BY + r")|(?:" + _NP + r"[^\W\d_]{1,20})?,\s+"
    r"(?:of|d[eoa]s?|from|out\s+of|instead|em\s+vez|compared|with|com))"
    r"\s+(?:[^\W\d_]{1,15}\s+){0,3}(?:[$€£]|R\$|US\$)?\s?$",
    _I,
)
_GOVERNED = re.compile(
    r"(?<!\btotal)(?<!\bé)(?<!\bfoi)(?<!\bserá)(?<!\bis)(?<!\bwas)(?<!\bcusto)(?<!\bpreço)(?<!\bvalor)"
    r"(?<!\blucro)(?<!\bcost)(?<!\bprice)(?<!\bprofit)(?<!\bamount)(?<!\bmédia)(?<!\baverage)"
    r"(?<!\bdistance)(?<!\bdistância)(?<!\btroco)(?<!\bárea)(?<!\barea)\s"
    r"(?:of|de|from|in|em|by|por|at|after|before|n[oa]s?)\s+(?:(?:the|all|as|os|each)\s+)?$"
    r"|\s(?:d[oa]s|of\s+the)\s+$"
    r"|^\s*(?:of|in|das|dos|em|no|na|nos|nas|after|from|at|com|with)\s+(?:(?:the|all|as|os)\s+)?$",
    _I,
)
_ABOUT_ANOTHER = re.compile(
    r",\s+(?:que|who|whose|which)\s+(?:has|had|have|costs?|tem|tinha|custa|custava|mede|pesa)\s+"
    r"(?:[$€£]|R\$)?\s?$"
    r"|,\s+(?:half|twice|double|triple|three\s+times|metade|o\s+dobro|o\s+triplo)\s[^,.;:=]{0,40}$",
    _I,
)
"""', who has 12', ', half of the remaining 84'."""
_YEAR = re.compile(r"1[0-9]{3}|20[0-9]{2}")
_WITH = re.compile(r"\b(?:with|com)\b", _I)
_ENDS_UP = re.compile(r"\b(?:fic\w*|end\w*|left|leav\w*|now|agora|deix\w*)\b", _I)
_MORE = re.compile(
    r"\s*(?:[^\W\d_]{1,15}\s+)?(?:a\s+(?:mais|menos)\b|(?:more|less|fewer|older|younger)\s+than\b"
    r"|mais\s+(?:velh|nov)[oa]|of\s+(?:them|whom|which)\b|del[ea]s\b|d[oa]s\s+quais\b)",
    _I,
)
_PRICE = re.compile(r"^(?:for|por|para)$", _I)
_CONCLUDES = re.compile(r"=|\b(?:so|therefore|thus|hence|then|portanto|logo|então|assim)\b", _I)
_LEADS_TO = re.compile(
    r"\b(?:now|agora|total\w*|altogether|leav\w+|left|mak(?:es|ing)|giv(?:es|ing)|sobra\w*|resta\w*"
    r"|fica\w*|remain\w*|ou\s+seja|isto\s+é|that\s+is|i\.e\.)(?!\w)",
    _I,
)
_RESTATES = re.compile(r"\b(?:that\s+is|i\.e\.|ou\s+seja|isto\s+é)(?!\w)", _I)
_BREAKS = re.compile(r",\s|;|:|\s(?:e|and|but|mas|while|enquanto|whereas)\s", _I)
_LABEL = re.compile(
    r"(?:^|[\n.;,|])[\s*•-]*([^\W\d_][^\d:.;\n]{0,40})(?::|=)\s*(?:[$€£]|R\$|US\$)?\s?$"
)
_TOTAL = re.compile(r"\b(?:total|altogether|in\s+all|ao\s+todo)\b", _I)
_WHOLE_THEN = re.compile(r"^[^\d.!?\n]{0,40}(?::|\(|—|,\s*sendo|,\s*(?:of\s+which|being))")
_EACH = re.compile(r"\b(?:each|every|cada)\b", _I)
_LEFT_OVER = re.compile(r"\b(?:left|remain\w*|sobra\w*|resta\w*)\b", _I)
_OR = re.compile(r"\b(?:or|ou|maybe|perhaps|talvez)\b", _I)
_CHANGED = re.compile(
    r"\b(?:fell|falls|dropped|drops|rose|rises|grew|grows|increased|decreased|went|goes|changed|cut"
    r"|reduced|raised|caiu|subiu|passou|aumentou|diminuiu|foi|baixou|cresceu|reduzido)\s+"
    r"(?:from|de)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
_SHARE = ("of", "de", "da", "do")
_AFTER = 40
_FEW = 8
"""Parts of one whole."""


def choose(text: str, found: Sequence[Number], able: Sequence[int], asked: Asked) -> int:
    """The place of the number that is stated, of the places of those that can be."""
    if len(able) == 1:
        return able[0]
    labelled = _labelled(text, found, able, asked)
    if labelled is not None:
        return labelled
    inside = _of_last_sentence(text, found, able)
    if len(inside) == 1:
        return inside[0]
    inside = _without_parts(text, found, inside)
    inside = _without_rest(text, found, inside, asked)
    last = inside[-1]
    segment = _segment(text, found, inside, len(inside) - 1)
    firm = _CONCLUDES.search(segment) or (not asked.each and _LEADS_TO.search(segment))
    if firm and asked.words and not asked.rest and _LEFT_OVER.fullmatch(firm[0]):
        firm = None
    otherwise = is_given(found[last], asked) or (
        found[last].noun and _RESTATES.search(segment) and not is_asked(found[last], asked)
    )
    if firm and otherwise and any(is_asked(found[n], asked) for n in inside):
        firm = None
    if asked.given and not firm:
        inside = [n for n in inside if not is_given(found[n], asked)] or inside
    if not asked.more:
        inside = [n for n in inside if not _by_how_much(text, found[n])] or inside
    inside = _not_hanging(text, found, inside)
    if firm and last in inside:
        return last
    return _among_words(text, found, inside, asked) if asked.words else inside[-1]


def _labelled(text: str, found: Sequence[Number], able: Sequence[int], asked: Asked) -> int | None:
    """Of 'Total: 45. Change: 4. Paid: 50.' the one that the question names."""
    if ":" not in text or not asked.words:
        return None
    labels: dict[int, int] = {}
    totals = []
    for n in able:
        label = _LABEL.search(text[max(0, found[n].start - 60) : found[n].start])
        if label:
            labels[n] = len(stems(label[1]) & asked.words)
            totals += [n] if _TOTAL.search(label[1]) else []
    best = max(labels.values(), default=0)
    if not best and len(totals) == 1 and len(labels) > 1:
        return totals[0]
    named = [n for n, alike in labels.items() if alike == best]
    return named[0] if best and len(named) == 1 and len(labels) > 1 else None


def _of_last_sentence(text: str, found: Sequence[Number], able: Sequence[int]) -> list[int]:
    last = found[able[-1]]
    least = max(0, last.start - _LOOK_BACK)
    ends = [end.end() for end in _ENDS.finditer(text, least, last.start)]
    start = ends[-1] if ends else least
    return [n for n in able if found[n].start >= start]


def _without_parts(text: str, found: Sequence[Number], inside: Sequence[int]) -> list[int]:
    """Without what follows a number and adds up to it, or is as many as it says."""
    for at, n in enumerate(inside[:-2]):
        parts = inside[at + 1 :][:_FEW]
        values = [_value(found[part]) for part in parts]
        whole = _value(found[n])
        between = text[found[n].end : found[parts[0]].start]
        if whole is None or None in values or not _WHOLE_THEN.match(between):
            continue
        if sum((value for value in values if value is not None), Fraction(0)) == whole:
            return list(inside[: at + 1])
    return list(inside)


def _without_rest(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """Without 'and 2 are left' where the sentence says first what each gets."""
    if asked.rest or len(inside) < 2:
        return list(inside)
    before, last = found[inside[-2]], found[inside[-1]]
    begins = text[max(0, before.start - _GAP) : last.start]
    ending = text[before.end : last.end + 12]
    if _EACH.search(begins) and _LEFT_OVER.search(ending):
        return list(inside[:-1])
    return list(inside)


def is_given(number: Number, asked: Asked) -> bool:
    """Does the question give it, and not ask for just this ('how many vans', '6 vans')?"""
    return _value(number) in asked.given and not is_asked(number, asked)


def is_asked(number: Number, asked: Asked) -> bool:
    """Does it count what the question asks for?"""
    return bool(asked.noun) and asked.noun == singular(number.noun)


def _by_how_much(text: str, number: Number) -> bool:
    """', 3 more than Ann' after what is compared."""
    before = text[max(0, number.start - 9) : number.start].rstrip()
    restated = before.endswith(("seja,", "é,", "is,", "e.,"))
    return before.endswith(",") and not restated and _MORE.match(text, number.end) is not None


def _not_hanging(text: str, found: Sequence[Number], inside: Sequence[int]) -> list[int]:
    """Without those that a preposition joins to the number before them."""
    free = [n for n in inside if n == 0 or not _hangs(text, found[n - 1], found[n])]
    return free or list(inside)


def _hangs(text: str, before: Number, number: Number) -> bool:
    gap = text[before.end : number.start]
    if len(gap) > _GAP or "=" in gap:
        return False
    if _ABOUT_ANOTHER.search(gap):
        return True
    hung = _HANGS.search(gap)
    if hung is None or (_WITH.search(gap) and _ENDS_UP.search(gap)):
        return False
    if _YEAR.fullmatch(number.shown) and hung["by"] and gap.rstrip().endswith((" in", " em")):
        return False
    paid = number.unit is not None and number.unit.kind in CURRENCIES
    return not (paid and hung["by"] and _PRICE.match(hung["by"]))


def _among_words(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> int:
    """The number whose part of the sentence shares most words with the question; else the last."""
    inside = [n for n in inside if not _governed(text, found[n])] or list(inside)
    scores = _shared_words(text, found, inside, asked)
    most = max(scores)
    return [n for n, score in zip(inside, scores, strict=True) if score == most][-1]


def _shared_words(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """For each, how many of the question's words its part of the sentence has."""
    scores, noun = [], 0
    for at, n in enumerate(inside):
        alike = len(stems(_segment(text, found, inside, at)) & asked.words)
        named = stems(found[n].noun)
        if not named and not found[n].percent and found[n].noun not in _SHARE:
            alike += noun  # 'and Nina, 13' says years without the word
        noun = max(noun, len(named & asked.words))
        scores.append(alike)
    return scores


def told_apart(text: str, found: Sequence[Number], at: int, other: int, asked: Asked) -> bool:
    """Does the question tell which of two numbers, coordinated by 'and', is its answer?"""
    pair = sorted((at, other))
    gap = text[found[pair[0]].end : found[pair[1]].start]
    if _CHANGED.search(text[max(0, found[pair[0]].start - 30) : found[pair[0]].start]):
        return at == pair[1]
    if _OR.search(gap) or not asked.words:
        return False
    if is_given(found[other], asked) and not is_given(found[at], asked):
        return True
    if is_asked(found[at], asked) and not is_asked(found[other], asked):
        return True
    scores = dict(zip(pair, _shared_words(text, found, pair, asked), strict=True))
    return scores[at] > scores[other]


def _governed(text: str, number: Number) -> bool:
    """'Of the 24 girls', 'the mean of the 4 marks'."""
    before = text[max(0, number.start - _GAP) : number.start]
    return _GOVERNED.search(_ENDS.split(before)[-1]) is not None


def _segment(text: str, found: Sequence[Number], inside: Sequence[int], at: int) -> str:
    """The part of its sentence that a number stands in."""
    number = found[inside[at]]
    if at:
        before = found[inside[at - 1]].end
        start = _break(text, before, number.start)
    else:
        start = max(0, number.start - _GAP)
        ends = [end.end() for end in _ENDS.finditer(text, start, number.start)]
        start = ends[-1] if ends else start
    if at + 1 < len(inside):
        end = _break(text, number.end, found[inside[at + 1]].start)
    else:
        end = number.end + _AFTER
        ended = _ENDS.search(text, number.end, end)
        end = ended.start() if ended else end
    return text[start:end]


def _break(text: str, start: int, end: int) -> int:
    """Where between two numbers one part of the sentence ends."""
    breaks = list(_BREAKS.finditer(text, start, end))
    return breaks[0].start() if breaks else min(end, start + _AFTER)


def _value(number: Number) -> Fraction | None:
    return number.readings[0][0] if number.readings else None
