from __future__ import annotations

import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

# Not openvino itself, which would be heard of before its telemetry is off.
pytest.importorskip("wattmark.backends.openvino_runtime")
pytest.importorskip("nncf")

from folders import character_tokenizer, write_causal
from recorder import Recorder
from transformers import GPT2Config, GPT2LMHeadModel

from wattmark.backends import Backend
from wattmark.backends.find import create, find_backend
from wattmark.backends.openvino_limits import refuses_options
from wattmark.backends.openvino_runtime import settings
from wattmark.errors import InputError, ModelError
from wattmark.models.cache import EXPORTS, cache_folder
from wattmark.schema import Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]

MakeTrial = Callable[..., Trial]
Load = Callable[..., Backend]


@pytest.fixture
def load(make_trial: MakeTrial) -> Iterator[Load]:
    """A loaded engine, openvino unless another is named; closed after the test."""
    loaded: list[Backend] = []

    def engine(model: str | Path, backend: str = "openvino", **changes: Any) -> Backend:
        loaded.append(create(find_backend(backend)))
        loaded[-1].load(make_trial(model, backend=backend, **changes))
        return loaded[-1]

    yield engine
    for each in loaded:
        each.close()


def test_fp32_says_what_torch_says_token_by_token(
    causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    engine, torch = load(causal_folder), load(causal_folder, "transformers")
    answers = engine.generate(0, queries, stamp)
    assert _said(answers) == _said(torch.generate(0, queries, stamp))
    assert engine.facts["compute"] == engine.facts["cache_precision"] == "fp32"
    assert engine.facts["parameters"] == torch.facts["parameters"]
    # Shapes and epsilons are constants of the graph too; norms of ones are none.
    assert engine.facts["weight_bytes"] == pytest.approx(4 * engine.facts["parameters"], rel=0.02)


def test_options_are_heard(causal_folder: Path, load: Load) -> None:
    again = load(causal_folder, options={"threads": 1})
    assert again.facts["threads"] == 1


def test_labels_have_the_probabilities_of_torch(
    classifier_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    ours, theirs = (
        load(classifier_folder, backend, task="sentiment").classify(0, queries, stamp)
        for backend in ("openvino", "transformers")
    )
    assert [a.text for a in ours] == [a.text for a in theirs]
    assert [a.confidence for a in ours] == pytest.approx([a.confidence for a in theirs], abs=1e-4)


def test_int4_weights_are_stored_in_four_bits(
    causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    engine = load(causal_folder, precision="int4-wo")
    stored = engine.facts["weight_bytes_by_type"]
    # What is inside the layers is 4 bits; embeddings and the head are 8.
    assert stored["u4"] > 0
    assert stored["u8"] > 0
    assert engine.facts["weight_bytes"] == sum(stored.values())
    assert engine.facts["weight_bytes"] < 1.5 * engine.facts["parameters"]
    assert engine.facts["compute"] == "fp32"
    assert engine.facts["activation_group"] == 0
    together = _said(engine.generate(0, queries, stamp))
    assert together == [_said(engine.generate(0, [query], stamp))[0] for query in queries]


def test_bf16_keeps_the_weights_of_gpt2_in_two_bytes(
    tmp_path: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    engine = load(_gpt2(tmp_path / "gpt2"), precision="bf16")
    assert engine.facts["dtype"] == "bf16"
    # Norms and biases that are added to activations stay in fp32, as in the graph.
    assert engine.facts["weight_bytes"] < 2.2 * engine.facts["parameters"]
    together = engine.generate(0, queries, stamp)
    assert [a.output_tokens for a in together] == [
        engine.generate(0, [query], stamp)[0].output_tokens for query in queries
    ]


def test_random_weights_answer_at_full_length(
    causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    engine = load(causal_folder, weights="random", precision="int8-wo")
    answers = engine.generate(0, queries, stamp)
    assert {(a.output_tokens, a.stop_reason) for a in answers} == {(12, "length")}
    assert engine.facts["weight_bytes"] < 1.2 * engine.facts["parameters"]


@pytest.mark.usefixtures("own_cache")
def test_a_failed_conversion_says_why_and_leaves_nothing(
    tmp_path: Path, make_trial: MakeTrial
) -> None:
    folder = write_causal(tmp_path / "narrow")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"intermediate_size": 48}))
    with pytest.raises(ModelError, match="stores 6 tensors in another shape"):
        create(find_backend("openvino")).load(make_trial(folder, backend="openvino"))
    assert not [path for path in cache_folder(EXPORTS).iterdir() if path.is_dir()]


def test_telemetry_is_off_and_the_home_untouched(tmp_path: Path) -> None:
    code = (
        "import sys, wattmark.backends.openvino, wattmark.backends.openvino_convert\n"
        "from nncf.telemetry import telemetry\n"
        "from openvino.tools import ovc\n"
        "print(type(telemetry).__module__, type(ovc.telemetry).__module__)\n"
        "print([name for name in sys.modules if name.startswith('openvino_telemetry.')])\n"
    )
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, **home},
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    assert done.stdout.split("\n")[:2] == [
        "unittest.mock openvino.tools.ovc.telemetry_stub",
        "[]",
    ]
    assert not list(tmp_path.iterdir())


def test_these_tests_are_silent_too() -> None:
    ovc = importlib.import_module("openvino.tools.ovc")
    assert type(ovc.telemetry).__module__ == "openvino.tools.ovc.telemetry_stub"


def test_settings_follow_the_precision() -> None:
    chosen = settings("bf16", {})
    assert chosen["INFERENCE_PRECISION_HINT"] == chosen["KV_CACHE_PRECISION"] == "bf16"
    assert settings("fp16", {})["INFERENCE_PRECISION_HINT"] == "f16"
    asked = settings("int8-wo", {"compute": "bf16", "activation-group": 32, "threads": 1})
    assert asked["INFERENCE_PRECISION_HINT"] == asked["KV_CACHE_PRECISION"] == "bf16"
    assert asked["DYNAMIC_QUANTIZATION_GROUP_SIZE"] == "32"
    assert asked["INFERENCE_NUM_THREADS"] == "1"


@pytest.mark.parametrize(
    ("precision", "options", "words"),
    [
        ("fp61", {}, "Did you mean 'fp16'"),
        ("fp32", {"treads": 1}, "Did you mean 'threads'"),
        ("fp32", {"threads": 0}, "Threads is 0; it must be a whole number from 1"),
        ("fp32", {"compute": "bf16"}, "Compute is for int8-wo and int4-wo: fp32 says"),
        ("int8-wo", {"compute": "int8"}, "value of compute 'int8'"),
        ("int4-wo", {"activation-group": -1}, "whole number from 0"),
    ],
)
def test_what_cannot_be_is_refused(precision: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(InputError, match=words):
        settings(precision, options)


def test_a_plan_hears_of_options_and_devices() -> None:
    assert refuses_options({"cache-precision": "int8"}, "bf16", "cpu") is None
    assert refuses_options({"activation-group": 32}, "bf16", "cpu") is not None
    assert "no CUDA" in find_backend("openvino").refused["cuda", "bf16"]


def test_a_gpu_is_refused(causal_folder: Path, make_trial: MakeTrial) -> None:
    with pytest.raises(InputError, match="not on cuda"):
        create(find_backend("openvino")).load(make_trial(causal_folder, device="cuda"))


def _gpt2(folder: Path) -> Path:
    """A layer whose Linear is a Conv1D, with learned positions."""
    tokenizer = character_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=96,
        n_embd=64,
        n_layer=1,
        n_head=2,
        bos_token_id=1,
        eos_token_id=2,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _said(answers: list[Generation]) -> list[tuple[str, int, int, str]]:
    return [(a.text, a.input_tokens, a.output_tokens, a.stop_reason) for a in answers]
