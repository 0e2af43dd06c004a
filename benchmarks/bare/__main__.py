"""Read the question, take the CPUs, and only then import the engine: its threads inherit them."""

from __future__ import annotations

import importlib
import json
import os
import sys
import time

from benchmarks.bare.question import Question


def main() -> None:
    """Load, warm up, answer all prompts, print tokens/s."""
    question = Question(**json.load(sys.stdin))
    if question.cpus:
        os.sched_setaffinity(0, question.cpus)
    # OpenVINO's telemetry stays off, as in Wattmark: what cannot be imported sends nothing.
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment] # typed without it
    loop = importlib.import_module(f"benchmarks.bare.{sys.argv[1]}")
    answer = loop.prepare(question)
    prompts, size = question.prompts, question.batch
    batches = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    for count in range(question.warmups):
        answer(batches[count % len(batches)])
    began = time.perf_counter()
    emitted = sum(answer(batch) for batch in batches)
    print(emitted / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
