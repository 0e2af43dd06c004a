"""What torch raises, in the project's words: out of memory with the sizes, and loading failures.

An allocation can fail in several voices: torch's own error on a GPU, a RuntimeError of its CPU
allocator, Python's MemoryError, or the system's ENOMEM while weights are mapped.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from wattmark.errors import ModelError, OutOfMemoryError, WattmarkError
from wattmark.units import gibibytes

_REFUSED = re.compile(
    r"can(?:'|no)t allocate memory|not enough memory|bad_alloc|out of memory|STATUS_ALLOC_FAILED",
    re.IGNORECASE,
)
_ASKED = re.compile(r"tried to allocate ([\d.]+) ?(bytes|[KMGT]i?B)", re.IGNORECASE)
_CAPACITY = re.compile(
    r"GPU (\d+) has a total capacity of ([\d.]+ \wi?B) of which ([\d.]+ (?:bytes|\wi?B)) is free"
)
_LONGEST = 300


@contextmanager
def memory_errors(doing: str, device: torch.device | str, weight_bytes: int) -> Iterator[None]:
    """Turn a failed allocation into OutOfMemoryError; let everything else pass."""
    try:
        yield
    except Exception as reason:
        if not _is_memory(reason):
            raise
        match = _ASKED.search(str(reason))
        asked = f", asking for {_size(*match.groups())} more" if match else ""
        # Of several GPUs, the one that is full; its index is CUDA's, as in cuda:1.
        if full := _CAPACITY.search(str(reason)):
            asked += f" on cuda:{full[1]}, where {full[3]} of {full[2]} is free"
        raise OutOfMemoryError(
            f"Out of memory on {device} while {doing}{asked}"
            f" (the weights are {gibibytes(weight_bytes)}).",
            "Take a smaller batch, a lower precision or a smaller model.",
        ) from reason


@contextmanager
def load_errors(name: str) -> Iterator[None]:
    """Turn whatever loading raises into a ModelError of one line; memory is not its affair."""
    try:
        yield
    except WattmarkError:
        raise
    except Exception as reason:
        if _is_memory(reason):
            raise
        said = " ".join(str(reason).split()) or type(reason).__name__
        said = said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"
        raise ModelError(
            f"'{name}' cannot be loaded: {said.rstrip('.')}.",
            "Check that its files belong together and that transformers knows the architecture.",
        ) from reason


def _is_memory(reason: Exception) -> bool:
    if isinstance(reason, torch.OutOfMemoryError | MemoryError):
        return True
    if isinstance(reason, OSError) and reason.errno == errno.ENOMEM:
        return True
    return _REFUSED.search(str(reason)) is not None


def _size(number: str, unit: str) -> str:
    return gibibytes(float(number)) if unit.lower() == "bytes" else f"{number} {unit}"
