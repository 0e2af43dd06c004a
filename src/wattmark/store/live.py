"""live.db: the tables of a run that goes on, in SQLite with a write-ahead log.

A record is one transaction: after a `kill -9` it is there whole or not at all.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from wattmark.errors import RunDirectoryError
from wattmark.store.columns import LISTS, TABLES, arrow_schema
from wattmark.store.files import ADDED
from wattmark.store.rows import Row

STORED = ("trials", "queries", "spans", "energy")
ROWS = 5000
"""Rows that are turned into Arrow at a time: a long run's tables need not fit into memory."""
_SQL_TYPES = {pa.int64(): "INTEGER", pa.float64(): "REAL", pa.bool_(): "INTEGER"}


class LiveStore:
    """The open SQLite file of a run. Raises RunDirectoryError where it cannot be written."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self.path = path
        with _said_plainly(path):
            mode = "ro" if read_only else "rwc"
            self._db = sqlite3.connect(f"{path.absolute().as_uri()}?mode={mode}", uri=True)
            if not read_only:
                self._db.execute("PRAGMA journal_mode=WAL")
        try:
            absent = self._absent(strictly=not read_only)
            if not read_only:
                with _said_plainly(path):
                    self._create(absent)
        except RunDirectoryError:
            self._db.close()
            raise

    def _absent(self, *, strictly: bool = False) -> dict[str, list[str]]:
        """Table → columns that it lacks and that `ADDED` knows; RunDirectoryError for any other.

        An unfinished run may have been begun by a Wattmark of other columns. `strictly`: it is
        to be gone on with, and columns that are not known here would stay empty.
        """
        found: dict[str, list[str]] = {}
        for table in STORED:
            with _said_plainly(self.path):
                there = {row[1] for row in self._db.execute(f"PRAGMA table_info({table})")}
            wanted = [column.name for column in TABLES[table]]
            if not there:
                continue  # not made yet
            lacking = [name for name in wanted if name not in there]
            unknown = [name for name in lacking if name not in ADDED]
            besides = sorted(there - set(wanted)) if strictly else []
            if unknown or besides:
                raise _other_columns(self.path, table, unknown, besides)
            found[table] = lacking
        return found

    def _create(self, absent: Mapping[str, Sequence[str]]) -> None:
        with self._db:
            # All tables or none: by itself each would be a transaction of its own.
            self._db.execute("BEGIN IMMEDIATE")
            for table in STORED:
                columns = ", ".join(
                    f'"{column.name}" {_SQL_TYPES.get(column.type, "TEXT")}'
                    for column in TABLES[table]
                )
                self._db.execute(f"CREATE TABLE IF NOT EXISTS {table} ({columns})")
                for name in absent.get(table, ()):
                    kind = _SQL_TYPES.get(arrow_schema(table).field(name).type, "TEXT")
                    self._db.execute(
                        f'ALTER TABLE {table} ADD COLUMN "{name}" {kind} DEFAULT {_sql(name)}'
                    )
                self._db.execute(
                    f"CREATE INDEX IF NOT EXISTS {table}_key ON {table} (trial_key, replicate)"
                )

    def _made(self) -> bool:
        """Whether the tables are there: a run may end, or be looked at, before they are."""
        return self._db.execute("SELECT 1 FROM sqlite_master").fetchone() is not None

    def write(self, tables: Mapping[str, Sequence[Row]], key: tuple[str, int]) -> None:
        """One record's rows in one transaction; an earlier attempt of the same is replaced."""
        with _said_plainly(self.path), self._db:
            for table in STORED:
                self._db.execute(
                    f"DELETE FROM {table} WHERE trial_key = ? AND replicate = ?",  # noqa: S608 - our own table names
                    key,
                )
                self._insert(table, tables.get(table, ()))

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        names = [column.name for column in TABLES[table]]
        lists = {column.name for column in TABLES[table] if column.type in LISTS}
        marks = ", ".join("?" for _ in names)
        columns = ", ".join(f'"{name}"' for name in names)
        self._db.executemany(
            f"INSERT INTO {table} ({columns}) VALUES ({marks})",  # noqa: S608 - our own table names
            [
                [
                    json.dumps(row.get(name))
                    if name in lists and row.get(name) is not None
                    else row.get(name)
                    for name in names
                ]
                for row in rows
            ],
        )

    def fill(self, table: str, source: pa.Table) -> None:
        """Take back the rows of a closed run."""
        with _said_plainly(self.path), self._db:
            for batch in source.to_batches(max_chunksize=ROWS):
                self._insert(table, batch.to_pylist())

    def done(self) -> dict[tuple[str, int], tuple[str, int]]:
        """(trial_key, replicate) → (status, attempt) of what was finished, in any way."""
        with _said_plainly(self.path):
            if not self._made():
                return {}
            rows = self._db.execute("SELECT trial_key, replicate, status, attempt FROM trials")
            return {(key, replicate): (status, attempt) for key, replicate, status, attempt in rows}

    def next_order(self) -> int:
        """The place in the run's order after the last that was taken."""
        with _said_plainly(self.path):
            if not self._made():
                return 0
            last = self._db.execute("SELECT MAX(run_order) FROM trials").fetchone()[0]
            return 0 if last is None else int(last) + 1

    def batches(self, name: str) -> Iterator[pa.RecordBatch]:
        """A table's rows in the order of writing, at most ROWS of them at a time."""
        schema = arrow_schema(name)
        with _said_plainly(self.path):
            if not self._made():
                return
            absent = self._absent().get(name, ())
            columns = ", ".join(
                _sql(column) if column in absent else f'"{column}"' for column in schema.names
            )
            cursor = self._db.execute(f"SELECT {columns} FROM {name} ORDER BY rowid")  # noqa: S608 - our own names
            while rows := cursor.fetchmany(ROWS):
                arrays = [
                    pa.array([_value(row[i], kind) for row in rows], type=kind)
                    for i, kind in enumerate(schema.types)
                ]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    def table(self, name: str) -> pa.Table:
        """A table as Arrow, in the order of writing."""
        return pa.Table.from_batches(list(self.batches(name)), schema=arrow_schema(name))

    def close(self) -> None:
        """Close the file; the write-ahead log is folded in by SQLite."""
        self._db.close()


