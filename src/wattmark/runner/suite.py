"""From a suite file and flags to a `Suite`: all mistakes at once, each with its line or flag."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from wattmark import optiontext
from wattmark.backends.devices import PATTERN
from wattmark.errors import InputError, MistakesError, unknown
from wattmark.runner.carbon import as_number
from wattmark.runner.names import NameCheck
from wattmark.schema import Option, Suite
from wattmark.units import BYTES_PER_MIB, MOST_INTENSITY, parse_bytes

DEFAULT_SUITE = "embedded"
MOST_SUITE_BYTES = 1_000_000


def listed(value: object) -> object:
    """A single value is a list of one; '1,8' is a list of two."""
    if isinstance(value, str):
        return list(dict.fromkeys(optiontext.names(value)))
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(v, Hashable) for v in value):
        return list(dict.fromkeys(value))
    return value


def _single(value: object) -> object:
    """A single sensor is a list of one; its own commas stay."""
    return [value] if isinstance(value, str) else value


def _bytes(value: object) -> object:
    return parse_bytes(value) if isinstance(value, str) else value


def _share(value: object) -> object:
    """'5%' and '0.05' are 0.05."""
    if not isinstance(value, str):
        return value
    number, percent, rest = value.strip().partition("%")
    try:
        share = float(number)
    except ValueError:
        return value
    return value if rest else share / 100 if percent else share


def _intensity(value: object) -> object:
    """A number is a number also where a flag gave it as text; any other text is a file."""
    number = as_number(value) if isinstance(value, str) else None
    return value if number is None else number


def flag(key: str) -> str:
    """The flag of a key: 'batch_sizes' is --batch."""
    return FLAGS.get(key, "--" + key.replace("_", "-"))


def _models(value: object) -> object:
    """Names of models; a folder has one name however its path is written."""
    named = listed(value)
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        return named
    return list(dict.fromkeys(map(_one_name, named)))


def _one_name(name: str) -> str:
    """'./a//b/' is './a/b', and so is 'a/b' where that is a folder here."""
    relative = not name.startswith(("/", "~"))
    if name.startswith("embedded/") or (relative and not Path(name).is_dir()):
        return name
    plain = os.path.normpath(name)
    return f"./{plain}" if relative and not plain.startswith("..") else plain


Names = Annotated[tuple[str, ...], BeforeValidator(listed), Field(min_length=1)]
Batches = Annotated[
    tuple[Annotated[int, Field(ge=1, le=65536)] | Literal["auto"], ...],
    BeforeValidator(listed),
    Field(min_length=1),
]
Cpus = Annotated[tuple[Annotated[int, Field(ge=0, le=65535)], ...], BeforeValidator(listed)]
PRECISION = Field(ge=0.0001, lt=1, allow_inf_nan=False)
MEMORY = Field(ge=64 * BYTES_PER_MIB, le=2**62)
Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Place = Annotated[str, Field(min_length=1, max_length=60)]
Intensity = Annotated[
    Annotated[float, Field(ge=0, le=MOST_INTENSITY)] | Annotated[str, Field(min_length=1)],
    BeforeValidator(_intensity),
]


class SuiteFile(BaseModel):
    """What may stand in a suite file, or be given by flags. Unknown keys are mistakes."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$", max_length=80)] = "run"
    models: Annotated[tuple[str, ...], BeforeValidator(_models), Field(min_length=1)]
    tasks: Annotated[tuple[str, ...], BeforeValidator(listed)] = ()
    backends: Names = ("transformers",)
    precisions: Names = ("fp32",)
    batch_sizes: Batches = (1,)
    modes: Names = ("baseline",)
    device: Annotated[str, Field(pattern=PATTERN)] = "auto"
    revision: str | None = None
    weights: Annotated[str, Field(pattern=r"^(pretrained|random)$")] = "pretrained"
    replicates: Annotated[int, Field(ge=1, le=1000)] = 5
    warmups: Annotated[int, Field(ge=0, le=1000)] = 2
    limit: Annotated[int, Field(ge=1, le=10**9)] | None = None
    max_new_tokens: Annotated[int, Field(ge=1, le=131_072)] = 64
    seed: Annotated[int, Field(ge=0, le=2**32 - 1)] = 0
    idle_s: Seconds = 0.5
    sample_interval_s: Annotated[float, Field(ge=0.001, le=60)] = 0.1
    timeout_s: Annotated[float, Field(gt=0, le=864_000)] = 600.0
    quiet_wait_s: Seconds = 5.0
    repeat_noisy: Annotated[int, Field(ge=0, le=100)] = 0
    threads: Annotated[int, Field(ge=1, le=4096)] | None = None
    cpus: Cpus = ()
    memory_limit_bytes: Annotated[int, BeforeValidator(_bytes), MEMORY] | None = None
    force_memory: StrictBool = False
    sensors: Annotated[tuple[str, ...], BeforeValidator(_single)] = ()
    country: Place | None = None
    zone: Place | None = None
    intensity_g_per_kwh: Intensity | None = None
    intensity_uncertainty: Annotated[float, Field(ge=0, le=1)] = 0.15
    pue: Annotated[float, Field(ge=1, le=10)] = 1.0
    embodied_kg: Annotated[float, Field(ge=0, le=1e9)] | None = None
    embodied_share: Annotated[float, Field(gt=0, le=1)] = 1.0
    lifetime_years: Annotated[float, Field(gt=0, le=100)] = 4.0
    water_l_per_kwh: Annotated[float, Field(ge=0, le=1000)] | None = None
    grid_water_l_per_kwh: Annotated[float, Field(ge=0, le=1000)] | None = None
    interval_target: Annotated[float, Field(gt=0, le=10)] = 0.10
    precision_target: Annotated[float, BeforeValidator(_share), PRECISION] | None = None
    time_budget_s: Seconds = 60.0
    # "yes" is no permission: these two open the door to a stranger's code.
    trust_remote_code: StrictBool = False
    allow_pickle: StrictBool = False
    options: Mapping[str, Option] = {}
    corpus: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    chunk_by: Literal["words", "sentences"] = "words"
    chunk_size: Annotated[int, Field(ge=1, le=100_000)] | None = None
    chunk_overlap: Annotated[int, Field(ge=0, le=100_000)] | None = None
    top_k: Annotated[int, Field(ge=1, le=1000)] | None = None
    context_tokens: Annotated[int, Field(ge=1, le=1_000_000)] = 256
    chat: Literal["auto", "on", "off"] = "auto"
    chat_template: Annotated[str, Field(min_length=1, max_length=4096)] | None = None
    system: Annotated[str, Field(min_length=1, max_length=100_000)] | None = None
    shots: Annotated[int, Field(ge=0, le=1000)] = 0
    temperature: Annotated[float, Field(ge=0, le=100, allow_inf_nan=False)] = 0.0
    top_p: Annotated[float, Field(gt=0, le=1)] = 1.0
    confidence: StrictBool = False


