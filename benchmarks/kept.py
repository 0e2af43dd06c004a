"""What benchmarks keep between two calls, outside of the repository: environments, models."""

from __future__ import annotations

import os
from pathlib import Path


def kept(name: str) -> Path:
    """A folder of this name: $WATTMARK_BENCH_CACHE/<name>, or ~/.cache/wattmark-bench/<name>."""
    base = os.environ.get("WATTMARK_BENCH_CACHE")
    folder = (Path(base) if base else Path.home() / ".cache" / "wattmark-bench") / name
    folder.mkdir(parents=True, exist_ok=True)
    return folder.resolve()
