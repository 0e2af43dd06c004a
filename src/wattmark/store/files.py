"""Files that are old or new, never half, and a folder that one process holds."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from wattmark.errors import RunDirectoryError
from wattmark.schema import SCHEMA_VERSION
from wattmark.store.columns import RETRIEVAL_COLUMNS, arrow_schema

LOCK = "run.lock"
ADDED: dict[str, int | None] = {
    "session": 0,
    "repetition": 0,
    "repetitions": 1,
    "ram_unique_bytes": None,
    "vram_board_peak_bytes": None,
    "cache_bytes_per_token": None,
    "foreseen_bytes": None,
    **dict.fromkeys(RETRIEVAL_COLUMNS),
}
"""Column that older runs do not have → what it would hold there."""
GROUP_ROWS = 5000
"""Rows of a Parquet file that are in memory together when it is written."""
PART_ROWS = 200_000
"""Rows that are read together where a table is read in parts."""


def hold(path: Path) -> IO[str]:
    """Hold the folder; the lock goes with the process, however it ends."""
    lock = (path / LOCK).open("w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever held it may have finished and taken the file away since it was opened.
        stale = not os.path.samestat(os.fstat(lock.fileno()), (path / LOCK).stat())
    except FileNotFoundError:
        stale = True
    except BlockingIOError:
        lock.close()
        raise RunDirectoryError(
            f"Another run is writing into {path}.", "Wait for it, or give another --out."
        ) from None
    if stale:
        lock.close()
        return hold(path)
    return lock


def write_parquet(path: Path, schema: pa.Schema, content: Iterable[pa.RecordBatch]) -> None:
    """Write batches as a table so that the file is old or new, never half."""
    fresh = path.with_suffix(path.suffix + ".tmp")
    try:
        with fresh.open("wb") as file:
            with pq.ParquetWriter(file, schema, compression="zstd") as writer:
                for group in _gathered(content):
                    writer.write_table(pa.Table.from_batches(group, schema=schema))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)  # on a full disk the room is needed
        raise


def _gathered(batches: Iterable[pa.RecordBatch]) -> Iterator[list[pa.RecordBatch]]:
    """Small batches together: each group becomes a row group, which has a price of its own."""
    group: list[pa.RecordBatch] = []
    for batch in batches:
        group.append(batch)
        if sum(len(member) for member in group) >= GROUP_ROWS:
            yield group
            group = []
    if group:
        yield group


def read_parquet(
    path: Path,
    table: str,
    columns: Sequence[str] | None = None,
    where: pc.Expression | None = None,
) -> pa.Table:
    """A table's file, or some columns of it, of the rows that `where` holds for.

    Raises RunDirectoryError where it is damaged, cut off or missing.
    """
    names = arrow_schema(table).names
    wanted = names if columns is None else list(columns)
    with _said_plainly(path):
        stored = _stored(path, table)
        older = any(name not in stored for name in names)
        if where is None or older:
            there = [name for name in names if name in stored and (older or name in wanted)]
            content = pq.ParquetFile(path).read(there)
        else:
            content = pq.read_table(path, columns=wanted, filters=where)
    if older:
        content = _with_added(content, table, stored)
        content = content if where is None else content.filter(where)
    return content.select(wanted)


def read_parts(
    path: Path,
    table: str,
    columns: Sequence[str],
    where: pc.Expression | None = None,
    encoded: Sequence[str] = (),
) -> Iterator[pa.Table]:
    """Some columns of a table's file, some row groups at a time, in the order of the rows.

    `where` tells of these columns only; those of `encoded` come as dictionaries, one a row group,
    which is how they are stored. Raises RunDirectoryError as `read_parquet` does.
    """
    with _said_plainly(path):
        stored = _stored(path, table)
        there = [name for name in columns if name in stored]
        with pq.ParquetFile(path, read_dictionary=list(encoded)) as file:
            for groups in _row_groups(file.metadata):
                content = _with_added(file.read_row_groups(groups, there), table, stored)
                content = content.select(list(columns))
                yield content if where is None else content.filter(where)


def _row_groups(metadata: pq.FileMetaData) -> Iterator[list[int]]:
    """Places of row groups that are read together."""
    groups: list[int] = []
    count = 0
    for place in range(metadata.num_row_groups):
        groups.append(place)
        count += metadata.row_group(place).num_rows
        if count >= PART_ROWS:
            yield groups
            groups, count = [], 0
    if groups:
        yield groups


def _stored(path: Path, table: str) -> list[str]:
    """Columns that the file has; RunDirectoryError where one is lacking that never came later."""
    stored: list[str] = pq.read_schema(path).names
    absent = [name for name in arrow_schema(table).names if name not in {*stored, *ADDED}]
    if absent:
        raise RunDirectoryError(
            f"{path} lacks the column '{absent[0]}' of schema version {SCHEMA_VERSION}.",
            "The file is damaged or was changed: take it from a copy of the run.",
        )
    return stored


def _with_added(content: pa.Table, table: str, stored: Sequence[str]) -> pa.Table:
    """With the columns that an older run does not have, as they would be there."""
    for name, value in ADDED.items():
        if name in arrow_schema(table).names and name not in stored:
            kind = arrow_schema(table).field(name).type
            content = content.append_column(name, pa.array([value] * len(content), kind))
    return content


@contextmanager
def _said_plainly(path: Path) -> Iterator[None]:
    """What the system or Arrow says of a file, in our words."""
    try:
        yield
    except (OSError, pa.ArrowException) as reason:
        raise RunDirectoryError(
            f"{path} cannot be read: {str(reason).rstrip('.')}.",
            "The file is damaged or missing: take it from a copy of the run.",
        ) from reason


def unwritable(path: Path, reason: Exception) -> RunDirectoryError:
    """An error of the system's in our words, with what to do."""
    full = isinstance(reason, OSError) and reason.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
    return RunDirectoryError(
        f"{path} cannot be written: {getattr(reason, 'strerror', None) or reason}.",
        "Free some space." if full else "Give a folder that you may write to with --out.",
    )
