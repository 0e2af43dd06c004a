from __future__ import annotations

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation, Query
from wattmark.tasks.arithmetic import Arithmetic
from wattmark.tasks.find import find_task, looks_like_a_file
from wattmark.tasks.queries import QueryFile
from wattmark.tasks.sentiment import Sentiment


def _said(text: str) -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1)


def test_arithmetic_gold_is_arithmetic() -> None:
    """The data against the operators themselves."""
    operators = {"+": int.__add__, "-": int.__sub__, "*": int.__mul__}
    seen = set()
    for query in Arithmetic().queries(None, seed=0):
        left, sign, right = query.text.split()
        assert query.answer == str(operators[sign](int(left), int(right)))
        assert query.prompt == f"{query.text} ="
        seen.add(sign)
    assert seen == set(operators)


def test_working_before_the_result_is_allowed() -> None:
    task, query = Arithmetic(), Query("q", "27 + 58", "27 + 58 =", "85")
    assert task.score(query, _said(" (58) 85")).correct
    assert not task.score(query, _said(" (85) 58")).correct


@pytest.mark.parametrize(
    ("label", "correct"),
    [
        ("negative", True),
        ("NEGATIVE", True),
        ("NEG", True),
        ("Negative.", True),
        ("positive", False),
        ("pos", False),
        ("not negative", False),
        ("", False),
        ("LABEL_0", None),
        ("LABEL_1", None),
    ],
)
def test_labels(label: str, correct: bool | None) -> None:
    score = Sentiment().score(Query("q", "dull", "dull", "negative"), _said(label))
    assert score.correct is correct
    assert score.value == (None if correct is None else float(correct))


def test_sentiment_is_balanced() -> None:
    answers = [q.answer for q in Sentiment().queries(None, seed=0)]
    assert set(answers) == {"positive", "negative"}
    assert 0.4 < answers.count("positive") / len(answers) < 0.6


def test_a_query_without_an_answer_is_not_scored() -> None:
    for task in (Arithmetic(), Sentiment()):
        score = task.score(Query("q", "a", "a"), _said("a"))
        assert (score.correct, score.value) == (None, None)


def test_names_lead_to_tasks(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert isinstance(find_task("arithmetic"), Arithmetic)
    assert isinstance(find_task("sentiment"), Sentiment)
    path = tmp_path_factory.mktemp("q") / "mine"
    path.write_text("one\n", encoding="utf-8")
    assert isinstance(find_task(str(path)), QueryFile)
    with pytest.raises(InputError, match=r"arithmetic, .*sentiment.*Did you mean 'arithmetic'"):
        find_task("arithmetik")
    with pytest.raises(InputError, match="There is no file"):
        find_task("queries.txt")
    with pytest.raises(InputError, match="There is no file"):
        find_task("./queries")
    assert not looks_like_a_file("arithmetic")
