"""All charts of a run, section by section; the page and the pictures draw the same ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import Verdict, groups, verdicts
from wattmark.report.figure import Figure, same_height
from wattmark.report.labels import group_title, short_labels
from wattmark.report.phases import phase_figure
from wattmark.report.power import Curves, power_figures
from wattmark.report.ratios import ratio_figure
from wattmark.report.spread import energy_figure, latency_figure
from wattmark.report.tradeoff import tradeoff_figures
from wattmark.store.reader import Run

MOST_POWER = 8
"""Power charts a group: more would be looked at by nobody."""

BARS = (
    *("trial_key", "replicate", "batch", "span", "component", "component_device", "sensor"),
    *("energy_j", "energy_net_j", "method", "provenance"),
)
"""Columns of joules that the bars by phase are made of."""

Row = Mapping[str, Any]
Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Section:
    """One model on one task: its trials, verdicts and charts."""

    title: str
    trials: Sequence[TrialSummary]
    verdicts: Sequence[Verdict]
    figures: Sequence[Figure]
    power: Sequence[Figure] = field(default_factory=tuple)


def sections(run: Run, summaries: Sequence[TrialSummary]) -> list[Section]:
    """A section for each (model, task, mode), in the order of the plan."""
    labels = short_labels(summaries)
    trials = by_key(run.trials.to_pylist())
    # Joules of single batches are most of the table, and no chart's.
    energy = by_key(run.select("energy", BARS, pc.field("batch").is_null()).to_pylist())
    latencies = _latencies(run)
    curves = Curves(run)
    found = verdicts(run)
    made = []
    for group in groups(summaries):
        keys = {trial.key for trial in group}
        mine = [verdict for verdict in found if verdict.trial in keys]
        drawn = [
            ratio_figure(mine, labels),
            energy_figure(group, labels, trials),
            phase_figure(group, labels, trials, energy),
            latency_figure(group, labels, latencies),
        ]
        made.append(
            Section(
                title=group_title(group[0]),
                trials=group,
                verdicts=mine,
                figures=same_height([figure for figure in drawn if figure is not None]),
                power=power_figures(run, curves, group[:MOST_POWER], labels, trials),
            )
        )
    return made


def overview(summaries: Sequence[TrialSummary]) -> list[Figure]:
    """Charts over all models: accuracy against energy, by task."""
    return same_height(tradeoff_figures(summaries, short_labels(summaries)))


def by_key(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows of any table by their trial."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row["trial_key"], []).append(row)
    return found


def _latencies(run: Run) -> dict[str, Floats]:
    """Trial key → seconds of its queries, all replicates."""
    told = run.select("queries", ["trial_key", "latency_s"]).drop_null()
    keys = told["trial_key"].combine_chunks().dictionary_encode()
    place, latency_s = keys.indices.to_numpy(), told["latency_s"].to_numpy()
    order = np.argsort(place, kind="stable")
    ends = np.cumsum(np.bincount(place, minlength=len(keys.dictionary)))
    parts = np.split(latency_s[order], ends)[:-1]
    return dict(zip(keys.dictionary.to_pylist(), parts, strict=True))
