"""Parameters of a shape that nobody has published: counted in a process of its own.

Whoever plans a run imports no engine: `python -m wattmark.models.count FOLDER KIND` does, prints
the number of parameters, and is gone. It also shows whether transformers knows the architecture
at all, before a run of hours begins.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from wattmark.errors import ModelError

_MOST_S = 300.0
_LONGEST = 300
_KEPT = "parameters"


def count_parameters(name: str, folder: Path, kind: str) -> int | None:
    """Parameters of the config.json in `folder`, tied ones once; kept there once counted.

    None where torch or transformers are not installed. Raises ModelError where no model can be
    built from it.
    """
    note = folder / _KEPT
    if note.is_file():
        return int(note.read_text(encoding="ascii"))
    if any(importlib.util.find_spec(m) is None for m in ("torch", "transformers")):
        return None
    # Where the engine is imported anyway, there is nothing to spare.
    count = _count(folder, kind) if "transformers" in sys.modules else _count_apart(folder, kind)
    if isinstance(count, str):
        raise ModelError(
            f"No model can be built from the config.json of '{name}': {count.rstrip('.')}.",
            "Correct it, or take a model that transformers knows.",
        )
    part = note.with_name(f".{_KEPT}.{os.getpid()}")
    part.write_text(str(count), encoding="ascii")
    part.replace(note)
    return count


def _count_apart(folder: Path, kind: str) -> int | str:
    """The number, or why there is none, from a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "wattmark.models.count", str(folder), kind],
        capture_output=True,
        text=True,
        check=False,
        timeout=_MOST_S,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
    )
    if done.returncode == 0:
        return int(done.stdout.split()[-1])
    said = done.stdout.strip() or done.stderr.strip()
    return said.splitlines()[-1] if said else f"exit code {done.returncode}"


def _count(folder: Path, kind: str) -> int | str:
    """The number, or why there is none."""
    torch = importlib.import_module("torch")
    skeleton = importlib.import_module("wattmark.models.skeleton")
    try:
        model = skeleton.meta_model(folder, kind, torch.float32)
    except Exception as reason:  # whatever a config's own class finds wrong with it
        return " ".join(str(reason).split())[:_LONGEST] or type(reason).__name__
    return int(sum(p.numel() for p in model.parameters()))


if __name__ == "__main__":
    found = _count(Path(sys.argv[1]), sys.argv[2])
    sys.stdout.write(f"{found}\n")
    sys.exit(isinstance(found, str))
