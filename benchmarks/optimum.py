"""Against optimum-benchmark: the same model, lengths and tokens, each as a command.

GPT-2's shape with random weights as a folder, fp32, batch 1, 64 tokens in and 64 out, two threads
on the CPU, two whole answers before ten that are measured. Both commands are timed from their start
to their result, with the CPU seconds of their whole process trees (getrusage of children); tokens/s
of decoding is what each says of itself. optimum-benchmark measures latency alone, which is the
least that it can do; Wattmark does what it does by default, its report included.

optimum-benchmark needs an older transformers than Wattmark: it lives in an environment of its own,
which is made on the first call. WATTMARK_OPTIMUM_BENCHMARK may name the command of another one.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pyarrow.compute as pc

from benchmarks.command import HOME, words
from benchmarks.figure import Figure, absent, summary
from benchmarks.kept import kept
from wattmark.meter.load import wait_for_quiet
from wattmark.models import find_model
from wattmark.models.random_folder import as_folder
from wattmark.runner.run import environment
from wattmark.store.reader import open_run

RELEASE = "0.6.0"
NEEDS = "transformers<5"
"""It imports SpecialTokensMixin, which transformers 5 no longer has."""
PAIRS, ANSWERS, LENGTH, NEW_TOKENS, WARMUPS, THREADS = 3, 10, 64, 64, 2, 2
DECODE, CPU, WALL = "decode tokens/s ÷ theirs", "CPU s ÷ theirs", "start to result ÷ theirs"
CONFIG = """\
defaults: [benchmark, scenario: inference, launcher: process, backend: pytorch, _self_]
name: gpt2
launcher: {{start_method: spawn}}
backend:
  model: {model}
  library: transformers
  task: text-generation
  model_type: gpt2
  device: cpu
  torch_dtype: float32
scenario:
  iterations: {answers}
  duration: 0
  warmup_runs: 1  # behind two whole answers, which always come first
  input_shapes: {{batch_size: 1, sequence_length: {length}}}
  generate_kwargs: {{max_new_tokens: {new_tokens}, min_new_tokens: {new_tokens}}}
