"""The parent while a worker runs: it blocks on the worker's channel and reads sensors on a mark.

Whatever happens to the worker (an error of its own, a crash, a hang, memory gone) comes back
as an `Ending`; only the user's interrupt passes through. The deadline counts the worker's own
time: while the parent keeps it waiting (a driver that hangs) it stands still, and while a model is
converted, which has a limit of its own.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import IO, Any

from wattmark.energy.validity import clock_stepped, sensors_hung
from wattmark.errors import WattmarkError
from wattmark.meter.lines import PATIENCE_S
from wattmark.meter.load import CpuClock, clock_step_s, cpu_clock, foreign_cpus
from wattmark.meter.meter import Meter
from wattmark.monitor.disturbed import disturbances
from wattmark.runner.deadline import Deadline
from wattmark.runner.wire import Job, Result, pack_job, receive, send, unpack_result
from wattmark.runner.zygote import NO_MEMORY, Zygote, last_words, unnamed_file
from wattmark.schema import Doubt, Span, Status
from wattmark.units import gibibytes

More = Callable[[Span, int, float], int]
"""A region that is over, its repetitions and the seconds left → repetitions to begin anew with."""

NOT_READ = "not read: "
"""How the meter's fault for a sensor that hangs begins."""
RESERVE = 0.1
"""Share of the time left that no longer region may use."""


@dataclass
class Ending:
    """How a worker ended, and what it left."""

    status: Status
    error: str | None = None
    result: Result | None = None
    foreign_cpu: float | None = None
    """CPUs that others used during the measured region."""
    doubts: tuple[Doubt, ...] = ()
    tried: tuple[tuple[int, float], ...] = ()
    """(batch size, answers a second) of a worker that tried sizes."""
    made: tuple[Span, ...] = ()
    """What such a worker had to make before: its export."""


@dataclass
class _State:
    meter: Meter
    more: More | None = None
    stage: str = "start"
    clocks: list[tuple[str, CpuClock]] = field(default_factory=list)
    hung: Counter[str] = field(default_factory=Counter)
    """Sensor → marks at which it was not read, because it hung."""
    tried: list[tuple[int, float]] = field(default_factory=list)
    made: list[Span] = field(default_factory=list)


class Workers:
    """Starts workers, one after another, from a fork server that is kept alive."""

    def __init__(self, modules: Sequence[str], environment: dict[str, str]) -> None:
        self._modules, self._environment = modules, environment
        self._zygote: Zygote | None = None

    def start(self) -> None:
        """Have a server that has imported its engines, so that no import runs beside a worker."""
        if self._zygote is None:
            self._zygote = Zygote(self._modules, self._environment)
        try:
            self._zygote.ready()
        except WattmarkError:
            self.close()  # the next fork tries again, and says what is wrong

    def run(self, job: Job, meter: Meter, timeout_s: float, more: More | None = None) -> Ending:
        """One job in a fresh worker, watched to its end; `more` may lengthen its region."""
        killed_before = _killed_for_memory()
        try:
            with unnamed_file() as log:
                server, pid, channel = self._fork(log)
                with channel:
                    state = _State(meter, more)
                    ending = _watch(server, pid, channel, job, timeout_s=timeout_s, state=state)
                status = server.status()
                if status is None:
                    self.close()  # the server is gone too: the next fork starts a new one
                if ending is None:
                    memory = _killed_for_memory() > killed_before
                    ending = _crash(status, state.stage, last_words(log), memory=memory)
        except BaseException:
            # The user's interrupt, or our own fault: no worker is left behind.
            self.close()
            raise
        if ending.status == Status.OOM and job.memory_limit_bytes is not None:
            # Imports and mappings count too: what is short may be the limit, not the machine.
            ending.error = (
                f"{ending.error} (--memory-limit is {gibibytes(job.memory_limit_bytes)}.)"
            )
        ending.foreign_cpu, ending.doubts = _disturbed(state.clocks)
        ending.doubts += tuple(sensors_hung(state.hung, PATIENCE_S))
        ending.tried, ending.made = tuple(state.tried), tuple(state.made)
        return ending

    def _fork(self, log: IO[bytes]) -> tuple[Zygote, int, Connection]:
        said = ""
        for _ in range(2):
            if self._zygote is None:
                self._zygote = Zygote(self._modules, self._environment)
            try:
                return self._zygote, *self._zygote.fork(log)
            except WattmarkError as reason:
                said = reason.message
                self.close()
        raise WattmarkError(
            f"The fork server does not start: {said}",
            "Run 'wattmark doctor' and check the installation.",
        )

    def close(self) -> None:
        """End the fork server."""
        if self._zygote is not None:
            self._zygote.close()
            self._zygote = None


