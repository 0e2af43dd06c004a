"""What ONNX Runtime can run, known without importing it: plans ask this.

Causal models of known families are written by onnxruntime-genai's model builder and run by its
generator, which fuses attention and cache. All else (GPT-2, classifiers) goes through transformers'
own exporter and runs in a plain session.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wattmark.backends.precisions import stored_otherwise
from wattmark.models.onnx_folder import ONNX

BUILDER = (
    "Gemma2ForCausalLM",
    "Gemma3ForCausalLM",
    "GemmaForCausalLM",
    "GraniteForCausalLM",
    "LlamaForCausalLM",
    "MistralForCausalLM",
    "Phi3ForCausalLM",
    "PhiForCausalLM",
    "Qwen2ForCausalLM",
    "Qwen3ForCausalLM",
    "SmolLM3ForCausalLM",
)
"""Architectures of the model builder whose answers were compared with those of transformers."""

OPTIONS = ("threads",)
"""threads: those of one operator (intra_op_num_threads)."""
_FORGETS_SLIDING = ("MistralForCausalLM", "Phi3ForCausalLM")
CPU_PRECISIONS = ("fp32", "int8-dynamic", "int8-wo", "int4-wo")
CUDA_PRECISIONS = ("fp32", "fp16", "bf16", "int8-wo", "int4-wo")
_INSTEAD = "take fp32, int8-dynamic, int8-wo or int4-wo"
REFUSED = {
    (
        "cpu",
        "fp16",
    ): f"its CPU provider has few fp16 kernels and casts to fp32 and back, or fails: {_INSTEAD}",
    ("cpu", "bf16"): f"its CPU provider has no bf16 kernels for such graphs: {_INSTEAD}",
    ("cpu", "tf32"): "TF32 is a mode of NVIDIA tensor cores: a CPU has none",
    ("cuda", "int8-dynamic"): "ONNX Runtime's dynamic int8 operators run on the CPU only",
}

_HEAD_MULTIPLE = 16
"""Its attention takes heads, and the rotated part of them, of a multiple of 16 numbers."""


def by_builder(config: Mapping[str, Any]) -> bool:
    """Whether the model builder writes this causal model, rather than transformers' exporter."""
    names = config.get("architectures") or []
    head = head_size(config)
    rotary = config.get("rope_parameters") or config
    share = rotary.get("partial_rotary_factor") or config.get("partial_rotary_factor") or 1.0
    fits = head % _HEAD_MULTIPLE == 0 and int(head * share) % _HEAD_MULTIPLE == 0
    return bool(names) and names[0] in BUILDER and fits


def window(config: Mapping[str, Any], positions: int | None) -> int | None:
    """Tokens that prompt and answer may have together.

    In some families the builder leaves out that a token sees only so many before it: within that
    many its answers are the model's, and no further.
    """
    names = config.get("architectures") or []
    sliding = config.get("sliding_window")
    if not names or names[0] not in _FORGETS_SLIDING or not isinstance(sliding, int):
        return positions
    return sliding if positions is None else min(sliding, positions)


def head_size(config: Mapping[str, Any]) -> int:
    """Width of one attention head; 1 where config.json does not tell."""
    stated = config.get("head_dim")
    if isinstance(stated, int) and stated > 0:
        return stated
    hidden, heads = config.get("hidden_size"), config.get("num_attention_heads")
    return hidden // heads if isinstance(hidden, int) and isinstance(heads, int) and heads else 1


def refuses(config: Mapping[str, Any], precision: str, family: str) -> str | None:
    """Why ONNX Runtime cannot run a model so; None where it can."""
    if ONNX in config:
        offered = (*CPU_PRECISIONS, *CUDA_PRECISIONS)
        return stored_otherwise("the ONNX graph", config[ONNX], precision, offered)
    names = config.get("architectures") or []
    causal = bool(names) and not str(names[0]).endswith("ForSequenceClassification")
    if causal and family == "cuda" and precision != "fp32" and not by_builder(config):
        return (
            f"onnxruntime-genai's builder does not know {names[0]}, and transformers' exporter"
            f" gives {precision} for a GPU no fused attention: take fp32"
        )
    if causal and not by_builder(config) and _slides(config):
        return (
            f"onnxruntime-genai's builder does not take this {names[0]}, and a traced cache of a"
            " sliding window cannot be carried from step to step"
        )
    return None


def _slides(config: Mapping[str, Any]) -> bool:
    """Whether some layers see a limited number of tokens back."""
    return isinstance(config.get("sliding_window"), int) and bool(
        config.get("use_sliding_window", True)
    )
