"""Which GPUs a trial runs on, and whose joules and memory are its own.

The boards are given here; that NVML tells them so is tested with the meter.
"""

from __future__ import annotations

from typing import Any

import pytest

from wattmark.errors import InputError
from wattmark.runner import devices, room
from wattmark.runner.compiled import compiled_doubts
from wattmark.runner.devices import find_device, gpu_doubts, other_gpus
from wattmark.runner.plan import expand
from wattmark.runner.suite import read_suite
from wattmark.schema import Doubt, SensorInfo, Span

BOARDS = {"gpu0": "GPU-aa-11", "gpu1": "GPU-bb-22", "gpu2": "GPU-cc-33"}


@pytest.fixture
def three_boards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(devices, "visible_boards", lambda: BOARDS)


def info(device: str, component: str = "gpu", name: str | None = None) -> SensorInfo:
    return SensorInfo(
        name=name or f"nvml:{device}",
        component=component,
        device=device,
        kind="counter",
        source="test",
    )


CPU = info("package-0", "cpu")
GPUS = [info(board) for board in BOARDS]


@pytest.mark.usefixtures("three_boards")
@pytest.mark.parametrize(
    ("asked", "device"),
    [
        ("auto", "cuda"),
        ("cpu", "cpu"),
        ("cuda", "cuda"),
        ("cuda:2", "cuda:2"),
        ("cuda:0+1", "cuda:0+1"),
        ("cuda:2+0", "cuda:0+2"),
        ("cuda:all", "cuda:0+1+2"),
    ],
)
def test_a_device_says_which_gpus_it_is(asked: str, device: str) -> None:
    assert find_device(asked) == device


@pytest.mark.usefixtures("three_boards")
@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("cuda:3", "There is no cuda:3 here.*cuda:0 to cuda:2"),
        ("cuda:0+7", r"There is no cuda:7 here: --device cuda:0\+7 cannot be"),
        ("cuda:1+0+1", r"names GPU 1 twice.*cuda:1\+0"),
    ],
)
def test_a_gpu_that_is_not_there_or_named_twice_is_refused(asked: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        find_device(asked)


def test_all_gpus_are_those_that_cuda_may_see(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-bb")
    monkeypatch.setattr(devices, "visible_boards", lambda: {"gpu1": "GPU-bb-22"})
    assert find_device("cuda:all") == "cuda:0"
    with pytest.raises(InputError, match="only cuda:0 with CUDA_VISIBLE_DEVICES='GPU-bb'"):
        find_device("cuda:1")
    monkeypatch.setattr(devices, "visible_boards", dict)
    monkeypatch.setattr(devices, "describe", lambda: {"gpus": [{"index": 0}]})
    assert find_device("auto") == "cpu"
    with pytest.raises(InputError, match="No GPU is visible with CUDA_VISIBLE_DEVICES='GPU-bb'"):
        find_device("cuda:0")


@pytest.mark.parametrize(
    ("device", "boards", "own"),
    [
        ("cpu", list(BOARDS), set()),
        ("cuda", list(BOARDS), {"gpu0"}),
        ("cuda:0+2", list(BOARDS), {"gpu0", "gpu2"}),
        ("cuda:0", ["gpu2", "gpu0"], {"gpu2"}),
        ("cuda:0+1", ["gpu2", "gpu0"], {"gpu0", "gpu2"}),
        # Sensors of which NVML knows nothing: in the order in which they were found.
        ("cuda:1", [], {"gpu1"}),
        ("cuda:0+1", ["gpu7", "gpu8"], {"gpu0", "gpu1"}),
    ],
)
def test_exactly_its_own_gpus_count(device: str, boards: list[str], own: set[str]) -> None:
    left = other_gpus([CPU, *GPUS], device, boards)
    assert left == {f"nvml:{board}" for board in set(BOARDS) - own}


def test_a_board_that_tells_nothing_makes_no_other_the_trials_own() -> None:
    """The first of three is not read: cuda:0 is not the second for that."""
    assert other_gpus(GPUS[1:], "cuda:0", list(BOARDS)) == {"nvml:gpu1", "nvml:gpu2"}


def doubts(sensors: list[SensorInfo], device: str, facts: dict[str, Any]) -> list[Doubt]:
    return list(gpu_doubts(sensors, device, BOARDS, facts))


def test_a_gpu_that_no_sensor_reads_is_said() -> None:
    (doubt,) = doubts([CPU, *GPUS[1:]], "cuda:0+1", {})
    assert doubt.code == "gpu-not-read"
    assert "2 GPU(s) (cuda:0+1), of which sensors read 1" in doubt.message
    assert [one.code for one in doubts([CPU], "cuda", {})] == ["gpu-not-read"]
    assert doubts([CPU, *GPUS], "cuda:0+1", {}) == []
    assert doubts([CPU], "cpu", {}) == []


def test_a_gpu_that_cuda_counts_elsewhere_is_said() -> None:
    right = {"gpu_uuids": {"cuda:0": "AA-11", "cuda:2": "cc-33"}}
    assert doubts([CPU, *GPUS], "cuda:0+2", right) == []
    wrong = {"gpu_uuids": {"cuda:0": "bb-22"}}
    assert [one.code for one in doubts([CPU, *GPUS], "cuda:0", wrong)] == ["other-gpu-read"]
    # A slice's own, which is no board's.
    assert doubts([CPU, *GPUS], "cuda:0", {"gpu_uuids": {"cuda:0": "MIG-9"}}) == []


def test_free_memory_of_several_gpus_adds_up(monkeypatch: pytest.MonkeyPatch) -> None:
    told: dict[int, int | None] = {0: 10, 1: 20, 2: None}
    monkeypatch.setattr(room, "free_gpu_bytes", told.__getitem__)
    assert room.free_bytes("cuda") == 10
    assert room.free_bytes("cuda:0+1") == 30
    assert room.free_bytes("cuda:0+2") is None


@pytest.mark.usefixtures("three_boards")
def test_a_plan_says_what_cannot_be_spread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "free_gpu_bytes", lambda _: 10**9)
    asked = {
        "models": "embedded/arithmetic",
        "backends": "transformers,llamacpp,openvino",
        "precisions": "fp32,bf16,int8-wo",
        "device": "cuda:all",
        "limit": 1,
    }
    plan = expand(read_suite(None, asked))
    assert {(t.backend, t.precision, t.device) for t in plan.trials} == {
        ("transformers", "fp32", "cuda:0+1+2"),
        ("transformers", "bf16", "cuda:0+1+2"),
    }
    assert all(found.free == 3 * 10**9 for found in plan.foreseen.values())
    why = {item.what: item.why for item in plan.left_out}
    assert "packs its layers on one GPU" in why["transformers int8-wo cuda:0+1+2"]
    assert "runs on one GPU" in why["llamacpp fp32 cuda:0+1+2"]
    assert "OpenVINO has no CUDA devices" in why["openvino fp32 cuda:0+1+2"]
    compiled = {**asked, "backends": "transformers", "options": {"compile": "default"}}
    with pytest.raises(InputError, match="compile is offered on one GPU"):
        expand(read_suite(None, compiled))


def test_compilations_in_the_measured_region_are_said() -> None:
    region = Span("measured", 100, 200)
    assert list(compiled_doubts({}, region)) == []
    assert list(compiled_doubts({"compiled_at_ns": [50, 99, 201]}, region)) == []
    (doubt,) = compiled_doubts({"compiled_at_ns": [50, 150, 199]}, region)
    assert doubt.code == "compiled-while-measured"
    assert "2 of 3 compilations" in doubt.message
