"""What retrieval brings and what it costs: each rag trial beside the baseline of the same cell.

Both answer the same queries in the same blocks, so that differences are taken within blocks: of
accuracy by McNemar's test, of joules by a t-interval, widened by what the sensors leave open in
both arms. Where the joules go is asked of the measured region's phases: retrieval, the longer
prefill, decode, and the rest. Building the index is outside of all of it and told apart.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from wattmark.analysis.answers import answers_of
from wattmark.analysis.intervals import CONFIDENCE, mean_with_measurement, wilson
from wattmark.analysis.metrics import METRICS, Reading, Row
from wattmark.analysis.summary import TrialSummary
from wattmark.analysis.verdict import (
    AccuracyChange,
    Verdict,
    accuracy_change,
    compare,
    rows_of,
)
from wattmark.schema import Estimate
from wattmark.store.reader import Run

RAG = "rag"
PHASES = ("retrieve", "prefill", "decode")
REST = "rest"
"""What the measured region's joules are beyond these phases: work of the host, and pauses."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """Joules a query of one phase in both arms, and by how much rag's are more.

    `baseline` is None where the arm does not have the phase: then the whole of it is more.
    """

    phase: str
    """retrieve, prefill, decode, rest, or measured for all of them."""
    baseline: Estimate | None
    rag: Estimate
    more: Estimate


@dataclass(frozen=True, kw_only=True)
class IndexCost:
    """The index of a trial's corpus: seconds and joules of building it, once, and of opening it."""

    chunks: int | None
    built_s: Estimate
    built_j: Estimate
    """None where it was there before the run."""
    opened_s: Estimate
    opened_j: Estimate


@dataclass(frozen=True, kw_only=True)
class TradeOff:
    """A rag trial against the baseline trial that differs from it in nothing else."""

    baseline: TrialSummary
    rag: TrialSummary
    accuracy: AccuracyChange | None
    """None where nothing is scored."""
    energy: Verdict
    """J/query, rag ÷ baseline."""
    per_correct: Verdict
    parts: tuple[Part, ...]
    """The measured region first, then its phases; they add up to it."""
    top_k: int | None
    hit_rate: Estimate
    """Share of the queries whose answer or own context was retrieved, with Wilson's interval."""
    context_tokens: float | None
    """Mean a query."""
    context_left_out: int | None
    """Retrieved chunks that did not fit, over all queries."""
    index: IndexCost


def trade_offs(run: Run, summaries: Sequence[TrialSummary]) -> list[TradeOff]:
    """One for each rag trial that has a baseline beside it and a replicate that ended ok."""
    rags = [trial for trial in summaries if trial.mode == RAG and trial.n_ok]
    if not rags:
        return []
    rows, answers = rows_of(run), answers_of(run)
    beside = {_cell(trial): trial for trial in summaries if trial.mode != RAG and trial.n_ok}
    return [
        _trade_off(beside[_cell(rag)], rag, rows, answers) for rag in rags if _cell(rag) in beside
    ]


def _cell(trial: TrialSummary) -> tuple[object, ...]:
    """What both arms have in common."""
    same = (trial.model, trial.task, trial.backend, trial.precision, trial.device)
    return (*same, trial.batch_size, trial.options, trial.weights)


def _trade_off(
    baseline: TrialSummary,
    rag: TrialSummary,
    rows: Mapping[str, Sequence[Row]],
    answers: Mapping[str, Mapping[str, bool]],
) -> TradeOff:
    base = [row for row in rows[baseline.key] if row["status"] == "ok"]
    head = [row for row in rows[rag.key] if row["status"] == "ok"]
    first = head[0]
    of, hits = first["hits_of"] or 0, first["hits"] or 0
    tokens, queries = first["context_tokens"], first["queries"] // (first["repetitions"] or 1)
    return TradeOff(
        baseline=baseline,
        rag=rag,
        accuracy=accuracy_change(answers.get(baseline.key, {}), answers.get(rag.key, {})),
        energy=compare(baseline, rows, rag, rows, METRICS["energy_per_query_j"]),
        per_correct=compare(baseline, rows, rag, rows, METRICS["energy_per_correct_j"]),
        parts=tuple(
            _part(phase, of_phase, base, head)
            for phase, of_phase in [("measured", _measured), *_PHASES.items(), (REST, _rest)]
        ),
        top_k=first["top_k"],
        hit_rate=Estimate("hit_rate", *wilson(hits, of), CONFIDENCE, of, "1")
        if of
        else _absent("hit_rate", "1", "no query says what answers it"),
        context_tokens=tokens / queries if tokens is not None and queries else None,
        context_left_out=first["context_left_out"],
        index=_index(head),
    )


