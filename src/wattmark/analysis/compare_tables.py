"""CSV files with a row per replicate, as arms of a comparison: anybody's figures, by column name.

`replicate` and `block` say which replicate a row is; other columns are metrics where their cells
are numbers. Which way each is better, and whether it may be zero or negative, is told by its name
(`analysis.directions`). The files are untrusted: sizes are bounded, and what is off is named by
file, line and column.
"""

from __future__ import annotations

import csv
import itertools
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.analysis.comparison import PERCENT, SHARE, Arm
from wattmark.analysis.directions import better_of, in_percent, is_share, is_signed
from wattmark.analysis.metrics import METRICS, Metric, Reading, Row
from wattmark.errors import InputError

REPLICATE, BLOCK = "replicate", "block"
NO_METRICS = frozenset(
    {REPLICATE, BLOCK, "order", "run_order", "session", "attempt", "seed", "timestamp", ""}
)
"""Columns that count or label replicates."""
MISSING = frozenset({"", "nan", "na", "n/a", "null", "none", "-", "–", "inf", "-inf", "+inf"})
MOST_BYTES = 64 * 2**20
MOST_ROWS = 1_000_000
LARGEST = 1e100
DELIMITERS = ",;\t"
NO_VALUE = "empty, or no number"
ONE_LINE_EACH = "Write one line a replicate, with a header: replicate,block,energy_j"
_UNITS = {"_j": "J", "_s": "s", "_w": "W", "_bytes": "B"}


@dataclass(frozen=True)
class Table:
    """A CSV file: `columns` are its metrics, `texts` the columns that hold words.

    Each row has its metrics as floats (None: no number) and a `block`.
    """

    path: Path
    columns: tuple[str, ...]
    texts: tuple[str, ...]
    rows: tuple[Row, ...]
    has_blocks: bool

    @property
    def arm(self) -> Arm:
        """The file as one side of a comparison."""
        return Arm(label=str(self.path), rows=self.rows)


def read_table(path: Path) -> Table:
    """Read a CSV; InputError names file, line and column of what is off."""
    lines = list(_lines(path))
    if not lines:
        raise InputError(f"{path} is empty.", ONE_LINE_EACH)
    header = [name.strip() for name in lines[0][1]]
    twice = sorted({name for name in header if name and header.count(name) > 1})
    if twice:
        raise InputError(
            f"{path}, line {lines[0][0]}: column '{twice[0]}' stands there twice.", "Name it once."
        )
    body = lines[1:]
    if not body:
        raise InputError(f"{path} has a header and no row.", ONE_LINE_EACH)
    for number, cells in body:
        if len(cells) != len(header):
            raise InputError(
                f"{path}, line {number}: {len(cells)} cells, but the header has {len(header)}.",
                "Write as many, and leave empty what was not measured.",
            )
    blocks = _blocks(path, header, body)
    columns = {
        name: _column(path, name, [(number, cells[at].strip()) for number, cells in body])
        for at, name in enumerate(header)
        if name.lower() not in NO_METRICS
    }
    figures = {name: column for name, column in columns.items() if column is not None}
    if not figures:
        raise InputError(f"{path} has no column of numbers.", ONE_LINE_EACH)
    return Table(
        path=path,
        columns=tuple(figures),
        texts=tuple(name for name in columns if name not in figures),
        rows=tuple(
            {**{name: column[at] for name, column in figures.items()}, BLOCK: block}
            for at, block in enumerate(blocks)
        ),
        has_blocks=BLOCK in [name.lower() for name in header],
    )


def metrics_of(base: Table, head: Table) -> tuple[list[Metric], list[str]]:
    """The metrics of two tables in base's order, and what is to be said of them."""
    metrics, warnings = [], []
    for name in dict.fromkeys([*base.columns, *head.columns]):
        values = [v for row in (*base.rows, *head.rows) if (v := row.get(name)) is not None]
        signed = is_signed(name) or is_share(name)
        if not signed and name not in METRICS and values and min(values) <= 0:
            signed = True
            warnings.append(f"{name}: a value is 0 or less, so a difference and no ratio")
        metrics.append(
            Metric(
                name,
                _unit(name, values),
                METRICS[name].title if name in METRICS else name,
                better_of(name),
                _reader(name),
                logs=not signed,
            )
        )
    if words := dict.fromkeys([*base.texts, *head.texts]):
        warnings.append(f"columns of words are no metrics: {', '.join(words)}")
    return metrics, warnings


