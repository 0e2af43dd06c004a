"""One result type for every hypothesis test, and the one way in which a test is carried out.

A test always answers: with its statistic and p-value, or with `why` there is none.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.samples import Samples, Unusable, prepared, quiet


@dataclass(frozen=True, kw_only=True)
class Effect:
    """How large a difference is, with its interval; None and `why` where it cannot be said."""

    name: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = CONFIDENCE
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Test:
    """What a test found. Differences are head less base, ratios head ÷ base.

    `p_value` is two-sided and uncorrected; `p_adjusted` is corrected for the tests made beside
    it. `of` names the groups, `n` counts the values of each. `effect` has bounds `low` and
    `high` at `confidence`. `notes` are assumptions that do not hold; `why` says why there is no
    p-value.
    """

    __test__: ClassVar[bool] = False
    """pytest: this is no test of the program."""

    name: str
    statistic: float | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    df: tuple[float, ...] = ()
    of: tuple[str, ...] = ()
    n: tuple[int, ...] = ()
    effect: float | None = None
    effect_name: str = ""
    low: float | None = None
    high: float | None = None
    confidence: float = CONFIDENCE
    notes: tuple[str, ...] = ()
    why: str = ""


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a test computed from checked values; figures that are not finite become None."""

    statistic: float
    p_value: float
    df: tuple[float, ...] = ()
    effect: Effect = field(default_factory=lambda: Effect(name=""))
    notes: tuple[str, ...] = ()
    kind: str = ""
    """Which form of the test this is: exact, or approximate."""


def answered(
    name: str,
    groups: Mapping[str, Sequence[float | None]],
    compute: Callable[[Samples], Found],
    *,
    logs: bool = False,
    paired: bool = False,
    at_least: int = 2,
) -> Test:
    """Checks the values, computes, and says in `why` what stands in the way."""
    of, n = tuple(groups), tuple(len(values) for values in groups.values())
    titled = f"{name} on logarithms" if logs else name
    try:
        with quiet():
            found = compute(prepared(groups, logs=logs, paired=paired, at_least=at_least))
    except Unusable as problem:
        return Test(name=titled, of=of, n=n, why=str(problem))
    return outcome(titled, of, n, found)


def outcome(name: str, of: tuple[str, ...], n: tuple[int, ...], found: Found) -> Test:
    """The result of what was computed for groups `of` with `n` values each."""
    p_value, effect = finite(found.p_value), found.effect
    unsaid = (f"{effect.name}: {effect.why}",) if effect.why else ()
    return Test(
        name=f"{name} ({found.kind})" if found.kind else name,
        statistic=finite(found.statistic),
        p_value=p_value,
        df=tuple(float(df) for df in found.df),
        of=of,
        n=n,
        effect=finite(effect.value),
        effect_name=effect.name,
        low=finite(effect.low),
        high=finite(effect.high),
        confidence=effect.confidence,
        notes=found.notes + unsaid,
        why="" if p_value is not None else "the p-value is beyond what can be computed",
    )


def finite(value: float | None) -> float | None:
    """A plain float, or None for what is missing, NaN or infinite."""
    return None if value is None or not math.isfinite(value) else float(value)
