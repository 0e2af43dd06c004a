"""Loading a model of transformers: what may be asked for, what was read, and how it decodes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import transformers

from wattmark.backends.random_weights import random_model
from wattmark.backends.transformers_drawing import drawing
from wattmark.backends.transformers_gpus import (
    Devices,
    balanced,
    check_map,
    dispatch,
    find_devices,
    free_bytes,
    place_of,
)
from wattmark.backends.transformers_limits import (
    BITSANDBYTES,
    CPU_PRECISIONS,
    CUDA_PRECISIONS,
    OPTIONS,
    QUANTIZED,
    REFUSED,
    refuses_options,
    refuses_several,
)
from wattmark.errors import InputError, unknown
from wattmark.models import RANDOM, ModelSource
from wattmark.models.trained import auto_class, check_report
from wattmark.schema import Asking, Trial

_HALF = {"bf16": torch.bfloat16, "fp16": torch.float16}
_FP32 = ("fp32", "tf32", "amp", "int8-dynamic")
_TENSOR_CORES = (8, 0)
"""Compute capability from which a GPU has TF32, and bf16 in its int4 kernel."""


@dataclass(frozen=True)
class Setup:
    """How a trial is to be computed."""

    precision: str
    devices: Devices
    """The CPU, or the GPUs that hold the model; a batch enters at the first."""
    dtype: torch.dtype
    """Of the weights that are read, and of activations outside of autocast."""
    autocast: torch.dtype | None
    """What amp casts to."""
    attention: str | None
    compile_mode: str | None
    cache: str | None

    @property
    def device(self) -> torch.device:
        """Where batches enter, and tokens come out."""
        return self.devices[0]

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
    devices = find_devices(trial.device)
    device = devices[0]
    precision = trial.precision
    offered = CPU_PRECISIONS if device.type == "cpu" else CUDA_PRECISIONS
    refused = REFUSED.get((device.type, precision))
    if refused is None and precision not in offered:
        refused = unknown(f"precision of transformers on {device.type}", precision, offered)
    refused = refused or refuses_options(trial.options, precision, device.type)
    if refused is None and len(devices) > 1:
        refused = refuses_several(trial.options, precision)
    if refused is None and precision in ("tf32", "int4-wo") and any(map(_is_old, devices)):
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
        devices=devices,
        dtype=dtype,
        autocast=half if precision == "amp" else None,
        attention=_word(trial, "attention"),
        compile_mode=_word(trial, "compile"),
        # A cache that grows is a new shape at each step, which compiled code has not.
        cache="static" if "compile" in trial.options else _word(trial, "cache"),
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
    # Convolutions have a switch of their own, which torch leaves on.
    before_in_convolutions = torch.backends.cudnn.allow_tf32
    tf32 = setup.precision == "tf32"
    torch.set_float32_matmul_precision("high" if tf32 else "highest")
    torch.backends.cudnn.allow_tf32 = tf32
    enabled = setup.autocast is not None
    try:
        with torch.autocast(setup.device.type, dtype=setup.autocast, enabled=enabled):
            yield
    finally:
        torch.set_float32_matmul_precision(before)
        torch.backends.cudnn.allow_tf32 = before_in_convolutions


def read_model(source: ModelSource, trial: Trial, setup: Setup) -> tuple[Any, int]:
    """The model, all of it trained, and how many stored tensors it has no use for."""
    # Packed layer by layer on its way to a GPU, a model need not fit there as it is read.
    place = torch.device("cpu") if setup.precision in QUANTIZED else setup.device
    attention = setup.attention
    if source.origin == RANDOM:
        return _random(source, setup, place, trial.seed), 0
    several = len(setup.devices) > 1
    free = free_bytes(setup.devices) if several else {}
    where: dict[str, Any] = {}
    if several:
        where = {"device_map": "balanced", "max_memory": dict(free)}
    elif place.type == "cuda":
        # Straight to the GPU: no second copy on the host.
        where = {"device_map": {"": place}}
    model, report = auto_class(source.kind).from_pretrained(
        source.path,
        dtype=setup.dtype,
        use_safetensors=not source.pickled,
        local_files_only=True,
        trust_remote_code=trial.trust_remote_code,
        output_loading_info=True,
        # Reported then instead of raised, so that the refusal below can name the tensors.
        ignore_mismatched_sizes=True,
        **({} if attention is None else {"attn_implementation": attention}),
        **where,
    )
    if several:
        check_map(model.hf_device_map, free)
    check_report(source.name, source.architecture, report)
    return model, len(report["unexpected_keys"])


def _random(source: ModelSource, setup: Setup, place: torch.device, seed: int) -> Any:
    """A model of random weights, on one device or spread over all."""
    if len(setup.devices) == 1:
        return random_model(source, setup.dtype, place, seed, setup.attention)
    device_map: dict[str, int] = {}

    def spread(model: Any) -> Callable[[str], torch.device]:
        device_map.update(balanced(model, free_bytes(setup.devices), setup.dtype))
        return lambda name: place_of(name, device_map)

    model = random_model(source, setup.dtype, place, seed, setup.attention, spread=spread)
    dispatch(model, device_map, setup.device)
    return model


def decoding(
    model: Any,
    tokenizer: Any,
    max_new_tokens: int,
    *,
    fixed: bool = False,
    compiled: Any = None,
    asking: Asking | None = None,
) -> Any:
    """The GenerationConfig of greedy decoding, or of drawing, which also becomes the model's own.

    `fixed` knows no end token: every answer has `max_new_tokens`. `compiled` is a CompileConfig.
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
        **drawing(asking),
        num_beams=1,
        use_cache=True,
        max_new_tokens=max_new_tokens,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=None if fixed else ends or None,
        pad_token_id=pad_id,
        compile_config=compiled,
        # A static cache alone would compile unasked on a GPU.
        disable_compile=compiled is None,
    )
    if stored is not None:
        model.generation_config = config
    return config
