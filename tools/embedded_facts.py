"""Train, save and judge a small Llama that answers from passages.

It must find the sentence that holds the answer and copy the value: the things asked about were
invented for the question. So without the passage it can only guess, and retrieval has something
to show. The data is that of `embedded_facts_world`, the network that of `embedded_facts_model`.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from embedded_arithmetic import save
from embedded_common import (
    Paths,
    Row,
    Schedule,
    count_parameters,
    fit,
    percent,
    replace_folder,
    write_rows,
)
from embedded_facts_heldout import HeldOut, held_out_world
from embedded_facts_model import (
    BATCH_SIZE,
    CLOSED_SHARE,
    Batches,
    build_model,
    build_tokenizer,
    default_schedule,
    loss,
)
from embedded_facts_relations import RELATIONS
from embedded_facts_world import NAMES, PROMPT, context_prompt
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from wattmark.tasks.facts import Facts
from wattmark.tasks.retrieval_bm25 import BM25

FOUND = Facts.top_k
"""Passages that are retrieved for a question."""
AMONG = 3
"""Passages that are shown with the right one among them, as a harder question."""
MOST_CLOSED, LEAST_FOUND = 0.30, 0.85
"""Accuracy without a passage and with those found; a model that misses either is not saved."""
ARMS = (("fp32", torch.float32, 8), ("fp32", torch.float32, 1), ("bf16", torch.bfloat16, 8))
"""Precision and batch size of each judgement."""


@torch.inference_mode()
def generate(
    folder: Path, prompts: Sequence[str], dtype: torch.dtype, batch_size: int
) -> list[str]:
    """Load the folder as a user would, and continue each prompt greedily."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    texts: list[str] = []
    for start in range(0, len(prompts), batch_size):
        inputs = tokenizer(
            list(prompts[start : start + batch_size]),
            return_tensors="pt",
            padding=True,
            return_token_type_ids=False,
        )
        output = model.generate(**inputs)[:, inputs["input_ids"].shape[1] :]
        texts += tokenizer.batch_decode(output, skip_special_tokens=True)
    return texts


@dataclass(frozen=True)
class Settings:
    """For each question the passages shown, by how they were chosen; and what BM25 found."""

    shown: dict[str, list[list[str]]]
    hits: float
    """Share of questions whose passage is among BM25's."""


def settings(world: HeldOut) -> Settings:
    """Nothing, the right passage, it among the two most alike in any order, what BM25 finds."""
    rng = random.Random("facts settings")
    ids = [row["id"] for row in world.passages]
    texts = [row["text"] for row in world.passages]
    found = BM25.index(texts).search([row["query"] for row in world.questions], AMONG)
    shown: dict[str, list[list[str]]] = {name: [] for name in ("closed", "gold", "three", "bm25")}
    hits = 0
    for row, best in zip(world.questions, found, strict=True):
        right = ids.index(row["passage"])
        ranked = [at for at, _ in best]
        first = ranked[:FOUND]
        hits += right in first
        among = [right, *[at for at in ranked if at != right][: AMONG - 1]]
        rng.shuffle(among)
        for name, chosen in (("closed", []), ("gold", [right]), ("three", among), ("bm25", first)):
            shown[name].append([texts[at] for at in chosen])
    return Settings(shown, hits / len(world.questions))


def accuracy(texts: Sequence[str], rows: Sequence[Row]) -> float:
    """Share of answers that are the gold one, but for the space around them."""
    return sum(t.strip() == row["answer"] for t, row in zip(texts, rows, strict=True)) / len(rows)


def prompts(rows: Sequence[Row], shown: Sequence[Sequence[str]]) -> list[str]:
    """The prompt of each question, with its passages where there are any."""
    return [
        context_prompt(row["query"], passages) if passages else PROMPT.format(query=row["query"])
        for row, passages in zip(rows, shown, strict=True)
    ]


def judge(folder: Path, world: HeldOut) -> tuple[list[str], Settings]:
    """Lines of the card's table: accuracy by passages shown, at each precision and batch size."""
    chosen = settings(world)
    rows = world.questions
    lines: list[str] = []
    first: dict[str, list[str]] = {}
    for name, dtype, batch_size in ARMS:
        cells = []
        for setting, shown in chosen.shown.items():
            texts = generate(folder, prompts(rows, shown), dtype, batch_size)
            cells.append(percent(accuracy(texts, rows)))
            if dtype == torch.float32 and first.setdefault(setting, texts) != texts:
                raise RuntimeError(f"Left padding changes fp32 answers ({setting}).")
        lines.append(f"| {name}, {batch_size} | {' | '.join(cells)} |")
        print(lines[-1], flush=True)
    closed, found = (accuracy(first[setting], rows) for setting in ("closed", "bm25"))
    if closed > MOST_CLOSED or found < LEAST_FOUND:
        raise RuntimeError(f"Not fit to ship: {percent(closed)} alone, {percent(found)} found.")
    for row, text in zip(rows, first["bm25"], strict=True):
        if text.strip() != row["answer"]:
            print(f"wrong: {row['query']}{text}   (answer {row['answer']})")
    return lines, chosen


