"""Indexing a large corpus and searching it: 10⁵ chunks and 10³ queries, from texts to contexts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.figure import Figure, summary
from wattmark.models.cache import Cache
from wattmark.schema import Retrieval
from wattmark.tasks.corpus import Document, corpus_of
from wattmark.tasks.index import open_index

CHUNKS, WORDS, QUERIES = 100_000, 100, 1_000
VOCABULARY = 50_000
MOST_S = 60.0


def figures() -> Iterator[Figure]:
    """Chunks of 100 words that are as frequent as words are (Zipf); queries of ten of them."""
    drawn = np.random.default_rng(0)
    share = 1 / np.arange(1, VOCABULARY + 1)
    share /= share.sum()

    def texts(count: int, words: int) -> list[str]:
        ids = drawn.choice(VOCABULARY, size=(count, words), p=share)
        return [" ".join(f"w{at}" for at in row) for row in ids]

    corpus = corpus_of([Document(f"d{at}", text) for at, text in enumerate(texts(CHUNKS, WORDS))])
    queries = texts(QUERIES, 10)
    how = Retrieval(
        corpus_digest=corpus.digest, chunking=f"words:{WORDS}:20", template="{context}{prompt}"
    )
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        index = open_index(how, "benchmark", lambda: corpus, Cache("indexes", Path(folder)))
        indexed = time.perf_counter()
        index.search(queries, how.top_k)
        searched = time.perf_counter()
    note = f"{len(index)} chunks, {QUERIES} queries"
    yield summary("index a corpus", [indexed - began], "s", note=note)
    yield summary("search an index", [searched - indexed], "s", note=note)
    yield summary("index and search", [searched - began], "s", most=MOST_S, note=note)
