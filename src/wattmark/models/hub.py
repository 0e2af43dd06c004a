"""The Hugging Face hub: the local cache first, then a download of no more than is needed.

What a repository holds is listed before anything is fetched, and config.json is read before a
weight is: a model that would be refused costs kilobytes, not gigabytes. Messages are written
here from the kind of failure alone; the library's own text can carry request headers and signed
addresses, so it is never shown.
"""

from __future__ import annotations

from pathlib import Path

from huggingface_hub import HfApi, constants, snapshot_download, try_to_load_from_cache
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from wattmark.errors import ModelError
from wattmark.models.config import (
    TOKENIZER_FILES,
    architecture,
    check_config,
    has_tokenizer,
    read_config,
)
from wattmark.models.weights import (
    INDEX,
    PICKLE_INDEX,
    PICKLE_SINGLE,
    SINGLE,
    missing_weights,
    shard_names,
)

_SMALL = (".json", ".txt", ".model", ".jinja", ".tiktoken")


class UnreachableError(ModelError):
    """The hub did not give the model: not there, not reachable, or not allowed."""


def cached(name: str, revision: str | None) -> Path | None:
    """The folder of `name` in the local cache, perhaps not whole; None where there is none."""
    path = try_to_load_from_cache(name, "config.json", revision=revision)
    return Path(path).parent if isinstance(path, str) else None


def cached_tokenizer(name: str) -> Path | None:
    """The folder of `name` in the local cache, where it holds a tokenizer; None where none does."""
    for file in TOKENIZER_FILES:
        path = try_to_load_from_cache(name, file)
        if isinstance(path, str):
            return Path(path).parent
    return None


def shape(name: str, revision: str | None) -> Path:
    """A folder with config.json and what there is of a tokenizer, cached or downloaded; no weights.

    Raises UnreachableError where the hub refuses, ModelError where it has no config.json.
    """
    folder = cached(name, revision)
    if folder is not None:
        return folder
    names = _listing(name, revision)
    if "config.json" not in names:
        raise ModelError(
            f"'{name}' has no config.json on the hub.", "Give a config.json, or its folder."
        )
    return _fetch(name, revision, [n for n in names if n.endswith(_SMALL)])


def download(
    name: str, revision: str | None, *, allow_pickle: bool, trust_remote_code: bool
) -> Path:
    """Fetch config, tokenizer and weights into the cache; the snapshot's folder.

    Raises UnreachableError where the hub refuses, ModelError where the model would be refused.
    """
    names = _listing(name, revision)
    if "config.json" not in names:
        others = [n for n in names if n.endswith(".gguf")]
        raise ModelError(
            f"'{name}' has no config.json on the hub{' (only GGUF files)' if others else ''}.",
            "Use the repository that it was converted from.",
        )
    config = read_config(_fetch(name, revision, ["config.json"]))
    check_config(name, config, trust_remote_code=trust_remote_code)
    architecture(name, config)
    if not has_tokenizer(names):
        raise ModelError(
            f"'{name}' has no tokenizer files on the hub.",
            "Use a repository with a tokenizer, or save the two together in a folder.",
        )
    wanted = _weight_names(name, revision, names, allow_pickle=allow_pickle)
    wanted += [n for n in names if n.endswith(_SMALL)]
    if trust_remote_code:
        wanted += [n for n in names if n.endswith(".py")]
    return _fetch(name, revision, wanted)


def _weight_names(
    name: str, revision: str | None, names: list[str], *, allow_pickle: bool
) -> list[str]:
    """The files that an engine would load, safetensors before pickle."""
    pairs = [(SINGLE, INDEX)] + ([(PICKLE_SINGLE, PICKLE_INDEX)] if allow_pickle else [])
    for single, index in pairs:
        if single in names:
            return [single]
        if index in names:
            return shard_names(_fetch(name, revision, [index]) / index)
    raise missing_weights(name, names)


def _listing(name: str, revision: str | None) -> list[str]:
    """Names of the repository's top-level files."""
    try:
        info = HfApi().model_info(name, revision=revision)
    except Exception as reason:
        raise _explain(name, revision, reason) from reason
    return sorted(s.rfilename for s in info.siblings or () if "/" not in s.rfilename)


def _fetch(name: str, revision: str | None, names: list[str]) -> Path:
    """Download these files; the revision goes in as asked, so that the cache learns its name."""
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=names))
    except Exception as reason:
        raise _explain(name, revision, reason) from reason


def _explain(name: str, revision: str | None, reason: Exception) -> UnreachableError:
    """One line and a hint for a failure, by its kind."""
    status = reason.response.status_code if isinstance(reason, HfHubHTTPError) else None
    if isinstance(reason, GatedRepoError) or status == 403:
        return UnreachableError(
            f"'{name}' is gated: its licence must be accepted first.",
            f"Accept it on {constants.ENDPOINT}/{name}, then set HF_TOKEN to a token that may"
            " read it.",
        )
    if isinstance(reason, RevisionNotFoundError):
        return UnreachableError(
            f"'{name}' has no revision '{revision}' on the hub.",
            "Give a branch, a tag or a commit that exists there.",
        )
    if isinstance(reason, RepositoryNotFoundError) or status in (401, 404):
        return UnreachableError(
            f"There is no model '{name}' on the hub, or it is private.",
            "Check the spelling (a folder starts with ./); for a private one set HF_TOKEN.",
        )
    if isinstance(reason, OfflineModeIsEnabled) or constants.HF_HUB_OFFLINE:
        return UnreachableError(
            f"'{name}' is no folder here and not in the local cache, and the hub is switched off "
            "(HF_HUB_OFFLINE).",
            "Download it where there is a network, or unset HF_HUB_OFFLINE.",
        )
    if isinstance(reason, OSError) and reason.errno is not None and status is None:
        return UnreachableError(
            f"'{name}' could not be stored in {constants.HF_HUB_CACHE}: {reason.strerror}.",
            "Free some space there, or set HF_HOME to another folder.",
        )
    said = f"it answered {status}" if status is not None else type(reason).__name__
    return UnreachableError(
        f"'{name}' is no folder here and not in the local cache, and {constants.ENDPOINT} "
        f"cannot be reached ({said}).",
        "Check the network or a proxy, or give a folder; embedded models need no network.",
    )
