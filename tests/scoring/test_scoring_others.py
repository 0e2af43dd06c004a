"""Exact match, SQuAD's measures, choices, patterns, labels, thoughts."""

from __future__ import annotations

import re
import string
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.schema import Query
from wattmark.scoring.choice import choice_score
from wattmark.scoring.exact import exact_score
from wattmark.scoring.find import SCORERS, find_scorer
from wattmark.scoring.labels import label_score
from wattmark.scoring.pattern import pattern_score
from wattmark.scoring.squad import exact_match, f1, normalise_squad, squad_score
from wattmark.scoring.text import normalise, shorten
from wattmark.scoring.thinking import final_answer

WORDS = st.lists(
    st.sampled_from(
        ["the", "a", "An", "cat", "Cat,", "cat-like", "«o»", "’s", "—", "...", "ß", "I"]
    )
)
TEXTS = WORDS.map(" ".join) | st.text(alphabet=string.printable) | st.text()


def official(text: str) -> list[str]:
    """The words that the official evaluation compares, found another way than the scorer's."""
    bare = "".join(char for char in text.lower() if char not in set(string.punctuation))
    pieces = re.split(r"(\W+)", bare)
    return "".join(" " if piece in {"a", "an", "the"} else piece for piece in pieces).split()


def official_f1(gold: list[str], answer: list[str]) -> float:
    if not gold or not answer:
        return float(gold == answer)
    common = Counter(gold) & Counter(answer)
    same = sum(common.values())
    if not same:
        return 0.0
    precision, recall = same / len(answer), same / len(gold)
    return 2 * precision * recall / (precision + recall)


@given(st.lists(TEXTS, max_size=4), TEXTS)
def test_squad_is_the_official_evaluation(golds: list[str], answer: str) -> None:
    kept = [official(gold) for gold in golds if official(gold)] or [[]]
    score = squad_score(golds, answer)
    said = official(answer)
    assert score.correct == any(" ".join(gold) == normalise_squad(answer) for gold in kept)
    assert score.value == max(official_f1(gold, said) for gold in kept)


@given(TEXTS, TEXTS)
def test_one_gold(gold: str, answer: str) -> None:
    assert f1(gold, answer) == official_f1(official(gold), official(answer))
    assert exact_match(gold, answer) == (official(gold) == official(answer))


@pytest.mark.parametrize(
    ("golds", "answer", "exact", "value"),
    [
        (["the cat"], "Cat!", True, 1.0),
        (["cat sat"], "the cat", False, 2 / 3),
        ([], "", True, 1.0),
        ([], "cat", False, 0.0),
        ([""], "the", True, 1.0),
        (["the"], "", True, 1.0),
        (["cat"], "", False, 0.0),
        (["dog", "cat"], "cat", True, 1.0),
        (["cat cat"], "cat", False, 2 / 3),
        (["‘cat’"], "cat", False, 0.0),
    ],
)
def test_squad(golds: list[str], answer: str, exact: bool, value: float) -> None:
    score = squad_score(golds, answer)
    assert score.correct is exact
    assert score.value == pytest.approx(value)


CITIES = ("Paris", "London", "New York", "York")


@pytest.mark.parametrize(
    ("answer", "letter"),
    [
        ("B", "B"),
        ("b", "B"),
        ("(b)", "B"),
        ("B)", "B"),
        ("B.", "B"),
        ("**B**", "B"),
        ("B) London", "B"),
        ("(B) London.", "B"),
        ("Answer: B", "B"),
        ("The answer is (B).", "B"),
        ("The answer is B) London", "B"),
        ("The correct option is B because A is in France.", "B"),
        ("B, because A is in France", "B"),
        ("B is the correct answer.", "B"),
        ("A resposta correta é a letra B.", "B"),
        ("Resposta: B", "B"),
        ("Alternativa B", "B"),
        ("\\boxed{B}", "B"),
        ("London", "B"),
        ("It is London.", "B"),
        ("london", "B"),
        ("New York", "C"),
        ("York", "D"),
        ("A) Paris\nB) London\nC) New York\nD) York\nAnswer: B", "B"),
        ("Not A. The answer is B.", "B"),
        ("The answer is A. Wait, no: it is B.", "B"),
        ("It is London, not Paris.", "B"),
        ("B\n\nQuestion: What is next?\nAnswer: C", "B"),
        ("I think B.", "B"),
        ("<think>A?</think>B", "B"),
        ("A or B", None),
        ("Both A and B", None),
        ("A and B are correct", None),
        ("Paris or London", None),
        ("The answer is B) Paris", None),
        ("A city in England.", None),
        ("I do not know.", None),
        ("Z", None),
        ("E", None),
        ("", None),
        ("The answer is not B.", None),
    ],
)
def test_choices(answer: str, letter: str | None) -> None:
    for gold in "ABCD":
        score = choice_score(gold, final_answer(answer), CITIES)
        assert score.correct is (gold == letter), score
        if letter:
            assert score.extracted == letter


