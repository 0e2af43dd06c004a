"""Logs that grow, rotate, are cut short and come in halves: real files, written by this test."""

import os
import time
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest
from meter_server import has_value, is_absent, until

from wattmark.errors import InputError, MistakesError
from wattmark.meter import Found, Sensor
from wattmark.meter.csvlog import unix_s
from wattmark.meter.discover import discover
from wattmark.meter.meter import Meter
from wattmark.meter.remote import RemoteSensor

HEADER = "time,power_w,energy_kwh\n"


def row(power_w: float, energy_kwh: float = 1.0, ago_s: float = 0.0) -> str:
    return f"{time.time() - ago_s:.6f},{power_w},{energy_kwh}\n"


def add(path: Path, text: str) -> None:
    with path.open("a") as file:
        file.write(text)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "meter.csv"
    path.write_text(HEADER + row(1) + row(2))
    return path


def named(log: Path, options: str = "column=power_w") -> tuple[Found, Sensor]:
    (found,) = discover([f"csvlog:{log},every=0.03,{options}"])
    (sensor,) = found.sensors
    return found, sensor


def until_told(sensor: Sensor) -> None:
    """Until it has told of the rows, all of which were added at once."""
    assert isinstance(sensor, RemoteSensor)
    for _ in range(1000):
        if sensor._newest_ns is not None:
            return
        time.sleep(0.02)
    pytest.fail("the rows never came")


def values(sensor: Sensor, count: int) -> list[float | None]:
    return [until(sensor, has_value).power_w for _ in range(count)]


def test_rows_that_are_appended_are_told_with_their_own_times(log: Path) -> None:
    found, sensor = named(log)
    assert found.missing is None
    assert not has_value(sensor.read()), "what stood there before is no news"
    add(log, row(10, ago_s=2.0) + row(11, ago_s=1.0) + row(12))
    samples = [until(sensor, has_value) for _ in range(3)]
    sensor.close()
    assert [sample.power_w for sample in samples] == [10.0, 11.0, 12.0], "none is skipped"
    gaps_s = [(b.time_ns - a.time_ns) / 1e9 for a, b in pairwise(samples)]
    assert gaps_s == pytest.approx([1.0, 1.0], abs=0.05)
    assert (sensor.info.kind, sensor.info.name) == ("power", "csvlog:meter")
    assert "stamped by its column time" in sensor.info.source


def test_a_log_that_is_faster_than_the_meter_does_not_fall_behind(log: Path) -> None:
    _, sensor = named(log)
    with Meter([sensor], interval_s=60.0) as meter:
        add(log, "".join(row(100 + k, ago_s=5 - k / 20) for k in range(99)) + row(200))
        until_told(sensor)
        meter.read_now()
        samples = [sample for sample in meter.take() if has_value(sample)]
    sensor.close()
    assert [sample.power_w for sample in samples] == [100.0 + k for k in range(99)] + [200.0]
    assert meter.latest()[sensor.info.name].fault is None


def test_a_fall_between_rows_that_come_together_is_told_in_its_place(log: Path) -> None:
    _, sensor = named(log, "column=energy_kwh")
    with Meter([sensor], interval_s=60.0) as meter:
        kwh = (2.0, 2.1, 0.1, 0.2, 0.3)
        add(log, "".join(row(1, energy_kwh=e, ago_s=4 - k) for k, e in enumerate(kwh)))
        until_told(sensor)
        meter.read_now()
        samples = [sample for sample in meter.take() if has_value(sample) or sample.fault]
    sensor.close()
    assert [sample.lost for sample in samples] == [False, False, True, False, False]
    assert samples == sorted(samples, key=lambda sample: sample.time_ns)


def test_what_a_long_log_holds_already_is_not_read(tmp_path: Path) -> None:
    """A log of a year has gigabytes: its header and its end are enough."""
    log = tmp_path / "meter.csv"
    with log.open("wb") as file:
        file.write(HEADER.encode() + b"1,1,1\n" * 200_000)
        file.seek(1 << 34, os.SEEK_CUR)
        file.write(b"\n" + row(5).encode() + b"half a li")
    _, sensor = named(log)
    sensor.read()
    add(log, "ne,6,7\n" + row(8))
    assert "'half a line' is neither" in str(until(sensor, lambda s: bool(s.fault)).fault)
    assert values(sensor, 1) == [8.0]
    sensor.close()


def test_only_whole_lines_count(log: Path) -> None:
    _, sensor = named(log)
    sensor.read()
    text = row(123.5)
    for place in range(0, len(text), 5):
        add(log, text[place : place + 5])
        assert sensor.read().fault is None
        time.sleep(0.02)
    assert values(sensor, 1) == [123.5]
    sensor.close()


def test_a_rotated_file_is_read_to_its_end_and_the_new_one_begun(log: Path) -> None:
    _, sensor = named(log)
    add(log, row(10))
    assert values(sensor, 1) == [10.0]
    add(log, row(11))
    log.rename(log.with_suffix(".1"))
    add(log.with_suffix(".1"), row(12))
    assert values(sensor, 2) == [11.0, 12.0]
    # The new file has its columns in another order.
    log.write_text(f"power_w,time\n13,{time.time()}\n")
    assert values(sensor, 1) == [13.0]
    sensor.close()


