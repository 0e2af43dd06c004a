"""The charts of one section that stand behind a fold: distributions, difficulty, drift, carbon.

What they need is read once for the whole run, and bounded (`report.perquery`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from wattmark.analysis.itl import gaps_of
from wattmark.analysis.run_order import measured_starts
from wattmark.analysis.summary import TrialSummary, carbon_of
from wattmark.report.correlation_chart import correlation_figure
from wattmark.report.difficulty_chart import correct_difficulty_figure, energy_difficulty_figure
from wattmark.report.drift_chart import drift_figure
from wattmark.report.ecdf import ITL, TTFT, delay_figure
from wattmark.report.figure import Figure, same_height
from wattmark.report.perquery import per_query
from wattmark.report.reliability import reliability_figure
from wattmark.report.thermal import thermal_figure
from wattmark.report.tokens_chart import tokens_figure
from wattmark.report.tornado import tornado_figure
from wattmark.store.reader import Run

Row = Mapping[str, Any]


class Details:
    """Draws what stands behind each section's fold, from one reading of the run."""

    def __init__(
        self, run: Run, labels: Mapping[str, str], trials: Mapping[str, Sequence[Row]]
    ) -> None:
        self._run = run
        self._labels = labels
        self._trials = trials
        self._carbon = carbon_of(run.info)
        good = [row for rows in trials.values() for row in rows if row["status"] == "ok"]
        self._read = run.once("single queries", lambda: per_query(run, good))
        self._starts = run.once("starts", lambda: measured_starts(run))

    def figures(self, group: Sequence[TrialSummary]) -> list[Figure]:
        """One section's charts, in pairs of one height; those without data are left out."""
        labels, read, gaps = self._labels, self._read, gaps_of(self._run)
        drawn = [
            delay_figure(TTFT, group, labels, read.ttft, read.said.get(group[0].task, "")),
            delay_figure(ITL, group, labels, gaps.times, gaps.note),
            energy_difficulty_figure(group, labels, read),
            correct_difficulty_figure(group, labels, read),
            tokens_figure(group, labels, read),
            reliability_figure(group, labels, read),
            drift_figure(group, labels, self._trials, self._starts),
            thermal_figure(self._run, group, labels, self._trials),
            correlation_figure(group, labels, read),
            tornado_figure(group, labels, self._trials, self._carbon),
        ]
        return same_height([figure for figure in drawn if figure is not None])
