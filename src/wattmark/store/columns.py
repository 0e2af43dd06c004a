"""Every column of the run directory: the public format, and the single source of docs/format.md.

The same tables stand in SQLite while a run goes on and in Parquet once it is closed, so a
column is described once, here: name, type, unit, meaning.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True)
class Column:
    """One column; `unit` is '' for names and texts."""

    name: str
    type: pa.DataType
    unit: str
    meaning: str


TEXT = pa.string()
INT = pa.int64()
REAL = pa.float64()
FLAG = pa.bool_()
REALS = pa.list_(pa.float64())
TEXTS = pa.list_(pa.string())
LISTS = (REALS, TEXTS)


def _c(name: str, kind: pa.DataType, unit: str, meaning: str) -> Column:
    return Column(name, kind, unit, meaning)


KEYS = (
    _c("trial_key", TEXT, "", "content hash of the trial's fields"),
    _c(
        "replicate",
        INT,
        "",
        "replicate of the trial, from 0: a fresh process, forked from its block's server",
    ),
)

IDENTITY = (
    _c("model", TEXT, "", "model as it was asked for: embedded, folder or hub id"),
    _c("backend", TEXT, "", "engine"),
    _c("precision", TEXT, "", "number format of weights and activations"),
    _c("device", TEXT, "", "cpu, cuda, cuda:N, or several GPUs: cuda:N+M"),
    _c("batch_size", INT, "queries", "queries answered together"),
    _c("task", TEXT, "", "task or queries file"),
    _c("mode", TEXT, "", "baseline, or rag: with retrieved contexts"),
)

PHASE_JOULES = {
    "retrieve": "retrieval, in the measured region",
    "prefill": "prefill",
    "decode": "decode",
    "index": "opening or building the index, outside of the measured region",
}
"""Phases whose joules over all components stand in a trial's row."""
BOUNDS = {"": "gross energy of ", "_low": "lower bound at 95 % of ", "_high": "upper bound of "}

