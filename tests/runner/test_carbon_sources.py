"""Where an intensity comes from: places by name, files of a series; and what is refused."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

import pytest

from wattmark.analysis.carbon import CarbonInputs
from wattmark.analysis.summary import carbon_of, summarise
from wattmark.errors import InputError, MistakesError
from wattmark.report.carbon import carbon_lines
from wattmark.report.page import render_page
from wattmark.report.table import summary_json
from wattmark.runner.carbon import carbon_inputs, intensity, read_series, recomputed
from wattmark.runner.grids import country, zone
from wattmark.runner.run import run
from wattmark.runner.suite import checked, read_suite
from wattmark.store.reader import open_run

FAKE = {
    "models": ["fake"], "backends": "fake", "sensors": ["simulated:watts=100,period=0.001"],
    "replicates": 2, "limit": 2, "warmups": 0, "idle_s": 0.05, "quiet_wait_s": 0,
}  # fmt: skip


class Silent:
    def started(self, total: int, done: int) -> None: ...

    def running(self, slot: object, power_w: float | None) -> None: ...

    def waiting(self, foreign_cpus: float) -> None: ...

    def finished(self, record: object) -> None: ...


def test_a_country_has_a_year_and_a_source() -> None:
    found = country("DEU")
    assert 50 < found.intensity_g_per_kwh < 900
    assert (found.year or 0) >= 2021
    assert "Germany" in found.source
    assert country("WORLD").source.startswith("WORLD AVERAGE")


@pytest.mark.parametrize(
    ("name", "code", "low", "high"),
    [
        ("US-CA", "US-CA", 100, 300),
        ("california", "US-CA", 100, 300),
        ("us-wv", "US-WV", 700, 1100),
        ("Quebec", "CA-QC", 20, 40),
        ("CA-AB", "CA-AB", 400, 800),
        ("CN-BJ", "CN-BJ", 300, 900),
        ("SE3", "SE3", 10, 60),
    ],
)
def test_zones_by_code_and_by_name(name: str, code: str, low: float, high: float) -> None:
    found = zone(name)
    assert found.code == code
    assert low < found.intensity_g_per_kwh < high
    assert (found.year or 0) >= 2023


def test_a_state_of_the_usa_is_in_grams_a_kilowatt_hour() -> None:
    # eGRID gives pounds per MWh: 1 lb/MWh is 0.45359237 g/kWh.
    raw = json.loads(_table("2023/usa_emissions.json"))["california"]["emissions"]
    assert zone("US-CA").intensity_g_per_kwh == pytest.approx(raw * 0.45359237)


def test_a_province_is_its_mix_by_the_factors_of_its_sources() -> None:
    factors = json.loads(_table("carbon_intensity_per_source.json"))
    mix = json.loads(_table("2023/canada_energy_mix.json"))["newfoundland and labrador"]
    by_hand = (
        mix["naturalGas"] * factors["natural_gas"] + mix["petroleum"] * factors["petroleum"]
        + mix["wind"] * factors["wind"] + mix["hydro"] * factors["hydroelectricity"]
    ) / (mix["naturalGas"] + mix["petroleum"] + mix["wind"] + mix["hydro"])  # fmt: skip
    assert zone("CA-NL").intensity_g_per_kwh == pytest.approx(by_hand)


def _table(name: str) -> str:
    spec = importlib.util.find_spec("codecarbon")
    assert spec is not None
    folder = Path(str(spec.origin)).parent / "data/private_infra"
    return (folder / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("land", "close"),
    [("germany", r"DEU \(Germany\)"), ("DEW", "DEU"), ("Ger", "Germany"), ("", "DEU")],
)
def test_an_unknown_country_is_told_the_closest(land: str, close: str) -> None:
    with pytest.raises(InputError, match=rf"'{land}'.*{close}"):
        intensity(land, None)


def test_an_unknown_zone_is_told_the_closest() -> None:
    with pytest.raises(InputError, match=r"'Califronia'.*US-CA \(California\)"):
        intensity(None, None, "Califronia")


def test_what_is_given_comes_before_a_zone_and_that_before_a_country() -> None:
    both = intensity("DEU", None, "US-CA")
    assert both is not None
    assert (both["zone"], both["country"]) == ("US-CA", None)
    given = intensity("DEU", 12.5, "US-CA")
    assert given is not None
    assert (given["intensity_g_per_kwh"], given["source"]) == (12.5, "given by the user")
    assert intensity(None, None) is None


def series(folder: Path, text: str) -> Path:
    path = folder / "grid.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_series_in_either_way_to_write_a_time(tmp_path: Path) -> None:
    text = "time,note,intensity_g_per_kwh\n7200,b,300\n1970-01-01T01:00:00Z,a,200\n"
    text += "1970-01-01T04:00:00+01:00,c,400\n"
    points = read_series(series(tmp_path, text))
    assert points == [[3600, 200], [7200, 300], [10800, 400]]
    # What lies before the run's start is not kept, but for the one that holds then.
    assert read_series(series(tmp_path, text), 7500) == [[7200, 300], [10800, 400]]
    assert read_series(series(tmp_path, text), 1e9) == [[7200, 300], [10800, 400]]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,intensity_g_per_kwh\n", "no column 'time'"),
        ("time,intensity_g_per_kwh\n0,1\n", "fewer than two"),
        ("time,intensity_g_per_kwh\n0,1\n1,-2\n", "line 3: intensity '-2'"),
        ("time,intensity_g_per_kwh\n0,1\n1,nan\n", "line 3: intensity 'nan'"),
        ("time,intensity_g_per_kwh\n0,1\n1\n", "line 3: intensity 'None'"),
        ("time,intensity_g_per_kwh\nnoon,1\n1,1\n", "line 2: 'noon' is no time"),
        ("time,intensity_g_per_kwh\n2026-01-01T00:00:00,1\n1,1\n", "no time zone"),
        ("time,intensity_g_per_kwh\n5,1\n5,2\n", "two intensities for one time"),
        ("", "no column 'time'"),
    ],
)
def test_a_file_that_is_no_series_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_series(series(tmp_path, text))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither a number nor a file"):
        read_series(tmp_path / "none.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="UTF-8"):
        read_series(tmp_path / "b.csv")


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        ({"country": "germany"}, "--country: .*Germany"),
        ({"zone": "US-XX"}, "--zone: No carbon intensity"),
        ({"intensity_g_per_kwh": "-3"}, "--intensity: .*from 0 to 5000"),
        ({"intensity_g_per_kwh": "nan"}, "--intensity: .*from 0 to 5000"),
        ({"intensity_g_per_kwh": "missing.csv"}, "--intensity: .*neither a number nor a file"),
        ({"pue": 0.9}, "--pue: .*greater than or equal to 1"),
        ({"embodied_kg": -1}, "--embodied-kg"),
        ({"lifetime_years": 0}, "--lifetime-years"),
        ({"water_l_per_kwh": -1}, "--water"),
        ({"grid_water_l_per_kwh": "much"}, "--grid-water"),
    ],
)
def test_mistakes_are_told_by_their_flags(flags: dict[str, object], said: str) -> None:
    with pytest.raises(MistakesError, match=said):
        read_suite(None, FAKE | flags)


def test_nothing_asked_for_is_nothing_stored() -> None:
    assert carbon_inputs(read_suite(None, FAKE), 0.0) is None
    only_water = carbon_inputs(read_suite(None, FAKE | {"water_l_per_kwh": 1.8}), 0.0)
    assert only_water is not None
    assert only_water["intensity_g_per_kwh"] is None


def test_a_run_stores_inputs_alone_and_shows_what_follows(tmp_path: Path) -> None:
    flags = {"zone": "quebec", "pue": 1.2, "embodied_kg": 300.0, "water_l_per_kwh": 1.8}
    outcome = run(read_suite(None, FAKE | flags), tmp_path / "run", Silent())
    opened = open_run(outcome.path)
    section = opened.info["carbon"]
    assert (section["zone"], section["pue"], section["embodied_kg"]) == ("CA-QC", 1.2, 300.0)
    assert not [key for key in section if "co2" in key or "gram" in key]
    assert not [name for name in opened.trials.column_names if "co2" in name]
    lines = dict(carbon_lines(opened, carbon_of(opened.info)))
    assert "CO2e in all" in lines["Carbon"]
    assert "Quebec, 2023" in lines["Intensity"]
    assert "data of 2023" in lines["Intensity"]
    assert "PUE 1.2" in lines["Boundary"]
    assert "metered: cpu" in lines["Boundary"]
    assert "ISO/IEC 21031" in lines["Method"]
    assert "on site 1.8 L/kWh" in lines["Water"]
    assert summarise(opened)[0].estimates["sci_g_per_query"].value is not None
    page = render_page(opened)
    for said in ("ISO/IEC 21031", "PUE 1.2", "Quebec, 2023", "per correct answer"):
        assert said in page
    # Asked for afterwards: the same joules on another grid, all else as the run was told.
    other = CarbonInputs.of(recomputed(section, checked({"country": "DEU", "pue": 1.0})))
    assert (other.pue, other.embodied_kg) == (1.0, 300.0)
    first, second = (
        summarise(opened, carbon=c)[0].estimates for c in (carbon_of(opened.info), other)
    )
    factor = country("DEU").intensity_g_per_kwh / (1.2 * zone("quebec").intensity_g_per_kwh)
    before, after = (found["co2e_g_per_query"].value for found in (first, second))
    assert before is not None
    assert after == pytest.approx(before * factor)
    assert (
        "national"
        in summary_json(opened, summarise(opened, carbon=other), other)["carbon"]["Intensity"]
    )


def test_a_run_outside_of_its_series_says_so(tmp_path: Path) -> None:
    path = series(tmp_path, "time,intensity_g_per_kwh\n0,100\n3600,200\n")
    asked = read_suite(None, FAKE | {"intensity_g_per_kwh": str(path), "replicates": 1})
    opened = open_run(run(asked, tmp_path / "run", Silent()).path)
    assert opened.info["carbon"]["series"] == [[0, 100], [3600, 200]]
    found = summarise(opened)[0].estimates["co2e_g_per_query"]
    assert found.value is None
    assert "does not cover" in found.note
    assert "does not cover" in dict(carbon_lines(opened, carbon_of(opened.info)))["Carbon"]


def test_a_run_that_was_told_nothing_says_how_to_ask(tmp_path: Path) -> None:
    opened = open_run(run(read_suite(None, FAKE), tmp_path / "run", Silent()).path)
    assert opened.info["carbon"] is None
    [(what, said)] = carbon_lines(opened, carbon_of(opened.info))
    assert what == "Carbon"
    assert said.startswith("–")
    assert "--country" in said
