"""Wattmark: what an answer from a language model costs, what it is worth, and how sure that is."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattmark.store.reader import Run, open_run

__version__ = "0.1.0"

__all__ = ["Run", "__version__", "open_run"]


def __getattr__(name: str) -> object:
    """Public names, imported when they are used: `import wattmark` stays quick."""
    if name in ("Run", "open_run"):
        from wattmark.store import reader  # noqa: PLC0415 - see above

        return getattr(reader, name)
    raise AttributeError(f"module 'wattmark' has no attribute '{name}'")
