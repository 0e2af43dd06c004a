"""A folder in the hub's layout as a GGUF file: made tensor by tensor, in a process of its own.

Prompts and answers cross to llama.cpp as token ids, so the file's vocabulary is never read: its
tokens are called t0, t1, … . That has two uses. llama.cpp streams a token when its text is whole
UTF-8, and holds back one that is part of a character; these are all whole, so each is seen when it
comes. And it takes tokens of known names for ends of text whatever the model's own files say; here
only those of the generation config end an answer.

Rotary positions turn pairs of numbers. Llama's checkpoints hold a head's pairs as its first and
second half, llama.cpp's kernel for this architecture takes neighbours: rows of q and k are
reordered. Qwen's kernel takes halves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import torch
from safetensors import safe_open

from wattmark.backends.converting import Job, serve
from wattmark.backends.llamacpp_export import FILE
from wattmark.backends.llamacpp_limits import ARCHITECTURES, rope
from wattmark.backends.llamacpp_quantize import FILE_TYPES, encode, row_bytes, tensor_type
from wattmark.errors import ModelError
from wattmark.models import RANDOM, model_of
from wattmark.models.weights import find_weights
from wattmark.schema import Trial

_SEED_FORMATS = {"fp32": "fp32", "fp16": "fp16"}
_MOST_ENDS = 3
"""llama.cpp knows ends of text, of turn and of message."""


def convert(job: Job) -> None:
    """Write the GGUF file of a trial's model in the trial's precision."""
    trial = Trial(**job["trial"])
    source = model_of(trial)
    folder = source.path
    if source.origin == RANDOM:
        # With transformers, for which a folder that is there need not wait.
        from wattmark.models.random_folder import as_folder  # noqa: PLC0415

        folder = as_folder(source, trial.seed, _SEED_FORMATS.get(trial.precision, "bf16"))
    else:
        from wattmark.models.trained import check_trained  # noqa: PLC0415 # with transformers too

        check_trained(source.name, folder, source.kind)
    files = find_weights(folder).files
    _write(Path(job["out"]) / FILE, source.config, files, trial.precision, job["ends"])


def _write(
    path: Path,
    config: Mapping[str, Any],
    files: Sequence[Path],
    precision: str,
    ends: Sequence[int],
) -> None:
    name = ARCHITECTURES[config["architectures"][0]]
    writer = gguf.GGUFWriter(path, name)
    _shape(writer, config)
    writer.add_file_type(FILE_TYPES[precision])
    _vocabulary(writer, int(config["vocab_size"]), ends)
    layers = int(config["num_hidden_layers"])
    architecture = next(a for a, known in gguf.MODEL_ARCH_NAMES.items() if known == name)
    names = gguf.get_tensor_name_map(architecture, layers)
    stored = list(_stored(files, names, tied=bool(config.get("tie_word_embeddings"))))
    tied = all(target != "output.weight" for _, _, target, _ in stored)
    kinds = {
        target: tensor_type(precision, target, shape, layers=layers, tied=tied)
        for _, _, target, shape in stored
    }
    frequencies = _frequencies(config)
    if frequencies is not None:
        writer.add_tensor("rope_freqs.weight", frequencies)
    for _, _, target, shape in stored:
        kind = kinds[target]
        stride = row_bytes(kind, shape[-1])
        # Of a block format the writer is given bytes, and finds the numbers itself.
        plain = kind == gguf.GGMLQuantizationType.F32
        given = shape if plain else (*shape[:-1], stride)
        writer.add_tensor_info(
            target,
            given,
            np.dtype(np.float32 if plain else np.uint8),
            math.prod(shape[:-1]) * stride,
            raw_dtype=kind,
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    if frequencies is not None:
        writer.write_tensor_data(frequencies)
    for file, key, target, _ in stored:
        with safe_open(file, framework="pt") as tensors:
            tensor = tensors.get_tensor(key)
        matrix = _ordered(tensor.to(torch.float32), target, name, config).contiguous().numpy()
        plain = kinds[target] == gguf.GGMLQuantizationType.F32
        writer.write_tensor_data(matrix if plain else encode(matrix, kinds[target]))
    writer.close()


def _shape(writer: Any, config: Mapping[str, Any]) -> None:
    """The numbers that llama.cpp builds the model from."""
    heads = int(config["num_attention_heads"])
    head = int(config.get("head_dim") or config["hidden_size"] // heads)
    positions = rope(config)
    writer.add_name("converted by Wattmark")
    writer.add_vocab_size(int(config["vocab_size"]))
    writer.add_context_length(int(config.get("max_position_embeddings") or 2048))
    writer.add_embedding_length(int(config["hidden_size"]))
    writer.add_feed_forward_length(int(config["intermediate_size"]))
    writer.add_block_count(int(config["num_hidden_layers"]))
    writer.add_head_count(heads)
    writer.add_head_count_kv(int(config.get("num_key_value_heads") or heads))
    writer.add_key_length(head)
    writer.add_value_length(head)
    writer.add_rope_dimension_count(head)
    writer.add_rope_freq_base(float(positions["rope_theta"]))
    if positions.get("rope_type") == "linear":
        writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(float(positions["factor"]))
    writer.add_layer_norm_rms_eps(float(config.get("rms_norm_eps") or 1e-6))


def _vocabulary(writer: Any, size: int, ends: Sequence[int]) -> None:
    """Tokens that are numbered, not spelled; one merge, since a tokenizer of this kind has some."""
    if len(ends) > _MOST_ENDS:
        raise ModelError(
            f"The model has {len(ends)} end tokens; llama.cpp knows {_MOST_ENDS}.",
            "Shorten eos_token_id in its generation_config.json.",
        )
    normal, control = int(gguf.TokenType.NORMAL), int(gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([f"t{i}" for i in range(size)])
    writer.add_token_types([control if i in ends else normal for i in range(size)])
    writer.add_token_merges(["t 0"])
    writer.add_add_bos_token(False)
    # Where the model has no end, its last token is named; requests then forbid stopping at it.
    first, *others = ends or [size - 1]
    writer.add_bos_token_id(first)
    writer.add_eos_token_id(first)
    for token, add in zip(others, (writer.add_eot_token_id, writer.add_eom_token_id), strict=False):
        add(token)


def _stored(
    files: Sequence[Path], names: Any, *, tied: bool
) -> Iterator[tuple[Path, str, str, tuple[int, ...]]]:
    """(file, name there, name in GGUF, shape) of each tensor that is written."""
    for file in files:
        with safe_open(file, framework="pt") as tensors:
            for key in sorted(tensors.keys()):
                if key.endswith("rotary_emb.inv_freq") or (tied and key == "lm_head.weight"):
                    continue
                target = names.get_name(key, try_suffixes=(".weight", ".bias"))
                if target is None:
                    raise ModelError(
                        f"The tensor '{key}' has no place in a GGUF file of this architecture.",
                        "Take another engine.",
                    )
                yield file, key, target, tuple(tensors.get_slice(key).get_shape())


def _ordered(tensor: Any, target: str, name: str, config: Mapping[str, Any]) -> Any:
    """Rows of q and k in the order of llama.cpp's kernel; all else as it is."""
    part = target.split(".")[2] if target.startswith("blk.") else ""
    if name != "llama" or part not in {"attn_q", "attn_k"}:
        return tensor
    heads = int(config["num_attention_heads"])
    if part == "attn_k":
        heads = int(config.get("num_key_value_heads") or heads)
    halves = tensor.reshape(heads, 2, tensor.shape[0] // heads // 2, *tensor.shape[1:])
    return halves.swapaxes(1, 2).reshape(tensor.shape)


def _frequencies(config: Mapping[str, Any]) -> Any:
    """What llama3's scaling divides each frequency by (transformers, modeling_rope_utils)."""
    positions = rope(config)
    if positions.get("rope_type") != "llama3":
        return None
    heads = int(config["num_attention_heads"])
    head = int(config.get("head_dim") or config["hidden_size"] // heads)
    low, high = float(positions["low_freq_factor"]), float(positions["high_freq_factor"])
    factor = float(positions["factor"])
    before = float(positions["original_max_position_embeddings"])
    lengths = 2 * math.pi * float(positions["rope_theta"]) ** (np.arange(0, head, 2) / head)
    share = np.clip((before / lengths - low) / (high - low), 0.0, 1.0)
    return (1.0 / ((1.0 - share) / factor + share)).astype(np.float32)


if __name__ == "__main__":
    serve(convert)
