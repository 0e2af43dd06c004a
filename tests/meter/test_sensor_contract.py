"""Every registered family keeps the contract: a new one is tested by being registered."""

from pathlib import Path

import pytest
from sensor_contract import check

from wattmark import registry
from wattmark.meter import Found
from wattmark.meter.discover import discover

TRACE = "time_s,power_w\n0,5\n1,7\n"
# Families that come by name only need an example of one.
EXAMPLES = {
    "simulated": ("watts=100", "shape=square,low=1,high=9,every=0.5,kind=power,component=gpu"),
    "replay": ("{folder}/trace.csv,component=gpu",),
}
# Families that are polled elsewhere: nobody listens there, and figures come when they come.
POLLED = {
    "prometheus": ("http://127.0.0.1:9,query=up,unit=W,every=0.05",),
    "plug": ("http://127.0.0.1:9/status,field=power,unit=W,every=0.05",),
    "csvlog": ("{folder}/trace.csv,column=power_w",),
}


@pytest.mark.parametrize("family", registry.table("sensors"))
def test_family_finds_sensors_or_says_why_not_and_what_to_do(family: str) -> None:
    found = registry.load("sensors", family)()
    assert isinstance(found, Found)
    assert found.family == family
    assert found.sensors or (found.missing and found.fix)
    for sensor in found.sensors:
        check(sensor, family)


@pytest.mark.parametrize(
    ("family", "options"), [(family, each) for family, all_ in EXAMPLES.items() for each in all_]
)
def test_example_keeps_the_contract(family: str, options: str, tmp_path: Path) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    (found,) = discover([f"{family}:{options.format(folder=tmp_path)}"])
    (sensor,) = found.sensors
    check(sensor, family)


@pytest.mark.parametrize("family", registry.table("sensors"))
def test_a_closed_sensor_gives_a_fault_or_goes_on_and_never_raises(
    family: str, tmp_path: Path
) -> None:
    (tmp_path / "trace.csv").write_text(TRACE)
    examples = (EXAMPLES | POLLED).get(family, ())
    names = [f"{family}:{each.format(folder=tmp_path)}" for each in examples]
    for found in discover(names or [family]):
        for sensor in found.sensors:
            sensor.close()
            sample = sensor.read()
            assert sample.sensor == sensor.info.name
