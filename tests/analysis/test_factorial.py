from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.factorial import Factorial, Term, factorial, factorial_of
from wattmark.analysis.metrics import METRICS
from wattmark.errors import InputError
from wattmark.store.reader import open_run

# Length of odontoblasts (µm) of 60 guinea pigs by supplement and dose: C. I. Bliss (1952), R's
# ToothGrowth. R's anova(aov(len ~ supp * factor(dose))) gives the figures below.
TOOTH = {
    ("VC", 0.5): (4.2, 11.5, 7.3, 5.8, 6.4, 10.0, 11.2, 11.2, 5.2, 7.0),
    ("VC", 1.0): (16.5, 16.5, 15.2, 17.3, 22.5, 17.3, 13.6, 14.5, 18.8, 15.5),
    ("VC", 2.0): (23.6, 18.5, 33.9, 25.5, 26.4, 32.5, 26.7, 21.5, 23.3, 29.5),
    ("OJ", 0.5): (15.2, 21.5, 17.6, 9.7, 14.5, 10.0, 8.2, 9.4, 16.5, 9.7),
    ("OJ", 1.0): (19.7, 23.3, 23.6, 26.4, 20.0, 25.2, 25.8, 21.2, 14.5, 27.3),
    ("OJ", 2.0): (25.5, 26.4, 22.4, 24.5, 24.8, 30.9, 26.4, 27.3, 29.4, 23.0),
}


def by_name(found: Factorial) -> dict[str, Term]:
    return {" × ".join(term.test.of): term for term in found.terms}


def second_opinion(data: pd.DataFrame, formula: str) -> pd.DataFrame:
    """The same by statsmodels' formulas and contrasts of sums, not by nested fits."""
    return sm.stats.anova_lm(smf.ols(formula, data).fit(), typ=2)


def grid(seed: int, counts: list[int], *, planted: float = 0.0) -> pd.DataFrame:
    """Energies of 3 precisions × 2 batch sizes, `counts` of each cell."""
    rng = np.random.default_rng(seed)
    cells = itertools.product(("fp32", "bf16", "int8"), (1, 8))
    rows = [
        (p, b, k, math.exp(rng.normal(0.1 * (b == 8) + planted * (p == "int8" and b == 8), 0.05)))
        for (p, b), count in zip(cells, counts, strict=True)
        for k in range(count)
    ]
    return pd.DataFrame(rows, columns=["precision", "batch", "block", "y"])


def fitted(data: pd.DataFrame, *, blocks: bool = False, logs: bool = True) -> Factorial:
    factors = {name: data[name].tolist() for name in ("precision", "batch")}
    taken = data["block"].tolist() if blocks else None
    return factorial(data["y"].tolist(), factors, blocks=taken, logs=logs)


def test_a_published_table() -> None:
    cells = [(s, d, value) for (s, d), values in TOOTH.items() for value in values]
    supplement, dose, length = (list(column) for column in zip(*cells, strict=True))
    found = factorial(length, {"supplement": supplement, "dose": dose}, logs=False)
    terms = by_name(found)
    assert terms["supplement"].sum_of_squares == pytest.approx(205.35, abs=0.005)
    assert terms["dose"].sum_of_squares == pytest.approx(2426.43, abs=0.005)
    assert terms["supplement × dose"].sum_of_squares == pytest.approx(108.32, abs=0.005)
    assert found.residual_sum_of_squares == pytest.approx(712.11, abs=0.005)
    assert terms["dose"].test.statistic == pytest.approx(92.000, abs=0.0005)
    assert terms["supplement"].test.p_value == pytest.approx(0.0002312, abs=5e-8)
    assert terms["supplement × dose"].test.p_value == pytest.approx(0.021860, abs=5e-7)
    assert terms["supplement × dose"].test.df == (2.0, 54.0)
    assert found.balanced
    assert [cell.levels for cell in found.cells][:3] == [
        ("OJ", "0.5"),
        ("OJ", "1.0"),
        ("OJ", "2.0"),
    ]
    assert found.cells[0].mean == pytest.approx(13.23)


