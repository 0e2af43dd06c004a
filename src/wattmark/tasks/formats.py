"""Data files of any kind, read as rows that know their place: JSON lines, JSON, TSV and Parquet.

The files are a stranger's: their size is looked at before they are opened, and what is wrong with
one is said with the line or the row on which it is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.errors import InputError
from wattmark.units import BYTES_PER_GIB, BYTES_PER_MIB

LIMIT_BYTES = 256 * BYTES_PER_MIB
LIMIT_ROWS = 200_000
_LIMIT_UNPACKED = 2 * BYTES_PER_GIB
JSON_LINES = (".jsonl", ".ndjson")
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class TableRow:
    """One row of a table and where it stands: "'dev.jsonl' line 7"."""

    where: str
    cells: dict[str, Any]

    def text(self, column: str) -> str:
        """The text in `column`; InputError where it is missing, blank or no text."""
        found = self.cells.get(column)
        if not isinstance(found, str) or not found.strip():
            raise InputError(
                f"{self.where} has no '{column}', or it is not a text.",
                f"There is: {', '.join(map(str, self.cells)) or 'nothing'}.",
            )
        return encodable(self.where, found)


def read_table(path: Path) -> list[TableRow]:
    """All rows of a .jsonl, .ndjson, .tsv or .parquet file; InputError says what is wrong."""
    suffix = path.suffix.lower()
    rows = _READERS[suffix](path)
    if not rows:
        raise InputError(f"'{path}' holds no row.", "Check that it is the right file.")
    return rows


def read_json(path: Path) -> Any:
    """The one value that a .json file holds; InputError with the line where it is malformed."""
    raw = read_bytes(path, LIMIT_BYTES)
    return json_value(f"'{path}'", decode(path, raw), whole=True)


def read_items(path: Path, limit: int = LIMIT_BYTES) -> list[tuple[str, Any]]:
    """(where, value) of every item of one JSON list, or of every line of JSON lines.

    Raises InputError for a file that cannot be read or is malformed, and where there is none.
    """
    text = decode(path, read_bytes(path, limit))
    if path.suffix.lower() not in JSON_LINES and text.lstrip().startswith("["):
        content = json_value(f"'{path}'", text, whole=True)
        items = [(f"'{path}' item {number}", item) for number, item in enumerate(content, start=1)]
    else:
        places = ((f"'{path}' line {number}", line) for number, line in lines(path, text))
        items = [(where, json_value(where, line)) for where, line in places]
    if not items:
        raise InputError(f"'{path}' is empty.", "Write a JSON list, or one JSON value a line.")
    if len(items) > LIMIT_ROWS:
        raise InputError(f"'{path}' has {len(items)} items; a task may have {LIMIT_ROWS}.")
    return items


def place_id(where: str) -> str:
    """The id of a row that has none: 'item-3' of "'mine.json' item 3"."""
    return "-".join(where.split(" ")[-2:])


def read_bytes(path: Path, limit: int) -> bytes:
    """A file's bytes; InputError where it is missing, no file, too large or not to be read."""
    check_file(path, limit)
    try:
        return path.read_bytes()
    except OSError as reason:
        raise _unreadable(path, reason) from reason


def check_file(path: Path, limit: int) -> None:
    """InputError where there is no file at `path`, or one of more than `limit` bytes."""
    try:
        if not path.exists():
            raise InputError(f"There is no file '{path}'.", "Check the path.")
        if not path.is_file():
            raise InputError(f"'{path}' is not a file.", "Give a text file with a query a line.")
        size = path.stat().st_size
        if size > limit:
            raise InputError(
                f"'{path}' has {size / BYTES_PER_MIB:.1f} MiB; a task may have"
                f" {limit // BYTES_PER_MIB}.",
                "Take a sample of it, for example: shuf -n 1000.",
            )
    except OSError as reason:
        raise _unreadable(path, reason) from reason


def _unreadable(path: Path, reason: OSError) -> InputError:
    return InputError(f"'{path}' cannot be read: {reason.strerror}.", "Check its permissions.")


