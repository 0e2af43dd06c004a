"""A linear mixed model of per-query figures: trials fixed, queries and replicates random.

On logarithms, y = trial (+ block) + query + trial × query + replicate within trial + residual. The
replicates carry the run-to-run scatter, which queries of one run share: without it, a test on
queries is falsely positive most of the time. Unlike the headline's interval, which holds for the
queries that were asked, this one holds for others like them: how much a trial changes may differ
from query to query. Fitted by REML, of a complete plan in closed form (`mixed_balanced`), else by
search (`mixed_search`, statsmodels' MixedLM); its z-tests become t-tests with Satterthwaite's
degrees of freedom, as five replicates are too few for a z.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from scipy import stats

from wattmark.analysis.intervals import CONFIDENCE, Interval
from wattmark.analysis.linear import Columns, fit, rounding
from wattmark.analysis.mixed_balanced import cube_of, solved
from wattmark.analysis.mixed_cells import Cells, Key, cells_of, query_values
from wattmark.analysis.mixed_design import REPLICATE, Design, design_of
from wattmark.analysis.mixed_search import searched
from wattmark.analysis.outcome import Test
from wattmark.analysis.samples import Sample, Unusable, quiet
from wattmark.analysis.summary import TrialSummary, summarise
from wattmark.analysis.verdict import groups, reference_of
from wattmark.errors import InputError, unknown
from wattmark.store.reader import Run

MOST_TRIALS = 16
MOST_RANDOM = 300
"""Random effects of queries and trials × queries that are fitted at the most: seconds of work."""
MOST_VALUES = 3_000
MOST_REPLICATES = 300
SINGULAR = 0.02
"""A component's SD below this share of the residual one is none: the search for 0 ends there."""
RESIDUAL = "residual"
COLUMNS = ("energy_j", "latency_s", "ttft_s", "tpot_s")
"""Of the table `queries`: what is above zero by its nature."""
IN_BATCHES = (
    "queries of one batch share its energy and its time: they scatter together, and the components "
    "of query and trial × query are rough"
)


@dataclass(frozen=True, kw_only=True)
class Component:
    """A random effect's SD, in the response (on logarithms: relative, nearly)."""

    name: str
    sd: float
    share: float
    """Of the variance of a single value."""


@dataclass(frozen=True, kw_only=True)
class Mixed:
    """A mixed model; without `tests`, `why` says why.

    `changes` is trial → ratio to the first trial (not on logarithms: difference), with its
    interval; `tests` has the t-test of each, and first the F-test of all where there are more than
    two trials. `components` are the random effects, the residual last. `singular` names those that
    were estimated as nothing. `n` counts the values, one a trial, replicate and query.
    """

    reference: str = ""
    changes: Mapping[str, Interval] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    components: tuple[Component, ...] = ()
    n: int = 0
    n_queries: int = 0
    n_replicates: int = 0
    converged: bool = False
    singular: tuple[str, ...] = ()
    logs: bool = True
    notes: tuple[str, ...] = ()
    why: str = ""


