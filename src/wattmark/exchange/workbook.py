"""A run as one Excel workbook: a sheet a table.

Text is stored as text, whatever it begins with: never a formula, never a link. A cell of Excel
holds 32 767 characters and a sheet 1 048 576 rows ("Excel specifications and limits"); what is
longer is cut, marked, and told.
"""

from __future__ import annotations

import importlib
import shutil
import tempfile
from typing import IO, Any

from wattmark.errors import InputError
from wattmark.exchange.cells import as_cells
from wattmark.exchange.files import File
from wattmark.exchange.source import Source
from wattmark.exchange.tidy import Table, tables

MOST_CHARACTERS = 32_767
MOST_ROWS = 1_048_576
CUT = "… [cut]"
OPTIONS = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
}


def files(source: Source) -> list[File]:
    """`wattmark.xlsx`; InputError names the command where XlsxWriter is not installed."""
    try:
        xlsxwriter = importlib.import_module("xlsxwriter")
    except ImportError as reason:
        raise InputError(
            "An Excel file needs 'xlsxwriter', which is not installed.",
            'Run: pip install "wattmark[report]". CSV, JSON and Parquet work without.',
        ) from reason

    def write(file: IO[bytes]) -> None:
        try:
            # Aside first: the library leaves an archive open that it could not write.
            with tempfile.TemporaryFile() as aside:
                with xlsxwriter.Workbook(aside, OPTIONS) as book:
                    bold = book.add_format({"bold": True})
                    for table in tables(source):
                        _sheet(source, book.add_worksheet(table.name), table, bold)
                aside.seek(0)
                shutil.copyfileobj(aside, file)
        except xlsxwriter.exceptions.FileCreateError as reason:
            raise OSError(str(reason)) from reason  # the library's name for a full disk

    return [File("wattmark.xlsx", write)]


def _sheet(source: Source, sheet: Any, table: Table, bold: Any) -> None:
    sheet.freeze_panes(1, 0)
    for place, name in enumerate(table.schema.names):
        sheet.write_string(0, place, name, bold)
    at, cut = 1, 0
    for batch in table.batches():
        columns = [as_cells(column).to_pylist() for column in batch.columns]
        for row in zip(*columns, strict=True):
            if at == MOST_ROWS:
                source.note(
                    f"wattmark.xlsx, sheet {table.name}: a sheet holds {MOST_ROWS} rows, so it "
                    "ends there. Take csv or parquet for all of them."
                )
                return
            cut += _row(sheet, at, row)
            at += 1
    if cut:
        source.note(
            f"wattmark.xlsx, sheet {table.name}: {cut} cells of more than {MOST_CHARACTERS} "
            f"characters were cut and end in '{CUT}'. Take csv, json or parquet for all of them."
        )


def _row(sheet: Any, at: int, row: tuple[Any, ...]) -> int:
    """Write one row; how many of its cells were cut."""
    cut = 0
    for place, value in enumerate(row):
        if isinstance(value, str):
            # Excel counts in UTF-16: a character beyond the first plane is two.
            long = len(value.encode("utf-16-le")) // 2 > MOST_CHARACTERS
            sheet.write_string(at, place, _cut(value) if long else value)
            cut += long
        elif isinstance(value, bool):
            sheet.write_boolean(at, place, value)
        elif value is not None:
            sheet.write_number(at, place, value)
    return cut


def _cut(text: str) -> str:
    kept = text.encode("utf-16-le")[: 2 * (MOST_CHARACTERS - len(CUT))]
    return kept.decode("utf-16-le", "ignore") + CUT
