"""The shipped corpus and its questions: a world of its own, of facts that training never states.

Each thing has several facts, spread over two or three passages; names resemble each other, and
things share relations, so that a passage is found only by name and relation together. What is
asked is stated once in the whole corpus.
"""

from __future__ import annotations

import itertools
import random
from dataclasses import dataclass

from embedded_common import Row
from embedded_facts_relations import KINDS, OF_KIND, RELATIONS, Relation
from embedded_facts_world import NAMES, Fact, Facts

THINGS_OF_A_KIND = 42
QUESTIONS_OF_A_RELATION = 8
SPREADS = {4: ((2, 2), (1, 3), (1, 1, 2)), 5: ((2, 3), (3, 2), (1, 2, 2), (1, 1, 3))}
"""How many facts stand in each passage of a thing that has four or five of them."""


@dataclass(frozen=True)
class HeldOut:
    """Passages (`id`, `text`) and questions (`id`, `query`, `answer`, `passage`)."""

    passages: list[Row]
    questions: list[Row]


def held_out_world(seed: int) -> HeldOut:
    """The same for the same seed; passages and questions shuffled."""
    drawn = Facts(random.Random(f"facts held-out {seed}"), held_out=True)
    placed = [group for kind in KINDS for group in _groups(drawn, kind)]
    drawn.rng.shuffle(placed)
    passages, found = [], []
    for number, facts in enumerate(placed, start=1):
        sentences = [fact.state(drawn.rng) for fact in facts]
        row = {"id": f"p{number:04d}", "text": " ".join(sentences)}
        passages.append(row)
        found += [(fact, row["id"]) for fact in facts]
    return HeldOut(passages, _questions(drawn.rng, found))


def _groups(drawn: Facts, kind: str) -> list[list[Fact]]:
    """The facts of each passage about things of this kind."""
    rng = drawn.rng
    groups: list[list[Fact]] = []
    for name in rng.sample(NAMES, THINGS_OF_A_KIND):
        relations = rng.sample(OF_KIND[kind], rng.choice((4, 5)))
        facts = [drawn.draw(relation, name) for relation in relations]
        sizes = rng.choice(SPREADS[len(facts)])
        ends = itertools.accumulate(sizes)
        groups += [facts[end - size : end] for size, end in zip(sizes, ends, strict=True)]
    return groups


def _questions(rng: random.Random, found: list[tuple[Fact, str]]) -> list[Row]:
    """As many questions of each relation, about things taken at random."""
    of: dict[Relation, list[tuple[Fact, str]]] = {relation: [] for relation in RELATIONS}
    for fact, passage in found:
        of[fact.relation].append((fact, passage))
    chosen = [one for each in of.values() for one in rng.sample(each, QUESTIONS_OF_A_RELATION)]
    rng.shuffle(chosen)
    return [
        {
            "id": f"f{number:04d}",
            "query": fact.ask(rng),
            "answer": fact.value,
            "passage": passage,
        }
        for number, (fact, passage) in enumerate(chosen, start=1)
    ]
