"""Load right beside phases that no span names: found, said, and kept out of the phases."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from benchmarks.truth import SensorModel
from benchmarks.truth.loads import Lines
from benchmarks.truth.world import World, to_ns

from wattmark.energy.beside import BESIDE, cuts, pauses
from wattmark.energy.curve import curve_of
from wattmark.energy.series import Series
from wattmark.energy.tell import Told, tell_phases
from wattmark.schema import Span

COUNTER = {"quantum": 1e-3, "poll_s": 0.01, "poll_jitter_s": 0.005}
SMOOTHED = {"kind": "power", "window_s": 1.0, "poll_s": 0.01, "poll_jitter_s": 0.005}
REST_W, LOAD_W = 80.0, 250.0


def world(rng: np.random.Generator, before_s: float, after_s: float, scatter: float = 0.0) -> World:
    """200 queries of prefill and decode, `LOAD_W` so long before and after each, then a rest."""
    queries = 200
    lengths = np.column_stack(
        [
            rng.uniform(0.06, 0.16, queries),
            np.full(queries, before_s),
            0.03 * rng.uniform(0.7, 1.3, queries),
            0.2 * rng.uniform(0.7, 1.3, queries),
            np.full(queries, after_s),
        ]
    )
    watts = np.tile([REST_W, LOAD_W, 600.0, 300.0, LOAD_W], (queries, 1))
    watts[:, 2:4] *= np.maximum(0.1, 1 + scatter * rng.standard_normal((queries, 2)))
    edges = 5.0 + np.append(0.0, np.cumsum(lengths.ravel()))
    stamps = to_ns(edges)
    spans = [
        Span(name, int(stamps[k + at]), int(stamps[k + at + 1]), k // 5)
        for k in range(0, 5 * queries, 5)
        for at, name in ((2, "prefill"), (3, "decode"))
    ]
    lasts = lengths.ravel() > 0
    power = Lines.steps(
        np.concatenate([[0.0], edges[:-1][lasts], edges[-1:], edges[-1:] + 20.0]),
        np.concatenate([[REST_W], watts.ravel()[lasts], [REST_W]]),
    )
    return World(power, tuple(spans), 2.0, float(edges[-1]) + 4.0)


def told_of(
    seed: int, sensor: dict[str, Any], before_s: float, after_s: float, scatter: float = 0.0
) -> tuple[World, Told]:
    rng = np.random.default_rng(seed)
    made = world(rng, before_s, after_s, scatter)
    model = SensorModel(**sensor)
    series = Series.from_samples(model.info, model.samples(made, rng))
    return made, tell_phases(curve_of(series), series, made.spans)


@pytest.mark.parametrize("sensor", [COUNTER, SMOOTHED], ids=["counter", "1 s window"])
@pytest.mark.parametrize(("before_s", "after_s"), [(0.0, 0.02), (0.04, 0.0), (0.02, 0.02)])
def test_load_beside_is_kept_apart(sensor: dict[str, Any], before_s: float, after_s: float) -> None:
    made, told = told_of(3, sensor, before_s, after_s)
    assert "unnamed-load" in {doubt.code for doubt in told.doubts}
    assert set(told.joules) == {"prefill", "decode"}
    for name in ("prefill", "decode"):
        truth, joules = made.truth_of(name), told.joules[name]
        assert joules.method == "regressed"
        assert joules.value == pytest.approx(truth, rel=0.01)
        assert joules.low <= truth <= joules.high


@pytest.mark.parametrize("scatter", [0.0, 0.1])
@pytest.mark.parametrize("seed", range(4))
def test_an_even_rest_is_no_load(seed: int, scatter: float) -> None:
    _, told = told_of(seed, COUNTER, 0.0, 0.0, scatter)
    assert "unnamed-load" not in {doubt.code for doubt in told.doubts}


def test_pauses_lie_where_no_span_is_open() -> None:
    ms = 1_000_000
    spans = [Span("a", 0, 10 * ms), Span("b", 5 * ms, 30 * ms), Span("a", 40 * ms, 50 * ms)]
    spans += [Span("a", 52 * ms, 60 * ms)]
    start, end = pauses(spans)
    assert (start.tolist(), end.tolist()) == ([30 * ms], [40 * ms])


def test_a_cut_fills_no_phase() -> None:
    made = world(np.random.default_rng(0), 0.0, 0.0)
    busy = [(span.start_ns, span.end_ns) for span in made.spans]
    found = list(cuts(made.spans))
    assert {cut.side for cut in found} == {"between", "after", "before", "around"}
    for cut in found:
        assert {span.name for span in cut.spans} == {BESIDE}
        for span in cut.spans[::37]:
            assert not any(span.start_ns < end and start < span.end_ns for start, end in busy)


def test_phases_without_pauses_have_no_cut() -> None:
    spans = [Span("decode", k * 1_000_000, (k + 1) * 1_000_000) for k in range(50)]
    assert list(cuts(spans)) == []
