"""Tables of a suite file that stand over its keys where they apply.

    [cpu]       where the device is a CPU, asked for or found: the nearest that a CPU has
    [random]    with --weights random: nothing is downloaded, so data that ship stand in
    [embedded]  with --models embedded: the models that ship stand in

A later one stands over an earlier one, and flags stand over all of them. A flag `--model +name`
does not replace a suite's models: the name is added to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from wattmark import optiontext
from wattmark.errors import InputError, WattmarkError, unknown
from wattmark.models import RANDOM
from wattmark.runner.devices import find_device

CPU, EMBEDDED = "cpu", "embedded"
TABLES = {
    CPU: "on a CPU",
    RANDOM: "with random weights",
    EMBEDDED: "on the models that ship",
}
"""Table → when it applies, from the first to the one that stands over all."""
ADD = "+"
"""Before a model's name: it is added to those of the suite."""
_HEADER = re.compile(r"\s*\[+\s*[\"']?(\w+)")


@dataclass(frozen=True)
class Overlaid:
    """The keys of a file as they are to be read."""

    keys: Mapping[str, Any]
    tables: tuple[str, ...] = ()
    """Those that applied, in order."""
    notes: tuple[str, ...] = ()
    """What each of them changed, for people."""


def overlaid(
    file: str, content: Mapping[str, Any], given: Mapping[str, Any], *, embedded: bool
) -> Overlaid:
    """A file's keys with its tables over them; `given` are the flags, which win and are not in.

    Raises InputError where the models that ship are wanted and the file does not say which.
    """
    tables = {name: content[name] for name in TABLES if isinstance(content.get(name), dict)}
    if embedded and EMBEDDED not in tables:
        raise InputError(
            f"{file} has no [embedded] table: it does not say which models that ship stand in.",
            "Name them, such as --model embedded/arithmetic with --task arithmetic.",
        )
    keys = {key: value for key, value in content.items() if key not in tables}
    applied, notes = [], []
    for name in TABLES:
        if name in tables and (embedded if name == EMBEDDED else _applies(name, {**keys, **given})):
            changed = {k: v for k, v in tables[name].items() if k not in given}
            notes += _note(name, keys, changed)
            keys |= changed
            applied.append(name)
    return Overlaid(keys, tuple(applied), tuple(notes))


def unknown_keys(
    content: Mapping[str, Any], known: Collection[str], applied: Collection[str]
) -> Iterator[str]:
    """Keys that no suite has, in the tables that were not `applied`: the others are read anyway."""
    for name in TABLES:
        table = content.get(name)
        if name not in applied and isinstance(table, dict):
            strange = [key for key in table if key not in known]
            yield from (f"table [{name}]: {unknown('key', key, known)}" for key in strange)


def added(models: object, suite_models: object) -> object:
    """The models of a flag: in the place of the suite's, or with `+` behind them.

    Raises InputError for a flag that does both, or that adds to nothing.
    """
    if not isinstance(models, str):
        return models
    names = optiontext.names(models)
    more = [name.removeprefix(ADD) for name in names if name.startswith(ADD)]
    if not more:
        return models
    if len(more) < len(names):
        raise InputError(
            "--model names models in the place of the suite's, and with + beside them.",
            "Give all names with a +, or none.",
        )
    if not isinstance(suite_models, list):
        raise InputError(
            f"--model {models} adds to a suite, and none is given.", "Leave the + out."
        )
    return [*suite_models, *more]


def line_of(text: str, key: str, tables: Collection[str] = ()) -> int | None:
    """The line of a file on which a key stands that counts: in the last of `tables` that has it."""
    at_key = re.compile(rf"\s*\[?[\"']?{re.escape(key)}[\"']?\s*[=\].]")
    found: dict[str, int] = {}
    section = ""
    for number, line in enumerate(text.splitlines(), 1):
        header = _HEADER.match(line)
        if header is not None and header[1] in TABLES:
            section = header[1]
            line = line.replace(f"[{section}.", "[", 1)  # noqa: PLW2901 - [embedded.options] is its options
        if at_key.match(line):
            found.setdefault(section, number)
    wanted = [name for name in reversed(TABLES) if name in tables]
    return next((found[name] for name in (*wanted, "") if name in found), None)


def _applies(name: str, keys: Mapping[str, Any]) -> bool:
    """Of [cpu] and [random], by the keys and flags so far."""
    if name == RANDOM:
        return keys.get("weights") == RANDOM
    device = keys.get("device", "auto")
    try:
        return isinstance(device, str) and find_device(device) == "cpu"
    except WattmarkError:  # told later, with the other mistakes
        return False


def _note(name: str, before: Mapping[str, Any], changed: Mapping[str, Any]) -> list[str]:
    told = [
        f"{key} {_told(value)}" + (f" (not {_told(before[key])})" if key in before else "")
        for key, value in changed.items()
        if before.get(key) != value
    ]
    return [f"{TABLES[name]}: {'; '.join(told)}"] if told else []


def _told(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
