"""An index on disk: chunks and what a retriever needs to rank them, made once and kept.

The key is the corpus' digest, the chunking and the retriever's version. Chunks stay on disk: a
query reads the few that were found for it, so that a corpus is no memory of the model.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from wattmark import registry
from wattmark.errors import InputError
from wattmark.models.cache import Cache
from wattmark.schema import Retrieval
from wattmark.tasks import Task
from wattmark.tasks.corpus import BringsCorpus, Chunk, Chunking, Corpus, corpus_of
from wattmark.tasks.retrieval import RETRIEVERS, Retriever, words

KIND = "indexes"
"""The kind of files in the cache."""
_FORMAT = "1"
"""Raised with every change of how chunks are cut or stored."""
_CHUNKS, _PLACES, _RANKING = "chunks.jsonl", "places.npy", "ranking"


@dataclass(frozen=True)
class Index:
    """Chunks that can be searched."""

    folder: Path
    retriever: Retriever
    places: Sequence[int]
    """Where each chunk's line begins, and where the last one ends."""
    built_s: float | None
    """Seconds of building it; None where it was there."""

    def __len__(self) -> int:
        return len(self.places) - 1

    def search(self, texts: Sequence[str], k: int) -> list[list[Chunk]]:
        """For each text the chunks that match it best, at most `k`, the best first."""
        found = self.retriever.search(texts, k)
        with (self.folder / _CHUNKS).open("rb") as file:

            def chunk(at: int) -> Chunk:
                file.seek(self.places[at])
                return Chunk(*json.loads(file.read(self.places[at + 1] - self.places[at])))

            return [[chunk(at) for at, _ in best] for best in found]

    def shortest(self) -> Chunk:
        """The chunk of the fewest bytes."""
        at = int(np.diff(np.asarray(self.places)).argmin())
        with (self.folder / _CHUNKS).open("rb") as file:
            file.seek(self.places[at])
            return Chunk(*json.loads(file.readline()))


def find_corpus(path: str | None, task: Task) -> Corpus:
    """The corpus at `path`, or the task's own; InputError where there is neither, or it is off."""
    if path is not None:
        return corpus_of(Path(path))
    if not isinstance(task, BringsCorpus):
        raise InputError(
            f"mode rag needs a corpus, and task '{task.name}' brings none",
            "Give a folder of .txt, .md and .jsonl files with --corpus.",
        )
    return corpus_of(task.corpus())


def open_index(
    retrieval: Retrieval, name: str, corpus: Callable[[], Corpus], cache: Cache | None = None
) -> Index:
    """The index of a trial, built where it is not there yet; `name` is the corpus' for messages.

    `corpus` is only asked where it must be built. Raises InputError where that is not the corpus
    that was planned with, or holds no word; CacheError where the index cannot be kept.
    """
    retriever = cast(type[Retriever], registry.resolve(RETRIEVERS[retrieval.retriever]))

    def build(folder: Path) -> None:
        read = corpus()
        if read.digest != retrieval.corpus_digest:
            raise InputError(
                f"The corpus '{name}' is not what it was when the run was planned.",
                "Begin a new run with it.",
            )
        _write(folder, read.chunks(Chunking.read(retrieval.chunking)), retriever)

    key = {
        "corpus": retrieval.corpus_digest,
        "chunking": retrieval.chunking,
        "retriever": f"{retrieval.retriever} ({retriever.version})",
        "format": _FORMAT,
    }
    folder, built_s = (cache or Cache(KIND)).folder(name, key, build)
    places = np.load(folder / _PLACES, allow_pickle=False).tolist()
    return Index(folder, retriever.load(folder / _RANKING), places, built_s)


def _write(folder: Path, chunks: Sequence[Chunk], retriever: type[Retriever]) -> None:
    if not any(words(chunk.text) for chunk in chunks):
        raise InputError("The corpus holds no word.", "A corpus is text to be read.")
    places = [0]
    with (folder / _CHUNKS).open("wb") as file:
        for chunk in chunks:
            line = json.dumps([chunk.id, chunk.text], ensure_ascii=False) + "\n"
            places.append(places[-1] + file.write(line.encode()))
    np.save(folder / _PLACES, np.array(places, dtype=np.int64), allow_pickle=False)
    retriever.index([chunk.text for chunk in chunks]).save(folder / _RANKING)