@pytest.mark.parametrize("counts", [[5] * 6, [5, 4, 3, 5, 2, 1], [2, 9, 4, 4, 3, 7]])
@pytest.mark.parametrize("blocks", [False, True])
def test_equals_statsmodels(counts: list[int], blocks: bool) -> None:
    data = grid(1, counts, planted=0.1)
    found = fitted(data, blocks=blocks)
    formula = "np.log(y) ~ C(precision) * C(batch)" + (" + C(block)" if blocks else "")
    table = second_opinion(data, formula)
    for name, term in by_name(found).items():
        row = table.loc[":".join(f"C({factor})" for factor in name.split(" × "))]
        assert term.sum_of_squares == pytest.approx(row["sum_sq"], rel=1e-9)
        assert term.test.statistic == pytest.approx(row["F"], rel=1e-9)
        assert term.test.p_value == pytest.approx(row["PR(>F)"], rel=1e-9)
        assert term.test.df == (row["df"], table.loc["Residual", "df"])
    assert found.balanced == (len(set(counts)) == 1)
    assert any("unbalanced" in note for note in found.notes) != found.balanced


def test_three_factors_with_their_interactions_equal_statsmodels() -> None:
    rng = np.random.default_rng(5)
    rows = [cell for cell in itertools.product("abc", "de", "fg") for _ in range(3)]
    data = pd.DataFrame(rows, columns=["r", "s", "t"]).assign(y=rng.normal(10, 1, len(rows)))
    data = data.drop(index=[0, 7, 20])
    levels = {name: data[name].tolist() for name in "rst"}
    for highest, power in ((2, "**2"), (3, "**3")):
        found = factorial(data["y"].tolist(), levels, logs=False, highest=highest)
        table = second_opinion(data, f"y ~ (C(r) + C(s) + C(t)){power}")
        assert len(found.terms) == len(table) - 1
        for name, term in by_name(found).items():
            row = table.loc[":".join(f"C({factor})" for factor in name.split(" × "))]
            assert term.test.p_value == pytest.approx(row["PR(>F)"], rel=1e-9)


def test_a_planted_interaction_is_found_and_one_that_is_not_there_is_not() -> None:
    hits = [
        by_name(fitted(grid(seed, [5] * 6, planted=planted)))["precision × batch"].test.p_value
        for planted in (0.0, 0.12)
        for seed in range(200)
    ]
    false, true = (
        np.mean([p is not None and p < 0.05 for p in half]) for half in (hits[:200], hits[200:])
    )
    assert 0.01 <= false <= 0.09
    # What one cell of six that stands out by 0.12 must give, by the noncentral F.
    shift = 5 * 0.12**2 * (1 - 1 / 3) * (1 - 1 / 2) / 0.05**2
    assert true == pytest.approx(stats.ncf.sf(stats.f.isf(0.05, 2, 24), 2, 24, shift), abs=0.07)


def test_blocks_take_the_drift_out() -> None:
    data = grid(3, [5] * 6)
    data["y"] *= np.exp(0.3 * data["block"])
    assert fitted(data, blocks=True).residual_sd == pytest.approx(0.05, rel=0.4)
    assert (fitted(data).residual_sd or 0) > 0.3


def test_an_empty_cell_is_said_and_costs_a_degree_of_freedom() -> None:
    found = fitted(grid(2, [5, 5, 5, 5, 5, 0]))
    assert found.cells[-1].n == 0 or [cell for cell in found.cells if cell.n == 0]
    assert by_name(found)["precision × batch"].test.df == (1.0, 20.0)
    assert any("1 of 6 cells have no value (int8 × 8)" in note for note in found.notes)
    # The contrasts that remain are those of the full two by two cells and of what is left.
    whole = fitted(grid(2, [5, 5, 5, 5, 0, 0]))
    assert by_name(whole)["precision × batch"].sum_of_squares == pytest.approx(
        by_name(found)["precision × batch"].sum_of_squares
    )


