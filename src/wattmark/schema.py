"""The nouns of Wattmark: frozen, typed, in SI base units, stamps in monotonic nanoseconds.

`None` is "not measured"; `0` is a measured zero. Everything that crosses a process or a
file goes through these, so they hold plain values only.

SCHEMA_VERSION history (run.json and the Parquet columns):
  1  first public format.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

SCHEMA_VERSION = 1

Option = str | int | float | bool

AUTO = "auto"
"""Batch size of a suite: the largest that pays."""
TO_BE_FOUND = 0
"""Batch size of a trial that was asked for as AUTO and has not been found yet."""


class Status(StrEnum):
    """How a replicate ended. Only `ok` carries figures."""

    OK = "ok"
    FAILED = "failed"
    CRASHED = "crashed"
    TIMEOUT = "timeout"
    OOM = "oom"


@dataclass(frozen=True, kw_only=True)
class Suite:
    """What the user asks for: a grid of models × backends × precisions × batches × tasks × modes.

    The fields are validated in `runner.suite`; here they are already right.
    """

    name: str
    models: tuple[str, ...]
    tasks: tuple[str, ...]
    backends: tuple[str, ...] = ("transformers",)
    precisions: tuple[str, ...] = ("fp32",)
    batch_sizes: tuple[int | str, ...] = (1,)
    """Numbers of queries, or AUTO."""
    modes: tuple[str, ...] = ("baseline",)
    device: str = "auto"
    revision: str | None = None
    weights: str = "pretrained"
    """pretrained, or random: the model's shape at its true size, filled from the seed."""
    replicates: int = 5
    warmups: int = 2
    limit: int | None = None
    """Queries of each task; None means all of them."""
    max_new_tokens: int = 64
    seed: int = 0
    idle_s: float = 0.5
    """Seconds of idle measured before and after the work, with the model loaded."""
    sample_interval_s: float = 0.1
    timeout_s: float = 600.0
    """Seconds after which a worker counts as hung."""
    quiet_wait_s: float = 5.0
    """Longest wait before a replicate for other processes to use little CPU."""
    repeat_noisy: int = 0
    """How often a replicate is measured again that other processes have disturbed."""
    threads: int | None = None
    cpus: tuple[int, ...] = ()
    """CPUs that workers are pinned to; empty: one a core, as many as threads."""
    memory_limit_bytes: int | None = None
    force_memory: bool = False
    """Run also what is foreseen not to fit into memory."""
    sensors: tuple[str, ...] = ()
    """Sensors to use; empty means all that are found."""
    country: str | None = None
    zone: str | None = None
    """Part of a country: US-CA, CA-QC, CN-BJ, SE3, or its name."""
    intensity_g_per_kwh: float | str | None = None
    """g CO2e/kWh, or a CSV file of a series; comes before zone, and that before country."""
    intensity_uncertainty: float = 0.15
    """Relative; two sources differ by 7 to 24 % for one country."""
    pue: float = 1.0
    """Power usage effectiveness; 1.0 is the IT equipment alone."""
    embodied_kg: float | None = None
    """kg CO2e of making what the run reserves."""
    embodied_share: float = 1.0
    lifetime_years: float = 4.0
    water_l_per_kwh: float | None = None
    grid_water_l_per_kwh: float | None = None
    interval_target: float = 0.10
    """Relative half-width above which a window counts as too short (METHOD: windows)."""
    precision_target: float | None = None
    """Relative half-width of the measured region's joules to which a replicate is lengthened by
    repeating all of its queries; None repeats nothing."""
    time_budget_s: float = 60.0
    """Most seconds of measured work of a replicate that is lengthened."""
    trust_remote_code: bool = False
    allow_pickle: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    corpus: str | None = None
    """Folder or file that the mode rag retrieves from; None: each task's own."""
    chunk_by: str = "words"
    """words or sentences."""
    chunk_size: int | None = None
    """Of these, in a chunk; None: 100 words or 5 sentences."""
    chunk_overlap: int | None = None
    """Of these, shared with the next chunk; None: a fifth of a chunk."""
    top_k: int = 3
    """Chunks retrieved for a query."""
    context_tokens: int = 256
    """Most tokens of retrieved text in a prompt, by the model's tokenizer."""
    chat: str = "auto"
    """auto, on or off: see Asking."""
    chat_template: str | None = None
    """A file that holds a chat template in Jinja."""
    system: str | None = None
    shots: int = 0
    temperature: float = 0.0
    top_p: float = 1.0
    confidence: bool = False


