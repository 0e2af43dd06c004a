"""Run directories as sides of a comparison: their trials, and what makes two of them unlike.

A side is one run, or a folder of runs of which each is a block: base and head taken in turns on
one machine, by name. Then equal names are blocks in common.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from wattmark.analysis.comparison import Arm
from wattmark.analysis.doubts import disturbed
from wattmark.analysis.metrics import Row
from wattmark.errors import InputError
from wattmark.store.reader import Run, open_run

FIELDS = (
    "model",
    "weights",
    "backend",
    "precision",
    "device",
    "batch_size",
    "task",
    "mode",
    "options",
)
"""What a trial is, for matching."""
MACHINE = ("cpu_model", "ram_bytes", "threads", "governor", "turbo", "kernel")
ASKED = ("max_new_tokens", "warmups", "retrieval", "asking")
"""What else a trial was told, which changes its costs but not what it is."""
MOST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class TrialArm:
    """One trial of a side. `queries` is query id → what was asked; `statuses` counts replicates.

    `asked` is what the plan told it beside its identity.
    """

    label: str
    fields: Mapping[str, Any]
    version: str
    asked: Mapping[str, Any]
    arm: Arm
    queries: Mapping[str, str]
    statuses: Mapping[str, int]

    @property
    def identity(self) -> tuple[Any, ...]:
        """What a trial of another run must have too, to be the same one."""
        return tuple(self.fields[name] for name in FIELDS)

    def failed(self, side: str) -> list[str]:
        """What is to be said of replicates that did not end ok, or ran beside other load."""
        bad = {status: n for status, n in self.statuses.items() if status != "ok"}
        total, loud = sum(self.statuses.values()), sum(map(disturbed, self.arm.rows))
        told = ", ".join(f"{n} {status}" for status, n in sorted(bad.items()))
        lines = [f"{side}, {self.label}: {sum(bad.values())} of {total} replicates: {told}"]
        noisy = f"{side}, {self.label}: {loud} of {total} replicates ran beside other load"
        return [*(lines if bad else []), *([noisy] if loud else [])]


@dataclass(frozen=True)
class Side:
    """A path and its runs, each with the name of its block (None: the run has blocks itself)."""

    path: Path
    runs: tuple[tuple[str | None, Run], ...]

    @property
    def interleaved(self) -> bool:
        """Whether its runs are blocks that may have been taken in turns with another side's."""
        return self.runs[0][0] is not None

    @property
    def unfinished(self) -> list[str]:
        """A line for each run that is not complete."""
        return [
            f"{run.path}: not finished ({run.trials.num_rows} of {run.info.get('planned')}"
            " replicates)"
            for _, run in self.runs
            if run.info["status"] != "complete"
        ]

    @cached_property
    def trials(self) -> list[TrialArm]:
        """Its trials that ended ok at least once, in the order of their first replicate."""
        rows: dict[tuple[Any, ...], list[tuple[str, Row]]] = {}
        plans: dict[str, Mapping[str, Any]] = {}
        answers: dict[str, Mapping[str, tuple[int, int, str]]] = {}
        for block, run in self.runs:
            plans |= {entry["key"]: entry for entry in run.info.get("plan") or ()}
            prefix = "" if block is None else f"{block}/"
            for key, asked in _asked(run).items():
                answers[f"{prefix}{key}"] = asked
            for row in run.trials.to_pylist():
                cell = tuple(_fields(row).values())
                rows.setdefault(cell, []).append((prefix, row))
        found = (self._trial(members, plans, answers) for members in rows.values())
        return [trial for trial in found if trial.arm.rows]

    def _trial(
        self,
        members: Sequence[tuple[str, Row]],
        plans: Mapping[str, Mapping[str, Any]],
        answers: Mapping[str, Mapping[str, tuple[int, int, str]]],
    ) -> TrialArm:
        first = members[0][1]
        fields = _fields(first)
        plan = plans.get(first["trial_key"], {})
        label = str(plan.get("label") or " · ".join(map(str, fields.values())))
        seen: Counter[Any] = Counter()
        good = []
        for prefix, row in members:
            block = f"{prefix}{row['block']}" if prefix else row["block"]
            seen[block] += 1
            if seen[block] > 1:
                raise InputError(
                    f"'{self.path}' has block {block} of '{label}' twice.",
                    "A trial stands once in a block: the run is damaged, or holds trials that"
                    " only differ in what is not part of their names.",
                )
            if row["status"] == "ok":
                good.append({**row, "block": block})
        votes: dict[str, list[int]] = {}
        queries: dict[str, str] = {}
        for source in dict.fromkeys(f"{prefix}{row['trial_key']}" for prefix, row in members):
            for query, (right, scored, text) in answers.get(source, {}).items():
                queries[query] = text
                if scored:
                    tally = votes.setdefault(query, [0, 0])
                    tally[0] += right
                    tally[1] += scored
        return TrialArm(
            label=label,
            fields=fields,
            version=str(first.get("task_version") or ""),
            asked={name: plan.get(name, first.get(name)) for name in ASKED},
            arm=Arm(
                label=label,
                rows=good,
                answers={query: 2 * right > of for query, (right, of) in votes.items()},
            ),
            queries=queries,
            statuses=Counter(str(row["status"]) for _, row in members),
        )


