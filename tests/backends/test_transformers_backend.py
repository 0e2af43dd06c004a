from __future__ import annotations

import json
import resource
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import WINDOW, write_causal, write_classifier
from recorder import Recorder
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    LlamaConfig,
    LlamaForSequenceClassification,
)
from transformers.utils import logging

from wattmark.backends.torch_errors import load_errors, memory_errors
from wattmark.backends.transformers import TransformersBackend
from wattmark.errors import InputError, ModelError, OutOfMemoryError
from wattmark.schema import Query, Trial
from wattmark.tasks.find import find_task

pytest_plugins = ["backend_fixtures"]

MakeTrial = Callable[..., Trial]


def _loaded(trial: Trial) -> TransformersBackend:
    backend = TransformersBackend()
    backend.load(trial)
    return backend


def _edit(path: Path, **changes: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(content | changes), encoding="utf-8")


def _ids(folder: Path, prompt: str, new_tokens: int) -> list[int]:
    """What transformers itself decodes greedily, with nothing of ours in between."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = torch.tensor([tokenizer(prompt)["input_ids"]])
    out: list[int] = []
    for _ in range(new_tokens):
        with torch.inference_mode():
            ids = torch.cat([ids, model(ids).logits[:, -1:].argmax(-1)], dim=1)
        out.append(int(ids[0, -1]))
    return out


def test_decodes_what_the_model_says_by_itself(
    causal_folder: Path, make_trial: MakeTrial, queries: list[Query], stamp: Recorder
) -> None:
    """The folder's generation config samples with a penalty: greedy must win over it."""
    tokenizer = AutoTokenizer.from_pretrained(causal_folder)
    answers = _loaded(make_trial(causal_folder)).generate(0, queries, stamp)
    for query, answer in zip(queries, answers, strict=True):
        ids = _ids(causal_folder, query.prompt, 12)
        assert 2 not in ids  # none of these rows ends early
        assert answer.text == tokenizer.decode(ids, skip_special_tokens=True)


def test_rows_that_end_early_count_their_own_tokens(
    tmp_path: Path, make_trial: MakeTrial, queries: list[Query], stamp: Recorder
) -> None:
    folder = write_causal(tmp_path / "m")
    plain = {query.id: _ids(folder, query.prompt, 12) for query in queries}
    # What the first row says fourth becomes an end token: rows now end at different steps.
    end = plain["q0"][3]
    _edit(folder / "generation_config.json", eos_token_id=[2, end])
    backend = _loaded(make_trial(folder))
    answers = backend.generate(0, queries, stamp)
    counts = set()
    for query, answer in zip(queries, answers, strict=True):
        ids = plain[query.id]
        expected = ids.index(end) + 1 if end in ids else len(ids)
        assert answer.output_tokens == expected
        assert answer.stop_reason == ("eos" if end in ids else "length")
        assert len(answer.token_times_ns) == expected
        counts.add(expected)
    assert len(counts) > 1
    (decode,) = stamp.named("decode")
    assert decode.tokens == sum(a.output_tokens - 1 for a in answers)
    alone = [backend.generate(0, [query], Recorder())[0] for query in queries]
    assert [(a.text, a.output_tokens) for a in alone] == [
        (a.text, a.output_tokens) for a in answers
    ]


@pytest.mark.parametrize(
    ("precision", "dtype", "size"),
    [("fp32", "float32", 4), ("bf16", "bfloat16", 2), ("fp16", "float16", 2)],
)
def test_weights_are_cast_once(
    causal_folder: Path,
    make_trial: MakeTrial,
    queries: list[Query],
    stamp: Recorder,
    precision: str,
    dtype: str,
    size: int,
) -> None:
    backend = _loaded(make_trial(causal_folder, precision=precision))
    facts = backend.facts
    assert facts["dtype"] == dtype
    assert facts["weight_bytes"] == pytest.approx(facts["parameters"] * size, rel=0.01)
    assert len(backend.generate(0, queries, stamp)) == len(queries)


def test_a_prompt_that_leaves_no_room_is_refused(
    causal_folder: Path, make_trial: MakeTrial, stamp: Recorder
) -> None:
    backend = _loaded(make_trial(causal_folder))
    # One token is the start token; 12 are to come.
    fits = Query("fits", "", "1" * (WINDOW - 13))
    assert backend.generate(0, [fits], stamp)[0].input_tokens == WINDOW - 12
    with pytest.raises(ModelError, match=rf"'long' has {WINDOW - 11} tokens.*12 new.*{WINDOW}"):
        backend.generate(0, [fits, Query("long", "", "1" * (WINDOW - 12))], stamp)


