"""GGUF files by their headers: what a model is, and whether the file is whole, before it is read.

A file is a magic word, a version, counts of tensors and of entries, the entries (key, type,
value), a table of tensors (name, shape, type, offset) and, aligned, their data to the last byte
(format: ggml, docs/gguf.md). So a truncated file is found from its header, and parameters and
bytes of every number format are counted there.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from wattmark.errors import ModelError

GGUF = "gguf"
"""The origin of such a model, and the key of its config that names its precision."""
SUFFIX = ".gguf"

_NUMBERS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_MOST = 2**24
"""More entries, tensors or items of a list than any file has."""
_TYPES = {
    0: ("F32", 1, 4), 1: ("F16", 1, 2), 2: ("Q4_0", 32, 18), 3: ("Q4_1", 32, 20),
    6: ("Q5_0", 32, 22), 7: ("Q5_1", 32, 24), 8: ("Q8_0", 32, 34), 9: ("Q8_1", 32, 36),
    10: ("Q2_K", 256, 84), 11: ("Q3_K", 256, 110), 12: ("Q4_K", 256, 144), 13: ("Q5_K", 256, 176),
    14: ("Q6_K", 256, 210), 15: ("Q8_K", 256, 292), 16: ("IQ2_XXS", 256, 66),
    17: ("IQ2_XS", 256, 74), 18: ("IQ3_XXS", 256, 98), 19: ("IQ1_S", 256, 50),
    20: ("IQ4_NL", 32, 18), 21: ("IQ3_S", 256, 110), 22: ("IQ2_S", 256, 82),
    23: ("IQ4_XS", 256, 136),
    24: ("I8", 1, 1), 25: ("I16", 1, 2), 26: ("I32", 1, 4), 27: ("I64", 1, 8), 28: ("F64", 1, 8),
    29: ("IQ1_M", 256, 56), 30: ("BF16", 1, 2), 34: ("TQ1_0", 256, 54), 35: ("TQ2_0", 256, 66),
    39: ("MXFP4", 32, 17),
}  # fmt: skip
"""Number of a format → its name, numbers of a block, bytes of a block."""
_FILE_TYPES = {
    0: "fp32", 1: "fp16", 2: "q4_0", 3: "q4_1", 7: "q8_0", 8: "q5_0", 9: "q5_1", 10: "q2_k",
    11: "q3_k_s", 12: "q3_k_m", 13: "q3_k_l", 14: "q4_k_s", 15: "q4_k_m", 16: "q5_k_s",
    17: "q5_k_m", 18: "q6_k", 32: "bf16",
}  # fmt: skip
_PLAIN = {"F32": "fp32", "F16": "fp16", "BF16": "bf16", "Q8_0": "q8_0", "Q4_0": "q4_0"}
_FAMILIES = {
    "llama": ("LlamaForCausalLM", "llama"),
    "qwen2": ("Qwen2ForCausalLM", "qwen2"),
    "qwen3": ("Qwen3ForCausalLM", "qwen3"),
}
_CONFIG = {
    "hidden_size": "embedding_length",
    "intermediate_size": "feed_forward_length",
    "num_hidden_layers": "block_count",
    "num_attention_heads": "attention.head_count",
    "num_key_value_heads": "attention.head_count_kv",
    "head_dim": "attention.key_length",
    "max_position_embeddings": "context_length",
}


@dataclass(frozen=True)
class GgufFile:
    """What the header of one file says."""

    path: Path
    architecture: str
    """llama, qwen2, … as llama.cpp calls it."""
    precision: str
    """fp32, q4_k_m, …; of a file that does not name it, the format of most of its bytes."""
    parameters: int
    bytes_by_type: Mapping[str, int]
    """Bytes of tensors by their number format: F32, Q4_K, …."""
    context_length: int | None
    tokenizer: str | None
    """gpt2 (byte pairs), llama (SentencePiece), …; None where the file brings none."""
    config: Mapping[str, Any]
    """Under the names of a config.json, as far as the header tells."""

    @property
    def weight_bytes(self) -> int:
        """Bytes of all tensors."""
        return sum(self.bytes_by_type.values())


def is_gguf(name: str) -> bool:
    """Whether a model is named by its GGUF file."""
    return name.lower().endswith(SUFFIX)


def read_gguf(name: str) -> GgufFile:
    """The header of a file; ModelError where it is not there, no GGUF file, or not whole."""
    path = Path(name).expanduser()
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _read(path, data)
    except (OSError, ValueError) as reason:  # an empty file cannot be mapped
        if path.is_file() and path.stat().st_size == 0:
            raise _damaged(path, "it is empty") from reason
        raise ModelError(
            f"The file '{name}' cannot be read: {getattr(reason, 'strerror', None) or reason}.",
            "Check the path.",
        ) from reason


class _Cursor:
    """Reads on from a place; an end of the file inside a value is damage."""

    def __init__(self, path: Path, data: mmap.mmap) -> None:
        self.path = path
        self.data = data
        self.at = 0

    def bytes(self, length: int) -> bytes:
        end = self.at + length
        if end > len(self.data):
            raise _damaged(self.path, f"it ends inside its header ({len(self.data)} bytes)")
        taken = self.data[self.at : end]
        self.at = end
        return taken

    def number(self, code: str) -> Any:
        return struct.unpack(f"<{code}", self.bytes(struct.calcsize(f"<{code}")))[0]

    def count(self) -> int:
        found = int(self.number("Q"))
        if found > _MOST:
            raise _damaged(self.path, f"its header claims {found} items")
        return found

    def text(self) -> str:
        return self.bytes(self.count()).decode("utf-8", "replace")

    def value(self, kind: int, *, depth: int = 0) -> Any:
        """One value; of a list only its length, for none that is needed is one."""
        if kind in _NUMBERS:
            return self.number(_NUMBERS[kind])
        if kind == _STRING:
            return self.text()
        if kind != _ARRAY or depth > 1:
            raise _damaged(self.path, f"an entry has the unknown type {kind}")
        inner, length = self.number("I"), self.count()
        if inner in _NUMBERS:
            self.bytes(length * struct.calcsize(f"<{_NUMBERS[inner]}"))
        else:
            for _ in range(length):
                self.value(inner, depth=depth + 1)
        return length


def _read(path: Path, data: mmap.mmap) -> GgufFile:
    cursor = _Cursor(path, data)
    magic = cursor.bytes(4)
    if magic != b"GGUF":
        pointer = " (a Git LFS pointer: run `git lfs pull`)" if magic == b"vers" else ""
        raise _damaged(path, f"it does not begin as a GGUF file does{pointer}")
    version = cursor.number("I")
    if version not in _VERSIONS:
        raise _damaged(path, f"its version is {version}; 2 and 3 are known")
    tensors, entries = cursor.count(), cursor.count()
    found: dict[str, Any] = {}
    for _ in range(entries):
        key = cursor.text()
        found[key] = cursor.value(cursor.number("I"))
    if found.get("split.count", 1) > 1:
        raise ModelError(f"'{path}' is one part of a split model.", "Merge it: llama-gguf-split.")
    parameters, sizes = _tensors(cursor, tensors, int(found.get("general.alignment", 32)))
    return _described(path, found, parameters, sizes)


def _tensors(cursor: _Cursor, count: int, alignment: int) -> tuple[int, dict[str, int]]:
    """Parameters, and bytes by format; the last tensor must end inside the file."""
    parameters, end = 0, 0
    sizes: dict[str, int] = {}
    for _ in range(count):
        name = cursor.text()
        shape = [cursor.number("Q") for _ in range(min(cursor.number("I"), 8))]
        kind, offset = cursor.number("I"), cursor.number("Q")
        if kind not in _TYPES:
            raise _damaged(cursor.path, f"the tensor '{name}' has the unknown format {kind}")
        word, block, block_bytes = _TYPES[kind]
        size = prod(shape) // block * block_bytes
        sizes[word] = sizes.get(word, 0) + size
        parameters += 0 if name.startswith("rope_") else prod(shape)
        end = max(end, offset + size)
    start = -(-cursor.at // max(alignment, 1)) * max(alignment, 1)
    if not count:
        raise _damaged(cursor.path, "it holds no tensors")
    if start + end > len(cursor.data):
        raise _damaged(
            cursor.path, f"it is truncated: {len(cursor.data)} bytes, {start + end} expected"
        )
    return parameters, sizes


def _described(
    path: Path, found: Mapping[str, Any], parameters: int, sizes: dict[str, int]
) -> GgufFile:
    name = found.get("general.architecture")
    if not isinstance(name, str):
        raise _damaged(path, "it names no architecture")
    largest = max(sizes, key=lambda kind: sizes[kind])
    stored = _FILE_TYPES.get(found.get("general.file_type", -1))
    precision = stored or _PLAIN.get(largest, largest.lower())
    family, model_type = _FAMILIES.get(name, (f"{name} (GGUF)", name))
    config = {
        "architectures": [family],
        "model_type": model_type,
        "vocab_size": found.get(f"{name}.vocab_size") or found.get("tokenizer.ggml.tokens"),
        **{ours: found.get(f"{name}.{theirs}") for ours, theirs in _CONFIG.items()},
        GGUF: precision,
    }
    return GgufFile(
        path=path,
        architecture=name,
        precision=precision,
        parameters=parameters,
        bytes_by_type=sizes,
        context_length=found.get(f"{name}.context_length"),
        tokenizer=found.get("tokenizer.ggml.model"),
        config={key: value for key, value in config.items() if value is not None},
    )


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"'{path}' is damaged: {why}.", "Download or convert it again.")
