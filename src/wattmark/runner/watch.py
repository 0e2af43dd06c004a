"""The parent while a worker runs: it blocks on the worker's channel and reads sensors on a mark.

Whatever happens to the worker (an error of its own, a crash, a hang, memory gone) comes back
as an `Ending`; only the user's interrupt passes through.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from pathlib import Path

import psutil

from wattmark.errors import WattmarkError
from wattmark.meter.meter import Meter
from wattmark.runner.load import CpuClock, cpu_clock, foreign_cpus
from wattmark.runner.wire import Job, Result, pack_job, receive, send, unpack_result
from wattmark.runner.zygote import Zygote
from wattmark.schema import Status

LAST_WORDS = 300
"""Characters of a crashed worker's output that go into its record."""


@dataclass
class Ending:
    """How a worker ended, and what it left."""

    status: Status
    error: str | None = None
    result: Result | None = None
    foreign_cpu: float | None = None


@dataclass
class _State:
    stage: str = "start"
    clocks: dict[str, CpuClock] = field(default_factory=dict)
    ending: Ending | None = None


class Workers:
    """Starts workers, one after another, from a fork server that is kept alive."""

    def __init__(self, modules: Sequence[str], environment: dict[str, str]) -> None:
        self._modules, self._environment = modules, environment
        self._zygote: Zygote | None = None

    def run(self, job: Job, meter: Meter, timeout_s: float) -> Ending:
        """One job in a fresh worker, watched to its end."""
        with tempfile.TemporaryDirectory(prefix="wattmark-") as folder:
            log = Path(folder) / "worker.log"
            pid, channel = self._fork()
            try:
                ending = self._watch(pid, channel, job, log, (meter, timeout_s))
            except BaseException:
                # The user's interrupt, or our own fault: no worker is left behind.
                self.close()
                raise
            finally:
                channel.close()
            return ending

    def _fork(self) -> tuple[int, Connection]:
        for _ in range(2):
            if self._zygote is None:
                self._zygote = Zygote(self._modules, self._environment)
            try:
                return self._zygote.fork()
            except WattmarkError:
                self.close()
        raise WattmarkError(
            "The fork server does not start.", "Run 'wattmark doctor' and check the installation."
        )

    def _watch(
        self, pid: int, channel: Connection, job: Job, log: Path, with_: tuple[Meter, float]
    ) -> Ending:
        meter, timeout_s = with_
        deadline = time.monotonic() + timeout_s
        state = _State()
        with contextlib.suppress(OSError):
            send(channel, {**pack_job(job), "log": str(log)})
        while state.ending is None:
            if not wait([channel], max(0.0, deadline - time.monotonic())):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                state.ending = Ending(
                    Status.TIMEOUT,
                    f"The worker did not end within {timeout_s:g} s (stage: {state.stage}); "
                    "raise --timeout, or lower --limit or --max-new-tokens.",
                )
                break
            try:
                _heed(receive(channel), channel, meter, state)
            except (EOFError, OSError):
                break
        status = self._zygote.status() if self._zygote is not None else None
        if status is None:
            self.close()  # the server is gone too: the next fork starts a new one
        ending = state.ending or _crash(status, state.stage, log)
        if "measured" in state.clocks and "done" in state.clocks:
            ending.foreign_cpu = foreign_cpus(state.clocks["measured"], state.clocks["done"])
        return ending

    def close(self) -> None:
        """End the fork server."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None


def _heed(message: dict[str, object], channel: Connection, meter: Meter, state: _State) -> None:
    """Act on one message of the worker."""
    if "mark" in message:
        state.stage = str(message["mark"])
        cpu_s = message["cpu_s"]
        assert isinstance(cpu_s, float)  # noqa: S101 - narrows what our own worker sent
        # Read, then let go: the reading lies before the region that begins here, and after
        # the one that ended here.
        meter.read_now()
        state.clocks[state.stage] = cpu_clock(cpu_s)
        send(channel, {"go": True})
    elif "result" in message:
        plain = message["result"]
        assert isinstance(plain, dict)  # noqa: S101 - narrows what our own worker sent
        state.ending = Ending(Status.OK, result=unpack_result(plain))
    else:
        state.ending = Ending(Status(str(message["status"])), str(message["error"]))


def _crash(status: int | None, stage: str, log: Path) -> Ending:
    """A worker that went without a word: how, and its last words."""
    words = _last_words(log)
    said = f" Its last words: {words}" if words else ""
    if status is None:
        return Ending(Status.CRASHED, f"The worker and its server were killed (stage: {stage}).")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        name = signal.Signals(number).name
        if number == signal.SIGKILL and psutil.virtual_memory().percent > 95:
            return Ending(Status.OOM, f"The worker was killed for memory (stage: {stage}).{said}")
        return Ending(Status.CRASHED, f"The worker died of {name} (stage: {stage}).{said}")
    code = os.WEXITSTATUS(status)
    return Ending(Status.CRASHED, f"The worker exited with code {code} (stage: {stage}).{said}")


def _last_words(log: Path) -> str:
    """The end of a worker's output, in one printable line."""
    try:
        text = log.read_bytes()[-4000:].decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal")]
    line = (fatal or lines or [""])[-1]
    return "".join(c for c in line if c.isprintable())[-LAST_WORDS:]
