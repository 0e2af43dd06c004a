"""The hub, spoken to over HTTP: a server of the tests' own, a process and a cache a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hub_server import COMMIT, Hub, serve
from safetensors.torch import load_file

_ASK = """
import json, sys
from wattmark.errors import ModelError
from wattmark.models import find_model

pytest_plugins = ["model_fixtures"]
name, options = sys.argv[1], json.loads(sys.argv[2])
try:
    source = find_model(name, **options)
    said = {"path": str(source.path), "revision": source.revision, "origin": source.origin,
            "kind": source.kind, "parameters": source.parameters}
except ModelError as reason:
    said = {"error": str(reason)}
print(json.dumps(said))
"""
_TOKEN = "hf_this_is_a_secret"


class Client:
    """Asks for models in a fresh process with a cache of its own."""

    def __init__(self, home: Path, url: str) -> None:
        self.home = home
        self.url = url

    def __call__(self, name: str, *, offline: bool = False, **options: Any) -> dict[str, Any]:
        environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()} | {
            "HF_HOME": str(self.home),
            "HF_ENDPOINT": self.url,
            "HF_TOKEN": _TOKEN,
            "HF_HUB_OFFLINE": str(int(offline)),
            "HF_HUB_DISABLE_XET": "1",
        }
        environment.pop("HF_HUB_CACHE", None)
        done = subprocess.run(
            [sys.executable, "-c", _ASK, name, json.dumps(options)],
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
            env=environment,
        )
        assert done.returncode == 0, done.stderr
        assert _TOKEN not in done.stdout + done.stderr
        said: dict[str, Any] = json.loads(done.stdout)
        return said


@pytest.fixture
def hub(folder: Path) -> Iterator[Hub]:
    (folder / "onnx").mkdir()
    (folder / "onnx" / "model.safetensors").write_bytes(b"not what is wanted")
    (folder / "modeling.py").write_text("raise SystemExit", encoding="utf-8")
    with serve(Hub({"org/tiny": folder})) as running:
        yield running


@pytest.fixture
def ask(tmp_path: Path, hub: Hub) -> Client:
    return Client(tmp_path / "hf", hub.url)


def test_downloaded_once_then_from_the_cache(ask: Client, hub: Hub) -> None:
    said = ask("org/tiny")
    assert said == {
        "path": said["path"],
        "revision": COMMIT,
        "origin": "hub",
        "kind": "causal",
        "parameters": said["parameters"],
    }
    assert Path(said["path"]).is_relative_to(ask.home)
    assert "model.safetensors" in hub.fetched
    assert "modeling.py" not in hub.fetched
    assert not (Path(said["path"]) / "onnx").exists()
    assert any(_TOKEN in value for value in hub.seen_authorization)
    hub.fetched.clear()
    hub.seen_authorization.clear()
    assert ask("org/tiny", offline=True) == said
    assert ask("org/tiny") == said
    # By its commit too, as a stored trial names it.
    assert ask("org/tiny", revision=COMMIT) == said
    assert not hub.seen_authorization, "what is cached asks nothing of the hub"


def test_a_download_that_was_cut_short_is_completed(ask: Client, hub: Hub) -> None:
    folder = Path(ask("org/tiny")["path"])
    (folder / "model.safetensors").unlink()
    assert "no weights" in ask("org/tiny", offline=True)["error"]
    assert ask("org/tiny")["origin"] == "hub"
    assert (folder / "model.safetensors").exists()


def test_not_cached_and_offline(ask: Client) -> None:
    said = ask("org/tiny", offline=True)["error"]
    assert "not in the local cache" in said
    assert "HF_HUB_OFFLINE" in said


def test_not_reachable(tmp_path: Path) -> None:
    said = Client(tmp_path, "http://127.0.0.1:9")("org/tiny")["error"]
    assert "not in the local cache" in said
    assert "cannot be reached" in said
    assert "\n" not in said


def test_not_there(ask: Client) -> None:
    assert "There is no model 'org/tinny' on the hub" in ask("org/tinny")["error"]
    assert "Did you mean 'embedded/arithmetic'" in ask("arithmetics")["error"]
    assert "Did you mean" not in ask("gpt2")["error"]
    assert "no revision 'v9'" in ask("org/tiny", revision="v9")["error"]


def test_gated(ask: Client, hub: Hub) -> None:
    hub.gated.add("org/tiny")
    said = ask("org/tiny")["error"]
    assert "gated" in said
    assert "/org/tiny" in said
    assert "HF_TOKEN" in said


def test_what_would_be_refused_is_not_downloaded(ask: Client, hub: Hub) -> None:
    config = hub.folders["org/tiny"] / "config.json"
    content = json.loads(config.read_text(encoding="utf-8"))
    config.write_text(json.dumps(content | {"auto_map": {"AutoModel": "modeling.M"}}))
    assert "--trust-remote-code" in ask("org/tiny")["error"]
    assert hub.fetched == ["config.json"]
    assert ask("org/tiny", trust_remote_code=True)["kind"] == "causal"
    assert "modeling.py" in hub.fetched


def test_pickle_is_not_downloaded(ask: Client, hub: Hub) -> None:
    folder = hub.folders["org/tiny"]
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    assert "error" not in ask("org/tiny")
    assert "pytorch_model.bin" not in hub.fetched
    (folder / "model.safetensors").unlink()
    fresh = Client(ask.home.with_name("hf2"), hub.url)
    assert "--allow-pickle" in fresh("org/tiny")["error"]
    assert "pytorch_model.bin" not in hub.fetched
    assert fresh("org/tiny", allow_pickle=True)["parameters"] is None


def test_a_repository_without_a_model(ask: Client, hub: Hub) -> None:
    (hub.folders["org/tiny"] / "tokenizer.json").unlink()
    assert "no tokenizer files on the hub" in ask("org/tiny")["error"]
    (hub.folders["org/tiny"] / "config.json").unlink()
    assert "no config.json on the hub" in ask("org/tiny")["error"]
