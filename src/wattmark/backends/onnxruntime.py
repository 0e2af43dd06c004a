"""ONNX Runtime: causal models through onnxruntime-genai or a plain session, and classifiers.

A model's ONNX files come from the cache, or are made by a process of its own; a folder that already
holds ONNX (genai_config.json and a graph) is taken as it is. A batch is tokenised (host), its
prompts are read in one pass that ends with the first token (prefill), each further step gives one
token to every row (decode), and ids become text (host). A stamp is taken when a step's tokens are
on the host.

With int8-dynamic one scale rounds the activations of a whole batch, so that a row's answer may
depend on the rows beside it. With int8-wo and int4-wo on a CPU activations are rounded to int8 in
blocks before they are multiplied, as the engine does by default; `facts` tells.
"""

from __future__ import annotations

import gc
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # it would report to its maker, once imported

import onnxruntime

from wattmark.backends import Stamp
from wattmark.backends.batching import cut
from wattmark.backends.choosing import Chooser
from wattmark.backends.onnxruntime_export import export, uses_builder, versions
from wattmark.backends.onnxruntime_generator import Generator
from wattmark.backends.onnxruntime_limits import refuses, window
from wattmark.backends.onnxruntime_session import Session
from wattmark.backends.specs import ONNXRUNTIME
from wattmark.backends.stopping import StopWatch
from wattmark.backends.texts import Texts, end_ids, pad_id
from wattmark.backends.work import Work
from wattmark.errors import InputError, ModelError, OutOfMemoryError, WattmarkError, unknown
from wattmark.models import RANDOM, ModelSource, model_of
from wattmark.models.onnx_folder import GRAPH, ONNX, graph_facts
from wattmark.schema import Generation, Query, Trial
from wattmark.units import gibibytes

PRELOAD = (
    "wattmark.backends.onnxruntime_generator",
    "transformers.models.auto.tokenization_auto",
    "transformers.tokenization_utils_tokenizers",
)
_PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}
_NO_MEMORY = re.compile(r"bad.?alloc|failed to allocate|out of memory", re.IGNORECASE)
_LONGEST = 300


class OnnxRuntimeBackend:
    """A `Backend` that holds one ONNX model, on a CPU or on one CUDA device."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._engine: Any = None
        self._texts: Any = None
        self._eos_ids: tuple[int, ...] = ()
        self._most = 0
        self._chooser = Chooser(None, 0)
        self._watch = StopWatch()
        self._weight_bytes = 0

    @property
    def texts(self) -> Texts | None:
        """The model's tokenizer; None before `load`."""
        texts: Texts | None = self._texts
        return texts

    def prepare(self, trial: Trial) -> bool:
        """Convert the model where that was not done yet; whether it was done now."""
        return _made(trial).fresh

    def load(self, trial: Trial) -> None:
        """Read the converted model into memory."""
        self.close()
        made = _made(trial)
        source, self._texts = made.source, made.texts
        self._most = trial.max_new_tokens
        self._chooser = Chooser(trial.asking, trial.seed)
        endless = source.origin == RANDOM
        self._eos_ids = () if endless else made.ends
        stops = () if endless else trial.stops
        self._watch = StopWatch(stops, made.texts.text)
        self._weight_bytes = int(made.facts["weight_bytes"])
        family, threads = check_trial(trial)
        with _errors(f"loading '{trial.model}'", trial.model, self._weight_bytes):
            self._engine = self._open(made, family, threads, endless)
        self.facts = _describe(trial, made, threads)

    def _open(self, made: _Made, family: str, threads: int, endless: bool) -> Generator | Session:
        if not made.generator:
            return Session(
                made.graph,
                family=family,
                threads=threads,
                pad_id=self._texts.pad_id,
                eos_ids=self._eos_ids,
            )
        vocabulary = made.source.config.get("vocab_size")
        known = vocabulary if isinstance(vocabulary, int) else None
        return Generator(
            made.graph.parent,
            family=family,
            threads=threads,
            pad_id=unused_id(self._texts.tokenizer, known, self._eos_ids),
            eos_ids=self._eos_ids,
            endless=endless,
        )

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        rows = self._texts.rows(queries, room=self._most)
        lengths = [len(row) for row in rows]
        shape = f"generating for {len(rows)} prompts of up to {max(lengths)} tokens"
        self._chooser.begin(batch)
        watch = self._watch
        watch.begin(queries)
        prefill = stamp.now()
        with _errors(shape, "", self._weight_bytes):
            said, times = self._engine.answer(rows, self._most, stamp.now, self._chooser, watch)
        answers = cut(said, self._eos_ids, watch.lengths)
        sure = self._chooser.confidences([len(answer.ids) for answer in answers])
        work = Work(batch, queries, lengths, stamp, start, prefill, times, stops=watch.stops)
        return work.answers(answers, self._texts.text, sure)

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The most likely label of each text, with its probability."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=0, left=False)
        shape = f"classifying {len(queries)} texts of up to {padded.width} tokens"
        began = stamp.now()
        with _errors(shape, "", self._weight_bytes):
            shares = self._engine.classify(padded)
        work = Work(batch, queries, padded.lengths, stamp, start, began, [stamp.now()])
        best = shares.argmax(axis=-1)
        named = dict(enumerate(self.facts["labels"]))
        return work.labels(
            [
                (named.get(int(k), f"LABEL_{k}"), float(row[k]))
                for k, row in zip(best, shares, strict=True)
            ]
        )

    def vram_peak_bytes(self) -> int | None:
        """None: ONNX Runtime does not tell what it took of a device."""
        return None

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._engine = self._texts = None
        self.facts = {}
        gc.collect()


