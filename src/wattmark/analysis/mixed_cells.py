"""Per-query figures for a mixed model: one value a trial, replicate and query, and not too many.

Where there are more queries than can be fitted, they are pooled at random: a pool's value is the
mean over its queries. With every query answered in every replicate, that leaves the trials' means
as they are, and their standard errors nearly so; a random effect of queries is smaller by the root
of the pool's size, which the fit puts back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from wattmark.analysis.linear import present, response
from wattmark.analysis.samples import Sample, Unusable
from wattmark.store.reader import Run

Key = tuple[str, Hashable, str]
"""Trial, replicate, query. Replicates of one name are of one block where blocks count."""
MOST_QUERIES = 2_000
SEED = 0
"""The same figures have the same pools each time."""


@dataclass(frozen=True, kw_only=True)
class Cells:
    """Values, shape (n,), with the trial, replicate and query (or pool) of each.

    `pool` is the mean number of queries that one stands for; `n_queries` are those in use.
    """

    found: Sample
    trials: tuple[str, ...]
    replicates: tuple[Hashable, ...]
    queries: tuple[Hashable, ...]
    pool: float
    n_queries: int
    notes: tuple[str, ...]


def cells_of(values: Mapping[Key, float | None], *, logs: bool, most: int) -> Cells:
    """Values fit for a mixed model of at most `most` queries, logarithms where `logs`.

    Raises Unusable on values that are not finite or have no logarithm.
    """
    keys, given = list(values), list(values.values())
    kept = present(given)
    found = response([float(given[k] or 0.0) for k in kept], logs=logs)
    keys = [keys[k] for k in kept]
    notes = []
    if len(kept) < len(given):
        notes.append(f"{len(given) - len(kept)} of {len(given)} values were not measured")
    queries = list(dict.fromkeys(query for _, _, query in keys))
    if len(queries) <= most:
        trials, replicates, names = zip(*keys, strict=True) if keys else ((), (), ())
        return Cells(
            found=found,
            trials=trials,
            replicates=replicates,
            queries=names,
            pool=1.0,
            n_queries=len(queries),
            notes=tuple(notes),
        )
    return _pooled(keys, found, queries, most, notes)


def _pooled(
    keys: list[Key], found: Sample, queries: list[str], most: int, notes: list[str]
) -> Cells:
    processes = {(trial, replicate) for trial, replicate, _ in keys}
    counts = Counter(query for _, _, query in keys)
    whole = [query for query in queries if counts[query] == len(processes)]
    if len(whole) < most:
        raise Unusable(
            f"{len(queries)} queries, of which {len(whole)} were answered in all replicates: too "
            "many to fit, too few to pool"
        )
    if len(whole) < len(queries):
        left = len(queries) - len(whole)
        notes.append(f"{left} of {len(queries)} queries lack an answer in a replicate: left out")
    shuffled = np.random.default_rng(SEED).permutation(len(whole))
    pool_of = {
        whole[k]: pool for pool, part in enumerate(np.array_split(shuffled, most)) for k in part
    }
    notes.append(f"{len(whole)} queries in {most} pools: a pool's value is the mean of its queries")
    sums: dict[tuple[str, Hashable, int], list[float]] = {}
    for (trial, replicate, query), value in zip(keys, found.tolist(), strict=True):
        if query in pool_of:
            sums.setdefault((trial, replicate, pool_of[query]), []).append(value)
    trials, replicates, pools = zip(*sums, strict=True)
    return Cells(
        found=np.asarray([np.mean(parts) for parts in sums.values()]),
        trials=trials,
        replicates=replicates,
        queries=pools,
        pool=len(whole) / most,
        n_queries=len(whole),
        notes=tuple(notes),
    )


def query_values(
    run: Run, trials: Iterable[str], column: str
) -> tuple[dict[Key, float | None], tuple[str, ...]]:
    """A column of `queries` by (trial, block, query), means over repetitions, and notes.

    Replicates that ended ok only. Of more than `MOST_QUERIES` queries of the first trial so many
    are drawn.
    """
    wanted = list(trials)
    rows = run.trials.select(["trial_key", "replicate", "block", "status"]).to_pylist()
    block_of = {(r["trial_key"], r["replicate"]): r["block"] for r in rows if r["status"] == "ok"}
    # Not all at once, as they may be millions: one trial's, then those of the queries drawn.
    first = run.select("queries", ["query_id"], pc.field("trial_key").isin(wanted[:1]))
    ids = pc.unique(first["query_id"])
    where = pc.field("trial_key").isin(wanted)
    notes: tuple[str, ...] = ()
    if len(ids) > MOST_QUERIES:
        drawn = np.random.default_rng(SEED).choice(len(ids), MOST_QUERIES, replace=False)
        # In the order of their names, so that the draw does not hang on that of the rows.
        chosen = ids.take(pc.sort_indices(ids)).take(np.sort(drawn))
        where &= pc.field("query_id").isin(chosen)
        notes = (f"{MOST_QUERIES} of {len(ids)} queries were drawn",)
    table = run.select("queries", ("trial_key", "replicate", "query_id", column), where)
    means = table.group_by(["trial_key", "replicate", "query_id"]).aggregate([(column, "mean")])
    place = {key: k for k, key in enumerate(wanted)}
    values = {
        (row["trial_key"], block_of[row["trial_key"], row["replicate"]], row["query_id"]): row[
            f"{column}_mean"
        ]
        for row in means.to_pylist()
        if (row["trial_key"], row["replicate"]) in block_of
    }
    return dict(sorted(values.items(), key=lambda item: place[item[0][0]])), notes
