"""From a suite file and flags to a `Suite`: all mistakes at once, each with its line or flag."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from wattmark.errors import InputError, MistakesError, did_you_mean, unknown
from wattmark.runner.names import NameCheck
from wattmark.runner.suite_keys import FLAGS, SuiteFile, flag, listed, single
from wattmark.runner.suite_tables import (
    EMBEDDED,
    Overlaid,
    added,
    line_of,
    overlaid,
    unknown_keys,
)
from wattmark.schema import Suite
from wattmark.units import MOST_INTENSITY

DEFAULT_SUITE = "embedded"
MOST_SUITE_BYTES = 1_000_000


@dataclass(frozen=True)
class Asked:
    """A suite, and what its file's tables changed in it, for people."""

    suite: Suite
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Source:
    """Where each key came from, for messages."""

    file: str
    text: str
    flags: frozenset[str]
    tables: tuple[str, ...] = ()

    def place(self, key: str) -> str:
        if key in self.flags:
            return flag(key)
        line = line_of(self.text, key, self.tables)
        if line is not None:
            return f"{self.file} line {line}"
        return self.file or "the command line"


def suite_names() -> list[str]:
    """The suites that ship."""
    folder = resources.files("wattmark.runner") / "suites"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if ".toml" in f.name)


def read_suite(which: str | None, flags: Mapping[str, Any]) -> Suite:
    """A suite that ships, or a TOML file, with flags over it; or flags alone.

    Raises MistakesError with every mistake found, InputError for a file that cannot be read.
    """
    return read_asked(which, flags).suite


def read_asked(which: str | None, flags: Mapping[str, Any]) -> Asked:
    """The same, with notes of what the file's tables changed. `models` may be 'embedded'."""
    given = {key: value for key, value in flags.items() if value is not None}
    embedded = given.get("models") == EMBEDDED
    if embedded:
        del given["models"]
    else:
        _refuse_misspelt(str(given.get("models", "")))
    if which is None and "models" not in given:
        which, embedded = DEFAULT_SUITE, False
    file, text = _text(which) if which is not None else ("", "")
    content = _toml(file, text)
    over = overlaid(file, content, given, embedded=embedded)
    if "models" in given:
        given["models"] = added(given["models"], over.keys.get("models"))
    if which is None and "tasks" not in given and "models" in given:
        given["tasks"] = []
    source = _Source(file, text, frozenset(given), over.tables)
    strange = unknown_keys(content, SuiteFile.model_fields, over.tables)
    mistakes = [f"{file}, {said}" for said in strange]
    return Asked(_checked(source, over, given, mistakes), over.notes)


def _refuse_misspelt(models: str) -> None:
    """'embeded': nearly the word for the models that ship, and neither a folder nor a hub's id."""
    for word in (part.strip() for part in models.split(",")):
        meant = did_you_mean(word, [EMBEDDED]) if word != EMBEDDED else ""
        if meant and "/" not in word and not Path(word).exists():
            raise InputError(
                f"There is no model '{word}'.{meant}",
                "Give a hub's id with its owner, or a folder.",
            )


def outline(which: str) -> SuiteFile:
    """The keys of a suite that ships, well formed, with no name looked up and no hub asked.

    Raises InputError for an unknown one.
    """
    file, text = _text(which)
    return SuiteFile.model_validate(overlaid(file, _toml(file, text), {}, embedded=False).keys)


def _checked(
    source: _Source, over: Overlaid, given: Mapping[str, Any], mistakes: list[str]
) -> Suite:
    raw = {**over.keys, **given}
    parsed = None
    try:
        parsed = SuiteFile.model_validate(raw)
        wrong: set[str] = set()
    except ValidationError as errors:
        wrong = {str(error["loc"][0]) for error in errors.errors()}
        mistakes += [_said(source, dict(error)) for error in errors.errors()]
    right = {key: value for key, value in raw.items() if key not in wrong and value is not None}
    given_lists = {key: _all(key, value) for key, value in right.items()}
    mistakes += NameCheck(source.place, given_lists, right).look_up_all()
    if parsed is None or mistakes:
        raise MistakesError("The suite cannot be run:", list(dict.fromkeys(mistakes)))
    return Suite(**{name: getattr(parsed, name) for name in SuiteFile.model_fields})


