"""The memory that a trial will take, foreseen from its model's shape before anything is loaded.

    weights      parameters × bytes of a weight (FORMATS); embeddings may be kept wider
    cache        2 (keys, values) × layers × key-value heads × head size × bytes × tokens × batch
    activations  of all prompts at once: tokens × batch × (8 hidden + 3 inner sizes) × bytes, and
                 the scores of one position over the vocabulary, twice (as computed, as floats)

    loading      parameters × bytes of the floats that quantized weights are made from; it is over
                 before the rest is needed, so the larger of the two counts

A prompt has at most as many tokens as bytes, so the cache is a bound. What is not foreseen: the
engine's own libraries and work space, and what an export takes before the first load. A
trial that is let through may still run out of memory, and is then a record that says so.
[Cache: Pope et al., 'Efficiently Scaling Transformer Inference', section 3.3]
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from wattmark.models import ModelSource
from wattmark.models.config import max_positions
from wattmark.models.own_files import OWN_FILES
from wattmark.runner.room import free_bytes
from wattmark.schema import Query, Trial
from wattmark.units import gibibytes


@dataclass(frozen=True)
class Format:
    """Bytes of one number, by what it is."""

    matrix: float
    """A weight of a matrix, scales included."""
    embedding: float
    """A weight of the embedding table."""
    computed: int
    """A number in the cache and in activations."""
    made_from: int = 0
    """A weight as it is read, where it is quantized at load."""


_HALF = Format(2, 2, 2)
FORMATS = {
    "fp32": Format(4, 4, 4),
    "tf32": Format(4, 4, 4),
    "bf16": _HALF,
    "fp16": _HALF,
    # Autocast keeps the floats, and a half-sized copy of what it has cast.
    "amp": Format(6, 4, 2),
    "int8-dynamic": Format(1, 4, 4, 4),
    "int8-wo": Format(1, 2, 2, 2),
    "int4-wo": Format(0.5625, 2, 2, 2),
    "int8-bnb": Format(1, 2, 2, 2),
    "nf4-bnb": Format(0.5625, 2, 2, 2),
    # Blocks of 32 with a scale of two bytes; q4_k_m mixes blocks of 4 and 6 bits.
    "q8_0": Format(34 / 32, 34 / 32, 2),
    "q4_0": Format(18 / 32, 18 / 32, 2),
    "q4_k_m": Format(0.61, 0.61, 2),
}
"""Precision → its bytes. One that is not here counts with its weights as they are stored."""

_LAYERS = ("num_hidden_layers", "n_layer", "num_layers", "n_layers")
_HEADS = ("num_attention_heads", "n_head", "n_heads", "num_heads")
_KV_HEADS = ("num_key_value_heads", "num_kv_heads", "n_head_kv")
_HIDDEN = ("hidden_size", "n_embd", "d_model", "dim")
_INNER = ("intermediate_size", "n_inner", "ffn_dim", "hidden_dim")


@dataclass(frozen=True)
class Shape:
    """A transformer's sizes, as far as its cache and activations depend on them."""

    layers: int
    kv_heads: int
    head_size: int
    hidden: int
    inner: int
    vocabulary: int

    def cache_bytes(self, number_bytes: int) -> int:
        """Of one token of one sequence."""
        return 2 * self.layers * self.kv_heads * self.head_size * number_bytes


@dataclass(frozen=True)
class Need:
    """Bytes that a trial will take."""

    weights: int
    cache: int = 0
    activations: int = 0
    loading: int = 0
    cache_per_token: int | None = None
    """Of one sequence; None for a classifier, and where the config does not tell."""

    @property
    def total(self) -> int:
        return max(self.loading, self.weights + self.cache + self.activations)

    def __str__(self) -> str:
        parts = {"weights": self.weights, "cache": self.cache, "activations": self.activations}
        told = ", ".join(f"{name} {gibibytes(size)}" for name, size in parts.items())
        when = " while it loads" if self.total == self.loading else ""
        return f"about {gibibytes(self.total)}{when} ({told})"


