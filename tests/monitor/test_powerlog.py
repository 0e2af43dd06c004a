"""Power logs from a small simulator of their own, whole and broken in every way that logs break."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wattmark.errors import InputError, MistakesError
from wattmark.monitor.integrate import integrate
from wattmark.monitor.powerlog import PowerLog, read_power_log

GPU = '[gpu0]\nkind = "counter"\ncomponent = "gpu"\nupdate_period_s = 0.1\n'
WALL = '[wall]\nkind = "power"\ncomponent = "wall"\naveraging_window_s = 0.1\n'
HEADER = "time_s,sensor,energy_j,power_w"
SPANS = "name,start_s,end_s\nwork,1,2\n"
ORIGIN = Decimal(1_700_000_000)


@dataclass(frozen=True)
class Desk:
    folder: Path

    def put(self, name: str, text: str | bytes) -> Path:
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    def files(
        self, samples: str | bytes, spans: str | bytes = SPANS, sensors: str | bytes = GPU
    ) -> tuple[Path, Path, Path]:
        return (
            self.put("samples.csv", samples),
            self.put("spans.csv", spans),
            self.put("sensors.toml", sensors),
        )

    def read(self, *texts: str | bytes) -> PowerLog:
        return read_power_log(*self.files(*texts))

    def integrate(self, *texts: str | bytes) -> Any:
        return integrate(*self.files(*texts))

    def mistakes(self, *texts: str | bytes) -> list[str]:
        with pytest.raises(MistakesError) as told:
            self.read(*texts)
        return [line.replace(f"{self.folder}/", "") for line in told.value.mistakes]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def rows(*lines: str) -> str:
    return "\n".join([HEADER, *lines]) + "\n"


def counter(energies: Sequence[object], step_s: str = "0.1", name: str = "gpu0") -> str:
    """A row a reading, `step_s` apart from 0 on."""
    return rows(*(f"{k * Decimal(step_s)},{name},{e}," for k, e in enumerate(energies)))


def watts(t_s: float) -> float:
    """The truth: 80 W, and 350 W from 10 s to 25 s."""
    return 350.0 if 10 <= t_s < 25 else 80.0


def joules(t_s: float) -> float:
    return 80 * t_s + 270 * min(max(t_s - 10, 0), 15)


def simulated(wrap_j: float | None, reset_s: float | None = None) -> str:
    lines = []
    for k in range(400):
        t_s = k / 10
        counted_j = 4000 + joules(t_s) if reset_s is None or t_s < reset_s else joules(t_s) - 3000
        shown_j = counted_j if wrap_j is None else counted_j % wrap_j
        lines += [f"{ORIGIN + k * Decimal('0.1')},gpu0,{shown_j:.6f},"]
        lines += [f"{ORIGIN + k * Decimal('0.1')},wall,,{1.1 * watts(t_s - 0.05)}"]
    return rows(*lines)


WORK = (
    f"name,start_s,end_s,tokens\nidle,{ORIGIN + 2},{ORIGIN + 8},\n"
    f"work,{ORIGIN + 11},{ORIGIN + 24},50\n"
)


@pytest.mark.parametrize("wrap_j", [None, 262_143.328, 5_000.0, 500.0])
def test_joules_of_a_known_truth_with_no_wrap_one_or_many(desk: Desk, wrap_j: float | None) -> None:
    table = GPU + (f"wrap_j = {wrap_j}\n" if wrap_j else "") + WALL
    figures = desk.integrate(simulated(wrap_j), WORK, table)
    found = {(row["name"], row["sensor"]): row for row in figures["spans"]}
    truth = {"idle": 6 * 80.0, "work": 13 * 350.0}
    for name, true_j in truth.items():
        for sensor, scale in (("gpu0", 1.0), ("wall", 1.1)):
            row = found[name, sensor]
            assert row["low_j"] <= scale * true_j <= row["high_j"]
            assert row["gross_j"] == pytest.approx(scale * true_j, rel=0.03)
    assert found["work", "gpu0"]["joules_per_token"] == pytest.approx(350 * 13 / 50, rel=0.03)
    assert not {w["code"] for w in figures["warnings"]} & {"counter-backwards", "no-samples"}


def test_a_reset_loses_the_windows_across_it_and_no_others(desk: Desk) -> None:
    spans = f"{WORK}across,{ORIGIN + 26},{ORIGIN + 32},\nafter,{ORIGIN + 32},{ORIGIN + 36},\n"
    figures = desk.integrate(simulated(262_143.0, 30.0), spans, GPU + "wrap_j = 262143.0\n" + WALL)
    found = {row["name"]: row["gross_j"] for row in figures["spans"] if row["sensor"] == "gpu0"}
    assert found["across"] is None
    assert found["after"] == pytest.approx(4 * 80.0, rel=0.05)
    assert found["work"] == pytest.approx(13 * 350.0, rel=0.03)
    [told] = [w for w in figures["warnings"] if w["code"] == "counter-backwards"]
    assert "'across'" in told["message"]


def test_a_slowly_read_counter_that_wraps_below_its_components_ceiling(desk: Desk) -> None:
    # 300 W read every second, range 2500 J: at the 2 kW of some GPU a fall would be anybody's
    # guess, but the log shows that this one draws nothing like it.
    readings = [round(300.0 * k % 2500.0, 3) for k in range(30)]
    spans = "name,start_s,end_s\nwork,5,25\n"
    figures = desk.integrate(counter(readings, "1"), spans, GPU + "wrap_j = 2500.0\n")
    assert figures["spans"][0]["gross_j"] == pytest.approx(6000.0, rel=0.02)


def test_a_range_that_may_pass_unseen_between_readings_needs_a_limit(desk: Desk) -> None:
    readings = [round(300.0 * k % 1000.0, 3) for k in range(30)]
    spans, table = "name,start_s,end_s\nwork,5,25\n", GPU + "wrap_j = 1000.0\n"
    figures = desk.integrate(counter(readings, "1"), spans, table)
    assert figures["spans"][0]["gross_j"] is None
    told = [w for w in figures["warnings"] if w["code"] == "wrap-ambiguous"]
    assert all("limit_w" in each["hint"] for each in told)
    assert "wraps cannot be told from resets" in told[0]["message"]
    assert "counter-backwards" not in {w["code"] for w in figures["warnings"]}
    figures = desk.integrate(counter(readings, "1"), spans, table + "limit_w = 400\n")
    assert figures["spans"][0]["gross_j"] == pytest.approx(6000.0, rel=0.02)


def test_a_pause_in_a_log_that_hides_wraps_is_named_so(desk: Desk) -> None:
    """300 W on a range of 20 kJ, logged ten times a second but for a pause of 300 s: 4.5 ranges."""
    stamps = [k / 10 for k in range(100)] + [310 + k / 10 for k in range(100)]
    log = rows(*(f"{t_s},gpu0,{300 * t_s % 20_000:.3f}," for t_s in stamps))
    spans = "name,start_s,end_s\nacross,5,315\nbefore,2,8\nafter,312,318\n"
    figures = desk.integrate(log, spans, GPU + "wrap_j = 20000\n")
    found = {row["name"]: row["gross_j"] for row in figures["spans"]}
    assert found["across"] is None
    assert found["before"] == pytest.approx(1800, rel=0.02)
    assert found["after"] == pytest.approx(1800, rel=0.02)
    codes = {w["code"]: w["message"] for w in figures["warnings"] if "'across'" in w["message"]}
    assert "any number of times" in codes["wrap-ambiguous"]
    assert "300 s" in codes["wrap-ambiguous"]
    assert "counter-backwards" not in codes


def test_a_mistake_beside_a_huge_cell_is_an_error_in_words(desk: Desk) -> None:
    huge = "x" * 200_000
    with pytest.raises(InputError, match=r"line 3: this is no row of a CSV file"):
        desk.read(rows("0,gpu0,1,", f"1,{huge},2,", "y,gpu0,3,"))


def test_stamps_keep_their_nanoseconds(desk: Desk) -> None:
    stamps = ["1800000000.000000001", "1800000000.000000123", "1.8000000009999999995e9"]
    log = desk.read(
        rows(*(f"{stamp},gpu0,{k}," for k, stamp in enumerate(stamps))),
        "name,start_s,end_s\nx,1800000000.0000009,1800000000.999999\n",
    )
    expected = [1_800_000_000_000_000_001, 1_800_000_000_000_000_123, 1_800_000_001_000_000_000]
    assert log.series[0].time_ns.tolist() == expected
    assert log.spans[0].start_ns == 1_800_000_000_000_000_900
    assert log.spans[0].end_ns == 1_800_000_000_999_999_000
    assert log.edges_s[0] == (1800000000.0000009, 1800000000.999999)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(times=st.lists(st.decimals(-9e9, 9e9, places=9), min_size=1, max_size=8, unique=True))
def test_any_decimal_time_is_read_exactly(desk: Desk, times: list[Decimal]) -> None:
    ordered = sorted(times)
    forms = [f"{t:f}" if k % 2 else f"{t:E}" for k, t in enumerate(ordered)]
    log = desk.read(rows(*(f"{t},gpu0,1," for t in forms)))
    assert log.series[0].time_ns.tolist() == [int(t * 10**9) for t in ordered]


def test_columns_in_any_order_crlf_bom_quotes_and_blank_lines(desk: Desk) -> None:
    text = (
        "\ufeffpower_w,temperature_c,sensor,time_s,energy_j\r\n\r\n"
        ',41,"gpu0", 0.5 , 10.25\r\n,42,gpu0,1.5,20.5\r\n\r\n'
    )
    log = desk.read(text)
    assert log.series[0].time_ns.tolist() == [500_000_000, 1_500_000_000]
    assert log.series[0].energy_j.tolist() == [10.25, 20.5]
    assert [doubt.code for doubt in log.doubts] == ["columns-ignored"]
    assert "temperature_c" in log.doubts[0].message


def test_a_log_of_powers_alone_needs_no_column_of_energies(desk: Desk) -> None:
    log = desk.read("time_s,sensor,power_w\n1,wall,5\n2,wall,+6e0\n", SPANS, WALL)
    assert log.series[0].power_w.tolist() == [5.0, 6.0]


@pytest.mark.parametrize("cell", ["", "nan", "NaN", "N/A", "[N/A]", "null", "inf"])
def test_a_reading_that_failed_is_a_fault_and_loses_nothing(desk: Desk, cell: str) -> None:
    figures = desk.integrate(counter([0, 10, 20, cell, 40, 50], "1"), "name,start_s,end_s\nw,1,5\n")
    assert figures["spans"][0]["gross_j"] == pytest.approx(40.0)
    [fault] = [w for w in figures["warnings"] if w["code"] == "sensor-fault"]
    assert "1 of 6 readings failed" in fault["message"]
    assert "line 5" in fault["message"]


def test_a_counter_that_stands_still_has_measured_nothing(desk: Desk) -> None:
    readings = [10 * k if k < 50 else 500 for k in range(150)]
    figures = desk.integrate(counter(readings), "name,start_s,end_s\nwork,7,14\nearly,1,4\n")
    assert [row["gross_j"] for row in figures["spans"]] == [None, pytest.approx(300.0)]
    assert "counter-frozen" in {w["code"] for w in figures["warnings"]}


def test_a_gap_widens_the_interval_and_is_named(desk: Desk) -> None:
    whole = counter([10 * k for k in range(100)]).splitlines()
    gappy = "\n".join(whole[:30] + whole[70:]) + "\n"
    spans = "name,start_s,end_s\nwork,1,5\n"
    known, unknown = (desk.integrate(text, spans) for text in ("\n".join(whole), gappy))
    narrow, wide = (f["spans"][0]["high_j"] - f["spans"][0]["low_j"] for f in (known, unknown))
    assert wide > 5 * narrow
    assert "sampling-gap" in {w["code"] for w in unknown["warnings"]}


def test_a_span_outside_of_the_samples_is_not_measured_and_the_others_are(desk: Desk) -> None:
    spans = "name,start_s,end_s\nwork,1,2\nlate,2,200\nwork,2,3\n"
    figures = desk.integrate(counter([10 * k for k in range(50)]), spans)
    assert [row["name"] for row in figures["spans"]] == ["work", "late", "work"]
    assert [row["gross_j"] for row in figures["spans"]] == [
        pytest.approx(100.0),
        None,
        pytest.approx(100.0),
    ]
    assert [w["code"] for w in figures["warnings"] if "'late'" in w["message"]] == ["no-samples"]


def test_spans_on_another_clock_are_named(desk: Desk) -> None:
    figures = desk.integrate(
        counter([10 * k for k in range(50)]), "name,start_s,end_s\nw,1700000000,1700000001\n"
    )
    assert "clocks-apart" in {w["code"] for w in figures["warnings"]}
    assert figures["spans"][0]["gross_j"] is None


def test_a_span_of_no_length_takes_no_joules(desk: Desk) -> None:
    figures = desk.integrate(counter([10 * k for k in range(50)]), "name,start_s,end_s\nw,2,2\n")
    row = figures["spans"][0]
    assert (row["gross_j"], row["low_j"], row["high_j"]) == (0, 0, 0)
    assert figures["phases"][0]["mean_power_w"] is None


def test_repeated_rows_are_counted_once_and_told(desk: Desk) -> None:
    log = desk.read(rows("0,gpu0,1,", "1,gpu0,2,", "1,gpu0,2,", "2,gpu0,,", "2,gpu0,,"))
    assert log.series[0].time_ns.size == 2
    assert len(log.series[0].faults) == 1
    [doubt] = log.doubts
    assert doubt.code == "duplicate-rows"
    assert "2 rows" in doubt.message
    assert "line 4" in doubt.message


def test_a_described_sensor_without_rows_is_not_measured(desk: Desk) -> None:
    figures = desk.integrate(counter(range(50)), SPANS, GPU + WALL)
    row = figures["spans"][1]
    assert (row["sensor"], row["gross_j"]) == ("wall", None)
    assert row["method"] == "integrated"
    silent = GPU.replace("gpu0", "gpu1")
    figures = desk.integrate(counter(range(50)), SPANS, GPU + silent)
    assert [row["method"] for row in figures["spans"]] == ["counter", "counter"]
    assert figures["spans"][1]["gross_j"] is None
    figures = desk.integrate(counter(range(50)), SPANS, GPU + WALL)
    assert [w["code"] for w in figures["warnings"] if "wall" in w["message"]] == ["no-samples"]


def test_names_of_sensors_may_hold_dots_colons_and_spaces(desk: Desk) -> None:
    table = "".join(
        f'[{head}]\nkind = "counter"\ncomponent = "cpu"\n'
        for head in ("rapl.package-0", '"rapl.package-0.dram"', "'nvml:gpu 0'", '"a[1]"')
    )
    names = ("rapl.package-0", "rapl.package-0.dram", "nvml:gpu 0", "a[1]")
    text = rows(*(f"{t},{name},{t}," for t in range(3) for name in names))
    assert [one.info.name for one in desk.read(text, SPANS, table).series] == list(names)


def test_every_key_of_a_sensor_arrives(desk: Desk) -> None:
    table = (
        '[gpu0]\nkind = "counter"\ncomponent = "dram"\ndevice = "dimm-1"\nupdate_period_s = 1\n'
        "averaging_window_s = 0.5\nlag_s = 0.25\nquantum_j = 0.001\nwrap_j = 65536\n"
        "gain_uncertainty = 0.2\nlimit_w = 90\n"
    )
    one = desk.read(counter([1, 2, 3]), SPANS, table).series[0]
    assert one.info.device == "dimm-1"
    assert (one.info.component, one.info.limit_w, one.info.wrap_j) == ("dram", 90, 65536)
    assert (one.info.update_period_s, one.info.averaging_window_s) == (1, 0.5)
    assert (one.info.quantum_j, one.info.gain_uncertainty) == (0.001, 0.2)
    assert one.time_ns[0] == -250_000_000


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rows("0,gpu0,1,", "x,gpu0,2,"), "samples.csv, line 3, column 'time_s': 'x' is not a num"),
        (rows("0,gpu0,1,", ",gpu0,2,"), "line 3, column 'time_s': the time is missing"),
        (rows("0,gpu0,1,", "nan,gpu0,2,"), "line 3, column 'time_s': 'nan' is not a number"),
        (rows("1700000000000,gpu0,2,"), "is it in seconds?"),
        (rows("0,gpu0,1 J,"), "line 2, column 'energy_j': '1 J' is not a number"),
        (rows("0,gpu0,1_0,"), "line 2, column 'energy_j': '1_0' is not a number"),
        (rows('0,gpu0,"1,5",'), "line 2, column 'energy_j': '1,5' is not a number"),
        (rows("0,gpu0,1,", "2,gpu0,2,", "1,gpu0,3,"), "line 4, column 'time_s': 'gpu0' goes back"),
        (rows("1,gpu0,1,", "1,gpu0,2,"), "line 3, column 'time_s': 'gpu0' has another reading"),
        (rows("0,gpu0,1,5"), "line 2, column 'power_w': 'gpu0' is of kind 'counter'"),
        (rows("0,gpu0,,5"), "line 2, column 'power_w': 'gpu0' is of kind 'counter'"),
        (rows("0,gpu,1,"), "line 2, column 'sensor': sensor 'gpu' has no table"),
        (rows("0,gpu,1,"), "Did you mean 'gpu0'?"),
        (rows("0,,1,"), "line 2, column 'sensor': the name is missing"),
        (rows("0,gpu0,1,", "1,gpu0"), "samples.csv, line 3: 2 cells, and the header has 4"),
        (rows("0,gpu0,1,", "1,gpu0,2,,9"), "samples.csv, line 3: 5 cells, and the header has 4"),
        (HEADER + "\n", "samples.csv has a header and no rows"),
        ("", "samples.csv is empty"),
        ("\n\n", "samples.csv is empty"),
        ("time_s;sensor;energy_j\n0;gpu0;1\n", "separated by semicolons"),
        ("time_s\tsensor\tenergy_j\n0\tgpu0\t1\n", "separated by tabs"),
        ("time_s,sensor,energy_mj\n0,gpu0,1\n", "unknown column 'energy_mj'"),
        ("time_s,sensor,power_mw\n0,gpu0,1\n", "Did you mean 'power_w'?"),
        ("time_ms,sensor,energy_j\n0,gpu0,1\n", "no column 'time_s'"),
        ("time_s,sensor,joules\n0,gpu0,1\n", "unknown column 'joules'"),
        ("time_s,sensor,value\n0,gpu0,1\n", "line 1: neither 'energy_j' nor 'power_w'"),
        ("time_s,sensor,value\n0,gpu0,1\n", "the columns are time_s, sensor, value"),
        ("time_s,value\n0,1\n", "no column 'sensor' and neither 'energy_j' nor 'power_w'"),
        ("time_s,sensor,energy_j,energy_j\n0,gpu0,1,1\n", "column 'energy_j' is there 2 times"),
        (HEADER.encode("utf-16"), "samples.csv, line 1: this is not UTF-8 text"),
        (rows("0,gpu0,1,").encode() + b"1,\xff,2,\n", "samples.csv, line 3: this is not UTF-8"),
        (
            counter(range(9000)).encode() + b"900,\xff,2,\n",
            "samples.csv, line 9002: this is not UTF-8 text",
        ),
    ],
)
def test_what_is_wrong_with_samples_is_told_with_its_place(
    desk: Desk, text: str | bytes, said: str
) -> None:
    lines = desk.mistakes(text)
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,start_s,end_s\na,1,2\nb,4,3\n", "spans.csv, line 3, column 'end_s': the span ends"),
        ("name,start_s,end_s\n,1,2\n", "spans.csv, line 2, column 'name': the name is missing"),
        ("name,start_s,end_s\na,,2\n", "line 2, column 'start_s': the time is missing"),
        ("name,start_s,end_s\na,1,inf\n", "line 2, column 'end_s': 'inf' is not a number"),
        ("name,start_s,end_s,tokens\na,1,2,1.5\n", "column 'tokens': '1.5' is not a count"),
        ("name,start_s,end_s,tokens\na,1,2,-1\n", "column 'tokens': '-1' is not a count"),
        ("name,start_s,end_s,tokens\na,1,2,x\n", "column 'tokens': 'x' is not a count"),
        ("name,start_s\na,1\n", "spans.csv, line 1: no column 'end_s'"),
        ("name,start_ms,end_ms\na,1,2\n", "unknown column 'start_ms'"),
        ("name,start_s,end_s\n", "spans.csv has a header and no rows"),
    ],
)
def test_what_is_wrong_with_spans_is_told_with_its_place(desk: Desk, text: str, said: str) -> None:
    lines = desk.mistakes(counter(range(3)), text)
    assert any(said in line for line in lines), lines


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[gpu0]\nkind = "counter"\n', "sensors.toml, line 1, sensor 'gpu0': 'component' is need"),
        (GPU + "wrap = 5\n", "Unknown key 'wrap'"),
        (GPU + "wrap = 5\n", "Did you mean 'wrap_j'?"),
        (GPU.replace("counter", "couter"), "Did you mean 'counter'?"),
        (GPU.replace('"gpu"', '"gpus"'), "Did you mean 'gpu'?"),
        (GPU + "wrap_j = 0\n", "wrap_j is 0; it should be greater than 0"),
        (GPU + "gain_uncertainty = 5\n", "gain_uncertainty is 5; it should be less than 1"),
        (GPU + "limit_w = nan\n", "limit_w is nan"),
        (GPU + "lag_s = -1\n", "lag_s is -1"),
        (GPU + 'wrap_j = "many"\n', "wrap_j is 'many'"),
        (GPU + "wrap_j = 0.5\nquantum_j = 1.0\n", "it must be above quantum_j (1)"),
        (WALL + "wrap_j = 5.0\n", "wrap_j is a counter's range, and kind is 'power'"),
        ("[gpu0\n", "sensors.toml is not TOML"),
        ("[nvml:0]\n", "stands in quotes"),
        ("", "sensors.toml describes no sensor"),
        ('kind = "counter"\n', "'kind' stands outside of a sensor's table"),
        ("[gpu0]\n", "sensor 'gpu0': 'kind' is needed: counter, power."),
    ],
)
def test_what_is_wrong_with_sensors_is_told(desk: Desk, text: str, said: str) -> None:
    lines = desk.mistakes(counter(range(3)), SPANS, text)
    assert any(said in line for line in lines), lines


def test_times_that_cannot_be_read_are_told_once_each(desk: Desk) -> None:
    lines = desk.mistakes(rows("0,gpu0,0,", "x,gpu0,9,", "y,gpu0,19,", "0.1,gpu0,28,"))
    assert len(lines) == 2
    assert lines[0].startswith("samples.csv, line 3, column 'time_s'")


def test_a_counter_beyond_its_range_contradicts_it(desk: Desk) -> None:
    lines = desk.mistakes(counter([10, 90, 170]), SPANS, GPU + "wrap_j = 100\n")
    assert lines == [
        "samples.csv, line 4, column 'energy_j': 170 J lies outside of the range of 'gpu0', "
        "0 to wrap_j = 100 J."
    ]


def test_all_mistakes_of_all_files_come_at_once_and_no_more_than_ten_of_a_kind(desk: Desk) -> None:
    text = rows(*(f"{k},gpu0,zero," for k in range(200)), "x,gpu0,1,", "201,gpu1,1,")
    lines = desk.mistakes(text, "name,start_s,end_s\na,2,1\n", GPU)
    assert len([line for line in lines if "'zero' is not a number" in line]) == 10
    assert "samples.csv, column 'energy_j': 190 more of it." in lines
    assert any(line.startswith("samples.csv, line 202, column 'time_s'") for line in lines)
    assert any(line.startswith("samples.csv, line 203, column 'sensor'") for line in lines)
    assert any(line.startswith("spans.csv, line 2") for line in lines)
    both = desk.mistakes("a;b\n", "x\n", "kind = 1\n")
    assert {line.split()[0].strip(",:") for line in both} == {
        "samples.csv",
        "spans.csv",
        "sensors.toml",
    }


def test_lines_are_right_where_a_quoted_cell_holds_several(desk: Desk) -> None:
    text = f'{HEADER},note\n0,gpu0,1,,"one\ntwo"\n\n1,gpu0,x,,\n'
    [line] = desk.mistakes(text)
    assert line.startswith("samples.csv, line 5, column 'energy_j'")


def test_files_that_are_not_there_are_all_named(tmp_path: Path) -> None:
    with pytest.raises(MistakesError) as told:
        read_power_log(tmp_path / "a", tmp_path, tmp_path / "c")
    assert len(told.value.mistakes) == 3


def test_two_hundred_thousand_rows_are_summed_to_the_last_joule(desk: Desk) -> None:
    count = 200_000
    raw = (np.arange(count) * 17.5) % 65_536.0
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADER.split(","))
    stamps = (f"{ORIGIN + k // 10}.{k % 10}" for k in range(count))
    writer.writerows(zip(stamps, ["gpu0"] * count, raw.tolist(), [""] * count, strict=True))
    log = desk.read(text.getvalue(), SPANS, GPU + "wrap_j = 65536.0\n")
    energy = log.series[0].energy_j
    assert energy[-1] - energy[0] == pytest.approx((count - 1) * 17.5, abs=1e-3)
    assert not log.series[0].faults
    assert math.isclose(float(np.diff(energy).max()), 17.5, abs_tol=1e-6)


def test_a_counter_that_falls_may_lack_its_range(desk: Desk) -> None:
    falls = [*range(15), *range(15)]
    [told] = [
        w for w in desk.integrate(counter(falls), SPANS, GPU)["warnings"]
        if w["code"] == "counter-backwards"
    ]  # fmt: skip
    assert "wrap_j" in told["hint"]
    assert "driver reset" in told["hint"]


def test_single_readings_off_the_way_of_a_counter_are_failed_ones(desk: Desk) -> None:
    readings = [100.0 * k for k in range(31)]
    readings[8], readings[15], readings[16], readings[22] = -1.0, 0.0, 0.0, 5e7
    figures = desk.integrate(counter(readings, "1"), "name,start_s,end_s\nwork,5,25\n", GPU)
    assert figures["spans"][0]["gross_j"] == pytest.approx(2000.0, rel=0.01)
    fault = next(w for w in figures["warnings"] if w["code"] == "sensor-fault")
    assert "4 of 31 readings failed" in fault["message"]
    assert "off the way" in fault["message"]


def test_a_counter_that_stays_where_it_fell_was_set_back(desk: Desk) -> None:
    readings = [100.0 * k for k in range(16)] + [100.0 * k for k in range(15)]
    figures = desk.integrate(counter(readings, "1"), "name,start_s,end_s\nwork,5,25\n", GPU)
    assert figures["spans"][0]["gross_j"] is None
    assert "counter-backwards" in {w["code"] for w in figures["warnings"]}


def test_a_power_that_no_device_takes_is_no_reading_though_no_limit_is_told(desk: Desk) -> None:
    lines = [f"{k / 10},gpu0,,{5e6 if k == 100 else 300}" for k in range(301)]
    samples = "time_s,sensor,energy_j,power_w\n" + "\n".join(lines) + "\n"
    table = GPU.replace("counter", "power") + "averaging_window_s = 0.1\n"
    figures = desk.integrate(samples, "name,start_s,end_s\nwork,5,25\n", table)
    assert figures["spans"][0]["gross_j"] == pytest.approx(6000.0, rel=0.01)
    assert "power-above-limit" in {w["code"] for w in figures["warnings"]}
