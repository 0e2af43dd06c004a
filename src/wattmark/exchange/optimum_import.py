"""optimum-benchmark's `benchmark_report.json` as a run: one report is one replicate.

The report holds seconds, megabytes (10⁶) and kilowatt-hours of one call, a list of latencies for
each phase, and no word on what was run: that stands in `benchmark_config.json` beside it, or in
`benchmark.json`, which holds both. Without it, batch and answer length follow from throughput ×
mean latency (its trackers' definition), and the rest is unknown. All calls have the same random
input: they are repetitions of one batch of queries.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from wattmark.errors import InputError
from wattmark.exchange.foreign import GAP_NS, Foreign, Joules, sensors, write_run
from wattmark.exchange.optimum_report import FORWARD, Phase, Report, read_report
from wattmark.exchange.optimum_spans import Call, calls
from wattmark.exchange.optimum_told import (
    MB,
    Shape,
    is_encoder,
    machine_of,
    shape_of,
    text,
    trial_of,
)
from wattmark.schema import (
    EnergyReading,
    Generation,
    Memory,
    Query,
    QueryEnergy,
    Record,
    Score,
    Span,
    Status,
    Totals,
)
from wattmark.units import s_to_ns

MOST_ANSWERS = 1_000_000
RANDOM_TOKENS = "random tokens of optimum-benchmark"
NO_SCORE = Score(None, None, None, "optimum-benchmark scores nothing")


def import_optimum(
    paths: Sequence[Path], out: Path, name: str, *, overwrite: bool = False
) -> Foreign:
    """Write a run from one or more reports, each a replicate; what they told.

    Raises InputError, with nothing written, where a file is not such a report.
    """
    reports = [read_report(path) for path in paths]
    foreign = _foreign(reports)
    write_run(out, name, foreign, overwrite=overwrite)
    return foreign


def _foreign(reports: Sequence[Report]) -> Foreign:
    version = text(reports[0].told("environment", "optimum_benchmark_version"))
    files = ", ".join(dict.fromkeys(report.path.name for report in reports))
    source = f"optimum-benchmark {version}, imported from {files}"
    notes = [
        f"{source}. A report is a replicate; its calls are repetitions of one batch of queries.",
        "Joules have no interval: it gives none. They are its mean of one call, taken in calls of "
        "their own by CodeCarbon, times the calls that were timed.",
    ]
    if any(not report.config for report in reports):
        notes.append(
            "What was run is unknown: put optimum-benchmark's benchmark_config.json beside the "
            "report. The prompt's tokens, which nothing else tells, stand as 0."
        )
    counts: dict[str, int] = {}
    records, clock_ns = [], GAP_NS
    for order, report in enumerate(reports):
        record = _record(report, counts, order, clock_ns)
        records.append(record)
        clock_ns = max(span.end_ns for span in record.spans) + GAP_NS
    known = {part for report in reports for phase in report.phases.values() for part in _of(phase)}
    return Foreign(
        tool="optimum-benchmark",
        version=version,
        records=tuple(records),
        machine=machine_of(reports[0], version),
        sensors=sensors(known, source),
        notes=tuple(notes),
    )


def _record(report: Report, counts: dict[str, int], order: int, clock_ns: int) -> Record:
    shape = shape_of(report)
    made = calls(report, shape.output_tokens)
    if len(made) * shape.queries > MOST_ANSWERS:
        raise InputError(
            f"{report.path} tells of {len(made)} calls of {shape.queries} queries each: "
            f"more than {MOST_ANSWERS} answers are not imported."
        )
    trial = trial_of(report, shape)
    replicate = counts.get(trial.key, 0)
    counts[trial.key] = replicate + 1
    before, clock_ns = _before(report, clock_ns)
    spans, generations = _work(made, shape, clock_ns)
    measured = Span("measured", clock_ns, generations[-1].end_ns)
    joules = _joules(_whole(report), len(made))
    answers = len(generations)
    each = [
        QueryEnergy(g.query_id, None if joules is None else joules.total_j / answers, None, None)
        for g in generations
    ]
    return Record(
        trial=trial,
        replicate=replicate,
        block=replicate,
        order=order,
        status=Status.OK,
        repetitions=len(made),
        spans=(*before, *spans, measured),
        queries=tuple(Query(str(n), RANDOM_TOKENS, RANDOM_TOKENS) for n in range(shape.queries)),
        generations=tuple(generations),
        scores=(NO_SCORE,) * shape.queries,
        energy=tuple(_readings(report, len(made), measured.seconds)),
        query_energy=tuple(each),
        totals=_totals(report, joules, len(made), measured.seconds),
        memory=_memory(report),
        facts={"optimum_benchmark": text(report.told("environment", "optimum_benchmark_version"))},
    )


def _whole(report: Report) -> Phase:
    """The phase that holds the energy of a whole call."""
    if is_encoder(report):
        return report.phase(FORWARD)
    whole, prefill, decode = (report.phase(name) for name in ("generate", "prefill", "decode"))
    if whole.total_j is not None or prefill.total_j is None or decode.total_j is None:
        return whole
    parts = {
        part: prefill.joules.get(part, 0.0) + decode.joules.get(part, 0.0)
        for part in {*prefill.joules, *decode.joules}
    }
    return Phase(joules=parts, total_j=prefill.total_j + decode.total_j)


def _before(report: Report, clock_ns: int) -> tuple[list[Span], int]:
    """Load and first call, before the measured region; and where that begins."""
    spans = []
    for name, targets in (
        ("load", ("load_model", "load")),
        ("warmup", ("first_generate", "first_forward")),
    ):
        seconds = sum(report.phase(*targets).latencies)
        if seconds > 0:
            spans.append(Span(name, clock_ns, clock_ns + s_to_ns(seconds)))
            clock_ns = spans[-1].end_ns
    return spans, clock_ns


def _work(made: Sequence[Call], shape: Shape, clock_ns: int) -> tuple[list[Span], list[Generation]]:
    spans, generations = [], []
    for batch, call in enumerate(made):
        end_ns = clock_ns + max(1, s_to_ns(call.seconds))
        prompt = shape.queries * shape.input_tokens
        if call.prefill_s is None:
            spans.append(Span("classify", clock_ns, end_ns, batch, prompt))
        else:
            middle = min(end_ns, clock_ns + s_to_ns(call.prefill_s))
            out = shape.queries * max(0, shape.output_tokens - 1)
            spans.append(Span("prefill", clock_ns, middle, batch, prompt))
            spans.append(Span("decode", middle, end_ns, batch, out))
        times = tuple(min(end_ns, clock_ns + s_to_ns(at)) for at in call.token_s)
        generations += [
            Generation(
                query_id=str(query),
                text="",
                batch=batch,
                input_tokens=shape.input_tokens,
                output_tokens=shape.output_tokens,
                start_ns=clock_ns,
                end_ns=end_ns,
                token_times_ns=times,
                stop_reason="label" if call.prefill_s is None else "length",
            )
            for query in range(shape.queries)
        ]
        clock_ns = end_ns
    return spans, generations


def _of(phase: Phase) -> dict[str, float]:
    return {part: joules for part, joules in phase.joules.items() if joules > 0}


def _joules(phase: Phase, times: int) -> Joules | None:
    """Of that many calls; None where there is no energy, or a difference came out as none."""
    if phase.total_j is None or phase.total_j <= 0:
        return None
    return Joules.of(_of(phase), phase.total_j * times)


def _readings(report: Report, times: int, seconds: float) -> list[EnergyReading]:
    lengths = {
        "load": sum(report.phase("load_model", "load").latencies),
        "prefill": times * _mean(report.phase("prefill")),
        "decode": times * _mean(report.phase("decode")),
    }
    phases = {"load": (report.phase("load_model", "load"), 1)}
    if not is_encoder(report):
        phases |= {name: (report.phase(name), times) for name in ("prefill", "decode")}
    readings = []
    for span, (phase, count) in phases.items():
        joules = _joules(phase, count)
        readings += joules.readings(span, lengths[span]) if joules else []
    whole = _joules(_whole(report), times)
    return readings + (whole.readings("measured", seconds) if whole else [])


def _mean(phase: Phase) -> float:
    return sum(phase.latencies) / len(phase.latencies) if phase.latencies else 0.0


def _totals(report: Report, joules: Joules | None, times: int, seconds: float) -> Totals:
    if joules is None:
        return Totals()
    prefill, decode = (_joules(report.phase(name), times) for name in ("prefill", "decode"))
    totals = joules.totals(seconds)
    return Totals(
        energy_j=totals.energy_j,
        energy_provenance=totals.energy_provenance,
        gain_uncertainty=totals.gain_uncertainty,
        power_mean_w=totals.power_mean_w,
        prefill_j=prefill.total_j if prefill else None,
        decode_j=decode.total_j if decode else None,
    )


def _memory(report: Report) -> Memory:
    """Peaks over the measured targets; its megabytes are 10⁶ bytes."""
    work = ("generate", "prefill", "decode", FORWARD)
    phases = [report.phases[name] for name in work if name in report.phases]

    def peak(key: str) -> int | None:
        known = [phase.megabytes[key] for phase in phases if key in phase.megabytes]
        return round(max(known) * MB) if known else None

    return Memory(
        ram_peak_bytes=peak("max_ram"),
        vram_peak_bytes=peak("max_allocated"),
        vram_board_peak_bytes=peak("max_global_vram"),
    )
