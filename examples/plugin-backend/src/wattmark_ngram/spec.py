"""What the engine can do, known without starting it."""

from wattmark.backends import BackendSpec

MODEL = "ngram"


def is_ours(name: str) -> bool:
    """Whether a model's name is the one that this engine brings."""
    return name == MODEL


SPEC = BackendSpec(
    name="ngram",
    adapter="wattmark_ngram.adapter:NgramBackend",
    requires=("wattmark_ngram",),
    extra="",
    precisions={"cpu": ("fp32",)},
    refused={("cpu", "bf16"): "its shares are kept as 32-bit floats"},
    models=is_ours,
)
