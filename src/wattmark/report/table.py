"""The terminal's tables: what each trial costs, how fast it is, how good, and what to doubt.

Two tables a group (cost; speed, memory and quality), because twelve columns are read by nobody.
On a narrow terminal an interval stands below its figure, on a wide one beside it. Text from
outside (model names, errors) is stripped of escapes and never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import groups
from wattmark.report.asjson import summary_json
from wattmark.report.carbon import UNITS, carbon_lines, sci_table
from wattmark.report.format import DASH, parts, plain, provenance
from wattmark.report.labels import group_title, short_labels
from wattmark.report.notes import (
    COST,
    NET,
    QUALITY,
    SPEED,
    disturbed_of,
    doubts_by_code,
    failures_by_reason,
    missing_reasons,
    shown_columns,
    wording,
)
from wattmark.store.reader import Run

__all__ = ["render_carbon", "render_doubts", "render_left_out", "render_table", "summary_json"]

Cells = dict[str, list[tuple[str, str]]]
"""Title → (figure, interval) of each trial."""


def render_table(
    summaries: Sequence[TrialSummary],
    console_width: int = 80,
    besides: Sequence[RenderableType] = (),
) -> Group:
    """Everything about the trials for a console of that width; nothing is printed here.

    `besides` is what compares groups with each other: it stands before the doubts.
    """
    labels = short_labels(summaries)
    shown: list[RenderableType] = []
    for group in groups(summaries):
        shown += [Text(group_title(group[0]), style="bold"), _energy_line(group)]
        if loud := disturbed_of(group):
            shown.append(Text(loud, style="yellow"))
        for table in _tables(group, labels, console_width):
            shown += [table, Text("")]
        shown += [*_missing(group), *_failures(group, labels), Text("")]
    if not summaries:
        shown.append(Text("No trial has run.", style="dim"))
    return Group(*shown, *besides, *render_doubts(summaries))


def render_doubts(summaries: Iterable[TrialSummary]) -> list[RenderableType]:
    """Warnings by code, the most frequent first, each with its count and what to do."""
    lines: list[RenderableType] = []
    for doubt, trials in doubts_by_code(summaries):
        where = f"{doubt.replicates} replicate{_s(doubt.replicates)}, {trials} trial{_s(trials)}"
        line = Text.assemble(("! ", "yellow"), (plain(doubt.code), "bold"), (f"  {where}  ", "dim"))
        lines.append(line)
        lines.append(Padding(Text(wording(doubt)), (0, 0, 0, 2)))
    return [Text("Doubts", style="bold"), *lines] if lines else []


def render_left_out(info: Mapping[str, Any]) -> list[RenderableType]:
    """Combinations of the grid that were left out, with reasons, and notes; from run.json."""
    left_out = [entry for entry in info.get("left_out") or () if isinstance(entry, Mapping)]
    lines = [
        Text(f"  {plain(entry.get('what', '?'))}: {plain(entry.get('why', ''))}")
        for entry in left_out
    ]
    noted = [Text(f"  {plain(note)}") for note in info.get("notes") or ()]
    return [
        *([Text("Left out", style="bold"), *lines] if lines else []),
        *([Text("Notes", style="bold"), *noted] if noted else []),
    ]


def render_carbon(
    run: Run, summaries: Sequence[TrialSummary], carbon: CarbonInputs
) -> list[RenderableType]:
    """Carbon and water of the run, whose intensity, boundary, method, and SCI for each R."""
    lines: list[RenderableType] = [
        Text.assemble((f"{what}: ", "bold"), said) for what, said in carbon_lines(run, carbon)
    ]
    if rows := sci_table(summaries, short_labels(summaries)):
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
        table.add_column("SCI of", overflow="fold")
        for title in UNITS.values():
            table.add_column(title, justify="right", overflow="fold")
        for label, cells in rows:
            table.add_row(Text(label), *map(Text, cells))
        lines.append(table)
    return lines


def _energy_line(group: Sequence[TrialSummary]) -> Text:
    """Provenance once where all trials share it, else trial by trial in the table's words."""
    words = dict.fromkeys(
        provenance(trial.provenance, trial.gain_uncertainty) for trial in group if trial.n_ok
    )
    return Text("energy: " + "; ".join(words), style="dim") if words else Text("")


