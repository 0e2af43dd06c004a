"""Drawing tokens and telling confidence: what every engine that offers it must hold to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from recorder import Recorder

from wattmark import registry
from wattmark.backends import Backend, BackendSpec
from wattmark.backends.find import create, find_backend, missing
from wattmark.schema import Asking, Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]

Opened = Callable[[Asking | None, int], Backend]
SILENT = ("onnxruntime",)
"""Engines that do not tell how likely tokens were of models as this one: genai does not."""


@pytest.fixture(scope="module", params=sorted(registry.table("backends")))
def spec(request: pytest.FixtureRequest) -> BackendSpec:
    found = find_backend(request.param)
    if missing(found) is not None:
        pytest.skip(f"not installed: {missing(found)}")
    if not found.draws:
        pytest.skip(f"{found.name} decodes greedily alone")
    return found


@pytest.fixture
def opened(
    spec: BackendSpec, causal_folder: Path, make_trial: Callable[..., Trial]
) -> Iterator[Opened]:
    held: list[Backend] = []

    def open_it(asking: Asking | None, seed: int = 0) -> Backend:
        backend = create(spec)
        backend.load(make_trial(causal_folder, backend=spec.name, asking=asking, seed=seed))
        held.append(backend)
        return backend

    yield open_it
    for backend in held:
        backend.close()


def said(answers: list[Generation]) -> list[tuple[str, int]]:
    return [(answer.text, answer.output_tokens) for answer in answers]


def test_a_batch_draws_the_same_again_and_another_seed_does_not(
    opened: Opened, queries: list[Query], stamp: Recorder
) -> None:
    asking = Asking(temperature=5.0)
    first = opened(asking, 1)
    once = said(first.generate(4, queries, stamp))
    assert said(first.generate(4, queries, stamp)) == once
    assert said(first.generate(5, queries, stamp)) != once
    assert said(opened(asking, 2).generate(4, queries, stamp)) != once


def test_among_the_likeliest_alone_drawing_is_greedy(
    opened: Opened, queries: list[Query], stamp: Recorder
) -> None:
    greedy = said(opened(None, 0).generate(0, queries, stamp))
    assert (
        said(opened(Asking(temperature=2.0, top_p=1e-6), 3).generate(0, queries, stamp)) == greedy
    )


def test_confidence_is_told_where_it_was_asked_for_and_changes_no_answer(
    spec: BackendSpec,
    opened: Opened,
    queries: list[Query],
    stamp: Recorder,
    causal_folder: Path,
    make_trial: Callable[..., Trial],
) -> None:
    plain = opened(None, 0).generate(0, queries, stamp)
    assert {answer.confidence for answer in plain} == {None}
    told = opened(Asking(confidence=True), 0).generate(0, queries, stamp)
    assert said(told) == said(plain)
    if spec.name in SILENT:
        assert {answer.confidence for answer in told} == {None}
        return
    reference = create(find_backend("transformers"))
    reference.load(make_trial(causal_folder, asking=Asking(confidence=True)))
    expected = [answer.confidence for answer in reference.generate(0, queries, stamp)]
    reference.close()
    for answer, sure in zip(told, expected, strict=True):
        assert answer.confidence is not None
        assert sure is not None
        assert 0 < answer.confidence <= 1
        # llama.cpp's attention rounds otherwise; its logits are within a few hundredths.
        assert answer.confidence == pytest.approx(
            sure, rel=0.02 if spec.name == "llamacpp" else 1e-3
        )
