"""What charts of single queries are made of: a few columns, read once, bounded at any size.

A run of millions of answers is not read whole for a picture: beyond a bound only the first
repetition counts, and of each task's queries the first in its order, which the tasks shuffle.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.difficulty import query_means
from wattmark.analysis.times import Key, Times, answer_times
from wattmark.store.reader import Run

MOST_ROWS = 200_000
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
class PerQuery:
    """Figures of single queries by trial key, and what was left unread.

    `means` has one value a query, its mean over replicates and repetitions (NaN: none); `ttft` has
    the times of each replicate; `said` tells by task what was sampled, where it was.
    """

    means: Mapping[str, Means] = field(default_factory=dict)
    ttft: Mapping[Key, Times] = field(default_factory=dict)
    said: Mapping[str, str] = field(default_factory=dict)


def per_query(run: Run, rows: Sequence[Row], *, most: int = MOST_ROWS) -> PerQuery:
    """All of it; `rows` are those of `trials` that ended ok, `most` bounds the answers read."""
    answered = [row for row in rows if row["queries"]]
    if not answered:
        return PerQuery()
    where, said = _bounded(answered, most)
    table = run.select("queries", ["trial_key", "replicate", "query_id", *FIGURES], where)
    return PerQuery(
        means=query_means(table, FIGURES), ttft=answer_times(table, "ttft_s"), said=said
    )


def _bounded(rows: Sequence[Row], most: int) -> tuple[pc.Expression | None, dict[str, str]]:
    """Which rows of `queries` to read so that about `most` are; None where that is all of them."""
    if sum(row["queries"] for row in rows) <= most:
        return None, {}
    share = most / sum(row["queries"] / (row["repetitions"] or 1) for row in rows)
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


def both(means: Means | None, first: str, second: str) -> tuple[Floats, Floats]:
    """Two figures of a trial's queries that have both; empty where it has none."""
    if not means:
        return np.empty(0), np.empty(0)
    kept = np.isfinite(means[first]) & np.isfinite(means[second])
    return means[first][kept], means[second][kept]
