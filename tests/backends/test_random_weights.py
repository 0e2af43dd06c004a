"""Random weights at true size: one copy, true buffers, tied heads, a fixed length."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from recorder import Recorder

from wattmark.backends.random_weights import random_model
from wattmark.backends.transformers import TransformersBackend
from wattmark.models import find_model
from wattmark.models.catalog import catalogue, find_shape
from wattmark.models.random_folder import as_folder
from wattmark.schema import Query, Trial

pytest_plugins = ["backend_fixtures"]

CPU = torch.device("cpu")
SMALL: dict[str, Any] = {
    "vocab_size": 3072,
    "num_hidden_layers": 4,
    "n_layer": 4,
    "hidden_size": 64,
    "n_embd": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "n_head": 4,
    "max_position_embeddings": 256,
    "n_positions": 256,
    "pad_token_id": 1,
}
FAMILIES = {str(shape.config["architectures"][0]): shape.name for shape in catalogue()}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


def write_small(name: str, folder: Path) -> Path:
    """A shape of the catalogue made small, as a folder with nothing but its config.json."""
    shape = find_shape(name)
    assert shape is not None
    config = dict(shape.config)
    small = {key: value for key, value in SMALL.items() if key in config}
    heads = config.get("num_key_value_heads")
    if heads is not None:
        small["num_key_value_heads"] = 4 if heads == config["num_attention_heads"] else 2
    if "head_dim" in config:
        small["head_dim"] = 16
    scaling = config.get("rope_scaling", {})
    if "long_factor" in scaling:  # one for each pair of a head's rotated share
        pairs = int(SMALL["hidden_size"] // 4 * config["partial_rotary_factor"]) // 2
        factors = ("short_factor", "long_factor")
        small["rope_scaling"] = scaling | {key: scaling[key][:pairs] for key in factors}
    config.pop("layer_types", None)
    config.pop("no_rope_layers", None)
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config | small), encoding="utf-8")
    return folder


@pytest.fixture(params=sorted(FAMILIES))
def small(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return write_small(FAMILIES[request.param], tmp_path / "small")


def test_buffers_and_small_tensors_are_those_of_a_true_build(small: Path) -> None:
    source = find_model(str(small), weights="random")
    made = random_model(source, torch.float32, CPU, 0)
    config: Any = transformers.AutoConfig.from_pretrained(source.path)
    built = getattr(transformers, source.architecture)(config).eval()
    assert not any(t.is_meta for t in (*made.parameters(), *made.buffers()))
    buffers = dict(built.named_buffers())
    assert dict(made.named_buffers()).keys() == buffers.keys()
    for name, buffer in made.named_buffers():
        assert torch.equal(buffer, buffers[name]), name
        assert buffer.dtype == buffers[name].dtype
    true = dict(built.named_parameters())
    assert dict(made.named_parameters()).keys() == true.keys()
    for name, parameter in made.named_parameters():
        assert parameter.shape == true[name].shape
        assert parameter.isfinite().all()
        if parameter.ndim < 2 and (true[name] == true[name][0]).all():
            assert torch.equal(parameter, true[name]), name
    assert made.state_dict().keys() == built.state_dict().keys()


def test_every_family_answers(
    small: Path, make_trial: Callable[..., Trial], queries: list[Query], stamp: Recorder
) -> None:
    backend = TransformersBackend()
    backend.load(make_trial(small, weights="random", precision="bf16"))
    answer = backend.classify if backend.facts["kind"] == "classifier" else backend.generate
    answers = answer(0, queries, stamp)
    assert {a.output_tokens for a in answers} <= {0, 12}
    assert {a.stop_reason for a in answers} <= {"label", "length"}
    assert backend.facts["tokenizer"] == "stand-in"
    backend.close()


def test_tied_weights_are_one_tensor(tmp_path: Path) -> None:
    folder = write_small("SmolLM-135M", tmp_path / "tied")
    made = random_model(find_model(str(folder), weights="random"), torch.float32, CPU, 0)
    assert made.lm_head.weight is made.model.embed_tokens.weight
    untied = write_small("Mistral-7B-v0.2", tmp_path / "untied")
    other = random_model(find_model(str(untied), weights="random"), torch.float32, CPU, 0)
    assert not torch.equal(other.lm_head.weight, other.model.embed_tokens.weight)


@pytest.mark.parametrize("shape", ["gpt2", "SmolLM-135M", "gpt-oss-20b", "roberta-base"])
def test_a_seed_is_a_model_in_memory_and_on_disk(shape: str, tmp_path: Path) -> None:
    folder = write_small(shape, tmp_path / "small")
    source = find_model(str(folder), weights="random")
    made = random_model(source, torch.bfloat16, CPU, 7).state_dict()
    again = random_model(source, torch.bfloat16, CPU, 7).state_dict()
    other = random_model(source, torch.bfloat16, CPU, 8).state_dict()
    family = getattr(transformers, source.architecture)
    stored = family.from_pretrained(as_folder(source, 7), dtype=torch.float32).state_dict()
    assert all(torch.equal(made[name], again[name]) for name in made)
    assert all(torch.equal(made[name], stored[name].to(made[name].dtype)) for name in made)
    name = max(made, key=lambda name: made[name].numel())
    assert not torch.equal(made[name], other[name])
    assert made[name].float().std().item() == pytest.approx(0.02, rel=0.05)


def test_the_length_is_fixed_whatever_the_model_says(
    causal_folder: Path,
    make_trial: Callable[..., Trial],
    queries: list[Query],
    stamp: Recorder,
    tmp_path: Path,
) -> None:
    # Every token of a vocabulary of this size would be an end token.
    config = json.loads((causal_folder / "config.json").read_text())
    config["eos_token_id"] = list(range(config["vocab_size"]))
    (tmp_path / "config.json").write_text(json.dumps(config))
    for file in ("tokenizer.json", "tokenizer_config.json"):
        (tmp_path / file).write_bytes((causal_folder / file).read_bytes())
    backend = TransformersBackend()
    backend.load(make_trial(tmp_path, weights="random"))
    answers = backend.generate(0, queries, stamp)
    assert {a.output_tokens for a in answers} == {12}
    assert {a.stop_reason for a in answers} == {"length"}
    assert {len(a.token_times_ns) for a in answers} == {12}
    backend.close()


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_second_copy_is_held(tmp_path: Path) -> None:
    """The peak of a process over what the same imports take: the weights, and little more."""
    script = """
import sys
import torch
from wattmark.backends.random_weights import random_model
from wattmark.models import find_model
def resident(field):
    lines = open("/proc/self/status").read().splitlines()
    return next(int(l.split()[1]) * 1024 for l in lines if l.startswith(field + ":"))
small, large = (find_model(name, weights="random") for name in ("gpt2", "SmolLM2-360M"))
del_me = random_model(small, torch.bfloat16, torch.device("cpu"), 0)
del del_me
before = resident("VmRSS")
model = random_model(large, torch.bfloat16, torch.device("cpu"), 0)
weights = sum(p.numel() * p.element_size() for p in model.parameters())
print(before, resident("VmHWM"), weights)
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    before, peak, weights = (int(word) for word in re.findall(r"\d+", done.stdout)[-3:])
    assert weights == 2 * 361_821_120
    assert peak - before < 1.1 * weights
