"""Configurations that compete for a recommendation, and how two of them are told apart.

In one run, replicates are compared block by block and answers query by query. Between runs,
replicates are independent (Welch); where the runs had other machines or sensors, the gain of each
sensor no longer cancels, and widens what is said of joules. Carbon on one grid is decided by its
joules; where neither replicates nor answers can be compared, intervals must not overlap.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from wattmark.analysis.axes import Axis, bounds, estimate_of
from wattmark.analysis.contrast import difference_of, ratio_of, values_of
from wattmark.analysis.intervals import CONFIDENCE, Interval
from wattmark.analysis.metrics import METRICS, Metric, Row
from wattmark.analysis.ranks import EQUAL
from wattmark.analysis.requirements import ABSENT, MET, MISSED, OPEN, Check, Requirement, check
from wattmark.analysis.summary import TrialSummary, carbon_of, run_values, summarise
from wattmark.analysis.verdict import NOT_RESOLVED, accuracy_change, rows_of
from wattmark.schema import Estimate
from wattmark.store.reader import Run

RESOLVED = "resolved"
BY_BLOCKS = "block by block"
BY_REPLICATES = "independent replicates"
BY_ANSWERS = "exact McNemar test on the same queries"
BY_INTERVALS = "intervals that do not overlap"
JOULE_UNITS = ("J", "J·s", "W", "answers/kJ", "g", "g CO2e", "L")
"""Units of what a sensor's gain is in."""
_JOULES_OF = {
    "co2e_g_per_token": "energy_per_token_j",
    "co2e_g_per_query": "energy_per_query_j",
    "water_l_per_query": "energy_per_query_j",
}

Answers = Mapping[str, Mapping[str, bool]]


