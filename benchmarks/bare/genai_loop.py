"""onnxruntime-genai: its generator, step by step, as its documentation shows it.

The stand-in tokenizer of a shape is none that its own tokenizer reads: transformers' does it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime_genai as genai
from transformers import AutoTokenizer

from benchmarks.bare.question import Answer, Question


def prepare(question: Question) -> Answer:
    """The model in memory, ready to answer."""
    tokenizer = AutoTokenizer.from_pretrained(question.folder)
    config: Any = genai.Config(str(Path(question.files).parent))
    session = {"intra_op_num_threads": question.threads, "inter_op_num_threads": 1}
    pad_id = question.settings["pad_id"]
    told = {"decoder": {"session_options": session}, "pad_token_id": pad_id}
    config.overlay(json.dumps({"model": told}))
    model: Any = genai.Model(config)

    def answer(batch: Sequence[str]) -> int:
        rows = tokenizer(list(batch))["input_ids"]
        width = max(len(row) for row in rows)
        ids = np.array([row + [pad_id] * (width - len(row)) for row in rows], dtype=np.int32)
        length = width + question.new_tokens
        params: Any = genai.GeneratorParams(model)
        # No end of text before the last token.
        params.set_search_options(
            batch_size=len(rows), min_length=length, max_length=length, do_sample=False
        )
        generator: Any = genai.Generator(model, params)
        generator.append_tokens(ids)
        while not generator.is_done():
            generator.generate_next_token()
        said = [generator.get_sequence(index)[width:] for index in range(len(rows))]
        tokenizer.batch_decode(said, skip_special_tokens=True)
        return sum(len(row) for row in said)

    return answer
