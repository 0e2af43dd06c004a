"""SST-2: sentences of film reviews, positive or negative, for classifiers and for causal models.

A classifier gets the sentence alone, and its answer is the label that the model's id2label gives
to its highest logit. A causal model gets a template that ends where the label belongs, and the
first label word that it writes is its answer.

Socher et al. 2013 (Stanford Sentiment Treebank), in GLUE's form: Wang et al. 2018,
arXiv:1804.07461.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

from wattmark.errors import InputError, MistakesError
from wattmark.schema import Generation, Query, Score
from wattmark.scoring.find import find_scorer
from wattmark.tasks.formats import TableRow, digest, read_table, refuse_duplicates, shuffled
from wattmark.tasks.formats_folder import (
    SAMPLE,
    VALIDATION,
    find_files,
    is_local,
    only_validation,
    stamped,
    true_split,
)
from wattmark.tasks.options import full_name
from wattmark.tasks.sentiment import NEGATIVE, POSITIVE, label_score

DATA = Path(__file__).parent / "data" / "sst2-sample-dev.tsv"
PROMPT = (
    "Is the sentiment of this sentence positive or negative?\n\nSentence: {sentence}\nSentiment:"
)
LABELS = (NEGATIVE, POSITIVE)
"""Of the classes 0 and 1."""
SUFFIXES = (".tsv", ".jsonl", ".ndjson", ".parquet")
RULES = 1
"""Raised with every change of the prompt or of how an answer is read."""
HUB = {
    "sst2": ("stanfordnlp/sst2", None),
    "glue/sst2": ("nyu-mll/glue", "sst2"),
    "nyu-mll/glue": ("nyu-mll/glue", "sst2"),
    "glue": ("nyu-mll/glue", "sst2"),
}
_DEFAULTS = {"split": VALIDATION, "labels": ""}

Sentence = tuple[str, str, str]
"""Id, sentence, and the gold label's word."""


class SST2:
    """SST-2 as GLUE has it; without data, a sample in its format that is not SST-2.

    The order is a shuffle by `seed`, the same for every arm and every format of the data. Raises
    InputError for data that is missing, malformed or unlabelled, with file and line.
    """

    kind: ClassVar[str] = "any"
    stops: ClassVar[tuple[str, ...]] = ("\nSentence:",)
    options: ClassVar[Mapping[str, str]] = {
        "data": "GLUE's dev.tsv or train.tsv, a .jsonl or .parquet, a folder of these, a hub id"
        " (sst2, glue/sst2); default: sample, a few dozen of our own writing",
        "split": "validation (default) or train",
        "labels": "what a classifier's own labels mean: negative/positive (of its classes 0 and"
        " 1) or LABEL_0:negative/LABEL_1:positive; default: what its id2label says",
    }
    licence: ClassVar[str] = "sample: MIT, of our own writing; SST-2 itself: see its authors' terms"
    about: ClassVar[str] = (
        "film reviews, positive or negative; ships a sample of our own writing, not SST-2"
    )

    def __init__(self, *, data: str = SAMPLE, split: str = VALIDATION, labels: str = "") -> None:
        split = true_split(split)
        self._meanings = _meanings(labels)
        self._sentences = _load(data, split)
        self.name = full_name("sst2", {"data": data, "split": split, "labels": labels}, _DEFAULTS)
        self.version = f"{RULES}-{digest(self._sentences)}"

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` of the order that `seed` gives (0 is a shuffle as any other)."""
        order = shuffled([name for name, _, _ in self._sentences], seed)
        return tuple(_query(*self._sentences[place]) for place in order[:limit])

    def score(self, query: Query, generation: Generation) -> Score:
        """Correct where the classifier's label, or the first label word stated, is the gold."""
        if generation.stop_reason == "label":
            return label_score(query, generation.text, self._meanings)
        return find_scorer("labels")(query, generation.text)


def _query(name: str, sentence: str, label: str) -> Query:
    return Query(
        id=name,
        text=sentence,
        prompt=PROMPT.format(sentence=sentence),
        answer=label,
        choices=LABELS,
        language="en",
        scorer="labels",
    )


def _meanings(text: str) -> dict[str, str]:
    """A classifier's label, in lower case → the class that it means."""
    meanings, mistakes = {}, []
    for number, part in enumerate(filter(None, text.split("/"))):
        label, colon, meaning = part.rpartition(":")
        meaning = meaning.strip().lower()
        if meaning not in LABELS:
            mistakes.append(f"'{part}' ends neither with negative nor with positive.")
        meanings[label.strip().casefold() if colon else f"label_{number}"] = meaning
    if text and not mistakes and set(meanings.values()) != set(LABELS):
        mistakes.append("Both negative and positive must be meant by a label.")
    if mistakes:
        raise MistakesError(
            f"Task 'sst2': labels={text} cannot be read (LABEL_0:negative/LABEL_1:positive can):",
            mistakes,
        )
    return meanings


def _load(data: str, split: str) -> tuple[Sentence, ...]:
    if data == SAMPLE:
        only_validation(split)
        return _read(stamped([DATA]))
    if is_local(data, SUFFIXES):
        return _read(stamped(find_files(data, split, SUFFIXES)))
    from wattmark.tasks.formats_hub import read_split  # noqa: PLC0415 - `datasets` on request only

    name, config = HUB.get(data, (data, None))
    return _sentences(
        read_split(name, split=split, config=config, columns=("sentence", "label")).rows
    )


@lru_cache(maxsize=4)
def _read(files: tuple[tuple[Path, int, int], ...]) -> tuple[Sentence, ...]:
    """Read once while the files stay as they are: a plan asks for its tasks many times."""
    return _sentences(row for path, _, _ in files for row in read_table(path))


def _sentences(rows: Iterable[TableRow]) -> tuple[Sentence, ...]:
    """The sentences, numbered from 0 as the hub's idx does where the data does not say."""
    found, places = [], []
    for number, row in enumerate(rows):
        name = str(row.cells.get("idx", number))
        found.append((name, row.text("sentence").strip(), _label(row)))
        places.append((name, row.where))
    refuse_duplicates(places)
    return tuple(found)


def _label(row: TableRow) -> str:
    given = row.cells.get("label")
    word = str(given).strip().lower()
    if given is None or word == "-1":
        raise InputError(
            f"{row.where} has no label: the labels of SST-2's test set are not public.",
            "Take dev.tsv (split=validation, the default): it is what papers report.",
        )
    if word in {"0", "1"}:
        return LABELS[int(word)]
    if word not in LABELS:
        raise InputError(
            f"{row.where}: the label '{word[:80]}' is none.",
            "It must be 0 (negative) or 1 (positive).",
        )
    return word
