"""Cells that are harmless to whoever opens them. What a model wrote may be anything.

A spreadsheet takes a cell that begins with = + - or @ for a formula, also out of a CSV file: such
a text gets an apostrophe before it (OWASP, "CSV Injection"), unless it is a plain number. Control
characters, which a terminal may obey and an XML file cannot hold, become U+FFFD; line ends become
a plain line feed. Numbers that are not finite become empty. JSON and Parquet keep the text as it
came: JSON escapes what is not printed, and nobody executes a Parquet file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

# Line ends and tabs stay. RE2 walks through a text once, whatever is in it.
_CONTROLS = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F-\x{9F}]"
_FORMULA = r"^[\t\n]|^[\s\p{Z}]*[=+\-@＝＋－＠]"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# What JSON lets stand: controls that a terminal may obey, and halves of characters.
_UNSAFE = re.compile("[\x7f-\x9f\ud800-\udfff]")
BATCH_ROWS = 20_000
"""Rows that are turned into text at a time."""


def csv_writer(
    schema: pa.Schema, batches: Callable[[], Iterable[pa.RecordBatch]]
) -> Callable[[IO[bytes]], None]:
    """What writes a CSV file: a header, all texts in quotes, null as an empty cell without."""

    def write(file: IO[bytes]) -> None:
        shown = pa.schema([(field.name, _shown_type(field.type)) for field in schema])
        file.write((",".join(schema.names) + "\n").encode())
        with csv.CSVWriter(
            file, shown, write_options=csv.WriteOptions(include_header=False)
        ) as writer:
            for batch in batches():
                for start in range(0, len(batch), BATCH_ROWS):
                    writer.write_batch(_harmless(batch.slice(start, BATCH_ROWS), shown))

    return write


def table_writer(table: pa.Table) -> Callable[[IO[bytes]], None]:
    """What writes a table as a CSV file."""
    return csv_writer(table.schema, table.to_batches)


def _shown_type(kind: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_list(kind) else kind


def _harmless(batch: pa.RecordBatch, shown: pa.Schema) -> pa.RecordBatch:
    columns = []
    for column in batch.columns:
        plain = as_cells(column)
        columns.append(no_formula(plain) if pa.types.is_string(plain.type) else plain)
    return pa.RecordBatch.from_arrays(columns, schema=shown)


def as_cells(column: pa.Array) -> pa.Array:
    """A column as cells: lists as JSON, text without control characters, no infinity, no NaN."""
    if pa.types.is_list(column.type):
        return _lists(column)
    if pa.types.is_floating(column.type):
        return pc.if_else(pc.is_finite(column), column, pa.scalar(None, column.type))
    if pa.types.is_string(column.type):
        even = pc.replace_substring(pc.replace_substring(column, "\r\n", "\n"), "\r", "\n")
        return pc.replace_substring_regex(even, _CONTROLS, "\N{REPLACEMENT CHARACTER}")
    return column


def _lists(column: pa.Array) -> pa.Array:
    """Lists as JSON; numbers, of which a run has one a token, without a walk through Python."""
    values = column.flatten()
    whole = pa.types.is_floating(values.type) and not values.null_count
    if not (whole and pc.all(pc.is_finite(values)).as_py()):
        return pa.array([_listed(each) for each in column.to_pylist()], pa.string())
    joined = pc.binary_join(pc.cast(column, pa.list_(pa.string())), ", ")
    return pc.binary_join_element_wise("[", joined, "]", "")


def _listed(values: Any) -> str | None:
    """A list as JSON; null for a number in it that is not finite, which JSON does not have."""
    if values is None:
        return None
    return json_text([None if not finite(value) else value for value in values])


def finite(value: Any) -> bool:
    """False for a NaN and an infinity."""
    return not isinstance(value, float) or abs(value) < float("inf")


def no_formula(column: pa.Array) -> pa.Array:
    """Text with an apostrophe before what a spreadsheet would take for a formula."""
    formula = pc.and_(
        pc.match_substring_regex(column, _FORMULA),
        pc.invert(pc.match_substring_regex(column, _NUMBER)),
    )
    return pc.if_else(formula, pc.binary_join_element_wise("'", column, ""), column)


def json_text(value: Any) -> str:
    """A value as JSON on one line; what a terminal may obey and half characters are escaped."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False)
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
