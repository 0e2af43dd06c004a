"""Factorial analysis of variance: what precision, batch size and the two together change.

Type II sums of squares: a term's sum is what it explains beyond all terms that do not contain it
(Langsrud 2003, Statistics and Computing 13: 163-167), over the mean square that the full model
leaves. Each is the difference of two nested fits by rank, so that an unbalanced plan is no trouble,
and an interaction with empty cells is tested on the contrasts that the filled ones allow. Blocks of
the randomized order enter as an additive term, which takes the drift between them out.
"""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from wattmark.analysis.assumptions import not_normal, spreads_differ
from wattmark.analysis.linear import Columns, fit, indicators, present, response, rounding
from wattmark.analysis.metrics import Metric, Row
from wattmark.analysis.outcome import Test
from wattmark.analysis.samples import Sample, Unusable, quiet
from wattmark.analysis.summary import IDENTITY
from wattmark.errors import InputError, unknown
from wattmark.store.reader import Run

PARTIAL_OMEGA = "partial ω²"
MOST_CELLS = 2_000
INSTEAD = "read Kruskal–Wallis over the cells beside this"
Levels = Mapping[str, Sequence[Hashable]]


@dataclass(frozen=True, kw_only=True)
class Term:
    """A factor (`precision`) or an interaction (`precision × batch_size`), with its F-test.

    `sum_of_squares` is of type II, in the response's unit squared (on logarithms: none).
    """

    test: Test
    sum_of_squares: float | None
    mean_square: float | None


@dataclass(frozen=True, kw_only=True)
class Cell:
    """A combination of levels: its number of values, and their mean (on logarithms: geometric)."""

    levels: tuple[str, ...]
    n: int
    mean: float | None


@dataclass(frozen=True, kw_only=True)
class Factorial:
    """A factorial analysis of variance; without `terms`, `why` says why.

    `cells` are all combinations, the empty ones included. `residual_sd` is the scatter of values
    within a cell (on logarithms: relative, nearly). `of` says what was held fixed. `notes` are
    empty cells, unequal numbers, what could not be fitted, and assumptions that do not hold.
    """

    factors: tuple[str, ...]
    terms: tuple[Term, ...] = ()
    residual_df: int = 0
    residual_sum_of_squares: float | None = None
    residual_sd: float | None = None
    n: int = 0
    cells: tuple[Cell, ...] = ()
    balanced: bool = False
    of: Mapping[str, str] | None = None
    notes: tuple[str, ...] = ()
    why: str = ""


def factorial(
    values: Sequence[float | None],
    factors: Levels,
    *,
    blocks: Sequence[Hashable] | None = None,
    logs: bool = True,
    highest: int = 2,
) -> Factorial:
    """Analysis of variance of `values` over two or more `factors`, name → level of each value.

    Interactions are fitted up to the order `highest` (2: of pairs). A value that is None was not
    measured and is left out, which the notes say. `logs` takes natural logarithms, so that effects
    are factors. Raises ValueError where lengths differ.
    """
    columns = [*factors.values(), *([] if blocks is None else [blocks])]
    if any(len(column) != len(values) for column in columns):
        raise ValueError("each value needs one level of each factor, and one block")
    kept = present(values)
    names = tuple(factors)
    of_kept = {name: [level[k] for k in kept] for name, level in factors.items()}
    block_of = None if blocks is None else [blocks[k] for k in kept]
    given = [float(values[k] or 0.0) for k in kept]
    try:
        with quiet():
            found = _factorial(given, of_kept, block_of, logs, highest)
    except Unusable as problem:
        return Factorial(factors=names, n=len(kept), why=str(problem))
    if len(kept) < len(values):
        left = f"{len(values) - len(kept)} of {len(values)} values were not measured"
        found = replace(found, notes=(left, *found.notes))
    return found


def factorial_of(
    run: Run,
    metric: Metric,
    factors: Sequence[str] = ("precision", "batch_size"),
    *,
    highest: int = 2,
) -> list[Factorial]:
    """`factorial` of a run's metric over columns of `trials`, one for each setting of the others.

    Everything else that tells trials apart (model, backend, device, task, mode, options …) is held
    fixed, and stands in `of`; blocks are taken out. Raises InputError on a name that is no
    such column.
    """
    known = (*IDENTITY, "options")
    for name in factors:
        if name not in known:
            raise InputError(unknown("factor", name, known))
    held = [name for name in known if name not in factors]
    settings: dict[tuple[str, ...], list[Row]] = {}
    for row in run.trials.to_pylist():
        if row["status"] == "ok":
            settings.setdefault(tuple(str(row[name]) for name in held), []).append(row)
    return [
        replace(
            factorial(
                [metric.of(row).value for row in rows],
                {name: [row[name] for row in rows] for name in factors},
                blocks=[row["block"] for row in rows],
                logs=metric.logs,
                highest=highest,
            ),
            of=dict(zip(held, setting, strict=True)),
        )
        for setting, rows in sorted(settings.items())
    ]


