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
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import transformers

from wattmark.backends import Stamp
from wattmark.backends.batching import cut, pad
from wattmark.backends.openvino_export import PARAMETERS, export, versions
from wattmark.backends.openvino_runner import Runner
from wattmark.backends.openvino_runtime import (
    anonymous_bytes,
    openvino,
    settings,
    settled,
    stored_bytes,
)
from wattmark.backends.texts import Texts
from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.work import Work
from wattmark.errors import InputError
from wattmark.models import RANDOM, find_model
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
        self._weight_bytes = 0

    def load(self, trial: Trial) -> None:
        """Convert the model where that was not done yet, compile it, and run it once."""
        self.close()
        properties = settings(trial.precision, trial.options)
        if trial.device != "cpu":
            raise InputError(f"openvino runs on cpu here, not on {trial.device}.", "Use cpu.")
        source = find_model(
            trial.model,
            revision=trial.revision,
            allow_pickle=trial.allow_pickle,
            trust_remote_code=trial.trust_remote_code,
            weights=trial.weights,
        )
        self._weight_bytes = source.weight_bytes
        with (
            memory_errors(f"loading '{trial.model}'", _CPU, source.weight_bytes),
            load_errors(trial.model),
        ):
            folder = source.path
            self._texts = Texts(
                folder,
                window=source.max_positions,
                trust_remote_code=trial.trust_remote_code,
            )
            config = transformers.AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trial.trust_remote_code
            )
            ends = _ends(folder, config, self._texts.tokenizer)
            self._texts.pad_id = _pad_id(config, self._texts.tokenizer, ends)
            # What random weights say has no end: every answer is as long as it may be.
            self._ends = frozenset() if source.origin == RANDOM else ends
            self._labels = config.id2label
            self._new_tokens = trial.max_new_tokens
            graph, export_s = export(source, trial, self._texts.pad_id)
            held = self._open(graph, properties, source.kind)
        self.facts = {
            "kind": source.kind,
            "architecture": source.architecture,
            "revision": source.revision,
            "tokenizer": source.tokenizer,
            "max_positions": source.max_positions,
            "export_s": export_s,
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
            self._runner.decode(padded, 2, (), time.monotonic_ns)
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
        """Greedy answers; ModelError where a prompt and its answer do not fit the window."""
        start = stamp.now()
        padded = self._texts.padded(queries, room=self._new_tokens, left=True)
        began = stamp.now()
        shape = f"generating for {len(queries)} prompts of up to {padded.width} tokens"
        with memory_errors(shape, _CPU, self._weight_bytes):
            rows, times = self._runner.decode(padded, self._new_tokens, self._ends, stamp.now)
        work = Work(batch, queries, padded.lengths, stamp, start, began, times)
        return work.answers(cut(rows, self._ends), self._texts.text)

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


def _ends(folder: Path, config: Any, tokenizer: Any) -> frozenset[int]:
    """Ids of the tokens that end an answer: the generation config's, or else the tokenizer's."""
    if (folder / "generation_config.json").is_file():
        stored = transformers.GenerationConfig.from_pretrained(folder, local_files_only=True)
    else:
        stored = transformers.GenerationConfig.from_model_config(config)
    eos = tokenizer.eos_token_id if stored.eos_token_id is None else stored.eos_token_id
    return frozenset(eos if isinstance(eos, list) else [] if eos is None else [eos])


def _pad_id(config: Any, tokenizer: Any, ends: Collection[int]) -> int:
    """What fills a batch: the config's, since position ids of some families derive from it."""
    candidates = (getattr(config, "pad_token_id", None), tokenizer.pad_token_id, *sorted(ends))
    return next((token for token in candidates if token is not None and token >= 0), 0)
