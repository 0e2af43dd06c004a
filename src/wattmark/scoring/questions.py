"""A question read for what it asks: its last sentence, the numbers it gives, whom it names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache

from wattmark.scoring.amounts import joined
from wattmark.scoring.asked import (
    NOTHING_ASKED,
    TOTAL,
    Asked,
    is_negated,
    measure_of,
    singular,
    stems,
)
from wattmark.scoring.clean import clean
from wattmark.scoring.formulas import formula_of, variable_of
from wattmark.scoring.measured import asked_unit, converts, measures
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.options import options_of
from wattmark.scoring.units import rate_at
from wattmark.scoring.words import SCALES, spoken_numbers

_NAME = re.compile(r"(?<![^\W\d_])[A-ZÀ-Ý][a-zà-ÿ]{1,20}(?![^\W\d_])")
_NO_NAMES = frozenset(
    (
        *(
            "Cada",
            "Each",
            "Every",
            "One",
            "Two",
            "Three",
            "Four",
            "Five",
            "Some",
            "After",
            "Before",
        ),
        *("Dois", "Duas", "Três", "Num", "Numa", "Then", "Se", "If"),
    )
)
"""What opens a sentence, and is capitalised for that."""
_SENTENCE = re.compile(r"(?<!\.)[.!?](?=\s|$)|\n")
_DOZENS = re.compile(r"\s(?:dozens?|d[úu]zias?)$", re.IGNORECASE)
"""'Three dozen' gives no 36."""
_DOZENS_ASKED = re.compile(
    r"\b(?:how\s+many|quant[oa]s)\s+(dozen|ten|hundred|half|halve|third|fourth|fifth|sixth|eighth|tenth|hundredth"
    r"|d[úu]zia|dezena|centena|milhar|meio|metade|terço|quinto|sexto|oitavo|décimo|centésimo)(?:e?s)?\b",
    re.IGNORECASE,
)
_SHORT_NAMES = (
    (
        re.compile(r"\bdivisor\b|\bcommon\s+factor\b", re.IGNORECASE),
        frozenset(("gcd", "mdc", "hcf")),
    ),
    (re.compile(r"\bm[úu]ltipl", re.IGNORECASE), frozenset(("lcm", "mmc"))),
)
_EACH = re.compile(r"\b(?:each|every|per|cada)\b", re.IGNORECASE)
_REST = re.compile(r"\b(?:left|remain\w*|rest\w*|sobr(?!e\b)\w+)\b", re.IGNORECASE)
_MORE = re.compile(
    r"\b(?:more|less|fewer|older|younger|a\s+mais|a\s+menos|diferença|difference"
    r"|by\s+how|em\s+quanto|de\s+quanto\s+foi)\b",
    re.IGNORECASE,
)
_PERCENT = re.compile(
    r"(?<!\d )(?<!\d)\b(?:percent\w*|porcentage[mn]s?|percentua\w{1,3})\b|\bquantos?\s+por\s+cento"
    r"|\b(?:what|which)\s+share\b|\bque\s+parcela\b",
    re.IGNORECASE,
)
_PER_CENT = re.compile(
    r"%|\b(?:per\s?cent\w*|por\s?cento|porcentage[mn]s?|percentua\w{1,3})", re.IGNORECASE
)
_SHARE_OF = re.compile(
    r"\b(?:what\s+is|quanto\s+é|quantos\s+são|calcul\w{1,3}|find)\s+[\d.,]{1,12}\s?%\s+(?:of|de|d[oa])\b",
    re.IGNORECASE,
)
_COMPUTED = re.compile(
    r"(?:what\s+is|quanto\s+é|quantos\s+são|calcul\w{1,3}|compute|evaluate)?[\s\d.,+*/()^-]{3,80}",
    re.IGNORECASE,
)
_YEAR = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:o\s+|was\s+the\s+)?(?:year|ano)\b|\((?:year|ano)\)",
    re.IGNORECASE,
)
_UNKNOWN = re.compile(
    r"\b(?:what|which|missing|unknown)\s+(?:number|value|term|amount)(?:\s+|,\s*)(?:must|should|do|does|did|can|could|need|has|is\s+(?:added|subtracted|missing)|when|multiplied|times|plus|minus|divided|makes?|gives?)"
    r"|\b(?:what|which)\s+(?:must|should)\s+(?:be\s+|you\s+|we\s+|i\s+)?(?:add|subtract|multipl|divid)"
    r"|\b(?:by|of)\s+(?:what|which)\s+(?:number|value|factor)\b|\b(?:missing|unknown)\s+(?:number|value|term)\b"
    r"|\b(?:que|qual)\s+(?:o\s+|é\s+o\s+)?(?:número|valor)\s+(?:que\s+)?(?:deve|devemos|devo|se\s+deve|preciso|precisa|é\s+preciso|falta|somado|multiplicado|dividido|subtraído|mais|vezes|tem|temos)"
    r"|\b(?:o\s+que|quanto)\s+(?:devemos|devo|se\s+deve|é\s+preciso|preciso|deve|falta)\b|\b(?:por|de)\s+(?:que|qual)\s+(?:número|valor)\b"
    r"|\b(?:what\s+(?:is|was)|find)\s+(?:the|this|that|my)\s+(?:original\s+)?number\b"
    r"|\bqual\s+(?:é|era|foi)\s+(?:o|esse|este)\s+número\b|\bnúmero\s+cuj[oa]\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(
    r"\b(?:what|which|que|qual)\s+(?:(?:is|é)\s+)?(?:(?:the|o)\s+)?(?:[^\W\d_]{1,12}\s+)?(?:number|número)\b",
    re.IGNORECASE,
)
_TIMES = (
    (re.compile(r"\b(?:doubl\w{1,3}|twice|half|halved|dobr\w{1,3}|metade)\b", re.IGNORECASE), 2),
    (re.compile(r"\b(?:tripl\w{1,3}|thrice|third|terço)\b", re.IGNORECASE), 3),
)
_COUNTED = re.compile(
    r"\b(?:(?:how\s+many|quant[oa]s)\s+(?:(?:são|eram|foram)\s+[ao]s\s+)?|(?:quantidade|número)\s+(?:máxim[oa]\s+)?de\s+)(?!(?:are|is|were|was|do|does|did|have|has|had|will|can|são|há|eram)\b)([^\W\d_]{1,20})",
    re.IGNORECASE,
)

_ASKS = re.compile(r",\s(?=(?:how|what|which|quant[oa]s?|qua(?:l|is)|que)\s)", re.IGNORECASE)
"""After 'If 280 of the seats are sold, '."""
_HEAD = re.compile(
    r"\b(?:what|which|how\s+(?:many|much)|qual|que|quant[oa]s?|find|calcul\w{1,3})\s"
    r"((?:[^\W\d_]{1,20}\s){1,6}?)(?=(?:that|of|in|for|at|to|from|on|when|if|did|does|do|d[eao]s?|em|n[ao]s?|para|há|tem|has|have|had|is|are|was|were|can|will|são|é)\s"
    r"|[^\W\d_]{1,20}\s?[?.]?$)",
    re.IGNORECASE,
)
_YEARS = frozenset(("year", "anos"))
_DAY = re.compile(
    r"\b(?:days?|dates?|when|year|month|born|dias?|datas?|quando|ano|mês|nasceu|aniversário"
    r"|birthday|century|século)\b",
    re.IGNORECASE,
)
_WHICH = re.compile(
    r"\b(?:(?:on|in|at)\s+(?:what|which)|em\s+que|em\s+qual|no\s+qual|what(?=\sday\sof\sthe\smonth))\s([^\W\d_]{2,20})",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"\b(?:what|which|que|qual(?:\s+é)?)\s+(?:[ao]\s+|the\s+)?(?:[^\W\d_]{1,15}\s+)?"
    r"(?:position|place|rank|term|posição|lugar|colocação|termo|century|século|floor|andar|grade|série)\b",
    re.IGNORECASE,
)
_HOUR = re.compile(r"\b(?:what|which)\s+(?:hour|time)\b|\bque\s+horas?\b", re.IGNORECASE)
_EXACT = re.compile(
    r"\b(?:exact(?:ly)?|exat[oa]s?|exatamente|lowest\s+terms|simplest\s+form|irredutível)\b"
    r"|\b(?:as|como|forma\s+de)\s+(?:an?\s+|uma\s+)?(?:[^\W\d_]{1,12}\s+)?(?:fraction|fração)\b",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^\W*(?:what|how\s+much|quanto|qual|quais)\s+(?:is|are|é|são)\s+(?:(?:an?|the|o|a|uma?)\s+)?([^?=:]{6,80})$",
    re.IGNORECASE,
)
_FRACTION = re.compile(
    r"\b(?:what|which|que|qual)\s(?:[^\W\d_]{1,12}\s){0,3}(?:fraction|fração|part(?=\s+of)|parte(?=\s+d))\b|\b(?:as|como|em|in|into|to|give|dê|uma)\s(?:[^\W\d_]{1,12}\s){0,2}(?:fraction|fração)\b",
    re.IGNORECASE,
)
_GIVE_FRACTION = re.compile(
    r"\b(?:give|dê|escreva|write)\s(?:[^\W\d_]{1,12}\s){0,4}(?:fraction|fração)\b", re.IGNORECASE
)
_SINGLE = re.compile(
    r"\b(?:each|every|per|cada|por|one|an?|single|um|uma|average|mean|speed|fast|rate|unit|médi[oa]|velocidade|taxa|apiece)\b|/",
    re.IGNORECASE,
)
_HAD = re.compile(
    r"\b(?:left|remain\w*|rest\w*|sobr(?!e\b)\w+|falt\w+|now|agora|still|ainda|end\s+up|(?:do|does|will|would)\s+(?:[^\W\d_]{1,15}\s){1,3}have"
    r"|(?:are|is|were)\s+there|há|fic\w+|tem|têm|need\w*|to\s+go|more|change|troco|mais|menos|less|missing|not)\b",
    re.IGNORECASE,
)
_AGE = re.compile(
    r"\b(?:old(?:er|est)?|young\w{0,3}|ages?|aged|years?|idades?|anos?|velh[oa]s?|nov[oa]s?"
    r"|how\s+long|tempo|when|quando|born|nasceu)\b",
    re.IGNORECASE,
)

_FEW_PLACES = {"one": 1, "two": 2, "three": 3, "uma": 1, "duas": 2, "três": 3}
_PLACES = re.compile(
    r"\b(\d|{})\s(?:decimals?(?:\splaces?|\sdigits?)?|(?:casas?|dígitos)\sdecima(?:l|is))\b".format(
        "|".join(_FEW_PLACES)
    ),
    re.IGNORECASE,
)
_ROUNDING = re.compile(r"\b(?:round|arredond)", re.IGNORECASE)
"""Where to round is what is asked, more decimals are no answer."""
_SCALED = re.compile(
    r"\b(?:in|em|how\s+many|quantos)\s(thousand|million|mil|millions|thousands|billions|milhões|milhares|bilhões)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def asked_by(question: str, language: str | None) -> Asked:
    """What a question asks for."""
    text = clean(question).strip()
    if not text:
        return NOTHING_ASKED
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    asks = sentences[-1] if sentences else ""
    marked = text.rfind("?")
    if marked > 0:
        before = text[:marked]
        asks = [part for part in _SENTENCE.split(before) if part.strip()][-1:] or [""]
        asks = asks[0]
    clause = _ASKS.search(asks)
    asks = asks[clause.end() :] if clause else asks
    found = joined(text, numbers(text, language))
    given = {value for number in found for value, _ in number.readings if _is_plain(number)}
    spoken = [one for one in spoken_numbers(text) if not one.one]
    given |= {one.value for one in spoken if not _DOZENS.search(text[one.start : one.end])}
    year = bool(_YEAR.search(asks))
    return Asked(
        frozenset(given),
        frozenset(
            (value, measure_of(one))
            for one in found
            for value, _ in one.readings
            if _is_plain(one)
        ),
        _words(asks, year=year), _noun(asks),
        bool(_EACH.search(asks)), bool(_REST.search(asks)),
        bool(_MORE.search(asks)), bool(TOTAL.search(asks)), bool(_PERCENT.search(asks)),
        _is_count(asks),
        year, is_negated(asks),
        variable_of(asks), measures(found, text),
        asked_unit(text[marked + 1 :] if marked > 0 else "") or asked_unit(asks),
        *_names(text, asks), bool(_UNKNOWN.search(asks)),
        bool(_NUMBER.search(asks)),
        frozenset(times for word, times in _TIMES if word.search(text)),
        _said(asks, language), frozenset(one.shown for one in found), stems(text),
        stems(asks) - stems(text[: max(0, text.rfind(asks))]), _head(asks),
        bool(_DAY.search(text)), _which(asks), bool(_PLACED.search(asks)), bool(_HOUR.search(asks)),
        bool(_EXACT.search(text)), bool(_AGE.search(text)),
        bool(_FRACTION.search(asks) or _GIVE_FRACTION.search(text)),
        formula_of(asks), asks, bool(_SINGLE.search(asks)),
        bool(_HAD.search(asks)) or is_negated(asks), rate_at(asks), converts(asks),
        tuple(options_of(text, found).items()), _places(text), _scale(asks),
        _scale_word(asks), _subject(asks), _twice(found),
    )  # fmt: skip


def _twice(found: Sequence[Number]) -> frozenset[Fraction]:
    times = Counter(one.value for one in found)
    return frozenset(value for value, many in times.items() if many > 1 and value is not None)


def _subject(asks: str) -> str:
    named = _SUBJECT.search(asks)
    return named[1] if named and any(char.isdigit() for char in named[1]) else ""


def _head(asks: str) -> frozenset[str]:
    named = _HEAD.search(asks)
    return stems(named[1]) if named else frozenset()


def _said(asks: str, language: str | None) -> frozenset[Fraction]:
    """The numbers that it is about; none of an equation, which is worked on."""
    found = numbers(asks, language) if "=" not in asks else []
    return frozenset(one.value for one in found if one.value is not None)


def _is_plain(number: Number) -> bool:
    """20/32, to be reduced, gives no 5/8, and 4^5 no 1024."""
    return "/" not in number.shown and "^" not in number.shown


def _words(asks: str, *, year: bool) -> frozenset[str]:
    words = stems(asks) - (_YEARS if year else frozenset())
    for name, short in _SHORT_NAMES:
        if name.search(asks):
            words |= short
    return words


def _names(text: str, asks: str) -> tuple[frozenset[str], frozenset[str]]:
    """The names in what is asked, and the others of the question."""
    asked = frozenset(_NAME.findall(asks.strip()[1:]))
    named = frozenset(word for word in _NAME.findall(text) if stems(word)) - _NO_NAMES
    return asked, named - asked


def _is_count(asks: str) -> bool:
    if _SHARE_OF.search(asks) or _COMPUTED.fullmatch(asks.strip()):
        return True
    return bool(_COUNTED.search(asks)) and _PER_CENT.search(asks) is None


def _noun(asks: str) -> str:
    counted = list(_COUNTED.finditer(asks))
    return singular(counted[-1][1]) if counted else ""


def _which(asks: str) -> str:
    named = _WHICH.search(asks)
    return singular(named[1]) if named else ""


def _scale_word(asks: str) -> re.Pattern[str] | None:
    found = _DOZENS_ASKED.search(asks)
    return re.compile(rf"(\d)\s({found[1]}s?)\b", re.IGNORECASE) if found else None


def _places(text: str) -> int | None:
    found = _PLACES.search(text)
    if found is None or _ROUNDING.search(text):
        return None
    named = found[1].casefold()
    return int(named) if named.isdigit() else _FEW_PLACES[named]


def _scale(asks: str) -> int:
    found = _SCALED.search(asks)
    if found is None:
        return 1
    word = found[1].casefold()
    return SCALES[word if word in SCALES else word.removesuffix("s")]
