"""What polled meters share: clocks that are stepped, polls that hang, names without secrets."""

import threading
import time
from collections.abc import Iterable, Sequence

import pytest
from meter_server import has_value, is_absent, until

from wattmark import optiontext
from wattmark.energy.series import Series
from wattmark.meter.meter import Meter
from wattmark.meter.remote import AbsentError, RemoteSensor, Told, found
from wattmark.meter.waiting import Waiting
from wattmark.meter.wallclock import WallClock
from wattmark.schema import LOST, Sample, SensorInfo
from wattmark.units import s_to_ns


def info(kind: str = "power") -> SensorInfo:
    return SensorInfo(name="far:one", component="wall", device="plug", kind=kind, source="a test")


class Said:
    """A source that answers what it is given, then that it has nothing new."""

    timeout_s = 0.05

    def __init__(self, answers: Iterable[Sequence[Told | str] | Exception]) -> None:
        self._answers = iter(answers)
        self.closed = threading.Event()

    def ask(self) -> Sequence[Told | str]:
        answer = next(self._answers, ())
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        assert not self.closed.is_set(), "closed once"
        self.closed.set()


class Clocks:
    """A wall clock that can be stepped, beside the real monotonic one."""

    def __init__(self) -> None:
        self.ahead_ns = 1_700_000_000_000_000_000

    def wall_ns(self) -> int:
        return time.monotonic_ns() + self.ahead_ns

    @property
    def now_s(self) -> float:
        return self.wall_ns() / 1e9


def test_one_offset_makes_monotonic_time_of_wall_time() -> None:
    clocks = Clocks()
    wall = WallClock(clocks.wall_ns)
    assert wall.monotonic(clocks.now_s) == pytest.approx(time.monotonic_ns(), abs=1e7)
    assert wall.stepped_s() is None
    clocks.ahead_ns -= s_to_ns(3.0)
    assert wall.stepped_s() == pytest.approx(-3.0, abs=0.01)
    assert wall.stepped_s() is None, "told once"
    assert wall.monotonic(clocks.now_s) == pytest.approx(time.monotonic_ns(), abs=1e7)


def test_a_stepped_wall_clock_is_named_and_what_came_across_is_left_out() -> None:
    clocks = Clocks()
    stepped = threading.Event()

    class Stepping(Said):
        def ask(self) -> Sequence[Told | str]:
            told = [Told(5.0, time.monotonic_ns(), clocks.now_s)]
            if stepped.is_set():
                clocks.ahead_ns += s_to_ns(3600)
                stepped.clear()
            return told

    sensor = RemoteSensor(info(), Stepping([]), 0.02, wall=WallClock(clocks.wall_ns))
    until(sensor, has_value)
    stepped.set()
    fault = until(sensor, lambda sample: sample.fault is not None).fault
    assert "the wall clock went +3600.0" in str(fault)
    later = until(sensor, has_value)
    sensor.close()
    assert later.time_ns == pytest.approx(time.monotonic_ns(), abs=1e9), "the new offset holds"


def test_a_stepped_wall_clock_does_not_concern_a_meter_without_one() -> None:
    clocks = Clocks()

    class Stepping(Said):
        def ask(self) -> Sequence[Told | str]:
            clocks.ahead_ns += s_to_ns(3600)
            return [Told(5.0, time.monotonic_ns())]

    sensor = RemoteSensor(info(), Stepping([]), 0.01, wall=WallClock(clocks.wall_ns))
    for _ in range(5):
        assert until(sensor, lambda s: has_value(s) or s.fault is not None).fault is None
    sensor.close()


def test_one_or_two_failures_in_a_row_are_no_fault() -> None:
    now_ns = time.monotonic_ns()
    failure = AbsentError("busy")
    source = Said(
        [failure, failure, [Told(1.0, now_ns)], failure, failure, [Told(2.0, now_ns + 1)]]
    )
    sensor = RemoteSensor(info(), source, 0.01)
    seen: list[float | None] = []
    while len(seen) < 2:
        sample = sensor.read()
        assert sample.fault is None
        seen += [sample.power_w] if has_value(sample) else []
    assert seen == [1.0, 2.0]
    sensor.close()