TRIALS = (
    *KEYS,
    *IDENTITY,
    _c("block", INT, "", "block of the randomized order; every trial stands once in a block"),
    _c("run_order", INT, "", "place in the order in which replicates were begun, from 0"),
    _c("session", INT, "", "session of the run, from 0: stamps compare within one session only"),
    _c("attempt", INT, "", "1, or more where it was tried again: resumed, or repeated for noise"),
    _c("status", TEXT, "", "ok, failed, crashed, timeout or oom"),
    _c("error", TEXT, "", "why it is not ok"),
    _c("started_at", TEXT, "", "wall-clock label, UTC, ISO 8601"),
    _c("revision", TEXT, "", "revision of a hub model"),
    _c("weights", TEXT, "", "pretrained or random"),
    _c("task_version", TEXT, "", "version of queries, prompt and scorer"),
    _c("max_new_tokens", INT, "tokens", "most tokens an answer may have"),
    _c("query_limit", INT, "queries", "queries asked for; null is all"),
    _c("warmups", INT, "batches", "batches run before the measured region"),
    _c("seed", INT, "", "seed of the trial"),
    _c(
        "repetitions",
        INT,
        "",
        "passes over all queries in the measured region; null where there is none",
    ),
    _c("queries", INT, "queries", "queries answered in the measured region, in all repetitions"),
    _c("scored", INT, "queries", "queries that have a gold answer, each counted once"),
    _c(
        "correct",
        INT,
        "queries",
        "of these, answered correctly in the first repetition; null where none is scored",
    ),
    _c("input_tokens", INT, "tokens", "prompt tokens, padding left out"),
    _c("output_tokens", INT, "tokens", "ids that came out, end tokens included"),
    _c("measured_s", REAL, "s", "length of the measured region"),
    _c(
        "export_s",
        REAL,
        "s",
        "time to convert the model for the engine, before its load; null where it was not done",
    ),
    _c("load_s", REAL, "s", "time to load the model"),
    _c("prefill_s", REAL, "s", "time in prefill, all batches"),
    _c("decode_s", REAL, "s", "time in decode, all batches"),
    _c("retrieve_s", REAL, "s", "time in retrieval, all batches; null without it"),
    _c("index_s", REAL, "s", "time to build or open the index, outside of the measured region"),
    _c("ttft_s", REAL, "s", "time to first token, median over queries"),
    _c("tpot_s", REAL, "s", "time per output token after the first, median over queries"),
    _c("latency_s", REAL, "s", "time from a batch's start to its end, median over queries"),
    _c("energy_j", REAL, "J", "gross energy of the measured region, all components"),
    _c("energy_low_j", REAL, "J", "lower bound at 95 %, the sensors' gain apart"),
    _c("energy_high_j", REAL, "J", "upper bound at 95 %, the sensors' gain apart"),
    _c("energy_net_j", REAL, "J", "gross less idle power × time"),
    _c("energy_net_low_j", REAL, "J", "lower bound of net at 95 %"),
    _c("energy_net_high_j", REAL, "J", "upper bound of net at 95 %"),
    _c("energy_provenance", TEXT, "", "measured, estimated, simulated, replayed, or mixed"),
    _c("gain_uncertainty", REAL, "1", "relative systematic uncertainty of the sensors' gain"),
    *(
        _c(f"{phase}{bound}_j", REAL, "J", f"{said}{where}")
        for phase, where in PHASE_JOULES.items()
        for bound, said in BOUNDS.items()
    ),
    _c("idle_power_w", REAL, "W", "power at idle with the model loaded"),
    _c(
        "export_energy_j",
        REAL,
        "J",
        "gross energy of the conversion, all components; in no other figure",
    ),
    _c("power_mean_w", REAL, "W", "gross energy ÷ measured region"),
    _c(
        "power_peak_w",
        REAL,
        "W",
        "highest mean power over one sampling interval of the measured region",
    ),
    _c("temperature_max_c", REAL, "°C", "highest temperature seen"),
    _c("foreign_cpu", REAL, "CPUs", "CPU use of other processes during the measured region"),
    _c(
        "ram_peak_bytes",
        INT,
        "B",
        "peak resident set of the worker and of processes that it started, shared pages included",
    ),
    _c(
        "ram_before_load_bytes",
        INT,
        "B",
        "resident set before the model was loaded, shared pages included",
    ),
    _c("ram_loaded_bytes", INT, "B", "resident set with the model loaded, shared pages included"),
    _c(
        "ram_unique_bytes",
        INT,
        "B",
        "of these, what no other process shares, at the measured region's end",
    ),
    _c("vram_peak_bytes", INT, "B", "peak of the engine's GPU allocator"),
    _c(
        "vram_board_peak_bytes",
        INT,
        "B",
        "most memory in use on the trial's GPU by NVML's readings, other processes included",
    ),
    _c(
        "cache_bytes_per_token",
        INT,
        "B/token",
        "keys and values of one token of one sequence, by the model's shape",
    ),
    _c("foreseen_bytes", INT, "B", "weights, cache and activations as the plan foresaw them"),
    _c("parameters", INT, "", "parameters of the model as loaded"),
    _c("weight_bytes", INT, "B", "bytes of the weights as loaded"),
    _c("corpus_digest", TEXT, "", "digest of the corpus of mode rag: its files' names and bytes"),
    _c("chunking", TEXT, "", "unit, size and overlap of its chunks: words:100:20"),
    _c("retriever", TEXT, "", "what ranked the chunks: bm25"),
    _c("top_k", INT, "chunks", "chunks retrieved for a query"),
    _c("context_budget", INT, "tokens", "most tokens of retrieved text in a prompt"),
    _c("context_template", TEXT, "", "how a prompt is written with its context"),
    _c("context_tokens", INT, "tokens", "of retrieved text, over the queries, each counted once"),
    _c("context_left_out", INT, "chunks", "retrieved, and not in a prompt for want of room"),
    _c("hits_of", INT, "queries", "queries of which it can be said whether retrieval found it"),
    _c("hits", INT, "queries", "of these, those whose answer or own context was retrieved"),
    _c("options", TEXT, "", "engine options, JSON"),
    _c("facts", TEXT, "", "what the worker found (dtype, threads, versions …), JSON"),
    _c("doubts", TEXT, "", "warnings: list of {code, message, hint}, JSON"),
)

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
    _c("repetition", INT, "", "pass over the queries, from 0; only the first is scored"),
    _c("position", INT, "", "place in the task's order, from 0"),
    _c("batch", INT, "", "batch of the measured region, from 0, counted on over repetitions"),
    _c("query_id", TEXT, "", "id of the query within its task"),
    _c("query", TEXT, "", "the question"),
    _c("prompt", TEXT, "", "what the model was given"),
    _c("expected", TEXT, "", "gold answer; null where there is none"),
    _c("response", TEXT, "", "what the model wrote, without the prompt; untrusted text"),
    _c("extracted", TEXT, "", "the answer that the scorer read from it"),
    _c("correct", FLAG, "", "null where not scored"),
    _c("score", REAL, "1", "0 to 1; null where not scored"),
    _c("why", TEXT, "", "the scorer's reason"),
    _c("input_tokens", INT, "tokens", "prompt tokens, padding left out"),
    _c("output_tokens", INT, "tokens", "ids that came out, the end token included"),
    _c("stop_reason", TEXT, "", "eos, length, stop (a stop string of the task) or label"),
    _c("confidence", REAL, "1", "probability of the label, or geometric mean of the tokens'"),
    _c("retrieved_ids", TEXTS, "", "chunks that were retrieved, the best first; null without"),
    _c("retrieved_hit", FLAG, "", "is a gold answer or the query's own context in one of them"),
    _c("context_tokens", INT, "tokens", "of retrieved text in the prompt"),
    _c("context_left_out", INT, "chunks", "the last of retrieved_ids, for which there was no room"),
    _c("start_ns", INT, "ns", "start of the query's batch, monotonic clock"),
    _c(
        "latency_s",
        REAL,
        "s",
        "from the batch's start to its end: an answer is handed over with its batch",
    ),
    _c("ttft_s", REAL, "s", "from the batch's start to this answer's first token"),
    _c("tpot_s", REAL, "s", "mean time per output token after the first"),
    _c("token_times_s", REALS, "s", "time of each token, from the batch's start"),
    _c("energy_j", REAL, "J", "share of the batch's gross energy"),
    _c("energy_low_j", REAL, "J", "lower bound at 95 %, the sensors' gain apart"),
    _c("energy_high_j", REAL, "J", "upper bound at 95 %, the sensors' gain apart"),
    _c("energy_net_j", REAL, "J", "share of the batch's net energy"),
)

