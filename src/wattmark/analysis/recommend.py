"""Which configuration to take: the best by one metric among those that keep to what is required.

Requirements are judged by whole intervals, so that a recommendation is one that is shown to keep
them; those of which it is not resolved are named, and so are the ones that would be better.
Configurations compete within a task, over models, engines, precisions, batches and modes. The
best was chosen for its figure, so each comparison with it is made at 1 − 0.05 / comparisons
(Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from wattmark.analysis.axes import HIGHER, Axis, axis_named, estimate_of
from wattmark.analysis.candidates import (
    JOULE_UNITS,
    Answers,
    Candidate,
    Difference,
    candidates,
    difference,
)
from wattmark.analysis.headline import answers_of
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import METRICS
from wattmark.analysis.ranks import Rank, ranks
from wattmark.analysis.requirements import ABSENT, MET, MISSED, OPEN, Requirement
from wattmark.analysis.summary import run_values
from wattmark.errors import InputError
from wattmark.store.reader import Run

DEFAULT = "energy_per_query_j"
GAIN_ALIKE = 1.25
"""Components weigh differently in each trial, and its gain with them: up to so much is the same."""
MINIMIZE, MAXIMIZE = "minimize", "maximize"


@dataclass(frozen=True, kw_only=True)
class Recommendation:
    """What to take for one task; `best` is None where nothing is shown to keep the requirements.

    `nearest` is then the candidate that comes closest. `differences` are those of the best from
    each other candidate that keeps them, the second first. `perhaps` are better by the objective
    than the best, and it is not resolved whether they keep them. `ranks` are those of all that
    keep them, empty where the metric has no replicates to draw from.
    """

    task: str
    axis: Axis
    requirements: tuple[Requirement, ...]
    candidates: tuple[Candidate, ...]
    best: Candidate | None = None
    second: Candidate | None = None
    nearest: Candidate | None = None
    differences: tuple[Difference, ...] = ()
    perhaps: tuple[Candidate, ...] = ()
    ranks: tuple[Rank, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def goal(self) -> str:
        """minimize or maximize."""
        return MAXIMIZE if self.axis.better == HIGHER else MINIMIZE


def objective_named(minimize: str | None, maximize: str | None) -> Axis:
    """What the best is chosen by; joules a query where nothing is named.

    Raises InputError where both are, or where the metric is better the other way.
    """
    if minimize is not None and maximize is not None:
        raise InputError("--minimize and --maximize are both given.", "Give one of them.")
    name = minimize if minimize is not None else maximize
    if name is None:
        return axis_named(DEFAULT)
    axis = axis_named(name)
    asked = MINIMIZE if maximize is None else MAXIMIZE
    right = MAXIMIZE if axis.better == HIGHER else MINIMIZE
    if asked != right:
        raise InputError(
            f"{axis.name} is better where it is {axis.better}.", f"Ask for --{right} {name}."
        )
    return axis


def recommend(
    runs: Sequence[Run], requirements: Sequence[Requirement], axis: Axis
) -> list[Recommendation]:
    """One recommendation for each task of the runs, in the order of their first appearance.

    Trials without a replicate that ended ok are no candidates.
    """
    answers = [answers_of(run) for run in runs] if axis.name == "accuracy" else []
    return [
        _recommendation(task, pool, tuple(requirements), axis, answers)
        for task, pool in candidates(runs, requirements, axis).items()
    ]


def _recommendation(
    task: str,
    pool: tuple[Candidate, ...],
    requirements: tuple[Requirement, ...],
    axis: Axis,
    answers: Sequence[Answers],
) -> Recommendation:
    def cost(one: Candidate) -> tuple[float, float]:
        """Of equals, the one that takes fewer joules."""
        joules = estimate_of(one.trial.estimates, axis_named(DEFAULT)).value
        value = one.objective.value
        absent = math.inf
        return (
            absent if value is None else axis.sign * value,
            absent if joules is None else joules,
        )

    keep = sorted((one for one in pool if one.word == MET), key=cost)
    found = Recommendation(
        task=task,
        axis=axis,
        requirements=requirements,
        candidates=pool,
        warnings=_warnings(pool, axis),
    )
    if not keep:
        return replace(found, nearest=min(pool, key=lambda one: (_distance(one), cost(one))))
    best, others = keep[0], keep[1:]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(others))
    return replace(
        found,
        best=best,
        second=others[0] if others else None,
        differences=tuple(difference(best, one, axis, answers, confidence) for one in others),
        perhaps=tuple(one for one in pool if one.word == OPEN and cost(one) < cost(best)),
        ranks=_ranks(keep, axis),
    )


def _distance(one: Candidate) -> tuple[int, int, float]:
    """Fewest requirements missed, then fewest open, then the least excess in all."""
    words = [check.word for check in one.checks]
    gone = words.count(MISSED) + words.count(ABSENT) + (one.objective.value is None)
    return gone, words.count(OPEN), sum(check.excess or 0.0 for check in one.checks)


def _ranks(keep: Sequence[Candidate], axis: Axis) -> tuple[Rank, ...]:
    """Blocks of different runs are different blocks; joules of different sensors have no ranks."""
    metric = METRICS.get(axis.name)
    strangers = len({one.site.meters for one in keep}) > 1 and axis.unit in JOULE_UNITS
    if metric is None or strangers:
        return ()
    return tuple(
        ranks(
            {
                one.name: {(one.run, k): r for k, r in run_values(metric, one.rows).items()}
                for one in keep
            },
            metric,
        )
    )


def _warnings(pool: Sequence[Candidate], axis: Axis) -> tuple[str, ...]:
    """What makes candidates less comparable than they look."""
    good = [[row for row in one.rows if row["status"] == "ok"] for one in pool]
    told = []
    asked = {
        (row["task_version"], (row.get("queries") or 0) // (row.get("repetitions") or 1))
        for rows in good
        for row in rows
    }
    if len(asked) > 1:
        sets = ", ".join(f"version {version}: {n} queries" for version, n in sorted(asked, key=str))
        told.append(f"they did not answer the same queries ({sets})")
    joules = axis.unit in JOULE_UNITS
    kinds = {one.trial.provenance for one in pool}
    gains = [one.trial.gain_uncertainty or 0.0 for one in pool]
    if joules and (len(kinds) > 1 or max(gains) > GAIN_ALIKE * min(gains)):
        told.append("their energy is from sensors of different kind or gain, and gain is apart")
    if joules and len({one.run for one in pool}) > 1:
        told.append("they are of several runs: what drifted between the runs does not cancel")
    if joules and len({one.site.meters for one in pool}) > 1:
        told.append("they are of several machines or sensors, whose gain does not cancel")
    if any(one.trial.n_ok == 1 for one in pool):
        told.append(
            "a single replicate has no interval, so that no requirement is shown to be met by it"
        )
    return tuple(told)