@dataclass(frozen=True, kw_only=True)
class Retrieval:
    """How a trial's contexts are found: what its answers depend on beside the model."""

    corpus_digest: str
    """Of the names and bytes of the documents: 12 hexadecimal digits."""
    chunking: str
    """'words:100:20': unit, size and overlap of the chunks."""
    retriever: str = "bm25"
    top_k: int = 3
    context_tokens: int = 256
    """Budget of retrieved text in a prompt."""
    template: str
    """The prompt with {context} and {prompt} or {query}."""


@dataclass(frozen=True, kw_only=True)
class Asking:
    """How prompts are put to a model and answers drawn from it, where not in the plain way.

    Plain is: the tokenizer's chat template where it has one, no system prompt, no solved examples,
    greedy decoding.
    """

    chat: str = "auto"
    """auto: the tokenizer's template where it has one; off: the prompt as it stands; on: refuse a
    model that has no template."""
    template: str | None = None
    """A chat template in Jinja, in the place of the tokenizer's."""
    system: str | None = None
    """What the system says before the prompt."""
    shots: int = 0
    """Solved examples before each prompt: queries of the task that are not asked."""
    temperature: float = 0.0
    """0 takes the likeliest token each time; above, tokens are drawn from the trial's seed."""
    top_p: float = 1.0
    """Tokens are drawn from the likeliest that have this probability together."""
    confidence: bool = False
    """Whether the probability of each chosen token is computed: work that a product may not do."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """One cell of the grid. Two trials with the same `key` are the same work."""

    model: str
    revision: str | None = None
    weights: str = "pretrained"
    backend: str
    precision: str
    device: str
    batch_size: int
    task: str
    task_version: str
    mode: str = "baseline"
    max_new_tokens: int
    limit: int | None = None
    warmups: int = 2
    seed: int = 0
    trust_remote_code: bool = False
    allow_pickle: bool = False
    options: Mapping[str, Option] = field(default_factory=dict)
    retrieval: Retrieval | None = None
    """Where the mode is rag."""
    asking: Asking | None = None
    """Where it is not the plain way."""

    @property
    def key(self) -> str:
        """Content hash of all fields: 12 hexadecimal digits."""
        fields = asdict(self)
        for name in ("retrieval", "asking"):
            if fields[name] is None:  # the key of a trial without it is what it always was
                del fields[name]
        text = json.dumps(fields, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]

    @property
    def label(self) -> str:
        """For people: 'arithmetic · transformers bf16 cpu · batch 8'."""
        mode = "" if self.mode == "baseline" else f" · {self.mode}"
        engine = f"{self.backend} {self.precision} {self.device}"
        batch = self.batch_size or AUTO
        model = self.model if self.weights == "pretrained" else f"{self.model} ({self.weights})"
        return f"{model} · {engine} · batch {batch} · {self.task}{mode}"


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of work on the monotonic clock.

    Names in use: export, load, index, idle, warmup, retrieve, prefill, decode, classify, host, and
    `measured`, the whole measured region from the first batch's start to the last one's end.
    """

    name: str
    start_ns: int
    end_ns: int
    batch: int | None = None
    tokens: int | None = None

    @property
    def seconds(self) -> float:
        """Length in seconds."""
        return (self.end_ns - self.start_ns) / 1e9


