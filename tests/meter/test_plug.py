"""Smart plugs against a real server on loopback that answers as such a plug does, or worse."""

import threading
import time
from collections.abc import Iterator

import pytest
from meter_server import (
    Answer,
    Handler,
    MeterServer,
    drips,
    free_port,
    hangs,
    has_value,
    is_absent,
    says,
    until,
)

from wattmark.errors import InputError, MistakesError
from wattmark.meter import Found, Sensor, plug
from wattmark.meter.discover import discover, sensors
from wattmark.meter.meter import Meter
from wattmark.meter.remote import RemoteSensor
from wattmark.schema import LOST

PAGE = {
    "meters": [{"power": 41.5, "is_valid": True}],
    "switch:0": {"apower": 12.25, "aenergy": {"total": 1500.5}},
    "StatusSNS": {"ENERGY": {"Power": 7, "Total": "3.25", "Off": None}},
    "a.b": {"c": 5},
}


@pytest.fixture
def server() -> Iterator[MeterServer]:
    with MeterServer(says(PAGE)) as one:
        yield one


def named(text: str) -> tuple[Found, Sensor]:
    (found,) = discover([text])
    (sensor,) = found.sensors
    return found, sensor


@pytest.mark.parametrize(
    ("field", "unit", "watts", "joules"),
    [
        ("meters.0.power", "W", 41.5, None),
        ("switch:0.apower", "kW", 12250.0, None),
        ("switch:0.aenergy.total", "Wh", None, 1500.5 * 3600),
        ("StatusSNS.ENERGY.Total", "kWh", None, 3.25 * 3.6e6),
        ("StatusSNS.ENERGY.Power", "J", None, 7.0),
        ("a.b.c", "mW", 0.005, None),
    ],
)
def test_a_field_by_its_path_in_its_unit(
    server: MeterServer, field: str, unit: str, watts: float | None, joules: float | None
) -> None:
    found, sensor = named(f"plug:{server.url}/status,field={field},unit={unit}")
    assert found.missing is None
    before_ns = time.monotonic_ns()
    sample = until(sensor, has_value)
    sensor.close()
    assert sample.power_w == (None if watts is None else pytest.approx(watts))
    assert sample.energy_j == (None if joules is None else pytest.approx(joules))
    assert before_ns <= sample.time_ns <= time.monotonic_ns()
    assert sensor.info.kind == ("counter" if watts is None else "power")
    assert (sensor.info.component, sensor.info.name) == ("wall", "plug:127.0.0.1")
    assert server.requests[0] == "/status"


def test_options_describe_the_sensor(server: MeterServer) -> None:
    _, sensor = named(
        f"plug:{server.url},field=meters.0.power,unit=W,component=gpu,device=gpu0,name=riser,"
        "period=0.5,window=1,lag=-0.25,gain_uncertainty=0.02,limit=600,quantum=0.1"
    )
    info = sensor.info
    assert (info.name, info.component, info.device) == ("plug:riser", "gpu", "gpu0")
    assert (info.update_period_s, info.averaging_window_s, info.lag_s) == (0.5, 1.0, -0.25)
    assert (info.gain_uncertainty, info.limit_w, info.quantum_j) == (0.02, 600.0, 0.1)


def test_only_new_values_are_told_and_each_once(server: MeterServer) -> None:
    _, sensor = named(f"plug:{server.url},field=meters.0.power,unit=W,every=0.2")
    samples = [sensor.read() for _ in range(3)]
    samples += [until(sensor, has_value) for _ in range(3)]
    nothing = sensor.read()
    sensor.close()
    stamps = [sample.time_ns for sample in samples if has_value(sample)]
    assert len(set(stamps)) == len(stamps) >= 3
    assert nothing.fault is None
    assert not has_value(nothing)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (hangs, "no answer within 0.2 s"),
        (drips, "no answer within 0.2 s"),
        (says({}, 500), "500 Internal Server Error"),
        (says(b"<html>down</html>", 503), "503 Service Unavailable"),
        (says(b"<html>hello</html>"), "not JSON"),
        (says(b'{"meters": [{"pow'), "not JSON"),
        (says({"meters": [{"power": None}]}), "no number"),
        (says({"meters": [{"power": "off"}]}), "no number"),
        (says({"meters": [{"power": True}]}), "no number"),
        (says(b'{"meters": [{"power": NaN}]}'), "no number"),
        (says({"error": "login"}, 401), "401 Unauthorized"),
        (says(b" " * 5_000_000), "longer than"),
    ],
)
def test_a_meter_that_is_ill_is_missing_and_asked_on(
    server: MeterServer, answer: Answer, said: str
) -> None:
    server.answer = answer
    found, sensor = named(f"plug:{server.url},field=meters.0.power,unit=W,every=0.1,timeout=0.2")
    assert found.missing is not None
    assert said in found.missing
    assert found.fix
    absent = until(sensor, is_absent)
    assert absent.fault is not None
    assert said in absent.fault
    server.answer = says(PAGE)
    assert until(sensor, has_value).power_w == 41.5
    sensor.close()


