"""What passes between the parent and a worker: JSON in frames, no pickles.

Parent to worker: one job, then `go` after each mark. Worker to parent: marks (the parent
reads its sensors and says go), stages (for messages about hangs), and one result or error.
The mark at a measured region's end tells its stamps and repetitions; `go` may ask for more.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from typing import Any

from wattmark.schema import Asking, Generation, Memory, Query, Retrieval, Retrieved, Span, Trial


@dataclass(frozen=True, kw_only=True)
class Job:
    """All that a worker is told."""

    trial: Trial
    adapter: str
    """'module:attribute' of the engine."""
    kind: str
    """causal or classifier: which of the engine's calls is used."""
    queries: tuple[Query, ...]
    idle_s: float
    threads: int | None = None
    cpus: tuple[int, ...] = ()
    """CPUs to run on; empty leaves it to the system."""
    memory_limit_bytes: int | None = None
    sizes: tuple[int, ...] = ()
    """Batch sizes to try; where there are any, nothing else is done."""
    corpus: str | None = None
    """What the mode rag retrieves from; None: the task's own."""
    shots: tuple[tuple[str, str], ...] = ()
    """Prompts and answers that are shown before each prompt."""


@dataclass(frozen=True, kw_only=True)
class Result:
    """All that a worker tells at its end."""

    spans: tuple[Span, ...]
    generations: tuple[Generation, ...]
    memory: Memory
    facts: Mapping[str, Any] = field(default_factory=dict)
    repetitions: int = 1
    """Passes over all queries; as many generations of each, pass by pass."""
    retrieved: tuple[Retrieved, ...] = ()
    """One a query where contexts were retrieved."""
    prompts: tuple[str, ...] = ()
    """What the model was given for each query, where it was not the query's own prompt."""


def send(channel: Connection, message: Mapping[str, Any]) -> None:
    """Send one message."""
    channel.send_bytes(json.dumps(message).encode())


def receive(channel: Connection) -> dict[str, Any]:
    """Receive one message; EOFError when the other side has gone."""
    message: dict[str, Any] = json.loads(channel.recv_bytes())
    return message


def pack_job(job: Job) -> dict[str, Any]:
    """A job as plain values."""
    return asdict(job)


def unpack_job(plain: Mapping[str, Any]) -> Job:
    """The job again."""
    return Job(
        **{
            **plain,
            "trial": _trial(plain["trial"]),
            "cpus": tuple(plain["cpus"]),
            "sizes": tuple(plain["sizes"]),
            "shots": tuple((prompt, answer) for prompt, answer in plain["shots"]),
            "queries": tuple(_query(query) for query in plain["queries"]),
        }
    )


def _trial(plain: Mapping[str, Any]) -> Trial:
    retrieval, asking = plain["retrieval"], plain["asking"]
    return Trial(
        **{
            **plain,
            "retrieval": None if retrieval is None else Retrieval(**retrieval),
            "asking": None if asking is None else Asking(**asking),
            "stops": tuple(plain["stops"]),
        }
    )


def _query(plain: Mapping[str, Any]) -> Query:
    tuples = {name: tuple(plain[name]) for name in ("answers", "choices")}
    return Query(**{**plain, **tuples})


def pack_result(result: Result) -> dict[str, Any]:
    """A result as plain values; spans and generations as rows to keep the message small."""
    return {
        "spans": [[s.name, s.start_ns, s.end_ns, s.batch, s.tokens] for s in result.spans],
        "generations": [
            {name: getattr(g, name) for name in g.__slots__} for g in result.generations
        ],
        "memory": asdict(result.memory),
        "facts": dict(result.facts),
        "repetitions": result.repetitions,
        "retrieved": [asdict(one) for one in result.retrieved],
        "prompts": list(result.prompts),
    }


def unpack_result(plain: Mapping[str, Any]) -> Result:
    """The result again."""
    return Result(
        spans=tuple(Span(*row) for row in plain["spans"]),
        generations=tuple(
            Generation(**{**g, "token_times_ns": tuple(g["token_times_ns"])})
            for g in plain["generations"]
        ),
        memory=Memory(**plain["memory"]),
        facts=plain["facts"],
        repetitions=plain["repetitions"],
        prompts=tuple(plain["prompts"]),
        retrieved=tuple(Retrieved(**{**r, "ids": tuple(r["ids"])}) for r in plain["retrieved"]),
    )
