"""Layers of bitsandbytes: LLM.int8() with outliers apart, and NF4 with double quantization.

On a CPU bitsandbytes repacks a 4-bit weight in its first call, undoes the second quantization of
the scales (they become bf16) and computes in bf16. So each layer is called once when it is made,
and what is counted is what is held from then on.
[Dettmers et al., 'LLM.int8()', 2022; Dettmers et al., 'QLoRA', 2023]
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, cast

import torch
from torch import nn

# Where the package `kernels` is installed, bitsandbytes downloads compiled code with it as it is
# imported; a measurement fetches nothing that nobody asked for. It then says that it failed.
_kernels = sys.modules.get("kernels")
logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
sys.modules["kernels"] = None  # type: ignore[assignment]  # Python's own way to forbid an import
try:
    with warnings.catch_warnings():
        # It scripts with torch.jit, which torch calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        import bitsandbytes as bnb
finally:
    del sys.modules["kernels"]
    if _kernels is not None:
        sys.modules["kernels"] = _kernels

THRESHOLD = 6.0
"""Activations beyond it are outliers, multiplied in floats (transformers' own default)."""
BLOCK = 64
ROWS = 32
"""Of a weight in NF4: its scales' block, and the rows that the CPU's kernel takes at once."""


class Int8(bnb.nn.Linear8bitLt):  # type: ignore[misc]  # bitsandbytes has no types
    """int8 weights with a scale a row; activations become int8 row by row."""

    format = "int8"

    def hidden_tensors(self) -> Iterator[torch.Tensor]:
        """The scales, which are neither parameters nor buffers."""
        if self.state.SCB is not None:
            yield self.state.SCB


class NF4(bnb.nn.Linear4bit):  # type: ignore[misc]  # bitsandbytes has no types
    """Weights as one of 16 quantiles of a normal distribution, with a scale a block of 64."""

    format = "nf4"

    def hidden_tensors(self) -> Iterator[torch.Tensor]:
        """The scales, which are neither parameters nor buffers."""
        state = self.weight.quant_state
        yield from (state.absmax, state.code)
        if state.nested:
            yield from (state.offset, state.state2.absmax, state.state2.code)


def maker(
    precision: str, device: torch.device, compute: torch.dtype
) -> Callable[[torch.Tensor, torch.Tensor | None, bool], nn.Module | None]:
    """(weight, bias, whether it is the output head) → the layer; None keeps it as it is."""

    def make(weight: torch.Tensor, bias: torch.Tensor | None, is_head: bool) -> nn.Module | None:
        rows, columns = weight.shape
        if is_head:
            return None
        if precision == "int8-bnb":
            layer = _int8(weight, device)
        elif columns % BLOCK or rows % ROWS:
            return None
        else:
            layer = _nf4(weight, device, compute)
        layer.bias = None if bias is None else nn.Parameter(bias.to(compute), requires_grad=False)
        layer.eval()
        layer(torch.zeros(1, columns, dtype=compute, device=device))
        return cast(nn.Module, layer)

    return make


def _int8(weight: torch.Tensor, device: torch.device) -> Any:
    rows, columns = weight.shape
    layer: Any = Int8(
        columns, rows, bias=False, has_fp16_weights=False, threshold=THRESHOLD, device="meta"
    )
    # It quantizes what comes from the CPU; elsewhere it would take the floats for packed weights.
    packed = bnb.nn.Int8Params(weight.cpu(), requires_grad=False, has_fp16_weights=False)
    layer.weight = packed.to(device)
    return layer


def _nf4(weight: torch.Tensor, device: torch.device, compute: torch.dtype) -> Any:
    rows, columns = weight.shape
    layer: Any = NF4(
        columns,
        rows,
        bias=False,
        compute_dtype=compute,
        compress_statistics=True,
        quant_type="nf4",
        device="meta",
    )
    layer.weight = bnb.nn.Params4bit(
        weight.contiguous(),
        requires_grad=False,
        compress_statistics=True,
        quant_type="nf4",
        module=layer,
    ).to(device)
    return layer
