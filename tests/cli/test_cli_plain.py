"""Words of files, drivers and plugins reach the terminal as words: no escape is obeyed."""

from __future__ import annotations

import json
from pathlib import Path

from command import wattmark

NASTY = "\x1b]0;title\x07\x1b[31mred\x9b2J\u202e"
SOURCE = ascii(NASTY)[1:-1]
PLUGIN = f"""
from wattmark.meter import Found
from wattmark.meter.shapes import Constant
from wattmark.meter.simulated import SimulatedSensor
from wattmark.schema import SensorInfo

def find():
    info = SensorInfo(name="nasty{SOURCE}", component="gpu", device="gpu0",
                      kind="power", source="source{SOURCE}", instead="simulated")
    return Found("nasty", (SimulatedSensor(info, Constant(5.0)),), missing="{SOURCE}",
                 fix="{SOURCE}")
"""


def obeyed(text: str) -> list[str]:
    return [char for char in text if not char.isprintable() and char != "\n"]


def plugin(folder: Path) -> None:
    """A package of sensors as a stranger would install it."""
    (folder / "nasty.py").write_text(PLUGIN, encoding="utf-8")
    about = folder / "nasty-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: nasty\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[wattmark.sensors]\nnasty = nasty:find\n")


def test_a_mistake_in_a_file_is_shown_without_its_escapes(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_text(f"time_s,sensor,energy_j\n{NASTY},gpu0,1\n")
    (tmp_path / "spans.csv").write_text("name,start_s,end_s\nwork,0,1\n")
    (tmp_path / "sensors.toml").write_text('[gpu0]\nkind = "counter"\ncomponent = "gpu"\n')
    words = ("integrate", "power.csv", "--spans", "spans.csv", "--sensors", "sensors.toml")
    done = wattmark(*words, cwd=tmp_path)
    assert done.code == 2
    assert "line 2, column 'time_s': 'red2J' is not a number" in done.err
    assert obeyed(done.err) == []
    assert done.err.count("\n") > 1, "lines stay lines"


def test_json_holds_names_as_they_are_and_no_control_character(tmp_path: Path) -> None:
    (tmp_path / "power.csv").write_text(f"time_s,sensor,energy_j\n0,{NASTY},0\n9,{NASTY},9\n")
    (tmp_path / "spans.csv").write_text(f"name,start_s,end_s\n{NASTY},2,7\n")
    table = f'[{json.dumps(NASTY)}]\nkind = "counter"\ncomponent = "gpu"\n'
    (tmp_path / "sensors.toml").write_text(table)
    words = ("integrate", "power.csv", "--spans", "spans.csv", "--sensors", "sensors.toml")
    done = wattmark(*words, "--json", cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.json["spans"][0]["name"] == NASTY
    assert not {"\x1b", "\x9b", "\x07"} & set(done.out)


def test_sensors_of_a_plugin_are_shown_without_their_escapes(tmp_path: Path) -> None:
    plugin(tmp_path)
    for words in (
        ("list", "sensors"),
        ("doctor",),
        ("calibrate", "--sensor", "nasty", "--dry-run"),
        ("watch", "--sensor", "nasty", "--once", "--interval", "0.05"),
        ("measure", "--sensor", "nasty", "--idle", "0", "true"),
    ):
        done = wattmark(*words, cwd=tmp_path, PYTHONPATH=str(tmp_path))
        assert done.code == 0, done.err
        assert "red2J" in done.out + done.err, words
        assert obeyed(done.out) == [], words
        assert obeyed(done.err) == [], words
