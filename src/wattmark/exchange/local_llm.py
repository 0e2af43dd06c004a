"""`<model>_metrics.csv`, `<model>_math_logs.csv`, `<model>_quality.csv`: models on one GPU.

A gigabyte is 10⁹ bytes. What is correct is the task's scorer's word on the answer alone, where
the original looked for the number anywhere in prompt and answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import PurePath

import numpy as np
import pyarrow as pa

from wattmark.exchange.cells import csv_writer, table_writer
from wattmark.exchange.files import File
from wattmark.exchange.names import by_model, file_names, parts, replicates
from wattmark.exchange.source import Row, Source, column, figures, ratio

METRICS = pa.schema(
    [
        ("model_id", pa.string()),
        ("prompt", pa.string()),
        ("latency_s", pa.float64()),
        ("tokens_per_s", pa.float64()),
        ("vram_gb_peak", pa.float64()),
        ("new_tokens", pa.int64()),
    ]
)
MATH_LOGS = pa.schema(
    [
        ("idx", pa.int64()),
        ("question", pa.string()),
        ("gold", pa.string()),
        ("prediction", pa.string()),
        ("correct", pa.bool_()),
        ("latency_s", pa.float64()),
        ("tokens_per_s", pa.float64()),
        ("vram_gb_peak", pa.float64()),
    ]
)
QUALITY = pa.schema(
    [
        ("model_id", pa.string()),
        ("quality_math", pa.float64()),
        ("quality_fact", pa.float64()),
        ("quality_score", pa.float64()),
    ]
)
COLUMNS = (
    "position",
    "query",
    "response",
    "expected",
    "extracted",
    "correct",
    "latency_s",
    "output_tokens",
)
MATHS = re.compile(r"math|arithmetic", re.IGNORECASE)
FACTS = re.compile(r"fact", re.IGNORECASE)
BYTES_PER_GB = 1e9
NO_VRAM = "local-llm: vram_gb_peak is empty where the trial used no GPU allocator."

Read = Callable[[Source, Row], pa.Table]


def files(source: Source) -> Iterator[File]:
    """Three files a model; more for each further replicate, and for what else differs."""
    if any(row["vram_peak_bytes"] is None for row in source.good):
        source.note(NO_VRAM)
    names = file_names(row["model"] for row in source.good)
    for model, rows in by_model(source.good).items():
        for suffix, part in parts(rows, ("task",)):
            for number, own in replicates(part):
                yield from _of_replicate(source, f"{names[model]}{suffix}{number}", own)


def _of_replicate(source: Source, name: str, rows: Sequence[Row]) -> Iterator[File]:
    plain = [row for row in rows if not row["scored"]]
    maths = [row for row in rows if row["scored"] and _is(MATHS, row)]
    # Where nothing was asked without a gold answer, speed is that of all that was asked.
    yield File(f"{name}_metrics.csv", csv_writer(METRICS, _batches(source, plain or rows, metrics)))
    if maths:
        logs = csv_writer(MATH_LOGS, _batches(source, maths, math_logs))
        yield File(f"{name}_math_logs.csv", logs)
    yield File(f"{name}_quality.csv", table_writer(quality(source, rows)))


def _batches(
    source: Source, rows: Sequence[Row], read: Read
) -> Callable[[], Iterator[pa.RecordBatch]]:
    def batches() -> Iterator[pa.RecordBatch]:
        for row in rows:
            yield from read(source, row).to_batches()

    return batches


def metrics(source: Source, row: Row) -> pa.Table:
    """A row a query: how long it took."""
    table = source.answers(row, COLUMNS)
    return pa.table(
        {
            "model_id": pa.repeat(row["model"], table.num_rows),
            "prompt": table["query"],
            "latency_s": table["latency_s"],
            "tokens_per_s": _rate(table),
            "vram_gb_peak": _vram(row, table.num_rows),
            "new_tokens": table["output_tokens"],
        },
        schema=METRICS,
    )


def math_logs(source: Source, row: Row) -> pa.Table:
    """A row a question of mathematics: what was read from the answer, and whether it is right."""
    table = source.answers(row, COLUMNS)
    return pa.table(
        {
            "idx": table["position"],
            "question": table["query"],
            "gold": table["expected"],
            "prediction": table["response"],
            "correct": table["correct"],
            "latency_s": table["latency_s"],
            "tokens_per_s": _rate(table),
            "vram_gb_peak": _vram(row, table.num_rows),
        },
        schema=MATH_LOGS,
    )


def quality(source: Source, rows: Sequence[Row]) -> pa.Table:
    """One row: shares of right answers; the score is the mean of those that there are."""
    maths, facts = _share(rows, MATHS), _share(rows, FACTS)
    known = [share for share in (maths, facts) if share is not None]
    if not known:
        source.note(
            "local-llm: quality is empty for a model that was asked no scored task whose name "
            "holds 'math', 'arithmetic' or 'fact'."
        )
    row = {
        "model_id": rows[0]["model"],
        "quality_math": maths,
        "quality_fact": facts,
        "quality_score": sum(known) / len(known) if known else None,
    }
    return pa.Table.from_pylist([row], schema=QUALITY)


def _share(rows: Sequence[Row], kind: re.Pattern[str]) -> float | None:
    mine = [row for row in rows if row["scored"] and _is(kind, row)]
    return ratio(sum(row["correct"] or 0 for row in mine), sum(row["scored"] for row in mine))


def _is(kind: re.Pattern[str], row: Row) -> bool:
    """By the task's own name: a folder on the way to a file says nothing of what is in it."""
    return bool(kind.search(PurePath(row["task"].partition(":")[0]).name))


def _rate(table: pa.Table) -> pa.Array:
    """Output tokens of each answer by the seconds of its batch; null where there are none."""
    tokens, seconds = figures(table, "output_tokens"), figures(table, "latency_s")
    with np.errstate(divide="ignore", invalid="ignore"):
        return column(np.where((seconds > 0) & (tokens > 0), tokens / seconds, np.nan))


def _vram(row: Row, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(ratio(row["vram_peak_bytes"], BYTES_PER_GB), pa.float64()), count)
