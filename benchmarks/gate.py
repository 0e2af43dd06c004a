"""Does the gate let through what did not change, and stop what did? A repository, measured often.

The repository has two checkouts, `base` and `head`, each with a suite and an engine of its own:
code that the worker imports from the checkout it belongs to. They are the same, but where a
slowdown is planted: there each step of head's engine takes 10 % longer. What is done with them is
what `docs/examples/energy-gate.yml` does: in each round both are run, in random order, one fresh
process each, and then `wattmark compare runs/base runs/head --gate energy_per_token=…` judges, the
command itself. Runs are called from one process, as the command line's start is not in question;
servers, workers, the sensors' threads and the run directories are those of any run.

The machine is simulated, and no easy one: a counter of joules under a power that wanders. Its drift
is a random walk of 0.6 % a root second, its noise scatters by 1 % with a memory of half a second,
so that a run's power differs from the next one's by about 1.5 %. Time is real.
"""

from __future__ import annotations

import contextlib
import io
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from importlib import invalidate_caches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import signal

from benchmarks.figure import Figure
from wattmark import registry
from wattmark.analysis.intervals import wilson
from wattmark.backends import BackendSpec
from wattmark.cli.main import app
from wattmark.meter import Found
from wattmark.meter.simulated import SimulatedSensor
from wattmark.runner.plan import Slot
from wattmark.runner.run import run
from wattmark.runner.suite import read_suite
from wattmark.schema import Record, SensorInfo

UNCHANGED, PLANTED = 100, 20
"""Comparisons of an unchanged head, and of one with a slowdown."""
LEAST = 95
ROUNDS = 6
LIMIT = "5%"
STEP_S = 0.02
SLOWDOWN = 1.10
TOKENS = 9
QUERIES = 4
AT_ONCE = max(1, (os.cpu_count() or 2) // 2)
"""Comparisons at the same time: a core for each run, one for who measures."""
WATTS = 100.0
WALK, NOISE, MEMORY_S = 0.006, 0.01, 0.5
SLOT_S = 0.05
LONGEST_S = 1800.0
PASS, REGRESSION = 0, 1
MODEL = "assistant"
HOME = Path(__file__).parents[1]

SPEC = BackendSpec(
    name="answerer",
    adapter="answerer:Answerer",
    requires=(),
    extra="",
    precisions={"cpu": ("fp32",)},
    models=lambda name: name == MODEL,
)
_ENGINE = '''"""The engine of this repository."""

from dataclasses import replace

from wattmark.backends.fake import FakeBackend

STEP_S = {step_s}


class Answerer(FakeBackend):
    def load(self, trial):
        super().load(replace(trial, model=f"fake:tokens={tokens},step_s={{STEP_S}}"))
'''
_SUITE = """name = "energy"
models = ["{model}"]
backends = ["answerer"]
tasks = ["{questions}"]
precisions = ["fp32"]
replicates = 1
warmups = 1
idle_s = 0.05
quiet_wait_s = 0.0
"""
_ENTRY_POINTS = """[wattmark.backends]
answerer = benchmarks.gate:SPEC

[wattmark.sensors]
machine = benchmarks.gate:find
"""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Wandering:
    """A power with drift and noise, constant within slots of time; a `Shape`."""

    watts: Floats
    joules: Floats
    """Up to the beginning of each slot."""

    @classmethod
    def of(cls, seed: int) -> Wandering:
        """The same for the same seed, for half an hour."""
        count = int(LONGEST_S / SLOT_S)
        draws = np.random.default_rng(seed).standard_normal((2, count))
        drift = np.cumsum(draws[0]) * WALK * SLOT_S**0.5
        kept = float(np.exp(-SLOT_S / MEMORY_S))
        noise = signal.lfilter([NOISE * (1 - kept**2) ** 0.5], [1, -kept], draws[1])
        watts = WATTS * np.exp(drift + noise)
        return cls(watts, np.concatenate([[0.0], np.cumsum(watts) * SLOT_S]))

    def __call__(self, t_s: float) -> float:
        return float(self.watts[self._slot(t_s)])

    def energy_j(self, t_s: float) -> float:
        slot = self._slot(t_s)
        return float(self.joules[slot] + self.watts[slot] * (t_s - slot * SLOT_S))

    def _slot(self, t_s: float) -> int:
        return min(max(int(t_s / SLOT_S), 0), len(self.watts) - 1)


@cache
def _power(seed: int) -> Wandering:
    return Wandering.of(seed)


def find(options: str = "") -> Found:
    """The sensor family `machine:SEED@ORIGIN_NS`: one power over all runs of a comparison."""
    if not options:
        return Found("machine", missing="It comes by name only.", fix="machine:7@0")
    seed, _, origin_ns = options.partition("@")
    info = SensorInfo(
        name="machine",
        component="cpu",
        device="simulated",
        kind="counter",
        source="simulated: a wandering power",
        update_period_s=0.001,
        quantum_j=61e-6,
        instead="simulated",
    )
    sensor = SimulatedSensor(info, _power(int(seed)), origin_ns=int(origin_ns))
    return Found("machine", (sensor,))


def repository(folder: Path, slowdown: float) -> None:
    """Write both checkouts, and the package that announces their engine and the machine."""
    questions = folder / "questions.txt"
    for arm, factor in (("base", 1.0), ("head", slowdown)):
        checkout = folder / arm
        checkout.mkdir(parents=True)
        suite = _SUITE.format(model=MODEL, questions=questions)
        engine = _ENGINE.format(step_s=STEP_S * factor, tokens=TOKENS)
        (checkout / "answerer.py").write_text(engine, encoding="utf-8")
        (checkout / "energy.toml").write_text(suite, encoding="utf-8")
    lines = (f"What is {k} + {k}?" for k in range(QUERIES))
    questions.write_text("\n".join(lines) + "\n", encoding="utf-8")
    announced = folder / "site" / "energy_gate-1.0.dist-info"
    announced.mkdir(parents=True)
    (announced / "METADATA").write_text("Name: energy-gate\nVersion: 1.0\n", encoding="utf-8")
    (announced / "entry_points.txt").write_text(_ENTRY_POINTS, encoding="utf-8")


def judged(seed: int, slowdown: float) -> int:
    """Exit code of the gate on one repository: 0 pass, 1 regression, 3 not resolved."""
    with tempfile.TemporaryDirectory(prefix="wattmark-gate-") as name:
        folder = Path(name)
        repository(folder, slowdown)
        sys.path.insert(0, str(folder / "site"))
        registry.table.cache_clear()
        invalidate_caches()
        try:
            return _judged(folder, seed)
        finally:
            sys.path.remove(str(folder / "site"))
            registry.table.cache_clear()


def _judged(folder: Path, seed: int) -> int:
    turns = random.Random(seed)
    sensor = f"machine:{seed}@{time.monotonic_ns()}"
    for number in range(1, ROUNDS + 1):
        for arm in turns.sample(("base", "head"), 2):
            suite = read_suite(str(folder / arm / "energy.toml"), {"sensors": [sensor]})
            with _python_path(folder / arm, HOME):
                done = run(suite, folder / "runs" / arm / str(number), Silent())
            if done.failed:
                raise RuntimeError(f"a run of {arm} failed: see {done.path}")
    arms = [str(folder / "runs" / arm) for arm in ("base", "head")]
    with contextlib.redirect_stdout(io.StringIO()):
        code = app(["compare", *arms, "--gate", f"energy_per_token={LIMIT}"], standalone_mode=False)
    return int(code or 0)


class Silent:
    """An observer of runs that says nothing."""

    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: Slot, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: Record) -> None: ...


