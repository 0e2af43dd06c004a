"""What every engine must hold to. A newly registered one is tested here without a new line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest
from recorder import Recorder

from wattmark import registry
from wattmark.backends import Backend, BackendSpec, Converts
from wattmark.backends.find import create, find_backend, missing
from wattmark.errors import WattmarkError
from wattmark.models.cache import EXPORTS, cache_folder
from wattmark.schema import Generation, Query, Trial

pytest_plugins = ["backend_fixtures"]

MakeTrial = Callable[..., Trial]
ROW_BY_ROW = ("llamacpp",)
"""Engines that hand over each row's token on its own: rows have times of their own, and the prefill
ends with the last row's first token. All others end it for all rows at once."""


@pytest.fixture(scope="module", params=sorted(registry.table("backends")))
def spec(request: pytest.FixtureRequest) -> BackendSpec:
    found = find_backend(request.param)
    command = missing(found)
    if command is not None:
        pytest.skip(f"not installed: {command}")
    return found


def _brings_its_own(spec: BackendSpec) -> bool:
    """Such an engine has a model that is called as itself; no other is made for it."""
    return spec.models is not None and spec.models(spec.name)


@pytest.fixture(scope="module")
def model(spec: BackendSpec, request: pytest.FixtureRequest) -> str:
    """A causal model."""
    return spec.name if _brings_its_own(spec) else str(request.getfixturevalue("causal_folder"))


@pytest.fixture(scope="module")
def causal(spec: BackendSpec, model: str, make_trial: MakeTrial) -> Iterator[Backend]:
    backend = create(spec)
    backend.load(make_trial(model, backend=spec.name))
    yield backend
    backend.close()


@pytest.fixture(scope="module")
def classifier(
    spec: BackendSpec, request: pytest.FixtureRequest, make_trial: MakeTrial
) -> Iterator[Backend]:
    if "classifier" not in spec.kinds:
        pytest.skip(f"{spec.name} runs {', '.join(spec.kinds)} models alone")
    own = _brings_its_own(spec)
    name = spec.name if own else str(request.getfixturevalue("classifier_folder"))
    backend = create(spec)
    backend.load(make_trial(name, backend=spec.name, task="sentiment"))
    yield backend
    backend.close()


def test_answers_come_in_order_one_a_query(
    causal: Backend, queries: list[Query], stamp: Recorder
) -> None:
    answers = causal.generate(3, queries, stamp)
    assert [a.query_id for a in answers] == [q.id for q in queries]
    assert {a.batch for a in answers} == {3}
    assert {span.batch for span in stamp.spans} == {3}


def test_counts_agree_with_the_times_of_tokens(
    causal: Backend, queries: list[Query], stamp: Recorder
) -> None:
    answers = causal.generate(0, queries, stamp)
    for answer in answers:
        assert 1 <= answer.output_tokens <= 12
        assert len(answer.token_times_ns) == answer.output_tokens
        assert answer.input_tokens >= 1
        assert answer.stop_reason in {"eos", "length"}
        if answer.stop_reason == "length":
            assert answer.output_tokens == 12
    (prefill,) = stamp.named("prefill")
    assert prefill.tokens == sum(a.input_tokens for a in answers)
    (decode,) = stamp.named("decode")
    assert decode.tokens == sum(a.output_tokens - 1 for a in answers)


def test_spans_are_ordered_and_inside_the_call(
    spec: BackendSpec, causal: Backend, queries: list[Query], stamp: Recorder
) -> None:
    before = stamp.now()
    answers = causal.generate(0, queries, stamp)
    after = stamp.now()
    assert all(before <= s.start_ns <= s.end_ns <= after for s in stamp.spans)
    (prefill,), (decode,) = stamp.named("prefill"), stamp.named("decode")
    assert prefill.start_ns < prefill.end_ns <= decode.start_ns < decode.end_ns
    assert stamp.named("host")
    for answer in answers:
        times = answer.token_times_ns
        assert list(times) == sorted(times)
        assert times[0] == prefill.end_ns or (spec.name in ROW_BY_ROW and times[0] < prefill.end_ns)
        assert times[-1] <= decode.end_ns
        assert before <= answer.start_ns <= prefill.start_ns
        assert decode.end_ns <= answer.end_ns <= after
    assert max(answer.token_times_ns[0] for answer in answers) == prefill.end_ns


