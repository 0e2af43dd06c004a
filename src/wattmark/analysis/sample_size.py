"""How many replicates it takes to resolve a ratio, or to make its interval as narrow as wanted.

The headline is a t-interval on differences of logarithms d = ln(head) − ln(base), of blocks or of
independent runs. With the SD of d known, the two-sided t-test at level α finds |δ| = |ln ratio|
with the power that the noncentral t gives (Cohen 1988). The SD is itself an estimate: at five pairs
its upper 95 % bound is 2.4 times as large, and what it asks for stands beside the plain figure.
A measurement's own half-width, which more replicates do not shrink, is taken into account.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize, stats

from wattmark.analysis.contrast import log_half_width, values_of
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import NO_LOGARITHM, Metric
from wattmark.analysis.statistical_power import FEWEST, MOST, POWER, Design, smallest
from wattmark.analysis.summary import run_values
from wattmark.analysis.verdict import rows_of
from wattmark.errors import InputError, unknown
from wattmark.store.reader import Run

SD_UNKNOWN = "two pairs or more are needed to see any scatter"
NO_SCATTER = "no scatter was seen, so nothing can be said of more replicates"


@dataclass(frozen=True, kw_only=True)
class SampleSize:
    """Replicates an arm that resolve `ratio`, or make the interval's half-width `half_width`.

    `needed` takes the SD as seen, `needed_at_most` its upper bound at `assurance`; `more` and
    `more_at_most` are what is missing beyond the `n` that there are (0: enough). `sd` and
    `sd_at_most` are of the differences of logarithms (independent arms: of each arm's logarithms).
    `power_now` is the power of `n` replicates to resolve `ratio`; `resolvable` is the ratio above 1
    that `n` replicates find with `power`. None is not known or above `MOST`; `why` says why there
    is no `needed`, `notes` what else to know.
    """

    ratio: float | None
    half_width: float | None
    paired: bool
    n: int
    sd: float | None
    sd_at_most: float | None
    needed: int | None = None
    needed_at_most: int | None = None
    more: int | None = None
    more_at_most: int | None = None
    power_now: float | None = None
    resolvable: float | None = None
    power: float = POWER
    confidence: float = CONFIDENCE
    assurance: float = CONFIDENCE
    notes: tuple[str, ...] = ()
    why: str = ""


def replicates_for_ratio(
    base: Sequence[float],
    head: Sequence[float],
    ratio: float,
    *,
    paired: bool = True,
    measurement: float = 0.0,
    power: float = POWER,
) -> SampleSize:
    """How many replicates an arm resolve `ratio` (1.03: 3 %), by the scatter of those there are.

    `base` and `head` are run means (positive); `base[i]` and `head[i]` of one block where `paired`.
    `measurement` is as in `Design`. Raises InputError on a ratio that is 1, or not positive, or a
    power outside of (0, 1); ValueError on values that are not positive or make no pairs.
    """
    if not (math.isfinite(ratio) and ratio > 0) or ratio == 1:
        raise InputError(
            f"A ratio of {ratio:g} cannot be resolved: it is either no difference or no ratio.",
            "Give the smallest difference that matters, such as 1.03 for 3 %.",
        )
    _check_power(power)
    sample, design = _seen(base, head, paired, measurement)
    empty = replace(sample, ratio=ratio, power=power)
    if design is None:
        return empty
    if measurement >= abs(math.log(ratio)):
        return replace(
            empty,
            why=f"the measurement's own half-width ({_share(measurement)}) is no smaller than the "
            "difference: longer work or a better sensor resolves it, more replicates do not",
        )
    now = replace(
        empty,
        power_now=design.power(ratio, max(sample.n, FEWEST)) if sample.n >= FEWEST else None,
        resolvable=_resolvable(design, sample.n, power),
    )
    return _filled(now, design, lambda given, n: given.power(ratio, n) >= power)


def replicates_for_half_width(
    base: Sequence[float],
    head: Sequence[float],
    half_width: float,
    *,
    paired: bool = True,
    measurement: float = 0.0,
    power: float = POWER,
) -> SampleSize:
    """How many replicates an arm make the ratio's interval no wider than `half_width` (0.02: ±2 %).

    `power` is the chance that it then is. Other arguments and errors as `replicates_for_ratio`.
    """
    if not (math.isfinite(half_width) and half_width > 0):
        raise InputError(
            f"A half-width of {half_width:g} cannot be reached: it must be above 0.",
            "Give it as a share, such as 0.02 for ±2 %.",
        )
    _check_power(power)
    sample, design = _seen(base, head, paired, measurement)
    wanted = replace(sample, half_width=half_width, power=power)
    if design is None:
        return wanted
    target = math.log1p(half_width)
    if measurement >= target:
        return replace(
            wanted,
            why=f"the measurement's own half-width ({_share(measurement)}) is no smaller: longer "
            "work or a better sensor narrows it, more replicates do not",
        )
    return _filled(wanted, design, lambda given, n: given.half_width(n, power) <= target)


def sample_size_of(
    run: Run, metric: Metric, base_key: str, head_key: str, ratio: float, *, power: float = POWER
) -> SampleSize:
    """`replicates_for_ratio` of two trials of a run, paired by block; `ratio` is head ÷ base.

    Raises InputError on a trial that the run does not have, or a metric that has no logarithm.
    """
    if not metric.logs:
        raise InputError(
            f"'{metric.name}' may be zero or negative, and has no ratio.",
            "Ask for the gross figure.",
        )
    rows = rows_of(run)
    for key in (base_key, head_key):
        if key not in rows:
            raise InputError(unknown("trial", key, rows))
    base, head = (run_values(metric, rows[key]) for key in (base_key, head_key))
    blocks = sorted(base.keys() & head.keys())
    arms = [[arm[block] for block in blocks] for arm in (base, head)]
    values = [values_of(arm) for arm in arms]
    if blocks and min(map(min, values)) <= 0:
        return SampleSize(
            ratio=ratio,
            half_width=None,
            paired=True,
            n=len(blocks),
            sd=None,
            sd_at_most=None,
            power=power,
            why=NO_LOGARITHM,
        )
    measurement = math.hypot(*map(log_half_width, arms))
    return replicates_for_ratio(values[0], values[1], ratio, measurement=measurement, power=power)


def _share(half_width: float) -> str:
    return f"{math.expm1(half_width):.2g}" if math.isfinite(half_width) else "beyond its value"


def _check_power(power: float) -> None:
    if not 0 < power < 1:
        raise InputError(
            f"A power of {power:g} is no chance between 0 and 1.", "Give one such as 0.8."
        )


def _seen(
    base: Sequence[float], head: Sequence[float], paired: bool, measurement: float
) -> tuple[SampleSize, Design | None]:
    """The scatter that was seen, with its upper bound; no design where it cannot be said."""
    below, above = (np.asarray(arm, dtype=np.float64).reshape(-1) for arm in (base, head))
    if paired and below.size != above.size:
        raise ValueError(f"{below.size} and {above.size} values make no pairs")
    together = np.concatenate([below, above])
    if not np.isfinite(together).all() or (together <= 0).any():
        raise ValueError("a ratio needs positive values")
    n = int(min(below.size, above.size))
    empty = SampleSize(ratio=None, half_width=None, paired=paired, n=n, sd=None, sd_at_most=None)
    if n < FEWEST:
        return replace(empty, why=SD_UNKNOWN), None
    if paired:
        df, sd = n - 1, float(np.std(np.log(above / below), ddof=1))
    else:
        df = together.size - 2
        sd = math.sqrt(
            sum((arm.size - 1) * float(np.var(np.log(arm), ddof=1)) for arm in (below, above)) / df
        )
    at_most = sd * math.sqrt(df / float(stats.chi2.ppf(1 - empty.assurance, df)))
    sample = replace(empty, sd=sd, sd_at_most=at_most)
    # Constant arms leave rounding behind: differences of 1e-16 are no scatter.
    if sd < 1e-12:
        return replace(sample, why=NO_SCATTER), None
    return sample, Design(sd, measurement, paired)


_Enough = Callable[[Design, int], bool]


def _filled(sample: SampleSize, design: Design, enough: _Enough) -> SampleSize:
    """`sample` with the numbers that the SD as seen, and its upper bound, ask for."""
    at_most = replace(design, sd=float(sample.sd_at_most or 0.0))
    needed = smallest(lambda n: enough(design, n))
    needed_at_most = smallest(lambda n: enough(at_most, n))
    notes = []
    if needed is not None and needed_at_most is None:
        notes.append(f"the upper bound of the SD asks for more than {MOST} replicates")
    if sample.n < 5:
        unit = "pairs" if sample.paired else "replicates"
        notes.append(f"the SD is from {sample.n} {unit} only: see needed_at_most")
    return replace(
        sample,
        needed=needed,
        needed_at_most=needed_at_most,
        more=None if needed is None else max(0, needed - sample.n),
        more_at_most=None if needed_at_most is None else max(0, needed_at_most - sample.n),
        notes=tuple(notes),
        why="" if needed is not None else f"more than {MOST} replicates would be needed",
    )


def _resolvable(design: Design, n: int, power: float) -> float | None:
    """The ratio above 1 that `n` replicates resolve with `power`; None beyond any use."""
    reach = 700.0

    def lacking(delta: float) -> float:
        return design.power(math.exp(delta), n) - power

    if lacking(reach) < 0:
        return None
    above = design.standard_error(n) + design.measurement
    while lacking(above) < 0:
        above = min(2 * above, reach)
    if lacking(0.0) >= 0:
        return 1.0
    return math.exp(float(optimize.brentq(lacking, 0.0, above)))
