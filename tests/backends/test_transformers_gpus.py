"""A model over several GPUs, as far as it can be told without one.

The map of modules is made of a model's shape alone, and accelerate's hooks run on a CPU too. What
only GPUs show, copies between them and their memory, is not run here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from accelerate import dispatch_model
from folders import write_causal
from recorder import Recorder

from wattmark.backends.devices import gpu_indices, gpus_named
from wattmark.backends.torch_errors import memory_errors
from wattmark.backends.transformers import TransformersBackend
from wattmark.backends.transformers_gpus import (
    balanced,
    bytes_by_device,
    check_map,
    find_devices,
    place_of,
)
from wattmark.backends.transformers_limits import refuses_several
from wattmark.errors import InputError, OutOfMemoryError
from wattmark.models.skeleton import meta_model
from wattmark.schema import Query, Trial

pytest_plugins = ["backend_fixtures"]
MakeTrial = Callable[..., Trial]
GIB = 2**30


@pytest.fixture(autouse=True)
def _no_gpu_here_is_no_news() -> None:
    logging.getLogger("accelerate.utils.modeling").setLevel(logging.ERROR)


@pytest.mark.parametrize(
    ("device", "indices"),
    [
        ("cpu", ()),
        ("cuda", (0,)),
        ("cuda:3", (3,)),
        ("cuda:0+2", (0, 2)),
        ("cuda:all", ()),
        ("cuda:", (0,)),
        ("cuda:-1", ()),
    ],
)
def test_devices_by_name(device: str, indices: tuple[int, ...]) -> None:
    assert gpu_indices(device) == indices
    if len(indices) > 1:
        assert gpus_named(indices) == device


@pytest.mark.parametrize("name", ["cuda:0+0", "cuda:all", "cuda:x", "tpu9", "meta"])
def test_what_is_no_device(name: str) -> None:
    with pytest.raises(InputError, match=rf"Unknown device.*{name[-1]}"):
        find_devices(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_several_gpus_where_there_are_none(causal_folder: Path, make_trial: MakeTrial) -> None:
    with pytest.raises(InputError, match=r"'cuda:0\+1' is not available.*sees no CUDA device"):
        TransformersBackend().load(make_trial(causal_folder, device="cuda:0+1"))


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("gpus", [(0, 1), (1, 2, 5)])
def test_layers_are_spread_evenly_and_in_order(
    tmp_path: Path, tied: bool, gpus: tuple[int, ...]
) -> None:
    folder = write_causal(tmp_path / "m", num_hidden_layers=12, tie_word_embeddings=tied)
    model = meta_model(folder, "causal", torch.bfloat16)
    device_map = balanced(model, dict.fromkeys(gpus, 10 * GIB), torch.bfloat16)
    sizes = dict.fromkeys(gpus, 0)
    for name, parameter in model.named_parameters():
        sizes[place_of(name, device_map).index] += parameter.numel()
    assert max(sizes.values()) < 2 * min(sizes.values())
    layers = [place_of(f"model.layers.{n}.mlp.up_proj.weight", device_map) for n in range(12)]
    assert [place.index for place in layers] == sorted(place.index for place in layers)
    assert place_of("model.embed_tokens.weight", device_map).index == gpus[0]
    if tied:
        assert place_of("lm_head.weight", device_map).index == gpus[0]


def test_a_gpu_with_little_room_gets_little(tmp_path: Path) -> None:
    folder = write_causal(tmp_path / "m", num_hidden_layers=8)
    model = meta_model(folder, "causal", torch.float32)
    device_map = balanced(model, {0: 90_000, 1: GIB}, torch.float32)
    assert sum(place == 1 for place in device_map.values()) > 1
    with pytest.raises(OutOfMemoryError, match=r"not fit on 2 GPUs.*cuda:0 1 MiB, cuda:1 2 MiB"):
        check_map({"a": 0, "b": "disk"}, {0: 2**20, 1: 2**21})
    with pytest.raises(OutOfMemoryError, match="Take more GPUs"):
        balanced(model, {0: 90_000, 1: 60_000}, torch.float32)


def test_answers_are_the_same_through_hooks(
    causal_folder: Path, make_trial: MakeTrial, queries: list[Query]
) -> None:
    """The hooks that move activations from GPU to GPU, around each layer, on a CPU."""
    trial = make_trial(causal_folder, options={"cache": "static"})
    backend = TransformersBackend()
    backend.load(trial)
    plain = backend.generate(0, queries, Recorder())
    model = backend._model
    places = {"model.embed_tokens": "cpu", "model.layers": "cpu", "model.norm": "cpu"}
    dispatch_model(
        model,
        device_map={**places, "model.rotary_emb": "cpu", "lm_head": "cpu"},
        skip_keys=model._skip_keys_device_placement,
        force_hooks=True,
    )
    assert hasattr(model.model.embed_tokens, "_hf_hook")
    hooked = backend.generate(1, queries, Recorder())
    backend.close()
    assert [a.text for a in hooked] == [a.text for a in plain]


def test_bytes_are_told_by_device() -> None:
    tensors = [torch.zeros(3), torch.zeros(2, 2, dtype=torch.bfloat16)]
    elsewhere = torch.empty(5, dtype=torch.int8, device="meta")
    assert bytes_by_device([*tensors, elsewhere]) == {"cpu": 20, "meta": 5}


def test_what_cannot_be_spread() -> None:
    assert refuses_several({}, "bf16") is None
    assert refuses_several({"cache": "static"}, "fp32") is None
    assert "one GPU" in (refuses_several({}, "nf4-bnb") or "")
    assert "one GPU" in (refuses_several({"compile": "default"}, "fp16") or "")


def test_a_full_gpu_is_named_with_its_sizes() -> None:
    """torch's own words of version 2.13."""
    said = (
        "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 1 has a total capacity of 79.15 GiB "
        "of which 17.44 MiB is free. Including non-PyTorch memory, this process has 79.13 GiB "
        "memory in use."
    )
    with (
        pytest.raises(
            OutOfMemoryError,
            match=r"on cuda:0\+1 while working, asking for 20.00 GiB more on cuda:1, where"
            r" 17.44 MiB of 79.15 GiB is free \(the weights are 2.00 GiB\)",
        ),
        memory_errors("working", "cuda:0+1", 2 * GIB),
    ):
        raise torch.OutOfMemoryError(said)
    for other in (
        "CUDA error: out of memory",
        "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`",
    ):
        with pytest.raises(OutOfMemoryError), memory_errors("working", "cuda", 0):
            raise RuntimeError(other)
