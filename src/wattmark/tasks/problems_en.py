"""Word problems in English: the telling of every plot, and the words that fill it."""

from __future__ import annotations

from fractions import Fraction

PROMPT = (
    "Solve the problem. Work it out step by step if you need to, and end with the result as a"
    " number.\n\nProblem: {query}\nAnswer:"
)
PEOPLE = (
    ("Alice", "f"), ("Ben", "m"), ("Carla", "f"), ("David", "m"), ("Emma", "f"), ("Frank", "m"),
    ("Grace", "f"), ("Henry", "m"), ("Isla", "f"), ("Jack", "m"), ("Kate", "f"), ("Liam", "m"),
    ("Mia", "f"), ("Noah", "m"), ("Olivia", "f"), ("Peter", "m"), ("Rosa", "f"), ("Sam", "m"),
    ("Tara", "f"), ("Victor", "m"), ("Wendy", "f"), ("Oscar", "m"), ("Nina", "f"), ("Leo", "m"),
)  # fmt: skip
THINGS = {
    "kept": (
        "marbles", "stickers", "stamps", "postcards", "coins", "seashells", "buttons", "badges",
        "pencils", "comic books", "trading cards", "toy cars", "beads", "bracelets", "balloons",
        "crayons", "magnets", "key rings", "photographs", "bookmarks", "medals", "rubber bands",
    ),
    "packed": (
        "eggs", "cookies", "muffins", "candles", "light bulbs", "tiles", "oranges", "peaches",
        "lemons", "bars of soap", "bottles", "chocolates", "tea bags", "batteries", "glasses",
    ),
    "bought": (
        "mugs", "plates", "scarves", "caps", "towels", "T-shirts", "bowls", "cushions",
        "plant pots", "belts", "umbrellas", "trays",
    ),
    "fruit": (
        "apples", "oranges", "pears", "peaches", "lemons", "mangoes", "plums", "figs",
        "tangerines", "guavas",
    ),
    "large": (
        "a bicycle", "a sofa", "a guitar", "a wardrobe", "a camera", "a desk", "a keyboard",
        "a tent", "a sewing machine", "an armchair", "a bookcase", "a mattress",
    ),
    "hall": (
        "A concert hall", "A theatre", "A cinema", "A circus tent", "A lecture hall", "A stadium",
    ),
    "vehicle": ("train", "ferry", "boat", "tram"),
    "ingredient": (
        "flour", "sugar", "rice", "cheese", "butter", "lentils", "oats", "carrots", "mushrooms",
        "tomatoes",
    ),
    "school": ("school", "college", "secondary school", "technical school"),
    "made": (
        "bolts", "bottles", "tiles", "buttons", "pens", "batteries", "light bulbs", "cups",
        "spoons", "toy cars",
    ),
    "outing": ("theatre", "museum", "zoo", "cinema", "circus", "aquarium", "water park", "castle"),
    "tank": ("tank", "water tank", "cistern", "rainwater tank"),
}  # fmt: skip
PARTS = {2: "half", 3: "a third", 4: "a quarter", 5: "a fifth"}
TEXTS = {
    "give": "{A} had {had} {things} and gave {n} of them to {B}."
    " How many {things} does {A} have left?",
    "get": "{A} has {has} {things} and gets {n} more from {B}."
    " How many {things} does {A} have now?",
    "pack": "{A} filled {boxes} boxes with {n} {things} in each."
    " How many {things} are in the boxes altogether?",
    "share": "{A} shares {n} {things} equally among {f} friends."
    " How many {things} does each friend get?",
    "compare": "{A} has {a} {things} and {B} has {b}."
    " How many more {things} does {A} have than {B}?",
    "before": "After giving {n} {things} to {B}, {A} had {k} left."
    " How many {things} did {A} have before?",
    "older": "{A} is {age} years old, and {B} is {n} years older. How old is {B}?",
    "price": "{A} buys {n} {things} at {price} each. How much does {A} pay?",
    "change": "{A} buys {n} {things} at {price} each and hands over {paid}."
    " How much change does {A} get?",
    "damaged": "{A} received {boxes} boxes with {n} {things} in each, but {bad} of the {things}"
    " were damaged. How many {things} were not damaged?",
    "rows": "{thing} has {n} rows of {seats} seats and {others} rows of {wider} seats."
    " How many seats does it have?",
    "train": "A {thing} sets out with {start} passengers. At the first stop {off} get off and"
    " {on} get on. How many passengers are on board then?",
    "saving": "{A} has saved {has} and puts aside another {weekly} every week."
    " How much will {A} have after {weeks} weeks?",
    "trip": "{A} drives for {hours} hours at {speed} km/h and then another {more} km."
    " How many kilometres does {A} drive in all?",
    "pool": "{A} picked {a} {things} and {B} picked {b}. All of them were shared equally among"
    " {n} people. How many {things} did each person get?",
    "times": "{A} has {n} {things}, and {B} has {k} times as many."
    " How many {things} do they have together?",
    "payments": "{A} buys {thing} for {price}. {He} pays {down} at once and the rest in {n} equal"
    " payments. How much is each payment?",
    "recipe": "A recipe for {p} people takes {g} g of {thing}."
    " How many grams of {thing} does it take for {q} people?",
    "discount": "{A} buys {n} {things} at {price} each and gets a discount of {percent}% on the"
    " total. How much does {A} pay?",
    "school": "A {thing} has {pupils} students. {percent}% of them come by bus, {walk} come on"
    " foot, and the others come by bicycle. How many students come by bicycle?",
    "book": "{A} has a book of {pages} pages. On the first day {he} reads {part} of it, and on"
    " each of the next {days} days {he} reads {daily} pages. How many pages are left to read?",
    "factory": "In a factory, {n} machines make {hourly} {things} an hour each. After {hours}"
    " hours, {faulty} of the {things} turn out to be faulty. How many {things} are not faulty?",
    "tickets": "At the {thing}, {a} adults pay {adult} each and {c} children pay {child} each."
    " The group also pays a booking fee of {fee}. How much does the group pay in all?",
    "average": "{A} read {x} pages on Monday, {y} on Tuesday and {z} on Wednesday."
    " How many pages a day did {A} read on average?",
    "tank": "An empty {thing} holds {v} litres. A hose brings in {a} litres a minute, while a leak"
    " lets out {b} litres a minute. After how many minutes is the {thing} full?",
    "wage": "{A} earns {wage} an hour and works {hours} hours a day for {days} days."
    " {He} spends {rent} of that on rent. How much is left?",
}


def person(entry: tuple[str, str]) -> dict[str, str]:
    """Name and pronouns of whom a problem is about."""
    he = "he" if entry[1] == "m" else "she"
    return {"A": entry[0], "he": he, "He": he.capitalize()}


def thing(entry: str) -> dict[str, str]:
    """What a problem is about; most are plurals."""
    return {"things": entry, "thing": entry}


def money(amount: Fraction) -> str:
    """$12, $12.50, $1,250."""
    return f"${float(amount):,.{0 if amount.denominator == 1 else 2}f}"
