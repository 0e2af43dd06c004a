"""The whole report of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmarks.reporting.told import tell
from wattmark.report.page import render_page
from wattmark.store.reader import open_run


def page(path: Path) -> dict[str, Any]:
    return {"bytes": len(render_page(open_run(path)).encode())}


if __name__ == "__main__":
    tell(page)