def _watch(
    server: Zygote,
    pid: int,
    channel: Connection,
    job: Job,
    *,
    timeout_s: float,
    state: _State,
) -> Ending | None:
    """Answer the worker until it says how it ended; None where it went without a word."""
    deadline = Deadline(job.trial, timeout_s)
    try:
        send(channel, pack_job(job))
        while True:
            ready = wait([channel, server.control], max(0.0, deadline.left_s))
            if not ready:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
                return Ending(Status.TIMEOUT, deadline.missed(state.stage))
            # The server has a word only when the worker is gone. What it sent before is there,
            # but its channel may be held open by a process that it started.
            if channel in ready or channel.poll(0):
                message, asked = receive(channel), time.monotonic()
                left_s = (1 - RESERVE) * deadline.left_s - job.idle_s
                ending = _heed(message, channel, left_s, state)
                if ending is not None:
                    return ending
                deadline.stand_still(time.monotonic() - asked)
                deadline.enter(state.stage)
            else:
                return None
    except (EOFError, OSError):
        return None


def _heed(
    message: dict[str, Any], channel: Connection, left_s: float, state: _State
) -> Ending | None:
    """Act on one message of the worker; its ending, if it was the last."""
    if "stage" in message:
        state.stage = message["stage"]
        return None
    if "tried" in message:
        size, rate = message["tried"]
        state.tried.append((size, rate))
        return None
    if "made" in message:
        state.made.append(Span(*message["made"]))
        return None
    if "mark" in message:
        state.stage = message["mark"]
        # Read, then let go: the reading lies before the region that begins here, and after
        # the one that ended here.
        samples = state.meter.read_now()
        state.hung.update(s.sensor for s in samples if (s.fault or "").startswith(NOT_READ))
        state.clocks.append((state.stage, cpu_clock(message["cpu_s"])))
        send(channel, {"go": True, "repetitions": _longer(message, left_s, state)})
        return None
    if "result" in message:
        return Ending(Status.OK, result=unpack_result(message["result"]))
    return Ending(Status(message["status"]), message["error"])


def _longer(message: dict[str, Any], left_s: float, state: _State) -> int:
    """Repetitions of a longer region, where the one that is over was too short; else 0."""
    if state.more is None or "region" not in message:
        return 0
    region = Span("measured", *message["region"])
    try:
        repetitions = state.more(region, message["repetitions"], left_s)
    # Whatever is wrong with these samples will be wrong for the record too, which says so.
    except Exception:
        return 0
    if repetitions:  # what ran so far was no measured region: others' load in it harmed nothing
        state.clocks = [
            ("warm-up" if stage == "measured" else stage, clock) for stage, clock in state.clocks
        ]
    return repetitions


def _disturbed(clocks: Sequence[tuple[str, CpuClock]]) -> tuple[float | None, tuple[Doubt, ...]]:
    """Foreign CPU use of the measured region, and doubts about it, about idle and about sleep."""
    measured: float | None = None
    doubts: dict[str, Doubt] = {}
    for (stage, before), (_, after) in pairwise(clocks):
        if stage == "measured":
            measured = foreign_cpus(before, after)
        doubts |= {doubt.code: doubt for doubt in disturbances(stage, before, after)}
    if clocks:
        step_s = clock_step_s(clocks[0][1], clocks[-1][1])
        doubts |= {doubt.code: doubt for doubt in clock_stepped(step_s)}
    return measured, tuple(doubts.values())


def _crash(status: int | None, stage: str, words: str, *, memory: bool) -> Ending:
    """A worker that went without a word: how, and its last words."""
    said = f" Its last words: {words}" if words else ""
    if status is None:
        return Ending(Status.CRASHED, f"The worker and its server were killed (stage: {stage}).")
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        if number == signal.SIGKILL and memory:
            return Ending(
                Status.OOM,
                f"The system killed the worker because memory ran out (stage: {stage}).{said}",
            )
        if number == signal.SIGABRT and NO_MEMORY.search(words):
            return Ending(
                Status.OOM, f"Memory ran out and the engine aborted (stage: {stage}).{said}"
            )
        return Ending(
            Status.CRASHED, f"The worker died of {_signal_name(number)} (stage: {stage}).{said}"
        )
    code = os.WEXITSTATUS(status)
    return Ending(Status.CRASHED, f"The worker exited with code {code} (stage: {stage}).{said}")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _killed_for_memory() -> int:
    """How many processes the kernel has killed for memory since it started; 0 where untold."""
    try:
        lines = Path("/proc/vmstat").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("oom_kill "))
