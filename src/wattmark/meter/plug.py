"""A smart plug, or anything else that tells its power or energy as JSON over HTTP.

    plug:http://192.168.1.7/status,field=meters.0.power,unit=W

`field` is the way to the number: names and places in lists, separated by dots. A Shelly of the
first generation tells `meters.0.power`, of later ones `switch:0.apower` (/rpc/Shelly.GetStatus),
Tasmota `StatusSNS.ENERGY.Power` (/cm?cmnd=Status%208). A value is stamped with the middle of the
asking, since plugs tell no time of measurement; how often it is renewed and over what it is
averaged is the maker's secret, and half a second to ten in what is on sale: `period` and
`window` say it where it is known.
"""

from __future__ import annotations

import math
import time
from typing import Any

from wattmark.errors import InputError, unknown
from wattmark.meter import Found, remoteoptions, web
from wattmark.meter.remote import AbsentError, RemoteSensor, Told, found
from wattmark.meter.web import Endpoint
from wattmark.optiontext import redacted

EXAMPLE = "plug:http://192.168.1.7/status,field=meters.0.power,unit=W,component=wall"
SHOWN_NAMES = 12


class Plug:
    """One field of one page, in watts or joules by `factor`."""

    def __init__(self, endpoint: Endpoint, path: str, factor: float) -> None:
        self.timeout_s = endpoint.timeout_s
        self._endpoint, self._path, self._factor = endpoint, path, factor

    def ask(self) -> list[Told | str]:
        before_ns = time.monotonic_ns()
        status, page = self._endpoint.get()
        seen_ns = (before_ns + time.monotonic_ns()) // 2
        self._endpoint.check(status)
        value = number(pick(page, self._path, self._endpoint.shown), self._path)
        return [Told(value * self._factor, seen_ns)]

    def close(self) -> None:
        """Every request has its own connection."""


def pick(page: Any, path: str, shown: str) -> Any:
    """What stands at `path` ('meters.0.power') in a page; InputError says what there is instead."""
    names = path.split(".")
    at = 0
    while at < len(names):
        end, inner = _step(page, names, at)
        if end == at:
            where = ".".join(names[:at]) or "the page"
            message = f"{shown} has no field '{path}'; in {where}: "
            raise InputError(message + unknown("name", names[at], _names(page)))
        page, at = inner, end
    return page


def _step(page: Any, names: list[str], at: int) -> tuple[int, Any]:
    """One level down, by a name that may hold dots itself: how far that leads, and what is there.

    Where there is no such name it leads no further than `at`.
    """
    if isinstance(page, list) and names[at].isdigit() and int(names[at]) < len(page):
        return at + 1, page[int(names[at])]
    if isinstance(page, dict):
        for end in range(len(names), at, -1):
            if (name := ".".join(names[at:end])) in page:
                return end, page[name]
    return at, None


def number(value: Any, what: str) -> float:
    """A finite number, given as one or as text; AbsentError for null and anything else."""
    try:
        found_number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        found_number = math.nan
    if not math.isfinite(found_number):
        raise AbsentError(f"{what} is {type(value).__name__} '{str(value)[:40]}', and no number")
    return found_number


def _names(page: Any) -> list[str]:
    if isinstance(page, dict):
        return [str(name) for name in page][:SHOWN_NAMES]
    if isinstance(page, list):
        return [str(place) for place in range(len(page))][:SHOWN_NAMES]
    return []


def find(options: str = "") -> Found:
    """Without options nothing but the way to name one; with them, one plug."""
    if not options:
        return Found("plug", missing="Smart plugs come by name only.", fix=EXAMPLE)
    given = remoteoptions.read(options, "plug", "field", *web.WORDS)
    endpoint = web.endpoint(given)
    remoteoptions.need(given, ("field",), EXAMPLE)
    kind, factor = remoteoptions.unit(given)
    name = endpoint.host if endpoint else ""
    path = given.words.get("field", "")
    source = f"JSON from {endpoint.shown}, field {path}" if endpoint else ""
    info = remoteoptions.describe(given, "plug", kind=kind, name=name, source=source)
    if given.mistakes or endpoint is None:
        raise given.refusal(f"'{redacted(options)}' is no smart plug:")
    plug = Plug(endpoint, path, factor)
    every_s = given.numbers.get("every", remoteoptions.EVERY_S)
    return found("plug", RemoteSensor(info, plug, every_s), plug, endpoint.shown)
