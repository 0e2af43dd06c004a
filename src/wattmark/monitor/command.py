"""What a command costs: any program, measured from its start to its end like time(1).

The command keeps our standard streams, environment, working directory and process group. The
window goes from the moment at which it takes the place of our fork (which stamps the clock as the
last thing that it does) to that at which its own process has ended. Its children's CPU time counts
as far as it waited for them (getrusage, RUSAGE_CHILDREN). While a process is forked the meter's
threads wait for the next reading and hold no lock. See `signals` for Ctrl-C and the like.
"""

from __future__ import annotations

import os
import struct
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from wattmark.errors import WattmarkError
from wattmark.meter import Sensor
from wattmark.meter.load import cpu_clock
from wattmark.meter.meter import Meter
from wattmark.monitor.disturbed import disturbances, ended_children_cpu_s
from wattmark.monitor.figures import Stretch, results_of
from wattmark.monitor.result import EnergyResult
from wattmark.monitor.settle import settle_s
from wattmark.monitor.signals import CommandSignals
from wattmark.schema import Doubt, SensorInfo, Span
from wattmark.units import ns_to_s, s_to_ns

NOT_FOUND, NOT_EXECUTABLE = 127, 126
SIGNALLED = 128
LOOK_S = 0.1
"""How often it is looked, while idle, whether a signal has come."""


