"""Other ways to write a number, a sum or an answer: accounts, columns, interpreters, brackets."""

from __future__ import annotations

import re

MARK = "\nfinal answer: "
"""What stands for a sign that marks the answer."""
_ACCOUNTED = re.compile(r"(?:(?<=[$€£])|(?<=\d\s=\s))\((\d{1,3}(?:[.,]\d{2,3}){1,4})\)")
"""A loss, as accounts have it: £(1,200)."""
_ACCOUNTED_ALONE = re.compile(
    r"(?<=:\s)\(((?:R\$\s?|[$€£])\d{1,3}(?:[.,]?\d{2,3}){0,4})\)(?=\W{0,3}$)"
)
"""The same at the end of a text, with its label: 'Profit: ($300)'."""
_OVER = re.compile(r"(?<![\w)^])\((-?\d{1,9})\)\s?/\s?\((\d{1,9})\)(?![\d^])")
"""A fraction whose parts stand in brackets."""
_PROMPT = re.compile(r"^>>>\s?([^\n]{1,200})\n(?=-?[\d.]{1,40}$)", re.MULTILINE)
"""What was typed in an interpreter, before what it printed."""
_DEGREES = re.compile(r"(?<=\d)º(?=\s?(?:[.,;:)!=]|$))")
_ANGLE = re.compile(r"(?:ângul|angul|angle|graus|°)", re.IGNORECASE)
_TIMES_BELOW = re.compile(r"(?<=\d)(\s{0,9}\n\s{0,9})[*xX]\s+(?=\d+\s*\n)")
"""The factor that stands below another, in a column."""
_BRACKETED = re.compile(r"\[\[\s?(-?\d[\d.,/]{0,30})\s?\]\]")
"""'[[47]]', as some are told to mark their answer."""
_DOT = re.compile(r"(?<=\d)(?:\s\.\s|\.)(?=10\s?\^)")
"""The sign of '3 . 10^8' and of '3.10^8', no end of a sentence."""
_TENS = re.compile(
    r"(?<=\d)\s(?:times|vezes)\s10\s(?:to\sthe\s(?:power\s(?:of\s)?)?|elevado\s(?:a|à|ao)\s)(-?\d{1,3})(?![\w.,])"
)
_BELOW_ZERO = re.compile(r"(?<![\w.,/)-])(\d{1,9})/-(\d{1,9})(?![\d.,/])")
"""'2/-3'."""
_MINUS_APART = re.compile(
    r"(\b(?:answer|resposta|result|resultado)\s?(?:\s(?:is|é)|:|=)\s)-\s(?=\d[\d.,]*\W*$)",
    re.IGNORECASE,
)
"""'The answer is - 7.'"""
_GROUPED_DECIMALS = re.compile(
    r"(?<![\d.,])\d[.,]\d{3}(?:[ \u2009]\d{3})+[ \u2009]\d{1,2}(?![\d.,])"
)
"""'3.141 592 65'."""
_SPACE = re.compile(r"[ \u2009]")
_PER_MILLE = re.compile(r"(?<![\d.,])(\d{1,6})\s?‰")
_SAID_OVER = re.compile(r"\A\W{0,3}(\d{1,6})\s(?:over|sobre)\s(\d{1,6})\W{0,3}\Z")
"""'3 over 4', and no more."""
_LIMITS = re.compile(
    r"(?:\\(?:int|sum|prod)|\\right\s?[\]|)]|[\]|])\s?_(?:\{[^{}]{1,12}\}|[^{}\s^]{1,2})\s?\^(?:\{[^{}]{1,12}\}|[^{}\s^])"
)
"""Of an integral or a sum."""


def written_plainly(text: str) -> str:
    """The text with such signs written as most answers have them."""
    if "(" in text:
        text = _OVER.sub(r"\1/\2", _ACCOUNTED.sub(r"-\1", text))
        text = _ACCOUNTED_ALONE.sub(r"-\1", text)
    if "[[" in text:
        text = _BRACKETED.sub(lambda found: f"{MARK}{found[1]} \ue002", text)
    if ">>>" in text:
        text = _PROMPT.sub(r"\1 = ", text)
    text = _GROUPED_DECIMALS.sub(lambda found: _SPACE.sub("", found[0]), text)
    if " - " in text:
        text = _MINUS_APART.sub(r"\1-", text)
    if "10^" in text or "10 ^" in text or " 10 " in text:
        text = _TENS.sub(r"*10^\1", _DOT.sub(" * ", text))
    if "‰" in text:
        text = _PER_MILLE.sub(r"\1/1000", text)
    if "/-" in text:
        text = _BELOW_ZERO.sub(r"-\1/\2", text)
    if " over " in text or " sobre " in text:
        text = _SAID_OVER.sub(r"\1/\2", text)
    return _TIMES_BELOW.sub(" * ", text) if "\n" in text else text


def with_degrees(text: str) -> str:
    """The text with the sign of degrees where an ordinal's stands after the size of an angle."""
    return _DEGREES.sub("°", text) if "º" in text and _ANGLE.search(text) else text


def without_limits(text: str) -> str:
    """LaTeX without the limits of its integrals and sums."""
    return _LIMITS.sub(" ", text)
