"""A shape with random weights as a folder in the hub's layout, for engines that convert one.

The file is written tensor by tensor, so that memory holds one of them at a time (format:
huggingface/safetensors, README "Format"). A folder is kept in the cache and made once.
"""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import torch
import transformers

from wattmark.errors import ModelError, unknown
from wattmark.models.cache import Cache
from wattmark.models.model import RANDOM, ModelSource
from wattmark.models.skeleton import Filler, meta_model, places, set_small, spread_of
from wattmark.models.weights import SINGLE, fingerprint

_FORMATS = {
    "fp32": (torch.float32, "F32"),
    "bf16": (torch.bfloat16, "BF16"),
    "fp16": (torch.float16, "F16"),
}
_CODES = dict(_FORMATS.values())
_WAY = "1"
"""Of filling: to be counted up where the same seed gives other numbers."""


def as_folder(source: ModelSource, seed: int, dtype: str = "fp32") -> Path:
    """The folder of a shape with weights drawn from `seed`; of any other model its own folder.

    `dtype` is the number format of the file. Raises ModelError where it cannot be written.
    """
    if source.origin != RANDOM:
        return source.path
    if dtype not in _FORMATS:
        raise ModelError(unknown("number format of a folder", dtype, _FORMATS))
    key = {
        "shape": fingerprint(source.path, ()),
        "seed": str(seed),
        "dtype": dtype,
        "way": _WAY,
        "transformers": transformers.__version__,
    }
    build = partial(_write, source=source, seed=seed, dtype=dtype)
    return Cache("random").folder(source.name, key, build)[0]


def _write(folder: Path, *, source: ModelSource, seed: int, dtype: str) -> None:
    for path in source.path.iterdir():
        shutil.copyfile(path, folder / path.name)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config.pop("torch_dtype", None)
    config["dtype"] = str(_FORMATS[dtype][0]).removeprefix("torch.")
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    model = meta_model(source.path, source.kind, _FORMATS[dtype][0])
    set_small(model, torch.device("cpu"), seed)
    _write_tensors(folder / SINGLE, model, seed)


def _write_tensors(path: Path, model: Any, seed: int) -> None:
    tensors: dict[str, torch.Tensor] = {n: place.parameter for n, place in places(model).items()}
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    end = 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.numel() * tensor.element_size()
        header[name] = {
            "dtype": _CODES[tensor.dtype],
            "shape": list(tensor.shape),
            "data_offsets": [begin, end],
        }
    text = json.dumps(header).encode()
    # Tensors begin at a multiple of eight bytes.
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file, Filler(seed, spread_of(model)) as fill:
        file.write(len(text).to_bytes(8, "little") + text)
        for name, tensor in tensors.items():
            whole = tensor
            if tensor.is_meta:
                whole = torch.empty_like(tensor, device="cpu")
                fill(whole, name)
            file.write(whole.detach().contiguous().view(-1).view(torch.uint8).numpy().data)
