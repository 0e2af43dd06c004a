"""`wattmark export` and `wattmark import` as they are typed."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from command import fake, start, wattmark

DATA = Path(__file__).parents[1] / "exchange" / "data"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exchange") / "run"
    words = ("--limit", "3", "--replicates", "2")
    assert fake("fake", "--task", "arithmetic", *words, out=out).code == 0
    return out


def test_a_run_is_exported_into_its_folder(run: Path) -> None:
    done = wattmark(
        "export", run / "run.json", "--format", "csv,precision-ela,slm-green", "--intensity", "400"
    )
    assert done.code == 0, done.err
    files = [Path(line) for line in done.out.splitlines()]
    assert {path.parent for path in files} == {run / "exports"}
    assert all(path.is_file() for path in files)
    frame = pd.read_csv(run / "exports" / "runs.csv")
    assert list(frame["repeat_id"]) == [0, 1]
    trials = pd.read_csv(run / "exports" / "trials.csv")
    grams = trials["energy_j"] / 3.6e6 * 400
    assert list(frame["emissions_gco2"]) == pytest.approx(list(grams))
    assert "note: slm-green" in done.err


def test_what_is_asked_wrongly_is_said(run: Path, tmp_path: Path) -> None:
    done = wattmark("export", run, "--format", ",", "-o", tmp_path / "out")
    assert done.code == 2
    assert "names no format" in done.err
    (tmp_path / "x.json").write_text("{}", encoding="utf-8")
    done = wattmark("import", tmp_path / "x.json", "-o", tmp_path / "out")
    assert done.code == 2
    assert "benchmark_report.json" in done.err
    assert not (tmp_path / "out").exists()


def test_an_import_is_reported(tmp_path: Path) -> None:
    anew = start("import", DATA / "emissions.csv", "--name", "be/fore", cwd=tmp_path)
    out, err = anew.communicate(timeout=120)
    assert anew.returncode == 0, err
    assert out.strip() == "runs/be_fore"
    assert "no interval" in err
    page = wattmark("report", tmp_path / "runs/be_fore")
    assert page.code == 0, page.err
    assert (tmp_path / "runs/be_fore/report.html").stat().st_size > 100_000
