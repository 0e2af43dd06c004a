"""Every precision of transformers: what is stored, what is said, and what is refused."""

from __future__ import annotations

import copy
import gc
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import character_tokenizer, write_causal, write_classifier
from recorder import Recorder
from torch._subclasses.fake_tensor import FakeTensor
from torch._subclasses.functional_tensor import FunctionalTensor
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import GPT2Config, GPT2LMHeadModel, LlamaConfig, LlamaForCausalLM

from wattmark.backends.quantized import Int8Dynamic, quantize
from wattmark.backends.transformers import TransformersBackend
from wattmark.backends.transformers_limits import CPU_PRECISIONS, QUANTIZED
from wattmark.backends.transformers_model import arithmetic, check_options
from wattmark.errors import InputError, ModelError
from wattmark.schema import Query, Trial
from wattmark.tasks.find import find_task

pytest_plugins = ["backend_fixtures"]
MakeTrial = Callable[..., Trial]
BNB = ("int8-bnb", "nf4-bnb")
HOLLOW = (FakeTensor, FunctionalTensor)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Layers this small are quicker on one, and do not wait for each other's threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def _installed(precision: str) -> str:
    if precision in BNB:
        pytest.importorskip("bitsandbytes")
    return precision


@pytest.fixture(params=QUANTIZED)
def quantized(request: pytest.FixtureRequest) -> str:
    return _installed(request.param)


