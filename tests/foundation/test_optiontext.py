from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wattmark.optiontext import Known, is_option, names, read, split, written

KNOWN = Known(words=("data", "mode"))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ('data="a,b.csv",mode=x', ['data="a,b.csv"', "mode=x"]),
        ("data='a,b'", ["data='a,b'"]),
        ('"a,b.csv",mode=x', ['"a,b.csv"', "mode=x"]),
        ('data="a,b', ['data="a', "b"]),
        ('data=a"b,c"d', ['data=a"b', 'c"d']),
    ],
)
def test_a_quoted_value_is_one_part(text: str, parts: list[str]) -> None:
    assert split(text) == parts


def test_quotes_around_a_value_are_no_part_of_it() -> None:
    assert read("data=\"a,b.csv\",mode='x'", KNOWN).words == {"data": "a,b.csv", "mode": "x"}
    assert read('"a,b.csv",mode=x', KNOWN, first=True).first == "a,b.csv"
    assert read('data="a" and "b"', KNOWN).words == {"data": '"a" and "b"'}


def test_all_mistakes_at_once() -> None:
    mistakes = read("data=a,data=b,moed=x,bare,mode=", KNOWN).mistakes
    assert len(mistakes) == 4
    assert "given twice" in mistakes[0]
    assert "Did you mean 'mode'" in mistakes[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a,b", ["a", "b"]),
        ("squad:mode=open,split=train,sst2", ["squad:mode=open,split=train", "sst2"]),
        (
            "sst2:labels=L0:negative/L1:positive,data=x",
            ["sst2:labels=L0:negative/L1:positive,data=x"],
        ),
        ("hf:org/name,query=q,answer=a.text,b", ["hf:org/name,query=q,answer=a.text", "b"]),
        ('jsonl:data="a,b.jsonl",arithmetic', ['jsonl:data="a,b.jsonl"', "arithmetic"]),
        ("jsonl:./a=b.jsonl, ,x", ["jsonl:./a=b.jsonl", "x"]),
        ("x,mode=open", ["x", "mode=open"]),
        ("", []),
    ],
)
def test_a_list_of_names_with_options(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_what_begins_as_an_option() -> None:
    assert is_option("data=x")
    assert is_option(" data = x")
    assert not is_option("./data=x")
    assert not is_option("org/name")


VALUES = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Zs")), min_size=1)


@given(VALUES.filter(lambda text: not {'"', "'"} & set(text)))
def test_what_is_written_is_read_back(value: str) -> None:
    assert read(written({"data": value, "mode": "x"}), KNOWN).words == {"data": value, "mode": "x"}


@given(VALUES)
def test_what_was_read_can_be_written(text: str) -> None:
    """A task's full name leads to the same task again, whatever its options hold."""
    words = read(f"data={text}", KNOWN).words
    assert read(written(words), KNOWN).words == words
