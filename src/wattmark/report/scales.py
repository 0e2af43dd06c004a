"""Axes of the charts over trials: units that read well, few ticks, and bounds that can be printed.

A chart of two metrics has an axis that fits what it shows. A profile of many (radar, parallel
coordinates) has absolute ones: round bounds in the metric's own unit, never the best of the set.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import altair as alt

from wattmark.analysis.axes import HIGHER, Axis
from wattmark.report.figure import log_domain, log_ticks
from wattmark.schema import Estimate
from wattmark.units import BYTES_PER_GIB, BYTES_PER_MIB

LOG_FROM = 3.0
"""Values that spread over more than this factor are drawn on a logarithmic axis."""
SHARE = "1"
LEAST_SHARE = 0.3
"""An axis of shares is no shorter: a point is not made to look like a gulf."""
_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"), (1e-9, "n"))
_PREFIXED = ("J", "W", "g", "g CO2e", "J·s")
_NO_KILO = ("s", "L")
_SMALL = 0.005
"""Of a unit: where the lowest value is less than this, the next smaller prefix reads better."""


class Unit(NamedTuple):
    """What a figure is shown in: SI value × factor, and the word behind it."""

    factor: float
    word: str


def unit_of(unit: str, numbers: Sequence[float]) -> Unit:
    """The unit with the prefix that all these values read well in."""
    sizes = [abs(number) for number in numbers if number]
    if unit == SHARE:
        return Unit(100.0, "%")
    if unit == "B":
        whole = max(sizes, default=0.0) >= BYTES_PER_GIB
        return Unit(1 / BYTES_PER_GIB, "GiB") if whole else Unit(1 / BYTES_PER_MIB, "MiB")
    if not sizes or unit not in (*_PREFIXED, *_NO_KILO):
        return Unit(1.0, unit)
    usable = [entry for entry in _PREFIXES if unit in _PREFIXED or entry[0] <= 1]
    at = next((k for k, (size, _) in enumerate(usable) if max(sizes) >= size), len(usable) - 1)
    if min(sizes) < _SMALL * usable[at][0] and at + 1 < len(usable):
        at += 1
    return Unit(1 / usable[at][0], f"{usable[at][1]}{unit}")


def named(axis: Axis) -> str:
    """A metric's title inside a sentence: 'energy per query', 'CO2e per query', 'F1'."""
    title = axis.title
    return title if title[1:2].isupper() or title[1:2].isdigit() else title[:1].lower() + title[1:]


@dataclass(frozen=True, kw_only=True)
class ChartAxis:
    """One axis of a chart of two metrics, in `unit`; `clipped` where intervals run out of it."""

    axis: Axis
    unit: Unit
    domain: tuple[float, float]
    log: bool
    clipped: bool

    @property
    def title(self) -> str:
        """Metric, unit and which way is better, which an arrow shows."""
        word = "" if self.axis.unit == SHARE else self.unit.word
        told = ", ".join([*([word] if word else []), *(["log"] if self.log else [])])
        text = named(self.axis) + (f" ({told})" if told else "")
        return f"{text} · better →" if self.axis.better == HIGHER else f"← better · {text}"

    @property
    def scale(self) -> alt.Scale:
        """For an encoding."""
        domain = list(self.domain)
        if self.log:
            return alt.Scale(type="log", nice=False, domain=domain)
        return alt.Scale(nice=False, zero=False, domain=domain)

    @property
    def ticks(self) -> alt.Axis:
        """Few ticks and grid lines; those of a share are whole tens."""
        if self.axis.unit == SHARE:
            low, high = (10 * end for end in self.domain)
            tenths = range(math.ceil(low - 1e-9), math.floor(high + 1e-9) + 1)
            levels = [level / 10 for level in tenths if len(tenths) < 7 or level % 2 == 0]
            return alt.Axis(format=".0%", values=levels)
        if self.log:
            return alt.Axis(values=log_ticks(*self.domain), format="~r")
        return alt.Axis(tickCount=6, format="~r")

    def shown(self, value: float | None) -> float | None:
        """A value as it stands in the data: in the axis' unit, six digits; a share as it is."""
        if value is None:
            return None
        return float(f"{value * (1.0 if self.axis.unit == SHARE else self.unit.factor):.6g}")

    def place(self, value: float) -> float:
        """Where a shown value lies, 0 to 1 of the axis' length."""
        low, high = self.domain
        if self.log:
            return math.log(value / low) / math.log(high / low)
        return (value - low) / (high - low)


