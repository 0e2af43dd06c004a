"""The model names of the fake backend, and the ways in which it can go wrong on purpose.

    fake
    fake:tokens=12,step_s=0.005,prefill_s=0.03
    fake:accuracy=0.9
    fake:fail=crash,fail_at=batch 1

=============  ===================================================================
`load_s`       seconds that loading takes
`prefill_s`    seconds of a batch before its first tokens
`step_s`       seconds of each decode step after that
`tokens`       tokens of every answer; by default as many as the answer has bytes, + 1
`accuracy`     share of queries that are answered right (the same ones every time)
`fail`         error (an exception), oom (a true MemoryError), crash (exit code 3), kill
               (SIGKILL), segfault (a true one), hang (forever)
`fail_at`      `load`, or `batch N`; `batch 0` by default (warm-up batches count from 0 too)
=============  ===================================================================
"""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Never

from wattmark.errors import InputError, unknown

_CHUNK_BYTES = 64 * 1024**2


@dataclass(frozen=True, kw_only=True)
class FakeModel:
    """What a fake model's name asks for."""

    load_s: float = 0.0
    prefill_s: float = 0.0
    step_s: float = 0.0
    tokens: int | None = None
    accuracy: float = 1.0
    fail: str | None = None
    fail_at: str = "batch 0"

    def fails_at(self, point: str) -> bool:
        """Whether its fault strikes at `point`: 'load' or 'batch N'."""
        return self.fail is not None and self.fail_at == point


def is_fake(name: str) -> bool:
    """Whether `name` is a fake model; InputError where it is one with a mistake in it."""
    if name != "fake" and not name.startswith("fake:"):
        return False
    parse_fake(name)
    return True


def parse_fake(name: str) -> FakeModel:
    """What `fake:key=value,…` asks for; InputError for an unknown key or a value out of range."""
    known = {field.name for field in fields(FakeModel)}
    asked: dict[str, float | int | str] = {}
    text = name.removeprefix("fake").removeprefix(":")
    for pair in filter(None, (part.strip() for part in text.split(","))):
        key, _, value = (part.strip() for part in pair.partition("="))
        if key not in known:
            raise InputError(unknown("key of a fake model", key, known))
        try:
            asked[key] = _VALUES.get(key, _seconds)(value)
        except ValueError as reason:
            raise InputError(f"'{name}': {key} must be {reason}, not '{value}'.") from reason
    return FakeModel(**asked)  # type: ignore[arg-type] # each value went through its own parser


def _seconds(value: str) -> float:
    number = _number(value)
    if not 0 <= number < float("inf"):
        raise ValueError("seconds, zero or more")
    return number


def _share(value: str) -> float:
    number = _number(value)
    if not 0 <= number <= 1:
        raise ValueError("a share from 0 to 1")
    return number


def _number(value: str) -> float:
    try:
        return float(value)
    except ValueError:
        raise ValueError("a number") from None


def _count(value: str) -> int:
    if not value.isdecimal() or int(value) == 0:
        raise ValueError("a whole number, one or more")
    return int(value)


def _fault(value: str) -> str:
    if value not in FAULTS:
        raise ValueError("one of " + ", ".join(sorted(FAULTS)))
    return value


def _point(value: str) -> str:
    word, _, number = value.partition(" ")
    if value == "load" or (word == "batch" and number.removeprefix("-").isdecimal()):
        return value
    raise ValueError("'load' or 'batch N'")


_VALUES: Mapping[str, Callable[[str], float | int | str]] = {
    "tokens": _count,
    "accuracy": _share,
    "fail": _fault,
    "fail_at": _point,
}


def _error() -> Never:
    raise RuntimeError("a fake failure, as asked for")


def _oom() -> Never:
    """Take memory until there is no more of it; a MemoryError that the allocator raised."""
    limits = [resource.getrlimit(kind)[0] for kind in (resource.RLIMIT_AS, resource.RLIMIT_DATA)]
    if all(limit == resource.RLIM_INFINITY for limit in limits):
        # Without a limit, filling up would take the whole machine: ask for too much at once.
        bytearray(sys.maxsize - 1)
    held = []
    while True:
        held.append(bytearray(_CHUNK_BYTES))


def _crash() -> Never:
    os._exit(3)


def _kill() -> Never:
    os.kill(os.getpid(), signal.SIGKILL)
    _hang()  # the signal is delivered before this line, or at once after it


def _segfault() -> Never:
    ctypes.string_at(0)
    _hang()  # never reached: address zero is not mapped


def _hang() -> Never:
    while True:
        time.sleep(3600)


FAULTS: Mapping[str, Callable[[], Never]] = {
    "error": _error,
    "oom": _oom,
    "crash": _crash,
    "kill": _kill,
    "segfault": _segfault,
    "hang": _hang,
}
