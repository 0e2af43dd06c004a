from __future__ import annotations

import math
import warnings
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import integrate, stats
from statsmodels.stats.diagnostic import acorr_breusch_godfrey
from synthetic import Knobs, make_run

from wattmark.analysis.autocorrelation import autocorrelation
from wattmark.analysis.metrics import METRICS
from wattmark.analysis.outliers import outliers
from wattmark.analysis.run_order import run_order, run_order_of
from wattmark.analysis.trend import drift, with_temperature
from wattmark.store.reader import open_run

Sample = NDArray[np.float64]


def blocks(rng: np.random.Generator, trials: int, replicates: int) -> list[int]:
    """Trials in the order of their runs: each once in a block, at random within it."""
    return [int(k) for _ in range(replicates) for k in rng.permutation(trials)]


def noise(rng: np.random.Generator, n: int, rho: float = 0.0) -> Sample:
    """A stationary autoregression of SD 0.02."""
    found = rng.normal(0, 0.02, n)
    for k in range(1, n):
        found[k] = rho * found[k - 1] + math.sqrt(1 - rho**2) * found[k]
    return found


def design(order: list[int], *, line: bool = True) -> Sample:
    columns = [(np.asarray(order) == one).astype(float) for one in sorted(set(order))]
    return np.column_stack([*columns, *([np.arange(len(order))] if line else [])])


def test_drift_equals_statsmodels() -> None:
    rng = np.random.default_rng(0)
    order = blocks(rng, 4, 5)
    logs = noise(rng, 20) + np.asarray(order) + 0.002 * np.arange(20)
    found = drift(np.exp(logs).tolist(), trials=order)
    fitted = sm.OLS(logs, design(order)).fit()
    assert found.test.statistic == pytest.approx(fitted.tvalues[-1], rel=1e-9)
    assert found.test.p_value == pytest.approx(fitted.pvalues[-1], rel=1e-9)
    assert found.test.df == (fitted.df_resid,)
    assert found.per_run is not None
    low, high = fitted.conf_int()[-1]
    assert [math.log(bound or 0.0) for bound in found.per_run] == pytest.approx(
        [fitted.params[-1], low, high], rel=1e-9
    )
    assert found.over_all is not None
    assert found.over_all.mean == pytest.approx(found.per_run.mean**19)


def test_drift_of_one_series_equals_scipy() -> None:
    values = [1.0, 1.2, 0.9, 1.4, 1.3, 1.6]
    hours = [0.0, 0.1, 0.3, 0.35, 0.5, 0.8]
    found = drift(values, hours=hours, logs=False)
    by_run, by_hour = stats.linregress(range(6), values), stats.linregress(hours, values)
    assert found.test.p_value == pytest.approx(by_run.pvalue, rel=1e-9)
    assert found.per_run is not None
    assert found.per_run.mean == pytest.approx(by_run.slope)
    assert found.per_hour is not None
    assert found.per_hour.mean == pytest.approx(by_hour.slope)
    assert found.over_all is not None
    assert found.over_all.mean == pytest.approx(5 * by_run.slope)


@pytest.mark.parametrize(("trials", "replicates"), [(1, 10), (4, 5)])
def test_false_positives_of_drift_and_autocorrelation(trials: int, replicates: int) -> None:
    rng = np.random.default_rng(11)
    drifts, related, covered = [], [], 0
    for _ in range(600):
        order = blocks(rng, trials, replicates)
        values = np.exp(noise(rng, len(order)) + np.asarray(order)).tolist()
        found = drift(values, trials=order)
        drifts.append(found.test.p_value)
        related.append(autocorrelation(values, trials=order).test.p_value)
        assert found.over_all is not None
        assert found.over_all.low is not None
        assert found.over_all.high is not None
        covered += found.over_all.low <= 1 <= found.over_all.high
    for p_values in (drifts, related):
        assert 0.03 <= np.mean([p is not None and p < 0.05 for p in p_values]) <= 0.07
    assert 0.93 <= covered / 600 <= 0.97


def test_a_planted_drift_is_found_with_its_size() -> None:
    rng = np.random.default_rng(2)
    order = blocks(rng, 4, 5)
    rise = np.log(1.15) * np.arange(20) / 19
    found = drift(np.exp(noise(rng, 20) + rise + np.asarray(order)).tolist(), trials=order)
    assert found.test.p_value is not None
    assert found.test.p_value < 1e-3
    assert found.over_all is not None
    assert found.over_all.low is not None
    assert found.over_all.high is not None
    assert found.over_all.low < 1.15 < found.over_all.high


