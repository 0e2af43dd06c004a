"""llama.cpp, in this process: greedy decoding of GGUF files, one's own or converted from a folder.

A folder is converted once (`llamacpp_convert`) and its prompts are tokenised as for every engine;
a GGUF file brings a tokenizer that llama.cpp reads itself. Rows of a batch are decoded together,
but each row's token is handed over on its own, microseconds apart, so that rows have times of
their own: the prefill ends when the last row has its first token. A batch that is read in several
steps (more prompt tokens than one step takes) gives some rows their first token earlier.
"""

from __future__ import annotations

import gc
from collections.abc import Mapping, Sequence
from importlib import metadata
from typing import Any

import torch
import xllamacpp

from wattmark.backends import Stamp
from wattmark.backends.batching import Answer
from wattmark.backends.llamacpp_convert import convert, end_ids
from wattmark.backends.llamacpp_limits import (
    OPTIONS,
    PRECISIONS,
    refuses,
    refuses_options,
    window,
)
from wattmark.backends.llamacpp_server import Row, Server
from wattmark.backends.texts import Texts
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.work import Work
from wattmark.errors import InputError, ModelError, unknown
from wattmark.models import RANDOM, ModelSource, find_model
from wattmark.models.gguf_file import GGUF, read_gguf
from wattmark.schema import Generation, Query, Trial

PRELOAD = ("transformers.models.auto.tokenization_auto",)
_CPU = torch.device("cpu")
_PROMPT_ROOM = 1024


class LlamaCppBackend:
    """A `Backend` that holds one server with one model."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._server: Server | None = None
        self._texts: Texts | None = None
        self._new_tokens = 0
        self._context = 0
        self._endless = False
        self._weight_bytes = 0

    def load(self, trial: Trial) -> None:
        """Convert the model where that was not done yet, and start a server with it."""
        self.close()
        gpu = _device(trial)
        source = find_model(
            trial.model,
            revision=trial.revision,
            allow_pickle=trial.allow_pickle,
            trust_remote_code=trial.trust_remote_code,
            weights=trial.weights,
        )
        _check(trial, source)
        positions = window(source.config, source.max_positions)
        with (
            memory_errors(f"loading '{trial.model}'", _CPU, source.weight_bytes),
            load_errors(trial.model),
        ):
            path, export_s = source.path, None
            if source.origin != GGUF:
                self._texts = Texts(
                    source.path, window=positions, trust_remote_code=trial.trust_remote_code
                )
                ends = [] if source.origin == RANDOM else end_ids(source.path, source.config)
                self._endless = not ends
                path, export_s = convert(source, trial, ends)
            header = read_gguf(str(path))
            self._new_tokens = trial.max_new_tokens
            self._weight_bytes = header.weight_bytes
            self._context = _room(trial, positions)
            threads = int(trial.options.get("threads", torch.get_num_threads()))
            self._server = Server(
                path,
                slots=trial.batch_size,
                context=self._context,
                threads=threads,
                gpu=gpu,
                full_cache=trial.precision == "fp32",
                options=trial.options,
            )
        types = dict(header.bytes_by_type)
        self.facts = {
            "kind": source.kind,
            "architecture": source.architecture,
            "revision": source.revision,
            "tokenizer": source.tokenizer,
            "parameters": header.parameters,
            "weight_bytes": header.weight_bytes,
            "weight_bytes_by_type": types,
            "dtype": max(types, key=lambda kind: types[kind]),
            "cache_precision": "fp32" if trial.precision == "fp32" else "fp16",
            "max_positions": positions,
            "context": self._context,
            "slots": trial.batch_size,
            "threads": threads,
            "export_s": export_s,
            "versions": {name: metadata.version(name) for name in ("xllamacpp", GGUF)},
        }

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Greedy answers; ModelError where a prompt and its answer do not fit."""
        start = stamp.now()
        if self._server is None:
            raise InputError("No model is loaded.", "Call load first.")
        texts = self._texts
        prompts: Sequence[Any] = [query.prompt for query in queries]
        if texts is not None:
            prompts = texts.rows(queries, room=self._new_tokens)
            self._check_room(queries, [len(ids) for ids in prompts])
        began = stamp.now()
        shape = f"generating for {len(queries)} prompts"
        with memory_errors(shape, _CPU, self._weight_bytes):
            rows = self._server.run(prompts, self._new_tokens, stamp.now, endless=self._endless)
        times = [max(row.times_ns[0] for row in rows), max(row.times_ns[-1] for row in rows)]
        work = Work(
            batch,
            queries,
            [row.prompt_tokens for row in rows],
            stamp,
            start,
            began,
            times if any(len(row.ids) > 1 for row in rows) else times[:1],
            [row.times_ns for row in rows],
        )
        said = iter(["".join(row.pieces) for row in rows])
        answers = [_answer(row) for row in rows]
        return work.answers(answers, (lambda _: next(said)) if texts is None else texts.text)

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Refused: classifiers are not converted to GGUF here."""
        raise InputError("llamacpp runs causal models.", "Take transformers or onnxruntime.")

    def vram_peak_bytes(self) -> int | None:
        """None: llama.cpp does not say."""
        return None

    def close(self) -> None:
        """Stop the server and free the model; a second call does nothing."""
        if self._server is not None:
            self._server.close()
        self._server = self._texts = None
        self._endless = False
        self.facts = {}
        gc.collect()

    def _check_room(self, queries: Sequence[Query], lengths: Sequence[int]) -> None:
        for query, length in zip(queries, lengths, strict=True):
            needed = length + self._new_tokens
            if needed > self._context:
                raise ModelError(
                    f"Query '{query.id}' needs {needed} tokens with its answer; a row of the"
                    f" batch has room for {self._context}.",
                    f"Add --option context={needed}.",
                )


def _answer(row: Row) -> Answer:
    return Answer(row.ids, "eos" if row.stop == "stop" else "length")


def _room(trial: Trial, positions: int | None) -> int:
    """Tokens of a row: all rows' memory is taken when the server starts."""
    asked = int(trial.options.get("context", _PROMPT_ROOM + trial.max_new_tokens))
    return asked if positions is None else min(asked, positions)


