"""How long it takes to join a million samples with a hundred thousand spans, in CPU time.

The samples are a counter and a sensor of power, read ten times a second for 14 hours; the spans
are prefill and decode by turns. Windows on the curves of all of them, phases by least squares of
a few; and the ways there: from objects, as a run stores them, and from a power log's files.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, summary
from wattmark.energy.curve import curve_of
from wattmark.energy.joined import join
from wattmark.energy.series import Series
from wattmark.energy.table import phase_table
from wattmark.meter.kept import KeptSamples
from wattmark.monitor.powerlog import read_power_log
from wattmark.schema import Sample, SensorInfo, Span

READINGS = 500_000
FEW_READINGS = 2_000
SPANS = 100_000
STEP_NS = 100_000_000
WRAP_J = 262_143.0
SENSORS = f"""\
[counter]
kind = "counter"
component = "gpu"
update_period_s = 0.1
wrap_j = {WRAP_J}

[power]
kind = "power"
component = "wall"
update_period_s = 0.1
averaging_window_s = 0.1
"""
INFOS = (
    SensorInfo(
        name="counter",
        component="gpu",
        device="gpu0",
        kind="counter",
        source="made up",
        update_period_s=0.1,
    ),
    SensorInfo(
        name="power",
        component="wall",
        device="wall",
        kind="power",
        source="made up",
        update_period_s=0.1,
        averaging_window_s=0.1,
    ),
)


def figures() -> Iterator[Figure]:
    """Two series of half a million readings each."""
    chance = np.random.default_rng(0)
    watts = chance.uniform(80, 400, READINGS)
    time_ns = np.arange(READINGS, dtype=np.int64) * STEP_NS
    energy_j = np.concatenate([np.zeros(1), np.cumsum(watts[1:] * 0.1)])
    series = _series(time_ns, energy_j, watts)
    spans = _spans()
    tables = [_cpu_s(lambda: _windows(series, spans)) for _ in range(3)]
    yield summary("10⁵ windows of 10⁶ samples", tables, "s", most=2.0, note="CPU")
    few = [_first(one, FEW_READINGS) for one in series]
    some = [span for span in spans if span.end_ns < FEW_READINGS * STEP_NS]
    joins = [_cpu_s(lambda: join(some, few)) for _ in range(3)]
    name = f"join {2 * FEW_READINGS:,} samples × {len(some):,} spans"
    yield summary(name, joins, "s", note="CPU, phases by least squares")
    samples = [Sample("counter", int(t), float(e)) for t, e in zip(time_ns, energy_j, strict=True)]
    slow = [_cpu_s(lambda: Series.from_samples(INFOS[0], samples))]
    yield summary("series of 5·10⁵ Sample objects", slow, "s", note="CPU")
    kept = KeptSamples("counter")
    for sample in samples:
        kept.add(sample)
    quick = [_cpu_s(lambda: kept.series(INFOS[0])) for _ in range(3)]
    yield summary("series of 5·10⁵ kept samples", quick, "s", note="CPU")
    with tempfile.TemporaryDirectory() as folder:
        paths = _files(Path(folder), energy_j % WRAP_J, watts)
        reads = [_cpu_s(lambda: read_power_log(*paths)) for _ in range(2)]
    yield summary("read a log of 10⁶ rows", reads, "s", most=5.0, note="CPU")


def _windows(series: Sequence[Series], spans: Sequence[Span]) -> None:
    for one in series:
        phase_table(curve_of(one), spans)


def _first(series: Series, count: int) -> Series:
    return Series.from_columns(
        series.info, series.time_ns[:count], series.energy_j[:count], series.power_w[:count]
    )


def _cpu_s(work: Callable[[], object]) -> float:
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def _series(
    time_ns: np.ndarray[tuple[int], np.dtype[np.int64]],
    energy_j: np.ndarray[tuple[int], np.dtype[np.float64]],
    watts: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> list[Series]:
    nothing = np.full(READINGS, np.nan)
    return [
        Series.from_columns(INFOS[0], time_ns, energy_j, nothing),
        Series.from_columns(INFOS[1], time_ns, nothing, watts),
    ]


def _spans() -> list[Span]:
    every_ns = READINGS * STEP_NS // (SPANS + 2)
    return [
        Span(
            "decode" if k % 2 else "prefill",
            (k + 1) * every_ns,
            (k + 1) * every_ns + every_ns * (2 if k % 2 else 1) // 3,
            batch=k // 2,
        )
        for k in range(SPANS)
    ]


def _files(
    folder: Path,
    raw_j: np.ndarray[tuple[int], np.dtype[np.float64]],
    watts: np.ndarray[tuple[int], np.dtype[np.float64]],
) -> tuple[Path, Path, Path]:
    samples, spans, sensors = (folder / name for name in ("power.csv", "spans.csv", "s.toml"))
    with samples.open("w", encoding="utf-8") as log:
        log.write("time_s,sensor,energy_j,power_w\n")
        for k, (joules, power) in enumerate(zip(raw_j.tolist(), watts.tolist(), strict=True)):
            stamp = f"17000{k // 10:05d}.{k % 10}23456"
            log.write(f"{stamp},counter,{joules:.6f},\n{stamp},power,,{power:.3f}\n")
    with spans.open("w", encoding="utf-8") as lines:
        lines.write("name,start_s,end_s\n")
        for span in _spans():
            start_s, end_s = 17e8 + span.start_ns / 1e9, 17e8 + span.end_ns / 1e9
            lines.write(f"{span.name},{start_s:.6f},{end_s:.6f}\n")
    sensors.write_text(SENSORS, encoding="utf-8")
    return samples, spans, sensors
