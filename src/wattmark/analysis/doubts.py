"""The warnings of a trial's replicates, counted: what was seen, how often, and what to do."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from wattmark.analysis.metrics import Row

DISTURBED = frozenset({"foreign-load", "foreign-load-at-idle", "not-quiet"})
"""Codes that say: other processes worked beside this replicate."""


@dataclass(frozen=True, slots=True)
class CountedDoubt:
    """A warning of a trial: its first wording, and how many of the replicates have it."""

    code: str
    message: str
    hint: str
    replicates: int


def count_doubts(rows: Iterable[Row]) -> tuple[CountedDoubt, ...]:
    """Warnings of all replicates by code, the most frequent first, with the first wording."""
    first: dict[str, Mapping[str, Any]] = {}
    counts: Counter[str] = Counter()
    for row in rows:
        for doubt in _doubts(row):
            first.setdefault(doubt["code"], doubt)
        counts.update(_codes(row))
    return tuple(
        CountedDoubt(code, first[code]["message"], first[code].get("hint", ""), count)
        for code, count in sorted(counts.items(), key=lambda entry: (-entry[1], entry[0]))
    )


def disturbed(row: Row) -> bool:
    """Whether a replicate ran beside other load, by its own doubts."""
    return not DISTURBED.isdisjoint(_codes(row))


def _doubts(row: Row) -> list[Mapping[str, Any]]:
    return list(json.loads(row.get("doubts") or "[]"))


def _codes(row: Row) -> set[str]:
    return {doubt["code"] for doubt in _doubts(row)}
