"""The metrics as a monitoring system reads them: over HTTP, from a real server."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator

import pytest
from prometheus_client.parser import text_string_to_metric_families

from wattmark.errors import InputError
from wattmark.monitor.exposition import Exposition
from wattmark.monitor.live import Live
from wattmark.schema import Sample, SensorInfo

NASTY = 'nvml:"gpu\n0\\'
GPU = SensorInfo(
    name=NASTY, component="gpu", device="gpu0", kind="counter", source="test",
    update_period_s=0.1, gain_uncertainty=0.05,
)  # fmt: skip
MODEL = SensorInfo(name="m", component="cpu", device="host", kind="estimate", source="a model")

Series = dict[tuple[str, str], float]


@pytest.fixture
def live() -> Live:
    now_ns = [10_000_000_000]
    live = Live([GPU, MODEL], 1.0, lambda: now_ns[0])
    for k in range(5):
        live.add(
            [
                Sample(
                    NASTY, k * 1_000_000_000 + 6_000_000_000, energy_j=50.0 * k, temperature_c=61.0,
                    memory_bytes=2**30, utilization=0.5, clock_hz=1.7e9,
                ),
                Sample("m", k * 1_000_000_000 + 6_000_000_000, energy_j=float(k)),
            ]
        )  # fmt: skip
    return live


def read(address: str) -> Series:
    with urllib.request.urlopen(address, timeout=10) as answer:
        text = answer.read().decode()
    return {
        (sample.name, sample.labels.get("sensor", "")): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture
def served(live: Live) -> Iterator[Exposition]:
    with Exposition(live.snapshot, 0) as exposition:
        yield exposition


def test_every_metric_with_its_labels(live: Live, served: Exposition) -> None:
    seen = read(served.address)
    assert served.address.startswith("http://127.0.0.1:")
    assert seen["wattmark_energy_joules_total", NASTY] == 200
    assert seen["wattmark_power_watts", NASTY] == pytest.approx(50)
    assert seen["wattmark_temperature_celsius", NASTY] == 61
    assert seen["wattmark_memory_bytes", NASTY] == 2**30
    assert seen["wattmark_utilization_ratio", NASTY] == 0.5
    assert seen["wattmark_clock_hertz", NASTY] == 1.7e9
    assert seen["wattmark_gain_uncertainty_ratio", NASTY] == 0.05
    assert seen["wattmark_sensor_faults_total", NASTY] == 0
    assert seen["wattmark_sensor_up", NASTY] == 1
    assert seen["wattmark_info", ""] == 1
    assert seen["wattmark_sensor_info", "m"] == 1
    # What a sensor does not tell has no series: no zero stands for it.
    assert ("wattmark_temperature_celsius", "m") not in seen
    with urllib.request.urlopen(served.address, timeout=10) as answer:
        text = answer.read().decode()
    assert 'component="cpu",device="host",provenance="estimated",sensor="m"' in text


def test_counters_rise_and_a_fault_is_counted(live: Live, served: Exposition) -> None:
    before = read(served.address)
    live.add([Sample("m", 11_000_000_000, energy_j=9.0), Sample(NASTY, 11_000_000_000, fault="no")])
    after = read(served.address)
    assert after["wattmark_energy_joules_total", "m"] == 9
    assert before["wattmark_energy_joules_total", "m"] == 4
    assert after["wattmark_sensor_faults_total", NASTY] == 1
    assert after["wattmark_sensor_up", NASTY] == 0
    assert ("wattmark_power_watts", NASTY) not in after


@pytest.mark.parametrize("port", [-1, 65536])
def test_a_number_that_is_no_port_is_refused(live: Live, port: int) -> None:
    with pytest.raises(InputError, match=r"is no port.*0 for a free one"):
        Exposition(live.snapshot, port)


def test_a_port_in_use_is_refused(live: Live) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="in use"):
            Exposition(live.snapshot, other.getsockname()[1])


def test_it_listens_on_loopback_alone_and_stops(live: Live) -> None:
    with Exposition(live.snapshot, 0) as exposition:
        assert exposition._server.server_address[0] == "127.0.0.1"
        port = exposition.port
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.1", port), timeout=2)
