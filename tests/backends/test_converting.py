"""Both sides of a conversion in a process of its own, with a converter that is quick."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from wattmark.backends.converting import Converter, converted
from wattmark.errors import ModelError, OutOfMemoryError
from wattmark.models import find_model
from wattmark.models.cache import EXPORTS, CacheError, cache_folder
from wattmark.schema import Trial

_CONVERTER = """
import os, resource, time
from pathlib import Path
from wattmark.backends.converting import serve
from wattmark.errors import ModelError

def convert(job):
    print("much that is of no interest")
    out = Path(job["out"])
    (out / "half").write_text(str(os.getpid()))
    if job["how"] == "kill":
        os.kill(os.getpid(), 9)
    elif job["how"] == "abort":
        os.abort()
    elif job["how"] == "wait":
        time.sleep(600)
    elif job["how"] == "refuse":
        raise ModelError("It has no such layer.", "Take another.")
    elif job["how"] == "raise":
        try:
            {}["deep"]
        except KeyError as reason:
            raise RuntimeError("it went wrong") from reason
    elif job["how"] == "fill":
        Path("/dev/full").write_text("x")
    (out / "model").write_text(job["trial"]["model"])

if __name__ == "__main__":
    serve(convert)
"""
CONVERTER = Converter(
    engine="quick",
    module="quick_converter",
    format="1",
    words="converted quickly",
    memory_hint="Take less.",
    versions=dict,
)
TRIAL = Trial(
    model="embedded/arithmetic",
    backend="quick",
    precision="fp32",
    device="cpu",
    batch_size=1,
    task="arithmetic",
    task_version="1",
    max_new_tokens=8,
)
Convert = Callable[[str], tuple[Path, bool]]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "quick_converter.py").write_text(_CONVERTER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path


def _convert(how: str) -> tuple[Path, bool]:
    return converted(CONVERTER, find_model(TRIAL.model), TRIAL, {"part": "x"}, {"how": how})


def _folders() -> list[Path]:
    root = cache_folder(EXPORTS)
    return [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []


def test_what_is_made_is_kept() -> None:
    made, fresh = _convert("well")
    assert fresh
    assert (made / "model").read_text(encoding="utf-8") == TRIAL.model
    assert _convert("kill") == (made, False)
    (listed,) = cache_folder(EXPORTS).glob("*/made.json")
    key = json.loads(listed.read_text(encoding="utf-8"))["key"]
    assert (key["engine"], key["precision"], key["part"]) == ("quick", "fp32", "x")
    assert len(key["model"]) == 64


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        (
            "refuse",
            ModelError,
            r"converted quickly: It has no such layer\. Take another\.$",
        ),
        ("raise", ModelError, "cannot be converted quickly: KeyError: it went wrong 'deep'"),
        ("abort", ModelError, r"cannot be converted quickly \(signal 6\)"),
        ("kill", OutOfMemoryError, r"Memory ran out while 'embedded/arithmetic' was.*Take less"),
        ("fill", CacheError, "is full"),
    ],
)
def test_what_fails_says_why_and_leaves_nothing(how: str, kind: type[Exception], said: str) -> None:
    with pytest.raises(kind, match=said):
        _convert(how)
    assert not _folders()
    assert _convert("well")[1]


def test_a_converter_that_is_not_there(place: Path) -> None:
    (place / "quick_converter.py").unlink()
    with pytest.raises(ModelError, match="No module named"):
        _convert("well")


def test_a_converter_without_a_job_ends() -> None:
    """Its standard input was closed before it was told anything: nobody waits for it any more."""
    done = subprocess.run(
        [sys.executable, "-m", "quick_converter"],
        stdin=subprocess.DEVNULL,
        check=False,
        timeout=200,
    )
    assert done.returncode


_WORKER = """
import sys
sys.path.insert(0, sys.argv[1])
from test_converting import _convert
_convert("wait")
"""


def test_a_worker_that_is_killed_takes_its_converter_along() -> None:
    with subprocess.Popen([sys.executable, "-c", _WORKER, str(Path(__file__).parent)]) as worker:
        while not (begun := list(cache_folder(EXPORTS).glob("*.part-*/model/half"))):
            assert worker.poll() is None
            time.sleep(0.01)
        while not (pid := begun[0].read_text(encoding="utf-8")):
            time.sleep(0.01)
        converter = psutil.Process(int(pid))
        os.kill(worker.pid, signal.SIGKILL)
    psutil.wait_procs([converter], timeout=20)
    assert not converter.is_running() or converter.status() == psutil.STATUS_ZOMBIE
    made, fresh = _convert("well")
    assert fresh, "what was half converted is not used"
    assert _folders() == [made.parent], "nor kept"
