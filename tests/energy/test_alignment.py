"""The lag of simulated meters whose lag, period, quantum and noise are known."""

import math
from dataclasses import dataclass, field

import numpy as np
import pytest
from energy_truth import Profile

from wattmark.energy.alignment import Alignment, LoadStep, align
from wattmark.energy.series import Series
from wattmark.schema import SensorInfo

IDLE_W, LOAD_W = 60.0, 200.0


@dataclass
class World:
    """A load switched on and off at known times, with pauses of 12 to 20 s."""

    seed: int
    switches: int = 4
    steps: list[LoadStep] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        edges, watts = [0.0], []
        for _ in range(self.switches):
            for power, up in ((IDLE_W, True), (LOAD_W, False)):
                watts.append(power)
                edges.append(edges[-1] + float(self.rng.uniform(12, 20)))
                self.steps.append(LoadStep(round(edges[-1] * 1e9), up))
        self.profile = Profile(np.array([*edges, edges[-1] + 20]), np.array([*watts, IDLE_W]))


@dataclass(frozen=True)
class Meter:
    """Updates every `period_s`, is polled every `poll_s`, and is late."""

    poll_s: float = 1.0
    period_s: float = 0.0
    lag_s: float = 2.0
    counter: bool = False
    quantum: float = 0.0
    noise_w: float = 0.0
    window_s: float | None = None
    told: bool = True

    def watch(self, world: World) -> Series:
        rng = world.rng
        t = np.arange(0, world.profile.edges[-1], self.poll_s) + rng.uniform(0, self.poll_s)
        tick = t
        if self.period_s:
            phase = rng.uniform(0, self.period_s)
            tick = np.floor((t - phase) / self.period_s) * self.period_s + phase
        stamps = np.round(t * 1e9).astype(np.int64)
        nothing = np.full(t.size, math.nan)

        if self.counter:
            energy = 1000 + world.profile.energy(tick - self.lag_s)
            if self.quantum:
                energy = np.floor(energy / self.quantum) * self.quantum
            return Series(self.info, stamps, energy, nothing)
        updates, which = np.unique(tick, return_inverse=True)
        window = self.window_s or 1e-3
        seen = updates - self.lag_s
        joules = world.profile.energy(seen) - world.profile.energy(seen - window)
        watts = joules / window
        watts = (watts + self.noise_w * rng.standard_normal(updates.size))[which]
        if self.quantum:
            watts = np.round(watts / self.quantum) * self.quantum
        return Series(self.info, stamps, nothing, watts)

    @property
    def info(self) -> SensorInfo:
        return SensorInfo(
            name="meter",
            component="wall",
            device="plug",
            kind="counter" if self.counter else "power",
            source="a simulation",
            update_period_s=self.period_s if self.told else None,
            averaging_window_s=self.window_s if self.told else None,
        )


SEEDS = range(6)
METERS = {
    "stamped by itself": Meter(noise_w=10),
    "noisy, every 2 s": Meter(poll_s=2, lag_s=3, noise_w=30),
    "early": Meter(lag_s=-3, noise_w=5),
    "updates as it is polled": Meter(period_s=1),
    "updates every 5 s, whole watts": Meter(period_s=5, lag_s=4, noise_w=3, quantum=1),
    "updates every 10 s, nobody says so": Meter(
        poll_s=0.5, period_s=10, lag_s=1, quantum=1, told=False
    ),
    "averages over 1 s": Meter(poll_s=0.1, period_s=2, lag_s=0.5, window_s=1.0, noise_w=2),
    "counter": Meter(period_s=1, counter=True),
    "counter every 10 s": Meter(period_s=10, lag_s=3, counter=True),
    "counter of whole joules": Meter(poll_s=0.5, period_s=0.1, lag_s=1, counter=True, quantum=1),
}


@pytest.mark.parametrize("name", METERS)
def test_lag_lies_in_its_interval_and_the_step_is_seen(name: str) -> None:
    meter = METERS[name]
    widest = 2 * meter.period_s or 2 * meter.poll_s
    for seed in SEEDS:
        world = World(seed)
        found = align(meter.watch(world), world.steps)
        assert found.lag_s is not None
        assert found.low_s is not None
        assert found.high_s is not None
        assert found.low_s <= meter.lag_s <= found.high_s
        assert found.low_s <= found.lag_s <= found.high_s
        assert found.high_s - found.low_s <= max(widest, 0.3)
        assert found.step_w == pytest.approx(LOAD_W - IDLE_W, rel=0.15)
        assert found.noise_w == pytest.approx(meter.noise_w, abs=0.3 + 0.3 * meter.noise_w)


def test_a_lag_that_is_stated_is_off_already() -> None:
    world = World(1)
    series = Meter(noise_w=2).watch(world)
    info = SensorInfo(name="m", component="wall", device="d", kind="power", source="s", lag_s=2.0)
    again = Series.from_columns(info, series.time_ns, series.energy_j, series.power_w)
    found = align(again, world.steps)
    assert found.lag_s == pytest.approx(0.0, abs=0.3)


def test_drift_of_the_base_does_not_move_the_lag() -> None:
    world = World(2)
    series = Meter(noise_w=2).watch(world)
    warmer = series.power_w + 40 * np.linspace(0, 1, series.power_w.size)
    found = align(Series(series.info, series.time_ns, series.energy_j, warmer), world.steps)
    assert found.low_s is not None
    assert found.high_s is not None
    assert found.low_s <= 2.0 <= found.high_s


@pytest.mark.parametrize("seed", range(20))
def test_no_step_is_seen_in_noise(seed: int) -> None:
    world = World(seed)
    flat = World(seed)
    flat.profile = Profile(np.array([0.0, world.profile.edges[-1]]), np.array([100.0]))
    found = align(Meter(noise_w=5).watch(flat), world.steps)
    assert found.lag_s is None
    assert found.step_w is None
    assert found.noise_w is not None


def test_what_cannot_be_told_is_none() -> None:
    world = World(3)
    series = Meter().watch(world)
    assert align(series, []) == Alignment()
    few = Series(series.info, series.time_ns[:5], series.energy_j[:5], series.power_w[:5])
    assert align(few, world.steps) == Alignment()
    empty = Series.from_samples(series.info, [])
    assert align(empty, world.steps) == Alignment()
    still = Series(series.info, series.time_ns, series.energy_j, np.full(series.time_ns.size, 7.0))
    assert align(still, world.steps).lag_s is None
    falling = Series(series.info, series.time_ns, series.energy_j, 300 - series.power_w)
    assert align(falling, world.steps[:1]).lag_s is None, "a load that takes less is none"


def test_a_lag_beyond_what_steps_tell_apart_is_none() -> None:
    world = World(4, switches=1)
    found = align(Meter(lag_s=45, noise_w=1).watch(world), world.steps)
    assert found.lag_s is None
