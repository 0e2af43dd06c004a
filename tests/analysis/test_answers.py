"""Answers of two trials side by side: against the same counted one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Knobs, make_run

from wattmark.analysis import calibration as module
from wattmark.analysis.answers import Answers, answers_of, tally
from wattmark.analysis.calibration import calibration, calibrations
from wattmark.analysis.scores import mean_scores
from wattmark.analysis.summary import summarise
from wattmark.report.power import Curves, strips_of
from wattmark.report.spread import latencies
from wattmark.store import reader
from wattmark.store.reader import Run, open_run

MARKS = st.dictionaries(st.sampled_from([f"q{n}" for n in range(12)]), st.booleans())


def answers(marks: dict[str, bool]) -> Answers:
    return Answers(pa.array(list(marks), pa.string()), np.array(list(marks.values()), dtype=bool))


@given(MARKS, MARKS)
def test_a_tally_counts_what_both_answered(first: dict[str, bool], second: dict[str, bool]) -> None:
    pairs = [(first[query], second[query]) for query in first.keys() & second.keys()]
    expected = tuple(
        pairs.count(cell) for cell in ((True, True), (True, False), (False, True), (False, False))
    )
    assert tally(first, second) == expected
    assert tally(answers(first), answers(second)) == expected
    assert tally(answers(first), second) == expected
    again = answers(first)
    assert dict(again) == first
    assert len(again) == len(first)
    assert tally(again, answers(first)) == (
        sum(first.values()),
        0,
        0,
        list(first.values()).count(False),
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("run") / "demo", Knobs(replicates=3, queries=12))


def test_replicates_vote(folder: Path) -> None:
    run = open_run(folder)
    rows = run.queries.to_pylist()
    for at, row in enumerate(rows):
        row["correct"] = None if at % 7 == 0 else at % 3 != 0
    changed = Run(folder, run.info)
    vars(changed)["queries"] = pa.Table.from_pylist(rows, schema=run.queries.schema)
    votes: dict[str, dict[str, list[bool]]] = {}
    for row in rows:
        if row["correct"] is not None:
            votes.setdefault(row["trial_key"], {}).setdefault(row["query_id"], []).append(
                row["correct"]
            )
    expected = {
        key: {query: 2 * sum(one) > len(one) for query, one in of.items()}
        for key, of in votes.items()
    }
    assert {key: dict(found) for key, found in answers_of(changed).items()} == expected


def test_long_tables_give_the_same_figures(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(run: Run) -> tuple[object, ...]:
        summaries = summarise(run)
        rows: dict[str, list[dict[str, object]]] = {}
        for row in run.trials.to_pylist():
            rows.setdefault(row["trial_key"], []).append(row)
        return (
            summaries,
            calibrations(run),
            mean_scores(run),
            {key: dict(found) for key, found in answers_of(run).items()},
            {key: values.tolist() for key, values in latencies(run).items()},
            strips_of(run, Curves(run), summaries, rows),
        )

    short = told(open_run(folder))
    monkeypatch.setattr(reader, "SMALL_BYTES", -1)
    run = open_run(folder)
    assert told(run) == short
    assert not {"queries", "spans", "trace"} & vars(run).keys()
    assert len(short[-1]) == len(short[0]) == 8  # type: ignore[arg-type] # both are lists


def test_the_interval_of_very_many_answers_is_that_of_resampling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source = np.random.default_rng(5)
    told = source.beta(4, 2, 3000)
    right = source.random(told.size) < told - 0.05
    drawn = calibration(told, right)
    monkeypatch.setattr(module, "MOST_DRAWN", 0)
    normal = calibration(told, right)
    assert drawn is not None
    assert normal is not None
    assert normal.bins == drawn.bins
    assert normal.error.mean == drawn.error.mean
    width = (drawn.error.high or 0.0) - (drawn.error.low or 0.0)
    assert normal.error.low == pytest.approx(drawn.error.low, abs=0.08 * width)
    assert normal.error.high == pytest.approx(drawn.error.high, abs=0.08 * width)