def _check(trial: Trial, source: ModelSource) -> None:
    """InputError or ModelError where this engine cannot run the trial."""
    for name in trial.options:
        if name not in OPTIONS:
            raise InputError(unknown("option of llamacpp", name, OPTIONS))
    family = trial.device.partition(":")[0]
    why = refuses_options(trial.options, trial.precision, family)
    if why is not None:
        raise InputError(f"llamacpp: {why}.", "Correct the option.")
    if source.origin != GGUF and trial.precision not in PRECISIONS:
        raise InputError(unknown("precision of llamacpp", trial.precision, PRECISIONS))
    why = refuses(source.config, trial.precision, family)
    if why is not None:
        raise ModelError(f"llamacpp cannot run '{source.name}': {why}.", "See 'wattmark list'.")
    if source.kind != "causal":
        raise ModelError(
            f"'{source.name}' is a {source.kind} model; llamacpp runs causal models.",
            "Take transformers or onnxruntime.",
        )


def _device(trial: Trial) -> int | None:
    """The index of the GPU, None for the CPU; InputError where this build has none."""
    family, _, index = trial.device.partition(":")
    if family == "cpu":
        return None
    if family != "cuda":
        raise InputError(unknown("device", trial.device, ("cpu", "cuda", "cuda:0")))
    kind = xllamacpp.ggml_backend_dev_type.GGML_BACKEND_DEVICE_TYPE_GPU
    gpus = [found for found in xllamacpp.get_device_info() if found["type"] == kind]
    if int(index or 0) >= len(gpus):
        raise InputError(
            f"This build of xllamacpp sees {len(gpus)} GPUs, so it has no '{trial.device}'.",
            "Take cpu, or install one of its CUDA wheels.",
        )
    return int(index or 0)
