"""OpenVINO, silent, and its settings: in what it computes, and how wide.

All else of ours imports openvino from here. Left to itself the CPU plugin computes in bfloat16
where the CPU can, keeps the cache in 8 bits and quantizes activations for compressed weights: a
precision's name would be none of these. So each is set, and what the plugin made of it is read
back (OpenVINO documentation, CPU device: Supported Properties).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from wattmark.backends import openvino_silent  # noqa: F401 - imported for what it does

# isort: split
import openvino

from wattmark.backends.openvino_limits import CACHES, FORMATS, OPTIONS, PRECISIONS, refuses_options
from wattmark.errors import InputError, unknown
from wattmark.schema import Option
from wattmark.units import BYTES_PER_KIB

__all__ = ["anonymous_bytes", "openvino", "settings", "settled", "stored_bytes"]


def settings(precision: str, options: Mapping[str, Option]) -> dict[str, str]:
    """The plugin's properties for a precision; InputError for what it does not offer."""
    for name in options:
        if name not in OPTIONS:
            raise InputError(unknown("option of openvino", name, OPTIONS))
    if precision not in PRECISIONS:
        raise InputError(unknown("precision of openvino", precision, PRECISIONS))
    refused = refuses_options(options, precision, "cpu")
    if refused is not None:
        raise InputError(f"{refused[0].upper()}{refused[1:]}{'' if refused[-1] == '?' else '.'}")
    compute = str(options.get("compute", precision if precision in FORMATS else "fp32"))
    return {
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": "1",
        "INFERENCE_NUM_THREADS": str(options.get("threads", _cpus())),
        "INFERENCE_PRECISION_HINT": FORMATS[compute],
        "KV_CACHE_PRECISION": CACHES[str(options.get("cache-precision", compute))],
        "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(options.get("activation-group", 0)),
    }


def settled(compiled: Any) -> dict[str, Any]:
    """What the plugin made of its settings, as plain values."""
    read = compiled.get_property
    return {
        "compute": _ours(read("INFERENCE_PRECISION_HINT")),
        "cache_precision": _ours(read("KV_CACHE_PRECISION")),
        "activation_group": int(read("DYNAMIC_QUANTIZATION_GROUP_SIZE")),
        "threads": int(read("INFERENCE_NUM_THREADS")),
        "streams": int(read("NUM_STREAMS")),
        "device": str(read("EXECUTION_DEVICES")[0]).lower(),
    }


def stored_bytes(model: Any) -> dict[str, int]:
    """Bytes of a model's constants by their type (u4, u8, f16, …); one used twice counts once."""
    sizes: dict[str, int] = {}
    seen = set()
    for op in model.get_ops():
        if op.get_type_name() != "Constant":
            continue
        place = (op.data.ctypes.data, op.get_byte_size())
        if place not in seen:
            seen.add(place)
            kind = op.get_element_type().get_type_name()
            sizes[kind] = sizes.get(kind, 0) + op.get_byte_size()
    return sizes


def anonymous_bytes() -> int | None:
    """Resident memory of this process that no file is behind (proc(5): RssAnon); None untold."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    words = next((line.split() for line in lines if line.startswith("RssAnon:")), None)
    return None if words is None else int(words[1]) * BYTES_PER_KIB


def _cpus() -> int:
    """CPUs that this process may run on: a worker is pinned to as many as it may have threads."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable is not None else os.cpu_count() or 1


def _ours(kind: Any) -> str:
    """A property's type by our name."""
    theirs = str(kind.get_type_name())
    return {word: name for name, word in CACHES.items()}.get(theirs, theirs)
