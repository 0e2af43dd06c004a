"""Where results are kept, by machine."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def kind(machine: Mapping[str, Any]) -> str:
    """What machines of this kind are called in results, by a machine's fingerprint."""
    return f"{machine['logical_cpus']}-cpus-{machine['architecture']}"


def machine_folder(machine: Mapping[str, Any]) -> Path:
    """The folder of such machines, made if need be."""
    folder = RESULTS / kind(machine)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