@pytest.fixture(scope="module")
def wide(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of whole groups of 64, and logits that a small error does not turn over."""
    folder = tmp_path_factory.mktemp("wide") / "llama"
    return write_causal(folder, hidden_size=64, intermediate_size=128, initializer_range=0.05)


@pytest.fixture(scope="module")
def wide_classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wide") / "roberta"
    return write_classifier(folder, hidden_size=64, intermediate_size=128, initializer_range=0.05)


def _loaded(trial: Trial) -> TransformersBackend:
    backend = TransformersBackend()
    backend.load(trial)
    return backend


def _logits(backend: TransformersBackend) -> torch.Tensor:
    ids = torch.arange(4, 24)[None]
    with torch.inference_mode():
        logits: torch.Tensor = backend._model(input_ids=ids).logits
    return logits.float()


@pytest.mark.parametrize(
    ("precision", "error"),
    [
        ("fp32", 1e-6),
        ("amp", 0.03),
        ("bf16", 0.03),
        ("fp16", 0.005),
        # Each twice what was seen: two layers of random weights let errors grow.
        ("int8-dynamic", 0.09),
        ("int8-wo", 0.03),
        ("int4-wo", 0.45),
        ("int8-bnb", 0.04),
        ("nf4-bnb", 0.45),
    ],
)
def test_logits_are_those_of_fp32_within_the_precision(
    wide: Path, make_trial: MakeTrial, precision: str, error: float
) -> None:
    exact = _loaded(make_trial(wide))
    expected = _logits(exact)
    backend = _loaded(make_trial(wide, precision=_installed(precision)))
    difference = _logits(backend) - expected
    backend.close()
    assert float(difference.norm() / expected.norm()) < error


def _linear_sizes() -> dict[str, int]:
    """Parameters of the wide model's parts: blocks' matrices, head, embedding, norms."""
    vocabulary = len(character_tokenizer())
    return {
        "blocks": 2 * (4 * 64 * 64 + 3 * 64 * 128),
        "head": vocabulary * 64,
        "embedding": vocabulary * 64,
        "norms": 5 * 64,
    }


def test_what_is_stored_is_counted_as_it_is_stored(
    wide: Path, make_trial: MakeTrial, quantized: str
) -> None:
    backend = _loaded(make_trial(wide, precision=quantized))
    facts = dict(backend.facts)
    backend.close()
    sizes = _linear_sizes()
    rows = 2 * (4 * 64 + 2 * 128 + 64)
    vocabulary = sizes["head"] // 64
    rest = sizes["embedding"] + sizes["norms"]
    int8_head = sizes["head"] + 2 * vocabulary
    frequencies = (
        facts["weight_bytes"]
        - {
            "int8-dynamic": sizes["blocks"] + 8 * rows + sizes["head"] + 8 * vocabulary + 4 * rest,
            "int8-wo": sizes["blocks"] + 2 * rows + int8_head + 2 * rest,
            "int4-wo": sizes["blocks"] * 9 // 16 + int8_head + 2 * rest,
            "int8-bnb": sizes["blocks"] + 4 * rows + 2 * sizes["head"] + 2 * rest,
            "nf4-bnb": sizes["blocks"] // 2 + _nf4_scales() + 2 * sizes["head"] + 2 * rest,
        }[quantized]
    )
    assert frequencies in (64, 128)  # one or two tables of the 16 rotary frequencies
    assert facts["parameters"] == sum(sizes.values())
    assert sum(facts["stored"].values()) == facts["parameters"]
    packed = sizes["blocks"] + (0 if quantized in BNB else sizes["head"])
    assert facts["quantized"] == pytest.approx(packed / facts["parameters"])
    assert facts["dtype"] == ("float32" if quantized == "int8-dynamic" else "bfloat16")


def _held() -> dict[int, int]:
    """Address → bytes of each storage that a tensor of this process holds."""
    gc.collect()
    # By type: to ask some of torch's own objects for their class is to be warned of them.
    tensors = [each for each in gc.get_objects() if issubclass(type(each), torch.Tensor)]
    # An export elsewhere in this process may have left tensors that hold nothing.
    tensors = [each for each in tensors if not issubclass(type(each), HOLLOW)]
    storages = [tensor.untyped_storage() for tensor in tensors if not tensor.is_meta]
    return {storage.data_ptr(): storage.nbytes() for storage in storages}


@pytest.mark.parametrize("precision", CPU_PRECISIONS)
def test_weights_are_the_storage_that_torch_holds(
    tmp_path: Path, make_trial: MakeTrial, precision: str
) -> None:
    """No copy is left behind by loading, casting or packing, and none is left out.

    A head that is tied to the embedding counts once, or as what it was packed to.
    """
    folder = write_causal(
        tmp_path / "m", hidden_size=64, intermediate_size=128, tie_word_embeddings=True
    )
    trial = make_trial(folder, precision=_installed(precision))
    before = _held()
    backend = _loaded(trial)
    backend.generate(0, [Query("q", "", "1 + 1")], Recorder())
    held = sum(size for address, size in _held().items() if address not in before)
    told = backend.facts["weight_bytes"]
    for module in backend._model.modules():
        if isinstance(module, Int8Dynamic):  # no tensor of Python's: what it was packed from
            weight, _ = torch.ops.quantized.linear_unpack(module._kernel)
            held += weight.int_repr().untyped_storage().nbytes() + 8 * weight.shape[0]
    backend.close()
    # bitsandbytes keeps two small tables a process, which are no model's.
    tables = 2048 if precision in BNB else 0
    assert held - tables <= told <= held


def _nf4_scales() -> int:
    """Bytes of the scales of 14 layers: this CPU's form of them, or two levels."""
    bnb = pytest.importorskip("bitsandbytes")
    blocks = _linear_sizes()["blocks"] // 64
    if bnb.functional.has_avx512bf16():
        return 2 * blocks + 14 * 16 * 4
    return blocks + 14 * (16 * 4 + 4 + 4 + 256 * 4)


def test_a_classifier_keeps_its_label(
    wide_classifier: Path, make_trial: MakeTrial, queries: list[Query], quantized: str
) -> None:
    exact = _loaded(make_trial(wide_classifier)).classify(0, queries, Recorder())
    backend = _loaded(make_trial(wide_classifier, precision=quantized))
    labels = backend.classify(0, queries, Recorder())
    assert backend.facts["quantized"] > 0.5
    backend.close()
    worst = 0.3 if "4" in quantized else 0.1
    for before, after in zip(exact, labels, strict=True):
        assert before.confidence is not None
        assert after.confidence is not None
        same = before.text == after.text
        assert same or before.confidence < 0.5 + worst
        share = after.confidence if same else 1 - after.confidence
        assert share == pytest.approx(before.confidence, abs=worst)


def test_memory_is_given_back(wide: Path, make_trial: MakeTrial, quantized: str) -> None:
    backend = _loaded(make_trial(wide, precision=quantized))
    backend.generate(0, [Query("q", "", "1 + 1")], Recorder())
    layers = [weakref.ref(module) for module in backend._model.modules()]
    backend.close()
    gc.collect()
    assert len(layers) > 10
    assert not [ref for ref in layers if ref() is not None]


@pytest.mark.parametrize("precision", ["int8-wo", "int4-wo"])
@pytest.mark.parametrize("bias", [False, True])
def test_a_packed_layer_is_the_layer_it_was(precision: str, bias: bool) -> None:
    """A row alone as in a batch, of any shape and stride; 96 inputs are groups of 32."""
    torch.manual_seed(0)
    plain = torch.nn.Linear(96, 48, bias=bias, dtype=torch.bfloat16)
    before = copy.deepcopy(plain)
    model = torch.nn.Sequential(plain)
    stored = quantize(model, precision, torch.device("cpu"), torch.bfloat16).stored
    assert stored == {precision[:4]: 96 * 48} | ({"bfloat16": 48} if bias else {})
    x = torch.randn(5, 3, 96, dtype=torch.bfloat16)
    together = model(x)
    error = (together - before(x)).float().norm() / before(x).float().norm()
    assert error < (0.15 if precision == "int4-wo" else 0.02)
    for row in range(5):
        torch.testing.assert_close(model(x[row, 1]), together[row, 1], rtol=0.02, atol=0.01)
    torch.testing.assert_close(model(x[:, 0]), together[:, 0], rtol=0.02, atol=0.01)


def test_gpt2_has_its_transposed_layers_packed(
    tmp_path: Path, make_trial: MakeTrial, quantized: str
) -> None:
    tokenizer = character_tokenizer()
    config = GPT2Config(
        vocab_size=len(tokenizer), n_embd=64, n_layer=2, n_head=2, n_positions=64, n_inner=128,
        bos_token_id=1, eos_token_id=2, initializer_range=0.05,
    )  # fmt: skip
    torch.manual_seed(0)
    GPT2LMHeadModel(config).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    expected = _logits(_loaded(make_trial(tmp_path)))
    backend = _loaded(make_trial(tmp_path, precision=quantized))
    difference = _logits(backend) - expected
    facts = dict(backend.facts)
    backend.close()
    assert float(difference.norm() / expected.norm()) < 0.3
    matrices = 2 * (64 * 192 + 64 * 64 + 2 * 64 * 128)
    head = len(tokenizer) * 64
    packed = {name: n for name, n in facts["stored"].items() if "float" not in name}
    assert sum(packed.values()) == matrices + (0 if quantized in BNB else head)
    # A tied head is packed beside the embedding that it was.
    extra = 0 if quantized in BNB else head
    assert sum(facts["stored"].values()) == facts["parameters"] + extra


def test_what_is_too_narrow_for_a_group_stays_as_it_is(
    tmp_path: Path, make_trial: MakeTrial
) -> None:
    folder = write_causal(tmp_path / "m", hidden_size=64, intermediate_size=72)
    backend = _loaded(make_trial(folder, precision="int4-wo"))
    assert backend.facts["stored"]["bfloat16"] > 2 * 64 * 72  # down_proj's rows have 72 weights
    assert len(backend.generate(0, [Query("q", "", "1 + 1")], Recorder())) == 1


def test_nothing_to_pack_is_a_refusal() -> None:
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=40, hidden_size=24, intermediate_size=40, num_hidden_layers=1,
            num_attention_heads=1, num_key_value_heads=1,
        )
    )  # fmt: skip
    model.lm_head = torch.nn.Identity()
    with pytest.raises(ModelError, match=r"None of the 7 Linear layers.*int4-wo"):
        quantize(model, "int4-wo", torch.device("cpu"), torch.bfloat16)


