"""Where weights come from: the package itself, a folder, the hub, or random at a true size.

No engine is imported.
"""

from wattmark.models.source import PRETRAINED, RANDOM, ModelSource, embedded_models, find_model

__all__ = ["PRETRAINED", "RANDOM", "ModelSource", "embedded_models", "find_model"]
