"""Data sets through the real `datasets`: folders in the hub's layout, and a hub of our own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import datasets
import pytest
from hub_server import COMMIT, Hub, serve
from huggingface_hub.utils import logging as hub_logging
from public_formats import V1, glue_rows, hub_rows, write_rows

from wattmark.errors import InputError
from wattmark.schema import Generation
from wattmark.tasks import formats_hub
from wattmark.tasks.find import find_task
from wattmark.tasks.squad import Squad
from wattmark.tasks.sst2 import SST2

ROWS = [
    {
        "asked": f"What is {number} and {number}?",
        "said": {"text": [str(2 * number), f"{number} twice"]},
        "class": number % 2,
        "choices": {"text": ["none", "some", "many"], "label": ["1", "2", "3"]},
        "key": "2",
        "place": 2,
        "Question, full": f"Odd or even: {number}?",
    }
    for number in range(1, 31)
]
CARD = """---
dataset_info:
  features:
  - {name: asked, dtype: string}
  - {name: said, struct: [{name: text, list: string}]}
  - name: class
    dtype: {class_label: {names: {'0': even, '1': odd}}}
  - {name: choices, struct: [{name: text, list: string}, {name: label, list: string}]}
  - {name: key, dtype: string}
  - {name: place, dtype: int64}
  - {name: 'Question, full', dtype: string}
