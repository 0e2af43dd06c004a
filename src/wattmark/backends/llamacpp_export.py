"""Getting a model as a GGUF file: from the cache, or converted in a process of its own."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from wattmark.backends.converting import Converter, converted
from wattmark.models import ModelSource
from wattmark.schema import Trial

FILE = "model.gguf"
_PACKAGES = ("xllamacpp", "gguf")


def versions() -> dict[str, str]:
    """Versions of what converts and runs."""
    return {name: metadata.version(name) for name in _PACKAGES}


CONVERTER = Converter(
    engine="llamacpp",
    module="wattmark.backends.llamacpp_convert",
    format="2",
    words="converted to GGUF",
    memory_hint="One tensor at a time is held, as fp32: stop other work, or take a smaller model.",
    versions=versions,
)


def export(source: ModelSource, trial: Trial, ends: Sequence[int]) -> tuple[Path, bool]:
    """The GGUF file of a model in the trial's precision, and whether it was made just now.

    `ends` are the tokens that end an answer; none, and no token does. Raises what
    `converting.converted` does.
    """
    parts = {"ends": " ".join(map(str, ends))}
    made, fresh = converted(CONVERTER, source, trial, parts, {"ends": list(ends)})
    return made / FILE, fresh
