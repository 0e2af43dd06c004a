"""OpenVINO's plain runtime on a CPU: greedy decoding and sequence classification.

A model is converted once (`openvino_export`), compiled, and driven step by step. Its cache lies
inside the compiled model: a step is given each row's newest token, and the logits of the last
position come back on the host, so that a stamp is taken when the step's tokens exist. The first
step reads whole prompts, padded on the left. There is no prefix cache: a repeated prompt is read
anew.

The plugin maps the file of weights and packs copies of them for its kernels when it first computes,
so `load` runs two steps of its own. `weight_bytes` are the graph's constants, `plugin_bytes` what
compiling and those steps added to the process's own memory.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import transformers

from wattmark.backends import Stamp
from wattmark.backends.batching import cut, pad
from wattmark.backends.choosing import Chooser
from wattmark.backends.openvino_export import PARAMETERS, export, versions
from wattmark.backends.openvino_runner import Runner
from wattmark.backends.openvino_runtime import (
    anonymous_bytes,
    openvino,
    settings,
    settled,
    stored_bytes,
)
from wattmark.backends.stopping import StopWatch
from wattmark.backends.texts import Texts, end_ids, pad_id
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.work import Work
from wattmark.errors import InputError
from wattmark.models import RANDOM, ModelSource, model_of
from wattmark.schema import Generation, Query, Trial

PRELOAD = ("transformers.models.auto.tokenization_auto",)
_CPU = torch.device("cpu")


class OpenVINOBackend:
    """A `Backend` that holds one compiled model and one infer request."""

    def __init__(self) -> None:
        self.facts: Mapping[str, Any] = {}
        self._texts: Any = None
        self._runner: Any = None
        self._labels: Mapping[int, str] = {}
        self._ends: frozenset[int] = frozenset()
        self._new_tokens = 0
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
        """Compile the converted model, and run it once."""
        self.close()
        properties = settings(trial.precision, trial.options)
        made = _made(trial)
        source, self._texts = made.source, made.texts
        self._weight_bytes = source.weight_bytes
        # What random weights say has no end: every answer is as long as it may be.
        self._ends = frozenset() if source.origin == RANDOM else frozenset(made.ends)
        stops = () if source.origin == RANDOM else trial.stops
        self._watch = StopWatch(stops, made.texts.text)
        self._labels = made.labels
        self._chooser = Chooser(trial.asking, trial.seed)
        self._new_tokens = trial.max_new_tokens
        with _errors(trial, source):
            held = self._open(made.graph, properties, source.kind)
        self.facts = {
            "kind": source.kind,
            "architecture": source.architecture,
            "revision": source.revision,
            "tokenizer": source.tokenizer,
            "max_positions": source.max_positions,
            **held,
            "versions": versions() | {"transformers": transformers.__version__},
        }

    def _open(self, graph: Path, properties: Mapping[str, str], kind: str) -> dict[str, Any]:
        """Compile a graph and compute once, when the plugin lays out its weights; what it holds."""
        core = openvino.Core()
        model = core.read_model(graph)
        types = stored_bytes(model)
        self._weight_bytes = sum(types.values())
        before = anonymous_bytes()
        compiled = core.compile_model(model, "CPU", properties)
        self._runner = Runner(compiled)
        padded = pad([[self._texts.pad_id] * 2], self._texts.pad_id, left=True)
        if kind == "causal":
            choose = Chooser(None, 0).choose
            self._runner.decode(padded, 2, (), time.monotonic_ns, choose, watch=StopWatch())
        else:
            self._runner.shares(padded)
        return {
            "parameters": int(model.get_rt_info(PARAMETERS).astype(str)),
            "weight_bytes": self._weight_bytes,
            "weight_bytes_by_type": types,
            # The file stays mapped as well: these are copies, packed for its kernels.
            "plugin_bytes": None if before is None else (anonymous_bytes() or 0) - before,
            "dtype": max(types, key=lambda name: types[name]),
            **settled(compiled),
        }

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """Answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=self._new_tokens, left=True)
        began = stamp.now()
        shape = f"generating for {len(queries)} prompts of up to {padded.width} tokens"
        self._chooser.begin(batch)
        watch = self._watch
        watch.begin(queries)
        with memory_errors(shape, _CPU, self._weight_bytes):
            rows, times = self._runner.decode(
                padded,
                self._new_tokens,
                self._ends,
                stamp.now,
                self._chooser.choose,
                watch=watch,
            )
        work = Work(batch, queries, padded.lengths, stamp, start, began, times, stops=watch.stops)
        answers = cut(rows, self._ends, watch.lengths)
        sure = self._chooser.confidences([len(answer.ids) for answer in answers])
        return work.answers(answers, self._texts.text, sure)

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        """The most likely label of each text, with its probability."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=0, left=False)
        began = stamp.now()
        shape = f"classifying {len(queries)} texts of up to {padded.width} tokens"
        with memory_errors(shape, _CPU, self._weight_bytes):
            shares = self._runner.shares(padded)
        work = Work(batch, queries, padded.lengths, stamp, start, began, [stamp.now()])
        chosen = [(str(self._labels[int(row.argmax())]), float(row.max())) for row in shares]
        return work.labels(chosen)

    def vram_peak_bytes(self) -> int | None:
        """None: it computes on the CPU."""
        return None

    def close(self) -> None:
        """Free the model; a second call does nothing."""
        self._texts = self._runner = None
        self.facts = {}
        gc.collect()


@dataclass(frozen=True)
class _Made:
    """A model in OpenVINO's files, and what is needed beside them."""

    source: ModelSource
    texts: Texts
    ends: tuple[int, ...]
    labels: Mapping[int, str]
    graph: Path
    fresh: bool
    """Whether it was converted just now."""


def _made(trial: Trial) -> _Made:
    """The trial's model, converted where that was not done yet."""
    settings(trial.precision, trial.options)  # refuses what would be refused an export later
    if trial.device != "cpu":
        raise InputError(f"openvino runs on cpu here, not on {trial.device}.", "Use cpu.")
    source = model_of(trial)
    with _errors(trial, source):
        texts = Texts(
            source.path, window=source.max_positions, trust_remote_code=trial.trust_remote_code
        )
        config = transformers.AutoConfig.from_pretrained(
            source.path, local_files_only=True, trust_remote_code=trial.trust_remote_code
        )
        told = config.to_dict()
        ends = end_ids(source.path, told, texts.tokenizer)
        texts.pad_id = pad_id(told, texts.tokenizer, ends)
        graph, fresh = export(source, trial, texts.pad_id)
    return _Made(source, texts, ends, config.id2label, graph, fresh)


@contextmanager
def _errors(trial: Trial, source: ModelSource) -> Iterator[None]:
    """What goes wrong while a model is loaded, in our words."""
    doing = f"loading '{trial.model}'"
    with memory_errors(doing, _CPU, source.weight_bytes), load_errors(trial.model):
        yield
