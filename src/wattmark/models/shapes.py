"""The folder of a model that has a shape but no weights: config.json and a tokenizer, in the cache.

A tokenizer is the model's own where one is at hand (its folder, or the hub's local cache), else a
stand-in from the embedded models: with random weights words mean nothing, but prompts must become
as many ids, each inside the vocabulary. A folder is made once and named by what is in it.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wattmark.errors import ModelError
from wattmark.models.cache import Cache
from wattmark.models.config import has_tokenizer, read_config

EMBEDDED = Path(__file__).parent / "embedded"
OWN = "own"
STAND_IN = "stand-in"
_STAND_INS = ("sentiment", "arithmetic")
"""Embedded models whose tokenizers stand in, the larger vocabulary first."""
_BESIDES = (
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "merges.txt",
    "generation_config.json",
)
_WINDOW_KEYS = ("model_max_length", "max_length")


@dataclass(frozen=True)
class Tokenizer:
    """Files of a tokenizer by name, and whose it is: own or stand-in."""

    whose: str
    files: Mapping[str, bytes]


def shape_folder(
    name: str, config: Mapping[str, Any], *, own: Path | None = None, hub: str | None = None
) -> tuple[Path, str]:
    """A folder with `config` and a tokenizer, and whose tokenizer that is.

    `own` is a folder that may hold the model's tokenizer, `hub` an id to look for in the hub's
    local cache. Raises ModelError where no tokenizer fits into the vocabulary.
    """
    tokenizer = _own(own) or _own(_cached(hub)) or _stand_in(name, config)
    text = json.dumps(dict(config), indent=2, sort_keys=True) + "\n"
    files = {**tokenizer.files, "config.json": text.encode()}
    digest = hashlib.sha256()
    for file, content in sorted(files.items()):
        digest.update(f"{file}\0{len(content)}\0".encode() + content)

    def build(folder: Path) -> None:
        for file, content in files.items():
            (folder / file).write_bytes(content)

    key = {"files": digest.hexdigest()}
    return Cache("shapes").folder(name, key, build)[0], tokenizer.whose


def read_shape(path: Path) -> tuple[dict[str, Any], Path]:
    """config.json of a folder, or the JSON file itself, and the folder that it lies in."""
    if not path.is_file():
        return read_config(path), path
    if path.name == "config.json":
        return read_config(path.parent), path.parent
    with tempfile.TemporaryDirectory() as folder:
        shutil.copyfile(path, Path(folder) / "config.json")
        return read_config(Path(folder)), path.parent


def _own(folder: Path | None) -> Tokenizer | None:
    if folder is None or not folder.is_dir():
        return None
    names = [path.name for path in folder.iterdir() if path.is_file()]
    if not has_tokenizer(names):
        return None
    kept_names = [n for n in names if has_tokenizer([n]) or n in _BESIDES]
    return Tokenizer(OWN, {name: (folder / name).read_bytes() for name in kept_names})


def _cached(hub: str | None) -> Path | None:
    """The folder of a hub model in the local cache, perhaps with its tokenizer alone."""
    if hub is None:
        return None
    try:
        library = importlib.import_module("wattmark.models.hub")
    except ImportError:
        return None
    folder: Path | None = library.cached_tokenizer(hub)
    return folder


def _stand_in(name: str, config: Mapping[str, Any]) -> Tokenizer:
    """The largest embedded tokenizer all of whose ids lie inside the vocabulary."""
    vocabulary = config.get("vocab_size")
    for model in _STAND_INS:
        content = json.loads((EMBEDDED / model / "tokenizer.json").read_text(encoding="utf-8"))
        if not isinstance(vocabulary, int) or _ids(content) <= vocabulary:
            return Tokenizer(STAND_IN, _loosened(model, content))
    raise ModelError(
        f"'{name}' has a vocabulary of {vocabulary}: too small for any tokenizer that stands in.",
        "Put its own tokenizer beside its config.json.",
    )


def _ids(content: Mapping[str, Any]) -> int:
    """One more than the largest id."""
    ids = [*content["model"]["vocab"].values(), *(t["id"] for t in content["added_tokens"])]
    return int(max(ids)) + 1


def _loosened(model: str, content: dict[str, Any]) -> dict[str, bytes]:
    """Without the limits and the end token of the model that it was made for."""
    settings = json.loads((EMBEDDED / model / "tokenizer_config.json").read_text(encoding="utf-8"))
    for key in _WINDOW_KEYS:
        settings.pop(key, None)
    content["truncation"] = None
    content["post_processor"] = None
    return {
        "tokenizer.json": json.dumps(content, ensure_ascii=False).encode(),
        "tokenizer_config.json": json.dumps(settings, indent=2).encode(),
    }
