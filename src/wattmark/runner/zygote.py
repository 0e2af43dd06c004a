"""The fork server: a process that has imported the engines, and forks a worker when asked.

Importing torch and transformers takes seconds; a fork of a process that has imported them
takes milliseconds, and nothing was initialised (no thread pool, no CUDA) before the fork. What
forks share is the server's address layout and hash seed: replicates that are to differ in these
too need a server each. A server does one worker at a time and is told nothing but "fork".

Protocol, over a socket pair: the server says its pid when it has imported everything. The parent
then sends one byte with a worker's channel and its log attached; the server answers with the
worker's pid, and when that has ended with its status.

Nobody is left behind: where the kernel can (Linux), the server dies with its parent and a worker
with its server, whatever they are at; elsewhere each notices that its channel has closed.
"""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import gc
import importlib
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection, wait
from typing import IO, Never

from wattmark.errors import WattmarkError

_NUMBER = struct.Struct("!q")
_PR_SET_PDEATHSIG = 1
START_S = 300.0
"""Longest time for the server to import its engines: a cold disk is slow, a hang is for ever."""
BEFORE_THE_FORK = {"OPENBLAS_NUM_THREADS": "1"}
"""OpenBLAS (of numpy and scipy; engines do not use it) starts its threads when it is imported."""
LAST_WORDS = 300
"""Characters of what a process said last that go into a message."""
NO_MEMORY = re.compile(r"memory allocation of \d+ bytes failed|bad_alloc|allocate memory")
"""What the allocators of Rust, C++ and C say before they abort the process."""


class Zygote:
    """The parent's side. `fork` starts a worker; `status` reads how it ended."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self.control, theirs = socket.socketpair()
        self._chatter = unnamed_file()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wattmark.runner.zygote", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=self._chatter,  # what engines say when imported is not for the terminal
            stderr=self._chatter,
            env={**os.environ, **environment, **BEFORE_THE_FORK},
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        theirs.close()
        self._ready = False

    def ready(self) -> None:
        """Wait until the engines are imported; WattmarkError where that fails or takes too long."""
        if self._ready:
            return
        if not wait([self.control], START_S):
            raise WattmarkError(f"The fork server is silent after {START_S:g} s.")
        if _receive(self.control) is None:
            raise WattmarkError(f"The fork server has gone. {last_words(self._chatter)}".strip())
        self._ready = True

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def fork(self, log: IO[bytes]) -> tuple[int, Connection]:
        """A fresh worker that writes its output to `log`: its pid and the channel to it."""
        self.ready()
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self.control, [b"f"], [theirs.fileno(), log.fileno()])
            pid = _receive(self.control)
        except OSError:
            pid = None
        finally:
            theirs.close()
        if pid is None:
            ours.close()
            raise WattmarkError(f"The fork server has gone. {last_words(self._chatter)}".strip())
        return pid, Connection(ours.detach())

    def status(self) -> int | None:
        """Wait status of the worker that has ended; None where the server itself is gone."""
        return _receive(self.control)

    def close(self) -> None:
        """End the server, and with it a worker that still runs."""
        self.control.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        self._chatter.close()


def unnamed_file() -> IO[bytes]:
    """A file for a process's output that goes with its last user, however that ends."""
    try:
        return tempfile.TemporaryFile(prefix="wattmark-")
    except OSError:  # no room for temporary files: the words are lost, the run is not
        return open(os.devnull, "w+b")  # noqa: PTH123 - closed by its holder


def last_words(log: IO[bytes]) -> str:
    """The end of a process's output, in one printable line.

    Where there is one, the line that says that memory ran out, or the fatal one: behind them
    stand the stacks of all threads.
    """
    try:
        size = os.fstat(log.fileno()).st_size
        text = os.pread(log.fileno(), 16_000, max(0, size - 16_000)).decode("utf-8", "replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    fatal = [line for line in lines if line.startswith("Fatal")]
    short = [line for line in lines if NO_MEMORY.search(line)] if fatal else []
    # The first that was refused: what was refused later was asked for to tell of it.
    line = (short[:1] or fatal or lines or [""])[-1]
    return "".join(c for c in line if c.isprintable())[-LAST_WORDS:]


def _receive(control: socket.socket) -> int | None:
    try:
        data = control.recv(_NUMBER.size, socket.MSG_WAITALL)
    except OSError:
        return None
    return _NUMBER.unpack(data)[0] if len(data) == _NUMBER.size else None


def serve(control: socket.socket) -> None:
    """Fork workers until the parent goes away."""
    # What was imported stays out of the collector's way, so that pages stay shared.
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            _become_worker(control, *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        control.sendall(_NUMBER.pack(pid))
        # Not reaped yet, its group cannot be another's: what it started goes with it.
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        with contextlib.suppress(OSError):
            os.killpg(pid, signal.SIGKILL)
        _, status = os.waitpid(pid, 0)
        control.sendall(_NUMBER.pack(status))


def _become_worker(control: socket.socket, channel: int, log: int) -> Never:
    code = 1
    try:
        server = os.getppid()
        os.setpgid(0, 0)
        die_with_parent(server)
        control.close()
        # An engine's chatter goes to a file, where a crash leaves its last words.
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.close(log)
        faulthandler.enable()
        from wattmark.runner.worker import main  # noqa: PLC0415 - imported before, by preload

        code = main(Connection(channel))
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        # Not sys.exit: the server's stack below this frame is not the worker's.
        os._exit(code)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when `parent` dies (Linux); a no-op elsewhere."""
    if not sys.platform.startswith("linux"):
        return
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before it was asked for
        os._exit(1)


def preload(modules: Sequence[str]) -> None:
    """Import what workers will need: adapters, and what each names in its `PRELOAD`.

    What cannot be imported fails again, loudly, in the worker.
    """
    for name in ("wattmark.runner.worker", *modules):
        with contextlib.suppress(Exception):
            adapter = importlib.import_module(name)
            for lazy in getattr(adapter, "PRELOAD", ()):
                with contextlib.suppress(Exception):
                    importlib.import_module(lazy)


if __name__ == "__main__":
    die_with_parent(os.getppid())
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)
    preload(sys.argv[2:])
    channel.sendall(_NUMBER.pack(os.getpid()))
    with contextlib.suppress(OSError):
        serve(channel)