def test_a_choice_by_text_or_letter() -> None:
    assert choice_score("London", "B", CITIES).correct
    assert choice_score("(b)", "B", CITIES).correct
    assert choice_score("C", "C").correct
    assert choice_score("Rome", "B", CITIES).correct is None
    assert choice_score("E", "E", CITIES).correct is None


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("positive", "positive"),
        ("Positive.", "positive"),
        ("POS", "positive"),
        ("1", "positive"),
        ("0", "negative"),
        ("positivo", "positive"),
        ("negativa", "negative"),
        ("The sentiment is negative.", "negative"),
        ("Sentiment: positive", "positive"),
        ("O sentimento é positivo.", "positive"),
        ("This review is clearly positive.", "positive"),
        ("Negative. The positive words are ironic.", "negative"),
        ("The answer is positive, not negative.", "positive"),
        ("negative\n\nSentence: fine\nSentiment: positive", "negative"),
        ("not positive", None),
        ("It isn't positive", None),
        ("não é positivo", None),
        ("positive or negative", None),
        ("I cannot tell.", None),
        ("positively", None),
        ("", None),
    ],
)
def test_labels(answer: str, label: str | None) -> None:
    for gold in ("positive", "negative"):
        score = label_score(gold, answer)
        assert score.correct is (gold == label), (gold, score)


def test_labels_of_the_datas_own() -> None:
    own = ("world", "sports", "business")
    assert label_score("sports", "Category: Sports", own).correct
    assert not label_score("sports", "sports and business", own).correct
    assert label_score("yes", "Sim.").correct
    assert label_score("positive", "LABEL_1").correct is None
    assert label_score("LABEL_1", "LABEL_1").correct


def test_patterns() -> None:
    assert pattern_score(r"(\d+) km", "It is 85 km.").extracted == "85"
    assert pattern_score("(?i)paris", "PARIS").correct
    assert not pattern_score("paris", "PARIS").correct
    slow = pattern_score("(a|a)*$", "a" * 4000 + "b")
    assert slow.correct is False
    with pytest.raises(InputError, match="is no regular expression"):
        pattern_score("(", "x")
    with pytest.raises(InputError, match="may have 2000"):
        pattern_score("x" * 3000, "x")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("85", "85"),
        ("<think>84</think>85", "85"),
        ("<think>a</think>b<think>c</think>d", "d"),
        ("a</think>b", "b"),
        ("<think>never ended 85", ""),
        ("said <think>never ended 85", "said"),
        ("<|channel|>analysis<|message|>84<|end|><|channel|>final<|message|>85<|return|>", "85"),
        ("<|channel|>analysis<|message|>84", ""),
        ("a < b and c > d", "a < b and c > d"),
    ],
)
def test_thoughts_are_no_answer(text: str, answer: str) -> None:
    assert final_answer(text) == answer


def test_phrases() -> None:
    assert normalise("  Paris,\n France. ") == "paris, france"
    assert exact_score(["Rome", "Paris"], " paris.").correct
    assert exact_score(["ﬁne"], "FINE").correct
    assert not exact_score(["Paris"], "Paris, Texas").correct
    assert exact_score(["Paris"], "").extracted is None
    assert shorten("a" * 80) == "a" * 80
    assert shorten("a" * 81) == "a" * 79 + "…"


@pytest.mark.parametrize("name", SCORERS)
def test_every_scorer_by_name(name: str) -> None:
    scorer = find_scorer(name)
    query = Query("q", "which", "which", "B", ("B",), ("x", "y"))
    assert scorer(query, "<think>A</think>B").correct
    assert scorer(Query("q", "which", "which"), "B").correct is None
    for text in ("", " \n", "\ud800", "x" * 2**20, "<script>", "\x1b[31m", "\u202eB\u202c!"):
        score = scorer(query, text)
        assert score.extracted is None or len(score.extracted) <= 80
        assert len(score.why) < 400


def test_an_unknown_scorer() -> None:
    with pytest.raises(InputError, match="Did you mean 'numeric'"):
        find_scorer("numerics")
