"""Labels of classifiers and label words of causal models, against SST-2's gold."""

from __future__ import annotations

import pytest

from wattmark.errors import InputError
from wattmark.schema import Generation, Query
from wattmark.tasks.find import find_task
from wattmark.tasks.sst2 import SST2

GOOD = Query("q", "fine", "fine", "positive", choices=("negative", "positive"), scorer="labels")


def labelled(text: str) -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1, stop_reason="label")


def said(text: str) -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1)


@pytest.mark.parametrize(
    ("labels", "label", "correct"),
    [
        ("", "POSITIVE", True),
        ("", "pos", True),
        ("", "negative", False),
        ("", "LABEL_1", None),
        ("LABEL_0:negative/LABEL_1:positive", "LABEL_1", True),
        ("LABEL_0:positive/LABEL_1:negative", "LABEL_1", False),
        ("negative/positive", "LABEL_1", True),
        ("negative/positive", "LABEL_0", False),
        ("negative/positive", "LABEL_2", None),
        ("1 star:negative/5 stars:positive", "5 Stars", True),
        ("a:b:positive/c:negative", "A:B", True),
        ("positive:negative/negative:positive", "positive", False),
    ],
)
def test_labels_of_a_classifier(labels: str, label: str, correct: bool | None) -> None:
    score = SST2(labels=labels).score(GOOD, labelled(label))
    assert score.correct is correct
    assert score.value == (None if correct is None else float(correct))


def test_the_labels_option_is_in_the_name() -> None:
    name = "sst2:data=sample,labels=LABEL_0:negative/LABEL_1:positive"
    assert find_task(name).name == name


@pytest.mark.parametrize(
    ("labels", "reason"),
    [
        ("LABEL_0:bad/LABEL_1:good", "'LABEL_0:bad' ends neither"),
        ("negative", "Both negative and positive"),
        ("positive/positive", "Both negative and positive"),
        ("LABEL_0", "ends neither"),
    ],
)
def test_labels_that_cannot_be_read(labels: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        SST2(labels=labels)


@pytest.mark.parametrize(
    ("text", "correct"),
    [
        (" positive", True),
        ("Positive.", True),
        ("The sentiment is positive, not negative.", True),
        ("negative", False),
        ("I cannot tell.", False),
        ("", False),
    ],
)
def test_label_words_of_a_causal_model(text: str, correct: bool) -> None:
    assert SST2().score(GOOD, said(text)).correct is correct
