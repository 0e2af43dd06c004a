"""NVIDIA GPUs by NVML: their sensors, what they are, and who else runs on them.

`nvmlDeviceGetTotalEnergyConsumption` counts the board's millijoules since the driver was loaded
(Volta and newer); where it is missing, power is sampled and integrated later. Instantaneous and
average power have fields of their own since driver 530; before, and where those are refused,
`nvmlDeviceGetPowerUsage` stands in, which on most boards is a one-second mean. A board is
seen whole: NVML tells no energy of a MIG slice, and other processes share its joules.

`library` in what follows is pynvml, or an object with the same functions (in tests).
[NVML API reference; Yang et al., 'Part-time Power Measurements']
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pynvml

from wattmark.meter import Found
from wattmark.meter.boards import FIXES, LOOK, visible
from wattmark.meter.nvml_board import W_PER_MW, text
from wattmark.meter.nvml_sensor import WHOLE_BOARD, NvmlPowerSensor, NvmlSensor

AnySensor = NvmlSensor | NvmlPowerSensor


@dataclass(frozen=True)
class GpuProcess:
    """A process on a GPU. In a container NVML may show the host's process ids."""

    gpu: str
    pid: int
    name: str | None
    memory_bytes: int | None


def find(library: Any = pynvml) -> Found:
    """A sensor for each visible GPU, or why there is none and what to do."""
    try:
        library.nvmlInit()
    except library.NVMLError as reason:
        return _absent(reason)
    try:
        return _found(library)
    except library.NVMLError as reason:
        return _absent(reason)
    finally:
        library.nvmlShutdown()


def describe(library: Any = pynvml) -> dict[str, Any] | None:
    """Driver and boards for the machine's fingerprint; None where NVML does not run.

    {driver, gpus: [{index, name, uuid, memory_bytes, power_limit_w, mig}]}, all boards whether
    visible or not; what a board does not tell is None.
    """
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    try:
        count = library.nvmlDeviceGetCount()
        return {
            "driver": text(library.nvmlSystemGetDriverVersion()),
            "gpus": [_board(library, index) for index in range(count)],
        }
    except library.NVMLError:
        return None
    finally:
        library.nvmlShutdown()


def visible_boards(library: Any = pynvml) -> dict[str, str | None]:
    """Name ('gpu1' is NVML's second) → UUID of each visible board, in CUDA's order.

    Empty where NVML does not run; a UUID that is not told is None.
    """
    try:
        library.nvmlInit()
    except library.NVMLError:
        return {}
    try:
        boards = (_board(library, index) for index in _visible(library))
        return {f"gpu{board['index']}": board["uuid"] for board in boards}
    except library.NVMLError:
        return {}
    finally:
        library.nvmlShutdown()


def free_bytes(index: int, library: Any = pynvml) -> int | None:
    """Memory free on the visible GPU `index`, from 0; None where NVML does not tell.

    Nor does it of a slice: a board that is divided has no figure here.
    """
    try:
        library.nvmlInit()
    except library.NVMLError:
        return None
    try:
        handle = library.nvmlDeviceGetHandleByIndex(_visible(library)[index])
        free = int(library.nvmlDeviceGetMemoryInfo(handle).free)
        return None if _slices(library, handle) else free
    except (library.NVMLError, IndexError):
        return None
    finally:
        library.nvmlShutdown()


def foreign_processes(own_pids: Collection[int], library: Any = pynvml) -> list[GpuProcess]:
    """Compute processes on visible GPUs other than `own_pids`; [] where NVML does not run."""
    try:
        library.nvmlInit()
    except library.NVMLError:
        return []
    try:
        every = [found for index in _visible(library) for found in _processes(library, index)]
        return [process for process in every if process.pid not in own_pids]
    except library.NVMLError:
        return []
    finally:
        library.nvmlShutdown()


def _absent(reason: Exception) -> Found:
    fix = FIXES.get(type(reason).__name__, LOOK)
    return Found("nvml", missing=f"NVML does not answer: {reason}.", fix=fix)


