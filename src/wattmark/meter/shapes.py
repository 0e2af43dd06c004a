"""Power over time with its exact energy: what a simulated sensor is given to see.

A shape is a function of time in seconds since the sensor's origin, with `energy_j(t)`, its
integral from 0 to t (negative for t < 0). Any other function is integrated numerically.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@runtime_checkable
class Shape(Protocol):
    """Watts at a time, and exact joules up to it."""

    def __call__(self, t_s: float) -> float: ...

    def energy_j(self, t_s: float) -> float: ...


@dataclass(frozen=True)
class Constant:
    """The same power always."""

    watts: float

    def __str__(self) -> str:
        return f"constant {self.watts:g} W"

    def __call__(self, t_s: float) -> float:
        return self.watts

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`."""
        return self.watts * t_s


@dataclass(frozen=True)
class Step:
    """`low_w` before `at_s` (0 or later), `high_w` from then on."""

    low_w: float
    high_w: float
    at_s: float

    def __str__(self) -> str:
        return f"step from {self.low_w:g} to {self.high_w:g} W at {self.at_s:g} s"

    def __call__(self, t_s: float) -> float:
        return self.high_w if t_s >= self.at_s else self.low_w

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`."""
        return self.low_w * t_s + (self.high_w - self.low_w) * max(0.0, t_s - self.at_s)


@dataclass(frozen=True)
class Square:
    """`high_w` for the first `duty` of every `every_s`, then `low_w`."""

    low_w: float
    high_w: float
    every_s: float
    duty: float = 0.5

    def __str__(self) -> str:
        return (
            f"square of {self.low_w:g} and {self.high_w:g} W every {self.every_s:g} s, "
            f"{self.duty:.0%} high"
        )

    def __call__(self, t_s: float) -> float:
        return self.high_w if t_s % self.every_s < self.duty * self.every_s else self.low_w

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`."""
        whole = math.floor(t_s / self.every_s)
        on_s = self.duty * self.every_s
        high_s = whole * on_s + min(t_s - whole * self.every_s, on_s)
        return self.low_w * t_s + (self.high_w - self.low_w) * high_s


@dataclass(frozen=True)
class Ramp:
    """A straight line from `low_w` at 0 to `high_w` at `over_s`, level before and after."""

    low_w: float
    high_w: float
    over_s: float

    def __str__(self) -> str:
        return f"ramp from {self.low_w:g} to {self.high_w:g} W over {self.over_s:g} s"

    def __call__(self, t_s: float) -> float:
        share = min(max(t_s / self.over_s, 0.0), 1.0)
        return self.low_w + (self.high_w - self.low_w) * share

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`."""
        rising_s = min(max(t_s, 0.0), self.over_s)
        level_s = max(0.0, t_s - self.over_s)
        gained = rising_s * rising_s / (2 * self.over_s) + level_s
        return self.low_w * t_s + (self.high_w - self.low_w) * gained


@dataclass
class Numeric:
    """Any function of time, integrated by Simpson's rule in steps of at most `step_s`.

    A jump inside a step is off by at most its height × step_s. Before 0 the power is power(0).
    """

    power: Callable[[float], float]
    step_s: float = 1e-3
    _whole_j: list[float] = field(default_factory=lambda: [0.0], repr=False)
    """Joules up to each whole second, so that late readings do not start from 0."""

    def __call__(self, t_s: float) -> float:
        return self.power(max(t_s, 0.0))

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`."""
        if t_s <= 0:
            return self.power(0.0) * t_s
        second = math.floor(t_s)
        while len(self._whole_j) <= second:
            last = len(self._whole_j) - 1
            self._whole_j.append(self._whole_j[-1] + self._simpson(last, last + 1))
        return self._whole_j[second] + self._simpson(second, t_s)

    def _simpson(self, start_s: float, end_s: float) -> float:
        steps = 2 * math.ceil((end_s - start_s) / (2 * self.step_s))
        if steps == 0:
            return 0.0
        width_s = (end_s - start_s) / steps
        watts = [self.power(start_s + k * width_s) for k in range(steps + 1)]
        inner = 4 * math.fsum(watts[1:-1:2]) + 2 * math.fsum(watts[2:-1:2])
        return (watts[0] + inner + watts[-1]) * width_s / 3


def shape(power: Callable[[float], float]) -> Shape:
    """`power` itself where it knows its energy, else integrated numerically."""
    return power if isinstance(power, Shape) else Numeric(power)
