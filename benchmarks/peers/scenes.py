"""What is measured: worlds with a load, and in them scenes of windows at given times.

A world has one tree of counters and one load; its scenes follow each other. The load goes by the
clock, and a process is woken a little late: so that no work falls before its window, as none can in
a program, a window begins `EARLY_S` before its work. All times are seconds from the world's
origin; before it the package takes `idle_w`.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.truth.loads import Lines

RANGE_J = 262_143.328850
"""Range of a real package's counter: 2^32 × 61 µJ."""
SHORT_RANGE_J = 1_000.0
IDLE_W = 20.0
DRAM_IDLE_W, DRAM_SHARE = 4.0, 0.08
"""Memory takes 4 W and 8 % of what the package takes."""
WRAPPING_W = 400.0
WRAP_S = SHORT_RANGE_J / WRAPPING_W

SHORT_TASKS = 20
EARLY_S = 0.001
LEAD_S = 0.6
BETWEEN_S = 3.5
"""Between two scenes: each tool makes a fresh tracker meanwhile."""


@dataclass(frozen=True)
class Window:
    """`name` is shared by the windows of a row; `number` counts them."""

    name: str
    number: int
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Scene:
    """Windows within one measurement. `whole` is its start and stop where those are measured."""

    name: str
    windows: tuple[Window, ...] = ()
    whole: tuple[float, float] | None = None

    @property
    def end_s(self) -> float:
        """When the last of it ends."""
        ends = [window.end_s for window in self.windows]
        return max(ends + ([self.whole[1]] if self.whole else []))

    def timetable(self) -> list[tuple[float, str, str, int]]:
        """(second, start | stop | begin | end, name, number), in order."""
        acts = [(w.start_s, "begin", w.name, w.number) for w in self.windows]
        acts += [(w.end_s, "end", w.name, w.number) for w in self.windows]
        if self.whole:
            acts += [(self.whole[0], "start", "whole", 0), (self.whole[1], "stop", "whole", 0)]
        return sorted(acts)


@dataclass(frozen=True)
class World:
    """A tree of counters, the load of its package, and what is measured on it."""

    name: str
    package: Lines
    scenes: tuple[Scene, ...]
    range_j: float = RANGE_J
    limit_w: float = 250.0
    """What the tree gives as the highest settable limit."""
    dram: Lines = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "dram", memory_of(self.package))

    @property
    def idle_w(self) -> float:
        """What the package takes before the origin."""
        return float(self.package.left_w[0])

    @property
    def end_s(self) -> float:
        """When its last scene ends."""
        return max(scene.end_s for scene in self.scenes)


def memory_of(package: Lines) -> Lines:
    """What the memory takes while the package takes that."""
    return Lines.steps(package.edges, DRAM_IDLE_W + DRAM_SHARE * package.left_w)


def worlds(seed: int) -> list[World]:
    """All worlds of one repetition; they run at the same time. `seed` moves the short tasks."""
    return [_steady(), _steps(), _square(), _tasks(seed), _wraps()]


def _total(name: str, watts: Sequence[float], each_s: float) -> World:
    """A whole measurement of 30 s, with idle before and after."""
    edges = [0.0, LEAD_S + 0.2] + [LEAD_S + 0.2 + each_s * (k + 1) for k in range(len(watts))]
    load = Lines.steps([*edges, edges[-1] + 1.0], [IDLE_W, *watts, IDLE_W])
    return World(name, load, (Scene(name, whole=(LEAD_S, LEAD_S + 30.0)),))


def _steady() -> World:
    return _total("30 s, steady 95 W", [95.0], 29.6)


def _steps() -> World:
    return _total("30 s, steps of 40 to 220 W", [40.0, 160.0, 90.0, 220.0, 60.0], 5.92)


def _square() -> World:
    return _total("30 s, square 40/200 W", [40.0, 200.0] * 40, 0.37)


