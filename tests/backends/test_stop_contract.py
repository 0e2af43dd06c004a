"""Ending an answer at a stop string: what every engine that offers it must hold to."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from recorder import Recorder

from wattmark import registry
from wattmark.backends import Backend, BackendSpec
from wattmark.backends.find import create, find_backend, missing
from wattmark.schema import Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]

NEVER = "no model says this"


class Opened:
    """Answers of one engine to the same queries, with stop strings of one's choice."""

    def __init__(self, spec: BackendSpec, model: str, make_trial: Callable[..., Trial]) -> None:
        self._spec, self._model, self._make_trial = spec, model, make_trial
        self._held: dict[tuple[tuple[str, ...], int], Backend] = {}

    def __call__(self, stops: Sequence[str] = (), max_new_tokens: int = 12) -> Backend:
        asked = (tuple(stops), max_new_tokens)
        if asked not in self._held:
            self._held[asked] = create(self._spec)
            self._held[asked].load(
                self._make_trial(
                    self._model,
                    backend=self._spec.name,
                    stops=asked[0],
                    max_new_tokens=max_new_tokens,
                    batch_size=5,
                )
            )
        return self._held[asked]

    def close(self) -> None:
        for backend in self._held.values():
            backend.close()


@pytest.fixture(scope="module", params=sorted(registry.table("backends")))
def spec(request: pytest.FixtureRequest) -> BackendSpec:
    found = find_backend(request.param)
    if missing(found) is not None:
        pytest.skip(f"not installed: {missing(found)}")
    if not found.stops:
        pytest.skip(f"{found.name} does not stop at a text: the runner cuts its answers")
    return found


@pytest.fixture(scope="module")
def opened(
    spec: BackendSpec, causal_folder: Path, make_trial: Callable[..., Trial]
) -> Iterator[Opened]:
    own = spec.models is not None and spec.models(spec.name)
    opening = Opened(spec, spec.name if own else str(causal_folder), make_trial)
    yield opening
    opening.close()


@pytest.fixture(scope="module")
def plain(opened: Opened, queries: list[Query]) -> list[Generation]:
    """Answers without a stop string."""
    return opened().generate(0, queries, Recorder())


@pytest.fixture(scope="module")
def stop(plain: list[Generation]) -> str:
    """Two characters that stand inside of some answers, and not in all of them."""
    pairs = ["".join(pair) for a in plain for pair in itertools.pairwise(a.text[1:])]
    held = {pair: sum(pair in a.text for a in plain) for pair in pairs}
    return min(held, key=lambda pair: (held[pair] == len(plain), -held[pair], pair))


def test_an_answer_ends_at_its_stop_string_and_is_the_same_up_to_it(
    opened: Opened, plain: list[Generation], stop: str, queries: list[Query], stamp: Recorder
) -> None:
    answers = opened([stop, NEVER]).generate(0, queries, stamp)
    assert "stop" in {a.stop_reason for a in answers}
    for answer, whole in zip(answers, plain, strict=True):
        if stop not in whole.text:
            assert said(answer) == said(whole)
            continue
        assert answer.stop_reason == "stop"
        assert answer.text == whole.text.partition(stop)[0]
        assert 1 < answer.output_tokens <= whole.output_tokens
        assert answer.input_tokens == whole.input_tokens
    for answer in answers:
        assert len(answer.token_times_ns) == answer.output_tokens
    (decode,) = stamp.named("decode")
    assert decode.tokens == sum(a.output_tokens - 1 for a in answers)


def test_it_stops_with_the_token_that_completes_it(
    opened: Opened, stop: str, queries: list[Query], stamp: Recorder
) -> None:
    """With one token less, the stop string is not whole: nothing was generated behind it."""
    answers = opened([stop]).generate(0, queries, stamp)
    place, answer = next((i, a) for i, a in enumerate(answers) if a.stop_reason == "stop")
    shorter = opened((), answer.output_tokens - 1).generate(0, [queries[place]], stamp)
    assert stop not in shorter[0].text
    assert shorter[0].stop_reason == "length"


def test_a_row_of_a_batch_stops_where_the_query_alone_does(
    opened: Opened, stop: str, queries: list[Query], stamp: Recorder
) -> None:
    backend = opened([stop])
    together = backend.generate(0, queries, stamp)
    alone = [backend.generate(0, [query], stamp)[0] for query in queries]
    assert [said(a) for a in alone] == [said(a) for a in together]
    assert [said(a) for a in backend.generate(1, queries, stamp)] == [said(a) for a in together]


def test_what_no_answer_holds_changes_nothing(
    opened: Opened, plain: list[Generation], queries: list[Query], stamp: Recorder
) -> None:
    answers = opened([NEVER]).generate(0, queries, stamp)
    assert [said(a) for a in answers] == [said(a) for a in plain]


def test_a_batch_ends_when_all_of_its_rows_have(
    opened: Opened, plain: list[Generation], queries: list[Query], stamp: Recorder
) -> None:
    """Any character ends an answer: each row stops at its first, and nothing goes on."""
    every = sorted({character for a in plain for character in a.text})
    answers = opened(every).generate(0, queries, stamp)
    assert {a.stop_reason for a in answers if a.output_tokens > 1 or not a.text} <= {"stop", "eos"}
    assert {a.text for a in answers} == {""}
    assert max(a.output_tokens for a in answers) < max(a.output_tokens for a in plain)
    # No step was taken behind the one in which the last row stopped.
    steps = [span.end_ns for span in (*stamp.named("prefill"), *stamp.named("decode"))]
    assert max(steps) == max(a.token_times_ns[-1] for a in answers)


def said(answer: Generation) -> tuple[str, int, int, str]:
    return answer.text, answer.input_tokens, answer.output_tokens, answer.stop_reason
