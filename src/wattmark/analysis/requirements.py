"""What a configuration must keep to: 'accuracy>=0.9', 'ttft<=200 ms', 'ram_peak<=2 GiB'.

A requirement is met where the whole interval keeps to it, missed where none of it does, and not
resolved where the interval lies on both sides: more replicates, or more queries, would say.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from wattmark.analysis.axes import ONE_RUN, Axis, axis_named, bounds
from wattmark.errors import InputError, MistakesError, unknown
from wattmark.schema import Estimate
from wattmark.units import J_PER_KWH, parse_bytes

MET, MISSED, OPEN, ABSENT = "met", "missed", "not resolved", "not measured"
AT_LEAST, AT_MOST = ">=", "<="
_LONGEST = 120
_FORM = re.compile(
    r"\s*([A-Za-z_]\w{0,60})\s*(<=|>=|==|=|<|>|≤|≥|!=)\s*"
    r"([+-]?(?:\d{1,30}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,3})?)\s*([^\s\d].{0,20}?)?\s*"
)
_SIGNS = {">=": AT_LEAST, ">": AT_LEAST, "≥": AT_LEAST, "<=": AT_MOST, "<": AT_MOST, "≤": AT_MOST}
_SMALL = {"n": 1e-9, "µ": 1e-6, "u": 1e-6, "m": 1e-3, "": 1.0}
_SI = {**_SMALL, "k": 1e3, "M": 1e6}
_GRAMS = {**{f"{prefix}g": factor for prefix, factor in _SI.items()}, "t": 1e6}
_UNITS: dict[str, dict[str, float]] = {
    "J": {
        **{f"{prefix}J": factor for prefix, factor in _SI.items()},
        **{f"{prefix}Wh": factor * J_PER_KWH / 1000 for prefix, factor in _SI.items()},
    },
    "s": {**{f"{prefix}s": factor for prefix, factor in _SMALL.items()}, "min": 60.0, "h": 3600.0},
    "W": {f"{prefix}W": factor for prefix, factor in _SI.items()},
    "1": {"%": 0.01},
    "g": _GRAMS,
    "g CO2e": _GRAMS,
    "L": {f"{prefix}{sign}": factor for prefix, factor in _SI.items() for sign in ("L", "l")},
    "J·s": {"J·s": 1.0, "J*s": 1.0, "Js": 1.0, "mJ·s": 1e-3, "mJs": 1e-3},
    "°C": {"°C": 1.0, "C": 1.0},
    "tokens/s": {"tokens/s": 1.0, "tok/s": 1.0},
}
"""Unit of an axis → what may be written, and what one of it comes to."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """`axis` must be at least, or at most, `bound` (in the axis' own unit); `text` as written."""

    axis: Axis
    sign: str
    bound: float
    text: str


@dataclass(frozen=True, slots=True)
class Check:
    """A requirement against a trial's figure: met, missed, not resolved or not measured.

    `excess` is how far the figure itself is on the wrong side, relative to the bound; 0 where it
    is on the right side, None where there is no figure.
    """

    requirement: Requirement
    estimate: Estimate
    word: str
    excess: float | None
    why: str = ""


def requirement_of(text: str) -> Requirement:
    """'name<=value unit' or 'name>=value unit'. Raises InputError that says what is wrong.

    The name may stand without its unit, the unit of the value may be left out: it is then the
    metric's own. `<` and `>` mean the same as `<=` and `>=`: an interval has no single edge.
    """
    told = text.strip()[:_LONGEST]
    found = _FORM.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        raise InputError(
            f"'{told}' is no requirement.", "Write a metric, <= or >=, and a figure: 'ttft<=0.2'."
        )
    name, sign, number, unit = found[1], found[2], found[3], found[4] or ""
    axis = axis_named(name)
    if sign not in _SIGNS:
        raise InputError(f"'{told}' has '{sign}'.", "A requirement has <= or >=.")
    bound = _in_own_unit(float(number), number, unit.strip(), axis, told)
    if not math.isfinite(bound):
        raise InputError(f"'{told}' is no number that can be compared with.")
    if axis.unit == "1" and not 0 <= bound <= 1:
        raise InputError(f"'{told}': {axis.name} is a share.", "Write 0 to 1, or 90 % for 0.9.")
    return Requirement(axis, _SIGNS[sign], bound, told)


def requirements_of(texts: tuple[str, ...] | list[str]) -> tuple[Requirement, ...]:
    """All of them; InputError tells of every one that is wrong, at once."""
    found, mistakes = [], []
    for text in texts:
        try:
            found.append(requirement_of(text))
        except InputError as reason:
            mistakes.append(reason)
    if len(mistakes) == 1:
        raise mistakes[0]
    if mistakes:
        raise MistakesError("Requirements that cannot be read:", map(str, mistakes))
    return tuple(found)


def check(requirement: Requirement, estimates: Mapping[str, Estimate]) -> Check:
    """A trial's figure against a requirement, by its whole interval."""
    axis, bound = requirement.axis, requirement.bound
    estimate = estimates.get(axis.name)
    if estimate is None or estimate.value is None:
        missing = estimate or Estimate(axis.name, None, None, None, 0.95, 0, axis.unit)
        return Check(requirement, missing, ABSENT, None, missing.note or ABSENT)
    over = estimate.value - bound if requirement.sign == AT_MOST else bound - estimate.value
    excess = max(0.0, over) / (abs(bound) or 1.0)
    ends = bounds(estimate)
    if ends is None:
        return Check(requirement, estimate, OPEN, excess, ONE_RUN)
    low, high = ends
    if requirement.sign == AT_MOST:
        inside, outside = high <= bound, low > bound
    else:
        inside, outside = low >= bound, high < bound
    word = MET if inside else MISSED if outside else OPEN
    return Check(requirement, estimate, word, excess)


def _in_own_unit(value: float, number: str, unit: str, axis: Axis, told: str) -> float:
    if not unit or unit == axis.unit:
        return value
    if axis.unit == "B":
        try:
            return math.copysign(parse_bytes(f"{number.lstrip('+-')}{unit}"), value)
        except ValueError:
            raise InputError(
                f"'{told}': '{unit}' is no unit of size.", "Such as GiB or MB."
            ) from None
    known = _UNITS.get(axis.unit, {})
    unit = unit.replace("\u03bc", "\u00b5")  # Greek mu, as the micro sign
    for written in (unit, unit.removesuffix("CO2e").strip(), unit.removesuffix("CO2").strip()):
        if written in known:
            return value * known[written]
    units = {axis.unit, *known} - {"1"}
    raise InputError(f"'{told}': {unknown('unit', unit, units)}")
