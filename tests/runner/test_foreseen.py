"""Memory foreseen from a model's shape, and what is free, against figures known otherwise."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from wattmark.models import ModelSource
from wattmark.models.catalog import find_shape
from wattmark.runner.foreseen import FORMATS, Foreseen, Need, foresee, shape_of, weight_bytes
from wattmark.runner.room import cgroup_free_bytes, free_bytes

GPT2 = {"n_layer": 12, "n_head": 12, "n_embd": 768, "n_positions": 1024, "vocab_size": 50257}
LLAMA_8B = {
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 8192,
    "vocab_size": 128256,
}
GIB = 2**30


def source(config: dict[str, Any], parameters: int | None, kind: str = "causal") -> ModelSource:
    return ModelSource(
        name="m",
        origin="folder",
        path=Path(),
        revision=None,
        kind=kind,
        architecture="X",
        config=config,
        weight_bytes=1000,
        parameters=parameters,
        max_positions=None,
        weight_files=(),
    )


@pytest.mark.parametrize(
    ("config", "number_bytes", "per_token"),
    [
        # 2 × 12 layers × 768 × 2 bytes: the 36 KiB a token that GPT-2 is known for in fp16.
        (GPT2, 2, 36_864),
        # Llama 3 8B: 128 KiB a token in bf16, a quarter of what its 32 heads would take.
        (LLAMA_8B, 2, 131_072),
        ({**GPT2, "multi_query": True}, 2, 36_864 // 12),
        ({"text_config": LLAMA_8B, "hidden_size": 1}, 2, 131_072),
        ({**LLAMA_8B, "head_dim": 256}, 2, 262_144),
    ],
)
def test_a_tokens_cache_is_that_of_the_shape(
    config: dict[str, Any], number_bytes: int, per_token: int
) -> None:
    shape = shape_of(config)
    assert shape is not None
    assert shape.cache_bytes(number_bytes) == per_token


def test_weights_count_by_their_precision() -> None:
    parameters = 8_030_261_248
    found = {
        name: foresee(
            source(LLAMA_8B, parameters), name, batch=1, prompt_bytes=100, new_tokens=64
        ).weights
        for name in FORMATS
    }
    assert found["bf16"] == 2 * parameters
    assert found["fp32"] == found["tf32"] == 4 * parameters
    # As published of the GGUF files of Llama 3 8B: 8.54, 4.66 and 4.92 GB.
    for name, size in (("q8_0", 8.54e9), ("q4_0", 4.66e9), ("q4_k_m", 4.92e9)):
        assert found[name] == pytest.approx(size, rel=0.04)
    assert found["int8-dynamic"] > found["int8-wo"] > found["int4-wo"]
    read = {
        name: foresee(
            source(LLAMA_8B, parameters), name, batch=1, prompt_bytes=100, new_tokens=64
        ).total
        for name in ("int8-dynamic", "nf4-bnb", "q4_0")
    }
    assert read["int8-dynamic"] == 4 * parameters, "quantized from floats that are all there"
    assert read["nf4-bnb"] == 2 * parameters
    assert read["q4_0"] < parameters
    as_stored = foresee(source(LLAMA_8B, None), "bf16", batch=1, prompt_bytes=1, new_tokens=1)
    assert as_stored.weights == 1000


def test_what_is_listed_of_a_shape_is_what_is_foreseen_of_it() -> None:
    shape = find_shape("gpt2")
    assert shape is not None
    sizes = [weight_bytes(shape.parameters, shape.config, name) for name in ("fp32", "bf16")]
    assert sizes == [497_759_232, 248_879_616]
    known = source(dict(shape.config), shape.parameters)
    for name in ("fp32", "int8-wo", "int4-wo"):
        need = foresee(known, name, batch=1, prompt_bytes=1, new_tokens=1)
        assert need.weights == weight_bytes(shape.parameters, shape.config, name)
    # A file of weights in a precision is loaded as it is.
    own = replace(known, origin="gguf", weight_bytes=7)
    need = foresee(own, "int4-wo", batch=1, prompt_bytes=1, new_tokens=1)
    assert (need.weights, need.loading) == (7, 0)


def test_cache_and_activations_grow_with_the_batch_and_stop_at_the_window() -> None:
    def need(batch: int, prompt_bytes: int = 100, kind: str = "causal") -> Need:
        made = source(LLAMA_8B, 8 * 10**9, kind)
        return foresee(made, "bf16", batch=batch, prompt_bytes=prompt_bytes, new_tokens=99)

    assert need(1).cache == 200 * 131_072
    assert need(16).cache == 16 * need(1).cache
    assert need(16).activations == 16 * need(1).activations > 0
    assert need(16).weights == need(1).weights
    assert need(1, prompt_bytes=10**6).cache == 8192 * 131_072
    label = need(4, kind="classifier")
    assert (label.cache, label.cache_per_token) == (0, None)
    assert label.activations > 0
    bare = foresee(source({}, 10), "fp32", batch=9, prompt_bytes=9, new_tokens=9)
    assert (bare.weights, bare.total, bare.cache_per_token) == (40, 40, None)


def test_what_does_not_fit_says_what_it_needs_and_what_is_free() -> None:
    need = Need(weights=14 * GIB, cache=GIB, activations=GIB // 2)
    short = Foreseen(need, 12 * GIB)
    assert short.margin == -3.5 * GIB
    assert short.refusal is not None
    assert "needs about 15.50 GiB (weights 14.00 GiB, cache 1.00 GiB" in short.refusal
    assert "12.00 GiB is free" in short.refusal
    assert "--force-memory" in short.refusal
    fits = Foreseen(need, 16 * GIB)
    assert fits.refusal is None
    assert str(fits).endswith("16.00 GiB free: margin 512 MiB")
    untold = Foreseen(need, None)
    assert untold.refusal is None
    assert untold.margin is None


def group(folder: Path, most: str, used: int, cache: int, names: tuple[str, str, str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / names[0]).write_text(f"{most}\n")
    (folder / names[1]).write_text(f"{used}\n")
    (folder / "memory.stat").write_text(f"anon 5\n{names[2]} {cache}\nother 7\n")


V2 = ("memory.max", "memory.current", "inactive_file")
V1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def test_the_tightest_control_group_decides(tmp_path: Path) -> None:
    ours = tmp_path / "cgroup"
    ours.write_text("0::/outer/inner\n")
    assert cgroup_free_bytes(tmp_path, ours) is None
    group(tmp_path / "outer/inner", "max", 900, 0, V2)
    assert cgroup_free_bytes(tmp_path, ours) is None
    group(tmp_path / "outer", "1000", 700, 50, V2)
    assert cgroup_free_bytes(tmp_path, ours) == 350
    group(tmp_path / "outer/inner", "2000", 1900, 0, V2)
    assert cgroup_free_bytes(tmp_path, ours) == 100
    group(tmp_path / "outer/inner", "2000", 2100, 0, V2)
    assert cgroup_free_bytes(tmp_path, ours) == 0
    assert cgroup_free_bytes(tmp_path, tmp_path / "none") is None


def test_version_one_and_a_container_that_sees_only_its_own_group(tmp_path: Path) -> None:
    ours = tmp_path / "cgroup"
    ours.write_text("5:cpu,cpuacct:/x\n4:memory:/docker/abc\n0::/docker/abc\n")
    group(tmp_path / "memory", "1000", 400, 100, V1)
    assert cgroup_free_bytes(tmp_path, ours) == 700


def test_a_limit_is_never_more_than_what_is_free() -> None:
    most = free_bytes("cpu")
    assert most is not None
    assert most > 0
    assert free_bytes("cpu", 10**6) == 10**6
    assert free_bytes("cuda:99") is None
