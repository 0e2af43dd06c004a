"""`runs.csv` and `per_sample.csv`: precision and batch size of an encoder.

`emissions_gco2` holds grams, where the original held kilograms; `latency_ms_std` is the standard
deviation over the samples; nothing is padded to a fixed length, so `seq_len` is the longest input.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.exchange.cells import csv_writer
from wattmark.exchange.files import File
from wattmark.exchange.names import parts
from wattmark.exchange.source import (
    Row,
    Source,
    batch_sums,
    column,
    figures,
    ratio,
    scaled,
)

RUNS = pa.schema(
    [
        ("task", pa.string()),
        ("model", pa.string()),
        ("seq_len", pa.int64()),
        ("batch_size", pa.int64()),
        ("precision", pa.string()),
        ("repeat_id", pa.int64()),
        ("latency_ms_mean", pa.float64()),
        ("latency_ms_std", pa.float64()),
        ("throughput_sps", pa.float64()),
        ("seconds_total", pa.float64()),
        ("accuracy", pa.float64()),
        ("emissions_gco2", pa.float64()),
        ("samples_total", pa.int64()),
    ]
)
PER_SAMPLE = pa.schema(
    [
        ("pred", pa.string()),
        ("label", pa.string()),
        ("max_prob", pa.float64()),
        ("length_tokens", pa.int64()),
        ("latency_s_per_sample", pa.float64()),
        ("precision", pa.string()),
        ("batch_size", pa.int64()),
        ("seq_len", pa.int64()),
        ("repeat_id", pa.int64()),
    ]
)
COLUMNS = ("extracted", "response", "expected", "confidence", "input_tokens", "latency_s")
SHOWN = ("batch_size", "precision")


def files(source: Source) -> Iterator[File]:
    """Both files; one more of each for what differs between trials and has no column in it."""
    for suffix, rows in parts(source.good, ("task", "model", *SHOWN)):
        yield File(f"runs{suffix}.csv", csv_writer(RUNS, _runs(source, rows)))
    for suffix, rows in parts(source.good, SHOWN):
        yield File(f"per_sample{suffix}.csv", csv_writer(PER_SAMPLE, _samples(source, rows)))


def _runs(source: Source, rows: Sequence[Row]) -> Callable[[], list[pa.RecordBatch]]:
    def read() -> list[pa.RecordBatch]:
        table = pa.Table.from_pylist([_run(source, row) for row in rows], schema=RUNS)
        return list(table.to_batches())

    return read


def _run(source: Source, row: Row) -> dict[str, Any]:
    table = source.answers(row, COLUMNS, every=True)
    each = per_sample_s(table)
    return {
        "task": row["task"],
        "model": row["model"],
        "seq_len": pc.max(table["input_tokens"]).as_py(),
        "batch_size": row["batch_size"],
        "precision": row["precision"],
        "repeat_id": row["replicate"],
        "latency_ms_mean": float(each.mean()) * 1000 if each.size else None,
        "latency_ms_std": float(each.std(ddof=1)) * 1000 if each.size > 1 else None,
        "throughput_sps": ratio(row["queries"], row["measured_s"]),
        "seconds_total": row["measured_s"],
        "accuracy": ratio(row["correct"], row["scored"]),
        "emissions_gco2": scaled(row["energy_j"], source.grams_per_joule(row)),
        "samples_total": row["queries"],
    }


def per_sample_s(table: pa.Table) -> NDArray[np.float64]:
    """Seconds of a sample, shape (rows,): its batch's, shared out over the batch."""
    return figures(table, "latency_s") / batch_sums(table, np.ones(table.num_rows))


def _samples(source: Source, rows: Sequence[Row]) -> Callable[[], Iterator[pa.RecordBatch]]:
    def read() -> Iterator[pa.RecordBatch]:
        for row in rows:
            yield from _of_replicate(source, row).to_batches()

    return read


def _of_replicate(source: Source, row: Row) -> pa.Table:
    table = source.answers(row, COLUMNS)
    longest = pc.max(table["input_tokens"])
    same = {
        "precision": pa.scalar(row["precision"]),
        "batch_size": pa.scalar(row["batch_size"], pa.int64()),
        "seq_len": longest,
        "repeat_id": pa.scalar(row["replicate"], pa.int64()),
    }
    return pa.table(
        {
            "pred": pc.coalesce(table["extracted"], table["response"]),
            "label": table["expected"],
            "max_prob": table["confidence"],
            "length_tokens": table["input_tokens"],
            "latency_s_per_sample": column(per_sample_s(table)),
            **{name: pa.repeat(value, table.num_rows) for name, value in same.items()},
        },
        schema=PER_SAMPLE,
    )
