"""A linear mixed model of per-query figures: trials fixed, queries and replicates random.

On logarithms, y = trial (+ block) + query + trial × query + replicate within trial + residual. The
replicates carry the run-to-run scatter, which queries of one run share: without it, a test on
queries is falsely positive most of the time. Unlike the headline's interval, which holds for the
queries that were asked, this one holds for others like them: how much a trial changes may differ
from query to query. Fitted by REML (statsmodels' MixedLM); its z-tests become t-tests with
Satterthwaite's degrees of freedom, as five replicates are too few for a z.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from scipy import stats

from wattmark.analysis.intervals import CONFIDENCE, Interval
from wattmark.analysis.linear import Columns, fit, rounding
from wattmark.analysis.mixed_cells import Cells, Key, cells_of, query_values
from wattmark.analysis.mixed_design import (
    QUERY,
    REPLICATE,
    Design,
    Strata,
    design_of,
    strata_of,
)
from wattmark.analysis.outcome import Test
from wattmark.analysis.samples import Sample, Unusable, quiet
from wattmark.analysis.summary import summarise
from wattmark.analysis.verdict import groups, reference_of
from wattmark.errors import InputError, unknown
from wattmark.store.reader import Run

MOST_TRIALS = 16
MOST_RANDOM = 300
"""Random effects of queries and trials × queries that are fitted at the most: seconds of work."""
MOST_VALUES = 3_000
MOST_REPLICATES = 300
START = 1e-3
"""Of the residual variance: the least that a component is searched from."""
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


def mixed(values: Mapping[Key, float | None], *, logs: bool = True, blocked: bool = True) -> Mixed:
    """Fit `values` by (trial, replicate, query); the first trial is the reference.

    With `blocked`, replicates of one name are of one block of the randomized order in all trials,
    and what a block changes in all of them is taken out. Values that are None were not measured.
    More queries than can be fitted are pooled (see `mixed_cells`). InputError where statsmodels
    is missing.
    """
    trials = list(dict.fromkeys(trial for trial, _, _ in values))
    try:
        if not 2 <= len(trials) <= MOST_TRIALS:
            raise Unusable(f"{len(trials)} trials: 2 to {MOST_TRIALS} can be compared")
        runs = len({(trial, replicate) for trial, replicate, _ in values})
        if runs > MOST_REPLICATES:
            raise Unusable(f"{runs} replicates: at most {MOST_REPLICATES} are fitted")
        with quiet():
            most = min(MOST_RANDOM // (len(trials) + 1), MOST_VALUES // runs)
            cells = cells_of(values, logs=logs, most=most)
            return _mixed(cells, design_of(cells, blocked), logs)
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
        first = reference_of(group, "energy_per_query_j").key
        keys = [first, *(trial.key for trial in group if trial.key != first)]
        if len(keys) > 1:
            values, notes = query_values(run, keys, column)
            if any(trial.batch_size > 1 for trial in group):
                notes = (*notes, IN_BATCHES)
            fitted = mixed(values)
            found[group[0].group] = replace(fitted, notes=(*notes, *fitted.notes))
    return found


def _mixed(cells: Cells, design: Design, logs: bool) -> Mixed:
    size = float(cells.found.std())
    if float(np.abs(fit([design.fixed], cells.found).residuals).max()) <= rounding(
        cells.found, logs=logs
    ):
        raise Unusable("each trial's values are equal: nothing scatters")
    scaled = (cells.found - cells.found.mean()) / size
    strata = strata_of(scaled, design)
    fitted, of_effect = _fitted(scaled, design, strata)
    variances = {**of_effect, RESIDUAL: float(fitted.scale)}
    # Of one query: a pool's mean scatters less by the root of its size.
    scatters = {
        name: math.sqrt(max(0.0, value) * (1.0 if name == REPLICATE else cells.pool)) * size
        for name, value in variances.items()
    }
    total = sum(sd**2 for sd in scatters.values())
    components = tuple(
        Component(name=name, sd=sd, share=sd**2 / total) for name, sd in scatters.items()
    )
    least = SINGULAR * scatters[RESIDUAL]
    singular = tuple(name for name in of_effect if scatters[name] <= least)
    df = strata.satterthwaite()
    arms = len(design.trials) - 1
    estimates = np.asarray(fitted.fe_params)[1 : arms + 1] * size
    covariance = np.asarray(fitted.cov_params())[1 : arms + 1, 1 : arms + 1] * size**2
    if not (np.isfinite(covariance).all() and (np.diag(covariance) > 0).all()):
        raise Unusable("the mixed model is singular: its standard errors cannot be computed")
    notes = (*design.notes, *_words(bool(fitted.converged), singular))
    tests, changes = _contrasts(estimates, covariance, df, design, logs)
    return Mixed(
        reference=design.trials[0],
        changes=changes,
        tests=tests,
        components=components,
        n=int(cells.found.size),
        n_queries=cells.n_queries,
        n_replicates=design.n_replicates,
        converged=bool(fitted.converged),
        singular=singular,
        logs=logs,
        notes=notes,
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


def _fitted(found: Sample, design: Design, strata: Strata) -> tuple[Any, dict[str, float]]:
    """statsmodels' result, and the variance of each random effect.

    An estimate at 0 can make its equations singular: those without a moment above 0 are then 0.
    """
    names = list(design.random)
    try:
        result = _reml(found, design, strata, names)
    except np.linalg.LinAlgError:
        names = [name for name in names if strata.moments[name] > 0] or [QUERY]
        try:
            result = _reml(found, design, strata, names)
        except np.linalg.LinAlgError as reason:
            raise Unusable(f"the mixed model is singular: {reason}") from reason
    variances = dict(zip(names, map(float, result.vcomp), strict=True))
    return result, {name: variances.get(name, 0.0) for name in design.random}


def _reml(found: Sample, design: Design, strata: Strata, names: Sequence[str]) -> Any:
    """MixedLM with one group, since queries and replicates cross. Raises LinAlgError.

    Started from the moments, which the estimates are where the plan is balanced and none is at 0.
    """
    try:
        from statsmodels.regression.mixed_linear_model import (  # noqa: PLC0415 (an extra, and slow to import: only for who fits)
            MixedLM,
            MixedLMParams,
            VCSpec,
        )
    except ImportError as reason:
        raise InputError(
            "The mixed model needs 'statsmodels', which is not installed.",
            'Run: pip install "wattmark[report]".',
        ) from reason
    columns = [[[str(k) for k in range(design.random[name].shape[1])]] for name in names]
    spec = VCSpec(list(names), columns, [[design.random[name]] for name in names])
    start = MixedLMParams.from_components(
        fe_params=np.zeros(design.fixed.shape[1]),
        vcomp=np.asarray([max(strata.moments[name], START) for name in names]),
    )
    with warnings.catch_warnings():
        # Its words on convergence and on the boundary come back in ours.
        warnings.simplefilter("ignore")
        model = MixedLM(found, design.fixed, groups=np.zeros(found.size), exog_vc=spec)
        return model.fit(start_params=start, reml=True, method=["lbfgs", "powell"])


def _words(converged: bool, singular: Sequence[str]) -> tuple[str, ...]:
    words = []
    if not converged:
        words.append("the fit did not converge: its figures are rough, the paired t-test stands")
    words += [f"no scatter by {name} was seen: its SD is at its bound of 0" for name in singular]
    return tuple(words)
