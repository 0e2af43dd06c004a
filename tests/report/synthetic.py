"""A run as the runner would leave it, made from seeded noise: 2 models × 2 precisions × 2 batches.

`make_run` writes a whole run directory through the store; knobs leave things out, so that each
test can show what a page does without them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
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
    SensorInfo,
    Span,
    Status,
    Totals,
    Trial,
)
from wattmark.store.rundir import RunDirectory

SENSOR = SensorInfo(
    name="cpu-model",
    component="cpu",
    device="host",
    kind="estimate",
    source="CPU model: 11 W per busy core",
    gain_uncertainty=0.6,
)
IDLE_W = 6.0
NASTY = "</script><img src=x onerror=alert(1)> \x1b[31mred\x1b[0m {{ 7*7 }} [bold]x[/bold]"


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What a synthetic run has."""

    models: tuple[str, ...] = ("arithmetic", "sentiment")
    precisions: tuple[str, ...] = ("fp32", "bf16")
    batch_sizes: tuple[int, ...] = (1, 8)
    replicates: int = 5
    queries: int = 24
    energy: bool = True
    status: Status = Status.OK
    one_oom: bool = True
    finish: bool = True
    skip_last_block: bool = False
    intensity_g_per_kwh: float | None = 380.0
    nasty: bool = True
    accuracy: float = 0.85
    seed: int = 7


def make_run(path: Path, knobs: Knobs | None = None) -> Path:
    """Write a run directory at `path`."""
    knobs = knobs or Knobs()
    random_ = random.Random(knobs.seed)
    trials = list(_trials(knobs))
    directory = RunDirectory.create(path, _info(knobs, trials))
    clock_ns, order = 1_000_000_000, 0
    for block in range(knobs.replicates - knobs.skip_last_block):
        shuffled = random_.sample(trials, len(trials))
        for trial in shuffled:
            record = _record(knobs, trial, block, order, clock_ns, random_)
            directory.write(record)
            if knobs.energy and record.spans:
                directory.write_samples(_samples(record, random_))
            clock_ns = max((s.end_ns for s in record.spans), default=clock_ns) + 300_000_000
            order += 1
    if knobs.finish:
        directory.finish()
    else:
        directory.leave("interrupted")
    return path


def _trials(knobs: Knobs) -> Iterator[Trial]:
    for model in knobs.models:
        for precision in knobs.precisions:
            for batch_size in knobs.batch_sizes:
                yield Trial(
                    model=model,
                    backend="transformers",
                    precision=precision,
                    device="cpu",
                    batch_size=batch_size,
                    task=model,
                    task_version="1",
                    max_new_tokens=24,
                )


def _info(knobs: Knobs, trials: list[Trial]) -> dict[str, Any]:
    intensity = knobs.intensity_g_per_kwh
    return {
        "name": "demo",
        "wattmark_version": "0.1.0",
        "created_at": "2025-01-31T12:00:00Z",
        "suite": {
            "name": "demo",
            "models": list(knobs.models),
            "tasks": list(knobs.models),
            "backends": ["transformers"],
            "precisions": list(knobs.precisions),
            "batch_sizes": list(knobs.batch_sizes),
            "replicates": knobs.replicates,
            "seed": 0,
            "interval_target": 0.1,
            "intensity_g_per_kwh": intensity,
        },
        "planned": len(trials) * knobs.replicates,
        "plan": [{"key": t.key, "label": t.label, **asdict(t)} for t in trials],
        "left_out": [{"what": "sentiment · fp16 cpu", "why": "fp16 on cpu has no fast kernels"}],
        "machine": {
            "cpu_model": "Example CPU 9000",
            "logical_cpus": 2,
            "physical_cpus": 1,
            "ram_bytes": 8 * 2**30,
            "os": "Linux",
            "kernel": "6.1",
            "python": "3.11.9",
            "gpus": [],
            "versions": {"torch": "2.13.0", "transformers": "5.23"},
        },
        "sensors": [asdict(SENSOR)] if knobs.energy else [],
        "sensors_missing": [
            {"family": "rapl", "why": "no powercap folder", "fix": "run on bare metal"}
        ],
        "carbon": {"intensity_g_per_kwh": intensity, "source": "given"} if intensity else None,
        "meter_cost": {"cpu_s": 0.8, "share_of_core": 0.004, "wall_s": 190.0},
        "finished_at": "2025-01-31T12:05:00Z",
    }


def _record(
    knobs: Knobs, trial: Trial, block: int, order: int, clock_ns: int, random_: random.Random
) -> Record:
    status = knobs.status
    last_cell = (trial.precision, trial.batch_size) == (knobs.precisions[-1], knobs.batch_sizes[-1])
    if knobs.one_oom and block == 1 and last_cell and trial.model == knobs.models[0]:
        status = Status.OOM
    frame: dict[str, Any] = {
        "trial": trial,
        "replicate": block,
        "block": block,
        "order": order,
        "started_at": "2025-01-31T12:00:00Z",
    }
    if status is not Status.OK:
        reason = f"Out of memory: 8.1 GiB asked, 7.9 GiB there. {NASTY if knobs.nasty else ''}"
        return Record(status=status, error=reason, **frame)
    return Record(status=status, **frame, **_work(knobs, trial, clock_ns, random_))


