from __future__ import annotations

import inspect
import re
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from itertools import chain, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.schema import Generation
from wattmark.tasks import problems_en, problems_pt
from wattmark.tasks.arithmetic import DATA, PROMPT, SCORER, Arithmetic
from wattmark.tasks.find import find_task
from wattmark.tasks.problems import KINDS, LANGUAGES, LEVELS, Problem, generate, share_out, size
from wattmark.tasks.problems_form import decimal_places, written
from wattmark.tasks.problems_words import ONE_STEP, THREE_STEPS, TWO_STEPS
from wattmark.tasks.rows import read_rows

PLOTS = (ONE_STEP, TWO_STEPS, THREE_STEPS)
SUMS = tuple(kind for kind in KINDS if kind != "word")


def value_of(expression: str) -> Fraction:
    """Worked out by Python's own grammar: nothing of the generator's."""
    exact = re.sub(r"\d+(?:\.\d+)?", r"Fraction('\g<0>')", expression)
    return Fraction(eval(exact, {"Fraction": Fraction}))


PERCENTAGES: dict[str, Callable[[Fraction, Fraction], Fraction]] = {
    r"([\d.]+)% (?:of|de) (\d+)": lambda p, n: n * p / 100,
    r"(\d+) (?:increased by|com aumento de) ([\d.]+)%": lambda n, p: n * (1 + p / 100),
    r"(\d+) (?:decreased by|com desconto de) ([\d.]+)%": lambda n, p: n * (1 - p / 100),
}


def second_value(problem: Problem) -> Fraction:
    if problem.kind != "percentage":
        return value_of(problem.text)
    for pattern, work in PERCENTAGES.items():
        found = re.fullmatch(pattern, problem.text.replace(",", "."))
        if found:
            return work(*map(Fraction, found.groups()))
    raise AssertionError(problem.text)


def read(answer: str) -> Fraction:
    return Fraction(answer.replace(",", "."))


