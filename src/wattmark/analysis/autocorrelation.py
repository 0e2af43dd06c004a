"""Are neighbours in the run order alike? Lag-1 autocorrelation of the residuals about the drift.

Taking the trials' levels and the drift out makes neighbours unlike by itself (at six runs of one
trial, by a third), so that what is seen is set against its exact mean and spread under
independence: moments of a ratio of quadratic forms (Durbin and Watson 1950, Biometrika 37: 409-428;
the beta distribution with those moments is theirs of 1951, Biometrika 38: 159-178).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.linear import Columns, fit, indicators, present, response, rounding
from wattmark.analysis.outcome import Test
from wattmark.analysis.samples import Sample, Unusable, quiet


@dataclass(frozen=True, kw_only=True)
class Autocorrelation:
    """Lag-1 autocorrelation ρ of neighbours in the run order; `test` has it as its effect.

    `n_effective` is how many independent runs tell as much about a trial's mean as its `n` do, in
    the mean over trials, were ρ as seen and the noise a first-order autoregression: at least 1
    and at most `n`. An interval that takes the runs as independent is too narrow by √(n ÷
    n_effective).
    """

    test: Test
    n: float | None = None
    n_effective: float | None = None


def autocorrelation(
    values: Sequence[float | None],
    order: Sequence[float] | None = None,
    *,
    trials: Sequence[Hashable] | None = None,
    logs: bool = True,
) -> Autocorrelation:
    """Do neighbours in the run order differ from their trials' levels, and the drift, alike?

    Arguments as `drift`. The p-value is two-sided, from a beta distribution with the exact mean
    and variance of the lag-1 autocorrelation that normal, independent noise has in this design.
    """
    steps = list(range(len(values))) if order is None else list(order)
    labels = [0] * len(values) if trials is None else list(trials)
    if len({len(values), len(steps), len(labels)}) > 1:
        raise ValueError("each value needs one place in the order and one trial")
    kept = sorted(present(values), key=lambda k: steps[k])
    name = "Durbin–Watson test of the lag-1 autocorrelation"
    try:
        with quiet():
            found = response([float(values[k] or 0.0) for k in kept], logs=logs)
            groups = [labels[k] for k in kept]
            place = np.asarray([steps[k] for k in kept], dtype=np.float64)
            return _autocorrelation(name, found, place, groups, logs)
    except Unusable as problem:
        return Autocorrelation(test=Test(name=name, n=(len(kept),), why=str(problem)))


def _autocorrelation(
    name: str, found: Sample, place: Sample, groups: Sequence[Hashable], logs: bool
) -> Autocorrelation:
    levels = indicators(groups)
    n = int(found.size)
    left = fit([levels, place[:, None]], found) if n else None
    if left is None or left.df < 4:
        raise Unusable("too few replicates to see whether neighbours are alike")
    if float(np.abs(left.residuals).max()) <= rounding(found, logs=logs):
        raise Unusable("each trial's values are equal: nothing scatters")
    rho = float(left.residuals[:-1] @ left.residuals[1:]) / left.rss
    mean, variance = _moments(np.column_stack([levels, place]), left.df)
    half = math.sqrt(variance) * float(stats.norm.ppf(0.5 + CONFIDENCE / 2))
    # The lag matrix has its eigenvalues within ± cos(π ÷ (n + 1)).
    edge = math.cos(math.pi / (n + 1))
    centre, spread = (mean + edge) / (2 * edge), variance / (4 * edge**2)
    both = centre * (1 - centre) / spread - 1
    beta = stats.beta(centre * both, (1 - centre) * both, loc=-edge, scale=2 * edge)
    corrected = rho - mean
    test = Test(
        name=name,
        statistic=rho,
        p_value=min(1.0, 2 * float(min(beta.cdf(rho), beta.sf(rho)))),
        n=(n,),
        effect=corrected,
        effect_name="lag-1 autocorrelation, bias removed",
        low=max(-1.0, corrected - half),
        high=min(1.0, corrected + half),
    )
    of_trial = [
        [k for k, group in enumerate(groups) if group == one] for one in dict.fromkeys(groups)
    ]
    sizes = [len(places) for places in of_trial]
    worth = [_worth(places, corrected) for places in of_trial]
    return Autocorrelation(test=test, n=float(np.mean(sizes)), n_effective=float(np.mean(worth)))


def _moments(design: Columns, df: int) -> tuple[float, float]:
    """Mean and variance of e′Se ÷ e′e, where e = My are residuals of independent normal noise.

    S has ½ beside its diagonal. The ratio is independent of e′e, so that its moments are ratios of
    moments: tr(MS) ÷ ν and 2 (ν tr(MSMS) − tr(MS)²) ÷ (ν² (ν + 2)).
    """
    left, sizes, _ = np.linalg.svd(
        np.column_stack([np.ones(len(design)), design / np.abs(design).max(axis=0).clip(1e-300)]),
        full_matrices=False,
    )
    basis = left[:, sizes > sizes[0] * 1e-12 * len(design)]
    moved = np.zeros_like(basis)
    moved[1:] += basis[:-1] / 2
    moved[:-1] += basis[1:] / 2
    inner = basis.T @ moved
    first = -float(np.trace(inner))
    second = (len(design) - 1) / 2 - 2 * float((moved**2).sum()) + float((inner**2).sum())
    variance = 2 * (df * second - first**2) / (df**2 * (df + 2))
    return first / df, variance


def _worth(places: Sequence[int], rho: float) -> float:
    """Independent values that tell as much of a mean as these, with noise of correlation ρ^lag."""
    if rho <= 0:
        return float(len(places))
    rho = min(rho, 1.0)
    pairs = tail = 0.0
    for before, after in itertools.pairwise(places):
        tail = rho ** (after - before) * (1 + tail)
        pairs += tail
    return len(places) ** 2 / (len(places) + 2 * pairs)