class _Casts(TorchDispatchMode):
    """Counts copies of matrices into another dtype."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch leaves it untyped
        self.matrices = 0

    def __torch_dispatch__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        cast = func in (torch.ops.aten._to_copy.default, torch.ops.aten.to.dtype)
        if cast and args[0].ndim == 2 and args[0].dtype == torch.float32:
            self.matrices += min(args[0].shape) >= 64
        return func(*args, **(kwargs or {}))


def test_autocast_casts_a_weight_once(wide: Path, make_trial: MakeTrial) -> None:
    backend = _loaded(make_trial(wide, precision="amp"))
    query = [Query("q", "", "1 + 1")]
    with _Casts() as first:
        backend.generate(0, query, Recorder())
    with _Casts() as second:
        backend.generate(1, query, Recorder())
    assert backend.facts["compute_dtype"] == "bfloat16"
    assert torch.is_autocast_enabled("cpu")
    backend.close()
    assert not torch.is_autocast_enabled("cpu")
    assert first.matrices == 15
    assert second.matrices == 0


def test_compute_is_chosen_for_amp(wide: Path, make_trial: MakeTrial) -> None:
    backend = _loaded(make_trial(wide, precision="amp", options={"compute": "fp16"}))
    assert (backend.facts["dtype"], backend.facts["compute_dtype"]) == ("float32", "float16")
    backend.close()


def _in_convolutions() -> bool:
    return bool(torch.backends.cudnn.allow_tf32)


def test_tf32_is_set_and_taken_back(make_trial: MakeTrial) -> None:
    plain = check_options(make_trial("m"))
    before = torch.get_float32_matmul_precision()
    convolutions = _in_convolutions()
    with arithmetic(replace(plain, precision="tf32")):
        assert torch.get_float32_matmul_precision() == "high"
        assert _in_convolutions()
        with arithmetic(plain):
            assert torch.get_float32_matmul_precision() == "highest"
            assert not _in_convolutions()
        assert torch.get_float32_matmul_precision() == "high"
    assert torch.get_float32_matmul_precision() == before
    assert _in_convolutions() == convolutions


def test_a_static_cache_says_the_same(
    wide: Path, make_trial: MakeTrial, queries: list[Query]
) -> None:
    plain = _loaded(make_trial(wide)).generate(0, queries, Recorder())
    backend = _loaded(make_trial(wide, options={"cache": "static"}))
    assert backend.facts["cache"] == "static"
    assert [a.text for a in backend.generate(0, queries, Recorder())] == [a.text for a in plain]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"precision": "tf32"}, "TF32 is a mode of NVIDIA"),
        ({"precision": "fp8"}, "Unknown precision of transformers on cpu 'fp8'"),
        ({"precision": "nf4-bnb", "options": {"compute": "fp16"}}, "computes in bf16 on a CPU"),
        ({"precision": "amp", "options": {"compute": "fp8"}}, "There is: bf16, fp16"),
        ({"options": {"cache": "statik"}}, "Did you mean 'static'"),
        ({"options": {"compile": "fast"}}, "reduce-overhead"),
        ({"options": {"threads": 0}}, "whole number from 1"),
        ({"options": {"threads": "two"}}, "whole number from 1"),
        ({"precision": "int8-dynamic", "options": {"compile": "default"}}, "not offered"),
        ({"options": {"compile": "default", "cache": "dynamic"}}, "needs cache=static"),
        ({"precision": "amp", "options": {"cache": "static"}}, "in two number formats"),
        ({"precision": "amp", "options": {"compile": "default"}}, "take bf16"),
    ],
)
def test_what_does_not_exist_is_refused(
    make_trial: MakeTrial, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        check_options(make_trial("m", **changes))


@pytest.mark.parametrize("precision", ["amp", *QUANTIZED])
def test_the_embedded_model_still_calculates(make_trial: MakeTrial, precision: str) -> None:
    task = find_task("arithmetic")
    asked = task.queries(12, seed=0)
    trial = make_trial("embedded/arithmetic", precision=_installed(precision), max_new_tokens=24)
    backend = _loaded(trial)
    answers = backend.generate(0, asked, Recorder())
    backend.close()
    scores = [task.score(query, said) for query, said in zip(asked, answers, strict=True)]
    assert sum(bool(score.correct) for score in scores) >= 10, [score.why for score in scores]
