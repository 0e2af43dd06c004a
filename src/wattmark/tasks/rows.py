"""Queries read from a file: a query a line, or JSON lines with `query`, `answer` and `id`.

The file is a stranger's: its size is looked at before it is opened, and what is wrong with it
is said with the line on which it is wrong.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.errors import InputError, did_you_mean
from wattmark.units import BYTES_PER_MIB

LIMIT_BYTES = 16 * BYTES_PER_MIB
LIMIT_LINES = 100_000
_FIELDS = ("query", "answer", "id")


@dataclass(frozen=True, slots=True)
class Row:
    """One query as the file states it."""

    id: str
    query: str
    answer: str | None


@dataclass(frozen=True)
class Rows:
    """All queries of one file, in its order, and a hash of its bytes."""

    rows: tuple[Row, ...]
    digest: str


def read_rows(path: Path) -> Rows:
    """The rows of `path`; InputError says what is wrong with the file, and on which line."""
    raw = _read(path)
    lines = list(_lines(path, raw))
    if path.suffix.lower() in {".jsonl", ".ndjson", ".json"}:
        rows = tuple(_from_json(path, number, line) for number, line in lines)
    else:
        rows = tuple(Row(f"line-{number}", line, None) for number, line in lines)
    if not rows:
        raise InputError(f"'{path}' holds no query.", "Write one query a line.")
    _refuse_duplicates(path, rows, [number for number, _ in lines])
    return Rows(rows, hashlib.sha256(raw).hexdigest()[:12])


def _read(path: Path) -> bytes:
    try:
        if not path.exists():
            raise InputError(f"There is no file '{path}'.", "Check the path.")
        if not path.is_file():
            raise InputError(f"'{path}' is not a file.", "Give a text file with a query a line.")
        size = path.stat().st_size
        if size > LIMIT_BYTES:
            raise InputError(
                f"'{path}' has {size / BYTES_PER_MIB:.1f} MiB; a task may have"
                f" {LIMIT_BYTES // BYTES_PER_MIB}.",
                "Take a sample of it, for example: shuf -n 1000.",
            )
        return path.read_bytes()
    except OSError as reason:
        raise InputError(
            f"'{path}' cannot be read: {reason.strerror}.", "Check its permissions."
        ) from reason


def _lines(path: Path, raw: bytes) -> Iterator[tuple[int, str]]:
    """Line number (from 1) and text of every line that is not blank."""
    if b"\0" in raw and not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        at = raw.index(b"\0")
        raise InputError(
            f"'{path}' is not text: a zero byte on line {raw.count(10, 0, at) + 1} (byte {at}).",
            "Give a UTF-8 text file with a query a line, or JSON lines.",
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as reason:
        wrong = raw.count(10, 0, reason.start) + 1
        raise InputError(
            f"'{path}' is not UTF-8: line {wrong} (byte {reason.start}).",
            "Convert it, for example: iconv -f LATIN1 -t UTF-8 (or -f UTF-16).",
        ) from reason
    # Only line feeds end a line: splitlines would also break at U+2028 inside a query.
    lines = text.removesuffix("\n").split("\n")
    if len(lines) > LIMIT_LINES:
        raise InputError(
            f"'{path}' has {len(lines)} lines; a task may have {LIMIT_LINES}.",
            "Take a sample of it, for example: shuf -n 1000.",
        )
    for number, line in enumerate(lines, start=1):
        if line.strip():
            yield number, line.removesuffix("\r")


def _from_json(path: Path, number: int, line: str) -> Row:
    where = f"'{path}' line {number}"
    try:
        content = json.loads(line)
    except json.JSONDecodeError as reason:
        raise InputError(
            f"{where} is not valid JSON: {reason.msg} (column {reason.colno}).",
            'Write one object a line: {"query": "…", "answer": "…"}.',
        ) from reason
    except (ValueError, RecursionError) as reason:
        raise InputError(f"{where} is not JSON that can be read.") from reason
    if not isinstance(content, dict):
        raise InputError(
            f"{where} is not a JSON object.", 'Write one a line: {"query": "…", "answer": "…"}.'
        )
    _refuse_misspelt(where, content)
    query = content.get("query")
    if not isinstance(query, str) or not query.strip():
        raise InputError(f"{where} has no 'query', or it is not a text.", "Give it one.")
    return Row(
        id=_plain(where, "id", content.get("id")) or f"line-{number}",
        query=_encodable(where, query),
        answer=_plain(where, "answer", content.get("answer")),
    )


def _refuse_misspelt(where: str, content: dict[str, Any]) -> None:
    """Fields of other tools pass; one that is nearly ours would be lost without a word."""
    for name in content:
        if name not in _FIELDS:
            guess = did_you_mean(name, [field for field in _FIELDS if field not in content])
            if guess:
                raise InputError(f"{where} has a field '{name}'.{guess}", "Correct it.")


def _plain(where: str, name: str, value: object) -> str | None:
    """A text or a number as a text; None where there is none."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError(f"{where}: '{name}' must be a text or a number.", "Correct it.")
    return _encodable(where, str(value))


def _encodable(where: str, text: str) -> str:
    r"""`text`, unless it holds half a character (a lone \ud800 escape), which nothing can store."""
    try:
        text.encode()
    except UnicodeEncodeError as reason:
        raise InputError(f"{where} holds a lone surrogate.", "Correct its escapes.") from reason
    return text


def _refuse_duplicates(path: Path, rows: tuple[Row, ...], numbers: list[int]) -> None:
    seen: dict[str, int] = {}
    for row, number in zip(rows, numbers, strict=True):
        if row.id in seen:
            raise InputError(
                f"'{path}' has the id '{row.id}' twice: lines {seen[row.id]} and {number}.",
                "Give every query an id of its own, or none.",
            )
        seen[row.id] = number
