"""What llama.cpp can run here, known without importing it: plans ask this."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattmark.backends.precisions import stored_otherwise
from wattmark.models.gguf_file import GGUF
from wattmark.schema import Option

ARCHITECTURES = {
    "LlamaForCausalLM": "llama",
    "MistralForCausalLM": "llama",
    "Qwen2ForCausalLM": "qwen2",
    "Qwen3ForCausalLM": "qwen3",
}
"""Architectures that are converted here → their names in a GGUF file."""
PRECISIONS = ("fp32", "bf16", "fp16", "q8_0", "q4_0", "q4_k_m")
OPTIONS = ("threads", "context", "ubatch", "flash-attention", "gpu-layers")
"""threads: of one step; context: tokens that a row of the batch has room for, prompt and answer
together (what is asked for and 1024 by default, at most the model's window); ubatch: tokens read
in one step (512 by default); flash-attention: auto (the default), on or off; gpu-layers: layers
on a GPU, all of them by default."""
FLASH = ("auto", "on", "off")
_SCALINGS = ("default", "linear", "llama3")
_BLOCK = 32
_LARGE_BLOCK = 256
"""Numbers that share their scales in Q8_0 and Q4_0, and in Q4_K and Q6_K."""
_LEAST = {"threads": 1, "context": 1, "ubatch": 32, "gpu-layers": 0}
_OTHER_NAMES = {
    "int8-dynamic": "q8_0, whose activations are rounded to 8 bits in blocks of 32",
    "int8-wo": "q8_0",
    "int4-wo": "q4_0 or q4_k_m",
    "int8-bnb": "q8_0",
    "nf4-bnb": "q4_0 or q4_k_m",
    "amp": "bf16 or fp16",
}
REFUSED = {
    ("cpu", "tf32"): "TF32 is a mode of NVIDIA tensor cores: a CPU has none",
    **{
        ("cpu", name): f"llama.cpp has number formats of its own: take {other}"
        for name, other in _OTHER_NAMES.items()
    },
}


def refuses(config: Mapping[str, Any], precision: str, family: str) -> str | None:
    """Why a model cannot be converted for llama.cpp, or None."""
    names = config.get("architectures")
    if GGUF in config:
        return stored_otherwise("the GGUF file", config[GGUF], precision, PRECISIONS)
    if names and names[0] not in ARCHITECTURES:
        return (
            f"{names[0]} is not among the architectures that are converted to GGUF here"
            f" ({', '.join(ARCHITECTURES)})"
        )
    scaling = rope(config).get("rope_type", "default")
    if scaling not in _SCALINGS:
        return f"its position scaling '{scaling}' is not converted ({', '.join(_SCALINGS)} are)"
    if config.get("hidden_act", "silu") != "silu":
        return f"llama.cpp computes this architecture with silu, not {config['hidden_act']}"
    return _refuses_sizes(config, precision)


def _refuses_sizes(config: Mapping[str, Any], precision: str) -> str | None:
    """Blocks do not span rows, so rows that are no multiple of a block are stored otherwise."""
    widths = [config.get(key) or _LARGE_BLOCK for key in ("hidden_size", "intermediate_size")]
    if precision in {"q8_0", "q4_0"} and any(width % _BLOCK for width in widths):
        return f"{precision} stores blocks of {_BLOCK} numbers, and its rows are {widths} long"
    if precision == "q4_k_m" and all(width % _LARGE_BLOCK for width in widths):
        return (
            f"q4_k_m stores blocks of {_LARGE_BLOCK} numbers, and none of its rows ({widths}) is a"
            " multiple of that: take q4_0 or q8_0"
        )
    return None


def refuses_options(options: Mapping[str, Option], precision: str, family: str) -> str | None:
    """Why these options cannot be used, or None."""
    for name, least in _LEAST.items():
        value = options.get(name, least)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            return f"{name} is {value!r}; it must be a whole number from {least}"
    flash = options.get("flash-attention", "auto")
    if flash not in FLASH:
        return f"flash-attention is {flash!r}; it must be one of {', '.join(FLASH)}"
    if family == "cpu" and options.get("gpu-layers"):
        return "gpu-layers is for a GPU: on a cpu it is 0"
    return None


def rope(config: Mapping[str, Any]) -> dict[str, Any]:
    """Rotary positions under the names of transformers 5, whichever version wrote the config."""
    found = dict(config.get("rope_scaling") or {}) | dict(config.get("rope_parameters") or {})
    if "type" in found:
        found.setdefault("rope_type", found["type"])
    found.setdefault("rope_theta", config.get("rope_theta") or 10000.0)
    return found


def window(config: Mapping[str, Any], positions: int | None) -> int | None:
    """Tokens that fit; llama.cpp attends to all of them, so a sliding window ends it."""
    sliding = config.get("sliding_window")
    if not isinstance(sliding, int) or config.get("use_sliding_window") is False:
        return positions
    return sliding if positions is None else min(sliding, positions)
