"""What would be: 'The diagonal would be 9.4', where something else is asked for."""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.around import NO_NOUN
from wattmark.scoring.asked import EACH, Asked, measure_of, stems
from wattmark.scoring.numerals import Number
from wattmark.scoring.words import ORDINALS, spoken_numbers

_I = re.IGNORECASE
WOULD = re.compile(
    r"(?:^|(?<=[.!?;(—,]\s)|(?<=[\n(])|(?<=\band\s))((?:(?:com|with|without|sem|em|in|for|para|if|se|a|at)\s[^.!?;,\n]{1,40},\s)?(?:[^.!?;,(—\n=]|\.(?=\d)){2,60}?)\s"
    r"(?:would|" + NO_NOUN + r"[^\W\d_]{1,10}[aei]riam?)\b"
    r"(?:(?!,\s(?:but|mas|so|portanto|logo|então|therefore|thus)\s)[^.!?;\n]){0,150}",
    _I,
)
_NOUN_ENDS = re.compile(r"\s(?:at|of|in|with|for|after|d[eoa]s?|em|com|por|para|após)\s", _I)
_SAYS = stems(
    "answer total resultado resposta portanto thus therefore assim então hence summing soma sum"
)


def is_supposed(said: re.Match[str], found: Sequence[Number], asked: Asked) -> bool:
    """'The diagonal would be', 'with 4 people it would be': of something else than was asked?"""
    subject = stems(_NOUN_ENDS.split(said[1])[0])
    if not asked.each and EACH.search(said[1]):
        return True
    case, comma, _ = said[1].partition(",")
    if comma and stems(case) and not stems(case) & asked.whole:
        return True
    named = subject - _SAYS
    if named and not named & asked.words:
        return True
    placed = {word for word in said[1].casefold().split() if word in ORDINALS}
    counted = [one.value for one in spoken_numbers(said[1]) if not one.one]
    if any(value not in asked.given for value in counted):
        return True
    cases = [one for one in found if said.start(1) <= one.start < said.end(1)]
    other = any((one.value, measure_of(one)) not in asked.exactly for one in cases)
    other = other or any(not stems(word) & asked.whole for word in placed)
    return bool(asked.given) and other
