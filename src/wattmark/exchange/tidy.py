"""The tables of a run as they are, and one row a figure: CSV, JSON, Parquet.

`trials`, `queries`, `spans`, `energy` and `trace` have the columns of the run directory;
`summary` has a row a trial and metric.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO

import pyarrow as pa
import pyarrow.parquet as pq

from wattmark.exchange.cells import BATCH_ROWS, csv_writer, finite, json_text
from wattmark.exchange.files import File
from wattmark.exchange.source import IDENTITY, Source
from wattmark.store.columns import TABLES, arrow_schema

SUMMARY = pa.schema(
    [
        ("trial_key", pa.string()),
        *((name, pa.int64() if name == "batch_size" else pa.string()) for name in IDENTITY),
        ("weights", pa.string()),
        ("metric", pa.string()),
        ("unit", pa.string()),
        ("value", pa.float64()),
        ("low", pa.float64()),
        ("high", pa.float64()),
        ("confidence", pa.float64()),
        ("n", pa.int64()),
        ("note", pa.string()),
    ]
)


@dataclass(frozen=True)
class Table:
    """A table to be written; `read` is called where its rows are wanted."""

    name: str
    schema: pa.Schema
    read: Callable[[], pa.Table]

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Its rows, some thousands at a time."""
        yield from self.read().to_batches(max_chunksize=BATCH_ROWS)


def tables(source: Source) -> list[Table]:
    """All tables of a run, the summary first."""

    def read(name: str) -> Callable[[], pa.Table]:
        return lambda: getattr(source.run, name)

    stored = [Table(name, arrow_schema(name), read(name)) for name in TABLES]
    return [Table("summary", SUMMARY, lambda: summary(source)), *stored]


def summary(source: Source) -> pa.Table:
    """A row a trial and metric, with its interval, its n and why it is empty."""
    rows = [
        {
            "trial_key": trial.key,
            **{name: getattr(trial, name) for name in (*IDENTITY, "weights")},
            "metric": name,
            "unit": estimate.unit,
            "value": estimate.value,
            "low": estimate.low,
            "high": estimate.high,
            "confidence": estimate.confidence,
            "n": estimate.n,
            "note": estimate.note,
        }
        for trial in source.summaries
        for name, estimate in trial.estimates.items()
    ]
    return pa.Table.from_pylist(rows, schema=SUMMARY)


def csv_files(source: Source) -> list[File]:
    """`<table>.csv` of every table."""
    return [File(f"{t.name}.csv", csv_writer(t.schema, t.batches)) for t in tables(source)]


def json_files(source: Source) -> list[File]:
    """`<table>.json` of every table: a list of objects, one a line."""
    return [File(f"{t.name}.json", _json_writer(t.batches)) for t in tables(source)]


def parquet_files(source: Source) -> list[File]:
    """`<table>.parquet` of every table."""
    return [File(f"{t.name}.parquet", _parquet_writer(t)) for t in tables(source)]


def _json_writer(batches: Callable[[], Iterable[pa.RecordBatch]]) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        file.write(b"[")
        between = b"\n"
        for batch in batches():
            for row in batch.to_pylist():
                plain = {name: _plain(value) for name, value in row.items()}
                file.write(between + json_text(plain).encode())
                between = b",\n"
        file.write(b"\n]\n")

    return write


def _plain(value: object) -> object:
    """None in the place of what JSON cannot hold."""
    if isinstance(value, list):
        return [each if finite(each) else None for each in value]
    return value if finite(value) else None


def _parquet_writer(table: Table) -> Callable[[IO[bytes]], None]:
    def write(file: IO[bytes]) -> None:
        with pq.ParquetWriter(file, table.schema, compression="zstd") as writer:
            for batch in table.batches():
                writer.write_batch(batch)

    return write