def _work(knobs: Knobs, trial: Trial, clock_ns: int, random_: random.Random) -> dict[str, Any]:
    classifier = trial.model == "sentiment"
    factor = (0.8 if trial.precision == "bf16" else 1.0) * random_.gauss(1, 0.02)
    batch_size = trial.batch_size
    prefill_s = 0.012 * factor * (1 + 0.15 * (batch_size - 1))
    step_s = 0.008 * factor * (1 + 0.1 * (batch_size - 1))
    spans = [Span("load", clock_ns, clock_ns + 400_000_000)]
    now = spans[-1].end_ns
    spans.append(Span("idle", now, now + 500_000_000))
    now = spans[-1].end_ns
    spans.append(Span("warmup", now, now + 200_000_000))
    start = now = spans[-1].end_ns
    queries, generations, scores = [], [], []
    for batch in range(-(-knobs.queries // batch_size)):
        members = range(batch * batch_size, min(knobs.queries, (batch + 1) * batch_size))
        prefilled = now + int(prefill_s * 1e9)
        spans.append(Span("classify" if classifier else "prefill", now, prefilled, batch, 8))
        ends = []
        for index in members:
            query, generation, score = _answer(knobs, index, batch, now, prefilled, step_s, random_)
            if classifier:
                generation = Generation(
                    query.id, "positive", batch, 8, 0, now, prefilled, (), "label", 0.9
                )
            queries.append(query)
            generations.append(generation)
            scores.append(score)
            ends.append(generation.end_ns)
        if not classifier:
            spans.append(Span("decode", prefilled, max(ends), batch, 9 * len(members)))
        now = max(ends) + 1_000_000
    measured = Span("measured", start, now)
    spans.append(measured)
    spans.append(Span("idle", now, now + 500_000_000))
    return {
        "spans": tuple(spans),
        "queries": tuple(queries),
        "generations": tuple(generations),
        "scores": tuple(scores),
        "memory": Memory(ram_peak_bytes=int(6e8 * random_.gauss(1, 0.01))),
        "facts": {"parameters": 1_100_000, "weight_bytes": 4_400_000, "threads": 1},
        "doubts": (
            (Doubt("window-short", "The interval is ± 14 %, target ± 10 %.", "Raise --limit."),)
            if random_.random() < 0.3
            else ()
        ),
        **(_energy(tuple(spans), measured, len(queries)) if knobs.energy else {}),
    }


def _answer(
    knobs: Knobs,
    index: int,
    batch: int,
    start_ns: int,
    prefilled_ns: int,
    step_s: float,
    random_: random.Random,
) -> tuple[Query, Generation, Score]:
    a, b = 10 + index, 3 * index
    right = (index * 37 % 100) / 100 < knobs.accuracy
    nasty = NASTY if knobs.nasty and index == 3 else ""
    text = f" ({str(a + b)[::-1]}) {a + b if right else a}{nasty}"
    tokens = 8 + index % 4
    times = [prefilled_ns]
    for _ in range(tokens - 1):
        times.append(times[-1] + int(step_s * 1e9 * max(0.5, random_.gauss(1, 0.1))))
    query = Query(f"q{index}", f"{a} + {b}{nasty}", f"{a} + {b} ={nasty}", str(a + b))
    generation = Generation(
        query.id, text, batch, 8, tokens, start_ns, times[-1], tuple(times), "eos"
    )
    return query, generation, Score(right, float(right), str(a + b), "last number")


def _energy(spans: tuple[Span, ...], measured: Span, queries: int) -> dict[str, Any]:
    powers = {"prefill": 17.0, "decode": 14.0, "classify": 16.0, "idle": IDLE_W, "load": 12.0}
    inside = [s for s in spans if s.name in ("prefill", "decode", "classify")]
    busy_s = sum(span.seconds for span in inside)
    total = sum(powers[s.name] * s.seconds for s in inside) + 7.0 * (measured.seconds - busy_s)
    net = total - IDLE_W * measured.seconds
    readings = [_reading("measured", total, measured.seconds)]
    for name in sorted({span.name for span in spans} & powers.keys()):
        seconds = sum(span.seconds for span in spans if span.name == name)
        readings.append(_reading(name, powers[name] * seconds, seconds))
    return {
        "energy": tuple(readings),
        "query_energy": tuple(
            QueryEnergy(f"q{i}", total / queries, total / queries * 0.9, total / queries * 1.1)
            for i in range(queries)
        ),
        "totals": Totals(
            energy_j=total,
            energy_low_j=total * 0.97,
            energy_high_j=total * 1.03,
            energy_net_j=net,
            energy_net_low_j=net - 0.04 * total,
            energy_net_high_j=net + 0.04 * total,
            energy_provenance="estimated",
            gain_uncertainty=0.6,
            idle_power_w=IDLE_W,
            power_mean_w=total / measured.seconds,
            power_peak_w=18.0,
        ),
    }


def _reading(span: str, gross_j: float, seconds: float) -> EnergyReading:
    net = gross_j - IDLE_W * seconds
    return EnergyReading(
        span,
        SENSOR.name,
        SENSOR.component,
        SENSOR.device,
        "estimated",
        "modelled",
        seconds,
        gross_j,
        gross_j * 0.97,
        gross_j * 1.03,
        net,
        net - 0.04 * gross_j,
        net + 0.04 * gross_j,
        0.6,
    )


def _samples(record: Record, random_: random.Random) -> list[Sample]:
    start = min(span.start_ns for span in record.spans)
    end = max(span.end_ns for span in record.spans)
    measured = next(span for span in record.spans if span.name == "measured")
    samples, energy_j = [], start / 1e9 * IDLE_W
    for time_ns in range(start, end, 50_000_000):
        busy = measured.start_ns <= time_ns < measured.end_ns
        energy_j += 0.05 * (14.5 if busy else IDLE_W) * random_.gauss(1, 0.04)
        samples.append(Sample(SENSOR.name, time_ns, energy_j=energy_j))
    return samples