def test_whatever_a_source_raises_the_asking_goes_on() -> None:
    failures = [ZeroDivisionError("secret"), ValueError("secret"), KeyError("secret")]
    sensor = RemoteSensor(info(), Said([*failures, [Told(3.0, 1)]]), 0.01)
    fault = until(sensor, is_absent).fault
    assert "KeyError" in str(fault)
    assert "secret" not in str(fault)
    assert until(sensor, has_value).power_w == 3.0
    sensor.close()


def test_a_poll_that_hangs_for_ever_is_told_and_does_not_hold_up_closing() -> None:
    let_go = threading.Event()

    class Hanging(Said):
        def ask(self) -> Sequence[Told | str]:
            let_go.wait(30)
            return ()

    source = Hanging([])
    sensor = RemoteSensor(info(), source, 0.01)
    assert "no time-out" in str(until(sensor, is_absent).fault)
    sensor.close()
    assert sensor.read().fault == "the sensor is closed"
    let_go.set()
    assert source.closed.wait(10), "the thread closes what it has read"


def settled(sensor: RemoteSensor, within_s: float = 3600.0) -> bool:
    """What `settle` gives; fails where it waits for an hour."""
    given: list[bool] = []
    thread = threading.Thread(target=lambda: given.append(sensor.settle(within_s)), daemon=True)
    thread.start()
    thread.join(60)
    assert given, "it waits"
    return given[0]


def test_nobody_waits_for_an_absent_meter_until_it_is_back() -> None:
    here = threading.Event()

    class Coming(Said):
        def ask(self) -> Sequence[Told | str]:
            if not here.is_set():
                raise AbsentError("nobody at home")
            return [Told(5.0, time.monotonic_ns())]

    sensor = RemoteSensor(info(), Coming([]), 0.01)
    assert not settled(sensor), "it is found absent while somebody waits"
    for _ in range(3):
        assert not settled(sensor)
    here.set()
    until(sensor, has_value)
    assert settled(sensor), "it is waited for again"
    sensor.close()


def test_what_was_absent_when_it_was_named_is_asked_once_more_and_no_oftener() -> None:
    class Gone(Said):
        asked = 0

        def ask(self) -> Sequence[Told | str]:
            self.asked += 1
            raise AbsentError("nobody at home")

    source = Gone([])
    sensor = RemoteSensor(info(), source, 600.0)
    named = found("far", sensor, source, "the address")
    assert "is absent" in str(named.missing)
    before = source.asked
    sensor.read()
    assert not settled(sensor)
    assert source.asked - before <= 2
    assert "(asked 3×)" in str(until(sensor, is_absent).fault)
    sensor.close()


def test_nobody_waits_for_a_meter_that_hangs() -> None:
    let_go = threading.Event()

    class Hanging(Said):
        def ask(self) -> Sequence[Told | str]:
            let_go.wait(60)
            return [Told(1.0, time.monotonic_ns())]

    sensor = RemoteSensor(info(), Hanging([]), 0.01)
    until(sensor, is_absent)
    assert not settled(sensor)
    let_go.set()
    until(sensor, has_value)
    assert settled(sensor)
    sensor.close()


def test_a_time_that_cannot_be_is_a_fault_and_the_asking_goes_on() -> None:
    """Milliseconds in the place of seconds; and what no column of stamps could hold."""
    wrong = [Told(1.0, 0, wall_s) for wall_s in (1.7e12, -1e300, float("inf"), float("nan"))]
    sensor = RemoteSensor(info(), Said([wrong, [Told(2.0, time.monotonic_ns())]]), 0.01)
    for _ in wrong:
        fault = until(sensor, lambda sample: sample.fault is not None).fault
        assert "which cannot be" in str(fault)
    assert until(sensor, has_value).power_w == 2.0
    sensor.close()


