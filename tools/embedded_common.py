"""What the two embedded models share: the optimizer loop, files on disk, and the card's numbers.

Nothing here knows a task. `fit` is a plain loop: AdamW (0.9, 0.98), a linear warm-up, a cosine
down to zero, gradients clipped at norm 1, and bf16 autocast (on a CPU with AMX it halves a step;
the weights and the optimizer stay in fp32).
"""

from __future__ import annotations

import json
import math
import shutil
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import torch
from tokenizers import Tokenizer, processors
from torch import nn
from transformers import PreTrainedTokenizerFast

PAD, BOS, EOS, UNK = "<pad>", "<bos>", "<eos>", "<unk>"
"""Special tokens of the causal models."""

Row = dict[str, str]
"""One held-out example: `id`, `query`, `answer`."""


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train."""

    steps: int
    peak_lr: float
    warmup_steps: int = 100
    weight_decay: float = 0.05
    autocast: bool = True
    log_every: int = 100

    def scale(self, step: int) -> float:
        """Share of the peak learning rate at `step` (0-based): warm-up, then half a cosine."""
        if step < self.warmup_steps:
            return (step + 1) / self.warmup_steps
        done = (step - self.warmup_steps) / max(1, self.steps - self.warmup_steps)
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))


@dataclass(frozen=True)
class Paths:
    """Where one model and its held-out rows are written."""

    model: Path
    rows: Path

    @classmethod
    def under(cls, root: Path, name: str) -> Paths:
        """The package's own layout, below `root` (`src/wattmark`, or a scratch folder)."""
        return cls(root / "models" / "embedded" / name, root / "tasks" / "data" / f"{name}.jsonl")


def fit(model: nn.Module, batch_loss: Callable[[], torch.Tensor], schedule: Schedule) -> float:
    """Train `model` in place on the losses `batch_loss` returns; gives back the seconds it took."""
    decayed = [p for p in model.parameters() if p.ndim >= 2]
    # Norm weights and biases set a scale: decay would only pull that scale away.
    free = [p for p in model.parameters() if p.ndim < 2]
    optimizer = torch.optim.AdamW(
        [
            {"params": decayed, "weight_decay": schedule.weight_decay},
            {"params": free, "weight_decay": 0.0},
        ],
        lr=schedule.peak_lr,
        betas=(0.9, 0.98),
    )
    started = time.perf_counter()
    running: list[float] = []
    model.train()
    for step in range(schedule.steps):
        for group in optimizer.param_groups:
            group["lr"] = schedule.peak_lr * schedule.scale(step)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=schedule.autocast):
            loss = batch_loss()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        running.append(loss.item())
        if (step + 1) % schedule.log_every == 0:
            seconds = time.perf_counter() - started
            mean = sum(running) / len(running)
            print(f"step {step + 1:5d}  loss {mean:.4f}  {seconds:6.0f} s", flush=True)
            running.clear()
    model.eval()
    return time.perf_counter() - started


def count_parameters(model: nn.Module) -> int:
    """Parameters of the model, shared tensors counted once."""
    return sum(p.numel() for p in model.parameters())


def write_rows(path: Path, rows: Iterable[Row]) -> None:
    """Write rows as JSON lines, UTF-8, one per line."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def replace_folder(new: Path, old: Path) -> None:
    """Move a finished folder into place; a reader sees the old model or the new, never half."""
    old.parent.mkdir(parents=True, exist_ok=True)
    parked = old.with_name(old.name + ".old")
    shutil.rmtree(parked, ignore_errors=True)
    # A rename is atomic only within one file system, hence the copy beside the target first.
    staged = old.with_name(old.name + ".new")
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(new, staged)
    for file in staged.iterdir():
        # Safetensors writes for its owner alone; a package is for everyone to read.
        file.chmod(0o644)
    if old.exists():
        old.rename(parked)
    staged.rename(old)
    shutil.rmtree(parked, ignore_errors=True)


def fixed_json(path: Path, **changes: object) -> None:
    """Set (or, with None, drop) keys of a JSON file that `save_pretrained` wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for key, value in changes.items():
        if value is None:
            content.pop(key, None)
        else:
            content[key] = value
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def percent(share: float) -> str:
    """A share as a percentage with one decimal."""
    return f"{100 * share:.1f} %"


def causal_tokenizer(core: Tokenizer, window: int) -> PreTrainedTokenizerFast:
    """The tokenizer of a causal model: `<bos>` put in front by itself, padding on the left."""
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A",
        pair=f"{BOS} $A $B",
        special_tokens=[(BOS, core.token_to_id(BOS))],
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        padding_side="left",
        model_max_length=window,
        clean_up_tokenization_spaces=False,
    )
