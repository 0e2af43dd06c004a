"""Wattmark: what an answer from a language model costs, what it is worth, and how sure that is."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wattmark.monitor.inference import EnergyEfficientInference, InferenceResult
    from wattmark.monitor.monitor import EnergyMonitor
    from wattmark.monitor.result import EnergyResult, WindowResult
    from wattmark.results.load import load
    from wattmark.results.results import Results
    from wattmark.store.reader import Run, open_run

__version__ = "0.1.0"

__all__ = [
    "EnergyEfficientInference",
    "EnergyMonitor",
    "EnergyResult",
    "InferenceResult",
    "Results",
    "Run",
    "WindowResult",
    "__version__",
    "load",
    "open_run",
]

_HOMES = {
    "EnergyEfficientInference": "wattmark.monitor.inference",
    "EnergyMonitor": "wattmark.monitor.monitor",
    "EnergyResult": "wattmark.monitor.result",
    "InferenceResult": "wattmark.monitor.inference",
    "Results": "wattmark.results.results",
    "Run": "wattmark.store.reader",
    "WindowResult": "wattmark.monitor.result",
    "load": "wattmark.results.load",
    "open_run": "wattmark.store.reader",
}


def __getattr__(name: str) -> object:
    """Public names, imported when they are used: `import wattmark` stays quick."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'wattmark' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