def exact_p(values: Sample, matrix: Sample) -> float:
    """Two-sided p of the lag-1 autocorrelation by Imhof's integral (1961, Biometrika 48: 419)."""
    n = len(values)
    maker = np.eye(n) - matrix @ np.linalg.pinv(matrix)
    lag = (np.eye(n, k=1) + np.eye(n, k=-1)) / 2
    left = maker @ values
    seen = float(left @ lag @ left / (left @ left))
    roots = np.linalg.eigvalsh(maker @ (lag - seen * np.eye(n)) @ maker)
    roots = roots[np.abs(roots) > 1e-10]

    def inside(u: float) -> float:
        angle = 0.5 * float(np.arctan(roots * u).sum())
        return math.sin(angle) / (u * float(np.prod((1 + (roots * u) ** 2) ** 0.25)))

    above = 0.5 + integrate.quad(inside, 0, np.inf, limit=400)[0] / math.pi
    return float(2 * min(above, 1 - above))


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3, 0.6])
@pytest.mark.parametrize(("trials", "replicates"), [(1, 8), (3, 4), (4, 10)])
def test_autocorrelation_is_close_to_the_exact_distribution(
    rho: float, trials: int, replicates: int
) -> None:
    rng = np.random.default_rng(9)
    order = blocks(rng, trials, replicates)
    logs = noise(rng, len(order), rho)
    found = autocorrelation(np.exp(logs).tolist(), trials=order)
    exact = exact_p(logs, design(order))
    assert found.test.p_value == pytest.approx(exact, abs=0.01 if exact < 0.1 else 0.02)


def test_autocorrelation_of_a_long_series_is_that_of_breusch_and_godfrey() -> None:
    rng = np.random.default_rng(4)
    logs = noise(rng, 3_000, 0.04)
    found = autocorrelation(np.exp(logs).tolist())
    fitted = sm.OLS(logs, sm.add_constant(np.arange(3_000.0))).fit()
    with warnings.catch_warnings():
        # Its result becomes a named tuple some day.
        warnings.simplefilter("ignore", FutureWarning)
        expected = acorr_breusch_godfrey(fitted, 1)[1]
    assert found.test.p_value == pytest.approx(expected, rel=0.15)
    assert found.test.effect == pytest.approx(0.04, abs=0.04)
    assert found.n == 3_000


def test_autocorrelation_costs_effective_replicates() -> None:
    rng = np.random.default_rng(5)
    alone = autocorrelation(np.exp(noise(rng, 2_000, 0.5)).tolist())
    assert alone.test.p_value is not None
    assert alone.test.p_value < 1e-9
    # n (1 − ρ) ÷ (1 + ρ) for a long series.
    assert alone.n_effective == pytest.approx(2_000 / 3, rel=0.15)
    order = blocks(rng, 8, 40)
    spaced = autocorrelation(np.exp(noise(rng, 320, 0.5)).tolist(), trials=order)
    assert spaced.n == 40
    # Seven other runs stand between two of a trial: little is left of ρ.
    assert spaced.n_effective is not None
    assert 34 < spaced.n_effective < 40


def test_the_effective_number_is_that_of_the_mean_s_variance() -> None:
    rng = np.random.default_rng(6)
    order = blocks(rng, 2, 4)
    found = autocorrelation(np.exp(noise(rng, 8, 0.9)).tolist(), trials=order)
    rho = max(0.0, found.test.effect or 0.0)
    worth = []
    for trial in (0, 1):
        places = np.flatnonzero(np.asarray(order) == trial)
        covariance = rho ** np.abs(places[:, None] - places[None, :])
        worth.append(16 / covariance.sum())
    assert rho > 0
    assert found.n_effective == pytest.approx(np.mean(worth))


def test_outliers_are_named_and_counted_about_their_trial() -> None:
    rng = np.random.default_rng(7)
    order = blocks(rng, 4, 5)
    values = np.exp(noise(rng, 20) + np.asarray(order))
    values[13] *= 1.5
    labels = [f"run {k}" for k in range(20)]
    found = outliers(values.tolist(), trials=order, labels=labels)
    assert [outlier.label for outlier in found.found] == ["run 13"]
    assert found.found[0].place == 13
    assert found.found[0].against == pytest.approx(1.5, rel=0.1)
    assert found.found[0].value == values[13]
    assert found.n == 20


@pytest.mark.parametrize(("trials", "replicates"), [(1, 5), (4, 5), (8, 3), (1, 100)])
def test_clean_series_have_no_outlier_in_nineteen_of_twenty(trials: int, replicates: int) -> None:
    rng = np.random.default_rng(8)
    order = blocks(rng, trials, replicates)
    named = [
        bool(outliers(np.exp(noise(rng, len(order))).tolist(), trials=order).found)
        for _ in range(300)
    ]
    assert np.mean(named) <= 0.08


def test_the_robust_z_is_the_textbook_s() -> None:
    values = [2.1, 2.6, 2.4, 2.5, 2.3, 2.1, 2.3, 2.6, 8.2, 8.3]
    found = outliers(values, logs=False)
    # 0.6745 (x − median) ÷ MAD, where the median's own two values leave one deviation out.
    away = np.abs(np.asarray(values) - np.median(values))
    mad = np.median(np.sort(away)[1:])
    assert {outlier.value for outlier in found.found} == {8.2, 8.3}
    assert found.found[0].z == pytest.approx(stats.norm.ppf(0.75) * (8.3 - 2.45) / mad)