def _lines(path: Path) -> Iterator[tuple[int, list[str]]]:
    """(line number, cells) of each line that is not blank."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise InputError(
                f"{path} is larger than {MOST_BYTES // 2**20} MiB.",
                "Give a row per replicate, not per query or sample.",
            )
        with path.open(encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            delimiter = max(DELIMITERS, key=first.count)
            rows = csv.reader(itertools.chain([first], file), delimiter=delimiter, strict=True)
            for count, cells in enumerate(rows):
                if count > MOST_ROWS:
                    raise InputError(
                        f"{path} has more than {MOST_ROWS} lines.",
                        "Give a row per replicate, not per query or sample.",
                    )
                if any(cell.strip() for cell in cells):
                    yield rows.line_num, cells
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror}.") from reason
    except UnicodeDecodeError as reason:
        raise InputError(f"{path} is no text in UTF-8.", "Give a CSV file.") from reason
    except csv.Error as reason:
        raise InputError(f"{path}: {reason}.", "Give a CSV file.") from reason


def _blocks(
    path: Path, header: Sequence[str], body: Sequence[tuple[int, list[str]]]
) -> list[str | int]:
    """The block of each row, else its replicate, else its number; each may stand once."""
    lowered = [name.lower() for name in header]
    which = next((name for name in (BLOCK, REPLICATE) if name in lowered), None)
    if which is None:
        return list(range(len(body)))
    at = lowered.index(which)
    seen: dict[str | int, int] = {}
    for number, cells in body:
        block = _label(cells[at].strip())
        if block == "":
            raise InputError(f"{path}, line {number}: no {which}.", f"Number each {which}.")
        if block in seen:
            raise InputError(
                f"{path}, line {number}: {which} {block} stands there already, on line"
                f" {seen[block]}.",
                f"A {which} has one row in each arm: give one file an arm, and number on.",
            )
        seen[block] = number
    return list(seen)


def _label(text: str) -> str | int:
    """1, 01 and 1.0 are the same block."""
    try:
        value = float(text)
    except ValueError:
        return text
    return int(value) if math.isfinite(value) and value.is_integer() else text


def _column(path: Path, name: str, cells: Sequence[tuple[int, str]]) -> list[float | None] | None:
    """Its numbers, None where there is none; None as a whole where it holds words."""
    values: list[float | None] = []
    words: list[tuple[int, str]] = []
    for number, cell in cells:
        value = _number(cell)
        values.append(value)
        if value is None and cell.lower() not in MISSING:
            words.append((number, cell))
    if not words:
        return values
    if len(words) == sum(1 for _, cell in cells if cell.lower() not in MISSING):
        return None
    number, cell = words[0]
    raise InputError(
        f"{path}, line {number}: {name} is '{cell[:40]}', which is no number to compare.",
        "Write a plain number with a decimal point, or leave the cell empty.",
    )


def _number(cell: str) -> float | None:
    try:
        value = float(cell.replace("_", "?"))  # to Python 1_000 is a number, to no CSV
    except ValueError:
        return None
    # Beyond that, a ratio of two is no float any more.
    within = value == 0 or 1 / LARGEST <= abs(value) <= LARGEST
    return value if within else None


def _reader(name: str) -> Any:
    def read(row: Mapping[str, Any]) -> Reading:
        value = row.get(name)
        return Reading(None, why=NO_VALUE) if value is None else Reading(value)

    return read


def _unit(name: str, values: Iterable[float]) -> str:
    if name in METRICS:
        return METRICS[name].unit
    if is_share(name):
        return PERCENT if in_percent(name) or max(values, default=0.0) > 1 else SHARE
    word = name.lower()
    if "_per_s" in word or "_per_j" in word:
        return ""
    return next((unit for end, unit in _UNITS.items() if word.endswith(end)), "")
