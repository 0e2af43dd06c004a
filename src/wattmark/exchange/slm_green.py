"""`environmental_data_<model>.json`: small models on a CPU, one record a run and one a query.

Energy is what was measured, where the original multiplied time by a constant; the response is the
answer alone; a query is in the history once; `emissions` are kilograms and `energy_kwh`
kilowatt-hours, as their names say.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattmark.exchange.cells import json_text
from wattmark.exchange.files import File
from wattmark.exchange.names import by_model, file_names, parts, replicates
from wattmark.exchange.source import Row, Source, batch_sums, column, figures, ratio, scaled
from wattmark.units import J_PER_KWH

NO_RAM = (
    "slm-green: ram_mb and avg_ram_mb are null: memory is measured as a peak of the whole run "
    "(max_ram_mb), not query by query."
)
COLUMNS = (
    "position",
    "query",
    "response",
    "latency_s",
    "input_tokens",
    "output_tokens",
    "energy_j",
    "context_tokens",
)


def files(source: Source) -> Iterator[File]:
    """A file a model; one more for each replicate after the first, and for what else differs."""
    source.note(NO_RAM)
    names = file_names(row["model"] for row in source.good)
    for model, rows in by_model(source.good).items():
        for suffix, part in parts(rows, ()):
            for number, (row,) in replicates(part):
                name = f"environmental_data_{names[model]}{suffix}{number}.json"
                yield File(name, _writer(source, row))


def _writer(source: Source, row: Row) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        head = json.dumps(_run(source, row), ensure_ascii=True, indent=4)
        file.write(head.removesuffix("\n}").encode() + b',\n    "query_history": [')
        between = b"\n        "
        for batch in _history(source, row).to_batches(max_chunksize=5000):
            for entry in batch.to_pylist():
                file.write(between + json_text(entry).encode())
                between = b",\n        "
        file.write(b"\n    ]\n}\n")

    return write


def _run(source: Source, row: Row) -> dict[str, Any]:
    """The record of a run: one pass over the queries, where the region repeated them."""
    passes = row["repetitions"] or 1
    queries = row["queries"] // passes
    joules = ratio(row["energy_j"], passes)
    kwh = ratio(joules, J_PER_KWH)
    kg = scaled(ratio(joules, 1000), source.grams_per_joule(row))
    seconds = ratio(row["measured_s"], passes)
    out = row["output_tokens"] / passes
    both = out + row["input_tokens"] / passes
    ram = row["ram_peak_bytes"]
    return {
        "model": row["model"],
        "device": row["device"],
        "mode": row["mode"],
        "total_emissions_kg": kg,
        "total_energy_kwh": kwh,
        "total_queries": queries,
        "avg_emissions_kg_per_query": ratio(kg, queries),
        "total_time_s_codecarbon": seconds,
        "avg_time_s_per_query": ratio(seconds, queries),
        "retrieval_time_s": ratio(row["retrieve_s"], passes),
        "generation_time_s": _generation_s(row, passes),
        "context_tokens": row["context_tokens"],
        "total_time_s_wallclock": _wall_s(source, row),
        "avg_power_w": row["power_mean_w"],
        "co2_kg_per_token_output": ratio(kg, out),
        "co2_kg_per_token_total": ratio(kg, both),
        "energy_kwh_per_token_output": ratio(kwh, out),
        "energy_kwh_per_token_total": ratio(kwh, both),
        "avg_ram_mb": None,
        "max_ram_mb": ratio(ram, 1e6),
    }


def _generation_s(row: Row, passes: int) -> float | None:
    known = [row[name] for name in ("prefill_s", "decode_s") if row[name] is not None]
    return sum(known) / passes if known else None


def _wall_s(source: Source, row: Row) -> float | None:
    """From the first span to the last: load, idle and warm-up with it."""
    spans = source.run.spans
    mine = spans.filter(
        pc.and_(
            pc.equal(spans["trial_key"], row["trial_key"]),
            pc.equal(spans["replicate"], row["replicate"]),
        )
    )
    if not mine.num_rows:
        return None
    return float(pc.max(mine["end_ns"]).as_py() - pc.min(mine["start_ns"]).as_py()) / 1e9


def _history(source: Source, row: Row) -> pa.Table:
    """A row a query. Power is that of the query's batch while it was answered."""
    table = source.answers(row, COLUMNS)
    joules, seconds = figures(table, "energy_j"), figures(table, "latency_s")
    grams = source.grams_per_joule(row)
    with np.errstate(divide="ignore", invalid="ignore"):
        power = np.where(seconds > 0, batch_sums(table, joules) / seconds, np.nan)
    return pa.table(
        {
            "timestamp": table["position"],
            "query": table["query"],
            "response": table["response"],
            "duration_s": table["latency_s"],
            "tokens_input": table["input_tokens"],
            "tokens_output": table["output_tokens"],
            "emissions": column(joules * (np.nan if grams is None else grams / 1000)),
            "energy_kwh": column(joules / J_PER_KWH),
            "power_w": column(power),
            "ram_mb": pa.nulls(table.num_rows, pa.float64()),
        }
    )
