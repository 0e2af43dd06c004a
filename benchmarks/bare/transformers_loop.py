"""transformers: `model.generate`, as its documentation shows it."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmarks.bare.question import Answer, Question


def prepare(question: Question) -> Answer:
    """The model in memory, ready to answer."""
    torch.set_num_threads(question.threads)
    tokenizer = AutoTokenizer.from_pretrained(question.folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(question.folder, dtype=torch.float32).eval()
    end = None if question.endless else tokenizer.eos_token_id
    model.generation_config.eos_token_id = end

    def answer(batch: Sequence[str]) -> int:
        inputs = tokenizer(
            list(batch), return_tensors="pt", padding=True, return_token_type_ids=False
        )
        with torch.inference_mode():
            ids = model.generate(
                **inputs,
                max_new_tokens=question.new_tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        rows = ids[:, inputs["input_ids"].shape[1] :].tolist()
        tokenizer.batch_decode(rows, skip_special_tokens=True)
        return sum(row.index(end) + 1 if end in row else len(row) for row in rows)

    return answer
