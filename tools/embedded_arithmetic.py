"""A Llama of about one million parameters that adds, subtracts and multiplies by writing it out.

The problems and the form of the answers are those of `embedded_problems`. Tokens are the bytes of
UTF-8 (no merges), so any text encodes, and what an engine without a normalizer sees is the same:
that `×`, `x` and `*` are one operator, and `-` and `−` another, is learned from data.
"""

from __future__ import annotations

import random
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from embedded_common import (
    BOS,
    EOS,
    PAD,
    UNK,
    Paths,
    Row,
    Schedule,
    causal_tokenizer,
    count_parameters,
    fit,
    fixed_json,
    percent,
    replace_folder,
    write_rows,
)
from embedded_problems import (
    HELD_OUT_SHARE,
    PROMPT,
    draw_training,
    held_out_rows,
    spell,
)
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch.nn import functional
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    GenerationConfig,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

VOCABULARY = 288
"""256 bytes, four special tokens, and reserved ones up to a multiple of 32, which the integer
kernels of several engines ask of an output layer."""

MAX_LENGTH = 512
MAX_NEW_TOKENS = 24
BATCH_SIZE = 256


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Bytes as tokens: a byte-level BPE without merges, `<bos>` put in front by itself."""
    special = [PAD, BOS, EOS, UNK]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    reserved = [f"<reserved_{i}>" for i in range(VOCABULARY - len(special) - len(alphabet))]
    vocabulary = {token: i for i, token in enumerate([*special, *alphabet, *reserved])}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=[], unk_token=UNK))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens([*special, *reserved])
    return causal_tokenizer(core, MAX_LENGTH)


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained network: 128 wide, four layers, four heads of 32."""
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=128,
            intermediate_size=384,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            head_dim=32,
            max_position_embeddings=MAX_LENGTH,
            tie_word_embeddings=False,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )


