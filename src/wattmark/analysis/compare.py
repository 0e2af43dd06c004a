"""Base against head, metric by metric: better, worse, the same, or not resolved.

The interval decides, never a p-value. Where it excludes no change, head is better or worse; where
all of it lies within the margin, head is the same as far as anybody cares, even if the difference
is real; otherwise more replicates are needed, and how many is said. Accuracy is compared on the
queries that both answered (McNemar's test, Newcombe's interval).
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from wattmark.analysis.comparison import (
    BETTER,
    DIFFERENCE,
    HIGHER,
    LOWER,
    PERCENT,
    RATIO,
    SAME,
    SHARE,
    WORSE,
    Arm,
    Change,
    Settings,
)
from wattmark.analysis.contrast import (
    difference_of,
    log_half_width,
    ratio_of,
    scatters,
    values_of,
)
from wattmark.analysis.directions import is_share
from wattmark.analysis.effects import hedges_g
from wattmark.analysis.hypotheses import paired_t, welch_t
from wattmark.analysis.intervals import Interval
from wattmark.analysis.metrics import NO_LOGARITHM, Metric, Reading, Row
from wattmark.analysis.multiple import holm
from wattmark.analysis.sample_size import replicates_for_ratio
from wattmark.analysis.verdict import NOT_RESOLVED, accuracy_change

TOLD = frozenset({BETTER, WORSE, HIGHER, LOWER})
MCNEMAR = "McNemar's exact test"
CONSTANT = "the values do not vary between replicates: they differ exactly, and no test applies"


def compare_arms(
    base: Arm,
    head: Arm,
    metrics: Iterable[Metric],
    settings: Settings | None = None,
    *,
    paired: bool = False,
    trial: str = "",
) -> list[Change]:
    """Every metric that either arm has. Pairs by block where `paired` and the blocks allow it."""
    settings = settings or Settings()
    wanted = paired if settings.paired is None else settings.paired
    changes = [_change(base, head, metric, settings, wanted) for metric in metrics]
    accuracy = _accuracy(base, head, settings)
    found = [*([accuracy] if accuracy else []), *(change for change in changes if change)]
    return [replace(change, trial=trial) for change in found]


def adjusted(changes: Sequence[Change]) -> tuple[Change, ...]:
    """The changes with Holm's correction over all of their tests.

    Of many metrics one in twenty is better or worse by chance: verdicts that the correction does
    not hold say so.
    """
    corrected = holm([change.p_value for change in changes])
    tests = len([p for p in corrected if p is not None])
    doubt = f"resolved by itself, but not by Holm's correction for all {tests} tests"
    found = []
    for change, p in zip(changes, corrected, strict=True):
        alone = change.verdict in TOLD and p is not None and p > 1 - change.confidence
        notes = (*change.notes, *([doubt] if alone else []))
        found.append(replace(change, p_adjusted=p, notes=notes))
    return tuple(found)


def shared_blocks(base: Sequence[Row], head: Sequence[Row]) -> list[Any]:
    """Blocks that both have, in base's order; none where they are fewer than half of an arm's."""
    there = {row["block"] for row in head}
    shared = [row["block"] for row in base if row["block"] in there]
    return shared if 2 * len(shared) >= max(len(base), len(head)) else []


def _change(
    base: Arm, head: Arm, metric: Metric, settings: Settings, wanted: bool
) -> Change | None:
    """None where neither arm has the metric."""
    arms = [{row["block"]: metric.of(row) for row in arm.rows} for arm in (base, head)]
    empty = Change(
        metric=metric.name,
        title=metric.title,
        unit=metric.unit,
        better=metric.better,
        trial="",
        base=None,
        head=None,
        confidence=settings.confidence,
        margin=settings.margin,
    )
    present = [{b: r for b, r in arm.items() if r.value is not None} for arm in arms]
    if not any(present):
        return None
    notes = [
        f"{name}: {_lacking(readings)}"
        for name, readings, there in zip(("base", "head"), arms, present, strict=True)
        if len(there) < len(readings)
    ]
    shared = [block for block in present[0] if block in present[1]] if wanted else []
    paired = bool(shared) and 2 * len(shared) >= max(map(len, present))
    if paired:
        alone = sum(map(len, present)) - 2 * len(shared)
        notes += [f"values without a partner in their block, left out: {alone}"] if alone else []
        readings = [[arm[block] for block in shared] for arm in present]
    else:
        readings = [list(arm.values()) for arm in present]
    if not all(readings):
        only = "head" if readings[1] else "base"
        return replace(empty, notes=(*notes, f"only {only} has it"))
    counted = replace(
        empty, paired=paired, n_base=len(readings[0]), n_head=len(readings[1]), notes=tuple(notes)
    )
    return _judged(counted, readings[0], readings[1], metric, settings)


def _judged(
    counted: Change,
    base: Sequence[Reading],
    head: Sequence[Reading],
    metric: Metric,
    settings: Settings,
) -> Change:
    """The change with its interval and verdict."""
    below, above = values_of(base), values_of(head)
    logs, paired = metric.logs, counted.paired
    if logs and min(*below, *above) <= 0:
        return replace(counted, notes=(*counted.notes, NO_LOGARITHM))
    confidence = settings.confidence
    if logs:
        centre = ratio_of(base, head, paired=paired, confidence=confidence)
        change = replace(
            counted,
            base=statistics.geometric_mean(below),
            head=statistics.geometric_mean(above),
            ratio=centre.mean,
        )
    else:
        centre = difference_of(base, head, paired=paired, confidence=confidence)
        mean = statistics.fmean(below)
        change = replace(
            counted,
            base=mean,
            head=statistics.fmean(above),
            scale=DIFFERENCE,
            difference=centre.mean,
            margin=_absolute(settings.margin, mean, metric),
        )
    change = replace(change, low=centre.low, high=centre.high, verdict=_word(change, centre))
    return _tested(change, base, head, settings)


def _tested(
    change: Change,
    base: Sequence[Reading],
    head: Sequence[Reading],
    settings: Settings,
) -> Change:
    """With p-value, effect size, replicates needed, and what is to be said."""
    notes = list(change.notes)
    below, above = values_of(base), values_of(head)
    logs = change.scale == RATIO
    fewest = min(len(below), len(above))
    if fewest < 2:
        return replace(change, notes=(*notes, _too_few(len(below), len(above))))
    if fewest == 2:
        notes = [*notes, "two replicates: too few for an interval to rely on"]
    if not scatters(below, above, paired=change.paired, logs=logs):
        return replace(change, notes=(*notes, CONSTANT))
    if change.low is None:
        notes = [*notes, "the measurement's bounds reach down to zero: no interval"]
    if not settings.detail:
        return replace(change, notes=tuple(notes))
    test = (paired_t if change.paired else welch_t)(below, above, logs=logs)
    needed, why = _needed(change, base, head, settings)
    return replace(
        change,
        p_value=test.p_value,
        test=test.name,
        effect_size=hedges_g(below, above).value,
        needed=needed,
        notes=(*notes, *test.notes, *why),
    )


def _needed(
    change: Change, base: Sequence[Reading], head: Sequence[Reading], settings: Settings
) -> tuple[int | None, tuple[str, ...]]:
    """Replicates an arm that resolve a ratio as far from 1 as the margin; else why none do."""
    if change.verdict != NOT_RESOLVED or change.scale != RATIO or settings.margin <= 0:
        return None, ()
    measurement = math.hypot(log_half_width(base), log_half_width(head))
    size = replicates_for_ratio(
        values_of(base),
        values_of(head),
        1 + settings.margin,
        paired=change.paired,
        measurement=measurement,
    )
    return size.needed, (size.why,) if size.why else ()


def _accuracy(base: Arm, head: Arm, settings: Settings) -> Change | None:
    """Share right on the queries both answered, in one; None where nothing is scored."""
    found = accuracy_change(base.answers, head.answers, settings.confidence)
    if found is None:
        return None
    shared = [query for query in base.answers if query in head.answers]
    shares = [float(np.mean([arm.answers[q] for q in shared])) for arm in (base, head)]
    lost, gained = found.lost, found.gained
    change = Change(
        metric="accuracy",
        title="Accuracy",
        unit=SHARE,
        better=HIGHER,
        trial="",
        base=shares[0],
        head=shares[1],
        scale=DIFFERENCE,
        difference=found.difference.mean,
        low=found.difference.low,
        high=found.difference.high,
        confidence=settings.confidence,
        margin=settings.margin,
        p_value=found.p_value,
        test=MCNEMAR,
        paired=True,
        n_base=found.queries,
        n_head=found.queries,
        lost=lost,
        gained=gained,
        notes=(f"{found.queries} queries in common: {lost} lost, {gained} gained",),
    )
    return replace(change, verdict=_word(change, found.difference))


def _word(change: Change, interval: Interval) -> str:
    """What the interval says of no change and of the margin about it."""
    low, high = interval.low, interval.high
    if low is None or high is None:
        return NOT_RESOLVED
    none = 1.0 if change.scale == RATIO else 0.0
    if none - change.margin <= low and high <= none + change.margin:
        return SAME
    if low <= none <= high:
        return NOT_RESOLVED
    up = low > none
    if not change.better:
        return HIGHER if up else LOWER
    return BETTER if up == (change.better == HIGHER) else WORSE


def _absolute(margin: float, mean: float, metric: Metric) -> float:
    """The margin in the metric's unit: points of a share, else a part of base's mean."""
    if is_share(metric.name):
        return margin * (100 if metric.unit == PERCENT else 1)
    return margin * abs(mean)


def _lacking(readings: Mapping[Any, Reading]) -> str:
    missing = [reading for reading in readings.values() if reading.value is None]
    return f"{len(missing)} of {len(readings)} replicates have no value ({missing[0].why})"


def _too_few(n_base: int, n_head: int) -> str:
    if n_base == n_head:
        return "one replicate of each: no interval"
    return f"one replicate of {'base' if n_base < 2 else 'head'}: no interval"
