"""A batch's joules split among its queries: worked by hand, and always adding up."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.energy.share import decode_weights, share
from wattmark.schema import EnergyReading, Generation


def answer(
    name: str, tokens_in: int, tokens_out: int, batch: int = 0, times: tuple[int, ...] = ()
) -> Generation:
    return Generation(name, "", batch, tokens_in, tokens_out, 0, 1, times)


def reading(
    span: str, gross: float | None, batch: int = 0, sensor: str = "gpu0", **more: Any
) -> EnergyReading:
    fields: dict[str, Any] = {
        "component": "gpu",
        "device": sensor,
        "provenance": "measured",
        "method": "counter",
        "seconds": 1.0,
        "low_j": None if gross is None else gross * 0.9,
        "high_j": None if gross is None else gross * 1.2,
        "net_j": None if gross is None else gross / 2,
        "net_low_j": None if gross is None else gross / 3,
        "net_high_j": gross,
    }
    return EnergyReading(span=span, sensor=sensor, gross_j=gross, batch=batch, **(fields | more))


def test_prefill_by_input_decode_by_life_host_alike() -> None:
    batches = [reading("batch", 100.0), reading("prefill", 40.0), reading("decode", 50.0)]
    rows = [answer("short", 10, 2), answer("long", 30, 4)]
    short, long = share(rows, batches)
    # Prefill 10 : 30. Three decode steps: both alive at the first, one at the other two.
    assert short.gross_j == pytest.approx(10 + 50 / 3 / 2 + 5)
    assert long.gross_j == pytest.approx(30 + 50 / 3 * 2.5 + 5)
    assert short.low_j == pytest.approx((short.gross_j or 0) * 0.9)
    assert short.high_j == pytest.approx((short.gross_j or 0) * 1.2)
    assert short.net_j == pytest.approx((short.gross_j or 0) / 2)


def test_decode_steps_weigh_by_their_duration() -> None:
    rows = [answer("a", 1, 2, times=(0, 10)), answer("b", 1, 3, times=(0, 10, 40))]
    assert list(decode_weights(rows)) == pytest.approx([5 / 40, 35 / 40])
    # Times that do not belong to the tokens are left aside.
    rows = [answer("a", 1, 2), answer("b", 1, 3, times=(0, 10))]
    assert list(decode_weights(rows)) == pytest.approx([0.25, 0.75])


def test_a_classifier_shares_by_input() -> None:
    batches = [reading("batch", 100.0), reading("classify", 80.0)]
    first, second = share([answer("a", 10, 0), answer("b", 30, 0)], batches)
    assert first.gross_j == pytest.approx(20 + 10)
    assert second.gross_j == pytest.approx(60 + 10)


def test_sensors_are_summed_and_order_is_kept() -> None:
    batches = [
        reading("batch", 30.0, 1),
        reading("batch", 10.0, 0),
        reading("batch", 6.0, 0, "cpu", component="cpu"),
        reading("batch", 99.0, 0, "plug", component="wall"),
    ]
    rows = [answer("b", 1, 1, 1), answer("a", 1, 1, 0), answer("c", 1, 1, 1)]
    shares = share(rows, batches)
    assert [s.query_id for s in shares] == ["b", "a", "c"]
    assert [s.gross_j for s in shares] == [pytest.approx(15), pytest.approx(16), pytest.approx(15)]


def test_what_was_not_measured_is_none() -> None:
    rows = [answer("a", 1, 1, 0), answer("b", 1, 1, 1), answer("c", 1, 1, 2)]
    shares = share(rows, [reading("batch", None, 0), reading("batch", 5.0, 1, net_j=None)])
    assert [s.gross_j for s in shares] == [None, pytest.approx(5), None]
    assert shares[1].net_j is None
    assert share([], []) == ()


@pytest.mark.parametrize("phase", ["prefill", "decode", "classify"])
def test_shares_are_unknown_where_a_phase_was_not_measured(phase: str) -> None:
    parts = {"prefill": 40.0, "decode": 50.0, "classify": 5.0}
    batches = [reading("batch", 100.0), reading("batch", 100.0, 1), reading("prefill", 40.0, 1)]
    batches += [reading(span, None if span == phase else j) for span, j in parts.items()]
    rows = [answer("a", 10, 2), answer("b", 30, 4), answer("c", 5, 5, 1)]
    first, second, other = share(rows, batches)
    for one in (first, second):
        assert (one.gross_j, one.low_j, one.high_j, one.net_j) == (None,) * 4
    assert other.gross_j == pytest.approx(100)
    # One sensor of two without the phase is enough.
    pair = [reading("batch", 9.0, 0, "cpu", component="cpu"), reading("batch", 100.0)]
    pair += [reading("decode", None, 0, "cpu", component="cpu"), reading("decode", 50.0)]
    assert share(rows[:1], pair)[0].gross_j is None


def test_a_batch_of_no_joules_still_has_an_interval() -> None:
    batches = [reading("batch", 0.0, low_j=0.0, high_j=8.0)]
    shares = share([answer("a", 1, 1), answer("b", 9, 9)], batches)
    assert [s.gross_j for s in shares] == [0, 0]
    assert [s.high_j for s in shares] == [pytest.approx(4), pytest.approx(4)]


def test_rows_without_tokens_or_phases_share_alike() -> None:
    batches = [reading("batch", 9.0), reading("prefill", 3.0), reading("decode", 3.0)]
    shares = share([answer(str(k), 0, 0) for k in range(3)], batches)
    assert [s.gross_j for s in shares] == [pytest.approx(3)] * 3
    shares = share([answer(str(k), k, k) for k in range(3)], [reading("batch", 9.0)])
    assert [s.gross_j for s in shares] == [pytest.approx(3)] * 3


@given(
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 300)), min_size=1, max_size=40),
    st.floats(0, 1e6),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_shares_add_up_to_the_batch(
    tokens: list[tuple[int, int]], whole: float, prefill: float, decode: float
) -> None:
    batches = [
        reading("batch", whole),
        reading("prefill", whole * prefill),
        reading("decode", whole * decode),
    ]
    rows = [answer(str(k), a, b) for k, (a, b) in enumerate(tokens)]
    shares = share(rows, batches)
    for name, expected in (("gross_j", whole), ("low_j", whole * 0.9), ("high_j", whole * 1.2)):
        parts = [getattr(s, name) for s in shares]
        assert math.fsum(parts) == pytest.approx(expected, rel=1e-15, abs=0)
        assert all(part >= 0 for part in parts)
    assert math.fsum(s.net_j or 0 for s in shares) == pytest.approx(whole / 2, rel=1e-15, abs=0)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=20))
def test_more_tokens_never_cost_less_decode(tokens: list[int]) -> None:
    weights = decode_weights([answer(str(k), 1, n) for k, n in enumerate(tokens)])
    assert weights.sum() == pytest.approx(1)
    assert all(
        a <= b + 1e-12
        for n, a in zip(tokens, weights, strict=True)
        for m, b in zip(tokens, weights, strict=True)
        if n <= m
    )
