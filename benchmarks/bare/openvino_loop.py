"""OpenVINO: one infer request whose state is the cache, as its documentation drives such models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import openvino
from transformers import AutoTokenizer

from benchmarks.bare.question import Answer, Question


def prepare(question: Question) -> Answer:
    """The model compiled, ready to answer."""
    tokenizer = AutoTokenizer.from_pretrained(question.folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    properties = {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(question.threads),
        # Left to itself it would compute in bfloat16 and keep the cache in 8 bits.
        "INFERENCE_PRECISION_HINT": "f32",
        "KV_CACHE_PRECISION": "f32",
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": "0",
    }
    compiled: Any = openvino.Core().compile_model(question.files, "CPU", properties)
    request = compiled.create_infer_request()
    names = {name for port in compiled.inputs for name in port.get_names()}

    def answer(batch: Sequence[str]) -> int:
        request.reset_state()
        inputs = tokenizer(list(batch), return_tensors="np", padding=True)
        ids, mask = inputs["input_ids"], inputs["attention_mask"]
        positions = np.maximum(mask.cumsum(axis=1) - 1, 0)
        order = np.arange(len(ids), dtype=np.int32)
        said = []
        for _ in range(question.new_tokens):
            given = {"input_ids": ids, "attention_mask": mask, "position_ids": positions}
            given["beam_idx"] = order
            request.infer({k: v for k, v in given.items() if k in names}, share_inputs=True)
            ids = request.get_tensor("logits").data[:, -1].argmax(axis=-1)[:, None]
            said.append(ids)
            mask = np.concatenate([mask, np.ones_like(ids)], axis=1)
            positions = positions[:, -1:] + 1
        rows = np.concatenate(said, axis=1).tolist()
        tokenizer.batch_decode(rows, skip_special_tokens=True)
        return sum(len(row) for row in rows)

    return answer
