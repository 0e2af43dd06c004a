"""Numbers in words, English and Portuguese: 'eighty-five', 'mil duzentos e trinta e quatro'.

Read only where an answer states no digits. A number is built as it is spoken: what follows must
be smaller than what stands (`twenty five`, `cento e vinte`), or a thousand, a million that
multiplies it; two that cannot be one number are two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from wattmark.scoring.cues import words_in

_UNITS_EN = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen"
    " fifteen sixteen seventeen eighteen nineteen"
)
_TENS_EN = "twenty thirty forty fifty sixty seventy eighty ninety"
_UNITS_PT = (
    "zero um dois três quatro cinco seis sete oito nove dez onze doze treze catorze quinze"
    " dezesseis dezessete dezoito dezenove"
)
_TENS_PT = "vinte trinta quarenta cinquenta sessenta setenta oitenta noventa"
_HUNDREDS_PT = (
    "cento duzentos trezentos quatrocentos quinhentos seiscentos setecentos oitocentos novecentos"
)
_SIMPLE: dict[str, int] = {
    **{word: n for n, word in enumerate(_UNITS_EN.split())},
    **{word: n for n, word in enumerate(_UNITS_PT.split())},
    **{word: 10 * n for n, word in enumerate(_TENS_EN.split(), 2)},
    **{word: 10 * n for n, word in enumerate(_TENS_PT.split(), 2)},
    **{word: 100 * n for n, word in enumerate(_HUNDREDS_PT.split(), 1)},
    **{f"{word[:-2]}as": 100 * n for n, word in enumerate(_HUNDREDS_PT.split(), 1) if n > 1},
    "uma": 1,
    "duas": 2,
    "tres": 3,
    "quatorze": 14,
    "dezasseis": 16,
    "dezassete": 17,
    "dezanove": 19,
    "cinqüenta": 50,
    "cem": 100,
    "fourty": 40,
}
SCALES: dict[str, int] = {
    "hundred": 100,
    "thousand": 1000,
    "mil": 1000,
    **dict.fromkeys(("dezena", "dezenas"), 10),
    **dict.fromkeys(("centena", "centenas"), 100),
    **dict.fromkeys(("milhar", "milhares"), 1000),
    **dict.fromkeys(("million", "millions", "milhão", "milhões", "milhao", "milhoes"), 10**6),
    **dict.fromkeys(("billion", "billions", "bilhão", "bilhões", "bilhao", "bilhoes"), 10**9),
    **dict.fromkeys(("trillion", "trillions", "trilhão", "trilhões"), 10**12),
}
DOZENS = ("dozen", "dozens", "dúzia", "dúzias", "duzia", "duzias")
PARTS: dict[str, int] = {
    **dict.fromkeys(("half", "halves", "meio", "meia", "meios", "metade"), 2),
    **dict.fromkeys(("third", "thirds", "terço", "terços"), 3),
    **dict.fromkeys(("quarter", "quarters", "fourth", "fourths", "quarto", "quartos"), 4),
    **dict.fromkeys(("fifth", "fifths", "quinto", "quintos"), 5),
    **dict.fromkeys(("sixth", "sixths", "sexto", "sextos"), 6),
    **dict.fromkeys(("eighth", "eighths", "oitavo", "oitavos"), 8),
    **dict.fromkeys(("seventh", "sevenths", "sétimo", "sétimos"), 7),
    **dict.fromkeys(("ninth", "ninths", "nono", "nonos"), 9),
    **dict.fromkeys(("tenth", "tenths", "décimo", "décimos"), 10),
    **dict.fromkeys(("eleventh", "elevenths"), 11),
    **dict.fromkeys(("twelfth", "twelfths"), 12),
    **dict.fromkeys(("fifteenth", "fifteenths"), 15),
    **dict.fromkeys(("sixteenth", "sixteenths"), 16),
    **dict.fromkeys(("twentieth", "twentieths"), 20),
    **dict.fromkeys(("hundredth", "hundredths", "centésimo", "centésimos"), 100),
    **dict.fromkeys(("thousandth", "thousandths", "milésimo", "milésimos"), 1000),
}
ORDINALS: dict[str, int] = {
    word: n
    for names in (
        "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth",
        "primeiro segundo terceiro quarto quinto sexto sétimo oitavo nono décimo",
        "primeira segunda terceira quarta quinta sexta sétima oitava nona décima",
    )
    for n, word in enumerate(names.split(), 1)
}
ROOMS = ("quartos", "quarters")
"""Also rooms and coins, of which there can be many."""
_MANY = 20
_MILLION = 10**6
WHOLES = ("inteiro", "inteiros", "whole", "wholes")
_ALONE = ("half", "metade", "meio", "meia")
_NEGATIVE = ("minus", "negative", "menos", "negativo")
_AND = ("and", "e")
_POINT = ("point", "vírgula", "virgula", "ponto")
_ONE = ("one", "um", "uma", "a", "an")
_TIMES = {"twice": 2, "thrice": 3}
"""'It appears twice.'"""
_STOPS = re.compile(r"\s*(?:[.!,;\n]|$)")
_BEGINS = frozenset((*_SIMPLE, *_TIMES, *SCALES, *DOZENS, *PARTS, *_ONE, "parte"))
_PRONOUN = frozenset(("cada", "each", "every", "no", "any", "some"))
"""Before a 'one' that counts nothing."""
_WORD = re.compile(r"[^\W\d_]+")
_SOME = frozenset(("poucos", "poucas", "tantos", "tantas", "tal"))
"""'Vinte e poucos' is more than twenty."""


class Spoken(NamedTuple):
    """A number in words and its place in the text."""

    start: int
    end: int
    value: Fraction
    one: bool
    """A lone 'one', 'um', 'uma': it may be an article or a pronoun."""


def may_be_spoken(text: str) -> bool:
    """Has it a word that a number in words can begin with?"""
    return not _BEGINS.isdisjoint(words_in(text))


def spoken_numbers(text: str) -> list[Spoken]:
    """All numbers in words of a text, in order; digits are not looked at."""
    if _BEGINS.isdisjoint(words_in(text)):
        return []
    words = [(m.group().casefold(), m.start(), m.end()) for m in _WORD.finditer(text)]
    return list(_read(text, words))


def _read(text: str, words: Sequence[tuple[str, int, int]]) -> Iterator[Spoken]:
    names = [word for word, _, _ in words]
    at = 0
    while at < len(words):
        if names[at] in _TIMES and _STOPS.match(text, words[at][2]):
            yield Spoken(words[at][1], words[at][2], Fraction(_TIMES[names[at]]), False)
        per_cent = names[at] == "cento" and at and names[at - 1] == "por"
        before = names[at - 1] if at else ""
        pronoun = (names[at] in _ONE and before in _PRONOUN) or (
            names[at] == "meio" and before in ("pelo", "no")
        )
        value, after = (None, at) if per_cent or pronoun else _number(names, at)
        if value is None:
            at += 1
            continue
        first = at
        if at and names[at - 1] in _NEGATIVE and not (at > 1 and _ends_a_number(names, at - 2)):
            value, first = -value, at - 1
        vague = names[after : after + 1] == ["e"] and not _SOME.isdisjoint(
            names[after + 1 : after + 2]
        )
        if _joined(text, words, at, after) and not vague:
            alone = after - at == 1 and names[at] in _ONE
            yield Spoken(words[first][1], words[after - 1][2], value, alone)
        at = after


def _joined(text: str, words: Sequence[tuple[str, int, int]], at: int, after: int) -> bool:
    """Nothing but spaces, hyphens and commas stands between the words of one number."""
    return all(not text[words[n][2] : words[n + 1][1]].strip(" -,\n") for n in range(at, after - 1))


def _ends_a_number(names: Sequence[str], at: int) -> bool:
    return names[at] in _SIMPLE or names[at] in SCALES


def _number(names: Sequence[str], at: int) -> tuple[Fraction | None, int]:
    """The number that begins at a word, and the place after it."""
    name = names[at]
    if name in ("a", "an"):
        follows = names[at + 1] if at + 1 < len(names) else ""
        counted = follows in SCALES or follows in DOZENS or follows in PARTS
        if counted:
            return _number(names, at + 1)
        return (Fraction(1), at + 1) if follows == "hour" else (None, at)
    if name in DOZENS:
        return _dozens(names, Fraction(1), at)
    if name in _SIMPLE or name in SCALES:
        whole, after = _whole(names, at)
        return _fractional(names, Fraction(whole), after)
    if name in _ALONE:
        return _half(names, at)
    return _part(names, at)


def _part(names: Sequence[str], at: int) -> tuple[Fraction | None, int]:
    """'A quarta parte', and the third of 'one third'."""
    name = names[at]
    if ORDINALS.get(name, 0) > 2 and names[at + 1 : at + 2] == ["parte"]:
        return Fraction(1, ORDINALS[name]), at + 2
    one = name in PARTS and at and names[at - 1] in _ONE
    return (Fraction(1, PARTS[name]), at + 1) if one else (None, at)


def _dozens(names: Sequence[str], count: Fraction, at: int) -> tuple[Fraction, int]:
    half = list(names[at + 1 : at + 3]) == ["e", "meia"]
    return (count * 12 + 6, at + 3) if half else (count * 12, at + 1)


def _half(names: Sequence[str], at: int) -> tuple[Fraction, int]:
    after = at + 1
    follows = names[at + 1] if at + 1 < len(names) else ""
    if names[at] == "meio" and SCALES.get(follows, 0) >= _MILLION:
        return Fraction(SCALES[follows], 2), at + 2
    if names[at] in ("meia", "half") and (follows in DOZENS or follows == "centena"):
        return Fraction(6 if follows in DOZENS else 50), at + 2
    if names[at + 1 : at + 3] and names[at + 1] in ("a", "um") and names[at + 2 : at + 3]:
        scale = 12 if names[at + 2] in DOZENS else SCALES.get(names[at + 2])
        if scale:
            return Fraction(scale, 2), at + 3
    return Fraction(1, 2), after


def _whole(names: Sequence[str], at: int) -> tuple[int, int]:
    """A whole number of hundreds, thousands, millions, as far as it goes."""
    total, group, room = 0, 0, 10**15
    first = True
    while at < len(names):
        step = 0
        if names[at] in _AND and not first and at + 1 < len(names):
            step = 1
        name = names[at + step]
        if name in _SIMPLE and (first or 0 < _SIMPLE[name] < room):
            group += _SIMPLE[name]
            room = _room(_SIMPLE[name])
        elif name in SCALES and not step and (first or group or name != "hundred"):
            scale = SCALES[name]
            if scale == 100:
                group, room = (group or 1) * 100, 100
            elif total and scale >= _lowest(total):
                break
            else:
                total, group, room = total + (group or 1) * scale, 0, scale
        elif name in SCALES and name == "mil" and step:
            total, group, room = total + 1000, 0, 1000
        else:
            break
        at += step + 1
        first = False
    return total + group, at


def _room(value: int) -> int:
    """What may still be added to a word: units to tens, tens to hundreds."""
    if value >= 100:
        return 100
    return 10 if value >= 20 else 0


def _lowest(total: int) -> int:
    """The largest power of a thousand that divides a sum of groups."""
    scale = 1
    while total % (scale * 1000) == 0:
        scale *= 1000
    return scale


def _fractional(names: Sequence[str], value: Fraction, after: int) -> tuple[Fraction, int]:
    """What may follow a whole number: 'point five', 'thirds', 'dozen', 'and a half', 'e meio'."""
    if names[after : after + 1] and names[after] in WHOLES:
        after += 1
    follows = names[after : after + 4]
    if not follows:
        return value, after
    if follows[0] in _POINT:
        return _decimals(names, value, after)
    under, read = PARTS.get(follows[0], 0) if follows[0] not in _ALONE or value == 1 else 0, 1
    if not under and follows[1:2] == ["avos"]:
        under, read = _SIMPLE.get(follows[0], 0), 2
    rooms = follows[0] in ROOMS and value >= _MANY
    if under and not rooms:
        return value / under, after + read
    if follows[0] in DOZENS:
        return _dozens(names, value, after)
    if follows[0] in _AND:
        return _and_part(names[after - 1], follows, value, after)
    return value, after


def _and_part(
    scale_word: str, follows: Sequence[str], value: Fraction, after: int
) -> tuple[Fraction, int]:
    """'and a half', 'e meio', 'and three quarters'; of a million, half of one."""
    size = SCALES.get(scale_word, 1)
    half = Fraction(size if size >= _MILLION else 1, 2)
    if len(follows) > 1 and follows[1] in _ALONE:
        return value + half, after + 2
    if len(follows) > 2 and follows[1] in _ONE and follows[2] in _ALONE:
        scale = SCALES.get(follows[3], 1) if len(follows) > 3 else 1
        return (value + half) * scale, after + (3 if scale == 1 else 4)
    if len(follows) > 2 and follows[2] in PARTS:
        count = 1 if follows[1] in _ONE else _SIMPLE.get(follows[1], 0)
        if count:
            return value + Fraction(count, PARTS[follows[2]]), after + 3
    return value, after


def _decimals(names: Sequence[str], value: Fraction, after: int) -> tuple[Fraction, int]:
    """'point one four', 'vírgula vinte e cinco'; 'point' alone ends a number."""
    digits, at = "", after + 1
    while at < len(names) and names[at] in _SIMPLE and len(digits) < 12:
        digits += str(_SIMPLE[names[at]])
        at += 1
        room = _room(int(digits)) if int(digits) >= 20 else 0
        while at + 1 < len(names) and names[at] in _AND:
            more = _SIMPLE.get(names[at + 1], 0)
            if not 0 < more < room:
                break
            digits, room, at = str(int(digits) + more), _room(more) if more >= 20 else 0, at + 2
    if not digits:
        return value, after
    return value + Fraction(int(digits), 10 ** len(digits)), at
