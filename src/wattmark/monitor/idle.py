"""What idle took by each sensor, and joules without it: net is gross less idle power × seconds."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from wattmark.schema import EnergyReading


@dataclass(frozen=True)
class IdlePower:
    """Mean idle power of each sensor and its bounds (W); `measured`: somebody looked."""

    watts: Mapping[str, tuple[float, float, float]]
    measured: bool

    @classmethod
    def of(cls, readings: Iterable[EnergyReading], *, measured: bool) -> IdlePower:
        """Out of readings that `resolve` gave net joules: it knows idle from the curve."""
        watts = {}
        for one in readings:
            gross = _known(one.gross_j, one.low_j, one.high_j)
            net = _known(one.net_j, one.net_low_j, one.net_high_j)
            if gross and net and one.seconds > 0:
                # The most that idle may have taken leaves the least that the work may have.
                mean, high, low = ((g - n) / one.seconds for g, n in zip(gross, net, strict=True))
                watts[one.sensor] = (mean, low, high)
        return cls(watts, measured)

    def off(self, one: EnergyReading) -> EnergyReading:
        """The reading with its net joules; as it is where they are not known."""
        gross = _known(one.gross_j, one.low_j, one.high_j)
        if gross is None or one.sensor not in self.watts:
            return one
        mean, low, high = (watts * one.seconds for watts in self.watts[one.sensor])
        return replace(
            one, net_j=gross[0] - mean, net_low_j=gross[1] - high, net_high_j=gross[2] - low
        )


def _known(*figures: float | None) -> tuple[float, ...] | None:
    """The figures, where all of them are there."""
    known = tuple(each for each in figures if each is not None and math.isfinite(each))
    return known if len(known) == len(figures) else None
