"""From a worker's result and the samples to a record: the one place where the two meet."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wattmark.energy.resolve import Resolved, resolve
from wattmark.energy.series import Series
from wattmark.energy.share import share
from wattmark.energy.total import parts_of, total
from wattmark.energy.validity import (
    Short,
    precision_not_reached,
    relative_half_width,
    validity_doubts,
)
from wattmark.models import RANDOM
from wattmark.monitor.incomplete import incomplete
from wattmark.monitor.peak import peak_power_w
from wattmark.runner.compiled import compiled_doubts
from wattmark.runner.devices import gpu_doubts, other_gpus
from wattmark.runner.export import EXPORT
from wattmark.runner.plan import Slot
from wattmark.runner.rag import retrieval_doubts
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
    Trial,
)
from wattmark.tasks import Task, unscored

NO_QUALITY = Score(None, None, None, "random weights: not scored")


@dataclass(frozen=True, kw_only=True)
class Apart:
    """Work of a trial before its replicates: the export while its batch size was looked for."""

    spans: tuple[Span, ...]
    samples: tuple[Sample, ...]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the parent saw of a replicate."""

    samples: Sequence[Sample]
    sensors: Sequence[SensorInfo]
    foreign_cpu: float | None
    doubts: tuple[Doubt, ...]
    interval_target: float
    sample_interval_s: float
    precision_target: float | None = None
    too_short: Short | None = None
    """Why the region was not lengthened further, where it fell short of the target."""
    boards: Mapping[str, str | None] = field(default_factory=dict)
    """Visible NVIDIA boards in CUDA's order, with their UUIDs."""
    before: Apart | None = None
    """What goes into this replicate's record beside its own work."""


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
    before = _before(watched)
    own = _own(watched, other_gpus(watched.sensors, slot.trial.device, tuple(watched.boards)))
    sensors = {sensor.name for sensor in own.sensors}
    readings = [reading for reading in resolved.readings if reading.sensor in sensors]
    measured = next((span for span in result.spans if span.name == "measured"), None)
    totals = _totals(
        [*readings, *(reading for reading in before.readings if reading.sensor in sensors)],
        series,
        measured,
        watched.sample_interval_s,
    )
    scores = _scores(slot.trial, task, queries, result)
    batches = [reading for reading in resolved.batches if reading.sensor in sensors]
    return replace(
        _record(slot, Status.OK, started_at, attempt),
        repetitions=result.repetitions,
        spans=(*(watched.before.spans if watched.before else ()), *result.spans),
        queries=_as_asked(queries, result),
        retrieved=result.retrieved,
        generations=result.generations,
        scores=scores,
        energy=before.readings + resolved.readings + resolved.batches,
        query_energy=share(result.generations, batches),
        totals=replace(
            totals,
            temperature_max_c=max(
                (one.temperature_c for one in own.samples if one.temperature_c is not None),
                default=None,
            ),
            foreign_cpu=watched.foreign_cpu,
        ),
        memory=replace(result.memory, vram_board_peak_bytes=_boards_peak_bytes(own)),
        facts=result.facts,
        doubts=(
            *watched.doubts,
            *incomplete([reading for reading in readings if reading.span == "measured"]),
            *resolved.doubts,
            *(doubt for doubt in before.doubts if doubt not in resolved.doubts),
            *_doubts(result, own, series, readings, totals),
            *_unscored(task, slot.trial, scores),
            *retrieval_doubts(result.retrieved, slot.trial),
            *gpu_doubts(watched.sensors, slot.trial.device, watched.boards, result.facts),
            *compiled_doubts(result.facts, measured),
        ),
    )


def _own(watched: Watched, others: Collection[str]) -> Watched:
    """What was seen by the sensors of the trial's own devices, without the `others`."""
    return replace(
        watched,
        sensors=[sensor for sensor in watched.sensors if sensor.name not in others],
        samples=[sample for sample in watched.samples if sample.sensor not in others],
    )


def _scores(
    trial: Trial, task: Task, queries: Sequence[Query], result: Result
) -> tuple[Score, ...]:
    """Of the first repetition's answers, and of no copies of them."""
    if len(result.generations) != len(queries) * result.repetitions:
        raise ValueError(
            f"{len(result.generations)} answers to {len(queries)} queries in "
            f"{result.repetitions} repetition(s)"
        )
    if trial.weights == RANDOM:
        return (NO_QUALITY,) * len(queries)
    first = result.generations[: len(queries)]
    return tuple(task.score(query, answer) for query, answer in zip(queries, first, strict=True))