def checked(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Some of a suite's keys, given by flags alone; MistakesError where one is off."""
    given = {key: value for key, value in flags.items() if value is not None}
    try:
        parsed = SuiteFile.model_validate({"models": ["none"], **given})
    except ValidationError as errors:
        source = _Source("", "", frozenset(given))
        mistakes = [_said(source, dict(error)) for error in errors.errors()]
        raise MistakesError("These flags are off:", list(dict.fromkeys(mistakes))) from None
    return {key: getattr(parsed, key) for key in given}


def _text(which: str) -> tuple[str, str]:
    shipped = resources.files("wattmark.runner") / "suites" / f"{which}.toml"
    if re.fullmatch(r"[A-Za-z0-9_-]+", which) and shipped.is_file():
        return f"suite {which}", shipped.read_text(encoding="utf-8")
    path = Path(which)
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{which} is not a file.", "Give a TOML file.")
        if path.stat().st_size > MOST_SUITE_BYTES:
            raise InputError(f"{which} is too large for a suite.", "Is it a suite file in TOML?")
        return which, path.read_text(encoding="utf-8")
    except FileNotFoundError:
        hint = "Or give a TOML file."
        raise InputError(unknown("suite", which, suite_names()), hint) from None
    except UnicodeDecodeError as reason:
        raise InputError(f"{which} is not UTF-8 text.", "A suite is a TOML file.") from reason
    except OSError as reason:
        raise InputError(f"{which} cannot be read: {reason.strerror}.") from reason


def _toml(file: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as reason:
        raise InputError(f"{file} is not TOML: {reason}.", "See docs/suites.md.") from reason
    except RecursionError:
        raise InputError(f"{file} is nested too deeply for a suite.") from None


def _said(source: _Source, error: dict[str, Any]) -> str:
    """One of pydantic's errors in our words."""
    key = str(error["loc"][0])
    where = source.place(key)
    if error["type"] == "extra_forbidden":
        return f"{where}: {unknown('key', key, SuiteFile.model_fields)}"
    if error["type"] == "missing":
        return f"{where}: '{key}' is needed ({FLAGS.get(key, key)})."
    given = _short(error["input"])
    if error["type"] == "too_short":
        return f"{where}: {key} is empty; name at least one."
    if key in _MEANT:
        return f"{where}: {key} is {given}; it must be {_MEANT[key]}."
    if key == "options":
        return f"{where}: options.{error['loc'][1]} must be a text, a number, true or false."
    said = str(error["msg"]).removeprefix("Input should be ").partition(", unable")[0]
    return f"{where}: {key} is {given}; it should be {said}."


_MEANT = {
    "batch_sizes": "integers from 1 to 65536, or auto",
    "cpus": "numbers of CPUs, such as 0,1",
    "force_memory": "true or false",
    "device": "auto, cpu, cuda, cuda:N, cuda:N+M or cuda:all",
    "weights": "pretrained or random",
    "intensity_g_per_kwh": f"a number from 0 to {MOST_INTENSITY:g} g/kWh, or a CSV file",
    "name": "letters, digits, '.', '_' and '-', beginning with a letter or a digit",
    "precision_target": "a relative half-width from 0.01% to below 100%, such as 5% or 0.05",
    "memory_limit_bytes": "a size of at least 64MiB, such as 20GiB",
    "trust_remote_code": "true or false",
    "allow_pickle": "true or false",
}


# Their commas do not part them.
_WHOLE = (
    *("sensors", "country", "zone", "intensity_g_per_kwh", "corpus"),
    *("chat_template", "system"),
)


def _short(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def _all(key: str, value: object) -> list[Any]:
    """What stands under a key, as a list: of a table its keys."""
    several = single(value) if key in _WHOLE else listed(value)
    if isinstance(several, Mapping):
        return list(several)
    return several if isinstance(several, list) else [several]


__all__ = [
    "DEFAULT_SUITE",
    "Asked",
    "SuiteFile",
    "checked",
    "outline",
    "read_asked",
    "read_suite",
    "suite_names",
]
