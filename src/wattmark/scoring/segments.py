"""The parts of a sentence: which words a number stands among."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import Asked, is_negated, stems
from wattmark.scoring.numerals import Number
from wattmark.scoring.units import CURRENCIES

_I = re.IGNORECASE
ENDS = re.compile(
    r"[.?!\n](?:(?<=\n)|(?<!\n)(?=\s|$)(?<!\bi\.e\.)(?<!\be\.g\.)(?!(?<=!)\s?[=/*+-])(?!(?<=\d!)\s[a-z]))"
)
"""The end of a sentence; not that of 'i.e.', nor the sign of '5! = 120' and '100! ends'."""
GAP = 90
"""Characters before a number, and between two, that are looked at."""
_LOOK_BACK = 400
_BREAKS = re.compile(r",\s|;|:|\s(?:e|and|but|mas|while|enquanto|whereas)\s", _I)
_FRONTED = re.compile(
    r"(?:^|[.!?]\s|\n)\W{0,3}(?:(?:so|then|thus|and|but|logo|então|portanto|e|mas),?\s)?(?:with|com|according\sto|segundo|de\sacordo\scom|conforme|after|depois|após|if|se|since|como|when|quando|given|dad[oa]s?|for|para|at|by|from"
    r"|starting|(?:tak|add|us|multiply|divid|subtract|start|count|sell|buy|work|driv|spend|pay)ing"
    r"|(?:soma|tira|multiplica|dividi|subtrai|usa|gasta|paga|conta|vende|compra|trabalha|anda|começa)ndo)\b[^.!?\n:;=]*$",
    _I,
)
_MAIN = re.compile(
    r",\s(?=(?:it|he|she|they|we|you|there|each|every|the|this|that|his|her|its|their|cada|[oa]s?|el[ea]s?|há|são|é|temos|fic\w+"
    r"|restam?|sobram?|cabem|gasta\w*|paga\w*|recebe\w*|precisa\w*)\s(?!.{0,40},\s(?:and|e)\s)|\d+%\s(?:foram|são|were|are)\b)",
    _I,
)
_SHARE = ("of", "de", "da", "do")
_AFTER = 40


def of_last_sentence(text: str, found: Sequence[Number], able: Sequence[int]) -> list[int]:
    """Those that stand in the sentence of the last."""
    last = found[able[-1]]
    least = max(0, last.start - _LOOK_BACK)
    ends = [end.end() for end in ENDS.finditer(text, least, last.start)]
    start = ends[-1] if ends else least
    return [n for n in able if found[n].start >= start]


def main_clause(text: str, first: int, last: int) -> int | None:
    """Where the main clause begins, of a sentence that opens with another and has numbers at these.

    'With 6 players, each is dealt 7': None where it opens with the main clause.
    """
    if not _FRONTED.search(text, max(0, first - GAP), first):
        return None
    mains = [main.end() for main in _MAIN.finditer(text, first, last)]
    return mains[-1] if mains else None


def segment(text: str, found: Sequence[Number], inside: Sequence[int], at: int) -> str:
    """The part of its sentence that a number stands in."""
    number = found[inside[at]]
    if at:
        before = found[inside[at - 1]].end
        start = _break(text, before, number.start)
    else:
        start = max(0, number.start - GAP)
        ends = [end.end() for end in ENDS.finditer(text, start, number.start)]
        start = ends[-1] if ends else start
    if at + 1 < len(inside):
        end = _break(text, number.end, found[inside[at + 1]].start)
    else:
        end = number.end + _AFTER
        ended = ENDS.search(text, number.end, end)
        end = ended.start() if ended else end
        bracket = text.find(" (", number.end, end)
        end = bracket if bracket > 0 else end
    return text[start:end]


def _break(text: str, start: int, end: int) -> int:
    """Where between two numbers one part of the sentence ends."""
    breaks = list(_BREAKS.finditer(text, start, end))
    return breaks[0].start() if breaks else min(end, start + _AFTER)


def _own(part: str, number: Number) -> str:
    """Without what a comma or a colon sets off before the number."""
    place = part.find(number.shown)
    breaks = [one.end() for one in _BREAKS.finditer(part, 0, max(0, place))]
    return part[breaks[-1] :] if breaks else part


def shared_words(
    text: str,
    found: Sequence[Number],
    inside: Sequence[int],
    asked: Asked,
    *,
    understood: bool = True,
) -> list[int]:
    """For each, how many of the question's words its part of the sentence has.

    A noun that is left out is `understood` from the one before: 'Ana is 12 years old, Nina 13'.
    """
    scores, noun = [], 0
    for at, n in enumerate(inside):
        part = segment(text, found, inside, at)
        if is_negated(_own(part, found[n]) if not at else part) != asked.negated:
            scores.append(0)
            continue
        alike = len(stems(part) & asked.words)
        named = stems(found[n].noun)
        unit = found[n].unit
        measured = unit is not None and unit.kind not in CURRENCIES
        if (
            understood
            and not named
            and not measured
            and not found[n].percent
            and found[n].noun not in _SHARE
        ):
            alike += noun  # 'and Nina, 13' says years without the word
        noun = max(noun, len(named & asked.words))
        scores.append(alike)
    return scores