def _before(watched: Watched) -> Resolved:
    """Joules of what was done before, from the samples of that time alone."""
    if watched.before is None:
        return Resolved((), (), ())
    series = [Series.from_samples(info, watched.before.samples) for info in watched.sensors]
    return resolve(watched.before.spans, series, interval_target=watched.interval_target)


def failed(slot: Slot, ending: Ending, *, started_at: str, attempt: int) -> Record:
    """The record of a replicate that did not end well: no figures, but why."""
    return replace(_record(slot, ending.status, started_at, attempt), error=ending.error)


def _record(slot: Slot, status: Status, started_at: str, attempt: int) -> Record:
    return Record(
        trial=slot.trial,
        replicate=slot.replicate,
        block=slot.block,
        order=slot.order,
        status=status,
        started_at=started_at,
        attempt=attempt,
    )


def _as_asked(queries: tuple[Query, ...], result: Result) -> tuple[Query, ...]:
    """The queries with the prompts that were given: with context, and in the model's chat form."""
    prompts = result.prompts or [retrieved.prompt for retrieved in result.retrieved]
    if not prompts:
        return queries
    asked = zip(queries, prompts, strict=True)
    return tuple(replace(query, prompt=prompt) for query, prompt in asked)


def _boards_peak_bytes(watched: Watched) -> int | None:
    """Most memory in use on each board, added up; None where none tells."""
    boards = {sensor.name: sensor.device for sensor in watched.sensors}
    most: dict[str, int] = {}
    for sample in watched.samples:
        if sample.memory_bytes is not None and sample.sensor in boards:
            board = boards[sample.sensor]
            most[board] = max(most.get(board, 0), sample.memory_bytes)
    return sum(most.values()) if most else None


def _unscored(task: Task, trial: Trial, scores: Sequence[Score]) -> Iterable[Doubt]:
    if trial.weights == RANDOM:
        yield Doubt(
            "random-weights",
            f"The weights of {trial.model} are random, at its true size: its speed, energy and "
            "memory are measured, and its quality is not.",
            "For quality too, take --weights pretrained.",
        )
    elif unscored(task) is None and scores and all(score.correct is None for score in scores):
        yield Doubt(
            "no-gold",
            f"Task {task.name} has no answers to score against: quality is not measured.",
            "Give a JSONL file with 'query' and 'answer'.",
        )


def _doubts(
    result: Result,
    own: Watched,
    series: Sequence[Series],
    readings: Sequence[EnergyReading],
    totals: Totals,
) -> Iterator[Doubt]:
    """Of how well the region was seen, and whether its figure is as sure as was asked for."""
    measured = next((span for span in result.spans if span.name == "measured"), None)
    sensors = {sensor.name for sensor in own.sensors}
    yield from validity_doubts(
        result.spans,
        [one for one in series if one.info.name in sensors],
        own.samples,
        readings,
        sample_interval_s=own.sample_interval_s,
    )
    if own.precision_target is not None and measured is not None:
        yield from precision_not_reached(
            relative_half_width(totals.energy_j, totals.energy_low_j, totals.energy_high_j),
            measured.seconds,
            result.repetitions,
            target=own.precision_target,
            why=own.too_short,
        )


def _phases(readings: Sequence[EnergyReading]) -> dict[str, float | None]:
    """Joules of the phases over all components, with their bounds."""
    found = {}
    for name in ("retrieve", "prefill", "decode", "index"):
        work = total([reading for reading in readings if reading.span == name])
        found[f"{name}_j"] = work.gross_j
        found[f"{name}_low_j"], found[f"{name}_high_j"] = work.low_j, work.high_j
    return found


def _totals(
    readings: Sequence[EnergyReading],
    series: Sequence[Series],
    measured: Span | None,
    sample_interval_s: float,
) -> Totals:
    work = total([reading for reading in readings if reading.span == "measured"])
    summed = {part.sensor for part in parts_of([r for r in readings if r.span == "measured"])}
    export = total([reading for reading in readings if reading.span == EXPORT])
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
        **_phases(readings),
        idle_power_w=idle.gross_j / idle_s if idle.gross_j is not None and idle_s else None,
        export_energy_j=export.gross_j,
        power_mean_w=work.gross_j / seconds if work.gross_j is not None and seconds else None,
        power_peak_w=None
        if measured is None
        else peak_power_w(
            [s for s in series if s.info.name in summed], measured, sample_interval_s
        ),
    )
