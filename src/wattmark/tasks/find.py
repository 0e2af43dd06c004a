"""A task by its name: a registered one, with options or without, or a file of queries."""

from __future__ import annotations

from pathlib import Path
from typing import cast

from wattmark import registry
from wattmark.errors import InputError, unknown
from wattmark.tasks import Task
from wattmark.tasks.options import read_options
from wattmark.tasks.queries import QueryFile

_FILE_SUFFIXES = (".txt", ".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".md")
_TABLES = (".csv", ".tsv", ".xlsx", ".parquet")
_PATH_STARTS = ("./", "../", "/", "~")


def find_task(name: str) -> Task:
    """The task registered as `name`, options after a colon, or the file at that path.

    Raises InputError: unknown task, option or value (with what exists), a file that cannot be used.
    """
    names = registry.table("tasks")
    base, colon, text = name.partition(":")
    if base in names and not (colon and _is_file(name)):
        task = registry.load("tasks", base)
        return cast(Task, task(**read_options(task, base, text)) if colon else task())
    # A file first, whatever its name ends with; then what was plainly meant as one.
    if looks_like_a_file(name):
        if name.lower().endswith(_TABLES):
            raise InputError(
                f"'{name}' is a table: its header and its commas would be read as queries.",
                "Give one query a line (queries.txt), or JSON lines with 'query' and 'answer'.",
            )
        return QueryFile(name)
    raise InputError(
        unknown("task", name, names), "Or give a file with a query a line (queries.txt)."
    )


def looks_like_a_file(name: str) -> bool:
    """Whether `name` is an existing path, or is written as one."""
    return name.startswith(_PATH_STARTS) or name.lower().endswith(_FILE_SUFFIXES) or _is_file(name)


def _is_file(name: str) -> bool:
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # longer than a path may be, or with a zero byte
        return False
