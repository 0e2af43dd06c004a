"""Invented names and facts: how they are drawn, written out, and kept out of training.

A name is made of syllables and belongs by its SHA-256 to one of two pools that share no name:
training draws from one, the shipped corpus and questions from the other. Every training example
invents its things anew, so that nothing can be learned by heart: to answer is to find the right
sentence and to copy from it.
"""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from embedded_facts_relations import CLASSES, KINDS, OF_KIND, Relation

PROMPT = "Question: {query}\nAnswer:"
CONTEXT_PROMPT = "Context:\n{context}\n\n{prompt}"
SEPARATOR = "\n\n"
HELD_OUT_SHARE = 0.25

ONSETS = "bdfgklmnrstv"
VOWELS = "aeiou"
CODAS = ("", "", "l", "n", "r", "s")
LONG_SHARE = 0.3
"""Names of three syllables; the others have two."""


def held_out(name: str) -> bool:
    """Whether training must never see this name (one word); case does not count."""
    digest = hashlib.sha256(f"wattmark facts {name.casefold()}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < HELD_OUT_SHARE


@dataclass(frozen=True)
class Fact:
    """`entity` stands in `relation` to `value`."""

    relation: Relation
    entity: str
    value: str

    def state(self, rng: random.Random) -> str:
        """A sentence that says it."""
        return rng.choice(self.relation.statements).format(e=self.entity, v=self.value)

    def ask(self, rng: random.Random) -> str:
        """A question that asks for the value."""
        return rng.choice(self.relation.questions).format(e=self.entity)


class Names:
    """Names of one pool: the held-out ones, or those of training."""

    def __init__(self, rng: random.Random, *, held_out: bool) -> None:
        self.rng = rng
        self.pool = held_out

    def _syllable(self) -> str:
        return self.rng.choice(ONSETS) + self.rng.choice(VOWELS)

    def name(self, like: str | None = None) -> str:
        """A new name; with `like` one that differs from it in its last syllables, or the first."""
        rng = self.rng
        while True:
            syllables = [self._syllable() for _ in range(3 if rng.random() < LONG_SHARE else 2)]
            made = "".join(syllables) + rng.choice(CODAS)
            if like is not None:
                made = like[:2] + made[2:] if rng.random() < 0.5 else made[:2] + like[2:]
            if made.capitalize() != like and held_out(made) is self.pool:
                return made.capitalize()

    def value(self, kind: str) -> str:
        """A value of a class, open or closed."""
        rng = self.rng
        if kind in ("person", "place"):
            return self.name()
        if kind == "year":
            return str(rng.randint(1100, 1999))
        if kind == "number":
            return str(rng.randint(3, 10 ** rng.randint(1, 3) - 1))
        return rng.choice(CLASSES[kind])


@dataclass(frozen=True)
class Example:
    """Passages, and the facts stated in them, each with its question."""

    passages: tuple[str, ...]
    asked: tuple[tuple[str, str, str], ...]
    """(question, answer, the sentence that says so)."""


def context_prompt(query: str, passages: Sequence[str]) -> str:
    """The prompt that shows the passages first."""
    prompt = PROMPT.format(query=query)
    return CONTEXT_PROMPT.format(context=SEPARATOR.join(passages), prompt=prompt)


@dataclass(frozen=True)
class Stage:
    """How hard an example is: passages, and sentences in each."""

    passages: tuple[int, ...]
    sentences: tuple[int, ...]
    repeats: float = 0.0
    """Share of questions in whose place a sentence is to be repeated word for word."""
    questions: int = 6


def draw_example(names: Names, stage: Stage) -> Example:
    """Passages about things of one or two kinds, some with names alike, in any order."""
    rng = names.rng
    count = rng.choice(stage.passages)
    lengths = [rng.choice(stage.sentences) for _ in range(count)]
    facts = list(itertools.islice(_facts(names, count), sum(lengths)))
    if rng.random() < 0.3:
        rng.shuffle(facts)  # otherwise a passage speaks mostly of one thing, as in the corpus
    stated = [(fact, fact.state(rng)) for fact in facts]
    sentences = iter([sentence for _, sentence in stated])
    passages = [" ".join(itertools.islice(sentences, length)) for length in lengths]
    rng.shuffle(passages)
    asked = rng.sample(stated, min(stage.questions, len(stated)))
    return Example(
        tuple(passages), tuple((fact.ask(rng), fact.value, said) for fact, said in asked)
    )


def _facts(names: Names, passages: int) -> Iterator[Fact]:
    """Distinct (thing, relation) pairs, thing by thing, their relations overlapping on purpose."""
    rng = names.rng
    kinds = rng.sample(KINDS, 1 if rng.random() < 0.6 else 2)
    common = {kind: rng.sample(OF_KIND[kind], len(OF_KIND[kind])) for kind in kinds}
    per_thing = rng.choice((1, 2, 3)) if passages < 3 else rng.choice((2, 3, 4))
    seen: list[tuple[str, str]] = []
    while True:
        kind = rng.choice(kinds)
        alike = [name for k, name in seen if k == kind]
        name = names.name(rng.choice(alike) if alike and rng.random() < 0.35 else None)
        if name in (n for _, n in seen):
            continue
        seen.append((kind, name))
        # Half of the things share their relations, so that only the name tells them apart.
        order = common[kind] if rng.random() < 0.5 else rng.sample(OF_KIND[kind], per_thing)
        for relation in order[:per_thing]:
            yield Fact(relation, name, names.value(relation.value))
