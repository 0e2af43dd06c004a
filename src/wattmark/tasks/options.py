"""Options of a task: how they are written in its name, and how their values are checked.

'squad:mode=closed,data=dev.json' is task, colon, and `optiontext`'s list of options. Where a
class says `first = "data"`, the option of that name may stand first and bare: 'jsonl:mine.jsonl'.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from wattmark import optiontext
from wattmark.errors import InputError, MistakesError, unknown
from wattmark.optiontext import Known


def read_options(task: Any, base: str, text: str) -> dict[str, str]:
    """The options that `text` gives to the class `task`; MistakesError names all mistakes."""
    known: Mapping[str, str] = getattr(task, "options", {})
    first: str | None = getattr(task, "first", None)
    bare = first is not None and not optiontext.is_option(text)
    given = optiontext.read(text, Known(words=known), first=bare)
    words = dict(given.words)
    if bare and first is not None:
        if first in words:
            given.mistakes.append(f"'{first}' is given twice.")
        words[first] = given.first
    if given.mistakes:
        title = f"Task '{base}' cannot be asked for like this:"
        raise MistakesError(title, given.mistakes)
    return words


def full_name(base: str, given: Mapping[str, str], defaults: Mapping[str, str]) -> str:
    """'squad:data=dev.json,mode=closed': sorted, without what equals its default."""
    words = {key: value for key, value in given.items() if value != defaults.get(key)}
    return f"{base}:{optiontext.written(words)}" if words else base


def one_of(base: str, option: str, value: str, choices: Collection[str]) -> str:
    """`value`, unless it is none of `choices`: InputError with what exists."""
    if value not in choices:
        raise InputError(f"Task '{base}': " + unknown(option, value, choices))
    return value


_ESCAPES = {"n": "\n", "t": "\t", "\\": "\\"}
LONGEST_STOP = 100
STOP_OPTION = r"a text that ends an answer, which is cut before it; \n is a line break"


def stop_text(base: str, value: str) -> tuple[str, ...]:
    """The stop string that `value` writes, none where it is empty; InputError where it is none."""

    def meant(found: re.Match[str]) -> str:
        if found[1] not in _ESCAPES:
            raise InputError(
                f"Task '{base}': stop={value} has a '{found[0]}'.",
                r"There are \n (line break), \t (tab) and \\ (a backslash).",
            )
        return _ESCAPES[found[1]]

    stop = re.sub(r"\\(.?)", meant, value)
    if len(stop) > LONGEST_STOP:
        raise InputError(f"Task '{base}': stop has {len(stop)} characters; take {LONGEST_STOP}.")
    return (stop,) if stop else ()


def whole_number(base: str, option: str, value: str, low: int, high: int) -> int:
    """The number that `value` writes; InputError unless it is whole and in low … high."""
    number = int(value) if value.isascii() and value.isdigit() and len(value) < 10 else None
    if number is None or not low <= number <= high:
        raise InputError(
            f"Task '{base}': {option}={value} is not a whole number from {low} to {high}."
        )
    return number
