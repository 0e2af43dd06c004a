"""NVML's C library cannot run without a GPU: here its functions are played by an object.

Errors, constants and structures are pynvml's own; what a board answers is ours. What remains
untested on a machine without one is whether a real board answers so.
"""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
from sensor_contract import check

from wattmark.meter import nvml

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

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:  # noqa: N802 - NVML's name
        return index

    def nvmlDeviceGetUUID(self, handle: Any) -> str:  # noqa: N802 - NVML's name
        return UUIDS[handle] if isinstance(handle, int) else str(handle)

    def nvmlDeviceGetName(self, _: int) -> str:  # noqa: N802 - NVML's name
        return "NVIDIA H100 80GB HBM3"

    def nvmlDeviceGetTotalEnergyConsumption(self, _: int) -> int:  # noqa: N802 - NVML's name
        self.energy_mj += 250
        return self.energy_mj

    def nvmlDeviceGetFieldValues(self, _: int, fields: list[int]) -> list[Any]:  # noqa: N802 - NVML's name
        assert fields == [pynvml.NVML_FI_DEV_POWER_INSTANT]
        return [watts_field(312_500)]

    def nvmlDeviceGetPowerUsage(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 300_000

    def nvmlDeviceGetEnforcedPowerLimit(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 700_000

    def nvmlDeviceGetTemperature(self, _: int, which: int) -> int:  # noqa: N802 - NVML's name
        assert which == pynvml.NVML_TEMPERATURE_GPU
        return 61

    def nvmlDeviceGetMemoryInfo(self, _: int) -> Any:  # noqa: N802 - NVML's name
        return SimpleNamespace(used=2**30, total=80 * 2**30)

    def nvmlDeviceGetClockInfo(self, _: int, which: int) -> int:  # noqa: N802 - NVML's name
        assert which == pynvml.NVML_CLOCK_SM
        return 1980

    def nvmlDeviceGetUtilizationRates(self, _: int) -> Any:  # noqa: N802 - NVML's name
        return SimpleNamespace(gpu=37, memory=4)

    def nvmlDeviceGetCurrentClocksEventReasons(self, _: int) -> int:  # noqa: N802 - NVML's name
        return 0x1 | 0x4 | 0x20


@pytest.fixture(autouse=True)
def every_gpu_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_a_sample_in_si_units() -> None:
    sensor, other = nvml.find(Library()).sensors
    sample = sensor.read()
    assert (sample.sensor, other.info.name) == ("nvml:gpu0", "nvml:gpu1")
    assert sample.energy_j is not None
    assert sample.energy_j == pytest.approx(5000, abs=3)
    assert sample.power_w == pytest.approx(312.5)
    assert sample.temperature_c == 61.0
    assert sample.memory_bytes == 2**30
    assert sample.clock_hz == pytest.approx(1.98e9)
    assert sample.utilization == pytest.approx(0.37)
    assert sample.throttle == "sw_power_cap,sw_thermal"
    assert sample.fault is None


def test_the_counter_board_is_described_and_keeps_the_contract() -> None:
    library = Library()
    found = nvml.find(library)
    info = found.sensors[0].info
    assert (info.kind, info.component, info.device) == ("counter", "gpu", "gpu0")
    assert info.update_period_s == 0.1
    assert info.averaging_window_s is None
    assert info.limit_w == pytest.approx(700 * nvml.LIMIT_SLACK)
    for sensor in found.sensors:
        check(sensor, "nvml")
    assert library.open == 0


def test_a_board_without_the_counter_samples_power() -> None:
    library = Library(nvmlDeviceGetTotalEnergyConsumption=lacks(pynvml.NVML_ERROR_NOT_SUPPORTED))
    sensor = nvml.find(library).sensors[0]
    sample = sensor.read()
    assert sensor.info.kind == "power"
    assert sensor.info.averaging_window_s == 0.025
    assert sample.energy_j is None
    assert sample.power_w == pytest.approx(312.5)
    check(sensor, "nvml")


@pytest.mark.parametrize(
    "fields",
    [
        lambda _h, _f: [watts_field(0, pynvml.NVML_ERROR_NOT_SUPPORTED)],
        lacks(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND),
    ],
)
def test_power_usage_stands_in_where_instant_power_is_refused(fields: Any) -> None:
    library = Library(
        nvmlDeviceGetFieldValues=fields,
        nvmlDeviceGetTotalEnergyConsumption=lacks(pynvml.NVML_ERROR_NOT_SUPPORTED),
    )
    sensor = nvml.find(library).sensors[0]
    assert sensor.read().power_w == pytest.approx(300.0)
    # H100: nvmlDeviceGetPowerUsage is a one-second mean.
    assert sensor.info.averaging_window_s == 1.0


def test_nothing_is_claimed_of_an_h200s_power() -> None:
    library = Library(
        nvmlDeviceGetName=lambda _: b"NVIDIA H200",
        nvmlDeviceGetTotalEnergyConsumption=lacks(pynvml.NVML_ERROR_NOT_SUPPORTED),
    )
    info = nvml.find(library).sensors[0].info
    assert info.update_period_s is None
    assert info.averaging_window_s is None
    assert "NVIDIA H200" in info.source


def test_gauges_that_a_board_lacks_are_none_and_no_fault() -> None:
    refusal = lacks(pynvml.NVML_ERROR_NOT_SUPPORTED)
    library = Library(
        nvmlDeviceGetTemperature=refusal,
        nvmlDeviceGetUtilizationRates=refusal,
        nvmlDeviceGetCurrentClocksEventReasons=lacks(pynvml.NVML_ERROR_FUNCTION_NOT_FOUND),
        nvmlDeviceGetCurrentClocksThrottleReasons=lambda _: 0x8,
    )
    sample = nvml.find(library).sensors[0].read()
    assert sample.fault is None
    assert sample.temperature_c is None
    assert sample.utilization is None
    assert sample.throttle == "hw_slowdown"


def test_a_lost_gpu_is_a_fault_and_its_return_is_seen() -> None:
    library = Library()
    sensor = nvml.find(library).sensors[0]
    answers = library.nvmlDeviceGetTotalEnergyConsumption
    lost = {"is": True}

    def energy(handle: int) -> int:
        if lost["is"]:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        return answers(handle)

    sensor._energy_mj = lambda: energy(0)  # type: ignore[attr-defined]  # NvmlSensor's own
    sample = sensor.read()
    assert sample.fault == "NVML cannot read it: GPU is lost"
    assert (sample.energy_j, sample.power_w, sample.temperature_c) == (None, None, None)
    lost["is"] = False
    assert sensor.read().fault is None


def test_a_counter_that_was_reset_is_a_fault() -> None:
    library = Library()
    sensor = nvml.find(library).sensors[0]
    sensor.read()
    library.energy_mj = 0
    assert "went back" in str(sensor.read().fault)
    assert sensor.read().fault is None


@pytest.mark.parametrize(
    ("code", "said", "fix"),
    [
        (pynvml.NVML_ERROR_LIBRARY_NOT_FOUND, "Shared Library Not Found", "driver"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "Driver Not Loaded", "modprobe nvidia"),
        (pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH, "version mismatch", "reboot"),
        (pynvml.NVML_ERROR_UNKNOWN, "Unknown Error", "nvidia-smi"),
    ],
)
def test_no_nvml_says_why_and_what_to_do(code: int, said: str, fix: str) -> None:
    library = Library(nvmlInit=lacks(code))
    found = nvml.find(library)
    assert not found.sensors
    assert said in str(found.missing)
    assert fix in str(found.fix)
    assert nvml.describe(library) is None
    assert nvml.foreign_processes([], library) == []


def test_no_gpu_and_no_figures_are_answers() -> None:
    none = nvml.find(Library(nvmlDeviceGetCount=lambda: 0))
    assert "no GPU" in str(none.missing)
    refusal = lacks(pynvml.NVML_ERROR_NOT_SUPPORTED)
    library = Library(
        nvmlDeviceGetTotalEnergyConsumption=refusal,
        nvmlDeviceGetFieldValues=refusal,
        nvmlDeviceGetPowerUsage=refusal,
    )
    silent = nvml.find(library)
    assert not silent.sensors
    assert "gpu0: Not Supported; gpu1: Not Supported" in str(silent.missing)
    assert library.open == 0


def test_a_failure_halfway_closes_what_was_opened() -> None:
    library = Library(nvmlDeviceGetName=lacks(pynvml.NVML_ERROR_GPU_IS_LOST))
    assert not nvml.find(library).sensors
    assert library.open == 0


@pytest.mark.parametrize(
    ("variable", "names"),
    [
        ("1", ["nvml:gpu1"]),
        ("1,0", ["nvml:gpu1", "nvml:gpu0"]),
        ("GPU-bbbb", ["nvml:gpu1"]),
        ("MIG-1", ["nvml:gpu1"]),
        ("", []),
        ("-1", []),
    ],
)
def test_cuda_visible_devices_is_honoured(
    variable: str, names: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slice_of(handle: int, place: int) -> str:
        if place:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return f"MIG-{handle}"

    library = Library(
        nvmlDeviceGetMaxMigDeviceCount=lambda _: 7, nvmlDeviceGetMigDeviceHandleByIndex=slice_of
    )
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    found = nvml.find(library)
    assert [sensor.info.name for sensor in found.sensors] == names
    assert bool(found.missing) is not bool(names)


def test_describe_tells_what_the_boards_tell() -> None:
    library = Library(
        nvmlSystemGetDriverVersion=lambda: "570.86.10", nvmlDeviceGetMigMode=lambda _: [1, 1]
    )
    machine = nvml.describe(library)
    assert machine is not None
    assert machine["driver"] == "570.86.10"
    assert machine["gpus"][1] == {
        "index": 1,
        "name": "NVIDIA H100 80GB HBM3",
        "uuid": "GPU-bbbb2222",
        "memory_bytes": 80 * 2**30,
        "power_limit_w": 700.0,
        "mig": True,
    }
    del library.nvmlDeviceGetMigMode
    again = nvml.describe(library)
    assert again is not None
    assert again["gpus"][0]["mig"] is None


def test_foreign_processes_are_the_others() -> None:
    def process(pid: int) -> Any:
        return SimpleNamespace(pid=pid, usedGpuMemory=2**20 if pid != 9 else None)

    library = Library(
        nvmlDeviceGetComputeRunningProcesses=lambda handle: [process(7 + handle), process(9)],
        nvmlSystemGetProcessName=lambda pid: b"/usr/bin/train" if pid == 7 else lacks(10)(),
    )
    others = nvml.foreign_processes([9], library)
    assert [(p.gpu, p.pid, p.name, p.memory_bytes) for p in others] == [
        ("gpu0", 7, "/usr/bin/train", 2**20),
        ("gpu1", 8, None, 2**20),
    ]
    assert library.open == 0
