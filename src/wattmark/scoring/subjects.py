"""What a text says that a number is: 'the larger is 29', 'GCD(24, 36) = 12', 'a perimeter of 28 m'.

Where the question asks for something that a text names so, what it names otherwise is an aside.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from wattmark.scoring.asked import WORD, Asked, is_asked, stems
from wattmark.scoring.choose import QUANTITIES
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number
from wattmark.scoring.words import ORDINALS

_I = re.IGNORECASE
_BACK = 120
_ABOUT = (
    r"(?:(?:about|approximately|roughly|exactly|cerca\s+de|aproximadamente|exatamente)\s)?"
    r"(?:[a-z]\s=\s)?(?:R\$|[$€£])?\s?-?$"
)
_STARTS = re.compile(
    r"[.;:!?](?=\s)|\n|,?\s(?:and|e|so|then|while|então|logo|portanto)\s|,\s|\(", _I
)
_IS = re.compile(
    r"\W{0,4}(?:(?:the|an?|o|its|their|his|her|sua?|seu)\s)?((?:[^\W\d_]{1,20}\s){0,4}?[^\W\d_]{2,20})"
    r"(?:\s(?:of|in|after|for|at|de|d[ao]|após|em)\s[^.,;:\n]{1,30}?)?\s(?:is|was|é|foi|mede|measures|equals)\s"
    r"(?:therefore\s|thus\s|then\s|now\s|portanto\s|então\s|agora\s)?" + _ABOUT,
    _I,
)
_EQUALS = re.compile(
    r"\W{0,4}(?!(?i:over|in|for|with|by|at|so|if|when|after|since|em|com|por|para|após|se|como)\s)([^\W\d_][^=\n]{0,60}?)\s?="
)
_SUM = re.compile(
    r"(?:[^:=\n]{0,40}:|(?:so|thus|hence|then|therefore|logo|então|portanto|assim)\b)\W{0,4}\d", _I
)
"""'So 36 - 12', 'Difference: 36 - 12': a sum, and no name of what it comes to."""
_PAYS = re.compile(
    r"\b(?:must|have|will|makes?|gives?|do|pays?|needs?|deve|precisa|paga|fazem)\b.*\d\s?[-+*/]", _I
)
"""'She must pay 40 + 24': a sum, too."""
_OF = re.compile(r"\b([^\W\d_]{3,20})\s(?:of|de)\s" + _ABOUT, _I)
_SMALLER = frozenset(
    ("smaller", "smallest", "lesser", "least", "lower", "lowest", "menor", "menores")
)
_LARGER = frozenset(
    ("larger", "largest", "greater", "greatest", "bigger", "biggest", "maior", "maiores")
)
_LETTER = re.compile(r"(?<![\w*+/.-])(?<!\d\s)(?<![*+/-]\s)([a-z])\s?=\s?-?$")
_IS_LETTER = re.compile(r"\b(?:is|was|é|foi)\s[a-z]\s?=\s?-?$", _I)
"""'The radius is r = 7.'"""
_PREPOSITION = re.compile(
    r"[(\d]|\s(?:of|in|at|after|for|on|to|d[eoa]s?|em|n[oa]s?|após|para)\s", _I
)
_NEUTRAL = stems("result resposta valor output solution soma final cuja cujo whose isto isso") | {
    *("answ", "resp", "valu", "valo", "tota", "resu"),
}
_SIZES = QUANTITIES | stems("diagonal circumference diameter radius raio median mode moda range")


def set_others_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """Marks as asides the numbers that the text says to be something else than is asked for."""
    if not asked.words and not asked.variable:
        return
    named: dict[int, bool] = {}
    for n, number in enumerate(found):
        if n not in marks.out and n not in marks.aside:
            fits = _fits(text, number, n in marks.results, asked)
            if fits is not None:
                named[n] = fits
    _set_opposites_aside(text, found, marks, asked)
    if any(named.values()):
        meant = any(_is_meant(found[n], asked) for n, fits in named.items() if fits)
        others = {n for n, fits in named.items() if not fits}
        marks.aside |= {n for n in others if meant or not _is_meant(found[n], asked)}


def _set_opposites_aside(text: str, found: Sequence[Number], marks: Marks, asked: Asked) -> None:
    """'The smaller one is 8', where the larger is asked for, and stands before it."""
    words = frozenset(WORD.findall(asked.text.casefold()))
    small, large = words & _SMALLER, words & _LARGER
    if bool(small) == bool(large):
        return
    opposite = _SMALLER if large else _LARGER
    for n, number in enumerate(found[1:], 1):
        said = _IS.match(text, _begin(text, number.start), number.start)
        if said and n not in marks.out and not opposite.isdisjoint(said[1].casefold().split()):
            marks.aside.add(n)


def _begin(text: str, place: int) -> int:
    """Where the clause begins that a number ends."""
    starts = [one.end() for one in _STARTS.finditer(text, max(0, place - _BACK), place)]
    return starts[-1] if starts else max(0, place - _BACK)


def _is_meant(number: Number, asked: Asked) -> bool:
    """Is it in the unit that is asked for, or of what is counted?"""
    return is_asked(number, asked) or (asked.unit is not None and number.unit == asked.unit)


def _fits(text: str, number: Number, result: bool, asked: Asked) -> bool | None:
    """Is it said to be what the question asks for? None where it is not said what it is."""
    before = text[max(0, number.start - _BACK) : number.start]
    letter = _LETTER.search(before)
    if letter is not None and (asked.variable or not _IS_LETTER.search(before)):
        return letter[1] == asked.variable
    name = _name(before, result)
    if any(word in ORDINALS and not stems(word) & asked.whole for word in name.casefold().split()):
        return False
    words = stems(_PREPOSITION.split(name)[0])
    if words & asked.words or (asked.variable and name.split()[-1:] == [asked.variable]):
        return True
    return False if words - _NEUTRAL else None


def _name(before: str, result: bool) -> str:
    of = _OF.search(before)
    if of is not None:
        return of[1] if stems(of[1]) & _SIZES else ""
    for start in [0, *(one.end() for one in _STARTS.finditer(before))][::-1]:
        said = _IS.match(before, start)
        if said is not None:
            return said[1]
        chain = _EQUALS.match(before, start) if result else None
        if chain is not None and not _SUM.match(chain[1]) and not _PAYS.search(chain[1]):
            return chain[1]
        if before[start - 1 : start] in (".", ";", "\n"):
            break
    return ""
