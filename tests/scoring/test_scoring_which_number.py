"""Which of several numbers of an answer is read, by what the question asks and the answer says."""

from __future__ import annotations

import pytest

from wattmark.scoring.numeric import numeric_score


def test_a_year_is_read_out_of_a_date() -> None:
    asked = "In which year did people first land on the Moon?"
    assert numeric_score("1969", "On 20/07/1969.", "en", asked).correct
    assert numeric_score("1969", "On 20 July 1969, 8 years after the speech.", "en", asked).correct
    assert not numeric_score("20", "20/07/1969").correct


def test_what_others_say_is_no_answer() -> None:
    assert numeric_score("42", "The book says the answer is 40. It is 42.").correct
    assert numeric_score("42", "It is 42. If each cost 2 more, it would be 50.").correct


@pytest.mark.parametrize(
    ("gold", "text", "question", "right"),
    [
        ("2/3", "0.67", "How many is 2 / 3?", True),
        ("2/3", "0.67", "What is 2 / 3, exactly?", False),
        ("2/3", "2/3, about 0.67", "What is 2 / 3, exactly?", True),
        (
            "0",
            "5 + 4 = 9, so none are left.",
            "Of 9 pears 5 and 4 are eaten. How many are left?",
            True,
        ),
        ("0", "9 boxes, with none left.", "How many boxes are filled?", False),
        ("8", "After 7 days, on the eighth day.", "On which day does it arrive?", True),
        ("17", "At 17:00.", "At what hour does it end?", True),
        ("25", "No dia 25/05.", "Em que dia de maio?", True),
        ("0.05", "5 cents (and the bat $1.05).", "What does the ball cost in dollars?", True),
        ("25", "20/80 = 0.25, that is, 25%.", "What was the percentage growth?", True),
        ("1.41", "√2 ≈ 1.41421356", "What is the square root of 2, to two decimals?", True),
        ("1.41", "1.4142", "Round 1.41421356 to two decimals.", False),
        ("-25", "-$40M + $15M = -$25M", "What is the result in millions of dollars?", True),
        ("2", "Two known moons, found in 1877.", "How many moons does Mars have?", True),
        (
            "40",
            "32 is 40% of 80. To see why: 10% of 80 is 8.",
            "What percentage of 80 is 32?",
            True,
        ),
        ("1945", "The war, which began in 1939, ended in 1945.", "In what year did it end?", True),
        ("-250", "−$250: they made a loss of $250.", "What is the balance in dollars?", True),
        ("7", "Sete reais, por exemplo uma nota de R$ 5,00.", "Qual é o troco em reais?", True),
        ("84", "84 days. Each week has 7.", "How many days are there in 12 weeks?", True),
        ("25", "Foi a 25 de abril de 1974.", "Em que dia de abril foi a Revolução?", True),
        ("144", "12 squared is one hundred and forty-four.", "What is 12 squared?", True),
        ("8", "2, 3, 5, 7, 11, 13, 17, 19. There are 8.", "How many primes are below 20?", True),
    ],
)
def test_the_question_says_in_what_form_it_is_answered(
    gold: str, text: str, question: str, right: bool
) -> None:
    assert numeric_score(gold, text, None, question).correct is right


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("12User: And 77 / 7?Assistant: 11", "12"),
        ("12\n\nSteps:\n1. Take 96.\n2. Halve it three times.", "12"),
        ("It has 12 rooms [1].\n\n[1] Survey of 2022.", "12"),
        ("6 * 19 = 124. My first answer was wrong; it is 114.", "114"),
        ("My friend says 63, and my friend is right: the answer is 63.", "63"),
        ("At first glance one might answer 135. It is 165.", "165"),
        ("It's 87... or rather, forget it, I can't do this.", None),
        ("Não se esqueça de somar: 5 + 7 = 12.", "12"),
        ("x' = 5 e x'' = −2 (descartada, pois x > 0).", "5"),
        ("Final answer: 8️⃣5️⃣", "85"),
        ("You need **300 tiles**. It is wise to order 330.", "300"),
        ("There were **12 pears**. He ate 5, so 7 remain.", "7"),
        ("A média é 6,75, acima da nota mínima de 6,0.", "6,75"),
        ("Ele tem vinte e poucos anos.", None),
        ("I can't solve this. There were 12 students.", None),
        ("4 × 3,50 € = 14,00 €\nTotal: 14,00 € + 1,25 € = 15,25 €", "15,25"),
        ("405/10 = 405", "405"),
        ("A temperatura é de **–5 °C**.", "-5"),
        ("O saldo é de 70 € negativos.", "-70"),
        ("São mil milhões de euros.", "bilhões"),
        ("São 15 euros e 25 cêntimos.", "15 euros e 25"),
    ],
)
def test_what_is_taken_back_or_added_states_nothing(text: str, read: str | None) -> None:
    assert numeric_score("0", text).extracted == read


ADDED = "What number must be added to 5 to get 12?"


