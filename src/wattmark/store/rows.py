"""A record as rows of the public tables, and sums that every reader would otherwise repeat."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from wattmark.schema import (
    Generation,
    Query,
    QueryEnergy,
    Record,
    Retrieved,
    Sample,
    Score,
    Trial,
)

Row = dict[str, Any]
REPEATED = Score(None, None, None, "a repetition: its query was scored once")


def rows(record: Record) -> dict[str, list[Row]]:
    """Table → rows of one record (the trace apart: it is written as it comes)."""
    keys = {"trial_key": record.trial.key, "replicate": record.replicate}
    tables = {
        "trials": [keys | _identity(record.trial) | _trial(record)],
        "queries": [keys | _identity(record.trial) | row for row in _queries(record)],
        "spans": [
            keys | {**_plain(span), "seconds": (span.end_ns - span.start_ns) / 1e9}
            for span in record.spans
        ],
        "energy": [
            keys
            | {
                "span": reading.span,
                "batch": reading.batch,
                "sensor": reading.sensor,
                "component": reading.component,
                "component_device": reading.device,
                "provenance": reading.provenance,
                "method": reading.method,
                "seconds": reading.seconds,
                "energy_j": reading.gross_j,
                "energy_low_j": reading.low_j,
                "energy_high_j": reading.high_j,
                "energy_net_j": reading.net_j,
                "energy_net_low_j": reading.net_low_j,
                "energy_net_high_j": reading.net_high_j,
                "gain_uncertainty": reading.gain_uncertainty,
            }
            for reading in record.energy
        ],
    }
    return {table: [_storable(row) for row in content] for table, content in tables.items()}


def _storable(row: Row) -> Row:
    """Half a character (a lone surrogate) cannot be written as UTF-8: it becomes U+FFFD."""
    return {
        name: value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if isinstance(value, str) and not value.isascii()
        else value
        for name, value in row.items()
    }


def sample_rows(samples: Iterable[Sample], session: int = 0) -> list[Row]:
    """Samples as rows of the trace."""
    return [_storable(_plain(sample) | {"session": session}) for sample in samples]


def _plain(slotted: Any) -> Row:
    return {name: getattr(slotted, name) for name in slotted.__slots__}


def _identity(trial: Trial) -> Row:
    return {
        "model": trial.model,
        "backend": trial.backend,
        "precision": trial.precision,
        "device": trial.device,
        "batch_size": trial.batch_size,
        "task": trial.task,
        "mode": trial.mode,
    }


def _trial(record: Record) -> Row:
    trial, memory, facts = record.trial, record.memory, dict(record.facts)
    scores = [score for score in record.scores if score.correct is not None]
    return {
        "block": record.block,
        "run_order": record.order,
        "session": record.session,
        "attempt": record.attempt,
        "status": str(record.status),
        "error": record.error,
        "started_at": record.started_at,
        "revision": trial.revision,
        "weights": trial.weights,
        "task_version": trial.task_version,
        "max_new_tokens": trial.max_new_tokens,
        "query_limit": trial.limit,
        "warmups": trial.warmups,
        "seed": trial.seed,
        "repetitions": record.repetitions if record.generations else None,
        "queries": len(record.generations),
        "scored": len(scores),
        "correct": sum(bool(s.correct) for s in scores) if scores else None,
        "input_tokens": sum(g.input_tokens for g in record.generations),
        "output_tokens": sum(g.output_tokens for g in record.generations),
        "measured_s": _seconds(record, "measured"),
        "export_s": _seconds(record, "export"),
        "load_s": _seconds(record, "load"),
        "prefill_s": _seconds(record, "prefill"),
        "decode_s": _seconds(record, "decode"),
        "retrieve_s": _seconds(record, "retrieve"),
        "index_s": _seconds(record, "index"),
        "ttft_s": _median(ttft_s(g) for g in record.generations),
        "tpot_s": _median(tpot_s(g) for g in record.generations),
        "latency_s": _median((g.end_ns - g.start_ns) / 1e9 for g in record.generations),
        **asdict(record.totals),
        **asdict(memory),
        "parameters": facts.get("parameters"),
        "weight_bytes": facts.get("weight_bytes"),
        **_retrieval(record),
        "options": json.dumps(dict(trial.options), sort_keys=True),
        "facts": json.dumps(facts, sort_keys=True, default=str),
        "doubts": json.dumps([asdict(doubt) for doubt in record.doubts]),
    }


def _retrieval(record: Record) -> Row:
    """How contexts were found, and how well; all null where the mode is not rag."""
    asked, found = record.trial.retrieval, record.retrieved
    said = [one.hit for one in found if one.hit is not None]
    tokens = [one.context_tokens for one in found]
    return {
        "corpus_digest": asked.corpus_digest if asked else None,
        "chunking": asked.chunking if asked else None,
        "retriever": asked.retriever if asked else None,
        "top_k": asked.top_k if asked else None,
        "context_budget": asked.context_tokens if asked else None,
        "context_template": asked.template if asked else None,
        "context_tokens": None if None in tokens or not found else sum(t or 0 for t in tokens),
        "context_left_out": sum(one.left_out for one in found) if found else None,
        "hits_of": len(said) if found else None,
        "hits": sum(said) if said else None,
    }


def _retrieved(found: Retrieved | None) -> Row:
    return {
        "retrieved_ids": list(found.ids) if found else None,
        "retrieved_hit": found.hit if found else None,
        "context_tokens": found.context_tokens if found else None,
        "context_left_out": found.left_out if found else None,
    }


def _seconds(record: Record, name: str) -> float | None:
    lengths = [span.seconds for span in record.spans if span.name == name]
    return sum(lengths) if lengths else None


def _median(values: Iterable[float | None]) -> float | None:
    present = [value for value in values if value is not None]
    return statistics.median(present) if present else None


def ttft_s(generation: Generation) -> float | None:
    """Time to first token: from the batch's start; None without token times."""
    times = generation.token_times_ns
    return (times[0] - generation.start_ns) / 1e9 if times else None


