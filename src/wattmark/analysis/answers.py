"""Which queries a trial answered right, as arrays: a run may have millions of answers.

Replicates vote: a query counts as right where more than half of those that answered it were. Two
trials are compared query by query, by the four counts of their two-by-two table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.store.reader import Run

Flags = NDArray[np.bool_]


class Answers(Mapping[str, bool]):
    """Query id → was it right; `ids` and `right` are the same in order, each id once."""

    def __init__(self, ids: pa.Array, right: Flags) -> None:
        self.ids = ids
        self.right = right

    @cached_property
    def _found(self) -> dict[str, bool]:
        return dict(zip(self.ids.to_pylist(), self.right.tolist(), strict=True))

    def __getitem__(self, query: str) -> bool:
        return self._found[query]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self.ids)


class Tally(NamedTuple):
    """Queries that both answered right, only the first, only the second, and neither."""

    both: int
    lost: int
    gained: int
    neither: int


def answers_of(run: Run) -> dict[str, Answers]:
    """Trial key → its answers, by the majority of the replicates; trials with a scored one."""
    return run.once("answers", lambda: _answers(run))


def _answers(run: Run) -> dict[str, Answers]:
    scored = run.by_trial("queries", ["query_id", "correct"], pc.field("correct").is_valid())
    return {key: _majority(table) for key, table in scored.items()}


def _majority(table: pa.Table) -> Answers:
    ids = table["query_id"].combine_chunks().dictionary_encode()
    place = ids.indices.to_numpy()
    correct = table["correct"].to_numpy(zero_copy_only=False).astype(np.float64)
    right = np.bincount(place, weights=correct, minlength=len(ids.dictionary))
    return Answers(ids.dictionary, 2 * right > np.bincount(place, minlength=len(ids.dictionary)))


def tally(first: Mapping[str, bool], second: Mapping[str, bool]) -> Tally:
    """Counts over the queries that both answered."""
    ours, theirs = _side_by_side(_arrays(first), _arrays(second))
    cells = np.bincount(2 * ours.astype(np.int8) + theirs, minlength=4)
    neither, gained, lost, both = (int(count) for count in cells)
    return Tally(both, lost, gained, neither)


def _arrays(answers: Mapping[str, bool]) -> Answers:
    if isinstance(answers, Answers):
        return answers
    right: Any = np.fromiter(answers.values(), dtype=np.bool_, count=len(answers))
    return Answers(pa.array(list(answers), pa.string()), right)


def _side_by_side(first: Answers, second: Answers) -> tuple[Flags, Flags]:
    """Right or wrong of both, of the queries that both have, in one order."""
    if first.ids.equals(second.ids):  # mostly: trials of a task are asked the same in one order
        return first.right, second.right
    place = pc.index_in(second.ids, value_set=first.ids)
    shared = place.is_valid().to_numpy(zero_copy_only=False)
    return first.right[place.drop_null().to_numpy()], second.right[shared]
