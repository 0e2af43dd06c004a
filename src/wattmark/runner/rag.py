"""The mode rag in a plan: which corpus, cut and searched how, for each task; no library is loaded.

A corpus is read once for its digest, which is in the trial's key, and let go again: the worker
reads it where the index has to be built.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from wattmark.errors import InputError
from wattmark.schema import Doubt, Retrieval, Retrieved, Suite, Trial
from wattmark.tasks import Task
from wattmark.tasks.corpus import BringsCorpus, Chunking
from wattmark.tasks.index import find_corpus
from wattmark.tasks.retrieval import CONTEXT_PROMPT, check_template

RAG = "rag"
NO_CORPUS = "it brings no corpus, and none was given with --corpus"
LABELS = "a classifier labels its text: there is nothing to add a context to"


class Retrievals:
    """How each task of a suite is retrieved for."""

    def __init__(self, suite: Suite) -> None:
        self._suite = suite
        self._digests: dict[str, str] = {}
        self._lacking: list[str] = []
        self.notes: list[str] = []
        """Files of the corpora that were passed over, by reason."""

    def modes(self, task: Task, kind: str) -> tuple[Mapping[str, Retrieval | None], str | None]:
        """Mode → its retrieval (None for baseline), and why rag is left out where it is.

        `kind` is the model's. Raises InputError for a corpus or a chunking that is off.
        """
        why = self._refusal(task, kind) if RAG in self._suite.modes else None
        return {
            mode: self._retrieval(task) if mode == RAG else None
            for mode in self._suite.modes
            if mode != RAG or why is None
        }, why

    def refuse_none(self) -> None:
        """InputError where tasks could have been retrieved for, and none has a corpus."""
        if self._lacking and not self._digests:
            raise InputError(
                f"Mode rag has nothing to retrieve from. Task '{self._lacking[0]}': {NO_CORPUS}.",
                "Give --corpus a folder of .txt, .md and .jsonl files, or one such file.",
            )

    def _refusal(self, task: Task, kind: str) -> str | None:
        if "classifier" in (task.kind, kind):
            return LABELS
        if self._suite.corpus is None and not isinstance(task, BringsCorpus):
            self._lacking.append(task.name)
            return NO_CORPUS
        return None

    def _retrieval(self, task: Task) -> Retrieval:
        suite = self._suite
        usual: int = getattr(task, "top_k", Retrieval.top_k)
        return Retrieval(
            corpus_digest=self._digest(task),
            chunking=Chunking.of(suite.chunk_by, suite.chunk_size, suite.chunk_overlap).label,
            top_k=suite.top_k or usual,
            context_tokens=suite.context_tokens,
            template=check_template(task.name, getattr(task, "context_prompt", CONTEXT_PROMPT)),
        )

    def _digest(self, task: Task) -> str:
        """Of the corpus, which is read once."""
        name = self._suite.corpus or task.name
        if name not in self._digests:
            corpus = find_corpus(self._suite.corpus, task)
            self._digests[name] = corpus.digest
            if corpus.skipped:
                said = ", ".join(f"{count} {why}" for why, count in sorted(corpus.skipped.items()))
                self.notes.append(f"corpus {name}: files that were skipped: {said}")
        return self._digests[name]


def retrieval_doubts(found: Sequence[Retrieved], trial: Trial) -> Iterable[Doubt]:
    """What was retrieved and not shown, and queries for which there was nothing."""
    left_out = [one for one in found if one.left_out]
    if left_out and trial.retrieval is not None:
        chunks, of = sum(one.left_out for one in found), sum(len(one.ids) for one in found)
        bare = sum(one.left_out == len(one.ids) for one in left_out)
        yield Doubt(
            "context-left-out",
            f"{chunks} of {of} retrieved chunks, of {len(left_out)} of {len(found)} queries, did "
            f"not fit into {trial.retrieval.context_tokens} context tokens or the model's window"
            + (f"; {bare} queries were asked without any context." if bare else "."),
            "Raise --context-tokens, or lower --top-k or --chunk-size.",
        )
    nothing = sum(not one.ids for one in found)
    if nothing:
        yield Doubt(
            "nothing-retrieved",
            f"{nothing} of {len(found)} queries share no word with the corpus: they were asked "
            "without any context.",
            "Is it the corpus that answers these queries, in their language?",
        )
