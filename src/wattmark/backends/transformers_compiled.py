"""torch.compile and static caches: shapes and addresses that stay, and compilations that are told.

Compiled is the single step of decoding, whose shape depends on the rows of a batch and on the
length of the static cache alone; prompts are read uncompiled, as each width would be a program of
its own. CUDA graphs (modes reduce-overhead and max-autotune) replay addresses: the cache is kept
from batch to batch, or each batch would record its graph anew. Its length is rounded up, so that
batches of similar prompts share a program.
"""

from __future__ import annotations

import importlib
import time
import warnings
from typing import Any

import torch
import transformers
from torch._dynamo.utils import counters

from wattmark.errors import ModelError

STEP = 128
"""Tokens to which a cache's length is rounded up."""
MOST_SHAPES = 64
"""Of a step of decoding, rows by length: each has a program."""
KEPT = 2
"""Caches: that of full batches, and that of a smaller last one."""


class StaticCaches:
    """Keys and values of a model's batches, allocated once a size of batch."""

    def __init__(self, config: Any, window: int | None) -> None:
        self._config, self._window = config, window
        self._caches: dict[int, Any] = {}
        self._lengths: dict[int, int] = {}

    def cleared(self, rows: int, tokens: int) -> Any:
        """An empty cache for `rows` of up to `tokens`, the answer included."""
        length = self._lengths.get(rows, 0)
        cache = self._caches.pop(rows, None)
        if cache is None or length < tokens:
            while len(self._caches) >= KEPT:
                self._caches.pop(next(iter(self._caches)))
            # A length that was compiled for before is taken again.
            self._lengths[rows] = max(length, self._rounded(tokens))
            cache = self._new(self._lengths[rows])
        else:
            cache.reset()
        self._caches[rows] = cache  # the latest stands last
        return cache

    def _rounded(self, tokens: int) -> int:
        rounded = -(-tokens // STEP) * STEP
        return rounded if self._window is None else max(tokens, min(rounded, self._window))

    def _new(self, length: int) -> Any:
        try:
            return transformers.StaticCache(config=self._config, max_cache_len=length)
        except (KeyError, ValueError, NotImplementedError) as reason:
            raise ModelError(
                f"Models of the type '{self._config.model_type}' have no static cache: {reason}.",
                "Leave cache=static and compile out.",
            ) from reason


class Compilations:
    """When this process compiled, as far as torch counts it. Making one imports the compiler."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            # It scripts with torch.jit, which torch itself calls deprecated.
            warnings.simplefilter("ignore", DeprecationWarning)
            importlib.import_module("torch._inductor.compile_fx")
        # torch runs what has more shapes uncompiled, and says so in a log that nobody reads.
        torch._dynamo.config.recompile_limit = max(
            torch._dynamo.config.recompile_limit, MOST_SHAPES
        )
        self._before, self._skipped = _graphs(), _skips()
        self._times_ns: list[int] = []

    def facts(self) -> dict[str, Any]:
        """`compiled_at_ns`: when each program was first seen here, at the end of its batch.

        `cuda_graphs_skipped` counts the programs that a mode with CUDA graphs ran without them.
        """
        new = _graphs() - self._before
        self._before += new
        self._times_ns += [time.monotonic_ns()] * new
        return {
            "compiled_at_ns": list(self._times_ns),
            "cuda_graphs_skipped": _skips() - self._skipped,
        }

    @staticmethod
    def forget() -> None:
        """Give back what was compiled in this process, and the memory of CUDA graphs with it."""
        torch.compiler.reset()


def _graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


def _skips() -> int:
    return int(counters["inductor"]["cudagraph_skips"])


def compile_config(mode: str) -> Any:
    """How `generate` compiles steps of decoding: each shape for itself, on any device."""
    build: Any = transformers.CompileConfig
    config = build(mode=mode, dynamic=False)
    config._compile_all_devices = True  # else on GPUs alone
    return config