@contextlib.contextmanager
def _python_path(*folders: Path) -> Iterator[None]:
    """Processes started meanwhile import from these folders."""
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(map(str, folders))
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before


def outcomes(count: int, slowdown: float, *, first_seed: int = 0) -> list[int]:
    """Exit codes of `count` comparisons, each with a machine of its own."""
    seeds = range(first_seed, first_seed + count)
    with ProcessPoolExecutor(max_workers=AT_ONCE) as pool:
        return list(pool.map(partial(judged, slowdown=slowdown), seeds))


def figures() -> Iterator[Figure]:
    """How often it passes an unchanged head, and fails one that was slowed down."""
    rounds = f"{ROUNDS} rounds, limit {LIMIT}"
    yield _figure("gate: an unchanged head passes", outcomes(UNCHANGED, 1.0), PASS, LEAST, rounds)
    planted = outcomes(PLANTED, SLOWDOWN, first_seed=UNCHANGED)
    yield _figure("gate: a 10 % slowdown fails", planted, REGRESSION, 100, rounds)


def _figure(name: str, codes: list[int], wanted: int, least: float, note: str) -> Figure:
    """In percent, with Wilson's interval."""
    share = wilson(codes.count(wanted), len(codes))
    others = {code: codes.count(code) for code in sorted(set(codes)) if code != wanted}
    told = "".join(f", {count} × exit {code}" for code, count in others.items())
    value, low, high = (100 * (bound or 0.0) for bound in share)
    return Figure(name, value, "%", low, high, len(codes), least=least, note=note + told)
