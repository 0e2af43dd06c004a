import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.errors import InputError, MistakesError
from wattmark.meter.shapes import Constant, Numeric, Ramp, Shape, Square, Step, shape
from wattmark.meter.simulated import SimulatedSensor, parse
from wattmark.schema import SensorInfo
from wattmark.units import s_to_ns

SHAPES: list[Shape] = [
    Constant(42.0),
    Step(10.0, 90.0, 1.25),
    Square(50.0, 350.0, 0.4, 0.25),
    Ramp(20.0, 120.0, 2.0),
]


class Clock:
    """Nanoseconds that move when told to."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def to(self, t_s: float) -> None:
        self.now_ns = s_to_ns(t_s)


def info(kind: str = "counter", **fields: Any) -> SensorInfo:
    return SensorInfo(
        name="simulated:x",
        component="gpu",
        device="gpu0",
        kind=kind,
        source="test",
        **fields,
    )


@pytest.mark.parametrize("power", SHAPES, ids=lambda s: type(s).__name__)
@given(start_s=st.floats(0, 5), length_s=st.floats(0.01, 3))
def test_exact_energy_is_the_integral_of_the_power(
    power: Shape, start_s: float, length_s: float
) -> None:
    steps = 2000
    width_s = length_s / steps
    midpoints = math.fsum(power(start_s + (k + 0.5) * width_s) for k in range(steps)) * width_s
    exact_j = power.energy_j(start_s + length_s) - power.energy_j(start_s)
    # A jump inside a step of the sum is off by at most its height × half a step.
    assert exact_j == pytest.approx(midpoints, abs=300 * width_s * 20 + 1e-9)


@pytest.mark.parametrize("power", SHAPES, ids=lambda s: type(s).__name__)
def test_numeric_integration_agrees_with_the_exact_one(power: Shape) -> None:
    numeric = Numeric(power.__call__)
    for t_s in (0.0, 0.3, 1.0, 2.7, 4.05):
        assert numeric.energy_j(t_s) == pytest.approx(power.energy_j(t_s), abs=0.3 * 15)


def test_a_plain_function_is_integrated_and_a_shape_taken_as_it_is() -> None:
    assert shape(SHAPES[0]) is SHAPES[0]
    wave = shape(lambda t_s: 100 + 50 * math.sin(t_s))
    assert wave.energy_j(7.3) == pytest.approx(730 + 50 * (1 - math.cos(7.3)), rel=1e-9)
    assert wave.energy_j(-2.0) == pytest.approx(-200.0)


def test_a_counter_moves_only_on_its_ticks() -> None:
    clock = Clock()
    sensor = SimulatedSensor(info(update_period_s=0.1), Constant(100.0), clock)
    readings = []
    for t_s in (0.05, 0.101, 0.199, 0.201):
        clock.to(t_s)
        readings.append(sensor.read().energy_j)
    assert readings == pytest.approx([0.0, 10.0, 10.0, 20.0])


def test_lag_gain_and_quantum() -> None:
    clock = Clock()
    sensor = SimulatedSensor(info(quantum_j=4.0), Step(0.0, 100.0, 1.0), clock, lag_s=0.5, gain=1.1)
    clock.to(1.5)
    assert sensor.read().energy_j == pytest.approx(0.0)
    clock.to(1.6)
    # 0.1 s at 100 W × 1.1 = 11 J, cut to two quanta.
    assert sensor.read().energy_j == pytest.approx(8.0)


def test_wrapped_counter_is_corrected() -> None:
    clock = Clock()
    sensor = SimulatedSensor(info(wrap_j=65.0, limit_w=120.0), Constant(100.0), clock)
    for k in range(50):
        clock.to(k * 0.1)
        sample = sensor.read()
        assert sample.fault is None
        assert sample.energy_j == pytest.approx(k * 10.0)


def test_averaging_window_smears_a_step() -> None:
    clock = Clock()
    sensor = SimulatedSensor(info("power", averaging_window_s=1.0), Step(70.0, 350.0, 2.0), clock)
    clock.to(2.25)
    assert sensor.read().power_w == pytest.approx(70 + 0.25 * 280)
    clock.to(3.0)
    assert sensor.read().power_w == pytest.approx(350.0)


def test_part_time_sensor_sees_a_quarter_of_the_time() -> None:
    clock = Clock()
    square = Square(200.0, 500.0, 0.1)
    sensor = SimulatedSensor(
        info("power", update_period_s=0.1, averaging_window_s=0.025), square, clock
    )
    seen = set()
    for k in range(1, 30):
        clock.to(k * 0.1 + 0.01)
        seen.add(round(sensor.read().power_w or 0.0, 6))
    assert seen == {200.0}


def test_dropouts_freezes_and_resets_are_what_they_say() -> None:
    clock = Clock()
    sensor = SimulatedSensor(
        info(update_period_s=0.1),
        Constant(100.0),
        clock,
        dropouts=[(1.0, 2.0)],
        freezes=[(3.0, 4.0)],
        resets=[5.0],
    )
    clock.to(0.95)
    sensor.read()
    clock.to(1.5)
    dropped = sensor.read()
    assert dropped.fault == "simulated dropout"
    assert not dropped.lost
    clock.to(3.05)
    held = sensor.read().energy_j
    clock.to(3.95)
    assert sensor.read().energy_j == held
    clock.to(4.95)
    before = sensor.read().energy_j
    clock.to(5.15)
    fallen = sensor.read()
    assert "went back" in str(fallen.fault)
    assert fallen.lost
    clock.to(5.35)
    after = sensor.read()
    assert after.fault is None
    assert after.energy_j == pytest.approx((before or 0) + 20.0)


def test_parse_builds_what_it_is_told() -> None:
    sensor = parse("watts=250,period=0.02,kind=power,window=0.01,component=gpu,name=a,limit=400")
    assert sensor.info.name == "simulated:a"
    assert sensor.info.kind == "power"
    assert sensor.info.component == "gpu"
    assert sensor.info.update_period_s == 0.02
    assert sensor.info.averaging_window_s == 0.01
    assert sensor.info.limit_w == 400.0
    assert sensor.power == Constant(250.0)
    assert parse("simulated:shape=ramp,low=1,high=2,over=3").power == Ramp(1.0, 2.0, 3.0)
    assert parse("shape=step,low=1,high=2,at=3").power == Step(1.0, 2.0, 3.0)
    assert parse("shape=square,low=1,high=2,every=3").power == Square(1.0, 2.0, 3.0, 0.5)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("wats=100", "Did you mean 'watts'?"),
        ("watts=ten", "watts='ten' is not a number"),
        ("watts=nan", "not a number"),
        ("watts=-5", "0 or more"),
        ("watts", "option=value"),
        ("watts=1,watts=2", "given twice"),
        ("kind=meter", "There is: counter, estimate, power."),
        ("component=fpga", "Unknown component 'fpga'"),
        ("shape=sine", "Unknown shape 'sine'"),
        ("shape=step,low=1,high=2", "needs at="),
        ("watts=5,every=1", "'every' is not an option of shape=constant"),
        ("shape=square,low=1,high=2,every=0", "every=0 must be above 0"),
        ("shape=square,low=1,high=2,every=1,duty=2", "0 to 1"),
    ],
)
def test_a_mistake_is_said_with_what_exists(text: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert said in str(caught.value)


def test_all_mistakes_at_once() -> None:
    with pytest.raises(MistakesError) as caught:
        parse("wats=1,kind=x,period=y")
    assert len(caught.value.mistakes) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("watts=100", "simulated: constant 100 W"),
        ("shape=step,low=10,high=90,at=3", "simulated: step from 10 to 90 W at 3 s"),
        (
            "shape=square,low=10,high=90,every=2,duty=0.25",
            "simulated: square of 10 and 90 W every 2 s, 25% high",
        ),
        ("shape=ramp,low=10,high=90,over=5", "simulated: ramp from 10 to 90 W over 5 s"),
    ],
)
def test_its_source_is_told_in_words(text: str, said: str) -> None:
    assert parse(text).info.source == said
