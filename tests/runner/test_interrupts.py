"""Signals wait while something is being saved, and come at its end; ignored ones stay ignored."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from wattmark.runner.interrupt import SIGNALS, Interrupts

# It sends signals, or counts on when things happen: nothing else may run meanwhile.
pytestmark = pytest.mark.alone


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    earlier = {number: signal.getsignal(number) for number in SIGNALS}
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    yield
    for number, handler in earlier.items():
        signal.signal(number, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_every_signal_interrupts(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == signal.SIG_DFL


def test_a_signal_waits_until_it_is_safe() -> None:
    saved = []

    def save_two() -> None:
        with Interrupts() as interrupts:
            with interrupts.held():
                os.kill(os.getpid(), signal.SIGTERM)
                os.kill(os.getpid(), signal.SIGINT)
                saved.append("whole")
            saved.append("never")

    with pytest.raises(KeyboardInterrupt):
        save_two()
    assert saved == ["whole"]


def test_an_error_inside_is_not_replaced_by_the_interrupt() -> None:
    def fail() -> None:
        with Interrupts() as interrupts, interrupts.held():
            os.kill(os.getpid(), signal.SIGTERM)
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()


def test_after_an_error_inside_signals_come_again() -> None:
    with Interrupts() as interrupts:
        with pytest.raises(OSError, match="full"), interrupts.held():
            raise OSError("full")
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGTERM)


def test_a_signal_that_was_ignored_stays_ignored() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with Interrupts():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_on_another_thread_it_does_nothing() -> None:
    seen = []

    def work() -> None:
        with Interrupts() as interrupts, interrupts.held():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [signal.SIG_DFL]
