"""A run whose figures can be worked out by hand, written through the store.

One replicate: batches of two queries and of one, 2 s and 1 s long, 36 J, 72 J and 36 J, in a
measured region of 4 s. 144 J are 4e-5 kWh; at 500 g/kWh and a PUE of 1.5 these are 0.03 g.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from wattmark.schema import (
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
from wattmark.store.reader import Run, open_run
from wattmark.store.rundir import RunDirectory

S = 1_000_000_000
TRIAL = Trial(
    model="org/phi-2",
    backend="transformers",
    precision="fp32",
    device="cpu",
    batch_size=2,
    task="math-qa",
    task_version="1",
    max_new_tokens=8,
)
TEXTS = (" 85", "-5", "=HYPERLINK(1)")
JOULES = (36.0, 72.0, 36.0)
CARBON = {"intensity_g_per_kwh": 500.0, "pue": 1.5, "source": "given"}


def record(
    trial: Trial = TRIAL,
    replicate: int = 0,
    *,
    texts: Sequence[str] = TEXTS,
    scored: bool = True,
    repetitions: int = 1,
    energy: bool = True,
) -> Record:
    spans, generations = [], []
    for number in range(repetitions):
        start = (5 + 4 * number) * S
        stamps = ((start, start + 2 * S), (start, start + 2 * S), (start + 2 * S, start + 3 * S))
        for place, (text, (begin, end)) in enumerate(zip(texts, stamps, strict=True)):
            batch, out = 2 * number + place // 2, 4 + place
            times = tuple(begin + (at + 1) * (end - begin) // out for at in range(out))
            generations.append(
                Generation(f"q{place}", text, batch, 10, out, begin, end, times, "eos", 0.9)
            )
    spans = [Span("load", S, 4 * S), Span("measured", 5 * S, (5 + 4 * repetitions) * S)]
    right = (True, False, True)
    return Record(
        trial=trial,
        replicate=replicate,
        block=replicate,
        order=replicate,
        status=Status.OK,
        started_at="2025-01-31T12:00:00+00:00",
        repetitions=repetitions,
        spans=tuple(spans),
        queries=tuple(
            Query(f"q{at}", f"{at} + 1", f"Q: {at} + 1", "85" if scored else None)
            for at in range(3)
        ),
        generations=tuple(generations),
        scores=tuple(
            Score(each, float(each), "85", "number") if scored else Score(None, None, None, "no")
            for each in right
        ),
        memory=Memory(ram_peak_bytes=500_000_000, vram_peak_bytes=2_250_000_000),
        **(_energy(repetitions) if energy else {}),
    )


def _energy(repetitions: int) -> dict[str, Any]:
    whole, seconds = 144.0 * repetitions, 4.0 * repetitions
    parts = {"cpu": 0.75 * whole, "dram": 0.25 * whole}
    return {
        "energy": tuple(
            EnergyReading("measured", name, name, "host", "measured", "counter", seconds, j, j, j)
            for name, j in parts.items()
        ),
        "query_energy": tuple(
            QueryEnergy(f"q{at}", joules, joules * 0.9, joules * 1.1)
            for _ in range(repetitions)
            for at, joules in enumerate(JOULES)
        ),
        "totals": Totals(
            energy_j=whole,
            energy_low_j=whole * 0.9,
            energy_high_j=whole * 1.1,
            energy_provenance="measured",
            gain_uncertainty=0.05,
            power_mean_w=36.0,
            power_peak_w=54.0,
            temperature_max_c=61.5,
        ),
    }


def failure(trial: Trial = TRIAL, replicate: int = 2) -> Record:
    return Record(
        trial=trial,
        replicate=replicate,
        block=replicate,
        order=replicate,
        status=Status.OOM,
        error="=1+1 \x1b[31mOut of memory",
    )


def write(path: Path, records: Sequence[Record], *, carbon: Any = CARBON) -> Run:
    trials = {one.trial.key: one.trial for one in records}
    info = {
        "name": "hand",
        "created_at": "2025-01-31T12:00:00Z",
        "suite": {"name": "hand", "replicates": 3},
        "plan": [{"key": t.key, "label": t.label, **asdict(t)} for t in trials.values()],
        "sensors": [],
        "carbon": carbon,
    }
    directory = RunDirectory.create(path, info)
    for one in records:
        directory.write(one)
    directory.write_samples([Sample("cpu", at * S, energy_j=36.0 * at) for at in range(5, 10)])
    directory.finish()
    return open_run(path)


def usual(path: Path, **knobs: Any) -> Run:
    """Two good replicates and one that failed."""
    good = [record(replicate=at, **knobs) for at in range(2)]
    return write(path, [*good, failure()])


def other(**fields: Any) -> Trial:
    return replace(TRIAL, **fields)
