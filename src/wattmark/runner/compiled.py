"""Work of a compiler that fell into the measured region: its joules are not the model's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from wattmark.schema import Doubt, Span


def compiled_doubts(facts: Mapping[str, Any], measured: Span | None) -> Iterable[Doubt]:
    """A doubt where an engine that tells when it compiled (`compiled_at_ns`) did so meanwhile.

    It tells of each compilation at the end of the batch that caused it.
    """
    times = facts.get("compiled_at_ns") or ()
    if measured is None:
        return
    late = sum(measured.start_ns <= time_ns <= measured.end_ns for time_ns in times)
    if late:
        yield Doubt(
            "compiled-while-measured",
            f"{late} of {len(times)} compilations fell into the measured region: its time and "
            "joules are in part the compiler's.",
            "Take more --warmups, so that every shape of a batch is met before, and as many "
            "queries as fill the last batch.",
        )
