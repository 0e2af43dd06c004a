"""Whether a folder stores a value for every parameter of its model, in the model's shape.

transformers, and the converters that are built on it, fill what is not stored with random numbers
and go on: energy would be measured, and quality would be that of a broken model.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import transformers

from wattmark.errors import ModelError

_NAMED = 3


def auto_class(kind: str) -> Any:
    """The class by which transformers reads a model of a kind: causal, or classifier."""
    if kind == "causal":
        return transformers.AutoModelForCausalLM
    return transformers.AutoModelForSequenceClassification


def check_trained(name: str, folder: Path, kind: str, *, trust_remote_code: bool = False) -> None:
    """Refuse a folder by what its files list; no weight is read.

    Raises ModelError, and whatever transformers raises for a config that it cannot build.
    """
    model, report = auto_class(kind).from_pretrained(
        folder,
        device_map="meta",
        local_files_only=True,
        trust_remote_code=trust_remote_code,
        output_loading_info=True,
        ignore_mismatched_sizes=True,  # reported then instead of raised
    )
    check_report(name, type(model).__name__, report)


def check_report(name: str, architecture: str, report: Mapping[str, Any]) -> None:
    """Refuse by what transformers reports of its loading; ModelError names the tensors."""
    missing = sorted(report["missing_keys"])
    if missing:
        raise ModelError(
            f"'{name}' stores no weights for {_tensors(len(missing))} of {architecture}"
            f" ({_listed(missing)}): they would be random.",
            "Use a checkpoint that was trained with this head, or correct its config.json.",
        )
    others = sorted(
        f"{tensor}: {_size(stored)} instead of {_size(needed)}"
        for tensor, stored, needed in report["mismatched_keys"]
    )
    if others:
        raise ModelError(
            f"'{name}' stores {_tensors(len(others))} in another shape than its config.json asks of"
            f" {architecture} ({_listed(others)}).",
            "Use the config.json that belongs to these weights.",
        )


def _tensors(count: int) -> str:
    return f"{count} tensor{'' if count == 1 else 's'}"


def _listed(names: list[str]) -> str:
    return ", ".join(names[:_NAMED]) + (", …" if len(names) > _NAMED else "")


def _size(shape: Any) -> str:
    return "×".join(str(length) for length in shape)
