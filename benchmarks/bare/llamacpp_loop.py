"""llama.cpp through xllamacpp: its server in the process, asked for completions, no streaming."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Sequence
from typing import Any

import xllamacpp
from transformers import AutoTokenizer

from benchmarks.bare.question import Answer, Question


def prepare(question: Question) -> Answer:
    """The server with its model, ready to answer."""
    tokenizer = AutoTokenizer.from_pretrained(question.folder)
    params: Any = xllamacpp.CommonParams()
    params.model.path = question.files
    params.n_parallel = question.batch
    params.n_ctx = question.batch * question.settings["context"]
    params.kv_unified = False
    for cpu in (params.cpuparams, params.cpuparams_batch):
        cpu.n_threads = question.threads
    # The weights are fp32, and so is the cache.
    params.cache_type_k = params.cache_type_v = xllamacpp.ggml_type.GGML_TYPE_F32
    params.cache_prompt = False
    params.cache_ram_mib = 0
    params.n_ctx_checkpoints = 0
    params.fit_params = False
    params.ui = False
    params.verbosity = -1
    # It insists on listening: on a file that nobody else sees, and new for each process.
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    params.hostnames = [f"{folder}/llama.sock"]
    server: Any = xllamacpp.Server(params)

    def answer(batch: Sequence[str]) -> int:
        said: list[Any] = []
        server.handle_completions(
            {
                "prompt": tokenizer(list(batch))["input_ids"],
                "max_tokens": question.new_tokens,
                "temperature": 0,
                "top_k": 1,
                "cache_prompt": False,
                "ignore_eos": question.endless,
            },
            said.append,
        )
        told = answers(said)
        if question.endless:
            # Each has its full length; of several prompts only one answer may tell its usage.
            return question.new_tokens * answered(told, len(batch))
        return sum(each["usage"]["completion_tokens"] for each in told)

    return answer


def answered(told: Sequence[Any], asked: int) -> int:
    """How many prompts were answered; SystemExit where some were not."""
    count = sum(len(each["choices"]) for each in told)
    if count != asked:
        raise SystemExit(f"{count} of {asked} prompts were answered")
    return count


def answers(said: Sequence[Any]) -> list[Any]:
    """Each answer of a batch: one comes alone, several come as a list."""
    found: list[Any] = []
    for chunk in said:
        told = json.loads(chunk) if isinstance(chunk, str) else chunk
        found += told if isinstance(told, list) else [told] if told else []
    return found
