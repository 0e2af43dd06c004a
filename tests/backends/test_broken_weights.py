"""Weights that do not fill their model: refused by every engine, with the tensors' names."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from folders import write_causal
from safetensors.torch import load_file, save_file

from wattmark.backends.find import create, find_backend
from wattmark.errors import ModelError
from wattmark.models import find_model
from wattmark.models.trained import check_trained
from wattmark.schema import Trial

pytest_plugins = ["backend_fixtures"]

TENSOR = "model.layers.0.self_attn.q_proj.weight"
Change = Callable[[torch.Tensor], torch.Tensor | None]


@pytest.fixture
def broken(tmp_path: Path, causal_folder: Path) -> Callable[[Change], Path]:
    """A model whose first query matrix is changed, or left out."""

    def make(change: Change) -> Path:
        folder = tmp_path / "broken"
        shutil.copytree(causal_folder, folder)
        file = folder / "model.safetensors"
        tensors = load_file(file)
        changed = change(tensors.pop(TENSOR))
        kept = {} if changed is None else {TENSOR: changed.contiguous()}
        save_file(tensors | kept, file, metadata={"format": "pt"})
        return folder

    return make


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ["transformers", "onnxruntime", "llamacpp"])
def test_a_tensor_that_is_not_stored_is_not_made_up(
    name: str, broken: Callable[[Change], Path], make_trial: Callable[..., Trial]
) -> None:
    trial = make_trial(broken(lambda _: None), backend=name)
    with pytest.raises(ModelError, match=rf"stores no weights for 1 tensor of \w+ \({TENSOR}\)"):
        create(find_backend(name)).load(trial)


def test_another_shape_is_said_with_both(broken: Callable[[Change], Path]) -> None:
    folder = broken(lambda matrix: matrix[:-4])
    rows, columns = load_file(folder / "model.safetensors")[TENSOR].shape
    with pytest.raises(ModelError, match=f"{TENSOR}: {rows}×{columns} instead of {rows + 4}×"):
        check_trained("m", folder, "causal")


def test_many_tensors_are_counted_and_few_named(tmp_path: Path) -> None:
    folder = write_causal(tmp_path / "narrow")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(ModelError, match=r"'m' stores 6 tensors in another shape.*, …\)"):
        check_trained("m", folder, "causal")


def test_a_whole_model_passes(causal_folder: Path, classifier_folder: Path) -> None:
    check_trained("m", causal_folder, "causal")
    check_trained("m", classifier_folder, "classifier")


@pytest.mark.parametrize("dtype", [torch.int8, torch.float8_e4m3fn])
def test_packed_numbers_without_a_quantization_are_refused_before_anything_runs(
    dtype: torch.dtype, broken: Callable[[Change], Path]
) -> None:
    folder = broken(lambda matrix: (100 * matrix).to(dtype))
    with pytest.raises(ModelError, match=rf"stores 1 of its weights as \w+ \({TENSOR}\)"):
        find_model(str(folder))
