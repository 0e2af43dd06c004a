"""Windows: two stamps of the monotonic clock around a piece of work.

A window reads the clock at each end and appends to a list (appending is atomic, so any thread
may), about a microsecond in all. Nobody waits for a sensor there; the meter's thread is woken to
read one soon after, unless that was so less than `EDGES_APART_NS` ago. A window knows no other,
so they nest and overlap freely, in threads and between the awaits of asyncio alike; what each
took is read off the meter's curve afterwards. On a GPU work is queued: synchronise before a
window ends, where the code between does not wait for its results anyway.
"""

from __future__ import annotations

import functools
import inspect
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager
from time import monotonic_ns
from types import TracebackType
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from wattmark.errors import InputError, WattmarkError
from wattmark.schema import Doubt, Span

P = ParamSpec("P")
R = TypeVar("R")

EDGES_APART_NS = 10_000_000
"""Ends of windows that follow sooner have no reading of their own: readings cost some 0.1 ms."""


class Session:
    """The stamps of one measurement, from its start to its stop.

    `nudge` has the sensors read soon, and returns at once.
    """

    __slots__ = ("begun", "closed", "ended", "nudge", "quiet_ns")

    def __init__(self, nudge: Callable[[], None]) -> None:
        self.begun: list[str] = []
        self.ended: list[tuple[str, int, int]] = []
        self.closed = False
        self.nudge = nudge
        self.quiet_ns = 0
        """Until then no end of a window has a reading of its own."""

    def edge(self, now_ns: int) -> None:
        """Have the end of a window read. Two threads at once have it read twice: no harm."""
        self.quiet_ns = now_ns + EDGES_APART_NS
        self.nudge()

    def close(self) -> tuple[tuple[Span, ...], tuple[Doubt, ...]]:
        """No window ends in it any more: those that did, and a doubt about those that did not."""
        self.closed = True
        ended = tuple(Span(*stamps) for stamps in self.ended)
        still_open = Counter(self.begun) - Counter(span.name for span in ended)
        if not still_open:
            return ended, ()
        names = ", ".join(f"'{name}' ({times})" for name, times in still_open.items())
        count = still_open.total()
        were = "1 window was" if count == 1 else f"{count} windows were"
        said = f"{were} still open at stop(): {names}."
        return ended, (Doubt("window-open", said, "End each of them before the monitor stops."),)


class Owner(Protocol):
    """Who measures: `session` while it does, None otherwise; `resting` says why not."""

    session: Session | None
    resting: str


class Window:
    """A context manager (also `async with`) and a decorator; each use stamps a window of its own.

    Raises WattmarkError where the monitor does not run, or has stopped meanwhile, and where this
    very object is open already.
    """

    __slots__ = ("_owner", "_session", "_start_ns", "name")

    def __init__(self, owner: Owner, name: str) -> None:
        if not isinstance(name, str):
            raise InputError(
                f"A window's name is a text, not {type(name).__name__}.",
                'Write window("name"), with parentheses as a decorator too.',
            )
        self.name = name
        self._owner = owner
        self._session: Session | None = None
        self._start_ns = 0

    def __enter__(self) -> Window:
        session = self._owner.session
        if session is None:
            raise WattmarkError(f"Window '{self.name}': {self._owner.resting}")
        if self._session is not None:
            raise WattmarkError(
                f"Window '{self.name}' is open already.", "Ask for another: monitor.window(…)."
            )
        self._session = session
        session.begun.append(self.name)
        self._start_ns = start_ns = monotonic_ns()
        if start_ns >= session.quiet_ns:
            session.edge(start_ns)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        end_ns = monotonic_ns()
        session = self._session
        if session is None:
            raise WattmarkError(f"Window '{self.name}' was not open.", "Use it in a with block.")
        self._session = None
        session.ended.append((self.name, self._start_ns, end_ns))
        if end_ns >= session.quiet_ns:
            session.edge(end_ns)
        # The work's own error tells more than that its window came to nothing.
        if session.closed and error is None:
            raise WattmarkError(
                f"Window '{self.name}' ended after the monitor had stopped: it has no figure.",
                "Stop the monitor after the work.",
            )

    async def __aenter__(self) -> Window:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, trace)

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        return inside(function, lambda: Window(self._owner, self.name))


def inside(
    function: Callable[P, R], around: Callable[[], AbstractContextManager[Any]]
) -> Callable[P, R]:
    """`function`, each call of it inside a context of its own; coroutine functions too.

    Raises InputError for generator functions: a call of one does no work yet.
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise InputError(
            f"'{function.__name__}' is a generator: calling it does no work yet.",
            "Put 'with monitor.window(…)' inside it, or around the loop that uses it.",
        )
    if inspect.iscoroutinefunction(function):

        @functools.wraps(function)
        async def waited(*args: P.args, **kwargs: P.kwargs) -> Any:
            with around():
                return await function(*args, **kwargs)

        return cast(Callable[P, R], waited)

    @functools.wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        with around():
            return function(*args, **kwargs)

    return called
