"""ONNX Runtime: causal models through onnxruntime-genai or a plain session, and classifiers.

`load` takes the model's ONNX files from the cache, or has them made by a process of its own, and
reads them into memory; a folder that already holds ONNX (genai_config.json and a graph) is taken as
it is. A batch is tokenised (host), its prompts are read in one pass that ends with the first token
(prefill), each further step gives one token to every row (decode), and ids become text (host).
A stamp is taken when a step's tokens are on the host.

With int8-dynamic one scale rounds the activations of a whole batch, so that a row's answer may
depend on the rows beside it. With int8-wo and int4-wo on a CPU activations are rounded to int8 in
blocks before they are multiplied, as the engine does by default; `facts` tells.
"""

from __future__ import annotations

import gc
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.backends.onnxruntime_export import (
    QUIET,
    Onnx,
    export,
    is_onnx_folder,
    ready,
    versions,
)

os.environ["ORT_DISABLE_TELEMETRY"] = QUIET["ORT_DISABLE_TELEMETRY"]  # read at its import

import onnxruntime

from wattmark.backends import Stamp
from wattmark.backends.batching import cut
from wattmark.backends.onnxruntime_generator import Generator
from wattmark.backends.onnxruntime_limits import window
from wattmark.backends.onnxruntime_session import Session
from wattmark.backends.specs import ONNXRUNTIME
from wattmark.backends.texts import Texts
from wattmark.backends.work import Work
from wattmark.errors import InputError, ModelError, OutOfMemoryError, WattmarkError, unknown
from wattmark.models import RANDOM, ModelSource, find_model
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


@dataclass(frozen=True)
class _Model:
    """What is known of a model before its weights are read."""

    name: str
    folder: Path
    """Where its tokenizer is."""
    kind: str
    architecture: str
    config: Mapping[str, Any]
    window: int | None
    vocabulary: int | None
    source: ModelSource | None
    """None for a folder of ONNX files."""


