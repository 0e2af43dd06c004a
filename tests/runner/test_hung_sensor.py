"""A driver that hangs in the midst of a run, by the real command line: the run goes on without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from wattmark.store.reader import open_run

PLUGIN = """
import time
from wattmark.meter import Found
from wattmark.schema import Sample, SensorInfo

class Hanging:
    def __init__(self, at):
        self.info = SensorInfo(name="hanging", component="dram", device="d", kind="counter",
                               source="test", update_period_s=0.01)
        self.left = at
    def read(self):
        self.left -= 1
        if self.left == 0:
            time.sleep(600)
        now_ns = time.monotonic_ns()
        return Sample(self.info.name, now_ns, energy_j=now_ns * 1e-7)
    def close(self):
        pass

def find(options=""):
    return Found("hanging", (Hanging(int(options)),))
"""


def plugin(folder: Path) -> None:
    """A package of sensors as a stranger would install it."""
    (folder / "hanging.py").write_text(PLUGIN)
    about = folder / "hanging-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: hanging\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[wattmark.sensors]\nhanging = hanging:find\n")


def test_a_run_outlives_a_sensor_that_never_comes_back(tmp_path: Path) -> None:
    plugin(tmp_path)
    words = (
        *("run", "--model", "fake:prefill_s=0.3", "--backend", "fake", "--limit", "2"),
        *("--replicates", "2", "--idle", "0.1", "--quiet-wait", "0", "--no-report", "--json"),
        # It hangs after some readings, so in the work of the first replicate or close to it.
        *("--sensor", "hanging:7", "--sensor", "simulated:watts=50,period=0.01", "--out", "run"),
    )
    done = subprocess.run(
        [sys.executable, "-m", "wattmark", *words],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    run = open_run(tmp_path / "run")
    assert run.info["status"] == "complete"
    for row in run.trials.to_pylist():
        assert row["status"] == "ok"
        # A part of the machine was not measured: the sum is unknown, and not too small.
        assert row["energy_j"] is None
        doubts = {doubt["code"]: doubt["message"] for doubt in json.loads(row["doubts"])}
        assert "sensor-hung" in doubts
        assert "hanging (dram d) has no figure" in doubts["total-incomplete"]
        assert "of cpu alone" in doubts["total-incomplete"]
    joules = [
        row["energy_j"]
        for row in run.energy.to_pylist()
        if row["span"] == "measured" and row["sensor"] == "simulated:cpu"
    ]
    assert len(joules) == 2
    assert all(isinstance(figure, float) and figure > 0 for figure in joules), "others go on"
