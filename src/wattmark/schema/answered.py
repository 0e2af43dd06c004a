"""What a worker tells: stretches of work, questions and answers, and what they are worth."""

from __future__ import annotations

from dataclasses import dataclass


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
    """eos, length, stop (a stop string of the task), or label (a classifier)."""
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """What an answer is worth: `correct` and `value` (0 to 1), what was read from it, and why."""

    correct: bool | None
    value: float | None
    extracted: str | None
    why: str


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
