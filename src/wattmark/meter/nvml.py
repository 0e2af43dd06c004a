"""NVIDIA GPUs by NVML: the board's energy counter, its power and its gauges.

`nvmlDeviceGetTotalEnergyConsumption` counts the board's millijoules since the driver was loaded
(Volta and newer); where it is missing, power is sampled and integrated later. Instantaneous
power has a field of its own since driver 530; before, and where that is refused,
`nvmlDeviceGetPowerUsage` stands in, which on most boards is a one-second mean. A board is
seen whole: MIG slices and other processes on it share its joules.

`library` in what follows is pynvml, or an object with the same functions (in tests).
[NVML API reference; Yang et al., 'Part-time Power Measurements']
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

import pynvml

from wattmark.meter import Found
from wattmark.meter.boards import field_value, power_timing, throttle_words, visible
from wattmark.meter.counter import RisingCounter
from wattmark.schema import Sample, SensorInfo

# Reports say 10, 20 and 100 ms: the slowest keeps the interval honest.
UPDATE_PERIOD_S = 0.1
QUANTUM_J = 1e-3
# About ±5 % by NVIDIA; A100 −5.8 %, some Turing and Ada boards up to 13 % [Yang et al.].
GAIN = 0.05
# Regulation overshoots the limit for milliseconds; half above it a reading cannot be true.
LIMIT_SLACK = 1.5

_FIXES = {
    "NVMLError_LibraryNotFound": "Install NVIDIA's driver; in a container, start it with --gpus.",
    "NVMLError_DriverNotLoaded": "Load the driver (sudo modprobe nvidia) and look at nvidia-smi.",
    "NVMLError_LibRmVersionMismatch": "The driver was updated under the running kernel: reboot.",
    "NVMLError_NoPermission": "Let this user open /dev/nvidia* (often the group 'video').",
}


@dataclass(frozen=True)
class GpuProcess:
    """A process on a GPU. In a container NVML may show the host's process ids."""

    gpu: str
    pid: int
    name: str | None
    memory_bytes: int | None


class NvmlSensor:
    """One board, `nvml:gpu<index>`. Raises the library's NVMLError if it gives no figures."""

    def __init__(self, library: Any, index: int) -> None:
        library.nvmlInit()
        self._library = library
        self._closed = False
        try:
            self._handle = library.nvmlDeviceGetHandleByIndex(index)
            self._energy_mj = self._tried(library.nvmlDeviceGetTotalEnergyConsumption)
            self._power_w, self._is_instant = self._power_reader()
            if self._energy_mj is None and self._power_w is None:
                # Let the library say why.
                library.nvmlDeviceGetPowerUsage(self._handle)
            self.info = self._info(index)
            self._gauges = self._gauge_readers()
        except BaseException:
            library.nvmlShutdown()
            raise
        self._counter = RisingCounter.of(self.info)

    def read(self) -> Sample:
        name, before_ns = self.info.name, time.monotonic_ns()
        energy_j = power_w = fault = None
        try:
            if self._closed:
                raise self._library.NVMLError(self._library.NVML_ERROR_UNINITIALIZED)
            if self._energy_mj is not None:
                raw_j = self._energy_mj() * QUANTUM_J
                time_ns = (before_ns + time.monotonic_ns()) // 2
                energy_j, fault = self._counter.advance(raw_j, time_ns)
                power_w = self._gauge(self._power_w)
            else:
                power_w = None if self._power_w is None else self._power_w()
                time_ns = (before_ns + time.monotonic_ns()) // 2
        except self._library.NVMLError as reason:
            return Sample(name, time.monotonic_ns(), fault=f"NVML cannot read it: {reason}")
        if fault is not None:
            return Sample(name, time_ns, fault=fault)
        gauges = {field: self._gauge(read) for field, read in self._gauges.items()}
        return Sample(name, time_ns, energy_j=energy_j, power_w=power_w, **gauges)

    def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._library.nvmlShutdown()

    def _gauge(self, read: Callable[[], Any] | None) -> Any:
        """A figure beside the energy: missing it is no fault."""
        try:
            return None if read is None else read()
        except self._library.NVMLError:
            return None

    def _tried(self, function: Callable[[Any], Any]) -> Callable[[], Any] | None:
        """`function` of this board, if it answers once: what a board lacks, it lacks for good."""
        handle = self._handle
        try:
            function(handle)
        except self._library.NVMLError:
            return None
        return lambda: function(handle)

    def _power_reader(self) -> tuple[Callable[[], float] | None, bool]:
        """Watts, and whether they are instantaneous."""
        library = self._library
        field_id = library.NVML_FI_DEV_POWER_INSTANT

        def instant_w(handle: Any) -> float:
            field = library.nvmlDeviceGetFieldValues(handle, [field_id])[0]
            milliwatts = field_value(library, field)
            if milliwatts is None:
                raise library.NVMLError(field.nvmlReturn or library.NVML_ERROR_UNKNOWN)
            return milliwatts * 1e-3

        def usage_w(handle: Any) -> float:
            return float(library.nvmlDeviceGetPowerUsage(handle)) * 1e-3

        instant = self._tried(instant_w)
        return (instant, True) if instant is not None else (self._tried(usage_w), False)

    def _gauge_readers(self) -> dict[str, Callable[[], Any]]:
        """Field of Sample → its reader, of those that this board has."""
        nv = self._library
        wanted: dict[str, Callable[[Any], Any]] = {
            "temperature_c": lambda h: float(
                nv.nvmlDeviceGetTemperature(h, nv.NVML_TEMPERATURE_GPU)
            ),
            "memory_bytes": lambda h: int(nv.nvmlDeviceGetMemoryInfo(h).used),
            "clock_hz": lambda h: nv.nvmlDeviceGetClockInfo(h, nv.NVML_CLOCK_SM) * 1e6,
            "utilization": lambda h: nv.nvmlDeviceGetUtilizationRates(h).gpu / 100,
            "throttle": lambda h: throttle_words(nv.nvmlDeviceGetCurrentClocksEventReasons(h)),
        }
        # The older name of the same, for drivers before 535.
        older = {
            "throttle": lambda h: throttle_words(nv.nvmlDeviceGetCurrentClocksThrottleReasons(h))
        }
        readers = {field: self._tried(function) for field, function in wanted.items()}
        if readers["throttle"] is None:
            readers["throttle"] = self._tried(older["throttle"])
        return {field: read for field, read in readers.items() if read is not None}

    def _info(self, index: int) -> SensorInfo:
        name = _text(self._library.nvmlDeviceGetName(self._handle))
        limit_mw = self._gauge(self._tried(self._library.nvmlDeviceGetEnforcedPowerLimit))
        counts = self._energy_mj is not None
        period_s, window_s = power_timing(name, instant=self._is_instant)
        return SensorInfo(
            name=f"nvml:gpu{index}",
            component="gpu",
            device=f"gpu{index}",
            kind="counter" if counts else "power",
            source=f"NVML {'energy counter' if counts else 'power'} of {name}",
            update_period_s=UPDATE_PERIOD_S if counts else period_s,
            averaging_window_s=None if counts else window_s,
            quantum_j=QUANTUM_J if counts else 0.0,
            gain_uncertainty=GAIN,
            limit_w=None if limit_mw is None else limit_mw * 1e-3 * LIMIT_SLACK,
        )


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
            "driver": _text(library.nvmlSystemGetDriverVersion()),
            "gpus": [_board(library, index) for index in range(count)],
        }
    except library.NVMLError:
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
    fix = _FIXES.get(type(reason).__name__, "Look at what nvidia-smi says.")
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
    sensors: list[NvmlSensor] = []
    refused: list[str] = []
    for index in indices:
        try:
            sensor = NvmlSensor(library, index)
        except library.NVMLError as reason:
            refused.append(f"gpu{index}: {reason}")
        else:
            sensors.append(sensor)
    if not refused:
        return Found("nvml", sensors)
    missing = f"Neither energy nor power from {'; '.join(refused)}."
    return Found("nvml", sensors, missing, "Look at: nvidia-smi -q -d POWER (virtual GPUs lack it)")


