"""Linear layers with int8 or int4 weights, over the kernels that torch brings itself.

Every Linear (and GPT-2's Conv1D, which is one transposed) is replaced in turn, so that at no time
there are two copies of the model; embeddings, norms and biases stay as they are.

    int8-dynamic  w ≈ q·s, one s a row; activations too become int8, by their range in each batch
    int8-wo       w ≈ q·s, one s a row, −127 ≤ q ≤ 127; activations stay bf16
    int4-wo       w ≈ (q − 8)·s + z, one s and z a group of 64 (or 32), 0 ≤ q ≤ 15: 4.5 (5) bits;
                  the output head is int8-wo, as it costs the most quality
    *-bnb         bitsandbytes' layers; the output head stays as it is, as in transformers

A first layer's output is compared with what it was before: a kernel that reads the packed weights
otherwise than they were written would give noise, and is refused.
"""

from __future__ import annotations

import importlib
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, cast

import torch
from torch import nn
from transformers.pytorch_utils import Conv1D

from wattmark.backends.transformers_limits import BITSANDBYTES
from wattmark.errors import InputError, ModelError

GROUPS = (64, 32)
_LEAST_SCALE = 1e-8
_WORST_ERROR = 0.5
"""Relative; int4 makes about 0.1, wrongly read weights 1.4."""


class QuantizedLinear(nn.Module):
    """A Linear whose weight is packed: `format` names how, `hidden_bytes` what no buffer shows."""

    format = ""
    hidden_bytes = 0
    bias: torch.Tensor | None

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = weight.shape
        self.register_buffer("bias", bias)

    def multiply(self, rows: torch.Tensor) -> torch.Tensor:
        """Rows × in features → rows × out features, without the bias."""
        raise NotImplementedError

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """… × in features → … × out features, in the dtype that came."""
        out = self.multiply(x.reshape(-1, self.in_features).contiguous())
        if self.bias is not None:
            out = out + self.bias
        return out.reshape(*x.shape[:-1], self.out_features)


class Int8Weight(QuantizedLinear):
    """int8 weights with a scale a row; the activations' dtype is `compute`."""

    format = "int8"
    packed: torch.Tensor
    scale: torch.Tensor

    def __init__(
        self, weight: torch.Tensor, bias: torch.Tensor | None, compute: torch.dtype
    ) -> None:
        super().__init__(weight, bias)
        exact = weight.float()
        # Rounded first: the weights are then the nearest ones to what the kernel makes of them.
        scale = (exact.abs().amax(1) / 127).clamp_min(_LEAST_SCALE).to(compute)
        packed = (exact / scale.float()[:, None]).round_().clamp_(-127, 127)
        self.register_buffer("packed", packed.to(torch.int8))
        self.register_buffer("scale", scale)

    def multiply(self, rows: torch.Tensor) -> torch.Tensor:
        if rows.device.type == "cpu":
            return torch._weight_int8pack_mm(rows, self.packed, self.scale)
        return nn.functional.linear(rows, self.packed.to(rows.dtype)) * self.scale


class Int4Weight(QuantizedLinear):
    """int4 weights with a scale and a zero a group; activations are bf16."""

    format = "int4"
    packed: torch.Tensor
    scales_and_zeros: torch.Tensor

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None, group: int) -> None:
        super().__init__(weight, bias)
        self.group = group
        exact = weight.float().reshape(self.out_features, -1, group)
        low, high = exact.amin(-1), exact.amax(-1)
        scale = ((high - low) / 15).clamp_min(_LEAST_SCALE).to(torch.bfloat16)
        zero = (low + 8 * scale.float()).to(torch.bfloat16)
        codes = ((exact - zero.float()[..., None]) / scale.float()[..., None]).round_() + 8
        codes = codes.clamp_(0, 15).to(torch.int32).reshape(weight.shape)
        self.register_buffer("packed", _pack4(codes))
        # The kernels want groups × out features × (scale, zero).
        both = torch.stack([scale, zero], dim=-1).transpose(0, 1).contiguous()
        self.register_buffer("scales_and_zeros", both)

    def multiply(self, rows: torch.Tensor) -> torch.Tensor:
        aten = torch.ops.aten
        on_cpu = rows.device.type == "cpu"
        kernel = aten._weight_int4pack_mm_for_cpu if on_cpu else aten._weight_int4pack_mm
        return cast(torch.Tensor, kernel(rows, self.packed, self.group, self.scales_and_zeros))


