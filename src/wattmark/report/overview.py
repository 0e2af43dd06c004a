"""Charts over all trials of a run, task by task: trade-offs, heat maps, profiles.

A chart needs two configurations and its metrics in both; where there is nothing to draw, there
is no chart.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from wattmark.analysis.summary import TrialSummary
from wattmark.report.contenders import Contender, comparable, contenders, few, task_title
from wattmark.report.figure import Figure, same_height
from wattmark.report.heatmap import heat_figures
from wattmark.report.parallel import parallel_figure
from wattmark.report.radar import radar_figure
from wattmark.report.tradeoff import (
    accuracy_energy_figure,
    latency_emissions_figure,
    latency_energy_figure,
    latency_throughput_figure,
)

MOST_TASKS = 8
"""Tasks with charts of their own: seven charts each are enough to scroll through."""


def overview_figures(summaries: Sequence[TrialSummary], labels: Mapping[str, str]) -> list[Figure]:
    """All charts of more than one trial; `labels` is trial key → short name.

    Accuracy against energy of each task leads; the others follow task by task.
    """
    groups = [group for group in comparable(summaries) if len(group) > 1]
    leading: list[Figure] = []
    others: list[Figure] = []
    for index, group in enumerate(groups[:MOST_TASKS]):
        trials = contenders(group, labels)
        first = accuracy_energy_figure(index, trials)
        leading += [first] if first is not None else []
        others += _others(index, group, trials)
    made = [*same_height(leading), *same_height(others)]
    if made and len(groups) > MOST_TASKS:
        rest = few([task_title(group[0]) for group in groups[MOST_TASKS:]])
        note = f"Not drawn, as these are many charts already: {rest}. Their tables stand below."
        made[-1] = replace(made[-1], notes=[*made[-1].notes, note])
    return made


def _others(index: int, group: Sequence[TrialSummary], trials: Sequence[Contender]) -> list[Figure]:
    """A task's other charts, so ordered that two which stand side by side are alike high."""
    fronts = _drawn(
        latency_energy_figure(index, trials),
        latency_throughput_figure(index, trials),
        latency_emissions_figure(index, trials),
    )
    maps = heat_figures(index, group)
    profiles = _drawn(radar_figure(index, trials), parallel_figure(index, trials))
    return [*fronts, *maps, *profiles] if len(fronts) % 2 else [*fronts, *profiles, *maps]


def _drawn(*figures: Figure | None) -> list[Figure]:
    return [figure for figure in figures if figure is not None]
