"""What a bare loop is asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

Answer = Callable[[Sequence[str]], int]
"""A batch of prompts → how many tokens came out; the text is made too, as a user would."""


@dataclass(frozen=True)
class Question:
    """One measurement of an engine."""

    folder: str
    """The model in the hub's layout: the tokenizer, and the weights where the engine reads them."""
    files: str
    """The engine's own file, made beforehand; empty where there is none."""
    prompts: list[str]
    batch: int
    new_tokens: int
    warmups: int
    threads: int
    cpus: list[int]
    endless: bool
    """Whether the end of text is ignored: what random weights say has none."""
    settings: dict[str, Any] = field(default_factory=dict)
    """What else there is to know: what Wattmark's engine says of itself."""
