"""The stretches of a text that state no answer where another is stated.

Brackets, examples, checks, reasons, what would be, digressions and questions, as places in a
cleaned text. How far each goes: a reason to the end of its clause, an example to the end of its
sentence, a check to its conclusion, a digression to the end of its paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from wattmark.scoring.around import (
    APART,
    CHECK_END,
    CHECKING,
    CLAUSE,
    CLAUSE_END,
    FRONT_END,
    FRONTED,
    FURTHER,
    PARENTHESES,
    PURPOSE,
    SUPPOSED,
    TRAILING,
    WITHIN,
)
from wattmark.scoring.clean import CODE_OPEN

_I = re.IGNORECASE
LONG = 600
"""Characters that a reason or a check may be long."""
_SENTENCE_END = re.compile(r"[.!?](?=\s|$)|\n|;\s")
_NOTE = re.compile(r"(?:notes?|obs\.?|observação|nota|p\.?s\.?|fun|curiosidade)\b", _I)
_NOTE_ENDS = re.compile(r"\n(?!\s*(?:[-•*]|\d{1,2}[.)])\s)|\b(?:answer|resposta)\b", _I)
"""A note concludes nothing."""
_WORKING = re.compile(r"(?:working|reasoning|cálculo|raciocínio)\b", _I)
_DATA = re.compile(r"\b(?:given|data|known|dados)\b[^.\n]{0,20}:", _I)
_EXAMPLE = re.compile(
    r"\be\.\s?g\.|\bp\.\s?ex\.|\bpor\s+ex\.|\b(?:for|as\s+an)\s+(?:example|instance)\b"
    r"|\b(?:por|a\s+título\s+de|como)\s+exemplo\b",
    _I,
)
_SUBSTITUTED = re.compile(
    r"\b(?:(?:substitut|plugg|putt)ing\b|substituindo\b|(?:if\s+(?:you|we)\s+)?(?:substitute|plug|put)\s)"
    r"[^.!?\n]{0,40}?\b(?:back\b(?!\s?:)|de\s+volta|(?:into|in|na)\s+(?:the\s+)?(?:original|equa))",
    _I,
)
"""'Substituting back', 'plugging 7 into the equation'."""
_DENIED_THEN = re.compile(
    r"(?:\b(?:not|não|nem)|\binstead\s+of|\brather\s+than|\bem\s+vez\s+de)\s+(?:de\s+)?(?:R\$\s?|[$€£])?"
    r"(?P<denied>-?\d[\d.,]{0,20})(?:\s[^\W\d_]{1,20}){0,2}(?P<then>:|\s—)\s+"
    r"(?!(?:fica|são|é|dá|it|he|she|they|so)\b|(?:the|o|a)\s+(?:answer|rest|total|result|sum|resposta|resto|soma))"
    r"(?:[^\W\d_]|(?P=denied)(?![\d.,])|\d{1,12}\s?[*/+-])",
    _I,
)
"""'15, not 16: the number of cuts is …'."""
_DIGRESSION = re.compile(
    r"(?:^|\n)[ ]*(?:more\s+generally|in\s+general\b|generally\b"
    r"|(?:a|the)\s+(?:similar|same)\s+(?:idea|method|trick|approach|reasoning)"
    r"|if\s+you(?:'d|\s+would)?\s+(?:like|want|need)|as\s+a\s+(?:side\s+note|bonus)|bonus\b|side\s+note|did\s+you\s+know"
    r"|incidentally|interestingly|interesting\s+facts?\b|extra\s*:|de\s+(?:modo|forma|maneira)\s+geral|em\s+geral\b|mais\s+geralmente"
    r"|de\s+modo\s+mais\s+geral|(?:a|uma)\s+(?:mesma\s+)?(?:ideia|técnica|abordagem)\s+(?:parecida|semelhante|análoga|similar|vale|serve|funciona)"
    r"|se\s+(?:você\s+)?quiser|você\s+sabia|uma\s+curiosidade|a\s+título\s+de\s+curiosidade)",
    _I,
)
"""How a paragraph opens that goes on to something else."""
_FOOTNOTE = re.compile(
    r"\n\x20*(?:(?P<mark>\[\d{1,3}\]|\^\d{1,2}|\*|†)|\W{0,4}(?:(?:sources?|references?|fontes?|referências?)\s?:(?:[^\n]*\n\x20*(?:\[\d{1,3}\]|\d{1,2}\.|[-•])(?=\s))*|(?:dados|data)\s(?:referentes|as\s+of|from)\b))[^\n]*",
    _I,
)


_DISCUSSED = re.compile(r"=\s?-?\d[\d.,]*\s?[<>=]\s?0\b([^.!?\n]{1,100})")
"""'Δ = 25 > 0, so there are 2 roots'."""
_SIGN_OF_IT = re.compile(
    r"\b(?:since|as|because|como|pois)\s(?:Δ|D|(?:the|o)\s(?:discriminant|discriminante)|\d[\d.,]*)\s?(?:=\s?-?\d[\d.,]*\s?)?[<>]\s?0\b[^.!?\n]{1,150}",
    _I,
)
"""'Since Δ > 0, there are two roots: 2 and 3'."""
_LINE_OF = re.compile(r"\b(?:y|[fg]\(x\))\s?=\s?-?[\d.,/]{0,10}\s?\*?\s?x\s?[-+]\s?\d[\d.,/]{0,10}")
"""The equation of a line: 'y = 4x - 2'."""
_PRAISE = re.compile(
    r"(?<=[.!✅]\s)(?:good\s+(?:job|luck)|well\s+done|congratulations|enjoy|parabéns|boa\s+sorte|muito\s+bem|bom\s+(?:trabalho|proveito))\b"
    r"(?=[^=]*$)(?!.*\b(?:answer|resposta)\b)",
    _I,
)
"""After it only remarks."""
_UNLIKE = re.compile(
    r"\b(?:unlike|ao\s+contrário\s+d[aeo]s?)\s[^,.;!?\n\d]{1,40}(?:,\s(?:which|who|that|que)\s[^,.;!?\n]{1,60})?(?=,)",
    _I,
)
"""'Unlike insects, which have 6 legs'."""
_SUCH_AS = re.compile(
    r"\b(?:such\s+as|tal\s+como|tais\s+como)\s\d[\d.,]*(?:\s(?:and|or|e|ou)\s\d[\d.,]*)?", _I
)


_AFTER = (
    ("trailing", TRAILING),
    ("apart", APART),
    ("further", FURTHER),
    ("within", WITHIN),
    ("purpose", PURPOSE),
)
"""What states nothing after an answer, by its cue."""


class Stretch(NamedTuple):
    """A part of a text that states no answer."""

    start: int
    end: int
    after: bool
    """Only after a possible answer, which it then explains, checks or leaves."""
    reason: bool = False
    """It justifies what stands before it, also where that is denied."""


KINDS = frozenset(
    (
        "checking",
        "clause",
        "trailing",
        "apart",
        "further",
        "supposed",
        "aside",
        "denied",
        "purpose",
        "just",
        "praise",
    )
)
_SIGNED = re.compile(r"\(-\d[\d.,]*\)")
_IS_SO = re.compile(r"\b(?:is|é|são|equals)\s$", _I)
"""'The number is (-3)'."""
SIGNS = frozenset(("(", "[", CODE_OPEN, ":", "—", "?", "\n"))
"""One of these every stretch needs: a kind of phrase, or a sign."""


def stretches(text: str, cues: frozenset[str]) -> Iterator[Stretch]:
    """All of them, in no order."""
    if "(" in text or "[" in text or CODE_OPEN in text:
        for found in PARENTHESES.finditer(text):
            if _SIGNED.fullmatch(found[0]) and _IS_SO.search(text, 0, found.start()):
                continue
            yield Stretch(found.start(), found.end(), after=False)
    if "checking" in cues:
        yield from _checks(text)
    if "clause" in cues:
        yield from _reasons(text)
    for kind, pattern in _AFTER:
        for found in pattern.finditer(text) if kind in cues else ():
            yield Stretch(found.start(), found.end(), after=True)
    yield from _of_others(text, cues)
    if "aside" in cues:
        yield from _examples(text)
        yield from _digressions(text)
    if "\n" in text:
        yield from _footnotes(text)
    yield from _explanations(text, cues)
    yield from _questions(text)


def _of_others(text: str, cues: frozenset[str]) -> Iterator[Stretch]:
    """What would be, and what is unlike the rest."""
    for found in SUPPOSED.finditer(text) if "supposed" in cues else ():
        start = max(text.rfind(sign, 0, found.start()) for sign in ".!?;\n") + 1
        yield Stretch(start, found.end(), after=False)
    for found in _UNLIKE.finditer(text) if "denied" in cues else ():
        yield Stretch(found.start(), found.end(), after=False)
    for found in _SUCH_AS.finditer(text) if "aside" in cues else ():
        yield Stretch(found.start(), found.end(), after=False)


def _checks(text: str) -> Iterator[Stretch]:
    for found in CHECKING.finditer(text):
        if _WORKING.match(found[0]) and _DATA.search(text, 0, found.start()):
            continue  # 'Given: … Working: 110 * 25 = 2750'
        ends = _NOTE_ENDS if _NOTE.match(found[0]) else CHECK_END
        end = ends.search(text, found.end(), found.end() + LONG)
        yield Stretch(found.start(), end.start() if end else len(text), after=True)
    for found in _SUBSTITUTED.finditer(text):
        end = _SENTENCE_END.search(text, found.end(), found.end() + LONG)
        yield Stretch(found.start(), end.start() if end else len(text), after=True)


def _reasons(text: str) -> Iterator[Stretch]:
    for found in CLAUSE.finditer(text):
        fronted = FRONTED.search(text, max(0, found.start() - 12), found.start())
        ends = FRONT_END if fronted else CLAUSE_END
        end = ends.search(text, found.end(), found.end() + LONG)
        last = end.start() if end else found.end() + LONG
        yield Stretch(found.start(), last, after=True, reason=not fronted)


def _examples(text: str) -> Iterator[Stretch]:
    """One that opens a sentence may go on over several; else it ends with its sentence."""
    for found in _EXAMPLE.finditer(text):
        opens = FRONTED.search(text, max(0, found.start() - 12), found.start())
        ends = CHECK_END if opens else _SENTENCE_END
        end = ends.search(text, found.end(), found.end() + LONG)
        last = len(text) if opens else found.end() + LONG
        yield Stretch(found.start(), end.start() if end else last, after=True)


def _digressions(text: str) -> Iterator[Stretch]:
    for found in _DIGRESSION.finditer(text):
        end = text.find("\n", found.end())
        if end >= 0 and text[:end].rstrip().endswith(":"):
            end = text.find("\n\n", end + 2)  # the list that it leads to
        yield Stretch(found.start(), end if end >= 0 else len(text), after=True)


def _footnotes(text: str) -> Iterator[Stretch]:
    """'[1] IBGE, 2022.' on a line of its own, where [1] stands before, and a line of sources."""
    for found in _FOOTNOTE.finditer(text):
        if found["mark"] is None or 0 <= text.find(found["mark"]) < found.start("mark"):
            yield Stretch(found.start(), found.end(), after=True)


def _explanations(text: str, cues: frozenset[str]) -> Iterator[Stretch]:
    for found in _PRAISE.finditer(text) if "praise" in cues else ():
        yield Stretch(found.start(), len(text), after=True)
    for found in _LINE_OF.finditer(text) if "=" in text and "x" in text else ():
        yield Stretch(found.start(), found.end(), after=True)
    for found in _SIGN_OF_IT.finditer(text) if ">" in text or "<" in text else ():
        yield Stretch(found.start(), found.end(), after=True)
    for found in _DISCUSSED.finditer(text) if ">" in text or "<" in text else ():
        yield Stretch(found.start(1), found.end(1), after=True)
    for found in _DENIED_THEN.finditer(text) if ": " in text or " — " in text else ():
        end = _SENTENCE_END.search(text, found.end())
        yield Stretch(found.start("then"), end.start() if end else len(text), after=True)


def _questions(text: str) -> Iterator[Stretch]:
    at = text.find("?")
    while at >= 0:
        start = max(text.rfind(sign, 0, at) for sign in ".!?\n") + 1
        if text.count(" ", start, at) > 2:
            yield Stretch(start, at, after=False)
        at = text.find("?", at + 1)
