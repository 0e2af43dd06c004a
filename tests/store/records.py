"""Records with everything in them that a table can hold, and a run directory to put them in."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wattmark.schema import (
    Doubt,
    EnergyReading,
    Generation,
    Memory,
    Query,
    QueryEnergy,
    Record,
    Sample,
    Score,
    Span,
    Status,
    Totals,
    Trial,
)
from wattmark.store.rundir import RunDirectory

TRIAL = Trial(
    model="fake",
    backend="fake",
    precision="fp32",
    device="cpu",
    batch_size=2,
    task="arithmetic",
    task_version="1",
    max_new_tokens=8,
    options={"depth": 3},
)


def record(
    replicate: int = 0, text: str = " 42", *, attempt: int = 1, zero: bool = False
) -> Record:
    """One good replicate; `zero` has measured zeros where others have nulls."""
    number = 0.0 if zero else None
    query = Query("q-1", "6 × 7", "6 × 7 =", "42")
    answer = Generation("q-1", text, 0, 5, 2, 1_000, 5_000, (2_000, 5_000), "eos", number)
    reading = EnergyReading(
        *("measured", "s", "gpu", "gpu0", "simulated", "counter", 1.0, number, number, number),
        *(number, number, number),
    )
    return Record(
        trial=TRIAL,
        replicate=replicate,
        block=replicate,
        order=replicate,
        status=Status.OK,
        started_at="2025-01-01T00:00:00.000+00:00",
        attempt=attempt,
        spans=(Span("load", 0, 900), Span("measured", 1_000, 5_000), Span("decode", 2, 5, 0, 7)),
        queries=(query,),
        generations=(answer,),
        scores=(Score(True, 1.0, "42", "equal"),),
        energy=(reading,),
        query_energy=(QueryEnergy("q-1", number, number, number, number),),
        totals=Totals(energy_j=number, foreign_cpu=number),
        memory=Memory(ram_peak_bytes=0 if zero else None),
        facts={"dtype": "fp32", "parameters": 0 if zero else None},
        doubts=(Doubt("not-quiet", "Others.", "Stop them."),),
    )


def failure(replicate: int = 0) -> Record:
    return Record(
        trial=TRIAL,
        replicate=replicate,
        block=replicate,
        order=replicate,
        status=Status.CRASHED,
        error="The worker died of SIGKILL.",
    )


def samples(count: int = 3, start_ns: int = 0) -> list[Sample]:
    fault = Sample("s", start_ns + count * 1000, fault="gone")
    good = [Sample("s", start_ns + i * 1000, energy_j=i * 0.5) for i in range(count)]
    return [*good, fault]


def info(planned: int = 2) -> dict[str, Any]:
    return {"name": "test", "planned": planned, "plan": [], "sensors": []}


def new(path: Path, planned: int = 2) -> RunDirectory:
    return RunDirectory.create(path, info(planned))
