"""From a suite to a plan: the trials, their order, what is left out and why, and how long.

Order: every trial once per block, shuffled in each block, so that a drift of the machine
falls on all trials alike (simulated: a 3 % drift makes A-then-B falsely positive half the
time, interleaved blocks 6 %).
"""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from wattmark.errors import InputError
from wattmark.runner.asking import shots_of
from wattmark.runner.cells import Grid, LeftOut, Model
from wattmark.runner.foreseen import Foreseen, Foresight
from wattmark.schema import Query, Suite, Trial
from wattmark.tasks import Task
from wattmark.tasks.find import find_task


@dataclass(frozen=True)
class Slot:
    """One replicate's place in the run."""

    trial: Trial
    replicate: int
    block: int
    order: int


@dataclass(frozen=True)
class Plan:
    """What will be run, in order."""

    suite: Suite
    trials: tuple[Trial, ...]
    slots: tuple[Slot, ...]
    left_out: tuple[LeftOut, ...]
    kinds: dict[str, str]
    """Model → its kind, causal or classifier."""
    weight_bytes: dict[str, int]
    models: tuple[Model, ...]
    memory: Foresight
    foreseen: dict[str, Foreseen]
    """Trial key → the memory that it will take."""
    notes: tuple[str, ...] = ()
    """What was understood otherwise than it was written: older names of precisions."""
    batches_found: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """Trial key → how its batch size was found, where it was asked for as auto."""

    def task(self, trial: Trial) -> Task:
        """The task of a trial."""
        return find_task(trial.task)

    def queries(self, trial: Trial) -> tuple[Query, ...]:
        """The queries of a trial, in order; a classifier gets the bare text, without a template."""
        found = _queries(trial)
        if self.kinds.get(trial.model) != "classifier":
            return found
        return tuple(replace(query, prompt=query.text) for query in found)

    def shots(self, trial: Trial) -> tuple[tuple[str, str], ...]:
        """Prompts and answers that are shown before each prompt."""
        count = trial.asking.shots if trial.asking is not None else 0
        return shots_of(find_task(trial.task), trial.limit, trial.seed, count)


def expand(suite: Suite, *, left_out_before: Collection[str] | None = None) -> Plan:
    """The plan of a validated suite.

    `left_out_before` is what a run left out when it was begun: its memory is not asked again,
    so that it goes on with the trials that it had. Raises InputError where nothing of the grid
    can be run, with every reason.
    """
    grid = Grid(suite)
    cells = grid.trials()
    left_out = grid.left_out
    sources = {name: each.source for name, each in grid.models.items() if each.source is not None}
    memory = Foresight(sources, suite.memory_limit_bytes)
    foreseen = {
        trial.key: memory.of(trial, _queries(trial), trial.batch_size or 1) for trial in cells
    }
    trials = {}
    for trial in cells:
        why = _too_large(suite, trial, foreseen[trial.key], left_out_before)
        if why is None:
            trials[trial.key] = trial
        else:
            left_out.append(LeftOut(trial.label, why))
    if not trials:
        reasons = "; ".join(f"{item.what}: {item.why}" for item in left_out)
        raise InputError(
            f"Nothing of this suite can be run. {reasons}.",
            "'wattmark list precisions' and 'wattmark list backends' say what there is.",
        )
    ordered = tuple(trials.values())
    return Plan(
        suite=suite,
        trials=ordered,
        slots=order(ordered, suite),
        left_out=tuple(dict.fromkeys(left_out)),
        notes=grid.notes,
        kinds={name: known.kind for name, known in grid.models.items()},
        weight_bytes={name: known.weight_bytes for name, known in grid.models.items()},
        models=tuple(known.model for known in grid.models.values()),
        memory=memory,
        foreseen={key: found for key, found in foreseen.items() if found is not None},
    )


def _queries(trial: Trial) -> tuple[Query, ...]:
    return tuple(find_task(trial.task).queries(trial.limit, trial.seed))


def _too_large(
    suite: Suite, trial: Trial, foreseen: Foreseen | None, left_out_before: Collection[str] | None
) -> str | None:
    """Why a trial is left out for its memory, or None."""
    if left_out_before is not None:
        return "left out when the run was begun" if trial.label in left_out_before else None
    return None if suite.force_memory or foreseen is None else foreseen.refusal


def order(trials: tuple[Trial, ...], suite: Suite) -> tuple[Slot, ...]:
    """Every trial once a block, shuffled in each, from the suite's seed."""
    shuffler = random.Random(suite.seed)  # noqa: S311 - an order, not a secret
    slots: list[Slot] = []
    for block in range(suite.replicates):
        shuffled = list(trials)
        shuffler.shuffle(shuffled)
        slots += [
            Slot(trial, block, block, len(slots) + place) for place, trial in enumerate(shuffled)
        ]
    return tuple(slots)


def plain_plan(plan: Plan) -> list[dict[str, Any]]:
    """The trials for run.json."""
    return [{"key": t.key, "label": t.label, **asdict(t)} for t in plan.trials]
