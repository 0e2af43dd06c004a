"""The commands of the pages on reports and exports, on runs that are there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from pages import ROOT, commands, here
from synthetic import Knobs, make_run


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    for name, seed in (("NAME", 7), ("base", 8)):
        knobs = Knobs(models=("arithmetic",), batch_sizes=(1,), queries=4, replicates=3, seed=seed)
        make_run(tmp_path / "runs" / name, knobs)
    shutil.copy(ROOT / "tests/exchange/data/emissions.csv", tmp_path)
    return tmp_path


def test_the_commands_of_the_report_write_what_the_page_says(desk: Path) -> None:
    for words in commands("docs/report.md"):
        assert here(words, desk) == 0, words
    run = desk / "runs/NAME"
    assert {path.suffix for path in (desk / "report").iterdir()} == {".html", ".md", ""}
    assert list((desk / "report/charts").glob("*.svg"))
    for written in (run / "report.html", desk / "both.html", run / "exports/queries.csv"):
        assert written.stat().st_size


def test_the_commands_of_the_exports_write_what_the_page_says(desk: Path) -> None:
    for words in commands("docs/exports.md"):
        assert here(words, desk) == 0, words
    assert (desk / "runs/NAME/exports/wattmark.xlsx").stat().st_size
    assert list((desk / "results").glob("environmental_data_*.json"))
    assert (desk / "runs/before/run.json").stat().st_size
