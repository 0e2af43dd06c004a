"""The keys of a suite: their types, their defaults and limits, and the flag of each."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool

from wattmark import optiontext
from wattmark.backends.devices import PATTERN
from wattmark.runner.carbon import as_number
from wattmark.schema import Option
from wattmark.units import BYTES_PER_MIB, MOST_INTENSITY, parse_bytes


def listed(value: object) -> object:
    """A single value is a list of one; '1,8' is a list of two."""
    if isinstance(value, str):
        return list(dict.fromkeys(optiontext.names(value)))
    if isinstance(value, int | float):
        return [value]
    if isinstance(value, list | tuple) and all(isinstance(v, Hashable) for v in value):
        return list(dict.fromkeys(value))
    return value


def single(value: object) -> object:
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
    sensors: Annotated[tuple[str, ...], BeforeValidator(single)] = ()
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


def flag(key: str) -> str:
    """The flag of a key: 'batch_sizes' is --batch."""
    return FLAGS.get(key, "--" + key.replace("_", "-"))
