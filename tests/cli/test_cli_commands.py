"""Each command as a user sees it: help, JSON, exit codes, and silence where nobody watches."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from command import COMMAND, QUICK, SIMULATED, environment, fake, start, wattmark

from wattmark import __version__
from wattmark.runner.plan import expand
from wattmark.runner.run import stored_suite
from wattmark.store.reader import open_run

COMMANDS = ("run", "show", "report", "list", "doctor")


@pytest.fixture(scope="module")
def done_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert fake("fake:step_s=0.001", "--replicates", "3", "--limit", "4", out=out).code == 0
    return out


def test_help_of_every_command_names_every_flag() -> None:
    top = wattmark("--help")
    assert top.code == 0
    for command in COMMANDS:
        assert re.search(rf"^ +{command} ", top.out, re.MULTILINE)
        done = wattmark(command, "--help")
        assert done.code == 0
        assert done.err == ""
        assert "Usage:" in done.out
        undescribed = re.findall(r"^ +(--[a-z-]+)(?: <?[A-Za-z]+>?)?\s*$", done.out, re.MULTILINE)
        assert [flag for flag in undescribed if len(flag) < 20] == []
    assert wattmark("--version").out.strip() == f"wattmark {__version__}"
    assert wattmark().code == 2


def test_success_is_silent_on_standard_error(tmp_path: Path) -> None:
    done = fake("fake", "--replicates", "1", "--limit", "2", out=tmp_path / "run")
    assert done.code == 0
    assert done.err == ""
    assert "accuracy" in done.out


def test_what_an_engine_prints_never_reaches_the_terminal(tmp_path: Path) -> None:
    """Neither while the fork server imports it, nor in a worker: also not from C."""
    (tmp_path / "chatty.py").write_text(
        "import os, sys\n"
        "print('imported'); os.write(2, b'from below'); print('loud', file=sys.stderr)\n"
        "from wattmark.backends import BackendSpec\n"
        "from wattmark.backends.fake import FakeBackend\n"
        "class Chatty(FakeBackend):\n"
        "    def load(self, trial):\n"
        "        print('loading'); os.write(1, b'from below'); os.system('echo child')\n"
        "        super().load(trial)\n"
        "        if trial.batch_size == 2: raise RuntimeError('two\\nlines')\n"
        "        self.short = trial.batch_size == 3\n"
        "    def generate(self, batch, queries, stamp):\n"
        "        return super().generate(batch, queries, stamp)[self.short:]\n"
    )
    (tmp_path / "chatty_spec.py").write_text(
        "from wattmark.backends import BackendSpec\n"
        "SPEC = BackendSpec(name='chatty', adapter='chatty:Chatty', requires=('chatty',),\n"
        "    extra='', precisions={'cpu': ('fp32',)}, models=lambda name: name == 'fake')\n"
    )
    info = tmp_path / "chatty-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: chatty\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[wattmark.backends]\nchatty = chatty_spec:SPEC\n")
    out = tmp_path / "run"
    words = ["--backend", "chatty", "--replicates", "1", "--limit", "2", "--batch", "1,2,3"]
    done = wattmark(
        *("run", "--model", "fake", *words, "--quiet-wait", "0", "--idle", "0", "--no-report"),
        *(*SIMULATED, "--json", "--out", out),
        PYTHONPATH=str(tmp_path),
    )
    assert done.code == 1
    assert done.json["status"] == "complete"  # and nothing else stands there
    for word in ("imported", "from below", "loud", "loading", "child"):
        assert word not in done.out + done.err
    rows = {row["batch_size"]: row for row in open_run(out).trials.to_pylist()}
    assert rows[1]["status"] == "ok"
    assert rows[2]["error"] == "RuntimeError: two lines"
    assert rows[3]["status"] == "failed"
    assert rows[3]["error"].startswith("Its result cannot be used: ValueError")


def test_json_output_parses(done_run: Path, tmp_path: Path) -> None:
    shown = wattmark("show", done_run, "--json").json
    assert shown["status"] == "complete"
    assert shown["trials"][0]["n_ok"] == 3
    with_carbon = wattmark("show", done_run, "--json", "--intensity", "400").json
    assert with_carbon["intensity_g_per_kwh"] == 400
    carbon = {
        name: estimate["value"]
        for name, estimate in with_carbon["trials"][0]["estimates"].items()
        if estimate["unit"] == "g"
    }
    assert carbon
    assert None not in carbon.values()
    listed = wattmark("list", "--json").json
    assert set(listed) == {"models", "backends", "precisions", "tasks", "sensors", "suites"}
    assert {line["name"] for line in listed["suites"]} >= {"demo", "embedded"}
    found = wattmark("doctor", "--json").json
    assert {"machine", "sensors", "sensors_missing", "engines", "checks"} <= set(found)
    plan = wattmark("run", "demo", "--dry-run", "--no-timing", "--json", cwd=tmp_path).json
    assert len(plan["trials"]) == 8
    assert plan["estimated_s"] > 0
    assert list(tmp_path.iterdir()) == []


def test_list_and_doctor_say_what_is_there_and_why_not() -> None:
    for kind in ("models", "backends", "precisions", "tasks", "sensors", "suites"):
        done = wattmark("list", kind)
        assert done.code == 0
        assert done.out.startswith(f"{kind}:\n")
        assert "\n  ✓ " in done.out
        assert done.err == ""
    wrong = wattmark("list", "model")
    assert wrong.code == 2
    assert "Did you mean 'models'?" in wrong.err
    doctor = wattmark("doctor")
    assert doctor.code == 0
    assert doctor.err == ""
    for section in ("machine", "sensors", "engines", "noise"):
        assert f"{section}\n" in doctor.out
    for word in ("CPU", "memory", "rapl", "nvml", "fake", "governor", "disk"):
        assert word in doctor.out


def test_a_dry_run_runs_nothing(tmp_path: Path) -> None:
    words = ("--dry-run", "--no-timing", "--precision", "fp32,tf32")
    done = wattmark("run", "demo", *words, cwd=tmp_path)
    assert done.code == 0
    assert "4 trials × 5 replicates" in done.out
    assert "left out: transformers tf32 cpu: TF32 is" in done.out
    assert "Nothing was run" in done.out
    assert list(tmp_path.iterdir()) == []


def test_the_order_is_shuffled_in_each_block_and_follows_the_seed(tmp_path: Path) -> None:
    words = ["--replicates", "3", "--limit", "1", "--batch", "1,2,3", "--seed", "1"]
    out = tmp_path / "run"
    assert fake("fake,fake:tokens=2", *words, out=out).code == 0
    run = open_run(out)
    rows = sorted(run.trials.to_pylist(), key=lambda row: row["run_order"])
    assert [row["run_order"] for row in rows] == list(range(18))
    assert sorted(row["started_at"] for row in rows) == [row["started_at"] for row in rows]
    assert [row["block"] for row in rows] == [0] * 6 + [1] * 6 + [2] * 6
    cells = [f"{row['model']}/{row['batch_size']}" for row in rows]
    first = [cells[start : start + 6] for start in (0, 6, 12)]
    assert all(sorted(block) == sorted(first[0]) for block in first)
    assert first[0] != first[1]

    def planned(seed: int) -> list[str]:
        slots = expand(replace(stored_suite(run.info), seed=seed)).slots
        return [f"{s.trial.model}/{s.trial.batch_size}" for s in slots]

    assert planned(1) == cells
    assert planned(2) != cells


def test_no_secret_reaches_the_run_directory(tmp_path: Path) -> None:
    out, secret = tmp_path / "run", "hf_SECRETsecretSECRETsecret"
    names = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "OPENAI_API_KEY", "PASSWORD")
    done = fake(
        *("fake,fake:fail=error", "--replicates", "1", "--limit", "2"),
        out=out,
        **dict.fromkeys(names, secret),
    )
    assert done.code == 1
    assert secret not in done.out + done.err
    for file in out.iterdir():
        assert secret.encode() not in file.read_bytes()
    run = open_run(out)
    tables = (run.trials, run.queries, run.spans, run.energy, run.trace)
    assert secret not in str([table.to_pylist() for table in tables])
    host = os.uname().nodename
    assert f'"{host}"' not in (out / "run.json").read_text()


def test_a_run_is_not_resumed_on_another_machine_or_with_other_sensors(tmp_path: Path) -> None:
    out = tmp_path / "run"
    assert fake("fake:fail=crash", "--replicates", "1", "--limit", "1", out=out).code == 1
    told = json.loads((out / "run.json").read_text())
    sensors = [{**told["sensors"][0], "name": "rapl:package-0"}]
    machine = {**told["machine"], "cpu_model": "another"}
    for change, words in (
        ({"sensors": sensors}, ["rapl:package-0", "simulated:cpu", "wattmark doctor"]),
        ({"machine": machine}, ["another machine"]),
    ):
        (out / "run.json").write_text(json.dumps(told | change))
        before = {item.name: item.read_bytes() for item in out.iterdir()}
        done = wattmark("run", "--resume", out)
        assert done.code == 2
        assert all(word in done.err for word in words)
        assert {item.name: item.read_bytes() for item in out.iterdir()} == before


def test_runs_without_a_folder_each_get_their_own(tmp_path: Path) -> None:
    words = ("run", "--model", "fake", *QUICK, *SIMULATED, "--limit", "1", "--replicates", "1")
    runs = [start(*words, "--name", "x", cwd=tmp_path) for _ in range(2)]
    codes = {run.wait(60) for run in runs}
    for run in runs:
        run.communicate()
    assert codes == {0} or codes == {0, 2}  # in one second and at one moment: refused, not mixed
    folders = list((tmp_path / "runs").iterdir())
    assert len(folders) == 3 - len(codes)
    assert all(re.fullmatch(r"x-\d{8}-\d{6}(-2)?", folder.name) for folder in folders)


def test_a_reader_that_goes_away_is_no_error(done_run: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "show", str(done_run), "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as run:
        assert run.stdout is not None
        assert run.stderr is not None
        run.stdout.close()
        said = run.stderr.read().decode()
    assert "Traceback" not in said


def test_any_terminal_will_do(done_run: Path) -> None:
    done = wattmark("show", done_run, PYTHONIOENCODING="ascii")
    assert done.code == 0
    assert "fake" in done.out


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    """A file name may hold any bytes: the run is stored, shown and resumed all the same."""
    queries = tmp_path / os.fsdecode(b"q\xff.txt")
    queries.write_text("1 + 1\n")
    out = tmp_path / "run"
    done = fake("fake,fake:fail=crash", "--task", str(queries), "--replicates", "1", out=out)
    assert done.code == 1
    assert wattmark("show", out).code == 0
    assert wattmark("show", out, "--json").code == 0
    again = wattmark("run", "--resume", out, "--no-report")
    assert again.code == 1, again.err
    assert "planned otherwise" not in again.err
    assert {row["attempt"] for row in open_run(out).trials.to_pylist()} == {1, 2}


def test_joules_in_real_time_are_watts_times_seconds(tmp_path: Path) -> None:
    out = tmp_path / "run"
    words = ["--replicates", "3", "--limit", "2", "--idle", "0.3", "--interval", "0.02"]
    sensor = ["--sensor", "simulated:watts=80,period=0.02,name=b,component=dram"]
    done = fake("fake:prefill_s=0.4", *words, *sensor, out=out)
    assert done.code == 0, done.err
    run = open_run(out)
    watts = {"simulated:cpu": 100.0, "simulated:b": 80.0}
    measured = [row for row in run.energy.to_pylist() if row["span"] == "measured"]
    assert len(measured) == 6
    for row in measured:
        true_j = watts[row["sensor"]] * row["seconds"]
        # An interval at 95 % misses now and then: by no more than this, under constant power.
        slack_j = 0.005 * true_j
        assert row["energy_low_j"] - slack_j <= true_j <= row["energy_high_j"] + slack_j
        assert row["energy_net_low_j"] - slack_j <= 0 <= row["energy_net_high_j"] + slack_j
    for row in run.trials.to_pylist():
        assert row["energy_j"] == pytest.approx(180.0 * row["measured_s"], rel=0.02)
        assert row["measured_s"] >= 0.8


def test_the_models_that_ship_are_measured(tmp_path: Path) -> None:
    out = tmp_path / "run"
    done = wattmark(
        *("run", "--model", "embedded/arithmetic,embedded/sentiment", "--limit", "6"),
        *("--batch", "3", "--replicates", "1", "--warmups", "1", "--idle", "0.05"),
        *("--quiet-wait", "0", "--no-report", *SIMULATED, "--out", out),
    )
    assert done.code == 0, done.err
    assert done.err == ""
    run = open_run(out)
    rows = {row["task"]: row for row in run.trials.to_pylist()}
    assert rows["arithmetic"]["output_tokens"] > 6
    assert rows["sentiment"]["output_tokens"] == 0
    for row in rows.values():
        assert row["queries"] == 6
        assert row["correct"] >= 3
        assert row["parameters"] > 500_000
        assert row["energy_low_j"] <= 101 * row["measured_s"]
        assert row["energy_high_j"] >= 99 * row["measured_s"]
        assert row["ram_peak_bytes"] >= row["ram_loaded_bytes"] > 0
    assert len(run.queries) == 12