@settings(max_examples=25, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(1, 6),
    st.integers(1, 300),
    st.integers(0, 10**9),
    st.sampled_from(LANGUAGES),
)
def test_problems_are_distinct_whatever_is_asked(
    kind: str, level: int, count: int, seed: int, language: str
) -> None:
    count = min(count, size(kind, level, language))
    found = generate((kind,), (level,), count, seed, language)
    assert len({p.text for p in found}) == len({p.id for p in found}) == count
    assert found == generate((kind,), (level,), count, seed, language)


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 400), st.sampled_from(LANGUAGES))
def test_mixed_problems_are_distinct_and_shared_out_evenly(
    seed: int, count: int, language: str
) -> None:
    found = generate(KINDS, (2, 3), count, seed, language)
    assert len({p.text for p in found}) == len({p.id for p in found}) == count
    for part in (found, found[: count // 2]):
        shares = Counter((p.kind, p.level) for p in part)
        assert max(shares.values(), default=0) - min(shares.values(), default=0) <= 2


@pytest.mark.parametrize(("kind", "level"), list(product(SUMS, LEVELS)))
def test_the_gold_by_a_second_computation(kind: str, level: int) -> None:
    for problem in generate((kind,), (level,), min(40, size(kind, level, "pt")), 5, "pt"):
        assert read(problem.answer) == second_value(problem), problem


@pytest.mark.parametrize(("kind", "language"), list(product(SUMS, LANGUAGES)))
def test_how_many_there_are_is_what_can_be_had(kind: str, language: str) -> None:
    most = size(kind, 1, language)
    every = generate((kind,), (1,), most, 0, language)
    assert len({p.text for p in every}) == most
    assert {p.text for p in every} == {p.text for p in generate((kind,), (1,), most, 1, language)}
    with pytest.raises(InputError, match=f"There are {most} distinct problems .*not {most + 1}"):
        generate((kind,), (1,), most + 1, 0, language)


def test_whole_numbers_have_as_many_digits_as_the_level_says() -> None:
    for kind, level in product(("addition", "subtraction", "multiplication", "two-step"), LEVELS):
        for problem in generate((kind,), (level,), 30, 0, "en"):
            shown = re.sub(r"/ \d$", "", problem.text)
            assert {len(n) for n in re.findall(r"\d+", shown)} == {level}, problem


@pytest.mark.parametrize(
    ("value", "language", "shown"),
    [
        (Fraction(12), "en", "12"),
        (Fraction(25, 2), "en", "12.5"),
        (Fraction(5, 2), "pt", "2,5"),
        (Fraction(-1, 8), "en", "-0.125"),
        (Fraction(1, 3), "pt", "1/3"),
        (Fraction(0), "pt", "0"),
    ],
)
def test_written(value: Fraction, language: str, shown: str) -> None:
    assert written(value, language) == shown


def test_fractions_stay_fractions() -> None:
    assert written(Fraction(3, 4), "en", as_fraction=True) == "3/4"
    assert written(Fraction(8, 4), "en", as_fraction=True) == "2"


@given(st.fractions(max_denominator=1000))
def test_what_is_written_is_exact(value: Fraction) -> None:
    for language in LANGUAGES:
        shown = written(value, language)
        assert read(shown) == value
        assert ("/" in shown) == (decimal_places(value) is None)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.data())
def test_shares_are_full_and_even(sizes: list[int], data: st.DataObject) -> None:
    count = data.draw(st.integers(0, sum(sizes)))
    shares = share_out(count, sizes)
    assert sum(shares) == count
    assert all(share <= most for share, most in zip(shares, sizes, strict=True))
    open_ones = [share for share, most in zip(shares, sizes, strict=True) if share < most]
    assert not open_ones or max(shares) - min(open_ones) <= 1


# What each plot asks, worked out from the numbers as they are told: (numbers) → answer.
TOLD: dict[str, Callable[..., Fraction]] = {
    "give": lambda had, n: had - n,
    "get": lambda has, n: has + n,
    "pack": lambda boxes, n: boxes * n,
    "share": lambda n, f: n / f,
    "compare": lambda a, b: a - b,
    "before": lambda n, k: n + k,
    "older": lambda age, n: age + n,
    "price": lambda n, price: n * price,
    "change": lambda n, price, paid: paid - n * price,
    "damaged": lambda boxes, n, bad: boxes * n - bad,
    "rows": lambda n, seats, others, wider: n * seats + others * wider,
    "train": lambda start, off, on: start - off + on,
    "saving": lambda has, weekly, weeks: has + weekly * weeks,
    "trip": lambda hours, speed, more: hours * speed + more,
    "pool": lambda a, b, n: (a + b) / n,
    "times": lambda n, k: n + n * k,
    "payments": lambda price, down, n: (price - down) / n,
    "recipe": lambda p, g, q: g / p * q,
    "discount": lambda n, price, percent: n * price * (1 - percent / 100),
    "school": lambda pupils, percent, walk: pupils * (1 - percent / 100) - walk,
    "book": lambda pages, part, days, daily: pages - pages * part - days * daily,
    "factory": lambda n, hourly, hours, faulty: n * hourly * hours - faulty,
    "tickets": lambda a, adult, c, child, fee: a * adult + c * child + fee,
    "average": lambda x, y, z: (x + y + z) / 3,
    "tank": lambda v, a, b: v / (a - b),
    "wage": lambda wage, hours, days, rent: wage * hours * days - rent,
}
MODULES = {"en": problems_en, "pt": problems_pt}
MONEY = {"en": r"\$([\d,]+(?:\.\d\d)?)", "pt": r"R\$ ([\d.]+,\d\d)"}


def told_in(text: str, name: str, language: str) -> dict[str, Fraction] | None:
    """The numbers of a told problem by slot, money and parts of a book read back."""
    wanted = inspect.signature(TOLD[name]).parameters
    pieces = re.split(r"\{(\w+)\}", MODULES[language].TEXTS[name])
    pattern = "".join(
        re.escape(piece) if at % 2 == 0 else f"(?P<{piece}>.+?)" if piece in wanted else r"\D+?"
        for at, piece in enumerate(pieces)
    )
    found = re.fullmatch(pattern, text)
    return found and {
        slot: told_value(value, language) for slot, value in found.groupdict().items()
    }


def told_value(shown: str, language: str) -> Fraction:
    for part, words in MODULES[language].PARTS.items():
        if shown == words:
            return Fraction(1, part)
    money = re.fullmatch(MONEY[language], shown)
    if money and language == "pt":
        return Fraction(money[1].replace(".", "").replace(",", "."))
    return Fraction(money[1].replace(",", "") if money else shown)


@pytest.mark.parametrize(("level", "language"), list(product(LEVELS, LANGUAGES)))
def test_word_problems_by_a_second_computation(level: int, language: str) -> None:
    """Every plot is read back from its text, and worked out from what is told."""
    plots = {plot.name for plot in PLOTS[(level - 1) // 2]}
    seen = set()
    for problem in generate(("word",), (level,), 160, 3, language):
        every = {name: told_in(problem.text, name, language) for name in plots}
        [(name, told)] = [(name, told) for name, told in every.items() if told]
        seen.add(name)
        assert read(problem.answer) == TOLD[name](**told) >= 0, problem
        assert all(number >= 2 for number in told.values() if number.denominator == 1), problem
    assert seen == plots


def test_no_plot_tells_the_same_on_two_levels() -> None:
    for plot in chain(*PLOTS):
        pairs = zip(plot.easy, plot.hard, strict=True)
        assert any(set(easy).isdisjoint(hard) for easy, hard in pairs), plot.name


def test_there_are_words_enough() -> None:
    for words in MODULES.values():
        assert len(words.TEXTS) >= 20
        assert len(set(words.PEOPLE)) == len(words.PEOPLE) >= 20
        assert sum(map(len, words.THINGS.values())) >= 20
        assert all(len(set(things)) == len(things) for things in words.THINGS.values())
    assert set(problems_en.TEXTS) == set(problems_pt.TEXTS) == set(TOLD)
    assert all(size("word", level, name) > 10_000 for level in LEVELS for name in LANGUAGES)


def test_five_hundred_read_without_a_loose_end() -> None:
    for language, level in product(LANGUAGES, LEVELS):
        for problem in generate(("word",), (level,), 500, 1, language):
            assert not re.search(r"[{}_]|  |\d[.,]\d{3,}[.,]\d{3}", problem.text), problem
            assert problem.text[0].isupper()
            assert problem.text.endswith("?")
            assert len(re.findall(r"\?", problem.text)) == 1


def test_portuguese_agrees_in_gender() -> None:
    """No article, quantity or adjective of one gender beside a noun of the other."""
    nouns = {noun: gender for sort in problems_pt.THINGS.values() for noun, gender in sort}
    genders = {"m": ("Uma", "uma", "Na", "a"), "f": ("Um", "um", "No", "o")}
    wrong = []
    for noun, gender in nouns.items():
        other = "as" if gender == "m" else "os"
        wrong += [f"{word} {noun}" for word in (f"Quant{other}", f"quant{other}", *genders[gender])]
        wrong += [f"{noun} chegaram danificad{other}", f"{noun} vazi{other[0]}"]
        wrong += [f"{noun} fica chei{other[0]}"]
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, wrong))})\b")
    each = re.compile(r"\d ([\w ]+) por R\$ [\d.,]+ (cada uma?)\b")
    for level in LEVELS:
        for problem in generate(("word",), (level,), 300, 2, "pt"):
            assert not pattern.search(problem.text), problem
            for noun, said in each.findall(problem.text):
                assert said == ("cada um" if nouns[noun] == "m" else "cada uma"), problem
            for name, pronoun in re.findall(r"(\w+) tem um livro.*?, (el[ea]) lê", problem.text):
                assert (name, "m" if pronoun == "ele" else "f") in problems_pt.PEOPLE


