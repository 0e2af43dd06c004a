"""Loading a model of transformers: what may be asked for, what was read, and how it decodes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from wattmark.backends.random_weights import random_model
from wattmark.backends.transformers_limits import (
    BITSANDBYTES,
    CPU_PRECISIONS,
    CUDA_PRECISIONS,
    OPTIONS,
    QUANTIZED,
    REFUSED,
    refuses_options,
)
from wattmark.errors import InputError, ModelError, unknown
from wattmark.models import RANDOM, ModelSource
from wattmark.schema import Trial

DEVICES = ("cpu", "cuda", "cuda:0")
_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
_FP32 = ("fp32", "tf32", "amp", "int8-dynamic")
_TENSOR_CORES = (8, 0)
"""Compute capability from which a GPU has TF32, and bf16 in its int4 kernel."""


@dataclass(frozen=True)
class Setup:
    """How a trial is to be computed."""

    precision: str
    device: torch.device
    dtype: torch.dtype
    """Of the weights that are read, and of activations outside of autocast."""
    autocast: torch.dtype | None
    """What amp casts to."""
    attention: str | None
    compile_mode: str | None
    cache: str | None

    @property
    def compute(self) -> str:
        """What matrices are multiplied in, as a word."""
        if self.precision == "tf32":
            return "tf32"
        if self.precision in ("int8-dynamic", "int8-bnb"):
            return "int8"
        return str(self.autocast or self.dtype).removeprefix("torch.")


def check_options(trial: Trial) -> Setup:
    """Apply what the user asked of this engine; InputError for what it cannot do."""
    for name in trial.options:
        if name not in OPTIONS:
            raise InputError(unknown("option of transformers", name, OPTIONS))
    device = find_device(trial.device)
    precision = trial.precision
    offered = CPU_PRECISIONS if device.type == "cpu" else CUDA_PRECISIONS
    refused = REFUSED.get((device.type, precision))
    if refused is None and precision not in offered:
        refused = unknown(f"precision of transformers on {device.type}", precision, offered)
    refused = refused or refuses_options(trial.options, precision, device.type)
    if refused is None and precision in ("tf32", "int4-wo") and _is_old(device):
        refused = f"{precision} needs a GPU of compute capability 8.0 or later"
    if refused is not None:
        end = "" if refused[-1] in ".?" else "."
        raise InputError(refused[0].upper() + refused[1:] + end)
    threads = trial.options.get("threads")
    if threads is not None:
        torch.set_num_threads(int(threads))
    # On a GPU LLM.int8() casts what comes to fp16 anyway; a CPU's 4-bit kernel knows bf16 alone.
    usual = "fp16" if precision in BITSANDBYTES and device.type == "cuda" else "bf16"
    half = _HALF[str(trial.options.get("compute", usual))]
    if precision in _FP32:
        dtype = torch.float32
    else:
        dtype = half if precision in BITSANDBYTES else _HALF.get(precision, torch.bfloat16)
    return Setup(
        precision=precision,
        device=device,
        dtype=dtype,
        autocast=half if precision == "amp" else None,
        attention=_word(trial, "attention"),
        compile_mode=_word(trial, "compile"),
        cache=_word(trial, "cache"),
    )


def _word(trial: Trial, option: str) -> str | None:
    value = trial.options.get(option)
    return None if value is None else str(value)


def _is_old(device: torch.device) -> bool:
    return device.type == "cuda" and torch.cuda.get_device_capability(device) < _TENSOR_CORES


@contextmanager
def arithmetic(setup: Setup) -> Iterator[None]:
    """The process's number formats while a model is held, as they were before afterwards.

    Autocast is entered once and not in each batch: it keeps its copies of the weights until it
    is left, and would cast them anew every time.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if setup.precision == "tf32" else "highest")
    enabled = setup.autocast is not None
    try:
        with torch.autocast(setup.device.type, dtype=setup.autocast, enabled=enabled):
            yield
    finally:
        torch.set_float32_matmul_precision(before)


def find_device(name: str) -> torch.device:
    """The torch device called `name`; InputError where this machine or this torch has none."""
    try:
        device = torch.device(name)
    except RuntimeError as reason:
        raise InputError(unknown("device", name, DEVICES)) from reason
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"Device '{name}' is not available: torch {torch.__version__} sees no CUDA device.",
            "Use cpu, or install a torch with CUDA for this driver.",
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"There is no '{name}': {torch.cuda.device_count()} CUDA devices here.")
    if device.type not in ("cpu", "cuda"):
        raise InputError(unknown("device", name, DEVICES))
    return device


def read_model(source: ModelSource, trial: Trial, setup: Setup) -> tuple[Any, int]:
    """The model, all of it trained, and how many stored tensors it has no use for."""
    family: Any = (
        transformers.AutoModelForCausalLM
        if source.kind == "causal"
        else transformers.AutoModelForSequenceClassification
    )
    # Packed layer by layer on its way to a GPU, a model need not fit there as it is read.
    place = torch.device("cpu") if setup.precision in QUANTIZED else setup.device
    attention = setup.attention
    if source.origin == RANDOM:
        return random_model(source, setup.dtype, place, trial.seed, attention), 0
    model, report = family.from_pretrained(
        source.path,
        dtype=setup.dtype,
        use_safetensors=not source.pickled,
        local_files_only=True,
        trust_remote_code=trial.trust_remote_code,
        output_loading_info=True,
        # Reported then instead of raised, so that the refusal below can name the tensors.
        ignore_mismatched_sizes=True,
        **({} if attention is None else {"attn_implementation": attention}),
    )
    untrained = sorted(report["missing_keys"]) + sorted(
        str(k[0]) for k in report["mismatched_keys"]
    )
    if untrained:
        raise ModelError(
            f"'{source.name}' stores no weights for {len(untrained)} tensors of"
            f" {source.architecture} ({', '.join(untrained[:3])}"
            f"{', …' if len(untrained) > 3 else ''}): they would be random.",
            "Use a checkpoint that was trained with this head, or correct its config.json.",
        )
    return model, len(report["unexpected_keys"])


def greedy(
    model: Any,
    tokenizer: Any,
    max_new_tokens: int,
    *,
    fixed: bool = False,
    cache: str | None = None,
) -> Any:
    """The GenerationConfig of greedy decoding, which also becomes the model's own.

    `fixed` knows no end token: every answer has `max_new_tokens`. `cache` is static or dynamic.
    `generate` fills what is unset from the model's stored config: temperature, penalties, beams.
    With ours in its place nothing is left to fill in, and nothing to warn about.
    """
    stored = getattr(model, "generation_config", None)
    eos = getattr(stored, "eos_token_id", None)
    if eos is None:
        eos = tokenizer.eos_token_id
    ends = eos if isinstance(eos, list) else [] if eos is None else [eos]
    # The config's first: position ids and pooling of some families are derived from it.
    candidates = (getattr(model.config, "pad_token_id", None), tokenizer.pad_token_id, *ends)
    pad_id = next((token for token in candidates if token is not None and token >= 0), 0)
    model.config.pad_token_id = pad_id
    build: Any = transformers.GenerationConfig
    config = build(
        do_sample=False,
        num_beams=1,
        use_cache=True,
        max_new_tokens=max_new_tokens,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None if fixed else ends or None,
        pad_token_id=pad_id,
        cache_implementation=cache,
        # A static cache alone would compile unasked on a GPU.
        disable_compile=True,
    )
    if stored is not None:
        model.generation_config = config
    return config
