from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from synthetic import Knobs, make_run

from wattmark.analysis.summary import summarise
from wattmark.report.labels import short_labels
from wattmark.report.querytable import Asked, QueryTable, fair_shares, query_table, visible
from wattmark.report.script import script_json
from wattmark.store.reader import Run, open_run

KNOBS = Knobs(models=("arithmetic",), replicates=2, queries=10, one_oom=False)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("answers") / "demo", KNOBS))


def asked(run: Run, name: str = "") -> Asked:
    summaries = summarise(run)
    return Asked(run=run, summaries=summaries, labels=short_labels(summaries), name=name)


def with_answers(run: Run, **changed: Any) -> Run:
    """The run with other values in columns of its first rows, whose trial may not be the first."""
    rows = run.queries.to_pylist()
    for name, values in changed.items():
        for row, value in zip(rows, values, strict=False):
            row[name] = value
    other = Run(run.path, run.info)
    other.__dict__["queries"] = pa.Table.from_pylist(rows, schema=run.queries.schema)
    return other


def column(table: QueryTable, name: str) -> list[Any]:
    place = [c.id for c in table.columns].index(name)
    return [row[place] for row in table.rows]


def test_the_first_answers_of_each_trials_first_good_replicate(run: Run) -> None:
    table = query_table([asked(run)])
    assert table is not None
    assert len(table.rows) == 4 * 10
    assert column(table, "trial") == [trial for trial in range(4) for _ in range(10)]
    assert column(table, "query_id")[:3] == ["q0", "q1", "q2"]
    assert table.trials[0] == "arithmetic, fp32 · batch 1"
    energy = column(table, "energy_j")[0]
    stored = run.select("queries", ["energy_j"], pc.field("query_id") == "q0")
    assert energy[0] in stored["energy_j"].to_pylist()
    assert energy[1].endswith("J")
    assert " – " in energy[2]
    assert table.notes[0].startswith("40 of 80 answers: of each trial the first of its first good")
    assert table.commands == ["wattmark export runs/demo --format csv"]
    assert table.notes[-1] == "Not measured: confidence."
    assert "score" not in {c.id for c in table.columns}


def test_a_replicate_that_failed_is_not_the_first(run: Run) -> None:
    rows = run.trials.to_pylist()
    for row in rows:
        if row["replicate"] == 0:
            row["status"], row["queries"] = "crashed", 0
    other = Run(run.path, run.info)
    other.__dict__["trials"] = pa.Table.from_pylist(rows, schema=run.trials.schema)
    table = query_table([asked(other)])
    assert table is not None
    assert len(table.rows) == 40
    assert table.notes[0] == "All 40 answers."


def test_nothing_answered_is_no_table(run: Run) -> None:
    other = Run(run.path, run.info)
    other.__dict__["trials"] = run.trials.slice(0, 0)
    assert query_table([asked(other)]) is None


def test_rows_are_shared_fairly_and_runs_named(run: Run) -> None:
    table = query_table([asked(run, "base"), asked(run, "head")], most_rows=20)
    assert table is not None
    assert len(table.rows) == 20
    assert table.trials[0].startswith("base: arithmetic")
    assert table.trials[-1].startswith("head: arithmetic")
    assert table.notes[0].startswith("20 of 160 answers")


def test_texts_are_cut_until_the_table_fits_and_that_is_said(run: Run) -> None:
    # Read by column, a text of a megabyte is cut before it becomes a Python object.
    long = with_answers(run, response=["y" * 1_000_000] * 30, prompt=["<&>" * 3000] * 30)
    table = query_table([asked(long)], most_bytes=100_000)
    assert table is not None
    assert len(script_json(table.data).encode()) <= 100_000
    assert len(table.rows) == 40
    answers = [text for text in column(table, "response") if text.startswith("y")]
    assert answers
    assert all(text.endswith(" of 1,000,000 characters]") for text in answers)
    assert any("texts that are cut at" in note for note in table.notes)


def test_rows_are_left_out_where_no_text_is_short_enough(run: Run) -> None:
    table = query_table([asked(run)], most_bytes=5000)
    assert table is not None
    assert 0 < len(table.rows) < 40
    assert len(script_json(table.data).encode()) <= 5000
    assert table.notes[0].startswith(f"{len(table.rows)} of 80 answers")


def test_what_cannot_be_seen_is_shown() -> None:
    assert visible("a\x1b[31mb\x00\x7f") == "a␛[31mb␀␡"
    assert visible("one\r\ntwo\tthree") == "one\ntwo\tthree"
    assert visible("ab\u202ecd\u2066\ufeff") == "ab⟦U+202E⟧cd⟦U+2066⟧⟦U+FEFF⟧"
    assert visible("\U000e0041") == "⟦U+E0041⟧"
    assert visible("\ud800") == "⟦U+D800⟧"
    # Joiners that writing and signs need stay.
    assert visible("می‌خواهم 👩‍🔬 עברית") == "می‌خواهم 👩‍🔬 עברית"


@given(st.text())
def test_what_is_shown_has_no_control_character_and_is_json(text: str) -> None:
    shown = visible(text)
    assert all(char.isprintable() or char in "\n\t" or ord(char) >= 0xA0 for char in shown)
    assert "\u202e" not in shown
    assert json.loads(script_json([shown])) == [shown]
    script_json([shown]).encode()


@given(st.lists(st.integers(0, 50), max_size=30), st.integers(0, 200))
def test_shares_take_all_there_is_room_for(counts: list[int], most: int) -> None:
    shares = fair_shares(counts, most)
    assert all(0 <= share <= count for share, count in zip(shares, counts, strict=True))
    if len(counts) <= most:
        assert sum(shares) == min(most, sum(counts))
        full = [share for share, count in zip(shares, counts, strict=True) if share < count]
        assert not full or max(full) - min(full) <= 1
    else:
        assert sum(shares) <= most


def test_infinite_and_missing_figures_are_dashes(run: Run) -> None:
    odd = with_answers(
        run, latency_s=[float("nan")] * 80, ttft_s=[float("inf")] * 80, energy_j=[None] * 80
    )
    table = query_table([asked(odd)])
    assert table is not None
    assert set(column(table, "latency_s")) == {None}
    assert set(column(table, "energy_j")) == {None}
    script_json(table.data)


def test_a_score_between_right_and_wrong_has_a_column(run: Run) -> None:
    table = query_table([asked(with_answers(run, score=[0.5] * 80, correct=[False] * 80))])
    assert table is not None
    assert set(column(table, "score")) == {0.5}
    assert {cell[1] for cell in column(table, "correct")} == {"no"}
    assert column(table, "correct")[0][2] == "last number"
    assert table.scored
