"""config.json: what a model is, read before a byte of its weights is.

The architecture decides what the model can be asked: a causal language model continues a
prompt, a sequence classifier labels a text. Anything else is refused here, by name.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattmark.errors import ModelError

CAUSAL = ("ForCausalLM", "LMHeadModel")
CLASSIFIER = ("ForSequenceClassification",)
TOKENIZER_FILES = (
    "tokenizer.json",
    "tokenizer.model",
    "vocab.json",
    "vocab.txt",
    "spiece.model",
    "sentencepiece.bpe.model",
    "tekken.json",
)
"""Any one of these is enough to make a tokenizer from."""

_POSITION_KEYS = ("max_position_embeddings", "n_positions", "n_ctx", "max_sequence_length")
_OFFSET_POSITIONS = ("roberta", "xlm-roberta", "camembert", "longformer", "xlm-roberta-xl")
"""Families whose positions start behind the padding index: 514 rows for 512 tokens."""


def read_config(folder: Path) -> dict[str, Any]:
    """config.json as a mapping; ModelError where it is missing or malformed (with the line)."""
    path = folder / "config.json"
    if not path.is_file():
        raise ModelError(
            f"'{folder}' has no config.json.",
            "A model folder holds config.json, model.safetensors and a tokenizer"
            " (as save_pretrained writes them).",
        )
    try:
        config = json.loads(path.read_text(encoding="utf-8-sig"))
    except json.JSONDecodeError as reason:
        raise ModelError(
            f"'{path}' is not valid JSON: line {reason.lineno}, {reason.msg}.",
            "Correct the line, or download the model again.",
        ) from reason
    except (ValueError, RecursionError) as reason:
        raise ModelError(f"'{path}' is not UTF-8 JSON.", "Download the model again.") from reason
    if not isinstance(config, dict):
        raise ModelError(f"'{path}' is not a JSON object.", "Download the model again.")
    return config


def check_config(name: str, config: Mapping[str, Any], *, trust_remote_code: bool) -> None:
    """Refuse what no engine here may or can load: foreign code, quantized storage."""
    if config.get("auto_map") and not trust_remote_code:
        raise ModelError(
            f"'{name}' runs Python code of its own (auto_map in config.json).",
            "Read that code; if you trust it, add --trust-remote-code.",
        )
    stored = config.get("quantization_config")
    if stored:
        method = stored.get("quant_method", "unknown") if isinstance(stored, dict) else "unknown"
        raise ModelError(
            f"'{name}' is stored quantized ({method}), so it has no fp32, bf16 or fp16 weights.",
            "Use the checkpoint that it was quantized from.",
        )


def architecture(name: str, config: Mapping[str, Any]) -> tuple[str, str]:
    """Architecture and kind ('causal' or 'classifier'); ModelError for any other."""
    listed = config.get("architectures")
    names = [a for a in listed if isinstance(a, str)] if isinstance(listed, list) else []
    for candidate in names:
        if candidate.endswith(CAUSAL):
            return candidate, "causal"
        if candidate.endswith(CLASSIFIER):
            return candidate, "classifier"
    said = f"its architecture is {', '.join(names)}" if names else "config.json names none"
    raise ModelError(
        f"'{name}' is neither a causal language model nor a sequence classifier: {said}.",
        "Supported are …ForCausalLM, …LMHeadModel and …ForSequenceClassification.",
    )


def max_positions(config: Mapping[str, Any]) -> int | None:
    """Tokens that fit into the model's window; None where it has no limit or names none."""
    for key in _POSITION_KEYS:
        value = config.get(key)
        if isinstance(value, int) and not isinstance(value, bool) and value > 0:
            if config.get("model_type") in _OFFSET_POSITIONS:
                pad = config.get("pad_token_id")
                return value - (pad if isinstance(pad, int) else 1) - 1
            return value
    return None


def has_tokenizer(names: list[str]) -> bool:
    """Whether files of these names make a tokenizer."""
    return any(name in TOKENIZER_FILES or name.endswith(".tiktoken") for name in names)
