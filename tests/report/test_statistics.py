from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from synthetic import Knobs, make_run

from wattmark.analysis.outcome import Test
from wattmark.analysis.summary import summarise
from wattmark.report.asjson import summary_json
from wattmark.report.labels import short_labels
from wattmark.report.statistics import (
    StatTable,
    names_of,
    render_statistics,
    statistics,
)
from wattmark.report.stattable import MOST_ROWS, p_said, remarks, table, with_holm
from wattmark.store.reader import Run, open_run


def tables_of(run: Run) -> dict[str, StatTable]:
    summaries = summarise(run)
    return {one.id: one for one in statistics(run, summaries, short_labels(summaries))}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    return open_run(
        make_run(tmp_path_factory.mktemp("statistics") / "run", Knobs(queries=6, replicates=4))
    )


@pytest.fixture(scope="module")
def tables(run: Run) -> dict[str, StatTable]:
    return tables_of(run)


def test_each_task_has_its_tables_and_all_runs_one(tables: dict[str, StatTable]) -> None:
    kinds = [
        *("differences", "tests", "accuracy", "together", "factors", "mixed", "ranks", "fronts"),
        *("replicates", "absent"),
    ]
    assert set(tables) == {f"s{k}-{kind}" for k in (0, 1) for kind in kinds} | {"order"}
    for one in tables.values():
        assert {len(row) for row in one.rows} == {len(one.columns)}
        assert all(isinstance(cell, str) and cell for row in one.rows for cell in row)
        text = " ".join(
            [one.title, one.lead, *one.columns, *(cell for row in one.rows for cell in row)]
        )
        assert not {"None", "nan", "inf"} & set(text.replace(",", " ").split())


def test_a_difference_that_was_planted_is_told(tables: dict[str, StatTable]) -> None:
    rows = {(row[0], row[1]): row for row in tables["s0-differences"].rows}
    metric, _, ratio, g, delta, same = rows["Latency", "bf16 · batch 1"]
    assert 0.75 < float(ratio.partition("×")[0]) < 0.85
    assert g.startswith("−")
    assert delta.startswith("−1.00 (")
    assert same.startswith("not shown")
    tests = {(row[0], row[1]): row for row in tables["s0-tests"].rows}
    paired = tests[metric, "bf16 · batch 1"][2]
    assert float(paired.partition(" ")[0].strip("<")) < 0.05
    terms = {(row[0], row[1]): row for row in tables["s0-factors"].rows}
    assert terms["Latency", "precision"][3].startswith("<0.0001")
    assert terms["Latency", "batch"][3].startswith("<0.0001")


def test_what_is_chosen_is_named(tables: dict[str, StatTable]) -> None:
    ranks = tables["s0-ranks"]
    best = max(ranks.rows, key=lambda row: row[3].startswith(">"))
    assert best[0] in {"bf16 · batch 1", "bf16 · batch 8"}
    assert "Pareto" in tables["s0-fronts"].title
    assert "on that of latency and energy per query: " in tables["s0-fronts"].lead.lower()


def test_one_replicate_says_so_and_has_no_test(tmp_path: Path) -> None:
    run = open_run(make_run(tmp_path / "run", Knobs(replicates=1, queries=6)))
    tables = tables_of(run)
    assert set(tables) == {
        f"s{k}-{kind}" for k in (0, 1) for kind in ("accuracy", "fronts", "absent")
    }
    assert ("Tests", "one replicate of each: no test") in tables["s0-absent"].rows


def test_a_single_configuration_has_the_order_alone(tmp_path: Path) -> None:
    knobs = Knobs(precisions=("fp32",), batch_sizes=(1,), queries=6)
    assert set(tables_of(open_run(make_run(tmp_path / "run", knobs)))) == {"order"}


def test_json_has_every_figure_when_it_is_asked_for(tmp_path: Path) -> None:
    cells = {"models": ("arithmetic",), "precisions": ("fp32",), "batch_sizes": (1, 2, 4)}
    knobs = Knobs(**cells, queries=3, replicates=2, one_oom=False)  # type: ignore[arg-type] # fields by name
    run = open_run(make_run(tmp_path / "run", knobs))
    summaries = summarise(run)
    plain = summary_json(run, summaries)
    assert "statistics" not in plain
    asked = summary_json(run, summaries, with_statistics=True)
    assert {key: asked[key] for key in plain} == plain
    found = json.loads(json.dumps(asked["statistics"], allow_nan=False))
    (task,) = found["tasks"]
    assert set(task["names"].values()) == {"fp32 · batch 1", "fp32 · batch 2", "fp32 · batch 4"}
    assert len(task["pairs"]) == 2 * task["n_pairs"] == 6
    assert {one["metric"] for one in task["contrasts"]} == set(task["metrics"])
    assert len(found["order"]) == len(task["metrics"])


def test_two_models_on_one_task_stand_side_by_side(run: Run) -> None:
    summaries = [replace(summary, task="one task") for summary in summarise(run)]
    names = names_of(summaries, short_labels(summaries))
    assert len(set(names.values())) == len(summaries)
    assert all(names[s.key].startswith(f"{s.model} · ") for s in summaries)


@pytest.mark.parametrize("width", [60, 100])
def test_the_terminal_shows_all_of_it(tables: dict[str, StatTable], width: int) -> None:
    out = io.StringIO()
    Console(file=out, width=width).print(*render_statistics(tables.values()))
    text = out.getvalue()
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= width
    assert tables["order"].title in text


def test_untrusted_text_stays_text() -> None:
    nasty = StatTable(
        id="x", title="\x1b[31mt", lead="[b]l", columns=("c",), rows=(("[red]r\x1b[0m",),)
    )
    out = io.StringIO()
    Console(file=out, width=80, force_terminal=True).print(*render_statistics([nasty]))
    assert "\x1b[31m" not in out.getvalue()
    assert "[red]r" in out.getvalue()
    assert "[b]l" in out.getvalue()


def test_a_long_table_is_cut_and_says_so() -> None:
    made = table("t", "T", "", ("n",), [(str(k),) for k in range(MOST_ROWS + 5)], notes=["a"])
    assert made is not None
    assert len(made.rows) == MOST_ROWS
    assert made.notes[0].startswith("5 more rows are in: wattmark show")
    assert table("t", "T", "", ("n",), []) is None


def test_p_values_read_well() -> None:
    assert [p_said(p) for p in (None, 0.0, 9e-5, 0.0123, 0.5, 1.0)] == [
        *("–", "<0.0001", "<0.0001", "0.012", "0.5", "1"),
    ]
    assert with_holm(Test(name="t", p_value=0.01, p_adjusted=0.03)) == "0.01 (0.03)"
    assert with_holm(Test(name="t", why="no")) == "–"


def test_a_note_stands_once_with_what_it_is_about() -> None:
    noted = [(where, [f"spreads differ (p = {p}): read B"]) for where, p in (("a", 1), ("b", 2))]
    assert remarks(noted) == ["Spreads differ: read B. This concerns a (p = 1); b (p = 2)."]
    assert remarks([("a", ["few"]), ("b", ["few"])]) == ["Few."]
    many = [(str(k), ["few"]) for k in range(9)] + [("x", [])]
    assert remarks(many) == ["Few. This concerns 0; 1; 2; 3 and 5 more."]