def _visible(library: Any) -> list[int]:
    """Indices of the boards that CUDA_VISIBLE_DEVICES leaves to see."""
    variable = os.environ.get("CUDA_VISIBLE_DEVICES")
    handles = [
        library.nvmlDeviceGetHandleByIndex(index) for index in range(library.nvmlDeviceGetCount())
    ]
    uuids = [_text(library.nvmlDeviceGetUUID(handle)) for handle in handles]
    slices: dict[str, int] = {}
    if variable is not None and "MIG-" in variable:
        for index, handle in enumerate(handles):
            slices.update(dict.fromkeys(_slices(library, handle), index))
    return visible(variable, uuids, slices)


def _slices(library: Any, handle: Any) -> list[str]:
    """UUIDs of a board's MIG slices."""
    found: list[str] = []
    try:
        for place in range(library.nvmlDeviceGetMaxMigDeviceCount(handle)):
            slice_handle = library.nvmlDeviceGetMigDeviceHandleByIndex(handle, place)
            found.append(_text(library.nvmlDeviceGetUUID(slice_handle)))
    except library.NVMLError:
        # Places are filled from 0, and the first empty one is an error; so is a board without.
        return found
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
        "name": told(library.nvmlDeviceGetName, _text),
        "uuid": told(library.nvmlDeviceGetUUID, _text),
        "memory_bytes": told(library.nvmlDeviceGetMemoryInfo, lambda info: int(info.total)),
        "power_limit_w": told(library.nvmlDeviceGetEnforcedPowerLimit, lambda mw: mw * 1e-3),
        "mig": told(library.nvmlDeviceGetMigMode, lambda modes: bool(modes[0])),
    }


def _processes(library: Any, index: int) -> list[GpuProcess]:
    handle = library.nvmlDeviceGetHandleByIndex(index)
    found: list[GpuProcess] = []
    for process in library.nvmlDeviceGetComputeRunningProcesses(handle):
        try:
            name = _text(library.nvmlSystemGetProcessName(process.pid))
        except library.NVMLError:
            name = None
        found.append(GpuProcess(f"gpu{index}", process.pid, name, process.usedGpuMemory))
    return found


def _text(name: str | bytes) -> str:
    """NVML's strings, which older bindings give as bytes."""
    return name.decode(errors="replace") if isinstance(name, bytes) else name
