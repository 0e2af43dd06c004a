"""Converting a model to an engine's own files, in a process of its own: both of its sides.

A converter imports torch and may hold the model in several copies. In a process that ends, none of
that is left in the memory and the threads of the worker whose energy is measured, and a limit on
the worker's memory is none on converting.

    worker     converted(…): from the cache, or run `python -m <converter>` with one line of JSON on
               its standard input, which stays open
    converter  serve(convert): do the job, or print why not as the last line; end when the input is
               closed, since then nobody waits any more
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, is_dataclass
from pathlib import Path
from typing import Any, NoReturn

from wattmark.errors import ModelError, OutOfMemoryError, WattmarkError
from wattmark.models import RANDOM, ModelSource
from wattmark.models.cache import EXPORTS, Cache
from wattmark.models.weights import fingerprint
from wattmark.schema import Trial

Job = Mapping[str, Any]
"""What a converter is told: trial (its fields), out (an empty folder), and its engine's own."""
_QUIET = {
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "TRANSFORMERS_VERBOSITY": "error",
    # ONNX Runtime 1.29 and later report to their maker from Linux too, unless this is set.
    "ORT_DISABLE_TELEMETRY": "1",
}
_NO_MEMORY = ("MemoryError", "not enough memory", "alloc")
_KILLED = -9
_REFUSED = 2
"""Exit code of a converter whose last words are of ours, and whole."""
_LONGEST = 300


@dataclass(frozen=True)
class Converter:
    """How one engine's files are made."""

    engine: str
    module: str
    """Run as `python -m`; it calls `serve`."""
    format: str
    """Raised when the way of converting changes: what was made before is then made again."""
    words: str
    """What is done to a model: 'converted to ONNX'."""
    memory_hint: str
    """What to do where memory runs out."""
    versions: Callable[[], Mapping[str, str]] = field(repr=False)
    """Of what converts and runs, by package."""


def converted(
    converter: Converter,
    source: ModelSource,
    trial: Trial,
    parts: Mapping[str, str],
    job: Job,
) -> tuple[Path, bool]:
    """The folder with the trial's model as the engine's files, and whether it was made just now.

    `parts` are what the files depend on besides model, precision and versions; `job` is told to
    the converter. Raises ModelError where the model cannot be converted, OutOfMemoryError where it
    does not fit, CacheError where there is no room for what is made.
    """
    key = {
        "engine": converter.engine,
        "format": converter.format,
        "model": _digest(source, trial.seed),
        "precision": trial.precision,
        "versions": json.dumps(dict(converter.versions()), sort_keys=True),
        **parts,
    }

    # How a trial's prompts and answers are made, which have fields of their own, is left out.
    fields = {
        name: value
        for name, value in asdict(trial).items()
        if not is_dataclass(getattr(trial, name))
    }

    def build(place: Path) -> None:
        _run(converter, trial.model, {"trial": fields, "out": str(place), **job})

    made, seconds = Cache(EXPORTS).folder(trial.model, key, build)
    return made, seconds is not None


def _digest(source: ModelSource, seed: int) -> str:
    """What the weights are: their files, or the shape and the seed that random ones come from."""
    if source.origin == RANDOM:
        return f"random {seed} {json.dumps(dict(source.config), sort_keys=True)}"
    return fingerprint(source.path, source.weight_files)


def _run(converter: Converter, name: str, job: Job) -> None:
    """Run a converter to its end; it ends when this process does."""
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as chatter,
        subprocess.Popen(
            [sys.executable, "-m", converter.module],
            stdin=subprocess.PIPE,
            stdout=chatter,
            stderr=subprocess.STDOUT,
            bufsize=0,
            env={**os.environ, **_QUIET},
        ) as process,
    ):
        try:
            if process.stdin is not None:
                with suppress(BrokenPipeError):  # it has ended before: its words say why
                    process.stdin.write(json.dumps(job).encode() + b"\n")
            process.wait()
        except BaseException:
            process.kill()
            raise
        chatter.seek(0)
        said = chatter.read()
    if process.returncode:
        raise _failure(converter, name, process.returncode, said)


def _failure(converter: Converter, name: str, code: int, said: str) -> WattmarkError:
    """Why a conversion failed, from its last line."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = lines[-1] if lines else "it said nothing"
    if code == _KILLED or any(words in last for words in _NO_MEMORY):
        return OutOfMemoryError(
            f"Memory ran out while '{name}' was {converter.words}.", converter.memory_hint
        )
    if code == _REFUSED:
        return ModelError(f"'{name}' cannot be {converter.words}: {last}")
    last = last if len(last) <= _LONGEST else last[: _LONGEST - 1] + "…"
    end = f" (signal {-code})" if code < 0 else ""
    return ModelError(
        f"'{name}' cannot be {converter.words}{end}: {last.rstrip('.')}.",
        "Take another engine for it: transformers runs every architecture that it knows.",
    )


def serve(convert: Callable[[Job], None]) -> NoReturn:
    """The converter's life: one job, and its exit."""
    job = json.loads(sys.stdin.buffer.readline() or b"null")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
    warnings.simplefilter("ignore")
    code = 0
    try:
        if job is None:
            raise WattmarkError("No job was given.")
        convert(job)
    except Exception as reason:
        print(_why(reason))  # noqa: T201 - the parent reads it
        code = _REFUSED if isinstance(reason, WattmarkError) else 1
    sys.stdout.flush()
    # Threads of torch may hold the interpreter's end up; all files are written by now.
    os._exit(code)


def _why(reason: Exception) -> str:
    """An exception and what was at its root, in one line."""
    root: BaseException = reason
    while root.__cause__ is not None:
        root = root.__cause__
    said = " ".join((f"{reason} {root}" if root is not reason else str(reason)).split())
    return said if isinstance(reason, WattmarkError) else f"{type(root).__name__}: {said}"


def _end_with_parent() -> None:
    """Standard input ends when the parent does."""
    # Not by sys.stdin, whose lock would be held when the interpreter ends.
    while os.read(0, 1):
        pass
    os._exit(1)
