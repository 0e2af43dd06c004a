"""Options in a name, such as 'squad:mode=open,data=dev.json': read once, mistakes told at once.

Options are separated by commas. A comma inside brackets or inside quotes within them belongs to
the value, so that a query such as `sum(rate(x{job="a,b"}[1m]))` is one option; so does a comma
inside a value that is quoted as a whole, `data="a,b.csv"`, whose quotes are not part of it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from wattmark.errors import MistakesError, unknown

_QUOTES = "\"'"
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_OPTION = re.compile(r"[A-Za-z_]\w*\s*=")
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
        options.first = _unquoted(parts.pop(0).strip()) if parts else ""
    for part in filter(None, (part.strip() for part in parts)):
        key, equals, value = (side.strip() for side in part.partition("="))
        if not equals or not value:
            options.mistakes.append(f"'{redacted(part)}' is not of the form option=value.")
        elif key in options.words or key in options.numbers:
            options.mistakes.append(f"'{key}' is given twice.")
        elif key in known.words:
            options.words[key] = _unquoted(value)
        elif key in known.numbers:
            _number(key, value, known, options)
        else:
            every = (*known.words, *known.numbers)
            options.mistakes.append(unknown("option", redacted(key), every))
    return options


def split(text: str) -> list[str]:
    """At the commas outside of brackets and quoted values; at all where these do not match."""
    parts, closing, quote = [""], "", ""
    for sign in text:
        if sign == "," and not closing and not quote:
            parts.append("")
            continue
        begins = parts[-1].rstrip()[-1:] in ("", "=") and sign in _QUOTES
        parts[-1] += sign
        if quote:
            quote = "" if sign == quote else quote
        elif begins or (closing and sign in "\"'`"):
            quote = sign
        elif sign in _BRACKETS:
            closing += _BRACKETS[sign]
        elif closing.endswith(sign):
            closing = closing[: -len(sign)]
    return text.split(",") if closing or quote else parts


def names(text: str) -> list[str]:
    """A list of names by commas, each with the options that follow it: 'a:x=1,y=2,b' is two."""
    found: list[str] = []
    for part in (part.strip() for part in split(text)):
        if found and ":" in found[-1] and is_option(part):
            found[-1] += f",{part}"
        elif part:
            found.append(part)
    return found


def is_option(text: str) -> bool:
    """Whether the text begins as an option does: a word and an equals sign."""
    return _OPTION.match(text.lstrip()) is not None


def written(words: Mapping[str, str]) -> str:
    """'key=value,key=value', sorted, quoted where it must be: what `read` reads back."""
    return ",".join(f"{key}={_quoted(words[key])}" for key in sorted(words))


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


def _unquoted(value: str) -> str:
    """The value without the quotes around all of it."""
    quote = value[:1]
    whole = len(value) > 1 and quote in _QUOTES and value.find(quote, 1) == len(value) - 1
    return value[1:-1] if whole else value


def _quoted(value: str) -> str:
    """The value, in quotes where it would not be read back as it is."""
    plain = value and split(f"a={value}") == [f"a={value}"] and _unquoted(value.strip()) == value
    if plain:
        return value
    quote = "'" if '"' in value else '"'
    return f"{quote}{value}{quote}"
