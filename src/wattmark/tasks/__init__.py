"""What is asked and how an answer is scored: one file a task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, Protocol

from wattmark.schema import Generation, Query, Score


class Task(Protocol):
    """A set of queries in a fixed order, and a scorer.

    `name` is the full name that leads here again, options included; `version` changes with
    every change of a query, a prompt or the scorer. `queries(limit, seed)` gives the same
    queries in the same order for every arm; `score` sees the answer alone, never prompt + answer.

    A class may also have `first`, the option that may stand bare after the colon, and `usage`,
    how it is asked for where it ships no queries.
    """

    name: str
    version: str
    kind: ClassVar[str]
    """The kind of model it needs: causal, classifier or any."""
    options: ClassVar[Mapping[str, str]]
    """Option → what it means; each is a keyword argument of the class and a text."""
    licence: ClassVar[str]
    """Of the data that ships, and of the real data set where there is one."""
    about: ClassVar[str]
    """One line for lists."""

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]: ...

    def score(self, query: Query, generation: Generation) -> Score: ...
