"""Cost and correctness against difficulty: planted relations, and scipy as a second opinion."""

from __future__ import annotations

import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from synthetic import Knobs, make_run

from wattmark.analysis.difficulty import Relation, difficulties, relation, relations
from wattmark.analysis.intervals import wilson
from wattmark.store.reader import open_run

SCHEMA = pa.schema(
    {
        "trial_key": pa.string(),
        "query_id": pa.string(),
        "input_tokens": pa.int64(),
        "output_tokens": pa.int64(),
        "confidence": pa.float64(),
        "energy_j": pa.float64(),
        "correct": pa.bool_(),
    }
)


def table(rows: list[dict[str, Any]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def rows(key: str, queries: int, replicates: int, seed: int) -> list[dict[str, Any]]:
    """Long prompts cost more and are right less often; confidence knows it. In random order."""
    source = np.random.default_rng(seed)
    lengths = source.integers(5, 60, queries)
    right = source.random(queries) < 1.1 - lengths / 60
    found = [
        {
            "trial_key": key,
            "query_id": f"q{k}",
            "input_tokens": int(lengths[k]),
            "output_tokens": 10,
            "confidence": float(np.clip(1 - lengths[k] / 80 + source.normal(0, 0.01), 0, 1)),
            "energy_j": float(0.1 * lengths[k] * source.lognormal(0, 0.05)),
            "correct": bool(right[k]) if replicate == 0 else None,
        }
        for replicate in range(replicates)
        for k in range(queries)
    ]
    return [found[k] for k in source.permutation(len(found))]


def named(found: tuple[Relation, ...]) -> dict[tuple[str, str], Relation]:
    return {(one.sign, one.outcome): one for one in found}


def test_planted_relations_are_found_query_by_query() -> None:
    given_rows = rows("a", 80, 3, 1) + rows("b", 40, 1, 2)
    found = relations(table(given_rows))
    assert set(found) == {"a", "b"}
    mine = named(found["a"])
    cost, right = mine["input_tokens", "energy_j"], mine["input_tokens", "correct"]
    assert (cost.n, right.n) == (80, 80)
    assert cost.test.effect is not None
    assert cost.test.effect > 0.9
    assert right.test.effect is not None
    assert right.test.effect < -0.3
    # A second way: means of each query by hand, and scipy.
    by_query: dict[str, list[dict[str, Any]]] = {}
    for row in given_rows:
        if row["trial_key"] == "a":
            by_query.setdefault(row["query_id"], []).append(row)
    x = [group[0]["input_tokens"] for group in by_query.values()]
    y = [statistics.fmean(row["energy_j"] for row in group) for group in by_query.values()]
    second = stats.spearmanr(x, y)
    assert cost.test.effect == pytest.approx(second.statistic, abs=1e-9)
    assert cost.test.p_value == pytest.approx(second.pvalue, rel=1e-9)
    assert cost.test.low is not None
    assert cost.test.high is not None
    assert cost.test.low < cost.test.effect < cost.test.high < 1


def test_bins_hold_every_query_once_with_the_right_intervals() -> None:
    found = named(relations(table(rows("a", 83, 2, 3)))["a"])
    cost, right = found["input_tokens", "energy_j"], found["input_tokens", "correct"]
    assert sum(part.n for part in cost.bins) == 83
    assert all(a.high < b.low for a, b in zip(cost.bins, cost.bins[1:], strict=False))
    means = [part.outcome.mean for part in cost.bins]
    assert means == sorted(means)
    assert len(cost.bins) == 5
    shares = [part.outcome for part in right.bins]
    assert shares[0].mean > shares[-1].mean
    for part in right.bins:
        assert part.outcome == wilson(round(part.outcome.mean * part.n), part.n)
    for part in cost.bins:
        assert part.low <= part.sign <= part.high


@given(
    st.lists(
        st.tuples(st.integers(0, 5) | st.none(), st.floats(0.001, 9) | st.none()), max_size=40
    ),
    st.integers(1, 8),
)
def test_bins_part_what_is_there(pairs: list[tuple[int | None, float | None]], bins: int) -> None:
    x = np.array([np.nan if a is None else a for a, _ in pairs], dtype=np.float64)
    y = np.array([np.nan if b is None else b for _, b in pairs], dtype=np.float64)
    found = relation("input_tokens", "energy_j", x, y, bins=bins)
    whole = [(a, b) for a, b in pairs if a is not None and b is not None]
    assert found.n == len(whole)
    assert len(found.bins) <= bins
    assert [part.n for part in found.bins] == [
        sum(part.low <= a <= part.high for a, _ in whole) for part in found.bins
    ]
    assert sum(part.n for part in found.bins) == len(whole)
    for part in found.bins:
        inside = [b for a, b in whole if part.low <= a <= part.high]
        assert part.outcome.mean == pytest.approx(statistics.fmean(inside))
        assert part.outcome.low is None or part.outcome.low >= 0


def test_what_does_not_vary_has_bins_and_says_why_it_has_no_order() -> None:
    found = named(relations(table(rows("a", 30, 1, 4)))["a"])
    flat = found["output_tokens", "energy_j"]
    assert flat.test.effect is None
    assert flat.test.why == "output_tokens is the same in all"
    assert [part.n for part in flat.bins] == [30]


def test_what_was_not_measured_is_left_out() -> None:
    bare = [{**row, "energy_j": None, "confidence": None} for row in rows("a", 20, 2, 5)]
    assert set(named(relations(table(bare))["a"])) == {
        ("input_tokens", "correct"),
        ("output_tokens", "correct"),
    }
    some = [
        {**row, "energy_j": None if row["query_id"] == "q0" else row["energy_j"]}
        for row in rows("a", 20, 2, 5)
    ]
    assert named(relations(table(some))["a"])["input_tokens", "energy_j"].n == 19
    assert relations(table(rows("a", 2, 5, 6))) == {}
    assert relations(table([])) == {}
    with pytest.raises(ValueError, match="outcomes"):
        relation("a", "b", np.zeros(2), np.zeros(3))


def test_of_a_run(tmp_path: Path) -> None:
    folder = make_run(tmp_path / "run", Knobs(replicates=2, models=("arithmetic",)))
    run = open_run(folder)
    found = difficulties(run)
    keys = set(run.trials.column("trial_key").to_pylist())
    assert set(found) == keys
    # Each answer has 8 to 11 tokens; replicates of a query are one query.
    longer = named(next(iter(found.values())))["output_tokens", "correct"]
    assert longer.n == 24
    assert [part.n for part in longer.bins] == [6, 6, 6, 6]