def _tables(
    group: Sequence[TrialSummary], labels: Mapping[str, str], console_width: int
) -> list[Table]:
    """Interval beside its figure where it fits, else below it; what is too wide is split.

    Columns stay in their sets (cost; speed; quality) unless mixing them takes fewer tables.
    """
    names = [Text(labels[trial.key]) for trial in group]
    room = console_width - max(name.cell_len for name in names)
    cost, speed, quality = (_cells(group, columns) for columns in (COST, SPEED, QUALITY))
    stacked = any(_width(cells, False) > room for cells in (cost, speed, quality))
    together = {**speed, **quality}
    sets = [together] if _width(together, stacked) <= room else [speed, quality]
    apart = [chunk for cells in (cost, *sets) for chunk in _split(cells, room, stacked)]
    mixed = _split({**cost, **together}, room, stacked)
    chunks = mixed if len(mixed) < len(apart) else apart
    return [_table(names, chunk, stacked) for chunk in chunks]


def _cells(group: Sequence[TrialSummary], columns: Mapping[str, str]) -> Cells:
    """Title → a cell a trial, of the columns that at least one trial has; net beside gross."""
    cells: Cells = {}
    for name in shown_columns(columns, group):
        cells[columns[name]] = [parts(trial.estimates[name]) for trial in group]
        net, title = NET.get(name, ("", ""))
        if net and shown_columns([net], group):
            cells[title] = [parts(trial.estimates[net]) for trial in group]
    words = [provenance(trial.provenance, trial.gain_uncertainty) for trial in group]
    if columns is COST and len({word for word, t in zip(words, group, strict=True) if t.n_ok}) > 1:
        cells["energy"] = [(word.replace(", gain", ""), "") for word in words]
    if columns is QUALITY:
        cells["ok"] = [(f"{trial.n_ok}/{trial.n_planned}", "") for trial in group]
    return cells


def _split(cells: Cells, room: int, stacked: bool) -> list[Cells]:
    """Columns in as many tables as it takes; one table on any terminal that is not tiny."""
    chunks: list[Cells] = []
    for title, column in cells.items():
        if chunks and _width({**chunks[-1], title: column}, stacked) <= room:
            chunks[-1][title] = column
        else:
            chunks.append({title: column})
    return chunks


def _table(names: Sequence[Text], cells: Cells, stacked: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False, padding=(0, 1))
    table.add_column("trial", overflow="fold")
    for title in cells:
        table.add_column(_head(title, stacked), justify="right", no_wrap=True, vertical="top")
    for index, name in enumerate(names):
        table.add_row(name, *(_cell(column[index], stacked) for column in cells.values()))
    return table


def _head(title: str, stacked: bool) -> str:
    """'net' below its unit where room is scarce."""
    return title.replace(" ", "\n") if stacked else title


def _width(cells: Cells, stacked: bool) -> int:
    """Characters that columns take, their gaps included."""
    return sum(
        3
        + max(
            *(len(line) for line in _head(title, stacked).split("\n")),
            *(
                max(len(_bare(value)), len(spread))
                if stacked
                else len(f"{_bare(value)} {spread}".strip())
                for value, spread in column
            ),
        )
        for title, column in cells.items()
    )


def _cell(shown: tuple[str, str], stacked: bool) -> Text:
    value, spread = shown
    if not spread:
        return Text(_bare(value), style="dim" if value == DASH else "")
    return Text.assemble(_bare(value), "\n" if stacked else " ", (spread, "dim"))


def _bare(value: str) -> str:
    """Without the unit that the column's head says already."""
    return value.removesuffix(" tokens/s").removesuffix(" queries/s")


def _missing(group: Sequence[TrialSummary]) -> list[Text]:
    """Why columns are missing, have dashes or no interval: one line a reason."""
    return [
        Text(reason if not what else f"{what}: {reason}", style="dim")
        for what, reason in missing_reasons(group)
    ]


def _failures(group: Sequence[TrialSummary], labels: Mapping[str, str]) -> list[Text]:
    lines = []
    for trial in group:
        for status, error, replicates in failures_by_reason(trial):
            which = ", ".join(map(str, replicates))
            head = f"{labels[trial.key]}, replicate{_s(len(replicates))} {which}: {status}. "
            lines.append(Text.assemble(("✗ ", "red"), head, error))
        if not trial.statuses:
            lines.append(Text(f"… {labels[trial.key]}: has not run", style="dim"))
    return lines


def _s(count: int) -> str:
    return "" if count == 1 else "s"
