"""Tidy tables as CSV, JSON, Parquet and Excel, and text that wants to be more than text."""

from __future__ import annotations

import io
import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from exported import record, usual, write
from hypothesis import example, given
from hypothesis import strategies as st

from wattmark.analysis.summary import summarise
from wattmark.errors import InputError, RunDirectoryError
from wattmark.exchange import tidy, workbook
from wattmark.exchange.cells import table_writer
from wattmark.exchange.files import File, place
from wattmark.exchange.find import FORMATS, export
from wattmark.exchange.source import Source
from wattmark.exchange.tidy import SUMMARY
from wattmark.store.columns import TABLES
from wattmark.store.reader import open_run
from wattmark.store.rundir import RunDirectory

NASTY = (
    '=HYPERLINK("http://x")\x1b[31m\x00 \x9b2J',
    "+1\r\n@SUM(1)\rx",
    '\t"quoted", it\u202e is\ud800',
)


def csv(path: Path) -> Any:
    return pd.read_csv(path, keep_default_na=False, na_values=[""], dtype={"options": str})


def test_tables_are_read_back_as_they_are(tmp_path: Path) -> None:
    run = usual(tmp_path / "run")
    done = export(run, ["csv", "json", "parquet"], tmp_path / "out")
    assert {path.stem for path in done.paths} == {*TABLES, "summary"}
    for name, columns in TABLES.items():
        names = [column.name for column in columns]
        table = getattr(run, name)
        assert pq.read_table(tmp_path / "out" / f"{name}.parquet").equals(table)
        rows = json.loads((tmp_path / "out" / f"{name}.json").read_text(encoding="utf-8"))
        assert rows == table.to_pylist()
        frame = csv(tmp_path / "out" / f"{name}.csv")
        assert list(frame.columns) == names
        assert len(frame) == table.num_rows
        for column in names:
            kind = table.schema.field(column).type
            if pa.types.is_floating(kind) or pa.types.is_integer(kind):
                told = [None if math.isnan(value) else value for value in frame[column]]
                assert told == table[column].to_pylist(), column
    trials = csv(tmp_path / "out" / "trials.csv")
    assert list(trials["energy_j"].isna()) == [False, False, True]
    assert trials["error"][2] == "'=1+1 \N{REPLACEMENT CHARACTER}[31mOut of memory"
    times = csv(tmp_path / "out" / "queries.csv")["token_times_s"]
    assert json.loads(times[0]) == [0.5, 1.0, 1.5, 2.0]


def test_the_summary_has_a_row_a_trial_and_metric(tmp_path: Path) -> None:
    run = usual(tmp_path / "run")
    export(run, ["csv"], tmp_path / "out")
    frame = csv(tmp_path / "out" / "summary.csv")
    assert list(frame.columns) == SUMMARY.names
    (trial,) = summarise(run)
    assert list(frame["metric"]) == list(trial.estimates)
    row = frame[frame["metric"] == "energy_per_query_j"].iloc[0]
    assert (row["value"], row["unit"], row["n"]) == (pytest.approx(48.0), "J", 2)
    assert row["low"] < 48 < row["high"]
    net = frame[frame["metric"] == "energy_per_token_net_j"].iloc[0]
    assert math.isnan(net["value"])
    assert "idle" in net["note"]


def test_the_workbook_has_a_sheet_a_table_and_no_formula(tmp_path: Path) -> None:
    run = usual(tmp_path / "run", texts=NASTY)
    export(run, ["xlsx"], tmp_path / "out")
    book = openpyxl.load_workbook(tmp_path / "out" / "wattmark.xlsx")
    assert book.sheetnames == ["summary", *TABLES]
    for name, columns in TABLES.items():
        rows = list(book[name].iter_rows())
        assert [cell.value for cell in rows[0]] == [column.name for column in columns]
        assert len(rows) == getattr(run, name).num_rows + 1
        assert not [cell for row in rows for cell in row if cell.data_type == "f" or cell.hyperlink]
    trials = list(book["trials"].iter_rows(values_only=True))
    energy = trials[0].index("energy_j")
    assert [row[energy] for row in trials[1:]] == [144, 144, None]
    response = [column.name for column in TABLES["queries"]].index("response")
    first = book["queries"].cell(2, response + 1)
    assert first.data_type == "s"
    assert first.value.startswith('=HYPERLINK("http://x")')


def test_long_text_is_whole_but_in_excel_where_it_is_cut_and_told(tmp_path: Path) -> None:
    long = "\N{GRINNING FACE}" * 250_000  # 1 MB, two units of UTF-16 each
    run = write(tmp_path / "run", [record(texts=(long, "b" * 32_767, "c"))])
    done = export(run, ["csv", "json", "xlsx"], tmp_path / "out")
    assert csv(tmp_path / "out" / "queries.csv")["response"][0] == long
    rows = json.loads((tmp_path / "out" / "queries.json").read_text(encoding="utf-8"))
    assert rows[0]["response"] == long
    sheet = openpyxl.load_workbook(tmp_path / "out" / "wattmark.xlsx")["queries"]
    column = [cell.value for cell in sheet[1]].index("response") + 1
    cut, fits = sheet.cell(2, column).value, sheet.cell(3, column).value
    assert cut.endswith("… [cut]")
    assert len(cut.encode("utf-16-le")) // 2 <= 32_767
    assert set(cut.removesuffix("… [cut]")) == {"\N{GRINNING FACE}"}
    assert fits == "b" * 32_767
    (note,) = [note for note in done.notes if "were cut" in note]
    assert "queries: 1 cells" in note


