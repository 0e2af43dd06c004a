"""The plain way to generate: transformers alone, timed around the loop. Prints tokens/s.

Reads [model, prompts, batch, max_new_tokens, warmups, threads] as JSON from standard input.
Nothing of Wattmark is imported but the place of its embedded models.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

EMBEDDED = Path(__file__).parents[1] / "src/wattmark/models"


def main() -> None:
    """Load, warm up, generate, count the ids that came out."""
    name, prompts, size, tokens, warmups, threads = json.load(sys.stdin)
    torch.set_num_threads(threads)
    folder = EMBEDDED / name if name.startswith("embedded/") else Path(name)
    tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
    tokenizer.pad_token = tokenizer.pad_token or tokenizer.eos_token
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    batches = [prompts[start : start + size] for start in range(0, len(prompts), size)]
    end = tokenizer.eos_token_id

    def answer(batch: list[str]) -> int:
        inputs = tokenizer(batch, return_tensors="pt", padding=True, return_token_type_ids=False)
        with torch.inference_mode():
            ids = model.generate(
                **inputs,
                max_new_tokens=tokens,
                do_sample=False,
                pad_token_id=tokenizer.pad_token_id,
            )
        rows = ids[:, inputs["input_ids"].shape[1] :].tolist()
        tokenizer.batch_decode(rows, skip_special_tokens=True)
        return sum(row.index(end) + 1 if end in row else len(row) for row in rows)

    for count in range(warmups):
        answer(batches[count % len(batches)])
    began = time.perf_counter()
    emitted = sum(answer(batch) for batch in batches)
    print(emitted / (time.perf_counter() - began))


if __name__ == "__main__":
    main()
