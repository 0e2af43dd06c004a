"""The statistics of a run as tables of text: differences and tests, factors, ranks, run order.

`statistics` makes tables for a page, `render_statistics` shows them in a terminal, and
`statistics_json` has the same figures, and those that no table has room for, for programs. Here are
words and layout alone; the figures are those of `analysis.findings`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from rich import box
from rich.console import RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark.analysis.findings import PAGE, TERMINAL, Extent, TaskFindings, findings
from wattmark.analysis.summary import TrialSummary
from wattmark.report.format import plain
from wattmark.report.labels import short_name, short_task
from wattmark.report.statistics_arms import accuracy, differences, pairs, sizes, tests, together
from wattmark.report.statistics_task import (
    absent,
    factors,
    fronts,
    mixed_model,
    order,
    ranking,
)
from wattmark.report.stattable import StatTable
from wattmark.store.reader import Run

__all__ = ["PAGE", "TERMINAL", "StatTable", "render_statistics", "statistics", "statistics_json"]

MOST_NAME = 80


def statistics(
    run: Run,
    summaries: Sequence[TrialSummary],
    labels: Mapping[str, str],
    extent: Extent = PAGE,
) -> list[StatTable]:
    """Tables of each task that has two configurations, then of the order of all runs.

    `labels` are those of `short_labels`. What the data do not allow, and pairs beyond `extent`, are
    said in a table of their own.
    """
    found = findings(run, summaries, names_of(summaries, labels), extent)
    several = len(found.tasks) > 1
    made = [
        _placed(made, f"s{index}", short_task(one.task) if several else "")
        for index, one in enumerate(found.tasks)
        for made in _of_task(one)
    ]
    last = order(found.order)
    return [*made, *([last] if last is not None else [])]


def statistics_json(
    run: Run, summaries: Sequence[TrialSummary], labels: Mapping[str, str]
) -> dict[str, Any]:
    """The figures as nested values: dataclasses as mappings, every pair of configurations tested.

    An interval is (value, low, high).
    """
    return asdict(findings(run, summaries, names_of(summaries, labels)))


def names_of(summaries: Sequence[TrialSummary], labels: Mapping[str, str]) -> dict[str, str]:
    """Trial key → a name that is unique among the trials of its task.

    Labels are so within one model and mode; what varies of these is put before them.
    """
    names: dict[str, str] = {}
    for task in dict.fromkeys(summary.task for summary in summaries):
        trials = [summary for summary in summaries if summary.task == task]
        models = len({trial.model for trial in trials}) > 1
        modes = len({trial.mode for trial in trials}) > 1
        found = {
            trial.key: plain(
                " · ".join(
                    [
                        *([short_name(trial.model)] if models else []),
                        labels[trial.key],
                        *([trial.mode] if modes else []),
                    ]
                ),
                MOST_NAME,
            )
            for trial in trials
        }
        counts = Counter(found.values())
        names |= {
            key: name if counts[name] == 1 else f"{name} · {plain(key, 6)}"
            for key, name in found.items()
        }
    return names


def render_statistics(tables: Iterable[StatTable]) -> list[RenderableType]:
    """The tables for a terminal; nothing is printed here."""
    shown: list[RenderableType] = []
    for one in tables:
        drawn = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
        for place, column in enumerate(one.columns):
            drawn.add_column(
                plain(column), justify="right" if place > 1 else "left", overflow="fold"
            )
        for row in one.rows:
            drawn.add_row(*(Text(plain(cell)) for cell in row))
        shown += [Text(plain(one.title), style="bold"), Text(plain(one.lead), style="dim")]
        shown += [drawn] if one.rows else []
        shown += [Padding(Text(plain(note), style="dim"), (0, 0, 0, 2)) for note in one.notes]
        shown.append(Text(""))
    return shown


def _of_task(found: TaskFindings) -> list[StatTable]:
    untested = found.n_pairs if found.n_pairs and not found.pairs else 0
    made = [
        differences(found),
        tests(found),
        accuracy(found),
        together(found),
        pairs(found),
        factors(found),
        mixed_model(found),
        ranking(found),
        fronts(found),
        sizes(found),
        absent(found, untested),
    ]
    return [one for one in made if one is not None]


def _placed(made: StatTable, place: str, section: str) -> StatTable:
    title = f"{section}: {made.title}" if section else made.title
    return replace(made, id=f"{place}-{made.id}", title=title)