FLAGS = {
    "models": "--model",
    "tasks": "--task",
    "backends": "--backend",
    "precisions": "--precision",
    "batch_sizes": "--batch",
    "modes": "--mode",
    "idle_s": "--idle",
    "sample_interval_s": "--interval",
    "timeout_s": "--timeout",
    "time_budget_s": "--time-budget",
    "quiet_wait_s": "--quiet-wait",
    "memory_limit_bytes": "--memory-limit",
    "sensors": "--sensor",
    "intensity_g_per_kwh": "--intensity",
    "water_l_per_kwh": "--water",
    "grid_water_l_per_kwh": "--grid-water",
    "options": "--option",
}


@dataclass(frozen=True)
class _Source:
    """Where each key came from, for messages."""

    file: str
    text: str
    flags: frozenset[str]

    def place(self, key: str) -> str:
        if key in self.flags:
            return flag(key)
        for number, line in enumerate(self.text.splitlines(), 1):
            if re.match(rf"\s*\[?[\"']?{re.escape(key)}[\"']?\s*[=\].]", line):
                return f"{self.file} line {number}"
        return self.file or "the command line"


def suite_names() -> list[str]:
    """The suites that ship."""
    folder = resources.files("wattmark.runner") / "suites"
    return sorted(f.name.removesuffix(".toml") for f in folder.iterdir() if ".toml" in f.name)


def read_suite(which: str | None, flags: Mapping[str, Any]) -> Suite:
    """A suite that ships, or a TOML file, with flags over it; or flags alone.

    Raises MistakesError with every mistake found, InputError for a file that cannot be read.
    """
    given = {key: value for key, value in flags.items() if value is not None}
    if which is None and "models" not in given:
        which = DEFAULT_SUITE
    file, text = _text(which) if which is not None else ("", "")
    content = _toml(file, text)
    if which is None and "tasks" not in given and "models" in given:
        given["tasks"] = []
    source = _Source(file, text, frozenset(given))
    raw = content | given
    mistakes: list[str] = []
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
    several = _single(value) if key in _WHOLE else listed(value)
    if isinstance(several, Mapping):
        return list(several)
    return several if isinstance(several, list) else [several]
