"""`wattmark run` as a command, and the row of its trial."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from wattmark.store.reader import open_run

HOME = Path(__file__).parents[1]


def words(out: Path, flags: Sequence[str]) -> list[str]:
    """The command line of a run into `out`."""
    return [sys.executable, "-m", "wattmark", "run", *flags, "--out", str(out), "--overwrite"]


def rows(
    out: Path, flags: Sequence[str], environment: Mapping[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run it; the rows of its replicates. Raises RuntimeError where it, or one of them, failed."""
    done = subprocess.run(
        words(out, [*flags, "--no-report"]),
        cwd=HOME,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(flags)}:\n{(done.stdout + done.stderr)[-3000:]}")
    found: list[dict[str, Any]] = open_run(out).trials.to_pylist()
    return found
