"""Where weights come from: the package itself, a folder, or the hub. No engine is imported."""

from wattmark.models.source import ModelSource, embedded_models, find_model

__all__ = ["ModelSource", "embedded_models", "find_model"]
