import os
import signal
import sys
import time
from pathlib import Path

import pytest

from wattmark import EnergyMonitor
from wattmark.meter.remote import RemoteSensor, Told
from wattmark.meter.shapes import Constant
from wattmark.meter.simulated import SimulatedSensor, parse
from wattmark.monitor.command import CommandError, CommandMeter
from wattmark.schema import SensorInfo

# One time in twenty a 95 % interval misses, by part of a tick: 100 W for 5 ms.
TICK_J = 0.5
STAMPS = """
import sys, time
with open(sys.argv[1], "a") as log:
    print(time.monotonic_ns(), file=log)
    time.sleep(0.1)
    print(time.monotonic_ns(), file=log)
"""


def test_the_window_holds_all_of_the_command(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with CommandMeter([parse("watts=100,period=0.005")], 0.02) as meter:
        assert [meter.run([sys.executable, "-c", STAMPS, str(log)]) for _ in range(2)] == [0, 0]
        repeats = meter.repeats()
    stamps = [int(word) for word in log.read_text(encoding="ascii").split()]
    for ran, first, last in zip(meter._ran, stamps[::2], stamps[1::2], strict=True):
        assert ran.span.start_ns < first < last < ran.span.end_ns
    for repeat in repeats:
        low, high = repeat.result.energy_low_joules, repeat.result.energy_high_joules
        assert low is not None
        assert high is not None
        assert low - TICK_J <= 100 * repeat.result.duration_seconds <= high + TICK_J


def test_net_is_by_the_idle_before_and_after() -> None:
    with CommandMeter([parse("watts=100,period=0.005")], 0.02) as meter:
        meter.idle(0.2)
        meter.run(["sleep", "0.2"])
        meter.idle(0.2)
        (repeat,) = meter.repeats()
    low, high = repeat.result.net_low_joules, repeat.result.net_high_joules
    assert low is not None
    assert high is not None
    assert low - TICK_J <= 0 <= high + TICK_J
    assert repeat.result.idle_power_watts == pytest.approx(100, rel=0.1)


def test_a_counter_that_ticks_later_has_seen_the_command_all_the_same() -> None:
    """Shorter than a tick: the joules are not 0, and the truth is in the interval."""
    with CommandMeter([parse("watts=100,period=0.2")], 0.02) as meter:
        for _ in range(3):
            meter.run(["sleep", "0.02"])
        repeats = meter.repeats()
    for repeat in repeats:
        low, high = repeat.result.energy_low_joules, repeat.result.energy_high_joules
        assert low is not None
        assert high is not None
        assert low - TICK_J <= 100 * repeat.result.duration_seconds <= high + TICK_J
        assert "window-too-short" in [doubt.code for doubt in repeat.result.doubts]


def test_components_side_by_side() -> None:
    """A wall meter holds what CPU and GPU take: shown, and not summed with them."""
    sensors = [
        parse("watts=10,component=cpu,name=c,period=0.005"),
        parse("watts=20,component=gpu,name=g,device=gpu0,period=0.005"),
        parse("watts=20,component=gpu,name=h,device=gpu1,period=0.005"),
        parse("watts=90,component=wall,name=w,period=0.005"),
    ]
    with CommandMeter(sensors, 0.02) as meter:
        meter.run(["sleep", "0.3"])
        (repeat,) = meter.repeats()
    result, seconds = repeat.result, repeat.result.duration_seconds
    watts = {name: (c.energy_joules or 0) / seconds for name, c in result.components.items()}
    assert watts == pytest.approx({"cpu": 10, "gpu": 40, "wall": 90}, rel=0.1)
    assert {name: one.counted for name, one in result.components.items()} == {
        "cpu": True,
        "gpu": True,
        "wall": False,
    }
    assert result.avg_power_watts == pytest.approx(50, rel=0.1)
    assert result.components["gpu"].sensors == ("simulated:g", "simulated:h")


def test_a_core_inside_a_cpu_is_shown_and_not_summed() -> None:
    core = SensorInfo(
        name="test:core", component="core", device="package-0", kind="counter", source="test",
        update_period_s=0.005,
    )  # fmt: skip
    sensors = [SimulatedSensor(core, Constant(5)), parse("watts=10,period=0.005")]
    with CommandMeter(sensors, 0.02) as meter:
        meter.run(["sleep", "0.2"])
        (repeat,) = meter.repeats()
    result = repeat.result
    assert result.avg_power_watts == pytest.approx(10, rel=0.1)
    assert not result.components["core"].counted
    joules = result.components["core"].energy_joules
    assert joules == pytest.approx(5 * result.duration_seconds, rel=0.15)


def test_signal_handlers_are_put_back_and_sensors_closed() -> None:
    sensor = parse("watts=1")
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with CommandMeter([sensor]) as meter:
        with pytest.raises(CommandError) as caught:
            meter.run(["/no/such/command"])
        assert caught.value.exit_code == 127
        assert meter.repeats() == []
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert sensor.read().fault == "the sensor is closed"


def test_no_descriptor_is_left_open() -> None:
    with CommandMeter([parse("watts=1,period=0.005")], 0.02) as meter:
        meter.run(["true"])
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - entries of /proc vanish
        for _ in range(3):
            meter.run(["true"])
            with pytest.raises(CommandError):
                meter.warm_up(["/no/such/command"])
        assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208 - as above


class Plug:
    """Answers at once, and is asked once a minute where nobody waits for it."""

    timeout_s = 1.0

    def ask(self) -> list[Told | str]:
        return [Told(100.0, time.monotonic_ns())]

    def close(self) -> None:
        pass


def plug() -> RemoteSensor:
    info = SensorInfo(
        name="plug:test", component="wall", device="test", kind="power", source="test",
        averaging_window_s=0.05,
    )  # fmt: skip
    return RemoteSensor(info, Plug(), every_s=60.0)


def test_a_meter_that_is_polled_elsewhere_is_waited_for() -> None:
    with CommandMeter([plug()], 0.02) as meter:
        meter.idle(0.1)
        meter.run(["sleep", "0.2"])
        meter.idle(0.1)
        (repeat,) = meter.repeats()
    result = repeat.result
    assert result.energy_joules == pytest.approx(100 * result.duration_seconds, rel=0.02)
    assert result.net_joules is not None
    # Its empty readings in between are no readings that are missing.
    assert "low-coverage" not in [doubt.code for doubt in result.doubts]


@pytest.mark.parametrize("idle_s", [0.0, 0.1])
def test_a_monitor_waits_for_it_as_well(idle_s: float) -> None:
    sensor = plug()
    with EnergyMonitor(None, 0.02, sensors=[sensor], idle_seconds=idle_s) as monitor:
        time.sleep(0.2)
    sensor.close()
    assert monitor.result is not None
    seconds = monitor.result.duration_seconds
    assert monitor.result.energy_joules == pytest.approx(100 * seconds, rel=0.02)
    assert (monitor.result.net_joules is None) == (idle_s == 0)


def test_why_there_is_no_net_although_idle_was_measured() -> None:
    """It answers only when the command has run."""
    sensor = SimulatedSensor(
        parse("watts=100,period=0.005").info, Constant(100), dropouts=[(0.0, 0.3)]
    )
    with CommandMeter([sensor], 0.02) as meter:
        meter.idle(0.1)
        time.sleep(0.4)
        meter.run(["sleep", "0.2"])
        (repeat,) = meter.repeats()
    assert repeat.result.energy_joules is not None
    assert repeat.result.net_reason == "simulated:cpu told nothing while idle was measured."