def test_nobody_listens_is_missing_and_no_mistake() -> None:
    found, sensor = named(f"plug:http://127.0.0.1:{free_port()}/status,field=a,unit=W")
    assert "refused" in str(found.missing)
    assert until(sensor, is_absent)
    sensor.close()


@pytest.mark.parametrize(
    ("answer", "field", "said"),
    [
        (says(PAGE), "meters.0.pwer", "Did you mean 'power'?"),
        (says(PAGE), "meters.1.power", "There is: 0."),
        (says([1, 2]), "power", "in the page"),
        (says({}, 404), "meters.0.power", "404 Not Found"),
        (says({}, 302), "meters.0.power", "Give the address that it redirects to."),
    ],
)
def test_what_is_not_there_is_a_mistake(
    server: MeterServer, answer: Answer, field: str, said: str
) -> None:
    server.answer = answer
    with pytest.raises(InputError) as caught:
        discover([f"plug:{server.url},field={field},unit=W"])
    assert said in str(caught.value)


def test_all_mistakes_of_a_name_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_TOKEN", raising=False)
    with pytest.raises(MistakesError) as caught:
        discover(
            [
                "plug:htp://user:geheim@host,unit=Watt,component=fpga,every=0,colour=red,"
                "token_env=NO_SUCH_TOKEN,x"
            ]
        )
    said = "\n".join(caught.value.mistakes)
    for part in ("no address", "'Watt'", "'fpga'", "every=0", "colour", "NO_SUCH_TOKEN", "'x'"):
        assert part in said
    assert "field=… is needed" in said
    assert "geheim" not in str(caught.value)


def test_it_disappears_in_a_run_and_comes_back() -> None:
    first = MeterServer(says(PAGE))
    port = first.server_port
    _, sensor = named(f"plug:{first.url},field=meters.0.power,unit=W,every=0.1,timeout=0.5")
    assert until(sensor, has_value)
    first.go()
    absent = until(sensor, is_absent)
    assert "refused" in str(absent.fault)
    with MeterServer(says({"meters": [{"power": 8}]}), port):
        assert until(sensor, lambda sample: sample.power_w == 8.0)
        sensor.close()
    assert sensor.read().fault == "the sensor is closed"


def test_a_counter_that_starts_again_has_lost_joules(server: MeterServer) -> None:
    server.answer = says({"e": 5000.0})
    _, sensor = named(f"plug:{server.url},field=e,unit=J,every=0.05")
    assert until(sensor, has_value).energy_j == 5000.0
    server.answer = says({"e": 10.0})
    assert until(sensor, lambda sample: sample.lost).fault.startswith(LOST)  # type: ignore[union-attr]  # lost says so
    server.answer = says({"e": 15.0})
    assert until(sensor, lambda s: s.energy_j is not None and s.energy_j > 5000).energy_j == 5005.0
    sensor.close()


