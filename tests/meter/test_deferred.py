"""Readings that are grabbed at their deadline and understood later: none is lost, all in order."""

import itertools
import threading
import time

import pytest
from test_meter import Broken, until

from wattmark.meter import line
from wattmark.meter.meter import Meter
from wattmark.schema import Sample


class Counting(Broken):
    """Counts its readings: whoever understands them out of order gets a joule too few."""

    def __init__(self, name: str = "counting:x") -> None:
        super().__init__()
        self.info = type(self.info)(
            name=name, component="gpu", device=name, kind="counter", source="test"
        )
        self.grabs = self.told_last = 0
        self.failing = False

    def read(self) -> Sample:
        if self.failing:
            return Sample(self.info.name, time.monotonic_ns(), fault="it is gone")
        return self.told(self.grab())

    def grab(self) -> tuple[int, int]:
        if self.failing:
            raise OSError("it is gone")
        self.grabs += 1
        return self.grabs, time.monotonic_ns()

    def told(self, grabbed: tuple[int, int]) -> Sample:
        number, time_ns = grabbed
        assert number == self.told_last + 1, "not in the order of grabbing"
        self.told_last = number
        return Sample(self.info.name, time_ns, energy_j=float(number))


class Holding(Counting):
    """Holds its third grab until it is let go."""

    def __init__(self) -> None:
        super().__init__("holding:x")
        self.let_go = threading.Event()

    def grab(self) -> tuple[int, int]:
        if self.grabs == 3:
            assert self.let_go.wait(60)
        return super().grab()


def counted(samples: list[Sample], name: str) -> list[float]:
    mine = [sample for sample in samples if sample.sensor == name]
    assert [s.time_ns for s in mine] == sorted(s.time_ns for s in mine)
    assert all(sample.fault is None for sample in mine)
    return [sample.energy_j or 0.0 for sample in mine]


def test_nothing_is_lost_between_grabbing_and_asking() -> None:
    sensor = Counting()
    meter = Meter([sensor], 0.001)
    with meter:
        taken = meter.take()
        for _ in range(5):
            meter.read_now()
            taken += meter.take()
            until(lambda: sensor.grabs > sensor.told_last + 3)
            newest = meter.latest()["counting:x"].energy_j
            assert newest is not None
            assert newest >= 4
            taken += meter.take()
    taken += meter.take()
    assert counted(taken, "counting:x") == list(range(1, sensor.grabs + 1))


def test_much_that_was_grabbed_is_understood_without_being_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(line, "MOST_DEFERRED", 4)
    sensor = Counting()
    with Meter([sensor], 0.001):
        until(lambda: sensor.told_last > 20)
        assert sensor.grabs - sensor.told_last <= 5


def test_what_cannot_be_grabbed_is_read_and_says_why() -> None:
    sensor = Counting()
    meter = Meter([sensor], 0.001)
    with meter:
        until(lambda: sensor.grabs > sensor.told_last)
        sensor.failing = True
        until(lambda: meter.latest()["counting:x"].fault == "it is gone")
        sensor.failing = False
        until(lambda: meter.latest()["counting:x"].fault is None)
    samples = meter.take()
    good = [sample.energy_j for sample in samples if sample.fault is None]
    assert good == list(range(1, sensor.grabs + 1))
    faulty = [sample.fault is not None for sample in samples]
    assert len(list(itertools.groupby(faulty))) == 3


def test_what_cannot_be_understood_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    sensor = Counting()
    monkeypatch.setattr(sensor, "told", lambda _: 1 / 0)
    monkeypatch.setattr(sensor, "read", lambda: Sample("counting:x", time.monotonic_ns()))
    meter = Meter([sensor], 0.001)
    with meter:
        until(lambda: sensor.grabs > 2)
    faults = {sample.fault for sample in meter.take()} - {None}
    assert faults == {"told() raised ZeroDivisionError: division by zero"}


def test_one_that_hangs_while_it_is_grabbed_holds_up_no_other() -> None:
    holding, free = Holding(), Counting("free:x")
    meter = Meter([holding, free], 0.002)
    with meter:
        until(lambda: holding.grabs == 3)
        before = free.grabs
        until(lambda: free.grabs > before + 20)
        holding.let_go.set()
        until(lambda: holding.grabs > 5)
    samples = meter.take()
    assert counted(samples, "free:x") == list(range(1, free.grabs + 1))
    assert counted(samples, "holding:x") == list(range(1, holding.grabs + 1))
