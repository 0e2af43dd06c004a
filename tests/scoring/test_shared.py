"""Work that several processes share: in order, and all of it where one of them is killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest

from wattmark.errors import InputError
from wattmark.scoring import predictions
from wattmark.scoring.predictions import score_file
from wattmark.scoring.shared import BATCH, shared

MANY = 5 * BATCH + 7


def doubled(rows: Sequence[int]) -> list[int]:
    return [2 * row for row in rows]


def doubled_until_killed(rows: Sequence[int]) -> list[int]:
    """In a process of its own it dies at the third batch, as one that is killed for its memory."""
    if rows[0] == 2 * BATCH and multiprocessing.parent_process() is not None:
        os.kill(os.getpid(), signal.SIGKILL)
    return doubled(rows)


@pytest.mark.parametrize("work", [doubled, doubled_until_killed])
@pytest.mark.parametrize("many", [0, 1, BATCH, MANY])
def test_every_row_has_its_result_in_order(work: object, many: int) -> None:
    assert callable(work)
    found = list(shared(iter(range(many)), work, 2))
    assert found == [(row, 2 * row) for row in range(many)]


def _answers(path: Path, many: int, last: str = "") -> Path:
    rows = ({"expected": str(n % 7), "response": f"It is {n % 5}."} for n in range(many))
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    path.write_text(lines + last, encoding="utf-8")
    return path


def test_a_file_is_scored_alike_by_one_process_and_by_two(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "ALONE", 10)
    file = _answers(tmp_path / "p.jsonl", MANY)
    alone, both = (list(score_file(file, "numeric", processes=many)) for many in (1, 2))
    assert alone == both
    assert [row.line for row, _ in both] == list(range(1, MANY + 1))


def test_a_malformed_line_ends_it_behind_the_rows_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(predictions, "ALONE", 10)
    file = _answers(tmp_path / "p.jsonl", MANY, "{")
    with pytest.raises(InputError, match=f"line {MANY + 1} is not valid JSON"):
        list(score_file(file, "numeric", processes=2))
    assert not multiprocessing.active_children()