def _factorial(
    values: Sequence[float],
    factors: Levels,
    blocks: Sequence[Hashable] | None,
    logs: bool,
    highest: int,
) -> Factorial:
    varied = {name: levels for name, levels in factors.items() if len(set(levels)) > 1}
    notes = [f"{name} has one level only" for name in factors if name not in varied]
    if len(varied) < 2:
        raise Unusable("; ".join([*notes, "two factors with two levels each are needed"]))
    found = response(values, logs=logs)
    cells = _cells(found, varied, logs)
    balanced = len({cell.n for cell in cells}) == 1
    notes += _about(cells, balanced)
    nuisance = [] if blocks is None else [indicators(blocks)]
    designs = _designs(varied, highest)
    full = fit([*nuisance, *designs.values()], found)
    while full.df == 0 and max(map(len, designs)) > 1:
        order = max(map(len, designs))
        dropped = [_title(term) for term in designs if len(term) == order]
        designs = {term: design for term, design in designs.items() if len(term) < order}
        notes.append(f"{', '.join(dropped)} cannot be told from the scatter, and was left out")
        full = fit([*nuisance, *designs.values()], found)
    if full.df == 0:
        raise Unusable("as many levels as values: no scatter is left to test against")
    if float(np.abs(full.residuals).max()) <= rounding(found, logs=logs):
        raise Unusable("equal values within each cell: nothing scatters")
    mean_square = full.rss / full.df
    return Factorial(
        factors=tuple(varied),
        terms=tuple(
            _term(term, designs, nuisance, found, (mean_square, full.df)) for term in designs
        ),
        residual_df=full.df,
        residual_sum_of_squares=full.rss,
        residual_sd=math.sqrt(mean_square),
        n=len(values),
        cells=cells,
        balanced=balanced,
        notes=(*notes, *_assumptions(full.residuals, varied)),
    )


def _designs(factors: Levels, highest: int) -> dict[tuple[str, ...], Columns]:
    """Columns of each factor and interaction; those of an interaction span its factors' too."""
    terms = [
        term
        for order in range(1, max(1, min(highest, len(factors))) + 1)
        for term in itertools.combinations(factors, order)
    ]
    designs = {}
    for term in terms:
        combined = list(zip(*(factors[name] for name in term), strict=True))
        if len(set(combined)) > MOST_CELLS:
            raise Unusable(f"{_title(term)} has more than {MOST_CELLS} cells")
        designs[term] = indicators(combined)
    return designs


def _term(
    term: tuple[str, ...],
    designs: Mapping[tuple[str, ...], Columns],
    nuisance: Sequence[Columns],
    found: Sample,
    residual: tuple[float, int],
) -> Term:
    """F of what a term explains beyond the terms that do not contain it."""
    others = [design for other, design in designs.items() if not set(term) <= set(other)]
    without = fit([*nuisance, *others], found)
    with_it = fit([*nuisance, *others, designs[term]], found)
    df, n = with_it.rank - without.rank, int(found.size)
    name = f"F-test of {_title(term)}, type II"
    if df == 0:
        why = "it cannot be told apart from the other terms: too few cells have values"
        return Term(test=Test(name=name, n=(n,), why=why), sum_of_squares=None, mean_square=None)
    mean_square, residual_df = residual
    explained = max(0.0, without.rss - with_it.rss)
    ratio = explained / df / mean_square
    excess = df * (ratio - 1)
    return Term(
        test=Test(
            name=name,
            statistic=ratio,
            p_value=float(stats.f.sf(ratio, df, residual_df)),
            df=(float(df), float(residual_df)),
            of=term,
            n=(n,),
            effect=excess / (excess + n),
            effect_name=PARTIAL_OMEGA,
        ),
        sum_of_squares=explained,
        mean_square=explained / df,
    )


def _cells(found: Sample, factors: Levels, logs: bool) -> tuple[Cell, ...]:
    levels = [sorted(set(levels), key=_order) for levels in factors.values()]
    if math.prod(map(len, levels)) > MOST_CELLS:
        raise Unusable(f"the factors have more than {MOST_CELLS} cells")
    of = list(zip(*factors.values(), strict=True))
    counts = Counter(of)
    sums: Counter[tuple[Hashable, ...]] = Counter()
    for cell, value in zip(of, found.tolist(), strict=True):
        sums[cell] += value
    cells = []
    for cell in itertools.product(*levels):
        mean = sums[cell] / counts[cell] if counts[cell] else None
        centre = math.exp(mean) if logs and mean is not None else mean
        cells.append(Cell(levels=tuple(map(str, cell)), n=counts[cell], mean=centre))
    return tuple(cells)


def _order(level: Hashable) -> tuple[bool, float, str]:
    """Numbers by size and before words, words by letter."""
    number = isinstance(level, int | float)
    return not number, float(level) if isinstance(level, int | float) else 0.0, str(level)


def _about(cells: Sequence[Cell], balanced: bool) -> list[str]:
    empty = [" × ".join(cell.levels) for cell in cells if cell.n == 0]
    if empty:
        named = ", ".join(empty[:5]) + (" …" if len(empty) > 5 else "")
        return [
            f"{len(empty)} of {len(cells)} cells have no value ({named}): interactions are "
            "tested as far as the others allow"
        ]
    if balanced:
        return []
    few, many = min(cell.n for cell in cells), max(cell.n for cell in cells)
    return [f"unbalanced: {few} to {many} values a cell"]


def _assumptions(residuals: Sample, factors: Levels) -> tuple[str, ...]:
    of = list(zip(*factors.values(), strict=True))
    by_cell: dict[tuple[Hashable, ...], list[float]] = {}
    for cell, residual in zip(of, residuals.tolist(), strict=True):
        by_cell.setdefault(cell, []).append(residual)
    spreads = spreads_differ([np.asarray(cell) for cell in by_cell.values()], INSTEAD)
    return (*not_normal(residuals, INSTEAD), *spreads)


def _title(term: Sequence[str]) -> str:
    return " × ".join(term)