def test_a_text_too_long_to_classify_is_refused(
    classifier_folder: Path, make_trial: MakeTrial, stamp: Recorder
) -> None:
    backend = _loaded(make_trial(classifier_folder))
    longest = WINDOW - 1
    assert backend.classify(0, [Query("a", "", "1" * longest)], stamp)[0].input_tokens == WINDOW
    with pytest.raises(ModelError, match=f"{WINDOW + 1} tokens.*{WINDOW}"):
        backend.classify(0, [Query("a", "", "1" * (longest + 1))], stamp)


def test_an_empty_prompt_is_the_start_token_or_refused(
    tmp_path: Path, make_trial: MakeTrial, stamp: Recorder
) -> None:
    folder = write_causal(tmp_path / "m")
    file = folder / "tokenizer.json"
    content = json.loads(file.read_text(encoding="utf-8"))
    content["post_processor"] = None
    file.write_text(json.dumps(content), encoding="utf-8")
    empty = [Query("e", "", ""), Query("f", "", "12")]
    answers = _loaded(make_trial(folder)).generate(0, empty, stamp)
    assert [a.input_tokens for a in answers] == [1, 2]
    _edit(folder / "tokenizer_config.json", bos_token=None)
    with pytest.raises(InputError, match="'e' has no tokens"):
        _loaded(make_trial(folder)).generate(0, empty, stamp)


def test_a_classifier_that_reads_its_last_token(
    tmp_path: Path, causal_folder: Path, make_trial: MakeTrial, queries: list[Query]
) -> None:
    """It finds the last token by the padding's id, which its config leaves open."""
    folder = tmp_path / "m"
    shutil.copytree(causal_folder, folder)
    config = LlamaConfig.from_pretrained(causal_folder)
    config.pad_token_id = None
    config.num_labels = 3
    torch.manual_seed(1)
    LlamaForSequenceClassification(config).save_pretrained(folder)
    backend = _loaded(make_trial(folder))
    together = backend.classify(0, queries, Recorder())
    alone = [backend.classify(0, [query], Recorder())[0] for query in queries]
    assert [a.text for a in together] == [a.text for a in alone]
    for one, many in zip(alone, together, strict=True):
        assert one.confidence == pytest.approx(many.confidence, abs=1e-5)
    assert len({round(a.confidence or 0, 4) for a in together}) > 1


def test_close_gives_the_library_its_voice_back(causal_folder: Path, make_trial: MakeTrial) -> None:
    before = (logging.get_verbosity(), logging.is_progress_bar_enabled())
    backend = _loaded(make_trial(causal_folder))
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == (40, False)
    backend.close()
    assert (logging.get_verbosity(), logging.is_progress_bar_enabled()) == before


def test_nothing_is_printed(
    causal_folder: Path,
    make_trial: MakeTrial,
    queries: list[Query],
    stamp: Recorder,
    capfd: pytest.CaptureFixture[str],
) -> None:
    backend = _loaded(make_trial(causal_folder))
    backend.generate(0, queries, stamp)
    backend.close()
    assert capfd.readouterr() == ("", "")
    assert backend.vram_peak_bytes() is None


def test_a_head_that_was_never_trained_is_refused(tmp_path: Path, make_trial: MakeTrial) -> None:
    folder = write_classifier(tmp_path / "m")
    weights = load_file(folder / "model.safetensors")
    kept = {name: t for name, t in weights.items() if not name.startswith("classifier.")}
    assert len(kept) < len(weights)
    save_file(kept, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ModelError, match=r"no weights for 4 tensors.*classifier\.dense"):
        _loaded(make_trial(folder))


def test_weights_of_another_shape_are_refused(tmp_path: Path, make_trial: MakeTrial) -> None:
    folder = write_causal(tmp_path / "m")
    _edit(folder / "config.json", intermediate_size=48)
    with pytest.raises(ModelError, match=r"another shape .*mlp"):
        _loaded(make_trial(folder))


def test_an_architecture_that_transformers_does_not_know(
    tmp_path: Path, make_trial: MakeTrial
) -> None:
    folder = write_causal(tmp_path / "m")
    _edit(folder / "config.json", model_type="martian", architectures=["MartianForCausalLM"])
    with pytest.raises(ModelError, match=r"cannot be loaded.*martian"):
        _loaded(make_trial(folder))


