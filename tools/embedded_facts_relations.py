"""What the invented facts speak about: kinds of things, relations, and the sentences for each.

A relation belongs to a kind of thing, takes its values from a class, and has several ways to be
stated and asked. `{e}` is the thing's name, `{v}` the value, which comes after it: a model this
small copies forwards. All of our own writing; every closed class has at least twenty members, so
that a guess is seldom right.
"""

from __future__ import annotations

from dataclasses import dataclass

CLASSES: dict[str, tuple[str, ...]] = {
    name: tuple(words.split())
    for name, words in {
        "colour": "red blue green yellow white black brown grey pink purple orange teal gold"
        " silver violet cream coral navy olive maroon ivory amber copper scarlet",
        "animal": "otter heron fox wolf bear stag hare owl raven swan goose badger lynx seal"
        " falcon horse ox ram boar toad crab pike salmon beaver",
        "tree": "oak elm ash birch beech willow pine cedar larch maple lime alder hazel rowan"
        " yew poplar chestnut walnut cypress juniper holly spruce fir aspen",
        "fruit": "apples pears plums cherries figs grapes lemons melons quinces peaches dates"
        " apricots berries nuts olives onions carrots beans peas leeks turnips pumpkins"
        " radishes mushrooms",
        "goods": "salt wool silk rope glass paper candles barrels nails bricks tiles lamps"
        " clocks knives boots gloves hats soap honey wax tea spices timber coal",
        "job": "baker tailor miller potter weaver smith carpenter painter printer teacher doctor"
        " judge sailor farmer gardener shepherd hunter cook glazier mason cooper saddler clerk"
        " pilot",
        "instrument": "flute harp drum fiddle lute horn organ piano viola cello oboe trumpet"
        " bugle guitar banjo zither bassoon clarinet harmonica tuba bagpipe cymbal lyre whistle",
        "material": "granite marble slate sandstone limestone basalt brick clay oakwood iron"
        " bronze flint chalk concrete steel tin pinewood gravel quartz jade lead brass zinc cork",
    }.items()
}
"""Closed classes. The open ones are drawn: person, place, year, number."""

OPEN = ("person", "place", "year", "number")


@dataclass(frozen=True)
class Relation:
    """One thing that can be said of a kind of thing, and the ways to say and to ask it."""

    kind: str
    value: str
    statements: tuple[str, ...]
    questions: tuple[str, ...]


def _relation(kind: str, value: str, *forms: str) -> Relation:
    """Forms that end with a question mark ask, the others state."""
    asks = tuple(form for form in forms if form.endswith("?"))
    return Relation(kind, value, tuple(form for form in forms if form not in asks), asks)