def check_trial(trial: Trial) -> tuple[str, int]:
    """The device family and the number of threads; InputError for what cannot be asked."""
    for name in trial.options:
        if name not in ONNXRUNTIME.options:
            raise InputError(unknown("option of onnxruntime", name, ONNXRUNTIME.options))
    family = trial.device.partition(":")[0]
    if family not in _PROVIDERS:
        raise InputError(unknown("device of onnxruntime", trial.device, _PROVIDERS))
    offered = ONNXRUNTIME.precisions[family]
    if trial.precision not in offered:
        reason = ONNXRUNTIME.refused.get((family, trial.precision))
        if reason is not None:
            raise InputError(f"onnxruntime on {family} does not run {trial.precision}: {reason}.")
        raise InputError(unknown("precision of onnxruntime", trial.precision, offered))
    if _PROVIDERS[family] not in onnxruntime.get_available_providers():
        raise InputError(
            f"Device '{trial.device}' is not available: this onnxruntime"
            f" {onnxruntime.__version__} has no {_PROVIDERS[family]}.",
            "Use cpu, or install onnxruntime-gpu and onnxruntime-genai-cuda instead.",
        )
    asked = trial.options.get("threads")
    return family, _default_threads() if asked is None else int(asked)


def _default_threads() -> int:
    """What the worker was given: ONNX Runtime itself would count every core of the machine."""
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    told = os.environ.get("OMP_NUM_THREADS", "")
    return min(int(told), usable or 1) if told.isdigit() and int(told) else usable or 1


@dataclass(frozen=True)
class _Made:
    """A model in ONNX files, and what is needed beside them."""

    source: ModelSource
    texts: Texts
    ends: tuple[int, ...]
    graph: Path
    facts: Mapping[str, Any]
    """What is in the graph."""
    generator: bool
    """Whether onnxruntime-genai runs it; a plain session otherwise."""
    fresh: bool
    """Whether it was converted just now."""


def _made(trial: Trial) -> _Made:
    """The trial's model, converted where that was not done yet."""
    family, _ = check_trial(trial)
    source = model_of(trial)
    why = refuses(source.config, trial.precision, family)
    if why is not None:
        raise ModelError(f"onnxruntime cannot run '{source.name}': {why}.", "See 'wattmark list'.")
    with _errors(f"loading '{trial.model}'", trial.model, 0):
        texts = Texts(
            source.path,
            window=window(source.config, source.max_positions),
            trust_remote_code=trial.trust_remote_code,
        )
    ends = end_ids(source.path, source.config, texts.tokenizer)
    texts.pad_id = pad_id(source.config, texts.tokenizer, ends)
    if source.origin == ONNX:
        graph, generator, fresh = source.weight_files[0], True, False
    else:
        folder, fresh = export(source, trial, texts.pad_id)
        graph, generator = folder / GRAPH, uses_builder(source)
    facts = graph_facts(trial.model, graph)
    return _Made(source, texts, ends, graph, facts, generator, fresh)


def unused_id(tokenizer: Any, vocabulary: int | None, ends: Sequence[int]) -> int:
    """A token that prompts do not hold: behind the tokenizer's last, its padding, or a rare one."""
    last = max(tokenizer.get_vocab().values())
    if vocabulary is not None and last < vocabulary - 1:
        return vocabulary - 1
    pad = tokenizer.pad_token_id
    taken = {tokenizer.bos_token_id, *ends}
    if pad is not None and pad not in taken:
        return int(pad)
    return next((token for token in range(last, -1, -1) if token not in taken), 0)


def _describe(trial: Trial, made: _Made, threads: int) -> dict[str, Any]:
    """What was loaded, as plain values."""
    source, labels = made.source, made.source.config.get("id2label") or {}
    return {
        "kind": source.kind,
        "architecture": source.architecture,
        "revision": source.revision,
        "tokenizer": source.tokenizer,
        "parameters": made.facts.get("parameters"),
        "weight_bytes": made.facts["weight_bytes"],
        "weight_bytes_by_type": made.facts["weight_bytes_by_type"],
        "dtype": made.facts["precision"],
        "activations": made.facts["activations"],
        "device": trial.device,
        "runner": "onnxruntime-genai" if made.generator else "session",
        "threads": threads,
        "max_positions": made.texts.window,
        "labels": [str(labels[key]) for key in sorted(labels, key=int)],
        "versions": versions(),
    }


@contextmanager
def _errors(doing: str, name: str, weight_bytes: int) -> Iterator[None]:
    """What the engine raises in our words: out of memory always, all else while it loads `name`."""
    try:
        yield
    except WattmarkError:
        raise
    except Exception as reason:
        said = " ".join(str(reason).split()) or type(reason).__name__
        if isinstance(reason, MemoryError) or _NO_MEMORY.search(said):
            weights = f" (the weights are {gibibytes(weight_bytes)})" if weight_bytes else ""
            raise OutOfMemoryError(
                f"Out of memory while {doing}{weights}.",
                "Take a smaller batch, a lower precision or a smaller model.",
            ) from reason
        if not name:
            raise
        said = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        raise ModelError(
            f"'{name}' cannot be loaded: {said.rstrip('.')}.",
            "Check that its files belong together.",
        ) from reason