# How the fault of a reading begins that also lost what its counter had counted.
LOST = "joules lost: "
# How that goes on where a counter may have gone round its range, nobody knows how often.
WRAPS = "unknown number of wraps: "


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of one sensor. `energy_j` is a counter since any origin, never reset here."""

    sensor: str
    time_ns: int
    energy_j: float | None = None
    power_w: float | None = None
    temperature_c: float | None = None
    memory_bytes: int | None = None
    clock_hz: float | None = None
    utilization: float | None = None
    throttle: str | None = None
    fault: str | None = None
    """Why the reading failed; the figures are None then."""

    @property
    def lost(self) -> bool:
        """Whether joules between the readings around this one are missing from the counter.

        Not so for a reading that merely failed: the counter went on, and the next one knows.
        """
        return self.fault is not None and self.fault.startswith(LOST)

    @property
    def wrapped(self) -> bool:
        """Whether they are missing because the counter may have wrapped any number of times."""
        return self.fault is not None and self.fault.startswith(LOST + WRAPS)


@dataclass(frozen=True, kw_only=True)
class SensorInfo:
    """What a sensor is, as far as it is known. `None` is unknown."""

    name: str
    component: str
    """cpu, dram, gpu, soc, board or wall; core and uncore lie inside a cpu."""
    device: str
    """Which one of them: package-0, gpu0, host."""
    kind: str
    """counter (joules), power (watts), estimate (a modelled counter)."""
    source: str
    """Where its figures come from, for people: 'RAPL by powercap', 'CPU model: …'."""
    update_period_s: float | None = None
    averaging_window_s: float | None = None
    quantum_j: float = 0.0
    wrap_j: float | None = None
    """The counter's range; wraps are corrected where it is read."""
    gain_uncertainty: float = 0.0
    """Relative, systematic, kept apart from every interval (0.05 is ±5 %)."""
    limit_w: float | None = None
    """Power above which a reading cannot be true."""
    lag_s: float | None = None
    """How late a reading is beyond its update period: it tells of `time_ns − lag_s`."""
    overlaps: tuple[str, ...] = ()
    """Names of sensors that count some of the same joules: never summed with this one."""
    instead: str | None = None
    """'simulated' or 'replayed' where nothing of this machine is read."""

    @property
    def provenance(self) -> str:
        """The word that follows its joules everywhere: measured, estimated, or `instead`."""
        return self.instead or ("estimated" if self.kind == "estimate" else "measured")


@dataclass(frozen=True, slots=True)
class Query:
    """One question. `prompt` is what the model gets; `answer` is None where there is no gold."""

    id: str
    text: str
    prompt: str
    answer: str | None = None
    answers: tuple[str, ...] = ()
    """All gold answers where several count; `answer` is the first of them."""
    choices: tuple[str, ...] = ()
    """What may be chosen from, in order; empty where the answer is free."""
    context: str | None = None
    """The text that holds the answer, where the data gives one; `prompt` may show it."""
    language: str | None = None
    """ISO 639-1 (en, pt): how numbers are written in the answer; None: not said."""
    scorer: str | None = None
    """The scorer of this row by name, where the data says so."""


@dataclass(frozen=True, slots=True)
class Retrieved:
    """What was retrieved for one query, and the prompt that came of it.

    `hit`: is a gold answer, or the query's own context, among all that was retrieved? None where
    the query says neither.
    """

    query_id: str
    prompt: str
    ids: tuple[str, ...]
    """Of the chunks, the best first; those that did not fit come last."""
    context_tokens: int | None
    """Of the chunks in the prompt; None where the engine has no tokenizer at hand to count them."""
    left_out: int
    """Chunks that did not fit into the budget or the model's window."""
    hit: bool | None


@dataclass(frozen=True, slots=True)
class Generation:
    """One answer. Tokens are counted from ids that came out, the end token included."""

    query_id: str
    text: str
    batch: int
    input_tokens: int
    output_tokens: int
    start_ns: int
    end_ns: int
    token_times_ns: tuple[int, ...] = ()
    stop_reason: str = "eos"
    """eos, length, or label (a classifier)."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth: `correct` and `value` (0 to 1), what was read from it, and why."""

    correct: bool | None
    value: float | None
    extracted: str | None
    why: str