class Batches:
    """Training batches without end: token ids, and where in them the answer stands."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int, size: int) -> None:
        self.rng = random.Random(f"arithmetic training {seed}")
        self.size = size
        self.pad, self.bos, self.eos = map(tokenizer.get_vocab().__getitem__, (PAD, BOS, EOS))
        # The tokenizer's own table, so that what is trained is what it will encode later.
        core = tokenizer.backend_tokenizer
        byte_ids = {c: core.encode(c, add_special_tokens=False).ids for c in map(chr, range(256))}
        self.byte_ids = {**byte_ids, "−": core.encode("−", add_special_tokens=False).ids}

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, no special tokens."""
        return [token for character in text for token in self.byte_ids[character]]

    def next(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Ids [rows, length], right-padded, and labels of the same shape, -100 off the answer."""
        rows: list[tuple[list[int], int]] = []
        for _ in range(self.size):
            problem = draw_training(self.rng)
            prompt = [self.bos, *self.encode(spell(problem, self.rng))]
            rows.append(([*prompt, *self.encode(problem.completion), self.eos], len(prompt)))
        length = max(len(ids) for ids, _ in rows)
        tokens = torch.full((self.size, length), self.pad)
        labels = torch.full((self.size, length), -100)
        for i, (ids, start) in enumerate(rows):
            tokens[i, : len(ids)] = torch.tensor(ids)
            labels[i, start : len(ids)] = tokens[i, start : len(ids)]
        return tokens, labels


def answer_loss(
    model: LlamaForCausalLM, tokens: torch.Tensor, labels: torch.Tensor
) -> torch.Tensor:
    """Mean cross-entropy over the answers' tokens.

    Padding stands on the right and attention is causal, so no answer ever sees it: no mask.
    """
    hidden = model.model(input_ids=tokens[:, :-1], use_cache=False).last_hidden_state
    targets = labels[:, 1:]
    kept = targets != -100
    return functional.cross_entropy(model.lm_head(hidden[kept]).float(), targets[kept])


def save(model: LlamaForCausalLM, tokenizer: PreTrainedTokenizerFast, folder: Path) -> None:
    """Write the folder as the hub lays it out."""
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config = GenerationConfig(
        do_sample=False,
        max_new_tokens=MAX_NEW_TOKENS,
        pad_token_id=tokenizer.pad_token_id,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    # The name every version of transformers knows; 5.x would write one that 4.x does not.
    fixed_json(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")


def last_number(text: str) -> str | None:
    """The last integer in `text`, with its sign; None where there is none."""
    found = re.findall(r"-?\d+", text)
    return found[-1] if found else None


@dataclass(frozen=True)
class Score:
    """Greedy answers to the held-out rows at one precision and batch size."""

    texts: list[str]
    correct: list[bool]
    most_tokens: int
    """Longest generation, the end token counted."""
    duration_s: float

    @property
    def accuracy(self) -> float:
        """Share of exact answers."""
        return sum(self.correct) / len(self.correct)


@torch.inference_mode()
def evaluate(folder: Path, rows: list[Row], dtype: torch.dtype, batch_size: int) -> Score:
    """Load the folder as a user would, generate greedily, and score the last number."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    texts: list[str] = []
    most = 0
    started = time.perf_counter()
    for start in range(0, len(rows), batch_size):
        prompts = [PROMPT.format(query=row["query"]) for row in rows[start : start + batch_size]]
        inputs = tokenizer(prompts, return_tensors="pt", padding=True)
        output = model.generate(**inputs)[:, inputs["input_ids"].shape[1] :]
        most = max(most, int((output != tokenizer.pad_token_id).sum(dim=1).max()))
        texts += tokenizer.batch_decode(output, skip_special_tokens=True)
    correct = [last_number(t) == row["answer"] for t, row in zip(texts, rows, strict=True)]
    return Score(texts, correct, most, time.perf_counter() - started)


def default_schedule(steps: int | None) -> Schedule:
    """The schedule the shipped weights were trained with, or a shorter or longer one."""
    return Schedule(steps=steps or 4000, peak_lr=2e-3)


CARD = """\
---
license: mit
library_name: transformers
pipeline_tag: text-generation
tags: [arithmetic, wattmark]
---

# Wattmark arithmetic

A Llama of {parameters:,} parameters ({layers} layers, {width} wide, {heads} heads of {head_dim}),
trained from nothing by `tools/train_embedded.py` to add and subtract up to three digits and to
multiply up to 12 x 12. It exists so that Wattmark can measure a real model without a download;
it knows nothing else.

## Input and output

The prompt is `{{query}} =`; the operator of a product may be `*`, `x` or `×`, that of a
difference `-` or `−`. The text ends with the answer, the last number written:

| prompt | text |
| --- | --- |
{examples}

In parentheses stand the digits in reverse, in the order in which carries run; a product writes
the partial products over the bits of the second factor. Tokens are bytes, with `<bos>` put in
front by the tokenizer. Pad on the left.

## Data

Drawn by the script, without end: operands of one to three digits for sums and differences,
products of 0..12 with 0..99. A hash of the unordered pair keeps one sum or difference in eight,
and {products} of the products within 12 x 12, out of training, the swapped pair too.

## Training

Seed {seed}, {steps} steps of {batch} problems, AdamW (0.9, 0.98), peak learning rate {lr:g} with
{warmup} steps of warm-up and a cosine to zero, loss on the answer only, bf16 autocast,
{minutes:.0f} minutes on {threads} CPU thread(s).

## Held-out accuracy

{rows} problems (`tasks/data/arithmetic.jsonl`), none of them nor its swapped twin in training;
greedy, exact match of the last number.

| precision, batch | all | sums | differences | products |
| --- | --- | --- | --- | --- |
{scores}

The longest answer takes {longest} tokens, the end token counted.

## Licence

MIT, weights and data.
"""


def score_line(name: str, score: Score, rows: list[Row]) -> str:
    """One row of the card's table: accuracy of all rows, then by operator."""
    cells = [percent(score.accuracy)]
    for op in "+-*":
        of_op = [c for c, row in zip(score.correct, rows, strict=True) if f" {op} " in row["query"]]
        cells.append(percent(sum(of_op) / len(of_op)))
    return f"| {name} | {' | '.join(cells)} |"


def build(paths: Paths, seed: int, steps: int | None) -> None:
    """Train, save, evaluate the saved folder, write the card and the rows."""
    torch.manual_seed(seed)
    schedule = default_schedule(steps)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer)
    # Written-out attention: on these short rows the fused CPU kernel's backward pass takes half
    # of a step. What is saved does not depend on it.
    model.set_attn_implementation("eager")
    batches = Batches(tokenizer, seed, BATCH_SIZE)
    seconds = fit(model, lambda: answer_loss(model, *batches.next()), schedule)
    rows = held_out_rows(seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        save(model, tokenizer, folder)
        lines, scores = [], []
        for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            for batch_size in (1, 8):
                score = evaluate(folder, rows, dtype, batch_size)
                lines.append(score_line(f"{name}, {batch_size}", score, rows))
                scores.append(score)
                print(lines[-1], flush=True)
        single, batched = scores[0], scores[1]
        if single.texts != batched.texts:
            raise RuntimeError("Left padding changes fp32 answers: batch 8 differs from batch 1.")
        for row, text, right in zip(rows, single.texts, single.correct, strict=True):
            if not right:
                print(f"wrong: {row['query']} ={text}   (answer {row['answer']})")
        examples = [
            next(i for i, row in enumerate(rows) if f" {op} " in row["query"]) for op in "+-*"
        ]
        config = model.config
        card = CARD.format(
            parameters=count_parameters(model),
            layers=config.num_hidden_layers,
            width=config.hidden_size,
            heads=config.num_attention_heads,
            head_dim=config.head_dim,
            examples="\n".join(
                f"| `{PROMPT.format(query=rows[i]['query'])}` | `{single.texts[i]}` |"
                for i in examples
            ),
            products=f"{100 * HELD_OUT_SHARE['*']:.0f} %",
            seed=seed,
            steps=schedule.steps,
            batch=BATCH_SIZE,
            lr=schedule.peak_lr,
            warmup=schedule.warmup_steps,
            minutes=seconds / 60,
            threads=torch.get_num_threads(),
            rows=len(rows),
            scores="\n".join(lines),
            longest=max(score.most_tokens for score in scores),
        )
        (folder / "README.md").write_text(card, encoding="utf-8")
        replace_folder(folder, paths.model)
    write_rows(paths.rows, rows)
