"""Every column of the run directory: the public format, and the single source of docs/format.md.

The same tables stand in SQLite while a run goes on and in Parquet once it is closed, so a
column is described once, here: name, type, unit, meaning.
"""

from __future__ import annotations

import pyarrow as pa

from wattmark.store.column import (
    FLAG,
    IDENTITY,
    INT,
    KEYS,
    LISTS,
    REAL,
    REALS,
    TEXT,
    TEXTS,
    Column,
    col,
)
from wattmark.store.columns_trials import BOUNDS, PHASE_JOULES, TRIALS

__all__ = [
    "LISTS",
    "NEVER_NULL",
    "PURPOSE",
    "REALS",
    "RETRIEVAL_COLUMNS",
    "TABLES",
    "TEXTS",
    "arrow_schema",
]

RETRIEVAL_COLUMNS = (
    "retrieve_s",
    "index_s",
    *(f"{phase}{bound}_j" for phase in PHASE_JOULES for bound in BOUNDS),
    "corpus_digest",
    "chunking",
    "retriever",
    "top_k",
    "context_budget",
    "context_template",
    "context_tokens",
    "context_left_out",
    "hits_of",
    "hits",
    "retrieved_ids",
    "retrieved_hit",
)
"""Of trials and queries: those that came with the mode rag; older runs do not have them."""

QUERIES = (
    *KEYS,
    *IDENTITY,
    col("repetition", INT, "", "pass over the queries, from 0; only the first is scored"),
    col("position", INT, "", "place in the task's order, from 0"),
    col("batch", INT, "", "batch of the measured region, from 0, counted on over repetitions"),
    col("query_id", TEXT, "", "id of the query within its task"),
    col("query", TEXT, "", "the question"),
    col("prompt", TEXT, "", "what the model was given"),
    col("expected", TEXT, "", "gold answer; null where there is none"),
    col("response", TEXT, "", "what the model wrote, without the prompt; untrusted text"),
    col("extracted", TEXT, "", "the answer that the scorer read from it"),
    col("correct", FLAG, "", "null where not scored"),
    col("score", REAL, "1", "0 to 1; null where not scored"),
    col("why", TEXT, "", "the scorer's reason"),
    col("input_tokens", INT, "tokens", "prompt tokens, padding left out"),
    col("output_tokens", INT, "tokens", "ids that came out, the end token included"),
    col("stop_reason", TEXT, "", "eos, length, stop (a stop string of the task) or label"),
    col("confidence", REAL, "1", "probability of the label, or geometric mean of the tokens'"),
    col("retrieved_ids", TEXTS, "", "chunks that were retrieved, the best first; null without"),
    col("retrieved_hit", FLAG, "", "is a gold answer or the query's own context in one of them"),
    col("context_tokens", INT, "tokens", "of retrieved text in the prompt"),
    col(
        "context_left_out", INT, "chunks", "the last of retrieved_ids, for which there was no room"
    ),
    col("start_ns", INT, "ns", "start of the query's batch, monotonic clock"),
    col(
        "latency_s",
        REAL,
        "s",
        "from the batch's start to its end: an answer is handed over with its batch",
    ),
    col("ttft_s", REAL, "s", "from the batch's start to this answer's first token"),
    col("tpot_s", REAL, "s", "mean time per output token after the first"),
    col("token_times_s", REALS, "s", "time of each token, from the batch's start"),
    col("energy_j", REAL, "J", "share of the batch's gross energy"),
    col("energy_low_j", REAL, "J", "lower bound at 95 %, the sensors' gain apart"),
    col("energy_high_j", REAL, "J", "upper bound at 95 %, the sensors' gain apart"),
    col("energy_net_j", REAL, "J", "share of the batch's net energy"),
)

SPANS = (
    *KEYS,
    col(
        "name",
        TEXT,
        "",
        "export, load, index, idle, warmup, retrieve, prefill, decode, classify, host or measured",
    ),
    col("batch", INT, "", "batch of the measured region; null outside of it"),
    col("start_ns", INT, "ns", "start, monotonic clock"),
    col("end_ns", INT, "ns", "end, monotonic clock"),
    col("seconds", REAL, "s", "end − start"),
    col("tokens", INT, "tokens", "tokens of the span: prompt tokens or tokens that came out"),
)