class CommandError(WattmarkError):
    """A command that could not be started; `exit_code` is the shell's for it (126 or 127)."""

    def __init__(self, message: str, exit_code: int, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.exit_code = exit_code


@dataclass(frozen=True)
class Repeat:
    """One time that the command ran."""

    exit_code: int
    """Its own, or 128 + n where signal n killed it."""
    signal: int | None
    cpu_seconds: float
    result: EnergyResult


class _Birth(NamedTuple):
    """When the command took the place of our fork, and the CPU time that had cost."""

    start_ns: int
    cpu_ns: int


_BIRTH = struct.Struct("=qq")


@dataclass(frozen=True)
class _Ran:
    exit_code: int
    signal: int | None
    cpu_s: float
    span: Span
    meter_cpu_s: float
    doubts: list[Doubt] = field(default_factory=list)


class CommandMeter:
    """Runs commands under `sensors`; use it in a with block, in the main thread.

    `before_exec` is called in the child before the command takes its place; `doubts` are told
    with each run's own.
    """

    def __init__(
        self,
        sensors: Sequence[Sensor],
        interval_s: float = 0.1,
        before_exec: Callable[[], None] | None = None,
        doubts: Sequence[Doubt] = (),
    ) -> None:
        self._meter = Meter(sensors, interval_s)
        self._doubts = tuple(doubts)
        self._before_exec = before_exec
        self._signals = CommandSignals()
        self._ran: list[_Ran] = []
        self._idle: list[Span] = []
        self._idle_doubts: list[Doubt] = []

    def __enter__(self) -> Self:
        self._signals.install()
        # What is polled elsewhere has then told of a time before the command.
        self._meter.settle()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._meter.close()
        finally:
            self._signals.remove()

    @property
    def infos(self) -> tuple[SensorInfo, ...]:
        """What is read."""
        return self._meter.infos

    @property
    def interrupted(self) -> bool:
        """Whether a signal has come: no other command should be started."""
        return self._signals.seen

    def warm_up(self, command: Sequence[str]) -> int:
        """Run it once without measuring; its exit code."""
        with self._signals:
            status, _ = self._spawned(command)
            return _exit_code(status)[0]

    def idle(self, seconds: float) -> None:
        """Measure the machine at rest; a signal ends it, and nothing is kept of it then."""
        if seconds <= 0 or self.interrupted:
            return
        before = cpu_clock(ended_children_cpu_s())
        self._meter.start()
        start_ns = time.monotonic_ns()
        end_ns = start_ns + s_to_ns(seconds)
        while (left_ns := end_ns - time.monotonic_ns()) > 0 and not self.interrupted:
            time.sleep(min(ns_to_s(left_ns), LOOK_S))
        idle = Span("idle", start_ns, time.monotonic_ns())
        if self._ran and not self.interrupted:  # what follows the first idle tells of its end
            self._meter.settle()
        self._meter.stop()
        if not self.interrupted:
            self._idle.append(idle)
            after = cpu_clock(ended_children_cpu_s())
            self._idle_doubts += disturbances("idle", before, after)

    def run(self, command: Sequence[str]) -> int:
        """Run it once and measure; its exit code. Raises CommandError where it cannot start."""
        meter = self._meter
        cost_s, children_s = meter.cost_cpu_s, ended_children_cpu_s()
        before = cpu_clock(children_s)
        with self._signals:
            meter.read_now()
            try:
                status, birth = self._spawned(command, self._meter.start)
                end_ns = time.monotonic_ns()
                meter.read_now()
                used_s = ended_children_cpu_s()
                after = cpu_clock(used_s)
                time.sleep(settle_s(self.infos))
                meter.settle()
            finally:
                self._meter.stop()
        code, number = _exit_code(status)
        ran = _Ran(
            exit_code=code,
            signal=number,
            cpu_s=max(0.0, used_s - children_s - ns_to_s(birth.cpu_ns)),
            span=Span("command", birth.start_ns, end_ns),
            meter_cpu_s=meter.cost_cpu_s - cost_s,
            doubts=disturbances("measured", before, after),
        )
        self._ran.append(ran)
        return code

    def repeats(self) -> list[Repeat]:
        """The figures of each run, once; net ones by all the idle that was measured."""
        stretches = [
            Stretch(
                start_ns=ran.span.start_ns,
                end_ns=ran.span.end_ns,
                idle=self._idle,
                doubts=(*self._doubts, *ran.doubts, *self._idle_doubts),
                meter_cpu_s=ran.meter_cpu_s,
            )
            for ran in self._ran
        ]
        results = results_of(self._meter, stretches)
        return [
            Repeat(ran.exit_code, ran.signal, ran.cpu_s, result)
            for ran, result in zip(self._ran, results, strict=True)
        ]

    def _spawned(
        self, command: Sequence[str], running: Callable[[], None] = lambda: None
    ) -> tuple[int, _Birth]:
        """Start, call `running`, and wait: the return code as subprocess gives it."""
        told, tell = os.pipe()
        with open(told, "rb", 0) as birth:  # noqa: PTH123 - a descriptor has no path
            try:
                child = subprocess.Popen(
                    command,
                    preexec_fn=partial(_be_born, self._before_exec, tell),  # noqa: PLW1509 - the meter rests now
                    close_fds=False,  # as time(1): what the caller hands down is the command's
                )
            except OSError as reason:
                raise _cannot_start(command[0], reason) from reason
            finally:
                os.close(tell)
            try:
                self._signals.adopt(child)
                running()
                return child.wait(), _Birth(*_BIRTH.unpack(birth.read(_BIRTH.size)))
            except BaseException:
                child.kill()
                child.wait()
                raise


def _be_born(before_exec: Callable[[], None] | None, tell: int) -> None:
    """In the child: the last thing before the command takes its place is to say when that is."""
    if before_exec is not None:
        before_exec()
    os.write(tell, _BIRTH.pack(time.monotonic_ns(), time.process_time_ns()))


def _exit_code(status: int) -> tuple[int, int | None]:
    """A return code of subprocess as the shell's exit code, and the signal that killed it."""
    return (SIGNALLED - status, -status) if status < 0 else (status, None)


def _cannot_start(program: str, reason: OSError) -> CommandError:
    if not isinstance(reason, FileNotFoundError):
        said = (reason.strerror or str(reason)).lower()
    elif os.sep in program and Path(program).exists():
        said = "the interpreter that its first line names does not exist"
    else:
        where = "there is no such file" if os.sep in program else "it is not in PATH"
        return CommandError(f"The command '{program}' was not found: {where}.", NOT_FOUND)
    return CommandError(f"The command '{program}' cannot be executed: {said}.", NOT_EXECUTABLE)
