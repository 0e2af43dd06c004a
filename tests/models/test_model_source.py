from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from wattmark.errors import ModelError
from wattmark.models import embedded_models, find_model
from wattmark.models.config import max_positions
from wattmark.models.weights import read_header

pytest_plugins = ["model_fixtures"]


def _edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")


def test_a_folder_is_described(folder: Path) -> None:
    source = find_model(str(folder))
    model = AutoModelForCausalLM.from_pretrained(folder)
    assert (source.origin, source.kind, source.revision) == ("folder", "causal", None)
    assert source.architecture == "LlamaForCausalLM"
    assert source.path == folder
    assert source.parameters == sum(p.numel() for p in model.parameters())
    assert source.weight_bytes == source.parameters * 4
    assert source.max_positions == 96
    assert source.weight_files == (folder / "model.safetensors",)
    assert source.config["hidden_size"] == 32
    assert not source.pickled


def test_a_classifier_is_described(classifier: Path) -> None:
    source = find_model(str(classifier))
    assert (source.kind, source.architecture) == ("classifier", "RobertaForSequenceClassification")
    # 97 rows of positions, of which those up to the padding index are never used.
    assert source.max_positions == 96


def test_tied_weights_count_once(folder: Path, tmp_path: Path) -> None:
    model = AutoModelForCausalLM.from_pretrained(folder)
    untied = find_model(str(folder)).parameters
    model.config.tie_word_embeddings = True
    model.lm_head.weight = model.model.embed_tokens.weight
    tied = tmp_path / "tied"
    shutil.copytree(folder, tied)
    model.save_pretrained(tied)
    shared = model.model.embed_tokens.weight.numel()
    assert find_model(str(tied)).parameters == (untied or 0) - shared


def test_shards_add_up_and_must_all_be_there(folder: Path, tmp_path: Path) -> None:
    whole = find_model(str(folder))
    sharded = tmp_path / "sharded"
    shutil.copytree(folder, sharded)
    (sharded / "model.safetensors").unlink()
    AutoModelForCausalLM.from_pretrained(folder).save_pretrained(sharded, max_shard_size="40KB")
    source = find_model(str(sharded))
    assert len(source.weight_files) > 1
    assert (source.parameters, source.weight_bytes) == (whole.parameters, whole.weight_bytes)
    source.weight_files[1].unlink()
    with pytest.raises(ModelError, match=rf"lacks 1 of .*{source.weight_files[1].name}"):
        find_model(str(sharded))


@pytest.mark.parametrize(
    "content", ["{", "[]", '{"weight_map": {}}', '{"weight_map": {"a": "../x.safetensors"}}']
)
def test_an_index_that_is_none(folder: Path, content: str) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors.index.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match="not an index"):
        find_model(str(folder))


def test_stored_masks_are_no_parameters(folder: Path) -> None:
    file = folder / "model.safetensors"
    before = read_header(file).parameters
    extra = {
        "h.0.attn.bias": torch.ones(1, 1, 8, 8),
        "model.rotary_emb.inv_freq": torch.ones(8),
        "position_ids": torch.arange(8),
    }
    save_file(load_file(file) | extra, file, metadata={"format": "pt"})
    assert read_header(file).parameters == before


@pytest.mark.parametrize("keep", [0, 5, 8, 100, -1, -1000])
def test_a_truncated_file_is_damaged(folder: Path, keep: int) -> None:
    file = folder / "model.safetensors"
    raw = file.read_bytes()
    file.write_bytes(raw[:keep])
    with pytest.raises(ModelError, match=r"damaged.*(Download|save)"):
        find_model(str(folder))


def _with_header(raw: bytes, header: bytes) -> bytes:
    length = int.from_bytes(raw[:8], "little")
    return len(header).to_bytes(8, "little") + header + raw[8 + length :]


def _first_tensor(header: dict[str, Any]) -> dict[str, Any]:
    return next(entry for name, entry in header.items() if name != "__metadata__")


def _grow_shape(header: dict[str, Any]) -> None:
    _first_tensor(header)["shape"].append(3)


def _drop_offsets(header: dict[str, Any]) -> None:
    del _first_tensor(header)["data_offsets"]


def _shift(header: dict[str, Any]) -> None:
    entry = _first_tensor(header)
    entry["data_offsets"] = [at + 4 for at in entry["data_offsets"]]


def _empty(header: dict[str, Any]) -> None:
    header.clear()


@pytest.mark.parametrize("damage", [_grow_shape, _drop_offsets, _shift, _empty])
def test_a_header_that_lies_is_found(folder: Path, damage: Any) -> None:
    file = folder / "model.safetensors"
    raw = file.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + length])
    damage(header)
    file.write_bytes(_with_header(raw, json.dumps(header).encode()))
    with pytest.raises(ModelError, match="damaged"):
        find_model(str(folder))


@pytest.mark.parametrize("header", [b"nonsense", b"[1, 2]", b"\xff\xfe", b"[" * 100_000])
def test_a_header_that_is_no_header(folder: Path, header: bytes) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(_with_header(file.read_bytes(), header))
    with pytest.raises(ModelError, match="header is malformed"):
        find_model(str(folder))


def test_bytes_after_the_tensors_are_found(folder: Path) -> None:
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    with pytest.raises(ModelError, match="longer than its header says"):
        find_model(str(folder))


def test_a_header_of_any_length_is_not_read(folder: Path) -> None:
    file = folder / "model.safetensors"
    with file.open("wb") as sparse:
        sparse.write((2**33).to_bytes(8, "little"))
        sparse.truncate(2**34)
    with pytest.raises(ModelError, match="its header claims"):
        find_model(str(folder))


