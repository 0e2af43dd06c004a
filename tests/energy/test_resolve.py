"""Spans × series → readings: names, batches, net, and what physics bounds."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from energy_truth import Model, Profile, constant, counted, info

from wattmark.energy.resolve import resolve
from wattmark.energy.series import Series
from wattmark.schema import EnergyReading, Sample, Span

S = 10**9
MS = 10**6


def test_readings_sum_all_spans_of_a_name_for_each_sensor() -> None:
    series = [
        Series.from_samples(info(gain_uncertainty=0.05), counted(100, 10)),
        Series.from_samples(
            info(name="cpu", component="cpu", kind="estimate", source="a model"),
            counted(20, 10, sensor="cpu"),
        ),
    ]
    spans = [Span("decode", 2 * S, 3 * S, 0), Span("decode", 5 * S, 8 * S, 1)]
    gpu, cpu = resolve(spans, series).readings
    assert (gpu.span, gpu.sensor, gpu.component, gpu.device) == ("decode", "gpu0", "gpu", "gpu0")
    assert (gpu.method, gpu.provenance, gpu.gain_uncertainty) == ("counter", "measured", 0.05)
    assert (cpu.method, cpu.provenance) == ("modelled", "estimated")
    assert gpu.seconds == 4.0
    assert gpu.gross_j == pytest.approx(400)
    assert cpu.gross_j == pytest.approx(80)
    assert gpu.batch is None
    assert gpu.net_j is None  # no idle span: net was not measured


def test_one_span_that_is_not_measured_leaves_its_name_unmeasured() -> None:
    spans = [Span("decode", 2 * S, 3 * S, 0), Span("decode", 50 * S, 51 * S, 1)]
    (reading,) = resolve(spans, [Series.from_samples(info(), counted(100, 10))]).readings
    assert reading.gross_j is None


def test_powers_are_integrated_and_a_series_with_both_counts() -> None:
    samples = [dataclasses.replace(s, power_w=100.0) for s in counted(100, 10)]
    powers = [dataclasses.replace(s, energy_j=None) for s in samples]
    span = [Span("measured", 2 * S, 8 * S)]
    methods = [
        resolve(span, [Series.from_samples(info(kind="power"), given)]).readings[0].method
        for given in (samples, powers)
    ]
    assert methods == ["counter", "integrated"]


def idle_and_work() -> tuple[list[Span], Profile]:
    profile = Profile(np.array([0.0, 5.0, 15.0, 20.0]), np.array([70.0, 350.0, 90.0]))
    spans = [
        Span("idle", S, 4 * S),
        Span("measured", 5 * S, 15 * S),
        Span("idle", 16 * S, 19 * S),
    ]
    return spans, profile


def test_net_takes_off_the_idle_power_of_before_and_after() -> None:
    spans, profile = idle_and_work()
    at = np.array([span.start_ns for span in spans] + [span.end_ns for span in spans]) / 1e9
    series = Model(0.001, 0.1).read(profile, np.random.default_rng(0), at, length_s=20)
    idle, work = resolve(spans, [series]).readings
    assert work.gross_j == pytest.approx(3500, rel=1e-3)
    assert work.net_j == pytest.approx(3500 - 80 * 10, rel=1e-3)
    assert idle.net_j == pytest.approx(0, abs=1e-9)
    # The two idles differ by 20 W: the interval covers either being true throughout.
    assert work.net_low_j is not None
    assert work.net_high_j is not None
    assert work.net_low_j <= 3500 - 90 * 10 + 1
    assert work.net_high_j >= 3500 - 70 * 10 - 1


def test_an_idle_outside_the_samples_does_not_count() -> None:
    spans = [Span("idle", -5 * S, -4 * S), Span("idle", S, 2 * S), Span("measured", 3 * S, 5 * S)]
    series = Series.from_samples(info(), counted(100, 10))
    by = {reading.span: reading for reading in resolve(spans, [series]).readings}
    assert by["idle"].gross_j is None
    assert by["measured"].net_j == pytest.approx(0, abs=1e-6)


def batch_spans(count: int = 4) -> list[Span]:
    """Batches of 10 ms host, 30 ms prefill and 200 ms decode, 60 ms apart."""
    spans = []
    for batch in range(count):
        at = 3 * S + batch * 300 * MS
        spans += [
            Span("host", at, at + 10 * MS, batch),
            Span("prefill", at + 10 * MS, at + 40 * MS, batch, 64),
            Span("decode", at + 40 * MS, at + 240 * MS, batch, 32),
        ]
    return [Span("measured", spans[0].start_ns, spans[-1].end_ns), *spans]


def test_batches_are_hulls_and_phases_lie_within_them() -> None:
    series = Model(0.1, 0.01, quantum_j=1e-3).read(
        constant(300), np.random.default_rng(2), length_s=10
    )
    resolved = resolve(batch_spans(), [series])
    by = {(r.batch, r.span): r for r in resolved.batches}
    assert set(by) == {(b, n) for b in range(4) for n in ("batch", "prefill", "decode")}
    for batch in range(4):
        whole = by[batch, "batch"]
        assert whole.seconds == pytest.approx(0.24)
        assert whole.gross_j == pytest.approx(72, rel=0.3)
        for name in ("prefill", "decode"):
            part = by[batch, name]
            assert part.gross_j is not None
            assert part.high_j is not None
            assert whole.gross_j is not None
            assert whole.high_j is not None
            assert part.gross_j <= whole.gross_j
            assert part.high_j <= whole.high_j
    assert all(r.batch is None for r in resolved.readings)


def test_a_classifier_has_its_own_phase() -> None:
    spans = [Span("host", S, S + MS, 0), Span("classify", S + MS, 2 * S, 0)]
    resolved = resolve(spans, [Series.from_samples(info(), counted(100, 10))])
    assert [r.span for r in resolved.batches] == ["batch", "classify"]
    assert resolved.batches[0].gross_j == pytest.approx(100)


def test_a_phase_never_takes_more_than_the_region() -> None:
    # A hundred 5 ms windows each 100 ms blurred would add up to more than there was.
    spans = [Span("measured", 2 * S, 4 * S)]
    spans += [
        Span("prefill", 2 * S + k * 20 * MS, 2 * S + k * 20 * MS + 5 * MS, k) for k in range(100)
    ]
    series = Series.from_samples(info(update_period_s=0.1), counted(300, 10))
    by = {reading.span: reading for reading in resolve(spans, [series]).readings}
    assert by["prefill"].high_j is not None
    assert by["measured"].high_j is not None
    assert by["prefill"].high_j <= by["measured"].high_j
    assert by["prefill"].low_j == 0


def test_phases_below_the_tick_are_told_by_least_squares() -> None:
    # The method's example: 30 ms prefill at 600 W and 200 ms decode at 300 W with jittered gaps
    # at 80 W under a 100 ms counter, polled in step with it. Interpolation puts prefill at −47 %.
    rng = np.random.default_rng(9)
    edges, watts, spans = [0.0, 3.0], [80.0], []
    for batch in range(100):
        start = edges[-1]
        gap = float(rng.uniform(0.02, 0.12))
        edges += [start + 0.03, start + 0.23, start + 0.23 + gap]
        watts += [600.0, 300.0, 80.0]
        cuts = [round(t * 1e9) for t in (start, start + 0.03, start + 0.23)]
        spans += [Span("prefill", cuts[0], cuts[1], batch), Span("decode", cuts[1], cuts[2], batch)]
    spans.append(Span("measured", spans[0].start_ns, spans[-1].end_ns))
    profile = Profile(np.array([*edges, edges[-1] + 3]), np.array([*watts, 80.0]))
    series = Model(0.1, 0.01, quantum_j=1e-3).read(profile, rng, length_s=edges[-1] + 2)
    resolved = resolve(spans, [series])
    by = {reading.span: reading for reading in resolved.readings}
    assert by["prefill"].gross_j == pytest.approx(1800, rel=0.005)
    assert by["decode"].gross_j == pytest.approx(6000, rel=0.005)
    assert by["prefill"].method == by["decode"].method == "regressed"
    assert by["measured"].method == "counter"
    for name, truth in (("prefill", 1800.0), ("decode", 6000.0)):
        low, high = by[name].low_j, by[name].high_j
        assert low is not None
        assert high is not None
        assert low <= truth <= high
    assert not [d for d in resolved.doubts if "prefill" in d.message]
    parts = [r for r in resolved.batches if r.span == "prefill"]
    assert {r.method for r in parts} == {"regressed"}
    assert sum(r.gross_j or 0 for r in parts) == pytest.approx(by["prefill"].gross_j, rel=1e-3)
    region = by["measured"]
    assert region.low_j is not None
    assert region.high_j is not None
    truth = profile.energy(np.array([region.seconds + 3]))[0] - profile.energy(np.array([3.0]))[0]
    assert region.low_j <= truth <= region.high_j
    assert region.high_j - region.low_j < 0.02 * truth


def test_nothing_in_nothing_out() -> None:
    assert resolve([], []) == resolve([], [])
    empty = resolve([Span("measured", 0, S)], [])
    assert empty.readings == ()
    assert empty.doubts == ()
    unused = resolve([], [Series.from_samples(info(), counted(100, 1))])
    assert unused.readings == ()


def test_a_span_of_no_length_holds_no_joules() -> None:
    samples: list[Sample] = counted(100, 10)
    (reading,) = resolve(
        [Span("host", 3 * S, 3 * S, None)], [Series.from_samples(info(), samples)]
    ).readings
    assert isinstance(reading, EnergyReading)
    assert reading.gross_j == 0
    assert reading.seconds == 0
