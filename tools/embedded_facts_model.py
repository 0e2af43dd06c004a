"""The facts model before it is trained: tokenizer, network, schedule, batches and loss.

The facts are those of `embedded_facts_world`, invented anew for every example. One training row
is a prompt's passages followed by several questions about them; each question sees the passages
and itself, never the others, and counts its positions from the passages' end. So a row teaches
exactly what its prompts would, one by one, and pays for the passages once.
"""

from __future__ import annotations

import itertools
import random
import re
from collections import Counter
from dataclasses import dataclass

import torch
from embedded_arithmetic import MAX_LENGTH
from embedded_common import BOS, EOS, PAD, UNK, Schedule, causal_tokenizer
from embedded_facts_relations import CLASSES, RELATIONS
from embedded_facts_world import (
    CONTEXT_PROMPT,
    NAMES,
    PROMPT,
    SEPARATOR,
    Facts,
    Stage,
    draw_example,
)
from tokenizers import (
    Regex,
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
)
from torch.nn import functional
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

VOCABULARY = 2048
SPACE = "Ġ"
"""How byte-level BPE writes a space."""
BATCH_SIZE = 16
OTHER_WEIGHT = 0.1
"""Weight of a token outside the answers: names that recur teach copying early."""
COPY_GAIN = 0.5
CLOSED_SHARE = 0.04
"""Rows without passages: their answers can only be guessed."""

STAGES = (
    (0.06, Stage((1, 2), (1,), repeats=0.5)),
    (0.45, Stage((2, 3, 4), (1, 2), relations=1, repeats=0.1)),
    (1.00, Stage((2, 3, 3, 4), (1, 2, 3), relations=3, repeats=0.03)),
)
"""Share of training up to which a stage lasts, and the stage."""


def name_merges() -> list[tuple[str, str]]:
    """What makes a name one token, with the space before it: that it recurs is then plain."""
    merges: dict[tuple[str, str], None] = {}
    for name in NAMES:
        whole = SPACE
        # By syllables, as the stem is shared by names that end differently.
        for part in (name[0], name[1], *name[2:]):
            merges[whole, part] = None
            whole += part
    return list(merges)


def merged(pieces: list[str], pair: tuple[str, str]) -> list[str]:
    """`pieces` with each occurrence of `pair` made one."""
    made: list[str] = []
    for piece in pieces:
        if made and (made[-1], piece) == pair:
            made[-1] += piece
        else:
            made.append(piece)
    return made


def learn_merges(words: Counter[str], count: int) -> list[tuple[str, str]]:
    """`count` merges: the names', then by frequency (byte-pair encoding), ties by spelling."""
    merges = name_merges()
    pieces = {word: list(word) for word in words}
    for pair in merges:
        pieces = {word: merged(parts, pair) for word, parts in pieces.items()}
    while len(merges) < count:
        pairs: Counter[tuple[str, str]] = Counter()
        for word, parts in pieces.items():
            for pair in itertools.pairwise(parts):
                pairs[pair] += words[word]
        best = min(pairs, key=lambda pair: (-pairs[pair], pair))
        merges.append(best)
        pieces = {word: merged(parts, best) for word, parts in pieces.items()}
    return merges


def ordinary_words() -> Counter[str]:
    """The words of sentences and closed classes, as the pre-tokenizer cuts them."""
    forms = [form for r in RELATIONS for form in (*r.statements, *r.questions)]
    values = [word for r in RELATIONS for word in CLASSES.get(r.value, ())]
    prompt = re.findall(r"[A-Z][a-z]+", PROMPT + CONTEXT_PROMPT)
    spoken = re.findall(r"(?<![{\w])[A-Za-z]+(?!})", " ".join(forms))
    # A prompt has its own words in every line of questions: as often as all forms together.
    fixed = prompt * len(forms)
    return Counter([*(SPACE + word for word in [*spoken, *fixed, *values]), *fixed])


def build_tokenizer() -> PreTrainedTokenizerFast:
    """Byte-level BPE: a name a token, words in pieces by frequency, a digit a token."""
    special = [PAD, BOS, EOS, UNK]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = learn_merges(ordinary_words(), VOCABULARY - len(special) - len(alphabet))
    tokens = [*special, *alphabet, *("".join(pair) for pair in merges)]
    vocabulary = {token: i for i, token in enumerate(tokens)}
    core = Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token=UNK))
    # A word that opens a line is the same token as inside of one: names are told by their tokens.
    core.normalizer = normalizers.Replace(Regex(r"\s*\n\s*"), "\n ")
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    core.add_special_tokens(special)
    return causal_tokenizer(core, MAX_LENGTH)


def build_model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    """The untrained network: 128 wide, four layers, four heads of 32, the head tied."""
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=VOCABULARY,
            hidden_size=128,
            intermediate_size=256,
            num_hidden_layers=4,
            num_attention_heads=4,
            num_key_value_heads=4,
            head_dim=32,
            max_position_embeddings=MAX_LENGTH,
            tie_word_embeddings=True,
            pad_token_id=tokenizer.pad_token_id,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
        )
    )
    start_copying(model)
    return model