def _phase(name: str) -> Callable[[Row], Reading]:
    def read(row: Row) -> Reading:
        return _per_query(row, row[f"{name}_j"], row[f"{name}_low_j"], row[f"{name}_high_j"])

    return read


_PHASES: Mapping[str, Callable[[Row], Reading]] = {name: _phase(name) for name in PHASES}


def _measured(row: Row) -> Reading:
    return _per_query(row, row["energy_j"], row["energy_low_j"], row["energy_high_j"])


def _rest(row: Row) -> Reading:
    """The region less its phases, with the bounds that they leave it; none that there is not."""
    named = [name for name in PHASES if row[f"{name}_s"] is not None]
    whole = [row["energy_j"], row["energy_low_j"], row["energy_high_j"]]
    known = [[row[f"{name}{bound}_j"] for name in named] for bound in ("", "_high", "_low")]
    if None in whole or any(None in joules for joules in known):
        return _per_query(row, None, None, None)
    value, low, high = (max(0.0, a - sum(b)) for a, b in zip(whole, known, strict=True))
    return _per_query(row, value, low, max(value, high))


def _per_query(row: Row, value: float | None, low: float | None, high: float | None) -> Reading:
    if value is None or not row["queries"]:
        return Reading(None)
    per = 1 / row["queries"]
    return Reading(
        value * per, None if low is None else low * per, None if high is None else high * per
    )


def _part(
    phase: str, of: Callable[[Row], Reading], base: Sequence[Row], head: Sequence[Row]
) -> Part:
    none = Reading(0.0, 0.0, 0.0)
    lacks = all(row.get(f"{phase}_s") is None for row in base) and phase in PHASES
    before = {row["block"]: none if lacks else of(row) for row in base}
    after = {row["block"]: of(row) for row in head}
    pairs = [
        (before[block], after[block])
        for block in sorted(before.keys() & after.keys())
        if before[block].value is not None and after[block].value is not None
    ]
    more = _mean(phase, [_difference(*pair) for pair in pairs])
    return Part(
        phase=phase,
        baseline=None if lacks else _at_least_0(_mean(phase, [of(row) for row in base])),
        rag=_at_least_0(_mean(phase, [of(row) for row in head])),
        more=_at_least_0(more) if lacks else more,
    )


def _at_least_0(joules: Estimate) -> Estimate:
    """What is spent cannot be less than nothing, whatever few replicates allow."""
    return joules if joules.low is None else replace(joules, low=max(0.0, joules.low))


def _difference(before: Reading, after: Reading) -> Reading:
    """After less before, with the bounds of both: what either leaves open stays open."""
    low = None if after.low is None or before.high is None else after.low - before.high
    high = None if after.high is None or before.low is None else after.high - before.low
    return Reading((after.value or 0.0) - (before.value or 0.0), low, high)


def _mean(name: str, readings: Sequence[Reading], unit: str = "J") -> Estimate:
    """Plain mean over replicates: parts and differences add up, and may be zero or less."""
    known = [reading for reading in readings if reading.value is not None]
    if not known:
        return _absent(name, unit, "not measured")
    interval = mean_with_measurement(
        [float(reading.value or 0.0) for reading in known],
        [reading.low for reading in known],
        [reading.high for reading in known],
        logs=False,
    )
    return Estimate(name, *interval, CONFIDENCE, len(known), unit)


def _index(rows: Sequence[Row]) -> IndexCost:
    told = [(row, json.loads(row["facts"]).get("retrieval") or {}) for row in rows]
    built = [row for row, facts in told if facts.get("index_built_s") is not None]
    opened = [row for row, facts in told if facts.get("index_built_s") is None]
    chunks = [facts["chunks"] for _, facts in told if "chunks" in facts]

    def joules(some: Sequence[Row]) -> Estimate:
        readings = [Reading(r["index_j"], r["index_low_j"], r["index_high_j"]) for r in some]
        return _at_least_0(_mean("index_j", readings))

    def seconds(some: Sequence[Row]) -> Estimate:
        return _mean("index_s", [Reading(row["index_s"]) for row in some], "s")

    return IndexCost(
        chunks=round(statistics.median(chunks)) if chunks else None,
        built_s=seconds(built),
        built_j=joules(built),
        opened_s=seconds(opened),
        opened_j=joules(opened),
    )


def _absent(name: str, unit: str, why: str) -> Estimate:
    return Estimate(name, None, None, None, CONFIDENCE, 0, unit, why)
