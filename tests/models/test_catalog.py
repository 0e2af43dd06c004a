"""The catalogue of shapes: every entry builds, and has as many parameters as were published."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from wattmark.models import find_model
from wattmark.models.catalog import Shape, catalogue, find_shape, shape_like
from wattmark.models.config import architecture
from wattmark.models.skeleton import meta_model


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.mark.parametrize("shape", catalogue(), ids=lambda shape: shape.name)
def test_parameters_are_as_published(shape: Shape) -> None:
    source = find_model(shape.name, weights="random")
    model = meta_model(source.path, source.kind, torch.bfloat16)
    assert sum(p.numel() for p in model.parameters()) == shape.parameters == source.parameters
    assert all(p.is_meta for p in model.parameters())
    assert {p.dtype for p in model.parameters()} <= {torch.bfloat16, torch.float32}
    assert source.max_positions is not None


def test_the_shapes_that_were_asked_for_are_there() -> None:
    names = {shape.name for shape in catalogue()}
    assert names >= {
        *("gpt2", "phi-2", "DeepSeek-R1-Distill-Qwen-1.5B", "SmolLM-135M", "gemma-2-2b-it"),
        *("Phi-3-mini-4k", "Mistral-7B-v0.2", "roberta-base", "TinyLlama-1.1B", "gpt-oss-20b"),
    }
    assert len(names) == len(catalogue())


def test_an_entry_says_where_it_is_from() -> None:
    for shape in catalogue():
        assert shape.hub in shape.source
        assert "parameters: " in shape.source
        assert architecture(shape.name, shape.config)


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("gpt2", "gpt2"),
        ("openai-community/gpt2", "gpt2"),
        ("GPT2", "gpt2"),
        ("Llama-3.2-1B-Instruct", "Llama-3.2-1B"),
        ("mistralai/Mistral-7B-Instruct-v0.2", "Mistral-7B-v0.2"),
        ("microsoft/Phi-3-mini-4k-instruct", "Phi-3-mini-4k"),
    ],
)
def test_names_and_hub_ids(word: str, name: str) -> None:
    shape = find_shape(word)
    assert shape is not None
    assert shape.name == name


def test_a_name_that_is_nearly_right() -> None:
    close = shape_like("mistralai/Mistral-7B-v0.1")
    assert close is not None
    assert close.name == "Mistral-7B-v0.2"
    assert find_shape("nothing-like-it") is shape_like("nothing-like-it") is None