@dataclass(frozen=True)
class Foreseen:
    """What a trial needs, and what was free for it when the plan was made."""

    need: Need
    free: int | None
    """None where it cannot be told: then nothing is left out for it."""

    @property
    def margin(self) -> int | None:
        """Bytes that would be left; below zero where it does not fit."""
        return None if self.free is None else self.free - self.need.total

    @property
    def refusal(self) -> str | None:
        """Why the trial cannot be; None where it fits."""
        if self.margin is None or self.margin >= 0:
            return None
        free = gibibytes(self.free)
        return f"needs {self.need}, {free} is free; --force-memory runs it all the same"

    def __str__(self) -> str:
        if self.free is None or self.margin is None:
            return f"needs {self.need}"
        left = gibibytes(abs(self.margin))
        margin = f"margin {left}" if self.margin >= 0 else f"{left} too little"
        return f"needs {self.need}, {gibibytes(self.free)} free: {margin}"


@dataclass
class Foresight:
    """Foresees the trials of a plan; what is free on a device is looked up once."""

    sources: Mapping[str, ModelSource]
    """Model → what is known of it; an engine's own models are not there."""
    memory_limit_bytes: int | None = None
    _free: dict[str, int | None] = field(default_factory=dict)

    def of(self, trial: Trial, queries: Sequence[Query], batch: int) -> Foreseen | None:
        """A trial with batches of `batch` of its queries; None for an engine's own model."""
        source = self.sources.get(trial.model)
        if source is None:
            return None
        if trial.device not in self._free:
            self._free[trial.device] = free_bytes(trial.device, self.memory_limit_bytes)
        need = foresee(
            source,
            trial.precision,
            batch=batch,
            prompt_bytes=max((_length(query) for query in queries), default=0)
            + (trial.retrieval.context_tokens if trial.retrieval else 0),
            new_tokens=trial.max_new_tokens,
        )
        return Foreseen(need, self._free[trial.device])


def _length(query: Query) -> int:
    return len(query.prompt.encode("utf-8", "surrogatepass"))


def foresee(
    source: ModelSource, precision: str, *, batch: int, prompt_bytes: int, new_tokens: int
) -> Need:
    """What a model in a precision will take for batches of `batch` prompts.

    `prompt_bytes` is the longest prompt's length. A config that does not tell the sizes leaves
    the weights alone.
    """
    shape = shape_of(source.config)
    as_held = FORMATS.get(precision)
    weights, loading = source.weight_bytes, 0
    # An engine's own files are loaded as they are.
    if as_held is not None and source.parameters is not None and source.origin not in OWN_FILES:
        weights = weight_bytes(source.parameters, source.config, precision)
        loading = source.parameters * as_held.made_from
    if shape is None:
        return Need(weights, loading=loading)
    number_bytes = as_held.computed if as_held else 4
    window = max_positions(source.config) or prompt_bytes + 1 + new_tokens
    prompt = min(prompt_bytes + 1, window)
    activations = batch * prompt * (8 * shape.hidden + 3 * shape.inner) * number_bytes
    if source.kind != "causal":
        return Need(weights, activations=activations, loading=loading)
    per_token = shape.cache_bytes(number_bytes)
    return Need(
        weights,
        cache=batch * min(prompt + new_tokens, window) * per_token,
        activations=activations + 2 * batch * shape.vocabulary * 4,
        loading=loading,
        cache_per_token=per_token,
    )


def weight_bytes(parameters: int, config: Mapping[str, Any], precision: str) -> int:
    """Bytes of a model's weights in one of FORMATS."""
    as_held, shape = FORMATS[precision], shape_of(config)
    embedding = min(shape.vocabulary * shape.hidden if shape else 0, parameters)
    return round((parameters - embedding) * as_held.matrix + embedding * as_held.embedding)


def shape_of(config: Mapping[str, Any]) -> Shape | None:
    """The sizes in a config.json, by the names that families give them; None where they lack."""
    inner_config = config.get("text_config")
    if isinstance(inner_config, Mapping):
        config = {**config, **inner_config}
    layers, heads, hidden = (_size(config, names) for names in (_LAYERS, _HEADS, _HIDDEN))
    if layers is None or heads is None or hidden is None:
        return None
    kv_heads = _size(config, _KV_HEADS) or (1 if config.get("multi_query") is True else heads)
    return Shape(
        layers=layers,
        kv_heads=kv_heads,
        head_size=_size(config, ("head_dim",)) or hidden // heads,
        hidden=hidden,
        inner=_size(config, _INNER) or 4 * hidden,
        vocabulary=_size(config, ("vocab_size",)) or 0,
    )


def _size(config: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    values = (config.get(name) for name in names)
    return next((v for v in values if isinstance(v, int) and v > 0), None)
