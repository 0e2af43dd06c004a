"""Inter-token latency: the time from one token of an answer to its next, every gap by itself.

TPOT is one figure an answer, its mean gap, and a replicate's TPOT is the median of these. ITL is
pooled over all gaps of a replicate, so that its 95th percentile tells of stalls which no mean of an
answer shows. Rows of a batch get their tokens together: their gaps are the batch's steps.

Token times are by far the largest part of a run's answers. Where there are very many answers, the
first of each replicate are taken, and the figure says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow.compute as pc

from wattmark.analysis.estimates import estimate
from wattmark.analysis.metrics import NO_TIMES, NO_TOKENS, ONE_WORD, Metric, Reading, Row
from wattmark.analysis.times import Key, Times, token_gaps
from wattmark.schema import Estimate
from wattmark.store.reader import Run

MOST_TOKENS = 1_000_000
"""Tokens of a run whose times are read."""
FEWEST = 20
"""Answers of each replicate that are read all the same; and gaps that a 95th percentile needs."""
FEW_GAPS = f"below {FEWEST} gaps between tokens there is no 95th percentile"
_COLUMNS = ("trial_key", "replicate", "token_times_s")


def _figure(name: str) -> Callable[[Row], Reading]:
    return lambda row: Reading(row[name], why=row["why"] or FEW_GAPS)


ITL = tuple(
    Metric(name, "s", title, "lower", _figure(name))
    for name, title in {
        "itl_s": "Inter-token latency, mean",
        "itl_p95_s": "Inter-token latency, 95th percentile",
    }.items()
)
"""The public metrics; their rows are those of `itl_rows`."""


@dataclass(frozen=True, kw_only=True)
class Gaps:
    """Each replicate's seconds between tokens, and which answers they are of, where not of all."""

    times: Mapping[Key, Times] = field(default_factory=dict)
    note: str = ""


def gaps_of(run: Run) -> Gaps:
    """Of the replicates that ended ok; read once a run."""
    return run.once(__name__, lambda: _gaps_of(run))


def _gaps_of(run: Run) -> Gaps:
    speaking = [row for row in _good(run) if row["output_tokens"]]
    if not speaking:
        return Gaps()
    where, note = _part(speaking)
    ended = {(row["trial_key"], row["replicate"]) for row in speaking}
    found = token_gaps(run.select("queries", _COLUMNS, where))
    return Gaps(times={key: times for key, times in found.items() if key in ended}, note=note)


def itl_rows(run: Run) -> dict[str, list[Row]]:
    """Trial key → a row for each of its replicates that ended ok.

    A row has `itl_s` and `itl_p95_s` in seconds (None where there is none, and `why`), and `note`
    where not all answers were read.
    """
    gaps = gaps_of(run)
    found: dict[str, list[Row]] = {}
    for row in _good(run):
        key = row["trial_key"], row["replicate"]
        found.setdefault(key[0], []).append(_row(row, gaps.times.get(key), gaps.note))
    return found


def _good(run: Run) -> list[dict[str, Any]]:
    columns = ("trial_key", "replicate", "status", "queries", "output_tokens")
    return [row for row in run.select("trials", columns).to_pylist() if row["status"] == "ok"]


def itl_estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Both metrics of a trial over its replicates' rows, as `itl_rows` gives them."""
    found = {metric.name: estimate(metric, rows) for metric in ITL}
    said = next((str(row["note"]) for row in rows if row["note"]), "")
    if not said:
        return found
    return {
        name: replace(one, note="; ".join(filter(None, (one.note, said)))) if one.n else one
        for name, one in found.items()
    }


def _part(rows: Sequence[Mapping[str, Any]]) -> tuple[pc.Expression | None, str]:
    """Which answers are read, and what is to be said of it."""
    tokens, answers = (sum(row[name] for row in rows) for name in ("output_tokens", "queries"))
    if tokens <= MOST_TOKENS:
        return None, ""
    most = max(FEWEST, MOST_TOKENS * answers // (tokens * len(rows)))
    where = (pc.field("repetition") == 0) & (pc.field("position") < most)
    return where, f"of the first {most} answers of each replicate"


def _row(trial: Mapping[str, Any], gaps: Times | None, note: str) -> Row:
    if gaps is None:
        why = NO_TOKENS
        if trial["output_tokens"]:
            why = ONE_WORD if trial["output_tokens"] <= trial["queries"] else NO_TIMES
        return {"itl_s": None, "itl_p95_s": None, "why": why, "note": ""}
    seconds = gaps.seconds
    return {
        "itl_s": float(seconds.mean()),
        "itl_p95_s": float(np.quantile(seconds, 0.95)) if len(seconds) >= FEWEST else None,
        "why": "",
        "note": note,
    }
