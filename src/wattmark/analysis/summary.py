"""A run's trials as estimates with intervals.

A trial's replicates are fresh processes, so their scatter is what an interval is made of; each
replicate's energy has the measurement's own bounds, which widen it. Replicates that failed are
counted and named, never dropped. What was not measured is None, and its note says why.
"""

from __future__ import annotations

import dataclasses
import json
import math
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattmark.analysis.carbon import (
    CarbonInputs,
    Work,
    mean_intensity,
    operational,
    sci,
    water,
)
from wattmark.analysis.doubts import CountedDoubt, count_doubts, disturbed
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
from wattmark.analysis.scores import F1, RIGHT_OR_WRONG, MeanScore, f1, mean_scores
from wattmark.schema import Estimate
from wattmark.store.reader import Run

IDENTITY = ("model", "backend", "precision", "device", "batch_size", "task", "mode")
ONE_REPLICATE = "one replicate: no run-to-run interval"
FULL_SHARE = 0.9
"""Of a batch's size; batches that hold less on average are said to."""
TWO_REPLICATES = "two replicates: too few for an interval to rely on"


@dataclass(frozen=True, slots=True)
class Failure:
    """A replicate that did not end well."""

    replicate: int
    status: str
    error: str


@dataclass(frozen=True, kw_only=True)
class TrialSummary:
    """One trial over its replicates. `estimates` has every public metric; see `analysis.metrics`.

    `provenance` is measured, estimated or mixed (None without energy); `gain_uncertainty` is the
    relative systematic uncertainty of the sensors, kept apart from every interval. `n_disturbed`
    counts the good replicates that ran beside other load; `notes` are about the trial as a whole.
    """

    key: str
    label: str
    model: str
    backend: str
    precision: str
    device: str
    batch_size: int
    task: str
    mode: str
    options: str = "{}"
    weights: str = "pretrained"
    n_ok: int
    n_failed: int
    n_planned: int
    statuses: Mapping[str, int]
    failures: tuple[Failure, ...]
    estimates: Mapping[str, Estimate]
    provenance: str | None
    gain_uncertainty: float | None
    parameters: int | None = None
    weight_bytes: int | None = None
    doubts: tuple[CountedDoubt, ...] = ()
    n_disturbed: int = 0
    notes: tuple[str, ...] = ()

    @property
    def group(self) -> tuple[str, str, str]:
        """Trials that answer the same queries with the same model: model, task, mode."""
        return self.model, self.task, self.mode


def intensity_of(info: Mapping[str, Any]) -> float | None:
    """Carbon intensity that the run was told, g/kWh; None where it was told none, or a series."""
    return carbon_of(info).intensity_g_per_kwh


def carbon_of(info: Mapping[str, Any]) -> CarbonInputs:
    """What the run was told to compute carbon from."""
    told = info.get("carbon") or {}
    suite = info.get("suite") or {}
    given = suite.get("intensity_g_per_kwh")
    if not told and isinstance(given, int | float):
        told = {"intensity_g_per_kwh": given}
    return CarbonInputs.of(told)


def summarise(
    run: Run, intensity_g_per_kwh: float | None = None, *, carbon: CarbonInputs | None = None
) -> list[TrialSummary]:
    """Every trial of a run in the plan's order, those that have not run yet included.

    `carbon` stands in for what the run was told, `intensity_g_per_kwh` for its intensity alone.
    """
    carbon = carbon_of(run.info) if carbon is None else carbon
    if intensity_g_per_kwh is not None:
        carbon = dataclasses.replace(carbon, intensity_g_per_kwh=intensity_g_per_kwh)
    rows_of: dict[str, list[Row]] = {}
    for row in run.trials.to_pylist():
        rows_of.setdefault(row["trial_key"], []).append(row)
    planned = _planned(run.info)
    replicates = (run.info.get("suite") or {}).get("replicates") or 0
    keys = list(dict.fromkeys([*planned, *rows_of]))
    scores = mean_scores(run)
    return [
        _with_f1(
            _summary(key, rows_of.get(key, []), planned.get(key, {}), replicates, carbon),
            scores.get(key),
        )
        for key in keys
    ]


def _with_f1(summary: TrialSummary, score: MeanScore | None) -> TrialSummary:
    """F1 beside accuracy, and for the same reason missing where no answer was scored."""
    accuracy = summary.estimates["accuracy"]
    why = RIGHT_OR_WRONG if accuracy.value is not None else accuracy.note
    return dataclasses.replace(summary, estimates={**summary.estimates, F1: f1(score, why)})


