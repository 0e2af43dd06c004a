"""What another tool measured, as a run directory of ours.

Its figures stay what they are: an energy without an interval gets none, a modelled one says so,
and what a file does not tell is empty. Stamps are made: one replicate is laid behind the other,
each as long as it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from wattmark.errors import WattmarkError
from wattmark.schema import EnergyReading, Record, SensorInfo, Totals, Trial
from wattmark.store.rundir import RunDirectory
from wattmark.units import s_to_ns

PARTS = {"cpu": "cpu", "gpu": "gpu", "ram": "dram"}
"""CodeCarbon's word for a part of the machine → ours."""
GAIN = {"cpu": 0.60, "ram": 0.60, "gpu": 0.05}
"""Relative. A file does not tell how the CPU was read, so it counts as a model of an unknown
machine; memory is modelled always; GPUs are read by their own meters."""
UNKNOWN = "unknown"
GAP_NS = s_to_ns(1.0)


@dataclass(frozen=True, kw_only=True)
class Foreign:
    """All that some files of another tool told. `started_at` is a wall-clock label, or ''."""

    tool: str
    version: str
    records: tuple[Record, ...]
    machine: Mapping[str, Any]
    sensors: tuple[SensorInfo, ...] = ()
    carbon: Mapping[str, Any] | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Joules:
    """Energy of one span by CodeCarbon's parts, joules; a part that is not there is absent."""

    parts: Mapping[str, float]
    total_j: float

    @classmethod
    def of(cls, parts: Mapping[str, float | None], total_j: float) -> Joules:
        """`parts` in any unit, of which the total is shared out; a part of nothing is left out.

        A CPU or memory that drew nothing cannot be, and a GPU that did is not there.
        """
        known = {name: part for name, part in parts.items() if part is not None and part > 0}
        whole = sum(known.values())
        if not whole:
            return cls({}, total_j)
        return cls({name: total_j * part / whole for name, part in known.items()}, total_j)

    def readings(self, span: str, seconds: float) -> list[EnergyReading]:
        """One a part; without intervals, since there are none."""
        return [
            EnergyReading(
                span=span,
                sensor=sensor_name(part),
                component=PARTS[part],
                device="host",
                provenance="measured" if part == "gpu" else "estimated",
                method="counter" if part == "gpu" else "modelled",
                seconds=seconds,
                gross_j=joules,
                low_j=None,
                high_j=None,
                gain_uncertainty=GAIN[part],
            )
            for part, joules in self.parts.items()
        ]

    def totals(self, seconds: float) -> Totals:
        """Figures of a measured region of that length."""
        kinds = {part == "gpu" for part in self.parts}
        words = {frozenset({True}): "measured", frozenset({True, False}): "mixed"}
        weighted = sum(GAIN[part] * joules for part, joules in self.parts.items())
        known = bool(self.parts) and self.total_j > 0
        return Totals(
            energy_j=self.total_j,
            energy_provenance=words.get(frozenset(kinds), "estimated"),
            gain_uncertainty=weighted / self.total_j if known else max(GAIN.values()),
            power_mean_w=self.total_j / seconds if seconds > 0 else None,
        )


def sensor_name(part: str) -> str:
    """The name of a sensor that another tool read."""
    return f"codecarbon-{part}"


def sensors(parts: Iterable[str], source: str) -> tuple[SensorInfo, ...]:
    """CodeCarbon's parts as sensors; `source` says where their figures come from."""
    words = {
        "cpu": "CPU by RAPL or a model, the file does not tell which",
        "gpu": "GPUs by their own meters",
        "ram": "memory by a model",
    }
    return tuple(
        SensorInfo(
            name=sensor_name(part),
            component=PARTS[part],
            device="host",
            kind="counter" if part == "gpu" else "estimate",
            source=f"{source}: {words[part]}",
            gain_uncertainty=GAIN[part],
        )
        for part in PARTS
        if part in set(parts)
    )


def write_run(path: Path, name: str, foreign: Foreign, *, overwrite: bool = False) -> Path:
    """Write a run directory, complete; RunDirectoryError where the folder cannot be had."""
    directory = RunDirectory.create(path, _info(name, foreign), overwrite=overwrite)
    try:
        for record in foreign.records:
            directory.write(record)
        directory.finish()
    except (WattmarkError, OSError):
        directory.leave("running")
        raise
    return path


def _info(name: str, foreign: Foreign) -> dict[str, Any]:
    trials = {record.trial.key: record.trial for record in foreign.records}
    labels = sorted(record.started_at for record in foreign.records if record.started_at)
    at = labels[0] if labels else datetime.now(UTC).isoformat(timespec="seconds")
    return {
        "name": name,
        "wattmark_version": metadata.version("wattmark"),
        "created_at": at,
        "suite": _suite(name, foreign.records, list(trials.values())),
        "planned": len(foreign.records),
        "plan": [{"key": t.key, "label": t.label, **asdict(t)} for t in trials.values()],
        "models": [],
        "left_out": [],
        "notes": list(foreign.notes),
        "machine": dict(foreign.machine),
        "sensors": [asdict(sensor) for sensor in foreign.sensors],
        "sensors_missing": [],
        "carbon": None if foreign.carbon is None else dict(foreign.carbon),
    }


def _suite(name: str, records: Sequence[Record], trials: Sequence[Trial]) -> dict[str, Any]:
    def each(field_name: str) -> list[Any]:
        return list(dict.fromkeys(getattr(trial, field_name) for trial in trials))

    return {
        "name": name,
        "models": each("model"),
        "tasks": each("task"),
        "backends": each("backend"),
        "precisions": each("precision"),
        "batch_sizes": each("batch_size"),
        "modes": each("mode"),
        "replicates": max(record.replicate for record in records) + 1,
    }
