"""Getting a model as OpenVINO's files: from the cache, or converted in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

from wattmark.backends.exports import Cache
from wattmark.errors import ModelError, OutOfMemoryError
from wattmark.models import RANDOM, ModelSource
from wattmark.models.weights import fingerprint
from wattmark.schema import Trial

GRAPH = "model.xml"
PARAMETERS = ["wattmark", "parameters"]
"""Where in the graph's runtime information the number of the model's parameters stands."""
_PACKAGES = ("openvino", "nncf", "torch", "transformers")
_FORMAT = "1"
"""Raised when the way of converting changes: older exports are then made again."""
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
_LONGEST = 300


def versions() -> dict[str, str]:
    """Versions of what converts and runs."""
    return {name: metadata.version(name) for name in _PACKAGES}


def export(source: ModelSource, trial: Trial, pad_id: int) -> tuple[Path, float | None]:
    """The trial's model as a graph file, and the seconds of converting it: None, it was there.

    Raises ModelError where it cannot be converted, OutOfMemoryError where it does not fit, and
    ExportError where there is no room for it.
    """
    key = {
        "engine": "openvino",
        "format": _FORMAT,
        "model": _digest(source, trial.seed),
        "precision": trial.precision,
        "pad_id": str(pad_id),
        "versions": json.dumps(versions(), sort_keys=True),
    }

    def build(place: Path) -> None:
        job = {"trial": asdict(trial), "pad_id": pad_id, "folder": str(place)}
        _convert(source.name, json.dumps(job))

    made, seconds = Cache().folder(key, build)
    return made / GRAPH, seconds


def _digest(source: ModelSource, seed: int) -> str:
    """What the weights are: their files, or the shape and the seed that random ones come from."""
    if source.origin == RANDOM:
        return f"random {seed} {json.dumps(dict(source.config), sort_keys=True)}"
    return fingerprint(source.path, source.weight_files)


def _convert(name: str, job: str) -> None:
    """Run the converter; it ends when this process does, for whom its standard input is open."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as chatter:
        process = subprocess.Popen(
            [sys.executable, "-m", "wattmark.backends.openvino_convert", job],
            stdin=subprocess.PIPE,
            stdout=chatter,
            stderr=subprocess.STDOUT,
            env={**os.environ, **_QUIET},
        )
        try:
            process.wait()
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
            if process.stdin is not None:
                process.stdin.close()
        chatter.seek(0)
        said = chatter.read()
    if process.returncode:
        raise _failure(name, process.returncode, said)


def _failure(name: str, code: int, said: str) -> ModelError | OutOfMemoryError:
    """Why a conversion failed, from its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code == -9 or any(words in last for words in ("MemoryError", "not enough memory", "alloc")):
        return OutOfMemoryError(
            f"Memory ran out while '{name}' was converted for OpenVINO.",
            "Take a smaller model, or bf16, which is converted from 16-bit weights.",
        )
    last = last if len(last) <= _LONGEST else last[: _LONGEST - 1] + "…"
    end = f" (signal {-code})" if code < 0 else ""
    return ModelError(
        f"'{name}' cannot be converted for OpenVINO{end}: {last.rstrip('.')}.",
        "Take another engine for it: transformers runs every architecture that it knows.",
    )