def _sql(column: str) -> str:
    """What a column that an older run lacks holds there, as SQL."""
    value = ADDED[column]
    return "NULL" if value is None else str(value)


def _value(stored: Any, kind: pa.DataType) -> Any:
    if stored is None:
        return None
    if kind in LISTS:
        return json.loads(stored)
    return bool(stored) if kind == pa.bool_() else stored


def _other_columns(
    path: Path, table: str, lacking: Sequence[str], besides: Sequence[str]
) -> RunDirectoryError:
    words = [f"lacks {', '.join(lacking)}"] if lacking else []
    words += [f"has {', '.join(besides)} besides"] if besides else []
    return RunDirectoryError(
        f"{path} was written by another version of Wattmark: its table {table} "
        f"{' and '.join(words)}.",
        "Finish and read it with the version that began it (wattmark_version in run.json), or "
        "start a new run.",
    )


@contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    """SQLite's errors as ours, with what to do."""
    try:
        yield
    except sqlite3.Error as reason:
        hint = next((h for words, h in _HINTS.items() if words in str(reason)), _HINT)
        raise RunDirectoryError(f"{path} cannot be used: {reason}.", hint) from reason


# What SQLite says → what to do.
_HINTS = {
    "full": "Free some space.",
    "disk I/O": "Free some space, or check the disk.",
    "malformed": "The file is damaged: take it from a copy of the run.",
    "not a database": "The file is damaged: take it from a copy of the run.",
    "locked": "Is another program reading it? Close that, then try again.",
}
_HINT = "May the folder be written to?"
