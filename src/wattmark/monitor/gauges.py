"""Temperature and memory now: the GPU's where there is one, else the machine's."""

from __future__ import annotations

from collections.abc import Sequence

import psutil

from wattmark.meter import nvml
from wattmark.schema import Sample, SensorInfo

# Chips that tell of CPU cores (lm-sensors' names); others are disks, boards and batteries.
CPU_CHIPS = ("coretemp", "k10temp", "zenpower", "cpu_thermal", "cpu-thermal")


def temperature_c(gpu: Sequence[Sample]) -> float | None:
    """Degrees Celsius of the GPU, else of the hottest CPU core; None where nothing tells."""
    told = [sample.temperature_c for sample in gpu if sample.temperature_c is not None]
    if told:
        return max(told)
    read = getattr(psutil, "sensors_temperatures", None)  # not on every system
    chips = {} if read is None else read()
    return max((one.current for name in CPU_CHIPS for one in chips.get(name, ())), default=None)


def memory_info(gpu: Sequence[Sample], infos: Sequence[SensorInfo]) -> dict[str, str | int | None]:
    """Bytes as {used, total, free} of `device`; `memory` is 'gpu' or 'ram'. None is not known."""
    for sample in gpu:
        if sample.memory_bytes is not None:
            device = next(info.device for info in infos if info.name == sample.sensor)
            if device not in _gpu_bytes:
                _gpu_bytes.update(_asked())  # once: what a board has does not change
            total = _gpu_bytes.get(device)
            free = None if total is None else total - sample.memory_bytes
            return _told("gpu", device, sample.memory_bytes, total, free)
    ram = psutil.virtual_memory()
    return _told("ram", "host", ram.total - ram.available, ram.total, ram.available)


def _told(
    memory: str, device: str, used: int, total: int | None, free: int | None
) -> dict[str, str | int | None]:
    return {"memory": memory, "device": device, "used": used, "total": total, "free": free}


_gpu_bytes: dict[str, int] = {}


def _asked() -> dict[str, int]:
    gpus = (nvml.describe() or {}).get("gpus", [])
    return {f"gpu{gpu['index']}": gpu["memory_bytes"] for gpu in gpus if gpu["memory_bytes"]}
