"""A world in which the joules are known: power profiles with exact integrals, and sensors.

Independent of the code under test: energies come from integrating a piecewise-constant power
by hand, readings from a sensor that updates, averages, rounds and is polled late.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wattmark.energy.series import Series
from wattmark.schema import Sample, SensorInfo

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Profile:
    """Power `watts[k]` from `edges[k]` to `edges[k + 1]` (seconds)."""

    edges: Floats
    watts: Floats

    def energy(self, seconds: Floats) -> Floats:
        """Exact joules from the first edge; outer powers go on beyond the edges."""
        at = np.clip(np.searchsorted(self.edges, seconds, side="right") - 1, 0, self.watts.size - 1)
        before = np.append(0.0, np.cumsum(self.watts * np.diff(self.edges)))
        return np.asarray(before[at] + self.watts[at] * (seconds - self.edges[at]))


def constant(watts: float = 300.0, length_s: float = 100.0) -> Profile:
    return Profile(np.array([0.0, length_s]), np.array([watts]))


def steps(rng: np.random.Generator, length_s: float = 100.0) -> Profile:
    """Work of 1 to 8 s at 150 to 400 W between stretches of 70 W."""
    edges, watts = [0.0], []
    while edges[-1] < length_s:
        watts += [70.0, float(rng.uniform(150, 400))]
        edges += [edges[-1] + float(rng.uniform(0.5, 3))]
        edges += [edges[-1] + float(rng.uniform(1, 8))]
    return Profile(np.array(edges), np.array(watts))


def ramp(length_s: float = 100.0) -> Profile:
    """80 W rising to 400 W and back every 20 s, in steps of 5 ms."""
    edges = np.arange(0.0, length_s + 0.005, 0.005)
    middle = (edges[1:] + edges[:-1]) / 2
    return Profile(edges, 80 + 320 * np.abs((middle / 10) % 2 - 1))


def square(
    rng: np.random.Generator, period_s: float | None = None, length_s: float = 100.0
) -> Profile:
    """200 W and 500 W by turns, with a period of 20 ms to 2 s."""
    period = float(np.exp(rng.uniform(np.log(0.02), np.log(2)))) if period_s is None else period_s
    edges = np.arange(0.0, length_s + period, period / 2)
    return Profile(edges, np.where(np.arange(edges.size - 1) % 2 == 0, 200.0, 500.0))


@dataclass(frozen=True)
class Model:
    """A sensor: true update period, averaging window, quantum, and how it is polled."""

    period_s: float
    poll_s: float
    window_s: float | None = None
    """None is a counter."""
    quantum_j: float = 0.0
    jitter_s: float = 0.001
    told: bool = True
    """Whether its info tells period and window."""

    @property
    def info(self) -> SensorInfo:
        return SensorInfo(
            name="simulated",
            component="gpu",
            device="gpu0",
            kind="counter" if self.window_s is None else "power",
            source="a simulation",
            update_period_s=self.period_s if self.told else None,
            averaging_window_s=self.window_s if self.told else None,
            quantum_j=self.quantum_j,
        )

    def read(
        self,
        profile: Profile,
        rng: np.random.Generator,
        at_s: Floats | None = None,
        length_s: float = 100.0,
    ) -> Series:
        """Poll the profile for `length_s`, and at the stamps `at_s` too."""
        polls = np.arange(0.0, length_s + 2 * self.poll_s, self.poll_s)
        polls = polls + rng.exponential(self.jitter_s, polls.size) if self.jitter_s else polls
        if at_s is not None:
            polls = np.concatenate([polls, at_s])
        time_ns: NDArray[np.int64] = np.unique(np.round(polls * 1e9).astype(np.int64))
        phase = rng.uniform(0, self.period_s) if self.period_s else 0.0
        ticks = time_ns / 1e9
        if self.period_s:
            ticks = np.floor((ticks - phase) / self.period_s) * self.period_s + phase
        nan = np.full(time_ns.size, np.nan)
        if self.window_s is None:
            energy = 1e4 + profile.energy(ticks)
            if self.quantum_j:
                energy = np.floor(energy / self.quantum_j) * self.quantum_j
            return Series(self.info, time_ns, energy, nan)
        power = (profile.energy(ticks) - profile.energy(ticks - self.window_s)) / self.window_s
        return Series(self.info, time_ns, nan, power)


def info(**changes: Any) -> SensorInfo:
    """A counter of a GPU with any field changed."""
    fields: dict[str, Any] = {
        "name": "gpu0",
        "component": "gpu",
        "device": "gpu0",
        "kind": "counter",
        "source": "a test",
        "update_period_s": 0.0,
    }
    return SensorInfo(**(fields | changes))


def counted(
    watts: float, seconds: float, every_s: float = 0.1, sensor: str = "gpu0"
) -> list[Sample]:
    """Samples of a perfect counter under constant power."""
    count = round(seconds / every_s) + 1
    return [
        Sample(sensor, round(k * every_s * 1e9), energy_j=watts * k * every_s) for k in range(count)
    ]
