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
    how it is asked for where it ships no queries. It or its instances may have `stops`, texts that
    end a causal model's answer (the answer is what stands before the first of them; nothing is
    scored that stands behind), `unscored`, the reason why it has no gold by design, and `top_k`,
    how many chunks are retrieved for one of its queries where nobody says.
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


def stops_of(task: Task) -> tuple[str, ...]:
    """What ends a causal model's answer beside its end token; nothing where the task says none."""
    return tuple(getattr(task, "stops", ()))


def unscored(task: Task) -> str | None:
    """Why a task has no gold by design; None where it has one, or could have."""
    why: str | None = getattr(task, "unscored", None)
    return why
