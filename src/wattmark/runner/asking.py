"""How prompts are put to a model: chat template, system prompt, solved examples.

The plan says how (`asking_of`, `shots_of`); the worker puts each batch's prompts into that form as
the first work of the batch, so that time and joules hold it as they would in a product. The
template is the tokenizer's own unless another is given; what the model was given is in the record.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from wattmark.backends import Backend, Chats, Stamp
from wattmark.backends.stopping import until
from wattmark.errors import InputError, ModelError
from wattmark.runner.wire import Job
from wattmark.schema import Asking, Generation, Query, Suite
from wattmark.tasks import Task

Answer = Callable[[int, Sequence[Query], Stamp], list[Generation]]

MOST_TEMPLATE_BYTES = 1_000_000
PLAIN = Asking()


def asking_of(suite: Suite) -> Asking | None:
    """How a suite asks causal models; None for the plain way.

    Raises InputError for a template that cannot be read.
    """
    asking = Asking(
        chat=suite.chat,
        template=None if suite.chat_template is None else read_template(suite.chat_template),
        system=suite.system,
        shots=suite.shots,
        temperature=suite.temperature,
        top_p=suite.top_p,
        confidence=suite.confidence,
    )
    return None if asking == PLAIN else asking


def read_template(file: str) -> str:
    """A chat template from a file; InputError where it is not one."""
    path = Path(file).expanduser()
    try:
        if path.stat().st_size > MOST_TEMPLATE_BYTES:
            raise InputError(f"{file} is too large for a chat template.", "Is it one, in Jinja?")
        text = path.read_text(encoding="utf-8")
    except OSError as reason:
        raise InputError(f"The chat template {file} cannot be read: {reason.strerror}.") from reason
    except UnicodeDecodeError as reason:
        raise InputError(f"{file} is not UTF-8 text.", "Give a chat template in Jinja.") from reason
    if "messages" not in text:
        raise InputError(
            f"{file} is no chat template: it never says 'messages'.",
            "Give what stands under chat_template in a tokenizer_config.json.",
        )
    return text


def shots_of(task: Task, limit: int | None, seed: int, count: int) -> tuple[tuple[str, str], ...]:
    """Prompts and answers of the last `count` queries of a task that have an answer.

    Raises InputError where there are too few, or where some of them would be asked too.
    """
    if not count:
        return ()
    everything = task.queries(None, seed)
    solved = [place for place, query in enumerate(everything) if query.answer is not None]
    if len(solved) < count:
        raise InputError(
            f"Task {task.name} has {len(solved)} queries with an answer, and --shots asks for "
            f"{count}.",
            "Lower --shots, or take a task with answers.",
        )
    first = solved[-count]
    if limit is None or limit > first:
        raise InputError(
            f"The {count} examples of --shots are the last queries of {task.name}, which would be "
            "asked too: the model would have seen their answers.",
            f"Take --limit {first} or less." if first else "Lower --shots.",
        )
    return tuple((everything[at].prompt, str(everything[at].answer)) for at in solved[-count:])


def asked(job: Job, backend: Backend) -> Asked:
    """The form of a job's prompts, its engine loaded; a classifier's stay as they are.

    Raises ModelError where a chat template was asked for and there is none.
    """
    if job.kind == "classifier":
        return Asked(Asking(chat="off"), None)
    return Asked(job.trial.asking or PLAIN, getattr(backend, "texts", None), job.shots)


def ending(answer: Answer, stops: Sequence[str]) -> Answer:
    """An engine's `generate` whose texts are cut before a stop string.

    An engine that does not stop there itself has written on: its tokens and joules count.
    """
    if not stops:
        return answer

    def with_end(batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
        prompts = {query.id: query.prompt for query in queries}
        return [
            replace(given, text=until(given.text, stops, prompts.get(given.query_id, "")))
            for given in answer(batch, queries, stamp)
        ]

    return with_end


@dataclass
class Asked:
    """Puts prompts into their form, for one job with a loaded engine."""

    asking: Asking
    texts: Chats | None
    shots: Sequence[tuple[str, str]] = ()
    prompts: dict[str, str] = field(default_factory=dict)
    """What the model was given, by query."""

    def __post_init__(self) -> None:
        has = self.asking.template is not None or (
            self.texts is not None and self.texts.has_chat_template
        )
        if self.asking.chat == "on" and not (has and self.texts is not None):
            raise ModelError(
                "This model's tokenizer has no chat template."
                if self.texts is not None
                else "This engine has no tokenizer at hand to apply a chat template with.",
                "Give one with --chat-template FILE, or take --chat off.",
            )
        self.chats = has and self.texts is not None and self.asking.chat != "off"

    @property
    def changes(self) -> bool:
        """Whether a prompt becomes another one."""
        return self.chats or bool(self.asking.system) or bool(self.shots)

    def answering(self, answer: Answer) -> Answer:
        """An engine's `generate` that puts the prompts into their form first."""
        if not self.changes:
            return answer

        def with_form(batch: int, queries: Sequence[Query], stamp: Stamp) -> list[Generation]:
            start = stamp.now()
            asked = [replace(query, prompt=self.form(query.prompt)) for query in queries]
            self.prompts.update((query.id, query.prompt) for query in asked)
            stamp.add("host", start, stamp.now(), batch=batch)
            return [replace(given, start_ns=start) for given in answer(batch, asked, stamp)]

        return with_form

    def form(self, prompt: str) -> str:
        """A prompt as the model gets it."""
        if self.chats and self.texts is not None:
            turns = [turn for shot in self.shots for turn in _turns(*shot)]
            system = [] if not self.asking.system else [_message("system", self.asking.system)]
            messages = [*system, *turns, _message("user", prompt)]
            return self.texts.chat(messages, self.asking.template)
        solved = [f"{asked}{_gap(asked)}{answer}" for asked, answer in self.shots]
        return "\n\n".join([*([self.asking.system] if self.asking.system else []), *solved, prompt])

    def of(self, queries: Sequence[Query]) -> tuple[str, ...]:
        """What the model was given for each, once they were answered; nothing where unchanged."""
        return tuple(self.prompts[query.id] for query in queries) if self.changes else ()


def _turns(prompt: str, answer: str) -> list[dict[str, str]]:
    return [_message("user", prompt), _message("assistant", answer)]


def _message(role: str, content: str) -> dict[str, str]:
    return {"role": role, "content": content}


def _gap(prompt: str) -> str:
    """An answer follows its prompt after a space, unless the prompt ends with one."""
    return "" if prompt[-1:].isspace() else " "
