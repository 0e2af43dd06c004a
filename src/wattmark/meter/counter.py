"""A counter that only rises, made from one that wraps, falls back or starts again.

A raw counter that is lower than before has either wrapped (the joules between are the way up
to its range and on from zero) or been set back (suspend, a driver reload, a broken sensor).
The two are told apart by power: a wrap-corrected step that no such device could have drawn in
the time since the last reading is not a wrap. Several wraps between two readings cannot be
seen: 262 kJ at 200 W is 22 minutes, so read more often than that.
"""

from __future__ import annotations

from wattmark.units import ns_to_s

# A ceiling where the sensor has none of its own: above any package, board or plug of today.
CEILING_W = 20_000.0
# Readings and ticks are not simultaneous; no step is called impossible for less than this.
SLACK_S = 1.0


class RisingCounter:
    """Turns raw readings of one counter into joules that never fall.

    `wrap_j` is the counter's range (None: it does not wrap), `ceiling_w` the power above which
    a step cannot be a wrap (METROLOGY rule: a wrap is corrected where it is read, anything
    else that goes backwards is a fault).
    """

    def __init__(self, wrap_j: float | None = None, ceiling_w: float | None = None) -> None:
        self._wrap_j = wrap_j
        self._ceiling_w = CEILING_W if ceiling_w is None else ceiling_w
        self._raw_j: float | None = None
        self._time_ns = 0
        self._energy_j = 0.0

    def advance(self, raw_j: float, time_ns: int) -> tuple[float | None, str | None]:
        """Joules since any origin and None, or None and the fault.

        After a fault the counter goes on from where it was: the joules in between are lost,
        and the faulty sample is the mark of it.
        """
        last_j, elapsed_s = self._raw_j, ns_to_s(time_ns - self._time_ns)
        self._raw_j, self._time_ns = raw_j, time_ns
        if last_j is None:
            self._energy_j = raw_j
            return raw_j, None
        step_j = raw_j - last_j
        if step_j < 0:
            wrapped_j = None if self._wrap_j is None else step_j + self._wrap_j
            ceiling_j = self._ceiling_w * (elapsed_s + SLACK_S)
            if wrapped_j is None or not 0 <= wrapped_j <= ceiling_j:
                return None, f"the counter went back by {-step_j:.6g} J without wrapping"
            step_j = wrapped_j
        self._energy_j += step_j
        return self._energy_j, None
