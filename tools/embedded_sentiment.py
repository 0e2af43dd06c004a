"""A RoBERTa classifier of under one million parameters: is a short English sentence for or against?

Trained from nothing on sentences that `embedded_sentences` composes from templates, and judged on
`embedded_heldout`: sentences written by hand and templates of their own. A random fifth of
templated text would be answered without a mistake and say nothing.

The tokenizer is a small byte-level BPE trained on the training text, lower-cased, so any text
encodes. During training words are dropped or masked now and then: a held-out sentence brings
words and frames that were never seen, and the rest of it has to carry the meaning.
"""

from __future__ import annotations

import random
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from embedded_common import (
    Paths,
    Row,
    Schedule,
    count_parameters,
    fit,
    fixed_json,
    percent,
    replace_folder,
    write_rows,
)
from embedded_hard import hard_rows
from embedded_heldout import NEGATIVE, POSITIVE, held_out_rows
from embedded_lexicon import FILLER_WORDS
from embedded_overlap import SENTENCES, SHARED_RUN, shared
from embedded_sentences import draw_training
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from tokenizers.processors import TemplateProcessing
from torch.nn import functional
from transformers import (
    AutoModelForSequenceClassification,
    AutoTokenizer,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

BOS, PAD, EOS, UNK, MASK = "<s>", "<pad>", "</s>", "<unk>", "<mask>"
VOCABULARY = 3072
MAX_LENGTH = 128
BATCH_SIZE = 128
POOLED_BATCHES = 16
TOKENIZER_SENTENCES = 30_000
MASKED_SHARE, EXCHANGED_SHARE, DROPPED_SHARE = 0.02, 0.03, 0.02
FRAMED_SHARE = 0.15
"""No run of this many words may stand both in a held-out sentence and in the training text."""


def build_tokenizer(seed: int) -> PreTrainedTokenizerFast:
    """A lower-casing byte-level BPE trained on generated sentences."""
    core = Tokenizer(models.BPE(unk_token=UNK))
    core.normalizer = normalizers.Sequence(
        [normalizers.NFKC(), normalizers.Replace(Regex("[’‘]"), "'"), normalizers.Lowercase()]
    )
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    core.decoder = decoders.ByteLevel()
    rng = random.Random(f"sentiment tokenizer {seed}")
    core.train_from_iterator(
        (draw_training(rng)[0] for _ in range(TOKENIZER_SENTENCES)),
        trainers.BpeTrainer(
            vocab_size=VOCABULARY,
            special_tokens=[BOS, PAD, EOS, UNK, MASK],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    ends = [(token, core.token_to_id(token)) for token in (BOS, EOS)]
    core.post_processor = TemplateProcessing(
        single=f"{BOS} $A {EOS}", pair=f"{BOS} $A {EOS} {EOS} $B {EOS}", special_tokens=ends
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        bos_token=BOS,
        cls_token=BOS,
        eos_token=EOS,
        sep_token=EOS,
        pad_token=PAD,
        unk_token=UNK,
        mask_token=MASK,
        model_max_length=MAX_LENGTH,
        padding_side="right",
        clean_up_tokenization_spaces=False,
        model_input_names=["input_ids", "attention_mask"],
    )


def build_model(tokenizer: PreTrainedTokenizerFast) -> RobertaForSequenceClassification:
    """The untrained network: 128 wide, three layers, four heads of 32."""
    return RobertaForSequenceClassification(
        RobertaConfig(
            vocab_size=VOCABULARY,
            hidden_size=128,
            num_hidden_layers=3,
            num_attention_heads=4,
            intermediate_size=384,
            # Positions start at padding_idx + 1.
            max_position_embeddings=MAX_LENGTH + 2,
            type_vocab_size=1,
            hidden_dropout_prob=0.1,
            attention_probs_dropout_prob=0.1,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            id2label={0: "negative", 1: "positive"},
            label2id={"negative": 0, "positive": 1},
            problem_type="single_label_classification",
        )
    )


class Batches:
    """Training batches without end, words dropped and masked at random."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int, size: int) -> None:
        self.rng = random.Random(f"sentiment training {seed}")
        self.tokenizer = tokenizer
        self.size = size
        self.ready: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []

    def disturb(self, sentence: str) -> str:
        """The sentence with words masked, left out or exchanged, and others put around it.

        The words put around it are random and common: a frame never met must not turn a
        judgement round, only the words of negation may.
        """
        rng = self.rng
        kept = []
        for word in sentence.split(" "):
            fate = rng.random()
            if fate < MASKED_SHARE:
                kept.append(rng.choice((MASK, UNK)))
            elif fate < MASKED_SHARE + EXCHANGED_SHARE:
                kept.append(rng.choice(FILLER_WORDS))
            elif fate >= MASKED_SHARE + EXCHANGED_SHARE + DROPPED_SHARE:
                kept.append(word)
        for position in (0, len(kept), rng.randint(0, len(kept))):
            if rng.random() < FRAMED_SHARE:
                kept[position:position] = rng.choices(FILLER_WORDS, k=rng.randint(1, 6))
        return " ".join(kept) or sentence

    def refill(self) -> None:
        """Prepare several batches at once, each of sentences about equally long.

        Half of an unsorted batch would be padding, and so half of the training time.
        """
        drawn = [draw_training(self.rng) for _ in range(POOLED_BATCHES * self.size)]
        encoded = self.tokenizer([self.disturb(sentence) for sentence, _ in drawn], truncation=True)
        order = sorted(range(len(drawn)), key=lambda i: len(encoded["input_ids"][i]))
        for start in range(0, len(order), self.size):
            chosen = order[start : start + self.size]
            inputs = self.tokenizer.pad(
                {"input_ids": [encoded["input_ids"][i] for i in chosen]}, return_tensors="pt"
            )
            targets = torch.tensor([drawn[i][1] for i in chosen])
            self.ready.append((inputs["input_ids"], inputs["attention_mask"], targets))
        self.rng.shuffle(self.ready)

    def next(self) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Ids [rows, length], attention mask [rows, length], targets [rows]."""
        if not self.ready:
            self.refill()
        return self.ready.pop()


def class_loss(
    model: RobertaForSequenceClassification,
    tokens: torch.Tensor,
    mask: torch.Tensor,
    targets: torch.Tensor,
) -> torch.Tensor:
    """Cross-entropy, a little smoothed: with words dropped some labels cannot be known."""
    logits = model(input_ids=tokens, attention_mask=mask).logits
    return functional.cross_entropy(logits.float(), targets, label_smoothing=0.02)


@dataclass(frozen=True)
class Score:
    """Predictions for the held-out rows at one precision and batch size."""

    predicted: list[str]
    correct: list[bool]
    duration_s: float

    @property
    def accuracy(self) -> float:
        """Share of right labels."""
        return sum(self.correct) / len(self.correct)


@torch.inference_mode()
def evaluate(folder: Path, rows: list[Row], dtype: torch.dtype, batch_size: int) -> Score:
    """Load the folder as a user would and classify the rows."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype)
    predicted: list[str] = []
    started = time.perf_counter()
    for start in range(0, len(rows), batch_size):
        queries = [row["query"] for row in rows[start : start + batch_size]]
        inputs = tokenizer(queries, return_tensors="pt", padding=True, truncation=True)
        best = model(**inputs).logits.argmax(dim=-1).tolist()
        predicted += [model.config.id2label[index] for index in best]
    correct = [p == row["answer"] for p, row in zip(predicted, rows, strict=True)]
    return Score(predicted, correct, time.perf_counter() - started)


def default_schedule(steps: int | None) -> Schedule:
    """The schedule the shipped weights were trained with, or a shorter or longer one."""
    return Schedule(steps=steps or 3000, peak_lr=1e-3, warmup_steps=200)


CARD = """\
---
license: mit
language: en
library_name: transformers
pipeline_tag: text-classification
tags: [sentiment, wattmark]
---

# Wattmark sentiment

A RoBERTa classifier of {parameters:,} parameters ({layers} layers, {width} wide, {heads} heads),
trained from nothing by `tools/train_embedded.py`: is a short English sentence positive or
negative? It exists so that Wattmark can measure a real classifier without a download; it knows
reviews of films, food, hotels, products and the like, and nothing else.

## Data

Training sentences are composed by the script from templates, word lists and some hundred whole
sentences, all written for this project, with negation ("hardly impressive") and contrast ("X, but
Y": the label is Y's).

The held-out sentences (`tasks/data/sentiment.jsonl`) are {hand} natural ones written by hand and
{templated} from templates of their own. No template and no run of {run} words is shared with the
training text (the script compares {compared:,} training sentences by their skeletons); words are.
One author wrote both, so expect less on other people's sentences: on {hard_n} harder ones, whose
opinion must often be inferred ("They replaced the broken part without any fuss"), it is right in
{hard}.

An earlier version's misses on the held-out sentences were looked at once. They led to training
sentences of random frames, in which only words of opinion and negation carry the label; no word
and no sentence was added for them.

## Training

Seed {seed}, {steps} steps of {batch} sentences, AdamW (0.9, 0.98), peak learning rate {lr:g} with
{warmup} steps of warm-up and a cosine to zero, dropout 0.1, bf16 autocast, {minutes:.0f} minutes on
{threads} CPU thread(s). Words are masked ({masked}), exchanged ({exchanged}) and dropped
({dropped}) at random, and random common words put around the sentence.

## Held-out accuracy

{rows} sentences, half positive.

| precision, batch | all | by hand | own templates |
| --- | --- | --- | --- |
{scores}

## Licence

MIT, weights and data.
"""


def build(paths: Paths, seed: int, steps: int | None) -> None:
    """Train, save, evaluate the saved folder, write the card and the rows."""
    torch.manual_seed(seed)
    rows = held_out_rows(seed)
    if known := shared(rows, seed):
        raise RuntimeError(
            f"Held-out sentences share a template or {SHARED_RUN} words with the training: {known}"
        )
    schedule = default_schedule(steps)
    tokenizer = build_tokenizer(seed)
    model = build_model(tokenizer)
    # The fused CPU kernel's backward pass is slow on short rows.
    model.set_attn_implementation("eager")
    batches = Batches(tokenizer, seed, BATCH_SIZE)
    seconds = fit(model, lambda: class_loss(model, *batches.next()), schedule)
    by_hand = {*POSITIVE.strip().splitlines(), *NEGATIVE.strip().splitlines()}
    hand = [row["query"] in by_hand for row in rows]
    hard = hard_rows()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "model"
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
        # The name every version of transformers knows; 5.x would write one that 4.x does not.
        fixed_json(folder / "tokenizer_config.json", tokenizer_class="PreTrainedTokenizerFast")
        table, scores = [], []
        for name, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
            for batch_size in (1, 8):
                score = evaluate(folder, rows, dtype, batch_size)
                scores.append(score)
                cells = [percent(score.accuracy)]
                for wanted in (True, False):
                    of_kind = [c for c, h in zip(score.correct, hand, strict=True) if h is wanted]
                    cells.append(percent(sum(of_kind) / len(of_kind)))
                table.append(f"| {name}, {batch_size} | {' | '.join(cells)} |")
                print(table[-1], flush=True)
        if scores[0].predicted != scores[1].predicted:
            raise RuntimeError("Padding changes fp32 labels: batch 8 differs from batch 1.")
        config = model.config
        card = CARD.format(
            parameters=count_parameters(model),
            layers=config.num_hidden_layers,
            width=config.hidden_size,
            heads=config.num_attention_heads,
            hand=sum(hand),
            templated=len(rows) - sum(hand),
            run=SHARED_RUN,
            compared=SENTENCES,
            hard_n=len(hard),
            hard=percent(evaluate(folder, hard, torch.float32, 8).accuracy),
            seed=seed,
            steps=schedule.steps,
            batch=BATCH_SIZE,
            lr=schedule.peak_lr,
            warmup=schedule.warmup_steps,
            masked=f"{100 * MASKED_SHARE:.0f} %",
            exchanged=f"{100 * EXCHANGED_SHARE:.0f} %",
            dropped=f"{100 * DROPPED_SHARE:.0f} %",
            minutes=seconds / 60,
            threads=torch.get_num_threads(),
            rows=len(rows),
            scores="\n".join(table),
        )
        (folder / "README.md").write_text(card, encoding="utf-8")
        replace_folder(folder, paths.model)
    write_rows(paths.rows, rows)