def mixed(
    values: Mapping[Key, float | None],
    *,
    logs: bool = True,
    blocked: bool = True,
    most: int | None = None,
) -> Mixed:
    """Fit `values` by (trial, replicate, query); the first trial is the reference.

    With `blocked`, replicates of one name are of one block of the randomized order in all trials,
    and what a block changes in all of them is taken out. Values that are None were not measured.
    More queries than can be fitted are pooled (see `mixed_cells`), more than `most` where the plan
    has gaps: a search takes as long as the cube of their number, and InputError is raised where
    statsmodels is missing.
    """
    trials = list(dict.fromkeys(trial for trial, _, _ in values))
    try:
        if not 2 <= len(trials) <= MOST_TRIALS:
            raise Unusable(f"{len(trials)} trials: 2 to {MOST_TRIALS} can be compared")
        runs = len({(trial, replicate) for trial, replicate, _ in values})
        if runs > MOST_REPLICATES:
            raise Unusable(f"{runs} replicates: at most {MOST_REPLICATES} are fitted")
        with quiet():
            limit = min(MOST_RANDOM // (len(trials) + 1), MOST_VALUES // runs)
            cells = cells_of(values, logs=logs, most=limit)
            design = design_of(cells, blocked)
            if most is not None and cube_of(cells.found, cells, blocked=design.blocked) is None:
                cells = cells_of(values, logs=logs, most=min(limit, most))
                design = design_of(cells, blocked)
            return _mixed(cells, design, logs)
    except Unusable as problem:
        return Mixed(logs=logs, n=len(values), why=str(problem))


def mixed_of(run: Run, column: str = "energy_j") -> dict[tuple[str, str, str], Mixed]:
    """`mixed` of a column of `queries`, for each (model, task, mode) of two or more trials.

    Names are trial keys; the reference is that of `verdict.reference_of`. Raises InputError on a
    column that is none of `COLUMNS`.
    """
    if column not in COLUMNS:
        raise InputError(unknown("column of queries", column, COLUMNS))
    found = {}
    for group in groups(summarise(run)):
        first = reference_of(group, "energy_per_query_j")
        if len(group) > 1:
            ordered = [first, *(trial for trial in group if trial is not first)]
            found[group[0].group] = mixed_between(run, ordered, column)
    return found


def mixed_between(
    run: Run,
    trials: Sequence[TrialSummary],
    column: str,
    *,
    names: Mapping[str, str] | None = None,
    most: int | None = None,
) -> Mixed:
    """`mixed` of some trials of a run that answer the same queries, the first as the reference.

    `names` (trial key → name, by default the keys) tell them apart in what is found.
    """
    values, notes = query_values(run, [trial.key for trial in trials], column)
    if names is not None:
        values = {(names[key], block, query): v for (key, block, query), v in values.items()}
    if any(trial.batch_size > 1 for trial in trials):
        notes = (*notes, IN_BATCHES)
    fitted = mixed(values, most=most)
    return replace(fitted, notes=(*notes, *fitted.notes))


def _mixed(cells: Cells, design: Design, logs: bool) -> Mixed:
    size = float(cells.found.std())
    if float(np.abs(fit([design.fixed], cells.found).residuals).max()) <= rounding(
        cells.found, logs=logs
    ):
        raise Unusable("each trial's values are equal: nothing scatters")
    scaled = (cells.found - cells.found.mean()) / size
    cube = cube_of(scaled, cells, blocked=design.blocked)
    found = None if cube is None else solved(cube, blocked=design.blocked)
    if found is None:
        found = searched(scaled, design)
    # Of one query: a pool's mean scatters less by the root of its size.
    scatters = {
        name: math.sqrt(max(0.0, value) * (1.0 if name == REPLICATE else cells.pool)) * size
        for name, value in {**found.variances, RESIDUAL: found.residual}.items()
    }
    total = sum(sd**2 for sd in scatters.values())
    singular = tuple(n for n in found.variances if scatters[n] <= SINGULAR * scatters[RESIDUAL])
    covariance = found.covariance * size**2
    if not (np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()):
        raise Unusable("the mixed model is singular: its standard errors cannot be computed")
    tests, changes = _contrasts(found.estimates * size, covariance, found.df, design, logs)
    return Mixed(
        reference=design.trials[0],
        changes=changes,
        tests=tests,
        components=tuple(
            Component(name=name, sd=sd, share=sd**2 / total) for name, sd in scatters.items()
        ),
        n=int(cells.found.size),
        n_queries=cells.n_queries,
        n_replicates=design.n_replicates,
        converged=found.converged,
        singular=singular,
        logs=logs,
        notes=(*design.notes, *_words(found.converged, singular)),
    )


def _contrasts(
    estimates: Sample, covariance: Columns, df: float, design: Design, logs: bool
) -> tuple[tuple[Test, ...], dict[str, Interval]]:
    """Each trial against the first, after the F-test of all where there are several."""
    n, reference = (design.n_replicates,), design.trials[0]
    tests, changes = [], {}
    factor = float(stats.t.ppf(0.5 + CONFIDENCE / 2, df))
    if len(estimates) > 1:
        count = len(estimates)
        wald = float(estimates @ np.linalg.solve(covariance, estimates)) / count
        tests.append(
            Test(
                name="F-test of the trials in a mixed model",
                statistic=wald,
                p_value=float(stats.f.sf(wald, count, df)),
                df=(float(count), float(df)),
                of=design.trials,
                n=n,
            )
        )
    for trial, estimate, variance in zip(
        design.trials[1:], estimates.tolist(), np.diag(covariance).tolist(), strict=True
    ):
        error = math.sqrt(variance)
        bounds = (estimate, estimate - factor * error, estimate + factor * error)
        change = Interval(*(math.exp(max(-700.0, min(700.0, b))) if logs else b for b in bounds))
        changes[trial] = change
        tests.append(
            Test(
                name="t-test in a mixed model",
                statistic=estimate / error,
                p_value=float(2 * stats.t.sf(abs(estimate) / error, df)),
                df=(float(df),),
                of=(reference, trial),
                n=n,
                effect=change.mean,
                effect_name="ratio" if logs else "difference",
                low=change.low,
                high=change.high,
            )
        )
    return tuple(tests), changes


def _words(converged: bool, singular: Sequence[str]) -> tuple[str, ...]:
    words = []
    if not converged:
        words.append("the fit did not converge: its figures are rough, the paired t-test stands")
    words += [f"no scatter by {name} was seen: its SD is at its bound of 0" for name in singular]
    return tuple(words)
