"""Keys, public names and the registry."""

import dataclasses
import subprocess
import sys

import pytest

import wattmark
from wattmark import registry
from wattmark.errors import InputError
from wattmark.schema import SensorInfo, Trial

TRIAL = Trial(
    model="m",
    backend="transformers",
    precision="fp32",
    device="cpu",
    batch_size=1,
    task="t",
    task_version="1",
    max_new_tokens=8,
)


def test_a_key_is_of_the_content() -> None:
    assert TRIAL.key == dataclasses.replace(TRIAL).key
    for change in ({"batch_size": 2}, {"task_version": "2"}, {"options": {"a": 1}}, {"seed": 1}):
        assert dataclasses.replace(TRIAL, **change).key != TRIAL.key, change


def test_nouns_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        TRIAL.model = "other"  # type: ignore[misc]  # that it fails is what is shown


@pytest.mark.parametrize(
    ("kind", "instead", "word"),
    [
        ("counter", None, "measured"),
        ("power", None, "measured"),
        ("estimate", None, "estimated"),
        ("counter", "simulated", "simulated"),
        ("estimate", "replayed", "replayed"),
    ],
)
def test_the_word_that_follows_the_joules(kind: str, instead: str | None, word: str) -> None:
    info = SensorInfo(name="x", component="cpu", device="d", kind=kind, source="s", instead=instead)
    assert info.provenance == word


def test_public_names_are_there() -> None:
    for name in wattmark.__all__:
        assert getattr(wattmark, name) is not None
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = wattmark.nothing


def test_importing_the_command_line_imports_no_engine_and_no_table_library() -> None:
    heavy = "{'torch', 'transformers', 'numpy', 'scipy', 'pyarrow', 'altair', 'pydantic', 'pynvml'}"
    code = f"import sys, wattmark.cli.main; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_every_registered_name_can_be_loaded() -> None:
    for kind in registry.BUILT_IN:
        for name in registry.table(kind):
            assert registry.load(kind, name) is not None


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(InputError, match=r"Unknown task 'arithmetik'.*Did you mean 'arithmetic'"):
        registry.load("tasks", "arithmetik")


def test_a_broken_target_says_what_is_wrong() -> None:
    with pytest.raises(InputError, match="nowhere_to_be_found"):
        registry.resolve("nowhere_to_be_found:thing")