RELATIONS: tuple[Relation, ...] = (
    _relation(
        "town",
        "colour",
        "The harbour of {e} is painted {v}.",
        "In {e} the harbour is {v}.",
        "They painted the harbour of {e} in {v}.",
        "What colour is the harbour of {e}?",
        "In which colour is the harbour of {e} painted?",
    ),
    _relation(
        "town",
        "person",
        "The mayor of {e} is {v}.",
        "The people of {e} chose {v} as mayor.",
        "Who is the mayor of {e}?",
        "What is the name of the mayor of {e}?",
    ),
    _relation(
        "town",
        "year",
        "{e} was founded in {v}.",
        "The town of {e} was founded in {v}.",
        "Settlers founded {e} in {v}.",
        "When was {e} founded?",
        "In which year was the town of {e} founded?",
    ),
    _relation(
        "town",
        "fruit",
        "The market of {e} is known for {v}.",
        "The market of {e} sells mostly {v}.",
        "At the market of {e} people buy {v}.",
        "What is the market of {e} known for?",
        "What does the market of {e} sell?",
    ),
    _relation(
        "town",
        "number",
        "{e} has {v} bridges.",
        "The town of {e} keeps {v} bridges.",
        "How many bridges does {e} have?",
        "How many bridges are there in {e}?",
    ),
    _relation(
        "town",
        "place",
        "{e} lies on the river {v}.",
        "The river that runs through {e} is the {v}.",
        "The town of {e} stands by the river {v}.",
        "On which river does {e} lie?",
        "Which river runs through {e}?",
    ),
    _relation(
        "town",
        "animal",
        "The flag of {e} shows the {v}.",
        "The animal on the flag of {e} is the {v}.",
        "{e} has the {v} on its flag.",
        "Which animal does the flag of {e} show?",
        "Which animal is on the flag of {e}?",
    ),
    _relation(
        "town",
        "tree",
        "The old tree on the square of {e} is the {v}.",
        "The square of {e} is shaded by the {v}.",
        "On the square of {e} stands the {v}.",
        "Which tree stands on the square of {e}?",
        "Which tree shades the square of {e}?",
    ),
    _relation(
        "ship",
        "person",
        "The captain of the ship {e} is {v}.",
        "The ship {e} sails under {v}.",
        "Who is the captain of the {e}?",
        "Who is the captain of the ship {e}?",
    ),
    _relation(
        "ship",
        "year",
        "The ship {e} was launched in {v}.",
        "The {e} was launched in {v}.",
        "When was the ship {e} launched?",
        "In which year was the {e} launched?",
    ),
    _relation(
        "ship",
        "goods",
        "The ship {e} carries {v}.",
        "The cargo of the {e} is {v}.",
        "The hold of the ship {e} is full of {v}.",
        "What does the ship {e} carry?",
        "What is the cargo of the {e}?",
    ),
    _relation(
        "ship",
        "place",
        "The home port of the ship {e} is {v}.",
        "The {e} has its home port in {v}.",
        "The home port of the {e} is called {v}.",
        "What is the home port of the ship {e}?",
        "Where is the home port of the {e}?",
    ),
    _relation(
        "ship",
        "colour",
        "The hull of the ship {e} is {v}.",
        "The sails of the {e} are white but its hull is {v}.",
        "They painted the hull of the {e} in {v}.",
        "What colour is the hull of the {e}?",
        "In which colour is the hull of the ship {e} painted?",
    ),
    _relation(
        "ship",
        "number",
        "The ship {e} has {v} sailors.",
        "The crew of the {e} counts {v} sailors.",
        "How many sailors does the ship {e} have?",
        "How many sailors are there on the {e}?",
    ),
    _relation(
        "person",
        "year",
        "{e} was born in {v}.",
        "The birth year of {e} is {v}.",
        "When was {e} born?",
        "In which year was {e} born?",
    ),
    _relation(
        "person",
        "place",
        "{e} lives in {v}.",
        "The house of {e} stands in {v}.",
        "The home of {e} is in {v}.",
        "Where does {e} live?",
        "Where is the home of {e}?",
    ),
    _relation(
        "person",
        "job",
        "{e} works as the {v}.",
        "The work of {e} is that of the {v}.",
        "People know {e} as the {v}.",
        "What does {e} work as?",
        "What is the work of {e}?",
    ),
    _relation(
        "person",
        "instrument",
        "{e} plays the {v}.",
        "The instrument of {e} is the {v}.",
        "In the evening {e} plays the {v}.",
        "Which instrument does {e} play?",
        "What is the instrument of {e}?",
    ),
    _relation(
        "person",
        "animal",
        "{e} keeps the {v} as a pet.",
        "The pet of {e} is the {v}.",
        "At home {e} feeds the {v}.",
        "Which animal does {e} keep as a pet?",
        "What is the pet of {e}?",
    ),
    _relation(
        "person",
        "person",
        "{e} was taught by {v}.",
        "The teacher of {e} was {v}.",
        "Who was the teacher of {e}?",
        "Who taught {e}?",
    ),
    _relation(
        "person",
        "number",
        "{e} has written {v} letters.",
        "The letters written by {e} number {v}.",
        "How many letters has {e} written?",
        "How many letters are there by {e}?",
    ),
    _relation(
        "person",
        "fruit",
        "{e} has a garden of {v}.",
        "The garden of {e} is full of {v}.",
        "In the garden {e} grows {v}.",
        "What does {e} grow in the garden?",
        "What is the garden of {e} full of?",
    ),
    _relation(
        "factory",
        "person",
        "The owner of the {e} factory is {v}.",
        "The {e} factory belongs to {v}.",
        "Who is the owner of the {e} factory?",
        "Who owns the {e} factory?",
    ),
    _relation(
        "factory",
        "goods",
        "The {e} factory makes {v}.",
        "Workers at the {e} factory make {v}.",
        "The {e} factory is known for its {v}.",
        "What does the {e} factory make?",
        "What is the {e} factory known for?",
    ),
    _relation(
        "factory",
        "year",
        "The {e} factory opened in {v}.",
        "The gates of the {e} factory opened in {v}.",
        "When did the {e} factory open?",
        "In which year did the {e} factory open?",
    ),
    _relation(
        "factory",
        "number",
        "The {e} factory has {v} workers.",
        "The {e} factory employs {v} workers.",
        "How many workers does the {e} factory have?",
        "How many workers are there at the {e} factory?",
    ),
    _relation(
        "factory",
        "place",
        "The {e} factory stands in {v}.",
        "The {e} factory was built in {v}.",
        "The town of the {e} factory is {v}.",
        "Where does the {e} factory stand?",
        "In which town was the {e} factory built?",
    ),
    _relation(
        "castle",
        "person",
        "The lord of the castle {e} is {v}.",
        "The castle {e} belongs to {v}.",
        "Who is the lord of the castle {e}?",
        "To whom does the castle {e} belong?",
    ),
    _relation(
        "castle",
        "material",
        "The walls of the castle {e} are made of {v}.",
        "The castle {e} is built of {v}.",
        "What are the walls of the castle {e} made of?",
        "What is the castle {e} built of?",
    ),
    _relation(
        "castle",
        "number",
        "The castle {e} has {v} rooms.",
        "How many rooms does the castle {e} have?",
        "How many rooms are there in the castle {e}?",
    ),
    _relation(
        "castle",
        "year",
        "The castle {e} was finished in {v}.",
        "The last stone of the castle {e} was laid in {v}.",
        "When was the castle {e} finished?",
        "In which year was the castle {e} finished?",
    ),
    _relation(
        "castle",
        "tree",
        "The garden of the castle {e} has one tree, the {v}.",
        "In the garden of the castle {e} stands the {v}.",
        "The garden of the castle {e} is shaded by the {v}.",
        "Which tree stands in the garden of the castle {e}?",
        "Which tree shades the garden of the castle {e}?",
    ),
)

KINDS: tuple[str, ...] = tuple(dict.fromkeys(relation.kind for relation in RELATIONS))
OF_KIND: dict[str, tuple[Relation, ...]] = {
    kind: tuple(r for r in RELATIONS if r.kind == kind) for kind in KINDS
}
