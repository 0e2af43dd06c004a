"""How long the demo's own run takes, after the installation."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, summary


def figures() -> Iterator[Figure]:
    """The whole command, the report included."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "wattmark", "run", "demo", "--out", str(Path(folder) / "demo")],
            check=True,
            capture_output=True,
        )
        yield summary("wattmark run demo", [time.perf_counter() - began], "s", most=150.0)
