import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.meter.meter import Meter, next_deadline
from wattmark.meter.simulated import SimulatedSensor, parse
from wattmark.schema import Sample, SensorInfo


def until(true: Callable[[], bool]) -> None:
    """Wait for what has to come; a minute without it is a failure."""
    for _ in range(6000):
        if true():
            return
        time.sleep(0.01)
    pytest.fail("it never came")


class Broken:
    """Breaks its promise: raises instead of giving a faulty sample."""

    def __init__(self) -> None:
        self.info = SensorInfo(
            name="broken:x", component="gpu", device="x", kind="power", source="test"
        )
        self.closed = 0

    def read(self) -> Sample:
        raise RuntimeError("no such register")

    def close(self) -> None:
        self.closed += 1


class Blocking(Broken):
    """Holds every reading until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.entered = threading.Event()
        self.let_go = threading.Event()

    def read(self) -> Sample:
        self.entered.set()
        assert self.let_go.wait(60)
        return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)


def test_samples_come_by_themselves_and_bracket_the_work() -> None:
    meter = Meter([parse("watts=100"), parse("watts=5,kind=power,component=dram")], 0.005)
    before_ns = time.monotonic_ns()
    with meter:
        inside_ns = time.monotonic_ns()
        first = meter.latest()
        until(lambda: all(first[name] != sample for name, sample in meter.latest().items()))
        left_ns = time.monotonic_ns()
    samples = meter.take()
    for name in ("simulated:cpu", "simulated:dram"):
        times_ns = [s.time_ns for s in samples if s.sensor == name]
        assert before_ns < times_ns[0] < inside_ns
        assert times_ns[-1] > left_ns
        assert times_ns == sorted(times_ns)
        assert len(times_ns) >= 3


def test_take_hands_over_each_sample_once() -> None:
    meter = Meter([parse("watts=100")])
    read = meter.read_now() + meter.read_now()
    assert meter.take() == read
    assert meter.take() == []


def test_nothing_is_lost_or_doubled_between_threads() -> None:
    meter = Meter([parse("watts=100")], 0.001)
    taken: list[Sample] = []
    read: list[Sample] = []

    def read_often() -> None:
        for _ in range(50):
            read.extend(meter.read_now())

    with meter:
        readers = [threading.Thread(target=read_often) for _ in range(4)]
        for reader in readers:
            reader.start()
        while any(reader.is_alive() for reader in readers):
            taken.extend(meter.take())
    taken.extend(meter.take())
    times_ns = [sample.time_ns for sample in taken]
    assert times_ns == sorted(times_ns)
    assert len(set(map(id, taken))) == len(taken)
    assert {id(sample) for sample in read} <= {id(sample) for sample in taken}


def test_a_sensor_that_raises_is_a_faulty_sample_and_the_others_go_on() -> None:
    broken = Broken()
    meter = Meter([broken, parse("watts=100")], 0.002)
    with meter:
        first = meter.latest()["simulated:cpu"]
        until(lambda: meter.latest()["simulated:cpu"] != first)
    faults = {s.fault for s in meter.take() if s.sensor == "broken:x"}
    assert faults == {"read() raised RuntimeError: no such register"}
    assert meter.latest()["simulated:cpu"].fault is None


def test_a_blocked_sensor_delays_the_others_and_they_go_on() -> None:
    blocking = Blocking()
    meter = Meter([blocking, parse("watts=100")], 0.002)
    starter = threading.Thread(target=meter.start)
    starter.start()
    assert blocking.entered.wait(60)
    # While it blocks, what is known can still be asked for.
    assert meter.latest() == {}
    assert meter.take() == []
    blocking.let_go.set()
    starter.join()
    until(lambda: meter.cost_cpu_s > 0)
    meter.stop()
    assert {s.sensor for s in meter.take()} == {"broken:x", "simulated:cpu"}


def test_a_sensor_that_hangs_does_not_hang_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattmark.meter.meter.PATIENCE_S", 0.05)
    blocking = Blocking()
    blocking.let_go.set()
    meter = Meter([blocking], 0.002)
    meter.start()
    blocking.let_go.clear()
    blocking.entered.clear()
    assert blocking.entered.wait(60)
    hung = [t for t in threading.enumerate() if t.name == "wattmark-meter"]
    meter.stop()
    assert meter.take()
    blocking.let_go.set()
    for thread in hung:
        thread.join(60)
        assert not thread.is_alive()


def test_who_asks_while_a_sensor_hangs_gets_faults_and_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wattmark.meter.meter.LOCK_PATIENCE_S", 0.05)
    blocking = Blocking()
    meter = Meter([blocking, parse("watts=100")])
    hung = threading.Thread(target=meter.read_now)
    hung.start()
    assert blocking.entered.wait(60)
    asked: list[Sample] = []
    asking = threading.Thread(target=lambda: asked.extend(meter.read_now()), daemon=True)
    asking.start()
    asking.join(30)
    stuck = asking.is_alive()
    blocking.let_go.set()
    hung.join()
    asking.join()
    assert not stuck
    assert [s.sensor for s in asked] == ["broken:x", "simulated:cpu"]
    assert {s.fault for s in asked} == {"not read: another reading did not end within 0.05 s"}
    assert not any(s.lost for s in asked)
    # Faults are kept like any reading, and the sensors serve again once the hung one has ended.
    assert meter.take()[:2] == asked
    assert [s.fault for s in meter.read_now()] == [None, None]


class Burning(Broken):
    """Takes 20 ms of CPU to read."""

    def read(self) -> Sample:
        until_s = time.thread_time() + 0.02
        while time.thread_time() < until_s:
            pass
        return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)


def test_the_cost_holds_what_readings_on_demand_take() -> None:
    meter = Meter([Burning()], 0.002)
    meter.read_now()
    assert meter.cost_cpu_s >= 0.02
    with meter:
        first = meter.latest()
        until(lambda: meter.latest() != first)
    count = len(meter.take())
    # On demand, at start and stop, and on the sampling thread: each reading once, none twice.
    assert 0.02 * count <= meter.cost_cpu_s < 0.03 * count


def test_start_and_stop_may_be_repeated() -> None:
    meter = Meter([parse("watts=100")], 0.002)
    meter.stop()
    meter.start()
    meter.start()
    until(lambda: meter.cost_cpu_s > 0)
    meter.stop()
    cost_s = meter.cost_cpu_s
    count = threading.active_count()
    meter.start()
    assert threading.active_count() == count + 1
    until(lambda: meter.cost_cpu_s > cost_s)
    meter.close()
    assert threading.active_count() == count


def test_close_closes_the_sensors_and_leaving_the_block_does_not() -> None:
    broken = Broken()
    meter = Meter([broken])
    with meter:
        pass
    assert broken.closed == 0
    meter.close()
    assert broken.closed == 1


@pytest.mark.parametrize("interval_s", [0.0, -1.0, float("nan")])
def test_an_impossible_interval_is_refused(interval_s: float) -> None:
    with pytest.raises(InputError, match="sampling interval"):
        Meter([], interval_s)


def test_two_sensors_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="Two sensors are called 'simulated:cpu'"):
        Meter([parse("watts=1"), parse("watts=2")])


def test_no_sensors_is_a_meter_that_measures_nothing() -> None:
    with Meter([], 0.002) as meter:
        pass
    assert meter.take() == []
    assert meter.power_now_w() is None


@given(late_ns=st.integers(0, 10_000), interval_ns=st.integers(1, 500))
def test_deadlines_stay_on_their_grid_and_skip_what_was_missed(
    late_ns: int, interval_ns: int
) -> None:
    deadline_ns = 1_000_000
    following_ns = next_deadline(deadline_ns, deadline_ns + late_ns, interval_ns)
    assert (following_ns - deadline_ns) % interval_ns == 0
    assert 0 < following_ns - (deadline_ns + late_ns) <= interval_ns


def test_a_deadline_that_has_not_come_is_followed_by_the_next() -> None:
    assert next_deadline(1000, 990, 100) == 1100


class Bench:
    """A meter on a clock that moves when told to."""

    def __init__(self, *texts: str) -> None:
        self.now_ns = 0
        self.meter = Meter([self.sensor(text) for text in texts])

    def sensor(self, text: str) -> SimulatedSensor:
        return parse(text, lambda: self.now_ns)

    def read(self, t_ms: int) -> None:
        self.now_ns = t_ms * 1_000_000
        self.meter.read_now()


def test_power_now_is_the_slope_of_the_counter() -> None:
    bench = Bench("shape=step,low=10,high=90,at=1,period=0")
    bench.read(800)
    assert bench.meter.power_now_w() is None
    bench.read(900)
    assert bench.meter.power_now_w() == pytest.approx(10.0)
    bench.read(1000)
    bench.read(1100)
    assert bench.meter.power_now_w() == pytest.approx(90.0)


def test_power_now_is_not_divided_by_microseconds() -> None:
    bench = Bench("watts=100,quantum=1,period=0")
    bench.read(1000)
    bench.read(1100)
    bench.read(1101)
    # One quantum over one millisecond would read as 0 or 1000 W.
    assert bench.meter.power_now_w() == pytest.approx(100.0, rel=0.1)


def test_power_now_adds_parts_and_never_a_whole_to_its_parts() -> None:
    bench = Bench(
        "watts=50,kind=power,component=cpu",
        "watts=7,kind=power,component=dram",
        "watts=900,kind=power,component=wall",
        "watts=44,kind=estimate,component=cpu,name=model",
    )
    bench.read(100)
    bench.read(200)
    assert bench.meter.power_now_w() == pytest.approx(57.0)
    alone = Bench("watts=900,kind=power,component=wall")
    alone.read(100)
    assert alone.meter.power_now_w() == pytest.approx(900.0)
