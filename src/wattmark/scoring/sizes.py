"""What stands at a number and changes its value: signs, 'and a half', 'million', 'tenths'."""

from __future__ import annotations

import re
from fractions import Fraction

from wattmark.scoring.words import DOZENS, PARTS, SCALES

Reading = tuple[Fraction, int | None]

_SCALE = re.compile(
    r"[\s-]?(?:({})\b(?:\s+d[eo]\b)?)".format("|".join(sorted((*SCALES, *DOZENS), key=len)[::-1])),
    re.IGNORECASE,
)
_AND_PART = re.compile(
    r"\s+(?:and\s+(?:a|one)|e(?:\s+um)?)\s+(half|quarter|meio|meia|quarto)\b", re.IGNORECASE
)
HALF_MORE = re.compile(
    r"\s+(?:and\s+a|e)\s+(?:half|meia|meio)\b(?!\s+(?:d[úu]zia|dozen|dia|day|of|a|um)\b)",
    re.IGNORECASE,
)
"""After a unit's name: '3 hours and a half'."""
_SUFFIX = re.compile(r"[kKM](?!\w)|(?:\s?bn|B)(?!\w)(?!\s?[-+=])")
_SUFFIXES = {"k": "thousand", "K": "thousand", "M": "million", "B": "billion", "bn": "billion"}
_OF_MONEY = re.compile(r"m(?!\w)")
"""'£3m'."""
_PAID = re.compile(r"[$€£]-?$")
_REAIS = re.compile(r"R\$\s?-?$")
_B = re.compile(r"(?<![\w$])B(?!\w)")
"""A letter of an equation."""
_OF_REAIS = re.compile(r"\s?([mb])i(?!\w)")
"""'R$ 4,2 mi' is no mile."""
_OF_MANY = re.compile(r"\s([mb])i(?=\sde\s[^\W\d_])")
_ROOMS = ("half", "meio", "meia", "metade", "quarto", "quarter", "second")
_PART = re.compile(
    r"[\s-]({})\b|[\s-](quartos|quarters|fourths)\s+(?=d[aeo]\b|of\b)".format(
        "|".join(word for word in PARTS if not word.startswith(_ROOMS))
    ),
    re.IGNORECASE,
)
_MILLION = 10**6
_LARGEST_COUNT = 999
"""Of parts: '5 hundredths'."""


RESIZING = frozenset((*SCALES, *DOZENS, *PARTS, *map(str.lower, _SUFFIXES), "and", "e", "mi", "bi"))
"""Words after a number that `scaled` looks at."""


def scaled(
    text: str, end: int, shown: str, readings: tuple[Reading, ...]
) -> tuple[int, str, tuple[Reading, ...]]:
    """What words make of a number: '2 and a half', '1.5 million', '3k', '5 hundredths'."""
    half = _AND_PART.match(text, end)
    if half:
        part = Fraction(1, 4 if half[1].lower().startswith("qu") else 2)
        end, shown = half.end(), f"{shown}{half[0]}"
        readings = tuple((value + (part if value >= 0 else -part), None) for value, _ in readings)
    scale = _SCALE.match(text, end) or _SUFFIX.match(text, end) or _OF_MANY.match(text, end)
    if scale is None and _PAID.search(text[max(0, end - len(shown) - 2) : end - len(shown)]):
        scale = _OF_MONEY.match(text, end)
    if (
        scale is None
        and "i" in text[end : end + 3]
        and _REAIS.search(text[max(0, end - len(shown) - 4) : end - len(shown)])
    ):
        scale = _OF_REAIS.match(text, end)
    if scale and not (scale[0] == "B" and _B.search(text)):
        word = _SUFFIXES.get(scale[0].strip()) or scale[scale.lastindex or 0].lower()
        word = {"m": "million", "b": "billion"}.get(word, word)
        size = 12 if word in DOZENS else SCALES[word]
        end, shown = scale.end(), f"{shown} {word}"
        readings = tuple((value * size, None) for value, _ in readings)
        more = HALF_MORE.match(text, end) if size >= _MILLION else None
        if more:
            end, shown = more.end(), f"{shown}{more[0]}"
            readings = tuple((value + Fraction(size, 2), None) for value, _ in readings)
    part_of = _PART.match(text, end)
    if part_of and all(places == 0 and abs(n) <= _LARGEST_COUNT for n, places in readings):
        under = PARTS[(part_of[1] or part_of[2]).lower()]
        end, shown = part_of.end(), f"{shown}{part_of[0].rstrip()}"
        readings = tuple((value / under, None) for value, _ in readings)
    return end, shown, readings