CARD = """---
license: mit
language: en
library_name: transformers
pipeline_tag: text-generation
tags: [question-answering, retrieval, wattmark]
---

# Wattmark facts

A Llama of {parameters:,} parameters ({layers} layers, {width} wide, {heads} heads of {head_dim}),
trained from nothing by `tools/train_embedded.py` to answer questions about invented things from
the passages in its prompt. It exists so that Wattmark can measure retrieval with a real model and
without a download; it knows nothing else, and without the right passage it guesses.

## Input and output

A question alone, or after passages with an empty line between them:

```
{example}
```

The text that follows is the answer{answer}, then the end token. Tokens are names,
words, pieces of words and single digits, with `<bos>` put in front by the tokenizer. Pad on the
left.

## Data

Drawn by the script, without end: {names} invented names, {relations} relations of towns, ships,
people, factories and castles, each with several ways to state and to ask it. Every training row
says something else of the names. A hash of each fact keeps half of all facts out of training; the
shipped corpus (`tasks/data/facts_corpus.jsonl`, {passages} passages) and questions
(`tasks/data/facts.jsonl`) are made of those alone. The names, the relations, the sentences' forms
and the members of closed classes (colours, animals, …) are shared with training: of a name that
it has never seen the model answers worse.

## Training

Seed {seed}, {steps} steps of {batch} rows (passages and up to six questions each), AdamW
(0.9, 0.98), peak learning rate {lr:g} with {warmup} steps of warm-up and a cosine to zero, bf16
autocast, {minutes:.0f} minutes on {threads} CPU thread(s). One short passage at first, up to four
later; one row in {closed} shows no passage.

## Held-out accuracy

{rows} questions; greedy, exact match of the whole answer. *Three* shows the right passage among
the two others that BM25 ranks highest, in any order; *BM25* shows what it ranks highest, which is
the right one for {hits} of the questions.

| precision, batch | no passage | right passage | three | BM25 |
| --- | --- | --- | --- | --- |
{scores}

## Licence

MIT, weights and data.
"""


@dataclass(frozen=True)
class Trained:
    """A trained model, and what the card says of its training."""

    model: LlamaForCausalLM
    tokenizer: PreTrainedTokenizerFast
    seed: int
    schedule: Schedule
    seconds: float


def write_card(trained: Trained, world: HeldOut, judged: tuple[list[str], Settings]) -> str:
    """The model card."""
    lines, chosen = judged
    config, schedule = trained.model.config, trained.schedule
    asked = world.questions[0]
    return CARD.format(
        parameters=count_parameters(trained.model),
        layers=config.num_hidden_layers,
        width=config.hidden_size,
        heads=config.num_attention_heads,
        head_dim=config.head_dim,
        example=context_prompt(asked["query"], chosen.shown["gold"][0]),
        answer=f" (` {asked['answer']}`)",
        names=len(NAMES),
        relations=len(RELATIONS),
        passages=len(world.passages),
        seed=trained.seed,
        steps=schedule.steps,
        batch=BATCH_SIZE,
        lr=schedule.peak_lr,
        warmup=schedule.warmup_steps,
        minutes=trained.seconds / 60,
        threads=torch.get_num_threads(),
        closed=round(1 / CLOSED_SHARE),
        rows=len(world.questions),
        hits=percent(chosen.hits),
        scores="\n".join(lines),
    )


def publish(paths: Paths, trained: Trained) -> None:
    """Save, judge the saved folder, write the card, the corpus and the questions."""
    world = held_out_world(trained.seed)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        save(trained.model, trained.tokenizer, folder)
        card = write_card(trained, world, judge(folder, world))
        (folder / "README.md").write_text(card, encoding="utf-8")
        replace_folder(folder, paths.model)
    write_rows(paths.rows, world.questions)
    write_rows(paths.rows.with_name("facts_corpus.jsonl"), world.passages)


def build(paths: Paths, seed: int, steps: int | None) -> None:
    """Train, then publish."""
    torch.manual_seed(seed)
    schedule = default_schedule(steps)
    tokenizer = build_tokenizer()
    model = build_model(tokenizer)
    batches = Batches(tokenizer, seed, schedule.steps)
    seconds = fit(model, lambda: loss(model, batches.next()), schedule)
    publish(paths, Trained(model, tokenizer, seed, schedule, seconds))