class OnnxRuntimeBackend:
    """A `Backend` that holds one ONNX model, on a CPU or on one CUDA device."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._engine: Any = None
        self._texts: Any = None
        self._eos_ids: tuple[int, ...] = ()
        self._most = 0
        self._weight_bytes = 0

    def load(self, trial: Trial) -> None:
        """Convert the model if that was not done before, and read it into memory."""
        self.close()
        family, threads = check_trial(trial)
        model = find(trial)
        with _errors(f"loading '{trial.model}'", trial.model, 0):
            self._texts = Texts(
                model.folder,
                window=model.window,
                trust_remote_code=trial.trust_remote_code,
            )
        self._most = trial.max_new_tokens
        endless = model.source is not None and model.source.origin == RANDOM
        self._eos_ids = () if endless else end_ids(model, self._texts.tokenizer)
        self._texts.pad_id = pad_id(model.config, self._texts.tokenizer, self._eos_ids)
        onnx = _onnx(trial, model, family, self._texts.pad_id)
        self._weight_bytes = int(onnx.facts["weight_bytes"])
        with _errors(f"loading '{trial.model}'", trial.model, self._weight_bytes):
            self._engine = self._open(onnx, model, family, threads, endless)
        self.facts = _describe(trial, model, onnx, threads)

    def _open(
        self, onnx: Onnx, model: _Model, family: str, threads: int, endless: bool
    ) -> Generator | Session:
        if not onnx.generator:
            return Session(
                onnx.folder / "model.onnx",
                family=family,
                threads=threads,
                pad_id=self._texts.pad_id,
                eos_ids=self._eos_ids,
            )
        filler = unused_id(self._texts.tokenizer, model.vocabulary, self._eos_ids)
        return Generator(
            onnx.folder,
            family=family,
            threads=threads,
            pad_id=filler,
            eos_ids=self._eos_ids,
            endless=endless,
        )

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Greedy answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        rows = self._texts.rows(queries, room=self._most)
        lengths = [len(row) for row in rows]
        shape = f"generating for {len(rows)} prompts of up to {max(lengths)} tokens"
        prefill = stamp.now()
        with _errors(shape, "", self._weight_bytes):
            said, times = self._engine.answer(rows, self._most, stamp.now)
        answers = cut(said, self._eos_ids)
        return Work(batch, queries, lengths, stamp, start, prefill, times).answers(
            answers, self._texts.text
        )

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
        labels = self.facts["labels"]
        return work.labels(
            [(labels[int(k)], float(row[k])) for k, row in zip(best, shares, strict=True)]
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


def find(trial: Trial) -> _Model:
    """The model of a trial: of ours, or a folder of ONNX files."""
    if is_onnx_folder(trial.model):
        return _onnx_folder(trial.model)
    source = find_model(
        trial.model,
        revision=trial.revision,
        allow_pickle=trial.allow_pickle,
        trust_remote_code=trial.trust_remote_code,
        weights=trial.weights,
    )
    vocabulary = source.config.get("vocab_size")
    return _Model(
        name=trial.model,
        folder=source.path,
        kind=source.kind,
        architecture=source.architecture,
        config=source.config,
        window=window(source.config, source.max_positions),
        vocabulary=vocabulary if isinstance(vocabulary, int) else None,
        source=source,
    )


def _onnx_folder(name: str) -> _Model:
    folder = Path(name).expanduser()
    try:
        told = json.loads((folder / "genai_config.json").read_text(encoding="utf-8"))["model"]
        positions, vocabulary = told["context_length"], told["vocab_size"]
        config = {key: told.get(key) for key in ("eos_token_id", "pad_token_id", "bos_token_id")}
        architecture = str(told["type"])
    except (ValueError, KeyError, TypeError) as reason:
        raise ModelError(
            f"'{name}/genai_config.json' is malformed: {reason}.", "Export the model again."
        ) from reason
    return _Model(name, folder, "causal", architecture, config, positions, vocabulary, None)


def _onnx(trial: Trial, model: _Model, family: str, pad: int) -> Onnx:
    """The model's ONNX files, made if they must be."""
    if model.source is None:
        return ready(model.name, trial.precision)
    return export(trial, model.source, family, pad)


def end_ids(model: _Model, tokenizer: Any) -> tuple[int, ...]:
    """End tokens: the generation settings', else the config's, else the tokenizer's."""
    candidates = [model.config.get("eos_token_id"), tokenizer.eos_token_id]
    settings = model.folder / "generation_config.json"
    if settings.is_file():
        candidates.insert(0, json.loads(settings.read_text(encoding="utf-8")).get("eos_token_id"))
    found: Any = next((each for each in candidates if each is not None), [])
    return tuple(found) if isinstance(found, list) else (int(found),)


def pad_id(config: Mapping[str, Any], tokenizer: Any, ends: Sequence[int]) -> int:
    """What fills rows up: the config's first, from which some families derive positions."""
    candidates = (config.get("pad_token_id"), tokenizer.pad_token_id, *ends)
    return next((int(token) for token in candidates if token is not None and token >= 0), 0)


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


def _describe(trial: Trial, model: _Model, onnx: Onnx, threads: int) -> dict[str, Any]:
    """What was loaded, as plain values."""
    source, labels = model.source, model.config.get("id2label") or {}
    return {
        "kind": model.kind,
        "architecture": model.architecture,
        "revision": source.revision if source else None,
        "parameters": onnx.facts.get("parameters"),
        "weight_bytes": onnx.facts["weight_bytes"],
        "weight_bytes_by_type": onnx.facts["weight_bytes_by_type"],
        "dtype": onnx.facts["precision"],
        "activations": onnx.facts["activations"],
        "device": trial.device,
        "runner": "onnxruntime-genai" if onnx.generator else "session",
        "threads": threads,
        "max_positions": model.window,
        "export_s": onnx.export_s,
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
