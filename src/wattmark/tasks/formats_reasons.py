"""Why a data set of the hub cannot be had: one line and a hint for each kind of failure.

Messages are written here from the kind alone, since the libraries' own texts can carry signed
addresses; where the kind is told by nothing else, a fixed word of the text tells it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import datasets
from huggingface_hub import constants
from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RevisionNotFoundError

from wattmark.errors import InputError, did_you_mean

_CAUSES = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """What of which data set is asked for."""

    name: str
    config: str | None
    split: str | None
    revision: str | None
    columns: tuple[str, ...]
    optional: tuple[str, ...]


def explain(asked: Asked, reason: Exception) -> InputError:
    """The failure for people; `reason` is what the library raised."""
    return (
        _of_configurations(asked, reason)
        or _of_access(asked, reason)
        or _of_files(asked, reason)
        or _of_reach(asked, reason)
    )


def _of_configurations(asked: Asked, reason: Exception) -> InputError | None:
    said = str(reason)
    if not isinstance(reason, ValueError) or "onfig" not in said:
        return None
    listed = re.search(r"\[(['\w., -]{0,4000})", said)
    known = re.findall(r"'([\w.-]+)'", listed[1]) if listed else []
    if asked.config is None:
        return InputError(
            f"'{asked.name}' has several configurations: {', '.join(known)}.",
            "Say which one: config=….",
        )
    return InputError(
        f"'{asked.name}' has no configuration '{asked.config}'. There is:"
        f" {', '.join(known) or 'one without a name'}." + did_you_mean(asked.config, known)
    )


def _of_access(asked: Asked, reason: Exception) -> InputError | None:
    absent = isinstance(reason, datasets.exceptions.DatasetNotFoundError)
    gated = any(isinstance(cause, GatedRepoError) for cause in _causes(reason))
    if gated or 403 in _answers(reason) or (absent and "gated" in str(reason)):
        return InputError(
            f"'{asked.name}' is gated: its licence must be accepted first.",
            f"Accept it on {constants.ENDPOINT}/datasets/{asked.name}, then set HF_TOKEN to a"
            " token that may read it.",
        )
    revision = any(isinstance(cause, RevisionNotFoundError) for cause in _causes(reason))
    if revision or (absent and str(reason).startswith("Revision")):
        return InputError(
            f"'{asked.name}' has no revision '{asked.revision}' on the hub.",
            "Give a branch, a tag or a commit that exists there.",
        )
    if absent:
        return InputError(
            f"There is no data set '{asked.name}' on the hub, or it is private.",
            "Check the spelling (a folder starts with ./); for a private one set HF_TOKEN.",
        )
    return None


def _of_files(asked: Asked, reason: Exception) -> InputError | None:
    if isinstance(reason, RuntimeError) and "scripts" in str(reason):
        return InputError(
            f"'{asked.name}' is a script, and code of a data set is never run.",
            "Take its tables where the hub has made some: revision=refs/convert/parquet.",
        )
    empty = datasets.exceptions.DataFilesNotFoundError | datasets.data_files.EmptyDatasetError
    if isinstance(reason, empty):
        return InputError(
            f"'{asked.name}' holds no data file that can be read.",
            "Parquet, JSON, CSV and text can.",
        )
    if isinstance(reason, datasets.exceptions.DatasetGenerationError):
        *_, cause = _causes(reason)
        said = str(cause).partition("\n")[0][:200]
        return InputError(
            f"The files of '{asked.name}' cannot be read: {said}", "Check that they are whole."
        )
    return None


def _of_reach(asked: Asked, reason: Exception) -> InputError:
    if Path(asked.name).is_dir():
        said = str(reason).partition("\n")[0][:200]
        return InputError(f"'{asked.name}' cannot be read: {said}", "Look at its files.")
    missing = f"'{asked.name}' is no folder here and not in the local cache, and"
    if datasets.config.HF_HUB_OFFLINE:
        return InputError(
            f"{missing} the hub is switched off (HF_HUB_OFFLINE).",
            "Download it where there is a network, or unset HF_HUB_OFFLINE.",
        )
    answers = _answers(reason)
    if isinstance(reason, OSError) and reason.errno is not None and not answers:
        return InputError(
            f"'{asked.name}' could not be read or stored: {reason.strerror}.",
            "Check permissions and space, or set HF_HOME to another folder.",
        )
    said = f"it answered {answers[0]}" if answers else type(reason).__name__
    return InputError(
        f"{missing} {constants.ENDPOINT} cannot be reached ({said}).",
        "Check the network or a proxy, or give a local file or folder; HF_HUB_OFFLINE=1 spares the"
        " waiting.",
    )


def _answers(reason: Exception) -> list[int]:
    """Status codes that the hub answered."""
    errors = (cause for cause in _causes(reason) if isinstance(cause, HfHubHTTPError))
    return [error.response.status_code for error in errors]


def _causes(reason: BaseException | None) -> Iterator[BaseException]:
    """The failure, and what led to it."""
    for _ in range(_CAUSES):
        if reason is None:
            return
        yield reason
        reason = reason.__cause__ or reason.__context__
