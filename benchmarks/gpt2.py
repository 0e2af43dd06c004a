"""GPT-2 at its true size (124 439 808 parameters) with random weights, as a folder on disk.

The shape is the published one of openai-community/gpt2. The tokenizer is a byte-level one of
our own with 256 entries and an end token: speed does not depend on which text an id stands for.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast


def make_gpt2(folder: Path, seed: int = 0) -> Path:
    """Write the folder by transformers' own `save_pretrained`."""
    torch.manual_seed(seed)
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {letter: number for number, letter in enumerate(letters)}
    vocabulary["<|endoftext|>"] = 50256
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<|endoftext|>")
    fast.save_pretrained(folder)
    GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
    return folder


if __name__ == "__main__":
    print(make_gpt2(Path(sys.argv[1])))
