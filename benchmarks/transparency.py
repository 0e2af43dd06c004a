"""Does measuring slow an engine down? Tokens/s through Wattmark ÷ tokens/s of a bare loop.

Wattmark's side is `wattmark run` as a command. A bare loop (`benchmarks.bare`) drives the engine by
its own plain API in a fresh process with the same files, prompts, threads, CPUs and environment,
and with nothing of Wattmark in it. Both take turns, starting with either, and each pair gives one
ratio.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.bare.question import Question
from benchmarks.command import HOME, rows
from benchmarks.figure import Figure, absent, summary
from benchmarks.kept import kept
from wattmark.backends.find import find_backend, missing
from wattmark.meter.load import wait_for_quiet
from wattmark.models import RANDOM, find_model
from wattmark.models.random_folder import as_folder
from wattmark.runner.machine import pinned
from wattmark.runner.run import environment
from wattmark.tasks.find import find_task

LEAST = 0.98
TASK = "arithmetic"
QUIET_S = 5.0


@dataclass(frozen=True)
class Case:
    """One engine with one model."""

    backend: str
    model: str
    loop: str
    """The bare loop's module."""
    made: str = ""
    """The file that the engine runs, where it has one of its own."""
    runner: str = ""
    """Which of the engine's own ways it is, where it has several."""
    weights: str = RANDOM
    sizes: tuple[tuple[int, int, int], ...] = ((1, 4, 48), (8, 16, 32))
    """(batch, prompts, new tokens)"""
    pairs: int = 5

    @property
    def title(self) -> str:
        """What the figure's name says of it."""
        engine = f"{self.backend} {self.runner}".strip()
        return f"tokens/s ÷ bare, {engine} {self.model.removesuffix('/arithmetic')}"


CASES = {
    "embedded": Case(
        "transformers",
        "embedded/arithmetic",
        "transformers_loop",
        weights="pretrained",
        sizes=((1, 128, 32), (8, 256, 32)),  # the shortest steps: a stamp weighs most
        pairs=6,
    ),
    "transformers": Case("transformers", "gpt2", "transformers_loop"),
    "onnxruntime-genai": Case("onnxruntime", "SmolLM-135M", "genai_loop", "model.onnx", "genai"),
    "onnxruntime-session": Case("onnxruntime", "gpt2", "session_loop", "model.onnx", "session"),
    "openvino": Case("openvino", "gpt2", "openvino_loop", "model.xml"),
    "llamacpp": Case("llamacpp", "SmolLM-135M", "llamacpp_loop", "model.gguf"),
}


def figures_of(name: str) -> Iterator[Figure]:
    """One engine and model, at each of its sizes."""
    case = CASES[name]
    why = missing(find_backend(case.backend))
    if why is not None:
        print(f"transparency-{name}: left out, {why}")
        for batch, *_ in case.sizes:
            yield absent(f"{case.title}, batch {batch}", least=LEAST, note=why)
        return
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        # Not counted: it converts the model where that was not done yet.
        _ours(case, case.sizes[0], place)
        for size in case.sizes:
            ratios, bare = _ratios(case, size, place)
            label = f"{case.title}, batch {size[0]}"
            note = f"bare: {statistics.median(bare):.4g} tokens/s"
            yield summary(label, ratios, "", least=LEAST, note=note)


PARTS = {f"transparency-{name}": partial(figures_of, name) for name in CASES}


def _ratios(case: Case, size: tuple[int, int, int], place: Path) -> tuple[list[float], list[float]]:
    """Ours ÷ bare of each pair, and the bare loop's tokens/s."""
    ratios, rates = [], []
    question: dict[str, Any] = {}
    for pair in range(case.pairs):
        if pair % 2:
            bare, row = _bare(case, question), _ours(case, size, place)
        else:
            row = _ours(case, size, place)
            question = asdict(_question(case, size, row))
            bare = _bare(case, question)
        ratios.append(float(row["output_tokens"] / row["measured_s"]) / bare)
        rates.append(bare)
    return ratios, rates


def _ours(case: Case, size: tuple[int, int, int], place: Path) -> dict[str, Any]:
    """The row of one replicate."""
    batch, limit, tokens = size
    flags = {
        "--model": case.model,
        "--weights": case.weights,
        "--backend": case.backend,
        "--task": TASK,
        "--batch": batch,
        "--limit": limit,
        "--max-new-tokens": tokens,
        "--device": "cpu",
        "--replicates": 1,
        "--warmups": 2,
        "--quiet-wait": QUIET_S,
    }
    words = [str(word) for pair in flags.items() for word in pair]
    return rows(place / "run", words, {**os.environ, "XDG_CACHE_HOME": str(_cache(case))})[0]


def _cache(case: Case) -> Path:
    """Of this engine and model alone, so that what the engine was given is known."""
    return kept(f"transparency/{case.backend}-{case.model.replace('/', '-')}")


def _question(case: Case, size: tuple[int, int, int], row: Mapping[str, Any]) -> Question:
    """The same for the bare loop, with the files that Wattmark's engine has made."""
    batch, limit, tokens = size
    source = find_model(case.model, weights=case.weights)
    threads, cpus = pinned(None, ())
    return Question(
        folder=str(as_folder(source, 0) if case.backend == "transformers" else source.path),
        files=str(_made(case)) if case.made else "",
        prompts=[query.prompt for query in find_task(TASK).queries(limit, 0)],
        batch=batch,
        new_tokens=tokens,
        warmups=2,
        threads=threads,
        cpus=list(cpus),
        endless=source.origin == RANDOM,
        # An id that no prompt ends with, for engines that know padding by its id alone.
        settings={
            "pad_id": int(source.config["vocab_size"]) - 1,
            **json.loads(row["facts"]),
        },
    )


def _made(case: Case) -> Path:
    """The newest: another version's may lie beside it."""
    return max(_cache(case).rglob(case.made), key=lambda path: path.stat().st_mtime)


def _bare(case: Case, question: dict[str, Any]) -> float:
    wait_for_quiet(QUIET_S, lambda _: None)
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.bare", case.loop],
        input=json.dumps(question),
        capture_output=True,
        text=True,
        check=False,
        cwd=HOME,
        env={**os.environ, **environment(question["threads"])},
    )
    if done.returncode:
        raise RuntimeError(f"the bare loop failed:\n{done.stderr[-2000:]}")
    return float(done.stdout.split()[-1])