def test_outliers_where_half_of_the_values_are_equal() -> None:
    found = outliers([1.0] * 9 + [1.1, 5.0])
    assert [outlier.place for outlier in found.found] == [10]
    assert "mean deviation" in found.notes[0]


def test_temperature_rises_and_the_metric_goes_with_it() -> None:
    rng = np.random.default_rng(10)
    order = blocks(rng, 3, 8)
    warm = 60 + 0.3 * np.arange(24) + rng.normal(0, 0.5, 24)
    logs = noise(rng, 24) + 0.02 * (warm - 60) + np.asarray(order)
    found = run_order(
        np.exp(logs).tolist(), trials=order, temperatures_c=warm.tolist(), metric="latency_s"
    )
    assert found.thermal.per_run is not None
    assert found.thermal.per_run.mean == pytest.approx(0.3, abs=0.05)
    assert not found.thermal.logs
    matrix = np.column_stack([design(order, line=False), warm])
    fitted = sm.OLS(logs, matrix).fit()
    assert found.with_temperature.p_value == pytest.approx(fitted.pvalues[-1], rel=1e-9)
    plain = sm.OLS(np.column_stack([logs, warm]), matrix[:, :-1]).fit().resid
    assert found.with_temperature.effect == pytest.approx(np.corrcoef(plain.T)[0, 1])
    assert found.with_temperature.low is not None
    assert found.with_temperature.low > 0


def test_fisher_s_interval_is_scipy_s() -> None:
    rng = np.random.default_rng(12)
    x = rng.normal(60, 2, 15)
    y = 0.01 * x + rng.normal(0, 0.02, 15)
    found = with_temperature(y.tolist(), x.tolist(), logs=False)
    other = stats.pearsonr(x, y)
    assert found.p_value == pytest.approx(other.pvalue, rel=1e-9)
    assert (found.low, found.high) == pytest.approx(tuple(other.confidence_interval(0.95)))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "no run has a value"),
        ([1.0], "too few"),
        ([1.0, 1.1], "too few"),
        ([1.0] * 8, "nothing scatters"),
        ([1.0, 2.0, -3.0, 4.0, 1.0, 1.5, 2.0], "0 or less"),
        ([1.0, 2.0, math.inf, 4.0, 1.0, 1.5, 2.0], "NaN or infinite"),
        ([1.0, 2.0, 4.0, 8.0, 16.0, 32.0], "on a line"),
    ],
)
def test_what_cannot_be_tested_says_why(values: list[float], why: str) -> None:
    found = run_order(values)
    assert found.drift.test.p_value is None
    assert found.drift.per_run is None
    assert why in found.drift.test.why
    assert found.autocorrelation.test.p_value is None
    assert found.autocorrelation.test.why
    assert found.thermal.test.why
    assert found.with_temperature.why


def test_trials_that_ran_once_have_no_slope_and_no_outlier() -> None:
    found = run_order([1.0, 2.0, 3.0, 5.0], trials=["a", "b", "c", "d"])
    assert "too few" in found.drift.test.why
    assert "too few" in found.outliers.why


def test_hours_without_a_slope_leave_the_slope_by_run() -> None:
    values = [1.0, 1.2, 0.9, 1.4]
    for hours in ([1.0] * 4, [value / 2 for value in values]):
        found = drift(values, hours=hours, logs=False)
        assert found.per_run is not None
        assert found.per_hour is None


def test_lengths_that_differ_are_refused() -> None:
    for call in (drift, autocorrelation, outliers):
        with pytest.raises(ValueError, match="each value needs"):
            call([1.0, 2.0], trials=[1])


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 50))
def test_the_unit_does_not_matter(scale: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    order = blocks(rng, 3, 4)
    values = np.exp(noise(rng, 12))
    one = run_order(values.tolist(), trials=order)
    other = run_order((values * scale).tolist(), trials=order)
    assert one.drift.test.p_value == pytest.approx(other.drift.test.p_value, rel=1e-6)
    assert one.autocorrelation.test.effect == pytest.approx(
        other.autocorrelation.test.effect, rel=1e-6, abs=1e-9
    )


def test_of_a_run(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(queries=8)))
    found = run_order_of(run, METRICS["energy_per_query_j"])
    assert found.metric == "energy_per_query_j"
    # One of forty replicates ran out of memory.
    assert found.drift.test.n == (39,)
    assert found.drift.per_hour is not None
    assert found.drift.per_run is not None
    assert found.outliers.n == 39
    assert found.autocorrelation.n == pytest.approx(39 / 8)


def test_a_run_that_was_resumed_has_no_slope_per_hour(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(models=("sentiment",), queries=4)))
    place = run.trials.column_names.index("session")
    sessions = pa.array([int(k > 9) for k in range(len(run.trials))], pa.int32())
    # The table is read once and kept: what is put there is what the run has.
    run.__dict__["trials"] = run.trials.set_column(place, "session", sessions)
    found = run_order_of(run, METRICS["latency_s"])
    assert found.drift.per_run is not None
    assert found.drift.per_hour is None
    assert "resumed" in found.notes[-1]