def test_spans_do_not_overlap(causal: Backend, queries: list[Query], stamp: Recorder) -> None:
    causal.generate(0, queries, stamp)
    spans = sorted(stamp.spans, key=lambda s: s.start_ns)
    assert all(a.end_ns <= b.start_ns for a, b in pairwise(spans))


def test_greedy_answers_repeat(causal: Backend, queries: list[Query], stamp: Recorder) -> None:
    assert _said(causal.generate(0, queries, stamp)) == _said(causal.generate(1, queries, stamp))


def test_a_row_of_a_batch_equals_the_query_alone(
    causal: Backend, queries: list[Query], stamp: Recorder
) -> None:
    together = _said(causal.generate(0, queries, stamp))
    alone = [_said(causal.generate(0, [query], stamp))[0] for query in queries]
    assert together == alone


def test_one_new_token_has_no_decode_span(
    spec: BackendSpec,
    model: str,
    make_trial: MakeTrial,
    queries: list[Query],
    stamp: Recorder,
) -> None:
    backend = create(spec)
    backend.load(make_trial(model, backend=spec.name, max_new_tokens=1))
    answers = backend.generate(0, queries, stamp)
    backend.close()
    assert [a.output_tokens for a in answers] == [1] * len(queries)
    assert not stamp.named("decode")
    assert stamp.named("prefill")


def test_labels(classifier: Backend, queries: list[Query], stamp: Recorder) -> None:
    before = stamp.now()
    labels = classifier.classify(5, queries, stamp)
    after = stamp.now()
    assert [a.query_id for a in labels] == [q.id for q in queries]
    assert {a.stop_reason for a in labels} == {"label"}
    assert {a.output_tokens for a in labels} == {0}
    assert all(a.confidence is not None and 0 <= a.confidence <= 1 for a in labels)
    assert all(a.text for a in labels)
    (work,) = stamp.named("classify")
    assert work.tokens == sum(a.input_tokens for a in labels)
    assert before <= work.start_ns < work.end_ns <= after
    assert work.batch == 5


def test_a_label_in_a_batch_equals_the_label_alone(
    classifier: Backend, queries: list[Query], stamp: Recorder
) -> None:
    together = classifier.classify(0, queries, stamp)
    for query, row in zip(queries, together, strict=True):
        (alone,) = classifier.classify(0, [query], stamp)
        assert alone.text == row.text
        assert alone.input_tokens == row.input_tokens
        assert alone.confidence == pytest.approx(row.confidence, abs=1e-5)


def test_facts_are_plain_values(causal: Backend, make_trial: MakeTrial) -> None:
    assert {"parameters", "weight_bytes", "dtype", "versions", "max_positions"} <= set(causal.facts)
    assert _plain(dict(causal.facts))


def test_close_frees_and_may_be_called_again(
    spec: BackendSpec, model: str, make_trial: MakeTrial
) -> None:
    backend = create(spec)
    backend.close()
    backend.load(make_trial(model, backend=spec.name))
    backend.close()
    backend.close()
    assert not backend.facts


@pytest.mark.usefixtures("own_cache")
def test_an_engine_that_converts_does_it_once(
    spec: BackendSpec, request: pytest.FixtureRequest, make_trial: MakeTrial
) -> None:
    backend = create(spec)
    if not isinstance(backend, Converts):
        pytest.skip(f"{spec.name} loads a model as it is")
    trial = make_trial(request.getfixturevalue("model"), backend=spec.name)
    assert [backend.prepare(trial), backend.prepare(trial)] == [True, False]
    assert not backend.facts, "nothing is loaded"
    (made,) = cache_folder(EXPORTS).glob("*/made.json")
    before = made.read_text(encoding="utf-8")
    assert trial.model in before
    backend.load(trial)
    assert list(cache_folder(EXPORTS).glob("*/made.json")) == [made]
    assert made.read_text(encoding="utf-8") == before
    backend.close()


def test_a_model_that_is_not_there_is_refused(spec: BackendSpec, make_trial: MakeTrial) -> None:
    name = "fake:bogus=1" if spec.name == "fake" else "./no/such/model"
    with pytest.raises(WattmarkError):
        create(spec).load(make_trial(name, backend=spec.name))


def _said(answers: list[Generation]) -> list[tuple[str, int, int, str]]:
    return [(a.text, a.input_tokens, a.output_tokens, a.stop_reason) for a in answers]


def _plain(value: object) -> bool:
    if isinstance(value, dict):
        return all(isinstance(k, str) and _plain(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return all(_plain(v) for v in value)
    return value is None or type(value) in (str, int, float, bool)
