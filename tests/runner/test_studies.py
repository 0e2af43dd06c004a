"""The studies that ship as suites: what they ask for, how they shrink, what their flags mean."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.errors import InputError, MistakesError
from wattmark.models.catalog import find_shape
from wattmark.runner.plan import Plan, expand
from wattmark.runner.reference_flags import limit_of, translated
from wattmark.runner.suite import outline, read_asked, read_suite, suite_names
from wattmark.runner.suite_tables import line_of, overlaid
from wattmark.runner.timing import Pace, Timing, expected, pace_at, pace_of, seconds
from wattmark.runner.wire import Result
from wattmark.schema import Generation, Memory, Span

STUDIES = ("slm-green", "smollm-squad", "local-llm", "precision-ela", "h200-energy")


def planned(study: str, **flags: Any) -> Plan:
    return expand(read_suite(study, {"device": "cpu", "force_memory": True, **flags}))


def test_the_studies_ask_for_what_was_published() -> None:
    assert set(STUDIES) <= set(suite_names())
    green = outline("slm-green")
    assert [name.rpartition("/")[2] for name in green.models] == [
        "gpt2",
        "phi-2",
        "DeepSeek-R1-Distill-Qwen-1.5B",
    ]
    assert (green.device, green.warmups, green.temperature) == ("cpu", 5, 0.0)
    assert green.modes == ("baseline", "rag")
    squad = outline("smollm-squad")
    assert (squad.models, squad.limit) == (("HuggingFaceTB/SmolLM-135M",), 50)
    assert squad.backends == ("transformers", "onnxruntime")
    local = outline("local-llm")
    assert (len(local.models), local.max_new_tokens, local.warmups) == (3, 200, 1)
    assert (local.temperature, local.top_p, local.limit) == (0.7, 0.9, 10)
    ela = outline("precision-ela")
    assert ela.precisions == ("fp32", "tf32", "fp16", "bf16")
    assert (ela.batch_sizes, ela.replicates, ela.warmups) == ((1, 8), 5, 30)


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_runs_on_the_models_that_ship(study: str) -> None:
    asked = read_asked(study, {"models": "embedded", "device": "cpu"})
    plan = expand(asked.suite)
    assert {model.origin for model in plan.models} == {"embedded"}
    assert asked.notes[-1].startswith("on the models that ship: models embedded/")
    small = read_suite(study, {"models": "embedded", "limit": 3, "replicates": 2, "warmups": 1})
    assert (small.limit, small.replicates, small.warmups) == (3, 2, 1)


@pytest.mark.parametrize("study", STUDIES)
def test_a_study_of_random_weights_needs_no_download(study: str) -> None:
    plan = planned(study, weights="random", limit=2)
    assert {model.origin for model in plan.models} == {"random"}
    assert all(find_shape(trial.model) is not None for trial in plan.trials)
    assert all(
        "data=squad" not in trial.task and "data=sst2" not in trial.task for trial in plan.trials
    )


def test_a_mode_that_a_cpu_lacks_is_left_out_with_the_reason() -> None:
    plan = planned("precision-ela", models="embedded")
    assert {trial.precision for trial in plan.trials} == {"fp32", "fp16", "bf16"}
    (item,) = (item for item in plan.left_out if "tf32" in item.what)
    assert "tensor cores" in item.why


def test_a_cpu_gets_its_own_four_bits_and_the_plan_says_so() -> None:
    asked = read_asked("local-llm", {"models": "embedded", "device": "cpu"})
    assert {trial.precision for trial in expand(asked.suite).trials} == {"int4-wo"}
    assert asked.notes[0] == "on a CPU: precisions int4-wo (not nf4-bnb)"
    asked_for = read_suite(
        "local-llm", {"models": "embedded", "device": "cpu", "precisions": "nf4-bnb"}
    )
    assert asked_for.precisions == ("nf4-bnb",)


def test_tables_stand_over_keys_in_order_and_flags_over_them() -> None:
    content = {
        "models": ["a"],
        "limit": 9,
        "seed": 1,
        "cpu": {"limit": 5, "seed": 2},
        "random": {"limit": 4},
        "embedded": {"limit": 3},
    }
    flags = {"device": "cpu", "weights": "random", "seed": 7}
    over = overlaid("f", content, flags, embedded=True)
    assert over.keys == {"models": ["a"], "limit": 3, "seed": 1}
    assert over.tables == ("cpu", "random", "embedded")
    assert over.notes == (
        "on a CPU: limit 5 (not 9)",
        "with random weights: limit 4 (not 5)",
        "on the models that ship: limit 3 (not 4)",
    )
    plain = overlaid("f", content, {"device": "cuda:999"}, embedded=False)
    assert plain.keys == {"models": ["a"], "limit": 9, "seed": 1}


def test_mistakes_in_tables_are_told_with_their_line(tmp_path: Path) -> None:
    file = tmp_path / "s.toml"
    file.write_text(
        'models = ["embedded/arithmetic"]\ntasks = ["arithmetic"]\nreplicates = 5\n'
        "[embedded]\nreplicates = 0\n[random]\nlimmit = 3\n",
        encoding="utf-8",
    )
    with pytest.raises(MistakesError) as caught:
        read_suite(str(file), {"models": "embedded"})
    said = "\n".join(caught.value.mistakes)
    assert "line 5: replicates is 0" in said
    assert "table [random]: Unknown key 'limmit'" in said
    assert "limit" in said
    text = file.read_text(encoding="utf-8")
    assert (line_of(text, "replicates"), line_of(text, "replicates", ["embedded"])) == (3, 5)


def test_a_suite_without_the_table_says_so() -> None:
    with pytest.raises(InputError, match=r"suite demo has no \[embedded\] table"):
        read_suite("demo", {"models": "embedded"})
    assert read_suite(None, {"models": "embedded"}).name == "embedded"


def test_a_model_can_stand_beside_those_of_a_study() -> None:
    suite = read_suite("slm-green", {"models": "+Qwen/Qwen3-0.6B", "weights": "random"})
    assert suite.models == (*outline("slm-green").models, "Qwen/Qwen3-0.6B")
    with pytest.raises(InputError, match="in the place of"):
        read_suite("slm-green", {"models": "+a/b,c/d"})
    with pytest.raises(InputError, match="adds to a suite"):
        read_suite(None, {"models": "+a/b"})


def test_flags_of_the_published_studies_are_ours() -> None:
    theirs = {
        "strategy": "quantization8bit",
        "model_name": "gpt2",
        "dataset_name": "squad",
        "dataset_split": "validation",
        "samples": 50,
    }
    found = translated(theirs, {"backends": "base_gpu", "limit": None})
    assert found.flags == {
        "precisions": "quantization8bit",
        "models": "gpt2",
        "backends": "transformers",
        "device": "cuda",
        "tasks": "squad:data=squad,split=validation",
        "limit": 50,
    }
    said = "\n".join(found.notes)
    assert "--backend base_gpu is --backend transformers --device cuda" in said
    assert "from the hub" in said
    ships = translated({"dataset": "sst2"}, {"weights": "random"})
    assert ships.flags["tasks"] == "sst2"
    assert "our own sample" in ships.notes[0]
    quiet = translated({}, {"backends": "onnxruntime", "limit": 3})
    assert (quiet.flags, quiet.notes) == ({"backends": "onnxruntime", "limit": 3}, [])


@pytest.mark.parametrize(
    ("theirs", "ours", "said"),
    [
        ({"samples": 5}, {"limit": 5}, "--samples and --limit"),
        ({"repeats": 5}, {"replicates": 2}, "--repeats and --replicates"),
        ({"strategy": "none"}, {"precisions": "bf16"}, "--strategy and --precision"),
        ({"strategy": "4bits"}, {}, "Unknown strategy"),
        ({"model_name": "a"}, {"models": "b"}, "--model_name and --model"),
        ({"dataset": "squad"}, {"tasks": "facts"}, "--dataset and --task"),
        ({"dataset": "sst2", "dataset_name": "sst2"}, {}, "one thing"),
        ({"dataset": "imdb"}, {}, "Unknown data set"),
        ({"dataset_split": "train"}, {}, "without --dataset_name"),
        ({"max_batches": 5}, {"limit": 5}, "--max-batches and --limit"),
        ({"max_batches": 0}, {}, "must be 1 or more"),
        ({}, {"backends": "base_gpu", "device": "cpu"}, "--device"),
        ({}, {"backends": "base_gpu,onnx_cpu"}, "on two devices"),
        ({}, {"backends": "base_cpu,openvino"}, "two kinds"),
    ],
)
def test_conflicts_and_unknown_values_are_errors(
    theirs: dict[str, Any], ours: dict[str, Any], said: str
) -> None:
    with pytest.raises(InputError) as caught:
        translated(theirs, ours)
    assert said in caught.value.message


def test_batches_become_a_limit_that_all_sizes_share() -> None:
    found = translated({"max_batches": 3, "seq_len": 128}, {})
    assert "changes nothing" in found.notes[0]
    limit, said = limit_of(found, (1, 8))
    assert limit == 24
    assert "smaller batches answer the same queries" in said
    assert limit_of(translated({}, {}), (1, "auto")) == (None, "")
    with pytest.raises(InputError, match="says no number"):
        limit_of(found, (1, "auto"))


@given(
    st.floats(0.001, 10),
    st.floats(0.001, 10),
    st.integers(1, 512),
)
def test_a_batch_between_takes_a_time_between(small: float, large: float, size: int) -> None:
    pace = pace_at((Pace(1, small, small / 2), Pace(512, large, large / 2)), size)
    least, most = sorted((small, large))
    assert least * (1 - 1e-9) <= pace.first_s <= most * (1 + 1e-9)
    assert pace.step_s == pytest.approx(pace.first_s / 2)


def test_a_pace_is_read_off_one_batch() -> None:
    spans = (Span("measured", 0, 10**9), Span("decode", 3 * 10**8, 10**9))
    answer = Generation("a", "", 0, input_tokens=3, output_tokens=8, start_ns=0, end_ns=10**9)
    result = Result(spans=spans, generations=(answer,), memory=Memory())
    pace = pace_of(result, 1, 1.0)
    assert pace.first_s == pytest.approx(0.3)
    assert pace.step_s == pytest.approx(0.1)


def test_lengths_that_are_known_make_a_narrow_range() -> None:
    timing = Timing("x", 1.0, 0.0, (Pace(1, 0.5, 0.1),))
    wide = planned("slm-green", models="embedded", limit=10)
    low, high = seconds(wide, wide.trials[0], timing)
    batches = 10 + wide.suite.warmups
    besides = 1.0 + 2 * wide.suite.idle_s
    assert low == pytest.approx(besides + batches * 0.5 / 1.25)
    assert high == pytest.approx(1.25 * (besides + batches * (0.5 + 0.1 * 15)))
    fixed = planned("slm-green", weights="random", models="gpt2", limit=10)
    low, high = seconds(fixed, fixed.trials[0], timing)
    assert high < 2 * low


def test_a_plan_is_timed_with_its_own_workers() -> None:
    plan = expand(read_suite(None, {"models": "fake", "backends": "fake", "limit": 4, "idle_s": 0}))
    told: list[str] = []
    found = expected(plan, told.append)
    assert told == ["fake · fake fp32 cpu"]
    (timing,) = found.timings
    assert timing.why is None
    assert 0 < found.low_s <= found.high_s
    hung = expand(read_suite(None, {"models": "fake:fail=crash", "backends": "fake", "limit": 4}))
    found = expected(hung)
    assert found.timings[0].load_s is None
    assert found.timings[0].why
    assert 0 < found.low_s < found.high_s
