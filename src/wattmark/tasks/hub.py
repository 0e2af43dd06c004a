"""Any data set of the Hugging Face hub, or of a folder in its layout, by naming its columns.

    hf:org/name,query=question,answer=answers.text,context=context,split=validation

The first value is the data set. `query`, `answer`, `context`, `choices` and `id` name columns; a
dot goes into a column of fields. `config`, `split`, `revision`, `scorer` and `lang` are values for
all rows. A value with a comma stands in quotes: query="Question, full".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import astuple, replace
from typing import Any, ClassVar

from wattmark.errors import InputError, unknown
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import find_scorer
from wattmark.tasks.formats import TableRow, digest, refuse_duplicates, shuffled
from wattmark.tasks.options import STOP_OPTION, full_name, stop_text
from wattmark.tasks.queries import RULES, score_row, scored
from wattmark.tasks.rows import Row, row_of

_COLUMNS = ("query", "answer", "context", "choices", "id")
_NOT_LABELLED = -1


class HubData:
    """Rows of one split; a numbered class is its name, and the names are its choices.

    The order is a shuffle by `seed`, the same for every arm. Raises InputError: not found, gated,
    no network, an unknown configuration, split or column (with those that exist), a row that
    cannot be asked.
    """

    first: ClassVar[str] = "data"
    usage: ClassVar[str] = "hf:<org/name or folder>,query=<column>,answer=<column>"
    kind: ClassVar[str] = "any"
    options: ClassVar[Mapping[str, str]] = {
        "data": "org/name on the hub, or a local folder in the hub's layout",
        "query": "column of what is asked; default: query",
        "answer": "column of the gold: a text, number, class or list; default: answer, if any",
        "context": "column of the text that holds the answer",
        "choices": "column of the choices (a list, or {text, label}); a gold may then be a text, a"
        " letter or a place from 0",
        "id": "column of the ids; default: the row's number",
        "config": "configuration of the data set, where it has several",
        "split": "default: validation, or the only one; a part of it: train[:1000]",
        "revision": "branch, tag or commit on the hub",
        "scorer": "numeric, exact, f1, squad, choice, regex, labels; default: by the answers",
        "lang": "language of the rows: en, pt",
        "stop": STOP_OPTION,
    }
    licence: ClassVar[str] = "the data set's own: see its card"
    about: ClassVar[str] = "any data set of the hub or of a folder in its layout, by its columns"

    def __init__(self, **given: str) -> None:
        """`given` are the options; `data` must be one of them."""
        wrong = [name for name in given if name not in self.options]
        if wrong:
            raise InputError("Task 'hf': " + unknown("option", wrong[0], self.options))
        if not given.get("data"):
            raise InputError("Task 'hf' needs a data set.", f"Write {self.usage}.")
        if given.get("scorer"):
            find_scorer(given["scorer"])
        self._rows = _read(given)
        self._scorer = given.get("scorer")
        self.stops = stop_text("hf", given.get("stop", ""))
        self.name = full_name("hf", given, {})
        content = (astuple(replace(row, where="")) for row in self._rows)
        self.version = f"{RULES}-{digest(content)}"

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of the order that `seed` gives (0 is a shuffle as any other)."""
        order = shuffled([row.id for row in self._rows], seed)
        return tuple(scored(self._rows[place], self._scorer) for place in order[:limit])

    def score(self, query: Query, generation: Generation) -> Score:
        """By the query's scorer; not at all where the query has no answer."""
        return score_row(query, generation)


def _read(given: Mapping[str, str]) -> tuple[Row, ...]:
    from wattmark.tasks.formats_hub import read_split  # noqa: PLC0415 - `datasets` on request only

    paths = {"query": "query"} | {name: given[name] for name in _COLUMNS if given.get(name)}
    table = read_split(
        given["data"],
        columns=[path.partition(".")[0] for path in paths.values()],
        optional=() if "answer" in paths else ("answer",),
        split=given.get("split"),
        config=given.get("config"),
        revision=given.get("revision"),
    )
    paths.setdefault("answer", "answer")
    names = table.classes.get(paths["answer"], ())
    rows = tuple(
        _row(row, paths, names, given.get("lang"), number)
        for number, row in enumerate(table.rows, start=1)
    )
    refuse_duplicates((row.id, row.where) for row in rows)
    return rows


def _row(
    row: TableRow, paths: Mapping[str, str], names: Sequence[str], lang: str | None, number: int
) -> Row:
    cells: dict[str, Any] = {name: _value(row, path) for name, path in paths.items()}
    labels: Sequence[str] = ()
    if isinstance(cells.get("choices"), dict):
        found = cells["choices"]
        labels, cells["choices"] = found.get("label") or (), found.get("text")
    if names:
        cells["answer"] = _class(row.where, cells["answer"], names)
        cells.setdefault("choices", list(names))
    choices = cells.get("choices")
    if isinstance(choices, list):
        cells["answer"] = _place(cells.get("answer"), [str(c) for c in choices], list(labels))
    return row_of(row.where, cells | {"lang": lang}, number, unit="row")


def _value(row: TableRow, path: str) -> Any:
    """What stands at 'column' or 'column.field'; None where the row has none."""
    column, _, field = path.partition(".")
    found = row.cells.get(column)
    if not field or found is None:
        return found
    if isinstance(found, list) and all(isinstance(item, dict) for item in found):
        return [item.get(field) for item in found]
    if not isinstance(found, dict) or field not in found:
        fields = found if isinstance(found, dict) else ()
        raise InputError(f"{row.where}: " + unknown(f"field of '{column}'", field, fields))
    return found[field]


def _class(where: str, number: object, names: Sequence[str]) -> str | None:
    if number is None:
        return None
    if not isinstance(number, int) or number == _NOT_LABELLED:
        raise InputError(
            f"{where} has no label.",
            "Take another split: the labels of a test are often not public.",
        )
    return names[number]


def _place(answer: object, choices: list[str], labels: list[Any]) -> object:
    """The choice that an answer points at by its label or its place; else the answer itself."""
    if answer in labels:
        return choices[labels.index(answer)]
    place = str(answer)
    if place in choices or not (place.isascii() and place.isdigit() and len(place) < 3):
        return answer
    return choices[int(place)] if int(place) < len(choices) else answer
