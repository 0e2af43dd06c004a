"""The spans of somebody's power log: `name,start_s,end_s` and, where known, `tokens`."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from wattmark.monitor.csvtable import CsvTable, Mistakes
from wattmark.schema import Span
from wattmark.units import clock_time, ns_to_s


def spans_of(table: CsvTable, mistakes: Mistakes) -> list[Span]:
    """The spans in the file's order; what is wrong goes to the mistakes."""
    stamps = {}
    wrong = np.zeros(table.rows, dtype=np.bool_)
    for column in ("start_s", "end_s"):
        stamps[column], bad = table.stamps_ns(column)
        wrong |= bad
        mistakes.add_rows(
            table,
            np.flatnonzero(bad),
            column,
            partial(table.why_no_stamp, column),
        )
    start, end = stamps["start_s"], stamps["end_s"]
    mistakes.add_rows(
        table,
        np.flatnonzero((end < start) & ~wrong),
        "end_s",
        lambda row: f"the span ends {clock_time(ns_to_s(start[row] - end[row]))} before it starts",
    )
    names = table.columns["name"].to_pylist()
    nameless = [row for row, name in enumerate(names) if not name]
    mistakes.add_rows(table, nameless, "name", lambda _: "the name is missing")
    tokens, bad = table.figures("tokens")
    given = ~np.isnan(tokens)
    bad |= given & ((tokens < 0) | (tokens != np.floor(tokens)) | (tokens > 2**53))
    mistakes.add_rows(
        table,
        np.flatnonzero(bad),
        "tokens",
        lambda row: f"'{table.text('tokens', row)}' is not a count of tokens",
    )
    columns = zip(names, start.tolist(), end.tolist(), tokens.tolist(), given & ~bad, strict=True)
    return [
        Span(name, first, last, tokens=int(count) if known else None)
        for name, first, last, count, known in columns
    ]


def edges_s(table: CsvTable) -> Iterator[tuple[float, float]]:
    """Start and end of each span as the file gives them, seconds."""
    columns = (table.columns[name].to_pylist() for name in ("start_s", "end_s"))
    return zip(*(map(float, column) for column in columns), strict=True)
