"""Weights on disk: which files hold them, whether they are whole, and how much they are.

A safetensors file is eight bytes of header length N (little-endian), N bytes of JSON (name →
dtype, shape, data_offsets) and then the tensors, back to back to the last byte of the file
(format: huggingface/safetensors, README "Format"). So a truncated or padded file is found from
its header alone, without reading a weight, and parameters are counted there too. Pickle files
can run any code when they are opened: they are refused unless they are asked for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

from wattmark.errors import ModelError

SINGLE = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLE_SINGLE = "pytorch_model.bin"
PICKLE_INDEX = "pytorch_model.bin.index.json"
PICKLE_SUFFIXES = (".bin", ".pt", ".pth", ".ckpt")

_WHOLE_BYTES = 64 * 2**20
_WINDOW_BYTES = 2**20
_WINDOWS = 16
_TEXTS = (".json", ".txt", ".model", ".jinja", ".tiktoken", ".py")
"""What an engine reads besides the weights: config, tokenizer, generation settings, code."""
_HEADER_LIMIT_BYTES = 100_000_000  # the format's own limit
_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E4M3": 8, "F8_E5M2": 8, "F8_E8M0": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_PLAIN = ("F16", "BF16", "F32", "F64")
_FLOATS = (*_PLAIN, "F8_E4M3", "F8_E5M2")
_STORED_BUFFERS = ("attn.bias", "attn.masked_bias", "rotary_emb.inv_freq")
"""Masks and tables that older checkpoints store beside the parameters (GPT-2, GPT-NeoX)."""


@dataclass(frozen=True)
class Weights:
    """The weights of one folder: files, bytes of tensors, and parameters as stored."""

    files: tuple[Path, ...]
    size_bytes: int
    """Bytes of the stored tensors; of the files themselves where they are pickled."""
    parameters: int | None
    """Floating-point parameters, tied weights counted once; None for pickled weights."""
    pickled: bool


def find_weights(folder: Path, *, allow_pickle: bool = False) -> Weights:
    """The weights that an engine would load from `folder`, checked.

    Raises ModelError: none, pickle only, a shard that is missing, a file that is not whole.
    """
    files = _listed(folder, SINGLE, INDEX)
    if files:
        counts = [read_header(path) for path in files]
        return Weights(
            files=files,
            size_bytes=sum(header.size_bytes for header in counts),
            parameters=sum(header.parameters for header in counts),
            pickled=False,
        )
    pickles = _listed(folder, PICKLE_SINGLE, PICKLE_INDEX)
    if pickles and allow_pickle:
        size = sum(path.stat().st_size for path in pickles)
        return Weights(files=pickles, size_bytes=size, parameters=None, pickled=True)
    raise missing_weights(str(folder), sorted(path.name for path in folder.iterdir()))


def fingerprint(folder: Path, files: Sequence[Path]) -> str:
    """SHA-256 of what an engine would load, quick also for large weights: 64 hexadecimal digits.

    Files of up to 64 MiB count whole; of larger ones their size, a safetensors header (which
    gives each tensor's name, shape and place) and 16 windows of 1 MiB, the first and the last
    bytes among them. Training changes every tensor, so it shows. Raises ModelError where a file
    cannot be read.
    """
    digest = hashlib.sha256()
    try:
        beside = folder.iterdir() if folder.is_dir() else ()  # a GGUF file is all there is
        texts = [p for p in beside if p.suffix in _TEXTS and p.is_file()]
        for path in sorted({*texts, *files}):
            size = path.stat().st_size
            digest.update(f"{path.name}\0{size}\0".encode("utf-8", "surrogateescape"))
            with path.open("rb") as file:
                for start, length in _windows(path, size):
                    file.seek(start)
                    digest.update(file.read(length))
    except OSError as reason:
        raise ModelError(
            f"'{folder}' cannot be read: {reason.strerror or reason}.", "Check its rights."
        ) from reason
    return digest.hexdigest()


def _windows(path: Path, size: int) -> Iterator[tuple[int, int]]:
    """(start, length) of the parts of a file that count."""
    if size <= _WHOLE_BYTES:
        yield 0, size
        return
    if path.suffix == ".safetensors":
        with path.open("rb") as file:
            header = 8 + int.from_bytes(file.read(8), "little")
        yield 0, min(header, _HEADER_LIMIT_BYTES, size)
    step = (size - _WINDOW_BYTES) // (_WINDOWS - 1)
    for window in range(_WINDOWS - 1):
        yield window * step, _WINDOW_BYTES
    yield size - _WINDOW_BYTES, _WINDOW_BYTES


def missing_weights(where: str, names: list[str]) -> ModelError:
    """Why the files called `names` hold no weights that may be loaded, and what to do."""
    adapters = [name for name in names if name.startswith("adapter_model")]
    if adapters:
        return ModelError(
            f"'{where}' holds an adapter ({adapters[0]}), not a whole model.",
            "Merge it into its base model (peft: merge_and_unload, save_pretrained) and use that.",
        )
    pickles = [name for name in names if name.endswith(PICKLE_SUFFIXES)]
    if pickles:
        loadable = {PICKLE_SINGLE, PICKLE_INDEX} & set(names)
        return ModelError(
            f"'{where}' has its weights only as pickle ({pickles[0]}), which can run any code"
            " when it is opened.",
            "If you trust where it comes from, add --allow-pickle; else convert it to safetensors."
            if loadable
            else f"Engines load {PICKLE_SINGLE} or {SINGLE}: convert it to safetensors.",
        )
    others = [name for name in names if name.endswith((".safetensors", ".gguf"))]
    seen = f" There is {', '.join(others[:3])}." if others else ""
    return ModelError(
        f"'{where}' holds no weights: neither {SINGLE} nor {INDEX}.{seen}",
        "Save the model with save_pretrained, or download it whole.",
    )


def _listed(folder: Path, single: str, index: str) -> tuple[Path, ...]:
    """The single file, or all the shards of the index; () where there is neither."""
    if (folder / single).is_file():
        return (folder / single,)
    if not (folder / index).is_file():
        return ()
    names = shard_names(folder / index)
    absent = [name for name in names if not (folder / name).is_file()]
    if absent:
        raise ModelError(
            f"'{folder}' lacks {len(absent)} of the {len(names)} weight files that {index} lists:"
            f" {', '.join(absent[:3])}{', …' if len(absent) > 3 else ''}.",
            "Download the model again, whole.",
        )
    return tuple(folder / name for name in names)


def shard_names(index: Path) -> list[str]:
    """File names in a sharded checkpoint's index, sorted; ModelError where it is malformed."""
    damaged = ModelError(f"'{index}' is not an index of weights.", "Download the model again.")
    try:
        names = set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise damaged from reason
    # A name with a folder in it could point outside the model.
    if not names or any(not isinstance(n, str) or Path(n).name != n for n in names):
        raise damaged
    return sorted(names)


@dataclass(frozen=True)
class Header:
    """What one safetensors file holds."""

    size_bytes: int
    parameters: int


def read_header(path: Path) -> Header:
    """Check one safetensors file by its header; ModelError says what is wrong with it."""
    size = path.stat().st_size
    with path.open("rb") as file:
        start = file.read(8)
        length = int.from_bytes(start, "little")
        if start == b"version ":
            raise ModelError(
                f"'{path}' is a Git LFS pointer, not the weights themselves.",
                "Run `git lfs pull` in that folder.",
            )
        if len(start) < 8 or length > size - 8:
            raise _damaged(path, f"it ends inside its header ({size} bytes)")
        if length > _HEADER_LIMIT_BYTES:
            raise _damaged(path, f"its header claims {length} bytes")
        raw = file.read(length)
    try:
        header = json.loads(raw)
        tensors = {name: entry for name, entry in header.items() if name != "__metadata__"}
        spans = sorted(_span(name, entry) for name, entry in tensors.items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as reason:
        raise _damaged(path, "its header is malformed") from reason
    _check_layout(path, spans, size - 8 - length)
    _check_formats(path, {name: str(entry["dtype"]) for name, entry in tensors.items()})
    parameters = sum(_parameters(name, entry) for name, entry in tensors.items())
    return Header(size_bytes=size - 8 - length, parameters=parameters)


def _span(name: str, entry: dict[str, Any]) -> tuple[int, int]:
    """First byte and last byte + 1 of a tensor; ValueError where its shape says otherwise."""
    begin, end = entry["data_offsets"]
    bits = _BITS.get(entry["dtype"])
    if not (isinstance(begin, int) and isinstance(end, int)):
        raise TypeError(name)
    if bits is not None and prod(entry["shape"]) * bits != (end - begin) * 8:
        raise ValueError(name)
    return begin, end


def _check_layout(path: Path, spans: list[tuple[int, int]], data_bytes: int) -> None:
    """Tensors must follow each other without a gap and end exactly where the file ends."""
    if not spans:
        raise _damaged(path, "it holds no tensors")
    if spans[0][0] != 0 or any(a[1] != b[0] for a, b in pairwise(spans)):
        raise _damaged(path, "its tensors overlap or leave a gap")
    claimed = spans[-1][1]
    if claimed != data_bytes:
        state = "truncated" if claimed > data_bytes else "longer than its header says"
        raise _damaged(path, f"it is {state}: {data_bytes} bytes of tensors, {claimed} expected")


def _check_formats(path: Path, formats: dict[str, str]) -> None:
    """Matrices must be plain numbers: others have scales that no config told of."""
    others = [name for name in sorted(formats) if _is_packed(name, formats[name])]
    if others:
        raise ModelError(
            f"'{path}' stores {len(others)} of its weights as {formats[others[0]]}"
            f" ({others[0]}), and its config.json says nothing of a quantization.",
            "Use the checkpoint that it was quantized from: fp32, bf16 or fp16.",
        )


def _is_packed(name: str, dtype: str) -> bool:
    return name.endswith(".weight") and dtype not in _PLAIN


def _parameters(name: str, entry: dict[str, Any]) -> int:
    """Elements of one stored tensor that count as parameters."""
    if entry["dtype"] not in _FLOATS or name.endswith(_STORED_BUFFERS[1:]):
        return 0
    # A mask is 1 × 1 × n × n; a bias of the same name would be a vector.
    if name.endswith(_STORED_BUFFERS[0]) and len(entry["shape"]) == 4:
        return 0
    return prod(entry["shape"])


def _damaged(path: Path, why: str) -> ModelError:
    return ModelError(f"'{path}' is damaged: {why}.", "Download or save the model again.")
