from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import Knobs, make_run
from test_page import Reader

from wattmark.analysis.compare_sources import compare_runs
from wattmark.errors import InputError
from wattmark.report.chapter import Report, gathered
from wattmark.report.comparison import COLUMNS
from wattmark.report.markdown import render_markdown
from wattmark.report.page import render_page
from wattmark.report.several import apart
from wattmark.store.reader import Run, open_run

KNOBS = Knobs(models=("arithmetic",), batch_sizes=(1,), replicates=2, queries=4, one_oom=False)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Run]:
    """Two of one suite on two machines, and one of another task."""
    folder = tmp_path_factory.mktemp("several")
    base = open_run(make_run(folder / "base", KNOBS))
    head = open_run(make_run(folder / "head", replace(KNOBS, seed=8)))
    other = open_run(make_run(folder / "other", replace(KNOBS, models=("sentiment",))))
    machine = {**head.info["machine"], "cpu_model": "Another CPU"}
    info = {**head.info, "machine": machine, "wattmark_version": "0.0.9"}
    return [base, Run(head.path, info), Run(other.path, {**other.info, "name": "moods"})]


@pytest.fixture(scope="module")
def report(runs: list[Run]) -> Report:
    return gathered(runs, drawn=False)


def test_runs_are_told_apart(runs: list[Run], tmp_path: Path) -> None:
    assert apart(runs) == ["base", "head", "moods"]
    assert apart(runs[:1]) == ["demo"]
    twins = [Run(tmp_path / side / "head", runs[1].info) for side in "ab"]
    assert apart(twins) == ["head (1)", "head (2)"]
    with pytest.raises(InputError, match="given twice"):
        apart([runs[0], runs[0]])
    with pytest.raises(InputError, match="no run"):
        apart([])


def test_verdicts_are_those_of_compare(report: Report, runs: list[Run]) -> None:
    assert report.across is not None
    match, unlike = report.across.matches
    assert (match.base, match.head, match.why) == ("base", "head", "")
    verdict, metric = COLUMNS.index("verdict"), COLUMNS.index("metric")
    shown = [
        (row[metric], row[verdict])
        for trial in match.trials
        for row in (*trial.leading, *trial.others)
    ]
    found = compare_runs(runs[0], runs[1])
    assert sorted(shown) == sorted((c.metric, c.verdict) for c in found.changes)
    assert any("other machine: cpu_model" in line for line in match.warnings)
    assert unlike.head == "moods"
    assert not unlike.trials
    assert unlike.why


def test_all_trials_stand_side_by_side_with_their_runs(report: Report) -> None:
    assert report.across is not None
    rows = report.across.table["rows"]
    assert [row["run"] for row in rows] == ["base", "base", "head", "head", "moods", "moods"]
    assert rows[0]["group"] == "arithmetic"
    assert [cells[0] for _, cells in report.across.runs] == ["base", "head", "moods"]
    assert "Another CPU" in report.across.runs[1][1]
    assert any("different machines" in note for note in report.across.notes)
    assert any("0.1.0, 0.0.9" in note for note in report.across.notes)


def test_one_page_holds_them_all_with_ids_of_their_own(
    report: Report, runs: list[Run], tmp_path: Path
) -> None:
    knobs = replace(KNOBS, precisions=("fp32",), replicates=1)
    twins = [open_run(make_run(tmp_path / side / "demo", knobs)) for side in "ab"]
    drawn = gathered(twins)
    assert len({chart.file for chart in drawn.charts}) == len(list(drawn.charts)) > 2
    page = render_page(drawn)
    reader = Reader(page)
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert set(json.loads(reader.scripts[0])["specs"]) <= set(ids)
    trials = json.loads(reader.scripts[1])["trials"]
    assert trials == [f"demo ({n}): arithmetic, fp32 · batch 1" for n in (1, 2)]
    assert page.count("window.vegaEmbed=") == 1

    reader = Reader(render_page(report))
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    links = {(a.get("href") or "")[1:] for tag, a in reader.tags if tag == "a"}
    assert links <= set(ids)
    text = " ".join(reader.text.split())
    assert "head against base" in text
    assert "Not compared:" in text
    assert "None" not in text


def test_markdown_holds_them_all(report: Report) -> None:
    text = render_markdown(report)
    assert text.index("## Runs") < text.index("## Comparison") < text.index("## base")
    assert "### head against base" in text
    assert text.count("### Verdict") == 3
