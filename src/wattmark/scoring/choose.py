"""Which of several numbers that can be an answer is stated: the last, with these exceptions.

In the last sentence that states one, in this order: a number under a label that the question asks
for; never the parts after their whole ('370: 240 and 130'), nor what is left over of what each
gets; rather one that the question does not give; rather one that no preposition hangs on another
('13 bags of 12'); the one with the quantity asked for; what 'so' or 'total' leads to; rather the
one among the question's words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import FACTORED
from wattmark.scoring.asked import EACH, TOTAL, UNIT_STEMS, Asked, is_asked, is_given, stems
from wattmark.scoring.firm import LEFT_OVER, counts, counts_another, is_firm, sum_of
from wattmark.scoring.hanging import by_how_much, governed, not_hanging
from wattmark.scoring.lists import is_list, without_lists
from wattmark.scoring.numerals import Number
from wattmark.scoring.segments import GAP, main_clause, of_last_sentence, shared_words
from wattmark.scoring.units import CURRENCIES
from wattmark.scoring.words import ORDINALS

_I = re.IGNORECASE
_LABEL = re.compile(
    r"(?:^|[\n.;,|])[\s*•-]*([^\W\d_](?:[^:=.;\n]{0,40}(?=:)|[^\d:.;\n]{0,40}))(?::|=)\s*(?:[$€£]|R\$|US\$)?\s?$"
)
_TOTAL = re.compile(r"\b(?:total|altogether|in\s+all|ao\s+todo)\b", _I)
_WHOLE_THEN = re.compile(r"^[^\d.!?\n]{0,40}(?::|\(|—|,\s*(?:sendo|of\s+which|being))")
_NONE_LEFT = re.compile(
    r",?\s(?:and|e|with|com)\s(?:sobram?|restam?|(?:a\s)?remainder\s(?:of|is)|resto(?:\s(?:de|é))?)\s0$",
    _I,
)
"""'52 / 4 = 13, with a remainder of 0'."""
_COMMA = re.compile(r"\s[^\W\d_]{1,20},\s")
"""'64 squares, 32 light and 32 dark'."""
_OF_ALL = re.compile(r"\b(?:of|d[aeo]s?)\s(?:the\s)?$", _I)
"""'Of 50, 12 …'."""
_PAIR = 2
_WHEREAS = re.compile(r"\b(?:whereas|while|enquanto|ao\s+passo\s+que)\b", _I)
_OR = re.compile(r"\b(?:or|ou|maybe|perhaps|talvez)\b", _I)
_CHANGED = re.compile(
    r"\b(?:fell|falls|dropped|drops|rose|rises|grew|grows|increased|decreased|went|goes|changed|cut|climbs?|climbed|sobe|desce|cai|passa|cresce|aumenta|diminui|baixa"
    r"|reduced|raised|caiu|subiu|desceu|passou|aumentou|diminuiu|foi|baixou|cresceu|reduzido)(?:\s[^.!?\n]{1,20},)?\s+"
    r"(?:from|de|by|em)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
_TO = re.compile(r"(?:\s[^\W\d_]{1,15})?\s(?:to|para|a)\s(?:R\$\s?|[$€£])?", _I)
_BECOMES = re.compile(
    r"(?<!ainda\s)\b(?:ficam?|becomes?|sa(?:i|em)\s(?:por|a))\s(?:R\$\s?|[$€£])$", _I
)
"""'R$ 80 com 15% de desconto ficam R$ 68'."""
_AT_FIRST = re.compile(r"\b(?:before|origin\w+|initial\w*|first|antes|inicia\w+|era)\b", _I)
_RANGE = re.compile(
    r"\b(?:anything|anywhere|something|somewhere|algo|qualquer\s+coisa)\s[^.!?\n]{0,12}$", _I
)
_OPENS_RANGE = re.compile(r"\W{0,3}(?:de|between|entre)\s", _I)
QUANTITIES = frozenset(
    (
        *("troc", "chan", "prof", "lucr", "area", "área", "peri", "perí", "aver", "médi", "volu"),
        *("disc", "desc", "dist", "spee", "velo", "diff", "dife"),
    )
)
"""Stems of what a question can ask for by name."""
_SO_OPENS = re.compile(
    r"(?:^|[.!?]\s|\n)\W{0,3}(so|therefore|thus|hence|então|logo|portanto|total)\b[^.!?\n\d=]*$", _I
)
_IN_YEAR = re.compile(r"\b(?:in|em)\s[12]\d{3}\b", _I)
_SUBJECT = re.compile(
    r"(?:^|[.;,:]\s|\b(?:and|e)\s)(?:the|a|o|its|their|whose|sua|seu|cuj[oa])\s+([^\W\d_]{3,20})\s+(?:is|é(?:\s+de)?|mede|measures)\s+(?:R\$|[$€£])?\s?$",
    _I,
)
_IS = re.compile(r"\b(?:is|are|é|são|makes|gives|equals|dá|dão)\s(?:R\$|[$€£])?\s?-?$", _I)
_WORD = re.compile(r"[^\W\d_]+")
_LAST_WORD = re.compile(r"\b(?:in|after|for|within|daqui\sa|em|por|durante|ap[oó]s)\s$", _I)
_GOES_ON = re.compile(r",?\s?(?:\.\.\.|…)")
_FEW = 8
"""Parts of one whole."""


def choose(text: str, found: Sequence[Number], able: Sequence[int], asked: Asked) -> int:
    """The place of the number that is stated, of the places of those that can be."""
    labelled = _labelled(text, found, able, asked)
    if labelled is not None:
        return labelled
    inside = without_lists(text, found, _last_said(text, found, able, asked))
    inside = _without_parts(text, found, inside, asked)
    inside = _without_rest(text, found, inside, asked)
    inside = _of_subject(text, found, inside, asked)
    return inside[0] if len(inside) == 1 else _of_several(text, found, inside, asked)


def _last_said(
    text: str, found: Sequence[Number], able: Sequence[int], asked: Asked
) -> Sequence[int]:
    """Those of the last sentence; the 36 of 'They have 36. Ann has 24 and Bo 12.'"""
    inside = of_last_sentence(text, found, able)
    if (
        len(inside) < len(able)
        and is_list(text, found, inside)
        and _GOES_ON.match(text, found[inside[-1]].end)
    ):
        able = able[: -len(inside)]  # '2, 4, 8, 16, …'
        inside = of_last_sentence(text, found, able)
    if asked.noun and all(
        is_given(found[n], asked) and not found[n].shown[:1].isalpha() for n in inside
    ):  # '153 stickers! Good luck with the 640.'
        new = [n for n in able if is_asked(found[n], asked) and found[n].value not in asked.given]
        inside = new[-1:] or inside
    said = text[found[inside[0]].start : found[inside[-1]].end]
    if not asked.total or len(inside) == 1 or TOTAL.search(said):
        return inside
    parts = sum_of(found, inside)
    return [n for n in able if n < inside[0] and found[n].value == parts][-1:] or inside


def _of_several(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> int:
    """The one that no preposition hangs on another, that 'so' leads to, or the question's words."""
    last = inside[-1]
    if _is_said_last(text, found, inside, asked):
        return last
    inside = _of_main_clause(text, found, inside, asked)
    if len(inside) == 1:
        return inside[0]
    firm = is_firm(text, found, inside, asked)
    apart = [n for n in inside if by_how_much(text, found, n, asked)]
    if apart and not asked.more:
        inside = [n for n in inside if n not in apart or not found[n].value] or inside
    if (asked.given or asked.shown) and not firm:
        inside = [n for n in inside if not is_given(found[n], asked)] or inside
    if asked.given:
        inside = [n for n in inside if not _is_echoed(text, found[n], asked)] or inside
    if asked.given and all(found[n].value in asked.given for n in inside):
        inside = [n for n in inside if is_asked(found[n], asked)] or inside
    more = [n for n in apart if n in inside]
    if asked.more and len(more) == 1 and not firm:
        return more[0]
    if more and not asked.more:
        inside = [n for n in inside if n not in more] or inside
    inside = not_hanging(text, found, inside, asked)
    if firm and last in inside:
        return last
    return _among_words(text, found, inside, asked)


