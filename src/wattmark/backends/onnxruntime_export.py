"""Getting a model as ONNX files: from the cache, or converted in a process of its own."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from wattmark.backends.converting import Converter, converted
from wattmark.backends.onnxruntime_limits import by_builder
from wattmark.models import ModelSource
from wattmark.schema import Trial

_PACKAGES = (
    ("onnxruntime", "onnxruntime-gpu"),
    ("onnxruntime-genai", "onnxruntime-genai-cuda"),
    ("onnx",),
    ("onnxscript",),
    ("torch",),
    ("transformers",),
)


def versions() -> dict[str, str]:
    """Versions of what converts and runs, by package."""
    found = {}
    for names in _PACKAGES:
        for name in names:
            try:
                found[name] = metadata.version(name)
            except metadata.PackageNotFoundError:
                continue
            break
    return found


CONVERTER = Converter(
    engine="onnxruntime",
    module="wattmark.backends.onnxruntime_convert",
    format="3",
    words="converted to ONNX",
    memory_hint="It needs about three times the model's fp32 size; take a smaller model.",
    versions=versions,
)


def export(source: ModelSource, trial: Trial, pad_id: int) -> tuple[Path, bool]:
    """The folder of the trial's model as ONNX files, and whether it was made just now.

    Raises what `converting.converted` does.
    """
    builder = uses_builder(source)
    parts = {
        "kind": source.kind,
        "device": trial.device.partition(":")[0],
        "builder": str(builder),
        "pad_id": str(pad_id),
    }
    return converted(CONVERTER, source, trial, parts, {"builder": builder, "pad_id": pad_id})


def uses_builder(source: ModelSource) -> bool:
    """Whether onnxruntime-genai's builder writes the model, and its generator runs it."""
    return source.kind == "causal" and by_builder(source.config)
