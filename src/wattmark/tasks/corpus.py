"""A corpus: documents from a folder of text, Markdown and JSON lines, cut into chunks that overlap.

The files are a stranger's: sizes are looked at before they are opened, and what is wrong is said
with the file and the line. Hidden, binary and other files are skipped and counted. The digest is
of names and bytes, so that a corpus that has changed is another one. A chunk's id names its file
and its place: 'guide.md#3' is the fourth chunk of guide.md, 'facts.jsonl:f12#0' the first of a row.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from wattmark.errors import InputError
from wattmark.tasks.formats import (
    JSON_LINES,
    LIMIT_BYTES,
    decode,
    encodable,
    json_value,
    lines,
    read_bytes,
    refuse_duplicates,
)
from wattmark.units import BYTES_PER_MIB

WORDS, SENTENCES = "words", "sentences"
TEXT_SUFFIXES = frozenset({".txt", ".text", ".md", ".markdown"})
LIMIT_ALL_BYTES = 1024 * BYTES_PER_MIB
LIMIT_FILES = 100_000
LIMIT_ROWS = 1_000_000
LIMIT_CHUNKS = 1_000_000
LONGEST_ID = 300
_WORD = re.compile(r"\S+")
_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’»)\]]*(?=\s)|\n[ \t\r]*\n")
_WRITE_ROWS = 'Write one object a line: {"id": "…", "text": "…"}.'
_OWN_IDS = "Give every text an id of its own, or none."


@dataclass(frozen=True, slots=True)
class Document:
    """One text; `id` is unique in its corpus."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a document as it stands there; `id` is the document's with #0, #1 …"""

    id: str
    text: str


@runtime_checkable
class BringsCorpus(Protocol):
    """A task with a corpus of its own: documents, or the file or folder that they are read from."""

    def corpus(self) -> Path | Sequence[Document]: ...


@dataclass(frozen=True)
class Chunking:
    """How documents are cut: `size` words or sentences a chunk, `overlap` shared with the next."""

    by: str = WORDS
    size: int = 100
    overlap: int = 20

    @property
    def label(self) -> str:
        """'words:100:20'."""
        return f"{self.by}:{self.size}:{self.overlap}"

    @classmethod
    def of(cls, by: str, size: int | None, overlap: int | None) -> Chunking:
        """With defaults: 100 words, or 5 sentences; a fifth of a chunk is shared.

        Raises InputError where the overlap leaves nothing new.
        """
        size = size or (100 if by == WORDS else 5)
        overlap = size // 5 if overlap is None else overlap
        if overlap >= size:
            raise InputError(
                f"Chunks of {size} {by} that share {overlap} would never end.",
                f"Take an overlap below {size}.",
            )
        return cls(by, size, overlap)

    @classmethod
    def read(cls, label: str) -> Chunking:
        """The chunking that `label` names."""
        by, size, overlap = label.split(":")
        return cls(by, int(size), int(overlap))


@dataclass(frozen=True)
class Corpus:
    """Documents in the order of their files' names; `skipped` counts files by the reason."""

    documents: tuple[Document, ...]
    digest: str
    skipped: Mapping[str, int] = field(default_factory=dict)

    def chunks(self, chunking: Chunking) -> list[Chunk]:
        """All chunks, in order; InputError for more than a million."""
        found: list[Chunk] = []
        for document in self.documents:
            found += cut(document, chunking)
            if len(found) > LIMIT_CHUNKS:
                raise InputError(
                    f"The corpus has more than {LIMIT_CHUNKS} chunks of {chunking.size} "
                    f"{chunking.by}.",
                    "Take larger chunks (--chunk-size), or a part of the corpus.",
                )
        return found


def cut(document: Document, chunking: Chunking) -> list[Chunk]:
    """A document's chunks: its own text from each piece's start to its end, nothing rewritten."""
    spans = list(_pieces(document.text, chunking.by))
    step = chunking.size - chunking.overlap
    chunks: list[Chunk] = []
    for start in range(0, len(spans), step):
        last = min(start + chunking.size, len(spans)) - 1
        text = document.text[spans[start][0] : spans[last][1]]
        chunks.append(Chunk(f"{document.id}#{len(chunks)}", text))
        if last == len(spans) - 1:
            break
    return chunks