def _is_said_last(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> bool:
    """'55 beats a minute for 4 minutes is 220 beats', 'It rises from 68 to 85'."""
    last = found[inside[-1]]
    new = [n for n in inside if not asked.given or found[n].value not in asked.given]
    again = not new and any(found[n].value == last.value for n in inside[:-1])
    if last.unit is not None and _BECOMES.search(text, max(0, last.start - 20), last.start):
        return True
    if (new == [inside[-1]] or again) and _IS.search(text, max(0, last.start - 12), last.start):
        return True
    then = asked.more or _AT_FIRST.search(asked.text)
    return not then and _is_changed_to(text, found[inside[-2]], last)


def _is_changed_to(text: str, one: Number, other: Number) -> bool:
    """'It rises from 68 to 85'."""
    if not _TO.fullmatch(text, one.end, other.start):
        return False
    return _CHANGED.search(text[max(0, one.start - 30) : one.start]) is not None


def _of_main_clause(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> Sequence[int]:
    """The 7 of 'With 6 players, each is dealt 7', the 33 of 'Adding 19 to 14, you get 33'."""
    starts = main_clause(text, found[inside[0]].start, found[inside[-1]].start)
    said = [n for n in inside if starts is not None and found[n].start >= starts]
    new = any(found[n].value not in asked.given for n in said)
    return said if said and (new or not asked.given) else inside


def _is_echoed(text: str, number: Number, asked: Asked) -> bool:
    """The 7 of 'In 7 years she will be 28', where it is asked how old she is in 7 years."""
    if not number.noun or number.value not in asked.given:
        return False
    before = _LAST_WORD.search(text[max(0, number.start - 12) : number.start])
    said = f"{before[0]}{number.shown} {number.noun}" if before else ""
    return bool(said) and said.casefold() in asked.text.casefold()


def _of_subject(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """Of 'the width is 11 cm and …' the 11 where the width is asked for, be it given or not."""
    said = []
    for n in inside if asked.words else ():
        named = _SUBJECT.search(text[max(0, found[n].start - GAP) : found[n].start])
        unit = found[n].unit
        wanted = asked.head if unit is None else asked.words
        if unit is not None and unit.kind in CURRENCIES:
            wanted = asked.head or asked.words
        if named and (stems(named[1]) - UNIT_STEMS) & wanted:
            said.append(n)
    return said if len(said) == 1 else list(inside)


def _labelled(text: str, found: Sequence[Number], able: Sequence[int], asked: Asked) -> int | None:
    """The only one; of 'Total: 45. Change: 4. Paid: 50.' the one that the question names."""
    if len(able) == 1:
        return able[0]
    if {":", "=", "|"}.isdisjoint(text) or not (asked.words or asked.total):
        return None
    able = without_lists(text, found, able)
    last = found[able[-1]]
    said = found[of_last_sentence(text, found, able)[0]]
    opens = _SO_OPENS.search(text, max(0, said.start - GAP), said.start)
    if opens and (opens[1].casefold() != "total" or is_asked(last, asked)):
        return None
    wanted = asked.words
    named_so = {n: _label_of(text, found[n], asked) for n in able}
    labels = {n: len(stems(label) & wanted) for n, label in named_so.items() if label}
    totals = [n for n in labels if _TOTAL.search(named_so[n])]
    best = max(labels.values(), default=0)
    ends = able[-1] in labels or all(
        is_given(found[n], asked) for n in able if totals and n > totals[0]
    )
    if not best and len(totals) == 1 and len(labels) > 1 and ends:
        return totals[0]
    named = [n for n, alike in labels.items() if alike == best]
    plain = len(totals) == 1 and best and not asked.words & QUANTITIES
    if plain and all(is_given(found[n], asked) for n in named):
        return totals[0]  # 'Rolls per tray: 17\nTotal: 85'
    if len(named) > 1:
        named = [n for n in named if not is_given(found[n], asked)] or named
    if not asked.total:
        named = [n for n in named if n not in totals] or named
    return named[0] if best and len(named) == 1 and len(labels) > 1 else None


def _label_of(text: str, number: Number, asked: Asked) -> str:
    """The 'Change' of 'Change: 4'; nothing of '80 = 1 * 48 + 32' and of another ordinal."""
    before = text[max(0, number.start - 60) : number.start]
    label = _LABEL.search(before)
    if label is None or FACTORED.match(text, number.end) or _IN_YEAR.search(label[1]):
        return ""
    ordinals = {*_WORD.findall(label[1].casefold())} & ORDINALS.keys()
    if ordinals and not any(stems(word) & asked.whole for word in ordinals):
        return ""  # 'First term: 3', where the eighth is asked for
    return label[1]


def _without_parts(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """Without what follows a number and adds up to it, or is as many as it says."""
    for at, n in enumerate(inside[:-2]):
        parts = inside[at + 1 :][:_FEW]
        between = text[found[n].end : found[parts[0]].start]
        listed = not asked.text and len(parts) == _PAIR and _COMMA.fullmatch(between)
        if _OF_ALL.search(text, max(0, found[n].start - 8), found[n].start):
            continue
        if (listed or _WHOLE_THEN.match(between)) and found[n].value == sum_of(found, parts):
            return list(inside[: at + 1])
    return list(inside)


def _without_rest(
    text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked
) -> list[int]:
    """Without 'and 2 are left' where the sentence says first what each gets."""
    if asked.rest or len(inside) < 2:
        return list(inside)
    before, last = found[inside[-2]], found[inside[-1]]
    begins = text[max(0, before.start - GAP) : last.start]
    ending = text[before.end : last.end + 12]
    if (not last.value and _NONE_LEFT.search(text[before.end : last.end])) or (
        EACH.search(begins) and LEFT_OVER.search(ending)
    ):
        return list(inside[:-1])
    return list(inside)


def _among_words(text: str, found: Sequence[Number], inside: Sequence[int], asked: Asked) -> int:
    """The number whose part of the sentence shares most words with the question; else the last."""
    inside = [n for n in inside if not governed(text, found[n], asked)] or list(inside)
    if not asked.words:
        return inside[-1]
    scores = shared_words(text, found, inside, asked)
    most = max(scores)
    best = [at for at, score in enumerate(scores) if score == most]
    if len(best) > 1 and _WHEREAS.search(
        text, found[inside[best[0]]].end, found[inside[best[-1]]].start
    ):
        plain = shared_words(text, found, inside, asked, understood=False)
        best = [at for at in best if plain[at] == max(plain[at] for at in best)]
    if any(counts(text, found, inside, at, asked) for at in best):
        best = [at for at in best if not counts_another(text, found, inside, at, asked)] or best
    if any(is_asked(found[inside[at]], asked) for at in best):  # '26 states and 1 Federal District'
        best = [at for at in best if not found[inside[at]].noun[:1].isupper()] or best
    return inside[best[-1]]


def told_apart(text: str, found: Sequence[Number], at: int, other: int, asked: Asked) -> bool:
    """Does the question tell which of two numbers, coordinated by 'and', is its answer?"""
    pair = sorted((at, other))
    first = found[pair[0]].start
    gap = text[found[pair[0]].end : found[pair[1]].start]
    if _CHANGED.search(text[max(0, found[pair[0]].start - 30) : found[pair[0]].start]):
        return at == pair[1] or (is_given(found[other], asked) and not is_given(found[at], asked))
    new = any(found[n].value not in asked.given for n in pair)
    ranges = _RANGE.search(text, max(0, first - GAP), first) or (
        new and _OPENS_RANGE.fullmatch(text, 0, first)
    )
    if _OR.search(gap) or ranges or not asked.words:
        return False
    if is_given(found[other], asked) and not is_given(found[at], asked):
        return True
    if is_asked(found[at], asked) and not is_asked(found[other], asked):
        return True
    own, others = pair.index(at), pair.index(other)
    scores = shared_words(text, found, pair, asked)
    if scores[own] == scores[others]:
        return counts_another(text, found, pair, others, asked)
    return scores[own] > scores[others]
