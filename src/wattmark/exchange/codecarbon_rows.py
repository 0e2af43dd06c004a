"""The rows of CodeCarbon's `emissions.csv`, checked: what one tracker told.

Columns: CodeCarbon's documentation, "Output"; those of versions 2 and 3, and of tracked tasks.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np

from wattmark.exchange.foreign import PARTS, Joules
from wattmark.monitor.csvtable import CsvTable, Mistakes, read_table
from wattmark.units import J_PER_KWH

NEEDED = ("timestamp", "project_name", "duration", "energy_consumed")
ENERGIES = tuple(f"{part}_energy" for part in PARTS)
NUMBERS = ("duration", "energy_consumed", "emissions", *ENERGIES, "pue", "cpu_count")
OPTIONAL = (
    *(
        "task_name",
        "run_id",
        "experiment_id",
        "emissions",
        "emissions_rate",
        "cpu_power",
        "gpu_power",
    ),
    *("ram_power", *ENERGIES, "water_consumed", "country_name", "country_iso_code", "region"),
    *("cloud_provider", "cloud_region", "os", "python_version", "codecarbon_version"),
    *("cpu_count", "cpu_model", "gpu_count", "gpu_model", "longitude", "latitude"),
    *("ram_total_size", "tracking_mode", "cpu_utilization_percent", "gpu_utilization_percent"),
    *("ram_utilization_percent", "ram_used_gb", "on_cloud", "pue", "wue"),
)
LONGEST_S = 10 * 365.25 * 86_400.0
MOST_KWH = 1e9
MOST_HEADER = 100_000


@dataclass(frozen=True)
class Tracked:
    """One row: what one tracker told."""

    text: Mapping[str, str]
    figures: Mapping[str, float | None]

    def figure(self, name: str) -> float | None:
        """A number; None where the cell is empty or the column not there."""
        return self.figures[name]

    @property
    def pue(self) -> float:
        """What the row's energies were multiplied with."""
        return self.figures["pue"] or 1.0

    @property
    def seconds(self) -> float:
        """How long it tracked."""
        return self.figures["duration"] or 0.0

    @property
    def joules(self) -> Joules:
        """Of the equipment, without the building's overhead."""
        kwh = self.figures["energy_consumed"] or 0.0
        parts = {part: self.figures[f"{part}_energy"] for part in PARTS}
        return Joules.of(parts, kwh * J_PER_KWH / self.pue)

    @property
    def began(self) -> str:
        """The label of its start, in the machine's own time: the file has that of its end."""
        try:
            end = datetime.fromisoformat(self.text["timestamp"])
            return (end - timedelta(seconds=self.seconds)).isoformat(timespec="seconds")
        except (ValueError, OverflowError):
            return ""


def last_of_each(rows: Sequence[Tracked]) -> list[Tracked]:
    """The last row of each tracker: one that was flushed wrote its sums so far before, as a row."""
    last: dict[tuple[str, str], Tracked] = {}
    for number, row in enumerate(rows):
        told = row.text["run_id"]
        key = (told, row.text["task_name"]) if told else ("", str(number))
        last.pop(key, None)
        last[key] = row
    return list(last.values())


def read_rows(path: Path, mistakes: Mistakes) -> list[Tracked]:
    """The rows of a file; none, and lines in `mistakes`, where it is no such file."""
    if not _has_needed(path, mistakes):
        return []
    table = read_table(path, NEEDED, OPTIONAL, mistakes)
    if table is None:
        return []
    figures = {name: _figures(table, name, mistakes) for name in NUMBERS}
    text = {
        name: column.to_pylist() for name, column in table.columns.items() if name not in NUMBERS
    }
    return [
        Tracked(
            {name: cells[row] for name, cells in text.items()},
            {name: cells[row] for name, cells in figures.items()},
        )
        for row in range(table.rows)
    ]


def _has_needed(path: Path, mistakes: Mistakes) -> bool:
    """Whether the header is CodeCarbon's; read_table says the rest, misspelt columns with it."""
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as lines:
        header = next(csv.reader([lines.readline(MOST_HEADER)]), [])
    absent = [f"'{name}'" for name in NEEDED if name not in header]
    if absent:
        shown = ", ".join(header)[:300] or "none"
        mistakes.add(
            f"{path}, line 1: no column {' and no column '.join(absent)}; the columns are {shown}. "
            "Give the emissions.csv that CodeCarbon wrote."
        )
    return not absent


def _figures(table: CsvTable, name: str, mistakes: Mistakes) -> list[float | None]:
    values, wrong = table.figures(name)
    mistakes.add_rows(
        table, wrong.nonzero()[0], name, lambda row: f"'{table.text(name, row)}' is not a number"
    )
    most = {"duration": LONGEST_S, "pue": 10.0, "cpu_count": 1e6}.get(name, MOST_KWH)
    beyond = (values < 0) | (values > most)
    if name in NEEDED:
        beyond |= np.isnan(values) & ~wrong
    if name in {"duration", "pue"}:
        beyond |= values == 0
    words = "must be above 0" if name in {"duration", "pue"} else "must be 0 or more"
    mistakes.add_rows(
        table,
        beyond.nonzero()[0],
        name,
        lambda row: f"'{table.text(name, row)}' cannot be: it {words} and at most {most:g}",
    )
    return [None if math.isnan(value) else float(value) for value in values]
