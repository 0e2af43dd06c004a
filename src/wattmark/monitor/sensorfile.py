"""What the sensors of somebody's power log are, from a TOML file: a table a sensor.

    ["nvml:gpu0"]
    kind = "counter"
    component = "gpu"
    update_period_s = 0.1

The table's name is the sensor's, dots and all: `[rack.1]` describes the sensor 'rack.1'.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wattmark.errors import InputError, unknown
from wattmark.monitor.csvtable import Mistakes
from wattmark.schema import SensorInfo

MOST_BYTES = 10_000_000
COMPONENTS = ("cpu", "core", "uncore", "dram", "gpu", "soc", "board", "wall")
KINDS = ("counter", "power")

Seconds = Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class SensorTable(BaseModel):
    """What may stand in a sensor's table. Other keys are mistakes; what is left out is unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["counter", "power"]
    component: Literal["cpu", "core", "uncore", "dram", "gpu", "soc", "board", "wall"]
    device: Annotated[str, Field(min_length=1)] | None = None
    """Which one of its component; default: the sensor's name."""
    update_period_s: Seconds | None = None
    averaging_window_s: Seconds | None = None
    lag_s: Seconds | None = None
    quantum_j: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    wrap_j: Positive | None = None
    gain_uncertainty: Annotated[float, Field(ge=0, lt=1)] = 0.0
    limit_w: Positive | None = None

    def info(self, name: str, source: str) -> SensorInfo:
        """As the rest of Wattmark knows a sensor."""
        given = self.model_dump() | {"device": self.device or name}
        return SensorInfo(name=name, source=source, **given)


def read_sensors(path: Path, mistakes: Mistakes) -> dict[str, SensorInfo] | None:
    """Name → sensor, in the file's order; None, and lines in `mistakes`, where anything is off."""
    try:
        text, content = _load(path)
    except InputError as reason:
        mistakes.add(str(reason))
        return None
    before = len(mistakes.lines)
    infos: dict[str, SensorInfo] = {}
    for name, table in _tables(content):
        place = f"{path}{_line(text, name)}, sensor '{name}'"
        try:
            parsed = SensorTable.model_validate(table)
        except ValidationError as errors:
            for error in errors.errors():
                mistakes.add(f"{place}: {_said(dict(error))}")
            continue
        for said in _contradictions(parsed):
            mistakes.add(f"{place}: {said}")
        infos[name] = parsed.info(name, f"power log, as described in {path.name}")
    for key in (key for key, value in content.items() if not isinstance(value, Mapping)):
        mistakes.add(f"{path}: '{key}' stands outside of a sensor's table, such as [gpu0].")
    if not content:
        mistakes.add(f"{path} describes no sensor: give a table a sensor, such as [gpu0].")
    return infos if len(mistakes.lines) == before else None


def _load(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(f"{path} is too large for a table of sensors.")
        text = path.read_text(encoding="utf-8-sig")
        return text, tomllib.loads(text)
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except UnicodeDecodeError as reason:
        raise InputError(f"{path} is not UTF-8 text.") from reason
    except tomllib.TOMLDecodeError as reason:
        raise InputError(
            f"{path} is not TOML: {reason}.",
            "A name with a colon or a space stands in quotes: ['nvml:gpu0'].",
        ) from reason
    except RecursionError:
        raise InputError(f"{path} is nested too deeply for a table of sensors.") from None


def _tables(content: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """The sensors' tables with their dotted names; a table of tables alone is a part of names."""
    for key, value in content.items():
        if not isinstance(value, Mapping):
            continue
        name = f"{prefix}{key}"
        inner = {k: v for k, v in value.items() if isinstance(v, Mapping)}
        own = {k: v for k, v in value.items() if k not in inner}
        if own or not inner:
            yield name, own
        yield from _tables(inner, f"{name}.")


def _line(text: str, name: str) -> str:
    """' line 3', where the sensor's table begins; '' where that is not told by its name alone."""
    for number, line in enumerate(text.splitlines(), 1):
        if (head := re.match(r"\s*\[(.+)\]", line)) and re.sub(r"[\"'\s]", "", head[1]) == re.sub(
            r"\s", "", name
        ):
            return f", line {number}"
    return ""


def _contradictions(table: SensorTable) -> Iterator[str]:
    if table.kind == "power" and table.wrap_j is not None:
        yield "wrap_j is a counter's range, and kind is 'power'."
    if table.wrap_j is not None and table.wrap_j <= table.quantum_j:
        yield f"wrap_j is {table.wrap_j:g}; it must be above quantum_j ({table.quantum_j:g})."


def _said(error: dict[str, Any]) -> str:
    """One of pydantic's errors in our words."""
    key = str(error["loc"][0])
    if error["type"] == "extra_forbidden":
        return unknown("key", key, SensorTable.model_fields)
    choices = {"kind": KINDS, "component": COMPONENTS}.get(key)
    if error["type"] == "missing":
        return f"'{key}' is needed: {', '.join(choices or ())}."
    if choices is not None:
        return unknown(key, str(error["input"]), choices)
    said = str(error["msg"]).removeprefix("Input should be ").partition(", unable")[0]
    return f"{key} is {error['input']!r}; it should be {said}."
