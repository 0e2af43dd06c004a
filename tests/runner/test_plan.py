"""The plan: what is run, in which order, what is left out and why."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest

from wattmark.errors import InputError
from wattmark.runner.duration import converting, estimated_seconds
from wattmark.runner.plan import Plan, expand
from wattmark.runner.suite import read_suite
from wattmark.schema import Trial


def plan(**flags: Any) -> Plan:
    return expand(read_suite(None, {"models": "fake", "backends": "fake", **flags}))


def test_every_trial_stands_once_in_each_block() -> None:
    made = plan(batch_sizes="1,2,4", precisions="fp32,bf16", replicates=7)
    assert len(made.trials) == 6
    assert [slot.order for slot in made.slots] == list(range(42))
    for block in range(7):
        keys = [slot.trial.key for slot in made.slots if slot.block == block]
        assert sorted(keys) == sorted(trial.key for trial in made.trials)
    places = Counter(slot.trial.key for slot in made.slots)
    assert set(places.values()) == {7}


def test_the_order_is_shuffled_and_comes_from_the_seed() -> None:
    orders = [
        [slot.trial.batch_size for slot in plan(batch_sizes="1,2,3,4,5,6", seed=seed).slots]
        for seed in (1, 1, 2)
    ]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2]
    blocks = [tuple(orders[0][start : start + 6]) for start in range(0, 30, 6)]
    assert len(set(blocks)) > 1, "each block has an order of its own"


def test_a_model_goes_to_the_engine_that_knows_it() -> None:
    made = plan(models="fake,embedded/arithmetic,embedded/sentiment", backends="fake,transformers")
    pairs = {(trial.model, trial.backend, trial.task) for trial in made.trials}
    assert pairs == {
        ("fake", "fake", "arithmetic"),
        ("embedded/arithmetic", "transformers", "arithmetic"),
        ("embedded/sentiment", "transformers", "sentiment"),
    }
    assert {item.what for item in made.left_out} == {
        "embedded/arithmetic on fake",
        "embedded/sentiment on fake",
        "fake on transformers",
    }


def test_tasks_that_a_model_cannot_do_are_left_out_with_the_reason() -> None:
    made = plan(models="embedded/sentiment", backends="transformers", tasks="arithmetic,sentiment")
    assert [trial.task for trial in made.trials] == ["sentiment"]
    assert "classifier" in made.left_out[0].why


def test_a_plan_with_nothing_in_it_says_every_reason() -> None:
    with pytest.raises(InputError, match=r"Nothing of this suite can be run.*TF32") as refusal:
        plan(models="fake,embedded/arithmetic", backends="fake,transformers", precisions="tf32")
    assert "fake tf32 cpu: fake on cpu offers fp32, bf16, fp16" in str(refusal.value)


def test_the_same_thing_twice_is_one_trial() -> None:
    assert len(plan(models="fake,fake", batch_sizes="1,1", precisions="fp32,fp32").trials) == 1


def test_the_estimate_grows_with_the_work() -> None:
    small = estimated_seconds(plan(limit=8, replicates=1))
    assert 0 < small < estimated_seconds(plan(limit=256, replicates=5))


def test_what_ends_an_answer_is_in_the_key_where_it_can_end_one() -> None:
    def only(**flags: Any) -> Trial:
        (trial,) = plan(limit=2, **flags).trials
        return trial

    ended = only(tasks="squad")
    assert ended.stops == ("\nQuestion:", "\nPassage:")
    assert replace(ended, stops=()).key != ended.key
    labelled = {"models": "embedded/sentiment", "backends": "transformers"}
    fixed = {"models": "gpt2", "backends": "transformers", "weights": "random"}
    for flags in (
        {"tasks": "prompts"},
        {"tasks": "arithmetic"},
        {"tasks": "sentiment"},
        {"tasks": "sst2", **labelled},
        {"tasks": "squad", **fixed},
    ):
        assert only(**flags).stops == ()


def test_what_an_engine_converts_is_said_beside_the_time_that_is_foreseen() -> None:
    assert converting(plan()) == []
    both = plan(models="embedded/arithmetic", backends="transformers,onnxruntime,openvino")
    engines = {trial.backend for trial in both.trials}
    assert set(converting(both)) == engines - {"transformers"}
