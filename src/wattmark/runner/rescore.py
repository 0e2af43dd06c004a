"""A closed run's answers, scored anew by the present scorer of its tasks.

Answers, joules and times stay what they were measured as; what was read from an answer, and so
what a right one cost, follows the scorer.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from wattmark.errors import InputError, WattmarkError
from wattmark.models import RANDOM
from wattmark.schema import Generation, Query
from wattmark.store.reader import open_run
from wattmark.store.rewrite import complete_info, replace_tables
from wattmark.tasks import Task
from wattmark.tasks.find import find_task

Row = dict[str, Any]


@dataclass(frozen=True)
class Rescored:
    """What became of one task's answers; counts are of first repetitions, over all trials."""

    task: str
    old_version: str
    new_version: str
    answers: int
    changed: int
    """Answers whose verdict (right, wrong, not scored) is another than it was."""
    correct_before: int
    correct_after: int


def rescore(path: Path) -> list[Rescored]:
    """Score the answers of a complete run anew and keep that in its tables and run.json.

    Raises RunDirectoryError for a run that is not complete or cannot be written, InputError
    where a task or its data is gone or asks something else now. Then nothing is changed.
    """
    info = complete_info(path)
    run = open_run(path)
    queries, trials = run.queries.to_pylist(), run.trials.to_pylist()
    tasks = {name: _Asked(name, _known(name)) for name in sorted({row["task"] for row in queries})}
    unscored = {_key(row) for row in trials if row["weights"] == RANDOM}
    before = [row["correct"] for row in queries]
    for row in queries:
        if row["repetition"] == 0 and _key(row) not in unscored:
            tasks[row["task"]].rescore(row)
    changes = _changes(queries, before, trials, tasks)
    _count(trials, queries)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    noted = [{"at": at, **asdict(change)} for change in changes]
    tables = {
        "queries": pa.Table.from_pylist(queries, schema=run.queries.schema),
        "trials": pa.Table.from_pylist(trials, schema=run.trials.schema),
    }
    replace_tables(path, tables, {"rescored": [*info.get("rescored", []), *noted]})
    return changes


class _Asked:
    """A task as it is now, and its queries by id."""

    def __init__(self, name: str, task: Task) -> None:
        self.name, self.task = name, task
        self.queries = {query.id: query for query in task.queries(None, 0)}

    def rescore(self, row: Row) -> None:
        """Score a row by the present scorer and gold, if it still answers the same question."""
        query = self.queries.get(row["query_id"])
        if query is None or query.text != row["query"]:
            what = "is gone" if query is None else "is another one now"
            raise InputError(
                f"Task '{self.name}': query '{row['query_id']}' {what}, so its answers cannot be"
                " scored anew.",
                "Give it the data of the run back, or run it again.",
            )
        score = self.task.score(query, _generation(row, query))
        row["expected"], row["extracted"] = query.answer, score.extracted
        row["correct"], row["score"], row["why"] = score.correct, score.value, score.why


def _known(name: str) -> Task:
    try:
        return find_task(name)
    except WattmarkError as reason:
        raise InputError(
            f"The run's task '{name}' cannot be found: {reason.message}",
            "Put its data back where it was (paths are seen from this folder), or install its"
            " plugin.",
        ) from reason


def _generation(row: Mapping[str, Any], query: Query) -> Generation:
    return Generation(
        query_id=query.id,
        text=row["response"],
        batch=row["batch"],
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        start_ns=row["start_ns"],
        end_ns=row["start_ns"] + round(row["latency_s"] * 1e9),
        stop_reason=row["stop_reason"],
        confidence=row["confidence"],
    )


def _key(row: Mapping[str, Any]) -> tuple[str, int]:
    return row["trial_key"], row["replicate"]


def _count(trials: Iterable[Row], queries: Iterable[Row]) -> None:
    """The columns `scored` and `correct` of each trial, from its queries."""
    scored: Counter[tuple[str, int]] = Counter()
    correct: Counter[tuple[str, int]] = Counter()
    for row in queries:
        if row["correct"] is not None:
            scored[_key(row)] += 1
            correct[_key(row)] += bool(row["correct"])
    for trial in trials:
        trial["scored"] = scored[_key(trial)]
        trial["correct"] = correct[_key(trial)] if scored[_key(trial)] else None


def _changes(
    queries: list[Row], before: list[bool | None], trials: list[Row], tasks: Mapping[str, _Asked]
) -> list[Rescored]:
    versions = {trial["task"]: trial["task_version"] for trial in trials}
    found = []
    for name, asked in tasks.items():
        pairs = [
            (old, row["correct"])
            for old, row in zip(before, queries, strict=True)
            if row["task"] == name and row["repetition"] == 0
        ]
        found.append(
            Rescored(
                task=name,
                old_version=versions[name],
                new_version=asked.task.version,
                answers=len(pairs),
                changed=sum(old is not new for old, new in pairs),
                correct_before=sum(bool(old) for old, _ in pairs),
                correct_after=sum(bool(new) for _, new in pairs),
            )
        )
    return found
