"""Queries against a real server on loopback that evaluates as Prometheus does."""

import time
from collections.abc import Iterator

import pytest
from meter_server import (
    Handler,
    MeterServer,
    free_port,
    has_value,
    is_absent,
    says,
    until,
)

from wattmark.errors import InputError, MistakesError
from wattmark.meter import Found, Sensor
from wattmark.meter.discover import discover
from wattmark.units import ns_to_s

QUERY = 'node_power_watts{host="a,b",job="x"}'


class Scraped:
    """One series: its value, and when it was scraped; `functions` is what the server knows."""

    def __init__(self, value: float | str = 100.0, age_s: float = 5.0) -> None:
        self.value, self.scraped_s = value, time.time() - age_s
        self.series = 1
        self.kind = "vector"
        self.functions = True

    def __call__(self, handler: Handler) -> None:
        assert handler.path.startswith("/base/api/v1/query?")
        query = handler.query["query"]
        evaluated_s = float(handler.query.get("time", time.time()))
        value: float | str = self.value
        if query.startswith(("timestamp(", "max(timestamp(")):
            if not self.functions:
                error = {"status": "error", "errorType": "bad_data", "error": "unknown function"}
                handler.send(error, 400)
                return
            value = self.scraped_s
        elif query == "sum(":
            handler.send({"status": "error", "errorType": "bad_data", "error": "parse error"}, 400)
            return
        pair = [evaluated_s, str(value)]
        result: object = [{"metric": {}, "value": pair} for _ in range(self.series)]
        if self.kind == "scalar":
            result = pair
        handler.send({"status": "success", "data": {"resultType": self.kind, "result": result}})

    def scrape(self, value: float, age_s: float = 0.0) -> None:
        self.value, self.scraped_s = value, time.time() - age_s


@pytest.fixture
def series() -> Scraped:
    return Scraped()


@pytest.fixture
def server(series: Scraped) -> Iterator[MeterServer]:
    with MeterServer(series) as one:
        yield one


def named(server: MeterServer, more: str = "unit=W", query: str = QUERY) -> tuple[Found, Sensor]:
    (found,) = discover([f"prometheus:{server.url}/base,query={query},every=0.05,{more}"])
    (sensor,) = found.sensors
    return found, sensor


def test_a_value_is_stamped_with_the_time_of_its_scrape(
    server: MeterServer, series: Scraped
) -> None:
    found, sensor = named(server)
    assert found.missing is None
    sample = until(sensor, has_value)
    age_s = ns_to_s(time.monotonic_ns() - sample.time_ns)
    assert sample.power_w == 100.0
    assert age_s == pytest.approx(time.time() - series.scraped_s, abs=0.05)
    assert QUERY in sensor.info.source
    assert any("a%2Cb" in path for path in server.requests), "the query is sent whole"
    sensor.close()


def test_a_value_whose_time_stands_still_is_one_reading(
    server: MeterServer, series: Scraped
) -> None:
    _, sensor = named(server)
    first = until(sensor, has_value)
    asked = len(server.requests)
    while len(server.requests) < asked + 8:
        assert not has_value(sensor.read()), "the same scrape again"
    series.scrape(100.0, age_s=1.0)
    second = until(sensor, has_value)
    sensor.close()
    assert second.power_w == 100.0, "an equal power is a new reading"
    assert second.time_ns > first.time_ns


def test_an_old_value_is_told_to_be_old(server: MeterServer, series: Scraped) -> None:
    series.scrape(100.0, age_s=400.0)
    _, sensor = named(server)
    assert "newest value is 400 s old" in str(until(sensor, is_absent).fault)
    sensor.close()


def test_a_counter_in_kwh_and_a_stamp_of_ones_own(server: MeterServer, series: Scraped) -> None:
    series.scrape(2.5, age_s=3.0)
    more = "unit=kWh,stamp=max(timestamp(node_energy)),component=gpu,name=rack"
    _, sensor = named(server, more, query="sum(node_energy)")
    sample = until(sensor, has_value)
    sensor.close()
    assert sample.energy_j == pytest.approx(2.5 * 3.6e6)
    assert (sensor.info.name, sensor.info.component) == ("prometheus:rack", "gpu")
    assert any("max%28timestamp" in path for path in server.requests)


def test_a_server_without_timestamps_gives_the_time_of_evaluation(
    server: MeterServer, series: Scraped
) -> None:
    series.functions = False
    _, sensor = named(server)
    first, second = until(sensor, has_value), until(sensor, has_value)
    sensor.close()
    assert second.time_ns > first.time_ns
    assert abs(ns_to_s(time.monotonic_ns() - second.time_ns)) < 5
    assert len([path for path in server.requests if "timestamp" in path]) == 1, "asked once"


def test_a_scalar_is_a_value(server: MeterServer, series: Scraped) -> None:
    series.kind, series.functions = "scalar", False
    _, sensor = named(server, query="scalar(x)")
    assert until(sensor, has_value).power_w == 100.0
    sensor.close()


def test_no_series_is_absent_and_two_are_a_mistake(server: MeterServer, series: Scraped) -> None:
    series.series = 0
    found, sensor = named(server)
    assert "no series now" in str(found.missing)
    assert "no series now" in str(until(sensor, is_absent).fault)
    series.series = 1
    assert until(sensor, has_value)
    sensor.close()
    series.series = 3
    with pytest.raises(InputError, match="gives 3 series"):
        named(server)


def test_a_query_that_does_not_parse_is_a_mistake(server: MeterServer) -> None:
    with pytest.raises(InputError, match="400 Bad Request: parse error"):
        named(server, query="sum(")


@pytest.mark.parametrize(
    "page",
    [
        {"status": "error", "error": "too busy"},
        {"status": "success"},
        {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1]}]}},
        {"status": "success", "data": {"resultType": "vector", "result": [{"value": [1, "NaN"]}]}},
        ["nonsense"],
    ],
)
def test_an_answer_of_no_use_is_absent(server: MeterServer, page: object) -> None:
    server.answer = says(page)
    found, sensor = named(server)
    assert found.missing is not None
    assert until(sensor, is_absent)
    sensor.close()


def test_nobody_listens() -> None:
    (found,) = discover([f"prometheus:http://127.0.0.1:{free_port()},query=x,unit=W,every=0.05"])
    (sensor,) = found.sensors
    sensor.close()
    assert "refused" in str(found.missing)


def test_a_clock_ahead_of_ours_is_told_and_its_values_are_kept(
    server: MeterServer, series: Scraped
) -> None:
    def early(handler: Handler) -> None:
        pair = [time.time() + 60, "5"]
        result = {"resultType": "vector", "result": [{"metric": {}, "value": pair}]}
        handler.send({"status": "success", "data": result})

    server.answer = early
    _, sensor = named(server)
    told = until(sensor, lambda sample: sample.fault is not None)
    assert "ahead of this machine's" in str(told.fault)
    assert "lag=-60" in str(told.fault)
    assert until(sensor, has_value).power_w == 5.0
    sensor.close()


def test_mistakes_are_told_at_once() -> None:
    with pytest.raises(MistakesError) as caught:
        discover(["prometheus:localhost:9090,unit=Ws,evry=1"])
    said = str(caught.value)
    for part in ("no address", "query=… is needed", "'Ws'", "Did you mean 'every'?"):
        assert part in said
