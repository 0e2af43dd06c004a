"""Who answers: one file an engine. An engine sees prompts and a stamp, never a sensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from wattmark.schema import Generation, Option, Query, Trial


class Stamp(Protocol):
    """The only thing of the instrument that an engine sees: a clock and a list of spans."""

    def now(self) -> int:
        """Monotonic nanoseconds."""

    def add(
        self,
        name: str,
        start_ns: int,
        end_ns: int,
        *,
        batch: int | None = None,
        tokens: int | None = None,
    ) -> None:
        """Mark a span that has ended."""


class Counts(Protocol):
    """Counts tokens as a model's tokenizer cuts them."""

    def count(self, text: str, *, special: bool = False) -> int:
        """Tokens of a text; as a whole prompt (`special`) with those that the tokenizer adds."""


class Chats(Protocol):
    """Writes conversations as a model's chat template has them."""

    @property
    def has_chat_template(self) -> bool:
        """Whether the tokenizer brings a template."""

    def chat(self, messages: Sequence[Mapping[str, str]], template: str | None = None) -> str:
        """The prompt of messages ({role, content}); `template` stands in for the tokenizer's."""


class Backend(Protocol):
    """An engine that holds one model.

    `load` reads the weights (a `ModelError` says why it cannot, an `OutOfMemoryError` that it does
    not fit); `generate` answers a batch of prompts, `classify` labels one: each returns a
    Generation a query, in order, and marks its spans (host, prefill, decode, classify).
    An engine whose spec says `stops` ends an answer with the token that completes one of the
    trial's stop strings (`stopping`), and its stop_reason is then "stop".
    `facts` tells what was loaded: parameters, weight_bytes, dtype, versions. Where it has the
    model's tokenizer at hand, `texts` counts with it (`Counts`) and writes conversations
    (`Chats`); an engine may do without.
    """

    facts: Mapping[str, Any]

    def load(self, trial: Trial) -> None: ...

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]: ...

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]: ...

    def vram_peak_bytes(self) -> int | None: ...

    def close(self) -> None: ...


@runtime_checkable
class Converts(Protocol):
    """An engine that has a model converted to files of its own, once, before it loads it.

    What `prepare` does is no part of `load`: it has a span, joules and a time limit of its own.
    `load` without it converts as well, where that was not done yet.
    """

    def prepare(self, trial: Trial) -> bool:
        """Convert the trial's model where that was not done yet; whether it was done now.

        Raises what `load` does. It should hold no more afterwards than before.
        """


@dataclass(frozen=True, kw_only=True)
class BackendSpec:
    """What an engine can do, known without importing it."""

    name: str
    adapter: str
    """'module:attribute' of the Backend class; importing it imports the engine.

    A tuple `PRELOAD` in that module names what the engine imports only later: the fork server
    imports it too, so that `load` is not mostly imports. It must start no thread or device.
    """
    requires: tuple[str, ...]
    """Modules that must be importable."""
    extra: str
    """What to install: pip install "wattmark[extra]"."""
    precisions: Mapping[str, tuple[str, ...]]
    """Device → precisions."""
    kinds: tuple[str, ...] = ("causal", "classifier")
    """Model kinds: causal, classifier."""
    refused: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """(device, precision) → the reason, for combinations people ask for."""
    refuses: Callable[[Mapping[str, Any], str, str], str | None] | None = None
    """(a model's config.json, precision, device family) → why this engine cannot run it so, or
    None. It must import no engine: plans ask it."""
    options: tuple[str, ...] = ()
    """Names that --option may give."""
    refuses_options: Callable[[Mapping[str, Option], str, str], str | None] | None = None
    """(options, precision, device family) → why this engine cannot run that so, or None."""
    several_gpus: Callable[[Mapping[str, Option], str], str | None] | None = None
    """(options, precision) → why it cannot spread a model over several GPUs so, or None; itself
    None where it runs on one GPU only."""
    converts: bool = False
    """Whether it has models converted to files of its own (`Converts`), but for `own_files`."""
    own_files: tuple[str, ...] = ()
    """Origins of models in files that few engines read, of which this is one: gguf, onnx."""
    stops: bool = False
    """Whether generation itself ends at a trial's stop strings; where not, answers are cut there
    afterwards, and what came behind has cost all the same."""
    draws: bool = False
    """Whether it can draw tokens at a temperature; greedy decoding is everyone's."""
    models: Callable[[str], bool] | None = None
    """Where it brings its own models (the fake): does it know this name?"""
