"""What is computed of runs as DataFrames: one row a figure, its interval in columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import polars as pl

from wattmark.analysis.axes import Axis, axes_named, estimate_of
from wattmark.analysis.breakdown import breakdown
from wattmark.analysis.candidates import Candidate
from wattmark.analysis.comparison import Change, Comparison
from wattmark.analysis.fronts import Front, front
from wattmark.analysis.grouped import by_group, by_query
from wattmark.analysis.recommend import Recommendation
from wattmark.analysis.summary import TrialSummary
from wattmark.exchange.source import Source
from wattmark.exchange.tidy import summary
from wattmark.results.frames import (
    INT,
    REAL,
    RUN,
    TEXT,
    estimate_columns,
    estimate_kinds,
    frame,
    kinds_of,
    rows_frame,
)
from wattmark.store.reader import Run

Trials = Mapping[str, Sequence[TrialSummary]]
"""Name of a run → its trials."""

FIRST = ("trial", "metric", "value", "low", "high", "unit", "n", "note", "confidence", "provenance")
FIRST_OF_CHANGE = (
    *("trial", "metric", "verdict", "ratio", "difference"),
    *("low", "high", "base", "head", "unit"),
)
LEFT_OUT = "left out"
FIGURE = {"value": REAL, "low": REAL, "high": REAL}


def summary_frame(source: Source, metrics: Sequence[str] = ()) -> pl.DataFrame:
    """A row a trial and metric, those of `metrics` or all; `provenance` is that of its joules."""
    trials = source.summaries
    told = pl.DataFrame(
        [(trial.key, trial.label, trial.provenance) for trial in trials],
        schema={"trial_key": TEXT, "trial": TEXT, "provenance": TEXT},
        orient="row",
    )
    whole = frame(summary(source)).join(told, on="trial_key", how="left", maintain_order="left")
    if metrics:
        whole = whole.filter(pl.col("metric").is_in(list(metrics)))
    return whole.select(*FIRST, *(name for name in whole.columns if name not in FIRST))


def pareto_frame(trials: Trials, metrics: Sequence[str]) -> pl.DataFrame:
    """A row a trial with its status, those of each task among themselves.

    `status` is on the front, dominated, not resolved or left out; `by` names the trials that
    dominate it or, where it is not resolved, those that may. Errors as `analysis.fronts.front`.
    """
    axes = axes_named(metrics)
    front({}, metrics)  # two or three, also where there is no trial
    kinds: dict[str, pl.DataType] = {RUN: TEXT} if len(trials) > 1 else {}
    kinds |= {"task": TEXT, "trial": TEXT, "status": TEXT}
    for axis in axes:
        kinds |= estimate_kinds(axis.name)
    rows = []
    for task, pool in _by_task(trials).items():
        found = front({name: one.estimates for name, (_, one) in pool.items()}, metrics)
        words = _statuses(found)
        for name, (run, trial) in pool.items():
            status, by, note = words[name]
            row = {RUN: run, "task": task, "trial": trial.label, "status": status}
            figures = _figures(trial, axes)
            rows.append(row | figures | {"by": by, "note": note, "trial_key": trial.key})
    return rows_frame(rows, {**kinds, "by": TEXT, "note": TEXT, "trial_key": TEXT})


def recommended_frame(found: Sequence[Recommendation]) -> pl.DataFrame:
    """A row a candidate, the recommended one of each task first.

    `ratio` (or `difference`) is the recommended one ÷ (−) this one, with bounds at `confidence`;
    `told_apart` says whether that is resolved.
    """
    kinds = {
        **dict.fromkeys(("task", "trial", "choice", "requirements", "metric"), TEXT),
        **FIGURE,
        "unit": TEXT,
        "faults": TEXT,
        "told_apart": TEXT,
        **dict.fromkeys(("ratio", "difference", "ratio_low", "ratio_high"), REAL),
        "confidence": REAL,
        "p_best": REAL,
        "rank_low": INT,
        "rank_high": INT,
        "warnings": TEXT,
        "trial_key": TEXT,
    }
    return rows_frame([row for one in found for row in _candidates(one)], kinds)


def grouped_frame(run: Run, by: Sequence[str], metrics: Sequence[str] | None) -> pl.DataFrame:
    """A row a group and metric: centre with its interval, SD, median and ends over blocks."""
    rows = [
        {
            **dict(one.group),
            "metric": one.estimate.metric,
            **_estimate(one.estimate),
            **{name: getattr(one, name) for name in ("sd", "median", "least", "most", "trials")},
        }
        for one in by_group(run, by, metrics)
    ]
    spread = {"sd": REAL, "median": REAL, "least": REAL, "most": REAL, "trials": INT}
    return rows_frame(rows, {**_group_kinds(by), "metric": TEXT, **ESTIMATE, **spread})


def percentiles_frame(
    run: Run, figure: str, by: Sequence[str], percentiles: Sequence[float]
) -> pl.DataFrame:
    """A row a group and statistic (mean, sd, p05 …) of a figure over its queries."""
    rows = []
    for one in by_query(run, figure, by, percentiles):
        told = [("mean", one.mean), ("sd", one.sd)]
        told += [(f"p{100 * share:02g}", estimate) for share, estimate in one.percentiles]
        base = {**dict(one.group), "figure": figure, "queries": one.queries}
        rows += [{**base, "statistic": name, **_estimate(found)} for name, found in told]
    kinds = {**_group_kinds(by), "figure": TEXT, "statistic": TEXT, **ESTIMATE, "queries": INT}
    return rows_frame(rows, kinds)


def breakdown_frame(run: Run, trials: Sequence[TrialSummary], per: str) -> pl.DataFrame:
    """A row a trial, component and phase, with gross and net joules per `per`."""
    labels = {trial.key: trial.label for trial in trials}
    order = {key: place for place, key in enumerate(labels)}
    found = sorted(breakdown(run, per), key=lambda part: order.get(part.key, len(order)))
    texts = ("component", "device", "sensor", "phase", "provenance", "method")
    gross, net = f"energy_per_{per}_j", f"energy_per_{per}_net_j"
    rows = [
        {
            "trial": labels.get(part.key, part.key),
            **{name: getattr(part, name) for name in texts},
            **estimate_columns(gross, part.gross),
            **estimate_columns(net, part.net),
            "n": part.gross.n,
            "note": part.gross.note or part.net.note,
            "trial_key": part.key,
        }
        for part in found
    ]
    kinds = {"trial": TEXT, **dict.fromkeys(texts, TEXT), **estimate_kinds(gross)}
    kinds |= {**estimate_kinds(net), "n": INT, "note": TEXT, "trial_key": TEXT}
    return rows_frame(rows, kinds)


def comparison_frame(comparison: Comparison) -> pl.DataFrame:
    """A row a trial and metric; columns as docs/compare.md has them."""
    told = kinds_of(Change)
    kinds = {name: told[name] for name in (*FIRST_OF_CHANGE, *told)}
    return rows_frame([asdict(change) for change in comparison.changes], kinds)


ESTIMATE = {**FIGURE, "unit": TEXT, "n": INT, "note": TEXT, "confidence": REAL}


def _estimate(estimate: object) -> dict[str, object]:
    return {name: getattr(estimate, name) for name in ESTIMATE}


def _group_kinds(by: Sequence[str]) -> dict[str, pl.DataType]:
    return {name: INT if name == "batch_size" else TEXT for name in by}


def _figures(trial: TrialSummary, axes: Sequence[Axis]) -> dict[str, float | None]:
    return {
        name: value
        for axis in axes
        for name, value in estimate_columns(axis.name, estimate_of(trial.estimates, axis)).items()
    }


def _by_task(trials: Trials) -> dict[str, dict[str, tuple[str, TrialSummary]]]:
    """Task → unique name → (run, trial)."""
    pools: dict[str, list[tuple[str, str, TrialSummary]]] = {}
    for run, found in trials.items():
        for trial in found:
            name = trial.label if len(trials) == 1 else f"{run}: {trial.label}"
            pools.setdefault(trial.task, []).append((name, run, trial))
    named: dict[str, dict[str, tuple[str, TrialSummary]]] = {}
    for task, pool in pools.items():
        counts = Counter(name for name, _, _ in pool)
        named[task] = {
            name if counts[name] == 1 else f"{name} [{trial.key[:6]}]": (run, trial)
            for name, run, trial in pool
        }
    return named


def _statuses(found: Front) -> dict[str, tuple[str, tuple[str, ...], str]]:
    """Name → (status, by, note)."""
    words = {one.name: (one.word, one.by, one.note) for one in found.members}
    left = {one.name: (LEFT_OUT, (), f"{one.metric}: {one.why}") for one in found.left_out}
    return {**words, **left}


def _candidates(found: Recommendation) -> list[dict[str, object]]:
    differences = {one.other: one for one in found.differences}
    ranks = {one.name: one for one in found.ranks}
    rows: list[dict[str, object]] = []
    for one in _in_order(found):
        apart, rank = differences.get(one.name), ranks.get(one.name)
        rows.append(
            {
                "task": found.task,
                "trial": one.name,
                "choice": _choice(found, one),
                "requirements": one.word,
                "metric": found.axis.name,
                "value": one.objective.value,
                "low": one.objective.low,
                "high": one.objective.high,
                "unit": found.axis.unit,
                "faults": tuple(f"{c.requirement.text}: {c.word}" for c in one.faults),
                "told_apart": apart and apart.word,
                "ratio": apart and apart.ratio,
                "difference": apart and apart.difference,
                "ratio_low": apart and apart.low,
                "ratio_high": apart and apart.high,
                "confidence": apart and apart.confidence,
                "p_best": rank and rank.probability,
                "rank_low": rank and rank.low,
                "rank_high": rank and rank.high,
                "warnings": found.warnings,
                "trial_key": one.trial.key,
            }
        )
    return rows


def _in_order(found: Recommendation) -> list[Candidate]:
    """The best, those that keep the requirements as they follow, then all others."""
    names = [one.name for one in (found.best, found.nearest) if one is not None]
    names += [one.other for one in found.differences]
    by_name = {one.name: one for one in found.candidates}
    first = [by_name[name] for name in names]
    return [*first, *(one for one in found.candidates if one.name not in names)]


def _choice(found: Recommendation, one: Candidate) -> str:
    """What a candidate is to the recommendation."""
    told = {
        "recommended": [found.best],
        "second": [found.second],
        "perhaps better": found.perhaps,
        "nearest": [found.nearest],
    }
    return next((word for word, those in told.items() if any(one is other for other in those)), "")
