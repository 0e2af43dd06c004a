"""A counter that only rises, made from one that wraps, falls back or starts again.

A raw counter that is lower than before has either wrapped (the joules between are the way up
to its range and on from zero) or been set back (suspend, a driver reload, a broken sensor).
The two are told apart by power: a wrap-corrected step that no such device could have drawn in
the time since the last reading is not a wrap. After so long a time that most falls could pass
for wraps nothing is told apart, and the joules are given up as lost.

A raw counter that is higher than before may have gone round unseen (262 kJ at 200 W is 22
minutes, so read more often than that). Where the time since the last reading is long enough for
a whole round, the joules are lost as well: what could have been drawn is taken from the power
seen so far with a wide margin, and is never above the device's limit.
"""

from __future__ import annotations

from wattmark.schema import LOST, WRAPS, SensorInfo
from wattmark.units import NS_PER_S, ns_to_s

# Ceilings where a sensor tells none of its own, about twice the largest parts sold (packages of
# 500 W, boards of 1.2 kW, a socket's memory of some 100 W): assumptions, to tell falls apart.
CEILINGS_W = {"cpu": 1_000.0, "core": 1_000.0, "uncore": 1_000.0, "dram": 300.0, "gpu": 2_000.0}
# Any other component: above any board or plug of today.
CEILING_W = 20_000.0
# Readings and ticks are not simultaneous; no step is called impossible for less than this.
SLACK_S = 1.0
# A device that could have counted this part of its range since the last reading may as well
# have been set back: from as large a part of all readings a reset would look like a wrap.
AMBIGUOUS_SHARE = 0.5
# Power between two readings may exceed the highest mean power seen by this factor: a server's
# idle is an eighth of its peak or more, and a laptop's small range of power wraps in hours.
MARGIN = 8.0
# Over shorter stretches a single tick of the counter would pass for a burst.
SEEN_OVER_NS = NS_PER_S


class RisingCounter:
    """Turns raw readings of one counter into joules that never fall.

    `wrap_j` is the counter's range (None: it does not wrap), `ceiling_w` the power above which
    a step cannot be a wrap. A wrap is corrected here, where it is read (docs/method.md); a fall
    within `quantum_j` is rounding; any other fall loses joules, and so does a rise across which
    the counter may have gone round.
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
        # The highest mean power over a second or more of readings, and where the next one begins.
        self._seen_w: float | None = None
        self._since_ns, self._since_j = 0, 0.0
        self._reopened = False

    @classmethod
    def of(cls, info: SensorInfo) -> RisingCounter:
        """For the sensor that `info` describes: its limit is the ceiling, or its component's."""
        ceiling_w = CEILINGS_W.get(info.component) if info.limit_w is None else info.limit_w
        return cls(info.wrap_j, ceiling_w, info.quantum_j)

    def reopened(self) -> None:
        """Say that its driver was started anew: the counter may have begun at 0 meanwhile.

        A next reading so small that it can all have been counted since the last one is then no
        rise, even where it is higher.
        """
        self._reopened = True

    def advance(self, raw_j: float, time_ns: int) -> tuple[float | None, str | None]:
        """Joules since any origin and None, or None and the fault, which begins with `LOST`.

        After a fault the counter goes on from where it was: the joules in between are lost,
        and the faulty sample is the mark of it.
        """
        last_j, elapsed_ns = self._raw_j, time_ns - self._time_ns
        self._time_ns = time_ns
        if last_j is None:
            self._raw_j = self._energy_j = raw_j
            self._since_ns, self._since_j = time_ns, raw_j
            return raw_j, None
        step_j = raw_j - last_j
        if -self._quantum_j <= step_j < 0:
            # The higher reading stays the one to count from, or dithering would add up.
            return self._energy_j, None
        self._raw_j = raw_j
        reopened, self._reopened = self._reopened, False
        if reopened and 0 <= raw_j <= self._ceiling_w * (ns_to_s(elapsed_ns) + SLACK_S):
            fault: str | None = "the driver was started anew, and the counter may have begun at 0"
        elif step_j < 0:
            wrapped_j = None if self._wrap_j is None else step_j + self._wrap_j
            fault = self._not_a_wrap(-step_j, wrapped_j, ns_to_s(elapsed_ns))
            step_j = wrapped_j or 0.0
        elif self._wrap_j is not None:
            fault = self._unseen_round(step_j, ns_to_s(elapsed_ns))
        else:
            fault = None
        if fault is not None:
            self._since_ns, self._since_j = time_ns, self._energy_j
            return None, LOST + fault
        self._energy_j += step_j
        if time_ns - self._since_ns >= SEEN_OVER_NS:
            self._see(time_ns)
        return self._energy_j, None

    def _see(self, time_ns: int) -> None:
        mean_w = (self._energy_j - self._since_j) / ns_to_s(time_ns - self._since_ns)
        self._seen_w = mean_w if self._seen_w is None else max(self._seen_w, mean_w)
        self._since_ns, self._since_j = time_ns, self._energy_j

    def _unseen_round(self, rise_j: float, elapsed_s: float) -> str | None:
        """Why a rise may hide whole rounds of the counter; None where it cannot."""
        range_j = self._wrap_j or 0.0
        if rise_j + range_j > self._ceiling_w * elapsed_s:
            return None
        # The rise is itself a power that was seen: it counts, or a step from idle to load in a
        # long pause would be judged by the idle power alone.
        seen_w = None if self._seen_w is None else max(self._seen_w, rise_j / elapsed_s)
        if seen_w is not None and rise_j + range_j > MARGIN * seen_w * elapsed_s:
            return None
        return (
            f"{WRAPS}{elapsed_s:.3g} s after the reading before, the counter may have gone round "
            f"unseen, once or more: its range is {range_j:.6g} J"
        )

    def _not_a_wrap(self, fall_j: float, wrapped_j: float | None, elapsed_s: float) -> str | None:
        """Why a fall cannot be corrected as a wrap of `wrapped_j`; None where it can."""
        possible_j = self._ceiling_w * (elapsed_s + SLACK_S)
        if self._wrap_j is None or wrapped_j is None or not 0 <= wrapped_j <= possible_j:
            return f"the counter went back by {fall_j:.6g} J without wrapping"
        if self._ceiling_w * elapsed_s > AMBIGUOUS_SHARE * self._wrap_j:
            return (
                f"{WRAPS}the counter went back by {fall_j:.6g} J, and {elapsed_s:.3g} s after "
                "the reading before nobody can tell a wrap, or several, from a reset"
            )
        return None
