"""`wattmark watch`: the sensors live, in a terminal, as lines, as JSON or for Prometheus."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from wattmark.cli.console import check_interval, print_json, say
from wattmark.errors import InputError

if TYPE_CHECKING:
    from wattmark.meter.meter import Meter
    from wattmark.monitor.live import Live, Snapshot

LONGEST_WAIT_S = 0.25
"""How late an end is seen at most."""


def watch(
    interval: Annotated[float, typer.Option(help="Seconds between two readings.")] = 1.0,
    sensor: Annotated[
        list[str] | None, typer.Option(help="Sensors to read; default: all that are found.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(help="End after so many seconds; default: at Ctrl-C.")
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Print one look, and end.")] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="A JSON object a line for each look.")
    ] = False,
    prometheus: Annotated[
        int | None,
        typer.Option(help="Serve metrics on this port of 127.0.0.1; 0 takes a free one."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Print nothing while it runs; for --prometheus.")
    ] = False,
) -> None:
    """Show power now, joules since the start with their interval, and faults, sensor by sensor."""
    from wattmark.meter import Settling
    from wattmark.meter.calibrated import calibrated
    from wattmark.meter.discover import discover, sensors
    from wattmark.meter.meter import Meter
    from wattmark.monitor.live import Live

    _check(interval, seconds)
    found = calibrated(discover(sensor or ()))
    meter = Meter(sensors(found), interval)
    if not meter.sensors:
        why = " ".join(one.missing for one in found if one.missing and sensor)
        raise InputError(f"No sensor can be read here. {why}".strip(), "See: wattmark doctor.")
    absent = {
        one.info.name: found_.missing
        for found_ in found
        for one in found_.sensors
        if found_.missing and isinstance(one, Settling)
    }
    live = Live(meter.infos, interval, absent=absent)
    watching = _Watching(meter, live, interval, _seconds(seconds, interval, once=once))
    looks = _looks(once=once, as_json=as_json, quiet=quiet, served=prometheus is not None)
    try:
        with _ended_by_signals(watching), _served(watching, prometheus):
            with meter:
                looks(watching)
            # The meter's end was one reading more, which belongs to the summary.
            last = watching.look()
    finally:
        meter.close()
    _summary(last, once=once, as_json=as_json, quiet=quiet)


@dataclass
class _Watching:
    """What is looked at, how often and for how long."""

    meter: Meter
    live: Live
    interval_s: float
    seconds: float | None
    ended: bool = False
    note: str = ""
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def look(self) -> Snapshot:
        """Everything up to now. Any thread may look; the readings stay in their order."""
        with self._one_at_a_time:
            self.live.add(self.meter.take())
        return self.live.snapshot()

    def ticks(self) -> Iterator[Snapshot]:
        """A look an interval, until the time is over or somebody ends it."""
        began = time.monotonic()
        due = began + self.interval_s
        while not self.ended:
            now = time.monotonic()
            left = float("inf") if self.seconds is None else began + self.seconds - now
            if left <= 0:
                return
            if now >= due:
                yield self.look()
                # Looks that were slept through (a suspended machine) are not made up for.
                due = max(due + self.interval_s, time.monotonic())
            else:
                time.sleep(min(LONGEST_WAIT_S, left, due - now))


def _check(interval: float, seconds: float | None) -> None:
    check_interval(interval)
    if seconds is not None and not seconds > 0:
        raise InputError(f"--seconds is {seconds:g}; it must be more than 0.")


def _seconds(seconds: float | None, interval: float, *, once: bool) -> float | None:
    """One look takes two readings: as many seconds as one interval, unless more were asked for."""
    return interval if once and seconds is None else seconds


def _looks(*, once: bool, as_json: bool, quiet: bool, served: bool) -> Callable[[_Watching], None]:
    """How it is shown while it runs."""
    in_terminal = sys.stdout.isatty()
    if once or quiet or (served and not in_terminal and not as_json):
        return _nothing
    if as_json:
        return _json_lines
    return _view if in_terminal else _lines


def _nothing(watching: _Watching) -> None:
    for _ in watching.ticks():
        pass


def _json_lines(watching: _Watching) -> None:
    from wattmark.cli.watch_view import as_plain

    for snapshot in watching.ticks():
        print_json(as_plain(snapshot), indent=None)
        sys.stdout.flush()


def _lines(watching: _Watching) -> None:
    from wattmark.cli.watch_view import one_line

    for snapshot in watching.ticks():
        typer.echo(one_line(snapshot))
        sys.stdout.flush()


def _view(watching: _Watching) -> None:
    from rich.console import Console
    from rich.live import Live as Screen

    from wattmark.cli.watch_view import draw

    console = Console()
    first = draw(watching.look(), console, note=watching.note)
    with Screen(first, console=console, screen=True, auto_refresh=False) as screen:
        for snapshot in watching.ticks():
            screen.update(draw(snapshot, console, note=watching.note), refresh=True)


def _summary(last: Snapshot, *, once: bool, as_json: bool, quiet: bool) -> None:
    """The last look, in full; a stream of JSON has had it."""
    from rich.console import Console

    from wattmark.cli.watch_view import as_plain, draw

    if as_json:
        print_json(as_plain(last), indent=1 if once else None)
    elif not quiet:
        console = Console()
        console.print(draw(last, console, ended=True))


@contextlib.contextmanager
def _served(watching: _Watching, port: int | None) -> Iterator[None]:
    if port is None:
        yield
        return
    from wattmark.monitor.exposition import Exposition

    with Exposition(watching.look, port) as exposition:
        watching.note = f"Metrics: {exposition.address}"
        say(watching.note)
        yield


@contextlib.contextmanager
def _ended_by_signals(watching: _Watching) -> Iterator[None]:
    """Ctrl-C ends it well, and so does SIGTERM, which is how a service is ended.

    Whoever asks a second time does not want to wait: that interrupts.
    """

    def end(*_: Any) -> None:
        if watching.ended:
            raise KeyboardInterrupt
        watching.ended = True

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
