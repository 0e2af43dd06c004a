"""Where a model comes from, and what it is, before anything is run.

A name is looked for in three places: `embedded/<x>` is in the package; an existing folder, or
anything that is written as a path, is on disk; all else is an id on the Hugging Face hub,
looked up in the local cache first. No engine is imported and no weight is read: headers and
config.json say enough to refuse what would fail an hour later.

With random weights a name stands for a shape alone: a config.json in the same places, or one of
the catalogue, which needs no network.
"""

from __future__ import annotations

import difflib
import importlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from wattmark.errors import ModelError, did_you_mean, unknown
from wattmark.models.catalog import find_shape, shape_like
from wattmark.models.config import (
    architecture,
    check_config,
    max_positions,
    read_config,
)
from wattmark.models.count import count_parameters
from wattmark.models.gguf_file import is_gguf
from wattmark.models.model import PRETRAINED, RANDOM, WEIGHTS, ModelSource
from wattmark.models.onnx_folder import is_onnx_folder
from wattmark.models.own_files import gguf_source, need_tokenizer, not_a_shape, onnx_source
from wattmark.models.shapes import EMBEDDED, read_shape, shape_folder
from wattmark.models.weights import find_weights
from wattmark.schema import Trial

_PREFIX = "embedded/"
_PATH_STARTS = ("./", "../", "/", "~")
_NOT_SHAPE = ("quantization_config", "auto_map")
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)


def find_model(
    name: str,
    *,
    revision: str | None = None,
    allow_pickle: bool = False,
    trust_remote_code: bool = False,
    weights: str = PRETRAINED,
) -> ModelSource:
    """The model called `name`, downloaded if it must be; with `weights` random its shape alone.

    Raises ModelError, one line and what to do: not found, not reachable, gated, damaged, of an
    unsupported architecture, without weights or a tokenizer, pickled, or with code of its own.
    """
    if weights not in WEIGHTS:
        raise ModelError(unknown("kind of weights", weights, WEIGHTS))
    if is_gguf(name):
        return gguf_source(name, weights)
    if weights == RANDOM:
        return _shape(name, revision)
    inspect = _Inspection(name, allow_pickle=allow_pickle, trust_remote_code=trust_remote_code)
    if name.startswith(_PREFIX):
        return inspect("embedded", _embedded(name), None)
    # Files first: a folder of the user's may look like a hub id.
    if name.startswith(_PATH_STARTS) or (name and Path(name).exists()):
        folder = _folder(name)
        if is_onnx_folder(folder):
            return onnx_source(name, folder)
        return inspect("folder", folder, None)
    if _HUB_ID.fullmatch(name) is None:
        raise ModelError(
            f"'{name}' is neither a folder nor a hub id.",
            "Give a folder (./my-model), a hub id (org/name) or one of: "
            + ", ".join(embedded_models())
            + ".",
        )
    return _from_hub(name, revision, inspect)


def model_of(trial: Trial) -> ModelSource:
    """The model of a trial, under the permissions that it gives; raises as `find_model` does."""
    return find_model(
        trial.model,
        revision=trial.revision,
        allow_pickle=trial.allow_pickle,
        trust_remote_code=trial.trust_remote_code,
        weights=trial.weights,
    )


def embedded_models() -> list[str]:
    """Names of the models that come with the package: 'embedded/arithmetic', …"""
    if not EMBEDDED.is_dir():
        return []
    return sorted(_PREFIX + path.parent.name for path in EMBEDDED.glob("*/config.json"))


@dataclass(frozen=True)
class _Inspection:
    """Read a folder that is said to hold the model `name`, under the user's permissions."""

    name: str
    allow_pickle: bool
    trust_remote_code: bool

    def __call__(self, origin: str, folder: Path, revision: str | None) -> ModelSource:
        config = read_config(folder)
        check_config(self.name, config, trust_remote_code=self.trust_remote_code)
        found, kind = architecture(self.name, config)
        weights = find_weights(folder, allow_pickle=self.allow_pickle)
        need_tokenizer(self.name, folder)
        return ModelSource(
            name=self.name,
            origin=origin,
            path=folder,
            revision=revision,
            kind=kind,
            architecture=found,
            config=config,
            weight_bytes=weights.size_bytes,
            parameters=weights.parameters,
            max_positions=max_positions(config),
            weight_files=weights.files,
            pickled=weights.pickled,
        )