def chart_axis(axis: Axis, figures: Sequence[Estimate]) -> ChartAxis:
    """The axis of a chart for these figures, each with a value.

    It holds all centres, and of the intervals what does not squeeze those; of a share all.
    """
    centres = [figure.value for figure in figures if figure.value is not None]
    bounds = [end for one in figures for end in (one.low, one.high) if end is not None]
    unit = unit_of(axis.unit, centres)
    if axis.unit == SHARE:
        low = max(0.0, math.floor(min([*bounds, *centres]) * 10 + 1e-9) / 10)
        high = min(1.0, math.ceil(max([*bounds, *centres, low + LEAST_SHARE]) * 10 - 1e-9) / 10)
        domain = (min(low, high - LEAST_SHARE), high)
        return ChartAxis(axis=axis, unit=unit, domain=domain, log=False, clipped=False)
    centres = [value * unit.factor for value in centres]
    bounds = [bound * unit.factor for bound in bounds]
    if min(centres) > 0 and max(centres) > LOG_FROM * min(centres):
        (low, high), clipped = log_domain(centres, [bound for bound in bounds if bound > 0])
        clipped = clipped or any(bound <= 0 for bound in bounds)
        return ChartAxis(axis=axis, unit=unit, domain=(low, high), log=True, clipped=clipped)
    domain, clipped = _linear(centres, bounds)
    return ChartAxis(axis=axis, unit=unit, domain=domain, log=False, clipped=clipped)


def _linear(centres: Sequence[float], bounds: Sequence[float]) -> tuple[tuple[float, float], bool]:
    """A domain around centres, with bounds as far as three times what the centres reach over."""
    lowest, highest = min(centres), max(centres)
    reach = 3 * max(highest - lowest, 0.1 * abs(highest), 1e-12)
    low = max(min([*bounds, lowest]), lowest - reach)
    high = min(max([*bounds, highest]), highest + reach)
    # Where all is nearly one value, an axis finer than what is shown of it would mislead.
    margin = max(0.06 * (high - low), 1e-3 * abs(high)) or 1.0
    clipped = any(not low - margin <= bound <= high + margin for bound in bounds)
    return (low - margin, high + margin), clipped


@dataclass(frozen=True, kw_only=True)
class AbsoluteAxis:
    """One axis of a profile: from `worst` to `best`, both round, in `unit`; printed with it."""

    axis: Axis
    unit: Unit
    worst: float
    best: float
    log: bool

    def place(self, value: float) -> float:
        """Where an SI value lies: 0 at the worst end, 1 at the best; beyond them it is cut."""
        shown = value * self.unit.factor
        worst, best = self.worst, self.best
        if self.log:
            shown = max(shown, min(worst, best) * 1e-9)
            shown, worst, best = math.log(shown), math.log(worst), math.log(best)
        return min(1.0, max(0.0, (shown - worst) / (best - worst)))

    def holds(self, value: float) -> bool:
        """Whether an SI value lies within the bounds."""
        low, high = sorted((self.worst, self.best))
        return low * (1 - 1e-9) <= value * self.unit.factor <= high * (1 + 1e-9)

    def words(self, end: float) -> str:
        """A bound as it is printed: '0.5 mJ', '100 %', '2000 tokens/s'."""
        return f"{end:.10g} {self.unit.word}"


def absolute_axis(axis: Axis, numbers: Sequence[float], *, zero: bool) -> AbsoluteAxis:
    """Round bounds around values. `zero`: a linear axis starts at 0, a share runs from 0 to 100 %.

    It is logarithmic where the values spread over more than a factor of three.
    """
    unit = unit_of(axis.unit, numbers)
    shown = [value * unit.factor for value in numbers]
    lowest, highest = min(shown), max(shown)
    log = axis.unit != SHARE and lowest > 0 and highest > LOG_FROM * lowest
    if log:
        low, high = _round(lowest, up=False), _round(highest, up=True)
    elif axis.unit == SHARE:
        low = 0.0 if zero else math.floor(min(lowest, 90) / 10 + 1e-9) * 10.0
        high = 100.0
    elif lowest < 0 or not (zero or lowest == highest):
        low, high = _even(lowest, highest)
    else:
        low, high = 0.0, _round(highest, up=True) if highest else 1.0
    worst, best = (low, high) if axis.better == HIGHER else (high, low)
    return AbsoluteAxis(axis=axis, unit=unit, worst=worst, best=best, log=log)


def _round(value: float, *, up: bool) -> float:
    """The next 1, 2 or 5 × 10ⁿ at or beyond a positive value."""
    power = math.floor(math.log10(value))
    steps = [float(f"{digit}e{power + more}") for more in (-1, 0, 1) for digit in (1, 2, 5)]
    if up:
        return next(step for step in steps if step >= value * (1 - 1e-9))
    return next(step for step in reversed(steps) if step <= value * (1 + 1e-9))


def _even(lowest: float, highest: float) -> tuple[float, float]:
    """Ends that are whole steps apart, of steps about a quarter of the range."""
    spread = (highest - lowest) or abs(highest)
    step = _round(spread / 4, up=True)
    low, high = math.floor(lowest / step + 1e-9) * step, math.ceil(highest / step - 1e-9) * step
    return float(f"{low:.10g}"), float(f"{max(high, low + step):.10g}")
