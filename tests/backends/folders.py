"""Tiny random models as real folders: what save_pretrained writes, small enough to make anew."""

from __future__ import annotations

import string
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    RobertaConfig,
    RobertaForSequenceClassification,
)

SPECIAL = ("<pad>", "<s>", "</s>", "<unk>")
WINDOW = 96


def character_tokenizer() -> Any:
    """A token a character, a start token in front."""
    alphabet = string.digits + string.ascii_letters + string.punctuation + " "
    vocabulary = {token: i for i, token in enumerate((*SPECIAL, *alphabet))}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    tokenizer.decoder = decoders.Fuse()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token="<pad>",
        bos_token="<s>",
        eos_token="</s>",
        unk_token="<unk>",
    )


def write_causal(folder: Path, **changes: Any) -> Path:
    """A Llama of two layers; its generation config samples, as that of many a chat model does."""
    tokenizer = character_tokenizer()
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "max_position_embeddings": WINDOW,
        "initializer_range": 0.6,
        "bos_token_id": 1,
        "eos_token_id": 2,
        "pad_token_id": 0,
    }
    model = LlamaForCausalLM(LlamaConfig(**(options | changes)))
    generation = model.generation_config
    generation.do_sample = True
    generation.temperature = 1.7
    generation.top_k = 5
    generation.repetition_penalty = 1.3
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def write_classifier(folder: Path, **changes: Any) -> Path:
    """A RoBERTa of two layers with two named labels."""
    tokenizer = character_tokenizer()
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        # RoBERTa counts positions from behind the padding index.
        "max_position_embeddings": WINDOW + 1,
        "initializer_range": 0.6,
        "pad_token_id": 0,
        "id2label": {0: "negative", 1: "positive"},
        "label2id": {"negative": 0, "positive": 1},
    }
    RobertaForSequenceClassification(RobertaConfig(**(options | changes))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
