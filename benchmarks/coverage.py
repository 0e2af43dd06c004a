"""Do the intervals hold the truth as often as they say, and are they no wider than they must be?

Each sensor reads `SCENARIOS` random worlds of `benchmarks.truth`, two spans each, of every
family of loads by turns. Coverage is the share of spans whose true joules lie in the interval.

How narrow could they be? Two answers stand in the table:

- An oracle who knows the load, the spans and the sensor, but not the random phases of its ticks
  and of the polls: load and spans are held fixed, the sensor's chances are drawn anew `REDRAWS`
  times, and the 95th percentile of the size of the estimate's error is the least that could be
  stated around it (`oracle J`, bias and all; `chance J` is half of the central 95 % range, what
  would be left if the oracle also corrected what the estimate is off by every time). `ratio` is
  the median half-width ÷ the median of `oracle J`.
- The same intervals, all scaled by one factor until they hold exactly 95 % (`could be`): narrower
  ones of this shape would miss the truth more often than they say. This is what we call the best
  possible for a sensor, as nobody has to know the load for it; 0.5 or more is within twice of it.

No interval can be as narrow as the oracle's everywhere: under most loads an estimate is right to
a fraction of a tick (a clean step between steady powers is found exactly), under others it errs
by ten times that, and only who knows the load can tell them apart. Where the chances of the
sensor itself (the age of a reading, its quantum) outweigh that, the ratio is near 1.5.

Who does not tell how long a sensor averages may have any of those in use: `MIXED` has loads read
by several sensors in turn, that say the same of themselves.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.figure import Figure
from benchmarks.place import RESULTS
from benchmarks.truth.scenarios import FAMILIES, scenario
from benchmarks.truth.sensors import Readings, SensorModel
from benchmarks.truth.world import World
from wattmark.energy.bounds import Bounds
from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series

Floats = NDArray[np.float64]

SCENARIOS = 504
# The weights of the intervals were fitted with other seeds.
SEED = 2026
LEAST, MOST = 0.93, 0.98
REDRAWS = 200
KEPT = RESULTS / "truth"
JUDGED = 32
"""Scenarios of each sensor in which the oracle is asked."""


def _counter(period_s: float, poll_s: float, **more: object) -> SensorModel:
    return SensorModel(period_s=period_s, poll_s=poll_s, **more)  # type: ignore[arg-type] # fields by name


def _power(period_s: float, window_s: float, poll_s: float = 0.02, **more: object) -> SensorModel:
    fields = {"period_s": period_s, "window_s": window_s, "poll_s": poll_s} | more
    return SensorModel(kind="power", **fields)  # type: ignore[arg-type] # fields by name


EDGES = {"at_edges_s": 2e-4}
MODELS: Mapping[str, SensorModel] = {
    "counter 1 ms, polled 10 ms": _counter(0.001, 0.01, quantum=61e-6),
    "counter 1 ms, polled 100 ms": _counter(0.001, 0.1, quantum=61e-6),
    "counter 1 ms, 100 ms and edges": _counter(0.001, 0.1, quantum=61e-6, **EDGES),
    "counter 20 ms, polled 10 ms": _counter(
        0.02, 0.01, quantum=1e-3, tick_jitter_s=2e-4, period_error=4e-4
    ),
    "counter 20 ms, polled 100 ms": _counter(
        0.02, 0.1, quantum=1e-3, tick_jitter_s=2e-4, period_error=4e-4
    ),
    "counter 20 ms, 100 ms and edges": _counter(
        0.02, 0.1, quantum=1e-3, tick_jitter_s=2e-4, period_error=4e-4, **EDGES
    ),
    "counter 100 ms, polled 20 ms": _counter(
        0.1, 0.02, quantum=1e-3, tick_jitter_s=1e-3, period_error=-4e-4
    ),
    "counter 100 ms, polled 100 ms": _counter(
        0.1, 0.1, quantum=1e-3, tick_jitter_s=1e-3, period_error=-4e-4
    ),
    "counter 100 ms, 20 ms and edges": _counter(
        0.1, 0.02, quantum=1e-3, tick_jitter_s=1e-3, period_error=-4e-4, **EDGES
    ),
    "counter 100 ms, 100 ms and edges": _counter(
        0.1, 0.1, quantum=1e-3, tick_jitter_s=1e-3, period_error=-4e-4, **EDGES
    ),
    "counter 1 ms, 1 J, 100 ms and edges": _counter(0.001, 0.1, quantum=1.0, **EDGES),
    "counter 100 ms, untold, polled 20 ms": _counter(0.1, 0.02, quantum=1e-3, tells_period=False),
    "counter 1 ms, untold, 100 ms and edges": _counter(
        0.001, 0.1, quantum=61e-6, tells_period=False, **EDGES
    ),
    "power 25 ms of 100, polled 20 ms": _power(0.1, 0.025, tick_jitter_s=1e-3),
    "power 25 ms of 100, 100 ms and edges": _power(0.1, 0.025, 0.1, tick_jitter_s=1e-3, **EDGES),
    "power 100 ms, polled 20 ms": _power(0.1, 0.1, tick_jitter_s=1e-3),
    "power 1000 ms each 100, polled 20 ms": _power(0.1, 1.0, tick_jitter_s=1e-3),
    "power 1000 ms each 100, 100 ms and edges": _power(0.1, 1.0, 0.1, tick_jitter_s=1e-3, **EDGES),
    "wall meter, power 1 s, polled 100 ms": _power(1.0, 1.0, 0.1, quantum=0.1, component="wall"),
}
UNTOLD = {"tells_period": False, "tells_window": False}
MIXED: Mapping[str, tuple[SensorModel, ...]] = {
    name: (model,) for name, model in MODELS.items()
} | {
    "power each 100 ms, window of 25, 100 or 1000 ms untold, polled 20 ms": tuple(
        _power(0.1, window_s, **UNTOLD) for window_s in (0.025, 0.1, 1.0)
    )
}


@dataclass(frozen=True)
class Outcome:
    """One sensor's figures. Half-widths in joules, medians over spans."""

    sensor: str
    scenarios: int
    spans: int
    coverage: float
    coverage_sharp: float
    """Over spans that begin and end at steps of the load."""
    coverage_by_family: Mapping[str, float]
    half_width_j: float
    half_width_judged_j: float
    best_j: float
    best_with_bias_j: float
    could_be: float
    """Factor on all half-widths at which they would hold exactly 95 %."""

    @property
    def ratio(self) -> float:
        """Median half-width ÷ median of the oracle's, over the judged spans."""
        return self.half_width_judged_j / self.best_with_bias_j


