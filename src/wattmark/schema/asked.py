"""What is asked for: a suite, and the trials that it expands to."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

Option = str | int | float | bool


AUTO = "auto"
"""Batch size of a suite: the largest that pays."""
TO_BE_FOUND = 0
"""Batch size of a trial that was asked for as AUTO and has not been found yet."""


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
    top_k: int | None = None
    """Chunks retrieved for a query; None: the task's own number, or 3."""
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
    stops: tuple[str, ...] = ()
    """What ends an answer beside the model's end token, by the task; the answer is cut before it.
    Empty for classifiers, and where answers have a fixed length (random weights)."""

    @property
    def key(self) -> str:
        """Content hash of all fields: 12 hexadecimal digits."""
        fields = asdict(self)
        for name in ("retrieval", "asking", "stops"):
            if not fields[name]:  # the key of a trial without it is what it always was
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
