from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.backends.batching import cut
from wattmark.backends.stopping import StopWatch, begins_thinking, find_stop, until
from wattmark.schema import Query

STOP = ("\nQ:", "##")


def spelled(ids: Sequence[int]) -> str:
    """A token a character."""
    return "".join(map(chr, ids))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Paris\nQ: and?", "Paris"),
        ("a ## b\nQ:", "a "),
        ("\nQ: at once", ""),
        ("no stop at all", "no stop at all"),
        ("", ""),
        ("nearly \nQ", "nearly \nQ"),
        ("<think>the\nQ: is</think>Paris\nQ: and?", "<think>the\nQ: is</think>Paris"),
        ("<think>the\nQ: is, and no end", "<think>the\nQ: is, and no end"),
        ("Paris\nQ: <think>why", "Paris"),
        ("<THINK>\nQ:</think>a</think>\nQ:", "<THINK>\nQ:</think>a</think>"),
    ],
)
def test_a_text_is_cut_before_the_first_stop_string_outside_of_thoughts(
    text: str, left: str
) -> None:
    assert until(text, STOP) == left


def test_thoughts_that_the_prompt_began_count_as_thoughts() -> None:
    assert begins_thinking("<|assistant|><think>\n")
    assert not begins_thinking("say <think> first")
    assert not begins_thinking("<think></think>\n")
    said = "the\nQ: is\n</think>\nParis\nQ: and"
    assert until(said, STOP, "Where?<think>\n") == "the\nQ: is\n</think>\nParis"
    assert until(said, STOP, "Where?") == "the"


@given(st.text("\nQ:#a", max_size=30))
def test_a_row_stops_with_the_token_that_completes_a_stop_string(text: str) -> None:
    watch = StopWatch(STOP, spelled)
    watch.begin([Query("q", "", "")])
    stopped = [watch.take([ord(character)])[0] for character in text]
    shortest = next((n for n in range(len(text) + 1) if any(s in text[:n] for s in STOP)), None)
    assert watch.lengths == [shortest]
    assert stopped == [shortest is not None and n + 1 >= shortest for n in range(len(text))]
    (answer,) = cut([[ord(c) for c in text]], [], watch.lengths)
    assert answer.stop_reason == ("length" if shortest is None else "stop")
    assert until(spelled(answer.ids), STOP) == until(text, STOP)


@given(st.text("<>/think\nQ:", max_size=40), st.booleans())
def test_what_is_left_holds_no_stop_string_that_counts(text: str, thinking: bool) -> None:
    at = find_stop(text, STOP, thinking=thinking)
    assert at is None or find_stop(text[:at], STOP, thinking=thinking) is None


def test_an_end_token_before_a_stop_string_ends_the_row() -> None:
    row = [7, 2, 5, 5]
    (answer,) = cut([row], [2], [4])
    assert (answer.ids, answer.stop_reason) == ([7, 2], "eos")
    (answer,) = cut([row], [2], [1])
    assert (answer.ids, answer.stop_reason) == ([7], "stop")


def test_many_thoughts_take_no_long_time() -> None:
    assert find_stop("<think></think>" * 50_000, STOP) is None
    assert find_stop("<think>\nQ:" * 50_000, STOP) is None
