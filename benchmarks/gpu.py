"""Models at their true size on an NVIDIA GPU: J/token by phase, tokens/s, memory, bandwidth.

    python -m benchmarks.gpu [--models a,b] [--replicates 3] [--minutes 25] [--runs FOLDER]
    python -m benchmarks.gpu --summarise FOLDER

Each model and batch size is one `wattmark run` with random weights, in a folder of its own below
--runs. One that is whole is not run again, and none is begun when --minutes are over, so the whole
can be had in several goes. The summary is written to benchmarks/results/gpu (--out) after each. A
batch that the plan foresees not to fit, or that does not, is left out with the reason.

It needs torch with CUDA, transformers, and what `wattmark run --no-report` needs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.command import HOME, words
from benchmarks.figure import Figure, absent, summary
from benchmarks.gpu_summary import Board, board, summarised, write
from benchmarks.kept import kept
from benchmarks.place import RESULTS

KEPT = RESULTS / "gpu"
BATCHES = (1, 8, 64, 256)
QUERIES = {1: 4, 8: 16, 64: 128, 256: 256}
"""Of each batch size: at least one whole batch."""
LENGTH, NEW_TOKENS = 256, 128
GRAPHS = ("--option", "compile=reduce-overhead", "--option", "cache=static")
LABEL, LEAST = "share of the memory bandwidth, 7B bf16 batch 1", 0.5
SEVEN_B = "Mistral-7B-v0.2"


@dataclass(frozen=True)
class Case:
    """A model, and how it is run."""

    model: str
    precisions: str = "bf16"
    graphs: bool = False
    """Also compiled, with CUDA graphs and a static cache, at batch 1."""


CASES = (
    Case("gpt2"),
    Case("SmolLM-135M"),
    Case("phi-2"),
    Case("DeepSeek-R1-Distill-Qwen-1.5B"),
    Case("gemma-2-2b-it"),
    Case("Phi-3-mini-4k"),
    Case(SEVEN_B, graphs=True),
    Case("Llama-3.1-8B", graphs=True),
    Case("roberta-base", "bf16,fp32,tf32,fp16"),
)


def figures() -> Iterator[Figure]:
    """The whole grid, where there is a GPU."""
    found = board()
    if found is None:
        print("gpu: left out, no NVIDIA GPU is found")
        yield absent(LABEL, least=LEAST, note="no NVIDIA GPU")
        return
    shares = grid(found, CASES, kept("gpu"), KEPT, replicates=3, deadline_s=float("inf"))
    if shares:
        yield summary(LABEL, [max(shares)], "", least=LEAST, note="the best of its ways of running")
    else:
        yield absent(LABEL, least=LEAST, note=f"{SEVEN_B} did not run")


def grid(
    found: Board,
    cases: Sequence[Case],
    runs: Path,
    out: Path,
    *,
    replicates: int,
    deadline_s: float,
    device: str = "cuda",
) -> list[float]:
    """Run what is not there yet; shares of the bandwidth that the 7B model reached at batch 1."""
    for case in cases:
        for batch in BATCHES:
            for graphs in (False, True) if case.graphs and batch == 1 else (False,):
                if time.monotonic() > deadline_s:
                    print("gpu: the time is over; call it again to go on", flush=True)
                    return summarise(found, runs, out)
                _one(case, batch, runs, graphs=graphs, replicates=replicates, device=device)
                summarise(found, runs, out)
    return summarise(found, runs, out)


def summarise(found: Board | None, runs: Path, out: Path) -> list[float]:
    """Write the summary of all runs below a folder; the 7B model's shares of the bandwidth."""
    whole = summarised(found, runs)
    name = write(whole, out)
    print(f"kept in {name}", flush=True)
    shares = [row["bandwidth_share"] for row in whole["rows"] if row["model"] == SEVEN_B]
    return [share for share in shares if share is not None]


def _one(case: Case, batch: int, runs: Path, *, graphs: bool, replicates: int, device: str) -> None:
    """One model at one batch size; what did not work is kept beside it as a text."""
    name = f"{case.model}-{batch}{'-graphs' if graphs else ''}".replace("/", "-")
    place = runs / name
    if (place / "trials.parquet").exists():
        return
    flags = {
        "--model": case.model,
        "--weights": "random",
        "--precision": case.precisions,
        "--task": _prompts(runs),
        "--batch": batch,
        "--limit": QUERIES[batch],
        "--max-new-tokens": NEW_TOKENS,
        "--replicates": replicates,
        "--warmups": 2,
        "--device": device,
        "--precision-target": "5%",
        "--time-budget": 5,
        "--name": name,
    }
    asked = [str(word) for pair in flags.items() for word in pair] + ["--no-report"]
    began = time.monotonic()
    done = subprocess.run(
        words(place, [*asked, *(GRAPHS if graphs else ())]),
        cwd=HOME,
        capture_output=True,
        text=True,
        check=False,
    )
    state = "ok" if done.returncode == 0 else f"exit code {done.returncode}"
    print(f"{name}: {state}, {time.monotonic() - began:.0f} s", flush=True)
    if not (place / "run.json").exists():
        said = " ".join(done.stderr.split())[-600:]
        left = {"model": case.model, "batch_size": batch, "graphs": graphs, "why": said}
        (runs / f"{name}.left-out.json").write_text(json.dumps(left), encoding="utf-8")


def _prompts(runs: Path) -> Path:
    """As many prompts as the largest batch, no two alike: long enough for a prefill to be seen."""
    path = runs / "prompts.txt"
    if not path.exists():
        # The stand-in tokenizer of a shape takes a digit for a token, behind a start token.
        lines = (str(10**LENGTH + number)[2:] for number in range(max(QUERIES.values())))
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def main(arguments: Sequence[str]) -> int:
    """The command line of this file."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--models", help="some of: " + ", ".join(case.model for case in CASES))
    parser.add_argument("--replicates", type=int, default=3)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--runs", type=Path)
    parser.add_argument("--out", type=Path, default=KEPT)
    parser.add_argument("--summarise", type=Path, metavar="FOLDER")
    asked = parser.parse_args(arguments)
    found = board()
    if asked.summarise:
        summarise(found, asked.summarise, asked.out)
        return 0
    if found is None:
        print("gpu: left out, no NVIDIA GPU is found")
        return 0
    chosen = asked.models.split(",") if asked.models else [case.model for case in CASES]
    unknown = set(chosen) - {case.model for case in CASES}
    if unknown:
        parser.error(f"unknown: {', '.join(sorted(unknown))}")
    runs = asked.runs or kept("gpu")
    runs.mkdir(parents=True, exist_ok=True)
    cases = [case for case in CASES if case.model in chosen]
    deadline_s = time.monotonic() + 60 * asked.minutes
    grid(found, cases, runs, asked.out, replicates=asked.replicates, deadline_s=deadline_s)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
