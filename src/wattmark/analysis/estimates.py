"""Metrics of a trial as estimates: its replicates' readings, their mean and interval, and why not.

The unit is the replicate, a fresh process; a figure that one of them lacks is of the others, and
its note says so.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from wattmark.analysis.carbon import (
    CarbonInputs,
    Work,
    mean_intensity,
    operational,
    sci,
    water,
)
from wattmark.analysis.intervals import (
    CONFIDENCE,
    Interval,
    mean_with_measurement,
    wilson,
)
from wattmark.analysis.metrics import (
    METRICS,
    NO_LOGARITHM,
    RUN_ENERGY,
    TIME_PER,
    Metric,
    Reading,
    Row,
    why_unscored,
)
from wattmark.schema import Estimate

ONE_REPLICATE = "one replicate: no run-to-run interval"
TWO_REPLICATES = "two replicates: too few for an interval to rely on"


def estimates_of(rows: Sequence[Row], carbon: CarbonInputs) -> dict[str, Estimate]:
    """Every public metric of a trial, from its replicates that ended ok."""
    estimates = {name: estimate(metric, rows) for name, metric in METRICS.items()}
    estimates["accuracy"] = accuracy(rows)
    intensity = mean_intensity(carbon, rows)
    gain = first(rows, "gain_uncertainty", max) or 0.0
    for per, seconds_of in TIME_PER.items():
        energy = estimates.get(f"energy_per_{per}_j") or estimate(RUN_ENERGY, rows)
        seconds = [reading.value for reading in map(seconds_of, rows) if reading.value is not None]
        work = Work(energy, statistics.fmean(seconds) if seconds else None, gain)
        if per != "correct":
            name = f"co2e_g_per_{per}"
            estimates[name] = operational(name, work, intensity, carbon)
        estimates[f"sci_g_per_{per}"] = sci(f"sci_g_per_{per}", work, intensity, carbon)
        if per == "query":
            estimates["water_l_per_query"] = water("water_l_per_query", work, carbon)
    return estimates


def estimate(metric: Metric, rows: Sequence[Row]) -> Estimate:
    """A metric over replicates that ended ok; the note says what is missing and why."""
    readings = [metric.of(row) for row in rows]
    present = [reading for reading in readings if reading.value is not None]
    if not present:
        why = readings[0].why if readings else "no replicate ended ok"
        return _absent(metric.name, metric.unit, why)
    values = [float(reading.value or 0.0) for reading in present]
    if metric.logs and min(values) <= 0:
        return _absent(metric.name, metric.unit, NO_LOGARITHM)
    interval = mean_with_measurement(
        values,
        [reading.low for reading in present],
        [reading.high for reading in present],
        logs=metric.logs,
    )
    return _estimate(metric.name, metric.unit, interval, len(values), _notes(readings, present))


def _notes(readings: Sequence[Reading], present: Sequence[Reading]) -> str:
    notes = []
    if len(present) == 1:
        notes.append(ONE_REPLICATE)
    if len(present) == 2:
        notes.append(TWO_REPLICATES)
    if len(present) < len(readings):
        why = next(reading.why for reading in readings if reading.value is None)
        notes.append(f"{len(present)} of {len(readings)} replicates: {why} in the others")
    return "; ".join(notes)


def accuracy(rows: Sequence[Row]) -> Estimate:
    """Share of correct answers with Wilson's interval over *distinct* queries.

    Replicates of a deterministic trial give the same answers: they are not new evidence, so n is
    one replicate's number of queries; where replicates differ, their share is averaged.
    """
    scored = [row for row in rows if row.get("scored") and row.get("correct") is not None]
    if not scored:
        return _absent("accuracy", "1", why_unscored(rows[0]) if rows else "no replicate ended ok")
    n = max(int(row["scored"]) for row in scored)
    shares = [row["correct"] / row["scored"] for row in scored]
    share = statistics.fmean(shares)
    differ = max(shares) > min(shares)
    note = "replicates differ: their mean" if differ else ""
    return _estimate("accuracy", "1", wilson(min(share * n, n), n), n, note)


def run_values(metric: Metric, rows: Iterable[Row]) -> dict[int, Reading]:
    """Block → a trial's reading, of the replicates that ended ok and have one."""
    readings = {row["block"]: metric.of(row) for row in rows if row["status"] == "ok"}
    return {block: reading for block, reading in readings.items() if reading.value is not None}


def first(rows: Sequence[Row], column: str, choose: Callable[[Sequence[Any]], Any]) -> Any:
    """What `choose` takes of a column's values that are there; None where none is."""
    values = [row[column] for row in rows if row.get(column) is not None]
    return choose(values) if values else None


def _absent(name: str, unit: str, why: str) -> Estimate:
    return Estimate(name, None, None, None, CONFIDENCE, 0, unit, why)


def _estimate(name: str, unit: str, interval: Interval, n: int, note: str) -> Estimate:
    return Estimate(name, interval.mean, interval.low, interval.high, CONFIDENCE, n, unit, note)
