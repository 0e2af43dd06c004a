"""`--batch auto`: the batch size that pays, found before the blocks by a worker of its own.

1, 2, 4 … queries together, until memory says stop (foreseen, or run out of) or answers no longer
come 5 % faster. What is then measured is a trial of that size like any other, so its records
compare with all others; they say that the size was found, and by what.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from wattmark.runner.plan import Plan, order
from wattmark.runner.sizes import GROWTH
from wattmark.runner.watch import Ending
from wattmark.schema import TO_BE_FOUND, Status, Trial

MOST = 65_536


@dataclass(frozen=True)
class Found:
    """The batch size of a trial that was asked for as `auto`."""

    key: str
    """Of the trial as it was planned, without a size."""
    batch_size: int
    tried: tuple[tuple[int, float], ...]
    """(size, output tokens per second, or texts per second of a classifier)."""
    why: str
    """What ended the search."""


@dataclass(frozen=True)
class Sizes:
    """The sizes to try in turn, and why there is no larger one."""

    sizes: tuple[int, ...]
    why: str


def sizes_for(plan: Plan, trial: Trial) -> Sizes:
    """Powers of two up to the number of queries, as far as memory is foreseen to last."""
    queries = plan.queries(trial)
    sizes = [1]
    while (size := 2 * sizes[-1]) <= min(len(queries), MOST):
        foreseen = plan.memory.of(trial, queries, size)
        why = None if foreseen is None or plan.suite.force_memory else foreseen.refusal
        if why is not None:
            return Sizes(tuple(sizes), f"batch {size} {why}")
        sizes.append(size)
    return Sizes(tuple(sizes), f"there are only {len(queries)} queries")


def conclude(trial: Trial, asked: Sizes, ending: Ending) -> Found:
    """What a worker's end says about a trial's batch size."""
    tried = ending.tried
    if not tried:
        return Found(trial.key, 1, (), f"no size could be tried: {ending.error}")
    last, rate = tried[-1]
    if len(tried) > 1 and rate < GROWTH * tried[-2][1]:
        why = f"batch {last} is not 5 % faster"
        return Found(trial.key, tried[-2][0], tried, why)
    if ending.status == Status.OK:
        return Found(trial.key, last, tried, asked.why)
    return Found(trial.key, last, tried, f"batch {2 * last}: {ending.status}: {ending.error}")


def with_batches(plan: Plan, found: Sequence[Found]) -> Plan:
    """The plan with sizes in place of `auto`; a size that was also asked for is there once."""
    by_key = {item.key: item for item in found}
    trials: dict[str, Trial] = {}
    foreseen = dict(plan.foreseen)
    facts: dict[str, Mapping[str, Any]] = {}
    for planned in plan.trials:
        trial = planned
        if planned.batch_size == TO_BE_FOUND and planned.key in by_key:
            item = by_key[planned.key]
            trial = replace(planned, batch_size=item.batch_size)
            facts[trial.key] = {"tried": item.tried, "why": item.why}
            need = plan.memory.of(trial, plan.queries(trial), trial.batch_size)
            if need is not None:
                foreseen[trial.key] = need
        trials[trial.key] = trial
    ordered = tuple(trials.values())
    slots = order(ordered, plan.suite)
    return replace(plan, trials=ordered, slots=slots, foreseen=foreseen, batches_found=facts)


def stored(info: Mapping[str, Any]) -> list[Found]:
    """What a run found when it was begun, from its run.json."""
    return [
        Found(**{**item, "tried": tuple((size, rate) for size, rate in item["tried"])})
        for item in info.get("batches_found") or ()
    ]


def plain(found: Sequence[Found]) -> list[dict[str, Any]]:
    """The same for run.json."""
    return [asdict(item) for item in found]