SPANS = (
    *KEYS,
    _c(
        "name",
        TEXT,
        "",
        "export, load, index, idle, warmup, retrieve, prefill, decode, classify, host or measured",
    ),
    _c("batch", INT, "", "batch of the measured region; null outside of it"),
    _c("start_ns", INT, "ns", "start, monotonic clock"),
    _c("end_ns", INT, "ns", "end, monotonic clock"),
    _c("seconds", REAL, "s", "end − start"),
    _c("tokens", INT, "tokens", "tokens of the span: prompt tokens or tokens that came out"),
)

ENERGY = (
    *KEYS,
    _c("span", TEXT, "", "name of the spans that were summed; batch for one whole batch"),
    _c("batch", INT, "", "batch; null for the sum over the trial"),
    _c("sensor", TEXT, "", "which sensor"),
    _c("component", TEXT, "", "cpu, dram, gpu, soc, board, wall, core or uncore"),
    _c("component_device", TEXT, "", "which one of them: package-0, gpu0, host"),
    _c("provenance", TEXT, "", "measured, estimated, simulated or replayed"),
    _c("method", TEXT, "", "counter, integrated, regressed or modelled"),
    _c("seconds", REAL, "s", "length of the spans"),
    _c("energy_j", REAL, "J", "gross energy; null where it cannot be said"),
    _c("energy_low_j", REAL, "J", "lower bound at 95 %, gain apart"),
    _c("energy_high_j", REAL, "J", "upper bound at 95 %, gain apart"),
    _c("energy_net_j", REAL, "J", "gross less idle power × time"),
    _c("energy_net_low_j", REAL, "J", "lower bound of net at 95 %"),
    _c("energy_net_high_j", REAL, "J", "upper bound of net at 95 %"),
    _c("gain_uncertainty", REAL, "1", "relative systematic uncertainty of the sensor's gain"),
)

TRACE = (
    _c("sensor", TEXT, "", "which sensor"),
    _c("time_ns", INT, "ns", "monotonic clock"),
    _c("energy_j", REAL, "J", "counter, wraps corrected, any origin, one for each session"),
    _c("power_w", REAL, "W", "power"),
    _c("temperature_c", REAL, "°C", "temperature"),
    _c("memory_bytes", INT, "B", "memory in use on the device"),
    _c("clock_hz", REAL, "Hz", "clock of the device"),
    _c("utilization", REAL, "1", "0 to 1"),
    _c("throttle", TEXT, "", "reasons for throttling, by comma"),
    _c("fault", TEXT, "", "why a reading failed"),
    _c("session", INT, "", "session of the run, from 0: stamps compare within one session only"),
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
