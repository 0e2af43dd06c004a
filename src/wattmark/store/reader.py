"""Open a run directory to read it: finished, interrupted or still running."""

from __future__ import annotations

from collections.abc import Callable, Container, Hashable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from wattmark.store.files import read_parts
from wattmark.store.rundir import COMPLETE, read_info, read_table

KEY = "trial_key"
SMALL_BYTES = 1_000_000
"""Of a Parquet file up to which it is read whole once, and not in parts again and again."""

_T = TypeVar("_T")


@dataclass(frozen=True)
class Run:
    """A run: `info` is run.json; each table is an Arrow table of the public columns."""

    path: Path
    info: dict[str, Any]

    @cached_property
    def trials(self) -> pa.Table:
        """One row a replicate of a trial."""
        return read_table(self.path, "trials", self.info)

    @cached_property
    def queries(self) -> pa.Table:
        """One row a query of a replicate."""
        return read_table(self.path, "queries", self.info)

    @cached_property
    def spans(self) -> pa.Table:
        """One row a span."""
        return read_table(self.path, "spans", self.info)

    @cached_property
    def energy(self) -> pa.Table:
        """Joules by span, component and sensor."""
        return read_table(self.path, "energy", self.info)

    @cached_property
    def trace(self) -> pa.Table:
        """The raw samples."""
        return read_table(self.path, "trace", self.info)

    def select(
        self, table: str, columns: Sequence[str], where: pc.Expression | None = None
    ) -> pa.Table:
        """Some columns of a table, of the rows that `where` holds for; only these are read.

        A table of millions of answers fits no memory, three of its columns do. One that was read
        whole, or is small, is not read again.
        """
        whole = self._whole(table)
        if whole is not None:
            return (whole if where is None else whole.filter(where)).select(list(columns))
        return read_table(self.path, table, self.info, columns, where)

    def parts(
        self,
        table: str,
        columns: Sequence[str],
        where: pc.Expression | None = None,
        encoded: Sequence[str] = (),
    ) -> Iterator[pa.Table]:
        """As `select`, some rows at a time, in their order.

        `where` tells of these columns only; those of `encoded` may come as dictionaries.
        """
        if self._whole(table) is None and self.info["status"] == COMPLETE:
            file = self.path / f"{table}.parquet"
            yield from read_parts(file, table, columns, where, encoded)
        else:
            yield self.select(table, columns, where)

    def by_trial(
        self,
        table: str,
        columns: Sequence[str],
        where: pc.Expression | None = None,
        keys: Container[str] | None = None,
    ) -> dict[str, pa.Table]:
        """Trial key → these columns of its rows, in their order; trials by first appearance.

        `where` tells of these columns only; `keys` are the trials that are wanted, or all.
        """
        pieces: dict[str, list[pa.RecordBatch]] = {}
        for part in self.parts(table, [KEY, *columns], where, [KEY]):
            for batch in part.to_batches():
                for key, piece in _stretches(batch):
                    if keys is None or key in keys:
                        pieces.setdefault(key, []).append(piece)
        return {key: pa.Table.from_batches(some) for key, some in pieces.items()}

    def once(self, name: Hashable, compute: Callable[[], _T]) -> _T:
        """What `compute` makes of this run's tables: computed at the first call, kept for others.

        Several parts of a report need the same figures, and the tables may be long.
        """
        if name not in self._made:
            self._made[name] = compute()
        made: _T = self._made[name]
        return made

    @cached_property
    def _made(self) -> dict[Hashable, Any]:
        return {}

    def _whole(self, table: str) -> pa.Table | None:
        """A table that is in memory, or may well be."""
        if table not in self.__dict__:
            try:
                size = (self.path / f"{table}.parquet").stat().st_size
            except OSError:
                return None  # not closed yet, or missing: reading it says so
            if size > SMALL_BYTES:
                return None
        return getattr(self, table)


def _stretches(batch: pa.RecordBatch) -> Iterator[tuple[str, pa.RecordBatch]]:
    """A batch's rows without their key, one trial after another.

    Records are written whole, so that a trial's rows mostly stand together: slices, no copies.
    """
    keys, rest = batch.column(KEY), batch.select(batch.schema.names[1:])
    if not pa.types.is_dictionary(keys.type):
        keys = keys.dictionary_encode()
    codes = keys.indices.to_numpy(zero_copy_only=False)
    if codes.size and np.count_nonzero(np.diff(codes)) >= len(keys.dictionary):
        order = np.argsort(codes, kind="stable")
        codes, rest = codes[order], rest.take(pa.array(order))
    edges = [0, *(np.flatnonzero(np.diff(codes)) + 1).tolist(), codes.size]
    for start, end in pairwise(edges):
        if end > start:
            yield keys.dictionary[int(codes[start])].as_py(), rest.slice(start, end - start)


def open_run(path: Path | str) -> Run:
    """Open a run directory; RunDirectoryError says what is wrong with it."""
    folder = Path(path)
    return Run(folder, read_info(folder))
