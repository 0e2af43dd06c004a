"""With random weights a name stands for a shape: where one is looked for, and what it lacks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from wattmark.errors import ModelError
from wattmark.models import embedded_models, find_model
from wattmark.models.random_folder import as_folder
from wattmark.models.weights import find_weights, fingerprint

pytest_plugins = ["model_fixtures"]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "cache/wattmark"


VOCABULARY = 3072
"""Of the stand-in tokenizer."""


def _bare(folder: Path) -> Path:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": VOCABULARY}))
    for path in folder.iterdir():
        if path.name != "config.json":
            path.unlink()
    return folder


def test_a_shape_of_the_catalogue_needs_no_network() -> None:
    source = find_model("SmolLM-135M", weights="random")
    assert (source.origin, source.kind, source.revision) == ("random", "causal", None)
    assert (source.parameters, source.weight_bytes) == (134_515_008, 2 * 134_515_008)
    assert (source.max_positions, source.weight_files) == (2048, ())
    assert source.tokenizer == "stand-in"
    assert {path.name for path in source.path.iterdir()} == {
        *("config.json", "tokenizer.json", "tokenizer_config.json"),
    }
    assert len(fingerprint(source.path, source.weight_files)) == 64
    assert find_model("HuggingFaceTB/SmolLM-135M", weights="random").config == source.config


def test_the_stand_in_makes_ids_of_any_text_and_adds_none() -> None:
    source = find_model("gpt2", weights="random")
    tokenizer = AutoTokenizer.from_pretrained(source.path, local_files_only=True)
    ids = tokenizer("what is 27 + 58? " * 200)["input_ids"]
    assert len(ids) > 1000
    assert 4 < min(ids) <= max(ids) < 3072
    assert tokenizer.decode([ids[0], 50_000], skip_special_tokens=True)


@pytest.mark.parametrize("name", embedded_models())
def test_an_embedded_model_is_a_shape_too(name: str) -> None:
    trained, random = find_model(name), find_model(name, weights="random")
    assert (random.parameters, random.kind) == (trained.parameters, trained.kind)
    assert random.tokenizer == "own"


def test_a_folder_with_nothing_but_its_config(folder: Path) -> None:
    whole = find_model(str(folder))
    rows = VOCABULARY - whole.config["vocab_size"]
    bare = find_model(str(_bare(folder)), weights="random")
    # Counted in a process of its own, and kept; embedding and head are apart.
    assert bare.parameters == (whole.parameters or 0) + 2 * rows * whole.config["hidden_size"]
    assert (bare.path / "parameters").read_text() == str(bare.parameters)
    assert bare.tokenizer == "stand-in"
    with pytest.raises(ModelError, match="no weights"):
        find_model(str(folder))


def test_a_config_file_by_any_name(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "my shape.json"
    config = json.loads((folder / "config.json").read_text())
    # How the weights were stored, and whose code came with them, are no part of a shape.
    config |= {"quantization_config": {"quant_method": "mxfp4"}, "auto_map": {"AutoModel": "x.y"}}
    file.write_text(json.dumps(config), encoding="utf-8")
    (tmp_path / "tokenizer.json").write_bytes((folder / "tokenizer.json").read_bytes())
    source = find_model(str(file), weights="random")
    assert source.parameters == find_model(str(folder)).parameters
    assert not {"quantization_config", "auto_map"} & set(source.config)


def test_a_folder_keeps_its_own_tokenizer(folder: Path) -> None:
    source = find_model(str(folder), weights="random")
    assert source.tokenizer == "own"
    assert (source.path / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()


def test_what_no_model_can_be_built_from(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"model_type": "bogus"}))
    with pytest.raises(ModelError, match=r"No model can be built.*bogus"):
        find_model(str(folder), weights="random")


def test_a_vocabulary_too_small_for_any_stand_in(folder: Path) -> None:
    config = json.loads((_bare(folder) / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"vocab_size": 5}))
    with pytest.raises(ModelError, match=r"vocabulary of 5.*tokenizer beside"):
        find_model(str(folder), weights="random")


def test_names_that_are_no_shape() -> None:
    with pytest.raises(ModelError, match=r"not in the catalogue.*Did you mean 'Qwen3-0\.6B'"):
        find_model("Qwen3-0.6", weights="random")
    with pytest.raises(ModelError, match=r"no hub id.*list models"):
        find_model("no such thing", weights="random")
    with pytest.raises(ModelError, match=r"Unknown kind of weights 'rand'.*Did you mean 'random'"):
        find_model("gpt2", weights="rand")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("Mistral-7B-v0.2", r"On the hub it is 'mistralai/Mistral-7B-Instruct-v0\.2'.*random"),
        ("gemma-2-2b-itt", r"Did you mean 'google/gemma-2-2b-it'"),
    ],
)
def test_a_name_of_the_catalogue_that_the_hub_does_not_give(asked: str, told: str) -> None:
    with pytest.raises(ModelError, match=told):
        find_model(asked)


def test_a_folder_of_random_weights(folder: Path) -> None:
    trained = find_model(str(folder))
    source = find_model(str(folder), weights="random")
    made = as_folder(source, 3)
    assert find_model(str(made)).parameters == trained.parameters
    assert find_weights(made).size_bytes == 4 * (trained.parameters or 0)
    load: Any = AutoModelForCausalLM.from_pretrained
    model, report = load(made, output_loading_info=True)
    assert not any(report.values())
    spread = model.config.initializer_range
    assert model.lm_head.weight.std().item() == pytest.approx(spread, rel=0.1)
    before = (made / "model.safetensors").stat().st_mtime_ns
    assert as_folder(source, 3) == made
    assert (made / "model.safetensors").stat().st_mtime_ns == before
    assert as_folder(trained, 3) == folder


def test_seeds_and_formats_of_a_folder(folder: Path, cache: Path) -> None:
    source = find_model(str(folder), weights="random")
    whole, half, other = (
        load_file(as_folder(source, seed, dtype) / "model.safetensors")
        for seed, dtype in ((3, "fp32"), (3, "bf16"), (4, "fp32"))
    )
    name = "model.layers.0.mlp.down_proj.weight"
    assert not whole[name].equal(other[name])
    # One seed is one model, in each number format but for its rounding.
    assert all(whole[key].to(half[key].dtype).equal(half[key]) for key in whole)
    assert find_weights(as_folder(source, 3, "bf16")).parameters == source.parameters
    with pytest.raises(ModelError, match="Unknown number format of a folder 'int8'"):
        as_folder(source, 3, "int8")
    # Nothing half made is left.
    assert not list((cache / "random").glob("*.part-*"))


def test_a_cache_that_cannot_be_written(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ModelError, match=r"cannot be kept in .*XDG_CACHE_HOME"):
        find_model("gpt2", weights="random")
