"""The headline: the cheapest configuration of a model and task that is shown to be the cheapest.

Each configuration is compared with the reference, and the best of several is chosen: a chosen
interval is too narrow, so that the intervals are widened for the number of comparisons
(Bonferroni: each at 1 − 0.05 / comparisons). What costs resolvably less comes before what does so
nominally; where nothing does, the reference is ahead only if each of the others costs
resolvably more.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from wattmark.analysis.answers import answers_of
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import Metric, Row, metric_named
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.analysis.verdict import (
    AccuracyChange,
    Verdict,
    accuracy_change,
    compare,
    groups,
    reference_of,
    rows_of,
    value_of,
)
from wattmark.store.reader import Run

__all__ = ["AHEAD", "ALONE", "BETTER", "OPEN", "Headline", "answers_of", "headline"]

BETTER = "better"
AHEAD = "reference ahead"
OPEN = "not resolved"
ALONE = "alone"


@dataclass(frozen=True, kw_only=True)
class Headline:
    """The cheapest configuration of a model and task that is not resolvably less accurate.

    `outcome` is better (`best` costs resolvably less than the reference, and `verdict` says by
    what factor), reference ahead (each of the others costs resolvably more), not resolved, or
    alone (no other keeps its accuracy, or there is no other). Except for the first, `best` is
    the reference. `others` are the verdicts on all that keep their accuracy. Intervals are
    corrected for `comparisons`. `accuracy` compares `best` with the reference (None where nothing
    is scored). `worse` are trials that are resolvably cheaper than the reference, cheaper than
    `best`, and resolvably less accurate.
    """

    model: str
    task: str
    mode: str
    metric: str
    outcome: str
    reference: TrialSummary
    best: TrialSummary
    verdict: Verdict | None
    accuracy: AccuracyChange | None
    others: tuple[Verdict, ...] = ()
    worse: tuple[TrialSummary, ...] = ()
    comparisons: int = 0
    confidence: float = CONFIDENCE


def headline(run: Run, metric: str = "energy_per_query_j") -> list[Headline]:
    """For each model and task, the cheapest trial that keeps its accuracy, as data.

    A group without the metric (no energy sensor, or no replicate that ended ok) has none.
    """
    chosen = metric_named(metric)
    rows = rows_of(run)
    answers = answers_of(run)
    return [
        _headline(group, rows, answers, chosen)
        for group in groups(summarise(run))
        if any(value_of(trial, metric) is not None for trial in group)
    ]


def _headline(
    group: Sequence[TrialSummary],
    rows: Mapping[str, Sequence[Row]],
    answers: Mapping[str, Mapping[str, bool]],
    metric: Metric,
) -> Headline:
    reference = reference_of(group, metric.name)
    others = [t for t in group if t is not reference and value_of(t, metric.name) is not None]
    confidence = 1 - (1 - CONFIDENCE) / max(1, len(others))
    found = {
        t.key: compare(reference, rows, t, rows, metric, confidence=confidence) for t in others
    }
    changes = {
        t.key: accuracy_change(answers.get(reference.key, {}), answers.get(t.key, {}))
        for t in (reference, *others)
    }
    worse = [t for t in others if (c := changes[t.key]) is not None and c.word == "worse"]
    kept = [t for t in others if t not in worse]
    sign = -1.0 if metric.better == "higher" else 1.0
    good = "higher" if metric.better == "higher" else "lower"

    def cost(trial: TrialSummary) -> float:
        return sign * (value_of(trial, metric.name) or 0.0)

    cheaper = [t for t in kept if found[t.key].word == good]
    best = min(cheaper, key=cost) if cheaper else reference
    return Headline(
        model=best.model,
        task=best.task,
        mode=best.mode,
        metric=metric.name,
        outcome=BETTER if cheaper else _outcome([found[t.key] for t in kept]),
        reference=reference,
        best=best,
        verdict=found[best.key] if cheaper else None,
        accuracy=changes[best.key],
        others=tuple(found[t.key] for t in kept),
        worse=tuple(t for t in worse if found[t.key].word == good and cost(t) < cost(best)),
        comparisons=len(others),
        confidence=confidence,
    )


def _outcome(others: Sequence[Verdict]) -> str:
    """What can be said where nothing is resolved to be better than the reference."""
    if not others:
        return ALONE
    return OPEN if any(verdict.word == OPEN for verdict in others) else AHEAD
