"""Inter-token latency: the time from one token of an answer to its next, every gap by itself.

TPOT is one figure an answer, its mean gap, and a replicate's TPOT is the median of these. ITL is
pooled over all gaps of a replicate, so that its 95th percentile tells of stalls which no mean of an
answer shows. Rows of a batch get their tokens together: their gaps are the batch's steps.

Token times are by far the largest part of a run's answers. Where there are very many answers, the
first of each replicate are taken, and the figure says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from wattmark.analysis.estimates import estimate
from wattmark.analysis.metrics import NO_TIMES, NO_TOKENS, ONE_WORD, Metric, Reading, Row
from wattmark.schema import Estimate
from wattmark.store.reader import Run

MOST_TOKENS = 1_000_000
"""Tokens of a run whose times are read."""
FEWEST = 20
"""Answers of each replicate that are read all the same; and gaps that a 95th percentile needs."""
FEW_GAPS = f"below {FEWEST} gaps between tokens there is no 95th percentile"
_COLUMNS = ("trial_key", "replicate", "token_times_s")

Floats = NDArray[np.float64]
Key = tuple[str, int]


def _figure(name: str) -> Callable[[Row], Reading]:
    return lambda row: Reading(row[name], why=row["why"] or FEW_GAPS)


ITL = tuple(
    Metric(name, "s", title, "lower", _figure(name))
    for name, title in {
        "itl_s": "Inter-token latency, mean",
        "itl_p95_s": "Inter-token latency, 95th percentile",
    }.items()
)
"""The public metrics; their rows are those of `token_gaps`."""


def token_gaps(run: Run) -> dict[str, list[Row]]:
    """Trial key → a row for each of its replicates that ended ok.

    A row has `itl_s` and `itl_p95_s` in seconds (None where there is none, and `why`), and `note`
    where not all answers were read.
    """
    return run.once(__name__, lambda: _token_gaps(run))


def _token_gaps(run: Run) -> dict[str, list[Row]]:
    columns = ("trial_key", "replicate", "status", "queries", "output_tokens")
    good = [row for row in run.select("trials", columns).to_pylist() if row["status"] == "ok"]
    speaking = [row for row in good if row["output_tokens"]]
    gaps: dict[Key, Floats] = {}
    note = ""
    if speaking:
        where, note = _part(speaking)
        gaps = dict(_gaps(run.select("queries", _COLUMNS, where)))
    found: dict[str, list[Row]] = {}
    for row in good:
        key = row["trial_key"], row["replicate"]
        found.setdefault(key[0], []).append(_row(row, gaps.get(key), note))
    return found


def itl_estimates(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Both metrics of a trial over its replicates' rows, as `token_gaps` gives them."""
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


def _row(trial: Mapping[str, Any], gaps: Floats | None, note: str) -> Row:
    if gaps is None:
        why = NO_TOKENS
        if trial["output_tokens"]:
            why = ONE_WORD if trial["output_tokens"] <= trial["queries"] else NO_TIMES
        return {"itl_s": None, "itl_p95_s": None, "why": why, "note": ""}
    return {
        "itl_s": float(gaps.mean()),
        "itl_p95_s": float(np.quantile(gaps, 0.95)) if len(gaps) >= FEWEST else None,
        "why": "",
        "note": note,
    }


def _gaps(answers: pa.Table) -> Iterator[tuple[Key, Floats]]:
    """Each replicate with the seconds between its tokens, shape (gaps,)."""
    if not answers.num_rows:
        return
    lists = answers["token_times_s"].combine_chunks()
    sizes = np.asarray(pc.fill_null(pc.list_value_length(lists), 0)).astype(np.int64)
    times_s = np.asarray(lists.flatten(), dtype=np.float64)
    if len(times_s) < 2:
        return
    keys = answers["trial_key"].cast(pa.string()).combine_chunks().dictionary_encode()
    replicates = answers["replicate"].to_numpy()
    many = int(replicates.max()) + 1
    place = np.asarray(keys.indices).astype(np.int64) * many + replicates
    answer = np.repeat(np.arange(len(sizes)), sizes)
    inside = answer[1:] == answer[:-1]
    gaps_s, owner = np.diff(times_s)[inside], place[answer[1:][inside]]
    if not len(gaps_s):
        return
    order = np.argsort(owner, kind="stable")
    owners, starts = np.unique(owner[order], return_index=True)
    names = keys.dictionary.to_pylist()
    for number, part in zip(owners, np.split(gaps_s[order], starts[1:]), strict=True):
        at, replicate = divmod(int(number), many)
        yield (names[at], replicate), part
