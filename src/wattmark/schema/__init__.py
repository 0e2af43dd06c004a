"""The nouns of Wattmark: frozen, typed, in SI base units, stamps in monotonic nanoseconds.

`None` is "not measured"; `0` is a measured zero. Everything that crosses a process or a
file goes through these, so they hold plain values only.

SCHEMA_VERSION history (run.json and the Parquet columns):
  1  first public format.
"""

from __future__ import annotations

from wattmark.schema.answered import Generation, Memory, Query, Retrieved, Score, Span
from wattmark.schema.asked import AUTO, TO_BE_FOUND, Asking, Option, Retrieval, Suite, Trial
from wattmark.schema.metered import (
    LOST,
    WRAPS,
    Doubt,
    EnergyReading,
    Estimate,
    QueryEnergy,
    Sample,
    SensorInfo,
    Totals,
)
from wattmark.schema.record import Record, Status

SCHEMA_VERSION = 1

__all__ = [
    "AUTO",
    "LOST",
    "SCHEMA_VERSION",
    "TO_BE_FOUND",
    "WRAPS",
    "Asking",
    "Doubt",
    "EnergyReading",
    "Estimate",
    "Generation",
    "Memory",
    "Option",
    "Query",
    "QueryEnergy",
    "Record",
    "Retrieval",
    "Retrieved",
    "Sample",
    "Score",
    "SensorInfo",
    "Span",
    "Status",
    "Suite",
    "Totals",
    "Trial",
]
