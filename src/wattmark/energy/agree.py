"""Do two sensors of one device tell the same joules? A counter against the power beside it.

Both intervals hold the truth as far as time goes; each sensor's gain stretches its own by a
factor that is not in it: for a reading E of gain 1 ± g the truth lies in E/(1 + g) to E/(1 − g).
Where two intervals, so widened, have nothing in common, at least one of the sensors is wrong,
and no averaging of the two makes it right. A counter of an unsuitable board can be off by a
factor of two while its power is right, and nothing but this shows it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from wattmark.energy.curve import Curve
from wattmark.schema import Doubt, SensorInfo, Span
from wattmark.units import engineering, ns_to_s

DISAGREE = "sensors-disagree"
# A gain so unsure bounds nothing from above.
WORST_GAIN = 0.99


@dataclass(frozen=True)
class _Told:
    """Joules of one window by one sensor, and the interval widened by its gain."""

    name: str
    value: float
    low: float
    high: float
    gain: float


def disagreements(curves: Sequence[Curve], regions: Sequence[Span]) -> list[Doubt]:
    """A doubt for each pair of sensors of one device that no common truth explains.

    `regions` are the measured regions (at most one doubt a pair: the first that is apart).
    Sensors are a pair if both measure, on the same component of the same device.
    """
    doubts: list[Doubt] = []
    for one, other in itertools.combinations(curves, 2):
        if not same_device(one.info, other.info):
            continue
        found = (disagreement(one, other, span.start_ns, span.end_ns) for span in regions)
        doubts += itertools.islice((doubt for doubt in found if doubt is not None), 1)
    return doubts


def same_device(one: SensorInfo, other: SensorInfo) -> bool:
    """Whether two sensors measure one thing: a model beside a measurement is no second opinion."""
    alike = (one.component, one.device) == (other.component, other.device)
    return alike and "estimate" not in (one.kind, other.kind)


def disagreement(one: Curve, other: Curve, start_ns: int, end_ns: int) -> Doubt | None:
    """`sensors-disagree` where the joules of [start_ns, end_ns] cannot be one figure; else None.

    None also where one of the two did not measure the window: then there is nothing to compare.
    """
    first, second = (_told(curve, start_ns, end_ns) for curve in (one, other))
    if first is None or second is None:
        return None
    if first.low <= second.high and second.low <= first.high:
        return None
    greater, smaller = (first, second) if first.value >= second.value else (second, first)
    ratio = f"{greater.value / smaller.value:.2f} times" if smaller.value > 0 else "above"
    seconds = engineering(ns_to_s(end_ns - start_ns), "s")
    return Doubt(
        DISAGREE,
        f"{_said(first)} and {_said(second)} for the same {seconds} of {one.info.component} "
        f"{one.info.device}: {greater.name} is {ratio} {smaller.name}, which neither their "
        "intervals nor their gains explain.",
        f"The total is by {_best(one, other)}: trust neither until a third meter has decided.",
    )


def _best(one: Curve, other: Curve) -> str:
    """The sensor whose joules a total takes: counters come before integrated power."""
    return min((one, other), key=lambda curve: curve.method != "counter").info.name


def _told(curve: Curve, start_ns: int, end_ns: int) -> _Told | None:
    if not curve.usable:
        return None
    bounds = curve.between(start_ns, end_ns)
    value, low, high = (float(each[0]) for each in (bounds.value, bounds.low, bounds.high))
    if not all(math.isfinite(each) for each in (value, low)) or math.isnan(high):
        return None
    gain = min(curve.info.gain_uncertainty, WORST_GAIN)
    return _Told(curve.info.name, value, low / (1 + gain), high / (1 - gain), gain)


def _said(told: _Told) -> str:
    """'nvml:gpu0 tells 3.00 kJ (2.84 kJ to 3.17 kJ with its gain of ± 5%)'."""
    gain = f" with its gain of ± {told.gain:.0%}" if told.gain else ""
    between = f"{engineering(told.low, 'J')} to {engineering(told.high, 'J')}"
    return f"{told.name} tells {engineering(told.value, 'J')} ({between}{gain})"
