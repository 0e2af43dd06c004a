"""CodeCarbon itself, running beside our own sensors, in a folder where it could leave something."""

import importlib.util
import logging
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
from meter_server import has_value, until

from wattmark.energy.total import total
from wattmark.errors import InputError
from wattmark.meter.discover import discover, sensors
from wattmark.schema import EnergyReading


def test_it_counts_the_whole_machine_beside_ours(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    # A configuration that would write, send and lock, were it heeded.
    (tmp_path / ".codecarbon.config").write_text(
        "[codecarbon]\nsave_to_file=true\noutput_methods=csv\nsave_to_api=true\n"
        "emissions_endpoint=http://127.0.0.1:9/\nallow_multiple_runs=false\nlog_level=debug\npue=3\n"
    )
    found = discover(["simulated:watts=5", "codecarbon:country=FRA"])
    ours, theirs = sensors(found)
    info = theirs.info
    assert (info.name, info.component, info.device) == ("codecarbon:machine", "board", "codecarbon")
    assert info.overlaps == (ours.info.name,)
    assert info.kind == "estimate", "its memory is modelled on any machine that tests run on"
    assert "memory by a model" in info.source
    assert "CPU by" in info.source
    first = until(theirs, has_value)
    second = until(theirs, has_value)
    nothing = theirs.read()
    assert first.energy_j is not None
    assert second.energy_j is not None
    assert second.energy_j > first.energy_j
    watts = (second.energy_j - first.energy_j) / ((second.time_ns - first.time_ns) / 1e9)
    assert 0.1 < watts < 5000
    assert not has_value(nothing)
    assert nothing.fault is None
    theirs.close()
    theirs.close()
    assert theirs.read().fault == "the sensor is closed"
    assert [path.name for path in tmp_path.iterdir()] == [".codecarbon.config"]
    assert not (Path(tempfile.gettempdir()) / ".codecarbon.lock").exists()
    assert capfd.readouterr() == ("", ""), "not a word"
    assert logging.getLogger("codecarbon").getEffectiveLevel() == logging.CRITICAL


def test_settle_waits_for_its_next_measurement() -> None:
    (sensor,) = sensors(discover(["codecarbon"]))
    now_ns = time.monotonic_ns()
    assert sensor.settle(20.0)  # type: ignore[attr-defined]  # no part of the protocol
    assert until(sensor, has_value).time_ns >= now_ns
    sensor.close()


def test_a_search_does_not_import_it() -> None:
    code = """
        import sys
        from wattmark.meter.discover import discover
        (told,) = [f for f in discover() if f.family == 'codecarbon']
        assert not told.sensors and told.missing and told.fix
        sys.exit('codecarbon' in sys.modules or 'pandas' in sys.modules)
    """
    assert (
        subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False).returncode == 0
    )


def test_it_is_never_summed_with_ours() -> None:
    def reading(sensor: str, component: str, joules: float) -> EnergyReading:
        return EnergyReading(
            "measured",
            sensor,
            component,
            sensor,
            "estimated",
            "modelled",
            1.0,
            joules,
            joules,
            joules,
        )

    both = [reading("estimate:cpu", "cpu", 10.0), reading("codecarbon:machine", "board", 99.0)]
    assert total(both).gross_j == 10.0
    assert total(both[1:]).gross_j == 99.0


def test_it_says_what_is_mistaken_and_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError) as caught:
        discover(["codecarbon:country=Germany,contry=DEU"])
    assert "three letters" in str(caught.value)
    assert "Did you mean 'country'?" in str(caught.value)
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    with pytest.raises(InputError, match="pip install"):
        discover(["codecarbon"])
