"""How much more than its weights loading a large model takes: random Mistral-7B in bf16."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil

from benchmarks.command import rows
from benchmarks.figure import Figure, absent, summary
from wattmark.models.catalog import find_shape
from wattmark.units import gibibytes

MODEL = "Mistral-7B-v0.2"
NAME, MOST = f"peak resident set ÷ weights, {MODEL} bf16", 1.15
NEW_TOKENS, BF16_BYTES = 4, 2
SPARE = 1.25
"""Free memory that it takes to try, by its weights: the target and what else the run needs."""


def figures() -> Iterator[Figure]:
    """One replicate; left out where the machine has no room for it."""
    shape = find_shape(MODEL)
    needed = SPARE * BF16_BYTES * (shape.parameters if shape else 0)
    free = psutil.virtual_memory().available
    if free < needed:
        why = f"{gibibytes(int(needed))} must be free, and {gibibytes(free)} are"
        print(f"memory: left out, {why}")
        yield absent(NAME, most=MOST, note=why)
        return
    flags = {
        "--model": MODEL,
        "--weights": "random",
        "--precision": "bf16",
        "--task": "arithmetic",
        "--replicates": 1,
        "--warmups": 0,
        "--limit": 1,
        "--max-new-tokens": NEW_TOKENS,
        "--timeout": 1800,
        "--device": "cpu",
    }
    with tempfile.TemporaryDirectory() as folder:
        words = [str(word) for pair in flags.items() for word in pair]
        (row,) = rows(Path(folder) / "run", words)
    peak, weights = row["ram_peak_bytes"], row["weight_bytes"]
    note = f"{gibibytes(peak)} for {gibibytes(weights)} of weights, loaded in {row['load_s']:.0f} s"
    yield summary(NAME, [peak / weights], "", most=MOST, note=note)
