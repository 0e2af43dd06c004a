"""A model's conversion to an engine's own files, before it is loaded: work of its own.

It is done once, takes minutes for a model of a billion parameters, and is in no figure of
inference: it has a span and joules of its own, and a limit of its own beside --timeout.
"""

from __future__ import annotations

from collections.abc import Callable

from wattmark.backends import Backend, Converts, Stamp
from wattmark.schema import Trial

EXPORT = "export"
"""The span, and the stage that a worker tells before it."""
EXPORTED = "exported"
EXPORT_TIMEOUT_S = 3600.0
"""An export may take as long, or as long as --timeout where that is more."""


def export(
    trial: Trial,
    backend: Backend,
    log: Stamp,
    *,
    tell: Callable[[str], None],
    mark: Callable[[str], None] = lambda _stage: None,
) -> None:
    """Have the trial's model converted where its engine needs that and it was not done yet.

    A span is marked where something was made, and the sensors are read behind it (`mark`), so that
    its joules and those of the load that follows are told apart. Raises what `load` does.
    """
    if not isinstance(backend, Converts):
        return
    tell(EXPORT)
    started = log.now()
    if backend.prepare(trial):
        log.add(EXPORT, started, log.now())
        mark(EXPORTED)
