"""SQuAD's exact match and F1 against figures of the official evaluation.

`data/squad_official.jsonl` has 2 400 seeded questions (articles, punctuation, Unicode, empty
answers, questions without a gold answer) and what `get_raw_scores` of
`transformers.data.metrics.squad_metrics`, the official script of version 2.0 in transformers
4.57.6, said of each. Later versions of transformers no longer ship it.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from wattmark.scoring.squad import squad_score

FIGURES = Path(__file__).parent / "data" / "squad_official.jsonl"


def rows() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FIGURES.read_text(encoding="utf-8").splitlines()]


def test_exact_match_and_f1_are_the_official_ones() -> None:
    other = []
    for row in rows():
        score = squad_score(row["golds"], row["answer"])
        assert score.value is not None
        if score.correct != bool(row["exact"]) or abs(score.value - row["f1"]) > 1e-12:
            other.append((row, score))
    assert other == []


def test_the_means_are_the_official_ones() -> None:
    scores = [squad_score(row["golds"], row["answer"]) for row in rows()]
    exact = sum(score.correct is True for score in scores)
    assert exact == sum(row["exact"] for row in rows())
    f1 = sum(score.value or 0.0 for score in scores)
    assert f1 == pytest.approx(sum(row["f1"] for row in rows()), rel=1e-12)


def test_the_figures_are_of_every_kind() -> None:
    kinds = rows()
    assert len(kinds) == 2400
    assert sum(not row["golds"] for row in kinds) > 100
    assert sum(not row["answer"] for row in kinds) > 50
    assert sum(0 < row["f1"] < 1 for row in kinds) > 300
    assert sum(row["exact"] for row in kinds) > 500
    assert sum(not (row["answer"].isascii()) for row in kinds) > 500