def _pack4(codes: torch.Tensor) -> torch.Tensor:
    """Out × in codes (0 to 15, int32) as the device's kernel reads them."""
    aten = torch.ops.aten
    if codes.device.type == "cpu":
        return cast(torch.Tensor, aten._convert_weight_to_int4pack_for_cpu(codes, 1))
    pairs = (codes[:, ::2] << 4 | codes[:, 1::2]).to(torch.uint8)
    tiles = next(t for t in (8, 4, 2) if codes.shape[1] % (16 * t) == 0)
    return cast(torch.Tensor, aten._convert_weight_to_int4pack(pairs, tiles))


class Int8Dynamic(QuantizedLinear):
    """int8 weights with a scale a row, and activations made int8 in each call (CPU, fp32)."""

    format = "int8"

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
        super().__init__(weight, bias)
        exact = weight.float()
        scale = (exact.abs().amax(1) / 127).clamp_min(_LEAST_SCALE)
        zeros = torch.zeros(len(scale), dtype=torch.int64)
        with warnings.catch_warnings():
            # torch: 'quantized tensor creation functions … are deprecated'; the kernels stay.
            warnings.simplefilter("ignore", UserWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            tensor = torch.quantize_per_channel(exact, scale, zeros, 0, torch.qint8)
        self._kernel = torch.ops.quantized.linear_prepack(tensor, None)
        # What the packed object holds: the weights, and a scale and a zero point a row.
        self.hidden_bytes = exact.numel() + 8 * self.out_features

    def multiply(self, rows: torch.Tensor) -> torch.Tensor:
        # A reduced range keeps sums of int8 products from overflowing on CPUs without VNNI.
        call = torch.ops.quantized.linear_dynamic
        return cast(torch.Tensor, call(rows, self._kernel, reduce_range=True))


Make = Callable[[torch.Tensor, torch.Tensor | None, bool], nn.Module | None]
"""(weight, bias, whether it is the output head) → the layer in its place; None keeps it."""


@dataclass(frozen=True)
class Quantized:
    """What became of a model's parameters."""

    stored: dict[str, int]
    """Format or dtype → parameters in it; a head that shared the embedding's counts anew."""

    @property
    def share(self) -> float:
        """Of all stored parameters, those that are quantized."""
        packed = sum(count for name, count in self.stored.items() if name.startswith(("int", "nf")))
        return packed / max(sum(self.stored.values()), 1)


@torch.no_grad()
def quantize(model: Any, precision: str, device: torch.device, compute: torch.dtype) -> Quantized:
    """Replace the model's Linear layers by packed ones on `device`, one after the other.

    Raises ModelError where the model has none that can be packed so.
    """
    make = _maker(precision, device, compute)
    head = model.get_output_embeddings() if hasattr(model, "get_output_embeddings") else None
    names = [name for name, module in model.named_modules() if _is_linear(module)]
    stored: Counter[str] = Counter()
    replaced: set[nn.Module] = set()
    for name in names:
        old = model.get_submodule(name)
        weight, bias = _matrix(old)
        on_device = (weight.to(device), None if bias is None else bias.to(device))
        new = make(*on_device, old is head)
        if new is None:
            continue
        if not replaced:
            _compare(new, *on_device)
        stored[str(new.format)] += weight.numel()
        replaced.add(new)
        parent, _, leaf = name.rpartition(".")
        setattr(model.get_submodule(parent), leaf, new)
    if not replaced:
        raise ModelError(
            f"None of the {len(names)} Linear layers of {type(model).__name__} can be packed as"
            f" {precision}.",
            "Take int8-wo, which packs rows of any length, or bf16.",
        )
    stored.update(_others(model, replaced))
    return Quantized(dict(stored))


def weight_bytes(model: Any) -> int:
    """Bytes of all weights as the model holds them, scales too: a shared tensor counts once."""
    sizes: dict[int, int] = {}
    hidden = 0
    for module in model.modules():
        hidden += int(getattr(module, "hidden_bytes", 0))
        for tensor in (
            *module.parameters(recurse=False),
            *module.buffers(recurse=False),
            *_states(module),
        ):
            sizes[tensor.data_ptr() or id(tensor)] = tensor.numel() * tensor.element_size()
    return hidden + sum(sizes.values())


def _states(module: nn.Module) -> Iterator[torch.Tensor]:
    """Scales that a layer of bitsandbytes keeps beside its parameters."""
    tensors = getattr(module, "hidden_tensors", None)
    if tensors is not None:
        yield from tensors()


def _is_linear(module: nn.Module) -> bool:
    # Not subclasses: one that computes otherwise would silently become a plain Linear.
    return type(module) in (nn.Linear, Conv1D)


def _matrix(module: Any) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Out × in weight and bias of a Linear, or of a Conv1D, which stores in × out."""
    weight = module.weight.detach()
    bias = None if module.bias is None else module.bias.detach()
    return (weight.t().contiguous() if type(module) is Conv1D else weight), bias


def _maker(precision: str, device: torch.device, compute: torch.dtype) -> Make:
    if precision in BITSANDBYTES:
        # Imported here because only these two precisions need bitsandbytes, and it takes seconds.
        bnb = importlib.import_module("wattmark.backends.quantized_bnb")
        return cast(Make, bnb.maker(precision, device, compute))
    if precision == "int8-dynamic":
        return lambda weight, bias, _: Int8Dynamic(weight, bias)
    if precision == "int8-wo":
        return lambda weight, bias, _: Int8Weight(weight, bias, compute)
    if precision == "int4-wo":
        return _int4
    raise InputError(f"'{precision}' is no quantized precision.")


def _int4(weight: torch.Tensor, bias: torch.Tensor | None, is_head: bool) -> nn.Module | None:
    if is_head:
        return Int8Weight(weight, bias, torch.bfloat16)
    group = next((size for size in GROUPS if weight.shape[1] % size == 0), None)
    if group is None or weight.shape[0] % 16:  # the kernels' own limits
        return None
    return Int4Weight(weight, bias, group)


def _compare(new: nn.Module, weight: torch.Tensor, bias: torch.Tensor | None) -> None:
    """ModelError where a packed layer says something else than the layer it was made of."""
    x = torch.cos(torch.arange(weight.shape[1], device=weight.device)).to(weight.dtype)[None]
    before = nn.functional.linear(x.float(), weight.float())
    after = new(x).float() - (0 if bias is None else bias.float())
    error = float((after - before).norm() / before.norm().clamp_min(1e-12))
    if float(before.norm()) > 0 and not error < _WORST_ERROR:
        raise ModelError(
            f"Packed layers ({getattr(new, 'format', '')}) are wrong by {error:.0%} on"
            f" {weight.device}: the kernel of torch {torch.__version__} reads them otherwise.",
            "Take another precision, and report this with the GPU's or CPU's name.",
        )


def _others(model: Any, replaced: set[nn.Module]) -> Counter[str]:
    """dtype → parameters that were not packed, shared ones once."""
    counts: Counter[str] = Counter()
    seen: set[int] = set()
    for module in model.modules():
        plain = module.parameters(recurse=False)
        left = [module.bias] if module in replaced else list(plain)
        for tensor in left:
            if tensor is not None and id(tensor) not in seen:
                seen.add(id(tensor))
                counts[str(tensor.dtype).removeprefix("torch.")] += tensor.numel()
    return counts
