"""A CSV with a row a replicate: anybody's figures, summarised and compared as ours are."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import polars as pl

from wattmark.analysis.compare_sources import compare_paths
from wattmark.analysis.compare_tables import BLOCK, Table, metrics_of, read_table
from wattmark.analysis.compare_trials import Side
from wattmark.analysis.comparison import Comparison, Settings
from wattmark.analysis.estimates import estimate
from wattmark.analysis.summary import TrialSummary
from wattmark.errors import InputError, unknown
from wattmark.results.frames import TEXT, rows_frame
from wattmark.results.results import Results
from wattmark.results.tables import ESTIMATE


class Replicates(Results):
    """Results of a CSV: `trials`, `summary` and `compare`; it has no queries, spans or joules."""

    def __init__(self, path: Path) -> None:
        super().__init__({})
        self.paths = (path,)
        self._table: Table = read_table(path)

    def read(self, table: str, columns: object = None) -> pl.DataFrame:
        """The rows as `trials`; InputError for any other table."""
        if table != "trials":
            self._lacks(f"table '{table}'")
        rows = list(self._table.rows)
        if any(isinstance(row[BLOCK], str) for row in rows):
            rows = [{**row, BLOCK: str(row[BLOCK])} for row in rows]
        return pl.DataFrame(rows, infer_schema_length=None)

    def scan(self, table: str) -> pl.LazyFrame:
        """As `read`, lazily."""
        return self.read(table).lazy()

    def summary(self, *metrics: str, intensity_g_per_kwh: float | None = None) -> pl.DataFrame:
        """One row a column of numbers: its mean over the replicates, with an interval."""
        there = {one.name: one for one in metrics_of(self._table, self._table)[0]}
        for name in metrics:
            if name not in there:
                raise InputError(unknown("metric", name, there))
        found = [estimate(there[name], self._table.rows) for name in metrics or there]
        rows = [{n: getattr(one, n) for n in ("metric", *ESTIMATE)} for one in found]
        return rows_frame(rows, {"metric": TEXT, **ESTIMATE})

    def _against(self, head: Results, told: Settings, trials: tuple[str, str]) -> Comparison:
        if head is self:
            raise InputError("A CSV is one arm.", "Give the CSV that is compared with it.")
        base_trial, head_trial = trials
        return compare_paths(
            self.path, head.path, told, base_trial=base_trial, head_trial=head_trial
        )

    def __repr__(self) -> str:
        rows, columns = len(self._table.rows), ", ".join(self._table.columns)
        return f"Replicates of {self.path}: {rows} rows of {columns}"

    def __str__(self) -> str:
        return repr(self)

    def _repr_html_(self) -> str:
        return self.summary()._repr_html_()

    @property
    def _summaries(self) -> dict[str, list[TrialSummary]]:
        self._lacks("run directory")

    def _side(self) -> Side:
        self._lacks("run directory")

    def _lacks(self, what: str) -> NoReturn:
        raise InputError(
            f"{self.path} is a CSV with a row a replicate: it has no {what}.",
            "It has trials, summary and compare.",
        )