def tpot_s(generation: Generation) -> float | None:
    """Time per output token after the first; None below two tokens."""
    times = generation.token_times_ns
    return (times[-1] - times[0]) / 1e9 / (len(times) - 1) if len(times) > 1 else None


def _queries(record: Record) -> Iterable[Row]:
    shares: Iterable[QueryEnergy | None] = record.query_energy or [None] * len(record.generations)
    scored = len(record.scores)
    for at, (generation, share) in enumerate(zip(record.generations, shares, strict=True)):
        repetition, position = divmod(at, scored)
        score = record.scores[position] if repetition == 0 else REPEATED
        row = _query(position, record.queries[position], generation, score, share)
        found = record.retrieved[position] if record.retrieved else None
        yield row | {"repetition": repetition} | _retrieved(found)


def _query(
    position: int,
    query: Query,
    generation: Generation,
    score: Score,
    share: QueryEnergy | None,
) -> Row:
    return {
        "position": position,
        "batch": generation.batch,
        "query_id": query.id,
        "query": query.text,
        "prompt": query.prompt,
        "expected": query.answer,
        "response": generation.text,
        "extracted": score.extracted,
        "correct": score.correct,
        "score": score.value,
        "why": score.why,
        "input_tokens": generation.input_tokens,
        "output_tokens": generation.output_tokens,
        "stop_reason": generation.stop_reason,
        "confidence": generation.confidence,
        "start_ns": generation.start_ns,
        "latency_s": (generation.end_ns - generation.start_ns) / 1e9,
        "ttft_s": ttft_s(generation),
        "tpot_s": tpot_s(generation),
        "token_times_s": [
            (time_ns - generation.start_ns) / 1e9 for time_ns in generation.token_times_ns
        ],
        "energy_j": share.gross_j if share else None,
        "energy_low_j": share.low_j if share else None,
        "energy_high_j": share.high_j if share else None,
        "energy_net_j": share.net_j if share else None,
    }