---
"""


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "datasets")
    monkeypatch.setattr(datasets.config, "HF_HUB_OFFLINE", True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "mine"
    (place / "data").mkdir(parents=True)
    for split, rows in (("train", ROWS), ("test", ROWS[:5])):
        written = "".join(json.dumps(row) + "\n" for row in rows)
        (place / "data" / f"{split}.jsonl").write_text(written, encoding="utf-8")
    (place / "README.md").write_text(CARD, encoding="utf-8")
    return place


def ask(folder: Path, options: str) -> Any:
    return find_task(f"hf:{folder},{options}")


def said(text: str, stop_reason: str = "eos") -> Generation:
    return Generation("q", text, 0, 1, 1, 0, 1, stop_reason=stop_reason)


def test_columns_are_mapped(folder: Path) -> None:
    task = ask(folder, "query=asked,answer=said.text,split=train,lang=en")
    queries = task.queries(None, 0)
    assert task.name == f"hf:answer=said.text,data={folder},lang=en,query=asked,split=train"
    assert len(queries) == len(ROWS)
    first = next(query for query in queries if query.id == "row-4")
    assert (first.text, first.answer, first.answers) == (
        "What is 4 and 4?",
        "8",
        ("8", "4 twice"),
    )
    assert first.scorer == "exact"
    assert task.score(first, said("4 twice")).correct
    assert not task.score(first, said("44")).correct
    assert list(task.queries(5, 3)) == list(task.queries(None, 3))[:5] != list(queries[:5])


def test_classes_are_named_and_chosen_from(folder: Path) -> None:
    task = ask(folder, 'query="Question, full",answer=class,split=test')
    assert find_task(task.name).name == task.name
    query = next(query for query in task.queries(None, 0) if query.id == "row-1")
    assert (query.answer, query.choices) == ("odd", ("even", "odd"))
    assert query.prompt == "Odd or even: 1?\nA. even\nB. odd\nAnswer:"
    for text, correct in (("B", True), ("odd", True), ("A", False), ("even", False)):
        assert task.score(query, said(text)).correct is correct
    for label, right in (("odd", True), ("ODD", True), ("even", False), ("LABEL_1", None)):
        assert task.score(query, said(label, "label")).correct is right


@pytest.mark.parametrize(("answer", "gold"), [("key", "some"), ("place", "many")])
def test_a_choice_by_its_label_or_its_place(folder: Path, answer: str, gold: str) -> None:
    task = ask(folder, f"query=asked,answer={answer},choices=choices,split=test")
    assert {query.answer for query in task.queries(None, 0)} == {gold}


def test_a_part_of_a_split_and_no_answers(folder: Path) -> None:
    task = ask(folder, "query=asked,split=train[:7]")
    queries = task.queries(None, 0)
    assert len(queries) == 7
    assert task.score(queries[0], said("x")).correct is None


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("query=asked", r"Unknown split 'validation'. There is: .*test.*train"),
        ("query=asked,split=dev", r"Unknown split 'dev'"),
        ("query=asked,split=train+test", "is not a split"),
        ("split=test", r"Unknown column 'query'. There is: .*asked.*choices"),
        ("query=aksed,split=test", "Did you mean 'asked'"),
        ("query=asked,answer=said.txt,split=test", r"row 1: Unknown field of 'said' 'txt'"),
        ("query=asked,answer=place,choices=asked,split=test", "row 1: 'choices' must be a list"),
        ("query=place,split=test", "row 1 has no 'query'"),
        ("query=asked,id=key,split=test", "row 2 has the id '2'"),
        ("query=asked,config=en,split=test", r"no configuration 'en'. There is: default"),
        ("query=asked,split=test,scorer=best", r"Unknown scorer 'best'"),
        ("query=asked,split=test[:0]", "no data|has 0 rows"),
        ("qery=asked,split=test", "Unknown option 'qery'.*Did you mean 'query'"),
        ("data=x,split=test", "'data' is given twice"),
    ],
)
def test_what_is_wrong_is_said(folder: Path, options: str, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        ask(folder, options)


def test_the_only_split_is_taken(folder: Path) -> None:
    (folder / "data" / "train.jsonl").unlink()
    assert len(ask(folder, "query=asked").queries(None, 0)) == 5


def test_folders_that_hold_no_table(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"needs a data set. Write hf:<org/name"):
        find_task("hf")
    with pytest.raises(InputError, match="neither a folder here nor a name on the hub"):
        find_task("hf:./absent,query=a")
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(InputError, match="no data file that can be read"):
        find_task(f"hf:{empty},query=a")
    (empty / "data.jsonl").write_text('{"a": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"is a file, not a folder.*jsonl:data="):
        find_task(f"hf:{empty / 'data.jsonl'},query=a")
    (empty / "data.jsonl").write_text('{"a": \n', encoding="utf-8")
    with pytest.raises(InputError, match="cannot be read"):
        find_task(f"hf:{empty},query=a")


def test_code_and_pickles_of_a_folder_are_never_run(tmp_path: Path) -> None:
    place = tmp_path / "evil"
    place.mkdir()
    touched = tmp_path / "touched"
    script = f"open({str(touched)!r}, 'w')\n"
    (place / "evil.py").write_text(script, encoding="utf-8")
    (place / "train.tar").write_bytes(b"\0" * 1024)
    with pytest.raises(InputError, match=r"no data file|no table of texts|script"):
        find_task(f"hf:{place},query=a")
    assert not touched.exists()


def test_what_is_not_here_and_cannot_be_fetched() -> None:
    with pytest.raises(InputError, match=r"not in the local cache.*HF_HUB_OFFLINE"):
        find_task("hf:org/name,query=a")
    with pytest.raises(InputError, match=r"'rajpurkar/squad' is no folder here"):
        find_task("squad:data=squad")
    with pytest.raises(InputError, match=r"'nyu-mll/glue' is no folder here"):
        find_task("sst2:data=glue/sst2")


_ASK = """
import json, sys
from wattmark.errors import InputError
from wattmark.tasks.find import find_task

told = {}
for name in sys.argv[1:]:
    try:
        task = find_task(name)
        told[name] = [task.version, [q.id for q in task.queries(3, 0)]]
    except InputError as reason:
        told[name] = str(reason)