def side_of(path: Path) -> Side:
    """A run directory, or a folder of them; RunDirectoryError says what is wrong with it."""
    if not (path / "run.json").exists():
        inside = sorted(item for item in path.iterdir() if (item / "run.json").is_file())
        if inside:
            return Side(path, tuple((item.name, open_run(item)) for item in inside))
    return Side(path, ((None, open_run(path)),))


def unlike(base: TrialArm, head: TrialArm) -> tuple[str, list[str]]:
    """Why two trials cannot be compared ('' where they can), and what is to be doubted."""
    tasks = base.fields["task"], head.fields["task"]
    if tasks[0] != tasks[1]:
        return f"the tasks are '{tasks[0]}' and '{tasks[1]}': other work has other costs", []
    if base.version != head.version:
        return (
            f"task '{tasks[0]}' has version {base.version} in base and {head.version} in head:"
            " its questions, prompts or scoring changed; measure both with one version"
        ), []
    doubts = [
        f"{head.label}: other {name}: {base.asked[name]} in base, {head.asked[name]} in head"
        for name in ASKED
        if base.asked[name] != head.asked[name]
    ]
    if not base.queries or not head.queries:
        return "", doubts
    shared = {q for q, text in base.queries.items() if head.queries.get(q) == text}
    if not shared:
        return f"task '{tasks[0]}': they have no query in common", []
    if len(shared) == len(base.queries) == len(head.queries):
        return "", doubts
    sizes = f"{len(base.queries)} queries in base, {len(head.queries)} in head"
    return "", [
        *doubts,
        f"{head.label}: other query sets ({sizes}, {len(shared)} in common): accuracy is of"
        " those in common, but joules and times are of all that each arm answered",
    ]


def differences_of(base: Side, head: Side) -> list[str]:
    """What makes the machines, sensors and formats of two sides unlike."""
    infos = [[run.info for _, run in side.runs] for side in (base, head)]
    lines = []
    for name in MACHINE:
        values = [
            _told(side, lambda info, n=name: (info.get("machine") or {}).get(n)) for side in infos
        ]
        lines += _line(f"other machine: {name}", *values)
    lines += _line("other machine: gpus", *(_told(side, _gpus) for side in infos))
    lines += _line("other sensors", *(_told(side, _sensors) for side in infos))
    versions = [_told(side, lambda info: info.get("schema_version")) for side in infos]
    lines += _line("other schema versions, read as the newest", *versions)
    return [*lines, *_other_software(infos[0][0], infos[1][0])]


def _fields(row: Row) -> dict[str, Any]:
    fields = {name: row.get(name) for name in FIELDS}
    return {
        **fields,
        "weights": fields["weights"] or "pretrained",
        "batch_size": fields["batch_size"] or 1,
        "mode": fields["mode"] or "baseline",
        "options": fields["options"] or "{}",
    }


def _asked(run: Run) -> dict[str, dict[str, tuple[int, int, str]]]:
    """Trial key → query id → (times right, times scored, the question)."""
    table = run.select("queries", ["trial_key", "query_id", "query", "correct"])
    table = table.set_column(3, "correct", pc.cast(table.column("correct"), "int64"))
    counted = table.group_by(["trial_key", "query_id"]).aggregate(
        [("correct", "sum"), ("correct", "count"), ("query", "min")]
    )
    columns = ("trial_key", "query_id", "correct_sum", "correct_count", "query_min")
    found: dict[str, dict[str, tuple[int, int, str]]] = {}
    for key, query, right, scored, text in zip(
        *(counted.column(name).to_pylist() for name in columns), strict=True
    ):
        found.setdefault(key, {})[query] = (right or 0, scored, text or "")
    return found


def _told(infos: Sequence[Mapping[str, Any]], read: Any) -> str:
    """What all runs of a side say, by comma; in one form, to be compared."""
    return ", ".join(sorted({json.dumps(read(info), sort_keys=True) for info in infos}))


def _line(what: str, base: str, head: str) -> list[str]:
    return [] if base == head else [f"{what}: {base} in base, {head} in head"]


def _gpus(info: Mapping[str, Any]) -> list[str]:
    gpus = (info.get("machine") or {}).get("gpus") or ()
    return [str(gpu.get("name", gpu)) if isinstance(gpu, Mapping) else str(gpu) for gpu in gpus]


def _sensors(info: Mapping[str, Any]) -> list[str]:
    return sorted(str(sensor.get("name")) for sensor in info.get("sensors") or ())


def _other_software(base: Mapping[str, Any], head: Mapping[str, Any]) -> list[str]:
    """Versions of software that differ: they may be what is under test."""
    versions = [(info.get("machine") or {}).get("versions") or {} for info in (base, head)]
    differ = [
        f"{name} {versions[0].get(name, '–')} / {versions[1].get(name, '–')}"
        for name in sorted(versions[0].keys() | versions[1].keys())
        if versions[0].get(name) != versions[1].get(name)
    ]
    more = f" and {len(differ) - MOST_NAMED} more" if len(differ) > MOST_NAMED else ""
    return [f"other software: {', '.join(differ[:MOST_NAMED])}{more}"] if differ else []
