"""What is kept of a replicate: all of the rest, and how it ended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from wattmark.schema.answered import Generation, Memory, Query, Retrieved, Score, Span
from wattmark.schema.asked import Trial
from wattmark.schema.metered import Doubt, EnergyReading, QueryEnergy, Totals


class Status(StrEnum):
    """How a replicate ended. Only `ok` carries figures."""

    OK = "ok"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OOM = "oom"


@dataclass(frozen=True, kw_only=True)
class Record:
    """One replicate of one trial: a fresh process, from its start to its end."""

    trial: Trial
    replicate: int
    block: int
    order: int
    """Place in the order in which replicates were begun, from 0: drift is looked for along it."""
    status: Status
    error: str | None = None
    started_at: str = ""
    """Wall-clock label (ISO 8601, UTC); never used to compute."""
    attempt: int = 1
    session: int = 0
    """Which session of the run, from 0: stamps compare within one only."""
    repetitions: int = 1
    """How often the measured region went through all queries, in the same order."""
    spans: tuple[Span, ...] = ()
    queries: tuple[Query, ...] = ()
    generations: tuple[Generation, ...] = ()
    """One a query and repetition, repetition by repetition."""
    scores: tuple[Score, ...] = ()
    """One a query, of the first repetition: a copy of an answer is no new evidence."""
    retrieved: tuple[Retrieved, ...] = ()
    """One a query where the mode is rag; `queries` then hold the prompts with their contexts."""
    energy: tuple[EnergyReading, ...] = ()
    query_energy: tuple[QueryEnergy, ...] = ()
    totals: Totals = field(default_factory=Totals)
    memory: Memory = field(default_factory=Memory)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the worker found: parameters, weight bytes, threads, dtype, engine versions."""
    doubts: tuple[Doubt, ...] = ()
