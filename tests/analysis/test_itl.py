from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic import Knobs, make_run

from wattmark.analysis import itl
from wattmark.analysis.axes import axis_named
from wattmark.analysis.itl import FEW_GAPS, FEWEST, ITL, itl_estimates, itl_rows
from wattmark.analysis.metrics import NO_TIMES, NO_TOKENS, ONE_WORD
from wattmark.analysis.summary import summarise
from wattmark.store.columns import arrow_schema
from wattmark.store.reader import Run, open_run

TIMES = st.lists(st.integers(1, 900), max_size=24).map(lambda said: [n / 64 for n in sorted(said)])


def run_of(answers: dict[tuple[str, int], list[list[float]]]) -> Run:
    """A run of these token times: (trial, replicate) → each answer's, seconds."""
    trials = [
        {
            "trial_key": key,
            "replicate": replicate,
            "status": "ok",
            "queries": len(told),
            "output_tokens": sum(map(len, told)),
        }
        for (key, replicate), told in answers.items()
    ]
    queries = [
        {
            "trial_key": key,
            "replicate": replicate,
            "token_times_s": times,
            "position": position,
            "repetition": 0,
        }
        for (key, replicate), told in answers.items()
        for position, times in enumerate(told)
    ]
    run = Run(Path("nowhere"), {})
    run.__dict__.update(
        trials=_table("trials", trials),
        queries=_table("queries", queries),
    )
    return run


def _table(name: str, rows: list[dict[str, Any]]) -> pa.Table:
    schema = arrow_schema(name)
    names = rows[0] if rows else schema.names
    return pa.Table.from_pylist(rows, schema=pa.schema([schema.field(one) for one in names]))


@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.integers(0, 3)), st.lists(TIMES, max_size=6)
    )
)
@settings(max_examples=15, deadline=None)
def test_gaps_are_those_between_neighbours_of_one_answer(
    answers: dict[tuple[str, int], list[list[float]]],
) -> None:
    found = itl_rows(run_of(answers))
    assert sum(map(len, found.values())) == len(answers)
    places = {key: 0 for key, _ in answers}
    for (key, _), told in answers.items():
        row = found[key][places[key]]
        places[key] += 1
        gaps = [b - a for times in told for a, b in pairwise(times)]
        if gaps:
            assert row["itl_s"] == pytest.approx(sum(gaps) / len(gaps), abs=1e-12)
        else:
            assert row["itl_s"] is None
            assert row["why"] in (NO_TOKENS, ONE_WORD, NO_TIMES)
        if len(gaps) < FEWEST:
            assert row["itl_p95_s"] is None
        else:
            below = sum(gap <= row["itl_p95_s"] + 1e-12 for gap in gaps)
            assert below >= math.floor(0.95 * (len(gaps) - 1)) + 1


def test_every_trial_has_its_gaps_with_an_interval(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(queries=8)))
    table = run.queries.to_pylist()
    for trial in summarise(run):
        mean, high = (trial.estimates[metric.name] for metric in ITL)
        if trial.model == "sentiment":
            assert mean.value is None
            assert mean.note == high.note == NO_TOKENS
            continue
        known = []
        for replicate in {row["replicate"] for row in table if row["trial_key"] == trial.key}:
            gaps = [
                np.diff(row["token_times_s"])
                for row in table
                if (row["trial_key"], row["replicate"]) == (trial.key, replicate)
            ]
            known.append(np.mean(np.concatenate(gaps)))
        assert mean.value == pytest.approx(math.exp(np.mean(np.log(known))))
        assert mean.n == len(known)
        assert mean.low is not None
        assert mean.value is not None
        assert mean.value < (high.value or 0.0)
    assert axis_named("itl").name == "itl_s"
    assert axis_named("itl_p95").better == "lower"


def test_of_very_many_tokens_the_first_answers_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {("a", r): [[0.0, 1.0]] * 30 + [[0.0, 9.0]] * 30 for r in range(3)}
    whole = itl_rows(run_of(answers))["a"][0]
    assert whole["itl_s"] == pytest.approx(5.0)
    monkeypatch.setattr(itl, "MOST_TOKENS", 180)
    rows = itl_rows(run_of(answers))["a"]
    assert [row["itl_s"] for row in rows] == [1.0] * 3
    told = itl_estimates(rows)["itl_s"]
    assert told.value == pytest.approx(1.0)
    assert told.n == 3
    assert told.note == "of the first 30 answers of each replicate"


def test_why_there_is_none() -> None:
    found = itl_rows(run_of({("a", 0): [[0.5], [0.7]], ("b", 0): [], ("c", 0): [[0.0, 1.0]]}))
    assert [found[key][0]["why"] for key in "abc"] == [ONE_WORD, NO_TOKENS, ""]
    short = itl_estimates(found["c"])
    assert short["itl_s"].value == pytest.approx(1.0)
    assert short["itl_p95_s"].note == FEW_GAPS


def test_answers_of_one_token_have_no_gap_between_them() -> None:
    found = itl_rows(run_of({("a", 0): [[0.5], [0.7]], ("a", 1): [[0.4], [0.6]]}))
    assert [row["why"] for row in found["a"]] == [ONE_WORD, ONE_WORD]
