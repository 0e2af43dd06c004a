"""Does measuring slow the model down? Tokens/s through Wattmark ÷ tokens/s of a bare loop.

The bare loop is `model.generate` over the same prompts, in a fresh process with the same
threads, with nothing of Wattmark in it. Both kinds take turns, starting with either, and each
pair gives one ratio.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figure import Figure, summary
from benchmarks.gpt2 import make_gpt2
from wattmark.backends.find import find_backend
from wattmark.meter.discover import discover, sensors
from wattmark.meter.meter import Meter
from wattmark.runner.machine import worker_threads
from wattmark.runner.plan import expand
from wattmark.runner.run import environment
from wattmark.runner.suite import read_suite
from wattmark.runner.watch import Workers
from wattmark.runner.wire import Job

PAIRS = 12


def of_gpt2() -> Iterator[Figure]:
    """GPT-2 at its true size with random weights, batch 1 and 8."""
    with tempfile.TemporaryDirectory() as folder:
        gpt2 = str(make_gpt2(Path(folder) / "gpt2"))
        for limit, tokens, batch in ((4, 48, 1), (16, 32, 8)):
            ratios = _ratios(gpt2, limit, tokens, batch)
            yield summary(f"tokens/s ÷ bare, gpt2 124M, batch {batch}", ratios, "", least=0.98)


def of_embedded() -> Iterator[Figure]:
    """The embedded model, batch 1 and 8: the shortest steps, where a stamp weighs most."""
    for limit, batch in ((128, 1), (256, 8)):
        ratios = _ratios("embedded/arithmetic", limit, 32, batch)
        yield summary(f"tokens/s ÷ bare, embedded, batch {batch}", ratios, "", least=0.98)


def _ratios(model: str, limit: int, tokens: int, batch: int) -> list[float]:
    suite = read_suite(
        None,
        {
            "models": model,
            "tasks": "arithmetic",
            "limit": limit,
            "max_new_tokens": tokens,
            "batch_sizes": batch,
        },
    )
    plan = expand(suite)
    trial = plan.trials[0]
    threads = worker_threads()
    job = Job(
        trial=trial,
        adapter=find_backend(trial.backend).adapter,
        kind=plan.kinds[trial.model],
        queries=plan.queries(trial),
        idle_s=0.2,
        threads=threads,
    )
    adapter = job.adapter.partition(":")[0]
    workers = Workers([adapter], environment(threads))
    prompts = [query.prompt for query in job.queries]
    asked = json.dumps([model, prompts, batch, tokens, trial.warmups, threads])
    ratios = []
    with Meter(sensors(discover())) as meter:
        for pair in range(PAIRS + 1):
            if pair % 2:
                bare, ours = _bare(asked), _ours(workers, job, meter)
            else:
                ours, bare = _ours(workers, job, meter), _bare(asked)
            ratios.append(ours / bare)
    workers.close()
    return ratios[1:]  # the first pair warms the file cache


def _ours(workers: Workers, job: Job, meter: Meter) -> float:
    ending = workers.run(job, meter, 600)
    if ending.result is None:
        raise SystemExit(f"the replicate failed: {ending.error}")
    region = next(span for span in ending.result.spans if span.name == "measured")
    return sum(g.output_tokens for g in ending.result.generations) / region.seconds


def _bare(asked: str) -> float:
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "bare_loop.py")],
        input=asked,
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment(json.loads(asked)[-1])},
    )
    return float(done.stdout.split()[-1])
