"""Do hard queries cost more, and are they answered right less often? Query by query.

Joules and correctness of each query stand against three signs of its difficulty: the length of its
prompt, the length of its answer, and how confident the model was. A query counts once for each
trial, with its mean over replicates and repetitions: the same question asked five times is one
question. Spearman's ρ says whether one rises with the other, whatever the form of the curve; the
bins, each with about as many queries, show the form.

All is observed, nothing was assigned: long answers are long for reasons. Joules of a query are its
share of its batch's; above batch 1 the shares follow from a rule of sharing, tokens among it, so
that a relation to lengths is built in to that extent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.correlations import spearman
from wattmark.analysis.intervals import Interval, mean_t, wilson
from wattmark.analysis.outcome import Test
from wattmark.store.reader import Run

KEYS = ("trial_key", "query_id")
SIGNS = ("input_tokens", "output_tokens", "confidence")
OUTCOMES = ("energy_j", "correct")
NAME = "Spearman correlation"
BINS = 5
LEAST_IN_BIN = 5
"""Fewer queries than this a bin make fewer bins."""
LEAST = 3
"""Pairs that an order needs."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bin:
    """Queries whose sign lies from `low` to `high`, both among them."""

    low: float
    high: float
    n: int
    sign: float
    """Mean of the sign."""
    outcome: Interval
    """Mean joules with a t-interval, or share right with Wilson's."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """One outcome (`energy_j`, `correct`) against one sign over `n` queries of a trial.

    `test` is Spearman's correlation with its interval; where there is none, its `why` says the
    reason. The intervals of the bins are of these queries as a sample of queries like them.
    """

    sign: str
    outcome: str
    n: int
    test: Test
    bins: tuple[Bin, ...] = ()


def difficulties(run: Run) -> dict[str, tuple[Relation, ...]]:
    """Trial key → its relations, of those that at least three queries have both figures for."""
    return relations(run.select("queries", [*KEYS, *SIGNS, *OUTCOMES]))


def relations(queries: pa.Table) -> dict[str, tuple[Relation, ...]]:
    """As `difficulties`, from a table with the columns of `queries`."""
    found = {}
    for key, mine in query_means(queries, (*SIGNS, *OUTCOMES)).items():
        related = tuple(
            relation(sign, outcome, mine[sign], mine[outcome])
            for outcome in OUTCOMES
            for sign in SIGNS
            if int((np.isfinite(mine[sign]) & np.isfinite(mine[outcome])).sum()) >= LEAST
        )
        if related:
            found[key] = related
    return found


def query_means(queries: pa.Table, columns: Sequence[str]) -> dict[str, dict[str, Floats]]:
    """Trial key → column → one value a query: its mean over replicates and repetitions.

    The columns of a trial have one length, its number of queries, in one order; NaN is a query
    without a value. Truth counts as 1.
    """
    slim = pa.table(
        {
            **{name: pc.cast(queries.column(name), pa.string()) for name in KEYS},
            **{name: pc.cast(queries.column(name), pa.float64()) for name in columns},
        }
    )
    # Threads would add up in another order each time, and change last digits.
    grouped = slim.group_by(list(KEYS), use_threads=False)
    each = grouped.aggregate([(name, "mean") for name in columns])
    keys = pc.dictionary_encode(each.column("trial_key").combine_chunks())
    places = np.asarray(keys.indices)
    order = np.argsort(places, kind="stable")
    edges = np.searchsorted(places[order], np.arange(len(keys.dictionary) + 1))
    # Null becomes NaN: only here, where each is left out again.
    whole = {
        name: each.column(f"{name}_mean").to_numpy(zero_copy_only=False)[order] for name in columns
    }
    return {
        str(key): {name: values[edges[at] : edges[at + 1]] for name, values in whole.items()}
        for at, key in enumerate(keys.dictionary.to_pylist())
    }


def relation(sign: str, outcome: str, x: Floats, y: Floats, *, bins: int = BINS) -> Relation:
    """`y` (joules, or the share right of each query) against `x`; NaN in either leaves both out.

    Raises ValueError for lengths that differ.
    """
    if len(x) != len(y):
        raise ValueError(f"{len(x)} signs of {len(y)} outcomes")
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    return Relation(
        sign=sign,
        outcome=outcome,
        n=len(x),
        test=_test(sign, outcome, x, y),
        bins=_bins(x, y, outcome == "correct", bins),
    )


def _test(sign: str, outcome: str, x: Floats, y: Floats) -> Test:
    for name, values in ((sign, x), (outcome, y)):
        if values.size and float(np.ptp(values)) == 0:
            n = (values.size, values.size)
            return Test(name=NAME, of=(sign, outcome), n=n, why=f"{name} is the same in all")
    return replace(spearman(x.tolist(), y.tolist()), name=NAME, of=(sign, outcome))


def _bins(x: Floats, y: Floats, share: bool, bins: int) -> tuple[Bin, ...]:
    """Bins between quantiles; equal signs are never torn apart, so there may be fewer."""
    if x.size == 0:
        return ()
    count = max(1, min(bins, x.size // LEAST_IN_BIN))
    inner = np.unique(np.quantile(x, np.arange(1, count) / count, method="inverted_cdf"))
    # A bin ends with its quantile, which belongs to it.
    places = np.searchsorted(inner, x, side="left")
    return tuple(_bin(x[places == k], y[places == k], share) for k in np.unique(places))


def _bin(x: Floats, y: Floats, share: bool) -> Bin:
    if share:
        outcome = wilson(float(min(y.sum(), y.size)), int(y.size))
    else:
        mean, low, high = mean_t(y.tolist())
        # Gross joules are not below zero, where a t-interval of few queries may be.
        outcome = Interval(mean, None if low is None else max(0.0, low), high)
    return Bin(float(x.min()), float(x.max()), int(x.size), float(x.mean()), outcome)
