"""`h200_energy_*.csv`: joules per token, a row a run, an answer, and a configuration.

A class of efficiency stands beside its batch size, without which it means nothing: at a batch of
one, the idle power of a board alone is more than 0.1 J/token below some 800 tokens/s.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from wattmark.analysis.efficiency import efficiency_class
from wattmark.analysis.summary import TrialSummary
from wattmark.exchange.cells import csv_writer, table_writer
from wattmark.exchange.files import File
from wattmark.exchange.local_llm import BYTES_PER_GB
from wattmark.exchange.source import IDENTITY, Row, Source, column, figures, ratio

TRIAL = [
    ("model", pa.string()),
    ("backend", pa.string()),
    ("precision", pa.string()),
    ("device", pa.string()),
    ("batch_size", pa.int64()),
    ("task", pa.string()),
    ("mode", pa.string()),
]
RUNS = pa.schema(
    [
        *TRIAL,
        ("replicate", pa.int64()),
        ("energy_joules", pa.float64()),
        ("duration_seconds", pa.float64()),
        ("avg_power_watts", pa.float64()),
        ("peak_power_watts", pa.float64()),
        ("idle_power_watts", pa.float64()),
        ("temperature_c_max", pa.float64()),
        ("memory_gb_peak", pa.float64()),
        ("tokens_generated", pa.int64()),
        ("joules_per_token", pa.float64()),
        ("time_per_token_s", pa.float64()),
    ]
)
GENERATIONS = pa.schema(
    [
        *TRIAL,
        ("replicate", pa.int64()),
        ("prompt", pa.string()),
        ("output", pa.string()),
        ("energy_joules", pa.float64()),
        ("duration_seconds", pa.float64()),
        ("tokens_generated", pa.int64()),
        ("joules_per_token", pa.float64()),
    ]
)
PERCENTILES = (5, 25, 50, 75, 95, 99)
SUMMARY = pa.schema(
    [
        *TRIAL,
        ("rank", pa.int64()),
        ("runs", pa.int64()),
        ("joules_per_token", pa.float64()),
        ("joules_per_token_low", pa.float64()),
        ("joules_per_token_high", pa.float64()),
        ("generations", pa.int64()),
        ("joules_per_token_mean", pa.float64()),
        *((f"joules_per_token_p{share}", pa.float64()) for share in PERCENTILES),
        ("efficiency_class", pa.string()),
        ("note", pa.string()),
    ]
)
COLUMNS = ("prompt", "response", "energy_j", "latency_s", "output_tokens")


def files(source: Source) -> Iterator[File]:
    """Three files; their columns tell everything apart."""

    def generations() -> Iterator[pa.RecordBatch]:
        for row in source.good:
            yield from _generations(source, row).to_batches()

    runs = pa.Table.from_pylist([_run(row) for row in source.good], schema=RUNS)
    yield File("h200_energy_runs.csv", table_writer(runs))
    yield File("h200_energy_generations.csv", csv_writer(GENERATIONS, generations))
    yield File("h200_energy_summary.csv", table_writer(_summary(source)))


def _run(row: Row) -> dict[str, Any]:
    memory = row["vram_board_peak_bytes"] or row["vram_peak_bytes"]
    tokens = row["output_tokens"] or None
    return {
        **{name: row[name] for name in IDENTITY},
        "replicate": row["replicate"],
        "energy_joules": row["energy_j"],
        "duration_seconds": row["measured_s"],
        "avg_power_watts": row["power_mean_w"],
        "peak_power_watts": row["power_peak_w"],
        "idle_power_watts": row["idle_power_w"],
        "temperature_c_max": row["temperature_max_c"],
        "memory_gb_peak": ratio(memory, BYTES_PER_GB),
        "tokens_generated": tokens,
        "joules_per_token": ratio(row["energy_j"], tokens),
        "time_per_token_s": ratio(row["measured_s"], tokens),
    }


def _generations(source: Source, row: Row) -> pa.Table:
    table = source.answers(row, COLUMNS)
    count = table.num_rows
    same = {name: row[name] for name in (*IDENTITY, "replicate")}
    return pa.table(
        {
            **{name: pa.repeat(value, count) for name, value in same.items()},
            "prompt": table["prompt"],
            "output": table["response"],
            "energy_joules": table["energy_j"],
            "duration_seconds": table["latency_s"],
            "tokens_generated": table["output_tokens"],
            "joules_per_token": column(_per_token(table)),
        }
    ).cast(GENERATIONS)


def _per_token(table: pa.Table) -> NDArray[np.float64]:
    joules, tokens = figures(table, "energy_j"), figures(table, "output_tokens")
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(tokens > 0, joules / tokens, np.nan)


def _summary(source: Source) -> pa.Table:
    """A row a configuration, the cheapest first; those without joules last and unranked."""
    good: dict[str, list[Row]] = {}
    for row in source.good:
        good.setdefault(row["trial_key"], []).append(row)
    rows = [_configuration(source, trial, good.get(trial.key, [])) for trial in source.summaries]
    rows.sort(key=lambda row: (row["joules_per_token"] is None, row["joules_per_token"] or 0.0))
    for rank, row in enumerate(rows, 1):
        row["rank"] = rank if row["joules_per_token"] is not None else None
    return pa.Table.from_pylist(rows, schema=SUMMARY)


def _configuration(source: Source, trial: TrialSummary, rows: list[Row]) -> dict[str, Any]:
    """The headline over the runs; mean and percentiles over the answers of all runs."""
    estimate = trial.estimates["energy_per_token_j"]
    each = [_per_token(source.answers(row, COLUMNS)) for row in rows]
    values = np.concatenate(each) if each else np.empty(0)
    values = values[np.isfinite(values)]
    return {
        **{name: getattr(trial, name) for name in IDENTITY},
        "runs": estimate.n,
        "joules_per_token": estimate.value,
        "joules_per_token_low": estimate.low,
        "joules_per_token_high": estimate.high,
        "generations": len(values),
        "joules_per_token_mean": float(values.mean()) if values.size else None,
        **{
            f"joules_per_token_p{share}": float(np.percentile(values, share))
            if values.size
            else None
            for share in PERCENTILES
        },
        "efficiency_class": " or ".join(efficiency_class(trial).classes) or None,
        "note": estimate.note,
    }
