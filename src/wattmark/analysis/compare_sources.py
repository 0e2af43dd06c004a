"""What is set against what: two runs trial by trial, or two tables.

Trials are matched by their identity (model, engine, precision, device, batch, task, mode, options).
Where none is the same on both sides, what has one value throughout base and another throughout
head is taken as the change under test, and the rest is matched. Blocks pair up within one run,
between folders of runs that were taken in turns, and between tables whose blocks are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from wattmark.analysis.compare import adjusted, compare_arms, shared_blocks
from wattmark.analysis.compare_tables import metrics_of, read_table
from wattmark.analysis.compare_trials import (
    FIELDS,
    Side,
    TrialArm,
    differences_of,
    side_of,
    unlike,
)
from wattmark.analysis.comparison import HIGHER, LOWER, Change, Comparison, Settings
from wattmark.analysis.metrics import METRICS, Metric
from wattmark.errors import InputError, unknown
from wattmark.store.reader import Run

ACCURACY = "accuracy"
SELECTORS = "Choose with --base-trial and --head-trial (a part of the name)."
INDEPENDENT = (
    "replicates do not pair up by blocks: the arms are taken as independent, and what drifted"
    " between them counts as a difference"
)
MIXED = "Give two run directories or two CSV files."


def compare_paths(
    base: Path,
    head: Path,
    settings: Settings | None = None,
    *,
    base_trial: str = "",
    head_trial: str = "",
    lower: Iterable[str] = (),
    higher: Iterable[str] = (),
) -> Comparison:
    """Compare two run directories, two folders of runs (one a block), or two CSV files.

    `base_trial` and `head_trial` are parts of trials' labels; `lower` and `higher` name metrics
    that are better so. Raises InputError on what cannot be compared.
    """
    settings = settings or Settings()
    for path in (base, head):
        if not path.exists():
            raise InputError(f"There is no '{path}'.", "Give run directories or CSV files.")
    if base.is_dir() != head.is_dir():
        raise InputError(f"'{base}' and '{head}' are a folder and a file.", MIXED)
    directions = _directions(lower, higher)
    if base.is_dir():
        sides = (side_of(base), side_of(head))
        return compare_sides(
            *sides, settings, trials=(base_trial, head_trial), directions=directions
        )
    if base_trial or head_trial:
        raise InputError("A CSV file is one arm: it has no trials to choose from.")
    return _compare_tables(base, head, settings, directions)


def compare_runs(base: Run, head: Run, settings: Settings | None = None) -> Comparison:
    """Compare two opened runs, trial by trial; errors as `compare_paths`."""
    sides = (Side(base.path, ((None, base),)), Side(head.path, ((None, head),)))
    return compare_sides(*sides, settings or Settings())


def compare_sides(
    base: Side,
    head: Side,
    settings: Settings,
    *,
    trials: tuple[str, str] = ("", ""),
    directions: Mapping[str, str] | None = None,
) -> Comparison:
    """Two sides of runs: every pair of trials that match, with what they were matched on."""
    same = base.path.resolve() == head.path.resolve()
    if same and not all(trials):
        raise InputError(
            f"'{base.path}' is both base and head: everything would be the same.",
            f"{SELECTORS} {_listed(base.trials)}",
        )
    chosen = (_chosen(base, trials[0]), _chosen(head, trials[1]))
    pairs, alone = matched(*chosen)
    if same and any(before.identity == after.identity for before, after in pairs):
        raise InputError(
            "The same trial is chosen for base and for head.", f"{SELECTORS} {_listed(base.trials)}"
        )
    if not pairs:
        raise InputError(
            "No trial of base matches one of head.",
            f"{SELECTORS} Base: {_listed(chosen[0])} Head: {_listed(chosen[1])}",
        )
    given = {name: word for name, word in (directions or {}).items() if name != ACCURACY}
    metrics = _directed(METRICS.values(), given)
    interleaved = same or (base.interleaved and head.interleaved)
    changes: list[Change] = []
    warnings = [] if same else differences_of(base, head)
    warnings += [*base.unfinished, *([] if same else head.unfinished)]
    warnings += [f"only in {side}: {label}" for side in alone for label in alone[side]]
    matches, refused = [], []
    for before, after in pairs:
        reason, doubts = unlike(before, after)
        if reason:
            refused.append(f"{before.label} / {after.label}: {reason}")
            continue
        found = compare_arms(
            before.arm, after.arm, metrics, settings, paired=interleaved, trial=after.label
        )
        changes += found
        warnings += [*doubts, *before.failed("base"), *after.failed("head")]
        matches.append(_match(before, after, found))
    if not any(match["paired_blocks"] for match in matches):
        warnings.append(INDEPENDENT)
    if not matches:
        raise InputError("\n  - ".join(["The trials cannot be compared.", *refused]))
    return Comparison(
        base=str(base.path),
        head=str(head.path),
        changes=adjusted(changes),
        matched_on={"kind": "runs", "one_session": interleaved, "trials": matches},
        warnings=tuple(dict.fromkeys([*warnings, *(f"left out: {said}" for said in refused)])),
        missing=_missing(metrics, changes, pairs),
        only_base=tuple(alone["base"]),
    )


def matched(
    base: Sequence[TrialArm], head: Sequence[TrialArm]
) -> tuple[list[tuple[TrialArm, TrialArm]], dict[str, list[str]]]:
    """Trials that match, and by side the labels of those that do not."""
    fields = list(FIELDS)
    if not {trial.identity for trial in base} & {trial.identity for trial in head}:
        fields = [name for name in FIELDS if not _set_apart(name, base, head)]

    def cell(trial: TrialArm) -> tuple[Any, ...]:
        return tuple(trial.fields[name] for name in fields)

    there = {cell(trial): trial for trial in head}
    if len({cell(trial) for trial in base}) < len(base) or len(there) < len(head):
        return [], {"base": [], "head": []}
    pairs = [(trial, there[cell(trial)]) for trial in base if cell(trial) in there]
    found = {cell(trial) for trial, _ in pairs}
    sides = {"base": base, "head": head}
    return pairs, {
        side: [trial.label for trial in trials if cell(trial) not in found]
        for side, trials in sides.items()
    }


def _set_apart(name: str, base: Sequence[TrialArm], head: Sequence[TrialArm]) -> bool:
    """Whether a field has one value throughout base, and another throughout head."""
    values = [{trial.fields[name] for trial in side} for side in (base, head)]
    return len(values[0]) == len(values[1]) == 1 and values[0] != values[1]


def _match(before: TrialArm, after: TrialArm, found: Sequence[Change]) -> dict[str, Any]:
    """What one pair has in common, what it differs in, and how its blocks were used."""
    differ = {
        name: [before.fields[name], after.fields[name]]
        for name in FIELDS
        if before.fields[name] != after.fields[name]
    }
    shared = shared_blocks(before.arm.rows, after.arm.rows)
    paired = any(change.paired and change.metric != ACCURACY for change in found)
    answers = before.arm.answers.keys() & after.arm.answers.keys()
    return {
        "base": before.label,
        "head": after.label,
        "same": [name for name in FIELDS if name not in differ],
        "differ": differ,
        "paired_blocks": len(shared) if paired else None,
        "shared_queries": len(answers),
    }


def _chosen(side: Side, part: str) -> Sequence[TrialArm]:
    """Trials whose label has the words; all of them without any."""
    if not part:
        return side.trials
    exact = [trial for trial in side.trials if trial.label == part]
    found = exact or [trial for trial in side.trials if part.lower() in trial.label.lower()]
    if not found:
        raise InputError(f"No trial of '{side.path}' has '{part}'.", _listed(side.trials))
    return found


def _listed(trials: Sequence[TrialArm]) -> str:
    names = "; ".join(trial.label for trial in trials[:20])
    more = f" and {len(trials) - 20} more" if len(trials) > 20 else ""
    return f"There is: {names or 'no trial that ended ok'}{more}."


def _missing(
    metrics: Sequence[Metric],
    changes: Sequence[Change],
    pairs: Sequence[tuple[TrialArm, TrialArm]],
) -> dict[str, str]:
    """Metric → why neither side has it."""
    told = {change.metric for change in changes}
    rows = [row for pair in pairs for trial in pair for row in trial.arm.rows]
    missing = {
        metric.name: metric.of(rows[0]).why if rows else "no replicate ended ok"
        for metric in metrics
        if metric.name not in told
    }
    if ACCURACY not in told:
        missing[ACCURACY] = "no query was scored on both sides"
    return missing


def _compare_tables(
    base: Path, head: Path, settings: Settings, directions: Mapping[str, str]
) -> Comparison:
    tables = (read_table(base), read_table(head))
    metrics, warnings = metrics_of(*tables)
    metrics = _directed(metrics, directions)
    arms = (tables[0].arm, tables[1].arm)
    blocks = shared_blocks(arms[0].rows, arms[1].rows)
    paired = all(table.has_blocks for table in tables) and bool(blocks)
    if settings.paired and not paired:
        raise InputError(
            "The rows cannot be paired: fewer than half of an arm's blocks are in common.",
            "Give both files a column 'block', or leave --paired out.",
        )
    changes = compare_arms(*arms, metrics, settings, paired=paired)
    used = paired if settings.paired is None else settings.paired
    if not used:
        warnings.append(INDEPENDENT)
    warnings += [
        f"{metric.name}: no name tells whether lower or higher is better; say"
        f" --lower-is-better or --higher-is-better {metric.name}"
        for metric in metrics
        if not metric.better
    ]
    told = {change.metric for change in changes}
    return Comparison(
        base=str(base),
        head=str(head),
        changes=adjusted(changes),
        matched_on={"kind": "tables", "blocks": len(blocks) if used else None},
        warnings=tuple(warnings),
        missing={m.name: "no cell has a number" for m in metrics if m.name not in told},
    )


def _directions(lower: Iterable[str], higher: Iterable[str]) -> dict[str, str]:
    lower, higher = list(lower), list(higher)
    both = sorted(set(lower) & set(higher))
    if both:
        raise InputError(f"'{both[0]}' cannot be better both lower and higher.")
    return {**dict.fromkeys(lower, LOWER), **dict.fromkeys(higher, HIGHER)}


def _directed(metrics: Iterable[Metric], directions: Mapping[str, str]) -> list[Metric]:
    """The metrics with the directions that were given; InputError on one that is not there."""
    there = {metric.name: metric for metric in metrics}
    for name in directions:
        if name not in there:
            raise InputError(unknown("metric", name, there))
    return [
        replace(metric, better=directions.get(name, metric.better))
        for name, metric in there.items()
    ]
