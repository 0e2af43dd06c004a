"""A model's digest: the same for the same files, another for any file that an engine reads."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from wattmark.models import weights
from wattmark.models.shapes import EMBEDDED
from wattmark.models.weights import fingerprint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EMBEDDED / "arithmetic", tmp_path / "model"))


def digest(folder: Path) -> str:
    return fingerprint(folder, (folder / "model.safetensors",))


def test_times_places_and_other_files_do_not_count(model: Path, tmp_path: Path) -> None:
    before = digest(model)
    os.utime(model / "model.safetensors", (0, 0))
    (model / "README.md").write_text("new")
    (model / "checkpoint.json").mkdir()
    assert digest(model) == before
    assert digest(Path(shutil.copytree(model, tmp_path / "elsewhere"))) == before


def test_every_file_that_is_read_counts(model: Path) -> None:
    seen = {digest(model)}
    for name in ("config.json", "tokenizer.json", "model.safetensors"):
        content = bytearray((model / name).read_bytes())
        content[len(content) // 2] ^= 1
        (model / name).write_bytes(content)
        seen.add(digest(model))
    assert len(seen) == 4


def test_of_large_files_size_header_ends_and_windows_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "_WHOLE_BYTES", 1000)
    monkeypatch.setattr(weights, "_WINDOW_BYTES", 16)
    file = tmp_path / "model.safetensors"
    good = (500).to_bytes(8, "little") + bytes(9_992)

    def of(content: bytes) -> str:
        file.write_bytes(content)
        return digest(tmp_path)

    def changed(at: int) -> str:
        return of(good[:at] + b"x" + good[at + 1 :])

    whole = of(good)
    assert changed(300) != whole, "in the header"
    assert changed(9_999) != whole, "at the end"
    assert of(good + b"\0") != whole, "longer"
    assert of(good) == whole
    assert of(good[:508] + b"\1" * 9_492) != whole, "trained anew"
