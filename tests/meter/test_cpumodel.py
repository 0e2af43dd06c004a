import csv

import pytest

from wattmark.meter.cpumodel import (
    GENERIC_FULL_W,
    GENERIC_GAIN,
    GENERIC_IDLE_W,
    TDP_GAIN,
    TDP_VIRTUAL_GAIN,
    Machine,
    cpu_power,
    normal,
    package_threads,
    parse_cpuinfo,
    read_tdp,
    tdp_table,
)

EPYC = "AMD EPYC 7763 64-Core Processor"
XEON = "Intel(R) Xeon(R) Platinum 8380 CPU @ 2.30GHz"
TDP = {"amd epyc 7763": 280.0, "intel xeon platinum 8380": 270.0}


@pytest.mark.parametrize(
    ("name", "short"),
    [
        (XEON, "intel xeon platinum 8380"),
        (EPYC, "amd epyc 7763"),
        ("Intel(R) Xeon(R) CPU E5-2680 v4 @ 2.40GHz", "intel xeon e5-2680 v4"),
        ("11th Gen Intel(R) Core(TM) i7-1185G7 @ 3.00GHz", "intel core i7-1185g7"),
        ("AMD Ryzen 7 7840U w/ Radeon  780M Graphics", "amd ryzen 7 7840u"),
        ("AMD Ryzen 9 7950X 16-Core Processor", "amd ryzen 9 7950x"),
        ("Intel Xeon Platinum 8480+", "intel xeon platinum 8480+"),
    ],
)
def test_names_meet_in_one_form(name: str, short: str) -> None:
    assert normal(name) == short


@pytest.mark.parametrize("name", [XEON, EPYC, "Intel(R) Core(TM) i7-1185G7 @ 3.00GHz"])
def test_the_installed_table_knows_common_models(name: str) -> None:
    assert 5 < tdp_table()[normal(name)] < 500


@pytest.mark.parametrize("name", ["Intel(R) Xeon(R) Processor", "Intel(R) Xeon(R) CPU @ 2.20GHz"])
def test_a_masked_name_matches_nothing(name: str) -> None:
    assert normal(name) not in tdp_table()


def test_a_known_cpu_on_the_metal_draws_its_tdp_at_full_load() -> None:
    power = cpu_power(Machine(XEON, 160, 80, virtual=False), TDP)
    assert power.idle_w + 160 * power.w_per_busy_cpu == pytest.approx(2 * 270.0)
    assert power.idle_w == pytest.approx(540.0 * 0.74 / 3.5)
    assert power.gain_uncertainty == TDP_GAIN
    assert "TDP 270 W" in power.source


def test_a_slice_of_a_known_cpu_gets_a_slice_of_its_tdp() -> None:
    power = cpu_power(Machine(EPYC, 2, 2, virtual=True), TDP)
    assert power.idle_w + 2 * power.w_per_busy_cpu == pytest.approx(280.0 * 2 / 128)
    assert power.gain_uncertainty == TDP_VIRTUAL_GAIN


@pytest.mark.parametrize(
    "machine",
    [
        Machine("Intel(R) Xeon(R) Processor", 2, 2, virtual=True),
        Machine(XEON, 2, 2, virtual=True),  # known, but not of how many threads 2 are
        Machine(XEON, 2, None, virtual=False),
        Machine(None, 2, None, virtual=False),
    ],
)
def test_whatever_is_not_known_is_generic_and_wide(machine: Machine) -> None:
    power = cpu_power(machine, TDP)
    assert power.idle_w == pytest.approx(2 * GENERIC_IDLE_W)
    assert power.w_per_busy_cpu == pytest.approx(GENERIC_FULL_W - GENERIC_IDLE_W)
    assert power.gain_uncertainty == GENERIC_GAIN
    assert "Cloud Carbon Footprint" in power.source


def test_threads_are_taken_from_the_hardware_or_the_name() -> None:
    assert package_threads(Machine(EPYC, 8, 128, virtual=False)) == 128
    assert package_threads(Machine(EPYC, 8, 8, virtual=True)) == 128
    assert package_threads(Machine(XEON, 8, 8, virtual=True)) is None


def test_cpuinfo_is_parsed() -> None:
    text = (
        f"processor\t: 0\nmodel name\t: {XEON}\nsiblings\t: 80\nflags\t\t: fpu hypervisor\n\n"
        "processor\t: 1\nmodel name\t: other\nsiblings\t: 1\n"
    )
    assert parse_cpuinfo(text, 160) == Machine(XEON, 160, 80, virtual=True)
    arm = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU part\t: 0xd0c\n"
    assert parse_cpuinfo(arm, 4) == Machine(None, 4, None, virtual=False)


def test_rows_without_a_positive_number_are_left_out() -> None:
    rows = csv.DictReader(["Name,TDP", "A,15", "B,", "C,abc", "D,0", "A,99", "E"])
    assert read_tdp(rows) == {"a": 15.0}
