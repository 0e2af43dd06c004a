"""The options that every meter outside of this machine takes, and what they say of the sensor."""

from __future__ import annotations

from collections.abc import Collection

from wattmark import optiontext
from wattmark.meter.options import COMPONENTS
from wattmark.optiontext import Known, Options
from wattmark.schema import SensorInfo
from wattmark.units import J_PER_KWH

EVERY_S = 1.0
# Unit → kind of sensor, and what one of it is in watts or joules.
UNITS = {
    "W": ("power", 1.0),
    "mW": ("power", 1e-3),
    "uW": ("power", 1e-6),
    "kW": ("power", 1e3),
    "J": ("counter", 1.0),
    "mJ": ("counter", 1e-3),
    "uJ": ("counter", 1e-6),
    "kJ": ("counter", 1e3),
    "Wh": ("counter", J_PER_KWH / 1e3),
    "kWh": ("counter", J_PER_KWH),
}
_NUMBERS = (
    "every",
    "timeout",
    "period",
    "window",
    "lag",
    "gain_uncertainty",
    "limit",
    "quantum",
    "wrap",
)
_POSITIVE = ("every", "timeout", "window", "limit", "wrap")


def known(*words: str) -> Known:
    """The common options and some words of one family's own."""
    return Known(
        words=("component", "device", "name", "unit", *words),
        numbers=_NUMBERS,
        positive=_POSITIVE,
        signed=("lag",),
    )


def read(text: str, family: str, *words: str) -> Options:
    """What follows the family's name: an address or a path, then options."""
    return optiontext.read(text.removeprefix(f"{family}:"), known(*words), first=True)


def need(given: Options, names: Collection[str], example: str) -> None:
    """Words that must be there are mistakes where they are not."""
    absent = [name for name in names if name not in given.words]
    given.mistakes.extend(f"{name}=… is needed, as in {example}." for name in absent)


def unit(given: Options, default: str | None = None) -> tuple[str, float]:
    """Kind of sensor and factor to watts or joules; a mistake where it is not told."""
    if "unit" not in given.words and default is None:
        given.mistakes.append(f"unit=… is needed: {', '.join(UNITS)}.")
    return UNITS[given.choice("unit", UNITS, default or "W")]


def describe(given: Options, family: str, *, kind: str, name: str, source: str) -> SensorInfo:
    """The sensor's info; what no option tells of its timing is unknown."""
    numbers = given.numbers
    called = given.words.get("name", name)
    return SensorInfo(
        name=f"{family}:{called}",
        component=given.choice("component", COMPONENTS, "wall"),
        device=given.words.get("device", name),
        kind=kind,
        source=source,
        update_period_s=numbers.get("period"),
        averaging_window_s=numbers.get("window"),
        quantum_j=numbers.get("quantum", 0.0),
        wrap_j=numbers.get("wrap"),
        gain_uncertainty=numbers.get("gain_uncertainty", 0.0),
        limit_w=numbers.get("limit"),
        lag_s=numbers.get("lag"),
    )