def test_what_waits_too_long_is_forgotten_but_not_that_joules_were_lost() -> None:
    waiting = Waiting(3)
    waiting.put(Sample("x", 1, energy_j=5.0))
    waiting.put(Sample("x", 2, fault=f"{LOST}a reset"))
    for k in range(3, 7):
        waiting.put(Sample("x", k, energy_j=1.0 * k))
    assert [(s.time_ns, s.lost) for s in waiting.take_all()] == [(4, True), (5, False), (6, False)]
    assert waiting.take_one() is None


def test_a_sensor_that_was_never_read_has_no_thread() -> None:
    source = Said([])
    before = threading.active_count()
    sensor = RemoteSensor(info(), source)
    assert threading.active_count() == before
    sensor.close()
    sensor.close()
    assert source.closed.is_set()


def test_stamps_that_do_not_advance_are_the_same_reading() -> None:
    told = [Told(1.0, 100), Told(1.5, 100), Told(2.0, 200), Told(9.0, 150), Told(3.0, 300)]
    sensor = RemoteSensor(info(), Said([told]), 0.01, keep=10)
    until(sensor, has_value)
    rest = [sensor.read().power_w for _ in range(3)]
    sensor.close()
    assert rest == [2.0, 3.0, None]


def test_a_meter_reads_it_and_a_series_takes_what_is_new() -> None:
    start_ns = time.monotonic_ns()
    answers = [[Told(float(k), start_ns + k)] for k in range(1, 6)]
    sensor = RemoteSensor(info("counter"), Said(answers), 0.02)
    with Meter([sensor], interval_s=0.005) as meter:
        samples = meter.take()
        deadline = time.monotonic() + 20
        while sum(map(has_value, samples)) < 3 and time.monotonic() < deadline:
            samples += meter.take()
    sensor.close()
    series = Series.from_samples(sensor.info, samples)
    assert not series.faults
    assert series.time_ns.size == sum(map(has_value, samples)) < len(samples)


@pytest.mark.parametrize(
    ("text", "kept", "gone"),
    [
        ("plug:http://anna:geheim@h/status,field=a", "@h/status,field=a", ("anna", "geheim")),
        ("http://anna:ge=he@im@h:80/x", "@h:80/x", ("anna", "ge=", "im@")),
        ("http://anna:ge,heim@h/x,field=y", "@h/x,field=y", ("anna", "heim")),
        ("http://h/cm?cmnd=Status&user=u1&password=geheim,unit=W", "cmnd=Status", ("u1", "geheim")),
        ("http://h/x?api_key=geheim&a=1", "a=1", ("geheim",)),
        ("/var/log/a@b/meter.csv,column=x", "/var/log/a@b/meter.csv,column=x", ()),
        ('prometheus:http://h,query=sum(x{a="b"})', 'query=sum(x{a="b"})', ()),
    ],
)
def test_what_is_secret_is_taken_out_of_a_name(text: str, kept: str, gone: tuple[str, ...]) -> None:
    shown = optiontext.redacted(text)
    assert kept in shown
    assert not any(word in shown for word in gone)
    assert optiontext.redacted(shown) == shown


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a,b=1", ["a", "b=1"]),
        ('h,query=sum(x{j="a,b)"}[1m]),unit=W', ["h", 'query=sum(x{j="a,b)"}[1m])', "unit=W"]),
        ("run (1).csv,x=1", ["run (1).csv", "x=1"]),
        ("a(b.csv,x=1", ["a(b.csv", "x=1"]),
        ("it's.csv,x=1", ["it's.csv", "x=1"]),
        ("http://[::1]:80/,x=1", ["http://[::1]:80/", "x=1"]),
    ],
)
def test_options_are_split_outside_of_brackets(text: str, parts: list[str]) -> None:
    assert optiontext.split(text) == parts
