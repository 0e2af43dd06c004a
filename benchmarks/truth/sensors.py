"""Sensors with every defect that is known, reading a world whose joules are known.

What a reading asked for at time t tells, all times in seconds of one clock:

    asked  = t + polling latency (exponential)
    tick k = phase + k × period × (1 + period_error) + normal(tick_jitter), phase random
    seen   = the last tick at or before `asked`, less the lag
    counter: (gain × joules until `seen` + what jumped − what was reset), cut to the quantum,
             modulo the range
    power:   gain × mean power over [seen − window, seen], cut to the quantum

The phases of ticks, polls and quanta are drawn anew for every reading of a world. A period of 0
is a sensor that is always up to date.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks.truth.loads import Floats
from benchmarks.truth.world import World
from wattmark.schema import Sample, SensorInfo

Ints = NDArray[np.int64]
Interval = tuple[float, float]

# Ticks keep their order: none strays further than this part of the period from its place.
FARTHEST = 0.45
# What a counter shows when it is read first: it never starts at zero.
ORIGIN_J = 12_345.0


@dataclass(frozen=True)
class Readings:
    """What polling gave, by stamp: arrays of shape (n,). `failed` marks driver errors."""

    time_ns: Ints
    value: Floats
    """Joules or watts, nan where the sensor said so."""
    failed: NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class SensorModel:
    """A sensor and how it is polled. Times in seconds; `None` in `told` is not told."""

    kind: str = "counter"
    period_s: float = 0.1
    window_s: float = 0.0
    """Averaging window of a sensor of power; 0 is the power at the tick."""
    lag_s: float = 0.0
    gain: float = 1.0
    quantum: float = 0.0
    """Joules for a counter, watts for power."""
    wrap_j: float | None = None
    limit_w: float | None = None
    tick_jitter_s: float = 0.0
    """Standard deviation of each tick about its place."""
    period_error: float = 0.0
    """True period ÷ stated period − 1."""
    poll_s: float = 0.1
    poll_jitter_s: float = 0.0005
    """Mean of how late each poll comes (exponential)."""
    latency_s: float = 0.0
    """Mean of how long after its stamp a reading is taken (exponential)."""
    at_edges_s: float | None = None
    """A reading is asked for so long before each span's start and after its end."""
    dropout: float = 0.0
    """Probability that a poll is a driver error."""
    nan: float = 0.0
    """Probability that a reading is not a number."""
    gaps: Sequence[Interval] = ()
    """Nothing is polled meanwhile."""
    failures: Sequence[Interval] = ()
    """Every poll is a driver error meanwhile."""
    freezes: Sequence[Interval] = ()
    """Nothing ticks meanwhile."""
    resets: Sequence[float] = ()
    """A counter starts again at zero."""
    jumps: Sequence[tuple[float, float]] = ()
    """(time, joules): a counter leaps, or falls where negative."""
    tells_period: bool = True
    tells_window: bool = True
    name: str = "truth"
    component: str = "gpu"

    @property
    def info(self) -> SensorInfo:
        """What a program is told of it: never its gain, nor when it ticks."""
        counter = self.kind != "power"
        return SensorInfo(
            name=self.name,
            component=self.component,
            device=f"{self.component}0",
            kind=self.kind,
            source="a simulation",
            update_period_s=self.period_s if self.tells_period else None,
            averaging_window_s=self.window_s if self.tells_window and not counter else None,
            quantum_j=self.quantum if counter else 0.0,
            wrap_j=self.wrap_j,
            limit_w=self.limit_w,
            lag_s=self.lag_s or None,
        )

    def samples(
        self, world: World, rng: np.random.Generator, at_s: ArrayLike | None = None
    ) -> list[Sample]:
        """Poll the world, and read it at the times `at_s` too."""
        readings = self.readings(world, rng, at_s)
        power = self.kind == "power"
        rows = zip(
            readings.time_ns.tolist(),
            readings.value.tolist(),
            readings.failed.tolist(),
            strict=True,
        )
        return [
            Sample(self.name, t, fault="a simulated driver error")
            if failed
            else Sample(self.name, t, power_w=value)
            if power
            else Sample(self.name, t, energy_j=value)
            for t, value, failed in rows
        ]

    def readings(
        self, world: World, rng: np.random.Generator, at_s: ArrayLike | None = None
    ) -> Readings:
        """As `samples`, as arrays; stamps are distinct and rise."""
        polls = self._polls(world, rng, at_s)
        latency = rng.exponential(self.latency_s, polls.size) if self.latency_s else 0.0
        seen = self._seen(polls + latency, world, rng) - self.lag_s
        if self.kind == "power":
            value = self._power(seen, world)
        else:
            value = self._counted(seen, world, rng.uniform(0, self.quantum))
        if self.nan:
            value = np.where(rng.random(polls.size) < self.nan, np.nan, value)
        failed = _inside(polls, self.failures)
        if self.dropout:
            failed |= rng.random(polls.size) < self.dropout
        return Readings(np.round(polls * 1e9).astype(np.int64), value, failed)

    def _polls(self, world: World, rng: np.random.Generator, at_s: ArrayLike | None) -> Floats:
        length = world.end_s - world.start_s
        polls = np.arange(-rng.uniform(0, self.poll_s), length, self.poll_s)
        polls = world.start_s + polls[polls >= 0]
        if self.poll_jitter_s:
            polls += rng.exponential(self.poll_jitter_s, polls.size)
        asked = [polls]
        if at_s is not None:
            asked.append(np.asarray(at_s, dtype=np.float64).ravel())
        if self.at_edges_s is not None:
            edges = world.edges_ns / 1e9
            asked += [edges[:, 0] - self.at_edges_s, edges[:, 1] + self.at_edges_s]
        stamps = np.unique(np.round(np.concatenate(asked) * 1e9).astype(np.int64)) / 1e9
        return np.asarray(stamps[~_inside(stamps, self.gaps)])

    def _seen(self, asked: Floats, world: World, rng: np.random.Generator) -> Floats:
        """The time of the last tick at or before each poll."""
        if self.period_s == 0:
            return asked
        period = self.period_s * (1 + self.period_error)
        first = world.start_s - 3 * period + rng.uniform(0, period)
        count = math.ceil((world.end_s - first) / period) + 3
        ticks = np.asarray(first + period * np.arange(count), dtype=np.float64)
        if self.tick_jitter_s:
            astray = rng.normal(0, self.tick_jitter_s, count)
            ticks += np.clip(astray, -FARTHEST * period, FARTHEST * period)
        ticks = ticks[~_inside(ticks, self.freezes)]
        at = np.searchsorted(ticks, asked, side="right") - 1
        return np.asarray(ticks[np.maximum(at, 0)])

    def _power(self, seen: Floats, world: World) -> Floats:
        if self.window_s > 0:
            joules = world.power.energy(seen) - world.power.energy(seen - self.window_s)
            watts = joules / self.window_s
        else:
            watts = world.power.power(seen)
        return _cut(self.gain * watts, self.quantum)

    def _counted(self, seen: Floats, world: World, origin_j: float) -> Floats:
        starts = np.array([world.start_s, *sorted(self.resets)])
        begun = self._absolute(starts, world)
        begun[0] = 0.0
        since = np.searchsorted(starts[1:], seen, side="right")
        joules = self._absolute(seen, world) - begun[since]
        # Where within a quantum the counting began is as unknown as the phase of the ticks.
        joules = _cut(joules + origin_j, self.quantum)
        return joules if self.wrap_j is None else np.asarray(joules % self.wrap_j)

    def _absolute(self, seen: Floats, world: World) -> Floats:
        """What it would have counted by then had it never been reset."""
        joules = ORIGIN_J + self.gain * world.joules(world.start_s, seen)
        for time_s, leap in self.jumps:
            joules = joules + np.where(seen >= time_s, leap, 0.0)
        return np.asarray(joules)


def _cut(values: Floats, quantum: float) -> Floats:
    return np.asarray(np.floor(values / quantum) * quantum if quantum else values)


def _inside(times: Floats, intervals: Sequence[Interval]) -> NDArray[np.bool_]:
    inside = np.zeros(times.shape, dtype=np.bool_)
    for low, high in intervals:
        inside |= (times >= low) & (times < high)
    return inside
