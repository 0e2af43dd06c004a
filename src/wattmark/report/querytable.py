"""The answers of a report as a table to search and sort: which rows, which columns, what was cut.

A run may hold millions of answers, the page holds a thousand: of each trial the first ones of its
first good replicate, so that the same queries stand beside each other. Texts are what models wrote:
cut to a length that keeps the table within its bytes, and without an invisible character. The page
shows them as text only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wattmark.analysis.summary import TrialSummary
from wattmark.report.format import number, plain
from wattmark.report.labels import group_title
from wattmark.report.script import script_json
from wattmark.store.reader import Run

MOST_ROWS = 1000
MOST_BYTES = 2_000_000
LENGTHS = (4000, 2000, 1000, 500, 250, 120, 60)
"""Characters at which the texts are cut: the first that keeps the table within `MOST_BYTES`."""
TEXTS = ("query_id", "prompt", "response", "expected", "why")
READ = (
    *TEXTS,
    *("correct", "score", "input_tokens", "output_tokens", "latency_s", "ttft_s"),
    *("energy_j", "energy_low_j", "energy_high_j", "confidence"),
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Column:
    """A column of the table; `kind` is trial, text, flag or number."""

    id: str
    title: str
    kind: str


COLUMNS = (
    Column("trial", "trial", "trial"),
    Column("query_id", "query", "text"),
    Column("prompt", "prompt", "text"),
    Column("response", "answer", "text"),
    Column("expected", "expected", "text"),
    Column("correct", "right", "flag"),
    Column("score", "score", "number"),
    Column("input_tokens", "tokens in", "number"),
    Column("output_tokens", "tokens out", "number"),
    Column("latency_s", "latency", "number"),
    Column("ttft_s", "TTFT", "number"),
    Column("energy_j", "energy", "number"),
    Column("confidence", "confidence", "number"),
)
ALWAYS = frozenset({"trial", "query_id", "prompt", "response", "energy_j"})
"""Columns that are shown even where all of them is –."""
UNITS = {"latency_s": "s", "ttft_s": "s", "energy_j": "J", "confidence": "1"}


def _named() -> dict[int, str]:
    """Characters that show nothing, or reorder what stands around them → how they are shown."""
    shown = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in "\n\t"}
    shown[0x7F] = "\u2421"
    hidden = (
        *range(0x80, 0xA0),
        *(0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0xFEFF),
        *range(0x202A, 0x202F),
        *range(0x2060, 0x2070),
        *range(0xD800, 0xE000),
        *range(0xFFF0, 0xFFFC),
        *range(0xE0000, 0xE0080),
    )
    return shown | {code: f"⟦U+{code:04X}⟧" for code in hidden}


_SHOWN = _named()


def visible(text: str) -> str:
    """Untrusted text whose control, direction and zero-width characters are seen; lines stay."""
    return text.replace("\r\n", "\n").translate(_SHOWN)


@dataclass(frozen=True, kw_only=True)
class QueryTable:
    """What the page shows. A cell is text, None, a number, or [number, as shown, remark].

    In the column of kind trial it is an index into `trials`.
    """

    columns: Sequence[Column]
    trials: Sequence[str]
    rows: Sequence[Sequence[Any]]
    notes: Sequence[str] = ()
    commands: Sequence[str] = ()
    """What writes all answers to files."""

    @property
    def data(self) -> dict[str, Any]:
        """The table as plain JSON values."""
        return {
            "columns": [{"title": c.title, "kind": c.kind} for c in self.columns],
            "trials": list(self.trials),
            "rows": self.rows,
        }

    @property
    def scored(self) -> bool:
        """Whether any answer was told right or wrong."""
        return any(column.id == "correct" for column in self.columns)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A run whose answers are wanted; `name` tells it apart, '' where it is the only one."""

    run: Run
    summaries: Sequence[TrialSummary]
    labels: Mapping[str, str]
    name: str = ""


def query_table(
    asked: Sequence[Asked], most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES
) -> QueryTable | None:
    """The first answers of each trial of the runs; None where there are none.

    At most `most_rows` rows, and `most_bytes` bytes of the page; `notes` say what was left out.
    """
    sources = [source for one in asked for source in _sources(one)]
    there = [source for source in sources if source.answers]
    if not there:
        return None
    shares = fair_shares([source.answers for source in there], most_rows)
    found = [
        (index, row)
        for index, (source, share) in enumerate(zip(there, shares, strict=True))
        for row in _read(source, share)
    ]
    kept = [
        column
        for column in COLUMNS
        if column.id in ALWAYS or any(row[column.id] is not None for _, row in found)
    ]
    if all(row["score"] in (None, 0.0, 1.0) for _, row in found):
        kept = [column for column in kept if column.id != "score"]  # it says what `right` says
    trials = [source.title for source in there]
    table, length = _fitting(kept, trials, found, most_bytes)
    total = sum(source.total for source in sources)
    notes = [_which(total, len(table.rows)), *_cut_note(found, length)]
    absent = [c.title for c in COLUMNS if c.id != "score" and c not in kept and c.id != "expected"]
    if absent:
        notes.append(f"Not measured: {', '.join(absent)}.")
    folders = [plain(one.run.path.name) for one in asked]
    return replace(
        table,
        notes=notes,
        commands=[f"wattmark export runs/{folder} --format csv" for folder in folders],
    )


