"""Who answers: one file an engine. An engine sees prompts and a stamp, never a sensor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

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


class Backend(Protocol):
    """An engine that holds one model.

    `load` reads the weights (a `ModelError` says why it cannot, an `OutOfMemoryError` that it does
    not fit); `generate` answers a batch of prompts, `classify` labels one: each returns a
    Generation a query, in order, and marks its spans (host, prefill, decode, classify).
    `facts` tells what was loaded: parameters, weight_bytes, dtype, versions.
    """

    facts: Mapping[str, Any]

    def load(self, trial: Trial) -> None: ...

    def generate(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]: ...

    def classify(self, batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]: ...

    def vram_peak_bytes(self) -> int | None: ...

    def close(self) -> None: ...


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
    gguf: bool = False
    """Whether it reads GGUF files."""
    models: Callable[[str], bool] | None = None
    """Where it brings its own models (the fake): does it know this name?"""
