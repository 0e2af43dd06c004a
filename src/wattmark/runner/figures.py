"""From a worker's result and the samples to a record: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from wattmark.energy.curve import curve_of
from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.energy.share import share
from wattmark.energy.total import total
from wattmark.runner.load import QUIET_CPUS
from wattmark.runner.plan import Slot
from wattmark.runner.watch import Ending
from wattmark.runner.wire import Result
from wattmark.schema import (
    Doubt,
    EnergyReading,
    Query,
    Record,
    Sample,
    Score,
    SensorInfo,
    Span,
    Status,
    Totals,
)
from wattmark.tasks import Task
from wattmark.units import s_to_ns

TOTALLED = ("cpu", "dram", "gpu", "soc")


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the parent saw of a replicate."""

    samples: Sequence[Sample]
    sensors: Sequence[SensorInfo]
    foreign_cpu: float | None
    doubts: tuple[Doubt, ...]
    interval_target: float
    sample_interval_s: float


def complete(
    slot: Slot,
    task: Task,
    queries: tuple[Query, ...],
    result: Result,
    watched: Watched,
    *,
    started_at: str,
    attempt: int,
) -> Record:
    """The record of a replicate that ended well."""
    series = [Series.from_samples(info, watched.samples) for info in watched.sensors]
    resolved = resolve(result.spans, series, interval_target=watched.interval_target)
    scores = tuple(
        task.score(query, answer) for query, answer in zip(queries, result.generations, strict=True)
    )
    measured = next((span for span in result.spans if span.name == "measured"), None)
    doubts = watched.doubts + resolved.doubts + tuple(_foreign(watched.foreign_cpu))
    return Record(
        trial=slot.trial,
        replicate=slot.replicate,
        block=slot.block,
        order=slot.order,
        status=Status.OK,
        started_at=started_at,
        attempt=attempt,
        spans=result.spans,
        queries=queries,
        generations=result.generations,
        scores=scores,
        energy=resolved.readings + resolved.batches,
        query_energy=share(result.generations, resolved.batches),
        totals=_totals(resolved.readings, series, measured, watched),
        memory=result.memory,
        facts=result.facts,
        doubts=doubts + tuple(_unscored(task, scores)),
    )


def failed(slot: Slot, ending: Ending, *, started_at: str, attempt: int) -> Record:
    """The record of a replicate that did not end well: no figures, but why."""
    return Record(
        trial=slot.trial,
        replicate=slot.replicate,
        block=slot.block,
        order=slot.order,
        status=ending.status,
        error=ending.error,
        started_at=started_at,
        attempt=attempt,
    )


def _foreign(used: float | None) -> Iterable[Doubt]:
    if used is not None and used > QUIET_CPUS:
        yield Doubt(
            "foreign-load",
            f"Other processes used {used:.2f} CPUs during the measured region.",
            "Stop other work on this machine; its joules and its delays are in these figures.",
        )


def _unscored(task: Task, scores: Sequence[Score]) -> Iterable[Doubt]:
    if scores and all(score.correct is None for score in scores):
        yield Doubt(
            "no-gold",
            f"Task {task.name} has no answers to score against: quality is not measured.",
            "Give a JSONL file with 'query' and 'answer'.",
        )


def _totals(
    readings: Sequence[EnergyReading],
    series: Sequence[Series],
    measured: Span | None,
    watched: Watched,
) -> Totals:
    work = total([reading for reading in readings if reading.span == "measured"])
    idles = [reading for reading in readings if reading.span == "idle"]
    idle, idle_s = total(idles), max((reading.seconds for reading in idles), default=0.0)
    seconds = measured.seconds if measured is not None else 0.0
    return Totals(
        energy_j=work.gross_j,
        energy_low_j=work.low_j,
        energy_high_j=work.high_j,
        energy_net_j=work.net_j,
        energy_net_low_j=work.net_low_j,
        energy_net_high_j=work.net_high_j,
        energy_provenance=work.provenance,
        gain_uncertainty=work.gain_uncertainty,
        idle_power_w=idle.gross_j / idle_s if idle.gross_j is not None and idle_s else None,
        power_mean_w=work.gross_j / seconds if work.gross_j is not None and seconds else None,
        power_peak_w=_peak_w(series, measured, watched.sample_interval_s),
        temperature_max_c=max(
            (s.temperature_c for s in watched.samples if s.temperature_c is not None), default=None
        ),
        foreign_cpu=watched.foreign_cpu,
    )


def _peak_w(series: Sequence[Series], measured: Span | None, interval_s: float) -> float | None:
    """Highest power over a sampling interval within the measured region, summed over sensors.

    On a grid of the sampling interval: between two readings that happen to lie close together
    a counter's quantum would look like a burst.
    """
    summed = [s for s in series if s.info.component in TOTALLED and len(s.time_ns) > 1]
    if measured is None or not summed:
        return None
    step = min(s_to_ns(interval_s), measured.end_ns - measured.start_ns)
    if step <= 0:
        return None
    starts = np.arange(measured.start_ns, measured.end_ns - step + 1, step, dtype=np.int64)
    power = sum(curve_of(s).between(starts, starts + step).value / (step / 1e9) for s in summed)
    return float(np.nanmax(power)) if np.isfinite(power).any() else None