def fair_shares(counts: Sequence[int], most: int) -> list[int]:
    """How many each may have, none more than it has, of `most` in all; what one leaves others take.

    Where there are more than `most`, the last ones have none.
    """
    shares = [0] * len(counts)
    left = most
    order = sorted(range(len(counts)), key=lambda index: (counts[index], index))
    if len(counts) > most:
        order = list(range(most))
    for place, index in enumerate(order):
        shares[index] = min(counts[index], left // (len(order) - place))
        left -= shares[index]
    return shares


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A trial's first good replicate: `answers` in one pass over its queries, `total` in all."""

    run: Run
    key: str
    title: str
    replicate: int
    answers: int
    total: int


def _sources(one: Asked) -> list[_Source]:
    """From the table of trials: that of queries may be huge."""
    columns = ["trial_key", "replicate", "status", "queries", "repetitions"]
    replicates: dict[str, list[Row]] = {}
    for row in one.run.trials.select(columns).to_pylist():
        replicates.setdefault(row["trial_key"], []).append(row)
    found = []
    for trial in one.summaries:
        rows = sorted(
            replicates.get(trial.key, ()), key=lambda r: (r["status"] != "ok", r["replicate"])
        )
        first = next((row for row in rows if row["queries"]), None)
        title = f"{group_title(trial)}, {one.labels[trial.key]}"
        found.append(
            _Source(
                run=one.run,
                key=trial.key,
                title=f"{one.name}: {title}" if one.name else title,
                replicate=first["replicate"] if first else 0,
                answers=first["queries"] // (first["repetitions"] or 1) if first else 0,
                total=sum(row["queries"] or 0 for row in rows),
            )
        )
    return found


def _read(source: _Source, share: int) -> list[dict[str, Any]]:
    """The first `share` answers in the task's order, texts no longer than may be shown."""
    run = source.run
    if share == 0:
        return []
    if run.info["status"] != "complete":
        _ = run.queries  # live files are read whole each time: once will do
    mine = (pc.field("trial_key") == source.key) & (pc.field("replicate") == source.replicate)
    mine &= pc.field("repetition") == 0
    places = run.select("queries", ["position"], mine)["position"].sort()
    if not len(places):
        return []
    last = places[min(share, len(places)) - 1].as_py()
    table = run.select("queries", ["position", *READ], mine & (pc.field("position") <= last))
    table = table.sort_by("position").slice(0, share).drop_columns(["position"])
    for name in TEXTS:
        table = _shortened(table, name)
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _shortened(table: pa.Table, name: str) -> pa.Table:
    """A text column without what no length would show, and its true lengths beside it."""
    text = table[name]
    at = table.schema.get_field_index(name)
    short = pc.utf8_slice_codeunits(text, 0, LENGTHS[0])
    return table.set_column(at, name, short).append_column(f"{name} length", pc.utf8_length(text))


def _fitting(
    columns: Sequence[Column],
    trials: Sequence[str],
    found: Sequence[tuple[int, Row]],
    most_bytes: int,
) -> tuple[QueryTable, int]:
    """The table with the longest texts that fit, and their length; fewer rows where none does."""
    for length in LENGTHS:
        rows = [[_cell(column, index, row, length) for column in columns] for index, row in found]
        table = QueryTable(columns=columns, trials=trials, rows=rows)
        size = len(script_json(table.data).encode())
        if size <= most_bytes:
            return table, length
    while rows and size > most_bytes:
        rows = rows[: len(rows) * 9 // 10]
        table = QueryTable(columns=columns, trials=trials, rows=rows)
        size = len(script_json(table.data).encode())
    return table, length


def _cell(column: Column, trial: int, row: Row, length: int) -> Any:
    if column.kind == "trial":
        return trial
    value = row[column.id]
    if value is None:
        return None
    if column.kind == "text":
        return _text(row, column.id, length)
    if column.kind == "flag":
        return [int(value), "yes" if value else "no", _text(row, "why", min(length, 250))]
    return _figure(column.id, value, row)


def _figure(name: str, value: float, row: Row) -> Any:
    """A count as it is, a figure also as it is shown; JSON has no NaN and no infinity."""
    if not math.isfinite(value):
        return None
    if name not in UNITS:
        return value
    shown = [value, number(value, UNITS[name])]
    low, high = row["energy_low_j"], row["energy_high_j"]
    if name == "energy_j" and None not in (low, high):
        shown.append(f"{number(low, 'J')} – {number(high, 'J')}")
    return shown


def _text(row: Row, name: str, length: int) -> str:
    whole = row[f"{name} length"] or 0
    text = visible((row[name] or "")[:length])
    return text if whole <= length else f"{text} … [{length} of {whole:,} characters]"


def _which(total: int, shown: int) -> str:
    if shown == total:
        return f"All {total:,} answers."
    return (
        f"{shown:,} of {total:,} answers: of each trial the first of its first good replicate. "
        "Other replicates, repetitions and later queries are left out."
    )


def _cut_note(found: Sequence[tuple[int, Row]], length: int) -> list[str]:
    cut = sum(
        any((row[f"{name} length"] or 0) > length for name in ("prompt", "response", "expected"))
        for _, row in found
    )
    rows = "row has" if cut == 1 else "rows have"
    return [f"{cut:,} {rows} texts that are cut at {length:,} characters."] if cut else []
