"""A model without its weights: built on torch's meta device, where a shape takes no memory.

What training would have left in the small tensors (norms are ones or zeros, biases zero) and in
the buffers (rotary frequencies) is set as transformers itself initializes them; the matrices are
left for whoever fills them, one at a time, from a seed and their name. So a folder and a model in
memory of one seed are the same, in each number format but for its rounding.
"""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import torch
import transformers

from wattmark.models.trained import auto_class

SPREAD = 0.02
"""Standard deviation of a matrix where a config names none (initializer_range of most)."""
_CHUNK = 2**18
"""Elements drawn at once: in single precision 1 MiB, which a core's own cache holds."""


def meta_model(folder: Path, kind: str, dtype: torch.dtype, attention: str | None = None) -> Any:
    """The model of the config.json in `folder`, causal or classifier, on the meta device.

    Tied weights are tied. Whatever transformers raises for a config that it cannot build passes.
    """
    config: Any = transformers.AutoConfig.from_pretrained(folder, local_files_only=True)
    asked = {} if attention is None else {"attn_implementation": attention}
    with torch.device("meta"):
        model = auto_class(kind).from_config(config, dtype=dtype, **asked)
    model.tie_weights()
    # Buffers are in no state dict, and their number format is their own: these are parameters'.
    for pattern, kept in model._get_dtype_plan(dtype).items():
        for name, parameter in model.named_parameters():
            if pattern in name.split("."):
                parameter.data = parameter.data.to(kept)
    return model.eval()


@torch.no_grad()
def set_small(model: Any, device: torch.device, seed: int) -> None:
    """Put everything but the matrices on `device`, with the values of a model before training."""
    torch.manual_seed(seed)
    formats = {}
    for name, place in places(model).items():
        parameter: Any = place.parameter
        if parameter.ndim >= 2:
            # transformers then leaves it alone.
            parameter._is_hf_initialized = True
        else:
            formats[name] = parameter.dtype
            # In single precision first: a few are drawn, and shall be the same in each format.
            place.put(torch.empty_like(parameter, dtype=torch.float32, device=device))
    for module in model.modules():
        for name, buffer in module.named_buffers(recurse=False):
            persistent = name not in module._non_persistent_buffers_set
            module.register_buffer(
                name, torch.empty_like(buffer, device=device), persistent=persistent
            )
    model.initialize_weights()
    for name, place in places(model).items():
        if name in formats:
            place.put(place.parameter.to(formats[name]))


@dataclass(frozen=True)
class Place:
    """A parameter, and all the modules that hold it: several where it is tied."""

    parameter: torch.nn.Parameter
    holders: tuple[tuple[torch.nn.Module, str], ...]

    def put(self, tensor: torch.Tensor) -> None:
        """Put another tensor in its place, everywhere."""
        new = torch.nn.Parameter(tensor, requires_grad=False)
        for module, name in self.holders:
            module.register_parameter(name, new)


def places(model: Any) -> dict[str, Place]:
    """Name → parameter, in the model's order; a tied one once, by its first name."""
    holders: dict[int, list[tuple[torch.nn.Module, str]]] = {}
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False, remove_duplicate=False):
            holders.setdefault(id(parameter), []).append((module, name))
    return {
        name: Place(parameter, tuple(holders[id(parameter)]))
        for name, parameter in model.named_parameters()
    }


def spread_of(model: Any) -> float:
    """Standard deviation of the random matrices."""
    asked = getattr(model.config.get_text_config(), "initializer_range", None)
    return float(asked) if isinstance(asked, float | int) and asked > 0 else SPREAD


class Filler:
    """Fills matrices in place with normal numbers, the same for a seed and a name.

    That holds for one kind of device: a GPU draws its own. Each thread draws into a small buffer
    of its own, so that nothing is held besides the matrix. Used as a context, it ends its threads.
    """

    def __init__(self, seed: int, spread: float) -> None:
        self._seed, self._spread = seed, spread
        # A generator is serial, and leaves Python to the other threads while it draws.
        self._pool = ThreadPoolExecutor(torch.get_num_threads())
        self._own = threading.local()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        self._pool.shutdown()

    @torch.no_grad()
    def __call__(self, tensor: torch.Tensor, name: str) -> None:
        """Fill `tensor`, which is contiguous, on any device."""
        word = f"{self._seed} {name}".encode()
        first = int.from_bytes(hashlib.sha256(word).digest()[:7], "little")
        flat = tensor.view(-1)
        if tensor.device.type != "cpu":
            generator = torch.Generator(tensor.device).manual_seed(first)
            flat.normal_(0.0, self._spread, generator=generator)
            return
        parts = [flat[at : at + _CHUNK] for at in range(0, flat.numel(), _CHUNK)]
        list(self._pool.map(self._draw, parts, range(first, first + len(parts))))

    def _draw(self, part: torch.Tensor, seed: int) -> None:
        if not hasattr(self._own, "buffer"):
            self._own.buffer = torch.empty(_CHUNK)
        # In single precision: torch draws half precision from too few values.
        drawn = self._own.buffer[: part.numel()]
        drawn.normal_(0.0, self._spread, generator=torch.Generator().manual_seed(seed))
        part.copy_(drawn)
