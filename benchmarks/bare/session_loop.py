"""onnxruntime: a plain session whose cache is bound from output to input (IO binding).

That is how its documentation keeps what a step hands to the next one inside the engine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnxruntime
from transformers import AutoTokenizer

from benchmarks.bare.question import Answer, Question

TYPES = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(bool)": np.bool_}
GIVEN = ("input_ids", "attention_mask", "position_ids")


def prepare(question: Question) -> Answer:
    """The graph in memory, ready to answer."""
    tokenizer = AutoTokenizer.from_pretrained(question.folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    options: Any = onnxruntime.SessionOptions()
    options.intra_op_num_threads = question.threads
    options.inter_op_num_threads = 1
    session: Any = onnxruntime.InferenceSession(
        question.files, options, providers=["CPUExecutionProvider"]
    )
    types = {i.name: TYPES[i.type] for i in session.get_inputs() if i.name in GIVEN}
    shapes = {
        i.name: [int(size) if str(size).isdigit() else 0 for size in i.shape]
        for i in session.get_inputs()
        if i.name not in GIVEN
    }
    outputs = [o.name for o in session.get_outputs()]

    def step(given: dict[str, Any], cache: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        binding = session.io_binding()
        for name, kind in types.items():
            binding.bind_cpu_input(name, np.ascontiguousarray(given[name].astype(kind)))
        for name, value in cache.items():
            binding.bind_ortvalue_input(name, value)
        for name in outputs:
            binding.bind_output(name, "cpu")
        session.run_with_iobinding(binding)
        told = dict(zip(outputs, binding.get_outputs(), strict=True))
        after = {name: told[name.replace("input.", "output.", 1)] for name in cache}
        return told["logits"].numpy(), after

    def answer(batch: Sequence[str]) -> int:
        inputs = tokenizer(list(batch), return_tensors="np", padding=True)
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
        cache = {
            name: onnxruntime.OrtValue.ortvalue_from_numpy(
                np.zeros((len(ids), shape[1], 0, shape[3]), np.float32)
            )
            for name, shape in shapes.items()
        }
        said = []
        for _ in range(question.new_tokens):
            given = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
            logits, cache = step(given, cache)
            ids = logits[:, -1].argmax(axis=-1)[:, None]
            said.append(ids)
            mask = np.concatenate([mask, np.ones_like(ids)], axis=1)
            positions = positions[:, -1:] + 1
        rows = np.concatenate(said, axis=1).tolist()
        tokenizer.batch_decode(rows, skip_special_tokens=True)
        return sum(len(row) for row in rows)

    return answer
