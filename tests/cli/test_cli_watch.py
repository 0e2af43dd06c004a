"""`wattmark watch` as people use it: a terminal, a narrow one, a pipe, JSON, a metrics port."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
import urllib.request
from pathlib import Path

import pytest
from command import COMMAND, environment, start, wattmark
from rich.cells import cell_len
from rich.console import Console

from wattmark.cli.watch_view import draw, one_line, sparkline
from wattmark.monitor.live import Live
from wattmark.schema import Sample, SensorInfo

SENSOR = ("--sensor", "simulated:watts=100,component=gpu,period=0.001,gain_uncertainty=0.05")
QUICK = (*SENSOR, "--interval", "0.1")
NASTY = "plug\x1b]0;owned\x07\x1b[31m[bold]in[/bold]\x9b31m\n"
ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """A command in a pseudo-terminal of its own."""

    def __init__(self, *words: str, columns: int, **extra: str) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        plain = {k: v for k, v in environment(**extra).items() if k != "COLUMNS"}
        self.process = subprocess.Popen(
            [*COMMAND, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=plain | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def until(self, pattern: str, within_s: float = 60) -> str:
        """What was drawn up to a match; fails where it does not come."""
        deadline = time.monotonic() + within_s
        while not re.search(pattern, self.seen, re.DOTALL):
            assert time.monotonic() < deadline, self.seen
            if not self._read():
                assert re.search(pattern, self.seen, re.DOTALL), self.seen
        return self.seen

    def end(self, number: int) -> str:
        """The rest, after a signal."""
        self.process.send_signal(number)
        before = len(self.seen)
        while self._read():
            pass
        self.process.wait(30)
        return self.seen[before:]

    def _read(self) -> bool:
        if not select.select([self.ours], [], [], 0.2)[0]:
            return self.process.poll() is None
        try:
            self.seen += os.read(self.ours, 65536).decode("utf-8", "replace")
        except OSError:  # the other side is closed
            return False
        return True


@pytest.mark.parametrize("extra", [{}, {"NO_COLOR": "1"}])
def test_a_narrow_terminal_and_a_clean_end(extra: dict[str, str]) -> None:
    terminal = Terminal("watch", *QUICK, columns=60, **extra)
    seen = terminal.until(r"total +\S*(9\d\.?\d*|10\d) W.*simulated.*[▁-█]{3}")
    rest = terminal.end(signal.SIGINT)
    assert terminal.process.returncode == 0, rest
    assert "Traceback" not in seen + rest
    # The alternate screen is left before the summary, which stays.
    summary = ESCAPE.sub("", rest.rpartition("\x1b[?1049l")[2])
    assert "\x1b[?1049l" in rest
    total = re.search(r"total +(\S+) W +\d\S* k?J", summary)
    assert total, summary
    # At a counter's tick of a millisecond, power over 50 ms is known to 2 %.
    assert float(total[1]) == pytest.approx(100, rel=0.05)
    assert "gain ± 5 %" in summary
    assert all(cell_len(line.rstrip("\r")) <= 60 for line in summary.split("\n"))
    if extra:
        assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", seen + rest)


def test_without_a_terminal_it_prints_plain_lines() -> None:
    done = wattmark("watch", *QUICK, "--seconds", "0.6")
    assert done.code == 0
    assert "\x1b" not in done.out
    lines = re.findall(r"^ +\S+ s  total (\S+) W .*simulated:gpu (\S+) W", done.out, re.MULTILINE)
    assert len(lines) >= 2
    for total, sensor in lines:
        assert float(total) == float(sensor) == pytest.approx(100, rel=0.05)
    assert done.out.count("wattmark watch") == 1, "one summary"


def test_once_tells_true_joules() -> None:
    look = wattmark("watch", *QUICK, "--once", "--seconds", "1", "--json").json
    sensor = look["sensors"][0]
    assert (sensor["provenance"], sensor["component"], sensor["up"]) == ("simulated", "gpu", True)
    assert sensor["energy_low_j"] <= sensor["energy_j"] <= sensor["energy_high_j"]
    assert sensor["power_w"] == pytest.approx(100, rel=0.05)
    assert look["total"]["gross_j"] == sensor["energy_j"] > 50
    assert look["total"]["gain_uncertainty"] == pytest.approx(0.05)


def test_json_is_one_object_a_line_and_joules_rise() -> None:
    done = wattmark("watch", *QUICK, "--seconds", "0.7", "--json")
    looks = [json.loads(line) for line in done.out.splitlines()]
    joules = [look["sensors"][0]["energy_j"] for look in looks]
    assert len(looks) >= 3
    known = [value for value in joules if value is not None]
    assert known == sorted(known)
    assert known[-1] > known[0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_metrics_from_the_real_process(number: int) -> None:
    process = start("watch", *QUICK, "--prometheus", "0")
    assert process.stderr is not None
    address = process.stderr.readline().strip().removeprefix("Metrics: ")
    assert address.startswith("http://127.0.0.1:")
    pattern = r'wattmark_energy_joules_total\{.*provenance="simulated".*\} (\S+)'
    values = [0.0, 0.0]
    for index in range(2):
        deadline = time.monotonic() + 30
        while values[index] <= values[index - 1] and time.monotonic() < deadline:
            with urllib.request.urlopen(address, timeout=10) as answer:
                found = re.search(pattern, answer.read().decode())
            values[index] = float(found[1]) if found else 0.0
    process.send_signal(number)
    out, err = process.communicate(timeout=120)
    assert values[1] > values[0] > 0
    assert process.returncode == 0, err
    assert out.count("wattmark watch") == 1, "not a terminal: it serves, and sums up at its end"
    assert "Traceback" not in err


def test_a_meter_that_does_not_answer_is_said_at_once() -> None:
    nobody = "plug:http://127.0.0.1:9,field=a,unit=W,timeout=0.5,name=off"
    done = wattmark("watch", "--once", "--interval", "0.2", "--sensor", nobody)
    assert done.code == 0
    assert "plug:off is absent" in done.out.replace("\n", " ")
    told = wattmark("watch", "--once", "--json", "--interval", "0.2", "--sensor", nobody).json
    assert "plug:off is absent" in told["sensors"][0]["why"]


def test_quiet_prints_nothing() -> None:
    done = wattmark("watch", *QUICK, "--seconds", "0.3", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--prometheus", "70000"), "70000 is no port"),
        (("--interval", "0"), "--interval is 0"),
        (("--interval", "nan"), "--interval is nan"),
        (("--seconds", "-1"), "--seconds is -1"),
        (("--sensor", "rapll"), "Did you mean 'rapl'?"),
        (("--sensor", "none"), "wattmark doctor"),
    ],
)
def test_what_is_off_is_said(words: tuple[str, ...], said: str) -> None:
    done = wattmark("watch", *(() if "--sensor" in words else SENSOR), *words)
    assert done.code == 2
    assert said in done.err


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    words = " ".join([*COMMAND, "watch", *QUICK, "--seconds", "20"])
    done = subprocess.run(
        ["/bin/sh", "-c", f"{words} 2>{tmp_path}/err | head -n 1"],
        capture_output=True, text=True, timeout=60, env=environment(), check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 1
    assert "Traceback" not in (tmp_path / "err").read_text(encoding="utf-8")


def view(width: int = 60) -> str:
    info = SensorInfo(name=NASTY, component="wall", device=NASTY, kind="power", source="s")
    live = Live([info], 1.0)
    for k in range(40):
        throttle = f"hot {NASTY}" if k % 2 else None
        live.add(
            [
                Sample(NASTY, k * 10**9, power_w=20.0 + k % 7, throttle=throttle, temperature_c=71),
                Sample(NASTY, k * 10**9 + 10**8, fault=f"no {NASTY}"),
            ]
        )
    snapshot = live.snapshot()
    console = Console(width=width, force_terminal=False)
    with console.capture() as captured:
        console.print(draw(snapshot, console))
    return captured.get() + one_line(snapshot)


def test_names_of_plugins_cannot_steer_the_terminal() -> None:
    shown = view()
    assert "plug[bold]in[/bold]" in shown
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", shown)
    assert "owned" not in shown
    assert "40 faults" in shown
    assert "throttled: hot" in shown
    assert "71 °C" in shown


@pytest.mark.parametrize("width", [20, 40, 60, 200])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = view(width=width).splitlines()[:-1]
    assert all(cell_len(line) <= width for line in lines)


def test_bars_go_from_nothing_to_the_highest() -> None:
    assert sparkline([0.0, 50.0, 100.0], 60) == "▁▅█"
    assert sparkline([0.0, 50.0, 100.0], 60, unicode=False).isascii()
    assert len(sparkline([1.0] * 1000, 40)) == 40
    assert sparkline([0.0, 0.0], 60) == "▁▁"
    assert sparkline([1.0], 60) == sparkline([1.0, 2.0], 3) == ""
