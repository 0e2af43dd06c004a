"""Two probed meters of one load: do they agree, and what is one's gain, offset and lag to another.

Both saw the same two steady levels, idle and full load, so a straight line goes through two
points, whatever their lags and windows:

    reference = offset + gain × sensor,   gain = (loaded − idle) of the one ÷ of the other

The intervals are those of the four means, as independent. How much later the reference tells is
the difference of the lags that the two probes found behind the same load. A reference that
includes more than the sensor does (a plug: the power supply's losses, fans, the rest of the
machine) shows that in gain and offset too: they then are no error of the sensor's.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from wattmark.energy.probe import Figure, Probe

# A rise that is known no better than this says nothing about a gain.
COARSEST = 0.5


@dataclass(frozen=True, slots=True)
class Against:
    """The straight line from a sensor to the reference of that name.

    `lag_s` is how much later than the sensor the reference tells; None where the load's steps
    did not show it of both.
    """

    reference: str
    gain: Figure
    offset_w: Figure
    lag_s: Figure | None = None

    def as_plain(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Disagreement:
    """A device's power as its second meter has it, over what its first has, less 1."""

    device: str
    first: str
    second: str
    idle: Figure | None
    loaded: Figure | None


def against(probe: Probe, reference: Probe, name: str) -> Against | str:
    """Gain, offset and lag of the reference `name` over a sensor, or why there is no such line."""
    points, points_r = _points(probe), _points(reference)
    if points is None or points_r is None:
        which = "the sensor" if points is None else "the reference"
        return f"{which} was not seen steady at idle and under load"
    (idle, loaded), (idle_r, loaded_r) = points, points_r
    rise, rise_r = loaded.value - idle.value, loaded_r.value - idle_r.value
    half = math.hypot(_half(idle), _half(loaded))
    half_r = math.hypot(_half(idle_r), _half(loaded_r))
    for which, step, error in (("sensor", rise, half), ("reference", rise_r, half_r)):
        if error >= COARSEST * step:
            return f"the load moved the {which} by {step:.3g} W ± {error:.2g} W: too little"
    gain = rise_r / rise
    gain_half = gain * math.hypot(half / rise, half_r / rise_r)
    offset = idle_r.value - gain * idle.value
    offset_half = math.hypot(_half(idle_r), gain * _half(idle), gain_half * idle.value)
    return Against(
        name, _figure(gain, gain_half), _figure(offset, offset_half), _later(probe, reference)
    )


def disagreement(device: str, first: tuple[str, Probe], second: tuple[str, Probe]) -> Disagreement:
    """How far two meters of one device are apart, at idle and under load."""
    (name, one), (other_name, other) = first, second
    return Disagreement(
        device,
        name,
        other_name,
        _ratio(one.idle_w, other.idle_w),
        _ratio(one.loaded_w, other.loaded_w),
    )


def _later(probe: Probe, reference: Probe) -> Figure | None:
    """Seconds by which the reference is later than the sensor."""
    lag, lag_r = probe.lag_s, reference.lag_s
    if lag is None or lag_r is None:
        return None
    return _figure(lag_r.value - lag.value, math.hypot(_half(lag), _half(lag_r)))


def _points(probe: Probe) -> tuple[Figure, Figure] | None:
    if probe.idle_w is None or probe.loaded_w is None:
        return None
    return probe.idle_w, probe.loaded_w


def _ratio(one: Figure | None, other: Figure | None) -> Figure | None:
    if one is None or other is None or one.value <= 0 or other.value <= 0:
        return None
    ratio = other.value / one.value
    half = ratio * math.hypot(_half(one) / one.value, _half(other) / other.value)
    return _figure(ratio - 1, half)


def _half(figure: Figure) -> float:
    return (figure.high - figure.low) / 2


def _figure(value: float, half: float) -> Figure:
    return Figure(value, value - half, value + half)
