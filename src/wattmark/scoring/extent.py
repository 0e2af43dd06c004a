"""How far an answer goes: without the question said over, up to the end of its conclusion.

What stands in bold, or after 'hence', and is followed by no word with which a text goes on to
another answer, ends it: the rest is remarks.
"""

from __future__ import annotations

import re

from wattmark.scoring.clean import clean
from wattmark.scoring.numerals import numbers

_BOLD = re.compile(
    r"\*\*\s?(?:AD\s|d\.C\.\s)?(?:R?\\?\$|[€£])?\s?[-−–]?\d(?:[\d.,\s]{0,18}\d)?\s?[%°]?(?:\s[^\W\d_]{1,15}){0,2}[.!]?\*\*"
    r"|\*\*[^*\n]{3,80}\s(?:is|are|é|são)(?:\sde)?\s(?:R?\\?\$|[€£])?\s?[-−–]?\d[\d.,]{0,18}(?:\s[^\W\d_]{1,15}){0,2}[.!]\*\*"
)
"""'**300 tiles**', '**The price is 180.**'"""
_LISTED_BEFORE = re.compile(r"\d[,;]\s?$")
_LISTED_AFTER = re.compile(r"[,;]\s?\d")
_WITH_MORE = re.compile(
    r"(?:\s[^\W\d_]{1,15}){0,3},\s(?:since|because|porque|pois|já\s+com|with|com|sobre|against|which|que|ou\s+seja,?|isto\s+é,?|i\.e\.,?|that\s+is,?)\s",
    re.IGNORECASE,
)
"""After it, a remark: '**4**, with two on either side'."""
_SENTENCE_ENDS = re.compile(r"(?:\.|(?<!\d)!)(?=\s)|\n")
_ENDS = re.compile(r"(?:\.|(?<!\d)!)\s+|\n\s*")
GOES_ON = re.compile(
    r"=|\*\*|####|boxed|\b(?:so|thus|hence|therefore|then|total|answer|final\w*|but|wait|actually|no|not|sorry"
    r"|correct\w*|leav\w+|left|now|next|after|step|finally|portanto|logo|então|(?<=[.,;!]\s)assim|(?<=\n)assim|resposta|mas|não|agora"
    r"|depois|passo|sobra\w*|resta\w*|fica\w*|desculpe\w*|na\s+verdade|espera|por\s+fim|hmm+|ao\s+todo|result\w*)\b",
    re.IGNORECASE,
)
"""Words with which a text may go on to another answer."""
_REASONS_ON = re.compile(
    r"=|\*\*|\b(?:so|thus|hence|therefore|wait|actually|total|answer|final\w*|sorry|correct\w*|portanto|logo|então|resposta|desculpe\w*"
    r"|na\s+verdade|espera)\b",
    re.IGNORECASE,
)
"""Of these, those that go on from an answer in bold that stands first."""
_HEADING = re.compile(
    r"\W*(?:(?:questions?|pergunta|quest[aã]o|instruction|instrução|problema?|input|entrada|user|prompt|q|p)\W*)?",
    re.IGNORECASE,
)
"""What may stand before a question that an answer repeats."""
_STATEMENT = re.compile(r"[^.!?\n]{12,300}[.!](?=\s)\s*")
_FULL_STOPS = (".", "!", "?", "")
_ECHO = 5
"""Characters from which on a question is looked for in its answer."""
_CUT_ECHO = 12
"""Characters from which on the end of an answer may be the question begun again."""


_SECTION = re.compile(r"\*\*\d{1,2}(?:\.\d{1,2})+\s[^\W\d_]{3,}")
"""'**3.2 Result.**'"""


def until_emphasis(answer: str) -> str:
    """The answer up to the sentence with its last number in bold, where no conclusion follows.

    'You need **300 tiles**. It is wise to order 330': what goes on without reckoning is a remark.
    """
    set_off = list(_BOLD.finditer(answer)) if answer.count("**") > 1 else []
    if not set_off or _is_listed(answer, set_off[-1]) or _SECTION.match(set_off[-1][0]):
        return answer
    if _WITH_MORE.match(answer, set_off[-1].end()):
        return answer[: set_off[-1].end()] + "."
    goes_on = _REASONS_ON if set_off[-1].start() == 0 else GOES_ON
    if set_off[-1][0].endswith((".**", "!**")) and not goes_on.search(answer, set_off[-1].end()):
        return answer[: set_off[-1].end()]  # '**63 pages.** He read …'
    stop = _SENTENCE_ENDS.search(answer, set_off[-1].end())
    if stop is None or GOES_ON.search(answer, stop.end()):
        return answer
    return answer[: stop.start() + 1]


def _is_listed(answer: str, bold: re.Match[str]) -> bool:
    """'3, 4, **7**, 9, 12': one of a list, set off."""
    return (
        _LISTED_BEFORE.search(answer, max(0, bold.start() - 8), bold.start()) is not None
        and _LISTED_AFTER.match(answer, bold.end()) is not None
    )


def without_cut_repeat(text: str) -> str:
    """The text without a last line, or sentence, that only begins the one before it once more."""
    ended = text.rstrip()
    if ended[-1:] in _FULL_STOPS:
        return text
    starts = [end.end() for end in _ENDS.finditer(ended)]
    if not starts:
        return text
    last = ended[starts[-1] :].strip()
    again = ended[starts[-2] if len(starts) > 1 else 0 : starts[-1]].strip(" \n.")
    cut = len(last) >= _ECHO and len(again) > len(last) and again.startswith(last)
    return ended[: starts[-1]] if cut else text


def without_echo(text: str, question: str) -> str:
    """The answer without the question's own words, where it begins by repeating them."""
    if len(question) < _ECHO:
        return text
    asked = clean(question).strip()
    if len(asked) < _ECHO or asked[:_ECHO] not in text:
        return text
    echo = re.compile(r"\s*".join(map(re.escape, asked.split())))
    said = echo.search(text)
    while said is not None and _HEADING.fullmatch(text, 0, said.start()) is not None:
        text = f"{text[: said.start()]} {text[said.end() :]}"
        said = echo.search(text)
    tail = text[text.rfind("?") + 1 :].strip()
    if len(tail) >= _CUT_ECHO and asked.startswith(tail):
        text = text[: text.rfind("?") + 1]
    return _without_first(text, asked)


def _without_first(text: str, question: str) -> str:
    """The answer without the sentences of the question that it begins with, where it goes on."""
    for said in _STATEMENT.finditer(question):
        start = len(text) - len(text.lstrip())
        if not text.startswith(said[0].strip(), start):
            break
        rest = text[start + len(said[0].strip()) :]
        several = len(numbers(said[0])) > 1
        if not several and not any(char.isdigit() for char in rest):
            break
        text = rest
    return text
