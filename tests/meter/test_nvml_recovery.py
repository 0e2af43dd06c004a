"""NVML that fails while it is read: faults that say what to do, and going on afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable

import pynvml
import pytest
from nvml_library import Library, lacks

from wattmark.meter import nvml, nvml_board
from wattmark.schema import LOST


@pytest.fixture(autouse=True)
def every_gpu_visible(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def raising(library: Library, code: int, *names: str) -> Callable[[], None]:
    """From now on these functions raise; calling what is returned ends it."""
    kept = {name: getattr(library, name) for name in names}
    library.__dict__.update({name: lacks(code) for name in names})

    def end() -> None:
        library.__dict__.update(kept)

    return end


@pytest.mark.parametrize(
    ("code", "said", "advice"),
    [
        (pynvml.NVML_ERROR_GPU_IS_LOST, "GPU is lost", "dmesg"),
        (pynvml.NVML_ERROR_NO_PERMISSION, "Insufficient Permissions", "/dev/nvidia*"),
        (pynvml.NVML_ERROR_RESET_REQUIRED, "GPU requires restart", "--gpu-reset"),
        (pynvml.NVML_ERROR_DRIVER_NOT_LOADED, "Driver Not Loaded", "modprobe nvidia"),
        (pynvml.NVML_ERROR_UNKNOWN, "Unknown Error", "container"),
        (pynvml.NVML_ERROR_TIMEOUT, "Timeout", ""),
    ],
)
def test_an_error_mid_run_is_a_fault_that_says_what_to_do_and_passes(
    code: int, said: str, advice: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nvml_board, "RENEW_AFTER_S", 0.0)
    library = Library()
    for sensor in nvml.find(library).sensors[:2]:
        before = sensor.read()
        end = raising(
            library, code, "nvmlDeviceGetTotalEnergyConsumption", "nvmlDeviceGetFieldValues"
        )
        sample = sensor.read()
        assert f"NVML cannot read it: {said}" in str(sample.fault)
        assert advice in str(sample.fault)
        assert not str(sample.fault).endswith("."), "a doubt's sentence goes on from there"
        assert (sample.energy_j, sample.power_w, sample.temperature_c) == (None, None, None)
        assert not sample.lost, "the board counted on"
        assert sensor.read().fault is not None
        end()
        after = sensor.read()
        assert after.fault is None
        if before.energy_j is not None and after.energy_j is not None:
            assert after.energy_j == pytest.approx(before.energy_j + 0.25)


def test_a_lost_handle_is_got_again_by_the_boards_uuid_and_not_at_every_reading(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The driver came back with the boards in another order."""
    library = Library()
    sensor = nvml.find(library).sensors[2]
    asked: list[str] = []

    def by_uuid(uuid: str) -> int:
        asked.append(uuid)
        return 7

    library.__dict__["nvmlDeviceGetHandleByUUID"] = by_uuid
    end = raising(library, pynvml.NVML_ERROR_GPU_IS_LOST, "nvmlDeviceGetTotalEnergyConsumption")
    handles: list[int] = []
    assert all("GPU is lost" in str(sensor.read().fault) for _ in range(5))
    assert asked == [], "a try costs much: not before a second has passed"
    end()
    energy = library.nvmlDeviceGetTotalEnergyConsumption
    library.__dict__["nvmlDeviceGetTotalEnergyConsumption"] = lambda handle: (
        handles.append(handle) or energy(handle)  # type: ignore[func-returns-value]  # it notes
    )
    now_ns = time.monotonic_ns
    monkeypatch.setattr(time, "monotonic_ns", lambda: now_ns() + 1_500_000_000)
    assert sensor.read().fault is None
    assert (asked, handles) == (["GPU-bbbb2222"], [7])


def test_every_reference_is_given_back_whatever_happened(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml_board, "RENEW_AFTER_S", 0.0)
    library = Library()
    sensors = nvml.find(library).sensors
    end = raising(
        library,
        pynvml.NVML_ERROR_GPU_IS_LOST,
        "nvmlDeviceGetTotalEnergyConsumption",
        "nvmlDeviceGetHandleByUUID",
    )
    for _ in range(3):
        assert sensors[0].read().fault is not None
    sensors[0].close()
    sensors[0].close()
    end()
    # Lost and come back, then closed.
    end = raising(library, pynvml.NVML_ERROR_UNINITIALIZED, "nvmlDeviceGetTotalEnergyConsumption")
    assert sensors[2].read().fault is not None
    end()
    assert sensors[2].read().fault is None
    for sensor in sensors:
        sensor.close()
    assert library.open == 0


def test_a_driver_that_was_reloaded_lost_its_joules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml_board, "RENEW_AFTER_S", 0.0)
    library = Library()
    sensor = nvml.find(library).sensors[0]
    before = sensor.read()
    end = raising(library, pynvml.NVML_ERROR_UNINITIALIZED, "nvmlDeviceGetTotalEnergyConsumption")
    assert not sensor.read().lost
    end()
    library.energy_mj = 0
    again = sensor.read()
    assert again.lost
    assert again.fault is not None
    assert again.fault.startswith(f"{LOST}the driver was started anew")
    after = sensor.read()
    assert after.energy_j == pytest.approx((before.energy_j or 0) + 0.25)


def test_a_counter_that_starts_again_by_itself_lost_its_joules() -> None:
    library = Library()
    sensor = nvml.find(library).sensors[0]
    sensor.read()
    library.energy_mj = 0
    assert str(sensor.read().fault).startswith(f"{LOST}the counter went back by 5")
    assert sensor.read().fault is None
