"""What is known of a model once it is found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.models.shapes import OWN

PRETRAINED, RANDOM = "pretrained", "random"
WEIGHTS = (PRETRAINED, RANDOM)


@dataclass(frozen=True)
class ModelSource:
    """A model that was found, is whole, and may be loaded."""

    name: str
    """As the user wrote it."""
    origin: str
    """embedded, folder, hub, gguf (a file), onnx (a folder), or random: a shape to be filled."""
    path: Path
    """The folder that holds it now; of a shape, config.json and a tokenizer."""
    revision: str | None
    """The hub's commit; None for a folder or an embedded model."""
    kind: str
    """causal or classifier."""
    architecture: str
    config: Mapping[str, Any]
    weight_bytes: int
    """Bytes of the stored tensors; of a shape, in the number format of its config."""
    parameters: int | None
    """As stored, tied weights once; None where only loading would tell (pickle, a bare shape)."""
    max_positions: int | None
    """Tokens that fit into its window, prompt and answer together."""
    weight_files: tuple[Path, ...]
    pickled: bool = False
    tokenizer: str = OWN
    """own, or stand-in for a shape whose tokenizer is not at hand."""
