"""NVML's C library cannot run without a GPU: here its functions are played by an object.

Errors, constants and structures are pynvml's own; what a board answers is ours. What remains
untested on a machine without one is whether a real board answers so.
"""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pynvml

UUIDS = ("GPU-aaaa1111", "GPU-bbbb2222")


def lacks(code: int) -> Callable[..., Any]:
    def refuse(*_: Any) -> Any:
        raise pynvml.NVMLError(code)

    return refuse


def watts_field(milliwatts: int, status: int = pynvml.NVML_SUCCESS) -> Any:
    field = pynvml.c_nvmlFieldValue_t()
    field.nvmlReturn = status
    field.valueType = pynvml.NVML_VALUE_TYPE_UNSIGNED_INT
    field.value.uiVal = milliwatts
    return field


INSTANT, AVERAGE = pynvml.NVML_FI_DEV_POWER_INSTANT, pynvml.NVML_FI_DEV_POWER_AVERAGE
MODULE = pynvml.NVML_POWER_SCOPE_MODULE


def power_field(asked: Any) -> Any:
    """An H100's answers: instant and average of the board, nothing of a module."""
    figures = {INSTANT: 312_500, AVERAGE: 290_000}
    if asked in figures:
        return watts_field(figures[asked])
    return watts_field(0, pynvml.NVML_ERROR_NOT_SUPPORTED)


class Library:
    """Two boards; `changes` replaces functions by name."""

    def __init__(self, **changes: Any) -> None:
        self.open = 0
        self.energy_mj = 5_000_000
        self.__dict__.update(changes)

    def __getattr__(self, name: str) -> Any:
        # Constants and error classes; a function of the C library not played here is refused.
        if name.startswith("nvml"):
            return lacks(pynvml.NVML_ERROR_NOT_SUPPORTED)
        return getattr(pynvml, name)

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        self.open += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's name
        self.open -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVML's name
        return len(UUIDS)

    def nvmlDeviceGetHandleByUUID(self, uuid: str) -> int:  # noqa: N802 - NVML's name
        return UUIDS.index(uuid)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802 - NVML's name
        return index

    def nvmlDeviceGetUUID(self, handle: Any) -> str:  # noqa: N802 - NVML's name
        return UUIDS[handle] if isinstance(handle, int) else str(handle)

    def nvmlDeviceGetName(self, _: int) -> str:  # noqa: N802 - NVML's name
        return "NVIDIA H100 80GB HBM3"

    def nvmlDeviceGetTotalEnergyConsumption(self, _: int) -> int:  # noqa: N802 - NVML's name
        self.energy_mj += 250
        return self.energy_mj

    def nvmlDeviceGetFieldValues(self, _: int, fields: list[Any]) -> list[Any]:  # noqa: N802 - NVML's name
        return [power_field(each) for each in fields]

    def nvmlDeviceGetPowerUsage(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 300_000

    def nvmlDeviceGetEnforcedPowerLimit(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 700_000

    def nvmlDeviceGetTemperature(self, _: int, which: int) -> int:  # noqa: N802 - NVML's name
        assert which == pynvml.NVML_TEMPERATURE_GPU
        return 61

    def nvmlDeviceGetMemoryInfo(self, _: int) -> Any:  # noqa: N802 - NVML's name
        return SimpleNamespace(used=2**30, free=79 * 2**30, total=80 * 2**30)

    def nvmlDeviceGetClockInfo(self, _: int, which: int) -> int:  # noqa: N802 - NVML's name
        assert which == pynvml.NVML_CLOCK_SM
        return 1980

    def nvmlDeviceGetUtilizationRates(self, _: int) -> Any:  # noqa: N802 - NVML's name
        return SimpleNamespace(gpu=37, memory=4)

    def nvmlDeviceGetCurrentClocksEventReasons(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 0x1 | 0x4 | 0x20
