"""torch.compile and static caches on a CPU: the same answers, shapes that stay, and what is told.

What a GPU adds, CUDA graphs over the cache's addresses, is prepared here and not run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from folders import write_causal
from recorder import Recorder
from transformers import AutoConfig
from transformers.cache_utils import STATIC_LAYER_TYPE_MAPPING
from transformers.generation.utils import DeferredStopCheck

from wattmark.backends.transformers import TransformersBackend
from wattmark.backends.transformers_compiled import KEPT, STEP, StaticCaches
from wattmark.errors import ModelError
from wattmark.schema import Query, Trial

pytest_plugins = ["backend_fixtures"]
MakeTrial = Callable[..., Trial]


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Nothing compiled before is found, and nothing is left behind."""
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    torch.compiler.reset()


def _loaded(trial: Trial) -> TransformersBackend:
    backend = TransformersBackend()
    backend.load(trial)
    return backend


@pytest.fixture(scope="module")
def config(causal_folder: Path) -> Any:
    return AutoConfig.from_pretrained(causal_folder)


def _filled(cache: Any, rows: int, tokens: int) -> list[int]:
    """Addresses of a cache's tensors, once its layers have been written to."""
    for layer in range(len(cache.layers)):
        keys = torch.ones(rows, 2, tokens, 16)
        cache.update(keys, keys, layer)
    return [layer.keys.data_ptr() for layer in cache.layers]


def test_a_cache_is_kept_empty_at_its_address(config: Any) -> None:
    caches = StaticCaches(config, 1000)
    first = caches.cleared(4, 50)
    addresses = _filled(first, 4, 3)
    assert first.layers[0].max_cache_len == STEP
    again = caches.cleared(4, STEP)
    assert again is first
    assert int(again.get_seq_length()) == 0
    assert not any(bool(layer.keys.any()) for layer in again.layers)
    assert _filled(again, 4, 3) == addresses
    longer = caches.cleared(4, STEP + 1)
    assert longer.layers[0].max_cache_len == 2 * STEP
    assert caches.cleared(4, 10) is longer, "what was compiled for is taken again"


def test_a_last_smaller_batch_has_a_cache_of_its_own(config: Any) -> None:
    caches = StaticCaches(config, 96)
    full, rest = caches.cleared(8, 50), caches.cleared(3, 50)
    assert (caches.cleared(8, 60), caches.cleared(3, 60)) == (full, rest)
    assert full.layers[0].max_cache_len == 96, "no longer than the window"
    for rows in (1, 2):
        caches.cleared(rows, 50)
    assert len(caches._caches) == KEPT
    assert caches.cleared(8, 50) is not full


def test_a_model_without_a_static_cache_is_refused(
    config: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one with layers of a kind that transformers has no such cache for."""
    monkeypatch.delitem(STATIC_LAYER_TYPE_MAPPING, "full_attention")
    with pytest.raises(ModelError, match=r"'llama' have no static cache.*compile out"):
        StaticCaches(config, None).cleared(1, 5)


@pytest.mark.parametrize("attention", ["sdpa", "eager"])
def test_rows_are_the_same_with_a_static_cache(
    causal_folder: Path, make_trial: MakeTrial, queries: list[Query], attention: str
) -> None:
    plain = _loaded(make_trial(causal_folder)).generate(0, queries, Recorder())
    options = {"attention": attention, "cache": "static"}
    backend = _loaded(make_trial(causal_folder, options=options))
    together = backend.generate(0, queries, Recorder())
    alone = [backend.generate(1, [query], Recorder())[0] for query in queries]
    again = backend.generate(2, queries, Recorder())
    assert backend.facts["attention"] == attention
    assert "compiled_at_ns" not in backend.facts
    backend.close()
    for answers in (together, alone, again):
        assert [a.text for a in answers] == [a.text for a in plain]


def test_compiled_steps_say_the_same_and_are_told(
    tmp_path: Path, make_trial: MakeTrial, queries: list[Query]
) -> None:
    """Of one layer, which the compiler is done with soon."""
    folder = write_causal(tmp_path / "m", num_hidden_layers=1)
    plain = _loaded(make_trial(folder)).generate(0, queries, Recorder())
    backend = _loaded(make_trial(folder, options={"compile": "reduce-overhead"}))
    assert (backend.facts["compile"], backend.facts["cache"]) == ("reduce-overhead", "static")
    assert backend.facts["compiled_at_ns"] == []
    together = backend.generate(0, queries, Recorder())
    programs = len(backend.facts["compiled_at_ns"])
    assert programs > 0
    for batch in range(3):  # prompts of other widths are no new shape of a step
        backend.generate(batch, queries[batch:] + queries[:batch], Recorder())
        backend.generate(batch, [queries[batch]] * len(queries), Recorder())
    assert len(backend.facts["compiled_at_ns"]) == programs
    assert backend.facts["compiled_at_ns"] == sorted(backend.facts["compiled_at_ns"])
    backend.close()
    assert [a.text for a in together] == [a.text for a in plain]


def test_stamps_wait_for_the_tokens_of_a_gpu() -> None:
    """transformers hands a streamer tokens one step late where it defers the end-of-text test."""
    gpu = torch.device("cuda")
    assert not DeferredStopCheck.is_supported(gpu, None, False, is_assistant=False)  # type: ignore[no-untyped-call,unused-ignore]  # transformers has no types
