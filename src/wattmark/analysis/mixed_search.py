"""The mixed model of a plan with gaps: REML by search, with statsmodels' MixedLM."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from wattmark.analysis.mixed_balanced import Solution
from wattmark.analysis.mixed_design import QUERY, Design, Strata, strata_of
from wattmark.analysis.samples import Sample, Unusable
from wattmark.errors import InputError

START = 1e-3
"""Of the residual variance: the least that a component is searched from."""


def searched(found: Sample, design: Design) -> Solution:
    """The model of any plan. Unusable where it is singular, InputError without statsmodels."""
    strata = strata_of(found, design)
    fitted, variances = _fitted(found, design, strata)
    arms = len(design.trials)
    return Solution(
        variances=variances,
        residual=float(fitted.scale),
        estimates=np.asarray(fitted.fe_params)[1:arms],
        covariance=np.asarray(fitted.cov_params())[1:arms, 1:arms],
        df=strata.satterthwaite(),
        converged=bool(fitted.converged),
    )


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
