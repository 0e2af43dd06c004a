import pynvml
import pytest

from wattmark.meter.boards import THROTTLE, field_value, power_timing, throttle_words, visible

UUIDS = ("GPU-aaaa1111", "GPU-aaaa2222", "GPU-bbbb3333")


@pytest.mark.parametrize(
    ("variable", "indices"),
    [
        (None, [0, 1, 2]),
        ("", []),
        ("2,0", [2, 0]),
        (" 1 , 2 ", [1, 2]),
        ("0,0", [0]),
        ("0,7,1", [0]),
        ("0,-1,1", [0]),
        ("GPU-bbbb3333,GPU-aaaa1", [2, 0]),
        ("GPU-aaaa", []),
        ("NoDevFiles", []),
        ("MIG-x,MIG-y", [1]),
    ],
)
def test_visible_reads_the_variable_as_cuda_does(variable: str | None, indices: list[int]) -> None:
    assert visible(variable, UUIDS, {"MIG-x": 1, "MIG-y": 1}) == indices


def test_throttle_words() -> None:
    assert throttle_words(0) is None
    assert throttle_words(pynvml.nvmlClocksEventReasonGpuIdle) is None
    assert throttle_words(pynvml.nvmlClocksEventReasonHwThermalSlowdown) == "hw_thermal"
    known = pynvml.nvmlClocksThrottleReasonAll & ~pynvml.nvmlClocksEventReasonGpuIdle
    assert sum(THROTTLE) == known


@pytest.mark.parametrize(
    ("name", "instant", "timing"),
    [
        ("NVIDIA A100-SXM4-80GB", True, (0.1, 0.025)),
        ("NVIDIA H100 80GB HBM3", False, (0.1, 1.0)),
        ("NVIDIA H200", True, (None, None)),
        ("Tesla V100-SXM2-16GB", False, (0.02, 0.01)),
        ("Quadro K600", False, (None, None)),
    ],
)
def test_power_timing(name: str, instant: bool, timing: tuple[float | None, float | None]) -> None:
    assert power_timing(name, instant=instant) == timing


@pytest.mark.parametrize(
    ("kind", "member"),
    [
        (pynvml.NVML_VALUE_TYPE_UNSIGNED_INT, "uiVal"),
        (pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG, "ulVal"),
        (pynvml.NVML_VALUE_TYPE_UNSIGNED_LONG_LONG, "ullVal"),
        (pynvml.NVML_VALUE_TYPE_SIGNED_LONG_LONG, "sllVal"),
    ],
)
def test_a_field_is_read_by_its_type(kind: int, member: str) -> None:
    field = pynvml.c_nvmlFieldValue_t()
    field.valueType = kind
    setattr(field.value, member, 123_456)
    assert field_value(pynvml, field) == 123_456
    field.nvmlReturn = pynvml.NVML_ERROR_NOT_SUPPORTED
    assert field_value(pynvml, field) is None
    field.nvmlReturn = pynvml.NVML_SUCCESS
    field.valueType = pynvml.NVML_VALUE_TYPE_DOUBLE
    assert field_value(pynvml, field) is None
