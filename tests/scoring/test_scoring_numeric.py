"""The number that an answer states, against lists of pairs that a person has judged."""

from __future__ import annotations

import json
import random
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.scoring.numeric import is_number, numeric_score
from wattmark.scoring.thinking import final_answer
from wattmark.scoring.words import spoken_numbers

DATA = Path(__file__).parent / "data"
OTHERWISE = "otherwise"
"""The pairs of all lists that are judged otherwise than a person judged them."""
LISTS = sorted({one.stem for one in DATA.glob("*.jsonl")} - {"squad_official", OTHERWISE})


def pairs(name: str) -> list[dict[str, Any]]:
    lines = (DATA / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.mark.parametrize("name", LISTS)
def test_it_judges_as_a_person_does(name: str) -> None:
    other = [
        (row["expected"], row["response"], said)
        for row in pairs(name)
        if (said := _score(row)).correct is not row["correct"]
    ]
    assert other == []


def test_known_misses_are_no_more_than_they_were() -> None:
    """One that is judged rightly by now belongs to a list."""
    rows = pairs(OTHERWISE)
    assert [row for row in rows if _score(row).correct is row["correct"]] == []
    assert len(rows) < sum(len(pairs(name)) for name in LISTS) / 100


def _score(row: dict[str, Any]) -> Any:
    said = final_answer(row["response"])
    return numeric_score(row["expected"], said, row.get("lang"), row.get("query", ""))


def test_the_lists_are_long_and_in_two_languages() -> None:
    rows = [row for name in LISTS for row in pairs(name)]
    assert len(rows) > 3500
    assert sum(row.get("lang", "")[:2] == "pt" for row in rows) > 1200
    assert 0.2 < sum(not row["correct"] for row in rows) / len(rows) < 0.6


def test_any_answer_to_any_question_is_judged() -> None:
    """Phrases that the lists have apart meet here: another's question, two answers, one cut off."""
    luck = random.Random(7)
    rows = luck.sample([row for name in LISTS for row in pairs(name)], 2000)
    others = luck.sample(rows, len(rows))
    for row, other in zip(rows, others, strict=True):
        answer = f"{row['response']} {other['response']}"
        cut = answer[: luck.randrange(len(answer) + 1)]
        for text in (row["response"], cut):
            said = numeric_score(row["expected"], text, row.get("lang"), other.get("query", ""))
            assert said.correct is not None
    assert numeric_score("2", "They get 2 each, 3 each", "en", "How many does each get?").why


def test_it_says_what_it_read_and_why() -> None:
    right = numeric_score("85", "The answer is 84. Wait, no: it is 85.")
    assert (right.correct, right.value, right.extracted) == (True, 1.0, "85")
    wrong = numeric_score("85", "The answer is 84.")
    assert (wrong.correct, wrong.value, wrong.extracted) == (False, 0.0, "84")
    assert wrong.why == "read 84, stated as the answer; expected 85"
    assert numeric_score("85", "85 or 86").why == "several answers are left standing: 85 and 86"
    assert numeric_score("85", "?").why == "the answer states no number"


def test_the_questions_own_words_are_not_read() -> None:
    question = "Ana had 12 pears and gave 7 away."
    assert numeric_score("7", question).correct
    assert not numeric_score("7", question, question=question).correct
    assert numeric_score("5", f"{question} She has 5.", question=question).correct


def test_the_question_tells_which_of_two_numbers_is_meant() -> None:
    said = "O pai tem 39 anos e Nina tem 13."
    asked = "Nina e o pai somam 52 anos. Quantos anos tem {}?"
    assert numeric_score("39", said, "pt", asked.format("o pai")).extracted == "39"
    assert numeric_score("13", said, "pt", asked.format("Nina")).extracted == "13"


def test_a_question_for_minutes_is_not_answered_in_days() -> None:
    asked = "How many minutes are there in 3 days?"
    assert numeric_score("4320", "4320 minutes", "en", asked).correct
    assert not numeric_score("4320", "3 days", "en", asked).correct
    assert numeric_score("95", "1 hour and 35 minutes", "en").correct


def test_a_gold_that_is_no_number_is_compared_as_a_phrase() -> None:
    assert numeric_score("no solution", " No solution.").correct
    assert not numeric_score("no solution", "5").correct


@pytest.mark.parametrize(
    "text", ["85", "-1,234.5", "1/2", "25%", "R$ 5,00", "85 km", "1e3", " 3 1/2 "]
)
def test_what_is_a_number(text: str) -> None:
    assert is_number(text)


@pytest.mark.parametrize(
    "text", ["", "Apollo 11", "85 86", "x", "v1.2", "nan", "12/05/2024", "5 apples"]
)
def test_what_is_none(text: str) -> None:
    assert not is_number(text)


@given(st.integers(-(10**12), 10**12), st.text(alphabet="abc :\n", max_size=20))
def test_a_stated_integer_is_read_back(number: int, before: str) -> None:
    for written in (str(number), f"{number:,}", f"{number}.0"):
        assert numeric_score(str(number), f"{before} = {written}", "en").correct


@given(st.decimals(-(10**9), 10**9, places=2), st.sampled_from(["en", "pt"]))
def test_decimals_are_exact_in_each_language(number: Any, language: str) -> None:
    written = f"{number:,}"
    if language == "pt":
        written = written.translate(str.maketrans(",.", ".,"))
    assert numeric_score(f"{number:f}", f"= {written}", language).correct
    assert not numeric_score(f"{number + 1:f}", f"= {written}", language).correct


@given(st.integers(-999, 999), st.integers(1, 999))
def test_fractions_are_compared_by_value(above: int, below: int) -> None:
    assert numeric_score(f"{above}/{below}", f"= {3 * above}/{3 * below}").correct
    assert not numeric_score(f"{above}/{below}", f"= {above + 1}/{below}").correct


@given(st.text())
def test_any_text_gets_a_score(text: str) -> None:
    assert numeric_score("85", text, "pt").correct in {True, False}
    assert numeric_score(text, "85").correct in {True, False}


MIB = 2**20
LONG = {
    "letters": "x" * MIB,
    "digits": "9" * MIB,
    "groups": "1,234" * (MIB // 5),
    "signs": "-" * MIB,
    "spaced": "1 " * (MIB // 2),
    "boxes": "\\boxed{" * (MIB // 7),
    "markers": "the answer is " * (MIB // 14),
    "turns": "wait, no: 5 " * (MIB // 12),
    "checks": "check: 5 " * (MIB // 9),
    "reasons": "5 because " * (MIB // 10),
    "questions": "1\nQ: " * (MIB // 5),
    "equations": "1 + 2 = 3\n" * (MIB // 10),
    "words": "twenty " * (MIB // 7),
    "tags": "<a " * (MIB // 3),
    "surrogates": "\ud800" * MIB,
    "suppositions": "if 5 would " * (MIB // 11),
    "hearsay": "the book says 5 " * (MIB // 16),
    "mathematics": "$5 " * (MIB // 3),
    "times": "1:30 " * (MIB // 5),
    "citations": "[1] " * (MIB // 4),
    "doubts": "not sure: 5 or 6. " * (MIB // 18),
    "refusals": "I cannot say 5 " * (MIB // 15),
    "cases": "With a big red car 5 " * (MIB // 21),
    "withdrawals": "wrong, let me start over 5 " * (MIB // 27),
    "empty": "the answer is X, where 5 " * (MIB // 25),
    "offers": "if you like 5 let me know " * (MIB // 26),
    "reminders": "5. Remember that 5 " * (MIB // 19),
    "serials": "a1-b2_" * (MIB // 6),
    "hexadecimals": "1a2b" * (MIB // 4),
    "addresses": "a.b-c+d@" * (MIB // 8),
    "telephones": "call +55 11 (11) 555-" * (MIB // 21),
    "denials": "nothing is left, " * (MIB // 17),
    "retractions": "12. forget it, " * (MIB // 15),
    "glued": "12User: " * (MIB // 8),
    "footnotes": "[1] a 12\n" * (MIB // 9),
    "ordinals": "the eighth day " * (MIB // 15),
    "controls": "".join(map(chr, range(32))) * (MIB // 32),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG.keys())
def test_a_megabyte_of_anything_ends(text: str) -> None:
    score = numeric_score("85", text)
    assert score.correct is False
    assert score.extracted is None or len(score.extracted) <= 80
    for gold in ("16:45", "3:5"):
        assert numeric_score(gold, text).correct is False


@pytest.mark.parametrize("name", ["turns", "equations", "spaced", "doubts", "cases", "denials"])
def test_a_megabyte_ends_with_a_question_too(name: str) -> None:
    asked = "Tom has 5 apples and buys 6. How many apples does he have in total?"
    assert numeric_score("85", LONG[name], "en", asked).correct is False


def test_both_ends_of_a_megabyte_are_read() -> None:
    assert numeric_score("85", "The answer is 85. " + "x " * MIB).correct
    assert numeric_score("85", "x " * MIB + "The answer is 85.").correct


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("two hundred and five", [205]),
        ("five and six", [5, 6]),
        ("cinco e seis", [5, 6]),
        ("vinte e cinco e seis", [25, 6]),
        ("um milhão duzentos mil e três", [1200003]),
        ("half a million", [500000]),
        ("three point one four", [Fraction(157, 50)]),
        ("três vírgula cinco", [Fraction(7, 2)]),
        ("por cento", []),
        ("someone else", []),
    ],
)
def test_numbers_in_words(text: str, values: list[Any]) -> None:
    assert [spoken.value for spoken in spoken_numbers(text)] == values


@pytest.mark.parametrize(
    ("gold", "text", "right"),
    [
        ("16:45", "It ends at 4:45 pm.", True),
        ("16:45", "It ends at 4:45 am.", False),
        ("16:45", "14:20 + 2:25 = 16:45", True),
        ("16:45", "Às 16h45min.", True),
        ("16:45", "A quarter to five in the afternoon.", True),
        ("16:45", "Quinze para as cinco da tarde.", True),
        ("16:45", "Às quatro e quarenta e cinco da tarde.", True),
        ("16:45", "\\boxed{16{:}45}", True),
        ("16:45", "16:35. Wait, no: 16:45.", True),
        ("16:45", "16:45 or 16:50", False),
        ("17:00", "5 pm", True),
        ("4:45 PM", "16:45", True),
        ("2:30", "2 hours and 30 minutes", True),
        ("3:5", "6:10 = 3:5", True),
        ("3:5", "The ratio is 3 to 5.", True),
        ("3:5", "5:3", False),
    ],
)
def test_times_and_ratios_are_read_in_any_writing(gold: str, text: str, right: bool) -> None:
    assert numeric_score(gold, text).correct is right


def test_a_time_is_shown_as_it_was_written() -> None:
    score = numeric_score("16:45", "It ends at 4:45 am.")
    assert score.extracted == "4:45 am"
    assert score.why == "read 4:45 am, the last number stated; expected 16:45"


def test_a_ratio_is_in_lowest_terms_where_they_are_asked_for() -> None:
    assert numeric_score("3:5", "6:10", "en", "Give the ratio of cats to dogs.").correct
    assert not numeric_score("3:5", "6:10", "en", "Give the ratio in lowest terms.").correct
