"""Wattmark: what an answer from a language model costs, what it is worth, and how sure that is."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__", "open_run"]


def __getattr__(name: str) -> object:
    """Public names, imported when they are used: `import wattmark` stays quick."""
    if name == "open_run":
        from wattmark.store.reader import open_run  # noqa: PLC0415 - see above

        return open_run
    raise AttributeError(f"module 'wattmark' has no attribute '{name}'")
