"""Correlations between variables, with intervals: Pearson's (a line) and Spearman's (an order).

A correlation over the rows of an experiment shows what goes together there, not what causes
what: configurations that are slow and large at once correlate by choice of the grid.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from scipy import special, stats

from wattmark.analysis.assumptions import has_ties, not_normal
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.multiple import corrected
from wattmark.analysis.outcome import Effect, Found, Test, answered
from wattmark.analysis.samples import ROUNDING, Sample, Samples, Unusable

LEAST = 3
"""Two points always lie on a line, and in an order."""
FEW = 10
"""Below this many pairs the p-value of Spearman's ρ, by a t distribution, is rough."""


def pearson(x: Sequence[float], y: Sequence[float]) -> Test:
    """Pearson's r of pairs with Fisher's interval (needs four pairs); statistic and effect are r.

    Says in `notes` where what is left of the line is not normal.
    """
    return _between({"x": x, "y": y}, ranks=False)


def _pearson(samples: Samples) -> Found:
    x, y = _scattered(samples)
    found = stats.pearsonr(x, y)
    r = float(found.statistic)
    slope = r * float(y.std() / x.std())
    residuals = y - y.mean() - slope * (x - x.mean())
    straight = float(np.ptp(residuals)) > ROUNDING
    instead = "read Spearman's beside it"
    return Found(
        statistic=r,
        p_value=found.pvalue,
        df=(x.size - 2,),
        effect=_fisher("Pearson's r", r, x.size, 1.0),
        notes=not_normal(residuals, instead) if straight else (),
    )


def spearman(x: Sequence[float], y: Sequence[float]) -> Test:
    """Spearman's ρ of pairs; the interval (from four pairs on) is Bonett and Wright's.

    Fisher's transformation with variance (1 + ρ²/2)/(n − 3) (2000, Psychometrika 65: 23-28).
    """
    return _between({"x": x, "y": y}, ranks=True)


def _spearman(samples: Samples) -> Found:
    x, y = _scattered(samples)
    found = stats.spearmanr(x, y)
    rho = float(found.statistic)
    notes: tuple[str, ...] = ()
    if x.size < FEW and not (has_ties(x) or has_ties(y)):
        least = 2 / math.factorial(x.size)
        notes = (f"{x.size} pairs: approximate; no exact p-value lies below {least:.2g}",)
    elif x.size < FEW:
        notes = (f"{x.size} pairs with ties: the p-value is approximate",)
    return Found(
        statistic=rho,
        p_value=found.pvalue,
        df=(x.size - 2,),
        effect=_fisher("Spearman's ρ", rho, x.size, 1 + rho * rho / 2),
        notes=notes,
    )


def correlations(
    columns: Mapping[str, Sequence[float | None]], *, ranks: bool = False
) -> list[Test]:
    """Every two columns, in order, with p-values corrected by Holm over all; `of` names the two.

    Rows are the same in each column; one that lacks either value (None) is left out of that pair
    and counted in its notes. `ranks` asks for Spearman's. Raises ValueError on unequal lengths.
    """
    if len({len(values) for values in columns.values()}) > 1:
        raise ValueError("columns of one table have one length")
    found = []
    for first, second in itertools.combinations(columns, 2):
        rows = list(zip(columns[first], columns[second], strict=True))
        whole = [(x, y) for x, y in rows if x is not None and y is not None]
        pair = {first: [x for x, _ in whole], second: [y for _, y in whole]}
        test = _between(pair, ranks=ranks)
        lost = len(rows) - len(whole)
        told = (f"{lost} of {len(rows)} rows lack one of the two values",) if lost else ()
        found.append(replace(test, notes=told + test.notes))
    return corrected(found)


def _between(columns: Mapping[str, Sequence[float]], *, ranks: bool) -> Test:
    name = "Spearman correlation" if ranks else "Pearson correlation"
    compute = _spearman if ranks else _pearson
    return answered(name, columns, compute, paired=True, at_least=LEAST)


def _scattered(samples: Samples) -> tuple[Sample, Sample]:
    flat = samples.flat_names()
    if flat:
        raise Unusable(f"{flat[0]} is constant: nothing varies together")
    x, y = samples.values
    return x / np.abs(x).max(), y / np.abs(y).max()


def _fisher(name: str, r: float, n: int, inflation: float) -> Effect:
    """Interval by Fisher's transformation, its variance `inflation` / (n − 3)."""
    if n < 4:
        return Effect(name=name, value=r, why="an interval needs at least 4 pairs")
    if abs(r) >= 1 - 1e-12:
        return Effect(name=name, value=r, why="at 1 or −1 it has no interval")
    half = float(special.ndtri(0.5 + CONFIDENCE / 2)) * math.sqrt(inflation / (n - 3))
    centre = math.atanh(r)
    return Effect(name=name, value=r, low=math.tanh(centre - half), high=math.tanh(centre + half))
