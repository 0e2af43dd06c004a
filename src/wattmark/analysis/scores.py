"""The mean score of a trial's answers, where a scorer also gives parts: F1 beside exact match.

Scores lie between 0 and 1, so that their mean varies no more than a share of the same size does
(Bhatia and Davis 2000, The American Mathematical Monthly 107: 353-357). Wilson's interval for a
share holds for it, then, and is somewhat too wide; a t-interval of so lopsided a scatter covers
too little (simulated, scores of 0.55 to 0.98 on average over 10 to 50 queries: 97 % and 39 to 94 %
where 95 % are asked for).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from wattmark.analysis.intervals import CONFIDENCE, wilson
from wattmark.schema import Estimate
from wattmark.store.reader import Run

F1 = "f1"
RIGHT_OR_WRONG = "the scorer gives right or wrong alone"


@dataclass(frozen=True, slots=True)
class MeanScore:
    """Of a trial: the mean over its answers, and of how many distinct queries."""

    value: float
    n: int
    differ: bool
    """Whether replicates have different means."""


def mean_scores(run: Run) -> dict[str, MeanScore]:
    """Trial key → its mean score, of the trials whose task has answers that are right in part.

    Which task has any is told by all of its trials: one that happens to have none is shown beside
    the others all the same.
    """
    return run.once("mean scores", lambda: _mean_scores(run))


def _mean_scores(run: Run) -> dict[str, MeanScore]:
    task_of = {row["trial_key"]: row["task"] for row in _trials(run)}
    if not task_of:
        return {}
    there = pc.field("score").is_valid()
    scored = run.by_trial("queries", ["replicate", "score"], there)
    in_part = {task_of.get(key) for key, table in scored.items() if _any_in_part(table["score"])}
    keys = [key for key, task in task_of.items() if task in in_part and key in scored]
    if not keys:
        return {}
    asked = run.by_trial("queries", ["query_id", "score"], there, keys)
    return {key: _mean(scored[key], asked[key]["query_id"]) for key in keys}


def _trials(run: Run) -> list[Mapping[str, str]]:
    """Trials with answers that were scored."""
    columns = ("trial_key", "task", "scored")
    table = run.select("trials", columns, pc.field("scored") > 0)
    rows: list[Mapping[str, str]] = table.to_pylist()
    return rows


def _any_in_part(score: pa.ChunkedArray) -> bool:
    return bool(pc.any(pc.and_(pc.greater(score, 0.0), pc.less(score, 1.0))).as_py())


def _mean(scored: pa.Table, query_id: pa.ChunkedArray) -> MeanScore:
    by_replicate = scored.group_by("replicate", use_threads=False).aggregate([("score", "mean")])
    means = by_replicate["score_mean"].to_pylist()
    return MeanScore(
        value=min(sum(means) / len(means), 1.0),
        n=int(pc.count_distinct(query_id).as_py()),
        differ=max(means) - min(means) > 1e-9,
    )


def f1(score: MeanScore | None, why: str) -> Estimate:
    """A trial's mean score as an estimate over distinct queries; `why` where it has none."""
    if score is None:
        return Estimate(F1, None, None, None, CONFIDENCE, 0, "1", why)
    interval = wilson(score.value * score.n, score.n)
    note = "replicates differ: their mean" if score.differ else ""
    low, high = interval.low, interval.high
    return Estimate(F1, score.value, low, high, CONFIDENCE, score.n, "1", note)
