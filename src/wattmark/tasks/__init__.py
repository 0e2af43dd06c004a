"""What is asked and how an answer is scored: one file a task."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Protocol

from wattmark.schema import Generation, Query, Score


class Task(Protocol):
    """A set of queries in a fixed order, and a scorer.

    `version` changes with every change of a query, a prompt or the scorer. `kind` is the kind
    of model it needs: causal or classifier. `queries(limit, seed)` gives the same queries in
    the same order for every arm; `score` sees the answer alone, never prompt + answer.
    """

    name: str
    version: str
    kind: ClassVar[str]

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]: ...

    def score(self, query: Query, generation: Generation) -> Score: ...