def test_a_hanging_meter_does_not_hold_up_the_others(server: MeterServer) -> None:
    asked = threading.Event()

    def hang(handler: Handler) -> None:
        asked.set()
        hangs(handler)

    _, hung = named(f"plug:{server.url},field=meters.0.power,unit=W,timeout=5")
    server.answer = hang
    (other,) = sensors(discover(["simulated:watts=5"]))
    with Meter([hung, other], interval_s=0.02) as meter:
        assert asked.wait(10)
        meter.take()
        deadline = time.monotonic() + 10
        samples = meter.take()
        while len(samples) < 20 and time.monotonic() < deadline:
            samples += meter.take()
    hung.close()
    read = [sample for sample in samples if sample.sensor == "simulated:cpu"]
    assert len(read) >= 10, "the request hangs for 5 s, and the others were read meanwhile"


def test_settle_waits_for_a_reading_of_now(server: MeterServer) -> None:
    _, sensor = named(f"plug:{server.url},field=meters.0.power,unit=W,every=600")
    assert isinstance(sensor, RemoteSensor)
    until(sensor, has_value)
    for _ in range(2):
        now_ns = time.monotonic_ns()
        assert sensor.settle(10.0)
        assert until(sensor, has_value).time_ns >= now_ns
    server.answer = hangs
    assert not sensor.settle(0.1)
    sensor.close()
    assert not sensor.settle(0.1)


def test_credentials_are_sent_and_never_shown(
    server: MeterServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUG_TOKEN", "geheim-token")
    monkeypatch.setenv("PLUG_PASSWORD", "geheim-env")
    host = server.url.removeprefix("http://")
    names = {
        f"plug:http://anna:geheim%40w@{host}/cm?user=anna&password=geheim2,field=a.b.c,unit=W": (
            "Basic YW5uYTpnZWhlaW1Adw=="
        ),
        f"plug:{server.url},field=a.b.c,unit=W,token_env=PLUG_TOKEN": "Bearer geheim-token",
        f"plug:http://anna@{host},field=a.b.c,unit=W,password_env=PLUG_PASSWORD": (
            "Basic YW5uYTpnZWhlaW0tZW52"
        ),
    }
    for name, header in names.items():
        server.answer = says(PAGE)
        server.headers.clear()
        _, sensor = named(name)
        assert server.headers[0]["Authorization"] == header
        server.answer = says({}, 500)
        shown = repr((sensor.info, until(sensor, is_absent)))
        sensor.close()
        server.answer = says({"error": "x"}, 404)
        with pytest.raises(InputError) as caught:
            discover([name])
        for text in (shown, str(caught.value)):
            assert "geheim" not in text
    assert "password=geheim2" in "".join(server.requests), "the query is sent as it was given"


@pytest.mark.parametrize("family", ["plug", "prometheus"])
def test_a_secret_that_a_server_says_back_is_hidden(
    server: MeterServer, monkeypatch: pytest.MonkeyPatch, family: str
) -> None:
    monkeypatch.setenv("METER_TOKEN", "geheim-token")
    what = "field=a" if family == "plug" else "query=up"
    name = f"{family}:{server.url},{what},unit=W,token_env=METER_TOKEN"
    bad = {"status": "error", "error": "'geheim-token' is expired"}
    for status in (200, 403, 500):
        server.answer = says(bad | ({"a": None} if family == "plug" else {}), status)
        found, sensor = named(name)
        fault = until(sensor, is_absent).fault
        sensor.close()
        assert "geheim" not in f"{found.missing} {fault}"
        if family == "prometheus":
            assert "'***' is expired" in str(fault)


def test_no_proxy_sees_a_request(server: MeterServer, monkeypatch: pytest.MonkeyPatch) -> None:
    with MeterServer(says({}, 500)) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        monkeypatch.delenv("no_proxy", raising=False)
        found, sensor = named(f"plug:{server.url},field=a.b.c,unit=W")
        sensor.close()
        assert found.missing is None
        assert not proxy.requests


def test_a_password_that_was_taken_out_is_asked_for(server: MeterServer) -> None:
    server.answer = says({}, 401)
    host = server.url.removeprefix("http://")
    found, sensor = named(f"plug:http://***@{host},field=a,unit=W")
    sensor.close()
    assert "not kept with a run" in str(found.missing)
    assert "Authorization" not in server.headers[0]


def test_example_is_what_an_error_shows() -> None:
    with pytest.raises(InputError) as caught:
        discover(["plug"])
    assert plug.EXAMPLE in str(caught.value)
