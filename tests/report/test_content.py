from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from synthetic import Knobs, make_run

from wattmark.analysis.summary import summarise
from wattmark.report.content import table_of, verdict_cards
from wattmark.report.labels import short_labels
from wattmark.store.reader import Run, open_run


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(make_run(tmp_path_factory.mktemp("run") / "demo"))


def test_the_table_has_accuracy_first_and_net_below_gross(run: Run) -> None:
    summaries = summarise(run)
    table = table_of(summaries[:4], short_labels(summaries))
    assert table["titles"][:3] == ["accuracy", "J/token", "J/query"]
    assert not [title for title in table["titles"] if "net" in title]
    cells = table["rows"][0]["cells"]
    assert [bool(cell["net"]) for cell in cells[:4]] == [False, True, True, False]
    assert (table["rows"][3]["ok"], table["rows"][3]["planned"]) == (4, 5)


def test_cards_say_ahead_only_of_what_was_compared(tmp_path: Path) -> None:
    knobs = Knobs(
        models=("arithmetic",), precisions=("fp32", "tf32"), batch_sizes=(1,), one_oom=False
    )
    run = open_run(make_run(tmp_path / "run", knobs))
    (card,) = verdict_cards(run, summarise(run), short_labels(summarise(run)))
    assert card["big"] == "No difference resolved"
    assert "between fp32 · batch 1 and tf32 · batch 1: the ratio may be" in card["text"]
    assert card["small"] == ""
    whole = Run(run.path, run.info)
    table = run.trials.to_pylist()
    for row in table:
        if row["precision"] == "tf32":
            for name in ("energy_j", "energy_low_j", "energy_high_j"):
                row[name] *= 2
    whole.__dict__["trials"] = pa.Table.from_pylist(table, schema=run.trials.schema)
    (card,) = verdict_cards(whole, summarise(whole), short_labels(summarise(whole)))
    assert card["big"] == "fp32 · batch 1 stays ahead"
    assert card["text"] == "The other configuration has resolvably higher energy per query."


def test_the_chosen_of_several_is_corrected_and_says_so(run: Run) -> None:
    cards = verdict_cards(run, summarise(run), short_labels(summarise(run)))
    assert {card["small"] for card in cards} == {
        "Best of 4, intervals corrected for 3 comparisons (Bonferroni)."
    }


def test_a_ratio_that_could_be_anything_is_not_printed(tmp_path: Path) -> None:
    knobs = Knobs(
        models=("arithmetic",), precisions=("fp32", "tf32"), batch_sizes=(1,), replicates=2,
        one_oom=False,
    )  # fmt: skip
    run = open_run(make_run(tmp_path / "run", knobs))
    table = run.trials.to_pylist()
    for row in table:
        if row["precision"] == "tf32" and row["block"] == 1:
            for name in ("energy_j", "energy_low_j", "energy_high_j"):
                row[name] *= 50
    wild = Run(run.path, run.info)
    wild.__dict__["trials"] = pa.Table.from_pylist(table, schema=run.trials.schema)
    summaries = summarise(wild)
    (card,) = verdict_cards(wild, summaries, short_labels(summaries))
    assert card["text"].endswith("the replicates are too scattered to tell (2 paired blocks).")
    table_ = table_of(summaries, short_labels(summaries))
    assert ("±>×100", "too scattered for an interval (2 replicates)") in table_["missing"]
    assert ("", "two replicates: too few for an interval to rely on") in table_["missing"]
