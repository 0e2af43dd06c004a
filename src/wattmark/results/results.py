"""Results of finished runs, or of one that still goes on: tables, figures, comparison, charts.

Everything is computed from the run directory when it is asked for, by the same functions as the
command line's and the page's, and kept. Tables of millions of rows are better read by `scan`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import polars as pl

from wattmark.analysis.axes import axis_named
from wattmark.analysis.compare_sources import compare_sides
from wattmark.analysis.compare_trials import Side
from wattmark.analysis.comparison import Comparison, Settings
from wattmark.analysis.grouped import PERCENTILES
from wattmark.analysis.recommend import objective_named, recommend
from wattmark.analysis.requirements import requirements_of
from wattmark.analysis.summary import TrialSummary, carbon_of
from wattmark.errors import InputError
from wattmark.exchange.source import Source
from wattmark.report.table import render_table
from wattmark.results.charts import Plots
from wattmark.results.comparison import ResultsComparison, settings
from wattmark.results.display import WIDTH, as_text, results_html, results_text
from wattmark.results.frames import read, scan, with_run, with_run_lazily
from wattmark.results.load import PathLike, load
from wattmark.results.tables import (
    breakdown_frame,
    grouped_frame,
    pareto_frame,
    percentiles_frame,
    recommended_frame,
    summary_frame,
)
from wattmark.store.reader import Run

Runs = Mapping[str, tuple[Run, Path]]
"""Name → a run, and the path that was given for it."""


class Results:
    """What one run found, or several side by side; made by `wattmark.load`.

    Frames are polars DataFrames (`.to_pandas()` makes pandas' of them) with the columns of
    docs/format.md. Those of several runs have the run's name in a first column `run`.
    """

    def __init__(self, runs: Runs, *, keep: object = None) -> None:
        self._runs = {name: run for name, (run, _) in runs.items()}
        self.paths = tuple(path for _, path in runs.values())
        """Where the runs are."""
        self._keep = keep

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the runs."""
        return tuple(self._runs)

    @property
    def path(self) -> Path:
        """Where the run is; of several, the first."""
        return self.paths[0]

    @property
    def info(self) -> dict[str, Any]:
        """run.json: suite, machine, sensors, versions, status; of several, each by its name."""
        infos = {name: run.info for name, run in self._runs.items()}
        return infos if len(infos) > 1 else next(iter(infos.values()), {})

    def __getitem__(self, name: str) -> Results:
        """One of several runs by its name."""
        if name not in self._runs:
            raise InputError(f"There is no run '{name}'.", f"There is: {', '.join(self.names)}.")
        path = self.paths[self.names.index(name)]
        return Results({name: (self._runs[name], path)}, keep=self)

    @cached_property
    def queries(self) -> pl.DataFrame:
        """One row a query of a replicate: prompt, answer, score, times, joules."""
        return self.read("queries")

    @cached_property
    def trials(self) -> pl.DataFrame:
        """One row a replicate of a trial."""
        return self.read("trials")

    @cached_property
    def spans(self) -> pl.DataFrame:
        """One row a span: stretches of work on the monotonic clock."""
        return self.read("spans")

    @cached_property
    def energy(self) -> pl.DataFrame:
        """Joules by span, component and sensor."""
        return self.read("energy")

    @cached_property
    def trace(self) -> pl.DataFrame:
        """The raw samples."""
        return self.read("trace")

    def read(self, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """A table, or some of its columns: of ten million queries all columns fit no memory."""
        return with_run({name: read(run, table, columns) for name, run in self._runs.items()})

    def scan(self, table: str) -> pl.LazyFrame:
        """A table that is read when it is collected, and as far as it is then needed."""
        return with_run_lazily({name: scan(run, table) for name, run in self._runs.items()})

    def summary(self, *metrics: str, intensity_g_per_kwh: float | None = None) -> pl.DataFrame:
        """One row a trial and metric: value, low, high (95 %), unit, n, and why where it is null.

        `metrics` may stand without their units (`ttft`); without any, all are there. The
        intensity stands in for the one that the run was told.
        """
        names = [axis_named(name).name for name in metrics]
        return with_run(
            {
                name: summary_frame(self._source(name, intensity_g_per_kwh), names)
                for name in self._runs
            }
        )

    def grouped(
        self, by: str | Iterable[str], metrics: str | Iterable[str] | None = None
    ) -> pl.DataFrame:
        """Metrics by columns such as `precision`: interval, SD, median, ends; over blocks."""
        names = None if metrics is None else [axis_named(one).name for one in _listed(metrics)]
        return self._each(lambda run, _: grouped_frame(run, _listed(by), names))

    def percentiles(
        self,
        figure: str,
        by: str | Iterable[str] = "trial_key",
        percentiles: Sequence[float] = PERCENTILES,
    ) -> pl.DataFrame:
        """Mean, SD and percentiles over queries of latency_s, ttft_s, tpot_s or energy_j."""
        return self._each(lambda run, _: percentiles_frame(run, figure, _listed(by), percentiles))

    def breakdown(self, per: str = "query") -> pl.DataFrame:
        """Joules by component and phase, gross and net, per query, token or run (replicate)."""
        return self._each(lambda run, trials: breakdown_frame(run, trials, per))

    def compare(
        self,
        head: Results | PathLike | None = None,
        *,
        margin: float = 0.01,
        confidence: float = 0.95,
        paired: bool | None = None,
        base_trial: str = "",
        head_trial: str = "",
    ) -> ResultsComparison:
        """Head against these results: better, worse, same or not resolved, metric by metric.

        Within `margin` (a share; points for accuracy) head is the same. Without `head`, two
        trials of these results are compared, chosen by parts of their names. Several runs on
        both sides are blocks that were taken in turns. Raises InputError on what cannot be
        compared.
        """
        other = self if head is None else head if isinstance(head, Results) else load(head)
        found = self._against(other, settings(margin, confidence, paired), (base_trial, head_trial))
        names = {"base": self._title, "head": other._title}
        return ResultsComparison(**{**vars(found), **names})

    def pareto(self, *metrics: str) -> pl.DataFrame:
        """Each trial's place among those of its task over two or three metrics.

        `status` is on the front, dominated or not resolved, as far as the intervals tell.
        """
        return pareto_frame(self._summaries, metrics)

    def recommend(
        self,
        require: str | Iterable[str] = (),
        *,
        minimize: str | None = None,
        maximize: str | None = None,
    ) -> pl.DataFrame:
        """The trial to take for each task (`choice`), and how surely each other is told from it.

        `require` are such as 'accuracy>=0.9' and 'ttft<=200 ms'; the best is chosen by one
        metric, `energy_per_query` where none is named.
        """
        axis = objective_named(minimize, maximize)
        runs = [run for run, _ in self._shown.values()]
        found = recommend(runs, requirements_of(_listed(require)), axis)
        return recommended_frame(found)

    @cached_property
    def plot(self) -> Plots:
        """The report's charts as Altair charts: `results.plot.energy()`; `dir()` lists them."""
        return Plots(self._shown)

    def __repr__(self) -> str:
        return results_text(self._shown)

    def __str__(self) -> str:
        tables = (as_text(render_table(t, WIDTH)) for t in self._summaries.values())
        return "\n\n".join(tables)

    def _repr_html_(self) -> str:
        return results_html(self._shown)

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return {name: Source(run) for name, run in self._runs.items()}

    @property
    def _summaries(self) -> dict[str, list[TrialSummary]]:
        return {name: source.summaries for name, source in self._sources.items()}

    @property
    def _shown(self) -> dict[str, tuple[Run, list[TrialSummary]]]:
        return {name: (self._runs[name], trials) for name, trials in self._summaries.items()}

    def _source(self, name: str, intensity_g_per_kwh: float | None) -> Source:
        if intensity_g_per_kwh is None:
            return self._sources[name]
        run = self._runs[name]
        carbon = replace(carbon_of(run.info), intensity_g_per_kwh=intensity_g_per_kwh)
        return Source(run, carbon)

    def _each(self, made: Callable[[Run, list[TrialSummary]], pl.DataFrame]) -> pl.DataFrame:
        return with_run({name: made(*found) for name, found in self._shown.items()})

    @property
    def _title(self) -> str:
        """Where it is; of several, the folder and how many."""
        if len(self._runs) < 2:
            return str(self.path)
        return str(self.path.parent / f"{self.names[0]} and {len(self._runs) - 1} more")

    def _against(self, head: Results, told: Settings, trials: tuple[str, str]) -> Comparison:
        return compare_sides(self._side(), head._side(), told, trials=trials)

    def _side(self) -> Side:
        """As a side of a comparison: one run, or several of which each is a block."""
        alone = len(self._runs) == 1
        blocks = ((None if alone else name, run) for name, run in self._runs.items())
        return Side(Path(self._title), tuple(blocks))


def _listed(words: str | Iterable[str]) -> list[str]:
    return [words] if isinstance(words, str) else list(words)
