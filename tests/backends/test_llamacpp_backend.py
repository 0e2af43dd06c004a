from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

pytest.importorskip("xllamacpp")
pytest.importorskip("gguf")

import gguf
from folders import character_tokenizer, write_causal
from recorder import Recorder
from transformers import (
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from wattmark.backends import Backend
from wattmark.backends.find import create, find_backend
from wattmark.backends.llamacpp_limits import refuses, refuses_options
from wattmark.backends.llamacpp_quantize import encode, tensor_type
from wattmark.errors import InputError, ModelError
from wattmark.models import find_model
from wattmark.models.cache import EXPORTS, cache_folder
from wattmark.schema import Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]

MakeTrial = Callable[..., Trial]
Load = Callable[..., Backend]
SIZES = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 96,
    "initializer_range": 0.4,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 500.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 24,
}


@pytest.fixture
def load(make_trial: MakeTrial) -> Iterator[Load]:
    """A loaded engine, llamacpp unless another is named; closed after the test."""
    loaded: list[Backend] = []

    def engine(model: str | Path, backend: str = "llamacpp", **changes: Any) -> Backend:
        loaded.append(create(find_backend(backend)))
        loaded[-1].load(make_trial(model, backend=backend, **changes))
        return loaded[-1]

    yield engine
    for each in loaded:
        each.close()


