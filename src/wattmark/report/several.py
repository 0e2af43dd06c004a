"""Several runs in one report: which they are, all trials side by side, and what compare says.

Runs are told apart by their names. The first run is the base, every other run is set against it by
the same comparison as `wattmark compare`; runs that cannot be compared say why not.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from wattmark.analysis.compare_sources import compare_runs
from wattmark.analysis.comparison import Change, Comparison
from wattmark.analysis.summary import TrialSummary
from wattmark.errors import InputError
from wattmark.report.comparison import by_trial, cells, remarks, trial_title
from wattmark.report.content import table_of
from wattmark.report.facts import machine_of, status_of
from wattmark.report.format import plain, timestamp
from wattmark.report.labels import group_title, short_labels, short_name, short_task
from wattmark.store.reader import Run

RUN_COLUMNS = ("run", "date", "machine", "models", "tasks", "trials", "replicates", "energy")
LEADING = (
    "accuracy",
    "energy_per_token_j",
    "energy_per_query_j",
    "energy_per_correct_j",
    "tokens_per_s",
    "queries_per_s",
    "ttft_s",
    "latency_s",
    "ram_peak_bytes",
    "vram_peak_bytes",
)
"""Metrics of a comparison that are seen at once; the others are behind a fold."""


@dataclass(frozen=True, kw_only=True)
class TrialChanges:
    """A trial of two runs: rows in the order of `comparison.COLUMNS`, and what is to be said."""

    title: str
    leading: Sequence[Sequence[str]]
    others: Sequence[Sequence[str]]
    remarks: Sequence[str]


@dataclass(frozen=True, kw_only=True)
class Match:
    """A run against the first one. `why` is the reason where they were not compared, else ''."""

    id: str
    base: str
    head: str
    trials: Sequence[TrialChanges] = ()
    warnings: Sequence[str] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Across:
    """What is said across runs. `table` is a summary table whose rows also name their `run`."""

    runs: Sequence[tuple[str, Sequence[str]]]
    """(id of the run's chapter, its cells in the order of `RUN_COLUMNS`)."""
    table: Mapping[str, Any]
    matches: Sequence[Match]
    notes: Sequence[str]
    """In what the machines and versions differ."""


def apart(runs: Sequence[Run]) -> list[str]:
    """Names that tell the runs apart: the run's own, else its folder's, else with a number.

    Raises InputError where a run is given twice, or none is.
    """
    if not runs:
        raise InputError("There is no run to report.", "Give one run directory or several.")
    twice = [path for path, n in Counter(run.path.resolve() for run in runs).items() if n > 1]
    if twice:
        raise InputError(f"'{twice[0]}' is given twice.", "Give each run once.")
    names = [plain(run.info.get("name") or run.path.name, 80) for run in runs]
    counts = Counter(names)
    names = [
        name if counts[name] == 1 else plain(run.path.name, 80)
        for name, run in zip(names, runs, strict=True)
    ]
    counts, seen = Counter(names), Counter[str]()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if counts[name] == 1 else f"{name} ({seen[name]})")
    return found


def across(
    runs: Sequence[Run],
    names: Sequence[str],
    found: Sequence[Sequence[TrialSummary]],
    prefixes: Sequence[str],
) -> Across:
    """Everything that is said of the runs together; lists are in the order of the runs."""
    return Across(
        runs=[
            (f"{prefix}run", _row(run, name, summaries))
            for run, name, summaries, prefix in zip(runs, names, found, prefixes, strict=True)
        ],
        table=_all_trials(names, found),
        matches=[
            _match(runs[0], head, names[0], name, f"{prefix}match")
            for head, name, prefix in zip(runs[1:], names[1:], prefixes[1:], strict=True)
        ],
        notes=_unlike(runs),
    )


def _row(run: Run, name: str, summaries: Sequence[TrialSummary]) -> list[str]:
    status = status_of(run.info, summaries)
    created = run.info.get("created_at")
    return [
        name,
        timestamp(str(created)) if created else "–",
        machine_of(run.info) or "not told",
        _listed(short_name(trial.model) for trial in summaries),
        _listed(short_task(trial.task) for trial in summaries),
        str(len(summaries)),
        f"{status['ok']} of {status['planned']} ok",
        str(status["energy"]),
    ]


def _all_trials(names: Sequence[str], found: Sequence[Sequence[TrialSummary]]) -> dict[str, Any]:
    """One table of all trials; engines are named where they differ between the runs."""
    whose = [
        (name, trial) for name, summaries in zip(names, found, strict=True) for trial in summaries
    ]
    trials = [trial for _, trial in whose]
    labels = [short_labels(summaries)[trial.key] for summaries in found for trial in summaries]
    table = table_of(trials, {trial.key: "" for trial in trials})
    engines = len({(trial.backend, trial.device) for trial in trials}) > 1
    rows = [
        {
            **row,
            "label": label,
            "run": name,
            "group": group_title(trial)
            + (f" · {plain(trial.backend)} {plain(trial.device)}" if engines else ""),
        }
        for row, label, (name, trial) in zip(table["rows"], labels, whose, strict=True)
    ]
    return {**table, "rows": rows}


def _match(base: Run, head: Run, base_name: str, head_name: str, id_: str) -> Match:
    try:
        comparison = compare_runs(base, head)
    except InputError as reason:
        return Match(id=id_, base=base_name, head=head_name, why=plain(reason, 600))
    return Match(
        id=id_,
        base=base_name,
        head=head_name,
        trials=[
            _changes(comparison, trial, changes) for trial, changes in by_trial(comparison).items()
        ],
        warnings=[plain(line, 400) for line in comparison.warnings],
    )


def _changes(comparison: Comparison, trial: str, changes: Sequence[Change]) -> TrialChanges:
    return TrialChanges(
        title=trial_title(comparison, trial),
        leading=[cells(change) for change in changes if change.metric in LEADING],
        others=[cells(change) for change in changes if change.metric not in LEADING],
        remarks=remarks(changes),
    )


def _unlike(runs: Sequence[Run]) -> list[str]:
    """Machines and versions that are not the same in all runs."""
    notes = []
    machines = {machine_of(run.info) for run in runs}
    if len(machines) > 1:
        notes.append(
            "The runs are of different machines: their figures differ for that reason as well."
        )
    versions = dict.fromkeys(plain(run.info.get("wattmark_version") or "–", 20) for run in runs)
    if len(versions) > 1:
        notes.append(f"They were made by different versions of Wattmark: {', '.join(versions)}.")
    schemas = dict.fromkeys(str(run.info.get("schema_version")) for run in runs)
    if len(schemas) > 1:
        notes.append(f"Their schema versions differ ({', '.join(schemas)}); read as the newest.")
    return notes


def _listed(words: Any, most: int = 4) -> str:
    names = list(dict.fromkeys(words))
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
