"""`wattmark measure`, as a person or a script would use it: real commands, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from command import COMMAND, environment, left_over, start, wattmark

SENSOR = ("--sensor", "simulated:watts=100,period=0.005", "--interval", "0.02")
QUICK = (*SENSOR, "--idle", "0")
BURN = "import time\nwhile time.process_time() < {s}: pass\n{then}"


def python(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def burn(seconds: float, then: str = "") -> list[str]:
    """Work by CPU time: a busy machine makes it longer, never shorter."""
    return python(BURN.format(s=seconds, then=then))


def until_line(path: Path, lines: int = 1) -> list[str]:
    for _ in range(3000):
        if path.exists() and len(said := path.read_text(encoding="ascii").split()) >= lines:
            return said
        time.sleep(0.02)
    pytest.fail("the command never started")


def until_it_handles(pid: int, number: signal.Signals) -> None:
    """Imports are over then, and measuring begins."""
    for _ in range(3000):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        caught = re.search(r"^SigCgt:\s*(\w+)", status, re.MULTILINE)
        if caught and int(caught.group(1), 16) >> (number - 1) & 1:
            return
        time.sleep(0.02)
    pytest.fail("it never began to measure")


def test_joules_power_and_time_of_a_command() -> None:
    done = wattmark("measure", "--json", *SENSOR, "--idle", "0.2", "--", *burn(0.3))
    assert done.code == 0
    told = done.json
    assert told["command"][1:] == burn(0.3)[1:]
    (repeat,) = told["repeats"]
    assert repeat["exit_code"] == 0
    # Its own CPU clock began with our fork, some milliseconds before it took its place.
    assert repeat["seconds"] >= 0.28
    assert repeat["cpu_seconds"] >= 0.28
    total = repeat["total"]
    tick_j = 0.5  # one time in twenty a 95 % interval misses, by part of a tick
    assert total["low_j"] - tick_j <= 100 * repeat["seconds"] <= total["high_j"] + tick_j
    # Constant power: idle takes all of it.
    assert total["net_low_j"] - tick_j <= 0 <= total["net_high_j"] + tick_j
    assert total["provenance"] == "simulated"
    assert repeat["energy"]["cpu"]["gross_j"] == total["gross_j"]
    assert repeat["energy"]["cpu"]["method"] == "counter"
    assert repeat["power_mean_w"] == pytest.approx(total["gross_j"] / repeat["seconds"])
    assert repeat["power_peak_w"] >= repeat["power_mean_w"] * 0.9
    assert told["summary"]["gross_j"]["mean"] == pytest.approx(total["gross_j"])
    assert told["summary"]["gross_j"]["low"] == pytest.approx(total["low_j"])
    assert [sensor["name"] for sensor in told["sensors"]] == ["simulated:cpu"]


def test_the_table_goes_to_standard_error_and_the_output_stays_the_commands() -> None:
    done = wattmark("measure", "--repeat", "3", *QUICK, "--", *burn(0.2, "print('out')"))
    assert done.code == 0
    assert done.out == "out\n" * 3
    assert "3 repeats" in done.err
    for title in ("energy", "cpu", "mean power", "peak power", "duration", "CPU time"):
        assert re.search(rf"^ *{title} +\d", done.err, re.MULTILINE), title
    assert re.search(r"energy +[\d.]+ J +(±|\()", done.err)
    assert "counter, simulated" in done.err
    assert "--idle 1" in done.err


def test_with_what_this_machine_has() -> None:
    done = wattmark("measure", "--idle", "0", "--", *burn(0.3))
    assert done.code == 0
    assert re.search(r"energy: (measured|estimated|mixed)", done.err)
    assert re.search(r"energy +[\d.]+ m?J", done.err)


def test_without_a_sensor_time_is_still_told() -> None:
    done = wattmark("measure", "--sensor", "none", "--idle", "0", "--json", "true")
    (repeat,) = done.json["repeats"]
    assert repeat["total"]["gross_j"] is None
    assert repeat["power_mean_w"] is None
    assert repeat["seconds"] > 0
    assert done.json["summary"]["gross_j"] == {"mean": None, "low": None, "high": None}
    shown = wattmark("measure", "--sensor", "none", "--idle", "0", "true")
    assert "not measured" in shown.err
    assert re.search(r"duration +\d", shown.err)


def test_repeats_have_an_interval_of_their_own() -> None:
    done = wattmark("measure", "--repeat", "3", "--json", *QUICK, "--", *burn(0.15))
    summary, repeats = done.json["summary"], done.json["repeats"]
    assert len(repeats) == summary["repeats"] == 3
    for name, of in (("seconds", "seconds"), ("power_mean_w", "power_mean_w")):
        figures = [repeat[of] for repeat in repeats]
        assert min(figures) <= summary[name]["mean"] <= max(figures)
        assert summary[name]["low"] <= summary[name]["mean"] <= summary[name]["high"]
    # No narrower than what the instrument alone leaves open.
    total = repeats[0]["total"]
    width = summary["gross_j"]["high"] - summary["gross_j"]["low"]
    assert width > 0.5 * (total["high_j"] - total["low_j"])


def test_warm_ups_are_run_and_not_measured(tmp_path: Path) -> None:
    log = tmp_path / "log"
    line = f"echo ran >> {log}"
    done = wattmark("measure", "--warmup", "2", "--repeat", "3", "--json", *QUICK, "sh", "-c", line)
    assert len(done.json["repeats"]) == 3
    assert log.read_text(encoding="ascii").split() == ["ran"] * 5
    failing = wattmark("measure", "--warmup", "1", *QUICK, "sh", "-c", "exit 4")
    assert failing.code == 4
    assert "warm-up" in failing.err


def test_the_cpu_time_of_children_counts() -> None:
    child = f"{sys.executable} -c 'exec(\"import time\\nwhile time.process_time() < 0.3: pass\")'"
    done = wattmark("measure", "--json", *QUICK, "sh", "-c", f"{child}; true")
    assert done.json["repeats"][0]["cpu_seconds"] >= 0.28


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_the_exit_code_is_the_commands(code: int) -> None:
    done = wattmark("measure", *QUICK, "sh", "-c", f"exit {code}")
    assert done.code == code
    assert re.search(r"duration +\d", done.err)
    assert (f"1 run, exit code {code}" in done.err) == (code != 0)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGSEGV])
def test_a_command_that_a_signal_killed(number: signal.Signals) -> None:
    done = wattmark("measure", "--json", *QUICK, "sh", "-c", f"ulimit -c 0; kill -{number} $$")
    assert done.code == 128 + number
    (repeat,) = done.json["repeats"]
    assert (repeat["exit_code"], repeat["signal"]) == (128 + number, number)
    shown = wattmark("measure", *QUICK, "sh", "-c", f"ulimit -c 0; kill -{number} $$")
    assert f"1 run, killed by {number.name}" in shown.err
    assert repeat["total"]["gross_j"] is not None


def test_commands_that_cannot_be_started(tmp_path: Path) -> None:
    for missing in ("no-such-command-of-ours", str(tmp_path / "nothing")):
        done = wattmark("measure", *QUICK, missing)
        assert done.code == 127
        assert f"'{missing}' was not found" in done.err
    plain = tmp_path / "plain"
    plain.write_text("hello", encoding="ascii")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/no/such/interpreter\n", encoding="ascii")
    orphan.chmod(0o755)
    for path, word in ((plain, "permission"), (orphan, "interpreter"), (tmp_path, "permission")):
        done = wattmark("measure", *QUICK, path)
        assert done.code == 126, path
        assert word in done.err


def test_after_a_failure_no_repeat_follows_unless_asked() -> None:
    stopped = wattmark("measure", "--repeat", "3", "--json", *QUICK, "sh", "-c", "exit 3")
    assert stopped.code == 3
    assert len(stopped.json["repeats"]) == 1
    assert "Stopped after 1 of 3 repeats: exit code 3." in stopped.err
    words = ("--repeat", "3", "--ignore-failure", "--json", *QUICK)
    gone_on = wattmark("measure", *words, "sh", "-c", "exit 3")
    assert gone_on.code == 3
    assert len(gone_on.json["repeats"]) == gone_on.json["summary"]["repeats"] == 3


def test_input_arguments_and_open_files_reach_the_command(tmp_path: Path) -> None:
    extra = tmp_path / "extra"
    with extra.open("w") as third:
        text = "import os, sys; print(input(), sys.argv[1]); os.write(int(sys.argv[2]), b'x')"
        done = subprocess.run(
            [*COMMAND, "measure", *QUICK, "--", *python(text), "--repeat", str(third.fileno())],
            input="given\n", capture_output=True, text=True, timeout=120, check=False,
            env=environment(), pass_fds=[third.fileno()],
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == "given --repeat\n"
    assert extra.read_text(encoding="ascii") == "x"


def test_the_commands_own_signals_are_as_it_would_have_them() -> None:
    """A broken pipe kills it as ever, and Ctrl-C is not ignored by it."""
    text = "import signal; print(signal.getsignal(2).__name__, signal.getsignal(15) == 0)"
    done = wattmark("measure", *QUICK, "--", *python(text))
    assert done.out.split() == ["default_int_handler", "True"]
    pipe = wattmark("measure", *QUICK, "sh", "-c", "yes | head -n 1")
    assert (pipe.code, pipe.out) == (0, "y\n")


def test_json_into_a_file_and_the_table_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = wattmark("measure", *QUICK, "--output", file, "echo", "hello")
    assert done.out == "hello\n"
    assert "mean power" in done.err
    assert json.loads(file.read_text(encoding="utf-8"))["command"] == ["echo", "hello"]
    for nowhere in (tmp_path, tmp_path / "none" / "x.json"):
        refused = wattmark("measure", *QUICK, "--output", nowhere, "echo", "hello")
        assert refused.code == 2
        assert refused.out == ""


def test_too_short_a_window_is_told_with_what_to_do() -> None:
    slow = ("--sensor", "simulated:watts=100,period=0.1", "--idle", "0")
    done = wattmark("measure", *slow, "true")
    assert "window-too-short" in done.err
    assert "Lengthen" in done.err


def test_work_of_others_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    # A process that the command did not wait for is not its child any more: others' work.
    loop = f"echo on >> {log}; while :; do :; done"
    with subprocess.Popen(["sh", "-c", loop]) as other:
        try:
            until_line(log)
            done = wattmark("measure", "--json", *QUICK, "sleep", "1")
        finally:
            other.kill()
    codes = {doubt["code"] for doubt in done.json["repeats"][0]["doubts"]}
    assert "foreign-load" in codes


def test_escapes_of_a_command_do_not_reach_the_terminal() -> None:
    done = wattmark("measure", *QUICK, "true", "\x1b[31mred\x07")
    assert done.code == 0
    assert "\x1b" not in done.err
    assert "\x07" not in done.err
    assert "red" in done.err


def test_mistakes_run_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    for words in (
        ("--repeat", "0"),
        ("--warmup", "-1"),
        ("--idle", "-1"),
        ("--interval", "0"),
        ("--interval", "1e9"),
        ("--sensor", "raple"),
        ("--nonsense",),
    ):
        done = wattmark("measure", *words, "touch", mark)
        assert done.code == 2, words
        assert not mark.exists()
    assert wattmark("measure").code == 2


def test_an_interrupt_ends_the_command_and_what_was_measured_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    line = f"echo ran >> {log}; if [ $(wc -l < {log}) -gt 1 ]; then exec sleep 60; fi"
    run = start("measure", "--repeat", "5", "--json", *QUICK, "sh", "-c", line, group=True)
    until_line(log, 2)
    os.killpg(run.pid, signal.SIGINT)  # as the terminal does it
    out, err = run.communicate(timeout=120)
    assert run.returncode == 130, err
    repeats = json.loads(out)["repeats"]
    assert [repeat["exit_code"] for repeat in repeats] == [0, 130]
    assert json.loads(out)["summary"]["repeats"] == 1
    assert "Stopped after 2 of 5 repeats: interrupted." in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_us_alone_is_passed_on(tmp_path: Path, number: signal.Signals) -> None:
    log = tmp_path / "log"
    run = start("measure", *QUICK, "sh", "-c", f"echo $$ >> {log}; exec sleep 60", group=True)
    (pid,) = until_line(log)
    child = psutil.Process(int(pid))
    run.send_signal(number)
    _, err = run.communicate(timeout=120)
    assert run.returncode == 128 + number, err
    assert re.search(r"duration +\d", err)
    assert not left_over([child])


def test_an_interrupt_while_idle_is_measured_runs_nothing(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    run = start("measure", *SENSOR, "--idle", "60", "touch", str(mark), group=True)
    until_it_handles(run.pid, signal.SIGTERM)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=120)
    assert run.returncode == 130
    assert not mark.exists()


def test_the_command_does_not_outlive_us(tmp_path: Path) -> None:
    log = tmp_path / "log"
    run = start("measure", *QUICK, "sh", "-c", f"echo $$ >> {log}; exec sleep 60", group=True)
    (pid,) = until_line(log)
    child = psutil.Process(int(pid))
    run.kill()
    run.communicate(timeout=120)
    assert not left_over([child])