@dataclass(frozen=True, slots=True)
class Site:
    """Where a run was: its machine and sensors as text, and whether its grid was one figure."""

    meters: str
    one_grid: bool


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """A trial that may be recommended: `word` is met, not resolved, missed or not measured.

    `name` is unique among the candidates; `run` is the place of its run in those given, `site`
    where that was.
    """

    name: str
    run: int
    site: Site
    trial: TrialSummary
    rows: Sequence[Row]
    objective: Estimate
    checks: tuple[Check, ...]
    word: str

    @property
    def faults(self) -> tuple[Check, ...]:
        """Requirements that are not shown to be met."""
        return tuple(one for one in self.checks if one.word != MET)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The best against another, by the metric `of`; bounds are at `confidence`.

    `ratio` is best ÷ other, and `difference` best − other where the metric has no ratio; `word`
    is resolved or not resolved, `how` says by what.
    """

    other: str
    of: str
    word: str
    how: str
    ratio: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    confidence: float = CONFIDENCE


def candidates(
    runs: Sequence[Run], requirements: Sequence[Requirement], axis: Axis
) -> dict[str, tuple[Candidate, ...]]:
    """Task → its candidates: all trials of the runs that have a replicate that ended ok."""
    pools: dict[str, list[Candidate]] = {}
    for at, run in enumerate(runs):
        rows, site = rows_of(run), _site(run)
        for trial in summarise(run):
            if trial.n_ok:
                found = _candidate(trial, requirements, axis)
                told = replace(
                    found,
                    name=f"{_title(run, runs)}{trial.label}",
                    run=at,
                    site=site,
                    rows=rows.get(trial.key, []),
                )
                pools.setdefault(trial.task, []).append(told)
    return {task: _unique(pool) for task, pool in pools.items()}


def difference(
    best: Candidate,
    other: Candidate,
    axis: Axis,
    answers: Sequence[Answers] = (),
    confidence: float = CONFIDENCE,
) -> Difference:
    """Is the best told from another? `answers` are those of each run, for accuracy."""
    same = best.run == other.run
    found = None
    if axis.name == "accuracy" and same and answers:
        found = _by_answers(best, other, answers[best.run], confidence)
    elif axis.name in METRICS:
        found = _by_replicates(best, other, METRICS[axis.name], confidence)
    elif axis.name in _JOULES_OF and same and best.site.one_grid:
        found = _by_replicates(best, other, METRICS[_JOULES_OF[axis.name]], confidence)
    return found or _by_intervals(best, other, axis)


def _by_answers(
    best: Candidate, other: Candidate, answers: Answers, confidence: float
) -> Difference | None:
    mine, theirs = answers.get(best.trial.key, {}), answers.get(other.trial.key, {})
    change = accuracy_change(theirs, mine)
    if change is None:
        return None
    return Difference(
        other=other.name,
        of="accuracy",
        word=RESOLVED if change.p_value < 1 - confidence else NOT_RESOLVED,
        how=BY_ANSWERS,
        difference=change.difference.mean,
        p_value=change.p_value,
        confidence=confidence,
    )


def _by_replicates(
    best: Candidate, other: Candidate, metric: Metric, confidence: float
) -> Difference | None:
    """None where a figure is missing, or has no logarithm and needs one."""
    head, base = run_values(metric, best.rows), run_values(metric, other.rows)
    shared = sorted(head.keys() & base.keys()) if best.run == other.run else []
    above = [head[block] for block in shared] or list(head.values())
    below = [base[block] for block in shared] or list(base.values())
    if not above or not below:
        return None
    if metric.logs and min(*values_of(above), *values_of(below)) <= 0:
        return None
    measure = ratio_of if metric.logs else difference_of
    found = measure(below, above, paired=bool(shared), confidence=confidence)
    if best.site.meters != other.site.meters and metric.unit in JOULE_UNITS:
        found = _with_gain(found, best, other, metric)
    return Difference(
        other=other.name,
        of=metric.name,
        word=RESOLVED if _resolved(found, values_of(above), metric.logs) else NOT_RESOLVED,
        how=BY_BLOCKS if shared else BY_REPLICATES,
        ratio=found.mean if metric.logs else None,
        difference=None if metric.logs else found.mean,
        low=found.low,
        high=found.high,
        confidence=confidence,
    )


def _resolved(found: Interval, values: Sequence[float], logs: bool) -> bool:
    """Whether equality lies outside; what differs by rounding alone (peak memory) is equal."""
    if found.low is None or found.high is None:
        return False
    equal, size = (1.0, 1.0) if logs else (0.0, max(map(abs, values)))
    return not found.low <= equal <= found.high and abs(found.mean - equal) > EQUAL * size


def _with_gain(found: Interval, best: Candidate, other: Candidate, metric: Metric) -> Interval:
    """An interval widened by the gain of both sensors, which are not the same one."""
    if found.low is None or found.high is None:
        return found
    mine, theirs = (one.trial.gain_uncertainty or 0.0 for one in (best, other))
    mean, low, high = found.mean, found.low, found.high
    if not metric.logs:
        sizes = [
            gain * abs(one.trial.estimates[metric.name].value or 0.0)
            for gain, one in ((mine, best), (theirs, other))
        ]
        below, above = math.hypot(mean - low, *sizes), math.hypot(high - mean, *sizes)
        return Interval(mean, mean - below, mean + above)
    if max(mine, theirs) >= 1 or low <= 0:
        return Interval(mean, None, None)
    # A ratio is lowest where the first reads too high and the second too low.
    below = math.hypot(math.log(mean / low), math.log1p(-mine), math.log1p(theirs))
    above = math.hypot(math.log(high / mean), math.log1p(mine), math.log1p(-theirs))
    return Interval(mean, mean * math.exp(-below), mean * math.exp(above))


def _by_intervals(best: Candidate, other: Candidate, axis: Axis) -> Difference:
    mine, theirs = bounds(best.objective), bounds(other.objective)
    apart = mine is not None and theirs is not None and (mine[1] < theirs[0] or theirs[1] < mine[0])
    word = RESOLVED if apart else NOT_RESOLVED
    return Difference(other=other.name, of=axis.name, word=word, how=BY_INTERVALS)


def _candidate(trial: TrialSummary, requirements: Sequence[Requirement], axis: Axis) -> Candidate:
    checks = tuple(check(requirement, trial.estimates) for requirement in requirements)
    objective = estimate_of(trial.estimates, axis)
    words = {one.word for one in checks} | ({ABSENT} if objective.value is None else set())
    return Candidate(
        name=trial.label,
        run=0,
        site=Site("", True),
        trial=trial,
        rows=(),
        objective=objective,
        checks=checks,
        word=next((word for word in (MISSED, ABSENT, OPEN) if word in words), MET),
    )


def _site(run: Run) -> Site:
    machine = run.info.get("machine") or {}
    sensors = [str(sensor.get("name")) for sensor in run.info.get("sensors") or ()]
    parts = [machine.get("cpu_model"), machine.get("gpus"), sorted(sensors)]
    meters = json.dumps(parts, sort_keys=True, default=str)
    return Site(meters, not carbon_of(run.info).series)


def _title(run: Run, runs: Sequence[Run]) -> str:
    """'name: ' where there are several runs, their folders where these share a name."""
    if len(runs) == 1:
        return ""
    names = [str(one.info.get("name") or "") for one in runs]
    name = str(run.info.get("name") or "")
    return f"{name if name and names.count(name) == 1 else run.path.name}: "


def _unique(pool: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Names are keys: those that several share have the trial's key in them, or the run's place."""
    told = list(pool)
    for mark in (lambda one: one.trial.key[:6], lambda one: f"run {one.run + 1}"):
        counts = Counter(one.name for one in told)
        told = [
            one if counts[one.name] == 1 else replace(one, name=f"{one.name} [{mark(one)}]")
            for one in told
        ]
    return tuple(told)
