"""The same tables by a pandas script that reads the columns it needs and no others."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.reporting.told import tell
from benchmarks.reporting.with_pandas import COLUMNS, with_pandas


def with_pandas_columns(path: Path) -> dict[str, Any]:
    """As `with_pandas`."""
    return with_pandas(path, COLUMNS)


if __name__ == "__main__":
    tell(with_pandas_columns)