def test_the_default_is_what_ships() -> None:
    plain = Arithmetic()
    assert (plain.name, plain.version) == ("arithmetic", f"{SCORER}-{read_rows(DATA).digest}")
    queries = plain.queries(None, 0)
    assert len(queries) == 256
    first = queries[0]
    assert (first.id, first.text, first.prompt) == ("a0001", "9 + 58", "9 + 58 =")
    assert find_task("arithmetic:kind=held-out").name == "arithmetic"


def test_options_make_another_task() -> None:
    task = find_task("arithmetic:level=3,kind=two-step,count=50,seed=7,lang=pt")
    assert task.name == "arithmetic:count=50,kind=two-step,lang=pt,level=3,seed=7"
    queries = task.queries(None, 0)
    assert [q.id for q in queries[:2]] == ["two-step-3-0001", "two-step-3-0002"]
    assert len(queries) == 50
    assert {q.language for q in queries} == {"pt"}
    assert all(q.prompt == PROMPT.format(query=q.text) for q in queries)
    assert find_task("arithmetic:seed=1").name == "arithmetic:kind=mixed,seed=1"
    assert find_task("arithmetic:kind=word,level=2-2").name == "arithmetic:kind=word"


def test_word_problems_come_with_an_instruction() -> None:
    for language, words in (("en", "Answer:"), ("pt", "Resposta:")):
        for query in find_task(f"arithmetic:kind=word,lang={language},count=5").queries(None, 0):
            assert query.text in query.prompt
            assert query.prompt.endswith(words)


