"""Corpora of any shape: what is read, how it is cut, and what is refused with its place."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wattmark.errors import InputError
from wattmark.tasks.corpus import Chunking, Document, corpus_of, cut, read_corpus


def write(folder: Path, **files: str | bytes) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def test_a_folder_is_read_in_the_order_of_its_names_and_the_rest_is_counted(tmp_path: Path) -> None:
    write(
        tmp_path,
        b_dot_txt="two",
        a_dot_md="\ufeffone",
        deep__rows_dot_jsonl='{"text": "three", "more": 1}\n\n{"id": "x", "text": "four"}\n',
        _dot_secret_dot_txt="hidden",
        _dot_git__inside_dot_txt="hidden",
        picture_dot_png="x",
        zeros_dot_txt=b"a\0b",
        blank_dot_txt=" \n",
    )
    (tmp_path / "loop").symlink_to(tmp_path)
    corpus = read_corpus(tmp_path)
    assert [(d.id, d.text) for d in corpus.documents] == [
        ("a.md", "one"),
        ("b.txt", "two"),
        ("deep/rows.jsonl:1", "three"),
        ("deep/rows.jsonl:x", "four"),
    ]
    assert corpus.skipped == {"hidden": 2, "binary": 1, "of another kind": 1}


def test_the_digest_is_of_names_and_bytes(tmp_path: Path) -> None:
    write(tmp_path, a_dot_txt="one", b_dot_txt="two")
    before = read_corpus(tmp_path).digest
    assert read_corpus(tmp_path).digest == before
    (tmp_path / "a.txt").rename(tmp_path / "c.txt")
    renamed = read_corpus(tmp_path).digest
    write(tmp_path, c_dot_txt="onE")
    assert len({before, renamed, read_corpus(tmp_path).digest}) == 3


def test_one_file_and_documents_that_a_task_gives_are_corpora_too(tmp_path: Path) -> None:
    write(tmp_path, rows_dot_jsonl='{"id": 7, "text": "seven"}')
    assert read_corpus(tmp_path / "rows.jsonl").documents == (Document("rows.jsonl:7", "seven"),)
    given_ = [Document("a", "one"), Document("b", " ")]
    assert corpus_of(given_).documents == (Document("a", "one"),)
    with pytest.raises(InputError, match="no text"):
        corpus_of([Document("a", " ")])
    with pytest.raises(InputError, match="id 'a'"):
        corpus_of([Document("a", "one"), Document("a", "two")])


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.txt", b"good\nSao\xe3o", r"'.*a\.txt' is not UTF-8: line 2"),
        ("a.jsonl", b'{"text": "x"}\n{"text": ', r"a\.jsonl' line 2 is not valid JSON"),
        ("a.jsonl", b'{"text": "x"}\n\n["x"]', r"line 3 has no 'text'"),
        ("a.jsonl", b'{"body": "x"}', r"line 1 has no 'text'"),
        ("a.jsonl", b'{"text": "x", "id": true}', r"line 1: 'id' must be"),
        ("a.jsonl", b'{"text": "\\ud800"}', r"line 1 holds a lone surrogate"),
        ("a.jsonl", b'{"id": 1, "text": "x"}\n{"id": "1", "text": "y"}', r"line 2 has the id"),
        ("a.jsonl", b"[" * 100_000, r"line 1 is not JSON"),
        ("a.txt", b" \n\t", r"holds no text\."),
        ("a.txt", b"\0", r"holds no text \(files skipped: 1 binary\)"),
        (".a.txt", b"x", r"holds no text \(files skipped: 1 hidden\)"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, name: str, content: bytes, said: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        read_corpus(tmp_path)
    assert caught.value.hint


def test_paths_that_are_no_corpus_are_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    for path, said in {
        tmp_path / "none": "does not exist",
        tmp_path / "pipe.txt": "neither a file nor a folder",
        Path("a\0b"): "does not exist",
        tmp_path / ("x" * 300): "does not exist|cannot be read",
    }.items():
        with pytest.raises(InputError, match=said):
            read_corpus(path)
    with pytest.raises(InputError, match="1 of another kind"):
        read_corpus(tmp_path)


def test_chunks_of_words_overlap_and_keep_the_text_as_it_stands() -> None:
    document = Document("d", "  um  dois\ntrês quatro cinco ")
    chunks = cut(document, Chunking("words", 3, 1))
    assert [(c.id, c.text) for c in chunks] == [
        ("d#0", "um  dois\ntrês"),
        ("d#1", "três quatro cinco"),
    ]


def test_chunks_of_sentences() -> None:
    text = 'Dr. No came. "Why?" she asked… Pi is 3.14!\n\nA heading\n\nThe end'
    chunks = cut(Document("d", text), Chunking("sentences", 1, 0))
    assert [c.text for c in chunks] == [
        "Dr.",
        "No came.",
        '"Why?"',
        "she asked…",
        "Pi is 3.14!",
        "A heading",
        "The end",
    ]


@settings(deadline=None)
@given(
    st.text("ab .\n", max_size=80),
    st.sampled_from(["words", "sentences"]),
    st.integers(1, 6),
    st.integers(0, 5),
)
def test_every_word_is_in_a_chunk_and_no_chunk_is_spare(
    text: str, by: str, size: int, overlap: int
) -> None:
    chunking = Chunking(by, size, min(overlap, size - 1))
    chunks = cut(Document("d", text), chunking)
    assert all(chunk.text in text and chunk.text.strip() for chunk in chunks)
    assert len({chunk.id for chunk in chunks}) == len(chunks)
    joined: list[str] = []
    for chunk in chunks:
        words = chunk.text.split()
        if by == "words":
            assert len(words) <= size
            shared = chunking.overlap if joined else 0
            assert joined[len(joined) - shared :] == words[:shared]
            words = words[shared:]
            assert words
        joined += words
    if by == "words" or chunking.overlap == 0:
        assert joined == text.split()


def test_sizes_that_are_not_given_have_defaults_that_are_stated() -> None:
    assert Chunking.of("words", None, None).label == "words:100:20"
    assert Chunking.of("sentences", None, None).label == "sentences:5:1"
    assert Chunking.read("words:100:20") == Chunking()
    with pytest.raises(InputError, match="below 10"):
        Chunking.of("words", 10, 10)
