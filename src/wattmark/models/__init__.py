"""Where weights come from: the package itself, a folder, the hub, or random at a true size.

No engine is imported.
"""

from wattmark.models.model import PRETRAINED, RANDOM, ModelSource
from wattmark.models.source import embedded_models, find_model, model_of

__all__ = ["PRETRAINED", "RANDOM", "ModelSource", "embedded_models", "find_model", "model_of"]
