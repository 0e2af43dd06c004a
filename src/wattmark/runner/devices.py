"""The GPUs that a trial runs on: as they were asked for, as NVML knows them, whose joules count.

CUDA numbers the GPUs that CUDA_VISIBLE_DEVICES leaves to see, from 0; NVML numbers all boards. In
workers both count in PCI order (CUDA_DEVICE_ORDER), so the n-th visible board is `cuda:n`.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from wattmark.backends.devices import ALL, gpu_indices, gpus_named
from wattmark.errors import InputError
from wattmark.meter.nvml import describe, visible_boards
from wattmark.schema import Doubt, SensorInfo


def find_device(asked: str) -> str:
    """The device of trials: `auto`'s best, every GPU of `cuda:all`, several in ascending order.

    Raises InputError for a GPU that is not there, or is named twice.
    """
    if asked != "auto" and not asked.startswith("cuda"):
        return asked
    indices = gpu_indices(asked)
    twice = next((index for index in indices if indices.count(index) > 1), None)
    if twice is not None:
        raise InputError(
            f"--device {asked} names GPU {twice} twice.",
            f"Name each once: {gpus_named(tuple(dict.fromkeys(indices)))}.",
        )
    count = len(visible_boards())
    if asked == "auto":
        return "cuda" if count else "cpu"
    if not count:
        raise _no_gpu(asked)
    if asked == ALL:
        return gpus_named(tuple(range(count)))
    absent = [index for index in indices if index >= count]
    if absent:
        there = "only cuda:0" if count == 1 else f"cuda:0 to cuda:{count - 1}"
        raise InputError(
            f"There is no cuda:{absent[0]} here: --device {asked} cannot be.",
            f"There is {there}{_hidden()}.",
        )
    return asked if len(indices) == 1 else gpus_named(tuple(sorted(indices)))


def _no_gpu(asked: str) -> InputError:
    said = f"so --device {asked} cannot be."
    if (describe() or {}).get("gpus"):
        return InputError(f"No GPU is visible{_hidden()}, {said}", "Unset it, or name one in it.")
    return InputError(
        f"No NVIDIA GPU is found here, {said}",
        "Take --device cpu; 'wattmark doctor' says what was looked for.",
    )


def _hidden() -> str:
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    return "" if variable is None else f" with CUDA_VISIBLE_DEVICES='{variable}'"


def own_gpus(sensors: Sequence[SensorInfo], device: str, boards: Sequence[str]) -> set[str]:
    """Of a trial's GPUs, what sensors call them: {'gpu1'}; empty for a trial on the CPU.

    `boards` are the visible boards in CUDA's order ('gpu1' is NVML's second). Sensors that know
    none of them, such as simulated ones, are taken in the order in which they were found.
    """
    found = list(dict.fromkeys(s.device for s in sensors if s.component == "gpu"))
    order = boards if set(boards) & set(found) else found
    return {order[index] for index in gpu_indices(device) if index < len(order)}


def other_gpus(sensors: Sequence[SensorInfo], device: str, boards: Sequence[str] = ()) -> set[str]:
    """Sensors of GPUs that a trial does not run on: read and stored, but not in its totals."""
    mine = own_gpus(sensors, device, boards)
    return {s.name for s in sensors if s.component == "gpu" and s.device not in mine}


def gpu_doubts(
    sensors: Sequence[SensorInfo],
    device: str,
    boards: Mapping[str, str | None],
    facts: Mapping[str, Any],
) -> Iterable[Doubt]:
    """What of a trial's GPUs is in no figure, or may be another's.

    `boards` has NVML's uuid of each visible board; the worker's facts have CUDA's.
    """
    indices = gpu_indices(device)
    mine = own_gpus(sensors, device, tuple(boards))
    read = {s.device for s in sensors if s.component == "gpu"} & mine
    if len(read) < len(indices):
        yield Doubt(
            "gpu-not-read",
            f"The trial ran on {len(indices)} GPU(s) ({device}), of which sensors read {len(read)}:"
            " the totals lack the joules of the rest.",
            "See 'wattmark doctor' for why; leave no GPU out of --sensor.",
        )
    used = [_bare(uuid) for uuid in (facts.get("gpu_uuids") or {}).values()]
    known = {_bare(boards[name]) for name in mine if boards.get(name)}
    elsewhere = {_bare(uuid) for uuid in boards.values() if uuid} - known
    if known and any(uuid in elsewhere for uuid in used):
        yield Doubt(
            "other-gpu-read",
            f"CUDA ran {device} on a board that NVML counts in another place: the joules of the"
            " totals are those of another GPU.",
            "Set CUDA_VISIBLE_DEVICES to the GPU's UUID (nvidia-smi -L) and take --device cuda.",
        )


def _bare(uuid: Any) -> str:
    """A UUID as NVML ('GPU-…') and CUDA ('…') both give it."""
    return str(uuid).removeprefix("GPU-").casefold()
