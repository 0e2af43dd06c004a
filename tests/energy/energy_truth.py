"""Short ways to the truth bench for tests of energy: powers in steps, and a sensor's series."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from benchmarks.truth import Lines, SensorModel, World
from benchmarks.truth.loads import Floats

from wattmark.energy.series import Series
from wattmark.schema import Sample, SensorInfo


class Profile(Lines):
    """Power `watts[k]` from `edges[k]` to `edges[k + 1]` (seconds)."""

    def __init__(self, edges: Floats, watts: Floats) -> None:
        super().__init__(edges, watts, watts)


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
    def sensor(self) -> SensorModel:
        return SensorModel(
            name="simulated",
            kind="counter" if self.window_s is None else "power",
            period_s=self.period_s,
            window_s=self.window_s or 0.0,
            quantum=self.quantum_j,
            poll_s=self.poll_s,
            poll_jitter_s=self.jitter_s,
            tells_period=self.told,
            tells_window=self.told,
        )

    def read(
        self,
        profile: Lines,
        rng: np.random.Generator,
        at_s: Floats | None = None,
        length_s: float = 100.0,
    ) -> Series:
        """Poll the profile for `length_s`, and at the stamps `at_s` too."""
        world = World(profile, (), 0.0, length_s + 2 * self.poll_s)
        return Series.from_samples(self.sensor.info, self.sensor.samples(world, rng, at_s))


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