def _pieces(text: str, by: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word, or of each sentence without the space around it."""
    if by == WORDS:
        yield from (match.span() for match in _WORD.finditer(text))
        return
    ends = [match.end() for match in _SENTENCE_END.finditer(text)]
    for start, end in pairwise([0, *ends, len(text)]):
        sentence = text[start:end]
        if kept := sentence.strip():
            begin = start + len(sentence) - len(sentence.lstrip())
            yield begin, begin + len(kept)


def corpus_of(source: Path | Sequence[Document]) -> Corpus:
    """The corpus of a file, a folder, or documents that a task gives; InputError as below."""
    if isinstance(source, Path):
        return read_corpus(source)
    documents = tuple(document for document in source if document.text.strip())
    if not documents:
        raise InputError("The task's corpus holds no text.")
    refuse_duplicates(((d.id, "the task's corpus") for d in documents), hint=_OWN_IDS)
    digest = hashlib.sha256()
    for document in documents:
        _mix(digest, document.id.encode("utf-8", "surrogatepass"))
        _mix(digest, document.text.encode("utf-8", "surrogatepass"))
    return Corpus(documents, digest.hexdigest()[:12])


def read_corpus(path: Path) -> Corpus:
    """All documents of a folder (with what is below it) or of one file.

    Raises InputError: missing, empty, too large, not UTF-8 (which file and line), malformed JSON
    lines (which line), ids twice.
    """
    skipped: Counter[str] = Counter()
    root, files = _files(path.expanduser(), skipped)
    digest = hashlib.sha256()
    found: list[tuple[Document, str]] = []
    total = 0
    for file in files:
        raw = read_bytes(file, LIMIT_BYTES)
        total += len(raw)
        if total > LIMIT_ALL_BYTES:
            most = LIMIT_ALL_BYTES // BYTES_PER_MIB
            raise InputError(f"The corpus '{path}' has more than {most} MiB.", "Take a part of it.")
        if b"\0" in raw:
            skipped["binary"] += 1
            continue
        name = file.relative_to(root).as_posix()
        _mix(digest, name.encode("utf-8", "surrogateescape"))
        _mix(digest, raw)
        found += _documents(file, _printable(name), raw)
    if not found:
        said = "; ".join(f"{count} {why}" for why, count in sorted(skipped.items()))
        raise InputError(
            f"The corpus '{path}' holds no text" + (f" (files skipped: {said})." if said else "."),
            "Give a folder of .txt, .md and .jsonl files, or one such file.",
        )
    refuse_duplicates(((document.id, where) for document, where in found), hint=_OWN_IDS)
    documents = tuple(document for document, _ in found)
    return Corpus(documents, digest.hexdigest()[:12], dict(skipped))


def check_place(path: Path) -> None:
    """InputError where there is neither a file nor a folder at `path`."""
    try:
        if path.is_file() or path.is_dir():
            return
        what = "is neither a file nor a folder" if path.exists() else "does not exist"
    except OSError as reason:
        what = f"cannot be read: {reason.strerror}"
    raise InputError(
        f"The corpus '{path}' {what}.",
        "Give a folder of .txt, .md and .jsonl files, or one such file.",
    )


def _files(path: Path, skipped: Counter[str]) -> tuple[Path, list[Path]]:
    """What ids are relative to, and the files to read, by name; what is passed over is counted."""
    check_place(path)
    if path.is_file():
        return path.parent, [path]
    try:
        return path, _below(path, skipped)
    except OSError as reason:
        raise InputError(
            f"The corpus '{path}' cannot be read: {reason.strerror}.", "Check its permissions."
        ) from reason


def _below(folder: Path, skipped: Counter[str]) -> list[Path]:
    def refuse(reason: OSError) -> None:
        raise reason

    found = []
    for here, folders, names in os.walk(folder, onerror=refuse):  # links to folders lead in circles
        shown = [name for name in folders if not name.startswith(".")]
        skipped["hidden"] += len(folders) - len(shown)
        folders[:] = shown
        for name in names:
            file = Path(here, name)
            if name.startswith("."):
                skipped["hidden"] += 1
            elif file.suffix.lower() in {*TEXT_SUFFIXES, *JSON_LINES} and file.is_file():
                found.append(file)
            else:
                skipped["of another kind"] += 1
        if len(found) > LIMIT_FILES:
            raise InputError(f"The corpus '{folder}' has more than {LIMIT_FILES} files.")
    skipped += Counter()  # drops what was counted zero times
    return sorted(found)


def _documents(file: Path, name: str, raw: bytes) -> Iterator[tuple[Document, str]]:
    """Documents with their places: a text file is one, in JSON lines every line is one."""
    text = decode(file, raw)
    if file.suffix.lower() in JSON_LINES:
        for number, line in lines(file, text, LIMIT_ROWS):
            where = f"'{file}' line {number}"
            yield _row(where, name, number, line), where
    elif text.strip():
        yield Document(name, text), f"'{file}'"


def _row(where: str, name: str, number: int, line: str) -> Document:
    """The document of one line; without an id it is called by its line."""
    try:
        row: Any = json_value(where, line)
    except InputError as reason:
        raise InputError(reason.message, _WRITE_ROWS) from reason
    text = row.get("text") if isinstance(row, dict) else None
    if not isinstance(text, str) or not text.strip():
        raise InputError(f"{where} has no 'text', or it is not a text.", _WRITE_ROWS)
    own = row.get("id")
    if isinstance(own, bool) or not isinstance(own, str | int | None):
        raise InputError(f"{where}: 'id' must be a text or a whole number.", _WRITE_ROWS)
    called = f"{name}:{number if own is None else own}"
    return Document(_printable(called), encodable(where, text))


def _printable(name: str) -> str:
    """A file's name or a row's id, bounded and in plain characters."""
    known = name.encode("utf-8", "replace").decode("utf-8")[:LONGEST_ID]
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in known)


def _mix(digest: Any, content: bytes) -> None:
    """Length and bytes, so that two parts are never taken for one."""
    digest.update(len(content).to_bytes(8, "big"))
    digest.update(content)
