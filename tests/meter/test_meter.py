import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

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
    assert len(set(times_ns)) == len(taken)
    assert set(read) <= set(taken)


def test_a_sensor_that_raises_is_a_faulty_sample_and_the_others_go_on() -> None:
    broken = Broken()
    meter = Meter([broken, parse("watts=100")], 0.002)
    with meter:
        first = meter.latest()["simulated:cpu"]
        until(lambda: meter.latest()["simulated:cpu"] != first)
    faults = {s.fault for s in meter.take() if s.sensor == "broken:x"}
    assert faults == {"read() raised RuntimeError: no such register"}
    assert meter.latest()["simulated:cpu"].fault is None


class Named(Blocking):
    """One of several that block."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.info = replace(self.info, name=name)


def lasting(samples: Iterable[Sample], name: str) -> list[int]:
    return [s.time_ns for s in samples if s.sensor == name and s.fault is None]


def test_a_sensor_that_blocks_holds_up_no_other_and_comes_back() -> None:
    blocking = Blocking()
    blocking.let_go.set()
    meter = Meter([parse("watts=100"), blocking, parse("watts=1,component=dram")], 0.005)
    meter.start()
    blocking.let_go.clear()
    blocking.entered.clear()
    assert blocking.entered.wait(60)
    since_ns = time.monotonic_ns()
    taken: list[Sample] = []

    def went_on() -> bool:
        taken.extend(meter.take())
        others = [lasting(taken, name)[-1:] for name in ("simulated:cpu", "simulated:dram")]
        return all(last and last[0] > since_ns + 10 * 5_000_000 for last in others)

    until(went_on)
    assert all(t_ns <= since_ns for t_ns in lasting(taken, "broken:x"))
    blocking.let_go.set()
    until(lambda: lasting(meter.take(), "broken:x") != [])
    meter.stop()
    assert {s.sensor for s in meter.take()} == {"simulated:cpu", "broken:x", "simulated:dram"}


def test_several_that_block_one_after_another_get_out_of_the_way() -> None:
    blocked = [Named(f"bad{k}") for k in range(5)]
    meter = Meter([*blocked[:2], parse("watts=100"), *blocked[2:]], 0.005)
    began_s = time.monotonic()
    meter.start()
    # All five block from their first reading on; those that get a line later are found later.
    assert time.monotonic() - began_s < 60
    for sensor in blocked:
        assert sensor.entered.wait(60)
    since_ns = time.monotonic_ns()
    until(lambda: any(t > since_ns for t in lasting(meter.take(), "simulated:cpu")))
    meter.stop()
    faults = [s for s in meter.take() if s.fault]
    assert {s.sensor for s in faults} == {f"bad{k}" for k in range(5)}
    for sensor in blocked:
        sensor.let_go.set()
    meter.close()
    until(lambda: all(sensor.closed == 1 for sensor in blocked))


def test_no_sensor_is_read_twice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattmark.meter.lines.STUCK_S", 0.002)

    class Exclusive(Named):
        reading = False
        twice = False

        def read(self) -> Sample:
            self.twice |= self.reading
            self.reading = True
            time.sleep(0.004 * (time.monotonic_ns() % 3 == 0))
            self.reading = False
            return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)

    sensors = [Exclusive(f"x{k}") for k in range(8)]
    meter = Meter(sensors, 0.001)
    for _ in range(3):
        with meter:
            readers = [threading.Thread(target=meter.read_now) for _ in range(20)]
            for reader in readers:
                reader.start()
            for reader in readers:
                reader.join()
    assert not any(sensor.twice for sensor in sensors)
    assert {s.sensor for s in meter.read_now()} == {f"x{k}" for k in range(8)}


def test_a_sensor_that_is_always_slow_gets_a_thread_of_its_own() -> None:
    class Slow(Broken):
        def read(self) -> Sample:
            time.sleep(0.05)
            return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)

    meter = Meter([Slow(), parse("watts=100")], 0.02)
    with meter:
        until(lambda: sum(t.name == "wattmark-meter" for t in threading.enumerate()) > 1)
        meter.take()
        until(lambda: len(lasting(meter._kept["broken:x"].samples(), "broken:x")) >= 5)
        samples = meter.take()
    # The quick one is no longer held to the slow one's pace.
    assert len(lasting(samples, "simulated:cpu")) > len(lasting(samples, "broken:x"))


def test_a_sensor_that_hangs_hangs_neither_start_nor_reading_nor_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("wattmark.meter.lines.PATIENCE_S", 0.3)
    monkeypatch.setattr("wattmark.meter.lines.STUCK_S", 0.05)
    blocking = Blocking()
    meter = Meter([blocking, parse("watts=100")], 0.005)
    done: list[list[Sample]] = []

    def use() -> None:
        meter.start()
        done.append(meter.read_now())
        meter.stop()

    user = threading.Thread(target=use, daemon=True)
    user.start()
    user.join(60)
    assert not user.is_alive()
    bad, good = done[0]
    assert bad.sensor == "broken:x"
    assert "did not end" in str(bad.fault)
    assert not bad.lost
    assert good.fault is None
    last = {s.sensor: s for s in meter.take()}
    assert last["simulated:cpu"].energy_j is not None
    # The sensor serves again, on its own thread, once the reading has come back.
    meter.start()
    blocking.let_go.set()
    until(lambda: meter.read_now()[0].fault is None)
    meter.close()
    assert blocking.closed == 1


def test_the_threads_of_readings_on_demand_do_not_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wattmark.meter.line.LINGER_S", 0.01)
    meter = Meter([parse("watts=100")])
    count = threading.active_count()
    meter.read_now()
    until(lambda: threading.active_count() == count)
    assert meter.read_now()[0].fault is None


def test_what_is_no_sample_is_a_fault() -> None:
    class Wrong(Named):
        answer: object = None

        def read(self) -> Sample:
            return self.answer  # type: ignore[return-value] # a stranger's mistake

    wrong = Wrong("wrong")
    meter = Meter([wrong])
    for answer, said in (
        (None, "NoneType"),
        (Sample("wrong", 1.5), "TypeError"),  # type: ignore[arg-type] # a stranger's mistake
        (Sample("wrong", 2**70, power_w=1.0), "which is no time"),
        (Sample("wrong", 1, fault=5), "int in the place of words"),  # type: ignore[arg-type] # the same
        (Sample("wrong", 1, power_w=1.0, throttle=5), "in the place of words"),  # type: ignore[arg-type] # the same
        (Sample("wrong", 1, energy_j="1 J"), "promise"),  # type: ignore[arg-type] # the same
        (Sample("wrong", 2, power_w=3.0, memory_bytes=2**70), "promise"),
    ):
        wrong.answer = answer
        meter.read_now()
        assert said in str(meter.take()[0].fault)
    wrong.answer = Sample("another", 3, power_w=1.0)
    meter.read_now()
    assert meter.take() == [Sample("wrong", 3, power_w=1.0)]


def test_sixty_four_sensors_at_once() -> None:
    sensors = [parse(f"watts={k + 1},name=s{k}") for k in range(64)]
    meter = Meter(sensors, 0.01)
    with meter:
        until(lambda: len(meter._kept["simulated:s63"]) >= 5)
        now = meter.read_now()
    assert [s.sensor for s in now] == [f"simulated:s{k}" for k in range(64)]
    assert all(s.fault is None for s in now)
    assert len({s.sensor for s in meter.take()}) == 64


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


def test_a_sensor_that_cannot_settle_or_close_ends_nothing_for_the_others() -> None:
    class Rude(Named):
        def read(self) -> Sample:
            return Sample(self.info.name, time.monotonic_ns(), power_w=1.0)

        def settle(self, timeout_s: float) -> bool:
            raise OSError("it does not settle")

        def close(self) -> None:
            raise OSError("it does not close")

    rude, other = Rude("rude"), Broken()
    meter = Meter([rude, other], 0.01)
    with meter:
        meter.settle()
    assert [sample.power_w for sample in meter.take() if sample.sensor == "rude"] != []
    meter.close()
    assert other.closed == 1


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