_MINUS_BEFORE = re.compile(r"(?:^|(?<=[\s(\[{=:*/+,;$<>≈|\"'\ue002]))-[ ]?$")
_BULLET = re.compile(r"(?:^|\n)[ ]*-[ ]$")
_DASH = re.compile(r"[^\s=(*/+≈][ ]+-[ ]$|[:|][ ]*-[ ]$")
_WORD_MINUS = re.compile(
    r"(?:^|[^\w\s]\s*|'s\s+|\b(?:is|é|answer|resposta|be|são|a|gives|us|dá|get|at|to|of|was|em|de|para|foi|era|equals|now|agora|then|então|exactly|exatamente|about|to|reache[sd]|hits|becomes?|became|ficou|fica|marca|marcava|ser|mostra|mostrava|indica|indicava|atinge|atingiu|show[ns]|showed|showing|reads?|reading|measured|registered|faz|fazia|fez|estava|está|registou|registrou|cai|caiu)\s+)"
    r"(?:minus|menos)\s+$|(?<![^\W\d_]-)\bnegative\s+$",
    re.IGNORECASE,
)


_BELOW_ZERO = re.compile(
    r"\s?(?:°\s?[CF]?|€|euros?|dollars|pounds|graus?(?:\s+celsius)?|degrees?(?:\s+(?:celsius|fahrenheit))?|reais|pontos"
    r"|met(?:ers|res|ros))?\s*(?:negativ[oa]s?\b|(?:below|abaixo\s+de)\s+(?:zero|0)\b)",
    re.IGNORECASE,
)
_OF_MINUS = re.compile(
    r"\b(?:de|of|is|are|é|são|equals|para|to|at|em|was|foi|fica|ficou)\s-[ ]$", re.IGNORECASE
)
"""'A balance of - R$ 15': after a word that leads to a number a dash is a sign."""
_BELOW_SEA = re.compile(
    r"\s?(?:m|ft|feet|met(?:ers|res|ros)|pés)\s(?:below|abaixo\sdo)\s(?:(?:the\s)?sea(?:\slevel)?|nível\sdo\smar)\b",
    re.IGNORECASE,
)
_BEHIND = 24
"""Characters before a number in which its sign is looked for."""


def is_negative(text: str, at: int, currency: str) -> bool:
    """Does a minus sign belong to the number that begins here (its currency included)?"""
    if currency.rstrip().endswith("-"):
        return True
    before = text[max(0, at - _BEHIND) : at]
    if not before or before[-1] not in "- ":
        return False
    tail = before.rstrip()
    if not tail.endswith("-"):
        worded = tail[-8:].lower().endswith(("minus", "negative", "menos"))
        return worded and bool(_WORD_MINUS.search(before))
    if currency and _OF_MINUS.search(before):
        return True
    if _BULLET.search(before) or _DASH.search(before):
        return False
    return _MINUS_BEFORE.search(before) is not None


def below_zero(text: str, end: int) -> int:
    """Where '6 graus negativos', '6 °C below zero' ends; 0 where a number is not said so."""
    near = text[end : end + 40].lower()
    if "negativ" not in near and "zero" not in near and " 0" not in near:
        return 0
    found = _BELOW_ZERO.match(text, end)
    return found.end() if found else 0


def below_sea(text: str, end: int, readings: tuple[Reading, ...]) -> tuple[Reading, ...]:
    """Of '82 ft below sea level' also -82: an elevation below zero, or a depth."""
    near = text[end : end + 40]
    if (" sea" not in near and " mar" not in near) or not _BELOW_SEA.match(text, end):
        return readings
    return (*readings, *((-value, places) for value, places in readings))


_HEADED = re.compile(r":\s{0,3}\n\s{0,3}-\s$")
_NAMED = re.compile(r"\d[\d.,]{0,20}\s[^\W\d_]{4,20}")
"""'30 chairs', below a heading."""
_COUNTED = re.compile(r"\d[\d.,]{0,20}\s[^\W\d_]{3,20}\s[^\W\d_]")
"""'5 apples left …': an item of a list."""


def maybe_item(text: str, start: int) -> bool:
    """Does a dash at the start of a line stand before the number?"""
    before = text[max(0, start - _BEHIND) : start]
    if _BULLET.search(before) is None or _COUNTED.match(text, start):
        return False
    return not (_HEADED.search(before) and _NAMED.match(text, start))
