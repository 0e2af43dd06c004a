"""Model folders to damage; a test module asks for them with `pytest_plugins`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

# The folders are made as the engines' tests make theirs.
sys.path.insert(0, str(Path(__file__).parents[1] / "backends"))

from folders import write_causal, write_classifier


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("models")
    return {
        "causal": write_causal(root / "causal"),
        "classifier": write_classifier(root / "classifier"),
    }


@pytest.fixture
def folder(pristine: dict[str, Path], tmp_path: Path) -> Path:
    """A causal model of one's own, to damage."""
    return Path(shutil.copytree(pristine["causal"], tmp_path / "model"))


@pytest.fixture
def classifier(pristine: dict[str, Path], tmp_path: Path) -> Path:
    """A classifier of one's own, to damage."""
    return Path(shutil.copytree(pristine["classifier"], tmp_path / "classifier"))