@torch.no_grad()
def start_copying(model: LlamaForCausalLM) -> None:
    """Begin with heads that look for their own token and say again what they look at.

    Keys begin as queries, and outputs as the transposed values: the head is tied, so what is
    looked at becomes likelier. Copying is then there from the first step, for every token; where
    to look remains to be learned.
    """
    for layer in model.model.layers:
        attention = layer.self_attn
        torch.nn.init.orthogonal_(attention.v_proj.weight, gain=COPY_GAIN)
        attention.o_proj.weight.copy_(attention.v_proj.weight.T)
        torch.nn.init.orthogonal_(attention.q_proj.weight)
        attention.k_proj.weight.copy_(attention.q_proj.weight)


def default_schedule(steps: int | None = None) -> Schedule:
    """The published model's."""
    return Schedule(steps=steps or 3600, peak_lr=2e-3, warmup_steps=100, weight_decay=0.02)


@dataclass(frozen=True)
class Batch:
    """Token ids, positions and loss weights [rows, length], and who sees whom."""

    tokens: torch.Tensor
    positions: torch.Tensor
    weights: torch.Tensor
    """Of the token itself, as a target."""
    blocks: torch.Tensor
    """0 for the passages, then 1, 2, … a question; -1 for padding."""

    def mask(self) -> torch.Tensor:
        """Added to attention scores, [rows, 1, length, length]."""
        blocks = self.blocks
        same = blocks[:, :, None] == blocks[:, None, :]
        seen = (same | (blocks[:, None, :] == 0)).tril()
        return torch.zeros(seen.shape).masked_fill(~seen, -1e9)[:, None]


class Batches:
    """Training batches without end, harder by stages."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast, seed: int, steps: int) -> None:
        self.rng = random.Random(f"facts training {seed}")
        self.facts = Facts(self.rng, held_out=False)
        self.core = tokenizer.backend_tokenizer
        self.ids = {name: tokenizer.get_vocab()[name] for name in (PAD, BOS, EOS)}
        self.steps, self.drawn = steps, 0

    def encode(self, text: str) -> list[int]:
        """Token ids of `text`, no special tokens."""
        return list(self.core.encode(text, add_special_tokens=False).ids)

    def next(self) -> Batch:
        """The next batch, right-padded."""
        done = self.drawn / self.steps
        self.drawn += 1
        stage = next(stage for until, stage in STAGES if done < until or until == 1.0)
        return self._padded([self._row(stage) for _ in range(BATCH_SIZE)])

    def _row(self, stage: Stage) -> list[tuple[int, int, float, int]]:
        """(token, position, weight, block) of each token."""
        example = draw_example(self.facts, stage)
        context = SEPARATOR.join(example.passages)
        closed = self.rng.random() < CLOSED_SHARE
        head = "" if closed else CONTEXT_PROMPT.split(SEPARATOR)[0].format(context=context)
        before = [self.ids[BOS], *self.encode(head)]
        row = [(token, i, OTHER_WEIGHT, 0) for i, token in enumerate(before)]
        for block, (question, answer, sentence) in enumerate(example.asked, start=1):
            # Cut at a line feed, which joins nothing: the tokens are those of the whole prompt.
            lead = "" if closed else SEPARATOR
            prompt = self.encode(lead + PROMPT.format(query=question))
            said = [*self.encode(f" {answer}"), self.ids[EOS]]
            if not closed and self.rng.random() < stage.repeats:
                first, *said = self.encode(lead + sentence)
                prompt = [first]
            for i, token in enumerate([*prompt, *said]):
                weight = OTHER_WEIGHT if i < len(prompt) else 1.0
                row.append((token, len(before) + i, 0.0 if i == 0 else weight, block))
        return row

    def _padded(self, rows: list[list[tuple[int, int, float, int]]]) -> Batch:
        length = max(map(len, rows))
        blank = (self.ids[PAD], 0, 0.0, -1)
        columns = torch.tensor([row + [blank] * (length - len(row)) for row in rows])
        tokens, positions, weights, blocks = columns.unbind(dim=2)
        return Batch(tokens.long(), positions.long(), weights, blocks.long())


def loss(model: LlamaForCausalLM, batch: Batch) -> torch.Tensor:
    """Cross-entropy over the tokens by weight, per unit of weight."""
    hidden = model.model(
        input_ids=batch.tokens,
        position_ids=batch.positions,
        attention_mask=batch.mask(),
        use_cache=False,
    ).last_hidden_state
    # A target's predecessor in the row is its predecessor in the prompt: what begins a question
    # weighs nothing.
    weights = batch.weights[:, 1:]
    kept = weights > 0
    targets = batch.tokens[:, 1:][kept]
    each = functional.cross_entropy(
        model.lm_head(hidden[:, :-1][kept]).float(), targets, reduction="none"
    )
    return (each * weights[kept]).sum() / weights[kept].sum()
