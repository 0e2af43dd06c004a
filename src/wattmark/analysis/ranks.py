"""Ranks with their uncertainty: how probable is it that a trial is the best, and what is its rank?

Run means are drawn anew, many times, from what the replicates say of them, and ranked each time.
Where all trials stand in the same blocks of the randomized order, one draw is

    mean + R'z / √(n(n − 1)) · √((n − 1) / χ²(n − 1)),    z standard normal, one for each block

with R the blocks' deviations from the mean (blocks × trials): what moves a whole block moves all
trials together and cancels in their ranks, and the difference of any two trials is exactly the
posterior behind the block-paired t-interval. Where blocks do not match, each trial's mean is drawn
from its own t distribution. Metrics that only take positive values are drawn as logarithms. A
sensor's own doubt is added once for each trial, not divided by √n, as it is in every interval.

The joint distribution has only n blocks to be learned from: below five, ranks are a rough guide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from wattmark.analysis.axes import HIGHER
from wattmark.analysis.contrast import log_half_width
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import Metric, Reading

DRAWS = 20_000
MOST_FIGURES = 2_000_000
"""Of all trials together: of very many trials there are fewer draws."""
SEED = 6
"""The same figures have the same ranks each time that they are shown."""
EQUAL = 1e-9
"""Relative difference below which two means are the same."""
ONE_REPLICATE = "one replicate: no rank is claimed"
NO_VALUE = "no replicate has a value"
NO_BOUNDS = "its measurement reaches down to zero"
ALONE = "there is no other to rank it against"

Floats = NDArray[np.float64]
Values = Mapping[Hashable, Reading]
"""Block → reading of one trial; blocks of different runs must not be equal."""


@dataclass(frozen=True, kw_only=True)
class Rank:
    """A trial among the `of` trials that can be ranked; 1 is the best.

    `probability` of being the best; the rank is `low` to `high` with the confidence told. All
    three are None, and `why` says the reason, where no rank is claimed. `paired`: were blocks
    compared with themselves?
    """

    name: str
    n: int
    of: int
    probability: float | None = None
    low: int | None = None
    high: int | None = None
    paired: bool = False
    why: str = ""
    confidence: float = CONFIDENCE


def ranks(trials: Mapping[str, Values], metric: Metric) -> list[Rank]:
    """A rank for each trial (name → block → reading, as `summary.run_values` gives them).

    A share of the probability goes to each of those that are equal in a draw.
    """
    drawn = {name: _usable(values, metric.logs) for name, values in trials.items()}
    able = [name for name, (_, why) in drawn.items() if not why]
    if len(able) < 2:
        return [
            Rank(name=name, n=len(values), of=len(able), why=drawn[name][1] or ALONE)
            for name, values in trials.items()
        ]
    samples = {name: trials[name] for name in able}
    means, together = _means(samples, metric.logs)
    draws = means + _measurement([drawn[name][0] for name in able])
    draws = _to_the_digit(draws if metric.better != HIGHER else -draws, metric.logs)
    found = dict(zip(able, _ranked(draws), strict=True))
    told = []
    for name, values in trials.items():
        if name not in found:
            told.append(Rank(name=name, n=len(values), of=len(able), why=drawn[name][1]))
            continue
        probability, low, high = found[name]
        told.append(
            Rank(
                name=name,
                n=len(values),
                of=len(able),
                probability=probability,
                low=low,
                high=high,
                paired=together,
            )
        )
    return told


def _usable(values: Values, logs: bool) -> tuple[float, str]:
    """(half-width of the measurement on the scale of the draws, why no rank is claimed)."""
    if not values:
        return 0.0, NO_VALUE
    if len(values) < 2:
        return 0.0, ONE_REPLICATE
    if logs and min(float(reading.value or 0.0) for reading in values.values()) <= 0:
        return 0.0, NO_BOUNDS
    readings = list(values.values())
    half = log_half_width(readings) if logs else _plain_half_width(readings)
    return (half, "") if math.isfinite(half) else (0.0, NO_BOUNDS)


def _plain_half_width(readings: Sequence[Reading]) -> float:
    """Mean half-width of the measurement; 0 where it has no bounds."""
    ends = [(one.low, one.high) for one in readings if one.low is not None and one.high is not None]
    return sum(high - low for low, high in ends) / (2 * len(ends)) if ends else 0.0


def _scale(logs: bool) -> Callable[[float], float]:
    return math.log if logs else float


def _means(samples: Mapping[str, Values], logs: bool) -> tuple[Floats, bool]:
    """Draws of each trial's mean, (trials, draws), and whether their blocks were paired.

    They are where the blocks that all have are at least half of what any has: else too much
    would be left out.
    """
    scale, draws = _scale(logs), _draws(len(samples))
    source = np.random.default_rng(SEED)
    shared = set.intersection(*(set(values) for values in samples.values()))
    together = len(shared) >= 2 and 2 * len(shared) >= max(map(len, samples.values()))
    if together:
        # In the order of the first trial's blocks, so that the draws do not hang on hashes.
        blocks = [block for block in next(iter(samples.values())) if block in shared]
        table = [
            [scale(float(values[block].value or 0.0)) for values in samples.values()]
            for block in blocks
        ]
        return _paired(np.array(table, dtype=np.float64), draws, source), True
    rows = [
        np.array([scale(float(reading.value or 0.0)) for reading in values.values()])
        for values in samples.values()
    ]
    return np.stack([_alone(row, draws, source) for row in rows]), False


def _draws(trials: int) -> int:
    return max(1000, min(DRAWS, MOST_FIGURES // trials))


def _paired(table: Floats, draws: int, source: np.random.Generator) -> Floats:
    """`table` is (blocks, trials)."""
    n = len(table)
    middle = table.mean(axis=0)
    deviations = (table - middle) / math.sqrt(n * (n - 1))
    normal = source.standard_normal((n, draws))
    stretch = np.sqrt((n - 1) / source.chisquare(n - 1, draws))
    return np.asarray(middle[:, None] + deviations.T @ normal * stretch)


def _alone(row: Floats, draws: int, source: np.random.Generator) -> Floats:
    error = float(row.std(ddof=1)) / math.sqrt(len(row))
    return np.asarray(row.mean() + error * source.standard_t(len(row) - 1, draws))


def _measurement(halves: Sequence[float]) -> Floats:
    """Draws of what the sensors may be off by, of which 95 % lie within each half-width."""
    source = np.random.default_rng(SEED + 1)
    z = float(special.ndtri(0.5 + CONFIDENCE / 2))
    spread = np.array(halves, dtype=np.float64)[:, None] / z
    return np.asarray(spread * source.standard_normal((len(halves), _draws(len(halves)))))


def _to_the_digit(draws: Floats, logs: bool) -> Floats:
    """What differs by rounding alone is equal: peak memory, say, that never varies."""
    step = EQUAL if logs else EQUAL * (float(np.median(np.abs(draws))) or 1.0)
    return np.asarray(np.round(draws / step))


def _ranked(costs: Floats) -> list[tuple[float, int, int]]:
    """(probability of being the best, low rank, high rank) of each row of draws."""
    best = costs == costs.min(axis=0)
    probability = (best / best.sum(axis=0)).mean(axis=1)
    least = stats.rankdata(costs, method="min", axis=0)
    most = stats.rankdata(costs, method="max", axis=0)
    tail = (1 - CONFIDENCE) / 2
    low = np.quantile(least, tail, axis=1, method="lower")
    high = np.quantile(most, 1 - tail, axis=1, method="higher")
    return [(float(p), int(a), int(b)) for p, a, b in zip(probability, low, high, strict=True)]
