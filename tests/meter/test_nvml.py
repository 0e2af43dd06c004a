"""NVML's sensors of boards that answer, and what is told of those that do not."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pynvml
import pytest
from nvml_library import AVERAGE, INSTANT, MODULE, Library, lacks, power_field, watts_field
from sensor_contract import check

from wattmark.energy.total import total
from wattmark.meter import nvml
from wattmark.meter.nvml_sensor import LIMIT_SLACK, WHOLE_BOARD
from wattmark.schema import EnergyReading


@pytest.fixture(autouse=True)
def every_gpu_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def test_a_sample_in_si_units() -> None:
    sensor, *others = nvml.find(Library()).sensors
    sample = sensor.read()
    assert [s.info.name for s in others] == ["nvml:gpu0-power", "nvml:gpu1", "nvml:gpu1-power"]
    assert sample.sensor == "nvml:gpu0"
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
    assert info.limit_w == pytest.approx(700 * LIMIT_SLACK)
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


def test_the_power_beside_the_counter_is_there_to_check_it() -> None:
    counter, power, *_ = nvml.find(Library()).sensors
    info = power.info
    assert (info.name, info.kind) == ("nvml:gpu0-power", "power")
    assert (info.component, info.device) == ("gpu", "gpu0")
    assert info.overlaps == ("nvml:gpu0",)
    assert counter.info.overlaps == ("nvml:gpu0-power",)
    # H100: 25 ms of every 100 ms are seen by the instantaneous figure, all by the mean.
    assert power.read().power_w == pytest.approx(290.0)
    assert (info.update_period_s, info.averaging_window_s) == (0.1, 1.0)
    assert "average power" in info.source
    check(power, "nvml")


def test_counter_and_power_of_a_board_are_never_summed() -> None:
    def reading(sensor: Any, gross_j: float | None) -> EnergyReading:
        info = sensor.info
        method = "counter" if info.kind == "counter" else "integrated"
        return EnergyReading(
            "measured",
            info.name,
            info.component,
            info.device,
            "measured",
            method,
            1.0,
            gross_j,
            gross_j,
            gross_j,
        )

    sensors = nvml.find(Library()).sensors
    readings = [reading(s, j) for s, j in zip(sensors, [300, 310, 200, 190], strict=True)]
    assert total(readings).gross_j == 500
    readings[0] = reading(sensors[0], None)
    assert total(readings).gross_j == 310 + 200, "the power stands in where the counter has none"


def test_a_turings_instant_power_leaves_nothing_out_and_is_taken() -> None:
    library = Library(nvmlDeviceGetName=lambda _: "Tesla T4")
    power = nvml.find(library).sensors[1]
    assert power.read().power_w == pytest.approx(312.5)
    assert power.info.averaging_window_s == 0.1


def test_a_superchips_module_is_a_whole_that_is_never_added() -> None:
    def fields(_: int, asked: list[Any]) -> list[Any]:
        module = {(INSTANT, MODULE): 700_000, (AVERAGE, MODULE): 650_000}
        return [watts_field(module[a]) if a in module else power_field(a) for a in asked]

    library = Library(
        nvmlDeviceGetFieldValues=fields, nvmlDeviceGetName=lambda _: "NVIDIA GH200 480GB"
    )
    found = {s.info.name: s for s in nvml.find(library).sensors}
    module = found["nvml:gpu0-module"]
    assert module.info.component == "board"
    assert module.read().power_w == pytest.approx(650.0)
    assert set(module.info.overlaps) == {"nvml:gpu0", "nvml:gpu0-power"}
    assert "nvml:gpu0-module" in found["nvml:gpu0"].info.overlaps
    check(module, "nvml")


def test_a_module_that_takes_nothing_is_none() -> None:
    library = Library(nvmlDeviceGetFieldValues=lambda _, asked: [watts_field(0) for _ in asked])
    assert not [s for s in nvml.find(library).sensors if "module" in s.info.name]


@pytest.mark.parametrize("variable", [None, "MIG-0"])
def test_mig_is_told_as_the_whole_boards_energy(
    variable: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    library = Library(
        nvmlDeviceGetMigMode=lambda handle: [int(handle == 0), 1],
        nvmlDeviceGetMaxMigDeviceCount=lambda _: 7,
        nvmlDeviceGetMigDeviceHandleByIndex=lambda handle, place: f"MIG-{handle}-{place}",
    )
    if variable is not None:
        library.__dict__["nvmlDeviceGetMigDeviceHandleByIndex"] = lambda handle, place: (
            f"MIG-{handle}" if place == 3 else lacks(pynvml.NVML_ERROR_NOT_FOUND)()
        )
    found = nvml.find(library)
    sources = {s.info.name: s.info.source for s in found.sensors}
    assert "whole board" in sources["nvml:gpu0"]
    assert "whole board" in sources["nvml:gpu0-power"]
    assert WHOLE_BOARD not in sources.get("nvml:gpu1", "")
    assert "No energy of a MIG slice, on gpu0:" in str(found.missing)
    assert "-mig 0" in str(found.fix)


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
    told = [sensor.info.name for sensor in found.sensors]
    assert [name for name in told if not name.endswith("-power")] == names
    assert len(told) == 2 * len(names)
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


def test_free_memory_is_that_of_the_visible_board(monkeypatch: pytest.MonkeyPatch) -> None:
    free = {0: 5 * 2**30, 1: 70 * 2**30}
    library = Library(nvmlDeviceGetMemoryInfo=lambda board: SimpleNamespace(free=free[board]))
    assert [nvml.free_bytes(index, library) for index in (0, 1, 2)] == [*free.values(), None]
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert [nvml.free_bytes(index, library) for index in (0, 1)] == [free[1], None]
    assert library.open == 0, "what was opened is given back"


def test_a_divided_board_tells_no_free_memory_of_a_slice() -> None:
    library = Library(
        nvmlDeviceGetMaxMigDeviceCount=lambda _: 1,
        nvmlDeviceGetMigDeviceHandleByIndex=lambda *_: "MIG-1",
    )
    assert nvml.free_bytes(0, library) is None


def test_a_board_that_hides_its_processes_hides_no_others() -> None:
    def running(handle: int) -> list[Any]:
        if handle == 0:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NO_PERMISSION)
        return [SimpleNamespace(pid=8, usedGpuMemory=None)]

    library = Library(nvmlDeviceGetComputeRunningProcesses=running)
    assert [(p.gpu, p.pid) for p in nvml.foreign_processes([], library)] == [("gpu1", 8)]


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


@pytest.mark.parametrize(
    ("variable", "boards"),
    [
        (None, {"gpu0": "GPU-aaaa1111", "gpu1": "GPU-bbbb2222"}),
        ("1,0", {"gpu1": "GPU-bbbb2222", "gpu0": "GPU-aaaa1111"}),
        ("GPU-bbbb", {"gpu1": "GPU-bbbb2222"}),
        ("MIG-1", {"gpu1": "GPU-bbbb2222"}),
        ("", {}),
    ],
)
def test_boards_stand_in_the_order_in_which_cuda_counts_them(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, boards: dict[str, str]
) -> None:
    if variable is not None:
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)

    def slice_of_the_second(handle: int, place: int) -> str:
        if (handle, place) == (1, 0):
            return "MIG-1"
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)

    library = Library(
        nvmlDeviceGetMaxMigDeviceCount=lambda _: 2,
        nvmlDeviceGetMigDeviceHandleByIndex=slice_of_the_second,
    )
    found = nvml.visible_boards(library)
    assert list(found.items()) == list(boards.items())
    assert library.open == 0


def test_without_nvml_there_are_no_boards() -> None:
    library = Library(nvmlInit=lacks(pynvml.NVML_ERROR_LIBRARY_NOT_FOUND))
    assert nvml.visible_boards(library) == {}
