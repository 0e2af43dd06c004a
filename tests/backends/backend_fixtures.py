"""What the engines' tests share; a test module asks for it with `pytest_plugins`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from recorder import Recorder

from wattmark.schema import Query, Trial


@pytest.fixture(scope="session", autouse=True)
def cache_apart(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Converted models of tests never land in the user's cache.

    Processes of tests beside each other share one: what one converts, the others need not. A test
    that counts what is there has a cache of its own.
    """
    here = tmp_path_factory.getbasetemp()
    here = here.parent if hasattr(pytestconfig, "workerinput") else here
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("XDG_CACHE_HOME", str(here / "cache"))
        yield


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where nothing was converted before, and nobody else converts."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def stamp() -> Recorder:
    return Recorder()


@pytest.fixture(scope="session")
def causal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from folders import write_causal  # noqa: PLC0415 - torch, only for who needs a model

    return write_causal(tmp_path_factory.mktemp("models") / "tiny-llama")


@pytest.fixture(scope="session")
def classifier_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from folders import write_classifier  # noqa: PLC0415 - torch, only for who needs a model

    return write_classifier(tmp_path_factory.mktemp("models") / "tiny-roberta")


@pytest.fixture(scope="session")
def make_trial() -> Callable[..., Trial]:
    def make(model: str | Path, **changes: Any) -> Trial:
        fields: dict[str, Any] = {
            "backend": "transformers",
            "precision": "fp32",
            "device": "cpu",
            "batch_size": 1,
            "task": "arithmetic",
            "task_version": "1",
            "max_new_tokens": 12,
        }
        return Trial(model=str(model), **(fields | changes))

    return make


@pytest.fixture(scope="session")
def queries() -> list[Query]:
    """Prompts of unequal length, so that a batch of them needs padding."""
    texts = ["27 + 58", "1 + 1", "hello world, hello", "900 - 1", "z"]
    return [Query(f"q{i}", text, f"{text} =") for i, text in enumerate(texts)]
