"""An export that its disk has no room for, on every engine that exports: said, and nothing left."""

from __future__ import annotations

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from wattmark.backends.find import create, find_backend
from wattmark.models.cache import EXPORTS, CacheError, cache_folder
from wattmark.schema import Trial

pytest_plugins = ["backend_fixtures"]


@pytest.mark.usefixtures("own_cache")
@pytest.mark.parametrize("name", ["openvino", "onnxruntime", "llamacpp"])
def test_no_room_for_an_export_is_said_as_such(
    name: str, causal_folder: Path, make_trial: Callable[..., Trial]
) -> None:
    trial = make_trial(causal_folder, backend=name)
    weights = sum(file.stat().st_size for file in causal_folder.glob("*.safetensors"))
    with _files_of_at_most(weights // 2), pytest.raises(CacheError, match="is full"):
        create(find_backend(name)).load(trial)
    assert not [path for path in cache_folder(EXPORTS).iterdir() if path.is_dir()]


@contextmanager
def _files_of_at_most(size: int) -> Iterator[None]:
    """Nobody, nor a process started here, writes a larger file: as on a disk without room."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
