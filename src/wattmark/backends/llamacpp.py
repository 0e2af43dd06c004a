"""llama.cpp, in this process: greedy decoding of GGUF files, one's own or converted from a folder.

A folder is converted once (`llamacpp_export`) and its prompts are tokenised as for every engine;
a GGUF file brings a tokenizer that llama.cpp reads itself. Rows of a batch are decoded together,
but each row's token is handed over on its own, microseconds apart, so that rows have times of
their own: the prefill ends when the last row has its first token. A batch that is read in several
steps (more prompt tokens than one step takes) gives some rows their first token earlier.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import xllamacpp

from wattmark.backends import Stamp
from wattmark.backends.batching import Answer
from wattmark.backends.choosing import Chooser
from wattmark.backends.llamacpp_export import export, versions
from wattmark.backends.llamacpp_limits import (
    OPTIONS,
    PRECISIONS,
    refuses,
    refuses_options,
    window,
)
from wattmark.backends.llamacpp_server import STOPPED, Row, Server
from wattmark.backends.stopping import StopWatch, begins_thinking, find_stop
from wattmark.backends.texts import Texts, end_ids
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.work import Work
from wattmark.errors import InputError, ModelError, unknown
from wattmark.models import RANDOM, ModelSource, model_of
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
        self._chooser = Chooser(None, 0)
        self._context = 0
        self._endless = False
        self._stops: tuple[str, ...] = ()
        self._weight_bytes = 0

    @property
    def texts(self) -> Texts | None:
        """The model's tokenizer; None before `load`, and of a GGUF file."""
        return self._texts

    def prepare(self, trial: Trial) -> bool:
        """Convert the model where that was not done yet; whether it was done now."""
        return _made(trial, model_of(trial)).fresh

    def load(self, trial: Trial) -> None:
        """Start a server with the converted model."""
        self.close()
        gpu = _device(trial)
        source = model_of(trial)
        made = _made(trial, source)
        self._texts, self._endless = made.texts, made.endless
        self._stops = () if source.origin == RANDOM else trial.stops
        header = read_gguf(str(made.path))
        self._new_tokens = trial.max_new_tokens
        self._chooser = Chooser(trial.asking, trial.seed)
        self._weight_bytes = header.weight_bytes
        positions = window(source.config, source.max_positions)
        self._context = _room(trial, positions)
        threads = int(trial.options.get("threads", torch.get_num_threads()))
        with _errors(trial, header.weight_bytes):
            self._server = Server(
                made.path,
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
            "versions": versions(),
        }

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Answers; ModelError where a prompt and its answer do not fit."""
        start = stamp.now()
        if self._server is None:
            raise InputError("No model is loaded.", "Call load first.")
        texts = self._texts
        prompts: Sequence[Any] = [query.prompt for query in queries]
        if texts is not None:
            prompts = texts.rows(queries, room=self._new_tokens)
            self._check_room(queries, [len(ids) for ids in prompts])
        self._chooser.begin(batch)
        began = stamp.now()
        shape = f"generating for {len(queries)} prompts"
        with memory_errors(shape, _CPU, self._weight_bytes):
            rows = self._server.run(
                prompts,
                self._new_tokens,
                stamp.now,
                endless=self._endless,
                chooser=self._chooser,
                stopped=self._stopped(queries),
            )
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
            self._stops,
        )
        said = iter(["".join(row.pieces) for row in rows])
        answers = [_answer(row) for row in rows]
        sure = [_sure(row) if self._chooser.asking.confidence else None for row in rows]
        return work.answers(answers, (lambda _: next(said)) if texts is None else texts.text, sure)

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

    def _stopped(self, queries: Sequence[Query]) -> Callable[[int, Row], bool] | None:
        """Which row has ended by its text; None where there is nothing to end it.

        The server itself could not tell: of a converted model it knows tokens by number alone.
        """
        stops, texts = self._stops, self._texts
        if not stops:
            return None
        if texts is None:
            thinking = [begins_thinking(query.prompt) for query in queries]
            return lambda place, row: (
                find_stop("".join(row.pieces), stops, thinking=thinking[place]) is not None
            )
        watch = StopWatch(stops, texts.text)
        watch.begin(queries)
        seen = [0] * len(queries)

        def stopped(place: int, row: Row) -> bool:
            fresh, seen[place] = row.ids[seen[place] :], len(row.ids)
            return any(watch.take_one(place, token) for token in fresh)

        return stopped

    def _check_room(self, queries: Sequence[Query], lengths: Sequence[int]) -> None:
        for query, length in zip(queries, lengths, strict=True):
            needed = length + self._new_tokens
            if needed > self._context:
                raise ModelError(
                    f"Query '{query.id}' needs {needed} tokens with its answer; a row of the"
                    f" batch has room for {self._context}.",
                    f"Add --option context={needed}.",
                )


@dataclass(frozen=True)
class _Made:
    """A GGUF file, and what reads and writes its ids."""

    path: Path
    texts: Texts | None
    """None for a user's own file, which brings its tokenizer."""
    endless: bool
    fresh: bool
    """Whether it was converted just now."""


def _made(trial: Trial, source: ModelSource) -> _Made:
    """The trial's model as a GGUF file, converted where that was not done yet."""
    _check(trial, source)
    if source.origin == GGUF:
        return _Made(source.path, None, endless=False, fresh=False)
    with _errors(trial, source.weight_bytes):
        texts = Texts(
            source.path,
            window=window(source.config, source.max_positions),
            trust_remote_code=trial.trust_remote_code,
        )
        random = source.origin == RANDOM
        ends = () if random else end_ids(source.path, source.config, texts.tokenizer)
        path, fresh = export(source, trial, ends)
    return _Made(path, texts, endless=not ends, fresh=fresh)


@contextmanager
def _errors(trial: Trial, weight_bytes: int) -> Iterator[None]:
    """What goes wrong while a model is loaded, in our words."""
    doing = f"loading '{trial.model}'"
    with memory_errors(doing, _CPU, weight_bytes), load_errors(trial.model):
        yield


def _sure(row: Row) -> float | None:
    """The geometric mean probability of a row's tokens; None where not each of them has one."""
    if not row.logarithms or len(row.logarithms) != len(row.ids):
        return None
    return math.exp(sum(row.logarithms) / len(row.logarithms))


def _answer(row: Row) -> Answer:
    reasons = {"stop": "eos", STOPPED: "stop"}
    return Answer(row.ids, reasons.get(row.stop, "length"))


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
