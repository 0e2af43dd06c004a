"""Every key of run.json: like the columns, described once, here, for docs/format.md.

A dot goes into an object, `[]` into each item of a list.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Key:
    """One key; `null` says when it is null, '' where it never is."""

    name: str
    type: str
    unit: str
    meaning: str
    null: str = ""


UNASKED = "where it was not asked for"
UNTOLD = "where the system does not tell"
UNKNOWN = "where it is not known"
NO_COMMIT = "outside of a git repository"

RUN_KEYS = (
    Key("schema_version", "integer", "", "version of this format"),
    Key("status", "text", "", "running, interrupted or complete"),
    Key("name", "text", "", "name of the run"),
    Key("wattmark_version", "text", "", "the Wattmark that began it"),
    Key("created_at", "text", "", "wall-clock label of the start, UTC, ISO 8601"),
    Key("finished_at", "text", "", "wall-clock label of the last end; absent while it first runs"),
    Key("resumed_at", "list of text", "", "one label for each --resume; absent without any"),
    Key("sessions", "list of objects", "", "one for the start and for each --resume, in order"),
    Key("planned", "integer", "", "replicates of the whole run"),
    Key("suite", "object", "", "what was asked for, flags over file"),
    Key("plan", "list of objects", "", "the trials that follow from it"),
    Key("models", "list of objects", "", "what the models were; a run goes on with no others"),
    Key("left_out", "list of objects", "", "combinations of the grid that cannot be"),
    Key("notes", "list of text", "", "what was understood otherwise than it was written"),
    Key("batches_found", "list of objects", "", "batch sizes of auto; absent where none was asked"),
    Key("machine", "object", "", "what it ran on; nothing in it names a host or a user"),
    Key("sensors", "list of objects", "", "what was read, as far as it is known"),
    Key("sensors_missing", "list of objects", "", "sensors that were looked for and are not there"),
    Key("carbon", "object", "", "what carbon and water are computed from; no grams", UNASKED),
    Key("rescored", "list of objects", "", "each task scored anew, and when; absent without any"),
    Key("trace_damaged", "list of objects", "", "damage found in the trace; absent without any"),
    Key(
        "meter_cost",
        "object",
        "",
        "what measuring cost, over all sessions but those that were killed",
    ),
)

SUITE_KEYS = (
    Key("suite.name", "text", "", "name of the run"),
    Key("suite.models", "list of text", "", "embedded models, folders, hub ids"),
    Key("suite.tasks", "list of text", "", "tasks and query files; empty: those that ship"),
    Key("suite.backends", "list of text", "", "engines"),
    Key("suite.precisions", "list of text", "", "number formats"),
    Key("suite.batch_sizes", "list of integers", "queries", "batch sizes; the text auto finds one"),
    Key("suite.modes", "list of text", "", "baseline, rag"),
    Key("suite.device", "text", "", "auto, cpu, cuda, cuda:N, cuda:N+M or cuda:all"),
    Key("suite.revision", "text", "", "revision of hub models", UNASKED),
    Key("suite.weights", "text", "", "pretrained or random"),
    Key("suite.replicates", "integer", "", "fresh processes for each trial"),
    Key("suite.warmups", "integer", "batches", "batches before the measured region"),
    Key("suite.limit", "integer", "queries", "queries of each task", "where all are asked"),
    Key("suite.max_new_tokens", "integer", "tokens", "most tokens of an answer"),
    Key("suite.seed", "integer", "", "seed of the order and of the trials"),
    Key("suite.idle_s", "number", "s", "idle measured before and after the work"),
    Key("suite.sample_interval_s", "number", "s", "between two readings of the sensors"),
    Key("suite.timeout_s", "number", "s", "after which a worker counts as hung"),
    Key("suite.quiet_wait_s", "number", "s", "longest wait for a quiet machine"),
    Key("suite.repeat_noisy", "integer", "", "most repetitions of a disturbed replicate"),
    Key("suite.threads", "integer", "", "CPU threads of the engine", UNASKED),
    Key("suite.cpus", "list of integers", "", "CPUs to pin workers to; empty: chosen"),
    Key("suite.memory_limit_bytes", "integer", "B", "most memory of a worker", UNASKED),
    Key("suite.force_memory", "true or false", "", "run also what is foreseen not to fit"),
    Key("suite.sensors", "list of text", "", "sensors; empty: all that are found"),
    Key("suite.country", "text", "", "three letters, ISO 3166, or WORLD", UNASKED),
    Key("suite.zone", "text", "", "part of a country, by code or name", UNASKED),
    Key(
        "suite.intensity_g_per_kwh",
        "number or text",
        "g/kWh",
        "intensity that was given, or a CSV file of a series",
        UNASKED,
    ),
    Key("suite.intensity_uncertainty", "number", "1", "± of the intensity, relative"),
    Key("suite.pue", "number", "1", "power usage effectiveness; 1 is the IT equipment alone"),
    Key("suite.embodied_kg", "number", "kg", "CO2e of making what the run reserves", UNASKED),
    Key("suite.embodied_share", "number", "1", "share of it that the run has to itself"),
    Key("suite.lifetime_years", "number", "years", "life that it is shared out over"),
    Key("suite.water_l_per_kwh", "number", "L/kWh", "water used on site (WUE)", UNASKED),
    Key("suite.grid_water_l_per_kwh", "number", "L/kWh", "water used by generation", UNASKED),
    Key("suite.interval_target", "number", "1", "half-width above which a window is too short"),
    Key("suite.precision_target", "number", "1", "half-width that work is repeated for", UNASKED),
    Key("suite.time_budget_s", "number", "s", "most measured work of a replicate for that"),
    Key("suite.trust_remote_code", "true or false", "", "may a model run code of its own"),
    Key("suite.allow_pickle", "true or false", "", "may weights be pickled"),
    Key("suite.options", "object", "", "options of the engine"),
    Key("suite.corpus", "text", "", "what the mode rag retrieves from", UNASKED),
    Key("suite.chunk_by", "text", "", "words or sentences"),
    Key("suite.chunk_size", "integer", "", "of these in a chunk", UNASKED),
    Key("suite.chunk_overlap", "integer", "", "of these shared with the next chunk", UNASKED),
    Key("suite.top_k", "integer", "chunks", "chunks retrieved for a query", UNASKED),
    Key("suite.context_tokens", "integer", "tokens", "most retrieved text in a prompt"),
    Key("suite.chat", "text", "", "auto, on or off"),
    Key("suite.chat_template", "text", "", "file of a chat template", UNASKED),
    Key("suite.system", "text", "", "system prompt", UNASKED),
    Key("suite.shots", "integer", "", "solved examples before each prompt"),
    Key("suite.temperature", "number", "1", "0 is greedy"),
    Key("suite.top_p", "number", "1", "share of the likeliest tokens to draw from"),
    Key("suite.confidence", "true or false", "", "were probabilities of tokens computed"),
)

PLAN_KEYS = (
    Key("plan[].key", "text", "", "content hash: trial_key of the tables"),
    Key("plan[].label", "text", "", "the trial for people"),
    Key("plan[].model", "text", "", "model as it was asked for"),
    Key("plan[].revision", "text", "", "revision of a hub model", UNASKED),
    Key("plan[].weights", "text", "", "pretrained or random"),
    Key("plan[].backend", "text", "", "engine"),
    Key("plan[].precision", "text", "", "number format"),
    Key("plan[].device", "text", "", "cpu, cuda, cuda:N, or several GPUs: cuda:N+M"),
    Key("plan[].batch_size", "integer", "queries", "queries answered together"),
    Key("plan[].task", "text", "", "task or query file"),
    Key("plan[].task_version", "text", "", "version of queries, prompt and scorer"),
    Key("plan[].mode", "text", "", "baseline or rag"),
    Key("plan[].max_new_tokens", "integer", "tokens", "most tokens of an answer"),
    Key("plan[].limit", "integer", "queries", "queries asked for", "where all are asked"),
    Key("plan[].warmups", "integer", "batches", "batches before the measured region"),
    Key("plan[].seed", "integer", "", "seed of the trial"),
    Key("plan[].trust_remote_code", "true or false", "", "as in the suite"),
    Key("plan[].allow_pickle", "true or false", "", "as in the suite"),
    Key("plan[].options", "object", "", "options of the engine"),
    Key("plan[].stops", "list of text", "", "what ends an answer beside the end token"),
    Key("plan[].retrieval", "object", "", "how contexts are found", "where the mode is not rag"),
    Key("plan[].retrieval.corpus_digest", "text", "", "of the corpus' names and bytes"),
    Key("plan[].retrieval.chunking", "text", "", "unit, size and overlap: words:100:20"),
    Key("plan[].retrieval.retriever", "text", "", "bm25"),
    Key("plan[].retrieval.top_k", "integer", "chunks", "chunks retrieved for a query"),
    Key("plan[].retrieval.context_tokens", "integer", "tokens", "most of them in a prompt"),
    Key("plan[].retrieval.template", "text", "", "how a prompt is written with its context"),
    Key("plan[].asking", "object", "", "how prompts are put", "where it is the plain way"),
    Key("plan[].asking.chat", "text", "", "auto, on or off"),
    Key("plan[].asking.template", "text", "", "chat template, in Jinja", UNASKED),
    Key("plan[].asking.system", "text", "", "system prompt", UNASKED),
    Key("plan[].asking.shots", "integer", "", "solved examples before each prompt"),
    Key("plan[].asking.temperature", "number", "1", "0 is greedy"),
    Key("plan[].asking.top_p", "number", "1", "share of the likeliest tokens to draw from"),
    Key("plan[].asking.confidence", "true or false", "", "as in the suite"),
    Key("models[].model", "text", "", "model as it was asked for"),
    Key("models[].origin", "text", "", "embedded, folder, hub, random, or engine (its own)"),
    Key("models[].revision", "text", "", "commit of a hub model", "for all others"),
    Key(
        "models[].digest",
        "text",
        "",
        "SHA-256 over its files, large ones in part",
        "for an engine's own",
    ),
    Key("batches_found[].key", "text", "", "hash of the trial before its size was known"),
    Key("batches_found[].batch_size", "integer", "queries", "the size that is measured"),
    Key(
        "batches_found[].tried",
        "list of pairs",
        "queries, 1/s",
        "size, and output tokens (of a classifier: texts) a second",
    ),
    Key("batches_found[].why", "text", "", "what ended the search"),
    Key("left_out[].what", "text", "", "the combination"),
    Key("left_out[].why", "text", "", "the reason"),
)

MACHINE_KEYS = (
    Key("machine.cpu_model", "text", "", "the CPU's name"),
    Key("machine.logical_cpus", "integer", "", "CPUs that the system sees", UNTOLD),
    Key("machine.physical_cpus", "integer", "", "cores", UNTOLD),
    Key("machine.usable_cpus", "integer", "", "CPUs that the run may use"),
    Key("machine.threads", "integer", "", "CPU threads that an engine was given"),
    Key("machine.worker_cpus", "list of integers", "", "CPUs that workers were pinned to"),
    Key("machine.governor", "text", "", "frequency governors in use, by comma", UNTOLD),
    Key("machine.turbo", "true or false", "", "may the clock go beyond its nominal rate", UNTOLD),
    Key("machine.temperature_c", "number", "°C", "hottest thermal zone at the start", UNTOLD),
    Key("machine.throttle_events", "integer", "", "times that cores were held down", UNTOLD),
    Key("machine.swap_used_bytes", "integer", "B", "memory swapped out at the start"),
    Key("machine.load_average", "number", "", "processes at work, mean of the minute before"),
    Key("machine.numa_nodes", "list of text", "", "CPUs of each node of memory"),
    Key("machine.ram_bytes", "integer", "B", "memory"),
    Key("machine.swap_bytes", "integer", "B", "swap space"),
    Key("machine.os", "text", "", "system and distribution"),
    Key("machine.kernel", "text", "", "kernel's release"),
    Key("machine.architecture", "text", "", "x86_64, aarch64 …"),
    Key("machine.virtual", "true or false", "", "is it a virtual machine", UNTOLD),
    Key("machine.container", "text", "", "kubernetes, docker or podman", "outside of one"),
    Key("machine.python", "text", "", "version of Python"),
    Key("machine.versions", "object", "", "library → version"),
    Key("machine.gpus", "list of objects", "", "GPUs, as their driver describes them"),
    Key("machine.driver", "text", "", "GPU driver's version", "without a GPU"),
    Key(
        "machine.git_commit",
        "text",
        "",
        "commit of the folder that the run was started in",
        NO_COMMIT,
    ),
)

SENSOR_KEYS = (
    Key("sensors[].name", "text", "", "as in the column `sensor` of the tables"),
    Key("sensors[].component", "text", "", "cpu, dram, gpu, soc, board, wall, core or uncore"),
    Key("sensors[].device", "text", "", "which one of them"),
    Key("sensors[].kind", "text", "", "counter, power or estimate"),
    Key("sensors[].source", "text", "", "where its figures come from"),
    Key("sensors[].update_period_s", "number", "s", "between two updates", UNKNOWN),
    Key("sensors[].averaging_window_s", "number", "s", "what a power is the mean of", UNKNOWN),
    Key("sensors[].quantum_j", "number", "J", "smallest step of a counter"),
    Key("sensors[].wrap_j", "number", "J", "range of a counter", "where it does not wrap"),
    Key("sensors[].gain_uncertainty", "number", "1", "relative and systematic, apart from all"),
    Key("sensors[].limit_w", "number", "W", "power above which no reading is true", UNKNOWN),
    Key("sensors[].lag_s", "number", "s", "how late a reading is beyond its period", UNKNOWN),
    Key("sensors[].overlaps", "list of text", "", "sensors that count some of the same joules"),
    Key("sensors[].instead", "text", "", "simulated or replayed", "where this machine is read"),
    Key("sensors_missing[].family", "text", "", "the family of sensors"),
    Key("sensors_missing[].why", "text", "", "why there is none"),
    Key("sensors_missing[].fix", "text", "", "what to do about it", "where nothing helps"),
)

OTHER_KEYS = (
    Key("sessions[].session", "integer", "", "as in the column `session` of the tables, from 0"),
    Key(
        "sessions[].boot_id", "text", "", "hash of the system's boot id: one clock, one id", UNTOLD
    ),
    Key("sessions[].monotonic_ns", "integer", "ns", "monotonic clock at its start"),
    Key("sessions[].started_at", "text", "", "wall-clock label of its start, UTC, ISO 8601"),
    Key("rescored[].at", "text", "", "wall-clock label, UTC, ISO 8601"),
    Key("rescored[].task", "text", "", "task or query file"),
    Key("rescored[].old_version", "text", "", "of the task, as it was run"),
    Key("rescored[].new_version", "text", "", "of the task, whose scorer was used"),
    Key("rescored[].answers", "integer", "", "answers of first repetitions, over all trials"),
    Key("rescored[].changed", "integer", "", "of these, judged otherwise than before"),
    Key("rescored[].correct_before", "integer", "", "right answers before"),
    Key("rescored[].correct_after", "integer", "", "right answers since"),
    Key("trace_damaged[].file", "text", "", "what the damaged file is kept as"),
    Key("trace_damaged[].why", "text", "", "where it could not be read, and why"),
    Key(
        "carbon.intensity_g_per_kwh",
        "number",
        "g/kWh",
        "CO2-equivalent, location-based",
        "where there is a series, or none was given",
    ),
    Key(
        "carbon.series",
        "list of pairs",
        "s, g/kWh",
        "Unix time and the intensity from then on, from the run's start",
        "without a series",
    ),
    Key("carbon.source", "text", "", "whose figure, of which year"),
    Key("carbon.country", "text", "", "three letters, or WORLD", "where it was not by country"),
    Key("carbon.zone", "text", "", "code of a part of a country", "where it was not by zone"),
    Key("carbon.year", "integer", "", "of the intensity's data", UNKNOWN),
    Key("carbon.intensity_uncertainty", "number", "1", "± of the intensity, relative"),
    Key("carbon.pue", "number", "1", "power usage effectiveness"),
    Key("carbon.embodied_kg", "number", "kg", "CO2e of making what was reserved", UNASKED),
    Key("carbon.embodied_share", "number", "1", "share of it that the run had to itself"),
    Key("carbon.lifetime_years", "number", "years", "life that it is shared out over"),
    Key("carbon.water_l_per_kwh", "number", "L/kWh", "water used on site (WUE)", UNASKED),
    Key("carbon.grid_water_l_per_kwh", "number", "L/kWh", "water used by generation", UNASKED),
    Key("meter_cost.wall_s", "number", "s", "length of the sessions"),
    Key("meter_cost.cpu_s", "number", "s", "CPU time of the sampling thread"),
    Key("meter_cost.share_of_core", "number", "1", "cpu_s ÷ wall_s", "for empty sessions"),
    Key("meter_cost.parent_cpu_s", "number", "s", "CPU time of the parent process, all threads"),
)

KEYS = (*RUN_KEYS, *SUITE_KEYS, *PLAN_KEYS, *MACHINE_KEYS, *SENSOR_KEYS, *OTHER_KEYS)

OPEN = ("suite.options", "plan[].options", "machine.versions", "machine.gpus")
"""Objects whose keys are not ours: options, names of libraries, what a driver says."""
