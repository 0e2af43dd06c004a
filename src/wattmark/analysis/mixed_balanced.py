"""The mixed model of a complete plan, without a search: REML's estimates in closed form.

Where each of A trials has R replicates, and each of these an answer to each of Q queries, the
restricted likelihood depends on four independent mean squares alone, which estimate

    residual         λe = σ²
    replicate        λr = σ² + Q σ²(replicate)
    trial × query    λc = σ² + R σ²(trial × query)
    query            λq = λc + A R σ²(query)

It is greatest at the mean squares themselves, or, where a component would be below zero, where
those that are out of order (λe ≤ λr, λe ≤ λc ≤ λq) are pooled, weighted by their degrees of freedom
(Thompson 1962, Annals of Mathematical Statistics 33: 273-289).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.linear import Columns
from wattmark.analysis.mixed_cells import Cells
from wattmark.analysis.mixed_design import QUERY, REPLICATE, TRIAL_QUERY, Strata
from wattmark.analysis.samples import Sample

Cube = NDArray[np.float64]
_CLOSED = (
    *(("left",), ("left", REPLICATE), ("left", TRIAL_QUERY), ("left", REPLICATE, TRIAL_QUERY)),
    *(("left", TRIAL_QUERY, QUERY), ("left", REPLICATE, TRIAL_QUERY, QUERY)),
)
"""What can be pooled with the residual: whatever a pool holds, it holds all that lies below."""


@dataclass(frozen=True, kw_only=True)
class Solution:
    """A fitted mixed model: variances of the random effects by name, and the residual one.

    `estimates` are each trial's difference from the first, with their `covariance`; `df` those of a
    t-test of one of them.
    """

    variances: dict[str, float]
    residual: float
    estimates: Sample
    covariance: Columns
    df: float
    converged: bool = True


def cube_of(found: Sample, cells: Cells, *, blocked: bool) -> Cube | None:
    """Values by trial, replicate and query; None where the plan is not complete.

    Where `blocked`, replicates of one name stand at one place: blocks are a plane of the cube.
    """
    trials = list(dict.fromkeys(cells.trials))
    queries = {name: k for k, name in enumerate(dict.fromkeys(cells.queries))}
    processes = dict.fromkeys(zip(cells.trials, cells.replicates, strict=True))
    replicates = {trial: [r for t, r in processes if t == trial] for trial in trials}
    sizes = {len(of) for of in replicates.values()}
    if len(sizes) > 1 or found.size != len(processes) * len(queries):
        return None
    if blocked and len({frozenset(of) for of in replicates.values()}) > 1:
        return None
    place = {
        (trial, replicate): (k, at)
        for k, (trial, of) in enumerate(replicates.items())
        for at, replicate in enumerate(replicates[trials[0]] if blocked else of)
    }
    cube = np.full((len(trials), *sizes, len(queries)), np.nan)
    for trial, replicate, query, value in zip(
        cells.trials, cells.replicates, cells.queries, found.tolist(), strict=True
    ):
        cube[(*place[trial, replicate], queries[query])] = value
    return None if bool(np.isnan(cube).any()) else cube


def solved(cube: Cube, *, blocked: bool) -> Solution | None:
    """The model of a complete plan; None where a mean square has no freedom."""
    trials, replicates, queries = cube.shape
    mean = cube.mean()
    by_trial = cube.mean(axis=(1, 2)) - mean
    by_query = cube.mean(axis=(0, 1)) - mean
    by_block = cube.mean(axis=(0, 2)) - mean if blocked else np.zeros(replicates)
    runs = cube.mean(axis=2) - mean - by_trial[:, None] - by_block
    crossed = cube.mean(axis=1) - mean - by_trial[:, None] - by_query
    left = (
        cube
        - mean
        - by_trial[:, None, None]
        - by_block[:, None]
        - by_query
        - runs[:, :, None]
        - crossed[:, None, :]
    )
    df = {
        "left": trials * (replicates - 1) * (queries - 1),
        REPLICATE: (trials - int(blocked)) * (replicates - 1),
        TRIAL_QUERY: (trials - 1) * (queries - 1),
        QUERY: queries - 1,
    }
    if min(df.values()) < 1:
        return None
    squares = {
        "left": float((left**2).sum()),
        REPLICATE: queries * float((runs**2).sum()),
        TRIAL_QUERY: replicates * float((crossed**2).sum()),
        QUERY: trials * replicates * float((by_query**2).sum()),
    }
    seen = {name: squares[name] / df[name] for name in df}
    expected = in_order(seen, df)
    if not expected["left"] > 0:
        return None
    strata = Strata(
        mean_squares=(seen[REPLICATE], seen[TRIAL_QUERY], seen["left"]),
        df=(df[REPLICATE], df[TRIAL_QUERY], df["left"]),
        moments={},
    )
    of_mean = expected[REPLICATE] + expected[TRIAL_QUERY] - expected["left"]
    arms = trials - 1
    return Solution(
        variances={
            QUERY: (expected[QUERY] - expected[TRIAL_QUERY]) / (trials * replicates),
            TRIAL_QUERY: (expected[TRIAL_QUERY] - expected["left"]) / replicates,
            REPLICATE: (expected[REPLICATE] - expected["left"]) / queries,
        },
        residual=expected["left"],
        estimates=np.asarray(by_trial[1:] - by_trial[0]),
        covariance=of_mean / (replicates * queries) * (np.eye(arms) + np.ones((arms, arms))),
        df=strata.satterthwaite(),
    )


def in_order(seen: dict[str, float], df: dict[str, int]) -> dict[str, float]:
    """The mean squares with those out of order pooled: λe ≤ λr and λe ≤ λc ≤ λq hold."""

    def pooled(names: tuple[str, ...]) -> float:
        return sum(df[name] * seen[name] for name in names) / sum(df[name] for name in names)

    lowest = min(_CLOSED, key=pooled)
    found = dict.fromkeys(lowest, pooled(lowest))
    if REPLICATE not in found:
        found[REPLICATE] = seen[REPLICATE]
    if TRIAL_QUERY not in found:
        chain = (TRIAL_QUERY, QUERY)
        together = pooled(chain) if seen[QUERY] < seen[TRIAL_QUERY] else None
        found |= {name: seen[name] if together is None else together for name in chain}
    found.setdefault(QUERY, seen[QUERY])
    return found
