"""Models in a plain session of ONNX Runtime: classifiers, and causal models with a loop of our own.

A causal graph takes ids, a mask, positions and the keys and values so far, and gives logits and
the longer keys and values; with none so far it is the prefill. These stay inside the engine from
step to step. Rows are padded on the left, and positions count real tokens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from wattmark.backends.batching import Padded, pad
from wattmark.backends.choosing import Chooser
from wattmark.backends.stopping import StopWatch
from wattmark.errors import ModelError

_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(int64)": np.int64,
    "tensor(int32)": np.int32,
    "tensor(bool)": np.bool_,
}
_BEFORE, _BEHIND = "input.", "output."
"""How the exporter names the cache that comes in and the one that goes out."""
_IDS, _MASK, _POSITIONS, _LOGITS = "input_ids", "attention_mask", "position_ids", "logits"


class Session:
    """One graph in memory, ready to answer or to classify."""

    def __init__(
        self, graph: Path, *, family: str, threads: int, pad_id: int, eos_ids: Collection[int]
    ) -> None:
        options: Any = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3  # a worker's standard streams belong to the runner
        providers = ["CPUExecutionProvider"]
        if family == "cuda":
            providers.insert(0, "CUDAExecutionProvider")
        self._session: Any = onnxruntime.InferenceSession(str(graph), options, providers=providers)
        self._inputs = {i.name: i for i in self._session.get_inputs()}
        self._outputs = [o.name for o in self._session.get_outputs()]
        self._pad_id = pad_id
        self._eos_ids = frozenset(eos_ids)

    def classify(self, padded: Padded) -> npt.NDArray[np.float64]:
        """Shares of each label: rows × labels."""
        given = {_IDS: np.array(padded.ids), _MASK: np.array(padded.mask)}
        feeds: dict[str, Any] = {
            name: array.astype(_TYPES[self._inputs[name].type])
            for name, array in given.items()
            if name in self._inputs
        }
        (logits,) = self._session.run([_LOGITS], feeds)
        raised = np.exp(logits.astype(np.float64) - logits.max(axis=-1, keepdims=True))
        shares: npt.NDArray[np.float64] = raised / raised.sum(axis=-1, keepdims=True)
        return shares

    def answer(
        self,
        rows: Sequence[Sequence[int]],
        most: int,
        now: Callable[[], int],
        chooser: Chooser,
        watch: StopWatch,
    ) -> tuple[list[list[int]], list[int]]:
        """New tokens of each row, whatever comes behind its end, and the stamp of each step.

        `watch` tells which rows have stopped by their text.
        """
        padded = pad(rows, self._pad_id, left=True)
        ids, mask = np.array(padded.ids), np.array(padded.mask)
        cache = self._nothing(len(rows))
        alive = np.ones(len(rows), dtype=bool)
        said: list[npt.NDArray[Any]] = []
        times: list[int] = []
        while len(said) < most and alive.any():
            positions = np.maximum(mask.cumsum(axis=1) - 1, 0)[:, -ids.shape[1] :]
            logits, cache = self._step(ids, mask, positions, cache)
            tokens = chooser.choose(logits[:, -1])
            times.append(now())
            said.append(tokens)
            alive &= ~np.isin(tokens, list(self._eos_ids))
            alive &= watch.going_on(tokens)
            ids = tokens[:, None]
            mask = np.concatenate([mask, np.ones_like(ids)], axis=1)
        answers: list[list[int]] = np.stack(said, axis=1).tolist()
        return answers, times

    def _nothing(self, rows: int) -> dict[str, Any]:
        """Keys and values of no token."""
        empty = {}
        for name, told in self._inputs.items():
            if name in (_IDS, _MASK, _POSITIONS):
                continue
            # A size that the tracer knows may be written as text.
            sizes = [int(size) if str(size).isdigit() else None for size in told.shape]
            if len(sizes) != 4 or sizes[1] is None or sizes[3] is None:
                raise ModelError(
                    f"The exported graph has an input '{name}' of shape {told.shape},"
                    " which is no cache of keys and values.",
                    "Take another engine for this model.",
                )
            shape = (rows, sizes[1], 0, sizes[3])
            value: npt.NDArray[Any] = np.zeros(shape, dtype=_TYPES[told.type])
            empty[name] = onnxruntime.OrtValue.ortvalue_from_numpy(value)
        return empty

    def _step(
        self,
        ids: npt.NDArray[Any],
        mask: npt.NDArray[Any],
        positions: npt.NDArray[Any],
        cache: dict[str, Any],
    ) -> tuple[npt.NDArray[Any], dict[str, Any]]:
        """Logits (rows × tokens × vocabulary) and the cache behind these tokens."""
        feeds = dict(cache)
        for name, array in ((_IDS, ids), (_MASK, mask), (_POSITIONS, positions)):
            if name in self._inputs:
                typed: npt.NDArray[Any] = np.ascontiguousarray(
                    array.astype(_TYPES[self._inputs[name].type])
                )
                feeds[name] = onnxruntime.OrtValue.ortvalue_from_numpy(typed)
        values = self._session.run_with_ort_values(self._outputs, feeds)
        told = dict(zip(self._outputs, values, strict=True))
        logits: npt.NDArray[Any] = told[_LOGITS].numpy()
        return logits, {name: told[name.replace(_BEFORE, _BEHIND, 1)] for name in cache}
