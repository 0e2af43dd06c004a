"""Invented names and facts: how they are drawn, written out, and kept out of training.

A fact (who, in which relation, to what) belongs by its SHA-256 to one of two pools that share
none: training draws from one, the shipped corpus and questions from the other. The names are the
same in both. Every training example says something else of them, so that nothing can be learned
by heart: to answer is to find the right sentence and to copy from it.
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
HELD_OUT_SHARE = 0.5

ONSETS = "bdfgklmnrstv"
VOWELS = "aeiou"
CODAS = ("", "l", "n", "r", "s")
STEMS = 200


def digest(text: str) -> float:
    """A number in [0, 1) that only the text decides."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32


def make_names() -> tuple[str, ...]:
    """Every name there is: two syllables that open with a consonant, and how they may end."""
    syllables = ["".join(pair) for pair in itertools.product(ONSETS, VOWELS)]
    stems = ["".join(pair) for pair in itertools.product(syllables, syllables)]
    stems.sort(key=lambda stem: digest(f"wattmark name {stem}"))
    return tuple((stem + coda).capitalize() for stem in stems[:STEMS] for coda in CODAS)


NAMES = make_names()


@dataclass(frozen=True)
class Fact:
    """`entity` stands in `relation` to `value`."""

    relation: Relation
    entity: str
    value: str

    @property
    def held_out(self) -> bool:
        """Whether training must never state this."""
        said = f"wattmark fact {self.relation.questions[0]} {self.entity} {self.value}"
        return digest(said) < HELD_OUT_SHARE

    def state(self, rng: random.Random) -> str:
        """A sentence that says it."""
        return rng.choice(self.relation.statements).format(e=self.entity, v=self.value)

    def ask(self, rng: random.Random) -> str:
        """A question that asks for the value."""
        return rng.choice(self.relation.questions).format(e=self.entity)


class Facts:
    """Draws facts of one pool: the held-out ones, or those of training."""

    def __init__(self, rng: random.Random, *, held_out: bool) -> None:
        self.rng = rng
        self.pool = held_out

    def draw(self, relation: Relation, entity: str) -> Fact:
        """Something of this relation that may be said of the thing."""
        while True:
            fact = Fact(relation, entity, self._value(relation.value))
            if fact.held_out is self.pool:
                return fact

    def _value(self, kind: str) -> str:
        """A value of a class, open or closed."""
        rng = self.rng
        if kind in ("person", "place"):
            return rng.choice(NAMES)
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
    relations: int | None = None
    """Of how many relations of a kind facts are drawn; None for all."""
    repeats: float = 0.0
    """Share of questions in whose place a sentence is to be repeated word for word."""
    questions: int = 6


def draw_example(drawn: Facts, stage: Stage) -> Example:
    """Passages about things of one or two kinds, in any order."""
    rng = drawn.rng
    count = rng.choice(stage.passages)
    lengths = [rng.choice(stage.sentences) for _ in range(count)]
    facts = list(itertools.islice(_facts(drawn, stage, count), sum(lengths)))
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


def _facts(drawn: Facts, stage: Stage, passages: int) -> Iterator[Fact]:
    """Distinct (thing, relation) pairs, thing by thing, their relations overlapping on purpose."""
    rng = drawn.rng
    kinds = rng.sample(KINDS, 1 if rng.random() < 0.6 else 2)
    common = {kind: rng.sample(OF_KIND[kind], len(OF_KIND[kind])) for kind in kinds}
    per_thing = rng.choice((1, 2, 3)) if passages < 3 else rng.choice((2, 3, 4))
    for entity in rng.sample(NAMES, len(NAMES)):
        kind = rng.choice(kinds)
        usual = common[kind][: stage.relations]
        # Half of the things share their relations, so that only the name tells them apart.
        order = usual if rng.random() < 0.5 else rng.sample(usual, len(usual))
        for relation in order[:per_thing]:
            yield drawn.draw(relation, entity)