def series_of(model: SensorModel, readings: Readings) -> Series:
    """The readings that did not fail, as the package takes them."""
    good = ~readings.failed & np.isfinite(readings.value)
    value, nothing = readings.value[good], np.full(int(good.sum()), np.nan)
    energy, power = (nothing, value) if model.kind == "power" else (value, nothing)
    return Series(model.info, readings.time_ns[good], energy, power)


def bounds_of(model: SensorModel, world: World, rng: np.random.Generator) -> Bounds:
    """The intervals of the world's spans from one reading of it."""
    curve = curve_of(series_of(model, model.readings(world, rng)))
    return curve.between(world.edges_ns[:, 0], world.edges_ns[:, 1])


def worlds(seed: int, count: int) -> Iterable[tuple[str, World]]:
    """Scenarios of every family by turns; each has a generator of its own."""
    names = list(FAMILIES)
    for k in range(count):
        name = names[k % len(names)]
        yield name, scenario(np.random.default_rng([seed, k]), name)


def measure(name: str, seed: int, count: int = SCENARIOS, judged: int = JUDGED) -> Outcome:
    """Coverage over `count` scenarios, and the oracle's word on `judged` of them."""
    models = MIXED[name]
    held: list[NDArray[np.bool_]] = []
    sharp: list[NDArray[np.bool_]] = []
    widths: list[Floats] = []
    needed: list[Floats] = []
    best: list[Floats] = []
    biased: list[Floats] = []
    asked: list[Floats] = []
    families: dict[str, list[NDArray[np.bool_]]] = {}
    for k, (family, world) in enumerate(worlds(seed, count)):
        rng = np.random.default_rng([seed, k, 1])
        # Every family of loads meets every model.
        model = models[k // len(FAMILIES) % len(models)]
        bounds = bounds_of(model, world, rng)
        slack = 1e-9 * np.abs(world.truth) + 1e-6
        inside = (bounds.low - slack <= world.truth) & (world.truth <= bounds.high + slack)
        held.append(inside)
        families.setdefault(family, []).append(inside)
        sharp.append(np.asarray(world.sharp))
        widths.append((bounds.high - bounds.low) / 2)
        side = np.where(world.truth > bounds.value, bounds.high, bounds.low)
        needed.append(np.abs(world.truth - bounds.value) / (np.abs(side - bounds.value) + slack))
        if judged and k * judged // count != (k - 1) * judged // count:
            draws = [bounds_of(model, world, rng).value for _ in range(REDRAWS)]
            errors = np.array(draws) - world.truth
            low, high = np.quantile(errors, [0.025, 0.975], axis=0)
            best.append((high - low) / 2)
            biased.append(np.quantile(np.abs(errors), 0.95, axis=0))
            asked.append(widths[-1])
    inside, at_steps = np.concatenate(held), np.concatenate(sharp)
    return Outcome(
        sensor=name,
        scenarios=count,
        spans=inside.size,
        coverage=float(inside.mean()),
        coverage_sharp=float(inside[at_steps].mean()),
        coverage_by_family={
            key: round(float(np.concatenate(each).mean()), 3) for key, each in families.items()
        },
        half_width_j=_median(widths),
        half_width_judged_j=_median(asked),
        best_j=_median(best),
        best_with_bias_j=_median(biased),
        could_be=float(np.quantile(np.concatenate(needed), 0.95)),
    )


def _median(parts: list[Floats]) -> float:
    return float(np.median(np.concatenate(parts))) if parts else float("nan")


def figures() -> Iterator[Figure]:
    """Coverage of every sensor; the table goes to `results/truth/coverage.json` and `.md`."""
    outcomes = []
    for name in MIXED:
        outcome = measure(name, SEED)
        outcomes.append(outcome)
        error = 1.96 * (outcome.coverage * (1 - outcome.coverage) / outcome.spans) ** 0.5
        yield Figure(
            f"coverage, {name}",
            outcome.coverage,
            "",
            outcome.coverage - error,
            outcome.coverage + error,
            outcome.spans,
            most=MOST,
            least=LEAST,
            note=f"± {outcome.half_width_j:.3g} J, {1 / outcome.could_be:.2f} × what must be",
        )
    keep(outcomes)


def keep(outcomes: list[Outcome]) -> None:
    """Write the outcomes as JSON and as a Markdown table."""
    KEPT.mkdir(parents=True, exist_ok=True)
    rows = [asdict(each) | {"ratio": each.ratio} for each in outcomes]
    kept = {"seed": SEED, "scenarios": SCENARIOS, "judged": JUDGED, "redraws": REDRAWS}
    text = json.dumps(kept | {"sensors": rows}, indent=1)
    (KEPT / "coverage.json").write_text(text + "\n", encoding="utf-8")
    (KEPT / "coverage.md").write_text(table(outcomes), encoding="utf-8")


def table(outcomes: list[Outcome]) -> str:
    """The outcomes for people."""
    lines = [
        "# How often 95 % intervals hold the truth",
        "",
        f"{SCENARIOS} random loads a sensor, two spans each of 5 ms to 60 s; half of the first",
        "spans begin and end at steps of the load (`sharp`). Half-widths in joules, medians.",
        f"Oracle: over {JUDGED} of the loads, {REDRAWS} times each, knowing the load; `could be`:",
        "the factor at which the same intervals would hold exactly 95 %; both are explained in",
        "`benchmarks/coverage.py`. `worst family` is the kind of load held least often.",
        "",
        "| sensor | coverage | sharp | half-width J | oracle J | ratio | chance J | could be "
        "| worst family |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for each in outcomes:
        worst = min(each.coverage_by_family, key=lambda key: each.coverage_by_family[key])
        mark = "" if LEAST <= each.coverage <= MOST else " (outside 93–98 %)"
        lines.append(
            f"| {each.sensor} | {each.coverage:.1%}{mark} | {each.coverage_sharp:.1%} "
            f"| {each.half_width_j:.3g} | {each.best_with_bias_j:.3g} | {each.ratio:.2f} "
            f"| {each.best_j:.3g} | {each.could_be:.2f} "
            f"| {worst} {each.coverage_by_family[worst]:.0%} |"
        )
    return "\n".join(lines) + "\n"
