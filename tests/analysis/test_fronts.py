"""Pareto fronts: against the plain definitions, pair by pair, and the laws that dominance obeys."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from wattmark.analysis.axes import AXES, axis_named, bounds, short
from wattmark.analysis.fronts import (
    DOMINATED,
    NOT_RESOLVED,
    ON_THE_FRONT,
    Front,
    dominates,
    front,
    may_dominate,
)
from wattmark.errors import InputError
from wattmark.schema import Estimate

Trial = tuple[tuple[int, int], ...]
Ends = NDArray[np.float64]

# Few levels, so that ends often touch and whole intervals are often equal.
ENDS = st.tuples(st.integers(0, 6), st.integers(0, 4)).map(lambda pair: (pair[0], sum(pair)))


def trials_of(metrics: int) -> st.SearchStrategy[list[Trial]]:
    return st.lists(st.tuples(*[ENDS] * metrics), min_size=1, max_size=7)


TRIALS = st.one_of(trials_of(2), trials_of(3))


def arrays(trials: list[Trial]) -> tuple[Ends, Ends]:
    both = np.array(trials, dtype=np.float64)
    return both[..., 0], both[..., 1]


def estimate(metric: str, low: float | None, high: float | None, n: int = 5) -> Estimate:
    value = 1.0 if low is None or high is None else (low + high) / 2
    return Estimate(metric, value, low, high, 0.95, n, "J")


COSTS = ("energy_per_query_j", "latency_s", "ram_peak_bytes")


def front_of(trials: list[Trial]) -> Front:
    named = {
        str(k): {m: estimate(m, *ends) for m, ends in zip(COSTS, trial, strict=False)}
        for k, trial in enumerate(trials)
    }
    return front(named, COSTS[: len(trials[0])])


def beats(a: Trial, b: Trial) -> bool:
    no_worse = all(x[0] <= y[0] and x[1] <= y[1] for x, y in zip(a, b, strict=True))
    return no_worse and any(x[1] < y[0] for x, y in zip(a, b, strict=True))


def could_beat(a: Trial, b: Trial) -> bool:
    """By trying: whole values inside the intervals (their ends are whole) with which it would."""
    inside_a = [range(low, high + 1) for low, high in a]
    inside_b = [range(low, high + 1) for low, high in b]
    return any(
        all(x <= y for x, y in zip(p, q, strict=True)) and p != q
        for p in product(*inside_a)
        for q in product(*inside_b)
    )


@given(TRIALS)
def test_each_word_is_that_of_the_definition_pair_by_pair(trials: list[Trial]) -> None:
    for k, member in enumerate(front_of(trials).members):
        others = [j for j in range(len(trials)) if j != k]
        sure = [str(j) for j in others if beats(trials[j], trials[k])]
        open_ = [str(j) for j in others if could_beat(trials[j], trials[k])]
        word = DOMINATED if sure else NOT_RESOLVED if open_ else ON_THE_FRONT
        assert member.word == word
        assert list(member.by) == (sure or open_)


@given(TRIALS)
def test_dominance_is_a_strict_order(trials: list[Trial]) -> None:
    low, high = arrays(trials)
    found = dominates(low, high)
    assert not found.diagonal().any()
    assert not (found & found.T).any()
    through = (found.astype(int) @ found.astype(int)) > 0
    assert (found | ~through).all()


@given(TRIALS)
def test_dominance_that_is_certain_is_possible_and_somebody_is_never_dominated(
    trials: list[Trial],
) -> None:
    low, high = arrays(trials)
    assert (may_dominate(low, high) | ~dominates(low, high)).all()
    assert not dominates(low, high).any(axis=0).all()


@given(TRIALS)
def test_without_width_it_is_the_usual_front(trials: list[Trial]) -> None:
    points: list[Trial] = [tuple((low, low) for low, _ in trial) for trial in trials]
    for point, member in zip(points, front_of(points).members, strict=True):
        beaten = any(
            all(q <= p for q, p in zip(other, point, strict=True)) and other != point
            for other in points
        )
        assert member.word == (DOMINATED if beaten else ON_THE_FRONT)


@given(TRIALS, st.integers(1, 5))
def test_wider_intervals_never_resolve_more(trials: list[Trial], by: int) -> None:
    wider: list[Trial] = [tuple((lo - by, hi + by) for lo, hi in trial) for trial in trials]
    narrow, wide = front_of(trials), front_of(wider)
    for before, after in zip(narrow.members, wide.members, strict=True):
        assert after.word in {before.word, NOT_RESOLVED}


def test_overlap_alone_would_run_in_a_circle_and_this_does_not() -> None:
    # Each is resolved better than the next on one metric, and resolved worse on none.
    circle: list[Trial] = [
        ((1, 2), (1, 4), (3, 4)),
        ((3, 4), (1, 2), (1, 4)),
        ((1, 4), (3, 4), (1, 2)),
    ]
    assert {member.word for member in front_of(circle).members} == {NOT_RESOLVED}


def test_accuracy_counts_upwards() -> None:
    def trial(accuracy: float, joules: float) -> dict[str, Estimate]:
        return {
            "accuracy": estimate("accuracy", accuracy - 0.02, accuracy + 0.02),
            "energy_per_query_j": estimate("energy_per_query_j", joules * 0.95, joules * 1.05),
        }

    found = front(
        {"good": trial(0.9, 1.0), "cheap": trial(0.7, 0.2), "bad": trial(0.6, 3.0)},
        ["accuracy", "energy_per_query"],
    )
    assert [m.word for m in found.members] == [ON_THE_FRONT, ON_THE_FRONT, DOMINATED]
    assert found.members[2].by == ("good", "cheap")
    assert found.on_the_front == ("good", "cheap")


def test_what_lacks_a_metric_is_left_out_with_the_reason() -> None:
    lacking = Estimate("latency_s", None, None, None, 0.95, 0, "s", "no clock")
    found = front(
        {
            "whole": {m: estimate(m, 1, 2) for m in COSTS},
            "absent": {"latency_s": lacking, **{m: estimate(m, 1, 2) for m in COSTS[::2]}},
            "empty": {},
        },
        COSTS,
    )
    assert [member.name for member in found.members] == ["whole"]
    assert [(one.name, one.metric, one.why) for one in found.left_out] == [
        ("absent", "latency_s", "no clock"),
        ("empty", "energy_per_query_j", "not measured"),
    ]


def test_a_single_replicate_neither_dominates_nor_is_dominated() -> None:
    # Its joules have their measurement's bounds, and no other replicate to be compared with.
    once = {m: estimate(m, 1, 2, n=1) for m in COSTS[:2]}
    bare = {m: estimate(m, None, None) for m in COSTS[:2]}
    often = {m: estimate(m, 8, 9) for m in COSTS[:2]}
    best = {m: estimate(m, 0.1, 0.2) for m in COSTS[:2]}
    found = front({"once": once, "bare": bare, "often": often, "best": best}, COSTS[:2])
    words = {member.name: member.word for member in found.members}
    assert words == dict.fromkeys(("once", "bare", "best"), NOT_RESOLVED) | {"often": DOMINATED}
    assert found.members[2].by == ("best",)
    assert "one replicate" in found.members[0].note
    assert bounds(estimate("accuracy", 0.2, 0.9, n=1)) == (0.2, 0.9)


@pytest.mark.parametrize(
    ("metrics", "says"),
    [
        (["accuracy"], "two or three"),
        ([], "two or three"),
        (["accuracy", "ttft", "latency", "tpot"], "two or three"),
        (["ttft", "ttft_s"], "twice"),
        (["accuracy", "enrgy_per_query"], "Did you mean 'energy_per_query_j'"),
    ],
)
def test_what_is_no_front_is_refused(metrics: list[str], says: str) -> None:
    with pytest.raises(InputError, match=says):
        front({}, metrics)


def test_names_without_units_are_unique_and_found() -> None:
    assert len({short(name) for name in AXES}) == len(AXES)
    assert all(axis_named(short(name)) is axis for name, axis in AXES.items())
    assert [short(name) for name in ("tokens_per_s", "ttft_s", "co2e_g_per_query")] == [
        "tokens_per_s",
        "ttft",
        "co2e_per_query",
    ]
    assert {axis.better for axis in AXES.values()} == {"lower", "higher"}
    assert front({}, ["accuracy", "ttft"]).members == ()
