"""A model's place: the CPU, one GPU, or layer by layer over several.

Over several GPUs accelerate's balanced device map gives each about the same bytes of weights, in
order; a batch enters at the first, its activations go from GPU to GPU, and only one of them works
at a time. Logits come back to the first, so that a token which is there has passed all of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from wattmark.backends.devices import gpu_indices
from wattmark.errors import InputError, OutOfMemoryError, unknown
from wattmark.units import gibibytes

DEVICES = ("cpu", "cuda", "cuda:0", "cuda:0+1")
Devices = tuple[torch.device, ...]
DeviceMap = Mapping[str, int]
"""Name of a module → index of its GPU; a module that is not there goes with the one around it."""


def find_devices(name: str) -> Devices:
    """The torch devices called `name`; InputError where this machine or this torch has none."""
    if name == "cpu":
        return (torch.device("cpu"),)
    indices = gpu_indices(name)
    if not indices or len(set(indices)) < len(indices):
        raise InputError(unknown("device", name, DEVICES))
    if not torch.cuda.is_available():
        raise InputError(
            f"Device '{name}' is not available: torch {torch.__version__} sees no CUDA device.",
            "Use cpu, or install a torch with CUDA for this driver.",
        )
    if max(indices) >= torch.cuda.device_count():
        raise InputError(f"There is no '{name}': {torch.cuda.device_count()} CUDA devices here.")
    return tuple(torch.device("cuda", index) for index in indices)


def open_gpus(devices: Devices) -> None:
    """Start CUDA on the first GPU, and count peaks of memory from here on."""
    if devices[0].type != "cuda":
        return
    # Else a kernel that names no device would open a context, and take memory, on cuda:0.
    torch.cuda.set_device(devices[0])
    torch.cuda.init()
    for device in devices:
        # The allocator knows a GPU from its first tensor on; before, it has no peak to reset.
        torch.empty(1, device=device)
        torch.cuda.reset_peak_memory_stats(device)


def wait_for_gpus(devices: Devices) -> None:
    """Return when all that was started has been done."""
    for device in devices:
        if device.type == "cuda":
            torch.cuda.synchronize(device)


def empty_gpus(devices: Devices) -> None:
    """Give what the allocator keeps back to the GPUs."""
    if devices[0].type == "cuda":
        torch.cuda.empty_cache()


def peaks_bytes(devices: Devices) -> dict[str, int]:
    """Most bytes that torch held on each GPU since `open_gpus`; {} for a CPU."""
    return {
        str(device): int(torch.cuda.max_memory_allocated(device))
        for device in devices
        if device.type == "cuda"
    }


def describe_gpus(devices: Devices, model: Any) -> dict[str, Any]:
    """Facts: names and UUIDs of the GPUs by torch's device, for whoever holds them against NVML.

    Of several GPUs also the bytes of weights that each of them holds.
    """
    gpus = {
        str(device): torch.cuda.get_device_properties(device)
        for device in devices
        if device.type == "cuda"
    }
    if not gpus:
        return {}
    facts: dict[str, Any] = {
        "gpus": {name: gpu.name for name, gpu in gpus.items()},
        "gpu_uuids": {name: str(uuid) for name, gpu in gpus.items() if (uuid := _uuid(gpu))},
    }
    if len(gpus) > 1:
        facts["weight_bytes_by_gpu"] = bytes_by_device([*model.parameters(), *model.buffers()])
    return facts


def _uuid(gpu: Any) -> Any:
    return getattr(gpu, "uuid", None)  # since torch 2.4


def free_bytes(devices: Devices) -> dict[int, int]:
    """Index → bytes free, of each GPU."""
    return {int(d.index): int(torch.cuda.mem_get_info(d)[0]) for d in devices}


def balanced(model: Any, free: Mapping[int, int], dtype: torch.dtype) -> dict[str, int]:
    """Where to put each module of a model on the meta device; OutOfMemoryError: it does not fit.

    `free` are bytes free by GPU.
    """
    # Imported here: only a model over several GPUs needs it.
    from accelerate import utils  # noqa: PLC0415 - see above

    never_split = model._no_split_modules
    most = utils.get_balanced_memory(
        model, max_memory=dict(free), no_split_module_classes=never_split, dtype=dtype
    )
    device_map = utils.infer_auto_device_map(
        model, max_memory=most, no_split_module_classes=never_split, dtype=dtype
    )
    check_map(device_map, free)
    return dict(device_map)


def check_map(device_map: Mapping[str, Any], free: Mapping[int, int]) -> None:
    """OutOfMemoryError where part of a model would lie elsewhere than on its GPUs."""
    outside = [name for name, place in device_map.items() if place in ("cpu", "disk")]
    if outside:
        raise too_large(free, f" ({', '.join(outside[:3])}{', …' if len(outside) > 3 else ''})")


def too_large(free: Mapping[int, int], what: str = "") -> OutOfMemoryError:
    """The weights need more than the GPUs have free."""
    told = ", ".join(f"cuda:{index} {gibibytes(size)}" for index, size in free.items())
    return OutOfMemoryError(
        f"The weights do not fit on {len(free)} GPUs{what}: free are {told}.",
        "Take more GPUs, a lower precision or a smaller model.",
    )


def place_of(name: str, device_map: DeviceMap) -> torch.device:
    """The GPU of a parameter."""
    while name and name not in device_map:
        name = name.rpartition(".")[0]
    return torch.device("cuda", device_map[name])


def dispatch(model: Any, device_map: DeviceMap, first: torch.device) -> None:
    """Let each module of a model, which lies where `device_map` says, fetch what it needs."""
    from accelerate import dispatch_model  # noqa: PLC0415 - only several GPUs need it

    dispatch_model(
        model,
        device_map=dict(device_map),
        main_device=first,
        skip_keys=model._skip_keys_device_placement,
    )
    model.hf_device_map = dict(device_map)


def bytes_by_device(tensors: Sequence[torch.Tensor]) -> dict[str, int]:
    """Bytes of tensors on each device."""
    found: dict[str, int] = {}
    for tensor in tensors:
        place = str(tensor.device)
        found[place] = found.get(place, 0) + tensor.numel() * tensor.element_size()
    return found