def test_a_broken_tokenizer_is_a_model_error(tmp_path: Path, make_trial: MakeTrial) -> None:
    folder = write_causal(tmp_path / "m")
    (folder / "tokenizer.json").write_text("{", encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        _loaded(make_trial(folder))


def test_pickle_loads_only_when_asked_for(
    tmp_path: Path, causal_folder: Path, make_trial: MakeTrial, queries: list[Query]
) -> None:
    folder = tmp_path / "m"
    shutil.copytree(causal_folder, folder)
    weights = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    torch.save(weights, folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="pickle"):
        _loaded(make_trial(folder))
    pickled = _loaded(make_trial(folder, allow_pickle=True)).generate(0, queries, Recorder())
    plain = _loaded(make_trial(causal_folder)).generate(0, queries, Recorder())
    assert [a.text for a in pickled] == [a.text for a in plain]


def test_what_cannot_be_asked_for(causal_folder: Path, make_trial: MakeTrial) -> None:
    with pytest.raises(InputError, match="Did you mean 'attention'"):
        _loaded(make_trial(causal_folder, options={"atention": "eager"}))
    with pytest.raises(InputError, match="fp61"):
        _loaded(make_trial(causal_folder, precision="fp61"))
    with pytest.raises(InputError, match="tpu9"):
        _loaded(make_trial(causal_folder, device="tpu9"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_cuda_where_there_is_none(causal_folder: Path, make_trial: MakeTrial) -> None:
    with pytest.raises(InputError, match="no CUDA device"):
        _loaded(make_trial(causal_folder, device="cuda"))


def test_the_attention_implementation_can_be_chosen(
    causal_folder: Path, make_trial: MakeTrial, queries: list[Query], stamp: Recorder
) -> None:
    eager = _loaded(make_trial(causal_folder, options={"attention": "eager"}))
    assert eager.facts["attention"] == "eager"
    assert len(eager.generate(0, queries, stamp)) == len(queries)


def test_loading_opens_no_connection(
    causal_folder: Path, make_trial: MakeTrial, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert _loaded(make_trial(causal_folder)).facts["parameters"] > 0


_HUNGRY = """
import resource, sys
import wattmark.backends.transformers as adapter
from wattmark.errors import OutOfMemoryError
from wattmark.runner.zygote import preload
from wattmark.schema import Trial

preload(['wattmark.backends.transformers'])  # as a worker finds it: imports need memory too
used = int(open('/proc/self/statm').read().split()[5]) * resource.getpagesize()
limit = used + 32 * 1024**2
resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
trial = Trial(model=sys.argv[1], backend='transformers', precision='fp32', device='cpu',
              batch_size=1, task='t', task_version='1', max_new_tokens=4)
try:
    adapter.TransformersBackend().load(trial)
except OutOfMemoryError as reason:
    print('OOM:', reason)
"""


def test_a_model_that_does_not_fit_says_so(tmp_path: Path) -> None:
    """80 MiB of bf16 weights, to be cast to 160 MiB, with 32 MiB left."""
    folder = write_causal(tmp_path / "m", vocab_size=40_000, hidden_size=512, dtype="bfloat16")
    done = subprocess.run(
        [sys.executable, "-c", _HUNGRY, str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.stdout.startswith("OOM: Out of memory on cpu while loading"), done.stderr[-2000:]
    assert "MiB" in done.stdout


def test_a_true_refusal_of_the_allocator_is_out_of_memory() -> None:
    with (
        pytest.raises(OutOfMemoryError, match=r"working, asking for .* GiB more \(the weights"),
        memory_errors("working", torch.device("cpu"), 1024**3),
    ):
        torch.empty(2**46, dtype=torch.uint8)
    with (
        pytest.raises(OutOfMemoryError),
        memory_errors("working", torch.device("cpu"), 0),
        load_errors("m"),
    ):
        bytearray(sys.maxsize - 1)


def test_other_errors_pass_unchanged() -> None:
    with (
        pytest.raises(RuntimeError, match="size of tensor"),
        memory_errors("working", torch.device("cpu"), 0),
    ):
        torch.ones(2) + torch.ones(3)


def test_limits_of_this_process_are_as_they_were() -> None:
    assert resource.getrlimit(resource.RLIMIT_DATA)[0] == resource.RLIM_INFINITY


@pytest.mark.parametrize("name", ["arithmetic", "sentiment"])
def test_embedded_models_answer_what_they_never_saw(
    make_trial: MakeTrial, stamp: Recorder, name: str
) -> None:
    task = find_task(name)
    asked = task.queries(48, seed=0)
    backend = _loaded(make_trial(f"embedded/{name}", max_new_tokens=24))
    answer = backend.classify if task.kind == "classifier" else backend.generate
    scores = [
        task.score(query, said) for query, said in zip(asked, answer(0, asked, stamp), strict=True)
    ]
    right = sum(bool(score.correct) for score in scores)
    assert right >= 36, [score.why for score in scores]
