"""Open a run directory to read it: finished, interrupted or still running."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from wattmark.store.rundir import read_info, read_table


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
        whole is not read again.
        """
        whole = self.__dict__.get(table)
        if whole is not None:
            return (whole if where is None else whole.filter(where)).select(list(columns))
        return read_table(self.path, table, self.info, columns, where)


def open_run(path: Path | str) -> Run:
    """Open a run directory; RunDirectoryError says what is wrong with it."""
    folder = Path(path)
    return Run(folder, read_info(folder))