ENERGY = (
    *KEYS,
    col("span", TEXT, "", "name of the spans that were summed; batch for one whole batch"),
    col("batch", INT, "", "batch; null for the sum over the trial"),
    col("sensor", TEXT, "", "which sensor"),
    col("component", TEXT, "", "cpu, dram, gpu, soc, board, wall, core or uncore"),
    col("component_device", TEXT, "", "which one of them: package-0, gpu0, host"),
    col("provenance", TEXT, "", "measured, estimated, simulated or replayed"),
    col("method", TEXT, "", "counter, integrated, regressed or modelled"),
    col("seconds", REAL, "s", "length of the spans"),
    col("energy_j", REAL, "J", "gross energy; null where it cannot be said"),
    col("energy_low_j", REAL, "J", "lower bound at 95 %, gain apart"),
    col("energy_high_j", REAL, "J", "upper bound at 95 %, gain apart"),
    col("energy_net_j", REAL, "J", "gross less idle power × time"),
    col("energy_net_low_j", REAL, "J", "lower bound of net at 95 %"),
    col("energy_net_high_j", REAL, "J", "upper bound of net at 95 %"),
    col("gain_uncertainty", REAL, "1", "relative systematic uncertainty of the sensor's gain"),
)

TRACE = (
    col("sensor", TEXT, "", "which sensor"),
    col("time_ns", INT, "ns", "monotonic clock"),
    col("energy_j", REAL, "J", "counter, wraps corrected, any origin, one for each session"),
    col("power_w", REAL, "W", "power"),
    col("temperature_c", REAL, "°C", "temperature"),
    col("memory_bytes", INT, "B", "memory in use on the device"),
    col("clock_hz", REAL, "Hz", "clock of the device"),
    col("utilization", REAL, "1", "0 to 1"),
    col("throttle", TEXT, "", "reasons for throttling, by comma"),
    col("fault", TEXT, "", "why a reading failed"),
    col("session", INT, "", "session of the run, from 0: stamps compare within one session only"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "trials": TRIALS,
    "queries": QUERIES,
    "spans": SPANS,
    "energy": ENERGY,
    "trace": TRACE,
}

PURPOSE = {
    "trials": "One row a replicate of a trial.",
    "queries": "One row a query of a replicate, and one more for each repetition of it.",
    "spans": "One row a span: stretches of work on the monotonic clock.",
    "energy": "Joules by span, component and sensor: one row a sum over a trial, or a batch's.",
    "trace": "One row a reading of a sensor: the raw samples.",
}


def arrow_schema(table: str) -> pa.Schema:
    """The Arrow schema of a table."""
    return pa.schema([(column.name, column.type) for column in TABLES[table]])


# Columns that always hold something, also where a replicate failed. In all others null is "not
# measured" or "does not apply", and never stands for zero.
NEVER_NULL: dict[str, frozenset[str]] = {
    "trials": frozenset(column.name for column in KEYS + IDENTITY)
    | {"block", "run_order", "session", "attempt", "status", "started_at", "weights"}
    | {"task_version", "max_new_tokens", "warmups", "seed", "queries", "scored", "input_tokens"}
    | {"output_tokens", "options", "facts", "doubts"},
    "queries": frozenset(column.name for column in KEYS + IDENTITY)
    | {
        "repetition",
        "position",
        "batch",
        "query_id",
        "query",
        "prompt",
        "response",
        "why",
        "input_tokens",
    }
    | {"output_tokens", "stop_reason", "start_ns", "latency_s", "token_times_s"},
    "spans": frozenset(column.name for column in KEYS) | {"name", "start_ns", "end_ns", "seconds"},
    "energy": frozenset(column.name for column in KEYS)
    | {"span", "sensor", "component", "component_device", "provenance", "method", "seconds"}
    | {"gain_uncertainty"},
    "trace": frozenset({"sensor", "time_ns", "session"}),
}
