"""Tables of a closed run, replaced: each file is old or new, never half.

The new files are all written and synced before the first takes its place, and run.json comes
last. A crash between two renames leaves both tables whole; the same change made once more, which
needs only the answers, puts them in step.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from wattmark.errors import RunDirectoryError
from wattmark.store.columns import arrow_schema
from wattmark.store.files import LOCK, hold, unwritable
from wattmark.store.rundir import COMPLETE, INFO, info_text, read_info
from wattmark.store.whole import write_whole


def replace_tables(path: Path, tables: Mapping[str, pa.Table], facts: Mapping[str, Any]) -> None:
    """Write tables of a closed run anew, and add `facts` to its run.json.

    Raises RunDirectoryError where the run is not complete, is in use, or cannot be written.
    """
    fresh: dict[Path, Path] = {}
    try:
        with hold(path):
            info = complete_info(path)
            try:
                for name, table in tables.items():
                    target = path / f"{name}.parquet"
                    fresh[target] = target.with_suffix(".parquet.tmp")
                    _write(fresh[target], table.cast(arrow_schema(name)))
                for target, written in fresh.items():
                    written.replace(target)
                write_whole(path / INFO, info_text({**info, **facts}))
            finally:
                for written in fresh.values():
                    written.unlink(missing_ok=True)
                (path / LOCK).unlink(missing_ok=True)
    except (OSError, pa.ArrowException) as reason:
        raise unwritable(path, reason) from reason


def complete_info(path: Path) -> dict[str, Any]:
    """run.json of a complete run; RunDirectoryError says what to do with one that is not."""
    info = read_info(path)
    if info["status"] != COMPLETE:
        raise RunDirectoryError(
            f"{path} is not complete: it is {info['status']}.",
            f"Finish it first: wattmark run --resume {path}",
        )
    return info


def _write(target: Path, table: pa.Table) -> None:
    with target.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
