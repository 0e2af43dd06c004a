"""Loads with sharp edges: processes that are started and warm beforehand, and only gated later.

Each process stamps its own starts and ends, so the load is known as it was, not as it was asked
for: a busy machine lets some of them come late. The steps' lengths are random (and the same each
time): against a regular pattern a lag could not be told from a lag and a whole period.
"""

from __future__ import annotations

import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from types import TracebackType
from typing import Self

import numpy as np
import psutil

from wattmark.energy.probe_response import Load
from wattmark.errors import InputError, WattmarkError
from wattmark.monitor.busy import BYTES, GATE, Words
from wattmark.units import NS_PER_S, s_to_ns

SHORTEST_S = 8.0
START_S = 120.0
"""Longest wait for a process: a cold disk and torch take seconds, a hang is for ever."""
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
# Shares of the time: steady idle, steady load, slow steps, idle at the end; fast steps the rest.
IDLE, LOADED, SLOW, LAST = 0.18, 0.17, 0.27, 0.06
SLOW_STEPS = 6
FASTEST_S, FAST_S = 0.04, 0.5
# Half periods of square waves near the update periods in use, on a GPU.
SQUARE_S = (0.025, 0.05)
SQUARES = 0.08


def steps(seconds: float, *, square: bool = False, seed: int = 1) -> list[float]:
    """Lengths in seconds of an idle stretch, a loaded one, an idle one, … that add up.

    Steady idle, steady load, slow steps (for long windows), fast ones of random length (for
    short windows), with `square` also waves of 50 and 100 ms, and idle at the end.
    """
    if not seconds >= SHORTEST_S:
        raise InputError(
            f"{seconds:g} s are too short to probe a sensor.", f"Give {SHORTEST_S:g} s or more."
        )
    rng = np.random.default_rng(seed)
    slow = rng.uniform(0.7, 1.3, SLOW_STEPS)
    lengths = [IDLE * seconds, LOADED * seconds, *(SLOW * seconds * slow / slow.sum())]
    if square:
        for half_s in SQUARE_S:
            lengths += [half_s] * (2 * max(1, int(SQUARES * seconds / half_s / 2)))
    last_s = LAST * seconds
    while (left := seconds - last_s - sum(lengths)) > 2 * FAST_S:
        lengths += np.exp(rng.uniform(np.log(FASTEST_S), np.log(FAST_S), 2)).tolist()
    # The last stretch is an idle one.
    return [*lengths, last_s + left] if len(lengths) % 2 == 0 else [*lengths, left, last_s]


class GatedLoad:
    """Processes that work while the gate is open. `works` as in `monitor.busy`.

    Entering it starts them and waits until they are ready: WattmarkError says which one is not
    and why. Leaving it ends them, whatever they are at.
    """

    def __init__(self, name: str, works: Sequence[str]) -> None:
        self.name = name
        self._works = tuple(works)
        self._processes: list[subprocess.Popen[bytes]] = []
        self._words: list[Words] = []

    def __enter__(self) -> Self:
        try:
            for work in self._works:
                self._start(work)
            for work, process in zip(self._works, self._processes, strict=True):
                _wait_ready(self.name, work, process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pids(self) -> tuple[int, ...]:
        """Process ids of the load."""
        return tuple(process.pid for process in self._processes)

    def open(self) -> None:
        """Let them work from now on."""
        for words in self._words:
            words[GATE] = 1
        for process in self._processes:
            assert process.stdin is not None  # noqa: S101 - it was opened as a pipe
            with suppress(BrokenPipeError):  # one that died is named by `load`
                os.write(process.stdin.fileno(), b"g")

    def shut(self) -> None:
        """Let them rest."""
        for words in self._words:
            words[GATE] = 0

    def cpu_s(self) -> float:
        """CPU seconds used so far by all of them."""
        total = 0.0
        for process in self._processes:
            with suppress(psutil.NoSuchProcess):
                times = psutil.Process(process.pid).cpu_times()
                total += float(times.user + times.system)
        return total

    def load(self, start_ns: int, end_ns: int) -> Load:
        """What it was between two stamps. WattmarkError where a process ended early."""
        for work, process in zip(self._works, self._processes, strict=True):
            if process.poll() is not None:
                raise WattmarkError(f"The load {work} ended with status {process.returncode}.")
        share = 1 / len(self._words)
        events: dict[int, float] = {start_ns: 0.0}
        for words in self._words:
            for start, end in words.stamps():
                events[start] = events.get(start, 0.0) + share
                events[end] = events.get(end, 0.0) - share
        time_ns = np.array(sorted(events), dtype=np.int64)
        level = np.cumsum([events[stamp] for stamp in time_ns.tolist()])
        inside = (time_ns >= start_ns) & (time_ns < end_ns)
        return Load(self.name, time_ns[inside], np.round(level[inside], 6), end_ns)

    def close(self) -> None:
        """End the processes."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
        for words in self._words:
            words.close()
        self._processes, self._words = [], []

    def _start(self, work: str) -> None:
        with tempfile.TemporaryFile(prefix="wattmark-") as shared:
            shared.truncate(BYTES)
            self._words.append(Words(shared.fileno()))
            process = subprocess.Popen(
                [sys.executable, "-m", "wattmark.monitor.busy", work, str(shared.fileno())],
                pass_fds=[shared.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,  # Ctrl-C is the parent's to handle
                bufsize=0,
            )
            self._processes.append(process)


def run_steps(load: GatedLoad, lengths: Sequence[float]) -> Load:
    """Go through idle and loaded stretches of these lengths, and tell what the load was."""
    start_ns = time.monotonic_ns()
    at_ns = start_ns
    for number, length_s in enumerate(lengths):
        if number % 2:
            load.open()
        else:
            load.shut()
        at_ns += s_to_ns(length_s)
        time.sleep(max(0.0, (at_ns - time.monotonic_ns()) / NS_PER_S))
    return load.load(start_ns, time.monotonic_ns())


def _wait_ready(name: str, work: str, process: subprocess.Popen[bytes]) -> None:
    assert process.stdout is not None  # noqa: S101 - it was opened as a pipe
    readable, _, _ = select.select([process.stdout], [], [], START_S)
    said = process.stdout.readline().decode(errors="replace").strip() if readable else ""
    if said != "ready":
        why = said or ("it ended at once" if readable else f"it was silent for {START_S:g} s")
        raise WattmarkError(f"No {name} load: {work} does not run ({why}).")
