"""Open prompts: what people ask for and no key can mark. Energy, speed and memory; no quality.

A data file is a JSON list, JSON lines, or plain text. In plain text every line is a prompt, as in
any file of queries; with separator=blank a prompt may go over several lines and ends at a blank
one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from wattmark.errors import InputError
from wattmark.schema import Generation, Query, Score
from wattmark.tasks.formats import (
    JSON_LINES,
    decode,
    digest,
    encodable,
    lines,
    place_id,
    read_bytes,
    read_items,
    refuse_duplicates,
)
from wattmark.tasks.formats_folder import SAMPLE
from wattmark.tasks.options import full_name, one_of
from wattmark.tasks.problems import LANGUAGES
from wattmark.tasks.rows import LIMIT_BYTES, OWN_DATA, language_code, plain_text

_FOLDER = Path(__file__).parent / "data"
DATA = {language: _FOLDER / f"prompts_{language}.json" for language in LANGUAGES}
"""What ships, by language."""
_DEFAULTS = {"data": SAMPLE, "lang": "", "separator": "line"}
_KEYS = ("prompt", "query", "text")


@dataclass(frozen=True, slots=True)
class _Prompt:
    text: str
    where: str
    id: str
    language: str | None = None


class Prompts:
    """Prompts without gold: every answer is taken as it is, and none is scored.

    Raises InputError for a file that is missing, empty, too large, not UTF-8 or malformed (with
    its line or item), for a prompt that is no text, and for the same prompt or id twice.
    """

    kind: ClassVar[str] = "causal"
    options: ClassVar[Mapping[str, str]] = {
        "data": "a JSON list or JSON lines of texts, or a text file (default: what ships)",
        "lang": "en or pt: prompts of that language; of your own data, those that say no other",
        "separator": "line (the default: a prompt a line) or blank (a blank line ends a prompt);"
        " of text files",
    }
    first: ClassVar[str] = "data"
    unscored: ClassVar[str] = "open prompts have no gold: reported without quality"
    licence: ClassVar[str] = OWN_DATA
    about: ClassVar[str] = "open prompts in English and Portuguese, without quality"

    def __init__(
        self,
        data: str = SAMPLE,
        lang: str = "",
        separator: str = "line",
    ) -> None:
        if lang:
            one_of("prompts", "lang", lang, LANGUAGES)
        one_of("prompts", "separator", separator, ("line", "blank"))
        given = {"data": data, "lang": lang, "separator": separator}
        self.name = full_name("prompts", given, _DEFAULTS)
        if data == SAMPLE:
            found = [prompt for name in LANGUAGES for prompt in _sample(name)]
        else:
            found = list(_read(Path(data).expanduser(), separator))
        refuse_duplicates((p.id, p.where) for p in found)
        refuse_duplicates(((p.text, p.where) for p in found), "prompt", "Give every prompt once.")
        kept = [prompt for prompt in found if not lang or prompt.language in {lang, None}]
        if not kept:
            raise InputError(f"'{data}' holds no prompt in '{lang}'.", "Leave lang out.")
        self._queries = tuple(
            Query(p.id, p.text, p.text, language=p.language or lang or None) for p in kept
        )
        self.version = digest([q.id, q.prompt] for q in self._queries)

    def queries(self, limit: int | None, seed: int) -> Sequence[Query]:
        """The first `limit` in the order of the data; `seed` changes nothing."""
        return self._queries[:limit]

    def score(self, query: Query, generation: Generation) -> Score:
        """No score: there is nothing to compare an answer with."""
        return Score(None, None, None, self.unscored)


def _sample(language: str) -> Iterator[_Prompt]:
    for number, (where, text) in enumerate(read_items(DATA[language]), start=1):
        yield _Prompt(text, where, f"{language}-{number:02d}", language)


def _read(path: Path, separator: str) -> Iterator[_Prompt]:
    """The prompts of a file, by what its name says that it is."""
    if path.suffix.lower() in {*JSON_LINES, ".json"}:
        for where, item in read_items(path, LIMIT_BYTES):
            yield _of_item(where, item)
        return
    text = decode(path, read_bytes(path, LIMIT_BYTES))
    found = list(_blocks(path, text) if separator == "blank" else lines(path, text))
    if not found:
        raise InputError(f"'{path}' holds no prompt.", "Write one prompt a line.")
    for number, prompt in found:
        yield _Prompt(prompt, f"'{path}' line {number}", f"line-{number}")


def _blocks(path: Path, text: str) -> Iterator[tuple[int, str]]:
    """First line's number and text of every stretch of lines between blank ones."""
    block: list[str] = []
    last = 0
    for number, line in lines(path, text):
        if block and number != last + 1:
            yield last - len(block) + 1, "\n".join(block)
            block = []
        block.append(line)
        last = number
    if block:
        yield last - len(block) + 1, "\n".join(block)


def _of_item(where: str, item: object) -> _Prompt:
    """A text, or an object that holds one as prompt (or query, or text), with id and lang."""
    given = item if isinstance(item, dict) else {"prompt": item}
    text = next((given[key] for key in _KEYS if key in given), None)
    if not isinstance(text, str) or not text.strip():
        raise InputError(
            f"{where} is no text, or a blank one.",
            'Write "a text", or {"prompt": "a text", "lang": "en"}.',
        )
    name = plain_text(where, "id", given.get("id")) or place_id(where)
    language = language_code(where, given.get("lang"))
    return _Prompt(encodable(where, text), where, name, language)