def _tasks(seed: int) -> World:
    """Short, nested, overlapping tasks, and one task in a whole measurement."""
    rng = random.Random(seed)
    plan = _Plan()
    for length_s in (0.05, 0.1, 0.3):
        plan.scene(f"{SHORT_TASKS} tasks of {length_s * 1000:.0f} ms")
        for number in range(SHORT_TASKS):
            plan.task(length_s, number, rng.uniform(80.0, 180.0))
            plan.pause(rng.uniform(0.08, 0.16))
    plan.scene(f"{SHORT_TASKS} tasks of 100 ms, each idle for its first 10 ms")
    for number in range(SHORT_TASKS):
        plan.task(0.1, number, rng.uniform(80.0, 180.0), idle_s=0.01)
        plan.pause(rng.uniform(0.08, 0.16))
    _nested(plan)
    plan.scene("two that overlap")
    at = plan.now_s
    plan.windows = [Window("first", 0, at, at + 3.0), Window("second", 0, at + 1.5, at + 4.5)]
    plan.levels += [(at, 70.0), (at + 1.5, 150.0), (at + 3.0, 110.0)]
    plan.pause(4.5)
    plan.scene("one task in a whole")
    at = plan.now_s
    plan.whole = (at, at + 6.0)
    plan.windows = [Window("task", 0, at + 2.0 - EARLY_S, at + 4.0)]
    plan.levels += [(at, 45.0), (at + 2.0, 60.0), (at + 4.0, 45.0)]
    plan.pause(6.0)
    plan.scene("a whole of 40 ms")
    at = plan.now_s
    plan.whole = (at, at + 0.04)
    plan.levels.append((at + EARLY_S, 150.0))
    plan.pause(0.04)
    return plan.world("tasks")


def _nested(plan: _Plan) -> None:
    plan.scene("three in an outer of 5 s")
    at = plan.now_s
    inner = [(0.5, 1.3, 180.0), (1.8, 2.6, 120.0), (3.4, 4.4, 210.0)]
    plan.windows = [Window("outer", 0, at, at + 5.0)]
    plan.windows += [
        Window("inner", number, at + start_s - EARLY_S, at + end_s)
        for number, (start_s, end_s, _) in enumerate(inner)
    ]
    plan.levels.append((at, 60.0))
    for start_s, end_s, watts in inner:
        plan.levels += [(at + start_s, watts), (at + end_s, 60.0)]
    plan.pause(5.0)


def _wraps() -> World:
    """A package at a steady 400 W whose small counter wraps every 2.5 s, at the origin too.

    But for the wraps near an end every edge is 1.6 s or more after a wrap: who looks for wraps
    once a second has then seen it. The first window is shorter than a range, the last longer.
    """
    near = [Window("near", k, WRAP_S * (k + 3) - 0.7, WRAP_S * (k + 3) + 0.02) for k in range(4)]
    scenes = (
        Scene("one wrap amid a window", (Window("once", 0, 1.7, 4.1),)),
        Scene("a wrap 20 ms before the end, 4 windows", tuple(near)),
        Scene("five wraps in a window", (Window("many", 0, 16.7, 29.5),)),
    )
    load = Lines.steps([0.0, 60.0], [WRAPPING_W])
    return World("wraps", load, scenes, range_j=SHORT_RANGE_J)


class _Plan:
    """Scenes one after the other, and the load that goes with them."""

    def __init__(self) -> None:
        self.now_s = -BETWEEN_S + LEAD_S
        self.levels: list[tuple[float, float]] = [(0.0, IDLE_W)]
        self.windows: list[Window] = []
        self.whole: tuple[float, float] | None = None
        self._name = ""
        self._scenes: list[Scene] = []

    def scene(self, name: str) -> None:
        """Close the one before, and begin another some seconds later."""
        if self._name:
            self._scenes.append(Scene(self._name, tuple(self.windows), self.whole))
        self._name, self.windows, self.whole = name, [], None
        self.now_s += BETWEEN_S

    def task(self, length_s: float, number: int, watts: float, idle_s: float = 0.0) -> None:
        """A window of work, now; `idle_s` of it pass before the work begins."""
        end_s = self.now_s + length_s
        self.windows.append(Window("task", number, self.now_s - EARLY_S, end_s))
        self.levels += [(self.now_s + idle_s, watts), (end_s, IDLE_W)]
        self.now_s = end_s

    def pause(self, length_s: float) -> None:
        """Time passes; idle after it."""
        self.now_s += length_s
        self.levels.append((self.now_s, IDLE_W))

    def world(self, name: str) -> World:
        """All of it."""
        self.scene("")
        levels = dict(sorted(self.levels))
        edges = [*levels, max(levels) + 60.0]
        load = Lines.steps(edges, list(levels.values()))
        return World(name, load, tuple(self._scenes))
