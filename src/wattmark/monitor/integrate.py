"""A power log and its spans to joules, as plain values: what `wattmark integrate --json` prints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from wattmark.energy.joined import Joined, join
from wattmark.monitor.powerlog import PowerLog, read_power_log
from wattmark.schema import Doubt


def integrate(
    samples: Path | str, spans: Path | str, sensors: Path | str, *, interval_target: float = 0.10
) -> dict[str, Any]:
    """Joules of every span and of every name of spans, from three files (see `powerlog`).

    Raises MistakesError with every mistake in them. The form is that of `joined_json`; a figure
    whose relative half-width is above `interval_target` has a warning.
    """
    log = read_power_log(Path(samples), Path(spans), Path(sensors))
    return joined_json(log, join(log.spans, log.series, interval_target=interval_target))


def joined_json(log: PowerLog, joined: Joined) -> dict[str, Any]:
    """`spans` in the file's order sensor by sensor, `phases` and `warnings`, as plain values.

    Joules, watts and seconds; intervals are at 95 % without the sensor's gain, which stands
    beside them (`gain_uncertainty`, relative). None is not measured.
    """
    gains = {one.info.name: one.info.gain_uncertainty for one in log.series}
    spans = []
    for at, row in enumerate(joined.spans):
        place = at % len(log.spans)
        start_s, end_s = log.edges_s[place]
        tokens = log.spans[place].tokens
        if row.start_ns == row.end_ns and row.gross_j is not None:
            # No power makes joules of no time, whatever the brackets of its two edges are.
            row = replace(row, gross_j=0.0, low_j=0.0, high_j=0.0)  # noqa: PLW2901 - the same span
        spans.append(
            {
                "name": row.name,
                "sensor": row.sensor,
                "component": row.component,
                "start_s": start_s,
                "end_s": end_s,
                "gross_j": row.gross_j,
                "low_j": row.low_j,
                "high_j": row.high_j,
                "method": row.method,
                "gain_uncertainty": gains[row.sensor],
                "tokens": tokens,
                "joules_per_token": _each(row.gross_j, tokens),
            }
        )
    tokens_of = _tokens(log)
    phases = [
        {
            "name": phase.name,
            "sensor": phase.sensor,
            "component": phase.component,
            "seconds": phase.seconds,
            "total_j": phase.total_j,
            "low_j": phase.low_j,
            "high_j": phase.high_j,
            "mean_power_w": phase.mean_power_w,
            "method": phase.method,
            "separable": phase.separable,
            "gain_uncertainty": gains[phase.sensor],
            "tokens": tokens_of[phase.name],
            "joules_per_token": _each(phase.total_j, tokens_of[phase.name]),
        }
        for phase in joined.phases
    ]
    warnings = [
        {"code": doubt.code, "message": doubt.message, "hint": _hint(log, doubt)}
        for doubt in (*log.doubts, *joined.doubts)
    ]
    return {"spans": spans, "phases": phases, "warnings": warnings}


def _hint(log: PowerLog, doubt: Doubt) -> str:
    """A counter that falls in a log may be one that wraps, and was not said to."""
    raw = [one.info.name for one in log.series if one.info.wrap_j is None]
    if doubt.code == "counter-backwards" and doubt.message.startswith(
        tuple(f"{name}, '" for name in raw)
    ):
        return f"If this counter wraps, give its range as wrap_j. {doubt.hint}"
    return doubt.hint


def _tokens(log: PowerLog) -> dict[str, int | None]:
    """Tokens of all spans of each name; None where one of them tells none."""
    tokens: dict[str, int | None] = {}
    for span in log.spans:
        before = tokens.get(span.name, 0)
        known = before is not None and span.tokens is not None
        tokens[span.name] = (before or 0) + (span.tokens or 0) if known else None
    return tokens


def _each(joules: float | None, tokens: int | None) -> float | None:
    return joules / tokens if joules is not None and tokens else None
