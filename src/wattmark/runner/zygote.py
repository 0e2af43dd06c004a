"""The fork server: a process that has imported the engines, and forks a worker when asked.

Importing torch and transformers takes seconds; a fork of a process that has imported them
takes milliseconds and is as fresh: nothing was initialised (no thread pool, no CUDA) before
the fork. The server does one worker at a time and is told nothing but "fork".

Protocol, over a socket pair: the parent sends one byte with the worker's channel attached;
the server answers with the worker's pid, and when that has ended with its wait status.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import socket
import struct
import subprocess
import sys
from collections.abc import Mapping, Sequence
from multiprocessing.connection import Connection

from wattmark.errors import WattmarkError

_NUMBER = struct.Struct("!q")


class Zygote:
    """The parent's side. `fork` starts a worker; `status` reads how it ended."""

    def __init__(self, modules: Sequence[str], environment: Mapping[str, str]) -> None:
        self.control, theirs = socket.socketpair()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "wattmark.runner.zygote", str(theirs.fileno()), *modules],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env={**os.environ, **environment},
            start_new_session=True,  # Ctrl-C is the parent's to handle
        )
        theirs.close()

    @property
    def pid(self) -> int:
        """Process id of the server."""
        return self._process.pid

    def fork(self) -> tuple[int, Connection]:
        """A fresh worker: its pid and the channel to it."""
        ours, theirs = socket.socketpair()
        try:
            socket.send_fds(self.control, [b"f"], [theirs.fileno()])
            pid = _receive(self.control)
        except OSError:
            pid = None
        finally:
            theirs.close()
        if pid is None:
            ours.close()
            raise WattmarkError("The fork server has gone.", "It is started again.")
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
        message, descriptors, _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            _become_worker(control, descriptors[0])
        os.close(descriptors[0])
        control.sendall(_NUMBER.pack(pid))
        _, status = os.waitpid(pid, 0)
        control.sendall(_NUMBER.pack(status))


def _become_worker(control: socket.socket, descriptor: int) -> None:
    from wattmark.runner.worker import main  # noqa: PLC0415 - imported before, by preload

    control.close()
    code = 1
    try:
        code = main(Connection(descriptor))
    finally:
        # Not sys.exit: the server's stack below this frame is not the worker's.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _preload(modules: Sequence[str]) -> None:
    """Import what workers will need. What cannot be imported fails again, loudly, in them."""
    for module in ("wattmark.runner.worker", *modules):
        with contextlib.suppress(Exception):
            importlib.import_module(module)


if __name__ == "__main__":
    channel = socket.socket(fileno=int(sys.argv[1]))
    os.set_inheritable(channel.fileno(), False)
    _preload(sys.argv[2:])
    with contextlib.suppress(OSError):
        serve(channel)
