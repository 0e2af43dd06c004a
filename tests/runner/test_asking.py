"""How prompts are put to a model: forms of a prompt, solved examples, and what is refused."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simulated import SimulatedClock

from wattmark.backends import Stamp
from wattmark.backends.texts import Texts
from wattmark.errors import InputError, ModelError
from wattmark.runner.asking import Asked, asking_of, shots_of
from wattmark.runner.suite import read_suite
from wattmark.runner.worker import SpanLog
from wattmark.schema import Asking, Generation, Query, Trial
from wattmark.tasks.find import find_task

EMBEDDED = Path(__file__).parents[2] / "src/wattmark/models/embedded/arithmetic"
TURNS = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}[assistant]"
NO_SYSTEM = (
    "{% if messages[0].role == 'system' %}{{ raise_exception('no system here') }}{% endif %}"
    "{{ messages[0].content }}"
)


def suite_asking(**flags: Any) -> Asking | None:
    return asking_of(read_suite(None, {"models": "fake", "backends": "fake", **flags}))


class Writes:
    """The chat form of a tokenizer that brings a template."""

    has_chat_template = True

    def chat(self, messages: Sequence[Mapping[str, str]], template: str | None = None) -> str:
        return "|".join(f"{m['role']}={m['content']}" for m in messages) + f"|{template}"


@pytest.fixture(scope="module")
def texts() -> Texts:
    return Texts(EMBEDDED, window=None)


def test_the_plain_way_is_none_and_has_the_key_that_it_always_had() -> None:
    assert suite_asking() is None
    plain = Trial(
        model="m", backend="b", precision="fp32", device="cpu", batch_size=1, task="t",
        task_version="1", max_new_tokens=8,
    )  # fmt: skip
    # As every earlier version wrote it: runs of both can be compared.
    assert plain.key == "667ef945d9d7"
    other = suite_asking(temperature=0.7)
    assert other == Asking(temperature=0.7)
    assert replace(plain, asking=other).key != plain.key


def test_a_prompt_stands_as_it_is_where_there_is_no_template(texts: Texts) -> None:
    assert not texts.has_chat_template
    plain = Asked(Asking(), texts)
    assert not plain.changes
    assert plain.of([Query("a", "1", "1 =")]) == ()


def test_a_template_of_the_tokenizer_is_used_unless_it_is_switched_off() -> None:
    assert Asked(Asking(), Writes()).form("1 + 1 =") == "user=1 + 1 =|None"
    assert not Asked(Asking(chat="off"), Writes()).changes
    given = Asked(Asking(system="Be brief.", template="T"), Writes(), [("2 =", "2")])
    assert given.form("1 =") == "system=Be brief.|user=2 =|assistant=2|user=1 =|T"


def test_without_a_template_examples_and_system_stand_before_the_prompt(texts: Texts) -> None:
    asked = Asked(Asking(system="Sums."), texts, [("2 + 2 =", "4"), ("Q: 1\n", "one")])
    assert asked.form("1 + 1 =") == "Sums.\n\n2 + 2 = 4\n\nQ: 1\none\n\n1 + 1 ="


def test_a_template_that_is_given_stands_in_for_the_tokenizers(texts: Texts) -> None:
    asked = Asked(Asking(template=TURNS, system="s"), texts)
    assert asked.form("1 =") == "[system]s[user]1 =[assistant]"


def test_on_refuses_a_model_without_a_template(texts: Texts) -> None:
    with pytest.raises(ModelError, match="no chat template"):
        Asked(Asking(chat="on"), texts)
    with pytest.raises(ModelError, match="no tokenizer at hand"):
        Asked(Asking(chat="on", template=TURNS), None)


def test_a_template_that_takes_no_system_prompt_says_so(texts: Texts) -> None:
    with pytest.raises(ModelError, match="no system here") as caught:
        Asked(Asking(template=NO_SYSTEM, system="s"), texts).form("1 =")
    assert "--system" in str(caught.value)


def test_the_form_is_the_first_work_of_a_batch_and_is_told(texts: Texts) -> None:
    clock = SimulatedClock()

    def answer(batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        return [Generation(q.id, q.prompt, batch, 1, 1, stamp.now(), stamp.now()) for q in queries]

    log = SpanLog(clock.now)
    asked = Asked(Asking(template=TURNS), texts)
    queries = [Query("a", "", "1 ="), Query("b", "", "2 =")]
    said = asked.answering(answer)(0, queries, log)
    assert [one.text for one in said] == ["[user]1 =[assistant]", "[user]2 =[assistant]"]
    assert asked.of(queries) == ("[user]1 =[assistant]", "[user]2 =[assistant]")
    assert [(span.name, span.batch) for span in log.spans] == [("host", 0)]


def test_a_start_token_that_the_template_writes_is_not_doubled(texts: Texts) -> None:
    start = texts.tokenizer.bos_token
    (plain,) = texts.rows([Query("a", "", "1 + 1 =")], room=0)
    (written,) = texts.rows([Query("a", "", f"{start}1 + 1 =")], room=0)
    assert written == plain


def test_examples_are_the_tasks_last_queries_and_never_those_that_are_asked() -> None:
    task = find_task("arithmetic")
    everything = task.queries(None, 0)
    shots = shots_of(task, 100, 0, 3)
    assert shots == tuple((q.prompt, q.answer) for q in everything[-3:])
    assert shots_of(task, 100, 0, 0) == ()
    for limit in (None, len(everything) - 2):
        with pytest.raises(InputError, match="would be asked too"):
            shots_of(task, limit, 0, 3)


def test_examples_need_answers(tmp_path: Path) -> None:
    file = tmp_path / "queries.txt"
    file.write_text("one\ntwo\n")
    with pytest.raises(InputError, match="0 queries with an answer"):
        shots_of(find_task(str(file)), 1, 0, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read"), (b"\xff\xfe", "not UTF-8"), (b"Hello", "never says 'messages'")],
)
def test_a_file_that_is_no_template_is_refused(
    tmp_path: Path, content: bytes | None, said: str
) -> None:
    file = tmp_path / "template.jinja"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InputError, match=said):
        suite_asking(chat_template=str(file))
