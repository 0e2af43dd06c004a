from __future__ import annotations

import importlib.util
from typing import Any

import pytest

from wattmark.backends import transformers_limits as limits
from wattmark.backends.find import backends
from wattmark.backends.precisions import ALIASES, true_name
from wattmark.errors import InputError
from wattmark.runner.plan import expand
from wattmark.runner.suite import read_suite


@pytest.mark.parametrize(
    ("asked", "offered", "name"),
    [
        ("fp32", ("fp32",), "fp32"),
        ("int8", limits.CPU_PRECISIONS, "int8-dynamic"),
        ("int8", limits.CUDA_PRECISIONS, "int8-wo"),
        ("8bit", limits.CUDA_PRECISIONS, "int8-bnb"),
        ("8bit", ("fp32", "q8_0"), "q8_0"),
        ("quantization", limits.CUDA_PRECISIONS, "nf4-bnb"),
        ("4bit", ("fp32", "int4-wo"), "int4-wo"),
        ("int4", ("fp32",), "int4-wo"),
        ("fp61", ("fp32",), "fp61"),
    ],
)
def test_older_names_become_true_ones(asked: str, offered: tuple[str, ...], name: str) -> None:
    found, note = true_name(asked, offered)
    assert found == name
    assert (note is None) == (asked == name)
    if note:
        assert asked in note
        assert name in note


def test_an_alias_is_never_a_true_name() -> None:
    offered = {p for spec in backends() for names in spec.precisions.values() for p in names}
    assert not offered & set(ALIASES)


def test_the_plan_notes_what_it_renamed() -> None:
    plan = expand(
        read_suite(
            None,
            {"models": "embedded/arithmetic", "precisions": "int8,int8-dynamic", "device": "cpu"},
        )
    )
    assert {trial.precision for trial in plan.trials} == {"int8-dynamic"}
    assert len(plan.trials) == 1
    assert [note for note in plan.notes if "'int8' is run as int8-dynamic" in note]


def test_options_that_do_not_fit_leave_a_precision_out() -> None:
    flags: dict[str, Any] = {
        "models": "embedded/arithmetic",
        "device": "cpu",
        "precisions": "fp32,nf4-bnb",
        "options": {"compute": "fp16"},
    }
    plan = expand(read_suite(None, flags))
    assert {trial.precision for trial in plan.trials} == {"fp32"}
    assert any("bf16 on a CPU" in item.why for item in plan.left_out)
    with pytest.raises(InputError, match="Did you mean 'static'"):
        expand(read_suite(None, flags | {"options": {"cache": "statik"}}))


@pytest.mark.parametrize(
    ("config", "precision", "said"),
    [
        ({"hidden_size": 128}, "nf4-bnb", None),
        ({"hidden_size": 96}, "int4-wo", None),
        ({"hidden_size": 96}, "nf4-bnb", "no multiple of 64"),
        ({"n_embd": 40}, "int4-wo", "no multiple of 32"),
        ({"n_embd": 40}, "int8-wo", None),
        ({"text_config": {"hidden_size": 72}}, "int4-wo", "width of 72"),
        ({"hidden_size": 64, "num_local_experts": 8}, "int8-wo", "its 8 experts"),
        ({"hidden_size": 64, "num_local_experts": 8}, "bf16", None),
    ],
)
def test_models_that_cannot_be_packed(
    config: dict[str, Any], precision: str, said: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "find_spec", lambda name: object())
    why = limits.refuses(config, precision, "cpu")
    assert (why is None) if said is None else (why is not None and said in why)


def test_what_is_not_installed_is_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "find_spec", lambda name: None)
    assert "wattmark[bitsandbytes]" in (limits.refuses({}, "nf4-bnb", "cuda") or "")
    assert limits.refuses({}, "int4-wo", "cuda") is None
    assert importlib.util.find_spec("wattmark") is not None
