"""What of the sensors' joules belongs to a trial."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from wattmark.runner.devices import other_gpus
from wattmark.runner.figures import Watched, complete
from wattmark.runner.plan import Plan, expand
from wattmark.runner.suite import read_suite
from wattmark.runner.wire import Result
from wattmark.schema import Generation, Memory, Record, Sample, SensorInfo, Span


def info(name: str, component: str, device: str, **more: Any) -> SensorInfo:
    return SensorInfo(
        name=name,
        component=component,
        device=device,
        kind=more.pop("kind", "counter"),
        source="test",
        update_period_s=0.001,
        **more,
    )


CPU = info("rapl:package-0", "cpu", "package-0")
GPUS = [info(f"nvml:gpu{n}", "gpu", f"gpu{n}") for n in range(3)]
SOC = info("soc", "soc", "soc")
WALL = info("wall", "wall", "plug", kind="power")


@pytest.mark.parametrize(
    ("device", "others"),
    [
        ("cpu", {"nvml:gpu0", "nvml:gpu1", "nvml:gpu2"}),
        ("cuda", {"nvml:gpu1", "nvml:gpu2"}),
        ("cuda:2", {"nvml:gpu0", "nvml:gpu1"}),
        ("cuda:0+2", {"nvml:gpu1"}),
    ],
)
def test_a_trial_is_charged_for_its_own_gpu(device: str, others: set[str]) -> None:
    assert other_gpus([CPU, *GPUS, WALL], device) == others


def planned(limit: int) -> Plan:
    return expand(read_suite(None, {"models": "fake", "backends": "fake", "limit": limit}))


def record(watts: dict[SensorInfo, float], device: str = "cpu") -> Record:
    """Two seconds of work between two of idle, each sensor at a constant power.

    A GPU's memory in use grows by a megabyte a tick, to 62 MB.
    """
    rng = random.Random(1)
    samples = []
    for sensor, power_w in watts.items():
        for tick in range(-2, 63):
            time_ns = tick * 100_000_000 + rng.randint(0, 1000)
            joules = power_w * (time_ns / 1e9 + 1)
            counter = sensor.kind == "counter"
            samples.append(
                Sample(
                    sensor.name,
                    time_ns,
                    energy_j=joules if counter else None,
                    power_w=None if counter else power_w,
                    memory_bytes=max(0, tick) * 10**6 if sensor.component == "gpu" else None,
                )
            )
    second = 1_000_000_000
    spans = (
        Span("idle", 0, 2 * second),
        Span("prefill", 2 * second, 3 * second, 0, 5),
        Span("decode", 3 * second, 4 * second, 0, 4),
        Span("measured", 2 * second, 4 * second),
        Span("idle", 4 * second, 6 * second),
    )
    plan = planned(limit=1)
    slot = replace(plan.slots[0], trial=replace(plan.slots[0].trial, device=device))
    queries = plan.queries(slot.trial)
    answer = Generation(queries[0].id, "1", 0, 5, 5, 2 * second, 4 * second)
    return complete(
        slot,
        plan.task(slot.trial),
        queries,
        Result(spans=spans, generations=(answer,), memory=Memory()),
        Watched(
            samples=samples,
            sensors=list(watts),
            foreign_cpu=0.0,
            doubts=(),
            interval_target=0.1,
            sample_interval_s=0.1,
        ),
        started_at="",
        attempt=1,
    )


def test_a_trial_on_the_cpu_does_not_pay_for_a_gpu_that_idles() -> None:
    made = record({CPU: 50.0, GPUS[0]: 80.0})
    assert made.totals.energy_j == pytest.approx(100, rel=0.01)
    assert {reading.sensor for reading in made.energy} == {"rapl:package-0", "nvml:gpu0"}
    assert made.query_energy[0].gross_j == pytest.approx(100, rel=0.01)


def test_the_boards_memory_is_told_of_the_trials_own_gpu_alone() -> None:
    watts = {CPU: 50.0, GPUS[0]: 80.0}
    assert record(watts, "cuda").memory.vram_board_peak_bytes == 62 * 10**6
    assert record(watts, "cuda:1").memory.vram_board_peak_bytes is None
    assert record(watts).memory.vram_board_peak_bytes is None


def test_a_trial_on_two_gpus_pays_for_both_and_for_no_third() -> None:
    made = record({CPU: 50.0, GPUS[0]: 80.0, GPUS[1]: 200.0, GPUS[2]: 120.0}, "cuda:0+2")
    assert made.totals.energy_j == pytest.approx(2 * (50 + 80 + 120), rel=0.01)
    measured = {r.device: r.gross_j for r in made.energy if r.span == "measured"}
    assert measured["gpu0"] == pytest.approx(160, rel=0.01)
    assert measured["gpu1"] == pytest.approx(400, rel=0.01), "read, and in a row of its own"
    assert made.query_energy[0].gross_j == pytest.approx(500, rel=0.01)
    assert made.memory.vram_board_peak_bytes == 2 * 62 * 10**6
    assert "gpu-not-read" not in {doubt.code for doubt in made.doubts}
    alone = record({CPU: 50.0, GPUS[0]: 80.0}, "cuda:0+1")
    assert "gpu-not-read" in {doubt.code for doubt in alone.doubts}


def test_mean_and_peak_are_of_the_same_parts() -> None:
    for watts, expected in (({CPU: 50.0, SOC: 70.0}, 50), ({WALL: 90.0}, 90), ({SOC: 70.0}, 70)):
        totals = record(watts).totals
        assert totals.power_mean_w == pytest.approx(expected, rel=0.01)
        assert totals.power_peak_w == pytest.approx(expected, rel=0.05)


def test_nothing_read_is_none_and_not_zero() -> None:
    totals = record({}).totals
    assert totals.energy_j is None
    assert totals.power_peak_w is None
    assert totals.energy_provenance is None