@dataclass(frozen=True, slots=True)
class EnergyReading:
    """Joules of one span (or of all spans of one name) from one sensor.

    `low_j`/`high_j` bound `gross_j`, `net_low_j`/`net_high_j` bound `net_j` (gross less idle
    power × time), at 95 % and without the sensor's gain, which stands apart.
    """

    span: str
    sensor: str
    component: str
    device: str
    provenance: str
    method: str
    """counter, integrated, regressed or modelled."""
    seconds: float
    gross_j: float | None
    low_j: float | None
    high_j: float | None
    net_j: float | None = None
    net_low_j: float | None = None
    net_high_j: float | None = None
    gain_uncertainty: float = 0.0
    batch: int | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of a worker and the processes that it started, bytes. `None` is not measured."""

    ram_peak_bytes: int | None = None
    ram_before_load_bytes: int | None = None
    ram_loaded_bytes: int | None = None
    ram_unique_bytes: int | None = None
    """Shared with no other process, after the measured region."""
    vram_peak_bytes: int | None = None
    """By the engine's allocator."""
    vram_board_peak_bytes: int | None = None
    """Of the whole board, whoever uses it, by NVML's readings."""
    cache_bytes_per_token: int | None = None
    """Of one sequence, by the model's shape."""
    foreseen_bytes: int | None = None
    """Weights, cache and activations as the plan foresaw them."""


@dataclass(frozen=True, slots=True)
class Totals:
    """Figures of a replicate's measured region over all components that may be summed."""

    energy_j: float | None = None
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    energy_net_j: float | None = None
    energy_net_low_j: float | None = None
    energy_net_high_j: float | None = None
    energy_provenance: str | None = None
    gain_uncertainty: float | None = None
    retrieve_j: float | None = None
    retrieve_low_j: float | None = None
    retrieve_high_j: float | None = None
    prefill_j: float | None = None
    prefill_low_j: float | None = None
    prefill_high_j: float | None = None
    decode_j: float | None = None
    decode_low_j: float | None = None
    decode_high_j: float | None = None
    index_j: float | None = None
    """Of opening or building the index: outside of the measured region."""
    index_low_j: float | None = None
    index_high_j: float | None = None
    idle_power_w: float | None = None
    power_mean_w: float | None = None
    power_peak_w: float | None = None
    export_energy_j: float | None = None
    """Of converting the model to the engine's own files, before the measured region and apart."""
    temperature_max_c: float | None = None
    foreign_cpu: float | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """A warning as data: a code, what was seen, and what to do. Rendered elsewhere."""

    code: str
    message: str
    hint: str = ""


@dataclass(frozen=True, kw_only=True)
class Record:
    """One replicate of one trial: a fresh process, from its start to its end."""

    trial: Trial
    replicate: int
    block: int
    order: int
    """Place in the order in which replicates were begun, from 0: drift is looked for along it."""
    status: Status
    error: str | None = None
    started_at: str = ""
    """Wall-clock label (ISO 8601, UTC); never used to compute."""
    attempt: int = 1
    session: int = 0
    """Which session of the run, from 0: stamps compare within one only."""
    repetitions: int = 1
    """How often the measured region went through all queries, in the same order."""
    spans: tuple[Span, ...] = ()
    queries: tuple[Query, ...] = ()
    generations: tuple[Generation, ...] = ()
    """One a query and repetition, repetition by repetition."""
    scores: tuple[Score, ...] = ()
    """One a query, of the first repetition: a copy of an answer is no new evidence."""
    retrieved: tuple[Retrieved, ...] = ()
    """One a query where the mode is rag; `queries` then hold the prompts with their contexts."""
    energy: tuple[EnergyReading, ...] = ()
    query_energy: tuple[QueryEnergy, ...] = ()
    totals: Totals = Totals()
    memory: Memory = Memory()
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the worker found: parameters, weight bytes, threads, dtype, engine versions."""
    doubts: tuple[Doubt, ...] = ()


@dataclass(frozen=True, slots=True)
class QueryEnergy:
    """A query's share of its batch's joules (prefill by input tokens, decode by steps alive)."""

    query_id: str
    gross_j: float | None
    low_j: float | None
    high_j: float | None
    net_j: float | None = None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its interval. `low`/`high` are None where n is too small to say."""

    metric: str
    value: float | None
    low: float | None
    high: float | None
    confidence: float
    n: int
    unit: str
    note: str = ""