def test_a_table_of_more_rows_than_a_sheet_ends_there_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 4)
    run = usual(tmp_path / "run")
    done = export(run, ["xlsx"], tmp_path / "out")
    sheet = openpyxl.load_workbook(tmp_path / "out" / "wattmark.xlsx")["queries"]
    assert sheet.max_row == 4
    assert any("sheet queries: a sheet holds 4 rows" in note for note in done.notes)


def cells(texts: list[str | None]) -> list[str | None]:
    """What a reader of our CSV gets for these texts."""
    file = io.BytesIO()
    table_writer(pa.table({"n": list(range(len(texts))), "text": pa.array(texts, pa.string())}))(
        file
    )
    file.seek(0)
    frame = pd.read_csv(file, keep_default_na=False, na_values=[], dtype={"text": str})
    return list(frame["text"])


def test_nasty_text_is_harmless_in_csv() -> None:
    texts = ["=1+1", " @x", "-5", "+3.5e2", "-5 apples", "\tx", "a=1", "\r\n=2", "－1", "\x00=3"]
    bad = "\N{REPLACEMENT CHARACTER}"
    assert cells(list(texts)) == [
        *("'=1+1", "' @x", "-5", "+3.5e2", "'-5 apples", "'\tx", "a=1"),
        *("'\n=2", "'－1", f"{bad}=3"),
    ]


@given(st.lists(st.text(st.characters(codec="utf-8")), min_size=1))
@example(["\r=", "\x0b=1", "'=1", "\x85+1", "", "\u3000=1", "-5\n"])
def test_any_text_comes_back_without_controls_and_begins_no_formula(texts: list[str]) -> None:
    for text, cell in zip(texts, cells(list(texts)), strict=True):
        assert cell is not None
        even = text.replace("\r\n", "\n").replace("\r", "\n")
        clean = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]", "\N{REPLACEMENT CHARACTER}", even)
        assert clean in (cell, cell.removeprefix("'"))
        if cell.lstrip()[:1] in ("=", "@", "＝", "＠"):
            pytest.fail(f"{cell!r} begins a formula")
        if cell.lstrip()[:1] in ("+", "-"):
            float(cell)


def test_numbers_that_are_not_finite_are_empty() -> None:
    file = io.BytesIO()
    table_writer(
        pa.table({"a": [1.5, math.nan, math.inf, None], "b": [[1.5, 2.0], [math.nan], [], None]})
    )(file)
    assert file.getvalue().decode().splitlines() == [
        "a,b",
        '1.5,"[1.5, 2.0]"',
        ',"[null]"',
        ',"[]"',
        ",",
    ]


def test_lists_of_text_are_json() -> None:
    file = io.BytesIO()
    table_writer(pa.table({"ids": [["=a", 'say "x"\x1b'], [], None]}))(file)
    file.seek(0)
    told = list(pd.read_csv(file, skip_blank_lines=False)["ids"])
    assert json.loads(told[0]) == ["=a", 'say "x"\x1b']
    assert json.loads(told[1]) == []
    assert math.isnan(told[2])


def test_files_that_are_there_are_refused_whole(tmp_path: Path) -> None:
    run = usual(tmp_path / "run")
    out = tmp_path / "out"
    out.mkdir()
    (out / "spans.csv").write_text("mine", encoding="utf-8")
    with pytest.raises(InputError, match=r"spans\.csv") as refused:
        export(run, ["csv"], out)
    assert "--overwrite" in str(refused.value)
    assert [path.name for path in out.iterdir()] == ["spans.csv"]
    export(run, ["csv"], out, overwrite=True)
    assert csv(out / "spans.csv")["name"][0] == "load"


def test_a_file_is_old_or_new_never_half(tmp_path: Path) -> None:
    def fails(file: Any) -> None:
        file.write(b"half")
        raise OSError(28, "No space left on device")

    (tmp_path / "a.csv").write_text("old", encoding="utf-8")
    with pytest.raises(RunDirectoryError, match="No space left"):
        place(tmp_path, [File("a.csv", fails)], overwrite=True)
    assert [(path.name, path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()] == [
        ("a.csv", "old")
    ]
    with pytest.raises(InputError, match="same name"):
        place(tmp_path, [File("b", fails), File("b", fails)])
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        place(tmp_path / "a.csv", [File("b", fails)])


def test_a_full_disk_is_an_error_of_the_system_in_every_format(tmp_path: Path) -> None:
    source = Source(usual(tmp_path / "run"))
    for files in (tidy.csv_files, tidy.json_files, tidy.parquet_files, workbook.files):
        with (
            pytest.raises(OSError, match="No space left"),
            Path("/dev/full").open("wb", buffering=0) as full,
        ):
            files(source)[0].write(full)


def test_an_unknown_format_and_a_missing_library_say_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = usual(tmp_path / "run")
    with pytest.raises(InputError, match="Did you mean 'parquet'"):
        export(run, ["parqet"], tmp_path / "out")
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(InputError, match=r'pip install "wattmark\[report\]"'):
        export(run, ["csv", "xlsx"], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_goes_on_is_exported_as_far_as_it_is(tmp_path: Path) -> None:
    directory = RunDirectory.create(tmp_path / "run", {"name": "on", "plan": []})
    directory.write(record())
    directory.leave("interrupted")
    done = export(open_run(tmp_path / "run"), list(FORMATS), tmp_path / "out")
    assert any("The run is interrupted" in note for note in done.notes)
    assert len(csv(tmp_path / "out" / "queries.csv")) == 3
