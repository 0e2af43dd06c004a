from __future__ import annotations

import builtins
import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from statsmodels.regression.mixed_linear_model import MixedLM
from synthetic import Knobs, make_run

from wattmark.analysis.mixed import MOST_RANDOM, Mixed, mixed, mixed_of
from wattmark.analysis.mixed_balanced import Solution, cube_of, in_order, solved
from wattmark.analysis.mixed_cells import Key, cells_of
from wattmark.analysis.mixed_design import design_of
from wattmark.analysis.mixed_search import searched
from wattmark.analysis.summary import summarise
from wattmark.errors import InputError
from wattmark.store.reader import open_run

Cube = NDArray[np.float64]


def cube(
    seed: int,
    shape: tuple[int, int, int] = (2, 5, 12),
    *,
    run_sd: float = 0.03,
    crossed_sd: float = 0.05,
    change: float = 0.0,
) -> Cube:
    """Logarithms by trial, replicate and query; the queries differ by half, blocks by 2 %."""
    rng = np.random.default_rng(seed)
    trials, replicates, queries = shape
    return (
        rng.normal(0, 0.5, (1, 1, queries))
        + rng.normal(0, 0.02, (1, replicates, 1))
        + rng.normal(0, run_sd, (trials, replicates, 1))
        + rng.normal(0, crossed_sd, (trials, 1, queries))
        + rng.normal(0, 0.03, shape)
        + change * np.arange(trials)[:, None, None]
    )


def as_values(logs: Cube) -> dict[Key, float | None]:
    return {
        (f"trial {a}", r, f"q{q}"): math.exp(logs[a, r, q])
        for a, r, q in itertools.product(*map(range, logs.shape))
    }


def with_a_gap(logs: Cube) -> dict[Key, float | None]:
    """One value was not measured: the plan is not complete, and its model is searched for."""
    return as_values(logs) | {("trial 0", 0, "q0"): None}


def mean_squares(logs: Cube) -> tuple[float, float, float, float]:
    """Of trial × block, trial × query, what is left, and the query: the table of a full plan."""
    trials, replicates, queries = logs.shape
    mean = logs.mean()
    one = [logs.mean(axis=axes) - mean for axes in ((1, 2), (0, 2), (0, 1))]
    by_run = logs.mean(axis=2) - mean - one[0][:, None] - one[1][None, :]
    by_query = logs.mean(axis=1) - mean - one[0][:, None] - one[2][None, :]
    left = (
        logs
        - mean
        - one[0][:, None, None]
        - one[1][None, :, None]
        - one[2][None, None, :]
        - by_run[:, :, None]
        - by_query[:, None, :]
    )
    a, r, q = trials - 1, replicates - 1, queries - 1
    # The columns take no block × query out: it stays with what is left.
    return (
        queries * float((by_run**2).sum()) / (a * r),
        replicates * float((by_query**2).sum()) / (a * q),
        float((left**2).sum()) / (trials * r * q),
        trials * replicates * float((one[2] ** 2).sum()) / q,
    )


def sds(found: Mixed) -> Mapping[str, float]:
    return {component.name: component.sd for component in found.components}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("shape", [(2, 5, 12), (3, 4, 10)])
def test_a_full_plan_equals_its_mean_squares(seed: int, shape: tuple[int, int, int]) -> None:
    logs = cube(seed, shape)
    by_run, by_query, left, query = mean_squares(logs)
    assert min(by_run, by_query) > left
    found = mixed(as_values(logs))
    trials, replicates, queries = shape
    assert found.converged
    assert found.singular == ()
    assert found.reference == "trial 0"
    assert (found.n, found.n_queries, found.n_replicates) == (
        logs.size,
        queries,
        trials * replicates,
    )
    # REML gives the moments where none of them is below zero.
    assert sds(found) == pytest.approx(
        {
            "query": math.sqrt((query - by_query) / trials / replicates),
            "trial × query": math.sqrt((by_query - left) / replicates),
            "replicate": math.sqrt((by_run - left) / queries),
            "residual": math.sqrt(left),
        },
        rel=1e-3,
    )
    difference = logs[1].mean() - logs[0].mean()
    error = math.sqrt(2 * (by_run + by_query - left) / replicates / queries)
    test = found.tests[-1] if trials == 2 else found.tests[1]
    assert test.statistic == pytest.approx(difference / error, rel=1e-3)
    freedom = ((trials - 1) * (replicates - 1), (trials - 1) * (queries - 1))
    rest = trials * (replicates - 1) * (queries - 1)
    df = (by_run + by_query - left) ** 2 / (
        by_run**2 / freedom[0] + by_query**2 / freedom[1] + left**2 / rest
    )
    assert test.df == pytest.approx((df,), rel=1e-6)
    half = stats.t.ppf(0.975, df) * error
    change = found.changes["trial 1"]
    assert [math.log(bound or 0.0) for bound in change] == pytest.approx(
        [difference, difference - half, difference + half], rel=1e-3
    )


