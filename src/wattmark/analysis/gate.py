"""A gate: may head be merged? Each gate names a metric and the change that is let through.

A gate is passed where the whole interval lies within its limit, failed where the whole interval
lies beyond, and not resolved where the limit lies in between: too few replicates let nothing
through and blame nobody. `energy_per_token=3%` lets 3 % more joules through, `tokens_per_s=3%`
3 % fewer tokens, `accuracy=-1pp` a loss of one percentage point. Where both arms
answered the same queries and none that was right is wrong now, accuracy is kept, however few the
queries are. With a sign that points to the good side, an improvement is asked for:
`energy_per_token=-5%`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from wattmark.analysis.comparison import (
    HIGHER,
    NOT_RESOLVED,
    PERCENT,
    RATIO,
    Change,
    Comparison,
)
from wattmark.analysis.directions import is_share
from wattmark.errors import InputError, unknown

PASS, REGRESSION = "pass", "regression"
EXIT_CODES = {PASS: 0, REGRESSION: 1, NOT_RESOLVED: 3}
POINTS = "pp"
SUFFIXES = ("j", "s", "w", "bytes", "ms", "kwh", "wh")
"""Units that may be left out of a metric's name."""
_LIMIT = re.compile(r"([+\-−]?)(\d{1,9}(?:\.\d{1,9})?) ?(%|pp)")
KEPT = "every query that base answered right is still right"
FORM = "Write --gate energy_per_token=3% or --gate accuracy=-1pp."


@dataclass(frozen=True, slots=True)
class Gate:
    """A metric as it was named, and the size of its limit: a share, or percentage points ÷ 100.

    `sign` is the limit's own: '' means to the bad side of the metric, whichever that is.
    """

    metric: str
    size: float
    sign: str
    points: bool
    text: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """One gate and one change: pass, regression or not resolved.

    `limit` is on the change's scale (a ratio, or a difference in the metric's unit); None where
    there is no figure. `why` says what was compared.
    """

    gate: Gate
    metric: str
    trial: str
    outcome: str
    why: str
    change: Change | None = None
    limit: float | None = None


def parse_gate(text: str) -> Gate:
    """'energy_per_token=3%' as a gate; InputError says what is wrong with it."""
    name, equals, limit = text.rpartition("=")
    found = _LIMIT.fullmatch(limit.strip())
    if not equals or not name.strip() or found is None:
        raise InputError(f"'{text}' is no gate.", FORM)
    sign, digits, unit = found.groups()
    return Gate(
        metric=name.strip(),
        size=float(digits) / 100,
        sign=sign.replace("−", "-"),
        points=unit == POINTS,
        text=text.strip(),
    )


def judge(gates: Iterable[Gate], comparison: Comparison) -> list[Judgement]:
    """Every gate against every trial that has its metric; InputError on a metric there is not."""
    return [found for gate in gates for found in _judged(gate, comparison)]


def exit_code(judgements: Sequence[Judgement]) -> int:
    """1 where anything is a regression, else 3 where anything is not resolved, else 0."""
    outcomes = {judgement.outcome for judgement in judgements}
    worst = next((o for o in (REGRESSION, NOT_RESOLVED) if o in outcomes), PASS)
    return EXIT_CODES[worst]


def full_name(name: str, known: Iterable[str]) -> str:
    """The metric that is meant, its unit left out or not; InputError lists what there is."""
    there = list(dict.fromkeys(known))
    if name in there:
        return name
    found = [full for full in there if full in {f"{name}_{unit}" for unit in SUFFIXES}]
    if len(found) > 1:
        raise InputError(f"'{name}' may be {' or '.join(found)}.", "Write it in full.")
    if not found:
        raise InputError(unknown("metric", name, there))
    return found[0]


def _judged(gate: Gate, comparison: Comparison) -> list[Judgement]:
    known = [*(change.metric for change in comparison.changes), *comparison.missing]
    name = full_name(gate.metric, known)
    if name in comparison.missing:
        why = f"not measured: {comparison.missing[name]}"
        return [Judgement(gate, name, "", NOT_RESOLVED, why)]
    lost = "no trial of head stands against it"
    return [
        *(_verdict(gate, change) for change in comparison.changes if change.metric == name),
        *(Judgement(gate, name, label, NOT_RESOLVED, lost) for label in comparison.only_base),
    ]


def _verdict(gate: Gate, change: Change) -> Judgement:
    limit, worse_above = _limit(gate, change)
    low, high = change.low, change.high

    def said(outcome: str, why: str) -> Judgement:
        return Judgement(gate, change.metric, change.trial, outcome, why, change, limit)

    if low is None or high is None or limit is None:
        return said(NOT_RESOLVED, "; ".join(change.notes) or "there is no interval")
    best, worst = (low, high) if worse_above else (-high, -low)
    edge = limit if worse_above else -limit
    if worst <= edge:
        return said(PASS, "the whole interval lies within the limit")
    if change.lost == 0 and edge >= 0:
        return said(PASS, KEPT)
    if best > edge:
        return said(REGRESSION, "the whole interval lies beyond the limit")
    more = f"; {_more(change)}" if change.needed else ""
    return said(NOT_RESOLVED, f"the interval reaches over the limit{more}")


def _more(change: Change) -> str:
    return f"{change.needed} replicates an arm would resolve {100 * change.margin:g} %"


def _limit(gate: Gate, change: Change) -> tuple[float | None, bool]:
    """The limit on the change's scale, and whether worse lies above it."""
    if not change.better:
        raise InputError(
            f"Nothing tells whether '{change.metric}' is better lower or higher.",
            f"Say --lower-is-better {change.metric} or --higher-is-better {change.metric}.",
        )
    share = is_share(change.metric)
    if share != gate.points:
        wanted = f"{gate.metric}={'-1pp' if share else '3%'}"
        unit = "percentage points" if share else "percent"
        raise InputError(f"'{gate.text}': {change.metric} is gated in {unit}.", f"Write {wanted}.")
    worse_above = change.better != HIGHER
    sign = gate.sign or ("+" if worse_above else "-")
    step = -gate.size if sign == "-" else gate.size
    if change.scale == RATIO:
        return 1 + step, worse_above
    if share:
        return step * (100 if change.unit == PERCENT else 1), worse_above
    # Of a figure that may be zero or less, the share is of base's size.
    return (None if not change.base else step * abs(change.base)), worse_above