def _shape(name: str, revision: str | None) -> ModelSource:
    """A model that has a shape but no weights."""
    parameters: int | None = None
    own: Path | None = None
    hub: str | None = None
    if name.startswith(_PREFIX):
        own = _embedded(name)
        config, parameters = read_config(own), find_weights(own).parameters
    elif name.startswith(_PATH_STARTS) or (name and Path(name).exists()):
        path = Path(name).expanduser()
        path = path if path.is_file() else _folder(name)
        if is_onnx_folder(path) and not (path / "config.json").is_file():
            raise not_a_shape(name, "a folder of ONNX files")
        config, own = read_shape(path)
    elif (shape := find_shape(name)) is not None:
        config, parameters, hub = dict(shape.config), shape.parameters, shape.hub
    else:
        config, hub = _hub_shape(name, revision), name
    # How weights are stored, and code that a stranger's repository brings, are no part of a shape.
    config = {k: v for k, v in config.items() if k not in _NOT_SHAPE}
    found, kind = architecture(name, config)
    folder, tokenizer = shape_folder(name, config, own=own, hub=hub)
    if parameters is None:
        parameters = count_parameters(name, folder, kind)
    stored = config.get("dtype") or config.get("torch_dtype")
    return ModelSource(
        name=name,
        origin=RANDOM,
        path=folder,
        revision=None,
        kind=kind,
        architecture=found,
        config=config,
        weight_bytes=(parameters or 0) * (2 if stored in {"bfloat16", "float16"} else 4),
        parameters=parameters,
        max_positions=max_positions(config),
        weight_files=(),
        tokenizer=tokenizer,
    )


def _hub_shape(name: str, revision: str | None) -> dict[str, Any]:
    """config.json of a hub model, from the local cache or downloaded; no weights."""
    close = shape_like(name)
    guess = f" Did you mean '{close.name}'?" if close is not None else ""
    if _HUB_ID.fullmatch(name) is None:
        raise ModelError(
            f"'{name}' is no folder, no config.json and no hub id.{guess}",
            "'wattmark list models' shows the shapes that need no download.",
        )
    hub = _hub(name)
    try:
        return read_config(hub.shape(name, revision))
    except hub.UnreachableError as reason:
        raise ModelError(
            f"'{name}' is not in the catalogue of shapes.{guess} {reason.message}",
            "'wattmark list models' shows the shapes that need no download; any config.json will"
            " do as one.",
        ) from reason


def _embedded(name: str) -> Path:
    known = embedded_models()
    if name not in known:
        raise ModelError(unknown("embedded model", name, known))
    return EMBEDDED / name.removeprefix(_PREFIX)


def _folder(name: str) -> Path:
    try:
        folder = Path(name).expanduser()
    except RuntimeError as reason:  # an unknown ~user
        raise ModelError(f"There is no home folder for '{name}'.", "Write it out.") from reason
    if folder.is_file():
        raise ModelError(
            f"'{name}' is a file; a model is a folder.",
            "Give the folder that holds config.json and model.safetensors.",
        )
    if not folder.is_dir():
        beside = [p.name for p in folder.parent.iterdir()] if folder.parent.is_dir() else []
        raise ModelError(
            f"There is no folder '{name}'.{did_you_mean(folder.name, beside)}",
            "Check the path, or give a hub id (org/name).",
        )
    return folder


def _embedded_like(name: str) -> str:
    """' Did you mean …?' where an embedded model has nearly the name that was asked of the hub."""
    by_stem = {known.removeprefix(_PREFIX): known for known in embedded_models()}
    # The stems are compared: the shared prefix would make any two names look alike.
    close = difflib.get_close_matches(name.rpartition("/")[2], by_stem, n=1, cutoff=0.7)
    return f" Did you mean '{by_stem[close[0]]}'?" if close else ""


def _catalogued(name: str) -> str:
    """What the catalogue knows of a name that the hub does not give."""
    shape = find_shape(name)
    if shape is not None:
        other = "" if shape.hub == name else f"On the hub it is '{shape.hub}'. "
        return f" {other}Its shape needs no download: add --weights random."
    close = shape_like(name)
    return f" Did you mean '{close.hub}'?" if close is not None else ""


def _hub(name: str) -> Any:
    """The hub's module, imported here: a command that never asks it shall not pay for it."""
    try:
        return importlib.import_module("wattmark.models.hub")
    except ImportError as reason:
        raise ModelError(
            f"'{name}' is not a folder, and the hub cannot be asked without huggingface_hub.",
            'Run: pip install "wattmark[transformers]".',
        ) from reason


def _from_hub(name: str, revision: str | None, inspect: _Inspection) -> ModelSource:
    """From the cache where it is whole there, else downloaded."""
    hub = _hub(name)
    folder: Path | None = hub.cached(name, revision)
    shortcoming: ModelError | None = None
    if folder is not None:
        try:
            return inspect("hub", folder, folder.name)
        except ModelError as reason:
            # Perhaps only a part of it was ever downloaded: the hub has the rest.
            shortcoming = reason
    download = cast(Callable[..., Path], hub.download)
    try:
        folder = download(
            name,
            revision,
            allow_pickle=inspect.allow_pickle,
            trust_remote_code=inspect.trust_remote_code,
        )
    except hub.UnreachableError as reason:
        if shortcoming is not None:
            raise shortcoming from reason
        guess = _embedded_like(name) or _catalogued(name)
        raise ModelError(reason.message + guess, reason.hint) from reason
    return inspect("hub", folder, folder.name)
