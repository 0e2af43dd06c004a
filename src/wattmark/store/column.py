"""What a column is: name, type, unit, meaning; and the columns that several tables share."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column; `unit` is '' for names and texts."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


TEXT = pa.string()
INT = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
REALS = pa.list_(pa.float64())
TEXTS = pa.list_(pa.string())
LISTS = (REALS, TEXTS)


def col(name: str, kind: pa.DataType, unit: str, meaning: str) -> Column:
    """A column, in few letters: the tables have more than a hundred of them."""
    return Column(name, kind, unit, meaning)


KEYS = (
    col("trial_key", TEXT, "", "content hash of the trial's fields"),
    col(
        "replicate",
        INT,
        "",
        "replicate of the trial, from 0: a fresh process, forked from its block's server",
    ),
)

IDENTITY = (
    col("model", TEXT, "", "model as it was asked for: embedded, folder or hub id"),
    col("backend", TEXT, "", "engine"),
    col("precision", TEXT, "", "number format of weights and activations"),
    col("device", TEXT, "", "cpu, cuda, cuda:N, or several GPUs: cuda:N+M"),
    col("batch_size", INT, "queries", "queries answered together"),
    col("task", TEXT, "", "task or queries file"),
    col("mode", TEXT, "", "baseline, or rag: with retrieved contexts"),
)
