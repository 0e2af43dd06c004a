"""Getting a model as OpenVINO's files: from the cache, or converted in a process of its own."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

from wattmark.backends.converting import Converter, converted
from wattmark.models import ModelSource
from wattmark.schema import Trial

GRAPH = "model.xml"
PARAMETERS = ["wattmark", "parameters"]
"""Where in the graph's runtime information the number of the model's parameters stands."""
_PACKAGES = ("openvino", "nncf", "torch", "transformers")


def versions() -> dict[str, str]:
    """Versions of what converts and runs."""
    return {name: metadata.version(name) for name in _PACKAGES}


CONVERTER = Converter(
    engine="openvino",
    module="wattmark.backends.openvino_convert",
    format="1",
    words="converted for OpenVINO",
    memory_hint="Take a smaller model, or bf16, which is converted from 16-bit weights.",
    versions=versions,
)


def export(source: ModelSource, trial: Trial, pad_id: int) -> tuple[Path, bool]:
    """The trial's model as a graph file, and whether it was made just now.

    Raises what `converting.converted` does.
    """
    made, fresh = converted(CONVERTER, source, trial, {"pad_id": str(pad_id)}, {"pad_id": pad_id})
    return made / GRAPH, fresh
