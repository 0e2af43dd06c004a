"""Simulated time: a clock that moves only when somebody sleeps, and a machine that draws power."""

from __future__ import annotations

import bisect
from collections.abc import Callable
from dataclasses import dataclass, field

from wattmark.units import s_to_ns


class SimulatedClock:
    """Monotonic nanoseconds. While it sleeps it does what falls due: `every` calls."""

    def __init__(self, start_ns: int = 1_000_000_000_000) -> None:
        self.time_ns = start_ns
        self._due: list[tuple[int, Callable[[], int]]] = []

    def now(self) -> int:
        return self.time_ns

    def every(self, interval: Callable[[], float], call: Callable[[], object]) -> None:
        """Call again and again, `interval()` seconds apart, whenever time passes."""

        def again() -> int:
            call()
            return s_to_ns(interval())

        self._due.append((self.time_ns + s_to_ns(interval()), again))

    def sleep(self, seconds: float) -> None:
        end_ns = self.time_ns + s_to_ns(seconds)
        while self._due and (first := min(self._due, key=lambda due: due[0]))[0] <= end_ns:
            self._due.remove(first)
            self.time_ns = max(self.time_ns, first[0])
            self._due.append((self.time_ns + first[1](), first[1]))
        self.time_ns = max(self.time_ns, end_ns)


@dataclass
class Machine:
    """Draws `idle_w`, and `work_w` while it works: its joules are known exactly."""

    clock: SimulatedClock
    idle_w: float
    work_w: float
    start_ns: int = field(init=False)
    _edges_s: list[float] = field(default_factory=lambda: [0.0])
    _watts: list[float] = field(default_factory=list)
    _joules: list[float] = field(default_factory=lambda: [0.0])

    def __post_init__(self) -> None:
        self.start_ns = self.clock.now()
        self._watts.append(self.idle_w)

    def work(self, seconds: float) -> None:
        """What an engine does instead of computing."""
        self._turn(self.work_w)
        self.clock.sleep(seconds)
        self._turn(self.idle_w)

    def _turn(self, watts: float) -> None:
        now_s = (self.clock.now() - self.start_ns) / 1e9
        self._joules.append(self.energy_j(now_s))
        self._edges_s.append(now_s)
        self._watts.append(watts)

    def __call__(self, t_s: float) -> float:
        return self._watts[max(0, bisect.bisect_right(self._edges_s, t_s) - 1)]

    def energy_j(self, t_s: float) -> float:
        """Joules from 0 to `t_s`, seconds since the start; idle before."""
        at = max(0, bisect.bisect_right(self._edges_s, t_s) - 1)
        return self._joules[at] + self._watts[at] * (t_s - self._edges_s[at])
