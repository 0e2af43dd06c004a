"""Shapes of published models, by name: what `--weights random` can build without a download.

The facts stand in catalog.toml, each with its source.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CATALOGUE = Path(__file__).parent / "catalog.toml"


@dataclass(frozen=True)
class Shape:
    """A published model's shape."""

    name: str
    hub: str
    """Its id on the hub."""
    aliases: tuple[str, ...]
    """Ids of others that have the same shape."""
    parameters: int
    """As published, a tied head counted once."""
    source: str
    """Where config and parameters are from."""
    config: Mapping[str, Any]
    """What of its config.json makes its shape."""


@cache
def catalogue() -> tuple[Shape, ...]:
    """All shapes, in the order of the file."""
    content = tomllib.loads(CATALOGUE.read_text(encoding="utf-8"))
    return tuple(
        Shape(
            name=entry["name"],
            hub=entry["hub"],
            aliases=tuple(entry.get("aliases", ())),
            parameters=entry["parameters"],
            source=f"{entry['source']}; parameters: {entry['parameters_source']}",
            config=entry["config"],
        )
        for entry in content["model"]
    )


def find_shape(name: str) -> Shape | None:
    """The shape called `name`: short name, hub id or alias, in any case; None where there is none.

    An id may leave out its organisation: Llama-3.2-1B-Instruct.
    """
    return _by_name().get(name.casefold())


def shape_like(name: str) -> Shape | None:
    """The shape whose name is written nearly like this one."""
    known = _by_name()
    word = name.rpartition("/")[2].casefold()
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.75)
    return known[close[0]] if close else None


@cache
def _by_name() -> dict[str, Shape]:
    named: dict[str, Shape] = {}
    for shape in catalogue():
        ids = (shape.hub, *shape.aliases)
        for word in (shape.name, *ids, *(known.rpartition("/")[2] for known in ids)):
            named.setdefault(word.casefold(), shape)
    return named
