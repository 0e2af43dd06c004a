"""Random weights at true size: a shape becomes a model in memory, without a second copy.

Each tensor is allocated once, on its device and in its number format, and filled there: the peak
is the weights and what the engine takes for itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from wattmark.models import ModelSource
from wattmark.models.skeleton import Filler, meta_model, places, set_small, spread_of


def random_model(
    source: ModelSource,
    dtype: torch.dtype,
    device: torch.device,
    seed: int,
    attention: str | None = None,
    *,
    spread: Callable[[Any], Callable[[str], torch.device]] | None = None,
) -> Any:
    """A model of the shape of `source`, its matrices drawn from `seed`, ready to run.

    `spread` is given the model without its weights, and says where each parameter is to lie; what
    is no matrix lies on `device` all the same.
    """
    model = meta_model(source.path, source.kind, dtype, attention)
    place_of = spread(model) if spread is not None else lambda _: device
    set_small(model, device, seed)
    with Filler(seed, spread_of(model)) as fill:
        for name, place in places(model).items():
            if place.parameter.is_meta:
                tensor = torch.empty_like(place.parameter, device=place_of(name))
                fill(tensor, name)
                place.put(tensor)
    return model
