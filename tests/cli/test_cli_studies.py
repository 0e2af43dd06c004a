"""The studies from the command line, and the flags by which others know them."""

from __future__ import annotations

from pathlib import Path

from command import wattmark


def test_a_study_is_asked_for_with_its_own_flags(tmp_path: Path) -> None:
    theirs = ("--strategy", "none", "--backend", "base_cpu", "--samples", "2", "--repeats", "3")
    words = ("smollm-squad", "--models", "embedded", *theirs, "--dry-run", "--no-timing", "--json")
    done = wattmark("run", *words, cwd=tmp_path)
    assert done.code == 0, done.err
    plan = done.json
    assert {trial["label"].rpartition(" · batch")[0] for trial in plan["trials"]} == {
        "embedded/facts · transformers fp32 cpu"
    }
    assert plan["replicates"] == 3
    notes = "\n".join(plan["notes"])
    assert "--backend base_cpu is --backend transformers --device cpu" in notes
    assert "on the models that ship: models embedded/facts" in notes
    assert "'none' is run as fp32" in notes


def test_two_names_of_one_thing_are_refused() -> None:
    done = wattmark("run", "smollm-squad", "--samples", "5", "--limit", "5", "--dry-run")
    assert done.code == 2
    assert "--samples and --limit are two names of one thing" in done.err
