from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from folders import WINDOW, character_tokenizer
from recorder import Recorder
from transformers import GPT2Config, GPT2LMHeadModel

from wattmark.backends import Backend
from wattmark.backends.onnxruntime_limits import by_builder, refuses, window
from wattmark.backends.transformers import TransformersBackend
from wattmark.errors import InputError, ModelError
from wattmark.models import find_model
from wattmark.models.cache import EXPORTS, cache_folder
from wattmark.models.weights import fingerprint
from wattmark.schema import Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]
onnxruntime = pytest.importorskip("onnxruntime")
adapter = pytest.importorskip("wattmark.backends.onnxruntime")

MakeTrial = Callable[..., Trial]


def _loaded(trial: Trial) -> Backend:
    backend: Backend = adapter.OnnxRuntimeBackend()
    backend.load(trial)
    return backend


@pytest.fixture(scope="session")
def onnx_trial(make_trial: MakeTrial) -> MakeTrial:
    def make(model: str | Path, **changes: Any) -> Trial:
        return make_trial(model, **({"backend": "onnxruntime"} | changes))

    return make


@pytest.fixture(scope="session")
def gpt2_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("models") / "tiny-gpt2"
    tokenizer = character_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=WINDOW,
        n_embd=32,
        n_layer=2,
        n_head=2,
        initializer_range=0.6,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=0,
    )
    GPT2LMHeadModel(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def _said(answers: list[Generation]) -> list[tuple[str, int, str]]:
    return [(a.text, a.output_tokens, a.stop_reason) for a in answers]


@pytest.mark.parametrize("folder", ["causal_folder", "gpt2_folder"])
def test_answers_are_those_of_transformers(
    request: pytest.FixtureRequest,
    folder: str,
    make_trial: MakeTrial,
    onnx_trial: MakeTrial,
    queries: list[Query],
) -> None:
    """The first through onnxruntime-genai, the second traced and run by a loop of our own."""
    model = request.getfixturevalue(folder)
    backend = _loaded(onnx_trial(model))
    assert backend.facts["runner"] == (
        "onnxruntime-genai" if folder == "causal_folder" else "session"
    )
    plain = TransformersBackend()
    plain.load(make_trial(model))
    together = backend.generate(0, queries, Recorder())
    assert _said(together) == _said(plain.generate(0, queries, Recorder()))
    alone = [backend.generate(0, [query], Recorder())[0] for query in queries]
    assert _said(together) == _said(alone)


def test_labels_are_those_of_transformers(
    classifier_folder: Path, make_trial: MakeTrial, onnx_trial: MakeTrial, queries: list[Query]
) -> None:
    plain = TransformersBackend()
    plain.load(make_trial(classifier_folder))
    wanted = plain.classify(0, queries, Recorder())
    found = _loaded(onnx_trial(classifier_folder)).classify(0, queries, Recorder())
    assert [a.text for a in found] == [a.text for a in wanted]
    for one, other in zip(found, wanted, strict=True):
        assert one.confidence == pytest.approx(other.confidence, abs=1e-5)


def test_it_tells_what_it_holds(causal_folder: Path, onnx_trial: MakeTrial) -> None:
    facts = _loaded(onnx_trial(causal_folder, options={"threads": 1})).facts
    assert facts["threads"] == 1
    assert facts["parameters"] * 4 <= facts["weight_bytes"] < facts["parameters"] * 6


@pytest.mark.parametrize(
    ("precision", "activations", "bytes_each"),
    [("int8-dynamic", "int8 per tensor", 1), ("int4-wo", "int8 per block", 0.5)],
)
def test_quantized_weights_are_what_their_name_says(
    causal_folder: Path,
    onnx_trial: MakeTrial,
    queries: list[Query],
    precision: str,
    activations: str,
    bytes_each: float,
) -> None:
    backend = _loaded(onnx_trial(causal_folder, precision=precision))
    facts = backend.facts
    assert (facts["dtype"], facts["activations"]) == (precision, activations)
    quantized = facts["weight_bytes_by_type"]
    stored = quantized.get("int8", 0) + quantized.get("uint8", 0)
    # All matrices but the embedding's table.
    matrices = facts["parameters"] - 32 * 99 - 5 * 32
    assert stored == pytest.approx(matrices * bytes_each, rel=0.1)
    answers = backend.generate(0, queries, Recorder())
    assert all(answer.output_tokens == len(answer.token_times_ns) for answer in answers)


def test_random_weights_answer_to_the_last_token(
    causal_folder: Path, onnx_trial: MakeTrial, queries: list[Query]
) -> None:
    backend = _loaded(onnx_trial(causal_folder, weights="random"))
    answers = backend.generate(0, queries, Recorder())
    assert [a.output_tokens for a in answers] == [12] * len(queries)
    assert {a.stop_reason for a in answers} == {"length"}


def test_a_folder_of_onnx_files_is_taken_as_it_is(
    tmp_path: Path, causal_folder: Path, onnx_trial: MakeTrial, queries: list[Query]
) -> None:
    converted = _loaded(onnx_trial(causal_folder))
    source = find_model(str(causal_folder))
    wanted = ("onnxruntime", "fp32", fingerprint(source.path, source.weight_files))
    made = [path for path in cache_folder(EXPORTS).glob("*/made.json") if ".part-" not in str(path)]
    keys = {path.parent: json.loads(path.read_text("utf-8"))["key"] for path in made}
    found = next(
        place
        for place, key in keys.items()
        if (key["engine"], key["precision"], key["model"]) == wanted
    )
    folder = tmp_path / "exported"
    shutil.copytree(found / "model", folder)
    backend = _loaded(onnx_trial(folder))
    assert find_model(str(folder)).parameters == converted.facts["parameters"]
    assert backend.facts["weight_bytes"] == converted.facts["weight_bytes"]
    assert _said(backend.generate(0, queries, Recorder())) == _said(
        converted.generate(0, queries, Recorder())
    )
    with pytest.raises(ModelError, match="stored as fp32: take fp32"):
        _loaded(onnx_trial(folder, precision="int4-wo"))
    (folder / "genai_config.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="malformed"):
        _loaded(onnx_trial(folder))


def test_what_cannot_be_asked_for(causal_folder: Path, onnx_trial: MakeTrial) -> None:
    for precision in ("fp16", "bf16"):
        with pytest.raises(InputError, match=rf"does not run {precision}: .* CPU provider"):
            _loaded(onnx_trial(causal_folder, precision=precision))
    with pytest.raises(InputError, match="Did you mean 'threads'"):
        _loaded(onnx_trial(causal_folder, options={"thread": 1}))
    with pytest.raises(InputError, match="Unknown device"):
        _loaded(onnx_trial(causal_folder, device="npu"))


def test_cuda_where_there_is_none(causal_folder: Path, onnx_trial: MakeTrial) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("there is a CUDA provider here")
    with pytest.raises(InputError, match=r"no CUDAExecutionProvider.*onnxruntime-gpu"):
        _loaded(onnx_trial(causal_folder, device="cuda"))


def test_a_prompt_that_ends_with_the_padding_is_refused(
    causal_folder: Path, onnx_trial: MakeTrial
) -> None:
    backend = _loaded(onnx_trial(causal_folder))
    assert backend.generate(0, [Query("a", "", "1<pad>2")], Recorder())
    with pytest.raises(ModelError, match="ends with the token 0"):
        backend.generate(0, [Query("b", "", "12<pad>")], Recorder())


def test_a_prompt_too_long_is_refused(causal_folder: Path, onnx_trial: MakeTrial) -> None:
    backend = _loaded(onnx_trial(causal_folder))
    fits = Query("fits", "", "1" * (WINDOW - 13))
    assert backend.generate(0, [fits], Recorder())[0].input_tokens == WINDOW - 12
    with pytest.raises(ModelError, match=rf"'long' has {WINDOW - 11} tokens.*{WINDOW}"):
        backend.generate(0, [Query("long", "", "1" * (WINDOW - 12))], Recorder())


@pytest.mark.usefixtures("own_cache")
def test_an_architecture_that_nothing_converts(
    tmp_path: Path, causal_folder: Path, onnx_trial: MakeTrial
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(causal_folder, folder)
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    config |= {"model_type": "martian", "architectures": ["MartianForCausalLM"]}
    file.write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match=r"cannot be (converted to ONNX|loaded).*martian"):
        _loaded(onnx_trial(folder))
    assert not list(cache_folder(EXPORTS).glob("*/model"))


def test_what_the_plan_is_told_without_the_engine() -> None:
    llama = {"architectures": ["LlamaForCausalLM"], "hidden_size": 128, "num_attention_heads": 4}
    assert by_builder(llama)
    assert not by_builder(llama | {"hidden_size": 96})
    assert not by_builder(llama | {"architectures": ["GPT2LMHeadModel"]})
    phi = llama | {"architectures": ["PhiForCausalLM"], "hidden_size": 256}
    assert by_builder(phi | {"partial_rotary_factor": 0.5})
    assert not by_builder(phi | {"partial_rotary_factor": 0.4})
    assert refuses(llama, "fp32", "cpu") is None
    assert "sliding" in (
        refuses(llama | {"hidden_size": 96, "sliding_window": 8}, "fp32", "cpu") or ""
    )
    gpt2 = {"architectures": ["GPT2LMHeadModel"]}
    assert "GPT2LMHeadModel" in (refuses(gpt2, "fp16", "cuda") or "")
    mistral = llama | {"architectures": ["MistralForCausalLM"], "sliding_window": 64}
    assert window(mistral, 4096) == 64
    assert window(llama, 4096) == 4096


def test_the_token_that_fills_rows_up() -> None:
    tokenizer = character_tokenizer()
    assert adapter.unused_id(tokenizer, len(tokenizer), (2,)) == 0
    assert adapter.unused_id(tokenizer, len(tokenizer) + 8, (2,)) == len(tokenizer) + 7
    assert adapter.unused_id(tokenizer, None, (0, 2)) == len(tokenizer) - 1


def test_nothing_is_printed(
    causal_folder: Path,
    onnx_trial: MakeTrial,
    queries: list[Query],
    capfd: pytest.CaptureFixture[str],
) -> None:
    backend = _loaded(onnx_trial(causal_folder))
    backend.generate(0, queries, Recorder())
    backend.close()
    assert capfd.readouterr() == ("", "")
    assert backend.vram_peak_bytes() is None


_IMPORT = """
import os, sys
from wattmark.runner.zygote import preload

preload(['wattmark.backends.onnxruntime'])
print(len(os.listdir('/proc/self/task')), 'onnxruntime_genai' in sys.modules)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="threads are read from /proc")
def test_importing_it_starts_no_thread_and_no_report_to_its_maker() -> None:
    """Workers are forked from a process that has imported it."""
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    done = subprocess.run(
        [sys.executable, "-c", _IMPORT],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
        env=environment | {"OPENBLAS_NUM_THREADS": "1"},
    )
    assert done.stdout.split() == ["1", "True"]