@pytest.fixture(scope="module")
def converted(causal_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GGUF file as a stranger's converter would write it: with spelled tokens."""
    engine = create(find_backend("llamacpp"))
    with pytest.MonkeyPatch.context() as changed:
        changed.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        engine.load(
            Trial(
                model=str(causal_folder),
                backend="llamacpp",
                precision="q8_0",
                device="cpu",
                batch_size=1,
                task="arithmetic",
                task_version="1",
                max_new_tokens=2,
            )
        )
        engine.close()
        (made,) = cache_folder(EXPORTS).glob("*/model/model.gguf")
    return _spelled(made, tmp_path_factory.mktemp("gguf") / "tiny-q8_0.gguf")


@pytest.mark.parametrize("family", ["llama-grouped", "llama3-rope", "mistral", "qwen2", "qwen3"])
def test_fp32_says_what_torch_says_token_by_token(
    family: str, tmp_path: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    folder = _family(family, tmp_path / family)
    engine, torch = load(folder, batch_size=5), load(folder, "transformers")
    answers = engine.generate(0, queries, stamp)
    assert _said(answers) == _said(torch.generate(0, queries, stamp))
    assert engine.facts["parameters"] == torch.facts["parameters"]
    assert engine.facts["cache_precision"] == "fp32"


def test_a_file_that_brings_its_tokenizer_stops_at_a_text_too(
    converted: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    def answers(stops: tuple[str, ...]) -> list[Generation]:
        engine = load(converted, precision="q8_0", batch_size=5, stops=stops)
        return engine.generate(0, queries, stamp)

    plain = answers(())
    stop = next(a.text[2:4] for a in plain if len(a.text) > 6)
    for answer, whole in zip(answers((stop,)), plain, strict=True):
        assert answer.text == whole.text.partition(stop)[0]
        assert answer.input_tokens == whole.input_tokens
        assert (answer.stop_reason == "stop") == (stop in whole.text)
        assert (answer.output_tokens < whole.output_tokens) == (
            stop in whole.text and not whole.text.endswith(stop)
        )


def test_rows_of_a_batch_run_together(
    causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    answers = load(causal_folder, batch_size=5).generate(0, queries, stamp)
    # In one slot they would follow each other: here each row begins before any other ends.
    assert max(a.token_times_ns[0] for a in answers) < min(a.token_times_ns[-1] for a in answers)


def test_weights_are_stored_as_the_precision_says(causal_folder: Path, load: Load) -> None:
    whole = load(causal_folder).facts
    assert whole["weight_bytes"] == 4 * whole["parameters"]
    half = load(causal_folder, precision="bf16").facts
    assert half["dtype"] == "BF16"
    eight, four = (load(causal_folder, precision=name).facts for name in ("q8_0", "q4_0"))
    assert eight["weight_bytes_by_type"].keys() == {"Q8_0", "F32"}
    # The output layer keeps more bits: Q6_K, and Q8_0 where rows are no multiple of 256.
    assert four["weight_bytes_by_type"].keys() == {"Q4_0", "Q8_0", "F32"}
    assert whole["weight_bytes"] > half["weight_bytes"] > eight["weight_bytes"]
    assert eight["weight_bytes"] > four["weight_bytes"]


@pytest.mark.parametrize("precision", ["fp16", "q8_0", "q4_0"])
def test_lower_precisions_answer(
    precision: str, causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    answers = load(causal_folder, precision=precision, batch_size=5).generate(0, queries, stamp)
    assert all(a.output_tokens >= 1 for a in answers)


def test_options_are_heard(causal_folder: Path, load: Load) -> None:
    again = load(causal_folder, options={"threads": 1, "flash-attention": "off", "ubatch": 64})
    assert again.facts["threads"] == 1


def test_no_port_is_open(causal_folder: Path, load: Load) -> None:
    load(causal_folder)
    assert not [c for c in psutil.Process().net_connections("inet") if c.status == "LISTEN"]


def test_random_weights_give_answers_of_full_length(
    causal_folder: Path, load: Load, queries: list[Query], stamp: Recorder
) -> None:
    engine = load(causal_folder, weights="random", batch_size=5)
    answers = engine.generate(0, queries, stamp)
    assert [a.output_tokens for a in answers] == [12] * 5
    assert {a.stop_reason for a in answers} == {"length"}


def test_a_prompt_that_does_not_fit_is_named(
    causal_folder: Path, load: Load, stamp: Recorder
) -> None:
    long = [Query("long", "1" * 90, "1" * 90)]
    with pytest.raises(ModelError, match=r"'long'.*window of 96"):
        load(causal_folder).generate(0, long, stamp)
    short = load(causal_folder, options={"context": 16})
    with pytest.raises(ModelError, match="room for 16") as refused:
        short.generate(0, [Query("q", "12345678", "12345678")], stamp)
    assert "--option context=21" in str(refused.value.hint)


def test_a_gguf_file_runs_as_it_is(
    converted: Path, causal_folder: Path, load: Load, stamp: Recorder
) -> None:
    queries = [Query("a", "27", "27"), Query("b", "z12", "z12")]
    ours = load(converted, precision="q8_0", batch_size=2)
    theirs = load(causal_folder, precision="q8_0", batch_size=2)
    got, expected = (engine.generate(0, queries, stamp) for engine in (ours, theirs))
    assert [a.input_tokens for a in got] == [a.input_tokens for a in expected]
    assert [(a.output_tokens, a.stop_reason) for a in got] == [
        (a.output_tokens, a.stop_reason) for a in expected
    ]
    assert ours.facts["weight_bytes"] == theirs.facts["weight_bytes"]


def test_a_gguf_file_has_the_precision_that_it_has(converted: Path, load: Load) -> None:
    with pytest.raises(ModelError, match="stored as q8_0"):
        load(converted, precision="q4_0")
    with pytest.raises(ModelError):
        load(converted, "transformers")


def test_a_damaged_gguf_file_is_refused(converted: Path, tmp_path: Path) -> None:
    whole = converted.read_bytes()
    source = find_model(str(converted))
    assert (source.origin, source.kind, source.max_positions) == ("gguf", "causal", 96)
    assert source.weight_bytes == pytest.approx(len(whole), rel=0.5)
    for name, data, said in (
        ("cut.gguf", whole[:-1000], "truncated"),
        ("header.gguf", whole[:100], "inside its header"),
        ("other.gguf", b"PK\x03\x04" + whole[4:], "does not begin"),
        ("empty.gguf", b"", "empty"),
    ):
        (tmp_path / name).write_bytes(data)
        with pytest.raises(ModelError, match=said):
            find_model(str(tmp_path / name))
    with pytest.raises(ModelError, match="No such file"):
        find_model(str(tmp_path / "none.gguf"))
    with pytest.raises(ModelError, match="random"):
        find_model(str(converted), weights="random")


def test_what_cannot_be_asked_for(causal_folder: Path, classifier_folder: Path, load: Load) -> None:
    with pytest.raises(InputError, match="thread"):
        load(causal_folder, options={"thread": 2})
    with pytest.raises(InputError, match="precision"):
        load(causal_folder, precision="int4-wo")
    with pytest.raises(ModelError, match="RobertaForSequenceClassification"):
        load(classifier_folder)
    with pytest.raises(InputError, match="no 'cuda"):
        load(causal_folder, device="cuda:7")
    llama = {"architectures": ["LlamaForCausalLM"], "hidden_size": 576, "intermediate_size": 1536}
    assert refuses(llama, "q4_k_m", "cpu") is None
    assert refuses({}, "q4_k_m", "cpu") is None
    assert "256" in str(refuses(llama | {"intermediate_size": 1000}, "q4_k_m", "cpu"))
    assert "yarn" in str(refuses(llama | {"rope_scaling": {"type": "yarn"}}, "fp32", "cpu"))
    assert "gelu" in str(refuses(llama | {"hidden_act": "gelu"}, "fp32", "cpu"))
    assert "ubatch" in str(refuses_options({"ubatch": 8}, "fp32", "cpu"))
    assert "flash" in str(refuses_options({"flash-attention": "yes"}, "fp32", "cpu"))
    assert "cpu" in str(refuses_options({"gpu-layers": 4}, "fp32", "cpu"))


def test_quantizing_is_what_the_format_says() -> None:
    matrix = np.random.default_rng(0).normal(size=(5, 512)).astype(np.float32)
    # The formats' own widths: relative errors of 1/127 and 1/8 of a block's largest, and less.
    for name, most in (("Q8_0", 0.02), ("Q6_K", 0.1), ("Q4_K", 0.35), ("Q4_0", 0.5), ("F16", 2e-3)):
        kind = gguf.GGMLQuantizationType[name]
        back = gguf.quants.dequantize(encode(matrix, kind), kind)
        assert np.abs(back - matrix).max() < most


def test_the_mixture_of_q4_k_m() -> None:
    def kind(name: str, width: int = 512, *, tied: bool = False) -> str:
        return tensor_type("q4_k_m", name, (8, width), layers=16, tied=tied).name

    assert kind("blk.2.attn_q.weight") == "Q4_K"
    assert kind("blk.0.ffn_down.weight") == kind("blk.15.attn_v.weight") == "Q6_K"
    assert kind("blk.2.ffn_down.weight") == "Q4_K"
    assert kind("blk.4.ffn_down.weight") == "Q6_K"
    assert kind("output.weight") == kind("token_embd.weight", tied=True) == "Q6_K"
    assert kind("token_embd.weight") == "Q4_K"
    assert kind("blk.2.attn_q.weight", 96) == "Q5_0"
    assert kind("output.weight", 96) == "Q8_0"
    assert kind("blk.2.attn_q.weight", 33) == "F16"


def _family(name: str, folder: Path) -> Path:
    if name.startswith("llama"):
        changes: dict[str, Any] = {"rope_parameters": LLAMA3} if name == "llama3-rope" else {}
        return write_causal(folder, **(SIZES | changes))
    configs: dict[str, Any] = {
        "mistral": (MistralConfig, MistralForCausalLM, {"sliding_window": None}),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM, {"tie_word_embeddings": True}),
        "qwen3": (Qwen3Config, Qwen3ForCausalLM, {"head_dim": 32}),
    }
    config, family, changes = configs[name]
    write_causal(folder)  # for its tokenizer
    tokenizer = character_tokenizer()
    model = family(config(vocab_size=len(tokenizer), **(SIZES | changes)))
    model.save_pretrained(folder)
    return folder


def _spelled(made: Path, target: Path) -> Path:
    """The same file with the tokenizer's own tokens, in byte pairs' spelling."""
    tokenizer = character_tokenizer()
    tokens = [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))]
    reader = gguf.GGUFReader(made)
    writer = gguf.GGUFWriter(target, "llama")
    for field in reader.fields.values():
        if field.name.startswith(("GGUF.", "general.architecture", "tokenizer.")):
            continue
        writer.add_key_value(field.name, field.contents(), field.types[0])
    kinds = [gguf.TokenType.CONTROL] * 4 + [gguf.TokenType.NORMAL] * (len(tokens) - 4)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("default")
    writer.add_token_list([token.replace(" ", "Ġ") for token in tokens])
    writer.add_token_types(kinds)
    writer.add_token_merges(["a b"])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_add_bos_token(True)
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data, raw_dtype=tensor.tensor_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return target


def _said(answers: list[Generation]) -> list[tuple[str, int, int, str]]:
    return [(a.text, a.input_tokens, a.output_tokens, a.stop_reason) for a in answers]