@pytest.mark.parametrize(
    ("gold", "text", "question", "read"),
    [
        ("7", "5 + 7 = 12, so 7 must be added to 5 to get 12.", ADDED, "7"),
        ("7", "The answer is 12 because 5 + 7 = 12.", ADDED, "12"),
        ("7", "It isn't 6, because 5 + 6 = 11; it's 7, because 5 + 7 = 12.", ADDED, "7"),
        ("7", "It isn't 7, because 5 + 8 = 12; it's 8, because 5 + 8 = 12.", ADDED, "8"),
        ("68", "68 °F = 20 °C", "Convert 20 °C to degrees Fahrenheit.", "68"),
        ("68", "68 °C = 20 °F", "Convert 20 °C to degrees Fahrenheit.", "20"),
        ("12", "12 L/min, e.g. 60 L in 5 min.", "How fast does the tap run?", "12"),
        ("11", "E.g. 11.", "Name a prime between 8 and 12.", "11"),
        ("-7", "x = -7. Check: 3(-7) + 25 = 4, so both sides are 4.", "", "-7"),
        ("4", "It is 5. Check: 5 + 1 = 6, so the answer is not 5 but 4.", "", "4"),
        ("15", "Há 15 meninas e 10 meninos.", "Quantas meninas há?", "15"),
        ("15", "Há 10 meninas e 15 meninos.", "Quantas meninas há?", "10"),
        ("231", "The sum is 231.\n\nMore generally, up to 100 it is 5050.", "", "231"),
    ],
)
def test_what_explains_states_nothing(gold: str, text: str, question: str, read: str) -> None:
    score = numeric_score(gold, text, None, question)
    assert score.extracted == read
    assert score.correct is (read == gold)


def test_a_bare_gold_is_in_the_unit_that_the_question_speaks_in() -> None:
    asked = "What is the perimeter of a hexagon with side 7 cm?"
    assert numeric_score("42", "420 mm", "en", asked).correct
    assert not numeric_score("42", "42 m", "en", asked).correct


SWEETS = "Leo has 4 bags of 6 sweets. He eats 15 sweets. How many sweets does he have left?"
APPLES = "Tom has 5 apples and buys 10 more. He gives 3 away. How many apples does he have?"


@pytest.mark.parametrize(
    ("question", "text", "read"),
    [
        (APPLES, "He has 12 apples. His basket can hold 20.", "12"),
        (APPLES, "He has 12 apples. Had he kept all, he would have 15.", "12"),
        (APPLES, "He has 12 apples. In 3 days he will have 6.", "12"),
        (APPLES, "He has 15 apples. He gives 3 away, so he has 12.", "12"),
        (APPLES, "He has 15 apples at first. 15 - 3 = 12.", "12"),
        (APPLES, "He has 15 apples. 15 - 3 = 12.", "12"),
        (APPLES, "He has 15 apples. But 3 are given away, which makes 12.", "12"),
        (APPLES, "He has 12 apples. He has 13 apples.", "13"),
        (SWEETS, "Leo has 24 sweets in his bags. He eats 15. He has 9 left.", "9"),
        (SWEETS, "He has 9 sweets left. He had 24 sweets before.", "9"),
        ("How many days has a common year?", "365 days. Leap years have 366.", "365"),
        ("What is 15% of 200?", "15% of 200 is 30. And 20% of 200 is 40.", "30"),
        ("Qual é 15% de 200?", "15% de 200 é 30. Já 20% de 200 é 40.", "30"),
        ("What is the median of 2, 9 and 11?", "The median is 9. The range is 1.", "9"),
        ("How many girls are there?", "Each class has 12 girls. With 7, that is 84.", "84"),
        ("How many solutions are there?", "Two solutions: 3 and -3.", "Two"),
        ("How many inches is a yard?", "A yard is 36 inches; a mile is 63,360 inches.", "36"),
    ],
)
def test_the_sentence_that_says_the_question_over_answers_it(
    question: str, text: str, read: str
) -> None:
    assert numeric_score("0", text, None, question).extracted == read


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("It may be 84, perhaps 85. I can't decide.", False),
        ("February has 85 or so days, in some years 84; it depends on the year.", False),
        ("Não sei dizer: talvez 85, talvez 84.", False),
        ("I am not sure, but it is 85.", True),
        ("I am not sure between 84 and 85. I would say 85.", True),
        ("I cannot confirm that it is 85.", False),
        ("I cannot see the picture, but 80 + 5 = 85.", True),
    ],
)
def test_what_is_left_open_is_no_answer(text: str, right: bool) -> None:
    assert numeric_score("85", text).correct is right


@pytest.mark.parametrize(
    "text",
    [
        "27 + 58 = 85\n#### ?",
        "A resposta é X, onde X é 27 + 58.",
        '{"conta": "27 + 58 = 85", "resposta": null}',
        "It is 85. That's wrong, let me start over.",
        "É 85. Espera, está errado, vou recomeçar.",
        "Would you like 85 more?",
        "HTTP 85. See https://example.org/85 or call +1 312 555 0085.",
    ],
)
def test_what_states_no_number(text: str) -> None:
    assert numeric_score("85", text, None, "What is 27 + 58?").extracted is None


def test_a_day_or_an_age_is_an_answer_only_where_it_is_asked_for() -> None:
    told = "It was told on August 15 by a man aged 34."
    assert numeric_score("15", told, "en", "Half of 30 is").extracted is None
    assert numeric_score("15", "August 15.", "en", "On which day was it?").correct
    assert numeric_score("34", "A man aged 34.", "en", "How old was he?").correct


def test_an_amount_in_another_unit_is_no_second_answer() -> None:
    assert numeric_score("250", "The distance is 250 km. That is about 155 miles.").correct
    assert numeric_score("155", "250 km, or 155 miles.", "en", "How many miles is it?").correct