def test_a_git_lfs_pointer_is_named(folder: Path) -> None:
    (folder / "model.safetensors").write_text(
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", encoding="utf-8"
    )
    with pytest.raises(ModelError, match="git lfs pull"):
        find_model(str(folder))


def test_pickle_is_refused_unless_asked_for(folder: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="--allow-pickle"):
        find_model(str(folder))
    source = find_model(str(folder), allow_pickle=True)
    assert source.pickled
    assert source.parameters is None
    assert source.weight_bytes == (folder / "pytorch_model.bin").stat().st_size
    (folder / "pytorch_model.bin").rename(folder / "weights.pt")
    with pytest.raises(ModelError, match="convert it to safetensors"):
        find_model(str(folder), allow_pickle=True)


def test_no_weights_and_what_there_is_instead(folder: Path) -> None:
    (folder / "model.safetensors").rename(folder / "adapter_model.safetensors")
    with pytest.raises(ModelError, match="holds an adapter"):
        find_model(str(folder))
    (folder / "adapter_model.safetensors").rename(folder / "model.q8_0.gguf")
    with pytest.raises(ModelError, match=r"no weights.*model\.q8_0\.gguf"):
        find_model(str(folder))


def test_no_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match="no tokenizer files"):
        find_model(str(folder))


def test_config_mistakes_name_the_line(folder: Path) -> None:
    config = folder / "config.json"
    config.write_text('{\n  "architectures": ["X"],\n  oops\n}', encoding="utf-8")
    with pytest.raises(ModelError, match="line 3"):
        find_model(str(folder))
    config.write_text("[]", encoding="utf-8")
    with pytest.raises(ModelError, match="not a JSON object"):
        find_model(str(folder))
    config.write_bytes(b"\xff\xfe{")
    with pytest.raises(ModelError, match="not UTF-8 JSON"):
        find_model(str(folder))
    config.unlink()
    with pytest.raises(ModelError, match=r"no config\.json"):
        find_model(str(folder))


@pytest.mark.parametrize(
    ("architectures", "said"),
    [
        (["T5ForConditionalGeneration"], "T5ForConditionalGeneration"),
        (["BertModel", "BertForMaskedLM"], "BertModel, BertForMaskedLM"),
        ([], "names none"),
        (None, "names none"),
        ("LlamaForCausalLM", "names none"),
        ([7], "names none"),
    ],
)
def test_other_architectures_are_refused(folder: Path, architectures: object, said: str) -> None:
    _edit(folder / "config.json", architectures=architectures)
    with pytest.raises(ModelError, match=f"neither a causal.*{said}"):
        find_model(str(folder))


@pytest.mark.parametrize(
    ("architecture", "kind"),
    [
        ("GPT2LMHeadModel", "causal"),
        ("Qwen3ForCausalLM", "causal"),
        ("DistilBertForSequenceClassification", "classifier"),
    ],
)
def test_kinds(folder: Path, architecture: str, kind: str) -> None:
    _edit(folder / "config.json", architectures=[architecture])
    assert find_model(str(folder)).kind == kind


def test_code_of_its_own_needs_trust(folder: Path) -> None:
    _edit(folder / "config.json", auto_map={"AutoModelForCausalLM": "modeling.Mine"})
    with pytest.raises(ModelError, match="--trust-remote-code"):
        find_model(str(folder))
    assert find_model(str(folder), trust_remote_code=True).kind == "causal"


@pytest.mark.parametrize("stored", [{"quant_method": "gptq"}, "odd"])
def test_quantized_storage_is_refused(folder: Path, stored: object) -> None:
    _edit(folder / "config.json", quantization_config=stored)
    with pytest.raises(ModelError, match="stored quantized"):
        find_model(str(folder))


def test_windows() -> None:
    assert max_positions({"n_positions": 1024, "model_type": "gpt2"}) == 1024
    assert max_positions({"max_position_embeddings": 514, "model_type": "roberta"}) == 512
    assert (
        max_positions({"max_position_embeddings": 514, "model_type": "roberta", "pad_token_id": 1})
        == 512
    )
    assert max_positions({"model_type": "bloom"}) is None
    assert max_positions({"max_position_embeddings": -1}) is None


def test_paths(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)
    assert find_model("./model").origin == "folder"
    # A folder that exists wins over a hub id of the same name.
    assert find_model("model").origin == "folder"
    monkeypatch.setenv("HOME", str(folder.parent))
    assert find_model("~/model").path == folder
    with pytest.raises(ModelError, match=r"There is no folder './modle'\. Did you mean 'model'"):
        find_model("./modle")
    with pytest.raises(ModelError, match="is a file"):
        find_model(os.fspath(folder / "config.json"))
    with pytest.raises(ModelError, match="no home folder"):
        find_model("~no-such-user-here/model")


@pytest.mark.parametrize("name", ["a/b/c", "spa ce", "", "naïve", "-x", "C:\\models"])
def test_names_that_are_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ModelError, match="neither a folder nor a hub id"):
        find_model(name)


def test_embedded_models_are_found() -> None:
    assert {"embedded/arithmetic", "embedded/facts", "embedded/sentiment"} <= set(embedded_models())
    for name in embedded_models():
        source = find_model(name)
        assert source.origin == "embedded"
        assert source.parameters is not None
        assert source.parameters > 0
    assert find_model("embedded/sentiment").kind == "classifier"
    with pytest.raises(ModelError, match="Did you mean 'embedded/arithmetic'"):
        find_model("embedded/arithmatic")