def test_the_version_is_what_is_asked() -> None:
    names = [
        f"arithmetic:kind={kind},seed={seed},lang={lang}"
        for kind, seed, lang in product(("word", "addition"), (0, 1), LANGUAGES)
    ]
    assert len({find_task(name).version for name in names}) == len(names)


@pytest.mark.parametrize(("lang", "digest"), [("en", "417e4efcde24"), ("pt", "39c80676150e")])
def test_the_same_problems_on_every_machine(lang: str, digest: str) -> None:
    """Changes with any template, range or order: runs of before are then of other work."""
    task = find_task(f"arithmetic:level=1-6,count=600,lang={lang}")
    assert task.version == f"{SCORER}-{digest}"


def test_a_changed_template_changes_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    from wattmark.tasks import problems  # noqa: PLC0415 - its cache of forms is emptied here

    before = find_task("arithmetic:kind=word,count=8").version
    changed = problems_en.TEXTS | {"give": problems_en.TEXTS["give"].replace("left", "now")}
    monkeypatch.setattr(problems_en, "TEXTS", changed)
    problems._forms.cache_clear()
    assert find_task("arithmetic:kind=word,count=8").version != before
    problems._forms.cache_clear()


def test_gold_scores_as_correct() -> None:
    for language in LANGUAGES:
        task = find_task(f"arithmetic:kind=mixed,level=1-6,count=480,lang={language}")
        for query in task.queries(None, 0):
            assert query.answer is not None
            for answer in (query.answer, f"{query.text} = {query.answer}.", f"= {query.answer}\n"):
                score = task.score(query, Generation(query.id, answer, 0, 1, 1, 0, 1))
                assert score.correct is True, (query, answer, score)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ("kind=sums", "Unknown kind 'sums'.*two-step"),
        ("level=7", "level=7 is not a whole number from 1 to 6"),
        ("level=0", "from 1 to 6"),
        ("level=3-1", "from 3 to 6"),
        ("level=1-", "level= is not"),
        ("level=1-9", "level=9 is not a whole number from 1 to 6"),
        ("level=-2", "level="),
        ("level=two", "level=two"),
        ("count=0", "from 1 to"),
        ("count=1000000", "from 1 to"),
        ("seed=-1", "seed=-1"),
        ("lang=fr", "Unknown lang 'fr'.*en, pt"),
        ("kind=held-out,level=2", "kind=held-out has no level"),
        ("kind=addition,level=1,count=82", "There are 81 distinct problems of kind addition"),
        ("kinds=word", "Unknown option 'kinds'.*Did you mean 'kind'"),
    ],
)
def test_options_that_are_wrong(options: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find_task(f"arithmetic:{options}")
