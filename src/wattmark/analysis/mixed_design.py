"""The plan behind a mixed model: its columns, what can be told apart, and its mean squares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.analysis.linear import Columns, Fit, fit, indicators
from wattmark.analysis.mixed_cells import Cells
from wattmark.analysis.samples import Sample, Unusable

QUERY, TRIAL_QUERY, REPLICATE = "query", "trial × query", "replicate"


@dataclass(frozen=True, kw_only=True)
class Design:
    """Columns of the fixed effects, the random ones by name, and the replicates' freedom.

    `blocked`: are blocks among the fixed effects?
    """

    fixed: Columns
    random: dict[str, Columns]
    trials: tuple[str, ...]
    n_replicates: int
    df: int
    blocked: bool
    notes: tuple[str, ...]


def design_of(cells: Cells, blocked: bool) -> Design:
    """The plan of `cells`; Unusable where trials cannot be told from the scatter of runs."""
    processes = list(dict.fromkeys(zip(cells.trials, cells.replicates, strict=True)))
    trials = tuple(dict.fromkeys(cells.trials))
    n_queries = len(set(cells.queries))
    if len(trials) < 2 or n_queries < 3:
        raise Unusable("two trials and three queries with values are needed")
    notes = cells.notes
    arms, blocks = indicators([t for t, _ in processes]), indicators([r for _, r in processes])
    if blocked and _rank([arms, blocks]) < arms.shape[1] + blocks.shape[1] - 1:
        blocked = False
        notes = (*notes, "the trials share too few blocks for their effect to be taken out")
    df = len(processes) - _rank([arms, blocks] if blocked else [arms])
    if df < 1:
        raise Unusable(
            "one replicate: a difference between trials cannot be told from the scatter from run "
            "to run"
        )
    fixed = [np.ones((cells.found.size, 1)), indicators(cells.trials)[:, 1:]]
    if blocked:
        fixed.append(indicators(cells.replicates)[:, 1:])
    return Design(
        fixed=np.column_stack(fixed),
        random={
            QUERY: indicators(cells.queries),
            TRIAL_QUERY: indicators(list(zip(cells.trials, cells.queries, strict=True))),
            REPLICATE: indicators(list(zip(cells.trials, cells.replicates, strict=True))),
        },
        trials=trials,
        n_replicates=len(processes),
        df=df,
        blocked=blocked,
        notes=notes,
    )


@dataclass(frozen=True, kw_only=True)
class Strata:
    """Mean squares of the replicates, of trial × query and of what is left, with their freedom.

    `moments` are the variances by name that these mean squares are expected at, over the residual
    one; below 0 where chance has it.
    """

    mean_squares: tuple[float, float, float]
    df: tuple[int, int, int]
    moments: Mapping[str, float]

    def satterthwaite(self) -> float:
        """Freedom of a trial's difference: of MS replicate + MS trial × query − MS residual.

        Satterthwaite (1946, Biometrics Bulletin 2: 110-114); exact strata of a balanced plan. A
        component that was seen as nothing adds nothing.
        """
        replicate, crossed, left = self.mean_squares
        if crossed <= left:
            return float(self.df[0])
        if replicate <= left:
            return float(self.df[1])
        parts = zip(self.mean_squares, self.df, strict=True)
        total = replicate + crossed - left
        return total**2 / sum(part**2 / df for part, df in parts)


def strata_of(found: Sample, design: Design) -> Strata:
    """Mean squares by nested fits; Unusable where no value is left over to see the rest by."""
    query, crossed, replicate = (design.random[n] for n in (QUERY, TRIAL_QUERY, REPLICATE))
    fixed = design.fixed
    full = fit([fixed, crossed, replicate], found)
    if full.df < 1:
        raise Unusable("one value a trial and query: nothing is left to tell their scatter by")
    within = full.rss / full.df

    def mean_square(without: Fit, with_it: Fit) -> tuple[float, int]:
        df = with_it.rank - without.rank
        return (max(0.0, without.rss - with_it.rss) / df if df else within), df

    plain = fit([fixed, query, replicate], found)
    of_replicate, replicate_df = mean_square(fit([fixed, crossed], found), full)
    of_crossed, crossed_df = mean_square(plain, full)
    of_query, _ = mean_square(fit([fixed, replicate], found), plain)
    n = found.size
    return Strata(
        mean_squares=(of_replicate, of_crossed, within),
        df=(replicate_df, crossed_df, full.df),
        moments={
            QUERY: (of_query - of_crossed) / within * query.shape[1] / n,
            TRIAL_QUERY: (of_crossed - within) / within * crossed.shape[1] / n,
            REPLICATE: (of_replicate - within) / within * replicate.shape[1] / n,
        },
    )


def _rank(design: Sequence[Columns]) -> int:
    return int(np.linalg.matrix_rank(np.column_stack(design)))
