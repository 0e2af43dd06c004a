"""Signals while a command is measured: they are the command's, and what was measured stays.

Ctrl-C at a terminal reaches the command by itself, as it is in the same foreground group; what is
sent to us alone is passed on to it. Either way it ends in its own manner.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from types import FrameType, TracebackType
from typing import Self

GRACE_S = 0.25
"""A signal is passed on after this long: whoever signals the whole group reached it already."""
SIGNALS = (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP)
FROM_KEYS = (signal.SIGINT, signal.SIGQUIT)


class CommandSignals:
    """From `install` on signals only set `seen`; entered, around a command, they are its own.

    None is raised as an exception: one in the wrong place would lose what was measured.
    """

    def __init__(self) -> None:
        self.seen = False
        self._busy = False
        self._child: subprocess.Popen[bytes] | None = None
        self._came_early: list[int] = []
        self._timers: list[threading.Timer] = []
        self._earlier: dict[signal.Signals, object] = {}

    def install(self) -> None:
        """Handle them from now on; what was being ignored (nohup) stays so, for the command too."""
        for number in SIGNALS:
            if signal.getsignal(number) != signal.SIG_IGN:
                self._earlier[number] = signal.signal(number, self._came)

    def remove(self) -> None:
        """As it was before."""
        for number, handler in self._earlier.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal gave
        self._earlier.clear()

    def __enter__(self) -> Self:
        self._busy = True
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._busy, self._child = False, None
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._came_early.clear()

    def adopt(self, child: subprocess.Popen[bytes]) -> None:
        """The command that they are for; those that came while it was started as well."""
        self._child = child
        for number in self._came_early:
            self._pass_on(number)

    def _came(self, number: int, _frame: FrameType | None) -> None:
        again, self.seen = self.seen, True
        if not self._busy:
            return  # nothing runs, and whoever asks sees that nothing should
        if number in FROM_KEYS and not again and _in_foreground():
            return  # the terminal has sent it to the whole group
        if self._child is None:
            self._came_early.append(number)
        else:
            self._pass_on(number)

    def _pass_on(self, number: int) -> None:
        if self._child is not None:
            timer = threading.Timer(GRACE_S, self._child.send_signal, [number])
            timer.daemon = True
            timer.start()
            self._timers.append(timer)


def _in_foreground() -> bool:
    """Whether keys at the terminal send their signals to our process group."""
    try:
        terminal = os.open(os.ctermid(), os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
