"""Getting a model as ONNX files: from the cache, or converted in a process of its own.

The converter imports torch and holds the model in several copies; in a process that ends, none of
that is left in the memory and threads of the worker whose energy is measured.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from wattmark.backends.exports import Cache
from wattmark.backends.onnxruntime_limits import by_builder
from wattmark.errors import ModelError, OutOfMemoryError
from wattmark.models import RANDOM, ModelSource
from wattmark.models.weights import fingerprint
from wattmark.schema import Trial

FACTS = "wattmark.json"
"""Beside the graph: what `onnxruntime_inspect` found in it."""
GRAPH = "model.onnx"
GENAI = "genai_config.json"
QUIET = {
    # ONNX Runtime 1.29 and later report to their maker from Linux too, unless this is set.
    "ORT_DISABLE_TELEMETRY": "1",
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
}
_PACKAGES = (
    ("onnxruntime", "onnxruntime-gpu"),
    ("onnxruntime-genai", "onnxruntime-genai-cuda"),
    ("onnx",),
    ("onnxscript",),
    ("torch",),
    ("transformers",),
)
_FORMAT = "1"
"""Raised when the way of converting changes: older exports are then made again."""
_LONGEST = 300


@dataclass(frozen=True)
class Onnx:
    """A model as ONNX files."""

    folder: Path
    generator: bool
    """Whether onnxruntime-genai runs it; a plain session otherwise."""
    export_s: float | None
    """Seconds of converting; None where it was there already."""
    facts: Mapping[str, Any]


def is_onnx_folder(name: str) -> bool:
    """Whether `name` is a folder that already holds a model for onnxruntime-genai."""
    folder = Path(name).expanduser()
    return (folder / GENAI).is_file()


def versions() -> dict[str, str]:
    """Versions of what converts and runs, by package."""
    found = {}
    for names in _PACKAGES:
        for name in names:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
            break
    return found


def export(trial: Trial, source: ModelSource, family: str, pad_id: int) -> Onnx:
    """The trial's model as ONNX files of its precision, for cpu or cuda.

    Raises ModelError where it cannot be converted, ExportError where there is no room for it.
    """
    generator = source.kind == "causal" and by_builder(source.config)
    job = {
        "folder": None if source.origin == RANDOM else str(source.path.resolve()),
        "name": trial.model,
        "seed": trial.seed,
        "kind": source.kind,
        "precision": trial.precision,
        "family": family,
        "builder": generator,
        "pad_id": pad_id,
        "trust_remote_code": trial.trust_remote_code,
    }
    key = {
        "engine": "onnxruntime",
        "format": _FORMAT,
        "model": _digest(source, trial.seed),
        "kind": source.kind,
        "precision": trial.precision,
        "device": family,
        "builder": str(generator),
        "pad_id": str(pad_id),
        "versions": json.dumps(versions(), sort_keys=True),
    }

    def build(place: Path) -> None:
        job["out"] = str(place)
        _child("wattmark.backends.onnxruntime_convert", trial.model, job)

    made, seconds = Cache().folder(key, build)
    facts = json.loads((made / FACTS).read_text(encoding="utf-8"))
    return Onnx(made, generator, seconds, facts)


def _digest(source: ModelSource, seed: int) -> str:
    """What the weights are: their files, or the shape and the seed that random ones come from."""
    if source.origin == RANDOM:
        return f"random {seed} {json.dumps(dict(source.config), sort_keys=True)}"
    return fingerprint(source.path, source.weight_files)


def ready(name: str, precision: str) -> Onnx:
    """A folder that holds ONNX files already; ModelError where they are of another precision."""
    folder = Path(name).expanduser()
    settings = json.loads((folder / GENAI).read_text(encoding="utf-8"))
    graph = folder / str(settings.get("model", {}).get("decoder", {}).get("filename", GRAPH))
    if not graph.is_file():
        raise ModelError(f"'{name}' has no {graph.name}.", f"{GENAI} names it as the model.")
    said = _child("wattmark.backends.onnxruntime_inspect", name, None, str(graph))
    facts = json.loads(said.splitlines()[-1])
    if facts["precision"] != precision:
        raise ModelError(
            f"'{name}' holds {facts['precision']} weights, and {precision} is asked for.",
            f"Use --precision {facts['precision']}.",
        )
    return Onnx(folder, generator=True, export_s=None, facts=facts)


def _child(module: str, name: str, job: Mapping[str, Any] | None, *arguments: str) -> str:
    """Run a module in a process of its own; what it printed. It ends when this process does."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as chatter,
        subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.PIPE,
            stdout=chatter,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, **QUIET},
        ) as process,
    ):
        try:
            # Standard input stays open: its end tells the child that nobody waits any more.
            if process.stdin is not None and job is not None:
                with suppress(BrokenPipeError):
                    process.stdin.write(json.dumps(job).encode() + b"\n")
                    process.stdin.flush()
            process.wait()
        except BaseException:
            process.kill()
            raise
        chatter.seek(0)
        said = chatter.read()
    if process.returncode:
        raise _failure(name, process.returncode, said)
    return said


def _failure(name: str, code: int, said: str) -> Exception:
    """Why a conversion failed, from its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code == -9 or "MemoryError" in last or "not enough memory" in last:
        return OutOfMemoryError(
            f"Memory ran out while '{name}' was converted to ONNX.",
            "Converting needs about three times the model's fp32 size; take a smaller model.",
        )
    last = last if len(last) <= _LONGEST else last[: _LONGEST - 1] + "…"
    end = f" (signal {-code})" if code < 0 else ""
    return ModelError(
        f"'{name}' cannot be converted to ONNX{end}: {last.rstrip('.')}.",
        "Take another engine for it: transformers runs every architecture that it knows.",
    )
