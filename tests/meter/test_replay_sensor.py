from pathlib import Path

import pytest

from wattmark.errors import InputError
from wattmark.meter import replay
from wattmark.units import s_to_ns


class Clock:
    def __init__(self, t_s: float) -> None:
        self.t_s = t_s

    def __call__(self) -> int:
        return s_to_ns(self.t_s)


def trace(folder: Path, text: str) -> Path:
    path = folder / "trace.csv"
    path.write_text(text)
    return path


def test_rows_are_held_from_the_first_reading_on_and_after_the_end(tmp_path: Path) -> None:
    path = trace(tmp_path, "time_s,power_w\n100,5\n101,7\n101.5,6\n")
    clock = Clock(1000.0)
    sensor = replay.parse(f"{path},component=gpu", clock)
    watts = []
    for t_s in (1000.0, 1000.99, 1001.0, 1001.4, 1001.5, 9999.0):
        clock.t_s = t_s
        sample = sensor.read()
        assert sample.time_ns == s_to_ns(t_s)
        watts.append(sample.power_w)
    assert watts == [5.0, 5.0, 7.0, 7.0, 6.0, 6.0]


def test_info_tells_what_was_recorded(tmp_path: Path) -> None:
    path = trace(tmp_path, "time_s,energy_j\n0,0\n0.1,3\n0.2,9\n0.7,9\n")
    info = replay.parse(f"replay:{path},component=gpu,device=gpu1,name=lab").info
    assert (info.name, info.component, info.device) == ("replay:lab", "gpu", "gpu1")
    assert info.kind == "counter"
    assert info.update_period_s == pytest.approx(0.1)


def test_columns_may_come_in_any_order_with_others_beside(tmp_path: Path) -> None:
    path = trace(tmp_path, "note,power_w,time_s\nx,5,0\n\ny,6,1\n")
    assert replay.load(path).values == (5.0, 6.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("time_s,power_w\n", "no rows"),
        ("time,power_w\n0,1\n", "line 1: the columns are time, power_w"),
        ("time_s,power_w,energy_j\n0,1,2\n", "line 1"),
        ("time_s,power_w\n0,1\n1,abc\n", "line 3, column 'power_w': 'abc' is not a number"),
        ("time_s,power_w\n0,1\n1\n", "line 3, column 'power_w': '' is not a number"),
        ("time_s,power_w\n0,inf\n", "line 2, column 'power_w'"),
        ("time_s,power_w\n0,1\n\n0,2\n", "line 4, column 'time_s': 0 does not come after 0"),
        ("time_s,energy_j\n0,5\n1,4\n", "line 3, column 'energy_j': the counter falls"),
    ],
)
def test_a_malformed_file_is_refused_by_line_and_column(
    tmp_path: Path, text: str, said: str
) -> None:
    path = trace(tmp_path, text)
    with pytest.raises(InputError) as caught:
        replay.load(path)
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_missing_or_binary_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        replay.load(tmp_path / "none.csv")
    path = tmp_path / "binary.csv"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(InputError, match="not a CSV file"):
        replay.load(path)


@pytest.mark.parametrize("options", ["colour=red", "component", "component=", "component=fpga"])
def test_a_mistaken_option_is_refused(tmp_path: Path, options: str) -> None:
    path = trace(tmp_path, "time_s,power_w\n0,1\n")
    with pytest.raises(InputError):
        replay.parse(f"{path},{options}")


SEVERAL = """time_s,sensor,energy_j,power_w
0,gpu0,5,
0,wall,,410
1,gpu0,9,
1,wall,,420
"""


def test_one_sensor_of_a_log_of_several(tmp_path: Path) -> None:
    path = trace(tmp_path, SEVERAL)
    gpu = replay.parse(f"{path},sensor=gpu0,component=gpu").info
    assert (gpu.name, gpu.kind) == ("replay:gpu0", "counter")
    wall = replay.load(path, "wall")
    assert (wall.column, wall.values, wall.times_s) == ("power_w", (410.0, 420.0), (0.0, 1.0))
    alone = trace(tmp_path, "time_s,sensor,energy_j,power_w\n0,gpu0,5,\n1,gpu0,9,\n")
    assert replay.load(alone).values == (5.0, 9.0), "of one sensor it need not be named"


@pytest.mark.parametrize(
    ("text", "sensor", "said"),
    [
        (SEVERAL, None, "Choose one by sensor="),
        (SEVERAL, "wal", "Did you mean 'wall'?"),
        ("time_s,power_w\n0,1\n", "wall", "no column 'sensor'"),
        (SEVERAL + "2,wall,7,\n", "wall", "the columns are"),
    ],
)
def test_a_sensor_that_is_not_told_is_refused(
    tmp_path: Path, text: str, sensor: str | None, said: str
) -> None:
    with pytest.raises(InputError) as caught:
        replay.load(trace(tmp_path, text), sensor)
    assert said in str(caught.value)


def test_all_mistaken_options_are_told_at_once(tmp_path: Path) -> None:
    path = trace(tmp_path, "time_s,power_w\n0,1\n")
    with pytest.raises(InputError) as caught:
        replay.parse(f"{path},colour=red,component=fpga")
    assert "colour" in str(caught.value)
    assert "fpga" in str(caught.value)
