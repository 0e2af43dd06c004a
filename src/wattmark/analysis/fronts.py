"""Pareto fronts of figures with intervals: what is shown to be beaten, what is shown not to be.

Let each figure be a cost (its sign turned where higher is better) between `low` and `high`.

    A dominates B        on every metric both ends of A are no higher than those of B, and on at
                         least one the intervals do not overlap: A's high < B's low
    A may dominate B     values inside the intervals exist with which it would: on every metric
                         A's low <= B's high, and on at least one A's low < B's high

A trial that another dominates is dominated; one that none may dominate is on the front; what is
between is not resolved, and the trials that keep it open are named. Comparing both ends is the
interval order of Limbourg and Aponte (2005, An optimization algorithm for imprecise
multi-objective problem functions, IEEE CEC); asking for one metric without overlap is the case
of Teich (2001, Pareto-front exploration with uncertain objectives, EMO) in which the order is
certain. Overlap alone would not do: 'resolved on one metric, and on no other resolved against'
is not transitive, and with three metrics each of three trials can be dominated by the next. With
intervals of no width both rules are the usual dominance.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wattmark.analysis.axes import ONE_RUN, Axis, axes_named, bounds, estimate_of
from wattmark.errors import InputError
from wattmark.schema import Estimate

ON_THE_FRONT = "on the front"
DOMINATED = "dominated"
NOT_RESOLVED = "not resolved"
MOST_AXES = 3

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class Member:
    """One trial of a comparison: `word` is on the front, dominated or not resolved.

    `figures` stand in the order of the axes. `by` names the trials that dominate it or, where
    it is not resolved, those that may; `note` says why a figure of it has no interval.
    """

    name: str
    figures: tuple[Estimate, ...]
    word: str
    by: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class LeftOut:
    """A trial that lacks a metric, and why."""

    name: str
    metric: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Front:
    """Trials over two or three metrics, in the order that they were given."""

    axes: tuple[Axis, ...]
    members: tuple[Member, ...]
    left_out: tuple[LeftOut, ...] = ()

    @property
    def on_the_front(self) -> tuple[str, ...]:
        """Names of the trials that are shown to be dominated by none."""
        return tuple(member.name for member in self.members if member.word == ON_THE_FRONT)


def front(trials: Mapping[str, Mapping[str, Estimate]], metrics: Sequence[str]) -> Front:
    """The front over two or three metrics; `trials` is name → estimates, as a summary has them.

    A trial without a value of each is left out with the reason; one without an interval stays,
    and neither dominates nor is dominated. Raises InputError on an unknown metric, one that is
    given twice, or on other than two or three.
    """
    axes = axes_named(metrics)
    if not 2 <= len(axes) <= MOST_AXES:
        raise InputError(f"A front has two or three metrics, not {len(axes)}.")
    figures: dict[str, tuple[Estimate, ...]] = {}
    left_out = []
    for name, estimates in trials.items():
        found = tuple(estimate_of(estimates, axis) for axis in axes)
        absent = next((one for one in found if one.value is None), None)
        if absent is None:
            figures[name] = found
        else:
            left_out.append(LeftOut(name, absent.metric, absent.note or "not measured"))
    low, high = _costs(list(figures.values()), axes)
    certain, possible = dominates(low, high), may_dominate(low, high)
    names = list(figures)
    members = tuple(
        _member(name, figures[name], names, certain[:, at], possible[:, at])
        for at, name in enumerate(names)
    )
    return Front(axes=axes, members=members, left_out=tuple(left_out))


def dominates(low: Floats, high: Floats) -> Flags:
    """[a, b]: does a dominate b? Costs between low and high, each (trials, metrics).

    An infinite end is one that is not known: such a trial takes no part.
    """
    known = np.asarray((np.isfinite(low) & np.isfinite(high)).all(axis=1))
    no_worse = (low[:, None] <= low[None]).all(axis=2) & (high[:, None] <= high[None]).all(axis=2)
    better = (high[:, None] < low[None]).any(axis=2)
    return np.asarray(no_worse & better & known[:, None] & known[None])


def may_dominate(low: Floats, high: Floats) -> Flags:
    """[a, b]: may a dominate b? Shapes as in `dominates`; an end that is not known is anywhere."""
    no_worse = (low[:, None] <= high[None]).all(axis=2)
    better = (low[:, None] < high[None]).any(axis=2)
    itself = np.eye(len(low), dtype=bool)
    return np.asarray(no_worse & better & ~itself)


def _costs(figures: Sequence[Sequence[Estimate]], axes: Sequence[Axis]) -> tuple[Floats, Floats]:
    """Both ends of each figure as costs, (trials, metrics); infinite where there is no interval."""
    low = np.full((len(figures), len(axes)), -np.inf)
    high = np.full((len(figures), len(axes)), np.inf)
    for row, found in enumerate(figures):
        for column, (estimate, axis) in enumerate(zip(found, axes, strict=True)):
            ends = bounds(estimate)
            if ends is not None:
                low[row, column], high[row, column] = sorted(axis.sign * end for end in ends)
    return low, high


def _member(
    name: str, figures: tuple[Estimate, ...], names: Sequence[str], certain: Flags, possible: Flags
) -> Member:
    word, by = ON_THE_FRONT, certain
    if certain.any():
        word = DOMINATED
    elif possible.any():
        word, by = NOT_RESOLVED, possible
    bare = [estimate.metric for estimate in figures if bounds(estimate) is None]
    return Member(
        name=name,
        figures=figures,
        word=word,
        by=tuple(other for other, flag in zip(names, by, strict=True) if flag),
        note=f"{', '.join(bare)}: {ONE_RUN}" if bare else "",
    )
