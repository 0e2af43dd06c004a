"""All charts of a run, section by section; the page and the pictures draw the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc
from altair.utils.schemapi import debug_mode

from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import Verdict, groups, verdicts
from wattmark.report.details import Details
from wattmark.report.figure import Figure, same_height
from wattmark.report.labels import group_title, short_labels
from wattmark.report.overview import overview_figures
from wattmark.report.phases import phase_figure
from wattmark.report.power import Curves, power_figures
from wattmark.report.ratios import ratio_figure
from wattmark.report.spread import energy_figure, latencies, latency_figure
from wattmark.store.reader import Run

MOST_POWER = 8
"""Power charts a group: more would be looked at by nobody."""

BARS = (
    *("trial_key", "replicate", "batch", "span", "component", "component_device", "sensor"),
    *("energy_j", "energy_net_j", "method", "provenance"),
)
"""Columns of joules that the bars by phase are made of."""

Row = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One model on one task: its trials, verdicts and charts."""

    title: str
    trials: Sequence[TrialSummary]
    verdicts: Sequence[Verdict]
    figures: Sequence[Figure]
    power: Sequence[Figure] = field(default_factory=tuple)
    more: Sequence[Figure] = ()
    """Charts that stand behind a fold."""


@debug_mode(False)  # parts of a chart are not checked one by one: `finished` checks the whole
def sections(run: Run, summaries: Sequence[TrialSummary]) -> list[Section]:
    """A section for each (model, task, mode), in the order of the plan."""
    labels = short_labels(summaries)
    trials = by_key(run.trials.to_pylist())
    # Joules of single batches are most of the table, and no chart's.
    energy = by_key(run.select("energy", BARS, pc.field("batch").is_null()).to_pylist())
    seconds = latencies(run)
    curves = Curves(run)
    details = Details(run, labels, trials)
    found = verdicts(run)
    made = []
    for group in groups(summaries):
        keys = {trial.key for trial in group}
        mine = [verdict for verdict in found if verdict.trial in keys]
        drawn = [
            ratio_figure(mine, labels),
            energy_figure(group, labels, trials),
            phase_figure(group, labels, trials, energy),
            latency_figure(group, labels, seconds),
        ]
        made.append(
            Section(
                title=group_title(group[0]),
                trials=group,
                verdicts=mine,
                figures=same_height([figure for figure in drawn if figure is not None]),
                power=power_figures(run, curves, group[:MOST_POWER], labels, trials),
                more=details.figures(group),
            )
        )
    return made


@debug_mode(False)
def overview(summaries: Sequence[TrialSummary]) -> list[Figure]:
    """Charts over all trials, task by task; see `report.overview`."""
    return overview_figures(summaries, short_labels(summaries))


def by_key(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of any table by their trial."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["trial_key"], []).append(row)
    return found
