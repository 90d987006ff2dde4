"""Drafts with a language model: structured, every sentence with the evidence it relies on."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Literal, cast

from pydantic import Field

from handrail.core.drafting import Citation, Draft
from handrail.core.ids import new_id
from handrail.core.ports import DraftRequest, DraftWatcher, Tell
from handrail.language.answering import Answered
from handrail.language.model_calls import ModelCalls
from handrail.language.prompt import gather_evidence, reply_messages
from handrail.playbook.models import Release


class ReplySentence(Answered):
    """One sentence of a reply."""

    text: str
    evidence: list[str] = Field(default_factory=list)
    """Ids of the evidence this sentence relies on."""


class ModelReply(Answered):
    """What the model is asked to answer."""

    sentences: list[ReplySentence] = Field(default_factory=list)
    records: list[str] = Field(default_factory=list)
    """Numbers of the records that the reply is about."""
    confidence: float = Field(default=0.0, ge=0, le=1)
    needs_human: bool = False
    reason: str = ""
    """Why a person is needed."""


class ModelDrafter:
    """Asks a model for a reply; failures become an empty draft with the problem.

    Args:
        release: Brand, tone, intents and prompts.
        calls: The language model.
        budget: Tokens that one conversation may cost; then the model is not asked any more.
            Looked at when a turn begins. ``None`` is no limit.
        least_confidence: Below it a person is asked, from 0 to 1.
        watcher: Sees what is written while it is written.
    """

    def __init__(
        self,
        release: Release,
        calls: ModelCalls,
        *,
        budget: int | None = None,
        least_confidence: float = 0.3,
        watcher: DraftWatcher | None = None,
    ) -> None:
        self.release = release
        self.calls = calls
        self.budget = budget
        self.least_confidence = least_confidence
        self.watcher = watcher

    async def draft(self, request: DraftRequest) -> Draft:
        """Return the model's reply.

        Source ``model`` with empty text means that the model asks for a person; source ``none``
        that it could not be used, and another drafter may be asked.
        """
        conversation = request.snapshot.conversation
        if self.budget is not None and conversation.tokens >= self.budget:
            problem = f"the conversation has used its {self.budget} tokens of {self.calls.name}"
            return self._draft(request, "none", problem=problem)
        evidence = gather_evidence(request, self.release.playbook)
        messages = reply_messages(request, self.release, evidence)
        with self._watched(conversation.id) as tell:
            answer = await self.calls.ask(
                messages, ModelReply, conversation_id=conversation.id, tell=tell
            )
        if answer.value is None:
            draft = self._draft(request, "none", problem=answer.problem)
        else:
            draft = self._judge(request, answer.value, evidence)
        return draft.model_copy(update={"tokens": answer.tokens})

    @contextmanager
    def _watched(self, conversation_id: str) -> Generator[Tell | None]:
        watcher = self.watcher
        if watcher is None or not watcher.watched(conversation_id):
            yield None
            return
        try:
            yield lambda reply: watcher.writing(conversation_id, sentences_so_far(reply))
        finally:
            watcher.written(conversation_id)

    def _judge(self, request: DraftRequest, reply: ModelReply, known: Mapping[str, str]) -> Draft:
        text = " ".join(" ".join(s.text.split()) for s in reply.sentences).strip()
        if reply.needs_human:
            problem = f"the model asks for a person: {reply.reason or 'no reason'}"
            return self._draft(request, "model", problem=problem)
        if not text:
            return self._draft(request, "none", problem=f"{self.calls.name} answered without text")
        if reply.confidence < self.least_confidence:
            problem = f"the model is not sure of its reply: {reply.confidence:.2f}"
            return self._draft(request, "model", problem=problem)
        named = dict.fromkeys(_named(reply, known))
        unknown = [key for key in named if key not in known]
        if unknown:
            # What it made up once it may have made up elsewhere: none of its words are used.
            problem = f"{self.calls.name} cited evidence that does not exist: {', '.join(unknown)}"
            return self._draft(request, "none", problem=problem)
        citations = tuple(Citation(source=key, quote=known[key]) for key in named)
        return self._draft(request, "model", text, citations)

    def _draft(
        self,
        request: DraftRequest,
        source: Literal["model", "none"],
        text: str = "",
        citations: tuple[Citation, ...] = (),
        problem: str | None = None,
    ) -> Draft:
        return Draft(
            id=new_id("drf"),
            text=text,
            source=source,
            citations=citations,
            passages=request.passages,
            problem=problem,
            round=request.round,
            model=self.calls.name,
        )


def sentences_so_far(reply: Mapping[str, Any]) -> str:
    """Return the complete sentences of a reply that is still being written.

    The last one may be cut off as long as nothing follows its text.
    """
    given: Any = reply.get("sentences")
    found: list[Any] = cast("list[Any]", given) if isinstance(given, list) else []
    sentences = [cast("dict[str, Any]", one) for one in found if isinstance(one, dict)]
    grows = sentences and list(reply)[-1] == "sentences"
    if grows and list(sentences[-1])[-1:] in ([], ["text"]):
        sentences.pop()
    texts = (one.get("text") for one in sentences)
    return " ".join(" ".join(text.split()) for text in texts if isinstance(text, str)).strip()


def _named(reply: ModelReply, known: Mapping[str, str]) -> Iterator[str]:
    """Yield the ids that a reply cites; a record is cited by its number."""
    for sentence in reply.sentences:
        for key in sentence.evidence:
            yield key.strip("[] ")
    numbers = {text.casefold(): key for key, text in known.items() if key.endswith("#id")}
    for number in reply.records:
        # Models write the kind before it: "order LF1001".
        last = number.casefold().split()[-1:] or [""]
        yield numbers.get(last[0].strip("#"), number)
