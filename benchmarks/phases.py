"""Joules of prefill and decode below the sensor's tick, told by three methods, against the truth.

200 short queries (30 ms prefill at 600 W, 200 ms decode at 300 W, both ± 30 % in length, gaps of
20 to 120 ms at 80 W) under a sensor that updates every 100 ms and is polled every 10 to 20 ms.
*Ideal* phases are flat; *scattered* ones differ by 10 % (SD) from query to query, decode rises
from 0.9 to 1.1 of its power inside of each, and ticks jitter by 2 % of their period.

- least squares: what the package tells.
- interpolation: the sensor's curve read at the spans' edges, summed.
- generate − prefill: interpolation over whole queries, less that of a second run that only
  prefills, as harnesses do that cannot see inside of `generate`.

Errors are relative to the true joules of all spans of a name; coverage is the share of
scenarios in which the 95 % interval of the least squares holds them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from benchmarks.figure import Figure
from benchmarks.place import RESULTS
from benchmarks.truth import SensorModel, phase_scenario
from benchmarks.truth.world import World
from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.energy.table import by_name, phase_table, summed
from wattmark.energy.tell import tell_phases
from wattmark.schema import Span

SCENARIOS = 50
SEED = 2718
KEPT = RESULTS / "truth"
POLLED: Mapping[str, Any] = {"poll_s": 0.01, "poll_jitter_s": 0.005}
SENSORS: Mapping[str, Mapping[str, Any]] = {
    "counter": {"quantum": 1e-3},
    "power, 25 ms window": {"kind": "power", "window_s": 0.025},
    "power, 1000 ms window": {"kind": "power", "window_s": 1.0},
}
CASES: Mapping[str, tuple[Mapping[str, Any], Mapping[str, Any], Mapping[str, float]]] = {
    "ideal": ({}, {}, dict.fromkeys(SENSORS, 0.005)),
    "scattered": (
        {"scatter": 0.1, "rise": 0.1},
        {"tick_jitter_s": 0.002},
        {"counter": 0.03, "power, 25 ms window": 0.03, "power, 1000 ms window": 0.15},
    ),
}


@dataclass(frozen=True)
class Row:
    """One case, sensor and phase over all scenarios; errors in per cent of the truth."""

    case: str
    sensor: str
    phase: str
    scenarios: int
    least_squares_rms: float
    least_squares_p95: float
    """95 % of scenarios err by less: what is held against the target."""
    least_squares_worst: float
    target: float
    half_width: float
    coverage: float
    interpolation_mean: float
    interpolation_worst: float
    subtraction_mean: float
    subtraction_worst: float


def _series(model: SensorModel, world: World, rng: np.random.Generator) -> Series:
    return Series.from_samples(model.info, model.samples(world, rng))


def _read(series: Series, spans: list[Span]) -> float:
    value = summed(spans, phase_table(curve_of(series), spans)).value
    return float("nan") if value is None else value


def _by_subtraction(
    series: Series, world: World, alone: Series, alone_world: World
) -> dict[str, float]:
    """Relative errors of 'prefill alone' and 'whole queries − prefill alone', scaled per second."""
    groups, other = by_name(world.spans), by_name(alone_world.spans)
    queries = [
        Span("generate", first.start_ns, second.end_ns)
        for first, second in zip(groups["prefill"], groups["decode"], strict=True)
    ]
    power = _read(alone, other["prefill"]) / sum(span.seconds for span in other["prefill"])
    prefill = power * sum(span.seconds for span in groups["prefill"])
    decode = _read(series, queries) - prefill
    return {
        "prefill": prefill / world.truth_of("prefill") - 1,
        "decode": decode / world.truth_of("decode") - 1,
    }


def _rows(case: str, sensor: str) -> Iterator[Row]:
    world_kw, sensor_kw, targets = CASES[case]
    model = SensorModel(**{**POLLED, **SENSORS[sensor], **sensor_kw})
    found: dict[str, list[tuple[float, float, bool, float, float]]] = {"prefill": [], "decode": []}
    for seed in range(SCENARIOS):
        rng = np.random.default_rng([SEED, seed])
        world = phase_scenario(rng, **world_kw)
        series = _series(model, world, rng)
        told = tell_phases(curve_of(series), series, world.spans)
        alone = phase_scenario(rng, decode_s=1e-6, **world_kw)
        less = _by_subtraction(series, world, _series(model, alone, rng), alone)
        groups = by_name(world.spans)
        for phase, rows in found.items():
            truth, joules = world.truth_of(phase), told.joules[phase]
            if joules.value is None:
                raise RuntimeError(f"{case}, {sensor}: {phase} was not told")
            half = (joules.high - joules.low) / 2 / truth
            inside = joules.low <= truth <= joules.high
            read = _read(series, groups[phase]) / truth - 1
            rows.append((joules.value / truth - 1, half, inside, read, less[phase]))
    for phase, rows in found.items():
        errors, halves, held, reads, subtracted = np.array(rows, dtype=np.float64).T
        yield Row(
            case=case,
            sensor=sensor,
            phase=phase,
            scenarios=SCENARIOS,
            least_squares_rms=_percent(np.sqrt(np.mean(errors**2))),
            least_squares_p95=_percent(np.quantile(np.abs(errors), 0.95)),
            least_squares_worst=_percent(np.abs(errors).max()),
            target=_percent(targets[sensor]),
            half_width=_percent(np.median(halves)),
            coverage=round(float(held.mean()), 3),
            interpolation_mean=_percent(reads.mean()),
            interpolation_worst=_percent(np.abs(reads).max()),
            subtraction_mean=_percent(subtracted.mean()),
            subtraction_worst=_percent(np.abs(subtracted).max()),
        )


def _percent(value: float | np.floating[Any]) -> float:
    return round(100 * float(value), 4)


def figures() -> Iterator[Figure]:
    """The 95th percentile of each error; the table goes to results/truth."""
    rows: list[Row] = []
    for case in CASES:
        for sensor in SENSORS:
            for row in _rows(case, sensor):
                rows.append(row)
                yield Figure(
                    f"{row.phase}, {sensor}, {case}",
                    row.least_squares_p95,
                    "%",
                    row.least_squares_rms,
                    row.least_squares_worst,
                    row.scenarios,
                    most=row.target,
                    note=f"95th percentile [RMS … worst]; coverage {row.coverage:.0%}",
                )
    _keep(rows)


def _keep(rows: list[Row]) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    date = datetime.now(UTC).date().isoformat()
    plain = {"date": date, "seed": SEED, "rows": [asdict(row) for row in rows]}
    (KEPT / "phases.json").write_text(json.dumps(plain, indent=1) + "\n", encoding="utf-8")
    lines = [
        "# Phases below the tick",
        "",
        f"{date}, {SCENARIOS} scenarios a row, `python -m benchmarks phases`. {_what()}",
        "",
        "| case | sensor | phase | least squares: RMS / 95th percentile / worst (target) "
        "| half-width, coverage "
        "| interpolation: mean / worst | generate − prefill: mean / worst |",
        "|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.case} | {row.sensor} | {row.phase} "
        f"| {row.least_squares_rms:.3g} / {row.least_squares_p95:.3g} / "
        f"{row.least_squares_worst:.3g} % ({row.target:g} %) "
        f"| ± {row.half_width:.3g} %, {row.coverage:.0%} "
        f"| {row.interpolation_mean:+.3g} / {row.interpolation_worst:.3g} % "
        f"| {row.subtraction_mean:+.3g} / {row.subtraction_worst:.3g} % |"
        for row in rows
    ]
    (KEPT / "phases.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def _what() -> str:
    return " ".join((__doc__ or "").partition("\n\n")[2].split("\n\n")[0].split())
