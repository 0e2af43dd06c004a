"""An engine by its name: its description first, and the engine itself only when it is to run."""

from __future__ import annotations

import importlib.util
from typing import cast

from wattmark import registry
from wattmark.backends import Backend, BackendSpec
from wattmark.errors import InputError


def find_backend(name: str) -> BackendSpec:
    """The description registered as `name`; InputError lists what exists."""
    return cast(BackendSpec, registry.load("backends", name))


def backends() -> list[BackendSpec]:
    """All registered engines, installed or not, by name."""
    return [find_backend(name) for name in sorted(registry.table("backends"))]


def missing(spec: BackendSpec) -> str | None:
    """What to run where the engine is not installed; None where it is."""
    absent = [module for module in spec.requires if importlib.util.find_spec(module) is None]
    if not absent:
        return None
    if not spec.extra:  # a plugin that comes without an extra of ours
        return f"pip install {' '.join(absent)}"
    return f'pip install "wattmark[{spec.extra}]"'


def create(spec: BackendSpec) -> Backend:
    """A new engine with nothing loaded; imports its adapter, and with that the engine."""
    command = missing(spec)
    if command is not None:
        raise InputError(f"The backend '{spec.name}' is not installed.", f"Run: {command}.")
    return cast(Backend, registry.resolve(spec.adapter)())
