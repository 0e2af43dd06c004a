"""`wattmark report` by its function: what is written where, and what is refused."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from synthetic import Knobs, make_run

from wattmark.cli.report import report
from wattmark.errors import InputError, RunDirectoryError
from wattmark.schema import SCHEMA_VERSION, Status

KNOBS = Knobs(
    models=("arithmetic",), precisions=("fp32",), batch_sizes=(1,), replicates=1, queries=4,
    one_oom=False,
)  # fmt: skip


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("command") / "demo", KNOBS)


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_one_format_goes_into_a_file_several_into_a_folder(made: Path, tmp_path: Path) -> None:
    report([made], tmp_path / "a" / "page.html", "html")
    assert files(tmp_path / "a") == {"page.html"}
    report([made], tmp_path / "b", "md, svg,md")
    names = files(tmp_path / "b")
    charts = {name for name in names if name.startswith("charts/")}
    assert names - charts == {"report.md"}
    assert charts
    assert all(name.endswith(".svg") for name in charts)
    text = (tmp_path / "b" / "report.md").read_text("utf-8")
    assert all(f"]({name})" in text for name in charts)


def test_a_file_for_several_formats_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names a file") as refused:
        report([made], tmp_path / "page.html", "html,md")
    assert "Give a folder" in str(refused.value)
    (tmp_path / "there").write_text("x")
    with pytest.raises(InputError, match="is a file"):
        report([made], tmp_path / "there", "png")
    with pytest.raises(InputError, match="pdf"):
        report([made], None, "pdf")
    with pytest.raises(InputError, match="no format"):
        report([made], None, ",")
    assert files(tmp_path) == {"there"}


def damaged(made: Path, folder: Path, table: str) -> Path:
    run = shutil.copytree(made, folder)
    file = run / f"{table}.parquet"
    file.write_bytes(file.read_bytes()[:-200])
    return run


@pytest.mark.parametrize("table", ["trials", "queries", "spans", "energy", "trace"])
def test_a_truncated_table_leaves_no_half_page(made: Path, tmp_path: Path, table: str) -> None:
    run = damaged(made, tmp_path / "run", table)
    with pytest.raises(RunDirectoryError, match=rf"{table}\.parquet cannot be read") as refused:
        report([run], tmp_path / "page.html", "html")
    assert refused.value.hint
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def test_a_newer_schema_is_refused(made: Path, tmp_path: Path) -> None:
    run = shutil.copytree(made, tmp_path / "run")
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**info, "schema_version": SCHEMA_VERSION + 1}))
    with pytest.raises(RunDirectoryError, match=r"schema version .* reads up to"):
        report([run], tmp_path / "page.html", "html")
    assert not (tmp_path / "page.html").exists()


def test_no_good_replicate_is_nothing_to_report(made: Path, tmp_path: Path) -> None:
    failed = make_run(tmp_path / "failed", replace(KNOBS, status=Status.CRASHED))
    with pytest.raises(
        InputError, match=r"No replicate of .* ended ok.* crashed: Out of"
    ) as refused:
        report([failed], tmp_path / "page.html", "html")
    assert "--resume" in str(refused.value)
    empty = make_run(tmp_path / "empty", replace(KNOBS, finish=False, skip_last_block=True))
    with pytest.raises(InputError, match="no replicate yet"):
        report([empty], tmp_path / "page.html", "html")
    with pytest.raises(RunDirectoryError, match="is no run directory"):
        report([tmp_path], None, "html")
    assert not (tmp_path / "page.html").exists()


def test_a_run_twice_is_refused(made: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="given twice"):
        report([made, made / "run.json"], tmp_path / "page.html", "html")
