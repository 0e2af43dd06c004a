"""Wall time to monotonic time: the stamps of meters that have clocks of their own.

One offset, taken at the start, makes the one of the other. A wall clock that was stepped since
(or a machine that slept, during which the monotonic clock stands still) is found by looking at
both clocks again, and the offset is taken anew.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from wattmark.units import NS_PER_S, ns_to_s

# Clocks agree to microseconds, and the look at both can be delayed by a busy scheduler.
STEP_S = 0.05


class WallClock:
    """Wall time to monotonic time by one offset, and whether it still holds."""

    def __init__(
        self,
        wall_ns: Callable[[], int] = time.time_ns,
        monotonic_ns: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._wall_ns, self._monotonic_ns = wall_ns, monotonic_ns
        self._offset_ns = self._look()

    def monotonic(self, wall_s: float) -> int:
        """The monotonic stamp (ns) of a Unix time in seconds."""
        return round(wall_s * NS_PER_S) - self._offset_ns

    def stepped_s(self) -> float | None:
        """Seconds by which the wall clock was stepped since the last look; None for none."""
        offset_ns = self._look()
        step_s = ns_to_s(offset_ns - self._offset_ns)
        if abs(step_s) < STEP_S:
            return None
        self._offset_ns = offset_ns
        return step_s

    def _look(self) -> int:
        """Wall less monotonic time, by the look of three that was the least interrupted."""
        looks = []
        for _ in range(3):
            before, wall, after = self._monotonic_ns(), self._wall_ns(), self._monotonic_ns()
            looks.append((after - before, wall - (before + after) // 2))
        return min(looks)[1]
