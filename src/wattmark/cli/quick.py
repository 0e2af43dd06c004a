"""What makes a short command start sooner: a library that it does not need stays out of it."""

from __future__ import annotations

import gc
import sys
from importlib import import_module
from importlib.abc import MetaPathFinder

GARBAGE_FROM = 100_000
"""Objects made before Python looks for cycles among them: most that a command makes stays."""


class _NoPandas(MetaPathFinder):
    """An import of pandas fails as where it is not installed."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("left out for now", name=fullname)


def without_pandas() -> None:
    """Keep pyarrow from importing pandas, which it does at the first Python value it is given.

    It looks once whether there is a pandas, and here finds none. An import of pandas by others, and
    what asks pyarrow for a pandas table, goes as ever.
    """
    if "pandas" in sys.modules:
        return
    absent = _NoPandas()
    sys.meta_path.insert(0, absent)
    try:
        import_module("pyarrow").scalar(0)
    finally:
        sys.meta_path.remove(absent)


def seldom_collected() -> None:
    """Look for garbage seldom: a command that soon ends has little."""
    gc.set_threshold(GARBAGE_FROM)