def test_without_a_change_by_query_it_is_the_paired_t_test_on_run_means() -> None:
    logs = cube(2, (2, 5, 40), run_sd=0.05, crossed_sd=0.0)
    _, by_query, left, _ = mean_squares(logs)
    assert by_query < left
    found = mixed(as_values(logs))
    assert found.singular == ("trial × query",)
    assert "no scatter by trial × query was seen" in found.notes[-1]
    other = stats.ttest_rel(logs[1].mean(axis=1), logs[0].mean(axis=1))
    assert found.tests[0].statistic == pytest.approx(other.statistic, rel=0.02)
    assert found.tests[0].df == (4.0,)
    assert found.tests[0].p_value == pytest.approx(other.pvalue, rel=0.05)


@pytest.mark.parametrize(("run_sd", "crossed_sd"), [(0.03, 0.0), (0.01, 0.05)])
def test_run_to_run_scatter_is_not_taken_for_a_change(run_sd: float, crossed_sd: float) -> None:
    p_values = [
        mixed(as_values(cube(seed, (2, 5, 8), run_sd=run_sd, crossed_sd=crossed_sd)))
        .tests[0]
        .p_value
        for seed in range(60)
    ]
    assert np.mean([p is not None and p < 0.05 for p in p_values]) <= 0.12


def test_a_planted_change_is_found_with_its_size() -> None:
    found = mixed(as_values(cube(4, (3, 5, 20), change=0.2)))
    assert found.tests[0].name.startswith("F-test")
    assert found.tests[0].p_value is not None
    assert found.tests[0].p_value < 1e-4
    for k in (1, 2):
        change = found.changes[f"trial {k}"]
        assert change.low is not None
        assert change.high is not None
        assert change.low < math.exp(0.2 * k) < change.high
        assert change.low > 1


@pytest.mark.parametrize("blocked", [True, False])
@pytest.mark.parametrize(
    ("seed", "run_sd", "crossed_sd"), [(1, 0.03, 0.05), (2, 0.0, 0.05), (3, 0.03, 0.0), (4, 0, 0)]
)
def test_the_closed_form_is_what_a_search_finds(
    seed: int, run_sd: float, crossed_sd: float, blocked: bool
) -> None:
    logs = cube(seed, (3, 4, 8), run_sd=run_sd, crossed_sd=crossed_sd, change=0.1)
    scaled = (logs - logs.mean()) / logs.std()
    cells = cells_of(as_values(scaled), logs=True, most=1000)
    design = design_of(cells, blocked)
    whole = cube_of(cells.found, cells, blocked=design.blocked)
    assert whole is not None
    assert whole == pytest.approx(scaled, abs=1e-12)
    closed, other = solved(whole, blocked=design.blocked), searched(cells.found, design)
    assert closed is not None
    assert closed.df == pytest.approx(other.df, rel=1e-6)
    assert closed.estimates == pytest.approx(other.estimates, abs=1e-6)
    # A search for a variance of 0 ends near it, and one for a large variance not far from it.
    assert closed.residual == pytest.approx(other.residual, rel=0.01)
    assert closed.covariance == pytest.approx(other.covariance, rel=0.03)
    for name, variance in closed.variances.items():
        near = pytest.approx(other.variances[name], rel=0.1, abs=2e-3 * closed.residual)
        assert variance == near
    if blocked:
        assert likelihood(scaled, closed) >= likelihood(scaled, other) - 1e-9


def likelihood(logs: Cube, found: Solution) -> float:
    """The restricted log-likelihood of a full plan with blocks, but for a constant."""
    by_run, by_query, left, query = mean_squares(logs)
    trials, replicates, queries = logs.shape
    of_query, crossed, of_run = found.variances.values()
    expected = found.residual + replicates * crossed
    levels = (
        (left, found.residual, trials * (replicates - 1) * (queries - 1)),
        (by_run, found.residual + queries * of_run, (trials - 1) * (replicates - 1)),
        (by_query, expected, (trials - 1) * (queries - 1)),
        (query, expected + trials * replicates * of_query, queries - 1),
    )
    return -math.fsum(df * (math.log(level) + seen / level) for seen, level, df in levels) / 2


def test_what_is_out_of_order_is_pooled() -> None:
    df = {"left": 60, "replicate": 8, "trial × query": 20, "query": 10}
    seen = {"left": 2.0, "replicate": 1.0, "trial × query": 3.0, "query": 9.0}
    found = in_order(seen, df)
    assert found["left"] == found["replicate"] == pytest.approx((120 + 8) / 68)
    assert (found["trial × query"], found["query"]) == (3.0, 9.0)
    swapped = in_order({**seen, "replicate": 5.0, "trial × query": 9.0, "query": 3.0}, df)
    assert swapped["trial × query"] == swapped["query"] == pytest.approx(7.0)
    assert (swapped["left"], swapped["replicate"]) == (2.0, 5.0)


def test_blocks_are_one_plane_in_whatever_order_they_come() -> None:
    values = as_values(cube(3, (2, 4, 6)))
    shuffled = dict(sorted(values.items(), key=lambda item: (item[0][0], str(hash(item[1])))))
    first, second = mixed(values), mixed(shuffled)
    assert first.tests[0].statistic == pytest.approx(second.tests[0].statistic, rel=1e-9)
    assert first.components[0].sd == pytest.approx(second.components[0].sd, rel=1e-9)


