"""Number formats of llama.cpp, written by its own code: a matrix of float32 to bytes in a block
format, and which format a tensor gets.

`llama-quantize` is a program of its own that the package does not bring; the routine that it calls
for a tensor (`ggml_quantize_chunk`, public in ggml.h) is in the library. Its choice of formats is
written out below for a dense model: what the output layer gets, and q4_k_m's mixture (llama.cpp,
src/llama-quant.cpp).
"""

from __future__ import annotations

import ctypes
import os
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import xllamacpp
from gguf import GGML_QUANT_SIZES, GGMLQuantizationType, LlamaFileType

from wattmark.errors import ModelError

F32 = GGMLQuantizationType.F32
_PLAIN = {
    "fp32": F32,
    "fp16": GGMLQuantizationType.F16,
    "bf16": GGMLQuantizationType.BF16,
    "q8_0": GGMLQuantizationType.Q8_0,
    "q4_0": GGMLQuantizationType.Q4_0,
    "q4_k_m": GGMLQuantizationType.Q4_K,
}
FILE_TYPES = {
    "fp32": LlamaFileType.ALL_F32,
    "fp16": LlamaFileType.MOSTLY_F16,
    "bf16": LlamaFileType.MOSTLY_BF16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
    "q4_0": LlamaFileType.MOSTLY_Q4_0,
    "q4_k_m": LlamaFileType.MOSTLY_Q4_K_M,
}
_INSTEAD = {
    GGMLQuantizationType.Q4_K: GGMLQuantizationType.Q5_0,
    GGMLQuantizationType.Q6_K: GGMLQuantizationType.Q8_0,
}
"""For rows that are no multiple of 256."""
_LAYER = re.compile(r"blk\.(\d+)\.(attn_v|ffn_down)\.weight")


def tensor_type(
    precision: str, name: str, shape: tuple[int, ...], *, layers: int, tied: bool
) -> GGMLQuantizationType:
    """The format of the tensor called `name` in GGUF; vectors stay float32."""
    if len(shape) < 2:
        return F32
    chosen = _PLAIN[precision]
    head = "token_embd.weight" if tied else "output.weight"
    if precision in {"q4_0", "q4_k_m"} and name == head:
        chosen = GGMLQuantizationType.Q6_K
    elif precision == "q4_k_m" and (layer := _LAYER.fullmatch(name)) is not None:
        chosen = GGMLQuantizationType.Q6_K if _more_bits(int(layer[1]), layers) else chosen
    for fallback in (_INSTEAD.get(chosen, GGMLQuantizationType.F16), GGMLQuantizationType.F16):
        if shape[-1] % GGML_QUANT_SIZES[chosen][0]:
            chosen = fallback
    return chosen


def row_bytes(kind: GGMLQuantizationType, width: int) -> int:
    """Bytes of a row of `width` numbers."""
    block, size = GGML_QUANT_SIZES[kind]
    return width // block * size


def encode(matrix: Any, kind: GGMLQuantizationType) -> Any:
    """float32, rows × width, as bytes, rows × row_bytes; rows are shared among the CPU's cores."""
    rows, width = matrix.shape
    stride = row_bytes(kind, width)
    out = np.empty((rows, stride), dtype=np.uint8)
    quantize = _routine()

    def part(first: int, last: int) -> int:
        done = quantize(
            int(kind), matrix[first:].ctypes.data, out[first:].ctypes.data,
            0, last - first, width, None,
        )  # fmt: skip
        return int(done)

    workers = os.cpu_count() or 1
    step = max(-(-rows // workers), 1)
    with ThreadPoolExecutor(workers) as pool:
        bounds = [(first, min(first + step, rows)) for first in range(0, rows, step)]
        written = sum(pool.map(lambda bound: part(*bound), bounds))
    if written != out.nbytes:
        raise ModelError(
            f"llama.cpp wrote {written} bytes of {kind.name}; {out.nbytes} were expected.",
            "Take another version of xllamacpp.",
        )
    return out


def _more_bits(layer: int, layers: int) -> bool:
    """The first and the last eighth, and every third layer between."""
    eighth = layers // 8
    return layer < eighth or layer >= 7 * layers // 8 or (layer - eighth) % 3 == 2


def _routine() -> Any:
    """ggml_quantize_chunk(type, source, target, first number, rows, numbers a row, weights)."""
    try:
        routine = ctypes.CDLL(xllamacpp.xllamacpp.__file__).ggml_quantize_chunk
    except (OSError, AttributeError) as reason:
        raise ModelError(
            f"This xllamacpp ({xllamacpp.__version__}) does not export llama.cpp's quantizer.",
            "Give a .gguf file that is quantized already, or install the version that"
            " constraints.txt names.",
        ) from reason
    routine.restype = ctypes.c_size_t
    routine.argtypes = [
        ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p,
        ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_void_p,
    ]  # fmt: skip
    return routine
