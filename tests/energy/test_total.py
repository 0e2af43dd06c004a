"""Which readings may be summed, and what the sum says of itself."""

from __future__ import annotations

from typing import Any

import pytest

from wattmark.energy.total import Total, total
from wattmark.schema import EnergyReading


def part(
    component: str, gross: float | None, half: float = 0.0, sensor: str = "", **more: Any
) -> EnergyReading:
    fields: dict[str, Any] = {
        "device": component,
        "provenance": "measured",
        "method": "counter",
        "seconds": 10.0,
        "low_j": None if gross is None else gross - half,
        "high_j": None if gross is None else gross + half,
    }
    return EnergyReading(
        span="measured",
        sensor=sensor or component,
        component=component,
        gross_j=gross,
        **(fields | more),
    )


def test_nothing_is_none() -> None:
    assert total([]) == Total()
    assert total([]).provenance is None


def test_halves_add_in_quadrature_and_gains_linearly() -> None:
    got = total(
        [part("gpu", 300, 30, gain_uncertainty=0.05), part("cpu", 100, 40, gain_uncertainty=0.01)]
    )
    assert got.gross_j == 400
    assert [got.low_j, got.high_j] == pytest.approx([350, 450])
    assert got.gain_uncertainty == pytest.approx((0.05 * 300 + 0.01 * 100) / 400)
    assert got.provenance == "measured"
    assert got.net_j is None
    assert set(got.components) == {"gpu", "cpu"}


def test_net_is_summed_where_all_have_it() -> None:
    net: dict[str, Any] = {"net_j": 50.0, "net_low_j": 47.0, "net_high_j": 53.0}
    other: dict[str, Any] = {"net_j": 10.0, "net_low_j": 6.0, "net_high_j": 14.0}
    got = total([part("gpu", 300, **net), part("cpu", 100, **other)])
    assert [got.net_j, got.net_low_j, got.net_high_j] == pytest.approx([60, 55, 65])
    assert total([part("gpu", 300, **net), part("cpu", 100)]).net_j is None


def test_measured_and_modelled_are_mixed_and_say_so() -> None:
    modelled: dict[str, Any] = {"provenance": "estimated", "method": "modelled"}
    assert total([part("gpu", 300), part("cpu", 9, **modelled)]).provenance == "mixed"
    assert total([part("cpu", 9, **modelled)]).provenance == "estimated"


def test_wall_board_and_soc_are_never_added_to_their_parts() -> None:
    parts = [
        part("cpu", 50),
        part("gpu", 100),
        part("wall", 400),
        part("board", 300),
        part("soc", 90),
    ]
    got = total(parts)
    assert got.gross_j == 150
    assert got.components == ("cpu", "gpu")
    assert total(parts[2:]).components == ("soc",)
    assert total([part("wall", 400)]).gross_j == 400


def test_one_device_read_twice_counts_once_and_the_better_sensor_wins() -> None:
    twice = [
        part("gpu", 290, sensor="power", method="integrated"),
        part("gpu", 300, sensor="energy", method="counter"),
        part("gpu", 200, sensor="second", device="gpu1"),
    ]
    assert total(twice).gross_j == 500
    assert total(twice[::-1]).gross_j == 500
    # Where the better one has no figure the other stands in.
    twice[1] = part("gpu", None, sensor="energy")
    assert total(twice).gross_j == 490


def test_a_model_gives_way_to_a_measurement_of_its_component() -> None:
    model = part(
        "cpu", 77, sensor="model", device="host", provenance="estimated", method="modelled"
    )
    rapl = [part("cpu", 40, device="package-0"), part("cpu", 50, device="package-1")]
    got = total([model, *rapl])
    assert (got.gross_j, got.provenance) == (90, "measured")
    dead = part("cpu", None, sensor="rapl", device="package-0")
    assert total([model, dead]).gross_j is None


def test_a_part_that_is_missing_leaves_no_sum() -> None:
    got = total([part("gpu", 300), part("dram", None, sensor="dram-0")])
    assert got.gross_j is None
    assert got.missing == ("dram-0",)
    assert got.provenance == "measured"


def test_spans_are_not_mixed() -> None:
    other = part("cpu", 3)
    with pytest.raises(ValueError, match="one span"):
        total(
            [
                part("gpu", 300),
                EnergyReading(
                    **{f: getattr(other, f) for f in other.__slots__} | {"span": "decode"}
                ),
            ]
        )
