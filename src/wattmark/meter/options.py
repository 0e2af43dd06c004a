"""Options in a sensor's name, such as 'trace.csv,component=gpu': read once, mistakes told at once.

Options are separated by commas. A comma inside brackets or inside quotes within them belongs to
the value, so that a query such as `sum(rate(x{job="a,b"}[1m]))` is one option.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from wattmark.errors import MistakesError, unknown

COMPONENTS = ("cpu", "dram", "gpu", "soc", "board", "wall", "core", "uncore")

_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_HIDDEN = "***"
# What stands before an '@' in an address; a slash ends it, an equals sign begins it.
_LOGIN = re.compile(r"(?:(?<=//)|^)[^/=]*@|(?<=//)[^/]*@")
_SECRET = re.compile(
    r"([?&][^=&,]*(?:pass|pwd|token|secret|key|auth|sig|user|login|cred)[^=&,]*=)[^&,]*",
    re.IGNORECASE,
)


@dataclass
class Options:
    """What was read: `first` (a path or an address), words and numbers by name, and mistakes."""

    first: str = ""
    words: dict[str, str] = field(default_factory=dict)
    numbers: dict[str, float] = field(default_factory=dict)
    mistakes: list[str] = field(default_factory=list)

    def choice(self, name: str, choices: Collection[str], default: str) -> str:
        """A word out of `choices`; any other is a mistake, and the default stands in."""
        word = self.words.get(name, default)
        if word in choices:
            return word
        self.mistakes.append(unknown(name, word, choices))
        return default

    def refusal(self, title: str) -> MistakesError:
        """All mistakes as the error to raise where there are any."""
        return MistakesError(title, self.mistakes)


@dataclass(frozen=True, kw_only=True)
class Known:
    """The options that there are: words, numbers, and the signs that numbers may have.

    A number is finite and not negative, above 0 where it is `positive`, of any sign where it is
    `signed`, at most 1 where it is a `share`.
    """

    words: Collection[str] = ()
    numbers: Collection[str] = ()
    positive: Collection[str] = ()
    signed: Collection[str] = ()
    share: Collection[str] = ()


def read(text: str, known: Known, *, first: bool = False) -> Options:
    """'key=value,key=value', after a path or an address where `first`; never raises."""
    options = Options()
    parts = split(text)
    if first:
        options.first = parts.pop(0).strip() if parts else ""
    for part in filter(None, (part.strip() for part in parts)):
        key, equals, value = (side.strip() for side in part.partition("="))
        if not equals or not value:
            options.mistakes.append(f"'{redacted(part)}' is not of the form option=value.")
        elif key in options.words or key in options.numbers:
            options.mistakes.append(f"'{key}' is given twice.")
        elif key in known.words:
            options.words[key] = value
        elif key in known.numbers:
            _number(key, value, known, options)
        else:
            every = (*known.words, *known.numbers)
            options.mistakes.append(unknown("option", redacted(key), every))
    return options


def split(text: str) -> list[str]:
    """At the commas outside of brackets; at all of them where the brackets do not match."""
    parts, closing, quote = [""], "", ""
    for sign in text:
        if sign == "," and not closing:
            parts.append("")
            continue
        parts[-1] += sign
        if quote:
            quote = "" if sign == quote else quote
        elif closing and sign in "\"'`":
            quote = sign
        elif sign in _BRACKETS:
            closing += _BRACKETS[sign]
        elif closing.endswith(sign):
            closing = closing[: -len(sign)]
    return text.split(",") if closing else parts


def redacted(text: str) -> str:
    """The text without what looks like a password, a user or a key in an address."""
    hidden = _LOGIN.sub(f"{_HIDDEN}@", text)
    return _SECRET.sub(rf"\g<1>{_HIDDEN}", hidden)


def _number(key: str, value: str, known: Known, options: Options) -> None:
    """Put a finite number of the right sign into `options`, or a line into its mistakes."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    positive = key in known.positive
    if not math.isfinite(number):
        options.mistakes.append(f"{key}='{redacted(value)}' is not a number.")
    elif key not in known.signed and (number < 0 or (number == 0 and positive)):
        options.mistakes.append(f"{key}={value} must be {'above 0' if positive else '0 or more'}.")
    elif key in known.share and number > 1:
        options.mistakes.append(f"{key}={value} is a share: 0 to 1.")
    else:
        options.numbers[key] = number
