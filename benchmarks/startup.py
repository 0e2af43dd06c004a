"""How long it takes until something happens: `wattmark --help`, `import wattmark`."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.figure import Figure, summary

REPEATS = 20


def _seconds(*words: str) -> float:
    began = time.perf_counter()
    subprocess.run([sys.executable, *words], check=True, capture_output=True)
    return time.perf_counter() - began


def figures() -> Iterator[Figure]:
    """Interleaved with a bare interpreter, so that the machine's mood falls on all alike."""
    bare, helped, imported = [], [], []
    for _ in range(REPEATS):
        bare.append(_seconds("-c", "pass"))
        helped.append(_seconds("-m", "wattmark", "--help"))
        imported.append(_seconds("-c", "import wattmark"))
    yield summary("python -c pass", bare, "s", note="for scale")
    yield summary("wattmark --help", helped, "s", most=0.3)
    yield summary("import wattmark", imported, "s", most=0.15, note="interpreter included")
