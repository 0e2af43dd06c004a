"""A power or an energy counter out of Prometheus (or what speaks its HTTP API).

    prometheus:http://localhost:9090,query=sum(node_power_watts),unit=W

An instant query answers with the time at which it was evaluated, not with the time at which the
value was scraped: the same value comes again and again, each time as if it were new. So the
sample's own time is asked for as well, by the query `timestamp(…)` at the same moment (PromQL,
'Functions'). It knows the time of a plain selector only; of an expression such as sum(…) it
gives the time of evaluation, and the stamps are late by up to a scrape: `stamp=` takes a query
of your own then, such as max(timestamp(node_power_watts)).

[Prometheus, 'HTTP API': /api/v1/query]
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from wattmark.errors import InputError
from wattmark.meter import Found, remoteoptions, web
from wattmark.meter.plug import number
from wattmark.meter.remote import AbsentError, RemoteSensor, Told, found
from wattmark.meter.web import Endpoint
from wattmark.optiontext import redacted

EXAMPLE = "prometheus:http://localhost:9090,query=sum(node_power_watts),unit=W,component=wall"
PATH = "/api/v1/query"
# A sample older than this is not found by an instant query, so its time cannot be either; twice
# the default look-back, since that can be set.
OLDEST_S = 600.0


class Prometheus:
    """One query that gives one series."""

    def __init__(self, endpoint: Endpoint, query: str, factor: float, stamp: str | None) -> None:
        self.timeout_s = 2 * endpoint.timeout_s  # two questions
        self._endpoint, self._query, self._factor = endpoint.at(PATH), query, factor
        self._stamp = stamp or f"timestamp({query})"
        self._own_stamp = stamp is not None
        self._stamped = True

    def ask(self) -> list[Told | str]:
        before_ns = time.monotonic_ns()
        evaluated_s, text = self._one(self._query)
        seen_ns = (before_ns + time.monotonic_ns()) // 2
        value = number(text, "the value")
        wall_s = self._sampled_s(evaluated_s) if self._stamped else evaluated_s
        return [Told(value * self._factor, seen_ns, wall_s)]

    def close(self) -> None:
        """Every request has its own connection."""

    def _sampled_s(self, evaluated_s: float) -> float:
        """When the value was scraped; when it was evaluated, where that is not told."""
        try:
            _, text = self._one(self._stamp, time=f"{evaluated_s:.3f}")
            sampled_s = number(text, "its time")
        except InputError:
            if self._own_stamp:
                raise
            self._stamped = False  # a server without that function has not got it next time
            return evaluated_s
        return sampled_s if -OLDEST_S <= sampled_s - evaluated_s <= 1.0 else evaluated_s

    def _one(self, query: str, **more: str) -> tuple[float, Any]:
        """Time and value of the one series that a query gives."""
        status, page = self._endpoint.get(query=query, **more)
        page = page if isinstance(page, Mapping) else {}
        self._endpoint.check(status, page.get("error"))
        if page.get("status") != "success":
            said = page.get("error") or "nothing of use"
            raise AbsentError(f"it says {self._endpoint.hidden(said)}")
        try:
            kind, result = page["data"]["resultType"], page["data"]["result"]
            if kind == "scalar":
                return number(result[0], "its time"), result[1]
            if kind == "vector" and len(result) == 1:
                return number(result[0]["value"][0], "its time"), result[0]["value"][1]
            count = len(result)
        except (KeyError, IndexError, TypeError) as reason:
            raise AbsentError(f"its answer is not Prometheus's ({reason!r})") from None
        if kind == "vector" and count == 0:
            raise AbsentError("the query gives no series now")
        raise InputError(
            f"{self._endpoint.shown}: the query {query} gives {count} series of type {kind}.",
            "One number is needed: sum(…) it, or choose by labels.",
        )


def find(options: str = "") -> Found:
    """Without options nothing but the way to name one; with them, one query."""
    if not options:
        return Found("prometheus", missing="Prometheus is asked by name only.", fix=EXAMPLE)
    given = remoteoptions.read(options, "prometheus", "query", "stamp", *web.WORDS)
    endpoint = web.endpoint(given)
    remoteoptions.need(given, ("query",), EXAMPLE)
    kind, factor = remoteoptions.unit(given)
    name = endpoint.host if endpoint else ""
    query = given.words.get("query", "")
    source = f"Prometheus at {endpoint.shown}: {query}" if endpoint else ""
    info = remoteoptions.describe(given, "prometheus", kind=kind, name=name, source=source)
    if given.mistakes or endpoint is None:
        raise given.refusal(f"'{redacted(options)}' is no query of Prometheus:")
    server = Prometheus(endpoint, query, factor, given.words.get("stamp"))
    every_s = given.numbers.get("every", remoteoptions.EVERY_S)
    return found("prometheus", RemoteSensor(info, server, every_s), server, endpoint.shown)
