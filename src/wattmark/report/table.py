"""The terminal's tables: what each trial costs, how fast it is, how good, and what to doubt.

Two tables a group (cost; speed, memory and quality), because twelve columns are read by nobody.
On a narrow terminal an interval stands below its figure, on a wide one beside it. Text from
outside (model names, errors) is stripped of escapes and never read as markup.
"""

from __future__ import annotations

import dataclasses
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from wattmark.analysis.summary import CountedDoubt, TrialSummary, intensity_of
from wattmark.analysis.verdict import groups, headline, verdicts
from wattmark.report.format import DASH, parts, plain, provenance
from wattmark.report.labels import group_title, short_labels
from wattmark.store.reader import Run

Cells = dict[str, list[tuple[str, str]]]
"""Title and metric → (figure, interval) of each trial."""

NET = "net"
COST = {
    "energy_per_token_j": "J/token",
    "energy_per_token_net_j": NET,
    "energy_per_query_j": "J/query",
    "energy_per_query_net_j": NET,
    "energy_per_correct_j": "J/correct",
    "co2e_g_per_query": "CO2e/query",
}
SPEED = {
    "tokens_per_s": "tokens/s",
    "queries_per_s": "queries/s",
    "ttft_s": "TTFT",
    "tpot_s": "TPOT",
    "latency_s": "latency",
}
QUALITY = {
    "ram_peak_bytes": "RAM",
    "vram_peak_bytes": "VRAM",
    "accuracy": "accuracy",
}
ALWAYS = "energy_per_query_j"
"""The column that is shown even where all of it is –."""

FULL_NAMES = {
    "energy_per_token_net_j": "J/token net",
    "energy_per_query_net_j": "J/query net",
}


def render_table(summaries: Sequence[TrialSummary], console_width: int = 80) -> Group:
    """Everything about the trials for a console of that width; nothing is printed here."""
    labels = short_labels(summaries)
    shown: list[RenderableType] = []
    for group in groups(summaries):
        shown += [Text(group_title(group[0]), style="bold"), _energy_line(group)]
        for table in _tables(group, labels, console_width):
            shown += [table, Text("")]
        shown += [*_missing(group), *_failures(group, labels), Text("")]
    if not summaries:
        shown.append(Text("No trial has run.", style="dim"))
    return Group(*shown, *render_doubts(summaries))


def render_doubts(summaries: Iterable[TrialSummary]) -> list[RenderableType]:
    """Warnings by code, the most frequent first, each with its count and what to do."""
    lines: list[RenderableType] = []
    for doubt, trials in doubts_by_code(summaries):
        where = f"{doubt.replicates} replicate{_s(doubt.replicates)}, {trials} trial{_s(trials)}"
        line = Text.assemble(("! ", "yellow"), (plain(doubt.code), "bold"), (f"  {where}  ", "dim"))
        lines.append(line)
        lines.append(Padding(Text(plain(f"{doubt.message} {doubt.hint}")), (0, 0, 0, 2)))
    return [Text("Doubts", style="bold"), *lines] if lines else []


def render_left_out(info: Mapping[str, Any]) -> list[RenderableType]:
    """Combinations of the grid that were left out, with reasons; from run.json."""
    left_out = [entry for entry in info.get("left_out") or () if isinstance(entry, Mapping)]
    lines = [
        Text(f"  {plain(entry.get('what', '?'))}: {plain(entry.get('why', ''))}")
        for entry in left_out
    ]
    return [Text("Left out", style="bold"), *lines] if lines else []


def doubts_by_code(summaries: Iterable[TrialSummary]) -> list[tuple[CountedDoubt, int]]:
    """Doubts of all trials by code: the first wording, replicates in all, and trials."""
    found: dict[str, CountedDoubt] = {}
    replicates: Counter[str] = Counter()
    trials: Counter[str] = Counter()
    for summary in summaries:
        for doubt in summary.doubts:
            found.setdefault(doubt.code, doubt)
            replicates[doubt.code] += doubt.replicates
            trials[doubt.code] += 1
    return [
        (dataclasses.replace(found[code], replicates=count), trials[code])
        for code, count in replicates.most_common()
    ]