def test_many_queries_are_pooled_and_nothing_is_lost() -> None:
    logs = cube(5, (2, 5, 400))
    found = mixed(as_values(logs))
    assert found.n == 10 * (MOST_RANDOM // 3)
    assert found.n_queries == 400
    assert any("400 queries in 100 pools" in note for note in found.notes)
    difference = logs[1].mean() - logs[0].mean()
    assert math.log(found.changes["trial 1"].mean) == pytest.approx(difference, abs=1e-9)
    by_run, by_query, left, _ = mean_squares(logs)
    error = math.sqrt(2 * (by_run + by_query - left) / 5 / 400)
    assert found.tests[0].statistic == pytest.approx(difference / error, rel=0.05)
    assert sds(found)["query"] == pytest.approx(0.5, rel=0.2)
    assert sds(found)["residual"] == pytest.approx(0.03, rel=0.1)


def test_answers_that_are_missing_are_no_trouble() -> None:
    values = as_values(cube(6, (2, 5, 15), change=0.3))
    lost = list(values)[::7]
    for key in lost:
        values[key] = None
    found = mixed(values)
    assert found.n == 150 - len(lost)
    assert found.notes[0] == f"{len(lost)} of 150 values were not measured"
    change = found.changes["trial 1"]
    assert change.low is not None
    assert 1 < change.low < math.exp(0.3)


def test_queries_without_all_of_their_answers_stay_out_of_the_pools() -> None:
    values = as_values(cube(7, (2, 3, 130)))
    for q in range(10):
        del values["trial 0", 1, f"q{q}"]
    found = mixed(values)
    assert found.n_queries == 120
    assert found.notes[0] == "10 of 130 queries lack an answer in a replicate: left out"


def test_replicates_of_other_blocks_are_independent() -> None:
    logs = cube(9, (2, 4, 10))
    values: dict[Key, float | None] = {
        (trial, f"{trial}-{replicate}", query): value
        for (trial, replicate, query), value in as_values(logs).items()
    }
    found = mixed(values)
    assert any("share too few blocks" in note for note in found.notes)
    alone = mixed(values, blocked=False)
    assert alone.tests[0].p_value == pytest.approx(found.tests[0].p_value)
    assert alone.changes["trial 1"].mean == pytest.approx(
        math.exp(logs[1].mean() - logs[0].mean()), rel=1e-6
    )


@pytest.mark.parametrize(
    ("shape", "why"),
    [
        ((1, 5, 6), "1 trials: 2 to 16"),
        ((17, 2, 3), "17 trials: 2 to 16"),
        ((2, 151, 3), "302 replicates: at most 300"),
        ((2, 1, 6), "one replicate"),
        ((2, 5, 2), "three queries"),
    ],
)
def test_plans_that_are_too_small_say_why(shape: tuple[int, int, int], why: str) -> None:
    found = mixed(as_values(cube(0, shape)))
    assert found.tests == ()
    assert why in found.why


def test_values_that_cannot_be_fitted_say_why() -> None:
    flat = as_values(np.zeros((2, 3, 4)))
    assert "nothing scatters" in mixed(flat).why
    assert "nothing scatters" in mixed(as_values(np.add(np.zeros((2, 3, 4)), [[[0]], [[1]]]))).why
    assert "0 or less" in mixed({**flat, ("trial 0", 0, "q0"): -1.0}).why
    assert "NaN or infinite" in mixed({**flat, ("trial 0", 0, "q0"): math.inf}).why
    assert mixed({}).why


def test_a_fit_that_does_not_converge_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    real = MixedLM.fit

    def hurried(model: Any, **_: Any) -> Any:
        return real(model, reml=True, method="bfgs", maxiter=1)

    monkeypatch.setattr(MixedLM, "fit", hurried)
    found = mixed(with_a_gap(cube(1)))
    assert not found.converged
    assert any("did not converge" in note for note in found.notes)


def test_without_statsmodels_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **kwargs: Any) -> Any:
        if name.startswith("statsmodels"):
            raise ImportError(name)
        return real(name, *rest, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"wattmark\[report\]"):
        mixed(with_a_gap(cube(1)))
    assert mixed(as_values(cube(1))).tests  # a complete plan has a closed form


def test_of_a_run(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(queries=10)))
    found = mixed_of(run, "latency_s")
    assert list(found) == [trial.group for trial in summarise(run)][::4]
    one = found["arithmetic", "arithmetic", "baseline"]
    assert len(one.changes) == 3
    # bf16 takes 0.8 of the time of fp32 at the same batch size; a replicate of the last failed.
    bf16 = next(t for t in summarise(run) if (t.precision, t.batch_size) == ("bf16", 1))
    change = one.changes[bf16.key]
    assert change.low is not None
    assert change.high is not None
    assert change.low < 0.8 < change.high < 1
    assert one.n_replicates == 19
    assert "queries of one batch share its energy" in one.notes[0]
    with pytest.raises(InputError, match="Unknown column of queries 'correct'"):
        mixed_of(run, "correct")
