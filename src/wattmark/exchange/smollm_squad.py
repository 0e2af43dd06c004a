"""`smollm_squad_metrics.csv`: backends and quantization, a row a replicate.

Energy of each output token, of CPU, GPU and memory apart, of the measured region; `strategy` and
`backend` are the original's words where it has one that says what was run, ours elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wattmark.energy.total import parts_of
from wattmark.exchange.cells import csv_writer
from wattmark.exchange.files import File
from wattmark.exchange.source import Row, Source, ratio, scaled
from wattmark.optiontext import is_option, split
from wattmark.schema import EnergyReading
from wattmark.units import J_PER_KWH

METRICS = pa.schema(
    [
        ("model_name", pa.string()),
        ("strategy", pa.string()),
        ("backend", pa.string()),
        ("dataset_name", pa.string()),
        ("dataset_split", pa.string()),
        ("samples", pa.int64()),
        ("precision", pa.string()),
        ("batch_size", pa.int64()),
        ("mode", pa.string()),
        ("replicate", pa.int64()),
        ("tokens_output", pa.int64()),
        ("energy_per_token_j", pa.float64()),
        ("cpu_energy_per_token_j", pa.float64()),
        ("gpu_energy_per_token_j", pa.float64()),
        ("ram_energy_per_token_j", pa.float64()),
        ("time_per_token_s", pa.float64()),
        ("co2_per_token_g", pa.float64()),
        ("grid_intensity_g_per_kwh", pa.float64()),
        ("accuracy", pa.float64()),
    ]
)
# A task's full name leaves out what is its default, and the split of both is.
DEFAULT_SPLITS = {"squad": "validation", "sst2": "validation"}
BACKENDS = {
    ("transformers", "cpu"): "base_cpu",
    ("transformers", "cuda"): "base_gpu",
    ("onnxruntime", "cpu"): "onnx_cpu",
}
PARTS = {"cpu": "cpu", "gpu": "gpu", "ram": "dram"}
APART = (
    "smollm-squad: cells of a component's energy are empty where no sensor told it apart; the "
    "whole stands in energy_per_token_j."
)


def files(source: Source) -> Iterator[File]:
    """One file, since its columns tell everything apart."""
    joules = _by_component(source)
    rows = [_row(source, row, joules) for row in source.good]
    if any(row[f"{part}_energy_per_token_j"] is None for row in rows for part in PARTS):
        source.note(APART)
    table = pa.Table.from_pylist(rows, schema=METRICS)
    yield File("smollm_squad_metrics.csv", csv_writer(METRICS, table.to_batches))


def _row(
    source: Source, row: Row, joules: dict[tuple[str, int], dict[str, float | None]]
) -> dict[str, Any]:
    tokens = row["output_tokens"] or None
    grams = source.grams_per_joule(row)
    apart = joules.get((row["trial_key"], row["replicate"]), {})
    name, data_split = _dataset(row["task"])
    return {
        "model_name": row["model"],
        "strategy": strategy(row["precision"]),
        "backend": _backend(row),
        "dataset_name": name,
        "dataset_split": data_split,
        "samples": row["queries"] // (row["repetitions"] or 1),
        "precision": row["precision"],
        "batch_size": row["batch_size"],
        "mode": row["mode"],
        "replicate": row["replicate"],
        "tokens_output": tokens,
        "energy_per_token_j": ratio(row["energy_j"], tokens),
        **{
            f"{part}_energy_per_token_j": ratio(apart.get(component), tokens)
            for part, component in PARTS.items()
        },
        "time_per_token_s": ratio(row["measured_s"], tokens),
        "co2_per_token_g": scaled(ratio(row["energy_j"], tokens), grams),
        "grid_intensity_g_per_kwh": scaled(ratio(grams, source.carbon.pue), J_PER_KWH),
        "accuracy": ratio(row["correct"], row["scored"]),
    }


def strategy(precision: str) -> str:
    """The original's word for a precision: none, quantization8bit; else the precision's own name.

    Its 'quantization16bit' names nothing that exists, so nothing is called that.
    """
    if precision == "fp32":
        return "none"
    return "quantization8bit" if precision.startswith("int8") else precision


def _backend(row: Row) -> str:
    kind = str(row["device"]).partition(":")[0]
    return BACKENDS.get((row["backend"], kind), f"{row['backend']}_{kind}")


def _dataset(task: str) -> tuple[str, str | None]:
    """Name and split: a task is 'squad', or 'squad:split=validation,…'."""
    name, _, text = task.partition(":")
    if text and not is_option(text):
        return task, None
    options = dict(part.partition("=")[::2] for part in split(text))
    return name, options.get("split", DEFAULT_SPLITS.get(name))


def _by_component(source: Source) -> dict[tuple[str, int], dict[str, float | None]]:
    """(trial, replicate) → component → joules of the measured region; no sensor counted twice."""
    energy = source.run.energy
    mine = energy.filter(pc.and_(pc.equal(energy["span"], "measured"), pc.is_null(energy["batch"])))
    found: dict[tuple[str, int], list[EnergyReading]] = {}
    for row in mine.to_pylist():
        found.setdefault((row["trial_key"], row["replicate"]), []).append(_reading(row))
    return {key: _sums(parts_of(readings)) for key, readings in found.items()}


def _reading(row: Row) -> EnergyReading:
    return EnergyReading(
        span=row["span"],
        sensor=row["sensor"],
        component=row["component"],
        device=row["component_device"],
        provenance=row["provenance"],
        method=row["method"],
        seconds=row["seconds"],
        gross_j=row["energy_j"],
        low_j=row["energy_low_j"],
        high_j=row["energy_high_j"],
    )


def _sums(readings: Sequence[EnergyReading]) -> dict[str, float | None]:
    sums: dict[str, float | None] = {}
    for reading in readings:
        before = sums.get(reading.component, 0.0)
        known = before is not None and reading.gross_j is not None
        sums[reading.component] = (before or 0.0) + (reading.gross_j or 0.0) if known else None
    return sums
