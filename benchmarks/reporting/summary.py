"""The table of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.reporting.told import tell
from wattmark.analysis.summary import summarise
from wattmark.store.reader import open_run


def summary(path: Path) -> dict[str, Any]:
    return {"trials": len(summarise(open_run(path)))}


if __name__ == "__main__":
    tell(summary)
