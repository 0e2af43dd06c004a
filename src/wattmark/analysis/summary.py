"""A run's trials as estimates with intervals.

A trial's replicates are fresh processes, so their scatter is what an interval is made of; each
replicate's energy has the measurement's own bounds, which widen it. Replicates that failed are
counted and named, never dropped. What was not measured is None, and its note says why.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.doubts import CountedDoubt, count_doubts, disturbed
from wattmark.analysis.estimates import (
    ONE_REPLICATE,
    TWO_REPLICATES,
    accuracy,
    estimate,
    estimates_of,
    first,
    run_values,
)
from wattmark.analysis.itl import itl_estimates, itl_rows
from wattmark.analysis.metrics import Row
from wattmark.analysis.scores import F1, RIGHT_OR_WRONG, MeanScore, f1, mean_scores
from wattmark.schema import Estimate
from wattmark.store.reader import Run

__all__ = [
    "IDENTITY",
    "ONE_REPLICATE",
    "TWO_REPLICATES",
    "Failure",
    "TrialSummary",
    "accuracy",
    "carbon_of",
    "estimate",
    "intensity_of",
    "run_values",
    "summarise",
]

IDENTITY = ("model", "backend", "precision", "device", "batch_size", "task", "mode")
FULL_SHARE = 0.9
"""Of a batch's size; batches that hold less on average are said to."""


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
    told = carbon
    return list(run.once(f"summary {told}", lambda: _summarised(run, told)))


def _summarised(run: Run, carbon: CarbonInputs) -> list[TrialSummary]:
    rows_of: dict[str, list[Row]] = {}
    for row in run.trials.to_pylist():
        rows_of.setdefault(row["trial_key"], []).append(row)
    planned = _planned(run.info)
    replicates = (run.info.get("suite") or {}).get("replicates") or 0
    keys = list(dict.fromkeys([*planned, *rows_of]))
    scores, gaps = mean_scores(run), itl_rows(run)
    return [
        _with_f1(
            _summary(key, rows_of.get(key, []), planned.get(key, {}), replicates, carbon),
            scores.get(key),
            itl_estimates(gaps.get(key, [])),
        )
        for key in keys
    ]


def _with_f1(
    summary: TrialSummary, score: MeanScore | None, more: Mapping[str, Estimate]
) -> TrialSummary:
    """F1 beside accuracy, missing for the same reason where nothing was scored; and `more`."""
    accuracy = summary.estimates["accuracy"]
    why = RIGHT_OR_WRONG if accuracy.value is not None else accuracy.note
    return dataclasses.replace(summary, estimates={**summary.estimates, F1: f1(score, why), **more})


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
        estimates=estimates_of(good, carbon),
        provenance=_provenance(good),
        gain_uncertainty=first(good, "gain_uncertainty", max),
        parameters=first(good, "parameters", max),
        weight_bytes=first(good, "weight_bytes", max),
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
