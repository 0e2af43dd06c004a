"""Tables of a run and of what is computed from it as polars DataFrames. polars comes in here.

Columns have the names of docs/format.md; intervals are columns of their own (`low`, `high`), and
what was not measured is null.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from typing import Any, cast

import polars as pl
import pyarrow as pa

from wattmark.errors import InputError, unknown
from wattmark.schema import Estimate
from wattmark.store.columns import TABLES, arrow_schema
from wattmark.store.files import ADDED
from wattmark.store.reader import Run
from wattmark.store.rundir import COMPLETE

RUN = "run"
TEXT, REAL, INT, FLAG = pl.String(), pl.Float64(), pl.Int64(), pl.Boolean()
_KINDS = {"str": TEXT, "float": REAL, "int": INT, "bool": FLAG}
Kinds = Mapping[str, pl.DataType]


def frame(table: pa.Table) -> pl.DataFrame:
    """An Arrow table as a DataFrame; most of its memory is shared, not copied."""
    return cast(pl.DataFrame, pl.from_arrow(table))


def read(run: Run, table: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """A table of a run, or some columns of it; InputError on a name that does not exist."""
    names = _columns(table)
    for name in columns or ():
        if name not in names:
            raise InputError(unknown(f"column of '{table}'", name, names))
    return frame(run.select(table, names if columns is None else list(columns)))


def scan(run: Run, table: str) -> pl.LazyFrame:
    """A table of a run, read when it is collected and as far as it is then needed.

    Of a run that is not complete it is read at once. Raises RunDirectoryError where the file is
    damaged, InputError on a table that does not exist.
    """
    names = _columns(table)
    if run.info["status"] != COMPLETE:
        return read(run, table).lazy()
    kinds = frame(arrow_schema(table).empty_table()).schema
    try:
        lazy = pl.scan_parquet(run.path / f"{table}.parquet", glob=False)
        stored = lazy.collect_schema()
    except (OSError, pl.exceptions.PolarsError):
        return read(run, table).lazy()  # says in our words what is wrong with the file
    absent = [name for name in names if name not in stored]
    if any(name not in ADDED for name in absent):
        return read(run, table).lazy()
    older = [pl.lit(ADDED[name]).cast(kinds[name]).alias(name) for name in absent]
    other = [pl.col(n).cast(kinds[n]) for n in names if n in stored and stored[n] != kinds[n]]
    return lazy.with_columns(*older, *other).select(names)


def with_run(frames: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    """Frames of several runs one below the other, with a column `run` in front; one as it is."""
    if len(frames) == 1:
        return next(iter(frames.values()))
    named = [one.select(pl.lit(name).alias(RUN), pl.all()) for name, one in frames.items()]
    return pl.concat(named, how="vertical")


def with_run_lazily(frames: Mapping[str, pl.LazyFrame]) -> pl.LazyFrame:
    """As `with_run`, of what is read later."""
    if len(frames) == 1:
        return next(iter(frames.values()))
    named = [one.select(pl.lit(name).alias(RUN), pl.all()) for name, one in frames.items()]
    return pl.concat(named, how="vertical")


def kinds_of(dataclass: Any) -> dict[str, pl.DataType]:
    """Field → polars type of a dataclass of plain fields; tuples of text become one text."""
    return {
        field.name: _KINDS.get(str(field.type).removesuffix(" | None"), TEXT)
        for field in fields(dataclass)
    }


def rows_frame(rows: Iterable[Mapping[str, Any]], kinds: Kinds) -> pl.DataFrame:
    """Rows as a DataFrame of these columns and types, in their order; texts are joined by '; '."""
    told = [{name: _cell(row.get(name)) for name in kinds} for row in rows]
    return pl.DataFrame(told, schema=dict(kinds), orient="row")


def estimate_columns(prefix: str, estimate: Estimate) -> dict[str, float | None]:
    """A figure as `prefix`, `prefix_low` and `prefix_high`."""
    return {
        prefix: estimate.value,
        f"{prefix}_low": estimate.low,
        f"{prefix}_high": estimate.high,
    }


def estimate_kinds(prefix: str) -> dict[str, pl.DataType]:
    """The types of `estimate_columns`."""
    return {prefix: REAL, f"{prefix}_low": REAL, f"{prefix}_high": REAL}


def _cell(value: Any) -> Any:
    return "; ".join(map(str, value)) if isinstance(value, tuple | list) else value


def _columns(table: str) -> list[str]:
    if table not in TABLES:
        raise InputError(unknown("table", table, TABLES))
    return [column.name for column in TABLES[table]]
