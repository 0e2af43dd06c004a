"""Commands that need not import: forks of a process that has imported all that commands do.

Python and its imports take a command a second, and these tests start hundreds. A fork goes on as
`python -m wattmark` does: its arguments, directory, environment, CPUs, streams and end are its own,
and so is its fork server where it runs models. Two things differ from a start of its own: it shares
a hash seed with others, and has modules that it did not ask for. So `start` and the pages of the
docs start every command anew, and so does all that is given an environment that imports may read.

Protocol, over a socket pair: the server says 0 when it has imported everything. The tests then send
one byte with the job, standard output and standard error attached; the server answers with the
command's pid, and when that has ended with its status.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import selectors
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

_NUMBER = struct.Struct("!q")
WHEN_CALLED = (
    *("wattmark.cli.main", "wattmark.cli.watch_view", "wattmark.exchange.find"),
    *("wattmark.monitor.calibrate", "wattmark.monitor.command", "wattmark.monitor.exposition"),
    *("wattmark.monitor.integrate", "wattmark.monitor.live", "wattmark.report.comparison"),
    *("wattmark.report.page", "wattmark.report.retrieval", "wattmark.report.statistics"),
    *("wattmark.report.table", "wattmark.runner.examine", "wattmark.runner.rescore"),
    *("wattmark.runner.run", "wattmark.runner.timing", "wattmark.scoring.predictions"),
)
"""What commands import when they are called, engines left out: they know no model here."""


class WarmCommands:
    """The tests' side. `environment` is what the imports of all commands see."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._control, theirs = socket.socketpair()
        self._imported_with = dict(environment)
        with theirs:
            subprocess.run(
                [sys.executable, __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                # OpenBLAS starts its threads when it is imported; no fork takes them along.
                env={**environment, "OPENBLAS_NUM_THREADS": "1"},
                check=True,
            )
        assert self._receive() == 0

    def may_run(self, environment: Mapping[str, str]) -> bool:
        """Whether nothing differs but what is read when it is needed."""
        changed = dict(environment.items() ^ self._imported_with.items())
        return all(name.startswith(("XDG_", "PYTEST_")) for name in changed)

    def run(
        self, words: Sequence[str], cwd: Path, environment: Mapping[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[bytes]:
        """A command to its end; raises TimeoutExpired as subprocess.run does."""
        job = {
            "words": list(words),
            "cwd": str(cwd),
            "environment": dict(environment),
            "cpus": sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [],
        }
        with tempfile.TemporaryFile("w+", encoding="utf-8") as told, _pipe() as out, _pipe() as err:
            json.dump(job, told)
            told.seek(0)
            socket.send_fds(self._control, [b"f"], [told.fileno(), out.theirs, err.theirs])
            pid = self._receive()
            in_time = _read_all((out, err), timeout_s)
            if not in_time:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            code = os.waitstatus_to_exitcode(self._receive())
            if not in_time:
                raise subprocess.TimeoutExpired(list(words), timeout_s, bytes(out.said))
            return subprocess.CompletedProcess(list(words), code, bytes(out.said), bytes(err.said))

    def _receive(self) -> int:
        data = self._control.recv(_NUMBER.size, socket.MSG_WAITALL)
        assert len(data) == _NUMBER.size, "the server of commands has gone: see standard error"
        return int(_NUMBER.unpack(data)[0])


class _Pipe:
    def __init__(self) -> None:
        self.ours, self.theirs = os.pipe()
        self.said = bytearray()


@contextlib.contextmanager
def _pipe() -> Iterator[_Pipe]:
    pipe = _Pipe()
    try:
        yield pipe
    finally:
        os.close(pipe.ours)
        if pipe.theirs >= 0:
            os.close(pipe.theirs)


def _read_all(pipes: Sequence[_Pipe], timeout_s: float) -> bool:
    """Read until nobody holds the other ends any more; False where that takes too long."""
    deadline = time.monotonic() + timeout_s
    with selectors.DefaultSelector() as open_ones:
        for pipe in pipes:
            os.close(pipe.theirs)
            pipe.theirs = -1
            open_ones.register(pipe.ours, selectors.EVENT_READ, pipe)
        while open_ones.get_map():
            ready = open_ones.select(max(0.0, deadline - time.monotonic()))
            if not ready:
                return False
            for key, _ in ready:
                data = os.read(key.fd, 65536)
                key.data.said += data
                if not data:
                    open_ones.unregister(key.fd)
    return True


def serve(control: socket.socket) -> list[int]:
    """Fork whenever asked to. It returns in forks alone: what came with the request."""
    while True:
        message, descriptors, _, _ = socket.recv_fds(control, 1, 3)
        if not message:  # the tests are over
            os._exit(0)
        pid = os.fork()
        if pid == 0:
            control.close()
            return descriptors
        for descriptor in descriptors:
            os.close(descriptor)
        _say(control, pid)
        _, status = os.waitpid(pid, 0)
        _say(control, status)


def _say(control: socket.socket, number: int) -> None:
    try:
        control.sendall(_NUMBER.pack(number))
    except OSError:  # the tests were ended
        os._exit(0)


def become(told: int, out: int, err: int) -> None:
    """Be the process of a command that is about to begin."""
    os.dup2(out, 1)
    os.dup2(err, 2)
    os.close(out)
    os.close(err)
    # As the interpreter makes them when it starts: the server had no such streams.
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(io.FileIO(1, "w", closefd=False)))
    sys.stderr = io.TextIOWrapper(
        io.BufferedWriter(io.FileIO(2, "w", closefd=False)),
        errors="backslashreplace",
        line_buffering=True,
    )
    with open(told, encoding="utf-8") as file:
        job = json.load(file)
    os.chdir(job["cwd"])
    os.environ.clear()
    os.environ.update(job["environment"])
    if job["cpus"]:
        os.sched_setaffinity(0, job["cpus"])
    sys.path[0] = str(Path.cwd())  # as of `python -m`
    sys.argv[1:] = job["words"]


if __name__ == "__main__":
    if os.fork():  # nobody's child: tests count theirs
        os._exit(0)
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)
    here = sys.path.pop(0)  # this folder is none of a command's
    for module in WHEN_CALLED:
        importlib.import_module(module)
    sys.path.insert(0, here)
    gc.collect()
    gc.freeze()
    _say(channel, 0)
    become(*serve(channel))
    runpy.run_module("wattmark", run_name="__main__", alter_sys=True)