def test_one_value_a_cell_is_fitted_without_the_interaction() -> None:
    found = fitted(grid(4, [1] * 6))
    assert list(by_name(found)) == ["precision", "batch"]
    assert found.residual_df == 2
    assert any("cannot be told from the scatter" in note for note in found.notes)


def test_factors_that_go_together_are_told_apart_by_nobody() -> None:
    values = [1.0, 1.1, 2.0, 2.2, 1.05, 2.1]
    level = ["a", "a", "b", "b", "a", "b"]
    found = factorial(values, {"precision": level, "batch": level})
    assert {term.test.p_value for term in found.terms} == {None}
    assert all("cannot be told apart" in term.test.why for term in found.terms)


@pytest.mark.parametrize(
    ("values", "factors", "why"),
    [
        ([1.0, 2.0], {"a": "xy", "b": "pp"}, "b has one level only"),
        ([1.0, 1.0, 1.0, 1.0], {"a": "xxyy", "b": "pqpq"}, "nothing scatters"),
        ([1.0, 2.0, -1.0, 3.0], {"a": "xxyy", "b": "pqpq"}, "0 or less"),
        ([1.0, 2.0, math.inf, 3.0], {"a": "xxyy", "b": "pqpq"}, "NaN or infinite"),
        ([1.0, 2.0], {"a": "xy", "b": "pq"}, "no scatter is left"),
        ([2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 7.0, 7.0], {"a": "xxxxyyyy", "b": "ppqqppqq"}, "scatters"),
        ([], {"a": "", "b": ""}, "two factors"),
    ],
)
def test_what_cannot_be_analysed_says_why(
    values: list[float], factors: dict[str, str], why: str
) -> None:
    found = factorial(values, factors)
    assert found.terms == ()
    assert why in found.why


def test_values_that_were_not_measured_are_left_out_and_counted() -> None:
    data = grid(6, [5] * 6)
    values = [*data["y"].tolist()[:-1], None]
    found = factorial(values, {name: data[name].tolist() for name in ("precision", "batch")})
    assert found.n == 29
    assert found.notes[0] == "1 of 30 values were not measured"


def test_spreads_that_differ_are_said() -> None:
    data = grid(7, [12] * 6)
    wild = data["precision"] == "int8"
    data.loc[wild, "y"] *= np.exp(np.random.default_rng(0).normal(0, 1, int(wild.sum())))
    assert any("spreads differ" in note for note in fitted(data).notes)


@settings(max_examples=25, deadline=None)
@given(scale=st.floats(1e-6, 1e6), seed=st.integers(0, 99))
def test_the_unit_does_not_matter(scale: float, seed: int) -> None:
    data = grid(seed, [3, 2, 4, 3, 2, 3])
    plain = fitted(data, logs=False)
    data["y"] *= scale
    for one, other in zip(plain.terms, fitted(data, logs=False).terms, strict=True):
        assert one.test.p_value == pytest.approx(other.test.p_value, rel=1e-6)


def test_of_a_run(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(queries=8)))
    found = factorial_of(run, METRICS["energy_per_query_j"])
    assert [of.of["model"] for of in found if of.of] == ["arithmetic", "sentiment"]
    terms = by_name(found[0])
    assert list(terms) == ["precision", "batch_size", "precision × batch_size"]
    precision = terms["precision"].test
    assert precision.p_value is not None
    assert precision.p_value < 1e-6
    # One replicate ran out of memory: 19 of 20 values.
    assert found[0].n == 19
    assert not found[0].balanced
    with pytest.raises(InputError, match="Unknown factor 'colour'"):
        factorial_of(run, METRICS["latency_s"], ("precision", "colour"))