@pytest.mark.parametrize("longer", [False, True])
def test_a_file_that_was_cut_short_is_begun_again(log: Path, longer: bool) -> None:
    _, sensor = named(log)
    add(log, row(10))
    assert values(sensor, 1) == [10.0]
    log.write_text(HEADER + "".join(row(20 + k) for k in range(40 if longer else 1)))
    assert values(sensor, 1) == [20.0]
    sensor.close()


def test_a_file_that_goes_is_absent_until_it_comes_back(log: Path) -> None:
    _, sensor = named(log)
    add(log, row(10))
    assert values(sensor, 1) == [10.0]
    text = log.read_text()
    log.unlink()
    assert "No such file" in str(until(sensor, is_absent).fault)
    log.write_text(text + row(11))
    assert until(sensor, lambda sample: sample.power_w == 11.0)
    sensor.close()


def test_a_line_of_no_use_is_a_fault_and_the_next_one_counts(log: Path) -> None:
    _, sensor = named(log)
    sensor.read()
    add(log, "yesterday,5,1\n")
    assert "neither Unix seconds nor ISO 8601" in str(until(sensor, lambda s: bool(s.fault)).fault)
    add(log, f"{time.time()},overload,1\n")
    assert "'overload' is not a number" in str(until(sensor, lambda s: bool(s.fault)).fault)
    add(log, row(7))
    assert values(sensor, 1) == [7.0]
    sensor.close()


def test_a_log_without_times_is_stamped_when_it_is_seen(tmp_path: Path) -> None:
    log = tmp_path / "plain.csv"
    log.write_text("watts;note\n1;x\n")
    _, sensor = named(log, "column=watts,unit=W")
    sensor.read()
    time.sleep(0.2)
    before_ns = time.monotonic_ns()
    add(log, "5,5;x\n6,5;x\n")
    sample = until(sensor, has_value)
    sensor.close()
    assert sample.power_w == 6.5, "of several new rows only the last is of now; decimal commas"
    assert before_ns <= sample.time_ns <= time.monotonic_ns()
    assert "stamped when it is seen" in sensor.info.source


def test_what_was_written_unwatched_has_no_time(tmp_path: Path) -> None:
    log = tmp_path / "plain.csv"
    log.write_text("watts\n1\n")
    _, sensor = named(log, "column=watts,unit=W")
    add(log, "2\n")
    time.sleep(1.2)  # longer than two polls and a second: nobody can say when it was written
    sensor.read()
    time.sleep(0.2)
    add(log, "3\n")
    assert values(sensor, 1) == [3.0]
    sensor.close()


def test_a_counter_by_the_unit_in_its_columns_name(log: Path) -> None:
    _, sensor = named(log, "column=energy_kwh,component=gpu")
    sensor.read()
    add(log, row(5, energy_kwh=2.0))
    assert until(sensor, has_value).energy_j == pytest.approx(7.2e6)
    assert sensor.info.kind == "counter"
    add(log, row(5, energy_kwh=0.5))
    assert until(sensor, lambda sample: sample.fault is not None).lost
    sensor.close()


def test_an_empty_file_is_missing_and_its_first_rows_are_news(tmp_path: Path) -> None:
    log = tmp_path / "meter.csv"
    log.touch()
    found, sensor = named(log, "column=power_w,time=time")
    assert "no header line yet" in str(found.missing)
    log.write_text(HEADER + row(4))
    assert until(sensor, has_value).power_w == 4.0
    sensor.close()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("column=powr_w,unit=W", "Did you mean 'power_w'?"),
        ("column=power_w,time=when", "Unknown column 'when'"),
    ],
)
def test_a_column_that_is_not_there_is_a_mistake(log: Path, options: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        named(log, options)
    assert said in str(caught.value)


def test_mistakes_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(MistakesError) as caught:
        discover([f"csvlog:{tmp_path}/none.csv,colum=x,every=fast"])
    said = str(caught.value)
    for part in (
        "cannot be read",
        "Did you mean 'column'?",
        "column=… is needed",
        "unit=… is needed",
        "every='fast' is not a number",
    ):
        assert part in said


def test_times_in_all_their_forms() -> None:
    moment = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
    assert unix_s(" 1772366400.5 ") == moment.timestamp()
    assert unix_s("2026-03-01T12:00:00.5Z") == moment.timestamp()
    assert unix_s("2026-03-01 13:00:00.500+01:00") == moment.timestamp()
    local = moment.astimezone().replace(tzinfo=None)
    assert unix_s(local.isoformat()) == moment.timestamp(), "no zone: this machine's"
    for text in ("", "soon", "-5", "nan", "1772366400500"):
        with pytest.raises(ValueError, match="Unix seconds"):
            unix_s(text)
