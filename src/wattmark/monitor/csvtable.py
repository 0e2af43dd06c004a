"""CSV files of other people as columns of text: a million rows in a second, mistakes by line.

Arrow parses; the lines of its rows are looked up by a second walk through the file, and only
where a mistake has to be named. Stamps go from decimal text to whole nanoseconds without a
float between: at 1.8e9 s since 1970 a double's step is 0.24 µs.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from numpy.typing import NDArray

from wattmark.errors import InputError, did_you_mean
from wattmark.units import NS_PER_S

Mask = NDArray[np.bool_]

NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
# What loggers write for a reading that failed (in lower case).
MISSING = ("", "nan", "na", "n/a", "[n/a]", "null", "none", "[not supported]")
INFINITE = ("inf", "+inf", "-inf", "infinity", "+infinity", "-infinity")
# A column that begins with one of these words and is none of ours holds another unit.
QUANTITIES = ("time", "timestamp", "energy", "power", "joules", "watts", "start", "end", "sensor")
MOST_OF_A_KIND = 10
MOST_NS = 2**63 - 1


@dataclass
class Mistakes:
    """What is wrong with some files, a line each; of one kind the first ten and a count."""

    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        """One mistake."""
        self.lines.append(line)

    def add_rows(
        self, table: CsvTable, rows: Iterable[int], column: str, say: Callable[[int], str]
    ) -> None:
        """One mistake a row; `say` is given the row and told in the words after the place."""
        wrong = [int(row) for row in rows]
        for row in wrong[:MOST_OF_A_KIND]:
            self.add(f"{table.place(row, column)}: {say(row)}.")
        if len(wrong) > MOST_OF_A_KIND:
            self.add(f"{table.path}, column '{column}': {len(wrong) - MOST_OF_A_KIND} more of it.")


@dataclass
class CsvTable:
    """Columns of a CSV file as text without white space around; absent ones are empty.

    `ignored` names the columns that nobody asked for. Rows count from 0 after the header.
    """

    path: Path
    columns: dict[str, pa.Array]
    ignored: tuple[str, ...]
    _lines: NDArray[np.int64] | None = None

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(next(iter(self.columns.values())))

    def line(self, row: int) -> int:
        """The line of the file on which a row ends."""
        if self._lines is None:
            walked = _walk(self.path)
            next(walked)
            self._lines = np.fromiter((number for number, _ in walked), dtype=np.int64)
        return int(self._lines[row])

    def place(self, row: int, column: str) -> str:
        """Where a cell is, for people."""
        return f"{self.path}, line {self.line(row)}, column '{column}'"

    def text(self, column: str, row: int) -> str:
        """The text of one cell."""
        return str(self.columns[column][row].as_py())

    def figures(self, column: str) -> tuple[NDArray[np.float64], Mask]:
        """Numbers of shape (rows,), nan for a cell that is empty or says so, and what is wrong."""
        text = self.columns[column]
        lower = pc.utf8_lower(text)
        missing = pc.is_in(lower, pa.array(MISSING))
        known = pc.or_(pc.match_substring_regex(text, NUMBER), pc.is_in(lower, pa.array(INFINITE)))
        values = pc.cast(pc.if_else(known, lower, "nan"), pa.float64())
        return np.array(values, dtype=np.float64), ~_mask(pc.or_(known, missing))

    def stamps_ns(self, column: str) -> tuple[NDArray[np.int64], Mask]:
        """Seconds in decimal text as whole nanoseconds, of shape (rows,), and what is wrong."""
        known = pc.match_substring_regex(self.columns[column], NUMBER)
        text = pc.if_else(known, self.columns[column], "0").to_pylist()
        exact = [int(Decimal(cell).scaleb(9).to_integral_value()) for cell in text]
        wrong = ~_mask(known)
        if exact and not -MOST_NS <= min(exact) <= max(exact) <= MOST_NS:
            beyond = np.array([abs(ns) > MOST_NS for ns in exact])
            wrong |= beyond
            exact = [0 if out else ns for ns, out in zip(exact, beyond, strict=True)]
        return np.array(exact, dtype=np.int64), wrong

    def why_no_stamp(self, column: str, row: int) -> str:
        """What is wrong with a cell that should hold seconds."""
        text = self.text(column, row)
        if not text:
            return "the time is missing"
        if pc.match_substring_regex(pa.array([text]), NUMBER)[0].as_py():
            return f"'{text}' s is too far from zero (±{MOST_NS // NS_PER_S} s): is it in seconds?"
        return f"'{text}' is not a number of seconds"


def read_table(
    path: Path,
    needed: Sequence[str],
    optional: Sequence[str],
    mistakes: Mistakes,
    *,
    any_of: Sequence[str] = (),
) -> CsvTable | None:
    """The named columns of a CSV file; None, and lines in `mistakes`, where it cannot be read.

    All of `needed` must be there, and one or more of `any_of`. Any order of columns; columns of
    other names are ignored unless their names come close to a known one or tell a quantity that
    we read: 'energy_mj' is a mistake, 'temperature_c' is not.
    """
    try:
        header = _header(path)
        known = (*needed, *any_of, *optional)
        before = len(mistakes.lines)
        if _separated(path, header, mistakes):
            _check_names(path, header, known, mistakes)
            _check_present(path, header, needed, any_of, mistakes)
        return _parse(path, header, known, mistakes) if len(mistakes.lines) == before else None
    except InputError as reason:
        mistakes.add(str(reason))
        return None


def _header(path: Path) -> list[str]:
    try:
        _, cells = next(_walk(path, errors="strict"), (0, []))
    except OSError as reason:
        raise InputError(f"{path} cannot be read: {reason.strerror or reason}.") from reason
    except UnicodeDecodeError as reason:
        raise InputError(_not_utf8(path), "Save it as CSV in UTF-8.") from reason
    if not any(cells):
        raise InputError(f"{path} is empty.", "Its first line names the columns.")
    return cells


def _not_utf8(path: Path) -> str:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, 1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return f"{path}, line {number}: this is not UTF-8 text."
    return f"{path} is not UTF-8 text."


def _walk(path: Path, errors: str = "replace") -> Iterator[tuple[int, list[str]]]:
    """Line and cells of every row that is not empty, as Arrow counts rows; the header first.

    Raises InputError for what only Arrow can read: a cell of more than 128 KiB.
    """
    with path.open(newline="", encoding="utf-8-sig", errors=errors) as lines:
        rows = csv.reader(lines)
        try:
            for cells in rows:
                if cells:
                    yield rows.line_num, [cell.strip() for cell in cells]
        except csv.Error as reason:
            said = f"{path}, line {rows.line_num}: this is no row of a CSV file: {reason}."
            raise InputError(said) from reason


def _separated(path: Path, header: Sequence[str], mistakes: Mistakes) -> bool:
    """Whether commas separate the columns."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars")):
        if len(header) == 1 and mark in header[0]:
            mistakes.add(
                f"{path}, line 1: the columns are separated by {name}; "
                "separate them by commas, and write decimals with a point."
            )
            return False
    return True


