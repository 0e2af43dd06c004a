"""A counter that only rises, made from one that wraps, falls back or starts again.

A raw counter that is lower than before has either wrapped (the joules between are the way up
to its range and on from zero) or been set back (suspend, a driver reload, a broken sensor).
The two are told apart by power: a wrap-corrected step that no such device could have drawn in
the time since the last reading is not a wrap. After so long a time that most falls could pass
for wraps nothing is told apart, and the joules are given up as lost. Several wraps between two
readings cannot be seen: 262 kJ at 200 W is 22 minutes, so read more often than that.
"""

from __future__ import annotations

from wattmark.schema import LOST, SensorInfo
from wattmark.units import ns_to_s

# Ceilings where a sensor tells none of its own, about twice the largest parts sold (packages of
# 500 W, boards of 1.2 kW, a socket's memory of some 100 W): assumptions, to tell falls apart.
CEILINGS_W = {"cpu": 1_000.0, "dram": 300.0, "gpu": 2_000.0}
# Any other component: above any board or plug of today.
CEILING_W = 20_000.0
# Readings and ticks are not simultaneous; no step is called impossible for less than this.
SLACK_S = 1.0
# A device that could have counted this part of its range since the last reading may as well
# have been set back: from as large a part of all readings a reset would look like a wrap.
AMBIGUOUS_SHARE = 0.5


class RisingCounter:
    """Turns raw readings of one counter into joules that never fall.

    `wrap_j` is the counter's range (None: it does not wrap), `ceiling_w` the power above which
    a step cannot be a wrap. A wrap is corrected here, where it is read (docs/method.md); a fall
    within `quantum_j` is rounding; any other fall loses joules.
    """

    def __init__(
        self,
        wrap_j: float | None = None,
        ceiling_w: float | None = None,
        quantum_j: float = 0.0,
    ) -> None:
        self._wrap_j = wrap_j
        self._ceiling_w = CEILING_W if ceiling_w is None else ceiling_w
        self._quantum_j = quantum_j
        self._raw_j: float | None = None
        self._time_ns = 0
        self._energy_j = 0.0

    @classmethod
    def of(cls, info: SensorInfo) -> RisingCounter:
        """For the sensor that `info` describes: its limit is the ceiling, or its component's."""
        ceiling_w = CEILINGS_W.get(info.component) if info.limit_w is None else info.limit_w
        return cls(info.wrap_j, ceiling_w, info.quantum_j)

    def advance(self, raw_j: float, time_ns: int) -> tuple[float | None, str | None]:
        """Joules since any origin and None, or None and the fault, which begins with `LOST`.

        After a fault the counter goes on from where it was: the joules in between are lost,
        and the faulty sample is the mark of it.
        """
        last_j, elapsed_s = self._raw_j, ns_to_s(time_ns - self._time_ns)
        self._time_ns = time_ns
        if last_j is None:
            self._raw_j = self._energy_j = raw_j
            return raw_j, None
        step_j = raw_j - last_j
        if -self._quantum_j <= step_j < 0:
            # The higher reading stays the one to count from, or dithering would add up.
            return self._energy_j, None
        self._raw_j = raw_j
        if step_j < 0:
            wrapped_j = None if self._wrap_j is None else step_j + self._wrap_j
            if fault := self._not_a_wrap(-step_j, wrapped_j, elapsed_s):
                return None, LOST + fault
            step_j = wrapped_j or 0.0
        self._energy_j += step_j
        return self._energy_j, None

    def _not_a_wrap(self, fall_j: float, wrapped_j: float | None, elapsed_s: float) -> str | None:
        """Why a fall cannot be corrected as a wrap of `wrapped_j`; None where it can."""
        possible_j = self._ceiling_w * (elapsed_s + SLACK_S)
        if self._wrap_j is None or wrapped_j is None or not 0 <= wrapped_j <= possible_j:
            return f"the counter went back by {fall_j:.6g} J without wrapping"
        if self._ceiling_w * elapsed_s > AMBIGUOUS_SHARE * self._wrap_j:
            return (
                f"the counter went back by {fall_j:.6g} J, and {elapsed_s:.3g} s after the "
                "reading before nobody can tell a wrap from a reset"
            )
        return None
