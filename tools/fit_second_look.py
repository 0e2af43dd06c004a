"""Fit the weights of scoring/second_look.py to readings that people judged.

    python tools/fit_second_look.py                    prints the weights
    python tools/fit_second_look.py --write            writes them into the module
    python tools/fit_second_look.py --check            exit code 1 where the module has others
    python tools/fit_second_look.py --validate         what it takes of lists that it has not seen
    python tools/fit_second_look.py --add LIST.jsonl   keeps what a new list shows

tools/second_look.jsonl has a reading a line: a cleaned answer whose last number was taken, and
was not the expected one, which stands before it; and whether a person says that the answer is
right. They come from the blind lists, each read by the rules of its day: rules that were mended
for a list would show none of their faults on it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from scipy.optimize import minimize
from scipy.special import expit

from wattmark.scoring import numeric, second_look
from wattmark.scoring.amounts import joined
from wattmark.scoring.asked import NOTHING_ASKED, Asked
from wattmark.scoring.counted import with_counts
from wattmark.scoring.language import language_of
from wattmark.scoring.marks import Marks
from wattmark.scoring.numerals import Number, numbers
from wattmark.scoring.questions import asked_by
from wattmark.scoring.readings import Reading, is_weighed
from wattmark.scoring.second_look import evidence
from wattmark.scoring.thinking import final_answer

ROWS = Path(__file__).with_name("second_look.jsonl")
MODULE = Path(second_look.__file__)
_TABLE = re.compile(r"^WEIGHTS.*? = \{.*?^\}\n", re.MULTILINE | re.DOTALL)
_PENALTY = 1.0
"""Of the squared weights, halved; the intercept has none."""


def weights() -> dict[str, float]:
    """The table, each weight in tenths; '' is the intercept."""
    names, x, states, _ = _readings()
    return dict(zip(["", *names], (round(float(w), 1) + 0.0 for w in _fit(x, states)), strict=True))


def validated() -> str:
    """Each list's readings by weights that were fitted to the others'."""
    _, x, states, lists = _readings()
    taken = np.zeros(len(states), bool)
    for name in set(lists):
        own = np.array([one == name for one in lists])
        taken[own] = x[own] @ _fit(x[~own], states[~own]) > second_look.LEAST
    right, wrong = (taken & states).sum(), (taken & ~states).sum()
    return (
        f"{right} of {states.sum()} right answers are taken for right, and {wrong} of"
        f" {(~states).sum()} wrong ones, by weights fitted to the other lists"
    )


def _fit(x: np.ndarray, states: np.ndarray) -> np.ndarray:
    """Weights of a logistic regression; the first column of `x` is of ones."""
    sign = np.where(states, 1.0, -1.0)

    def loss(w: np.ndarray) -> tuple[float, np.ndarray]:
        margin = sign * (x @ w)
        held = np.concatenate([[0.0], w[1:]])
        slope = -x.T @ (sign * expit(-margin)) + _PENALTY * held
        return float(np.logaddexp(0, -margin).sum() + _PENALTY * held @ held / 2), slope

    found = minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B", tol=1e-10)
    return np.asarray(found.x)


def _readings() -> tuple[list[str], np.ndarray, np.ndarray, list[str]]:
    """Names of the pieces, who has which, whether each states the answer, and its list."""
    kept = [one for one in map(_kept, ROWS.read_text(encoding="utf-8").splitlines()) if one]
    names = list(kept[0][0])
    x = np.array([[1.0, *(float(pieces[name]) for name in names)] for pieces, _, _ in kept])
    return names, x, np.array([states for _, states, _ in kept]), [name for _, _, name in kept]


def _kept(line: str) -> tuple[Mapping[str, bool], bool, str] | None:
    """A reading's evidence; None where it is not weighed, or read otherwise by now."""
    row = json.loads(line)
    language = language_of(row["lang"])
    asked = asked_by(row["query"], language) if row["query"] else NOTHING_ASKED
    found = with_counts(row["text"], joined(row["text"], numbers(row["text"], language)), asked)
    places = {number.start: n for n, number in enumerate(found)}
    if row["read"] not in places or row["meant"] not in places:
        return None
    marks = Marks(
        aside={places[start] for start in row["aside"] if start in places},
        results={places[start] for start in row["results"] if start in places},
    )
    reading, meant = Reading(row["text"], found, marks, row["read"]), places[row["meant"]]
    if not is_weighed(reading, meant, asked):
        return None
    return evidence(reading, meant, row["times"], asked), row["states"], row["list"]


def table() -> str:
    """The weights as they stand in the module."""
    lines = (f'    "{name}": {weight},\n' for name, weight in weights().items())
    return f"WEIGHTS = {{\n{''.join(lines)}}}\n"


def add(path: Path) -> int:
    """Keep the readings of a judged list; how many there were."""
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        pair = json.loads(line)
        query, language = pair.get("query") or "", pair.get("lang")

        def seen(
            reading: Reading, asked: Asked, is_meant: Callable[[Number], bool], pair: Any = pair
        ) -> None:
            at = second_look.place_of(reading, is_meant)
            if at is not None:
                rows.append({"list": path.stem, **_row(reading, at, pair)})

        with patch.object(numeric, "stated_too", seen):
            numeric.numeric_score(pair["expected"], final_answer(pair["response"]), language, query)
    with ROWS.open("a", encoding="utf-8") as kept:
        kept.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    return len(rows)


def _row(reading: Reading, at: tuple[int, int], pair: Mapping[str, Any]) -> dict[str, Any]:
    meant, times = at
    found = reading.found
    return {
        "query": pair.get("query") or "",
        "lang": pair.get("lang"),
        "text": reading.text,
        "read": reading.place,
        "meant": found[meant].start,
        "times": times,
        "aside": sorted(found[n].start for n in reading.marks.aside),
        "results": sorted(found[n].start for n in reading.marks.results),
        "states": pair["correct"],
    }


def main(arguments: list[str]) -> int:
    """The command."""
    if arguments[:1] == ["--add"]:
        for name in arguments[1:]:
            print(f"{name}: {add(Path(name))} readings kept")
        return 0
    if arguments == ["--validate"]:
        print(validated())
        return 0
    text = MODULE.read_text(encoding="utf-8")
    fitted = table()
    if arguments == ["--write"]:
        MODULE.write_text(_TABLE.sub(fitted, text, count=1), encoding="utf-8")
    elif arguments == ["--check"]:
        return int(fitted not in text)
    else:
        print(fitted, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
