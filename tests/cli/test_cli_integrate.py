"""`wattmark integrate` as its users call it: files in, joules or mistakes out."""

from __future__ import annotations

import json
from pathlib import Path

from command import wattmark

SENSORS = """\
["nvml:gpu0"]
kind = "counter"
component = "gpu"
update_period_s = 0.1
wrap_j = 500.0

[wall]
kind = "power"
component = "wall"
averaging_window_s = 0.1
gain_uncertainty = 0.01
"""
SPAN_KEYS = ("name", "component", "start_s", "end_s", "gross_j", "low_j", "high_j", "method")
PHASE_KEYS = (
    *("name", "component", "seconds", "total_j", "low_j", "high_j"),
    *("mean_power_w", "method", "separable"),
)


def desk(folder: Path) -> tuple[str | Path, ...]:
    """100 W of a GPU behind a counter that wraps every 5 s, and 120 W at the wall, for 30 s."""
    lines = ["time_s,sensor,energy_j,power_w"]
    for k in range(300):
        lines += [f"17000000{k / 10:04.1f},nvml:gpu0,{10 * k % 500},"]
        lines += [f"17000000{k / 10:04.1f},wall,,120"]
    spans = "name,start_s,end_s,tokens\nwork,1700000002.5,1700000012.5,100\n"
    (folder / "power.csv").write_text("\n".join(lines))
    (folder / "spans.csv").write_text(spans + "late,1700000020,1700000040,\n")
    (folder / "sensors.toml").write_text(SENSORS)
    return ("integrate", "power.csv", "--spans", "spans.csv", "--sensors", "sensors.toml")


def test_the_json_has_spans_phases_and_warnings(tmp_path: Path) -> None:
    done = wattmark(*desk(tmp_path), "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert "NaN" not in done.out
    figures = done.json
    assert list(figures) == ["spans", "phases", "warnings"]
    assert all(set(SPAN_KEYS) <= set(row) for row in figures["spans"])
    assert all(set(PHASE_KEYS) <= set(row) for row in figures["phases"])
    work, late = figures["spans"][:2]
    assert (work["start_s"], work["end_s"]) == (1700000002.5, 1700000012.5)
    assert work["low_j"] <= 1000 <= work["high_j"]
    assert abs(work["gross_j"] - 1000) < 15
    assert work["component"] == "gpu"
    assert abs(work["joules_per_token"] - 10) < 0.15
    assert late["gross_j"] is None
    assert late["low_j"] is None
    assert [w["code"] for w in figures["warnings"]] == ["no-samples", "no-samples"]


def test_the_table_shows_phases_spans_and_doubts(tmp_path: Path) -> None:
    done = wattmark(*desk(tmp_path), cwd=tmp_path)
    assert done.code == 0, done.err
    for word in ("nvml:gpu0", "1.00 kJ", "1.20 kJ", "J/token", "no-samples", "wall: ± 1 %", "–"):
        assert word in done.out
    narrow = wattmark(*desk(tmp_path), cwd=tmp_path, COLUMNS="60")
    assert narrow.code == 0


def test_mistakes_of_all_files_leave_with_code_2(tmp_path: Path) -> None:
    words = desk(tmp_path)
    (tmp_path / "sensors.toml").write_text(SENSORS.replace("wrap_j", "wrap"))
    (tmp_path / "spans.csv").write_text("name,start_s,end_s\nwork,2,1\n")
    with (tmp_path / "power.csv").open("a") as log:
        log.write("\nx,wall,,1\n")
    done = wattmark(*words, "--json", cwd=tmp_path)
    assert done.code == 2
    assert done.out == ""
    for said in (
        "sensors.toml, line 1, sensor 'nvml:gpu0': Unknown key 'wrap'",
        "Did you mean 'wrap_j'?",
        "spans.csv, line 2, column 'end_s'",
        "power.csv, line 602, column 'time_s': 'x' is not a number",
    ):
        assert said in done.err


def test_a_target_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    done = wattmark(*desk(tmp_path), "--target", "0", cwd=tmp_path)
    assert done.code == 2
    assert "--target" in done.err


def test_text_from_the_files_is_never_markup(tmp_path: Path) -> None:
    words = desk(tmp_path)
    spans = "name,start_s,end_s\n[red]x[/red]\x1b[31m,1700000002,1700000012\n"
    (tmp_path / "spans.csv").write_text(spans)
    done = wattmark(*words, cwd=tmp_path)
    assert done.code == 0, done.err
    assert "[red]x[/red]" in done.out
    assert "\x1b[31m" not in done.out
    assert json.loads(wattmark(*words, "--json", cwd=tmp_path).out)["spans"]


def test_the_help_has_an_example(tmp_path: Path) -> None:
    done = wattmark("integrate", "--help", cwd=tmp_path)
    assert "wattmark integrate power.csv --spans spans.csv" in " ".join(done.out.split())