print(json.dumps(told))
"""
_TOKEN = "hf_this_is_a_secret"
_SQUAD = "squad:data=squad"
_SST2 = "sst2:data=glue/sst2"
_GATED = "hf:org/gated,query=a"
_NONE = "hf:org/none,query=a"
_SCRIPT = "hf:org/script,query=a"
_CONFIG = "hf:nyu-mll/glue,query=sentence"
_COLUMN = "hf:rajpurkar/squad,query=question,answer=answer"
_REVISION = "hf:rajpurkar/squad,query=question,revision=v9"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    """The two public sets' layouts, filled with the samples that ship."""
    squad = tmp_path / "hub" / "squad"
    (squad / "plain_text").mkdir(parents=True)
    write_rows(squad / "plain_text" / "validation-00000-of-00001.parquet", hub_rows(V1))
    _card(squad, "plain_text", "plain_text/validation-*")
    glue = tmp_path / "hub" / "glue"
    (glue / "sst2").mkdir(parents=True)
    write_rows(glue / "sst2" / "validation-00000-of-00001.parquet", glue_rows())
    _card(glue, "sst2", "sst2/validation-*", "cola")
    script = tmp_path / "hub" / "script"
    script.mkdir()
    (script / "README.md").write_text("---\n---\n", encoding="utf-8")
    (script / "script.py").write_text("raise SystemExit\n", encoding="utf-8")
    folders = {
        "datasets/rajpurkar/squad": squad,
        "datasets/nyu-mll/glue": glue,
        "datasets/org/gated": squad,
        "datasets/org/script": script,
    }
    with serve(Hub(folders, gated={"datasets/org/gated"})) as running:
        yield running


def _card(folder: Path, config: str, path: str, *others: str) -> None:
    configs = "".join(
        f"- config_name: {name}\n  data_files:\n  - {{split: validation, path: {path}}}\n"
        for name in (config, *others)
    )
    (folder / "README.md").write_text(f"---\nconfigs:\n{configs}---\n", encoding="utf-8")


def _told(home: Path, url: str, *names: str, offline: bool = False) -> dict[str, Any]:
    environment = {k: v for k, v in os.environ.items() if "proxy" not in k.lower()} | {
        "HF_HOME": str(home),
        "HF_ENDPOINT": url,
        "HF_TOKEN": _TOKEN,
        "HF_HUB_OFFLINE": str(int(offline)),
        "HF_HUB_DISABLE_XET": "1",
    }
    environment.pop("HF_HUB_CACHE", None)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", _ASK, *names],
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
        env=environment,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert _TOKEN not in done.stdout
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_the_hub_then_its_cache(tmp_path: Path, hub: Hub) -> None:
    home = tmp_path / "hf"
    names = (_SQUAD, _SST2, _GATED, _NONE, _SCRIPT, _CONFIG, _COLUMN)
    told = _told(home, hub.url, *names)
    # By the hub, by a file or as the sample: the same content has the same version and order.
    for name, local in ((_SQUAD, Squad()), (_SST2, SST2())):
        assert told[name] == [local.version, [query.id for query in local.queries(3, 0)]]
    assert "is gated: its licence must be accepted" in told[_GATED]
    assert "There is no data set 'org/none'" in told[_NONE]
    assert "code of a data set is never run" in told[_SCRIPT]
    assert "several configurations: sst2, cola. Say which one" in told[_CONFIG]
    assert "Unknown column 'answer'. There is: answers, context" in told[_COLUMN]
    hub.seen_authorization.clear()
    again = _told(home, hub.url, _SQUAD, _SST2, _NONE, _REVISION, offline=True)
    assert (again[_SQUAD], again[_SST2]) == (told[_SQUAD], told[_SST2])
    assert "switched off (HF_HUB_OFFLINE)" in again[_NONE]
    assert f"revision 'v9' of 'rajpurkar/squad'; the cache holds {COMMIT}" in again[_REVISION]
    assert not hub.seen_authorization


def test_retries_of_the_hub_are_not_told(capsys: pytest.CaptureFixture[str]) -> None:
    before = hub_logging.get_verbosity()
    with formats_hub.quiet():
        hub_logging.get_logger("huggingface_hub.utils").warning("Retrying in 1s")
    assert capsys.readouterr().err == ""
    assert hub_logging.get_verbosity() == before


def test_what_is_not_installed_is_said(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    monkeypatch.delitem(sys.modules, "wattmark.tasks.formats_hub", raising=False)
    with pytest.raises(InputError, match=r"package datasets.*pip install 'wattmark\[data\]'"):
        find_task("squad:data=rajpurkar/squad")
    with pytest.raises(InputError, match="package datasets"):
        ask(folder, "query=asked")