def _check_names(
    path: Path, header: Sequence[str], known: Sequence[str], mistakes: Mistakes
) -> None:
    """Each column is there once at most, and none of them is a known one misspelt."""
    for name in dict.fromkeys(header):
        if header.count(name) > 1:
            mistakes.add(f"{path}, line 1: column '{name}' is there {header.count(name)} times.")
        if name not in known and (meant := _misspelt(name, known)) is not None:
            mistakes.add(
                f"{path}, line 1: unknown column '{name}'. There is: {', '.join(known)} "
                f"(seconds, joules, watts).{meant}"
            )


def _check_present(
    path: Path,
    header: Sequence[str],
    needed: Sequence[str],
    any_of: Sequence[str],
    mistakes: Mistakes,
) -> None:
    """The columns that must be there are."""
    absent = [f"no column '{name}'" for name in needed if name not in header]
    if any_of and not set(any_of) & set(header):
        names = " nor ".join(f"'{name}'" for name in any_of)
        absent.append(f"neither {names}, and one of them must be there")
    if absent:
        mistakes.add(
            f"{path}, line 1: {' and '.join(absent)}; the columns are {', '.join(header)}."
        )


def _misspelt(name: str, known: Sequence[str]) -> str | None:
    """A hint where a column looks like a known one; None where it is something else."""
    hint = did_you_mean(name.lower(), known)
    first = name.lower().replace(" ", "_").replace("(", "_").replace("[", "_").split("_")[0]
    return hint if hint or first in QUANTITIES else None


def _parse(
    path: Path, header: Sequence[str], known: Sequence[str], mistakes: Mistakes
) -> CsvTable | None:
    places = {name: f"f{header.index(name)}" for name in known if name in header}
    ragged = 0

    def skip(_: object) -> str:
        nonlocal ragged
        ragged += 1
        return "skip"

    try:
        table = pa.csv.read_csv(
            path,
            read_options=pa.csv.ReadOptions(autogenerate_column_names=True),
            parse_options=pa.csv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pa.csv.ConvertOptions(
                column_types=dict.fromkeys(places.values(), pa.string()),
                include_columns=list(places.values()),
                strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, OSError) as reason:
        said = _not_utf8(path) if "UTF8" in str(reason) else f"{path} is not a CSV file: {reason}."
        raise InputError(said, "Save it as CSV in UTF-8.") from reason
    if ragged:
        _name_ragged(path, len(header), mistakes)
        return None
    table = table.slice(1)
    if table.num_rows == 0:
        raise InputError(f"{path} has a header and no rows.")
    empty = pa.array([""] * table.num_rows) if len(places) < len(known) else None
    columns = {
        name: pc.utf8_trim_whitespace(table[places[name]].combine_chunks())
        if name in places
        else empty
        for name in known
    }
    return CsvTable(path, columns, tuple(name for name in header if name and name not in known))


def _name_ragged(path: Path, width: int, mistakes: Mistakes) -> None:
    wrong = [(line, len(cells)) for line, cells in _walk(path) if len(cells) != width]
    for line, count in wrong[:MOST_OF_A_KIND]:
        mistakes.add(f"{path}, line {line}: {count} cells, and the header has {width} columns.")
    if len(wrong) > MOST_OF_A_KIND:
        mistakes.add(f"{path}: {len(wrong) - MOST_OF_A_KIND} more rows of another length.")


def _mask(values: pa.BooleanArray) -> Mask:
    return np.array(values, dtype=np.bool_)
