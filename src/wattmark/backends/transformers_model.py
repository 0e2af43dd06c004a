"""Loading a model of transformers: what may be asked for, what was read, and how it decodes."""

from __future__ import annotations

from typing import Any

import torch
import transformers

from wattmark.backends.specs import TRANSFORMERS_OPTIONS
from wattmark.errors import InputError, ModelError, unknown
from wattmark.models import ModelSource
from wattmark.schema import Trial

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
DEVICES = ("cpu", "cuda", "cuda:0")


def check_options(trial: Trial) -> str | None:
    """Apply what the user asked of this engine; the attention implementation, if any."""
    for name in trial.options:
        if name not in TRANSFORMERS_OPTIONS:
            raise InputError(unknown("option of transformers", name, TRANSFORMERS_OPTIONS))
    if trial.weights != "pretrained":
        raise InputError(f"The weights '{trial.weights}' are not available.", "Use 'pretrained'.")
    if trial.precision not in DTYPES:
        raise InputError(unknown("precision of transformers", trial.precision, DTYPES))
    threads = trial.options.get("threads")
    if threads is not None:
        torch.set_num_threads(int(threads))
    attention = trial.options.get("attention")
    return None if attention is None else str(attention)


def find_device(name: str) -> torch.device:
    """The torch device called `name`; InputError where this machine or this torch has none."""
    try:
        device = torch.device(name)
    except RuntimeError as reason:
        raise InputError(unknown("device", name, DEVICES)) from reason
    if device.type == "cuda" and not torch.cuda.is_available():
        raise InputError(
            f"Device '{name}' is not available: torch {torch.__version__} sees no CUDA device.",
            "Use cpu, or install a torch with CUDA for this driver.",
        )
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InputError(f"There is no '{name}': {torch.cuda.device_count()} CUDA devices here.")
    if device.type not in ("cpu", "cuda"):
        raise InputError(unknown("device", name, DEVICES))
    return device


def read_model(source: ModelSource, trial: Trial, attention: str | None) -> tuple[Any, int]:
    """The model, all of it trained, and how many stored tensors it has no use for."""
    family: Any = (
        transformers.AutoModelForCausalLM
        if source.kind == "causal"
        else transformers.AutoModelForSequenceClassification
    )
    model, report = family.from_pretrained(
        source.path,
        dtype=DTYPES[trial.precision],
        use_safetensors=not source.pickled,
        local_files_only=True,
        trust_remote_code=trial.trust_remote_code,
        output_loading_info=True,
        # Reported then instead of raised, so that the refusal below can name the tensors.
        ignore_mismatched_sizes=True,
        **({} if attention is None else {"attn_implementation": attention}),
    )
    untrained = sorted(report["missing_keys"]) + sorted(
        str(k[0]) for k in report["mismatched_keys"]
    )
    if untrained:
        raise ModelError(
            f"'{source.name}' stores no weights for {len(untrained)} tensors of"
            f" {source.architecture} ({', '.join(untrained[:3])}"
            f"{', …' if len(untrained) > 3 else ''}): they would be random.",
            "Use a checkpoint that was trained with this head, or correct its config.json.",
        )
    return model, len(report["unexpected_keys"])


def greedy(model: Any, tokenizer: Any, max_new_tokens: int) -> Any:
    """The GenerationConfig of greedy decoding, which also becomes the model's own.

    `generate` fills what is unset from the model's stored config: temperature, penalties,
    beams. With ours in its place nothing is left to fill in, and nothing to warn about.
    """
    stored = getattr(model, "generation_config", None)
    eos = getattr(stored, "eos_token_id", None)
    if eos is None:
        eos = tokenizer.eos_token_id
    ends = eos if isinstance(eos, list) else [] if eos is None else [eos]
    # The config's first: position ids and pooling of some families are derived from it.
    candidates = (getattr(model.config, "pad_token_id", None), tokenizer.pad_token_id, *ends)
    pad_id = next((token for token in candidates if token is not None and token >= 0), 0)
    model.config.pad_token_id = pad_id
    build: Any = transformers.GenerationConfig
    config = build(
        do_sample=False,
        num_beams=1,
        use_cache=True,
        max_new_tokens=max_new_tokens,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=ends or None,
        pad_token_id=pad_id,
    )
    if stored is not None:
        model.generation_config = config
    return config