hydra: {{run: {{dir: {out}}}, job: {{chdir: true}}}}
"""


@dataclass(frozen=True)
class Cost:
    """What a command took, and what it says of the model."""

    decode_per_s: float
    cpu_s: float
    wall_s: float


def figures() -> Iterator[Figure]:
    """Three ratios, ours ÷ theirs; none where its environment cannot be had."""
    try:
        command = _command()
    except (OSError, subprocess.CalledProcessError) as reason:
        print(f"optimum-benchmark: left out, its environment cannot be made: {_last(reason)}")
        yield absent(DECODE, least=1.0)
        yield absent(CPU, most=0.6)
        yield absent(WALL, most=0.5)
        return
    with tempfile.TemporaryDirectory() as folder:
        pairs = _pairs(command, Path(folder))
    versions = _versions(command)
    decode, cpu, wall = (
        [getattr(ours, name) / getattr(theirs, name) for ours, theirs in pairs]
        for name in ("decode_per_s", "cpu_s", "wall_s")
    )
    yield summary(DECODE, decode, "", least=1.0, note=f"{_said(pairs, 'decode_per_s')}; {versions}")
    yield summary(CPU, cpu, "", most=0.6, note=_said(pairs, "cpu_s"))
    yield summary(WALL, wall, "", most=0.5, note=_said(pairs, "wall_s"))


def _pairs(command: str, place: Path) -> list[tuple[Cost, Cost]]:
    """(ours, theirs), taking turns; the first pair warms the file cache and is not counted."""
    model = as_folder(find_model("gpt2", weights="random"), 0)
    prompts = place / "prompts.txt"
    # The stand-in tokenizer of a shape takes a digit for a token, behind a start token.
    digits = [str(number % 10) * (LENGTH - 1) for number in range(ANSWERS)]
    prompts.write_text("\n".join(digits) + "\n", encoding="utf-8")
    pairs = []
    for number in range(PAIRS + 1):
        if number % 2:
            theirs = _theirs(command, model, place / f"theirs-{number}")
            ours = _ours(model, prompts, place / f"ours-{number}")
        else:
            ours = _ours(model, prompts, place / f"ours-{number}")
            theirs = _theirs(command, model, place / f"theirs-{number}")
        pairs.append((ours, theirs))
    return pairs[1:]


def _ours(model: Path, prompts: Path, out: Path) -> Cost:
    flags = {
        "--model": model,
        "--task": prompts,
        "--precision": "fp32",
        "--batch": 1,
        "--limit": ANSWERS,
        "--max-new-tokens": NEW_TOKENS,
        "--replicates": 1,
        "--warmups": WARMUPS,
        "--threads": THREADS,
        "--device": "cpu",
    }
    cpu_s, wall_s = _timed(words(out, [str(word) for pair in flags.items() for word in pair]), HOME)
    run = open_run(out)
    trial = run.trials.to_pylist()[0]
    asked = (ANSWERS * LENGTH, ANSWERS * NEW_TOKENS)
    if (trial["input_tokens"], trial["output_tokens"]) != asked:
        raise RuntimeError(f"{asked} tokens in and out were asked for: {trial}")
    spans = run.spans.filter(pc.equal(run.spans["name"], "decode"))
    seconds = pc.sum(pc.subtract(spans["end_ns"], spans["start_ns"])).as_py() / 1e9
    return Cost(pc.sum(spans["tokens"]).as_py() / seconds, cpu_s, wall_s)


def _theirs(command: str, model: Path, out: Path) -> Cost:
    configs = out.with_name(f"{out.name}-config")
    configs.mkdir()
    told = {"model": model, "answers": ANSWERS, "length": LENGTH, "new_tokens": NEW_TOKENS}
    (configs / "gpt2.yaml").write_text(CONFIG.format(out=out, **told), encoding="utf-8")
    cpu_s, wall_s = _timed(
        [command, "--config-dir", str(configs), "--config-name", "gpt2"], configs
    )
    report = json.loads((out / "benchmark_report.json").read_text(encoding="utf-8"))
    if report["decode"]["latency"]["count"] != ANSWERS:
        raise RuntimeError(f"{ANSWERS} answers were asked for: {report['decode']}")
    return Cost(report["decode"]["throughput"]["value"], cpu_s, wall_s)


def _timed(command: Sequence[str], place: Path) -> tuple[float, float]:
    """CPU seconds of a command and all that it has started and waited for, and wall seconds."""
    wait_for_quiet(5.0, lambda _: None)
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as chatter:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=place, env=_environment(), stdout=chatter, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            chatter.seek(0)
            raise RuntimeError(f"{' '.join(command)} failed:\n{chatter.read()[-3000:]}")
    return used.ru_utime + used.ru_stime, wall_s


def _environment() -> Mapping[str, str]:
    """The same for both: two threads, and no network."""
    return {**os.environ, **environment(THREADS)}


def _command() -> str:
    """Its command; the environment is made where it is not there yet."""
    given = os.environ.get("WATTMARK_OPTIMUM_BENCHMARK")
    if given:
        return given
    torch = metadata.version("torch").partition("+")[0]
    place = kept(f"optimum-benchmark-{RELEASE}-torch-{torch}")
    command = place / "bin" / "optimum-benchmark"
    if not (place / "whole").exists():
        print(f"making an environment for optimum-benchmark {RELEASE} in {place}", flush=True)
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(place)], check=True)
        pip = [str(place / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        asked = [f"optimum-benchmark=={RELEASE}", NEEDS, f"torch=={torch}"]
        subprocess.run([*pip, *asked], check=True, capture_output=True, text=True)
        (place / "whole").touch()
    return str(command)


def _versions(command: str) -> str:
    """What ran there, said in the figure's note."""
    python = Path(command).with_name("python")
    asked = "from importlib.metadata import version as v; print('optimum-benchmark',"
    asked += " v('optimum-benchmark'), 'on transformers', v('transformers'), 'torch', v('torch'))"
    done = subprocess.run([python, "-c", asked], capture_output=True, text=True, check=False)
    ours = f"ours on transformers {metadata.version('transformers')}"
    return f"{done.stdout.strip()}; {ours}"


def _said(pairs: Sequence[tuple[Cost, Cost]], name: str) -> str:
    """Medians of both, for scale."""
    ours = statistics.median(getattr(pair[0], name) for pair in pairs)
    theirs = statistics.median(getattr(pair[1], name) for pair in pairs)
    return f"{ours:.3g} and {theirs:.3g}"


def _last(reason: Exception) -> str:
    """The last line that pip said, or what the system did."""
    said = getattr(reason, "stderr", None) or str(reason)
    return str(said).strip().splitlines()[-1]
