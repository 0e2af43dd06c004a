"""Ctrl-C, a polite kill and a closed terminal are one thing: an interrupt, at a safe moment.

What is finished is kept and the way on is said. While a record is being saved an interrupt
waits: a record is written whole, and then the run ends.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Self

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Turns the signals into KeyboardInterrupt; between `hold` and `release` they wait.

    Outside of the main thread, where signals cannot be handled, it does nothing. A signal that
    was being ignored (nohup, a shell's background job) stays ignored.
    """

    def __init__(self) -> None:
        self._held = False
        self._pending = False
        self._earlier: dict[signal.Signals, object] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in SIGNALS:
                if signal.getsignal(number) != signal.SIG_IGN:
                    self._earlier[number] = signal.signal(number, self._interrupt)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)  # type: ignore[arg-type] # what signal.signal gave
        self._earlier.clear()

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        if self._held:
            self._pending = True
        else:
            raise KeyboardInterrupt

    def hold(self) -> None:
        """From now on an interrupt waits for `release`."""
        self._held = True

    def release(self) -> None:
        """Raises KeyboardInterrupt where one came in the meantime."""
        self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold for the time of a block."""
        self.hold()
        try:
            yield
        finally:
            self._held = False  # an error goes on as it is; an interrupt comes in its own time
        self.release()
