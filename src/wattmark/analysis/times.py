"""Seconds of single answers or tokens, split by trial and replicate."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Key = tuple[str, int]
"""Trial key and replicate."""


@dataclass(frozen=True, kw_only=True)
class Times:
    """Seconds of one replicate's answers or tokens, ascending, and how many answers they are of."""

    seconds: Floats
    answers: int


def answer_times(table: pa.Table, column: str) -> dict[Key, Times]:
    """Of rows of `queries`, the seconds in a column of one figure an answer; null is none."""
    table = table.select(["trial_key", "replicate", column]).drop_null()
    codes, keys = _codes(table)
    seconds = table[column].to_numpy()
    return _split(codes, keys, seconds, codes)


def token_gaps(table: pa.Table) -> dict[Key, Times]:
    """Of rows of `queries`, the seconds from each token of an answer to its next.

    `answers` counts those of two tokens and more; a replicate without one has no entry.
    """
    codes, keys = _codes(table)
    stamps = table["token_times_s"].combine_chunks()
    lengths = np.asarray(pc.fill_null(pc.list_value_length(stamps), 0)).astype(np.int64)
    flat = np.asarray(stamps.flatten(), dtype=np.float64)
    answer = np.repeat(np.arange(len(lengths)), lengths)
    inside = answer[1:] == answer[:-1]
    return _split(codes[answer[1:][inside]], keys, np.diff(flat)[inside], codes[lengths > 1])


def _codes(table: pa.Table) -> tuple[NDArray[np.int64], list[str]]:
    """A number for each row's (trial, replicate), and the trial keys that it counts by."""
    keys = table["trial_key"].cast(pa.string()).combine_chunks().dictionary_encode()
    replicate = table["replicate"].to_numpy().astype(np.int64)
    trial = np.asarray(keys.indices).astype(np.int64)
    return trial + len(keys.dictionary) * replicate, keys.dictionary.to_pylist()


def _split(
    codes: NDArray[np.int64], keys: list[str], seconds: Floats, answers: NDArray[np.int64]
) -> dict[Key, Times]:
    if not len(codes):
        return {}
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    counts = np.bincount(answers)
    return {
        (keys[code % len(keys)], code // len(keys)): Times(
            seconds=np.sort(part), answers=int(counts[code])
        )
        for code, part in zip(found.tolist(), np.split(seconds[order], starts[1:]), strict=True)
    }
