"""Where a trial's joules go: by component and phase, gross and net, with run-level intervals.

A component is never added to another here, since some overlap (a wall meter sees them all). Means
are arithmetic, unlike those of a trial as a whole, so that what the phases of a component draw can
be set against its measured region. Joules of single phases are the sensor's own where it resolves
them, else those of a regression over all batches (`method`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow.compute as pc

from wattmark.analysis.estimates import estimate
from wattmark.analysis.metrics import NO_ENERGY, NO_NET, Metric, Reading, Row
from wattmark.errors import InputError, unknown
from wattmark.schema import Estimate
from wattmark.store.reader import Run

PER: dict[str, str] = {"query": "queries", "token": "output_tokens", "run": ""}
"""What joules are shared out by → the column of `trials` that counts it."""
OUTSIDE = frozenset({"export", "load", "index", "idle", "warmup"})
"""Phases outside of the measured region: they are no part of a query's cost."""
_COLUMNS = (
    *("trial_key", "replicate", "span", "component", "component_device", "sensor", "provenance"),
    *("method", "energy_j", "energy_low_j", "energy_high_j"),
    *("energy_net_j", "energy_net_low_j", "energy_net_high_j"),
)


@dataclass(frozen=True, kw_only=True)
class Part:
    """Joules of one component in one phase of a trial, over the replicates that ended ok."""

    key: str
    component: str
    device: str
    sensor: str
    phase: str
    provenance: str
    method: str
    gross: Estimate
    net: Estimate


def breakdown(run: Run, per: str = "query") -> list[Part]:
    """Each trial's joules by component and phase, per query, output token or run (replicate).

    `measured` is the whole measured region; phases outside of it (load, idle, warm-up) are told
    per run alone. Raises InputError on another `per`.
    """
    if per not in PER:
        raise InputError(unknown("unit of work", per, PER))
    counts = {
        (row["trial_key"], row["replicate"]): row
        for row in run.select(
            "trials", ("trial_key", "replicate", "status", "queries", "output_tokens")
        ).to_pylist()
        if row["status"] == "ok"
    }
    rows: dict[tuple[str, ...], list[Row]] = {}
    # Joules of single batches are most of the table.
    table = run.select("energy", _COLUMNS, pc.field("batch").is_null())
    for row in table.to_pylist():
        trial = counts.get((row["trial_key"], row["replicate"]))
        if trial is None or (per != "run" and row["span"] in OUTSIDE):
            continue
        names = ("trial_key", "component", "component_device", "sensor", "span")
        told = {**row, "share": trial[PER[per]] if PER[per] else 1}
        rows.setdefault(tuple(str(row[name]) for name in names), []).append(told)
    return [_part(key, members, per) for key, members in rows.items()]


def _part(place: tuple[str, ...], rows: list[Row], per: str) -> Part:
    key, component, device, sensor, phase = place
    return Part(
        key=key,
        component=component,
        device=device,
        sensor=sensor,
        phase=phase,
        provenance=_words(rows, "provenance"),
        method=_words(rows, "method"),
        gross=estimate(_metric(f"energy_per_{per}_j", "energy", NO_ENERGY), rows),
        net=estimate(_metric(f"energy_per_{per}_net_j", "energy_net", NO_NET), rows),
    )


def _metric(name: str, prefix: str, why: str) -> Metric:
    def read(row: Row) -> Reading:
        value = _shared(row, f"{prefix}_j")
        if value is None:
            return Reading(None, why=why if row["share"] else "there is nothing to share it by")
        return Reading(value, _shared(row, f"{prefix}_low_j"), _shared(row, f"{prefix}_high_j"))

    return Metric(name, "J", name, "lower", read, logs=False)


def _shared(row: Row, column: str) -> float | None:
    joules, share = row[column], row["share"]
    return None if joules is None or not share else float(joules / share)


def _words(rows: list[Row], column: str) -> str:
    """A word that all replicates share, or all of theirs."""
    words: Mapping[Any, None] = dict.fromkeys(row[column] for row in rows)
    return ", ".join(map(str, words))