def _planned(info: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Trials of the plan by key, once each; one without an identity cannot be shown."""
    planned: dict[str, Mapping[str, Any]] = {}
    for entry in info.get("plan") or ():
        if entry.get("key") and entry.get("model") and entry.get("task"):
            planned.setdefault(entry["key"], entry)
    return planned


def _summary(
    key: str,
    rows: Sequence[Row],
    plan: Mapping[str, Any],
    replicates: int,
    carbon: CarbonInputs,
) -> TrialSummary:
    rows = sorted(rows, key=lambda row: row["replicate"])
    good = [row for row in rows if row["status"] == "ok"]
    identity = _identity(rows[0] if rows else plan)
    return TrialSummary(
        key=key,
        label=str(plan.get("label") or _label(identity)),
        **identity,
        options=_options(rows, plan),
        weights=str((rows[0] if rows else plan).get("weights") or "pretrained"),
        n_ok=len(good),
        n_failed=len(rows) - len(good),
        n_planned=max(replicates, len(rows)),
        statuses=dict(Counter(str(row["status"]) for row in rows)),
        failures=tuple(
            Failure(row["replicate"], str(row["status"]), row["error"] or "no reason was given")
            for row in rows
            if row["status"] != "ok"
        ),
        estimates=_estimates(good, carbon),
        provenance=_provenance(good),
        gain_uncertainty=_first(good, "gain_uncertainty", max),
        parameters=_first(good, "parameters", max),
        weight_bytes=_first(good, "weight_bytes", max),
        doubts=count_doubts(rows),
        n_disturbed=sum(map(disturbed, good)),
        notes=(
            *_batch_found(identity["batch_size"], good),
            *_trial_notes(identity["batch_size"], good),
        ),
    )


def _batch_found(batch_size: int, good: Sequence[Row]) -> tuple[str, ...]:
    """What was asked for as auto says what ended the search."""
    found = [json.loads(row.get("facts") or "{}").get("batch_found") for row in good]
    reasons = {str(item.get("why")) for item in found if item}
    return tuple(f"batch {batch_size} was found: {why}" for why in sorted(reasons))


def _trial_notes(batch_size: int, good: Sequence[Row]) -> tuple[str, ...]:
    """A batch is never larger than its queries are many, and the last one is what is left."""
    queries = max(
        (int(row.get("queries") or 0) // int(row.get("repetitions") or 1) for row in good),
        default=0,
    )
    if 0 < queries < batch_size:
        only = "query" if queries == 1 else "queries"
        return (f"batch {batch_size}: only {queries} {only}, so batches of {queries}",)
    held = queries / math.ceil(queries / batch_size) if queries else 0.0
    if 0 < held < FULL_SHARE * batch_size:
        return (f"batch {batch_size}: {queries} queries make batches of {held:.3g} on average",)
    return ()


def _identity(row: Mapping[str, Any]) -> dict[str, Any]:
    identity = {name: str(row.get(name) or "") for name in IDENTITY}
    return {
        **identity,
        "batch_size": int(row.get("batch_size") or 1),
        "mode": identity["mode"] or "baseline",
    }


def _label(identity: Mapping[str, Any]) -> str:
    """As `Trial.label` writes it, for a run whose plan does not have it."""
    mode = "" if identity["mode"] == "baseline" else f" · {identity['mode']}"
    engine = f"{identity['backend']} {identity['precision']} {identity['device']}"
    batch = f"batch {identity['batch_size']}"
    return f"{identity['model']} · {engine} · {batch} · {identity['task']}{mode}"


def _options(rows: Sequence[Row], plan: Mapping[str, Any]) -> str:
    if rows and rows[0].get("options"):
        return str(rows[0]["options"])
    return json.dumps(plan.get("options") or {}, sort_keys=True)


def _provenance(rows: Sequence[Row]) -> str | None:
    words = {row["energy_provenance"] for row in rows if row.get("energy_provenance")}
    if not words:
        return None
    return str(words.pop()) if len(words) == 1 else "mixed"


def _first(rows: Sequence[Row], column: str, choose: Any) -> Any:
    values = [row[column] for row in rows if row.get(column) is not None]
    return choose(values) if values else None


def _estimates(rows: Sequence[Row], carbon: CarbonInputs) -> dict[str, Estimate]:
    estimates = {name: estimate(metric, rows) for name, metric in METRICS.items()}
    estimates["accuracy"] = accuracy(rows)
    intensity = mean_intensity(carbon, rows)
    gain = _first(rows, "gain_uncertainty", max) or 0.0
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


def _absent(name: str, unit: str, why: str) -> Estimate:
    return Estimate(name, None, None, None, CONFIDENCE, 0, unit, why)


def _estimate(name: str, unit: str, interval: Interval, n: int, note: str) -> Estimate:
    return Estimate(name, interval.mean, interval.low, interval.high, CONFIDENCE, n, unit, note)