def _found(library: Any) -> Found:
    count = library.nvmlDeviceGetCount()
    if not count:
        return Found("nvml", missing="The NVIDIA driver sees no GPU.", fix="Try: nvidia-smi -L")
    indices = _visible(library)
    if not indices:
        variable = os.environ.get("CUDA_VISIBLE_DEVICES")
        missing = f"CUDA_VISIBLE_DEVICES='{variable}' hides all of the {count} GPUs."
        return Found("nvml", missing=missing, fix="Unset it, or name a GPU: an index or a UUID.")
    sensors: list[AnySensor] = []
    refused: list[str] = []
    for index in indices:
        try:
            sensors += _sensors(library, index)
        except library.NVMLError as reason:
            refused.append(f"gpu{index}: {reason}")
    return _told(sensors, refused)


def _told(sensors: Sequence[AnySensor], refused: Sequence[str]) -> Found:
    """The sensors, the boards without figures, and the boards that are divided."""
    missing: list[str] = []
    cures: list[str] = []
    if refused:
        missing.append(f"Neither energy nor power from {'; '.join(refused)}.")
        cures.append("Look at: nvidia-smi -q -d POWER (virtual GPUs lack it).")
    if shared := [s.info.device for s in sensors if WHOLE_BOARD in s.info.source]:
        missing.append(
            f"No energy of a MIG slice, on {', '.join(dict.fromkeys(shared))}: NVML tells the "
            "whole board's, with what the other slices use."
        )
        cures.append("Leave the other slices idle, or end MIG: sudo nvidia-smi -mig 0.")
    return Found("nvml", sensors, " ".join(missing) or None, " ".join(cures) or None)


def _sensors(library: Any, index: int) -> Sequence[AnySensor]:
    """A board's sensors. Raises the library's NVMLError if it has none."""
    sensors: list[AnySensor] = [NvmlSensor(library, index)]
    ways = (False, True) if sensors[0].info.kind == "counter" else (True,)
    for module in ways:
        try:
            sensors.append(NvmlPowerSensor(library, index, module=module))
        except library.NVMLError:
            continue
    names = [sensor.info.name for sensor in sensors]
    for sensor in sensors:
        others = tuple(name for name in names if name != sensor.info.name)
        sensor.info = replace(sensor.info, overlaps=others)
    return sensors


def _visible(library: Any) -> list[int]:
    """Indices of the boards that CUDA_VISIBLE_DEVICES leaves to see."""
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    handles = [
        library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())
    ]
    uuids = [text(library.nvmlDeviceGetUUID(handle)) for handle in handles]
    slices: dict[str, int] = {}
    if variable is not None and "MIG-" in variable:
        for index, handle in enumerate(handles):
            slices.update(dict.fromkeys(_slices(library, handle), index))
    return visible(variable, uuids, slices)


def _slices(library: Any, handle: Any) -> list[str]:
    """UUIDs of a board's MIG slices."""
    found: list[str] = []
    try:
        places = library.nvmlDeviceGetMaxMigDeviceCount(handle)
    except library.NVMLError:
        return found
    for place in range(places):
        try:
            slice_handle = library.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            found.append(text(library.nvmlDeviceGetUUID(slice_handle)))
        except library.NVMLError:
            # An empty place is an error; a slice that was removed leaves one between others.
            continue
    return found


def _board(library: Any, index: int) -> dict[str, Any]:
    handle = library.nvmlDeviceGetHandleByIndex(index)

    def told(function: Callable[[Any], Any], convert: Callable[[Any], Any]) -> Any:
        try:
            return convert(function(handle))
        except library.NVMLError:
            return None

    return {
        "index": index,
        "name": told(library.nvmlDeviceGetName, text),
        "uuid": told(library.nvmlDeviceGetUUID, text),
        "memory_bytes": told(library.nvmlDeviceGetMemoryInfo, lambda info: int(info.total)),
        "power_limit_w": told(library.nvmlDeviceGetEnforcedPowerLimit, lambda mw: mw * W_PER_MW),
        "mig": told(library.nvmlDeviceGetMigMode, lambda modes: bool(modes[0])),
    }


def _processes(library: Any, index: int) -> list[GpuProcess]:
    found: list[GpuProcess] = []
    try:
        handle = library.nvmlDeviceGetHandleByIndex(index)
        running = library.nvmlDeviceGetComputeRunningProcesses(handle)
    except library.NVMLError:
        # One board that does not tell must not hide the others' processes.
        return found
    for process in running:
        try:
            name = text(library.nvmlSystemGetProcessName(process.pid))
        except library.NVMLError:
            name = None
        found.append(GpuProcess(f"gpu{index}", process.pid, name, process.usedGpuMemory))
    return found
