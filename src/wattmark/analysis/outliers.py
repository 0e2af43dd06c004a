"""Outliers: values far from the median of their trial. They are named, and never dropped.

Robust z-scores by the median absolute deviation (Iglewicz and Hoaglin 1993, How to Detect and
Handle Outliers). Their usual threshold of 3.5 holds for long series: at five runs it names an
outlier in one clean series of five. It is raised to Student's t for the number of values.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from wattmark.analysis.linear import present, response, rounding
from wattmark.analysis.samples import Sample, Unusable

ROBUST_Z = 3.5
LEVEL = 0.05


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """A value far from its trial's median: `place` in what was given, and its robust z-score.

    `against` is value ÷ median (on logarithms) or value − median.
    """

    place: int
    label: str
    value: float
    z: float
    against: float


@dataclass(frozen=True, kw_only=True)
class Outliers:
    """The outliers of `n` values, the farthest first. They stay in every estimate.

    `threshold` is that of the robust z-score: 3.5, or what the MAD of so few values needs to find
    an outlier in at most one of twenty series that have none.
    """

    found: tuple[Outlier, ...] = ()
    n: int = 0
    threshold: float | None = None
    notes: tuple[str, ...] = ()
    why: str = ""


def outliers(
    values: Sequence[float | None],
    *,
    trials: Sequence[Hashable] | None = None,
    labels: Sequence[str] | None = None,
    logs: bool = True,
) -> Outliers:
    """Values far from their trial's median, in units of the scatter that all trials share.

    The scatter is the median absolute deviation (MAD) from the trials' medians, made comparable
    with a normal SD; as many of the smallest deviations as there are trials are left out of it,
    since a median takes one value up. `labels` name the values (by default: their places). Raises
    ValueError where lengths differ.
    """
    groups = [0] * len(values) if trials is None else list(trials)
    names = [str(k) for k in range(len(values))] if labels is None else list(labels)
    if len({len(values), len(groups), len(names)}) > 1:
        raise ValueError("each value needs one trial and one label")
    kept = present(values)
    try:
        found = response([float(values[k] or 0.0) for k in kept], logs=logs)
        medians = _medians(found, [groups[k] for k in kept])
        away = found - medians
        df = len(kept) - len({groups[k] for k in kept})
        if df < 3:
            raise Unusable("too few replicates to say what is usual")
        trials_n = len(kept) - df
        scale, notes = _scale(np.sort(np.abs(away))[trials_n:], rounding(found, logs=logs))
    except Unusable as problem:
        return Outliers(n=len(kept), why=str(problem))
    z = away / scale
    threshold = max(ROBUST_Z, float(stats.t.isf(LEVEL / 2 / len(kept), max(1.0, df / 2))))
    far = [
        Outlier(
            place=k,
            label=names[k],
            value=float(values[k] or 0.0),
            z=float(z[row]),
            against=math.exp(away[row]) if logs else float(away[row]),
        )
        for row, k in enumerate(kept)
        if abs(z[row]) > threshold
    ]
    ordered = tuple(sorted(far, key=lambda outlier: -abs(outlier.z)))
    return Outliers(found=ordered, n=len(kept), threshold=threshold, notes=notes)


def _medians(found: Sample, groups: Sequence[Hashable]) -> Sample:
    of: dict[Hashable, list[float]] = {}
    for group, value in zip(groups, found.tolist(), strict=True):
        of.setdefault(group, []).append(value)
    middle = {group: float(np.median(values)) for group, values in of.items()}
    return np.asarray([middle[group] for group in groups])


def _scale(away: Sample, least: float) -> tuple[float, tuple[str, ...]]:
    scale = float(np.median(away)) / float(stats.norm.ppf(0.75))
    if scale > least:
        return scale, ()
    mean = float(away.mean()) * math.sqrt(math.pi / 2)
    if mean <= least:
        raise Unusable("each trial's values are equal: nothing scatters")
    return mean, (
        "half of the values are equal to their trial's median: scaled by the mean deviation",
    )
