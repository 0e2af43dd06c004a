"""A stamp on the real clock that keeps what it is told."""

from __future__ import annotations

import time

from wattmark.schema import Span


class Recorder:
    """Collects spans, in the order in which they end."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def now(self) -> int:
        return time.monotonic_ns()

    def add(
        self,
        name: str,
        start_ns: int,
        end_ns: int,
        *,
        batch: int | None = None,
        tokens: int | None = None,
    ) -> None:
        self.spans.append(Span(name, start_ns, end_ns, batch, tokens))

    def named(self, name: str) -> list[Span]:
        return [span for span in self.spans if span.name == name]
