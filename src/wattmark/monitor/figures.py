"""Readings and stamps → a result: `resolve` for the stretch and its idle, `join` for the windows.

All of it is read off the one curve of each sensor, and `total` alone says what may be summed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wattmark.energy.joined import Joined, PhaseJoules, SpanJoules, join
from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.energy.total import Total, parts_of, total
from wattmark.energy.validity import validity_doubts
from wattmark.meter.meter import Meter
from wattmark.monitor.idle import IdlePower
from wattmark.monitor.incomplete import incomplete
from wattmark.monitor.peak import peak_power_w
from wattmark.monitor.result import Component, EnergyResult, WindowResult, Windows
from wattmark.schema import Doubt, EnergyReading, Sample, SensorInfo, Span

REGION = "measured"
NO_IDLE = "Idle was not measured: idle_seconds above 0 measures it before and after."
"""The `net_reason` of a result for which nobody measured idle."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """The stamps of a measurement: the region, the idle around it, and the windows in it."""

    start_ns: int
    end_ns: int
    idle: Sequence[Span] = ()
    windows: Sequence[Span] = ()
    doubts: tuple[Doubt, ...] = ()
    meter_cpu_s: float = 0.0


def result_of(meter: Meter, stretch: Stretch) -> EnergyResult:
    """The figures of one stretch that `meter` saw; its samples are handed over."""
    return results_of(meter, [stretch])[0]


def results_of(meter: Meter, stretches: Sequence[Stretch]) -> list[EnergyResult]:
    """The figures of several stretches; see `result_of`."""
    series = meter.series()
    samples = meter.take()
    return [_result(series, samples, stretch, meter.interval_s) for stretch in stretches]


def _result(
    series: Sequence[Series], samples: Sequence[Sample], stretch: Stretch, interval_s: float
) -> EnergyResult:
    region = Span(REGION, stretch.start_ns, stretch.end_ns)
    resolved = resolve([region, *stretch.idle], series)
    readings = [reading for reading in resolved.readings if reading.span == REGION]
    idle = total([reading for reading in resolved.readings if reading.span == "idle"])
    idle_s = sum(span.seconds for span in stretch.idle)
    whole = total(readings)
    parts = parts_of(readings)
    summed = {part.sensor for part in parts}
    counted = [one for one in series if one.info.name in summed]
    rest = IdlePower.of(resolved.readings, measured=bool(stretch.idle))
    windows, doubts = _windows(series, stretch.windows, rest)
    valid = validity_doubts(
        [region, *stretch.idle],
        counted,
        [sample for sample in samples if sample.sensor in summed],
        parts,
        sample_interval_s=interval_s,
    )
    nothing = () if any(d.code == "no-sensor" for d in stretch.doubts) else _nothing(series)
    partly = incomplete(readings)
    said = (*nothing, *stretch.doubts, *partly, *resolved.doubts, *doubts, *valid)
    return EnergyResult(
        energy_joules=whole.gross_j,
        energy_low_joules=whole.low_j,
        energy_high_joules=whole.high_j,
        duration_seconds=region.seconds,
        avg_power_watts=_power(whole.gross_j, region.seconds),
        peak_power_watts=peak_power_w(counted, region, interval_s),
        provenance=whole.provenance,
        gain_uncertainty=None if whole.provenance is None else whole.gain_uncertainty,
        net_joules=whole.net_j,
        net_low_joules=whole.net_low_j,
        net_high_joules=whole.net_high_j,
        net_reason=_net_reason(whole, parts, measured_idle=rest.measured),
        idle_power_watts=_power(idle.gross_j, idle_s),
        components=components_of(readings),
        windows=windows,
        doubts=tuple(dict.fromkeys(said)),
        sensors=tuple(one.info for one in series),
        meter_cpu_seconds=stretch.meter_cpu_s,
    )


def components_of(readings: Sequence[EnergyReading]) -> dict[str, Component]:
    """Component → its figures, of the readings of one span."""
    counted = {part.sensor for part in parts_of(readings)}
    found = {}
    for name in dict.fromkeys(reading.component for reading in readings):
        group = [reading for reading in readings if reading.component == name]
        # Where one alone can be shown though none may be summed (core, uncore): the first.
        parts = parts_of(group) or group[:1]
        sums = total(parts) if parts_of(group) else _alone(parts[0])
        found[name] = Component(
            energy_joules=sums.gross_j,
            energy_low_joules=sums.low_j,
            energy_high_joules=sums.high_j,
            method=" + ".join(dict.fromkeys(part.method for part in parts)),
            provenance=sums.provenance or parts[0].provenance,
            gain_uncertainty=sums.gain_uncertainty,
            sensors=tuple(part.sensor for part in parts),
            counted=all(part.sensor in counted for part in parts),
            net_joules=sums.net_j,
            net_low_joules=sums.net_low_j,
            net_high_joules=sums.net_high_j,
        )
    return found


def _alone(one: EnergyReading) -> Total:
    return Total(
        gross_j=one.gross_j,
        low_j=one.low_j,
        high_j=one.high_j,
        net_j=one.net_j,
        net_low_j=one.net_low_j,
        net_high_j=one.net_high_j,
        provenance=one.provenance,
        gain_uncertainty=one.gain_uncertainty,
        components=(one.component,),
    )


def _windows(
    series: Sequence[Series], spans: Sequence[Span], rest: IdlePower
) -> tuple[Windows, tuple[Doubt, ...]]:
    """Every window and every name of windows, each on its own, from the one curve."""
    if not spans:
        return Windows(), ()
    infos = {one.info.name: one.info for one in series}
    joined = join(spans, series)

    def one(place: int) -> WindowResult:
        span = spans[place]
        rows = joined.spans[place :: len(spans)]
        return _window(
            span.name,
            [_row_reading(row, infos[row.sensor]) for row in rows],
            span.seconds,
            rest,
            start_ns=span.start_ns,
            end_ns=span.end_ns,
        )

    named = {name: _named(joined, name, infos, spans, rest) for name in _names(spans)}
    return Windows(len(spans), one, named), joined.doubts


def _names(spans: Sequence[Span]) -> list[str]:
    return list(dict.fromkeys(span.name for span in spans))


def _named(
    joined: Joined, name: str, infos: dict[str, SensorInfo], spans: Sequence[Span], rest: IdlePower
) -> WindowResult:
    phases = [phase for phase in joined.phases if phase.name == name]
    group = [span for span in spans if span.name == name]
    readings = [_phase_reading(phase, infos[phase.sensor]) for phase in phases]
    summed = {part.sensor for part in parts_of(readings)}
    return _window(
        name,
        readings,
        sum(span.seconds for span in group),
        rest,
        count=len(group),
        separable=all(phase.separable for phase in phases if phase.sensor in summed),
    )


def _window(
    name: str,
    gross: Iterable[EnergyReading],
    seconds: float,
    rest: IdlePower,
    *,
    count: int = 1,
    separable: bool | None = None,
    start_ns: int | None = None,
    end_ns: int | None = None,
) -> WindowResult:
    readings = [rest.off(one) for one in gross]
    whole = total(readings)
    return WindowResult(
        name=name,
        energy_joules=whole.gross_j,
        energy_low_joules=whole.low_j,
        energy_high_joules=whole.high_j,
        duration_seconds=seconds,
        avg_power_watts=_power(whole.gross_j, seconds),
        provenance=whole.provenance,
        gain_uncertainty=None if whole.provenance is None else whole.gain_uncertainty,
        components=components_of(readings),
        count=count,
        separable=separable,
        start_ns=start_ns,
        end_ns=end_ns,
        net_joules=whole.net_j,
        net_low_joules=whole.net_low_j,
        net_high_joules=whole.net_high_j,
        net_reason=_net_reason(whole, parts_of(readings), measured_idle=rest.measured),
    )


def _row_reading(row: SpanJoules, info: SensorInfo) -> EnergyReading:
    seconds = (row.end_ns - row.start_ns) / 1e9
    return _reading(row.name, info, row.method, seconds, (row.gross_j, row.low_j, row.high_j))


def _phase_reading(phase: PhaseJoules, info: SensorInfo) -> EnergyReading:
    joules = (phase.total_j, phase.low_j, phase.high_j)
    return _reading(phase.name, info, phase.method, phase.seconds, joules)


def _reading(
    name: str,
    info: SensorInfo,
    method: str,
    seconds: float,
    joules: tuple[float | None, float | None, float | None],
) -> EnergyReading:
    gross_j, low_j, high_j = joules
    return EnergyReading(
        span=name,
        sensor=info.name,
        component=info.component,
        device=info.device,
        provenance=info.provenance,
        method=method,
        seconds=seconds,
        gross_j=gross_j,
        low_j=low_j,
        high_j=high_j,
        gain_uncertainty=info.gain_uncertainty,
    )


def _power(joules: float | None, seconds: float) -> float | None:
    return joules / seconds if joules is not None and seconds > 0 else None


def _net_reason(whole: Total, parts: Sequence[EnergyReading], *, measured_idle: bool) -> str | None:
    if whole.net_j is not None:
        return None
    if whole.gross_j is None:
        return "Energy was not measured."
    if not measured_idle:
        return NO_IDLE
    silent = ", ".join(part.sensor for part in parts if part.net_j is None)
    return f"{silent} told nothing while idle was measured."


def _nothing(series: Sequence[Series]) -> Iterator[Doubt]:
    if not series:
        yield Doubt(
            "no-sensor",
            "There is no sensor: energy is not measured.",
            "'wattmark doctor' says what this machine lacks.",
        )
