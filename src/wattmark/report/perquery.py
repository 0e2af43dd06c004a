"""What charts of single queries are made of: a few columns, read once, bounded at any size.

A run of millions of answers is not read whole for a picture: beyond a bound only the first
repetition counts, and of each task's queries the first in its order, which the tasks shuffle.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.difficulty import query_means
from wattmark.store.reader import Run

MOST_ROWS = 200_000
MOST_TOKENS = 2_000_000
LEAST_QUERIES = 200
"""Of a task, whatever the other tasks need."""
FIGURES = (
    *("energy_j", "latency_s", "ttft_s", "input_tokens", "output_tokens"),
    *("context_tokens", "correct", "confidence"),
)
"""Columns of `queries` that are figures of one query."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]
Means = Mapping[str, Floats]


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of one replicate's answers or tokens, and how many answers they come from."""

    seconds: Floats
    answers: int


@dataclass(frozen=True, kw_only=True)
class PerQuery:
    """Figures of single queries by trial key, and what was left unread.

    `means` has one value a query, its mean over replicates and repetitions (NaN: none); `ttft` and
    `gaps` (between one token of an answer and the next) have the times of each replicate; `said`
    and `gaps_said` tell by task what was sampled, where it was.
    """

    means: Mapping[str, Means] = field(default_factory=dict)
    ttft: Mapping[str, Sequence[Times]] = field(default_factory=dict)
    gaps: Mapping[str, Sequence[Times]] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)
    gaps_said: Mapping[str, str] = field(default_factory=dict)


def per_query(
    run: Run, rows: Sequence[Row], *, most_rows: int = MOST_ROWS, most_tokens: int = MOST_TOKENS
) -> PerQuery:
    """All of it; `rows` are those of `trials` that ended ok. The bounds are of what is read."""
    answered = [row for row in rows if row["queries"]]
    if not answered:
        return PerQuery()
    where, said = _bounded(answered, lambda row: int(row["queries"]), most_rows)
    table = run.select("queries", ["trial_key", "replicate", "query_id", *FIGURES], where)
    written = [row for row in answered if row["output_tokens"]]
    gaps: dict[str, list[Times]] = {}
    gaps_said: dict[str, str] = {}
    if written:
        where, gaps_said = _bounded(written, lambda row: int(row["output_tokens"]), most_tokens)
        stamps = run.select("queries", ["trial_key", "replicate", "token_times_s"], where)
        gaps = _gaps(stamps)
    return PerQuery(
        means=query_means(table, FIGURES),
        ttft=_times(table.select(["trial_key", "replicate", "ttft_s"]).drop_null()),
        gaps=gaps,
        said=said,
        gaps_said=gaps_said,
    )


def _bounded(
    rows: Sequence[Row], weight: Callable[[Row], int], most: int
) -> tuple[pc.Expression | None, dict[str, str]]:
    """Which rows of `queries` to read so that about `most` are; None where that is all of them."""
    if sum(map(weight, rows)) <= most:
        return None, {}
    share = most / sum(weight(row) / (row["repetitions"] or 1) for row in rows)
    chosen, said = None, {}
    for task in dict.fromkeys(row["task"] for row in rows):
        mine = [row for row in rows if row["task"] == task]
        n = max(row["queries"] // (row["repetitions"] or 1) for row in mine)
        kept = min(n, max(LEAST_QUERIES, int(share * n)))
        # Of rows in order: the file's statistics tell which parts need not be read.
        part = (pc.field("task") == task) & (pc.field("position") < kept)
        if kept < n:
            said[task] = f"the first {kept} of {n} queries"
        if any((row["repetitions"] or 1) > 1 for row in mine):
            said[task] = ", ".join(filter(None, (said.get(task), "first repetition only")))
        chosen = part if chosen is None else chosen | part
    return (pc.field("repetition") == 0) & chosen, said


def _times(table: pa.Table) -> dict[str, list[Times]]:
    """By trial key, the times to the first token of each replicate."""
    codes, keys = _codes(table)
    seconds = table.column(2).to_numpy()
    return _split(codes, keys, seconds, codes)


def _gaps(table: pa.Table) -> dict[str, list[Times]]:
    """By trial key, the times from one token to the next of each replicate."""
    codes, keys = _codes(table)
    stamps = table.column(2).combine_chunks()
    lengths = pc.fill_null(pc.list_value_length(stamps), 0).to_numpy(zero_copy_only=False)
    flat = pc.list_flatten(stamps).to_numpy(zero_copy_only=False)
    answer = np.repeat(np.arange(len(lengths)), lengths)
    inside = answer[1:] == answer[:-1]
    return _split(codes[answer[1:][inside]], keys, np.diff(flat)[inside], codes[lengths > 1])


def _codes(table: pa.Table) -> tuple[NDArray[np.int64], list[str]]:
    """A number for each row's (trial, replicate), and the trial keys that it counts by."""
    keys = pc.dictionary_encode(table["trial_key"].combine_chunks())
    replicate = table["replicate"].to_numpy().astype(np.int64)
    trial = keys.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return trial + len(keys.dictionary) * replicate, keys.dictionary.to_pylist()


def _split(
    codes: NDArray[np.int64], keys: Sequence[str], seconds: Floats, answers: NDArray[np.int64]
) -> dict[str, list[Times]]:
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    counts = np.bincount(answers, minlength=int(found.max(initial=-1)) + 1)
    made: dict[str, list[Times]] = {}
    for code, part in zip(found.tolist(), np.split(seconds[order], starts[1:]), strict=False):
        times = Times(seconds=np.sort(part), answers=int(counts[code]))
        made.setdefault(keys[code % len(keys)], []).append(times)
    return made


def both(means: Means | None, first: str, second: str) -> tuple[Floats, Floats]:
    """Two figures of a trial's queries that have both; empty where it has none."""
    if not means:
        return np.empty(0), np.empty(0)
    kept = np.isfinite(means[first]) & np.isfinite(means[second])
    return means[first][kept], means[second][kept]
