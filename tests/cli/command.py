"""The real command line in a process of its own, and what it leaves behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import psutil
from warm import WarmCommands

COMMAND = (sys.executable, "-m", "wattmark")
QUICK = (
    "--backend",
    "fake",
    "--quiet-wait",
    "0",
    "--idle",
    "0.05",
    "--warmups",
    "1",
    "--no-report",
)
SIMULATED = ("--sensor", "simulated:watts=100")


@dataclass(frozen=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def environment(**extra: str) -> dict[str, str]:
    return {**os.environ, "COLUMNS": "200", "HF_HUB_OFFLINE": "1", **extra}


@cache
def _warm() -> WarmCommands:
    return WarmCommands(environment())


def wattmark(
    *words: str | Path, cwd: Path | None = None, timeout: float = 120, **extra: str
) -> Done:
    """A command to its end; a fork of one that has its imports, where that is the same."""
    told, given = [str(word) for word in words], environment(**extra)
    if _warm().may_run(given):
        done = _warm().run(told, cwd or Path.cwd(), given, timeout)
    else:
        done = subprocess.run(
            [*COMMAND, *told], cwd=cwd, capture_output=True, timeout=timeout, env=given, check=False
        )
    out, err = (_text(said) for said in (done.stdout, done.stderr))
    assert "Traceback" not in err, err
    return Done(done.returncode, out, err)


def _text(said: bytes) -> str:
    return said.decode("utf-8", "surrogateescape").replace("\r\n", "\n").replace("\r", "\n")


def fake(model: str, *words: str | Path, out: Path, **extra: str) -> Done:
    """A quick run of a fake model under a simulated sensor."""
    flags = (*QUICK, *SIMULATED, "--out", out, *words)
    return wattmark("run", "--model", model, *flags, cwd=None, timeout=120, **extra)


def resume(out: Path) -> Done:
    return wattmark("run", "--resume", out, "--no-report")


def start(
    *words: str | Path, group: bool = False, cwd: Path | None = None, **extra: str
) -> subprocess.Popen[str]:
    """A run that goes on while the test does something to it."""
    return subprocess.Popen(
        [*COMMAND, *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
        env=environment(**extra),
        start_new_session=group,
        # Whoever runs the tests in the background may ignore Ctrl-C; these runs must not.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler) and None,  # noqa: PLW1509 - the tests start no thread
    )


def family(pid: int) -> list[psutil.Process]:
    """The fork server and its worker, of a run: [server, worker], as far as they are there."""
    try:
        servers = psutil.Process(pid).children()
        return [*servers, *(worker for server in servers for worker in server.children())]
    except psutil.NoSuchProcess:
        return []


def left_over(processes: list[psutil.Process], within_s: float = 10) -> list[psutil.Process]:
    """Those that still live after a while."""
    _, alive = psutil.wait_procs(processes, timeout=within_s)
    return [process for process in alive if process.status() != psutil.STATUS_ZOMBIE]