def decode(path: Path, raw: bytes) -> str:
    """The text of UTF-8 bytes; InputError with the line where they are none."""
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        at = raw.index(b"\0")
        raise InputError(
            f"'{path}' is not text: a zero byte on line {raw.count(10, 0, at) + 1} (byte {at}).",
            "Give a UTF-8 text file with a query a line, or JSON lines.",
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        wrong = raw.count(10, 0, reason.start) + 1
        raise InputError(
            f"'{path}' is not UTF-8: line {wrong} (byte {reason.start}).",
            "Convert it, for example: iconv -f LATIN1 -t UTF-8 (or -f UTF-16).",
        ) from reason


def lines(path: Path, text: str, limit: int = LIMIT_ROWS) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of every line that is not blank."""
    # Only line feeds end a line: splitlines would also break at U+2028 inside a query.
    every = text.removesuffix("\n").split("\n")
    if len(every) > limit:
        raise InputError(
            f"'{path}' has {len(every)} lines; a task may have {limit}.",
            "Take a sample of it, for example: shuf -n 1000.",
        )
    for number, line in enumerate(every, start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def json_value(where: str, text: str, *, whole: bool = False) -> Any:
    """The value that `text` writes; InputError with the line (of a `whole` file) and the column."""
    try:
        return json.loads(text)
    except json.JSONDecodeError as reason:
        place = f"line {reason.lineno}, column {reason.colno}" if whole else ""
        raise InputError(
            f"{where} is not valid JSON: {reason.msg} ({place or f'column {reason.colno}'}).",
            "Correct it there."
            if whole
            else 'Write one object a line: {"query": "…", "answer": "…"}.',
        ) from reason
    except (ValueError, RecursionError) as reason:
        raise InputError(
            f"{where} is not JSON that can be read.", "Is it nested too deep?"
        ) from reason


def encodable(where: str, text: str) -> str:
    r"""`text`, unless it holds half a character (a lone \ud800 escape), which nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise InputError(f"{where} holds a lone surrogate.", "Correct its escapes.") from reason
    return text


def refuse_duplicates(
    places: Iterable[tuple[str, str]],
    what: str = "id",
    hint: str = "Give every query an id of its own, or none.",
) -> None:
    """InputError where two of (id, where) have the same id, or whatever `what` says it is."""
    seen: dict[str, str] = {}
    for name, where in places:
        if name in seen:
            shown = name if len(name) <= _SHOWN else name[:_SHOWN] + "…"
            raise InputError(f"{where} has the {what} '{shown}', as {seen[name]} has.", hint)
        seen[name] = where


def shuffled(names: Sequence[str], seed: int) -> list[int]:
    """Places of the ids by the SHA-256 of seed and id: the same however they are stored."""

    def weight(place: int) -> bytes:
        return hashlib.sha256(f"{seed}:{names[place]}".encode()).digest()

    return sorted(range(len(names)), key=weight)


def digest(rows: Iterable[object]) -> str:
    """Twelve hexadecimal digits of a hash of what the rows say, whatever file they came from."""
    found = hashlib.sha256()
    for row in rows:
        found.update(json.dumps(row, ensure_ascii=True).encode() + b"\n")
    return found.hexdigest()[:12]


def _read_json_lines(path: Path) -> list[TableRow]:
    text = decode(path, read_bytes(path, LIMIT_BYTES))
    rows = []
    for number, line in lines(path, text):
        where = f"'{path}' line {number}"
        content = json_value(where, line)
        if not isinstance(content, dict):
            raise InputError(f"{where} is not a JSON object.", "Write one object a line.")
        rows.append(TableRow(where, content))
    return rows


def _read_tsv(path: Path) -> list[TableRow]:
    """Tab-separated with a header and no quoting, as GLUE's files are."""
    text = decode(path, read_bytes(path, LIMIT_BYTES))
    every = lines(path, text)
    _, header = next(every, (0, ""))
    columns = header.split("\t")
    rows = []
    for number, line in every:
        cells = line.split("\t")
        where = f"'{path}' line {number}"
        if len(cells) != len(columns):
            raise InputError(
                f"{where} has {len(cells)} columns; its header has {len(columns)}.",
                f"The columns are: {', '.join(columns)}; they are separated by tabs.",
            )
        rows.append(TableRow(where, dict(zip(columns, cells, strict=True))))
    return rows


def _read_parquet(path: Path) -> list[TableRow]:
    import pyarrow.parquet  # noqa: PLC0415 - what reads no Parquet stays light

    check_file(path, LIMIT_BYTES)
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            counts = file.metadata
            size = sum(counts.row_group(i).total_byte_size for i in range(counts.num_row_groups))
            if counts.num_rows > LIMIT_ROWS or size > _LIMIT_UNPACKED:
                raise InputError(
                    f"'{path}' has {counts.num_rows} rows, {size / BYTES_PER_MIB:.0f} MiB;"
                    f" a task may have {LIMIT_ROWS}, {_LIMIT_UNPACKED // BYTES_PER_MIB} MiB.",
                    "Take a sample of it.",
                )
            table = file.read().to_pylist()
    except (pyarrow.ArrowException, OSError) as reason:
        raise InputError(
            f"'{path}' is not Parquet that can be read: {str(reason)[:200]}",
            "Check that the file is whole.",
        ) from reason
    return [
        TableRow(f"'{path}' row {number}", cells) for number, cells in enumerate(table, start=1)
    ]


_READERS: dict[str, Callable[[Path], list[TableRow]]] = {
    **dict.fromkeys(JSON_LINES, _read_json_lines),
    ".tsv": _read_tsv,
    ".parquet": _read_parquet,
}
