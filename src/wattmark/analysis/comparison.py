"""The nouns of a comparison: an arm, how to compare, one metric's change, and all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattmark.analysis.directions import HIGHER, LOWER
from wattmark.analysis.intervals import CONFIDENCE
from wattmark.analysis.metrics import Row
from wattmark.analysis.verdict import NOT_RESOLVED

__all__ = [
    "BETTER",
    "DIFFERENCE",
    "HIGHER",
    "LOWER",
    "MARGIN",
    "NOT_RESOLVED",
    "PERCENT",
    "RATIO",
    "SAME",
    "SHARE",
    "WORSE",
    "Arm",
    "Change",
    "Comparison",
    "Settings",
]

BETTER, WORSE, SAME = "better", "worse", "same"
RATIO, DIFFERENCE = "ratio", "difference"
MARGIN = 0.01
PERCENT = "%"
SHARE = "1"


@dataclass(frozen=True, kw_only=True)
class Arm:
    """One side: `rows` has a row for each replicate that ended ok, each with a `block` of its own.

    `answers` is query → was it right; empty where nothing is scored.
    """

    label: str
    rows: Sequence[Row]
    answers: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How to compare. `margin` is relative; of a share it is as many points (0.01: 1 pp).

    `paired` asks for or against pairing by block; None: where the blocks are the same and stem
    from one interleaved session. `detail` adds tests, effects and sample sizes, which take time.
    """

    margin: float = MARGIN
    confidence: float = CONFIDENCE
    paired: bool | None = None
    detail: bool = True


@dataclass(frozen=True, kw_only=True)
class Change:
    """One metric of head against base. None is not known; `notes` say why.

    `base` and `head` are the arms' centres in the metric's unit. On the scale `ratio`, `ratio`
    is head ÷ base and `low`, `high` bound it; on the scale `difference`, `difference` is head
    less base and they bound that. `margin` is on the same scale, as a share or in the unit.
    `better` is lower, higher or ''. `p_value` and `test` are of the run-to-run scatter alone;
    `p_adjusted` is Holm's over all metrics. `needed` is how many replicates an arm would resolve a
    change of the margin. `lost` and `gained`, of accuracy, are queries that only base, or only
    head, answered right.
    """

    metric: str
    title: str
    unit: str
    better: str
    trial: str
    base: float | None
    head: float | None
    scale: str = RATIO
    ratio: float | None = None
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    confidence: float = CONFIDENCE
    margin: float = MARGIN
    verdict: str = NOT_RESOLVED
    p_value: float | None = None
    p_adjusted: float | None = None
    test: str | None = None
    paired: bool = False
    n_base: int = 0
    n_head: int = 0
    effect_size: float | None = None
    needed: int | None = None
    lost: int | None = None
    gained: int | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All changes of head against base; `matched_on` says what was set against what, and why.

    `missing` is metric → why there is no figure of it on either side; `only_base` are trials of
    base that no trial of head stands against.
    """

    base: str
    head: str
    changes: tuple[Change, ...]
    matched_on: Mapping[str, Any]
    warnings: tuple[str, ...] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    only_base: tuple[str, ...] = ()
