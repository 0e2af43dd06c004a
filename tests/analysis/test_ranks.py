"""Ranks: against distributions known in closed form, and how often they hold the truth."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from wattmark.analysis.metrics import METRICS, Reading
from wattmark.analysis.ranks import ALONE, NO_BOUNDS, NO_VALUE, ONE_REPLICATE, Rank, ranks

ENERGY = METRICS["energy_per_query_j"]
SPEED = METRICS["tokens_per_s"]
NET = METRICS["energy_per_query_net_j"]


def readings(values: Sequence[float], run: int = 0, half: float = 0.0) -> dict[Hashable, Reading]:
    bounded = [Reading(v, v * (1 - half), v * (1 + half)) if half else Reading(v) for v in values]
    return {(run, block): reading for block, reading in enumerate(bounded)}


def by_name(found: Sequence[Rank]) -> dict[str, Rank]:
    return {rank.name: rank for rank in found}


def probability(rank: Rank) -> float:
    assert rank.probability is not None
    return rank.probability


def test_of_two_the_probability_is_that_of_the_paired_t() -> None:
    source = np.random.default_rng(3)
    blocks = source.normal(0, 0.3, 6)
    a = np.exp(blocks + source.normal(0, 0.02, 6))
    b = np.exp(0.012 + blocks + source.normal(0, 0.02, 6))
    found = by_name(ranks({"a": readings(a.tolist()), "b": readings(b.tolist())}, ENERGY))
    one_sided = stats.ttest_rel(np.log(a), np.log(b), alternative="less").pvalue
    assert found["a"].paired
    assert probability(found["a"]) == pytest.approx(1 - one_sided, abs=0.012)
    assert probability(found["a"]) + probability(found["b"]) == pytest.approx(1)


def test_blocks_that_do_not_match_are_drawn_apart() -> None:
    source = np.random.default_rng(4)
    a, b = np.exp(source.normal(0, 0.1, 7)), np.exp(source.normal(0.08, 0.2, 5))
    trials = {"a": readings(a.tolist(), 0), "b": readings(b.tolist(), 1)}
    found = by_name(ranks(trials, ENERGY))
    assert not found["a"].paired

    # Behrens and Fisher's difference of two t variables, by numerical integration.
    def mean_and_error(x: np.ndarray[tuple[int], np.dtype[np.float64]]) -> tuple[float, float]:
        return float(np.log(x).mean()), float(np.log(x).std(ddof=1)) / len(x) ** 0.5

    (m, s), (k, r) = mean_and_error(a), mean_and_error(b)
    grid = np.linspace(m - 60 * s, m + 60 * s, 200_001)
    density = stats.t.pdf((grid - m) / s, 6) / s
    above = stats.t.sf((grid - k) / r, 4)
    assert probability(found["a"]) == pytest.approx(np.trapezoid(density * above, grid), abs=0.012)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.lists(st.floats(0.5, 2), min_size=4, max_size=4), min_size=2, max_size=5),
    st.floats(0.01, 100),
    st.lists(st.floats(0.1, 10), min_size=4, max_size=4),
)
def test_scale_and_drift_between_blocks_change_nothing(
    trials: list[list[float]], scale: float, drift: list[float]
) -> None:
    plain = ranks({str(k): readings(values) for k, values in enumerate(trials)}, ENERGY)
    moved = ranks(
        {
            str(k): readings([scale * d * v for d, v in zip(drift, values, strict=True)])
            for k, values in enumerate(trials)
        },
        ENERGY,
    )
    assert sum(probability(rank) for rank in plain) == pytest.approx(1)
    for before, after in zip(plain, moved, strict=True):
        assert probability(after) == pytest.approx(probability(before), abs=2e-3)
        assert before.low is not None
        assert before.high is not None
        assert 1 <= before.low <= before.high <= before.of == len(trials)


def test_clear_orders_are_ranked_and_equals_are_not() -> None:
    base = np.exp(np.random.default_rng(5).normal(0, 0.01, (4, 6)))
    trials = {
        "third": readings((3 * base[0]).tolist()),
        "first": readings(base[1].tolist()),
        "second": readings((2 * base[2]).tolist()),
        "also second": readings((2 * base[2]).tolist()),
    }
    found = by_name(ranks(trials, ENERGY))
    assert {k: (r.low, r.high) for k, r in found.items()} == {
        "first": (1, 1),
        "second": (2, 3),
        "also second": (2, 3),
        "third": (4, 4),
    }
    assert probability(found["first"]) > 0.999
    # Where more is better, the order turns round.
    fast = by_name(ranks(trials, SPEED))
    assert (fast["third"].low, fast["first"].high) == (1, 4)


def test_equal_trials_share_the_probability() -> None:
    same = readings([1.0, 1.1, 0.9])
    found = ranks({"a": same, "b": dict(same), "c": dict(same)}, ENERGY)
    assert [probability(rank) for rank in found] == pytest.approx([1 / 3] * 3)
    assert {(rank.low, rank.high) for rank in found} == {(1, 3)}


def test_rounding_ranks_nothing() -> None:
    third = 0.1 + 0.2
    flat = {"a": readings([0.3] * 3), "b": readings([third] * 3), "c": readings([0.3, third, 0.3])}
    for metric in (ENERGY, NET):
        found = ranks(flat, metric)
        assert [probability(rank) for rank in found] == pytest.approx([1 / 3] * 3, abs=1e-3)


def test_what_the_sensor_cannot_tell_apart_is_not_ranked_apart() -> None:
    sharp = {"a": readings([1.0, 1.001, 0.999]), "b": readings([1.05, 1.051, 1.049])}
    blunt = {
        "a": readings([1.0, 1.001, 0.999], half=0.2),
        "b": readings([1.05, 1.051, 1.049], half=0.2),
    }
    assert probability(ranks(sharp, ENERGY)[0]) > 0.99
    assert 0.5 < probability(ranks(blunt, ENERGY)[0]) < 0.75


def test_no_rank_is_claimed_where_none_can_be() -> None:
    good = readings([1.0, 1.1, 1.05])
    trials: Mapping[str, dict[Hashable, Reading]] = {
        "good": good,
        "other": readings([2.0, 2.1, 2.05]),
        "once": readings([0.1]),
        "never": {},
        "below zero": readings([0.1, -0.1]),
        "unbounded": {(0, 0): Reading(1.0, 0.0, 2.0), (0, 1): Reading(1.0, 0.0, 2.0)},
    }
    found = by_name(ranks(trials, ENERGY))
    assert {name: rank.why for name, rank in found.items()} == {
        "good": "",
        "other": "",
        "once": ONE_REPLICATE,
        "never": NO_VALUE,
        "below zero": NO_BOUNDS,
        "unbounded": NO_BOUNDS,
    }
    assert all((r.probability is None) == bool(r.why) and r.of == 2 for r in found.values())
    alone = by_name(ranks({"good": good, "once": readings([0.1])}, ENERGY))
    assert (alone["good"].why, alone["once"].why) == (ALONE, ONE_REPLICATE)
    assert ranks({}, ENERGY) == []
    # Net joules may be negative, and are drawn as they are.
    net = by_name(ranks({"a": readings([-1.0, 0.1, -0.4]), "b": readings([5.0, 6.0, 5.5])}, NET))
    assert net["a"].low == 1


def test_pairing_is_given_up_where_it_would_leave_out_too_much() -> None:
    long = readings([1.0, 1.1, 1.05, 1.2, 1.0, 1.1])
    found = ranks({"a": long, "b": readings([2.0, 2.1])}, ENERGY)
    assert not any(rank.paired for rank in found)
    assert all(rank.paired for rank in ranks({"a": long, "b": readings([2.0, 2.1, 2.2])}, ENERGY))


def test_the_same_figures_have_the_same_ranks() -> None:
    trials = {"a": readings([1.0, 1.2, 1.1]), "b": readings([1.1, 1.3, 1.0])}
    assert ranks(trials, ENERGY) == ranks(trials, ENERGY)


def test_the_interval_holds_the_true_rank_as_often_as_it_says() -> None:
    source = np.random.default_rng(8)
    truth = np.log([1.0, 1.01, 1.02, 1.04])
    held = total = 0
    for _ in range(60):
        table = truth + source.normal(0, 0.1, (5, 1)) + source.normal(0, 0.015, (5, 4))
        found = ranks({str(k): readings(np.exp(table[:, k]).tolist()) for k in range(4)}, ENERGY)
        for k, rank in enumerate(found):
            assert rank.low is not None
            assert rank.high is not None
            held += rank.low <= k + 1 <= rank.high
            total += 1
    assert held / total >= 0.93


def test_very_many_trials_take_no_more_room() -> None:
    source = np.random.default_rng(9)
    found = ranks(
        {str(k): readings((1 + 0.01 * k + source.random(3) / 1e4).tolist()) for k in range(250)},
        ENERGY,
    )
    assert [(rank.low, rank.high) for rank in found] == [(k, k) for k in range(1, 251)]