def summary_json(run: Run, summaries: Sequence[TrialSummary]) -> dict[str, Any]:
    """The run for programs: `summaries`, `verdicts` and `headline` as plain JSON values.

    None is not measured; a figure without bounds has low and high None. No infinity, no NaN.
    """
    whole = {
        "schema_version": run.info.get("schema_version"),
        "name": run.info.get("name"),
        "status": run.info.get("status"),
        "intensity_g_per_kwh": intensity_of(run.info),
        "trials": [dataclasses.asdict(summary) for summary in summaries],
        "verdicts": [dataclasses.asdict(verdict) for verdict in verdicts(run)],
        "headline": [
            {
                "model": entry.model,
                "task": entry.task,
                "mode": entry.mode,
                "metric": entry.metric,
                "reference": entry.reference.key,
                "best": entry.best.key,
                "verdict": entry.verdict and dataclasses.asdict(entry.verdict),
                "accuracy": entry.accuracy and dataclasses.asdict(entry.accuracy),
                "cheaper_but_worse": [trial.key for trial in entry.worse],
            }
            for entry in headline(run)
        ],
        "left_out": run.info.get("left_out") or [],
    }
    finite: dict[str, Any] = _finite(whole)
    return finite


def _energy_line(group: Sequence[TrialSummary]) -> Text:
    """Provenance once where all trials share it, else trial by trial in the table's words."""
    words = dict.fromkeys(
        provenance(trial.provenance, trial.gain_uncertainty) for trial in group if trial.n_ok
    )
    return Text("energy: " + "; ".join(words), style="dim") if words else Text("")


def _tables(
    group: Sequence[TrialSummary], labels: Mapping[str, str], console_width: int
) -> list[Table]:
    """Interval beside its figure where it fits, else below it; what is too wide is split."""
    names = [Text(labels[trial.key]) for trial in group]
    room = console_width - max(name.cell_len for name in names)
    cost, speed, quality = (_cells(group, columns) for columns in (COST, SPEED, QUALITY))
    stacked = any(_width(cells, False) > room for cells in (cost, speed, quality))
    together = {**speed, **quality}
    sets = [together] if _width(together, stacked) <= room else [speed, quality]
    chunks = [chunk for cells in (cost, *sets) for chunk in _split(cells, room, stacked)]
    return [_table(names, chunk, stacked) for chunk in chunks]


def _cells(group: Sequence[TrialSummary], columns: Mapping[str, str]) -> Cells:
    """Title → a cell a trial, of the columns that at least one trial has."""
    cells = {
        f"{title} {name}": [parts(trial.estimates[name]) for trial in group]
        for name, title in columns.items()
        if name == ALWAYS or any(trial.estimates[name].value is not None for trial in group)
    }
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
        table.add_column(title.partition(" ")[0], justify="right", no_wrap=True)
    for index, name in enumerate(names):
        table.add_row(name, *(_cell(column[index], stacked) for column in cells.values()))
    return table


def _width(cells: Cells, stacked: bool) -> int:
    """Characters that columns take, their gaps included."""
    return sum(
        3
        + max(
            len(title.partition(" ")[0]),
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


def missing_reasons(group: Sequence[TrialSummary]) -> dict[str, list[str]]:
    """Reason → titles of what is missing (or has no interval) for it, over a group."""
    names = {**COST, **SPEED, **QUALITY, **FULL_NAMES}
    reasons: dict[str, list[str]] = {}
    for trial in group:
        for name, title in names.items():
            note = trial.estimates[name].note
            silent = name.startswith("co2e") or name == "vram_peak_bytes" or not trial.n_ok
            if note and not silent and title not in reasons.setdefault(note, []):
                reasons[note].append(title)
    return reasons


def _missing(group: Sequence[TrialSummary]) -> list[Text]:
    """Why columns are missing, have dashes or no interval: one line a reason."""
    return [
        Text(f"{DASH} {', '.join(titles)}: {reason}", style="dim")
        for reason, titles in missing_reasons(group).items()
    ]


def failures_by_reason(trial: TrialSummary) -> list[tuple[str, str, list[int]]]:
    """(status, error, replicates) of a trial, each reason once."""
    found: dict[tuple[str, str], list[int]] = {}
    for failure in trial.failures:
        error = plain(failure.error, 300)
        found.setdefault((failure.status, error), []).append(failure.replicate)
    return [(status, error, replicates) for (status, error), replicates in found.items()]


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


def _finite(value: Any) -> Any:
    """Plain JSON: no tuple, no infinity, no NaN."""
    if isinstance(value, Mapping):
        return {str(key): _finite(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
